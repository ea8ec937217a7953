//! What expressions say.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quell_model::Severity;

use super::{Expression, Facts, Field, Truth};

#[derive(Debug, Clone)]
struct Known {
    values: BTreeMap<Field, Vec<&'static str>>,
    severity: Severity,
    exposed: Option<bool>,
}

impl Facts for Known {
    fn any(&self, field: &Field, fits: &mut dyn FnMut(&str) -> bool) -> Option<bool> {
        self.values.get(field).map(|values| values.iter().any(|value| fits(value)))
    }

    fn severity(&self) -> Severity {
        self.severity
    }

    fn exposed(&self) -> Option<bool> {
        self.exposed
    }
}

fn known() -> Known {
    Known {
        values: BTreeMap::from([
            (Field::Asset, vec!["aws:s3.bucket:shop-test-logs"]),
            (Field::Account, vec!["111122223333"]),
            (Field::Cve, vec!["CVE-2024-1", "GHSA-x"]),
            (Field::Control, vec!["aws.s3.bucket_public"]),
            (Field::Tag("team".into()), vec!["shop"]),
        ]),
        severity: Severity::Medium,
        exposed: Some(false),
    }
}

#[test]
fn fields_are_compared() {
    for (text, expected) in [
        ("asset = *-test-*", Truth::Yes),
        ("asset = 'AWS:s3*'", Truth::Yes),
        ("account in (1, \"111122223333\")", Truth::Yes),
        ("account != 111122223333", Truth::No),
        ("cve = ghsa-X", Truth::Yes),
        ("severity <= medium and exposed = false", Truth::Yes),
        ("severity > medium or exposed = true", Truth::No),
        ("not severity in (low, critical)", Truth::Yes),
        ("tag.team = shop and not control = aws.ec2*", Truth::Yes),
        ("environment = production", Truth::Unknown),
        ("not environment = production", Truth::Unknown),
        ("environment = production or severity = medium", Truth::Yes),
        ("environment = production and severity = high", Truth::No),
        ("not (tag.other = 1 and severity = medium)", Truth::Unknown),
        ("account = 1 or account = 2 and severity = low", Truth::No),
    ] {
        let parsed: Expression = text.parse().unwrap();
        assert_eq!(parsed.holds(&known()), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, at) in [
        ("", 1),
        ("colour = red", 1),
        ("asset =", 8),
        ("asset = a b", 11),
        ("(asset = a", 11),
        ("asset < a", 7),
        ("severity = grave", 12),
        ("exposed = maybe", 11),
        ("asset = \"a", 9),
        ("tag. = 1", 1),
        ("é asset = a", 1),
    ] {
        assert_eq!(text.parse::<Expression>().unwrap_err().at, at, "{text}");
    }
    assert!("(".repeat(5000).parse::<Expression>().is_err());
    assert!("not ".repeat(4000).parse::<Expression>().is_err());
}

#[test]
fn an_anchor_is_what_an_issue_must_bear() {
    let anchor = |text: &str| {
        let parsed: Expression = text.parse().unwrap();
        parsed.anchor().map(|(field, texts)| (field.clone(), texts))
    };
    assert_eq!(anchor("severity = low and cve = CVE-1"), Some((Field::Cve, vec!["cve-1".into()])));
    let both = Some((Field::Rule, vec!["a".into(), "b".into()]));
    assert_eq!(anchor("(rule = a or rule = B) and account = 1"), both);
    for text in ["not cve = CVE-1", "cve = CVE-1*", "cve = A or rule = b", "severity = low"] {
        assert_eq!(anchor(text), None, "{text}");
    }
}

fn expression() -> impl Strategy<Value = Expression> {
    let value = prop::sample::select(vec!["1", "a b", "x\"\\", "*é", "and", "(", "shop"]);
    let fields = Field::NAMED.into_iter().map(|(_, field)| field);
    let texts: Vec<Field> = fields
        .filter(|field| !matches!(field, Field::Severity | Field::Exposed | Field::Issue))
        .chain([Field::Tag("team".into()), Field::Tag("a.b:c".into())])
        .collect();
    let severity = || prop::sample::select(Severity::ALL.to_vec());
    let orders =
        vec![super::Order::Below, super::Order::AtMost, super::Order::AtLeast, super::Order::Above];
    let leaf = prop_oneof![
        (prop::sample::select(texts), prop::collection::vec(value.prop_map(str::to_owned), 1..3))
            .prop_map(|(field, values)| Expression::Is(field, values)),
        prop::collection::vec(severity(), 1..3).prop_map(Expression::SeverityIs),
        (prop::sample::select(orders), severity())
            .prop_map(|(order, than)| Expression::SeverityOrder(order, than)),
        any::<bool>().prop_map(Expression::Exposed),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(Expression::And),
            several.prop_map(Expression::Or),
            inner.prop_map(|one| Expression::Not(Box::new(one))),
        ]
    })
}

proptest! {
    #[test]
    fn an_expression_written_is_read_the_same(expression in expression()) {
        let text = expression.to_string();
        let again: Expression = text.parse().map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
        prop_assert_eq!(&again.to_string(), &text);
        prop_assert_eq!(again.holds(&known()), expression.holds(&known()));
    }

    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,60}") {
        drop(text.parse::<Expression>());
    }

    #[test]
    fn learning_more_never_turns_a_yes_into_a_no(expression in expression()) {
        let mut less = known();
        less.values.clear();
        less.exposed = None;
        let (before, after) = (expression.holds(&less), expression.holds(&known()));
        prop_assert!(before == Truth::Unknown || before == after);
    }
}
