//! Everything that is searched, by what the vendor calls it.

use quell_http::Rate;

use crate::live::{Pace, Stream};

pub(super) const ALERTS: &str = "alerts";
pub(super) const QUERIES: &str = "queries";

const HOUR: u32 = 3_600;

/// The vendor allows 480 calls of a kind within any hour. A burst and an hour's rate together are no more.
const CALLS: Rate = Rate::new(360, 3_600, 120);
/// Answers and single records alike: a list below `data`.
const AROUND: (&str, &str) = ("{\"data\":[", "]}");

/// How one stream is searched.
#[derive(Debug)]
pub(super) struct Feed {
    /// The stream's name.
    pub(super) name: &'static str,
    /// Where it is searched.
    pub(super) path: &'static str,
    /// What the vendor counts a search as, and a further page.
    pub(super) kinds: (&'static str, &'static str),
    /// Searches beside each other: a field of the body and its value.
    pub(super) parts: &'static [Option<(&'static str, &'static str)>],
    /// What makes a row itself.
    pub(super) ids: &'static [&'static str],
    /// When it was last changed.
    pub(super) changed: &'static [&'static str],
    /// Where a row names its machine by the vendor's number only.
    pub(super) machine: Option<&'static str>,
}

const WHOLE: &[Option<(&str, &str)>] = &[None];
const TIMES: &[&str] = &["endTime", "startTime", "createdTime"];

/// How each stream is searched.
pub(super) const FEEDS: &[Feed] = &[
    Feed {
        name: ALERTS,
        path: "/api/v2/Alerts/search",
        kinds: ("POST Alerts/search", "GET Alerts/page"),
        parts: WHOLE,
        ids: &["alertId"],
        changed: &["lastUserUpdatedTime", "startTime"],
        machine: None,
    },
    Feed {
        name: "host_vulnerabilities",
        path: "/api/v2/Vulnerabilities/Hosts/search",
        kinds: ("POST Vulnerabilities/Hosts/search", "GET Vulnerabilities/Hosts"),
        parts: WHOLE,
        ids: &[
            "mid",
            "vulnId",
            "featureKey.name",
            "featureKey.version_installed",
            "featureKey.namespace",
            "featureKey.package_path",
        ],
        changed: TIMES,
        machine: None,
    },
    Feed {
        name: "container_vulnerabilities",
        path: "/api/v2/Vulnerabilities/Containers/search",
        kinds: ("POST Vulnerabilities/Containers/search", "GET Vulnerabilities/Containers"),
        parts: WHOLE,
        ids: &[
            "imageId",
            "evalCtx.image_info.digest",
            "evalCtx.image_info.repo",
            "vulnId",
            "featureKey.name",
            "featureKey.version",
            "featureKey.namespace",
            "featureKey.package_path",
        ],
        changed: TIMES,
        machine: None,
    },
    Feed {
        name: "cloud_activities",
        path: "/api/v2/CloudActivities/search",
        kinds: ("POST CloudActivities/search", "GET CloudActivities"),
        parts: WHOLE,
        ids: &["eventId", "eventType", "startTime"],
        changed: TIMES,
        machine: None,
    },
    Feed {
        name: "compliance",
        path: "/api/v2/Configs/ComplianceEvaluations/search",
        kinds: ("POST Configs/ComplianceEvaluations/search", "GET Configs/ComplianceEvaluations"),
        parts: &[
            Some(("dataset", "AwsCompliance")),
            Some(("dataset", "AzureCompliance")),
            Some(("dataset", "GcpCompliance")),
            Some(("dataset", "K8sCompliance")),
        ],
        ids: &[
            "id",
            "account.AccountId",
            "account.SubscriptionId",
            "account.ProjectId",
            "region",
            "resource",
        ],
        changed: &["reportTime"],
        machine: None,
    },
    Feed {
        name: "inventory",
        path: "/api/v2/Inventory/search",
        kinds: ("POST Inventory/search", "GET Inventory"),
        parts: &[Some(("csp", "AWS")), Some(("csp", "Azure")), Some(("csp", "GCP"))],
        ids: &["csp", "urn", "resourceId", "apiKey"],
        changed: TIMES,
        machine: None,
    },
    Feed {
        name: "machines",
        path: "/api/v2/Entities/MachineDetails/search",
        kinds: ("POST Entities/MachineDetails/search", "GET Entities/MachineDetails"),
        parts: WHOLE,
        ids: &["mid"],
        changed: TIMES,
        machine: None,
    },
    Feed {
        name: "users",
        path: "/api/v2/Entities/Users/search",
        kinds: ("POST Entities/Users/search", "GET Entities/Users"),
        parts: WHOLE,
        ids: &["mid", "uid", "username"],
        changed: TIMES,
        machine: None,
    },
    Feed {
        name: "images",
        path: "/api/v2/Entities/Images/search",
        kinds: ("POST Entities/Images/search", "GET Entities/Images"),
        parts: WHOLE,
        ids: &["mid", "repo", "tag", "imageId"],
        changed: TIMES,
        machine: None,
    },
    Feed {
        name: "processes",
        path: "/api/v2/Entities/Processes/search",
        kinds: ("POST Entities/Processes/search", "GET Entities/Processes"),
        parts: WHOLE,
        ids: &["mid", "pidHash", "pid", "processStartTime"],
        changed: TIMES,
        machine: Some("mid"),
    },
    Feed {
        name: "files",
        path: "/api/v2/Entities/Files/search",
        kinds: ("POST Entities/Files/search", "GET Entities/Files"),
        parts: WHOLE,
        ids: &["mid", "filePath", "filedataHash"],
        changed: TIMES,
        machine: Some("mid"),
    },
    Feed {
        name: "interfaces",
        path: "/api/v2/Entities/NetworkInterfaces/search",
        kinds: ("POST Entities/NetworkInterfaces/search", "GET Entities/NetworkInterfaces"),
        parts: WHOLE,
        ids: &["mid", "name", "hwAddr", "ipAddr"],
        changed: TIMES,
        machine: Some("mid"),
    },
    Feed {
        name: "connections",
        path: "/api/v2/Activities/Connections/search",
        kinds: ("POST Activities/Connections/search", "GET Activities/Connections"),
        parts: WHOLE,
        ids: &[],
        changed: TIMES,
        machine: Some("srcEntityId.mid"),
    },
    Feed {
        name: "logins",
        path: "/api/v2/Activities/UserLogins/search",
        kinds: ("POST Activities/UserLogins/search", "GET Activities/UserLogins"),
        parts: WHOLE,
        ids: &["mid", "username", "activityType", "activityTime"],
        changed: &["activityTime"],
        machine: Some("mid"),
    },
    Feed {
        name: "changed_files",
        path: "/api/v2/Activities/ChangedFiles/search",
        kinds: ("POST Activities/ChangedFiles/search", "GET Activities/ChangedFiles"),
        parts: WHOLE,
        ids: &["mid", "filePath", "filedataHash", "lastModifiedTime"],
        changed: &["lastModifiedTime", "endTime", "startTime"],
        machine: Some("mid"),
    },
];

/// All streams.
pub(super) static STREAMS: &[Stream] = &[
    // An alert shows when its hour has passed and been looked at.
    often(ALERTS, "alerts with their scopes", (3 * HOUR, false), "Alerts: read"),
    often(
        "host_vulnerabilities",
        "vulnerabilities of hosts",
        (2 * HOUR, true),
        "Vulnerabilities: read",
    ),
    often(
        "container_vulnerabilities",
        "vulnerabilities of container images",
        (2 * HOUR, true),
        "Vulnerabilities: read",
    ),
    often(
        "cloud_activities",
        "what was done in clouds",
        (2 * HOUR, false),
        "Cloud activities: read",
    ),
    nightly("compliance", "evaluations of policies on resources", true, "Compliance: read"),
    nightly("inventory", "resources of three clouds", true, "Inventory: read"),
    nightly("machines", "machines with an agent", true, "Entities: read"),
    nightly("users", "users of machines", true, "Entities: read"),
    nightly("images", "container images on machines", true, "Entities: read"),
    nightly("processes", "processes of machines", false, "Entities: read"),
    nightly("files", "files of machines", false, "Entities: read"),
    nightly("interfaces", "network interfaces of machines", false, "Entities: read"),
    nightly("connections", "connections of machines", false, "Activities: read"),
    nightly("logins", "logins on machines", false, "Activities: read"),
    nightly("changed_files", "files that were changed", false, "Activities: read"),
    nightly(QUERIES, "rows of your own queries", true, "Queries: execute"),
];

const fn often(
    name: &'static str,
    title: &'static str,
    (overlap_seconds, closes): (u32, bool),
    right: &'static str,
) -> Stream {
    Stream { name, title, pace: Pace::Often, around: AROUND, closes, overlap_seconds, right }
}

const fn nightly(
    name: &'static str,
    title: &'static str,
    closes: bool,
    right: &'static str,
) -> Stream {
    Stream { name, title, pace: Pace::Nightly, around: AROUND, closes, overlap_seconds: 0, right }
}

/// How a stream is searched.
pub(super) fn feed_of(name: &str) -> Option<&'static Feed> {
    FEEDS.iter().find(|feed| feed.name == name)
}

/// What the vendor counts by itself.
pub(super) const CALL_RATES: &[(&str, Rate)] = &[
    ("GET Activities/ChangedFiles", CALLS),
    ("GET Activities/Connections", CALLS),
    ("GET Activities/UserLogins", CALLS),
    ("GET Alerts/ID", CALLS),
    ("GET Alerts/page", CALLS),
    ("GET CloudActivities", CALLS),
    ("GET Configs/ComplianceEvaluations", CALLS),
    ("GET Entities/Files", CALLS),
    ("GET Entities/Images", CALLS),
    ("GET Entities/MachineDetails", CALLS),
    ("GET Entities/NetworkInterfaces", CALLS),
    ("GET Entities/Processes", CALLS),
    ("GET Entities/Users", CALLS),
    ("GET Inventory", CALLS),
    ("GET Vulnerabilities/Containers", CALLS),
    ("GET Vulnerabilities/Hosts", CALLS),
    ("POST Activities/ChangedFiles/search", CALLS),
    ("POST Activities/Connections/search", CALLS),
    ("POST Activities/UserLogins/search", CALLS),
    ("POST Alerts/ID/close", CALLS),
    ("POST Alerts/ID/comment", CALLS),
    ("POST Alerts/search", CALLS),
    ("POST CloudActivities/search", CALLS),
    ("POST Configs/ComplianceEvaluations/search", CALLS),
    ("POST Entities/Files/search", CALLS),
    ("POST Entities/Images/search", CALLS),
    ("POST Entities/MachineDetails/search", CALLS),
    ("POST Entities/NetworkInterfaces/search", CALLS),
    ("POST Entities/Processes/search", CALLS),
    ("POST Entities/Users/search", CALLS),
    ("POST Inventory/search", CALLS),
    ("POST Queries/execute", CALLS),
    ("POST Vulnerabilities/Containers/search", CALLS),
    ("POST Vulnerabilities/Hosts/search", CALLS),
];
