//! The hosts that may be asked.

use std::collections::BTreeSet;

use quell_http::{Allow, Egress};

/// Docker's registry, as people name it.
pub(crate) const HUB: &str = "docker.io";
/// Who answers for it: the registry, and who gives tokens for it.
const OF_HUB: [&str; 2] = ["registry-1.docker.io", "auth.docker.io"];
/// What names hosts, as a refusal tells it.
const KEY: &str = "`fix.look_up`, or name it with `--look-up`";

/// The hosts that may be asked.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    rules: Vec<Allow>,
    /// Hosts, with their port where one is named, that are asked without TLS.
    plain: BTreeSet<String>,
}

/// A line that names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no host; write `ghcr.io`, `*.pkg.dev`, `registry.internal:5000`")]
pub struct InvalidHost(String);

impl Hosts {
    /// Reads names of hosts: `ghcr.io`, `*.pkg.dev`, `registry.internal:5000`, and
    /// `http://127.0.0.1:5000` for one without TLS. `docker.io` is Docker's own registry.
    ///
    /// # Errors
    /// When one is none.
    pub fn parse<'t>(names: impl IntoIterator<Item = &'t str>) -> Result<Self, InvalidHost> {
        let mut hosts = Self::default();
        for name in names.into_iter().map(str::trim).filter(|name| !name.is_empty()) {
            let own = if name.eq_ignore_ascii_case(HUB) { OF_HUB.to_vec() } else { vec![name] };
            for one in own {
                let rule = one.parse().map_err(|_| InvalidHost(super::asked::shown(name)))?;
                hosts.rules.push(rule);
            }
            if let Some(host) = name.strip_prefix("http://") {
                hosts.plain.insert(host.to_ascii_lowercase());
            }
        }
        Ok(hosts)
    }

    /// Whether none is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules of a client that asks these hosts and no other.
    pub(crate) fn egress(&self, egress: Egress) -> Egress {
        egress.only(self.rules.clone(), KEY)
    }

    /// The beginning of a URL at a host.
    pub(crate) fn base(&self, host: &str) -> String {
        let lower = host.to_ascii_lowercase();
        let bare = lower.split(':').next().unwrap_or_default();
        let plain = self.plain.contains(&lower) || self.plain.contains(bare);
        format!("{}://{lower}", if plain { "http" } else { "https" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_named_with_and_without_a_port() {
        let hosts = Hosts::parse(["docker.io", " ghcr.io", "", "http://127.0.0.1:5000"]).unwrap();
        assert_eq!(hosts.rules.len(), 4);
        assert_eq!(hosts.base("GHCR.io"), "https://ghcr.io");
        assert_eq!(hosts.base("127.0.0.1:5000"), "http://127.0.0.1:5000");
        assert_eq!(hosts.base("127.0.0.1:5001"), "https://127.0.0.1:5001");
        assert!(Hosts::parse([""]).unwrap().is_empty());
        assert_eq!(Hosts::parse(["Docker.io"]).unwrap().rules.len(), OF_HUB.len());
        let error = Hosts::parse(["ftp://x`\n"]).unwrap_err().to_string();
        assert!(error.starts_with("`ftp://x` is no host"), "{error}");
    }
}
