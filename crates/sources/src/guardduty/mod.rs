//! Amazon GuardDuty findings: answers of the API, the export to S3, EventBridge events.
//!
//! A finding is a detection on the resource that GuardDuty names; whatever else took part stands
//! beside it. Techniques of ATT&CK follow from the finding's type.

mod asset;
mod detection;
mod involved;
mod normalize;
mod profile;
mod service_wire;
mod techniques;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Need, Shape, Source};

/// The GuardDuty source.
pub(crate) const SOURCE: Source = Source {
    id: "guardduty",
    title: "Amazon GuardDuty",
    shapes: SHAPES,
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

/// What the types of findings begin with.
const PURPOSES: &[&str] = &[
    "AttackSequence:",
    "Backdoor:",
    "Behavior:",
    "CredentialAccess:",
    "CryptoCurrency:",
    "DefenseEvasion:",
    "Discovery:",
    "Execution:",
    "Exfiltration:",
    "Impact:",
    "InitialAccess:",
    "Object:",
    "PenTest:",
    "Persistence:",
    "Policy:",
    "PrivilegeEscalation:",
    "Recon:",
    "Stealth:",
    "Trojan:",
    "UnauthorizedAccess:",
];

/// A shape in one of the two spellings. Macie's findings have types of the same form, but neither
/// kind of object.
macro_rules! shape {
    ($name:literal, $records:literal, $at:literal, small) => {
        Shape::plain(
            $name,
            &[$records],
            &[
                Need::StartsWith(concat!($at, "type"), PURPOSES),
                Need::AnyOf(&[
                    concat!($at, "resource.resourceType"),
                    concat!($at, "resource.accessKeyDetails"),
                    concat!($at, "resource.instanceDetails"),
                    concat!($at, "resource.s3BucketDetails"),
                    concat!($at, "service.serviceName"),
                    concat!($at, "service.detectorId"),
                    concat!($at, "service.count"),
                ]),
            ],
        )
    };
    ($name:literal, $records:literal, $at:literal, capital) => {
        Shape::plain(
            $name,
            &[$records],
            &[
                Need::StartsWith(concat!($at, "Type"), PURPOSES),
                Need::AnyOf(&[
                    concat!($at, "Resource.ResourceType"),
                    concat!($at, "Resource.AccessKeyDetails"),
                    concat!($at, "Resource.InstanceDetails"),
                    concat!($at, "Resource.S3BucketDetails"),
                    concat!($at, "Service.ServiceName"),
                    concat!($at, "Service.DetectorId"),
                    concat!($at, "Service.Count"),
                ]),
            ],
        )
    };
}

const SHAPES: &[Shape] = &[
    shape!("finding", "$", "$.", small),
    shape!("finding of the API", "$", "$.", capital),
    shape!("list of findings", "$[]", "$[].", small),
    shape!("list of findings of the API", "$[]", "$[].", capital),
    shape!("answer", "$.Findings[]", "$.Findings[].", capital),
    shape!("answer with small names", "$.findings[]", "$.findings[].", small),
    shape!("small names below `Findings`", "$.Findings[]", "$.Findings[].", small),
    shape!("findings of the API below `findings`", "$.findings[]", "$.findings[].", capital),
    shape!("EventBridge event", "$", "$.detail.", small),
    shape!("EventBridge event of the API", "$", "$.detail.", capital),
    shape!("list of EventBridge events", "$[]", "$[].detail.", small),
    shape!("list of EventBridge events of the API", "$[]", "$[].detail.", capital),
];
