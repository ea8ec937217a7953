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
        &[IssueEvidence { issue: &issue, findings, control: None, statements: &[], related: &[] }],
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
        &[IssueEvidence { issue: &issue, findings, control: None, statements: &[], related: &[] }],
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
        .map(|issue| IssueEvidence {
            issue,
            findings: Vec::new(),
            control: None,
            statements: &[],
            related: &[],
        })
        .collect();
    let explained = explain(&incident(&issues[0]), &evidence);
    assert_eq!(explained.owner.raw(), "payments");
    assert_eq!(explained.owner_because.raw(), "from tag `team`, on 2 of 3 assets");
}

mod runtime {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use quell_model::{Timeline, TimelineEvent, TimelineProcess, Timestamp};

    use super::*;
    use crate::runtime::{Happened, Place, Technique, Told, Weakness, happened};

    const POD: &str = "kubernetes::shop:pod:web";

    fn event(second: i64, title: &str, process: Option<usize>, name: &str) -> TimelineEvent {
        TimelineEvent {
            time: Timestamp::from_second(1_790_000_000 + second).ok(),
            until: None,
            finding: KeyHasher::new("finding").part(&second.to_string()).finish(),
            issue: KeyHasher::new("issue").finish(),
            source: "falco".to_owned(),
            title: title.into(),
            asset: POD.to_owned(),
            process,
            name: name.into(),
            command_line: format!("{name} -x").into(),
            parent: Untrusted::default(),
            user: "root".into(),
            remote_addresses: Vec::new(),
        }
    }

    fn process(name: &str, parent: Option<usize>, depth: usize) -> TimelineProcess {
        TimelineProcess {
            parent,
            depth,
            asset: POD.to_owned(),
            name: name.into(),
            pid: i64::try_from(depth + 70).ok(),
            command_line: Untrusted::default(),
            user: Untrusted::default(),
        }
    }

    fn tell(kind: IncidentKind, timeline: &Timeline, weaknesses: &[Weakness<'_>]) -> Told {
        let because = [Claim {
            text: "CVE-2031-1: the process runs the flawed package".into(),
            evidence: vec!["finding:a".to_owned()],
        }];
        let places = BTreeMap::from([(POD, Place { name: "web", provider: "kubernetes" })]);
        let technique = |record: &str, id: &'static str| Technique {
            record: record.to_owned(),
            id,
            tactic: "initial_access",
            seen: ("falco", "a shell"),
        };
        let techniques = [
            technique("finding:1", "T1059"),
            technique("finding:2", "T1059"),
            technique("finding:3", "T1105"),
        ];
        let techniques = &techniques;
        let because = &because;
        happened(&Happened { kind, because, timeline, techniques, weaknesses, places: &places })
    }

    fn texts(claims: &[Claim]) -> Vec<&str> {
        claims.iter().map(|claim| claim.text.raw()).collect()
    }

    fn weakness(id: &'static str) -> Weakness<'static> {
        Weakness { record: "finding:w".to_owned(), id, package: "libx", fixed_in: "2.0" }
    }

    #[test]
    fn a_chain_is_told_with_its_processes_and_where_it_came_from() {
        let mut events = vec![
            event(0, "A shell", Some(1), "sh"),
            event(5, "A shell", Some(1), "sh"),
            event(9, "A download", Some(2), "/tmp/x"),
        ];
        events[2].remote_addresses = vec!["192.0.2.7".into()];
        let processes =
            vec![process("java", None, 0), process("sh", Some(0), 1), process("x", Some(1), 2)];
        let timeline = Timeline { events, processes, left_out: 0 };
        let told = tell(IncidentKind::Exploitation, &timeline, &[weakness("CVE-2031-1")]);
        let chain = texts(&told.chain);
        assert_eq!(chain.len(), 2, "{chain:?}");
        assert!(
            chain[0].contains("saw on web: A shell, by sh, as root, 2 times until"),
            "{chain:?}"
        );
        assert!(chain[1].ends_with("by /tmp/x, as root, with 192.0.2.7."), "{chain:?}");
        let line = "On web: java (70) started sh (71), which started x (72).";
        assert_eq!(texts(&told.processes), [line]);
        assert_eq!(told.processes[0].evidence.len(), 3);
        assert_eq!(told.techniques.len(), 2);
        assert_eq!(told.techniques[0].evidence, ["finding:1", "finding:2"]);
        let looks = texts(&told.hypothesis);
        assert_eq!(
            looks[0],
            "CVE-2031-1 in libx was likely the way in: the process runs the flawed package."
        );
        assert_eq!(told.confidence, Some(Confidence::High));
        let next = texts(&told.next);
        assert!(next[0].starts_with("Look which other assets spoke with 192.0.2.7 since "));
        assert!(next[1].starts_with("Copy /tmp/x from web"), "{next:?}");
        assert!(next[3].contains("2.0 is the first version"), "{next:?}");
        let two = [weakness("CVE-2031-1"), weakness("CVE-2031-2")];
        let told = tell(IncidentKind::Exploitation, &timeline, &two);
        assert_eq!(told.confidence, Some(Confidence::Medium));
        let told = tell(IncidentKind::DetectionOnAsset, &timeline, &two);
        assert_eq!(told.confidence, Some(Confidence::Low));
        assert!(texts(&told.hypothesis)[0].contains("no record says that one led to the other"));
    }

    #[test]
    fn nothing_that_happened_is_nothing_that_is_told() {
        let told = tell(IncidentKind::Single, &Timeline::default(), &[]);
        assert!(told.chain.is_empty() && told.hypothesis.is_empty() && told.next.is_empty());
        assert_eq!(told.confidence, None);
    }

    proptest! {
        #[test]
        fn whatever_happened_is_told_in_bounds_and_from_records(
            count in 1_usize..60,
            titles in proptest::collection::vec("\\PC{0,300}", 1..8),
            parents in proptest::collection::vec(proptest::option::of(0_usize..40), 0..40),
            left_out in 0_u64..3,
        ) {
            let processes: Vec<TimelineProcess> =
                parents.iter().map(|parent| process("p", *parent, 0)).collect();
            let events: Vec<TimelineEvent> = (0..count)
                .map(|n| {
                    let at = (!processes.is_empty()).then(|| n % processes.len());
                    event(i64::try_from(n).unwrap(), &titles[n % titles.len()], at, "p")
                })
                .collect();
            let timeline = Timeline { events, processes, left_out };
            for kind in [IncidentKind::Exploitation, IncidentKind::Campaign, IncidentKind::Single] {
                let told = tell(kind, &timeline, &[]);
                prop_assert!((1..=7).contains(&told.chain.len()), "{}", told.chain.len());
                prop_assert!(told.processes.len() <= 3 && told.next.len() <= 4);
                let all = told.chain.iter().chain(&told.processes).chain(&told.next);
                for claim in all.chain(&told.hypothesis).chain(&told.techniques) {
                    prop_assert!(!claim.evidence.is_empty() && claim.text.raw().len() <= 810);
                    prop_assert!(!claim.text.raw().contains('\n'));
                }
            }
        }
    }
}
