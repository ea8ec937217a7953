//! CSAF documents, read the way files are.

use quell_model::Position;

use crate::testing::{normalize_text, only_statements};

fn document(tree: &str, vulnerabilities: &str) -> String {
    format!(
        r#"{{"document":{{"category":"csaf_vex","csaf_version":"2.0","publisher":{{"category":"vendor","name":"Example Works"}},
        "title":"t","tracking":{{"id":"EW-7","current_release_date":"2031-03-04T00:00:00Z","version":"1"}}}},
        "product_tree":{tree},"vulnerabilities":[{vulnerabilities}]}}"#
    )
}

const TREE: &str = r#"{"branches":[{"category":"vendor","name":"Example Works","branches":[
   {"category":"product_name","name":"Mill","branches":[
     {"category":"product_version","name":"4.2","product":{"name":"Example Works Mill 4.2","product_id":"P1"}},
     {"category":"product_version_range","name":"vers:generic/>=3|<4","product":{"name":"Mill 3","product_id":"P2"}}]}]}],
   "full_product_names":[{"product_id":"L1","name":"wheel library",
     "product_identification_helper":{"purl":"pkg:golang/example.test/wheel@v1.4.0"}}],
   "relationships":[{"category":"default_component_of","product_reference":"L1","relates_to_product_reference":"P1",
     "full_product_name":{"product_id":"P1-L1","name":"wheel in Mill"}}],
   "product_groups":[{"group_id":"G1","product_ids":["P1","P2"]}]}"#;

#[test]
fn ids_are_read_from_the_tree_and_parts_from_relationships() {
    let text = document(
        TREE,
        r#"{"cve":"CVE-2031-5001","ids":[{"system_name":"x","text":"EW-BUG-1"}],
         "flags":[{"label":"vulnerable_code_not_in_execute_path","product_ids":["P1-L1"]}],
         "threats":[{"category":"exploit_status","details":"no"},{"category":"impact","details":"never called"}],
         "remediations":[{"category":"vendor_fix","details":"use 4.3","group_ids":["G1"]}],
         "product_status":{"known_affected":["P1","P2"],"known_not_affected":["P1-L1"],"fixed":["elsewhere"]}}"#,
    );
    let made = only_statements(&text);
    let [not_affected, fixed, affected, older] = made.as_slice() else { panic!("{made:?}") };
    assert_eq!(not_affected.verdict, Position::NotAffected);
    assert_eq!(
        (not_affected.product.name.as_str(), not_affected.product.version.as_str()),
        ("Mill", "4.2")
    );
    let component = not_affected.component.as_ref().unwrap();
    assert_eq!(component.purl.as_deref(), Some("pkg:golang/example.test/wheel@v1.4.0"));
    assert_eq!(not_affected.justification, "vulnerable_code_not_in_execute_path");
    assert_eq!(not_affected.text.raw(), "never called");
    assert_eq!((fixed.product.name.as_str(), fixed.verdict), ("elsewhere", Position::Fixed));
    assert_eq!((affected.text.raw(), affected.verdict), ("use 4.3", Position::Affected));
    assert_eq!(older.product.range.as_deref(), Some("vers:generic/>=3|<4"));
    assert_eq!((older.native_id.as_str(), older.author.raw()), ("EW-7", "Example Works"));
    assert_eq!(older.aliases, ["EW-BUG-1"]);
}

#[test]
fn relationships_in_a_circle_end() {
    let tree = r#"{"relationships":[
      {"category":"installed_on","product_reference":"A","relates_to_product_reference":"B","full_product_name":{"product_id":"A","name":"a"}},
      {"category":"installed_on","product_reference":"A","relates_to_product_reference":"A","full_product_name":{"product_id":"B","name":"b"}}]}"#;
    let made = only_statements(&document(
        tree,
        r#"{"cve":"CVE-2031-5002","product_status":{"fixed":["A"]}}"#,
    ));
    assert_eq!(made.len(), 1);
}

#[test]
fn what_speaks_of_nothing_is_rejected() {
    let text = document(
        "{}",
        r#"{"title":"x"},{"cve":"CVE-2031-5003"},{"cve":"CVE-2031-5003","product_status":{}}"#,
    );
    let reasons: Vec<String> = normalize_text(&text).into_iter().map(|r| r.unwrap_err()).collect();
    assert!(reasons[0].contains("`cve`") && reasons[1].contains("`product_status`"), "{reasons:?}");
    assert!(reasons[2].contains("names no product"));
}
