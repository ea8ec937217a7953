//! What a key of the configuration is: its words, its kind, its bounds and its default.

use crate::tables::Rule;

/// A table of the configuration.
#[derive(Debug)]
pub struct Table {
    /// Its name in the file.
    pub name: &'static str,
    /// Whether the user names one or many of it: `[hooks.NAME]`.
    pub named: Option<&'static str>,
    /// What it is for.
    pub doc: &'static str,
    /// Its keys, in the order in which they are shown.
    pub keys: &'static [Key],
    /// What must hold between its keys.
    pub(crate) rule: Rule,
}

impl Table {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The header of the table as the example shows it.
    pub(crate) fn header(&self) -> String {
        self.named.map_or_else(|| self.name.to_owned(), |name| format!("{}.{name}", self.name))
    }
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// Its name in the table.
    pub name: &'static str,
    /// What it says, as users read it.
    pub doc: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What holds where nobody says it, as the environment would write it.
    pub default: Option<&'static str>,
    /// A value to show where there is no default.
    pub sample: &'static str,
    /// Whether it must be said.
    pub required: bool,
    /// A second variable of the environment that sets it.
    pub variable: Option<&'static str>,
}

impl Key {
    pub(crate) const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, doc, kind, default: None, sample: "", required: false, variable: None }
    }

    /// Has a default.
    pub(crate) const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// May be left out; the example shows this value.
    pub(crate) const fn sample(mut self, sample: &'static str) -> Self {
        self.sample = sample;
        self
    }

    /// Must be said; the example shows this value.
    pub(crate) const fn required(mut self, sample: &'static str) -> Self {
        self.sample = sample;
        self.required = true;
        self
    }

    /// May be set by a second variable too.
    pub(crate) const fn variable(mut self, name: &'static str) -> Self {
        self.variable = Some(name);
        self
    }

    /// The value that the example shows.
    pub(crate) fn shown(&self) -> &'static str {
        self.default.unwrap_or(self.sample)
    }
}

/// What a key may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An IP address with a port.
    Address,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// The name of a format, or `auto`.
    Format,
    /// The name of an HTTP header.
    Header,
    /// A list of host names or addresses.
    Hosts,
    /// A whole number.
    Integer {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
        /// What is counted.
        unit: Unit,
    },
    /// An amount of money, with at most six places.
    Money,
    /// A list of hosts, addresses and networks (`10.0.0.0/8`).
    Networks,
    /// A path; one that is relative begins at the file's folder.
    Path,
    /// A path, or a list of them.
    Paths,
    /// Names with values, which other parts of Quell know.
    Parameters,
    /// One reference to a secret.
    Secret,
    /// One or two references to secrets, each with the last day on which it counts.
    Secrets,
    /// Text with `{body}`, and perhaps `{timestamp}` and `{id}`.
    Template,
    /// The name of a tenant.
    Tenant,
    /// Text without control characters.
    Text,
    /// `true` or `false`.
    Truth,
    /// An address that begins with `http://` or `https://`, without user and password.
    Url,
    /// A list of words or names.
    Words,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Days.
    Days,
    /// Hundredths.
    Percent,
    /// Seconds.
    Seconds,
    /// Things that the key's name says.
    Things,
}

impl Kind {
    pub(crate) const fn bytes(least: i64, most: i64) -> Self {
        Self::Integer { least, most, unit: Unit::Bytes }
    }

    pub(crate) const fn seconds(least: i64, most: i64) -> Self {
        Self::Integer { least, most, unit: Unit::Seconds }
    }

    pub(crate) const fn things(least: i64, most: i64) -> Self {
        Self::Integer { least, most, unit: Unit::Things }
    }

    /// What may stand there, as users read it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Address => "an IP address with a port, such as `127.0.0.1:8420`".to_owned(),
            Self::Choice(words) => format!("one of {}", quoted(words)),
            Self::Format => "`auto`, or a format of docs/formats.md".to_owned(),
            Self::Header => "the name of an HTTP header".to_owned(),
            Self::Hosts => "a list of host names or IP addresses".to_owned(),
            Self::Integer { least, most, unit } => integer_words(*least, *most, *unit),
            Self::Money => "an amount such as `5` or `0.25`, at most six places".to_owned(),
            Self::Networks => {
                "a list of host names, IP addresses and networks such as `10.0.0.0/8`".to_owned()
            }
            Self::Path => "a path".to_owned(),
            Self::Paths => "a path, or a list of them".to_owned(),
            Self::Parameters => "a table of names with text, numbers or truths".to_owned(),
            Self::Secret => "a reference: `env:NAME`, `file:/PATH`, `vault:MOUNT/PATH#FIELD` or \
                             `aws-sm:NAME#FIELD`"
                .to_owned(),
            Self::Secrets => "a list of one or two references, each as text or as \
                              `{ secret = \"env:NAME\", until = \"2027-01-31\" }`"
                .to_owned(),
            Self::Template => {
                "text with `{body}` once, and perhaps `{timestamp}` and `{id}`".to_owned()
            }
            Self::Tenant => "1 to 64 small letters, digits and `-`, a letter first".to_owned(),
            Self::Text => "text on one line, at most 1024 bytes".to_owned(),
            Self::Truth => "`true` or `false`".to_owned(),
            Self::Words => "a list of text".to_owned(),
            Self::Url => "an `https://` or `http://` address without user and password".to_owned(),
        }
    }

    /// Whether it names a secret, so that what stands there must never be shown.
    pub(crate) const fn is_secret(&self) -> bool {
        matches!(self, Self::Secret | Self::Secrets)
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn integer_words(least: i64, most: i64, unit: Unit) -> String {
    let range = format!("{least} to {most}");
    match unit {
        Unit::Bytes => {
            format!("{range} bytes ({} to {})", bytes_words(least), bytes_words(most))
        }
        Unit::Days => range + " days",
        Unit::Percent => range + " percent",
        Unit::Seconds => range + " seconds",
        Unit::Things => format!("a whole number from {range}"),
    }
}

/// A number of bytes as people say it.
pub(crate) fn bytes_words(bytes: i64) -> String {
    for (size, name) in [(1_i64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= size && bytes % size == 0 {
            return format!("{} {name}", bytes / size);
        }
    }
    format!("{bytes} bytes")
}
