//! Every claim has its evidence, and hostile text changes nothing but itself.

use quell_model::{
    Asset, FindingClass, IncidentKind, KeyHasher, MergeBasis, Risk, RiskPart, Severity, Signals,
    Tool,
};

use super::*;

fn finding(product: &str) -> Finding {
    let mut finding: Finding = serde_json::from_value(serde_json::json!({
        "tool": {"product": product, "format": "x"}, "native_id": "n", "class": "misconfiguration",
        "rule": {"id": "r"}, "title": "Bucket is public", "severity": "high", "severity_native": "High",
        "status": "open", "status_native": "new",
        "asset": {"id": {"key": "aws:s3.bucket:a", "provider": "aws", "name": "a"},
                  "native_id": "a", "native_kind": "bucket", "name": "a"},
    }))
    .unwrap();
    finding.asset.signals = Signals { internet_exposed: Some(true), ..Signals::default() };
    finding.tool = Tool { product: product.to_owned(), format: "x".to_owned() };
    finding
}

fn issue(asset: Asset) -> Issue {
    Issue {
        key: KeyHasher::new("issue").finish(),
        control: None,
        title: "Bucket is public".into(),
        class: FindingClass::Misconfiguration,
        asset,
        severity: Severity::High,
        status: Status::Open,
        first_seen: None,
        last_seen: None,
        risk: Risk {
            score: 500,
            parts: vec![RiskPart {
                name: "severity".to_owned(),
                points: 380,
                because: "severity high".to_owned(),
            }],
            would_lower: Vec::new(),
        },
        basis: MergeBasis::Title { title: "bucket is public".to_owned() },
    }
}

fn incident(issue: &Issue) -> Incident {
    Incident {
        key: KeyHasher::new("incident").finish(),
        kind: IncidentKind::Single,
        issues: vec![issue.key],
        score: 500,
        severity: Severity::High,
        because: Vec::new(),
        by_hand: Vec::new(),
    }
}

#[test]
fn every_claim_points_at_a_record() {
    let (a, b) = (finding("prowler"), finding("wiz"));
    let issue = issue(a.asset.clone());
    let findings = vec![(a.key(), &a, Status::Open), (b.key(), &b, Status::Open)];
    let explained = explain(
        &incident(&issue),
        &[IssueEvidence { issue: &issue, findings, control: None, statements: &[] }],
    );
    let explanation = &explained.explanation;
    let claims = [&explanation.what, &explanation.cause, &explanation.intent]
        .into_iter()
        .chain(&explanation.why);
    for claim in claims {
        assert!(!claim.evidence.is_empty(), "{claim:?}");
        assert!(
            claim.evidence.iter().all(|e| e.starts_with("finding:") || e.starts_with("control:"))
        );
    }
    let why: Vec<&str> = explanation.why.iter().map(|c| c.text.raw()).collect();
    assert!(why.iter().any(|w| w.contains("the internet reaches it")), "{why:?}");
    assert!(why.iter().any(|w| w.contains("2 tools see it")), "{why:?}");
    assert_eq!(explained.why.raw(), "severity high; seen by 2 tools");
    assert_eq!(explanation.confidence, Confidence::Low);
}

#[test]
fn an_owner_comes_with_where_it_was_learned() {
    let a = finding("prowler");
    let mut issue = issue(a.asset.clone());
    issue.asset.context.owner = Some(quell_model::Sourced {
        value: "payments".into(),
        origin: quell_model::Origin::Tag("team".to_owned()),
    });
    let findings = vec![(a.key(), &a, Status::Open)];
    let explained = explain(
        &incident(&issue),
        &[IssueEvidence { issue: &issue, findings, control: None, statements: &[] }],
    );
    assert_eq!(explained.owner.raw(), "payments");
    assert_eq!(explained.owner_because.raw(), "from tag `team`");
}

#[test]
fn of_several_owners_the_one_of_most_assets_is_named() {
    let a = finding("prowler");
    let owned = |key: &str, owner: &str| {
        let mut issue = issue(a.asset.clone());
        issue.asset.id = quell_model::AssetId::parse(key, &quell_model::Hints::default());
        issue.asset.context.owner = Some(quell_model::Sourced {
            value: owner.into(),
            origin: quell_model::Origin::Tag("team".to_owned()),
        });
        issue
    };
    let issues = [owned("x", "web"), owned("y", "payments"), owned("z", "payments")];
    let evidence: Vec<IssueEvidence<'_>> = issues
        .iter()
        .map(|issue| IssueEvidence { issue, findings: Vec::new(), control: None, statements: &[] })
        .collect();
    let explained = explain(&incident(&issues[0]), &evidence);
    assert_eq!(explained.owner.raw(), "payments");
    assert_eq!(explained.owner_because.raw(), "from tag `team`, on 2 of 3 assets");
}
