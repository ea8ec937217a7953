//! Blocks found by address, file, name and tags.

use quell_catalog::Truth;
use quell_model::{Asset, AssetId, Hints, Location, Untrusted};

use super::{links_to, locate};
use crate::Target;
use crate::terraform::Repository;

const BUCKET: &str = "variable \"env\" {\n  default = \"prod\"\n}\nresource \"aws_s3_bucket\" \"logs\" {\n  bucket = \"acme-${var.env}-logs\"\n}\n";

fn find(files: &[(&str, &str)], target: &Target) -> Result<String, String> {
    let repository =
        Repository::parse(files.iter().map(|(path, text)| ((*path).into(), (*text).into())));
    locate(&repository, target, &["aws_s3_bucket".to_owned(), "aws_instance".to_owned()])
        .map(|found| format!("{} {}", found.place(), found.address()))
}

fn scanned(file: &str, address: Option<&str>, line: Option<u32>) -> Target {
    let location = Location {
        file: file.into(),
        address: address.map(Into::into),
        start_line: line,
        end_line: line,
    };
    Target::new(&Asset::default(), Some(&location))
}

fn cloud(native: &str) -> Target {
    let id = AssetId::parse(native, &Hints::default());
    Target::new(&Asset { id, native_id: native.into(), ..Asset::default() }, None)
}

#[test]
fn scanner_addresses_lead_to_the_block() {
    let files = [("infra/s3/main.tf", BUCKET)];
    for (file, address) in [
        ("infra/s3/main.tf", "aws_s3_bucket.logs"),
        ("s3/main.tf", "aws_s3_bucket.logs[0]"),
        ("/src/repo/infra/s3/main.tf", "module.s3[\"a.b\"].aws_s3_bucket.logs[\"x.y\"]"),
        ("main.tf", "module.s3.aws_s3_bucket.logs"),
        ("elsewhere/call.tf", "module.s3.aws_s3_bucket.logs"),
    ] {
        let found = find(&files, &scanned(file, Some(address), None));
        assert_eq!(found, Ok("infra/s3/main.tf:4 aws_s3_bucket.logs".into()), "{file} {address}");
    }
    let missing = find(&files, &scanned("main.tf", Some("aws_s3_bucket.other"), None));
    assert_eq!(missing, Err("no block `aws_s3_bucket.other` in the repository".into()));
}

#[test]
fn data_calls_and_providers_are_places() {
    let text = "provider \"aws\" {\n  region = \"x\"\n}\nprovider \"aws\" {\n  alias = \"west\"\n}\n\
                data \"aws_z\" \"d\" {\n}\nmodule \"m\" {\n  source = \"x\"\n}\n";
    for (address, line, expected) in [
        (Some("aws.default"), 1, "main.tf:1 provider.aws"),
        (Some("aws.west"), 4, "main.tf:4 provider.aws.west"),
        (Some("aws_z.d"), 7, "main.tf:7 data.aws_z.d"),
        (Some("data.aws_z.d"), 7, "main.tf:7 data.aws_z.d"),
        (None, 10, "main.tf:9 module.m"),
        (Some("module.outer.m"), 10, "main.tf:9 module.m"),
    ] {
        let found = find(&[("main.tf", text)], &scanned("main.tf", address, Some(line)));
        assert_eq!(found, Ok(expected.into()), "{address:?}");
    }
}

#[test]
fn lines_alone_lead_to_the_block() {
    let found = find(&[("main.tf", BUCKET)], &scanned("main.tf", None, Some(5)));
    assert_eq!(found, Ok("main.tf:4 aws_s3_bucket.logs".into()));
}

#[test]
fn names_are_followed_through_variables() {
    let found = find(&[("main.tf", BUCKET)], &cloud("arn:aws:s3:::acme-prod-logs"));
    assert_eq!(found, Ok("main.tf:4 aws_s3_bucket.logs".into()));
    let other = find(&[("main.tf", BUCKET)], &cloud("arn:aws:s3:::acme-test-logs"));
    assert!(other.unwrap_err().contains("no block in the repository makes it"));
}

#[test]
fn variable_files_change_the_name() {
    let files = [("main.tf", BUCKET), ("terraform.tfvars", "env = \"test\"\n")];
    let found = find(&files, &cloud("arn:aws:s3:::acme-test-logs"));
    assert_eq!(found, Ok("main.tf:4 aws_s3_bucket.logs".into()));
}

#[test]
fn two_candidates_are_left_to_a_person() {
    let files = [("a/main.tf", BUCKET), ("b/main.tf", BUCKET)];
    let error = find(&files, &cloud("arn:aws:s3:::acme-prod-logs")).unwrap_err();
    assert!(error.contains("a/main.tf:4 and b/main.tf:4"), "{error}");
    let error = find(&files, &scanned("main.tf", Some("aws_s3_bucket.logs"), None)).unwrap_err();
    assert!(error.contains("a person must say which"), "{error}");
    let found = find(&files, &scanned("b/main.tf", Some("aws_s3_bucket.logs"), None));
    assert_eq!(found, Ok("b/main.tf:4 aws_s3_bucket.logs".into()));
}

#[test]
fn tags_name_what_has_no_name() {
    let text = "resource \"aws_instance\" \"web\" {\n  tags = {\n    Name = \"shop-web\"\n  }\n}\n";
    let mut target = cloud("arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc");
    assert!(find(&[("main.tf", text)], &target).is_err());
    let asset = Asset {
        tags: [("Name".to_owned(), Untrusted::from("shop-web"))].into(),
        ..Asset::default()
    };
    target.names.extend(Target::new(&asset, None).names);
    assert_eq!(find(&[("main.tf", text)], &target), Ok("main.tf:1 aws_instance.web".into()));
}

#[test]
fn a_plain_reference_is_told_as_any_other_expression() {
    let told = |value: &str| {
        let text = format!(
            "resource \"aws_s3_bucket\" \"a\" {{\n  bucket = \"x\"\n}}\n\
             resource \"aws_s3_bucket_acl\" \"b\" {{\n  bucket = {value}\n}}\n"
        );
        let code = Repository::parse([("main.tf".to_owned(), text)]);
        let at = |address: &str| code.resource("main.tf", address).unwrap();
        links_to(&code, &at("aws_s3_bucket_acl.b"), "bucket", &at("aws_s3_bucket.a"))
    };
    for (value, expected) in [
        ("aws_s3_bucket.a.id", Truth::Holds),
        ("aws_s3_bucket.a[0].id", Truth::Holds),
        ("aws_s3_bucket.a.tags", Truth::Unknown),
        ("aws_s3_bucket.c.id", Truth::Fails),
        ("aws_s3_bucket.c[count.index].id", Truth::Fails),
        ("aws_s3_bucket.c[var.key].tags[\"x\"]", Truth::Fails),
        ("aws_s3_bucket.c[*].id", Truth::Fails),
        ("aws_s3_bucket.c[*].id[1]", Truth::Unknown),
        ("aws_s3_bucket_object.a.id", Truth::Fails),
        ("data.aws_s3_bucket.c.id", Truth::Unknown),
        ("module.c.id", Truth::Unknown),
        ("var.c", Truth::Unknown),
        ("local.c.id", Truth::Unknown),
        ("each.value.id", Truth::Unknown),
    ] {
        assert_eq!((told(value), told(&format!("({value})"))), (expected, expected), "{value}");
    }
}
