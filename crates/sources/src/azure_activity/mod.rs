//! Azure: the Activity log and other platform logs of the same form, and flow logs of network
//! security groups and virtual networks.

mod event;
mod flow;
#[cfg(test)]
mod tests;

use crate::wire::Tree;
use crate::{Need, Output, RawRecord, Rejection, Shape, Source};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "azure_activity",
    title: "Azure Activity and flow logs",
    shapes: &[
        Shape::plain("answer", &["$.value[]"], ANSWER),
        Shape::plain("records of a diagnostic setting", &["$.records[]"], RECORDS),
        Shape::plain("records of a flow log", &["$.records[]"], FLOWS),
        Shape::plain("list of events", &["$[]"], EVENTS),
        Shape::plain("list of diagnostic records", &["$[]"], LIST),
        Shape::plain("list of flow records", &["$[]"], FLOW_LIST),
        Shape::plain("event", &["$"], EVENT),
        Shape::plain("diagnostic record", &["$"], ONE),
        Shape::plain("flow record", &["$"], FLOW),
        Shape::plain("flow that a forwarder took apart", &["$"], FORWARDED),
    ],
    normalize,
    coverage: None,
    live: None,
};

const ANSWER: &[Need] = &[
    Need::Array("$.value"),
    Need::AnyOf(&["$.value[].eventTimestamp", "$.value[].eventDataId"]),
    Need::Has("$.value[].operationName"),
];
const RECORDS: &[Need] = &[
    Need::Array("$.records"),
    Need::AnyOf(&["$.records[].operationName", "$.records[].OperationName"]),
    Need::AnyOf(&[
        "$.records[].time",
        "$.records[].Time",
        "$.records[].timeStamp",
        "$.records[].eventTimestamp",
    ]),
    Need::AnyOf(&["$.records[].category", "$.records[].resourceId", "$.records[].ResourceId"]),
];
const FLOWS: &[Need] = &[
    Need::Array("$.records"),
    Need::AnyOf(&["$.records[].flowRecords", "$.records[].properties.flows"]),
    Need::Is("$.records[].category", &["NetworkSecurityGroupFlowEvent", "FlowLogFlowEvent"]),
];
const EVENTS: &[Need] = &[
    Need::AnyOf(&[
        "$[].eventTimestamp",
        "$[].eventDataId",
        "$[].EventDataId",
        "$[].OperationNameValue",
    ]),
    Need::AnyOf(&["$[].operationName", "$[].OperationNameValue", "$[].OperationName"]),
    Need::AnyOf(&["$[].caller", "$[].Caller", "$[].authorization", "$[].resourceId"]),
];
const LIST: &[Need] = &[
    Need::AnyOf(&["$[].operationName"]),
    Need::AnyOf(&["$[].time", "$[].timeStamp"]),
    Need::AnyOf(&["$[].category"]),
    Need::AnyOf(&["$[].resourceId", "$[].tenantId", "$[].properties"]),
];
const FLOW_LIST: &[Need] = &[
    Need::AnyOf(&["$[].flowRecords.flows", "$[].properties.flows"]),
    Need::AnyOf(&["$[].category"]),
    Need::AnyOf(&["$[].time"]),
];
const EVENT: &[Need] = &[
    Need::AnyOf(&["$.eventTimestamp", "$.eventDataId", "$.EventDataId", "$.OperationNameValue"]),
    Need::AnyOf(&["$.operationName", "$.OperationNameValue", "$.OperationName"]),
    Need::AnyOf(&["$.caller", "$.Caller", "$.authorization", "$.resourceId"]),
];
const ONE: &[Need] = &[
    Need::AnyOf(&["$.operationName"]),
    Need::AnyOf(&["$.time", "$.timeStamp"]),
    Need::AnyOf(&["$.category"]),
    Need::AnyOf(&["$.resourceId", "$.tenantId", "$.properties"]),
];
const FLOW: &[Need] = &[
    Need::AnyOf(&["$.flowRecords.flows", "$.properties.flows"]),
    Need::AnyOf(&["$.category"]),
    Need::AnyOf(&["$.time"]),
    Need::AnyOf(&["$.macAddress", "$.systemId", "$.flowLogGUID", "$.operationName"]),
];
const FORWARDED: &[Need] = &[
    Need::AnyOf(&["$.macAddress"]),
    Need::AnyOf(&["$.rule"]),
    Need::Is("$.operationName", &["NetworkSecurityGroupFlowEvents", "FlowLogFlowEvent"]),
];

fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let record: Tree<'_> = serde_json::from_str(raw.text)?;
    let word = record.text(&["category", "operationName"]);
    let is_flow = word.starts_with("NetworkSecurityGroupFlowEvent") || word == "FlowLogFlowEvent";
    if is_flow || !record.at("flowRecords.flows").is_empty() {
        return flow::activities(&record, output);
    }
    output.push(event::activity(&record)?);
    Ok(())
}
