//! `[server]`: where it listens and what it answers.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Broken, Instance};
use crate::key::{Key, Kind, Table};

/// The server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// The data directory; without it, the user's data folder.
    pub data: Option<PathBuf>,
    /// The address under which people reach the server.
    pub public_url: Option<String>,
    /// Host names that are answered beside those of `listen` and `public_url`.
    pub allow_hosts: Vec<String>,
    /// Who ends TLS.
    pub tls: Tls,
    /// Most bytes of one import, as sent and as unpacked.
    pub max_import_bytes: u64,
    /// How long an import with `?wait=true` waits.
    pub import_wait_seconds: u64,
    /// How long requests under way may take after SIGTERM.
    pub drain_seconds: u64,
    /// How long a clock that jumped ahead goes on before it is believed.
    pub clock_settle_minutes: u64,
}

/// Who ends TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// A proxy before Quell does.
    None,
}

pub(super) const TABLE: Table = Table {
    name: "server",
    named: None,
    doc: "Where the server listens, where it keeps its data, and what it answers.",
    keys: &[
        Key::new("listen", Kind::Address, "The address and port that the server listens on.")
            .or("127.0.0.1:8420"),
        Key::new(
            "data",
            Kind::Path,
            "The data directory. Without it: the user's data folder, as for the other commands.",
        )
        .sample("/var/lib/quell")
        .variable("QUELL_DATA"),
        Key::new(
            "public_url",
            Kind::Url,
            "The address under which people reach the server. It stands in links.",
        )
        .sample("https://quell.example.com"),
        Key::new(
            "allow_hosts",
            Kind::Hosts,
            "Names in the `Host` header that are answered, beside the address that the server \
             listens on, the loopback names and the host of `public_url`.",
        )
        .or(""),
        Key::new(
            "tls",
            Kind::Choice(&["none"]),
            "Who ends TLS. `none`: a proxy before Quell does, and Quell speaks plain HTTP.",
        )
        .or("none"),
        Key::new(
            "max_import_bytes",
            Kind::bytes(1 << 20, 10 << 30),
            "Most bytes of one import, as sent and as unpacked.",
        )
        .or("1073741824"),
        Key::new(
            "import_wait_seconds",
            Kind::seconds(1, 3600),
            "How long an import with `?wait=true` waits for its job before it answers 202.",
        )
        .or("300"),
        Key::new(
            "drain_seconds",
            Kind::seconds(1, 600),
            "How long requests and jobs under way may take after SIGTERM.",
        )
        .or("25"),
        Key::new(
            "clock_settle_minutes",
            Kind::things(0, 1_440),
            "How long a clock that jumped ahead by more than five minutes goes on before anything \
             ends or is removed for good because of it; 0 believes it at once.",
        )
        .or("60"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let open = table.text("listen").parse::<SocketAddr>().is_ok_and(|a| !a.ip().is_loopback());
    if !open {
        return Vec::new();
    }
    vec![Broken::warning(
        "listen",
        "is open to other machines, and Quell speaks plain HTTP",
        "put a proxy that ends TLS before it, or listen on 127.0.0.1",
    )]
}
