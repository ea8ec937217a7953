//! One server and the right to ask it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Deadlines, Policy, Request, Response, Retry, Sizes};
use quell_model::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Address, ClientError};

/// Most bytes of an answer: a report of a million issues.
const MOST_BYTES: u64 = 4 << 30;

/// A token. It is never printed.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// Takes a token from a file's text or a variable.
    ///
    /// # Errors
    /// When it can be none.
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        let text = text.trim();
        let fits = (1..=1024).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(SecretString::from(text))).ok_or(ClientError::OddToken)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// One server and the right to ask it.
#[derive(Debug, Clone)]
pub struct Connection {
    address: Address,
    token: Option<Token>,
    client: Client,
}

impl Connection {
    /// Prepares to ask a server; nothing is sent yet. It must be made within a tokio runtime.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(
        address: Address,
        token: Option<Token>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ClientError> {
        let day = Duration::from_secs(24 * 3_600);
        let policy = Policy {
            egress: address.egress(),
            deadlines: Deadlines {
                first_byte: Duration::from_secs(120),
                idle: Duration::from_secs(60),
                whole: Duration::from_secs(600),
                ..Deadlines::default()
            },
            // A person waits: a server that is not there is told soon. An upload may take long.
            retry: Retry {
                attempts: 3,
                first_wait: Duration::from_millis(200),
                longest_wait: Duration::from_secs(30),
                total: day,
            },
            sizes: Sizes { received_bytes: MOST_BYTES, decoded_bytes: MOST_BYTES, ratio: 1_000 },
            redirects: 0,
            ..Policy::default()
        };
        let client = Client::new(policy, clock).map_err(ClientError::Http)?;
        Ok(Self { address, token, client })
    }

    /// The server that is asked.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Asks for something.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
    ) -> Result<T, ClientError> {
        let request = Request::get(&self.url(path, query)?).map_err(|e| self.failed(e))?;
        self.read(request).await
    }

    /// Asks for something to be done.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<T, ClientError> {
        let request = Request::post(&self.url(path, &[])?).map_err(|e| self.failed(e))?;
        let request = match body {
            Some(body) => request.json(body).map_err(|e| self.failed(e))?,
            None => request,
        };
        self.read(request).await
    }

    /// Asks for something to be taken back.
    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let request = Request::delete(&self.url(path, &[])?).map_err(|e| self.failed(e))?;
        self.read(request).await
    }

    /// Asks for something to be done that the address alone says.
    pub(crate) async fn post_query<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
    ) -> Result<T, ClientError> {
        let request = Request::post(&self.url(path, query)?).map_err(|e| self.failed(e))?;
        self.read(request).await
    }

    /// Whether the server lives; a sentence where it takes no work.
    pub(crate) async fn health(&self, path: &str) -> Result<Response, ClientError> {
        let request = Request::get(&self.url(path, &[])?).map_err(|e| self.failed(e))?;
        self.send(request).await
    }

    async fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, ClientError> {
        self.send(request).await?.json().map_err(|e| self.failed(e))
    }

    pub(crate) async fn send(&self, request: Request) -> Result<Response, ClientError> {
        let request = match &self.token {
            Some(token) => {
                request.bearer(token.0.expose_secret()).map_err(|_| ClientError::OddToken)?
            }
            None => request,
        };
        self.client.send(&request).await.map_err(|e| self.failed(e))
    }

    pub(crate) fn failed(&self, error: quell_http::HttpError) -> ClientError {
        let secret = self.token.as_ref().map_or("", |token| token.0.expose_secret());
        let told = ClientError::of(error, &self.address.to_string(), secret);
        let nameless = matches!(told, ClientError::Token(_)) && self.token.is_none();
        if nameless { ClientError::NoToken } else { told }
    }

    pub(crate) fn url(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
    ) -> Result<String, ClientError> {
        let mut url = self.address.join(path)?;
        let given = query.iter().filter_map(|(name, value)| Some((name, (*value)?)));
        for (name, value) in given {
            url.query_pairs_mut().append_pair(name, value);
        }
        Ok(url.into())
    }
}

/// One part of a path, with what would end it spelled out.
pub(crate) fn part(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
