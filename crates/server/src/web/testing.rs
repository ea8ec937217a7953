//! What the tests of the pages have in common.

use std::sync::Arc;

use quell_access::Role;
use quell_model::TenantId;

use crate::access::{Caller, Credential};

/// Text that tries to be more than text.
pub(super) const HOSTILE: &str = "\"><script>alert(1)</script>\u{202e}<img src=x onerror=y>";

/// Somebody who looks, by a session where they have its token.
pub(super) fn caller(id: &str, csrf: Option<&str>) -> Caller {
    Caller {
        tenant: TenantId::default(),
        role: Role::Approver,
        token: id.to_owned(),
        name: format!("{id} <b>\u{202e}"),
        person: None,
        hats: Arc::from([]),
        by: Credential::Session,
        csrf: csrf.map(str::to_owned),
    }
}

/// Nothing of what was written outside is markup, and a golden file has every byte.
#[track_caller]
pub(super) fn check(name: &str, found: &str, golden: &str) {
    let lower = found.to_lowercase();
    for markup in ["<script", "<img", "onerror=y>\n", "<b>", "javascript:", " style=", " onclick"] {
        assert!(!lower.contains(markup), "{name}: {markup} in {found}");
    }
    assert!(!found.chars().any(quell_model::is_deceiving), "{name}: {found}");
    // The style is one line of its own, held by the policy.
    let plain = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("<style>"));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(plain(found), plain(golden), "`{name}.html` is to be\n{found}");
}

/// The words that the buttons of a page say.
pub(super) fn offered(page: &str) -> String {
    let words = page.split("name=\"word\" value=\"").skip(1);
    words.filter_map(|rest| rest.split('"').next()).collect::<Vec<_>>().join(" ")
}
