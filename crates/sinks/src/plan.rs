//! What a sink is made from.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use quell_deliver::letter::Record;
use quell_deliver::text::Hosts;
use quell_http::Client;
use quell_model::Clock;
use secrecy::SecretString;

use crate::{Future, Right, SinkError};

/// What a sink is made from.
pub struct Plan {
    /// Its name in the configuration.
    pub name: String,
    /// Where its API answers, without a `/` at the end.
    pub url: Option<String>,
    /// Where in it things are made: a project, a table, a channel, a repository.
    pub project: Option<String>,
    /// Everything else that the configuration says.
    pub options: BTreeMap<String, String>,
    /// The login.
    pub credentials: Arc<dyn Credentials>,
    /// The one client.
    pub client: Client,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The hosts that links may lead to.
    pub hosts: Hosts,
    /// The records of the source that `project` names, for a sink that writes beside them.
    pub records: Option<Arc<dyn Records>>,
}

/// The records of a source that is asked. Several tasks may use it at once.
pub trait Records: Send + Sync + fmt::Debug {
    /// Puts a note beside a record, unless it stands there already.
    fn note<'a>(&'a self, record: &'a Record, text: &'a str) -> Future<'a, ()>;

    /// What the source's login may do, changing nothing.
    fn test(&self) -> Future<'_, Vec<Right>>;
}

impl Plan {
    /// A setting that has to be there.
    ///
    /// # Errors
    /// It is not there.
    pub fn require<'a>(
        name: &'static str,
        value: Option<&'a String>,
    ) -> Result<&'a str, SinkError> {
        let missing = || SinkError::Setting { name, why: "is missing".to_owned() };
        value.map(String::as_str).filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// One of the options.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plan({})", self.name)
    }
}

/// A login: who, and the secret.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The user, client id or key id; empty where there is none.
    pub id: SecretString,
    /// The secret: a token, a password, or an address that is one.
    pub secret: SecretString,
}

/// Where the login comes from, read anew when it is used, so that a rotated one holds at once.
pub trait Credentials: Send + Sync + fmt::Debug {
    /// The login as it is now.
    fn read(&self) -> Future<'_, Credential>;
}
