//! VPC flow logs of AWS: with a header or in the order of version 2, and as tables that were
//! queried from them. A row says which connections an interface took or refused, so it is an
//! activity; a row that says that nothing was seen or kept is one too.
//!
//! <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>

#[cfg(test)]
mod tests;

use quell_model::{
    Activity, Asset, AssetId, Hints, Provider, Record, Tool, Untrusted, parse_timestamp,
};

use crate::wire::{Facts, Row};
use crate::{Need, Output, RawRecord, Rejection, Shape, Source};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "vpc_flow",
    title: "VPC flow logs",
    shapes: &[
        Shape::plain("row as an object", &["$"], OBJECT),
        Shape::plain("list of rows as objects", &["$[]"], OBJECTS),
        Shape::table(
            "flow log",
            &[Need::Column("srcaddr"), Need::Column("dstaddr"), Need::Column("action")],
        ),
        Shape::table(
            "queried flow log",
            &[
                Need::Column("sourceaddress"),
                Need::Column("destinationaddress"),
                Need::Column("action"),
            ],
        ),
    ],
    normalize,
    coverage: None,
    live: None,
};

const OBJECT: &[Need] = &[
    Need::Has("$.srcaddr"),
    Need::Has("$.dstaddr"),
    Need::Has("$.action"),
    Need::AnyOf(&["$.interface_id", "$.interface-id"]),
];
const OBJECTS: &[Need] = &[
    Need::Has("$[].srcaddr"),
    Need::Has("$[].dstaddr"),
    Need::Has("$[].action"),
    Need::AnyOf(&["$[].interface_id", "$[].interface-id"]),
];

/// Columns with the names that older query tables have for them.
const INTERFACE: &[&str] = &["interface-id"];
const SOURCE_ADDRESS: &[&str] = &["srcaddr", "sourceaddress"];
const TARGET_ADDRESS: &[&str] = &["dstaddr", "destinationaddress"];
const SOURCE_PORT: &[&str] = &["srcport", "sourceport"];
const TARGET_PORT: &[&str] = &["dstport", "destinationport"];
const START: &[&str] = &["start", "starttime", "start_timestamp"];
const END: &[&str] = &["end", "endtime", "end_timestamp"];

/// Most bytes that are kept of an address or a name.
const NAME_BYTES: usize = 256;

fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: Row<'_> = serde_json::from_str(raw.text)?;
    let asset = asset(&row)?;
    let kept = row.get(&["log-status"]);
    let (action, succeeded) = match (row.get(&["action"]), kept) {
        (_, Some(word @ ("NODATA" | "SKIPDATA"))) => (word, None),
        (Some("ACCEPT"), _) => ("ACCEPT", Some(true)),
        (Some("REJECT"), _) => ("REJECT", Some(false)),
        (Some(_), _) => {
            return Err(Rejection::new("column `action` is neither `ACCEPT` nor `REJECT`"));
        }
        (None, _) => return Err(Rejection::new("column `action` is missing or empty")),
    };
    if succeeded.is_some() {
        for (name, columns) in [("srcaddr", SOURCE_ADDRESS), ("dstaddr", TARGET_ADDRESS)] {
            if row.get(columns).is_none() {
                return Err(Rejection::new(format!("column `{name}` is missing or empty")));
            }
        }
    }
    let source = row.get(&["pkt-srcaddr"]).or(row.get(SOURCE_ADDRESS)).unwrap_or_default();
    output.push(Record::Activity(Box::new(Activity {
        tool: Tool { product: "vpc_flow".to_owned(), format: "vpc_flow".to_owned() },
        native_id: native_id(&row),
        action: action.to_owned(),
        principal: Untrusted::from(source).capped(NAME_BYTES),
        asset,
        time: row.get(START).or(row.get(END)).and_then(parse_timestamp),
        succeeded,
        evidence: facts(&row),
    })));
    Ok(())
}

/// The interface, else the machine behind it.
fn asset(row: &Row<'_>) -> Result<Asset, Rejection> {
    let kinds = [
        ("interface-id", "AWS::EC2::NetworkInterface"),
        ("instance-id", "AWS::EC2::Instance"),
        ("vpc-id", "AWS::EC2::VPC"),
    ];
    let named = kinds.iter().find_map(|(column, kind)| Some((row.get(&[column])?, *kind)));
    let (native, kind) = named.ok_or_else(|| {
        Rejection::new("columns `interface-id`, `instance-id` and `vpc-id` are missing or empty")
    })?;
    let hints = Hints {
        provider: Some(Provider::Aws),
        account: row.get(&["account-id", "account"]).filter(|account| *account != "unknown"),
        region: row.get(&["region"]),
        kind: Some(kind),
        ..Hints::default()
    };
    Ok(Asset {
        id: AssetId::parse(native, &hints),
        native_id: native.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(native).capped(NAME_BYTES),
        ..Asset::default()
    })
}

/// A row has no id: what it counts and when tells it from any other.
fn native_id(row: &Row<'_>) -> String {
    let columns: [&[&str]; 11] = [
        INTERFACE,
        SOURCE_ADDRESS,
        TARGET_ADDRESS,
        SOURCE_PORT,
        TARGET_PORT,
        &["protocol"],
        START,
        END,
        &["action"],
        &["log-status"],
        &["flow-direction"],
    ];
    let cell = |names: &&[&str]| row.or_empty(names).chars().take(NAME_BYTES).collect::<String>();
    let parts: Vec<String> = columns.iter().map(cell).collect();
    parts.join("|")
}

fn facts(row: &Row<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    let columns: [(&str, &[&str]); 8] = [
        ("srcaddr", SOURCE_ADDRESS),
        ("srcport", SOURCE_PORT),
        ("dstaddr", TARGET_ADDRESS),
        ("dstport", TARGET_PORT),
        ("protocol", &["protocol"]),
        ("packets", &["packets", "numpackets"]),
        ("bytes", &["bytes", "numbytes"]),
        ("flow-direction", &["flow-direction"]),
    ];
    for (name, columns) in columns {
        facts.add(name, row.or_empty(columns));
    }
    facts.into_vec()
}
