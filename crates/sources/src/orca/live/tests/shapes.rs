//! Live records in the shapes that Orca answers with, where they have more than exports.

use quell_model::Record;
use serde_json::json;

use crate::testing::normalize_text;

#[test]
fn a_related_object_has_its_fields_below_data() {
    let text = json!({"status": "success", "data": [{"id": "1", "type": "Alert", "name": "orca-1263534",
        "asset_unique_id": "AzureComputeVm_3f1c_1", "data": {
            "AlertId": {"value": "263534"}, "OrcaScore": {"value": 7.1}, "Title": {"value": "Open port"},
            "RuleType": {"value": "azure_open_port"}, "Status": {"value": "open"},
            "AssetData": {"value": {"asset_name": "web", "asset_type": "vm", "cloud_provider": "azure",
                "asset_unique_id": "AzureComputeVm_3f1c_1", "asset_labels": ["internet_facing"]}},
            "Inventory": {"id": "2", "type": "AzureComputeVm", "name": "web", "data": {"Name": {"value": "web"},
                "Arn": {"value": "/subscriptions/3f1c/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/web"}}},
            "CloudAccount": {"type": "CloudAccount", "data": {"CloudVendorId": {"value": "3f1c"}}}}}]});
    let records = normalize_text(&text.to_string()).remove(0).unwrap();
    let [Record::Finding(finding)] = &records[..] else { panic!("{records:?}") };
    assert_eq!(finding.native_id, "orca-1263534");
    assert!(finding.asset.id.key().contains("/virtualmachines/web"), "{}", finding.asset.id.key());
    assert_eq!(finding.asset.signals.internet_exposed, Some(true));
}
