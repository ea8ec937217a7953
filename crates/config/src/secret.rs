//! References to secrets. A secret itself never stands in a configuration.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use jiff::civil::Date;
use serde::Deserialize;

/// Longest reference.
const MOST_BYTES: usize = 2048;

/// What resolves a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// A variable of the environment: `env:NAME`.
    Environment,
    /// A file: `file:/PATH`.
    File,
    /// A field in HashiCorp Vault: `vault:MOUNT/PATH#FIELD`.
    Vault,
    /// AWS Secrets Manager: `aws-sm:NAME` or `aws-sm:NAME#FIELD`.
    AwsSecretsManager,
}

/// Where a reference leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretPlace<'a> {
    /// A variable of the environment.
    Env(&'a str),
    /// A file, whose content is the secret but for the line end at its end.
    File(&'a Path),
    /// A field of a secret of Vault's KV engine, version 2.
    Vault {
        /// Where the engine is mounted.
        mount: &'a str,
        /// Path below the mount.
        path: &'a str,
        /// Name of the field.
        field: &'a str,
    },
    /// A secret of AWS Secrets Manager, or a field of it where it is JSON.
    Aws {
        /// Name or ARN.
        name: &'a str,
        /// Field of the JSON object.
        field: Option<&'a str>,
    },
}

/// A reference to a secret. It can be shown: it names the place, never what stands there.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct SecretRef(String);

impl SecretRef {
    /// The reference as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What resolves it.
    #[must_use]
    pub fn kind(&self) -> SecretKind {
        kind_of(&self.0).map_or(SecretKind::Environment, |(kind, _)| kind)
    }

    /// A reference to a variable of the environment, by its name.
    #[must_use]
    pub fn variable(name: &str) -> Self {
        Self(format!("env:{name}"))
    }

    /// Where it leads.
    #[must_use]
    pub fn place(&self) -> SecretPlace<'_> {
        let (place, field) = match self.target().split_once('#') {
            Some((place, field)) => (place, Some(field)),
            None => (self.target(), None),
        };
        match self.kind() {
            SecretKind::Environment => SecretPlace::Env(self.target()),
            SecretKind::File => SecretPlace::File(Path::new(self.target())),
            SecretKind::Vault => {
                let (mount, path) = place.split_once('/').unwrap_or((place, ""));
                SecretPlace::Vault { mount, path, field: field.unwrap_or_default() }
            }
            SecretKind::AwsSecretsManager => SecretPlace::Aws { name: place, field },
        }
    }

    /// What stands behind the scheme: a name, a path, or a path with its field.
    #[must_use]
    pub fn target(&self) -> &str {
        kind_of(&self.0).map_or("", |(_, target)| target)
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SecretRef({})", self.0)
    }
}

impl FromStr for SecretRef {
    type Err = &'static str;

    /// The error says what is wrong and never what was written.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MOST_BYTES || text.chars().any(char::is_control) {
            return Err("is no reference to a secret");
        }
        let Some((kind, target)) = kind_of(text) else {
            return Err("is no reference to a secret; a secret itself is not accepted here");
        };
        let fits = match kind {
            SecretKind::Environment => is_variable(target),
            SecretKind::File => is_absolute(target),
            SecretKind::Vault => target.split_once('#').is_some_and(|(path, field)| {
                path.contains('/') && path.split('/').all(is_segment) && is_field(field)
            }),
            SecretKind::AwsSecretsManager => {
                let (name, field) = target.split_once('#').unwrap_or((target, "all"));
                is_aws_name(name) && is_field(field)
            }
        };
        if fits { Ok(Self(text.to_owned())) } else { Err(form(kind)) }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

fn kind_of(text: &str) -> Option<(SecretKind, &str)> {
    let (scheme, target) = text.split_once(':')?;
    let kind = match scheme {
        "env" => SecretKind::Environment,
        "file" => SecretKind::File,
        "vault" => SecretKind::Vault,
        "aws-sm" => SecretKind::AwsSecretsManager,
        _ => return None,
    };
    Some((kind, target))
}

const fn form(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Environment => "has no name of a variable behind `env:`",
        SecretKind::File => "has no whole path to a file behind `file:`",
        SecretKind::Vault => "has no `MOUNT/PATH#FIELD` behind `vault:`",
        SecretKind::AwsSecretsManager => "has no name behind `aws-sm:`",
    }
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_absolute(path: &str) -> bool {
    let drive = path.as_bytes();
    let absolute = path.starts_with('/')
        || matches!(drive, [d, b':', b'\\' | b'/', ..] if d.is_ascii_alphabetic());
    absolute && !path.ends_with('/') && path.split(['/', '\\']).all(|part| part != "..")
}

/// A part of a path that stays what it is in an address.
fn is_segment(segment: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || "%\\?#;".contains(c);
    !matches!(segment, "" | "." | "..") && !segment.contains(odd)
}

fn is_field(field: &str) -> bool {
    !field.is_empty() && !field.contains('#') && field.trim() == field
}

/// What AWS allows in names, and what stands in an ARN.
fn is_aws_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+=.@-:!".contains(c))
}

/// A secret that a hook accepts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookSecret {
    /// Where it stands.
    pub secret: SecretRef,
    /// The last day, in UTC, on which it counts.
    pub until: Option<Date>,
}

/// Secrets that everybody knows, in lower case and without what is not a letter.
const KNOWN: &[&str] = &[
    "admin",
    "administrator",
    "apikey",
    "changeit",
    "changeme",
    "changethis",
    "default",
    "demo",
    "dummy",
    "example",
    "fixme",
    "foobar",
    "guest",
    "hunter",
    "key",
    "letmein",
    "mysecret",
    "none",
    "null",
    "pass",
    "passw",
    "password",
    "placeholder",
    "postgres",
    "quell",
    "qwerty",
    "replaceme",
    "root",
    "sample",
    "secret",
    "secretkey",
    "secrettoken",
    "supersecret",
    "test",
    "testing",
    "token",
    "todo",
    "user",
    "webhook",
    "webhooksecret",
    "welcome",
    "x",
    "xxx",
    "yourkeyhere",
    "yoursecret",
    "yoursecrethere",
    "yourtokenhere",
];

/// Fewer bytes can be guessed.
const LEAST_BYTES: usize = 8;

/// Why a secret that a reference led to must not be used; nothing where it may be. What it holds
/// is not told.
#[must_use]
pub fn weak_secret(value: &[u8]) -> Option<&'static str> {
    let value = value.trim_ascii();
    if value.is_empty() {
        return Some("is empty");
    }
    let letters: Vec<u8> =
        value.iter().filter(|b| b.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
    // A long row of digits with few letters among them is no such word.
    let mostly_letters = letters.len() * 2 >= value.len();
    if mostly_letters && KNOWN.iter().any(|known| known.as_bytes() == letters) {
        return Some("is a default that everybody knows");
    }
    let plain = value.to_ascii_lowercase();
    let leet: Vec<u8> = plain.iter().map(|byte| unleet(*byte)).collect();
    if KNOWN.iter().any(|known| known.as_bytes() == leet) {
        return Some("is a default that everybody knows");
    }
    if value.len() < LEAST_BYTES {
        return Some("is shorter than 8 bytes");
    }
    let same = value.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    let counted = value.windows(2).all(
        |pair| matches!(pair, [a, b] if a.wrapping_add(1) == *b || (*a == b'9' && *b == b'0')),
    );
    (same || counted).then_some("can be guessed")
}

/// The letter that a digit or sign stands for.
const fn unleet(byte: u8) -> u8 {
    match byte {
        b'0' => b'o',
        b'1' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_is_written_back(text in "(env|file|vault|aws-sm):[ -~]{0,30}") {
            if let Ok(reference) = text.parse::<SecretRef>() {
                prop_assert_eq!(reference.to_string().parse::<SecretRef>().unwrap(), reference);
            }
        }
    }

    #[test]
    fn references_are_told_from_secrets() {
        for text in [
            "env:WIZ_SECRET",
            "file:/run/secrets/wiz",
            "vault:kv/quell/wiz#secret",
            "aws-sm:quell/wiz",
            "aws-sm:arn:aws:secretsmanager:eu-west-1:111122223333:secret:wiz-AbCdEf#hmac",
        ] {
            let reference: SecretRef = text.parse().unwrap();
            assert_eq!(format!("{reference}"), text);
            assert!(text.ends_with(reference.target()));
        }
        for text in [
            "",
            "hunter2",
            "env:",
            "env:A B",
            "env:1A",
            "file:relative",
            "file:/folder/",
            "vault:kv#x",
            "file:/a/../b",
            "vault:kv/%2e%2e/x#y",
            "vault:kv/../x#y",
            "vault:kv//x#y",
            "aws-sm:a b",
            "vault:kv/x",
            "aws-sm:",
            "aws-sm:x#",
            "ENV:X",
            "https://user:pass@x",
            "env:A\n",
        ] {
            let error = text.parse::<SecretRef>().unwrap_err();
            let told = text.len() > 7 && error.contains(text);
            assert!(!told, "{error}");
        }
    }

    #[test]
    fn a_reference_names_its_place_in_parts() {
        let reference = |text: &str| text.parse::<SecretRef>().unwrap();
        assert_eq!(reference("env:WIZ"), SecretRef::variable("WIZ"));
        assert_eq!(reference("env:WIZ").place(), SecretPlace::Env("WIZ"));
        let path = Path::new("/run/a#b");
        assert_eq!(reference("file:/run/a#b").place(), SecretPlace::File(path));
        assert_eq!(
            reference("vault:kv/team/wiz#token").place(),
            SecretPlace::Vault { mount: "kv", path: "team/wiz", field: "token" }
        );
        assert_eq!(
            reference("aws-sm:prod/wiz#token").place(),
            SecretPlace::Aws { name: "prod/wiz", field: Some("token") }
        );
        assert_eq!(
            reference("aws-sm:prod/wiz").place(),
            SecretPlace::Aws { name: "prod/wiz", field: None }
        );
    }

    #[test]
    fn defaults_that_everybody_knows_are_weak() {
        for weak in [
            "",
            " \n",
            "changeme",
            "CHANGE_ME",
            "Change-Me!",
            "password",
            "P@ssw0rd",
            "password123",
            "secret",
            "s3cret",
            "admin",
            "admin123",
            "your-secret-here",
            "12345678",
            "1234567890",
            "aaaaaaaaaaaa",
            "short7!",
            "xxxxxxxxxxxx",
        ] {
            assert!(weak_secret(weak.as_bytes()).is_some(), "{weak}");
        }
        for fine in ["3q2-8f0a-77bc-1d2e", "correct horse battery staple", "ZGVhZGJlZWY5OTg3"] {
            assert_eq!(weak_secret(fine.as_bytes()), None, "{fine}");
        }
    }
}
