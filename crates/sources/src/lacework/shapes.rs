//! The shapes in which the vendor's records come: alone, in a list as its command line tool
//! writes them, and as the data of an answer.

use crate::{Need, Shape};

/// An alert.
pub(super) const ALERT: &str = "alert";
/// An alert as the only data of an answer.
pub(super) const DETAILS: &str = "alert details";
/// An alert that the webhook channel posts.
pub(super) const POSTED: &str = "webhook alert";
/// An alert that the event bus channel sends.
pub(super) const BUS: &str = "event bus alert";
/// A vulnerability of a host or image.
pub(super) const VULNERABILITY: &str = "vulnerability";
/// A recommendation of a compliance report.
pub(super) const RECOMMENDATION: &str = "compliance recommendation";
/// A policy's result on a resource.
pub(super) const EVALUATION: &str = "policy evaluation";
/// A cloud resource.
pub(super) const INVENTORY: &str = "inventory";
/// A machine, image or user.
pub(super) const ENTITY: &str = "entity";
/// A cloud API call behind an alert.
pub(super) const CALL: &str = "cloud API call";
/// One moment of an alert's story.
pub(super) const OBSERVATION: &str = "observation";
/// What was done in a cloud.
pub(super) const CLOUD: &str = "cloud activity";
/// What is on a machine, or was done on it.
pub(super) const ON_MACHINE: &str = "machine activity";
/// A row of a query.
pub(super) const QUERY: &str = "query row";
/// A person's word on an alert.
pub(super) const COMMENT: &str = "alert comment";
/// Where an alert was sent.
pub(super) const DELIVERY: &str = "alert delivery";
/// A question and its answer.
pub(super) const QUESTION: &str = "investigation";
/// A policy.
pub(super) const POLICY: &str = "policy";
/// An exception.
pub(super) const EXCEPTION: &str = "exception";
/// A report definition or resource group.
pub(super) const DEFINITION: &str = "definition";

/// Every shape.
pub(super) const SHAPES: &[Shape] = &[
    Shape::plain(
        BUS,
        &["$"],
        &[
            Need::Has("$.detail.EVENT_ID"),
            Need::Has("$.detail.EVENT_TYPE"),
            Need::Has("$.detail.SEVERITY"),
            Need::Has("$.detail-type"),
        ],
    ),
    Shape::plain(
        ALERT,
        &["$"],
        &[
            Need::Has("$.alertId"),
            Need::AnyOf(&["$.alertType", "$.policyId"]),
            Need::Has("$.severity"),
            Need::AnyOf(&["$.alertInfo", "$.alertName"]),
            Need::Lacks("$.entryType"),
        ],
    ),
    Shape::plain(
        ALERT,
        &["$[]"],
        &[
            Need::Has("$[].alertId"),
            Need::AnyOf(&["$[].alertType", "$[].policyId"]),
            Need::Has("$[].severity"),
            Need::AnyOf(&["$[].alertInfo", "$[].alertName"]),
            Need::Lacks("$[].entryType"),
        ],
    ),
    Shape::plain(
        ALERT,
        &["$.data[]"],
        &[
            Need::Has("$.data[].alertId"),
            Need::AnyOf(&["$.data[].alertType", "$.data[].policyId"]),
            Need::Has("$.data[].severity"),
            Need::AnyOf(&["$.data[].alertInfo", "$.data[].alertName"]),
            Need::Lacks("$.data[].entryType"),
        ],
    ),
    Shape::plain(
        DETAILS,
        &["$"],
        &[
            Need::Has("$.data.alertId"),
            Need::AnyOf(&["$.data.alertType", "$.data.policyId"]),
            Need::Has("$.data.severity"),
            Need::Has("$.data.alertInfo"),
        ],
    ),
    Shape::plain(
        POSTED,
        &["$"],
        &[
            Need::Has("$.event_id"),
            Need::Has("$.event_title"),
            Need::Has("$.event_severity"),
            Need::AnyOf(&["$.lacework_account", "$.event_link"]),
        ],
    ),
    Shape::plain(
        POSTED,
        &["$[]"],
        &[
            Need::Has("$[].event_id"),
            Need::Has("$[].event_title"),
            Need::Has("$[].event_severity"),
            Need::AnyOf(&["$[].lacework_account", "$[].event_link"]),
        ],
    ),
    Shape::plain(
        VULNERABILITY,
        &["$"],
        &[
            Need::Has("$.vulnId"),
            Need::Has("$.featureKey"),
            Need::AnyOf(&["$.mid", "$.machineTags", "$.evalCtx", "$.imageId"]),
        ],
    ),
    Shape::plain(
        VULNERABILITY,
        &["$[]"],
        &[
            Need::Has("$[].vulnId"),
            Need::Has("$[].featureKey"),
            Need::AnyOf(&["$[].mid", "$[].machineTags", "$[].evalCtx", "$[].imageId"]),
        ],
    ),
    Shape::plain(
        VULNERABILITY,
        &["$.data[]"],
        &[
            Need::Has("$.data[].vulnId"),
            Need::Has("$.data[].featureKey"),
            Need::AnyOf(&[
                "$.data[].mid",
                "$.data[].machineTags",
                "$.data[].evalCtx",
                "$.data[].imageId",
            ]),
        ],
    ),
    Shape::plain(
        RECOMMENDATION,
        &["$"],
        &[
            Need::Has("$.REC_ID"),
            Need::Has("$.STATUS"),
            Need::AnyOf(&["$.VIOLATIONS", "$.RESOURCE_COUNT"]),
        ],
    ),
    Shape::plain(
        RECOMMENDATION,
        &["$.recommendations[]"],
        &[
            Need::Has("$.recommendations[].REC_ID"),
            Need::Has("$.recommendations[].STATUS"),
            Need::AnyOf(&["$.recommendations[].VIOLATIONS", "$.recommendations[].RESOURCE_COUNT"]),
        ],
    ),
    Shape::plain(
        RECOMMENDATION,
        &["$[].recommendations[]"],
        &[
            Need::Has("$[].recommendations[].REC_ID"),
            Need::Has("$[].recommendations[].STATUS"),
            Need::AnyOf(&[
                "$[].recommendations[].VIOLATIONS",
                "$[].recommendations[].RESOURCE_COUNT",
            ]),
        ],
    ),
    Shape::plain(
        RECOMMENDATION,
        &["$.data[].recommendations[]"],
        &[
            Need::Has("$.data[].recommendations[].REC_ID"),
            Need::Has("$.data[].recommendations[].STATUS"),
            Need::AnyOf(&[
                "$.data[].recommendations[].VIOLATIONS",
                "$.data[].recommendations[].RESOURCE_COUNT",
            ]),
        ],
    ),
    Shape::plain(
        RECOMMENDATION,
        &["$.data.recommendations[]"],
        &[
            Need::Has("$.data.recommendations[].REC_ID"),
            Need::Has("$.data.recommendations[].STATUS"),
            Need::AnyOf(&[
                "$.data.recommendations[].VIOLATIONS",
                "$.data.recommendations[].RESOURCE_COUNT",
            ]),
        ],
    ),
    Shape::plain(
        EVALUATION,
        &["$"],
        &[
            Need::Has("$.evalType"),
            Need::Has("$.id"),
            Need::Has("$.status"),
            Need::Has("$.account"),
        ],
    ),
    Shape::plain(
        EVALUATION,
        &["$[]"],
        &[
            Need::Has("$[].evalType"),
            Need::Has("$[].id"),
            Need::Has("$[].status"),
            Need::Has("$[].account"),
        ],
    ),
    Shape::plain(
        EVALUATION,
        &["$.data[]"],
        &[
            Need::Has("$.data[].evalType"),
            Need::Has("$.data[].id"),
            Need::Has("$.data[].status"),
            Need::Has("$.data[].account"),
        ],
    ),
    Shape::plain(
        INVENTORY,
        &["$"],
        &[
            Need::Has("$.csp"),
            Need::Has("$.resourceType"),
            Need::AnyOf(&["$.urn", "$.resourceId"]),
            Need::AnyOf(&["$.apiKey", "$.cloudDetails"]),
        ],
    ),
    Shape::plain(
        INVENTORY,
        &["$[]"],
        &[
            Need::Has("$[].csp"),
            Need::Has("$[].resourceType"),
            Need::AnyOf(&["$[].urn", "$[].resourceId"]),
            Need::AnyOf(&["$[].apiKey", "$[].cloudDetails"]),
        ],
    ),
    Shape::plain(
        INVENTORY,
        &["$.data[]"],
        &[
            Need::Has("$.data[].csp"),
            Need::Has("$.data[].resourceType"),
            Need::AnyOf(&["$.data[].urn", "$.data[].resourceId"]),
            Need::AnyOf(&["$.data[].apiKey", "$.data[].cloudDetails"]),
        ],
    ),
    Shape::plain(
        ENTITY,
        &["$"],
        &[
            Need::Has("$.mid"),
            Need::AnyOf(&[
                "$.agentVersion",
                "$.kernel",
                "$.awsInstanceId",
                "$.containerType",
                "$.primaryGroupName",
                "$.primaryIpAddr",
            ]),
            Need::Lacks("$.vulnId"),
        ],
    ),
    Shape::plain(
        ENTITY,
        &["$[]"],
        &[
            Need::Has("$[].mid"),
            Need::AnyOf(&[
                "$[].agentVersion",
                "$[].kernel",
                "$[].awsInstanceId",
                "$[].containerType",
                "$[].primaryGroupName",
                "$[].primaryIpAddr",
            ]),
            Need::Lacks("$[].vulnId"),
        ],
    ),
    Shape::plain(
        ENTITY,
        &["$.data[]"],
        &[
            Need::Has("$.data[].mid"),
            Need::AnyOf(&[
                "$.data[].agentVersion",
                "$.data[].kernel",
                "$.data[].awsInstanceId",
                "$.data[].containerType",
                "$.data[].primaryGroupName",
                "$.data[].primaryIpAddr",
            ]),
            Need::Lacks("$.data[].vulnId"),
        ],
    ),
    Shape::plain(
        ENTITY,
        &["$"],
        &[Need::Has("$.vulnCountCritical"), Need::Has("$.repository"), Need::Has("$.imageId")],
    ),
    Shape::plain(
        ENTITY,
        &["$[]"],
        &[
            Need::Has("$[].vulnCountCritical"),
            Need::Has("$[].repository"),
            Need::Has("$[].imageId"),
        ],
    ),
    Shape::plain(
        ENTITY,
        &["$.data[]"],
        &[
            Need::Has("$.data[].vulnCountCritical"),
            Need::Has("$.data[].repository"),
            Need::Has("$.data[].imageId"),
        ],
    ),
    Shape::plain(
        CALL,
        &["$"],
        &[
            Need::Has("$.eventName"),
            Need::Has("$.eventSource"),
            Need::Has("$.sourceIpAddress"),
            Need::Has("$.recipientAccountId"),
        ],
    ),
    Shape::plain(
        CALL,
        &["$[]"],
        &[
            Need::Has("$[].eventName"),
            Need::Has("$[].eventSource"),
            Need::Has("$[].sourceIpAddress"),
            Need::Has("$[].recipientAccountId"),
        ],
    ),
    Shape::plain(
        CALL,
        &["$.data[]"],
        &[
            Need::Has("$.data[].eventName"),
            Need::Has("$.data[].eventSource"),
            Need::Has("$.data[].sourceIpAddress"),
            Need::Has("$.data[].recipientAccountId"),
        ],
    ),
    Shape::plain(OBSERVATION, &["$"], &[Need::Has("$.observationType"), Need::Has("$.entities")]),
    Shape::plain(
        OBSERVATION,
        &["$[]"],
        &[Need::Has("$[].observationType"), Need::Has("$[].entities")],
    ),
    Shape::plain(
        OBSERVATION,
        &["$.data[]"],
        &[Need::Has("$.data[].observationType"), Need::Has("$.data[].entities")],
    ),
    Shape::plain(
        CLOUD,
        &["$.data[]"],
        &[
            Need::Has("$.data[].eventType"),
            Need::Has("$.data[].eventModel"),
            Need::Has("$.data[].entityMap"),
            Need::Lacks("$.data[].alertId"),
        ],
    ),
    Shape::plain(
        ON_MACHINE,
        &["$.data[]"],
        &[
            Need::AnyOf(&["$.data[].mid", "$.data[].srcEntityId.mid"]),
            Need::AnyOf(&[
                "$.data[].exePath",
                "$.data[].filePath",
                "$.data[].hwAddr",
                "$.data[].activityType",
                "$.data[].srcEntityType",
            ]),
            Need::Lacks("$.data[].vulnId"),
        ],
    ),
    Shape::plain(
        QUERY,
        &["$.data[]"],
        &[Need::Has("$.data[].lqlQuery"), Need::Has("$.data[].row")],
    ),
    Shape::plain(COMMENT, &["$"], &[Need::Has("$.data.entryType"), Need::Has("$.data.alertId")]),
    Shape::plain(COMMENT, &["$[]"], &[Need::Has("$[].entryType"), Need::Has("$[].alertId")]),
    Shape::plain(
        COMMENT,
        &["$.data[]"],
        &[Need::Has("$.data[].entryType"), Need::Has("$.data[].alertId")],
    ),
    Shape::plain(
        DELIVERY,
        &["$[]"],
        &[Need::Has("$[].alertIntegrationId"), Need::Has("$[].alertChannel")],
    ),
    Shape::plain(
        DELIVERY,
        &["$.data[]"],
        &[Need::Has("$.data[].alertIntegrationId"), Need::Has("$.data[].alertChannel")],
    ),
    Shape::plain(QUESTION, &["$[]"], &[Need::Has("$[].question"), Need::Has("$[].answer")]),
    Shape::plain(
        QUESTION,
        &["$.data[]"],
        &[Need::Has("$.data[].question"), Need::Has("$.data[].answer")],
    ),
    Shape::plain(
        POLICY,
        &["$"],
        &[
            Need::Has("$.policyId"),
            Need::Has("$.title"),
            Need::AnyOf(&[
                "$.evalFrequency",
                "$.queryText",
                "$.queryId",
                "$.evaluatorId",
                "$.alertProfile",
            ]),
            Need::Lacks("$.alertId"),
        ],
    ),
    Shape::plain(
        POLICY,
        &["$[]"],
        &[
            Need::Has("$[].policyId"),
            Need::Has("$[].title"),
            Need::AnyOf(&[
                "$[].evalFrequency",
                "$[].queryText",
                "$[].queryId",
                "$[].evaluatorId",
                "$[].alertProfile",
            ]),
            Need::Lacks("$[].alertId"),
        ],
    ),
    Shape::plain(
        POLICY,
        &["$.data[]"],
        &[
            Need::Has("$.data[].policyId"),
            Need::Has("$.data[].title"),
            Need::AnyOf(&[
                "$.data[].evalFrequency",
                "$.data[].queryText",
                "$.data[].queryId",
                "$.data[].evaluatorId",
                "$.data[].alertProfile",
            ]),
            Need::Lacks("$.data[].alertId"),
        ],
    ),
    Shape::plain(
        POLICY,
        &["$"],
        &[
            Need::Has("$.data.policyId"),
            Need::Has("$.data.title"),
            Need::AnyOf(&[
                "$.data.evalFrequency",
                "$.data.queryText",
                "$.data.queryId",
                "$.data.evaluatorId",
            ]),
        ],
    ),
    Shape::plain(
        POLICY,
        &["$"],
        &[Need::AnyOf(&[
            "$.data[].LW_S3_1",
            "$.data[].AWS_CIS_1_1",
            "$.data[].Azure_CIS_1_1",
            "$.data[].AZURE_CIS_1_1",
            "$.data[].AZURE_CIS_131_1_1",
            "$.data[].GCP_CIS_1_1",
            "$.data[].GCP_CIS12_1_1",
        ])],
    ),
    Shape::plain(
        EXCEPTION,
        &["$"],
        &[
            Need::AnyOf(&[
                "$.recommendationExceptions",
                "$.vulnerabilityCriteria",
                "$.exceptionReason",
            ]),
            Need::Lacks("$.vulnId"),
        ],
    ),
    Shape::plain(
        EXCEPTION,
        &["$[]"],
        &[
            Need::AnyOf(&[
                "$[].recommendationExceptions",
                "$[].vulnerabilityCriteria",
                "$[].exceptionReason",
            ]),
            Need::Lacks("$[].vulnId"),
        ],
    ),
    Shape::plain(
        EXCEPTION,
        &["$.data[]"],
        &[
            Need::AnyOf(&[
                "$.data[].recommendationExceptions",
                "$.data[].vulnerabilityCriteria",
                "$.data[].exceptionReason",
            ]),
            Need::Lacks("$.data[].vulnId"),
        ],
    ),
    Shape::plain(
        EXCEPTION,
        &["$[]"],
        &[Need::Has("$[].exceptionId"), Need::Has("$[].constraints")],
    ),
    Shape::plain(
        EXCEPTION,
        &["$.data[]"],
        &[Need::Has("$.data[].exceptionId"), Need::Has("$.data[].constraints")],
    ),
    Shape::plain(DEFINITION, &["$"], &[Need::Has("$.reportDefinition"), Need::Has("$.reportName")]),
    Shape::plain(
        DEFINITION,
        &["$[]"],
        &[Need::Has("$[].reportDefinition"), Need::Has("$[].reportName")],
    ),
    Shape::plain(
        DEFINITION,
        &["$.data[]"],
        &[Need::Has("$.data[].reportDefinition"), Need::Has("$.data[].reportName")],
    ),
    Shape::plain(DEFINITION, &["$"], &[Need::Has("$.expression.children"), Need::Has("$.filters")]),
    // An answer with nothing in it.
    Shape::plain(
        ALERT,
        &["$.data[]"],
        &[
            Need::Array("$.data"),
            Need::Has("$.paging.totalRows"),
            Need::Has("$.paging.urls"),
            Need::Lacks("$.data[]"),
        ],
    ),
];
