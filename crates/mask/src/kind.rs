//! What is masked, and who may see it.

/// What stood where a placeholder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A password, key or token. It never comes back.
    Secret,
    /// Text that a code such as base64 hides, with something in it that is masked.
    Encoded,
    /// A string that looks drawn by lot and is no identifier of a known grammar.
    Unknown,
    /// An address for electronic mail.
    Email,
    /// The name of a person.
    Person,
    /// A name somebody signs in with.
    User,
    /// A telephone number.
    Phone,
    /// A number of a bank, a card, a state or an insurance that belongs to a person.
    Number,
    /// An address of the internet protocol.
    Ip,
    /// An address of a network card.
    Mac,
    /// The name of a host.
    Host,
    /// The place of a person or a thing on earth.
    Position,
    /// An account, subscription, project or tenant of a cloud.
    Account,
    /// A name in Amazon's form.
    Arn,
    /// An id in Azure's form.
    Azure,
    /// A name in Google's form.
    Google,
    /// The name or id of another thing in a cloud.
    Resource,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Secret,
        Self::Encoded,
        Self::Unknown,
        Self::Email,
        Self::Person,
        Self::User,
        Self::Phone,
        Self::Number,
        Self::Ip,
        Self::Mac,
        Self::Host,
        Self::Position,
        Self::Account,
        Self::Arn,
        Self::Azure,
        Self::Google,
        Self::Resource,
    ];

    /// The word in a placeholder.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Encoded => "encoded",
            Self::Unknown => "string",
            Self::Email => "email",
            Self::Person => "person",
            Self::User => "user",
            Self::Phone => "phone",
            Self::Number => "number",
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::Host => "host",
            Self::Position => "position",
            Self::Account => "account",
            Self::Arn => "arn",
            Self::Azure => "azure",
            Self::Google => "google",
            Self::Resource => "resource",
        }
    }

    /// The kind of a word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether what stood there comes back when an answer names it.
    #[must_use]
    pub const fn comes_back(self) -> bool {
        !matches!(self, Self::Secret | Self::Encoded | Self::Number)
    }

    /// Whether somebody allowed that it leaves.
    pub(crate) const fn is_granted(self, grants: Grants) -> bool {
        match self {
            Self::Secret | Self::Encoded | Self::Unknown | Self::Number | Self::Position => false,
            Self::Email | Self::Person | Self::User | Self::Phone => grants.identities,
            Self::Ip | Self::Mac | Self::Host => grants.addresses,
            Self::Account | Self::Arn | Self::Azure | Self::Google | Self::Resource => grants.names,
        }
    }

    /// Which of two that overlap counts, the higher.
    pub(crate) const fn weight(self) -> u8 {
        match self {
            Self::Secret => 3,
            Self::Encoded => 2,
            Self::Unknown => 0,
            Self::Email
            | Self::Person
            | Self::User
            | Self::Phone
            | Self::Number
            | Self::Ip
            | Self::Mac
            | Self::Host
            | Self::Position
            | Self::Account
            | Self::Arn
            | Self::Azure
            | Self::Google
            | Self::Resource => 1,
        }
    }
}

/// What an authorised person allowed to leave as it stands. Nothing, unless somebody did. Secrets,
/// and numbers that belong to a person, are never allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants {
    /// Addresses and names of hosts.
    pub addresses: bool,
    /// Names, mail addresses and telephone numbers of people.
    pub identities: bool,
    /// Names and ids of what stands in a cloud, and of accounts.
    pub names: bool,
}
