//! What names mean in a record of something that happened: data, no code but look-ups.

use quell_catalog::{Control, Exposure};
use quell_model::{FindingClass, Issue};

/// Processes that every container or host has, or that an attacker brings or uses: that they ran
/// says nothing of the packages they come from.
const COMMON: &[&str] = &[
    "apk",
    "apt",
    "apt-get",
    "ash",
    "awk",
    "base64",
    "bash",
    "busybox",
    "cat",
    "chmod",
    "cmd.exe",
    "conhost.exe",
    "containerd",
    "containerd-shim",
    "containerd-shim-runc-v2",
    "cp",
    "cron",
    "crond",
    "curl",
    "dash",
    "docker",
    "docker-init",
    "dockerd",
    "dumb-init",
    "echo",
    "env",
    "find",
    "git",
    "grep",
    "id",
    "init",
    "kubelet",
    "launchd",
    "ls",
    "mount",
    "mv",
    "nc",
    "ncat",
    "netcat",
    "nsenter",
    "openssl",
    "perl",
    "powershell.exe",
    "ps",
    "pwsh",
    "rm",
    "runc",
    "s6-svscan",
    "sed",
    "sh",
    "socat",
    "ssh",
    "sshd-session",
    "su",
    "sudo",
    "supervisord",
    "systemd",
    "tar",
    "tini",
    "touch",
    "wget",
    "whoami",
    "xargs",
    "zsh",
];

/// Programs that run code of others, with the package URL types of that code.
const RUNTIMES: &[(&str, &[&str])] = &[
    ("java", &["maven"]),
    ("node", &["npm"]),
    ("nodejs", &["npm"]),
    ("python", &["pypi"]),
    ("gunicorn", &["pypi"]),
    ("uwsgi", &["pypi"]),
    ("php", &["composer"]),
    ("php-fpm", &["composer"]),
    ("ruby", &["gem"]),
    ("puma", &["gem"]),
    ("dotnet", &["nuget"]),
    ("w3wp.exe", &["nuget"]),
];

/// Processes whose package has another name.
const PACKAGES: &[(&str, &str)] = &[
    ("apache", "httpd"),
    ("apache2", "httpd"),
    ("httpd", "apache2"),
    ("mongod", "mongodb"),
    ("named", "bind9"),
    ("postgres", "postgresql"),
    ("smbd", "samba"),
    ("sshd", "openssh"),
];

/// Ports by which a product is reached, with the first word of its packages.
const PORTS: &[(u16, &[&str])] = &[
    (21, &["vsftpd", "proftpd"]),
    (22, &["openssh"]),
    (25, &["exim", "postfix", "sendmail"]),
    (53, &["bind", "dnsmasq", "unbound"]),
    (80, &["nginx", "apache", "httpd"]),
    (443, &["nginx", "apache", "httpd"]),
    (445, &["samba"]),
    (2375, &["docker"]),
    (3306, &["mysql", "mariadb"]),
    (5432, &["postgresql"]),
    (5601, &["kibana"]),
    (5984, &["couchdb"]),
    (6379, &["redis"]),
    (7001, &["weblogic"]),
    (8009, &["tomcat"]),
    (8080, &["tomcat", "jenkins"]),
    (8161, &["activemq"]),
    (8983, &["solr"]),
    (9000, &["php"]),
    (9092, &["kafka"]),
    (9200, &["elasticsearch"]),
    (11211, &["memcached"]),
    (27017, &["mongodb"]),
    (61616, &["activemq"]),
];

/// ATT&CK techniques that are the use of a weakness in software.
const EXPLOITS: &[&str] = &["T1068", "T1190", "T1203", "T1210", "T1211", "T1212"];

/// Addresses that many reach for good reasons: name servers that are open to all.
const RESOLVERS: &[&str] = &["1.0.0.1", "1.1.1.1", "8.8.4.4", "8.8.8.8", "9.9.9.9"];

/// Users that every machine has: the same name on two machines is not the same person.
const LOCAL_USERS: &[&str] = &[
    "administrator",
    "anonymous",
    "apache",
    "app",
    "daemon",
    "default",
    "ec2-user",
    "local system",
    "nginx",
    "nobody",
    "node",
    "none",
    "nt authority\\system",
    "postgres",
    "root",
    "system",
    "ubuntu",
    "unknown",
    "user",
    "www-data",
];

/// Kinds of asset that are a whole world: that two things happened in one joins nothing.
const WIDE: &[&str] = &[
    "account",
    "cluster",
    "eks.cluster",
    "managementgroup",
    "namespace",
    "organization",
    "project",
    "resourcegroup",
    "subscription",
    "tenant",
];

/// Weakness classes of the catalogue that help an attacker in, up or across, in words.
const OPENINGS: &[(&str, &str)] = &[
    ("excessive_privilege", "gives more rights than needed"),
    ("public_exposure", "opens it to the internet"),
    ("secret_exposure", "leaves a secret where it can be read"),
    ("weak_authentication", "weakens who can act"),
    ("weak_isolation", "lets what runs there reach further"),
];

/// The same in titles of rules that the catalogue does not know.
const OPENING_TITLES: &[(&str, &[&str])] = &[
    (
        "opens it to the internet",
        &["public", "publicly", "internet", "0.0.0.0", "exposed", "anonymous", "world"],
    ),
    (
        "gives more rights than needed",
        &[
            "privileged",
            "privilege",
            "admin",
            "administrator",
            "root",
            "overpermissive",
            "wildcard",
        ],
    ),
    ("weakens who can act", &["mfa", "imdsv1", "imdsv2", "password", "unauthenticated"]),
    ("leaves a secret where it can be read", &["secret", "secrets", "credential", "credentials"]),
];

/// Whether a process says nothing of the package it comes from.
pub(super) fn is_common(process: &str) -> bool {
    COMMON.binary_search(&process).is_ok()
}

/// The package URL types of the code that a process runs.
pub(super) fn runs(process: &str) -> Option<&'static [&'static str]> {
    let name = process.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let name = name.strip_suffix("w").filter(|n| *n == "python").unwrap_or(name);
    RUNTIMES.iter().find(|(runtime, _)| *runtime == name || *runtime == process).map(|(_, t)| *t)
}

/// Another name of a process's package.
pub(super) fn package_of(process: &str) -> Option<&'static str> {
    PACKAGES.iter().find(|(name, _)| *name == process).map(|(_, package)| *package)
}

/// First words of the packages that a port may lead to.
pub(super) fn served_at(port: u16) -> &'static [&'static str] {
    PORTS.iter().find(|(number, _)| *number == port).map_or(&[], |(_, names)| *names)
}

/// Whether a technique, or the one it is part of, is the use of a weakness.
pub(super) fn is_exploit(technique: &str) -> bool {
    let whole = technique.split('.').next().unwrap_or(technique);
    EXPLOITS.contains(&whole)
}

/// Whether an address names somebody on the other side.
pub(super) fn is_somebody(address: &str) -> bool {
    use std::net::IpAddr;
    if RESOLVERS.contains(&address) {
        return false;
    }
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => {
            !(v4.is_loopback() || v4.is_unspecified() || v4.is_link_local() || v4.is_broadcast())
        }
        Ok(IpAddr::V6(v6)) => !(v6.is_loopback() || v6.is_unspecified()),
        Err(_) => false,
    }
}

/// Whether a name is one that every machine has.
pub(super) fn is_local_user(name: &str) -> bool {
    LOCAL_USERS.contains(&name)
}

/// Whether an asset of this kind holds a whole world.
pub(super) fn is_wide(kind: &str) -> bool {
    WIDE.contains(&kind)
}

/// How an issue plausibly helps an attacker; `None` where it does not.
pub(super) fn opening(issue: &Issue, control: Option<&Control>) -> Option<&'static str> {
    match issue.class {
        FindingClass::Secret => return Some("leaves a secret where it can be read"),
        FindingClass::AttackPath => return Some("is a way in that a tool shows"),
        FindingClass::Detection
        | FindingClass::Vulnerability
        | FindingClass::CodeWeakness
        | FindingClass::License => return None,
        FindingClass::Misconfiguration | FindingClass::Identity | FindingClass::DataRisk => {}
    }
    match control {
        Some(control) => known_opening(control),
        None => titled_opening(issue),
    }
}

fn known_opening(control: &Control) -> Option<&'static str> {
    match control.exposure {
        Exposure::Internet => return Some("opens it to the internet"),
        Exposure::Privilege => return Some("gives more rights than needed"),
        // Data that lies open is lost without an attack on the asset; encryption stops none.
        Exposure::Data | Exposure::None => {}
    }
    OPENINGS.iter().find(|(class, _)| *class == control.weakness).map(|(_, words)| *words)
}

fn titled_opening(issue: &Issue) -> Option<&'static str> {
    let title = issue.title.raw().to_lowercase();
    let words: Vec<&str> = title.split(|c: char| !(c.is_alphanumeric() || c == '.')).collect();
    let telling = |of: &&(&'static str, &[&str])| of.1.iter().any(|word| words.contains(word));
    match OPENING_TITLES.iter().find(telling) {
        Some((words, _)) => Some(words),
        None if issue.class == FindingClass::Identity => Some("gives more rights than needed"),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_are_searched_are_sorted() {
        assert!(COMMON.is_sorted());
    }

    #[test]
    fn versions_of_a_runtime_are_one() {
        for (process, kind) in
            [("python3.11", "pypi"), ("java", "maven"), ("php-fpm8.2", "composer")]
        {
            assert_eq!(runs(process).and_then(<[&str]>::first), Some(&kind), "{process}");
        }
        assert!(runs("nginx").is_none());
    }

    #[test]
    fn own_machines_and_name_servers_are_nobody() {
        for nobody in ["127.0.0.1", "0.0.0.0", "169.254.169.254", "8.8.8.8", "::1", "x", ""] {
            assert!(!is_somebody(nobody), "{nobody}");
        }
        assert!(is_somebody("198.51.100.7") && is_somebody("10.2.3.4"));
    }
}
