//! What the posture API answers beside alerts.

use quell_model::{Record, RelationKind, Severity};

use crate::testing::{normalize_text, only_finding};
use crate::wire::google_name;

fn records(text: &str) -> Vec<Record> {
    normalize_text(text).into_iter().flat_map(Result::unwrap).collect()
}

#[test]
fn assets_of_a_search_have_the_clouds_own_names_and_say_who_reaches_them() {
    let made = records(include_str!("fixtures/asset_search.json"));
    let keys: Vec<(&str, Option<bool>)> = made
        .iter()
        .map(|record| {
            let Record::Asset(asset) = record else { panic!("{record:?}") };
            (asset.id.key(), asset.signals.internet_exposed)
        })
        .collect();
    assert_eq!(
        keys,
        [
            ("aws:rds.db:111122223333:eu-west-1:orders", Some(true)),
            ("gcp:compute/projects/analytics-4711/zones/europe-west1-b/instances/web", None),
            ("aws:s3.bucket:logs", None),
        ]
    );
    let Record::Asset(first) = &made[0] else { panic!("{:?}", made[0]) };
    assert_eq!(first.tags["team"].raw(), "payments");
}

#[test]
fn permissions_tell_who_has_them_and_what_gives_them() {
    let read = normalize_text(include_str!("fixtures/permissions.json"));
    assert_eq!(read.len(), 3);
    let [
        Record::Asset(machine),
        Record::Asset(role),
        Record::Relation(acts),
        Record::Relation(may),
        Record::Relation(everything),
        Record::Relation(exposed),
    ] = &read[0].as_ref().unwrap()[..]
    else {
        panic!("{read:?}")
    };
    assert_eq!((&acts.from, acts.kind, &acts.to), (&machine.id, RelationKind::CanAssume, &role.id));
    assert_eq!((&may.from, may.kind), (&machine.id, RelationKind::HasPermission));
    assert_eq!((may.to.key(), may.by.raw()), ("aws:s3.bucket:logs", "AdministratorAccess"));
    assert_eq!(everything.from, role.id, "who grants it is who has it");
    assert!(everything.to.is_general() && exposed.from.is_general());
    assert_eq!((exposed.kind, &exposed.to), (RelationKind::Exposes, &machine.id));
    assert_eq!(machine.id.key(), "aws:ec2.instance:i-0a1b2c3d4e5f60718");
    assert_eq!(machine.signals.internet_exposed, Some(true));
    assert_eq!(
        (machine.signals.high_privilege, role.signals.high_privilege),
        (Some(true), Some(true))
    );
    assert!(role.id.key().starts_with("aws:iam.role:"), "{}", role.id.key());
    let [Record::Asset(person)] = &read[1].as_ref().unwrap()[..] else { panic!("{read:?}") };
    assert_eq!(
        (person.native_id.as_str(), person.signals.high_privilege),
        ("kim@example.com", None)
    );
    assert!(read[2].as_ref().unwrap_err().contains("$.sourceResourceId"));
}

#[test]
fn an_asset_has_a_record_for_each_policy_and_itself_where_there_is_none() {
    let made = records(include_str!("fixtures/scan_info.json"));
    let [Record::Finding(failed), Record::Evidence(passed), Record::Asset(group)] = &made[..]
    else {
        panic!("{made:?}")
    };
    assert_eq!(failed.severity, Severity::High);
    assert_eq!(failed.asset.id, passed.asset.id);
    assert_eq!(group.id.key(), "aws:ec2.security-group:sg-0a1b2c3d4e5f60718");
    // The alert of the same policy is about the same asset and rule, so both are one issue.
    let alert = only_finding(include_str!("fixtures/alert.json"));
    assert_eq!((&alert.rule.id, alert.asset.id.key()), (&failed.rule.id, failed.asset.id.key()));
}

#[test]
fn lists_that_are_none_are_no_silence() {
    let text = include_str!("fixtures/scan_info.json");
    let odd = text.replace("\"scannedPolicies\": null", "\"scannedPolicies\": {}");
    let read = normalize_text(&odd);
    assert!(read[1].as_ref().unwrap_err().contains("$.scannedPolicies"), "{read:?}");
    let host = r#"[{"hostname":"a","type":"host","vulnerabilityDistribution":{},"vulnerabilities":"none","scanTime":"2026-01-01T00:00:00Z"}]"#;
    assert!(normalize_text(host)[0].as_ref().unwrap_err().contains("$.vulnerabilities"));
}

#[test]
fn machines_in_googles_cloud_are_known_by_their_name_within() {
    for (fqdn, name) in [
        (
            "web.europe-west1-b.c.shop-1.internal",
            Some("//compute.googleapis.com/projects/shop-1/zones/europe-west1-b/instances/web"),
        ),
        ("web.c.shop-1.internal", None),
        ("web.internal.example", None),
        ("a/b.z.c.p.internal", None),
        ("...internal", None),
        ("", None),
    ] {
        assert_eq!(google_name(fqdn).as_deref(), name, "{fqdn}");
    }
}
