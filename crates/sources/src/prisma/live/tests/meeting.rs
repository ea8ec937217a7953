//! Both sides of the platform speak of one asset by one key.

use std::collections::BTreeSet;

use quell_model::Record;
use quell_testkit::platforms::prisma::Seat;
use quell_testkit::platforms::{Cloud, Kind};

use super::{Plans, findings, key, records, rig, stream};

#[tokio::test]
async fn alerts_scans_and_incidents_of_one_thing_have_one_key() {
    let rig = rig(Plans { flaws: 3000, options: &[], ..Plans::default() }).await;
    let keys = async |name: &str| -> BTreeSet<String> {
        let brought = rig.read(name, None).await.unwrap();
        let made = records(stream(name), &brought.items);
        let of = |record: &Record| match record {
            Record::Finding(finding) => Some(finding.asset.id.key().to_owned()),
            Record::Asset(asset) => Some(asset.id.key().to_owned()),
            Record::Evidence(_)
            | Record::Activity(_)
            | Record::Statement(_)
            | Record::Relation(_)
            | Record::Exploited(_) => None,
        };
        made.iter().filter_map(of).collect()
    };
    let (alerts, hosts, incidents) =
        (keys("alerts").await, keys("hosts").await, keys("incidents").await);
    let (audits, assets) = (keys("host-audits").await, keys("assets").await);
    let (images, functions) = (keys("images").await, keys("functions").await);
    let things = rig.world.read().things.clone();
    for cloud in [Cloud::Aws, Cloud::Azure, Cloud::Gcp] {
        let machines =
            things.iter().filter(|t| t.kind == Kind::Machine && t.account.cloud == cloud);
        let machines: BTreeSet<String> = machines.map(key).collect();
        let of = |keys: &BTreeSet<String>| keys.intersection(&machines).count();
        assert!(of(&incidents) > 3 && of(&audits) > 0, "{cloud:?}");
        assert!(of(&alerts) > 3, "{cloud:?}");
        // What an incident names is among the hosts and the assets.
        assert!(
            incidents
                .intersection(&machines)
                .all(|key| hosts.contains(key) && assets.contains(key))
        );
        assert!(alerts.intersection(&machines).all(|key| hosts.contains(key)), "{cloud:?}");
    }
    assert!(images.len() > 20 && images.iter().all(|key| assets.contains(key)));
    assert!(functions.len() > 20 && functions.iter().all(|key| assets.contains(key)));
    let known: BTreeSet<String> = things.iter().map(key).collect();
    assert!(incidents.iter().chain(&hosts).all(|key| known.contains(key)), "nothing made up");
}

#[tokio::test]
async fn an_alert_has_the_key_that_its_clouds_own_name_has() {
    let rig = rig(Plans { flaws: 800, options: &[], ..Plans::default() }).await;
    for old in [false, true] {
        rig.double.behave(|quirks| quirks.old_rrn = old);
        let brought = rig.read("alerts", None).await.unwrap();
        let made = findings(records(stream("alerts"), &brought.items));
        let shown = rig.shown(&[Seat::Alert]);
        let wrong: Vec<_> = shown
            .iter()
            .map(|(flaw, thing)| {
                let id = format!("P-{}", flaw.number + 1000);
                let finding = made.iter().find(|finding| finding.native_id == id).unwrap();
                (thing.kind, finding.asset.id.key().to_owned(), key(thing))
            })
            .filter(|(_, made, truth)| made != truth)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
