//! Addresses and names of hosts.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use super::{Found, Pattern, each, stands_alone};
use crate::kind::Kind;

static V4: Pattern = LazyLock::new(|| Regex::new(r"\d{1,3}(?:\.\d{1,3}){3}").ok());
static V6: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?").ok()
});
static MAC: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?:[:-][0-9a-f]{2}){0,2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}").ok()
});
/// Labels with points between them.
static NAME: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
        .ok()
});
/// Where an address names a host, with its scheme.
static URL: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?i)\b[a-z][a-z0-9+.-]{1,20}://(?:[^\s/@"'<>]*@)?(?P<v>[a-z0-9_.-]+)"#).ok()
});
/// Names that a machine has by its address.
static MACHINE: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:ip-\d{1,3}(?:-\d{1,3}){3}|ec2-\d{1,3}(?:-\d{1,3}){3}|EC2AMAZ-[A-Z0-9]{7}|WIN-[A-Z0-9]{11}|DESKTOP-[A-Z0-9]{7}|LAPTOP-[A-Z0-9]{7,8}|(?:gke|aks|eks|ip)-[a-z0-9]+(?:-[a-z0-9]+){2,})(?:[a-z0-9.-]*[a-z0-9])?").ok()
});

/// Ends of names that are hosts and nothing else.
const ENDS: &[&str] = &[
    "com",
    "net",
    "org",
    "edu",
    "gov",
    "mil",
    "int",
    "io",
    "ai",
    "co",
    "uk",
    "de",
    "fr",
    "nl",
    "eu",
    "ch",
    "at",
    "it",
    "es",
    "pt",
    "pl",
    "se",
    "no",
    "dk",
    "fi",
    "ie",
    "be",
    "cz",
    "ru",
    "ua",
    "tr",
    "us",
    "ca",
    "mx",
    "br",
    "ar",
    "cl",
    "au",
    "nz",
    "jp",
    "cn",
    "kr",
    "in",
    "sg",
    "hk",
    "tw",
    "za",
    "ng",
    "ke",
    "il",
    "ae",
    "info",
    "biz",
    "dev",
    "app",
    "cloud",
    "tech",
    "online",
    "site",
    "xyz",
    "shop",
    "store",
    "local",
    "internal",
    "corp",
    "lan",
    "intranet",
    "home",
    "private",
    "localdomain",
    "onion",
    "example",
    "test",
    "invalid",
    "arpa",
    "top",
    "club",
    "me",
    "tv",
    "cc",
    "ws",
    "bank",
    "consul",
    "cluster",
];

/// Ends that are files, languages or packages too: a host needs more than two labels.
const ALSO_OTHERS: &[&str] = &[
    "io", "ai", "net", "app", "dev", "it", "no", "in", "at", "be", "is", "me", "cc", "ws", "test",
    "local", "internal", "private", "info", "home", "store", "example", "us", "int", "org",
    "cloud", "site", "top", "cluster",
];

/// Hosts that everybody knows: vendors, registries, pages about weaknesses.
const KNOWN: &[&str] = &[
    "kubernetes.io",
    "k8s.io",
    "docker.io",
    "docker.com",
    "quay.io",
    "ghcr.io",
    "gcr.io",
    "public.ecr.aws",
    "mcr.microsoft.com",
    "registry.k8s.io",
    "github.com",
    "gitlab.com",
    "githubusercontent.com",
    "bitbucket.org",
    "nist.gov",
    "mitre.org",
    "cisa.gov",
    "first.org",
    "owasp.org",
    "cisecurity.org",
    "docs.aws.amazon.com",
    "console.aws.amazon.com",
    "learn.microsoft.com",
    "docs.microsoft.com",
    "cloud.google.com",
    "googleapis.com",
    "pypi.org",
    "npmjs.com",
    "npmjs.org",
    "rubygems.org",
    "maven.org",
    "apache.org",
    "golang.org",
    "go.dev",
    "crates.io",
    "debian.org",
    "ubuntu.com",
    "redhat.com",
    "alpinelinux.org",
    "aquasec.com",
    "prismacloud.io",
    "wiz.io",
    "orca.security",
    "lacework.net",
    "snyk.io",
    "terraform.io",
    "hashicorp.com",
    "istio.io",
    "cert-manager.io",
    "helm.sh",
    "coreos.com",
    "example.com",
    "example.org",
    "example.net",
];

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    for one in each(&V4, text).filter_map(|one| one.get(0)) {
        let span = (one.start(), one.end());
        if stands_alone(text, span, b"._-") || is_behind_a_mark(text, span) {
            found.extend(v4(text, one.as_str(), span));
        }
    }
    for one in each(&V6, text).filter_map(|one| one.get(0)) {
        let span = (one.start(), one.end());
        if stands_alone(text, span, b":_.-") {
            found.extend(v6(one.as_str(), span));
        }
    }
    for one in each(&MAC, text).filter_map(|one| one.get(0)) {
        let span = (one.start(), one.end());
        if stands_alone(text, span, b":_.-") {
            found.push(Found::new(span, Kind::Mac, ""));
        }
    }
    for one in each(&MACHINE, text).filter_map(|one| one.get(0)) {
        found.push(Found::new((one.start(), one.end()), Kind::Host, "machine"));
    }
    for part in each(&URL, text).filter_map(|one| one.name("v")) {
        host(text, (part.start(), part.end()), true, found);
    }
    for one in each(&NAME, text).filter_map(|one| one.get(0)) {
        host(text, (one.start(), one.end()), false, found);
    }
}

/// A point at the end of a sentence, or a port, belongs to no address.
fn is_behind_a_mark(text: &str, (start, end): (usize, usize)) -> bool {
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let (next, after) = (bytes.get(end), bytes.get(end + 1));
    let is_part = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let before_ends = !before.is_some_and(|b| b.is_ascii_alphanumeric() || b"._-".contains(b));
    before_ends && matches!(next, Some(b'.' | b'-' | b'_')) && !is_part(after)
}

fn v4(text: &str, address: &str, span: (usize, usize)) -> Option<Found> {
    let ip: Ipv4Addr = address.parse().ok()?;
    let before = text.get(..span.0).unwrap_or_default();
    let near = before.get(before.floor_char_boundary(before.len().saturating_sub(32))..);
    let near = near.unwrap_or_default().to_ascii_lowercase();
    let word = near.trim_end();
    // A program and its version, as browsers tell them.
    let is_program = near.strip_suffix('/').is_some_and(|rest| {
        rest.chars().next_back().is_some_and(char::is_alphabetic) && !rest.contains("://")
    });
    let is_version = is_program
        || near.contains("version")
        || ["ver", "release", "build", "v", "@", "<=", ">="].iter().any(|end| word.ends_with(end));
    let says_nothing = ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_broadcast()
        || address.starts_with("255.")
        || address == "169.254.169.254";
    let about = if ip.is_private() || ip.is_link_local() { "private" } else { "public" };
    (!says_nothing && !is_version).then(|| Found::new(span, Kind::Ip, about))
}

fn v6(address: &str, span: (usize, usize)) -> Option<Found> {
    let ip: Ipv6Addr = address.parse().ok()?;
    let is_inside = ip.is_unique_local() || ip.is_unicast_link_local();
    let about = if is_inside { "private" } else { "public" };
    (!ip.is_unspecified() && !ip.is_loopback()).then(|| Found::new(span, Kind::Ip, about))
}

fn host(text: &str, span: (usize, usize), in_url: bool, found: &mut Vec<Found>) {
    let Some(name) = text.get(span.0..span.1) else { return };
    let name = name.trim_end_matches('.');
    let lower = name.to_ascii_lowercase();
    let is_address = name.parse::<Ipv4Addr>().is_ok();
    if is_address || is_known(&lower) || matches!(lower.as_str(), "localhost" | "") {
        return;
    }
    if in_url || looks_like_a_host(text, span, name) {
        let about = if is_inside(&lower) { "private" } else { "" };
        found.push(Found::new((span.0, span.0 + name.len()), Kind::Host, about));
    }
}

fn is_known(name: &str) -> bool {
    let is_or_ends = |known: &str| {
        name.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    // A service of Amazon has one label; a customer's has more.
    let amazon = name.strip_suffix(".amazonaws.com").or_else(|| name.strip_suffix(".amazon.com"));
    KNOWN.iter().any(|known| is_or_ends(known)) && !name.ends_with(".storage.googleapis.com")
        || amazon.is_some_and(|rest| !rest.contains('.') && rest.len() < 24 || rest.is_empty())
}

fn is_inside(name: &str) -> bool {
    [".internal", ".local", ".corp", ".lan", ".intranet", ".private", ".localdomain"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Whether labels with points are a host rather than a file, a package, a type or a path.
fn looks_like_a_host(text: &str, (start, end): (usize, usize), name: &str) -> bool {
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let labels: Vec<&str> = name.split('.').collect();
    let Some(last) = labels.last() else { return false };
    // Code: a call, a path of files, a variable, an address for mail that was found already.
    let is_code = matches!(bytes.get(end), Some(b'(' | b'_' | b'[' | b'='))
        || matches!(before, Some(b'.' | b'/' | b'\\' | b'-' | b'$' | b'_' | b'@'));
    let is_mixed = labels.iter().any(|label| label.bytes().any(|b| b.is_ascii_uppercase()))
        && name.bytes().any(|b| b.is_ascii_lowercase());
    let first = labels.first().copied().unwrap_or_default();
    let is_package =
        ["org", "com", "net", "io", "dev", "edu", "java", "javax", "kotlin", "aws", "system"]
            .contains(&first);
    let ends = last.to_ascii_lowercase();
    let is_end = ENDS.contains(&ends.as_str());
    let needs_more = ALSO_OTHERS.contains(&ends.as_str());
    let enough = if needs_more { 3 } else { 2 };
    let is_digits =
        labels.iter().take(labels.len() - 1).all(|l| l.bytes().all(|b| b.is_ascii_digit()));
    is_end && labels.len() >= enough && !is_code && !is_mixed && !is_package && !is_digits
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!([&V4, &V6, &MAC, &NAME, &URL, &MACHINE].iter().all(|pattern| pattern.is_some()));
    }

    #[test]
    fn addresses_and_hosts_are_found() {
        for (text, value, kind) in [
            ("from 10.1.2.3:443", "10.1.2.3", "ip"),
            ("seen at 203.0.113.9.", "203.0.113.9", "ip"),
            ("2001:db8:85a3::8a2e:370:7334 asked", "2001:db8:85a3::8a2e:370:7334", "ip"),
            ("mac 00:1B:44:11:3a:b7", "00:1B:44:11:3a:b7", "mac"),
            ("db01.pay.internal answers", "db01.pay.internal", "host"),
            ("https://jenkins:8080/x", "jenkins", "host"),
            (
                "pay.c9akciq32.eu-west-1.rds.amazonaws.com",
                "pay.c9akciq32.eu-west-1.rds.amazonaws.com",
                "host",
            ),
            ("on ip-10-0-1-23", "ip-10-0-1-23", "host"),
            ("mail.acme-payments.com", "mail.acme-payments.com", "host"),
            ("logs.blob.core.windows.net", "logs.blob.core.windows.net", "host"),
        ] {
            assert!(found(text).contains(&(value.to_owned(), kind)), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn files_packages_versions_and_vendors_stay() {
        for text in [
            "main.tf and deployment.yaml",
            "libssl.so.1.1",
            "org.apache.logging.log4j",
            "System.Net.Http",
            "rbac.authorization.k8s.io/v1",
            "ec2.amazonaws.com",
            "0.0.0.0/0 and ::/0",
            "127.0.0.1:8080",
            "version 1.2.3.4",
            "https://nvd.nist.gov/vuln/detail/CVE-2021-44228",
            "node.js and asp.net",
            "crypto::hash::sha2",
            "12:30:45",
            "self.assertEqual",
            "aws.s3.bucket_public_access",
            "securityContext.runAsNonRoot",
            "docker.io/library/nginx:1.25",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
