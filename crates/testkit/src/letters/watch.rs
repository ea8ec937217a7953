//! Who stands between a server and the doubles of its sinks: it sees each request, and kills the
//! server where that is wanted.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::double::Platform;
use crate::net::{Answer, Asked};
use crate::server::signal;

/// What marks a thing at a sink, before its key.
const MARK: &str = "quell-";
/// Letters and digits of a key.
const KEY_CHARS: usize = 26;

/// When a server dies of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shot {
    /// Before the sink does anything.
    Before,
    /// After the sink did it, and before it answers.
    After,
    /// While the answer is on its way.
    Answered,
}

#[derive(Debug, Default)]
struct State {
    process: Option<u32>,
    armed: Option<(Shot, u64)>,
    /// Keys that are in the audit log.
    noted: BTreeSet<String>,
    requests: u64,
    faults: Vec<String>,
}

/// It sees every request to every double.
#[derive(Debug)]
pub(super) struct Watch {
    audit: PathBuf,
    state: Mutex<State>,
}

impl Watch {
    pub(super) fn new(data: &Path) -> Self {
        Self { audit: data.join("audit"), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server that is asked for now.
    pub(super) fn serves(&self, process: u32) {
        self.state().process = Some(process);
    }

    /// Has the server die of a request, after so many others.
    pub(super) fn arm(&self, shot: Shot, after: u64) {
        self.state().armed = Some((shot, after));
    }

    pub(super) fn disarm(&self) {
        self.state().armed = None;
    }

    /// How many requests changed something, and what was wrong with any.
    pub(super) fn told(&self) -> (u64, Vec<String>) {
        let state = self.state();
        (state.requests, state.faults.clone())
    }

    /// Looks whether what a request bears was written down before.
    fn hear(&self, asked: &Asked) {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        let id =
            asked.header("webhook-id").map(|id| format!("{MARK}{}", id.trim_start_matches(MARK)));
        let mut state = self.state();
        state.requests += u64::from(changes(asked));
        for key in keys(&body).into_iter().chain(id.iter().flat_map(|id| keys(id))) {
            if state.noted.contains(&key) {
                continue;
            }
            if holds(&self.audit, key.as_bytes()) {
                state.noted.insert(key);
            } else {
                let what = format!("{} {}", asked.method, asked.path);
                state.faults.push(format!("`{what}` bears {key}, which no record names"));
            }
        }
    }

    /// How the server dies of this request, if it does.
    fn shot(&self, asked: &Asked) -> Option<(Shot, u32)> {
        if !changes(asked) {
            return None;
        }
        let mut state = self.state();
        let (shot, after) = state.armed?;
        if after > 0 {
            state.armed = Some((shot, after - 1));
            return None;
        }
        state.armed = None;
        Some((shot, state.process?))
    }
}

/// A double behind the watch.
pub(super) struct Watched {
    pub(super) inner: Arc<dyn Platform>,
    pub(super) watch: Arc<Watch>,
}

impl Platform for Watched {
    fn answer(&self, asked: &Asked) -> Answer {
        self.watch.hear(asked);
        let Some((shot, process)) = self.watch.shot(asked) else {
            return self.inner.answer(asked);
        };
        let answer = match shot {
            Shot::Before => Answer::none(),
            Shot::After => {
                let _nobody_hears_it = self.inner.answer(asked);
                Answer::none()
            }
            Shot::Answered => self.inner.answer(asked),
        };
        let _gone_already = signal(process, "KILL");
        answer
    }

    fn limits(&self) -> Vec<(&'static str, usize, std::time::Duration)> {
        self.inner.limits()
    }
}

/// Whether a request changes something. Searches are posted too.
fn changes(asked: &Asked) -> bool {
    let reads = ["/search", "conversations.", "auth.test", "/graphql", "permissions"];
    asked.method != "GET" && !reads.iter().any(|part| asked.path.contains(part))
}

/// The keys that a text bears.
pub(super) fn keys(text: &str) -> Vec<String> {
    let parts = text.split(MARK).skip(1);
    let key = |part: &str| -> Option<String> {
        let key = part.get(..KEY_CHARS)?;
        let plain = key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        (plain && key.chars().any(|c| c.is_ascii_digit())).then(|| key.to_owned())
    };
    parts.filter_map(key).collect()
}

/// Whether a file below a folder holds some bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().any(|path| {
        if path.is_dir() {
            return holds(path, bytes);
        }
        let held = fs::read(path).unwrap_or_default();
        held.windows(bytes.len()).any(|window| window == bytes)
    })
}
