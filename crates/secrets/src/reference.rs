//! Where a secret stands, read from text.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Longest reference.
const MOST_BYTES: usize = 2_048;

/// Where a secret stands. It can be shown: it names the place, never what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretRef {
    /// `env:NAME`: a variable of the environment.
    Env(String),
    /// `file:/path`: the content of a file, without the line end at its end.
    File(PathBuf),
    /// `vault:mount/path#field`: a field of a secret of Vault's KV engine, version 2.
    Vault {
        /// Where the engine is mounted.
        mount: String,
        /// Path below the mount.
        path: String,
        /// Name of the field.
        field: String,
    },
    /// `aws-sm:name` or `aws-sm:arn#field`: a secret of AWS Secrets Manager, or a field of it where it is JSON.
    Aws {
        /// Name or ARN.
        name: String,
        /// Field of the JSON object.
        field: Option<String>,
    },
}

/// Text that is no reference. The text is not repeated, since it may be the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    /// No known scheme is in front.
    #[error(
        "a plain value is not accepted in place of a secret; write `env:NAME`, `file:/path`, `vault:mount/path#field` or `aws-sm:name`"
    )]
    Plain,
    /// After `env:` stands no name.
    #[error("`env:` needs the name of a variable: letters, digits and `_`, as in `env:WIZ_TOKEN`")]
    Env,
    /// After `file:` stands no absolute path.
    #[error("`file:` needs an absolute path without `..`, as in `file:/run/secrets/wiz`")]
    File,
    /// After `vault:` stands no mount, path and field.
    #[error("`vault:` needs mount, path and field, as in `vault:secret/team/wiz#token`")]
    Vault,
    /// After `aws-sm:` stands no name.
    #[error(
        "`aws-sm:` needs a name or ARN, and a field after `#` if it is JSON, as in `aws-sm:prod/wiz#token`"
    )]
    Aws,
}

impl FromStr for SecretRef {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        if text.len() > MOST_BYTES || text.chars().any(char::is_control) {
            return Err(InvalidReference::Plain);
        }
        match text.split_once(':') {
            Some(("env", rest)) => env(rest).ok_or(InvalidReference::Env),
            Some(("file", rest)) => file(rest).ok_or(InvalidReference::File),
            Some(("vault", rest)) => vault(rest).ok_or(InvalidReference::Vault),
            Some(("aws-sm", rest)) => aws(rest).ok_or(InvalidReference::Aws),
            Some(_) | None => Err(InvalidReference::Plain),
        }
    }
}

fn env(name: &str) -> Option<SecretRef> {
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    (fits && !name.is_empty()).then(|| SecretRef::Env(name.to_owned()))
}

fn file(text: &str) -> Option<SecretRef> {
    let path = PathBuf::from(text);
    let climbs = path.components().any(|part| part == std::path::Component::ParentDir);
    let fits = path.is_absolute() && !climbs && !text.ends_with('/');
    fits.then_some(SecretRef::File(path))
}

fn vault(text: &str) -> Option<SecretRef> {
    let (place, field) = text.split_once('#')?;
    let (mount, path) = place.split_once('/')?;
    let fits = place.split('/').all(is_segment) && is_field(field);
    fits.then(|| SecretRef::Vault {
        mount: mount.to_owned(),
        path: path.to_owned(),
        field: field.to_owned(),
    })
}

fn aws(text: &str) -> Option<SecretRef> {
    let (name, field) = match text.split_once('#') {
        Some((name, field)) => (name, Some(field)),
        None => (text, None),
    };
    // The characters that AWS allows in names, and those of an ARN.
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+=.@-:!".contains(c));
    let fits = fits && !name.is_empty() && field.is_none_or(is_field);
    fits.then(|| SecretRef::Aws { name: name.to_owned(), field: field.map(str::to_owned) })
}

/// A segment of a path that stays where it is, in whatever way it is written into a URL.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && !text.contains(|c: char| c.is_whitespace() || "%\\?#;".contains(c))
}

fn is_field(text: &str) -> bool {
    !text.is_empty() && !text.contains('#') && text.trim() == text
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Vault { mount, path, field } => write!(f, "vault:{mount}/{path}#{field}"),
            Self::Aws { name, field: None } => write!(f, "aws-sm:{name}"),
            Self::Aws { name, field: Some(field) } => write!(f, "aws-sm:{name}#{field}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references_read_back_as_written() {
        for text in [
            "env:WIZ_TOKEN",
            "file:/run/secrets/wiz token",
            "vault:secret/team/app#token",
            "vault:kv/a#b.c",
            "aws-sm:prod/wiz",
            "aws-sm:prod/wiz#client_secret",
            "aws-sm:arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/wiz-AbCdEf#a",
        ] {
            assert_eq!(text.parse::<SecretRef>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_without_being_repeated() {
        for text in [
            "",
            "hunter2",
            "env:hunter2-x",
            "vault:hunter2",
            "file:hunter2",
            "aws-sm:hunter2#",
            "https://x",
            "ENV:X",
            "env:",
            "env:A-B",
            "env:1A",
            "file:secret",
            "file:/a/../b",
            "file:/a/",
            "vault:secret#x",
            "vault:secret/a",
            "vault:secret/../a#b",
            "vault:secret/%2e%2e/a#b",
            "vault:secret//a#b",
            "vault:secret/a#",
            "aws-sm:",
            "aws-sm:a b",
            "aws-sm:a#",
            "env:A\n",
        ] {
            let error = text.parse::<SecretRef>().unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_configuration_takes_the_same(
            text in "(env|file|vault|aws-sm|x)?:?[a-zA-Z0-9_./#%?: -]{0,12}(/[a-z.]{0,3}){0,2}(#[a-z #]{0,3})?",
        ) {
            // A drive is absolute in the configuration everywhere, and here on Windows alone.
            let is_drive = text.starts_with("file:") && !text.starts_with("file:/");
            let configured = text.parse::<quell_config::SecretRef>().is_ok();
            prop_assert!(text.parse::<SecretRef>().is_ok() == configured || is_drive, "{}", text);
        }

        #[test]
        fn what_is_read_is_written_back(text in "(env|file|vault|aws-sm):[ -~]{0,30}") {
            if let Ok(reference) = text.parse::<SecretRef>() {
                prop_assert_eq!(reference.to_string().parse::<SecretRef>().unwrap(), reference);
            }
        }
    }
}
