//! What may be reached: public hosts over HTTPS, and what the operator allowed beside them.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use url::{Host, Url};

use crate::address::{Range, range_of};

/// What the operator allowed beyond public hosts over HTTPS.
#[derive(Debug, Clone, Default)]
pub struct Egress {
    allowed: Vec<Allow>,
    /// Where it is set, nothing else is reached.
    only: Option<Only>,
}

/// The hosts that are reached at all, and the setting that names them.
#[derive(Debug, Clone)]
struct Only {
    rules: Vec<Allow>,
    key: &'static str,
}

/// One line of the operator's list: a host (`vault.internal`, `*.corp.example`), an address or a
/// network (`10.1.0.0/16`). `http://` before it allows plain HTTP there, `:port` after a host
/// or address limits that host to the ports so named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    target: Target,
    port: Option<u16>,
    plain: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Host(String),
    Below(String),
    Network(IpNet),
}

/// A line of the operator's list that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no host, address or network; write `vault.internal`, `*.corp.example`, `10.1.0.0/16`, or `http://minio.internal:9000` for plain HTTP"
)]
pub struct InvalidAllow(String);

/// Why a request may not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The address, given or resolved, is not public.
    #[error("`{host}` is {}; to allow it, add `{host}` to `egress.allow`", range.name())]
    Address {
        /// Host as asked for.
        host: String,
        /// What its address is for.
        range: Range,
    },
    /// Every address of the name is one that no allowed name may lead to.
    #[error(
        "`{host}` leads to {}; such an address is reached only if `egress.allow` names the address itself",
        range.name()
    )]
    Rebound {
        /// Host as asked for.
        host: String,
        /// What its address is for.
        range: Range,
    },
    /// Only named hosts may be asked, and this is none of them.
    #[error("`{host}` is not among the hosts that may be asked; to allow it, add it to {key}")]
    Unnamed {
        /// Host as asked for.
        host: String,
        /// The setting that names hosts.
        key: &'static str,
    },
    /// Plain HTTP to a host for which it is not allowed.
    #[error("plain HTTP to `{0}` is not allowed; use https, or add `http://{0}` to `egress.allow`")]
    Plain(String),
    /// A scheme other than http and https.
    #[error("only https can be fetched, not `{0}`")]
    Scheme(String),
    /// A user or password in the URL.
    #[error("a URL for `{0}` holds a user or password; give credentials by reference instead")]
    UserInfo(String),
    /// The rules of the host name other ports.
    #[error("port {port} of `{host}` is not allowed; add `{host}:{port}` to `egress.allow`")]
    Port {
        /// Host as asked for.
        host: String,
        /// Port as asked for.
        port: u16,
    },
    /// The URL has no host or cannot be read.
    #[error("the URL cannot be read or has no host; check it in the settings")]
    Url,
    /// A redirect that would weaken or leak something.
    #[error("`{host}` redirects {why}; set the final address in the settings if that is right")]
    Redirect {
        /// Host that answered with the redirect.
        host: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A header that only the client sets.
    #[error("the header `{0}` is set by the client or is not valid, and cannot be given")]
    Header(String),
}

impl FromStr for Allow {
    type Err = InvalidAllow;

    fn from_str(text: &str) -> Result<Self, InvalidAllow> {
        let invalid = || InvalidAllow(text.chars().take(80).collect());
        let rest = text.trim();
        let (plain, rest) = match rest.split_once("://") {
            Some(("http", rest)) => (true, rest),
            Some(("https", rest)) => (false, rest),
            Some(_) => return Err(invalid()),
            None => (false, rest),
        };
        if let Ok(network) = rest.parse::<IpNet>() {
            return Ok(Self { target: Target::Network(network.trunc()), port: None, plain });
        }
        let (host, port) = split_port(rest).ok_or_else(invalid)?;
        let target = match host.strip_prefix("*.") {
            Some(parent) => Target::Below(host_name(parent).ok_or_else(invalid)?),
            None => host_or_address(host).ok_or_else(invalid)?,
        };
        Ok(Self { target, port, plain })
    }
}

/// Splits `host:port`, `[v6]:port` and a bare IPv6 address.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    if text.parse::<IpAddr>().is_ok() {
        return Some((text, None));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((address, Some(port.parse().ok()?))),
            None => after.is_empty().then_some((address, None)),
        };
    }
    match text.split_once(':') {
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((text, None)),
    }
}

fn host_or_address(text: &str) -> Option<Target> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(Target::Network(address.into()));
    }
    match Host::parse(text).ok()? {
        Host::Domain(_) => host_name(text).map(Target::Host),
        Host::Ipv4(address) => Some(Target::Network(IpAddr::V4(address).into())),
        Host::Ipv6(address) => Some(Target::Network(IpAddr::V6(address).into())),
    }
}

/// A name as a URL spells it: lower case, IDNA, no dot at the end.
fn host_name(text: &str) -> Option<String> {
    match Host::parse(text).ok()? {
        Host::Domain(name) if !name.contains('*') => {
            let name = name.trim_end_matches('.');
            (!name.is_empty()).then(|| name.to_owned())
        }
        Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

impl Egress {
    /// Public hosts, and what the list allows.
    #[must_use]
    pub const fn new(allowed: Vec<Allow>) -> Self {
        Self { allowed, only: None }
    }

    /// The same for these hosts alone, redirects included; private ones among them are reached
    /// too. `key` is what names them, as a refusal tells it.
    #[must_use]
    pub fn only(mut self, rules: Vec<Allow>, key: &'static str) -> Self {
        self.allowed.extend(rules.iter().cloned());
        self.only = Some(Only { rules, key });
        self
    }

    /// Adds a rule.
    pub fn allow(&mut self, rule: Allow) {
        self.allowed.push(rule);
    }

    /// Whether the URL may be asked for, as far as its text tells.
    ///
    /// # Errors
    /// A [`Refusal`] that says why, and what would allow it.
    pub fn check_url(&self, url: &Url) -> Result<(), Refusal> {
        let host = host_text(url).ok_or(Refusal::Url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo(host));
        }
        let port = url.port_or_known_default().ok_or(Refusal::Url)?;
        let place = Asked { host: &host, address: literal(url), port };
        self.check_named(&place)?;
        match url.scheme() {
            "https" => {}
            "http" if self.matching(&place).any(|rule| rule.plain) => {}
            "http" => return Err(Refusal::Plain(host)),
            other => return Err(Refusal::Scheme(other.to_owned())),
        }
        self.check_port(&place)?;
        match place.address {
            Some(address) => self.check_address(&host, address),
            None => Ok(()),
        }
    }

    /// Whether an address to which a host's name resolved may be connected to.
    ///
    /// # Errors
    /// A [`Refusal`] that says why, and what would allow it.
    pub fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Refusal> {
        let range = range_of(address);
        if range == Range::Public || self.allowed.iter().any(|r| r.opens(host, address, range)) {
            return Ok(());
        }
        let host = host.to_owned();
        if !range.opens_to_networks() && host.parse::<IpAddr>().is_err() {
            return Err(Refusal::Rebound { host, range });
        }
        Err(Refusal::Address { host, range })
    }

    /// Whether a port of a host may be connected to, for what is no URL.
    ///
    /// # Errors
    /// A [`Refusal`] that says what would allow it.
    pub(crate) fn check_port_of(&self, host: &str, port: u16) -> Result<(), Refusal> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host.is_empty() {
            return Err(Refusal::Url);
        }
        let place = Asked { host: &host, address: host.parse().ok(), port };
        self.check_named(&place)?;
        self.check_port(&place)
    }

    fn check_named(&self, place: &Asked<'_>) -> Result<(), Refusal> {
        let Some(only) = &self.only else { return Ok(()) };
        match only.rules.iter().any(|rule| rule.names(place.host, place.address)) {
            true => Ok(()),
            false => Err(Refusal::Unnamed { host: place.host.to_owned(), key: only.key }),
        }
    }

    fn matching<'a>(&'a self, place: &'a Asked<'_>) -> impl Iterator<Item = &'a Allow> {
        self.allowed.iter().filter(|rule| {
            rule.names(place.host, place.address) && rule.port.is_none_or(|p| p == place.port)
        })
    }

    fn check_port(&self, place: &Asked<'_>) -> Result<(), Refusal> {
        let mut rules =
            self.allowed.iter().filter(|r| r.names(place.host, place.address)).peekable();
        if rules.peek().is_none() || rules.any(|r| r.port.is_none_or(|p| p == place.port)) {
            return Ok(());
        }
        Err(Refusal::Port { host: place.host.to_owned(), port: place.port })
    }
}

/// Host, address and port that a URL asks for.
struct Asked<'a> {
    host: &'a str,
    address: Option<IpAddr>,
    port: u16,
}

impl Allow {
    fn names(&self, host: &str, address: Option<IpAddr>) -> bool {
        match &self.target {
            Target::Host(name) => name == host,
            Target::Below(parent) => {
                host.strip_suffix(parent.as_str()).is_some_and(|front| front.ends_with('.'))
            }
            Target::Network(network) => address.is_some_and(|a| holds(network, a)),
        }
    }

    fn opens(&self, host: &str, address: IpAddr, range: Range) -> bool {
        if range.opens_to_networks() {
            return self.names(host, Some(address));
        }
        match &self.target {
            Target::Network(network) => {
                network.prefix_len() == network.max_prefix_len() && holds(network, address)
            }
            Target::Host(_) | Target::Below(_) => false,
        }
    }
}

/// An IPv4-mapped address belongs to the networks of the IPv4 address.
fn holds(network: &IpNet, address: IpAddr) -> bool {
    network.contains(&address) || network.contains(&address.to_canonical())
}

/// The host as rules spell it.
pub(crate) fn host_text(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            (!name.is_empty()).then(|| name.to_ascii_lowercase())
        }
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn egress(rules: &[&str]) -> Egress {
        Egress::new(rules.iter().map(|r| r.parse().unwrap()).collect())
    }

    fn check(rules: &[&str], url: &str) -> Result<(), Refusal> {
        egress(rules).check_url(&Url::parse(url).unwrap())
    }

    #[test]
    fn every_spelling_of_an_inner_address_is_refused() {
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[fd00:ec2::254]/",
            "https://10.0.0.1/",
            "https://192.168.0.1:8443/",
            "https://[fe80::1]/",
            "https://0.0.0.0/",
            "https://①⑥⑨.254.169.254/",
        ] {
            assert!(matches!(check(&[], url), Err(Refusal::Address { .. })), "{url}");
        }
    }

    #[test]
    fn schemes_user_info_and_plain_http_are_refused() {
        assert!(matches!(check(&[], "http://example.com/"), Err(Refusal::Plain(_))));
        assert!(matches!(check(&[], "ftp://example.com/"), Err(Refusal::Scheme(_))));
        assert!(matches!(check(&[], "file:///etc/passwd"), Err(Refusal::Url)));
        let secret = check(&[], "https://user:hunter2@example.com/").unwrap_err();
        assert!(matches!(secret, Refusal::UserInfo(_)));
        assert!(!secret.to_string().contains("hunter2"));
        assert_eq!(check(&[], "https://example.com/"), Ok(()));
    }

    #[test]
    fn an_allowed_host_opens_no_other() {
        let rules = ["vault.internal", "*.corp.example", "http://minio.internal:9000"];
        assert_eq!(check(&rules, "http://minio.internal:9000/"), Ok(()));
        assert!(matches!(check(&rules, "http://minio.internal:80/"), Err(Refusal::Plain(_))));
        assert!(matches!(check(&rules, "https://minio.internal/"), Err(Refusal::Port { .. })));
        assert!(matches!(check(&rules, "http://vault.internal/"), Err(Refusal::Plain(_))));
        let rules = egress(&rules);
        let inner: IpAddr = "10.0.0.7".parse().unwrap();
        for host in ["vault.internal", "a.corp.example", "a.b.corp.example"] {
            assert_eq!(rules.check_address(host, inner), Ok(()), "{host}");
        }
        for host in ["corp.example", "evilcorp.example", "vault.internal.evil.example", "other"] {
            assert!(rules.check_address(host, inner).is_err(), "{host}");
        }
    }

    #[test]
    fn an_allowed_name_or_wide_network_never_leads_to_metadata() {
        let rules = egress(&["vault.internal", "0.0.0.0/0", "::/0"]);
        for address in ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1"] {
            let address = address.parse().unwrap();
            assert!(rules.check_address("vault.internal", address).is_err(), "{address}");
        }
        let rules = egress(&["169.254.169.254"]);
        assert_eq!(rules.check_address("x", "169.254.169.254".parse().unwrap()), Ok(()));
        assert_eq!(check(&["http://169.254.169.254"], "http://169.254.169.254/"), Ok(()));
    }

    #[test]
    fn where_hosts_are_named_no_other_is_reached() {
        let rules = |all: &[&str]| all.iter().map(|rule| rule.parse().unwrap()).collect();
        let named = egress(&["10.0.0.0/8"])
            .only(rules(&["registry.example", "http://127.0.0.1:5000", "*.corp.example"]), "`x`");
        let check = |url: &str| named.check_url(&Url::parse(url).unwrap());
        for url in
            ["https://registry.example/v2/", "http://127.0.0.1:5000/", "https://a.corp.example/"]
        {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        for url in ["https://example.com/", "https://10.1.2.3/", "https://registry.example.evil/"] {
            let refused = check(url).unwrap_err();
            assert!(matches!(refused, Refusal::Unnamed { .. }), "{url}: {refused}");
        }
        assert!(matches!(check("https://127.0.0.1:5001/"), Err(Refusal::Port { .. })));
        assert!(matches!(check("http://registry.example/"), Err(Refusal::Plain(_))));
        assert!(named.check_port_of("example.com", 443).is_err());
        let inner = "10.0.0.7".parse().unwrap();
        assert_eq!(named.check_address("registry.example", inner), Ok(()));
    }

    #[test]
    fn networks_hold_mapped_addresses_too() {
        assert_eq!(check(&["10.1.0.0/16"], "https://[::ffff:10.1.2.3]/"), Ok(()));
        assert!(check(&["10.1.0.0/16"], "https://10.2.0.1/").is_err());
        assert_eq!(check(&["http://[::1]:8200"], "http://[::1]:8200/"), Ok(()));
    }

    #[test]
    fn lines_that_are_no_rule_are_refused() {
        for text in ["", "ftp://x", "a b", "*", "*.", "10.0.0.0/33", "host:99999", "a*b", "[::1"] {
            assert!(text.parse::<Allow>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in ".{0,60}") {
            if let Ok(rule) = text.parse::<Allow>() {
                prop_assert_eq!(text.trim().parse::<Allow>(), Ok(rule));
            }
            if let Ok(url) = Url::parse(&text) {
                let passed = egress(&["*.example", "10.0.0.0/8"]).check_url(&url).is_ok();
                prop_assert!(!passed || url.scheme() == "https");
            }
        }
    }
}
