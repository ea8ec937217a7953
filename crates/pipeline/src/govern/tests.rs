//! Exceptions on what is stored.

use quell_govern::Person;
use quell_govern::exception::{Limits, State};
use quell_model::Timestamp;
use quell_store::Store;

use super::*;

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn plan(scope: &str, until: &str) -> ExceptionPlan {
    ExceptionPlan {
        renews: None,
        scope: scope.to_owned(),
        reason: "closed network".to_owned(),
        compensating_controls: Vec::new(),
        owner: "shop".to_owned(),
        until: until.to_owned(),
    }
}

#[test]
fn a_request_waits_until_another_person_agrees_and_ends_at_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let (limits, anna, ben) = (Limits::default(), Person::new("a", "Anna"), Person::new("b", "B"));
    let asked = plan("account = 1", "2026-11-30");
    let (one, preview) = exception_request(&mut store, &limits, &asked, (now(), &anna)).unwrap();
    assert_eq!(preview.words(), "hides 0 issues, none of them known to be exposed");
    assert_eq!(one.request.until.to_string(), "2026-12-01T00:00:00Z");
    let (same, _) = exception_request(&mut store, &limits, &asked, (now(), &anna)).unwrap();
    assert_eq!(same.id, one.id);
    let mut decide = |id: &str, wish, note: &str, by: &Person, at| {
        let ids = [id.to_owned(), "zzzz".to_owned()];
        exception_decide(&mut store, &limits, (&ids, wish, note), (at, by), true).unwrap()
    };
    let own = decide(&one.id, Wish::Approve, "", &anna, now());
    assert!(own.iter().all(|answer| answer.state.is_none() && answer.refused.is_some()), "{own:?}");
    let done = decide(one.id.split_at(8).0, Wish::Approve, "", &ben, now());
    assert_eq!(done[0].state, Some(State::Granted));
    assert!(exception_show(&store, &one.id, now()).unwrap().in_force);
    let near: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
    assert_eq!(exception_sweep(&mut store, &limits, near).unwrap().reminded.len(), 1);
    assert_eq!(exception_sweep(&mut store, &limits, near).unwrap().reminded.len(), 0);
    let end = one.request.until;
    assert!(!exception_show(&store, &one.id, end).unwrap().in_force);
    assert_eq!(exception_sweep(&mut store, &limits, end).unwrap().ended.len(), 1);
    let listed = exception_list(&store, &[State::Ended], end).unwrap();
    assert_eq!(listed.len(), 1);
}

#[test]
fn a_list_asks_for_exceptions_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let (limits, anna) = (Limits::default(), Person::new("a", "Anna"));
    let text = "CVE-2024-1 exp:2026-12-31\nCVE-2024-2\nCVE-2024-3 exp:2020-01-01\nCVE-2024-4 x\n";
    let mut take = || {
        let file = (".trivyignore", text);
        exception_import(&mut store, &limits, file, ("shop", None), (now(), &anna)).unwrap()
    };
    let first = take();
    assert_eq!((first.requested.len(), first.known, first.skipped.len()), (2, 0, 2));
    let again = take();
    assert_eq!((again.requested, again.known), (first.requested, 2));
    let waiting = exception_list(&store, &[State::Requested], now()).unwrap();
    assert_eq!(waiting.len(), 2);
}

#[test]
fn what_cannot_be_asked_for_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let (limits, anna) = (Limits::default(), Person::new("a", "Anna"));
    for (scope, until, said) in [
        ("colour = red", "2026-12-01", "`colour` is no field"),
        ("account = 1", "soon", "`until` is a day"),
        ("account = 1", "2026-11-20", "the end is over"),
        ("account = 1", "2028-11-20", "ends within 365 days"),
    ] {
        let asked = plan(scope, until);
        let error = exception_request(&mut store, &limits, &asked, (now(), &anna)).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn a_renewal_is_another_request_and_the_old_one_stays_until_it_is_granted() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let (limits, anna, ben) = (Limits::default(), Person::new("a", "Anna"), Person::new("b", "B"));
    let first = plan("account = 1", "2026-11-30");
    let (old, _) = exception_request(&mut store, &limits, &first, (now(), &anna)).unwrap();
    let renewal =
        ExceptionPlan { renews: Some(old.id.clone()), ..plan("account = 1", "2026-12-30") };
    let waiting = exception_request(&mut store, &limits, &renewal, (now(), &anna)).unwrap_err();
    assert!(waiting.to_string().contains("is requested"), "{waiting}");
    let mut decide = |id: &str, wish| {
        let ids = [id.to_owned()];
        exception_decide(&mut store, &limits, (&ids, wish, "no"), (now(), &ben), true).unwrap()
    };
    assert_eq!(decide(&old.id, Wish::Approve)[0].state, Some(State::Granted));
    let mut store = Store::open(dir.path()).unwrap();
    let (new, _) = exception_request(&mut store, &limits, &renewal, (now(), &anna)).unwrap();
    assert!(new.id != old.id && new.request.renews == Some(old.id.clone()));
    let state = |store: &Store, id: &str| store.exception_get(id).unwrap().unwrap().state;
    let ids = [new.id];
    exception_decide(&mut store, &limits, (&ids, Wish::Refuse, "no"), (now(), &ben), true).unwrap();
    assert_eq!(state(&store, &old.id), State::Granted, "a no leaves the old one");
    let third = ExceptionPlan { reason: "still closed".to_owned(), ..renewal };
    let (third, _) = exception_request(&mut store, &limits, &third, (now(), &anna)).unwrap();
    // Granted, and cut off before the old one was ended: the next look ends it.
    let grant = |one: &mut quell_govern::exception::Exception| {
        one.approve(&limits, &ben, ("", now())).map(drop)
    };
    store.exception_change(&third.id, grant).unwrap().unwrap().unwrap();
    assert_eq!(state(&store, &old.id), State::Granted);
    assert!(exception_due(&store, &limits, now()).unwrap());
    let swept = exception_sweep(&mut store, &limits, now()).unwrap();
    assert_eq!(swept.ended.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [&old.id]);
    assert_eq!(state(&store, &old.id), State::Ended);
    assert!(!exception_due(&store, &limits, now()).unwrap());
}

#[test]
fn a_draft_says_all_that_is_wrong_at_once_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let (limits, anna) = (Limits::default(), Person::new("a", "Anna"));
    let fields = |store: &Store, plan: &ExceptionPlan| {
        let draft = exception_draft(store, &limits, plan, now()).unwrap();
        let fields: Vec<&str> = draft.wrong.iter().map(|one| one.field).collect();
        (fields.join(" "), draft.preview.is_some(), draft.until.is_some())
    };
    let good = plan("account = 1 and (region = x)", "2026-11-30");
    assert_eq!(fields(&store, &good), (String::new(), true, true));
    let long = |count| vec!["x".to_owned(); count];
    for (plan, wrong, has_preview, has_until) in [
        (ExceptionPlan { reason: " ".to_owned(), ..good.clone() }, "reason", true, true),
        (ExceptionPlan { until: String::new(), ..good.clone() }, "until", true, false),
        (plan("account = 1", "2026-11-20"), "until", true, true),
        (plan("account = 1", "2028-11-20"), "until", true, true),
        (plan("account ~ 1", "2026-11-30"), "scope", false, true),
        (plan("account ~ 1", "2036-11-30"), "scope", false, true),
        (
            ExceptionPlan { compensating_controls: long(21), ..good.clone() },
            "compensating_controls",
            true,
            true,
        ),
        (ExceptionPlan::default(), "scope until reason owner", false, false),
    ] {
        assert_eq!(fields(&store, &plan), (wrong.to_owned(), has_preview, has_until), "{plan:?}");
        // What has something wrong is refused, and says one of these things.
        let said = exception_draft(&store, &limits, &plan, now()).unwrap().wrong;
        let refused = exception_request(&mut store, &limits, &plan, (now(), &anna)).unwrap_err();
        assert!(said.iter().any(|one| one.said == refused.to_string()), "{said:?} {refused}");
    }
    assert!(exception_list(&store, &[], now()).unwrap().is_empty());
    let unknown = ExceptionPlan { renews: Some("zz".to_owned()), ..good };
    assert!(exception_draft(&store, &limits, &unknown, now()).is_err());
}
