//! Settings that several of Atlassian's products have alike.

use crate::Setting;

/// Who the token belongs to.
pub(super) const USER: Setting = Setting {
    name: "user",
    doc: "The e-mail address that the API token belongs to; left out for tokens that stand alone.",
    required: false,
    sample: "env:JIRA_USER",
};

/// What webhooks are signed with.
pub(super) const SIGNED_WITH: Setting = Setting {
    name: "signed_with",
    doc: "The secret of the webhook that announces changes.",
    required: false,
    sample: "env:JIRA_HOOK_SECRET",
};

/// Cloud or Data Center.
pub(super) const EDITION: Setting = Setting {
    name: "edition",
    doc: "`cloud` (default) or `data-center`.",
    required: false,
    sample: "cloud",
};

/// Where people look at issues.
pub(super) const SITE: Setting = Setting {
    name: "site",
    doc: "Where people look at issues, where that is not `url`.",
    required: false,
    sample: "https://example.atlassian.net",
};

/// Which resolutions say no.
pub(super) const DECLINED: Setting = Setting {
    name: "declined",
    doc: "Resolutions that mean that nothing is going to be done, with commas between them.",
    required: false,
    sample: "Won't Do, Duplicate",
};
