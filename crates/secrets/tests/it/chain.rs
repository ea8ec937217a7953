//! The key for AWS, where AWS's own tools look for it.

use std::fs;

use quell_secrets::{AwsSettings, SecretError, Secrets, Settings};
use quell_testkit::net::{AwsSecrets, SigningKey, StsDouble};

use crate::{NOW, eager, get, secrets, text};

const ROLE: &str = "arn:aws:iam::111122223333:role/quell";

fn key(id: &str) -> SigningKey {
    SigningKey { access_key: id.to_owned(), secret_key: format!("s3cr3t/{id}+1") }
}

/// A double that knows one key, with a secret `a`.
async fn double(id: &str) -> AwsSecrets {
    let double = AwsSecrets::start(key(id)).await.unwrap();
    double.rotate("a", "value", NOW - 900_000.0);
    double
}

fn resolver(double: &AwsSecrets, sts: Option<&StsDouble>, variables: &[(&str, &str)]) -> Secrets {
    let aws = AwsSettings {
        endpoint: Some(double.url()),
        sts_endpoint: sts.map(StsDouble::url),
        ..AwsSettings::of_region("eu-west-1")
    };
    secrets(Settings { aws: Some(aws), ..eager() }, variables)
}

#[tokio::test]
async fn a_profile_gives_the_key_and_variables_go_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    let path = file.to_str().unwrap();
    let profile = "[default]\naws_access_key_id = KEYIDPROFILE\naws_secret_access_key = s3cr3t/KEYIDPROFILE+1\n";
    fs::write(&file, profile).unwrap();
    let place = [("AWS_SHARED_CREDENTIALS_FILE", path), ("AWS_CONFIG_FILE", "/nowhere/config")];
    let aws = double("KEYIDPROFILE").await;
    assert_eq!(text(&get(&resolver(&aws, None, &place), "aws-sm:a").await.unwrap()), "value");
    let variables = [
        ("AWS_ACCESS_KEY_ID", "KEYIDVARIABLE"),
        ("AWS_SECRET_ACCESS_KEY", "s3cr3t/KEYIDVARIABLE+1"),
        place[0],
        place[1],
    ];
    let aws = double("KEYIDVARIABLE").await;
    assert_eq!(text(&get(&resolver(&aws, None, &variables), "aws-sm:a").await.unwrap()), "value");
    assert!(aws.faults().is_empty(), "{:?}", aws.faults());
    let named = [place[0], place[1], ("AWS_PROFILE", "team")];
    let error = get(&resolver(&aws, None, &named), "aws-sm:a").await.unwrap_err();
    assert!(matches!(&error, SecretError::Profile { name, .. } if name == "team"), "{error}");
}

#[tokio::test]
async fn a_workloads_token_becomes_a_key_that_is_renewed_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "eyJ.t0ken.x\n").unwrap();
    let sts = StsDouble::start((ROLE, "eyJ.t0ken.x"), key("ASIAONE")).await.unwrap();
    let variables = [
        ("AWS_ROLE_ARN", ROLE),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
        ("AWS_CONFIG_FILE", "/nowhere/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials"),
    ];
    let aws = double("ASIAONE").await;
    let lasting = resolver(&aws, Some(&sts), &variables);
    for _ in 0..3 {
        assert_eq!(text(&get(&lasting, "aws-sm:a").await.unwrap()), "value");
    }
    assert_eq!(sts.asked(), 1, "a key that lasts is not asked for again");
    // The tests' clock stands at the beginning of 2026.
    sts.set_key(key("ASIAONE"), "2026-01-02T03:04:10Z");
    let short = resolver(&aws, Some(&sts), &variables);
    for _ in 0..3 {
        assert_eq!(text(&get(&short, "aws-sm:a").await.unwrap()), "value");
    }
    assert_eq!(sts.asked(), 4);
    assert!(aws.faults().is_empty(), "{:?}", aws.faults());
}

#[tokio::test]
async fn a_role_that_is_refused_and_a_key_that_is_nowhere_are_told_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "an-0ther").unwrap();
    let config = folder.path().join("config");
    let profile = format!(
        "[profile team]\nrole_arn = {ROLE}\nweb_identity_token_file = {}\n",
        file.display()
    );
    fs::write(&config, profile).unwrap();
    let sts = StsDouble::start((ROLE, "eyJ.t0ken.x"), key("ASIAONE")).await.unwrap();
    let aws = double("ASIAONE").await;
    let files = [
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials"),
    ];
    let named = [files[0], files[1], ("AWS_PROFILE", "team")];
    let error = get(&resolver(&aws, Some(&sts), &named), "aws-sm:a").await.unwrap_err().to_string();
    assert!(error.contains("identity provider") && !error.contains("an-0ther"), "{error}");
    let error = get(&resolver(&aws, Some(&sts), &files), "aws-sm:a").await.unwrap_err();
    assert!(matches!(error, SecretError::NoAwsKey), "{error}");
    assert_eq!(sts.asked(), 1);
}
