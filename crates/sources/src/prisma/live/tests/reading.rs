//! What is read is what there is.

use std::collections::BTreeSet;

use quell_model::{Hints, Record, RelationKind};
use quell_testkit::platforms::prisma::Seat;
use quell_testkit::platforms::{Cause, Cloud, Kind, PrismaDouble, Seer};

use super::{
    CONSOLE, CONSOLE_WITHOUT_ID, Plans, Rig, findings, ids, key, records, rig, start, stream,
};
use crate::wire::azure_machine;

async fn large() -> Rig {
    let options = &[("page_alerts", "50"), ("page_compute", "7")];
    rig(Plans { flaws: 3000, options, ..Plans::default() }).await
}

#[tokio::test]
async fn a_whole_reading_brings_all_that_happened() {
    let rig = large().await;
    let mut kinds = 0;
    for (name, seat) in CONSOLE.iter().chain(&[("alerts", Seat::Alert)]) {
        let brought = rig.read(name, None).await.unwrap();
        assert_eq!(ids(&brought.items), rig.ids(&[*seat]), "{name}");
        kinds += usize::from(!brought.items.is_empty());
        let made = findings(records(stream(name), &brought.items));
        assert_eq!(made.len(), brought.items.len(), "{name}");
    }
    assert!(kinds > 8, "few detections are of each kind: {kinds}");
    for (name, seat) in CONSOLE_WITHOUT_ID {
        let brought = rig.read(name, None).await.unwrap();
        assert_eq!(brought.items.len(), rig.ids(&[*seat]).len(), "{name}");
        let made = findings(records(stream(name), &brought.items));
        assert!(!made.is_empty(), "{name}");
        if *seat == Seat::Kubernetes {
            assert_eq!(made.len(), brought.items.len());
            let who = made.iter().map(|found| &found.detection.as_ref().unwrap().principal);
            assert!(who.into_iter().all(|who| who.raw().starts_with("dev-")));
        }
    }
}

#[tokio::test]
async fn scans_bring_every_open_weakness_of_the_thing_it_is_in() {
    let rig = large().await;
    for (name, seat) in
        [("images", Seat::Image), ("hosts", Seat::Host), ("functions", Seat::Function)]
    {
        let brought = rig.read(name, None).await.unwrap();
        let made = records(stream(name), &brought.items);
        let found: BTreeSet<(String, String)> = findings(made)
            .into_iter()
            .map(|finding| (finding.asset.id.key().to_owned(), finding.rule.id))
            .collect();
        let truth = rig.shown(&[seat]).into_iter().filter(|(flaw, _)| flaw.is_open());
        let truth: BTreeSet<(String, String)> = truth
            .filter_map(|(flaw, thing)| match &flaw.cause {
                Cause::Vulnerability(weakness) => Some((key(&thing), weakness.cve.to_owned())),
                Cause::Misconfiguration(_) | Cause::Detection(_) => None,
            })
            .collect();
        assert_eq!(found, truth, "{name}");
        assert!(!brought.items.is_empty(), "{name}");
    }
}

/// Both names of a machine.
fn same_as(record: &Record) -> Option<(String, String)> {
    let Record::Relation(told) = record else { return None };
    let is_same = told.kind == RelationKind::SameAs;
    is_same.then(|| (told.from.key().to_owned(), told.to.key().to_owned()))
}

#[tokio::test]
async fn a_machine_in_azure_is_told_by_both_of_its_names() {
    let rig = large().await;
    for name in ["assets", "hosts"] {
        let brought = rig.read(name, None).await.unwrap();
        let brought = records(stream(name), &brought.items);
        let same: BTreeSet<(String, String)> = brought.iter().filter_map(same_as).collect();
        let inner = rig.world.read();
        let machines = inner.things.iter().filter(|thing| thing.account.cloud == Cloud::Azure);
        let truth = machines.map(|thing| {
            let hints = Hints { account: Some(thing.account.id), ..Hints::default() };
            let own = azure_machine(&thing.vm_id(), &hints).unwrap();
            (key(thing), own.key().to_owned())
        });
        let truth: BTreeSet<(String, String)> = truth.collect();
        assert!(same.len() > 3 && same.is_subset(&truth), "{name}: {same:?}");
    }
}

#[tokio::test]
async fn the_inventory_brings_every_asset_under_its_own_name() {
    let rig = large().await;
    let things: BTreeSet<String> = {
        let inner = rig.world.read();
        let seen = inner.flaws.iter().filter(|flaw| flaw.seers.contains(&Seer::Prisma));
        seen.filter_map(|flaw| inner.things.get(flaw.thing)).map(key).collect()
    };
    let brought = rig.read("assets", None).await.unwrap();
    assert!(brought.pages > 2);
    let made = records(stream("assets"), &brought.items);
    let (related, made): (Vec<Record>, Vec<Record>) =
        made.into_iter().partition(|record| matches!(record, Record::Relation(_)));
    assert!(related.len() > 10, "networks, groups, roles: {}", related.len());
    let found: BTreeSet<String> = made
        .iter()
        .map(|record| {
            let Record::Asset(asset) = record else { panic!("{record:?}") };
            asset.id.key().to_owned()
        })
        .collect();
    assert_eq!(found, things);
}

#[tokio::test]
async fn compliance_brings_what_fails_and_what_passes() {
    let rig = large().await;
    let settings = rig.shown(&[Seat::Alert]).into_iter();
    let mut settings =
        settings.filter(|(flaw, _)| matches!(flaw.cause, Cause::Misconfiguration(_)));
    let repaired = settings.next().unwrap().0.number;
    rig.world.write().end(repaired, start(), false);
    let brought = rig.read("compliance", None).await.unwrap();
    let made = records(stream("compliance"), &brought.items);
    let passed = made.iter().filter(|record| matches!(record, Record::Evidence(_))).count();
    let failed: BTreeSet<String> =
        findings(made).into_iter().map(|finding| finding.asset.id.key().to_owned()).collect();
    let settings = rig.shown(&[Seat::Alert]).into_iter();
    let settings = settings.filter(|(flaw, _)| matches!(flaw.cause, Cause::Misconfiguration(_)));
    let truth: BTreeSet<String> =
        settings.filter(|(flaw, _)| flaw.is_open()).map(|(_, thing)| key(&thing)).collect();
    assert_eq!(failed, truth);
    assert_eq!(passed, 1);
}

#[tokio::test]
async fn permissions_tell_who_may_do_everything() {
    let rig = large().await;
    let brought = rig.read("permissions", None).await.unwrap();
    let made = records(stream("permissions"), &brought.items);
    let (related, made): (Vec<Record>, Vec<Record>) =
        made.into_iter().partition(|record| matches!(record, Record::Relation(_)));
    assert_eq!(made.len(), brought.items.len() * 2, "who has it, and what gives it");
    let count = |kind: RelationKind| {
        let is = |record: &&Record| matches!(record, Record::Relation(r) if r.kind == kind);
        related.iter().filter(is).count()
    };
    let (acts, administers) = (count(RelationKind::CanAssume), count(RelationKind::HasPermission));
    assert_eq!(acts + administers + count(RelationKind::Exposes), related.len());
    assert_eq!(acts, brought.items.len(), "each machine may act as its role");
    let mut mighty = 0;
    for record in &made {
        let Record::Asset(asset) = record else { panic!("{record:?}") };
        mighty += usize::from(asset.signals.high_privilege == Some(true));
    }
    assert!(mighty > 0 && mighty < made.len() / 4, "{mighty} of {}", made.len());
    assert_eq!(administers * 2, mighty);
    let machines = rig
        .world
        .read()
        .things
        .iter()
        .filter(|t| t.kind == Kind::Machine)
        .map(key)
        .collect::<BTreeSet<_>>();
    let sources = made.iter().step_by(2).filter_map(|record| match record {
        Record::Asset(asset) => Some(asset.id.key().to_owned()),
        Record::Finding(_)
        | Record::Evidence(_)
        | Record::Activity(_)
        | Record::Statement(_)
        | Record::Relation(_)
        | Record::Exploited(_) => None,
    });
    assert!(sources.into_iter().all(|key| machines.contains(&key)));
}

#[tokio::test]
async fn what_changed_since_is_brought_and_nothing_else() {
    let rig = large().await;
    rig.pass(3600);
    let at = start() + jiff::SignedDuration::from_secs(1800);
    let mut changed = BTreeSet::new();
    {
        let ended = rig.first(Seat::Alert);
        let mut inner = rig.world.write();
        inner.end(ended.0.number, at, false);
        changed.insert(ended.0.number);
        for _ in 0..40 {
            changed.insert(inner.open(at));
        }
    }
    let since = Some(start() + jiff::SignedDuration::from_secs(60));
    for (name, seat) in CONSOLE.iter().chain(&[("alerts", Seat::Alert)]) {
        let brought = rig.read(name, since).await.unwrap();
        let truth =
            rig.shown(&[*seat]).into_iter().filter(|(flaw, _)| changed.contains(&flaw.number));
        let mut truth: Vec<String> =
            truth.map(|(flaw, thing)| PrismaDouble::id_of(&flaw, &thing)).collect();
        truth.sort();
        assert_eq!(ids(&brought.items), truth, "{name}");
    }
    let brought = rig.read("alerts", since).await.unwrap();
    let made = findings(records(stream("alerts"), &brought.items));
    assert_eq!(made.iter().filter(|finding| finding.status_native == "resolved").count(), 1);
}

#[tokio::test]
async fn with_nothing_new_a_turn_takes_six_requests() {
    let rig = rig(Plans::default()).await;
    let often = || rig.connector.streams().iter().filter(|s| s.pace == crate::live::Pace::Often);
    for expected in [9, 6] {
        rig.server.ledger.clear();
        for stream in often() {
            let brought = rig.read(stream.name, Some(start())).await.unwrap();
            assert_eq!((brought.items.len(), brought.pages), (0, 1), "{}", stream.name);
        }
        assert_eq!(
            rig.server.ledger.count(),
            expected,
            "the logins and the console's place only once"
        );
    }
}

#[tokio::test]
async fn alerts_that_come_and_change_meanwhile_are_not_lost() {
    let rig = rig(Plans { flaws: 400, ..Plans::default() }).await;
    rig.double.behave(|quirks| quirks.shifting = true);
    let before = rig.ids(&[Seat::Alert]);
    let numbers: Vec<usize> =
        rig.shown(&[Seat::Alert]).iter().map(|(flaw, _)| flaw.number).collect();
    let world = rig.world.clone();
    let brought = rig.read_and("alerts", None, |page| {
        rig.pass(1);
        let mut inner = world.write();
        let at = start() + jiff::SignedDuration::from_secs(i64::try_from(page).unwrap());
        inner.open(at);
        // One that was read already and one that was not change.
        inner.end(numbers[page], at, false);
        inner.end(numbers[numbers.len() - 1 - page], at, false);
    });
    let brought = brought.await.unwrap();
    assert!(brought.pages > 5);
    let had = ids(&brought.items);
    let lost: Vec<&String> = before.iter().filter(|id| !had.contains(id)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[tokio::test]
async fn the_documented_limits_are_not_passed() {
    let options = &[("page_alerts", "1")];
    let rig = rig(Plans { flaws: 60, rates: true, options, ..Plans::default() }).await;
    let brought = rig.read("alerts", None).await.unwrap();
    assert!(brought.pages > 12, "{}", brought.pages);
    rig.read("hosts", None).await.unwrap();
    rig.read("images", None).await.unwrap();
    assert_eq!(rig.server.ledger.over_limit(), 0);
}

#[tokio::test]
async fn policies_give_names_to_alerts_that_lack_them() {
    let rig = rig(Plans::default()).await;
    rig.double.behave(|quirks| quirks.bare_policies = true);
    let brought = rig.read("alerts", None).await.unwrap();
    let made = findings(records(stream("alerts"), &brought.items));
    assert!(
        made.iter()
            .all(|finding| !finding.rule.title.is_empty() && !finding.severity_native.is_empty())
    );
    assert!(made.iter().all(|finding| !finding.remediation.is_empty()));
    assert_eq!(rig.server.ledger.of("GET /policy").len(), 1, "asked once for all pages");
    rig.double.take(quell_testkit::platforms::PrismaRight::Policies);
    let fresh = super::rig(Plans::default()).await;
    fresh.double.behave(|quirks| quirks.bare_policies = true);
    fresh.double.take(quell_testkit::platforms::PrismaRight::Policies);
    let brought = fresh.read("alerts", None).await.unwrap();
    assert!(brought.unread[0].contains("permission_error"), "{:?}", brought.unread);
    assert_eq!(ids(&brought.items), fresh.ids(&[Seat::Alert]), "alerts come all the same");
}
