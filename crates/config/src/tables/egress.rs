//! `[egress]`: what Quell may reach.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Broken, Instance, local_only};
use crate::key::{Key, Kind, Table};
use crate::secret::SecretRef;

/// What Quell may reach.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// Hosts and networks that are allowed although they are private.
    pub allow: Vec<String>,
    /// Certificates to trust beside the usual ones.
    pub ca_file: Option<PathBuf>,
    /// A proxy for all requests.
    pub proxy: Option<String>,
    /// User and password of the proxy.
    pub proxy_login: Option<SecretRef>,
}

pub(super) const TABLE: Table = Table {
    name: "egress",
    named: None,
    doc: "What Quell may reach. Addresses of the machine, of private networks and of clouds' own \
          services are refused unless they stand here.",
    keys: &[
        Key::new(
            "allow",
            Kind::Networks,
            "Hosts and networks that may be reached although they are private.",
        )
        .or(""),
        Key::new(
            "ca_file",
            Kind::Path,
            "A file of certificates (PEM) to trust beside the usual ones.",
        )
        .sample("/etc/quell/ca.pem"),
        Key::new(
            "proxy",
            Kind::Url,
            "A proxy for all requests. The environment's `HTTPS_PROXY` is not used.",
        )
        .sample("http://proxy.example.com:3128"),
        Key::new(
            "proxy_login",
            Kind::Secret,
            "The proxy's `user:password`, by `env:` or `file:`. It is read at the start.",
        )
        .sample("file:/etc/quell/proxy-login"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    local_only(table, &["proxy_login"])
}
