//! Inventories that a CMDB is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use quell_testkit::double::Double;
use quell_testkit::net::{Answer, Asked, HttpServer};
use quell_testkit::server::delivery;
use quell_testkit::sinks::ServiceNowDouble;
use serde_json::{Value, json};

use crate::bench::{Bench, Shifted, lines, runtime, uids, until};

#[test]
fn a_table_that_is_asked_names_owners_and_an_outage_takes_none_away() {
    let runtime = runtime();
    let id = uids("a", 1).remove(0);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let table = move |request: &Asked| {
        assert_eq!(request.path, "/api/now/table/cmdb_ci");
        assert!(
            request.query.contains("install_status%21%3D7%5EORDERBYsys_id"),
            "{}",
            request.query
        );
        let number = count.fetch_add(1, Ordering::SeqCst);
        let text = |text: &str| json!({"value": text, "display_value": text});
        let row = json!({"sys_id": text("0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
            "object_id": text(&format!("arn:aws:s3:::{id}")),
            "support_group": {"value": "9f8e7d6c5b4a39281706f5e4d3c2b1a0", "display_value": "Payments"}});
        match number {
            0 => Answer::new(200, json!({"result": [row]}).to_string()),
            // A part of the list, and an error beside it.
            _ => Answer::new(200, r#"{"result":[],"error":{"message":"Transaction cancelled"}}"#),
        }
    };
    let table = runtime.block_on(HttpServer::start(Arc::new(table))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("had/cmdb.json");
    let bench = Bench::with(
        &[],
        &format!(
            "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[inventory.cmdb]\nfile = \"{}\"\n\
             servicenow = \"{}/api/now/table/cmdb_ci\"\npassword = \"env:BEARER\"\n\
             every_seconds = 60\n",
            file.display(),
            table.url()
        ),
    );
    assert_eq!(bench.post("/api/v1/imports", lines("a", 2)).status, 202);
    bench.until_found("default", &uids("a", 2));
    let owned = || {
        let told = bench.get("/api/v1/issues?team=Payments").json();
        told["items"].as_array().map_or(0, Vec::len)
    };
    until("the owner is told", || owned() == 1);
    let before = std::fs::read(&file).unwrap();
    bench.clock.0.fetch_add(61, Ordering::SeqCst);
    let source = || {
        let sources = bench.get("/api/v1/sources").json();
        let own = sources["items"].as_array().unwrap().iter().find(|one| one["name"] == "cmdb");
        own.cloned().unwrap_or_default()
    };
    until("the outage is told", || source()["health"] == "failing");
    assert!(asked.load(Ordering::SeqCst) > 1);
    assert_eq!((source()["kind"].as_str(), owned()), (Some("inventory"), 1));
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn the_item_of_an_inventory_stands_in_the_record_of_its_asset() {
    let runtime = runtime();
    let now = Arc::new(ServiceNowDouble::new(Arc::new(Shifted::default())));
    let double = runtime.block_on(Double::start(Arc::clone(&now) as _)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (cmdb, key) = (folder.path().join("cmdb.json"), folder.path().join("key"));
    let arn = format!("arn:aws:s3:::{}", uids("d", 2).remove(1));
    let rows = json!({"result": [{"sys_id": ServiceNowDouble::ITEM, "object_id": arn,
        "support_group": "Payments"}]});
    std::fs::write(&cmdb, rows.to_string()).unwrap();
    std::fs::write(&key, ServiceNowDouble::LOGIN.2).unwrap();
    let bench = Bench::with(
        &[],
        &format!(
            "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[inventory.cmdb]\nfile = \"{}\"\n\n\
             [sinks.snow]\nkind = \"servicenow\"\nurl = \"{}\"\nsecret = \"file:{}\"\n\
             options = {{ login = \"token\" }}\n\n\
             [routes.all]\nsinks = [\"snow\"]\nleast_severity = \"low\"\nrelease = \"rule\"\n",
            cmdb.display(),
            double.url(),
            key.display()
        ),
    );
    // Two incidents: of one the inventory knows the asset.
    for number in 0..2 {
        let mut record: Value = serde_json::from_slice(&delivery("d", number, 400)).unwrap();
        record["metadata"]["event_code"] = json!(format!("made_up_check_{number}"));
        record["finding_info"]["title"] = json!(format!("A made-up fault {number}"));
        record["cloud"]["account"]["uid"] = json!(format!("{:012}", 333_300_000_000 + number));
        assert_eq!(bench.deliver(record.to_string().as_bytes()).status, 202);
    }
    until("both stand", || now.records().len() == 2);
    let item_of = |fault: &str| {
        let records = now.records();
        let mut names = records.iter().map(|(name, _, _)| name);
        let name = names.find(|name| now.column(name, "short_description").contains(fault));
        now.column(name.unwrap_or_else(|| panic!("{records:?}")), "cmdb_ci")
    };
    assert_eq!(item_of("fault 1"), ServiceNowDouble::ITEM);
    assert_eq!(item_of("fault 0"), "");
}
