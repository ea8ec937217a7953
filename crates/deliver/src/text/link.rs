//! Links: only to hosts that the operator named.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

/// Longest address of a link.
const MOST_BYTES: usize = 2000;

/// The hosts that links may lead to: Quell's own, and those of the sources and sinks that are configured.
#[derive(Debug, Clone, Default)]
pub struct Hosts(BTreeSet<String>);

impl Hosts {
    /// The hosts with that of an address more.
    #[must_use]
    pub fn with(mut self, address: &str) -> Self {
        let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
        self.0.extend(host);
        self
    }

    fn knows(&self, host: &str) -> bool {
        self.0.contains(host)
    }
}

/// Why a text is no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotALink {
    /// It is no address that begins with `https://` or `http://`, or it holds a login.
    #[error("it is no plain web address")]
    Address,
    /// It leads to a host that nobody named.
    #[error("it leads to a host that is not named in the configuration")]
    Host,
}

/// An address that may be written as a link. It holds no blank, no quote and no bracket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SafeLink(String);

impl SafeLink {
    /// Takes an address whose host is one of those.
    ///
    /// # Errors
    /// It is no plain web address, or its host is not one of those.
    pub fn new(address: &str, hosts: &Hosts) -> Result<Self, NotALink> {
        let url = Url::parse(address).map_err(|_| NotALink::Address)?;
        let is_web = matches!(url.scheme(), "https" | "http");
        let has_login = !url.username().is_empty() || url.password().is_some();
        if !is_web || has_login || url.as_str().len() > MOST_BYTES {
            return Err(NotALink::Address);
        }
        let host = url.host_str().ok_or(NotALink::Address)?;
        if !hosts.knows(host) {
            return Err(NotALink::Host);
        }
        Ok(Self(strict(url.as_str())))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What some sinks could read as the end of a link is written as `%XX`.
fn strict(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '(' | ')' | '[' | ']' | '<' | '>' | '"' | '\'' | '|' | '`' | '\\' | '{' | '}' | '^'
            | '*' | '!' | '~' => {
                out.push_str(&format!("%{:02X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}
