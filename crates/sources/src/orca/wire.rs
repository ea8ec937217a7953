//! Records as Orca writes them. Every field is optional and lenient: two generations of the API
//! and five push channels leave out different ones.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::intake::place::without_place;
pub(super) use crate::wire::Text;
use crate::wire::or_default;

/// A field that the serving layer writes as `{"value": …}`, or plain with `flat_json`. A related
/// object has its fields below `data`.
#[derive(Debug, Clone, Default)]
pub(super) struct Field<T>(pub(super) T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wrapped<'a> {
            #[serde(borrow)]
            value: Option<&'a RawValue>,
            #[serde(borrow)]
            data: Option<&'a RawValue>,
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        let is_object = raw.get().starts_with('{');
        let wrapped = is_object.then(|| serde_json::from_str::<Wrapped<'de>>(raw.get()).ok());
        let inner = match wrapped.flatten() {
            Some(Wrapped { value: Some(value), .. }) => value.get(),
            Some(Wrapped { data: Some(data), .. }) if data.get().starts_with('{') => data.get(),
            Some(_) | None => raw.get(),
        };
        // An error that tells a position keeps it, and this one would be within the field.
        let value = serde_json::from_str::<Option<T>>(inner)
            .map_err(|error| D::Error::custom(without_place(&error)))?;
        Ok(Self(value.unwrap_or_default()))
    }
}

/// Anything that is read as a value or dropped: one odd field does not cost the record.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// The keys by which a record's kind is told.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Keys<'a> {
    #[serde(borrow)]
    pub(super) state: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) alert_id: Text<'a>,
    #[serde(borrow)]
    pub(super) cve_id: Text<'a>,
    #[serde(borrow)]
    pub(super) asset_unique_id: Text<'a>,
    #[serde(borrow, rename = "OrcaScore")]
    pub(super) orca_score: Option<&'a RawValue>,
    #[serde(borrow, rename = "AlertId")]
    pub(super) served_alert_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "CveId")]
    pub(super) served_cve_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

/// What a flat record says of its asset: an alert, a vulnerability or the asset itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FlatAsset<'a> {
    #[serde(borrow)]
    pub(super) asset_name: Text<'a>,
    #[serde(borrow)]
    pub(super) asset_type: Text<'a>,
    #[serde(borrow)]
    pub(super) asset_unique_id: Text<'a>,
    #[serde(borrow)]
    pub(super) asset_vendor_id: Text<'a>,
    #[serde(borrow)]
    pub(super) vm_id: Text<'a>,
    #[serde(borrow)]
    pub(super) account_name: Text<'a>,
    #[serde(borrow)]
    pub(super) cloud_provider: Text<'a>,
    #[serde(borrow)]
    pub(super) cloud_provider_id: Text<'a>,
    #[serde(borrow)]
    pub(super) cloud_vendor_id: Text<'a>,
    #[serde(borrow)]
    pub(super) subject_type: Text<'a>,
    #[serde(borrow)]
    pub(super) type_key: Text<'a>,
    #[serde(borrow)]
    pub(super) internet_facing: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) asset_regions: Value,
    #[serde(deserialize_with = "or_default")]
    pub(super) asset_labels: Value,
    #[serde(deserialize_with = "or_default")]
    pub(super) asset_tags_info_list: Value,
    #[serde(deserialize_with = "or_default")]
    pub(super) tags_info_list: Value,
    #[serde(deserialize_with = "lenient")]
    pub(super) compute: Compute,
    #[serde(deserialize_with = "or_default")]
    pub(super) model: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Compute {
    pub(super) regions: Value,
}

/// An alert of the older API and of the push channels.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FlatAlert<'a> {
    #[serde(borrow)]
    pub(super) alert_id: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) state: State<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) rule: Text<'a>,
    #[serde(borrow)]
    pub(super) alert_type: Text<'a>,
    #[serde(borrow)]
    pub(super) type_string: Text<'a>,
    #[serde(borrow)]
    pub(super) rule_id: Text<'a>,
    #[serde(borrow)]
    pub(super) category: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow)]
    pub(super) details: Text<'a>,
    #[serde(borrow)]
    pub(super) recommendation: Text<'a>,
    #[serde(borrow)]
    pub(super) source: Text<'a>,
    #[serde(borrow)]
    pub(super) max_cvss_score: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) risk_level: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) orca_score: Text<'a>,
    #[serde(borrow, rename = "TimeGenerated")]
    pub(super) time_generated: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) alert_labels: Value,
    #[serde(deserialize_with = "or_default")]
    pub(super) cve_list: Value,
    #[serde(deserialize_with = "or_default")]
    pub(super) data: Value,
    #[serde(borrow)]
    pub(super) rule_query: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct State<'a> {
    #[serde(borrow)]
    pub(super) alert_id: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) risk_level: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) score: Text<'a>,
    #[serde(borrow)]
    pub(super) orca_score: Text<'a>,
    #[serde(borrow)]
    pub(super) created_at: Text<'a>,
    #[serde(borrow)]
    pub(super) last_seen: Text<'a>,
    #[serde(borrow)]
    pub(super) last_updated: Text<'a>,
    #[serde(borrow)]
    pub(super) closed_reason: Text<'a>,
}

/// A record of the serving layer, around its fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Served<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) asset_unique_id: Text<'a>,
    #[serde(borrow)]
    pub(super) last_seen: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
}

/// The fields of an alert or a vulnerability of the serving layer.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Fields<'a> {
    #[serde(borrow)]
    pub(super) alert_id: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) status: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) risk_level: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) severity: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) orca_score: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) score: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) category: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) alert_type: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) rule_type: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) rule_id: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) title: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) description: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) details: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) recommendation: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) source: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) max_cvss_score: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) created_at: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) first_seen: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) last_seen: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) last_updated: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) closed_reason: Field<Text<'a>>,
    pub(super) labels: Field<Value>,
    pub(super) cve_ids: Field<Value>,
    #[serde(borrow)]
    pub(super) asset_data: Field<FlatAsset<'a>>,
    #[serde(borrow)]
    pub(super) inventory: Field<Inventory<'a>>,
    #[serde(borrow)]
    pub(super) cloud_account: Field<CloudAccount<'a>>,
    #[serde(borrow)]
    pub(super) cve_id: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) cvss_score: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) cvss_severity: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) cvss_vector: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) epss_probability: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) has_exploit: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) cisa_kev: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) source_link: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) patched_version: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) installed_package: Field<InstalledPackage<'a>>,
}

/// An asset of the serving layer.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Inventory<'a> {
    #[serde(borrow)]
    pub(super) name: Field<Text<'a>>,
    #[serde(borrow, rename = "Type")]
    pub(super) kind: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) asset_unique_id: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) arn: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) ui_unique_field: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) region: Field<Text<'a>>,
    pub(super) regions: Field<Value>,
    #[serde(borrow)]
    pub(super) is_internet_facing: Field<Text<'a>>,
    pub(super) tags: Field<Value>,
    #[serde(borrow)]
    pub(super) cloud_account: Field<CloudAccount<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct CloudAccount<'a> {
    #[serde(borrow)]
    pub(super) name: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) cloud_provider: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) cloud_provider_id: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) cloud_vendor_id: Field<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct InstalledPackage<'a> {
    #[serde(borrow)]
    pub(super) name: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) version: Field<Text<'a>>,
    #[serde(borrow, rename = "PURL")]
    pub(super) purl: Field<Text<'a>>,
    #[serde(borrow)]
    pub(super) path: Field<Text<'a>>,
}

/// A vulnerability of the older API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FlatCve<'a> {
    #[serde(borrow)]
    pub(super) cve_id: Text<'a>,
    #[serde(borrow)]
    pub(super) summary: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) score: Text<'a>,
    #[serde(borrow)]
    pub(super) cvss3_score: Text<'a>,
    #[serde(borrow)]
    pub(super) cvss3_vector: Text<'a>,
    #[serde(borrow)]
    pub(super) source_link: Text<'a>,
    #[serde(borrow)]
    pub(super) last_seen: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) packages: Vec<FlatPackage<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FlatPackage<'a> {
    #[serde(borrow)]
    pub(super) package_name: Text<'a>,
    #[serde(borrow)]
    pub(super) installed_version: Text<'a>,
    #[serde(borrow)]
    pub(super) patched_version: Text<'a>,
    #[serde(borrow)]
    pub(super) non_os_package_paths: Text<'a>,
}

/// The texts of a list, or of a text that lists them with commas.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => {
            let parts = text.trim_matches(['[', ']']).split(',');
            parts
                .map(|part| part.trim().trim_matches(['"', '\'']))
                .filter(|p| !p.is_empty())
                .collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}
