//! Answers that no platform should give.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::draft::Reply;

fn all() -> Vec<Action> {
    let principal = "arn:aws:iam::111122223333:role/app/web";
    let (cluster, namespace) = ("prod", "shop");
    let pod = json!({"cluster": cluster, "namespace": namespace, "pod": "web-0"});
    let scale = json!({"cluster": cluster, "namespace": namespace, "workload": "deployment", "name": "web"});
    let user = "arn:aws:iam::111122223333:user/ci";
    let listed = [
        ("isolate_pod", pod),
        ("scale_to_zero", scale),
        ("deactivate_access_key", json!({"user": user, "key": "AKIAIOSFODNN7EXAMPLE"})),
        ("revoke_sessions", json!({"role": principal, "issued_before": "2026-11-22T10:00:00Z"})),
        ("detach_policy", json!({"principal": principal, "policy": "arn:aws:iam::aws:policy/A"})),
        (
            "block_bucket",
            json!({"account": "111122223333", "region": "eu-west-1", "bucket": "logs"}),
        ),
        (
            "block_storage_account",
            json!({"subscription": SUBSCRIPTION, "group": "g", "name": "acme"}),
        ),
        ("block_google_bucket", json!({"project": "acme-prod", "bucket": "logs"})),
    ];
    let read = |(word, mut fields): (&str, serde_json::Value)| {
        fields["do"] = json!(word);
        serde_json::from_value(fields).unwrap()
    };
    listed.into_iter().map(read).collect()
}

/// Answers every question with the same bytes, and goes as far as that leads.
fn feed(action: &Action, body: &[u8]) {
    let unit = action.unit();
    let mut replies: Vec<Reply> = Vec::new();
    while let Ok(Some(_)) = unit.ask(&replies) {
        assert!(replies.len() < 64, "{} asks without end", action.kind());
        replies.push(Reply { is_missing: false, body: body.to_vec() });
    }
    let Ok(reading) = unit.read(&replies) else { return };
    let Ok(after) = unit.after(&reading.state) else { return };
    unit.steps(&reading, &after).unwrap();
}

const GOOD: [&str; 7] = [
    r#"{"metadata":{"name":"a","uid":"u","resourceVersion":"1","labels":{"a":"b"},"continue":"x"},"spec":{"replicas":2},"items":[]}"#,
    r#"{"metadata":{"uid":"u","resourceVersion":"1"},"items":[{"metadata":{"name":"p","uid":"u","resourceVersion":"1"},"spec":{"podSelector":{"matchExpressions":[{"key":"a","operator":"?"}]},"ingress":[{}]}}]}"#,
    r#"{"properties":{"allowBlobPublicAccess":true},"metageneration":"1","timeCreated":"t","iamConfiguration":{"publicAccessPrevention":"x"}}"#,
    "<R><ListAccessKeysResult><AccessKeyMetadata><member><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>Active</Status><CreateDate>d</CreateDate></member></AccessKeyMetadata><IsTruncated>true</IsTruncated><Marker>m</Marker></ListAccessKeysResult></R>",
    "<R><ListAttachedRolePoliciesResult><AttachedPolicies/><IsTruncated>true</IsTruncated><Marker>m</Marker></ListAttachedRolePoliciesResult></R>",
    "<R><GetRoleResult><Role><RoleId>r</RoleId><Path>/</Path></Role></GetRoleResult><GetRolePolicyResult><PolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</PolicyDocument></GetRolePolicyResult></R>",
    "<P><BlockPublicAcls>true</BlockPublicAcls></P>",
];

#[test]
fn answers_that_never_end_or_nest_without_end_are_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_xml = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let in_field = format!(r#"{{"metadata":{{"uid":"u","resourceVersion":"1"}},"items":{deep}}}"#);
    for action in all() {
        for body in GOOD.into_iter().chain([deep.as_str(), &deep_xml, &in_field, "", "null"]) {
            feed(&action, body.as_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn broken_answers_break_nothing(which in 0..GOOD.len(), at in 0_usize..400, byte: u8, cut: bool) {
        let mut body = GOOD[which].as_bytes().to_vec();
        let at = at % body.len();
        if cut {
            body.truncate(at);
        } else {
            body[at] = byte;
        }
        for action in all() {
            feed(&action, &body);
        }
    }
}
