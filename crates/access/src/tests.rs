//! Who may do what, as one golden table, and what policies of one's own may and may not change.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use quell_model::TenantId;

use crate::{Access, OwnPolicy, Place, Principal, PrincipalKind, Resource, Right, Role, Scope};

const GOLDEN: &str = include_str!("golden.txt");

fn principal(role: Role, scope: &[&str]) -> Principal {
    Principal {
        kind: PrincipalKind::User,
        id: "ana".to_owned(),
        tenant: TenantId::default(),
        roles: BTreeSet::from([role]),
        groups: BTreeSet::from(["web".to_owned()]),
        scope: Scope::parse(scope.iter().copied()).unwrap(),
    }
}

fn place(account: &str, environment: &str, team: &str, tag: &str) -> Place {
    let set = |value: &str| BTreeSet::from([value.to_owned()]);
    Place {
        provider: "aws".to_owned(),
        account: account.to_owned(),
        region: "eu-west-1".to_owned(),
        kind: "s3.bucket".to_owned(),
        team: team.to_owned(),
        environments: set(environment),
        tags: set(tag),
    }
}

fn own(text: &str) -> OwnPolicy {
    OwnPolicy { path: "own.cedar".to_owned(), text: text.to_owned() }
}

fn access(texts: &[&str]) -> Access {
    let all: Vec<OwnPolicy> = texts.iter().map(|text| own(text)).collect();
    Access::new(&all).unwrap_or_else(|faults| panic!("{faults:?}"))
}

#[test]
fn each_role_has_the_rights_of_the_golden_table() {
    let access = access(&[]);
    let (home, foreign): (TenantId, TenantId) = (TenantId::default(), "foreign".parse().unwrap());
    let inside = place("1", "production", "web", "app=shop");
    let outside = place("2", "test", "data", "app=lab");
    // What a containment changes: as its issues say, and without any.
    let bare = |of: &Place| Place { region: String::new(), kind: String::new(), ..of.clone() };
    let target = bare(&inside);
    let unowned = Place { team: String::new(), tags: BTreeSet::new(), ..target.clone() };
    let resources = [
        ("tenant", Resource::Tenant(&home)),
        ("inside", Resource::Place(&home, &inside)),
        ("outside", Resource::Place(&home, &outside)),
        ("target", Resource::Place(&home, &target)),
        ("unowned-target", Resource::Place(&home, &unowned)),
        ("foreign-tenant", Resource::Tenant(&foreign)),
        ("foreign-place", Resource::Place(&foreign, &inside)),
    ];
    let scopes: [(&str, &[&str]); 2] = [
        ("everywhere", &[]),
        ("limited", &["account=1", "environment=production", "tag=app=shop", "team=web"]),
    ];
    let mut found = String::new();
    for role in Role::ALL {
        for (scope, limits) in scopes {
            let who = principal(role, limits);
            for (name, about) in resources {
                let may = Right::ALL.into_iter().filter(|right| access.may(&who, *right, about));
                let words: Vec<&str> = may.map(Right::as_str).collect();
                let line = format!("{} {scope} {name}: {}", role.as_str(), words.join(" "));
                writeln!(found, "{}", line.trim_end()).unwrap();
            }
        }
    }
    assert!(found == GOLDEN, "golden.txt is to be\n{found}");
}

#[test]
fn nobody_without_a_role_may_do_anything() {
    let access = access(&[]);
    let who = Principal { roles: BTreeSet::new(), ..principal(Role::Viewer, &[]) };
    let here = place("1", "production", "web", "a=b");
    for right in Right::ALL {
        assert!(!access.may(&who, right, Resource::Tenant(&who.tenant)));
        assert!(!access.may_in(&who, right, &here));
    }
}

#[test]
fn a_policy_of_ones_own_permits_more_and_a_forbid_wins() {
    let viewer = principal(Role::Viewer, &[]);
    let (web, data) = (place("1", "production", "web", "a=b"), place("1", "test", "data", "a=b"));
    let more = r#"@id("web decides") permit (principal in Quell::Group::"web",
        action == Quell::Action::"decide", resource is Quell::Place)
        when { resource.team == "web" };"#;
    let permitting = access(&[more]);
    assert!(permitting.may_in(&viewer, Right::Decide, &web));
    assert!(!permitting.may_in(&viewer, Right::Decide, &data));
    let verdict = permitting.decide(&viewer, Right::Decide, Resource::Place(&viewer.tenant, &web));
    assert_eq!(verdict.because, ["own.cedar#web decides"]);

    let less = r#"@id("freeze") forbid (principal, action, resource is Quell::Place)
        when { resource.environments.contains("production") };"#;
    let both = Access::new(&[own(more), OwnPolicy { path: "b.cedar".into(), text: less.into() }]);
    let both = both.unwrap();
    let verdict = both.decide(&viewer, Right::Decide, Resource::Place(&viewer.tenant, &web));
    assert!(!verdict.allowed);
    assert_eq!(verdict.because, ["b.cedar#freeze"]);
    let tagged = access(&[r#"forbid (principal, action, resource is Quell::Place)
        unless { resource.tags.containsAny(["a=b", "c=\"d"]) };"#]);
    assert!(["a=b", "c=\"d"].iter().all(|tag| tagged.named_tags().contains(*tag)));
    let admin = principal(Role::Admin, &[]);
    assert!(!both.may_in(&admin, Right::Read, &web) && both.may_in(&admin, Right::Read, &data));
}

#[test]
fn own_policies_tell_places_apart_only_for_those_and_for_what_they_name() {
    let (viewer, admin) = (principal(Role::Viewer, &[]), principal(Role::Admin, &[]));
    let approver = principal(Role::Approver, &[]);
    let freeze = r#"forbid (principal in Quell::Role::"approver",
        action == Quell::Action::"approve", resource is Quell::Place)
        when { resource.account == "1" };"#;
    let frozen = access(&[freeze]);
    assert!(frozen.depends_on_place(&approver, Right::Approve));
    assert!(!frozen.depends_on_place(&approver, Right::Read));
    assert!(!frozen.depends_on_place(&admin, Right::Approve));
    assert!(frozen.depends_on_place(&principal(Role::Admin, &["account=1"]), Right::Read));
    // What permits more takes nothing from who has it; who has it by that has it there alone.
    let more = r#"permit (principal in Quell::Group::"web", action == Quell::Action::"decide",
        resource) when { !(resource is Quell::Place) || resource.team == "web" };"#;
    let permitting = access(&[more]);
    assert!(permitting.depends_on_place(&viewer, Right::Decide));
    let other = Principal { groups: BTreeSet::new(), ..viewer.clone() };
    assert!(!permitting.depends_on_place(&other, Right::Decide));
    let places = access(&[&more.replace("resource)", "resource is Quell::Place)")]);
    assert!(!places.depends_on_place(&viewer, Right::Decide));
}

/// Heads of policies, of which some fit who asks.
fn heads() -> impl Strategy<Value = String> {
    let subjects = prop::sample::select(vec![
        "principal",
        "principal in Quell::Role::\"admin\"",
        "principal in Quell::Role::\"viewer\"",
        "principal in Quell::Group::\"web\"",
        "principal in Quell::Group::\"other\"",
        "principal is Quell::User",
        "principal is Quell::Token",
        "principal == Quell::User::\"ana\"",
        "principal == Quell::User::\"bo\"",
        "principal is Quell::User in Quell::Group::\"web\"",
    ]);
    let actions = prop::sample::select(vec![
        "action",
        "action == Quell::Action::\"read\"",
        "action == Quell::Action::\"decide\"",
        "action in [Quell::Action::\"read\", Quell::Action::\"approve\"]",
    ]);
    let resources = prop::sample::select(vec![
        "resource",
        "resource is Quell::Place",
        "resource is Quell::Tenant",
        "resource in Quell::Tenant::\"default\"",
        "resource == Quell::Tenant::\"default\"",
        "resource is Quell::Place in Quell::Tenant::\"default\"",
    ]);
    let effects = prop::sample::select(vec!["permit", "forbid"]);
    (effects, subjects, actions, resources).prop_map(|(effect, subject, action, resource)| {
        format!("{effect} ({subject}, {action}, {resource});\n")
    })
}

#[test]
fn what_is_wrong_with_a_policy_is_told_with_its_line() {
    for (text, line, part) in [
        ("permit (principal, action, resource)", 1, "unexpected"),
        ("// one\n\npermit (principal, action == Quell::Action::\"raed\", resource);", 3, "raed"),
        (
            "\nforbid (principal, action, resource is Quell::Place)\nwhen { resource.acount == \"1\" };",
            3,
            "acount",
        ),
        ("permit (principal, action, resource)\nwhen { principal.accounts > 1 };", 2, "type"),
        ("permit (principal == ?principal, action, resource);", 1, "template"),
        (
            "@id(\"a\") permit (principal, action, resource);\n@id(\"a\") forbid (principal, action, resource);",
            1,
            "called `a`",
        ),
    ] {
        let faults = Access::new(&[own(text)]).unwrap_err();
        let fault = faults.first().unwrap();
        assert_eq!((fault.path.as_str(), fault.line), ("own.cedar", line), "{text}: {faults:?}");
        assert!(fault.to_string().contains(part), "{text}: {fault}");
    }
}

#[test]
fn a_policy_that_nests_without_end_is_refused() {
    for text in [
        format!(
            "permit (principal, action, resource) when {{ {}true{} }};",
            "(".repeat(100_000),
            ")".repeat(100_000)
        ),
        format!("permit (principal, action, resource) when {{ {}true }};", "!".repeat(100_000)),
        "x".repeat(1 << 20),
        "(".repeat(200_000),
    ] {
        assert!(!Access::new(&[own(&text)]).unwrap_err().is_empty());
    }
    let many = "permit (principal in Quell::Group::\"g\", action, resource);\n".repeat(1001);
    let faults = Access::new(&[own(&many)]).unwrap_err();
    assert!(faults.iter().any(|f| f.reason.contains("at most 1000 policies")), "{faults:?}");
}

#[test]
fn a_policy_that_fails_allows_nothing() {
    // Strict checking lets an overflow through, and only that.
    let text = r#"permit (principal, action, resource is Quell::Place)
        when { 9223372036854775807 + (if resource.team == "web" then 1 else 0) > 0 };"#;
    let access = access(&[text]);
    let admin = principal(Role::Admin, &[]);
    let verdict = access.decide(
        &admin,
        Right::Read,
        Resource::Place(&admin.tenant, &place("1", "test", "web", "a=b")),
    );
    assert!(!verdict.allowed && !verdict.failed.is_empty(), "{verdict:?}");
}

#[test]
fn limits_are_read_and_written_alike() {
    let words = ["account=1", "environment=production", "tag=app=shop", "team=web"];
    let scope = Scope::parse(words).unwrap();
    assert_eq!(scope.words(), words);
    let json = serde_json::to_string(&scope).unwrap();
    assert_eq!(serde_json::from_str::<Scope>(&json).unwrap(), scope);
    assert!(serde_json::from_str::<Scope>(r#"{"account":["1"]}"#).is_err());
    for bad in ["", "account", "account=", "tag=app", "region=x", "team=\u{7}", "tag=="] {
        let odd = Scope::parse([bad]);
        assert!(odd.is_err() || bad == "tag==", "{bad}");
    }
}

fn scopes() -> impl Strategy<Value = Scope> {
    let values = || proptest::collection::btree_set("[ab]", 0..3);
    (values(), values(), values(), values()).prop_map(|(accounts, environments, tags, teams)| {
        Scope { accounts, environments, tags, teams }
    })
}

fn places() -> impl Strategy<Value = Place> {
    let values = || proptest::collection::btree_set("[abc]", 0..3);
    ("[abc]", "[abc]?", values(), values()).prop_map(|(account, team, environments, tags)| Place {
        account,
        team,
        environments,
        tags,
        ..Place::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What the heads of policies leave out has no say: all of them together say the same.
    #[test]
    fn the_policies_that_are_judged_say_what_all_of_them_say(
        own in prop::collection::vec(heads(), 0..6), role in prop::sample::select(Role::ALL.to_vec()),
        right in prop::sample::select(Right::ALL.to_vec()), is_place in any::<bool>(),
    ) {
        let heads = own.concat();
        // Some heads name what cannot be together, which is refused when policies are read.
        let Ok(access) = Access::new(&[OwnPolicy { path: "own.cedar".into(), text: heads }])
        else { return Ok(()) };
        let (who, here) = (principal(role, &[]), place("1", "test", "web", "a=b"));
        let about = match is_place {
            true => Resource::Place(&who.tenant, &here),
            false => Resource::Tenant(&who.tenant),
        };
        prop_assert_eq!(access.decide(&who, right, about), access.decide_by_all(&who, right, about));
        if !access.depends_on_place(&who, right) && right.has_places() {
            let tenant = access.may(&who, right, Resource::Tenant(&who.tenant));
            prop_assert!(!tenant || access.may_in(&who, right, &here));
        }
    }

    #[test]
    fn the_policies_say_of_a_limit_what_it_means(scope in scopes(), here in places()) {
        let access = access(&[]);
        let who = Principal { scope: scope.clone(), ..principal(Role::Admin, &[]) };
        let is = |all: &BTreeSet<String>, one: &String| all.is_empty() || all.contains(one);
        let any = |all: &BTreeSet<String>, some: &BTreeSet<String>| {
            all.is_empty() || !all.is_disjoint(some)
        };
        let expected = is(&scope.accounts, &here.account)
            && is(&scope.teams, &here.team)
            && any(&scope.environments, &here.environments)
            && any(&scope.tags, &here.tags);
        for right in Right::ALL.into_iter().filter(|right| right.has_places()) {
            prop_assert_eq!(access.may_in(&who, right, &here), expected);
        }
        let oversees = access.may(&who, Right::Oversee, Resource::Tenant(&who.tenant));
        prop_assert_eq!(oversees, scope.is_empty());
    }
}
