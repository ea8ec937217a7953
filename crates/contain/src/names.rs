//! Names of what is contained, each checked when it is made: none can hold a path, a pattern or a
//! variable, so a name stands in an address or a policy as it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is no such name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}")]
pub struct BadName {
    what: &'static str,
    text: String,
}

impl BadName {
    fn new(what: &'static str, text: &str) -> Self {
        let text: String = text.chars().take(80).collect();
        Self { what, text: quell_model::shown(&text, false) }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $fits:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                let fits: fn(&str) -> bool = $fits;
                if fits(text) { Ok(Self(text.to_owned())) } else { Err(BadName::new($what, text)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A cluster, as the settings name it.
    ClusterName, "name of a cluster", |text| within(text, 1, 100, "_.-")
);
name!(
    /// A namespace of Kubernetes.
    Namespace, "namespace", |text| text.len() <= 63 && is_label(text)
);
name!(
    /// A name of an object of Kubernetes.
    KubeName, "name of an object of Kubernetes",
    |text| text.len() <= 253 && text.split('.').all(is_label)
);
name!(
    /// An account of AWS.
    AccountId, "account of AWS", |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);
name!(
    /// A region of AWS.
    Region, "region of AWS", |text| (3..=40).contains(&text.len()) && is_label(text)
);
name!(
    /// The id of an access key that does not end by itself.
    AccessKeyId, "id of a lasting access key",
    |text| (16..=128).contains(&text.len()) && !text.starts_with("ASIA")
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
);
name!(
    /// A bucket of S3.
    BucketName, "bucket of S3",
    |text| (3..=63).contains(&text.len()) && text.split('.').all(is_label)
);
name!(
    /// A bucket of Google Cloud Storage.
    GoogleBucket, "bucket of Google Cloud Storage",
    |text| within(text, 3, 222, "_.-") && !text.contains("..") && is_lower(text)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
);
name!(
    /// A project of Google Cloud, by its id or number.
    ProjectId, "project of Google Cloud",
    |text| within(text, 3, 63, "-") && is_lower(text)
);
name!(
    /// A subscription of Azure.
    SubscriptionId, "subscription of Azure",
    |text| text.len() == 36 && text.char_indices().all(|(at, c)| match at {
        8 | 13 | 18 | 23 => c == '-',
        _ => c.is_ascii_hexdigit(),
    })
);
name!(
    /// A resource group of Azure.
    ResourceGroup, "resource group of Azure",
    |text| within(text, 1, 90, "_-.()") && !text.ends_with('.') && !text.starts_with('.')
);
name!(
    /// A storage account of Azure.
    StorageAccount, "storage account of Azure",
    |text| within(text, 3, 24, "") && is_lower(text)
);
name!(
    /// A managed policy of AWS, by its ARN.
    PolicyArn, "ARN of a managed policy",
    |text| arn(text).is_some_and(|(_, account, rest)| {
        (account == "aws" || account.parse::<AccountId>().is_ok())
            && rest.strip_prefix("policy/").is_some_and(|rest| is_path(rest, 128))
    })
);

/// A user, role or group of AWS, by its ARN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Principal {
    arn: String,
    kind: PrincipalKind,
    account: AccountId,
    name: String,
}

/// What a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A user.
    User,
    /// A role.
    Role,
    /// A group.
    Group,
}

impl PrincipalKind {
    /// As parameters and calls of IAM name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Role => "Role",
            Self::Group => "Group",
        }
    }
}

impl Principal {
    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.arn
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// Its account.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Its ARN, and the one without the path. A name is unique whatever its path, so the second is
    /// nobody else; IAM names it so where there is none of that name any more.
    #[must_use]
    pub(crate) fn arns(&self) -> Vec<String> {
        let mut arns = vec![self.arn.clone()];
        let (front, rest) = self.arn.split_once('/').unwrap_or((&self.arn, ""));
        if rest != self.name {
            arns.push(format!("{front}/{}", self.name));
        }
        arns
    }

    /// Its name without the path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Principal {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName::new("ARN of a user, role or group", text);
        let (_, account, rest) = arn(text).ok_or_else(bad)?;
        let (kind, path) = rest.split_once('/').ok_or_else(bad)?;
        let (kind, longest) = match kind {
            "user" => (PrincipalKind::User, 64),
            "role" => (PrincipalKind::Role, 64),
            "group" => (PrincipalKind::Group, 128),
            _ => return Err(bad()),
        };
        if !is_path(path, longest) {
            return Err(bad());
        }
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self { arn: text.to_owned(), kind, account: account.parse()?, name })
    }
}

impl TryFrom<String> for Principal {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> Self {
        principal.arn
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

/// Partition, account and rest of an ARN of IAM.
fn arn(text: &str) -> Option<(&str, &str, &str)> {
    let (partition, rest) = text.strip_prefix("arn:")?.split_once(':')?;
    let (account, rest) = rest.strip_prefix("iam::")?.split_once(':')?;
    let known = matches!(partition, "aws" | "aws-cn" | "aws-us-gov");
    known.then_some((partition, account, rest))
}

/// A path and a name as IAM has them, without what policies read as a pattern or a variable.
fn is_path(text: &str, longest: usize) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let fits = |part: &&str| within(part, 1, 512, "+=,.@_-");
    parts.iter().all(fits)
        && text.len() <= 600
        && parts.last().is_some_and(|name| name.len() <= longest)
}

fn within(text: &str, least: usize, most: usize, also: &str) -> bool {
    (least..=most).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
}

fn is_lower(text: &str) -> bool {
    !text.bytes().any(|b| b.is_ascii_uppercase())
}

/// A label of the domain name system, in lower case.
fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty()
        && text.len() <= 253
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_paths_patterns_or_variables_are_none() {
        for text in ["", "a/b", "a b", "..", "A", "-a", "a-", "a\n", "a%2fb", "ä", "a?x=1", "a#b"]
        {
            assert!(text.parse::<Namespace>().is_err(), "{text}");
            assert!(text.parse::<KubeName>().is_err(), "{text}");
            assert!(text.parse::<BucketName>().is_err(), "{text}");
        }
        for text in [
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:role/a?",
            "arn:aws:iam::111122223333:role/${aws:username}",
            "arn:aws:iam::111122223333:role//a",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::11112222333:role/a",
            "arn:aws:iam::*:role/a",
            "arn:other:iam::111122223333:role/a",
            "arn:aws:iam::111122223333:server-certificate/a",
            "arn:aws:sts::111122223333:assumed-role/a/b",
        ] {
            assert!(text.parse::<Principal>().is_err(), "{text}");
        }
        assert!("arn:aws:iam::aws:policy/*".parse::<PolicyArn>().is_err());
        assert!("arn:aws:iam::aws:policy/job-function/Billing".parse::<PolicyArn>().is_ok());
    }

    #[test]
    fn an_arn_names_its_account_and_its_last_part() {
        let role: Principal = "arn:aws-cn:iam::111122223333:role/a/b/web".parse().unwrap();
        assert_eq!((role.name(), role.kind()), ("web", PrincipalKind::Role));
        assert_eq!(role.account().as_str(), "111122223333");
    }

    #[test]
    fn a_key_that_ends_by_itself_is_no_lasting_one() {
        assert!("ASIAIOSFODNN7EXAMPLE".parse::<AccessKeyId>().is_err());
        assert!("AKIAIOSFODNN7EXAMPLE".parse::<AccessKeyId>().is_ok());
    }

    #[test]
    fn a_name_is_checked_when_it_is_read() {
        assert!(serde_json::from_str::<KubeName>("\"web-0\"").is_ok());
        assert!(serde_json::from_str::<KubeName>("\"../secrets\"").is_err());
    }
}
