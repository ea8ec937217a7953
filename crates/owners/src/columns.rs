//! Which column says what.

use std::net::IpAddr;

use quell_model::{AssetId, Hints};

use crate::inventory::Row;

/// Shorter ids of machines are numbers of rows, not ids.
const LEAST_ID: usize = 8;
/// Names of columns that say what, the one that counts most first. Letters and digits count.
const RESOURCE: &[&str] = &[
    "arn",
    "resourcearn",
    "resourceid",
    "cloudresourceid",
    "azureresourceid",
    "selflink",
    "objectid",
    "correlationid",
    "nativeid",
    "cloudid",
    "instanceid",
    "cloudinstanceid",
    "vmid",
    "ec2instanceid",
    "serialnumber",
    "id",
    "assetid",
];
const HOST: &[&str] = &["fqdn", "hostname", "host", "dnsname", "dnshostname", "computername"];
const ADDRESS: &[&str] = &[
    "ipaddress",
    "ip",
    "ipaddresses",
    "privateip",
    "publicip",
    "privateipaddress",
    "publicipaddress",
];
const NAME: &[&str] = &["name", "assetname", "ciname", "resourcename", "displayname"];
const OWNER: &[&str] = &[
    "owner",
    "ownerteam",
    "owningteam",
    "team",
    "ownedby",
    "ownedbyname",
    "supportgroup",
    "supportgroupname",
    "assignmentgroup",
    "assignmentgroupname",
    "managedbygroup",
    "managedby",
    "managedbyname",
    "serviceowner",
    "technicalowner",
    "businessowner",
    "owneremail",
    "assignedto",
];
const ENVIRONMENT: &[&str] = &["environment", "env", "usedfor", "stage"];
const CRITICALITY: &[&str] = &["criticality", "businesscriticality", "busimportance", "importance"];
const DATA_CLASS: &[&str] =
    &["dataclass", "dataclassification", "datasensitivity", "informationclassification"];
const PUBLIC: &[&str] = &[
    "public",
    "ispublic",
    "publiclyaccessible",
    "publicfacing",
    "internetfacing",
    "isinternetfacing",
    "internetexposed",
    "internetaccessible",
    "exposedtointernet",
    "externalfacing",
];
/// Words of such a column.
const YES: &[&str] =
    &["true", "yes", "y", "1", "x", "public", "internet", "internetfacing", "external", "exposed"];
const NO: &[&str] = &["false", "no", "n", "0", "private", "internal", "internalonly", "notexposed"];
const ITEM: &[&str] = &["sysid"];

/// Columns that the user names; what is left out is recognized by its usual names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// What identifies the asset.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// What it is for.
    pub environment: Option<String>,
    /// How much depends on it.
    pub criticality: Option<String>,
    /// The class of its data.
    pub data_class: Option<String>,
    /// Whether the internet reaches it.
    pub public: Option<String>,
}

/// The cells of one record: column and value.
pub(crate) type Cells = Vec<(String, String)>;

impl Columns {
    /// Whether a record with these columns can say which asset it means.
    pub(crate) fn can_join<'c>(&self, columns: &(impl Iterator<Item = &'c str> + Clone)) -> bool {
        let roles = [(&self.id, RESOURCE), (&self.name, NAME), (&None, HOST), (&None, ADDRESS)];
        roles.into_iter().any(|(said, usual)| {
            columns.clone().any(|column| is(column, said.as_deref(), usual).is_some())
        })
    }

    /// What a record says; `None` where it names no asset.
    pub(crate) fn row(&self, row: u64, cells: &Cells) -> Option<Row> {
        let mut keys: [Vec<String>; 5] = Default::default();
        for value in all(cells, self.id.as_deref(), RESOURCE) {
            add_id(&mut keys, value);
        }
        let [_, _, hosts, addresses, names] = &mut keys;
        hosts.extend(all(cells, None, HOST).filter_map(name_key));
        for value in all(cells, None, ADDRESS) {
            addresses.extend(value.split([',', ';', ' ']).filter_map(address_key));
        }
        names.extend(all(cells, self.name.as_deref(), NAME).filter_map(name_key));
        for list in &mut keys {
            list.sort_unstable();
            list.dedup();
        }
        if keys.iter().all(Vec::is_empty) {
            return None;
        }
        let first = |said: &Option<String>, usual| {
            all(cells, said.as_deref(), usual)
                .find(|v| says_something(v))
                .unwrap_or_default()
                .to_owned()
        };
        let item = all(cells, None, ITEM).find(|id| is_sys_id(id)).unwrap_or_default();
        Some(Row {
            row,
            item: item.to_ascii_lowercase(),
            owner: first(&self.owner, OWNER),
            environment: first(&self.environment, ENVIRONMENT),
            criticality: first(&self.criticality, CRITICALITY),
            data_class: first(&self.data_class, DATA_CLASS),
            exposed: exposed(cells, self.public.as_deref()),
            keys,
        })
    }
}

/// What a record says of the internet; nothing where its word is not known.
fn exposed(cells: &Cells, said: Option<&str>) -> String {
    let of = |value: &str| {
        let word = plain(value);
        let is = |words: &[&str]| words.contains(&word.as_str());
        if is(YES) { Some("true") } else { is(NO).then_some("false") }
    };
    all(cells, said, PUBLIC).find_map(of).unwrap_or_default().to_owned()
}

/// The rank of a column in a role, where it has that role.
fn is(column: &str, said: Option<&str>, usual: &[&str]) -> Option<usize> {
    match said {
        Some(said) => (plain(said) == plain(column)).then_some(0),
        None => {
            let column = plain(column);
            usual.iter().position(|name| *name == column)
        }
    }
}

/// Every value of a role that is no blank, the column that counts most first.
fn all<'c>(
    cells: &'c Cells,
    said: Option<&str>,
    usual: &[&str],
) -> impl Iterator<Item = &'c str> + use<'c> {
    let mut found: Vec<(usize, &str)> = cells
        .iter()
        .filter_map(|(column, value)| Some((is(column, said, usual)?, value.trim())))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, value)| value)
}

/// Puts an id where it belongs by what it looks like.
fn add_id(keys: &mut [Vec<String>; 5], value: &str) {
    let [resources, instances, _, addresses, _] = keys;
    if let Some(address) = address_key(value) {
        addresses.push(address);
    } else if value.starts_with("arn:") || value.contains('/') {
        resources.extend(resource_keys(value));
    } else {
        instances.extend(instance_key(value));
    }
}

/// The spellings under which a resource id is looked for.
pub(crate) fn resource_keys(id: &str) -> Vec<String> {
    let parsed = AssetId::parse(id, &Hints::default());
    vec![parsed.key().to_lowercase(), id.trim().to_lowercase()]
}

/// An id of a machine that is long enough to be one.
pub(crate) fn instance_key(id: &str) -> Option<String> {
    let id = id.trim();
    let odd = |c: char| c.is_whitespace() || c.is_control();
    let random = id.chars().any(|c| c.is_ascii_digit());
    (id.len() >= LEAST_ID && random && !id.contains(odd)).then(|| id.to_lowercase())
}

/// An address in its one spelling.
pub(crate) fn address_key(text: &str) -> Option<String> {
    let address: IpAddr = text.trim().parse().ok()?;
    let says_nothing = address.is_loopback() || address.is_unspecified();
    (!says_nothing).then(|| address.to_canonical().to_string())
}

/// A name in small letters, without a dot at its end.
pub(crate) fn name_key(text: &str) -> Option<String> {
    let name = text.trim().trim_end_matches('.').to_lowercase();
    (says_something(&name) && name.parse::<IpAddr>().is_err()).then_some(name)
}

/// Whether a value is more than a blank. A bare id of ServiceNow names nobody.
fn says_something(value: &str) -> bool {
    let word = plain(value);
    let nothing =
        ["", "na", "none", "null", "nil", "tbd", "todo", "undefined", "unknown", "unassigned"];
    !nothing.contains(&word.as_str()) && !is_sys_id(&word)
}

/// Whether a text is an id of ServiceNow.
fn is_sys_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Letters and digits in small letters.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
