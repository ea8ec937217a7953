//! The page as it is, byte by byte, with names that try to be more than names.

use quell_govern::Person;
use quell_govern::approval::Delegation;

use super::super::testing::{HOSTILE, caller, check};
use super::page;

fn given(from: &str, to: &str) -> Delegation {
    Delegation {
        from: Person::new(from, &format!("{from} {HOSTILE}")),
        to: Person::new(to, &format!("{to} {HOSTILE}")),
        since: "2026-11-20T10:00:00Z".parse().unwrap(),
        until: "2026-11-27T10:00:00Z".parse().unwrap(),
    }
}

#[test]
fn who_speaks_for_whom_is_listed_and_ones_own_place_is_given_by_form() {
    let held = [given("bo", "c\"y"), given("di", "bo")];
    let offered = (vec![Person::new("e\"d", HOSTILE), Person::new("fay", "Fay")], true);
    let found = page::delegations(&caller("bo", Some("c\"srf")), &held, Some(&offered));
    check("page", &found, include_str!("golden/page.html"));
    assert_eq!(found.matches("End it now").count(), 1, "only one's own: {found}");
    assert_eq!(found.matches("<form method=\"post\" action=\"/delegations\"").count(), 2);
}

#[test]
fn who_has_no_session_or_may_decide_nothing_gives_nothing() {
    let held = [given("bo", "cy")];
    let offered = (vec![Person::new("cy", "Cy")], false);
    for (csrf, offered) in [(None, Some(&offered)), (None, None)] {
        let found = page::delegations(&caller("bo", csrf), &held, offered);
        assert!(!found.contains("<form") && found.contains("You look with a token"), "{found}");
    }
    let found = page::delegations(&caller("bo", Some("c")), &[], None);
    assert!(found.contains("you have no place to give") && !found.contains("\"to\""), "{found}");
    let nobody = (Vec::new(), false);
    let found = page::delegations(&caller("bo", Some("c")), &[], Some(&nobody));
    assert!(found.contains("There is nobody else.") && !found.contains("\"to\""), "{found}");
}
