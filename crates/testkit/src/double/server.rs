//! A vendor's double as a server: its answers, what it saw, and what it refuses.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Fault, Script};
use crate::net::{Answer, Asked, HttpServer};

/// Answers as a vendor would. It keeps its tokens, limits and changes itself.
pub trait Platform: Send + Sync + 'static {
    /// The answer to one request.
    fn answer(&self, asked: &Asked) -> Answer;

    /// Why a request is not one that the vendor's own description allows, where there is a copy of it.
    fn undescribed(&self, _asked: &Asked) -> Option<String> {
        None
    }

    /// The most requests that the vendor allows within a time, for those whose path contains a text; all of them hold.
    fn limits(&self) -> Vec<(&'static str, usize, Duration)> {
        Vec::new()
    }
}

/// One request that was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// Method and path with its query.
    pub what: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// What was answered.
    pub status: u16,
}

impl Seen {
    /// A request as it came, and what was answered.
    pub(crate) fn of(asked: &Asked, status: u16) -> Self {
        let query = if asked.query.is_empty() { "" } else { "?" };
        let what = format!("{} {}{query}{}", asked.method, asked.path, asked.query);
        let (headers, body) = (asked.headers.clone(), asked.body.clone());
        Self { at: Instant::now(), what, headers, body, status }
    }
}

/// All requests that a double saw.
#[derive(Debug, Default)]
pub struct Ledger {
    seen: Mutex<Vec<Seen>>,
    undescribed: Mutex<Vec<String>>,
}

impl Ledger {
    fn all(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all().len()
    }

    /// Those whose method, path and query contain a text.
    #[must_use]
    pub fn of(&self, text: &str) -> Vec<Seen> {
        self.all().iter().filter(|seen| seen.what.contains(text)).cloned().collect()
    }

    /// Forgets them.
    pub fn clear(&self) {
        self.all().clear();
    }

    /// Whether one more request now would be more than `most` within `time`.
    fn is_full(&self, path: &str, most: usize, time: Duration) -> bool {
        let all = self.all();
        let near = all.iter().rev().take_while(|seen| seen.at.elapsed() < time);
        near.filter(|seen| seen.what.contains(path) && seen.status != 429).count() >= most
    }

    /// Requests that were refused because a documented limit was passed.
    #[must_use]
    pub fn over_limit(&self) -> usize {
        self.all().iter().filter(|seen| seen.status == 429).count()
    }
}

/// A vendor on a free port of loopback. It ends when it is dropped.
pub struct Double {
    /// What it saw.
    pub ledger: Arc<Ledger>,
    /// What it does wrong.
    pub script: Arc<Script>,
    server: HttpServer,
}

impl Double {
    /// Starts it.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn start(platform: Arc<dyn Platform>) -> io::Result<Self> {
        let (ledger, script) = (Arc::<Ledger>::default(), Arc::<Script>::default());
        let (seen, plan) = (Arc::clone(&ledger), Arc::clone(&script));
        let last = Mutex::new(None::<Answer>);
        let server = HttpServer::start(Arc::new(move |asked: &Asked| {
            let answer = answer(&*platform, asked, (&seen, &plan), &last);
            if let Some(why) = platform.undescribed(asked) {
                seen.undescribed.lock().unwrap_or_else(PoisonError::into_inner).push(why);
            }
            seen.all().push(Seen::of(asked, answer.status));
            answer
        }))
        .await?;
        Ok(Self { ledger, script, server })
    }

    /// Where it answers: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }
}

fn answer(
    platform: &dyn Platform,
    asked: &Asked,
    (seen, plan): (&Ledger, &Script),
    last: &Mutex<Option<Answer>>,
) -> Answer {
    let target = format!("{} {}?{}", asked.method, asked.path, asked.query);
    let full = platform
        .limits()
        .into_iter()
        .any(|(path, most, time)| target.contains(path) && seen.is_full(path, most, time));
    if full {
        return Answer::new(429, r#"{"message":"too many requests"}"#).header("retry-after", "1");
    }
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    match plan.next(asked) {
        Some(Fault::Answer(answer)) => answer,
        Some(Fault::Repeat) => last.clone().unwrap_or_else(|| platform.answer(asked)),
        Some(Fault::Lost) => {
            let _ = platform.answer(asked);
            Answer::none()
        }
        Some(Fault::Cut(bytes)) => {
            let mut answer = platform.answer(asked);
            let whole = answer.body.len();
            answer.body.truncate(bytes);
            answer.header("content-length", &whole.to_string())
        }
        None => {
            let answer = platform.answer(asked);
            *last = Some(answer.clone());
            answer
        }
    }
}

impl Drop for Double {
    /// Every request of every test is held against the vendor's description.
    fn drop(&mut self) {
        let wrong = self.ledger.undescribed.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(
            wrong.is_empty() || std::thread::panicking(),
            "not as the vendor describes: {wrong:#?}"
        );
    }
}

impl fmt::Debug for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Double({})", self.url())
    }
}
