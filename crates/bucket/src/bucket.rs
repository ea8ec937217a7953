//! Listing and reading.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quell_http::sigv4::{Signed, Signer, encoded, sha256_hex};
use quell_http::{Client, Deadlines, HttpError, Request, Sizes, Streamed};
use quell_model::Clock;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::error::{BucketError, told};
use crate::listing::{Mark, Newest, Object, Page, page};
use crate::settings::{BucketSettings, KeyPair, Keys};

/// Pages of one listing: ten million objects.
const MOST_PAGES: u32 = 10_000;
/// Objects a page.
const PAGE: u32 = 1_000;
/// Bytes of a page: a thousand keys of a thousand bytes, each byte written as three.
const PAGE_BYTES: u64 = 8 << 20;

/// What a text is sent as.
const TEXT: &str = "text/plain; charset=utf-8";

/// What is asked of a bucket beside the path.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) query: &'a str,
    /// The version that it must be.
    pub(crate) e_tag: Option<&'a str>,
    /// What is put there; nothing is only read.
    pub(crate) text: Option<&'a str>,
}

/// A key as a path.
pub(crate) fn key_path(key: &str) -> String {
    key.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

/// A bucket.
pub struct Bucket {
    settings: BucketSettings,
    client: Client,
    keys: Arc<dyn Keys>,
    clock: Arc<dyn Clock>,
}

/// What is new in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// New objects, oldest first.
    pub objects: Vec<Object>,
    /// New objects that are left for the next time.
    pub left: u64,
    /// Objects seen below the prefix.
    pub seen: u64,
}

/// The content of an object as it comes.
pub struct ObjectStream {
    stream: Streamed,
    bucket: String,
    left: u64,
}

impl Bucket {
    /// A bucket that is read through `client`, under its rules.
    #[must_use]
    pub fn new(
        settings: BucketSettings,
        client: Client,
        keys: Arc<dyn Keys>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { settings, client, keys, clock }
    }

    /// The oldest `most` objects that are newer than the mark, less the overlap, and not known.
    ///
    /// # Errors
    /// The store cannot be reached or says no, or its listing goes in a circle.
    pub async fn list_after<F: Fn(&Object) -> bool>(
        &self,
        mark: Mark,
        most: usize,
        is_known: &F,
    ) -> Result<Listing, BucketError> {
        let mut newest = Newest::new(mark, self.settings.overlap, most, is_known);
        let mut token = None;
        let mut begins = None;
        for _ in 0..MOST_PAGES {
            let Page { objects, next } = self.page(token.as_deref()).await?;
            let first = objects.first().map(|object| object.key.clone());
            if first.is_some() && first == begins {
                return Err(self.malformed("it goes in a circle"));
            }
            begins = first;
            let below = objects.into_iter().filter(|o| o.key.starts_with(&self.settings.prefix));
            below.for_each(|object| newest.see(object));
            match next {
                Some(next) if token.as_ref() == Some(&next) => {
                    return Err(self.malformed("it goes in a circle"));
                }
                Some(next) => token = Some(next),
                None => {
                    let (left, seen) = (newest.left, newest.seen);
                    return Ok(Listing { objects: newest.into_objects(), left, seen });
                }
            }
        }
        Err(self.malformed("it has more than ten million objects; use a longer prefix"))
    }

    /// An object's content, of at most `most_bytes`; it must be the one that was listed.
    ///
    /// # Errors
    /// The store cannot be reached or says no, or the object is too large or another one by now.
    pub async fn open(
        &self,
        object: &Object,
        most_bytes: u64,
    ) -> Result<ObjectStream, BucketError> {
        if object.size > most_bytes {
            return Err(BucketError::TooLarge { bytes: object.size, limit: most_bytes });
        }
        let what = Asked { e_tag: object.e_tag.as_deref(), ..Asked::default() };
        let request = self.request(&key_path(&object.key), what).await?;
        let sizes =
            Sizes { received_bytes: most_bytes, decoded_bytes: most_bytes, ratio: u64::MAX };
        // Large objects take their time; silence ends them early.
        let whole = Duration::from_secs(6 * 3_600);
        let request =
            request.raw().sizes(sizes).deadlines(Deadlines { whole, ..Deadlines::default() });
        let stream = self.client.open(&request).await.map_err(|error| self.told(error))?;
        Ok(ObjectStream { stream, bucket: self.settings.bucket.clone(), left: object.size })
    }

    async fn page(&self, token: Option<&str>) -> Result<Page, BucketError> {
        let mut query =
            token.map(|t| format!("continuation-token={}&", encoded(t))).unwrap_or_default();
        let prefix = encoded(&self.settings.prefix);
        query.push_str(&format!("encoding-type=url&list-type=2&max-keys={PAGE}&prefix={prefix}"));
        let request = self.request("", Asked { query: &query, ..Asked::default() }).await?;
        let sizes =
            Sizes { received_bytes: PAGE_BYTES, decoded_bytes: PAGE_BYTES, ..Sizes::default() };
        let reply =
            self.client.send(&request.sizes(sizes)).await.map_err(|error| self.told(error))?;
        let text =
            std::str::from_utf8(reply.body()).map_err(|_| self.malformed("it is no UTF-8"))?;
        page(text).map_err(|why| self.malformed(&why))
    }

    /// A signed request; path and query are encoded.
    pub(crate) async fn request(
        &self,
        path: &str,
        asked: Asked<'_>,
    ) -> Result<Request, BucketError> {
        let keys = self.keys.keys().await;
        let keys =
            keys.map_err(|why| BucketError::Keys { bucket: self.settings.bucket.clone(), why })?;
        let url = self.url(path);
        let parsed = Url::parse(&url).map_err(|_| self.malformed("the endpoint is no URL"))?;
        if !url.ends_with(parsed.path()) {
            // A key with `.` or `..` as a segment would be another one in a URL.
            return Err(self.malformed("a key cannot stand in a URL"));
        }
        let full = match asked.query {
            "" => url,
            query => format!("{url}?{query}"),
        };
        self.signed(&full, parsed.path(), asked, &keys).map_err(|error| self.told(error))
    }

    fn signed(
        &self,
        url: &str,
        path: &str,
        asked: Asked<'_>,
        keys: &KeyPair,
    ) -> Result<Request, HttpError> {
        let Asked { query, e_tag, text } = asked;
        let (method, mut request) = match text {
            Some(text) => ("PUT", Request::put(url)?.body(TEXT, text.to_owned())?),
            None => ("GET", Request::get(url)?),
        };
        if let Some(e_tag) = e_tag {
            request = request.header("if-match", e_tag)?;
        }
        let body = text.unwrap_or_default().as_bytes();
        let (host, hash) = (request.authority(), sha256_hex(body));
        let mut headers = vec![("host", host.as_str()), ("x-amz-content-sha256", hash.as_str())];
        headers.extend(text.map(|_| ("content-type", TEXT)));
        headers.sort_unstable();
        let signed = Signed { method, path, query, headers: &headers, body };
        let signer = Signer {
            access_key: keys.access_key.expose_secret(),
            secret_key: keys.secret_key.expose_secret(),
            session_token: keys.session_token.as_ref().map(|token| token.expose_secret()),
            region: &self.settings.region,
            service: "s3",
        };
        request = request.header("x-amz-content-sha256", &hash)?;
        for (name, value) in signer.headers(&signed, self.clock.now()) {
            request = request.secret_header(name, &value)?;
        }
        Ok(request.account(signer.access_key).hide(signer.access_key))
    }

    /// The URL of a key. AWS has the bucket in the host, except where its dots would break the
    /// certificate; others have it in the path.
    fn url(&self, path: &str) -> String {
        let BucketSettings { endpoint, region, bucket, .. } = &self.settings;
        let zone = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        match endpoint {
            Some(endpoint) => {
                format!("{}/{}/{path}", endpoint.trim_end_matches('/'), encoded(bucket))
            }
            None if bucket.contains('.') => format!("https://s3.{region}.{zone}/{bucket}/{path}"),
            None => format!("https://{bucket}.s3.{region}.{zone}/{path}"),
        }
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// The whole key of a name below the prefix.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.settings.prefix)
    }

    pub(crate) fn told(&self, error: HttpError) -> BucketError {
        told(&self.settings.bucket, error)
    }

    pub(crate) fn malformed(&self, why: &str) -> BucketError {
        BucketError::Malformed { bucket: self.settings.bucket.clone(), why: why.to_owned() }
    }
}

impl ObjectStream {
    /// The next piece, `None` at the end. What was read is whole only when `None` came.
    ///
    /// # Errors
    /// The connection breaks, or the object has another size than listed.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BucketError> {
        let piece = self.stream.next().await.map_err(|error| told(&self.bucket, error))?;
        let size = piece.as_ref().map_or(0, |piece| piece.len() as u64);
        match self.left.checked_sub(size) {
            Some(left) => self.left = left,
            None => return Err(BucketError::Changed),
        }
        if piece.is_none() && self.left > 0 {
            return Err(BucketError::Changed);
        }
        Ok(piece)
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({}/{})", self.settings.bucket, self.settings.prefix)
    }
}

impl fmt::Debug for ObjectStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectStream({} bytes left)", self.left)
    }
}
