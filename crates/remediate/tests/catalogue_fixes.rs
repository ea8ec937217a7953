//! Every fix of the catalogue is proved on a failing case of its own control.

use quell_catalog::{Catalog, Check, Control, Language};
use quell_model::FixState;
use quell_remediate::{Engine, Settings, Target, Workspace};

/// Who may come in, for the recipe that needs to know.
const WHO: &str = "variable \"allowed_cidrs\" {\n  default = [\"198.51.100.0/24\"]\n}\n";

/// What only a person, a registry or a git host knows, for the recipe that needs it.
fn settings() -> Settings {
    const COMMIT: &str = "11bd71901bbe5b1630ceea73d27597364c9af683";
    let source = format!("git::https://git.example/acme/vpc?ref={COMMIT}");
    let module = "terraform.module.terraform-aws-modules/vpc/aws@";
    let commit = "terraform.commit.github.com/acme/terraform-logs@";
    let pairs = [
        (format!("{module}~> 5.0"), source.clone()),
        (module.to_owned(), source),
        (format!("{commit}v1.2.0"), COMMIT.to_owned()),
        (format!("{commit}main"), COMMIT.to_owned()),
        ("aws.api_caching".to_owned(), "true".to_owned()),
        ("aws.cloudfront_log_bucket".to_owned(), "acme-logs.s3.amazonaws.com".to_owned()),
        (
            "aws.dns_log_group".to_owned(),
            "arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/a".to_owned(),
        ),
        ("aws.load_balancer_log_bucket".to_owned(), "acme-logs".to_owned()),
        ("gcp.log_bucket".to_owned(), "acme-logs".to_owned()),
        ("kubernetes.rights.Role.r".to_owned(), "/pods:get".to_owned()),
        ("kubernetes.secret_file.registry.example/app#A".to_owned(), "A_FILE".to_owned()),
    ];
    let said = NAMED.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pairs.into_iter().chain(said).collect()
}

/// What else the controls ask for.
const NAMED: &[(&str, &str)] = &[
    ("aws.cloudfront_countries", "GB,IE"),
    (
        "aws.cloudfront_web_acl",
        "arn:aws:wafv2:us-east-1:111122223333:global/webacl/a/7f3ab6e9-1f2b-4f0e-9a3c-2f4b6d8e0a12",
    ),
    (
        "aws.code_signing",
        "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0",
    ),
    ("aws.dnssec_key", "arn:aws:kms:us-east-1:111122223333:key/7f3ab6e9-1f2b-4f0e-9a3c"),
    ("aws.lambda_security_groups", "sg-0123456789abcdef0"),
    ("aws.lambda_subnets", "subnet-0123456789abcdef0,subnet-0123456789abcdef1"),
    ("aws.replication_bucket.case.tf#aws_s3_bucket.x", "arn:aws:s3:::acme-copies"),
    ("aws.replication_role", "arn:aws:iam::111122223333:role/copies"),
    (
        "aws.secret_rotation_function.case.tf",
        "arn:aws:lambda:eu-west-1:111122223333:function:rotate",
    ),
    ("azure.health_check_path.case.tf", "/healthz"),
    ("azure.key_expiration", "2030-01-01T00:00:00Z"),
    ("azure.secret_expiration", "2030-01-01T00:00:00Z"),
    ("gcp.cluster_groups", "gke-security-groups@example.com"),
    ("gcp.control_plane_range", "192.0.2.0/24"),
    ("terraform.egress", "10.0.0.0/8"),
];

#[test]
fn every_fix_is_proved_on_a_failing_case() {
    let catalog = Catalog::embedded().unwrap();
    let controls: Vec<&Control> = catalog.controls().collect();
    let engine = Engine::new(&controls).with_settings(settings());
    let mut unproved = Vec::new();
    for control in controls.iter().filter(|control| !control.fixes.is_empty()) {
        let mut languages: Vec<Language> = control.fixes.iter().map(|fix| fix.language).collect();
        languages.dedup();
        unproved.extend(languages.into_iter().filter_map(|one| fault(&engine, control, one)));
    }
    assert!(unproved.is_empty(), "{}", unproved.join("\n"));
}

/// A module that runs with a provider of the third version.
const OLD: &str = "terraform {\n  required_providers {\n    azurerm = {\n      version = \"~> 3.0\"\n    }\n  }\n}\n";

#[test]
fn every_terraform_recipe_is_proved_alone() {
    let catalog = Catalog::embedded().unwrap();
    let controls: Vec<&Control> = catalog.controls().collect();
    let mut unproved = Vec::new();
    for control in &controls {
        for fix in control.fixes.iter().filter(|fix| fix.language == Language::Terraform) {
            let alone = Control { fixes: vec![fix.clone()], ..(*control).clone() };
            let reasons = alone_on_cases(&alone);
            if !reasons.is_empty() && reasons.iter().all(Option::is_some) {
                let reasons: Vec<String> = reasons.into_iter().flatten().collect();
                unproved.push(format!("{} `{}`: {}", control.id, fix.title, reasons.join("; ")));
            }
        }
    }
    assert!(unproved.is_empty(), "{}", unproved.join("\n"));
}

#[test]
fn logs_go_to_a_bucket_that_is_named_for_them() {
    let catalog = Catalog::embedded().unwrap();
    let controls: Vec<&Control> = catalog.controls().collect();
    let engine = Engine::new(&controls);
    let state = |control: &str, kind: &str, other: &str| {
        let text = format!(
            "resource \"{kind}\" \"data\" {{\n  name = \"a\"\n}}\n\nresource \"{kind}\" \"{other}\" {{\n  name = \"b\"\n}}\n"
        );
        let workspace = Workspace::parse([("case.tf".to_owned(), text)]);
        let address = Some(format!("{kind}.data"));
        let target = Target { file: Some("case.tf".into()), address, ..Target::default() };
        let control = catalog.control(control).unwrap();
        engine.propose(&workspace, &target, control, Vec::new()).state
    };
    for (control, kind, parameter) in [
        ("aws.s3.bucket_access_logging", "aws_s3_bucket", "`aws.log_bucket`"),
        ("gcp.storage.access_logging", "google_storage_bucket", "`gcp.log_bucket`"),
    ] {
        for other in ["logs", "access_logs", "s3-logging", "log_archive"] {
            assert_eq!(state(control, kind, other), FixState::Proved, "{other}");
        }
        for other in ["blog", "catalog", "login", "prologue"] {
            let FixState::Withheld(why) = state(control, kind, other) else { panic!("{other}") };
            assert!(why.contains(parameter), "{why}");
        }
    }
}

#[test]
fn the_recipe_that_fits_says_what_it_waits_for() {
    let catalog = Catalog::embedded().unwrap();
    let controls: Vec<&Control> = catalog.controls().collect();
    let engine = Engine::new(&controls);
    let text = "resource \"aws_s3_bucket\" \"x\" {\n  bucket = \"acme-x\"\n}\n".to_owned();
    let workspace = Workspace::parse([("case.tf".to_owned(), text)]);
    let address = Some("aws_s3_bucket.x".to_owned());
    let target = Target { file: Some("case.tf".into()), address, ..Target::default() };
    let control = catalog.control("aws.s3.bucket_replication").unwrap();
    let state = engine.propose(&workspace, &target, control, Vec::new()).state;
    let FixState::Withheld(why) = state else { panic!("it knows no role") };
    assert!(
        why.contains("`aws.replication_role`") || why.contains("`aws.replication_bucket."),
        "{why}"
    );
}

/// For each failing case that a control's only recipe is about, why it is withheld.
fn alone_on_cases(control: &Control) -> Vec<Option<String>> {
    let engine = Engine::new(&[control]).with_settings(settings());
    let Some(fix) = control.fixes.first() else { return Vec::new() };
    let checks = control.checks.iter().filter(|check| check.language == Language::Terraform);
    let cases = checks.flat_map(|check| &check.fail).filter_map(|case| {
        let old = if fix.before.is_some() { OLD } else { "" };
        let text = format!("{}\n{WHO}{old}", case.config);
        let workspace = Workspace::parse([("case.tf".to_owned(), text)]);
        let mut places = workspace.places("case.tf").into_iter();
        let (place, _) = places.find(|(_, kind)| fix.resource.contains(kind))?;
        let address = Some(place.address);
        let target = Target { file: Some("case.tf".into()), address, ..Target::default() };
        Some(match engine.propose(&workspace, &target, control, Vec::new()).state {
            FixState::Proved => None,
            FixState::Withheld(reason) => Some(reason),
        })
    });
    cases.collect()
}

/// Why no failing case of the control is fixed in a language.
fn fault(engine: &Engine<'_>, control: &Control, language: Language) -> Option<String> {
    let checks = control.checks.iter().filter(|check| check.language == language);
    let mut reasons = Vec::new();
    for case in checks.flat_map(|check: &Check| &check.fail) {
        let (path, text) = match language {
            Language::Terraform => ("case.tf", format!("{}\n{WHO}", case.config)),
            Language::Kubernetes => ("case.yaml", case.config.clone()),
            Language::Dockerfile => ("Dockerfile", case.config.clone()),
            Language::GithubActions => (".github/workflows/case.yaml", case.config.clone()),
            Language::Compose => ("compose.yaml", case.config.clone()),
        };
        let workspace = Workspace::parse([(path.to_owned(), text)]);
        let fits = |kind: &String| control.fixes.iter().any(|fix| fix.resource.contains(kind));
        let place = workspace.places(path).into_iter().find(|(_, kind)| fits(kind));
        let Some((place, _)) = place else { continue };
        let address = Some(place.address);
        let target = Target { file: Some(path.into()), address, ..Target::default() };
        match engine.propose(&workspace, &target, control, Vec::new()).state {
            FixState::Proved => return None,
            FixState::Withheld(reason) => reasons.push(reason),
        }
    }
    Some(format!("{} in {}: {}", control.id, language.name(), reasons.join("; ")))
}
