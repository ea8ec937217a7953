//! `quell triage --inventory`, and `[inventory.NAME]` with `[owners]`.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Bench, demo, prowler};
use serde_json::{Value, json};

const CMDB: &str = "arn,owner,support_group\n\
    arn:aws:s3:::logs,\"=HYPERLINK(\"\"http://x\"\",\"\"\u{1b}[2J\"\")\",ops\nshort\n";

fn filled() -> Bench {
    let bench = Bench::new();
    let mut record = prowler("logs");
    record["resources"][0]["labels"] = json!(["team:storage"]);
    bench.file("scan.json", json!([record]).to_string());
    bench.file("cmdb-prod.csv", CMDB);
    bench
}

fn report(bench: &Bench, arguments: &[&str]) -> Value {
    let output = bench.run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(bench: &Bench, arguments: &[&str]) -> String {
    String::from_utf8(bench.run(arguments).stdout).unwrap()
}

#[test]
fn a_report_with_an_inventory_keeps_to_the_schema_and_its_rows_add_up() {
    let bench = filled();
    let told = report(&bench, &["triage", "scan.json", "--inventory", "cmdb-prod.csv", "--json"]);
    let schema = std::fs::read(demo().join("../../docs/report.schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    jsonschema::validate(&schema, &told).unwrap();
    let inventory = &told["inventories"][0];
    assert_eq!(inventory["rejects"], json!(["row 3: 1 cells, the header has 3"]));
    let of = |name: &str| inventory[name].as_u64().unwrap();
    assert_eq!((of("joined"), of("unmatched"), of("rejected")), (1, 0, 1));
    assert_eq!(of("records"), of("joined") + of("unmatched") + of("rejected"));
    let asset = &told["assets"][0];
    assert_eq!(asset["owner"]["because"], "from CMDB cmdb-prod row 2");
    assert_eq!(asset["other_owners"][0]["because"], "from tag `team`");
}

#[test]
fn a_hostile_cell_is_escaped_in_every_report() {
    let bench = filled();
    bench.run(&["triage", "scan.json", "--inventory", "cmdb-prod.csv"]);
    for format in quell_report::FORMATS {
        let told = text(&bench, &["triage", "--all", "--format", format.name]);
        assert!(!told.contains('\u{1b}'), "{}", format.name);
        let bare = told.lines().any(|line| line.split(',').any(|cell| cell.starts_with("\"=HYP")));
        assert!(format.name != "csv" || (told.contains("HYPERLINK") && !bare), "{told}");
    }
}

#[test]
fn the_configuration_names_inventories_columns_and_the_order() {
    let bench = filled();
    bench.file(
        "quell.toml",
        "[inventory.prod]\nfile = \"cmdb-prod.csv\"\nowner = \"Support Group\"\n",
    );
    let owner = |told: Value| told["assets"][0]["owner"].clone();
    let told = owner(report(&bench, &["triage", "scan.json", "--json"]));
    assert_eq!(told, json!({"name": "ops", "because": "from CMDB prod row 2"}));
    bench.file("other.toml", "[owners]\norder = [\"tag\"]\n");
    let told = owner(report(&bench, &["triage", "--json", "--config", "other.toml"]));
    assert_eq!(told, json!({"name": "storage", "because": "from tag `team`"}));
    bench.file("wrong.toml", "[owners]\norder = [\"tags\"]\n");
    let wrong = bench.run(&["triage", "--json", "--config", "wrong.toml"]);
    assert_eq!(wrong.status.code(), Some(2));
    let wrong = bench.run(&["triage", "scan.json", "--inventory", "nowhere.csv"]);
    assert_eq!(wrong.status.code(), Some(3));
}
