//! How a platform is set up.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use quell_http::{Client, Rate};
use quell_model::Clock;
use secrecy::SecretString;

use super::{Connector, LiveError};

/// How a source is asked over the network.
#[derive(Debug)]
pub struct Live {
    /// What it needs in `[sources.NAME]`, besides what all sources have.
    pub settings: &'static [Setting],
    /// Most requests a second that the vendor documents, for all that is asked of one login.
    pub rate: Option<Rate>,
    /// Most requests for one kind of call, by the account that its requests name.
    pub call_rates: &'static [(&'static str, Rate)],
    /// Streams whose records take notes beside those of people.
    pub notes: &'static [&'static str],
    /// Makes a connector. Nothing is asked yet.
    pub connect: fn(Plan) -> Result<Box<dyn Connector>, LiveError>,
}

/// One key of `[sources.NAME]`.
#[derive(Debug)]
pub struct Setting {
    /// Its name: `url`, `login_at`, `account`, `key_id`, `key_secret`, or one of `options`.
    pub name: &'static str,
    /// What it says.
    pub doc: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// A value to show.
    pub sample: &'static str,
}

/// What a connector is made from.
pub struct Plan {
    /// The source's name in the configuration.
    pub name: String,
    /// Where the API answers, without a `/` at its end.
    pub url: Option<String>,
    /// Where tokens are had, where that is elsewhere.
    pub login_at: Option<String>,
    /// The vendor's account, tenant or project.
    pub account: Option<String>,
    /// Everything else that the configuration says.
    pub options: BTreeMap<String, String>,
    /// The login.
    pub credentials: Arc<dyn Credentials>,
    /// The one client, with the vendor's limits set.
    pub client: Client,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl Plan {
    /// A setting that has to be there.
    ///
    /// # Errors
    /// It is not there.
    pub fn require<'a>(
        name: &'static str,
        value: Option<&'a String>,
    ) -> Result<&'a str, LiveError> {
        let missing = || LiveError::Setting { name, why: "is missing".to_owned() };
        value.map(String::as_str).filter(|text| !text.is_empty()).ok_or_else(missing)
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plan({})", self.name)
    }
}

/// A login: the id of the key, and the key.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Client id, access key id or key id; empty where the vendor has none.
    pub id: SecretString,
    /// The secret.
    pub secret: SecretString,
}

/// Where the login comes from, read anew when a token is had.
pub trait Credentials: Send + Sync + fmt::Debug {
    /// The login as it is now.
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, LiveError>> + Send + '_>>;
}
