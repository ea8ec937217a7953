//! AWS CloudTrail: log files, EventBridge events, answers of LookupEvents, Insights events, and
//! events that went through CloudWatch Logs.
//!
//! What happened is neither right nor wrong by itself, so every event is an activity. An Insights
//! event is none: it says that something is unusual, and is a detection. Digest files, which only
//! sign log files, are told apart and refused.

mod insight;
mod normalize;
mod principal;
mod target;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Need, Shape, Source};

/// The CloudTrail source.
pub(crate) const SOURCE: Source = Source {
    id: "cloudtrail",
    title: "AWS CloudTrail",
    shapes: SHAPES,
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

/// How CloudTrail begins an event where it is text within another record.
const MESSAGES: &[&str] = &["{\"eventVersion\":"];

/// Events below a path. Notifications of S3 and changes of DynamoDB have records of almost the
/// same names.
macro_rules! events {
    ($name:literal, $records:literal, $at:literal) => {
        Shape::plain(
            $name,
            &[$records],
            &[
                Need::Has(concat!($at, "eventSource")),
                Need::Has(concat!($at, "eventTime")),
                Need::AnyOf(&[concat!($at, "eventName"), concat!($at, "insightDetails")]),
                Need::AnyOf(&[
                    concat!($at, "eventID"),
                    concat!($at, "userIdentity"),
                    concat!($at, "requestID"),
                ]),
                Need::Lacks(concat!($at, "s3")),
                Need::Lacks(concat!($at, "dynamodb")),
            ],
        )
    };
}

const SHAPES: &[Shape] = &[
    events!("log file", "$.Records[]", "$.Records[]."),
    events!("event", "$", "$."),
    events!("list of events", "$[]", "$[]."),
    events!("EventBridge event", "$", "$.detail."),
    events!("list of EventBridge events", "$[]", "$[].detail."),
    Shape::plain(
        "Insights event without its API",
        &["$.Records[]"],
        &[
            Need::Is("$.Records[].eventType", &["AwsCloudTrailInsight"]),
            Need::Has("$.Records[].insightDetails"),
            Need::Has("$.Records[].eventTime"),
        ],
    ),
    Shape::plain(
        "Insights event",
        &["$"],
        &[
            Need::Is("$.eventType", &["AwsCloudTrailInsight"]),
            Need::Has("$.insightDetails"),
            Need::Has("$.eventTime"),
        ],
    ),
    Shape::plain(
        "answer of LookupEvents",
        &["$.Events[]"],
        &[Need::Has("$.Events[].CloudTrailEvent"), Need::Has("$.Events[].EventName")],
    ),
    Shape::plain(
        "list of looked-up events",
        &["$[]"],
        &[Need::Has("$[].CloudTrailEvent"), Need::Has("$[].EventName")],
    ),
    Shape::plain(
        "looked-up event",
        &["$"],
        &[Need::Has("$.CloudTrailEvent"), Need::Has("$.EventName")],
    ),
    Shape::plain(
        "answer of CloudWatch Logs",
        &["$.events[]"],
        &[Need::StartsWith("$.events[].message", MESSAGES), Need::Has("$.events[].timestamp")],
    ),
    Shape::plain(
        "subscription of CloudWatch Logs",
        &["$.logEvents[]"],
        &[
            Need::StartsWith("$.logEvents[].message", MESSAGES),
            Need::Has("$.logEvents[].timestamp"),
        ],
    ),
    Shape::plain(
        "digest file",
        &["$"],
        &[
            Need::Has("$.digestStartTime"),
            Need::Has("$.digestEndTime"),
            Need::Has("$.digestS3Object"),
            Need::Has("$.logFiles"),
        ],
    ),
];
