//! Where a bucket is, and who reads it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use secrecy::SecretString;

/// Settings of a bucket.
#[derive(Debug, Clone)]
pub struct BucketSettings {
    /// Where the store answers, as `https://host:port`; without it, AWS in the region.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// Only objects whose keys begin so.
    pub prefix: String,
    /// How much older than the newest known object a new one may be: an upload in parts bears the
    /// time at which it began.
    pub overlap: Duration,
}

impl BucketSettings {
    /// A bucket of AWS, with a day of overlap.
    #[must_use]
    pub fn new(region: &str, bucket: &str, prefix: &str) -> Self {
        Self {
            endpoint: None,
            region: region.to_owned(),
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            overlap: Duration::from_secs(24 * 3_600),
        }
    }
}

/// A key that signs requests.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// Id of the access key.
    pub access_key: SecretString,
    /// The secret key.
    pub secret_key: SecretString,
    /// Session token of a temporary key.
    pub session_token: Option<SecretString>,
}

/// A key, some time later, or a sentence that says why there is none.
pub type KeysFound<'a> = Pin<Box<dyn Future<Output = Result<KeyPair, String>> + Send + 'a>>;

/// Where the key comes from. It is asked before every request, so that a rotated key is used at once.
pub trait Keys: fmt::Debug + Send + Sync {
    /// The key to sign with.
    fn keys(&self) -> KeysFound<'_>;
}
