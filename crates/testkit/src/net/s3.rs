//! A bucket that speaks S3 and checks signatures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::http::{Answer, Asked, HttpServer};
use super::sigv4::{SigningKey, verify};

/// The double, with one bucket.
#[derive(Debug)]
pub struct BucketDouble {
    server: HttpServer,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    key: SigningKey,
    bucket: String,
    page: usize,
    objects: BTreeMap<String, Stored>,
    is_stuck: bool,
    broken: BTreeMap<String, (u16, String)>,
    faults: Vec<String>,
    listings: usize,
}

#[derive(Debug)]
struct Stored {
    modified: String,
    e_tag: String,
    body: Vec<u8>,
}

impl BucketDouble {
    /// Starts it; a listing has `page` objects a page.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn start(bucket: &str, page: usize, key: SigningKey) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State {
            key,
            bucket: bucket.to_owned(),
            page,
            objects: BTreeMap::new(),
            is_stuck: false,
            broken: BTreeMap::new(),
            faults: Vec::new(),
            listings: 0,
        }));
        let shared = Arc::clone(&state);
        let handler = move |asked: &Asked| {
            shared.lock().unwrap_or_else(PoisonError::into_inner).answer(asked)
        };
        Ok(Self { server: HttpServer::start(Arc::new(handler)).await?, state })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Puts an object, written at this RFC 3339 time.
    pub fn put(&self, key: &str, modified: &str, body: &[u8]) {
        let mut state = self.state();
        let e_tag = format!("\"{}-{modified}\"", body.len());
        let stored = Stored { modified: modified.to_owned(), e_tag, body: body.to_vec() };
        state.objects.insert(key.to_owned(), stored);
    }

    /// The content of an object.
    #[must_use]
    pub fn content(&self, key: &str) -> Option<Vec<u8>> {
        self.state().objects.get(key).map(|stored| stored.body.clone())
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) {
        self.state().objects.remove(key);
    }

    /// Answers every request for an object with this status and code, until `None`.
    pub fn set_broken(&self, key: &str, broken: Option<(u16, &str)>) {
        let mut state = self.state();
        match broken {
            Some((status, code)) => {
                state.broken.insert(key.to_owned(), (status, code.to_owned()));
            }
            None => drop(state.broken.remove(key)),
        }
    }

    /// Answers every listing with the first page.
    pub fn set_stuck(&self, is_stuck: bool) {
        self.state().is_stuck = is_stuck;
    }

    /// What was wrong with signatures.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.state().faults.clone()
    }

    /// Pages listed.
    #[must_use]
    pub fn listings(&self) -> usize {
        self.state().listings
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        if asked.header("x-amz-content-sha256").is_none() {
            return fault(400, "InvalidRequest");
        }
        if let Err(why) = verify(asked, &self.key, "s3") {
            self.faults.push(why);
            return fault(403, "SignatureDoesNotMatch");
        }
        let path = decoded(&asked.path);
        let Some(rest) = path.strip_prefix(&format!("/{}/", self.bucket)) else {
            return fault(404, "NoSuchBucket");
        };
        match asked.method.as_str() {
            "PUT" if !rest.is_empty() => {
                let key = rest.to_owned();
                self.take(&key, asked)
            }
            "GET" if rest.is_empty() => self.list(&asked.query),
            "GET" => self.get(rest, asked),
            _ => fault(405, "MethodNotAllowed"),
        }
    }

    fn list(&mut self, query: &str) -> Answer {
        self.listings += 1;
        let parameters: BTreeMap<String, String> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        let parameter = |name: &str| parameters.get(name).map_or("", String::as_str);
        if parameter("list-type") != "2" {
            return fault(400, "InvalidArgument");
        }
        let prefix = parameter("prefix");
        let after = if self.is_stuck { "" } else { parameter("continuation-token") };
        let after = after.strip_prefix("after=").unwrap_or_default();
        let all = self.objects.iter().filter(|(key, _)| key.starts_with(prefix));
        let all: Vec<_> = all.filter(|(key, _)| key.as_str() > after).collect();
        let most = parameter("max-keys").parse().unwrap_or(1_000).min(self.page);
        let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url</EncodingType>".to_owned();
        let mut last = "";
        for (key, stored) in all.iter().take(most) {
            last = key;
            let (key, tag) = (encoded(key), stored.e_tag.replace('"', "&quot;"));
            let (modified, size) = (&stored.modified, stored.body.len());
            text.push_str(&format!("<Contents><Key>{key}</Key><LastModified>{modified}</LastModified><ETag>{tag}</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"));
        }
        if all.len() > most {
            text.push_str(&format!("<IsTruncated>true</IsTruncated><NextContinuationToken>after={}</NextContinuationToken>", xml(last)));
        } else {
            text.push_str("<IsTruncated>false</IsTruncated>");
        }
        text.push_str("</ListBucketResult>");
        Answer::new(200, text).header("content-type", "application/xml")
    }

    fn take(&mut self, key: &str, asked: &Asked) -> Answer {
        if let Some((status, code)) = self.broken.get(key) {
            return fault(*status, code);
        }
        let e_tag = format!("\"{}-put\"", asked.body.len());
        let modified = "2026-01-01T00:00:00.000Z".to_owned();
        let stored = Stored { modified, e_tag: e_tag.clone(), body: asked.body.clone() };
        self.objects.insert(key.to_owned(), stored);
        Answer::new(200, Vec::new()).header("etag", &e_tag)
    }

    fn get(&self, key: &str, asked: &Asked) -> Answer {
        if let Some((status, code)) = self.broken.get(key) {
            return fault(*status, code);
        }
        let Some(stored) = self.objects.get(key) else { return fault(404, "NoSuchKey") };
        if asked.header("if-match").is_some_and(|tag| tag != stored.e_tag) {
            return fault(412, "PreconditionFailed");
        }
        Answer::new(200, stored.body.clone()).header("etag", &stored.e_tag)
    }
}

fn fault(status: u16, code: &str) -> Answer {
    let text =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
    Answer::new(status, text)
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// As S3 writes keys in a listing: a space is a plus, a slash stays.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => {
                // Writing to a string does not fail.
                write!(out, "%{other:02X}").unwrap_or_default();
            }
        }
        out
    })
}

pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let hex = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
