//! What a double does wrong, and when.

use std::sync::{Mutex, PoisonError};

use crate::net::{Answer, Asked};

/// Something that goes wrong with one answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Another answer than the right one.
    Answer(Answer),
    /// The right answer, cut after so many bytes of its body; its length is told as it would be whole.
    Cut(usize),
    /// The answer to the request before this one.
    Repeat,
    /// What was asked is done, and the connection ends without an answer.
    Lost,
}

/// Faults to come: each for the next request whose path contains a text, so many times.
#[derive(Debug, Default)]
pub struct Script {
    faults: Mutex<Vec<(String, u32, Fault)>>,
}

impl Script {
    /// Has the next `times` requests whose path and query contain `path` go wrong.
    pub fn add(&self, path: &str, times: u32, fault: Fault) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push((path.to_owned(), times, fault));
    }

    /// Forgets what is to come.
    pub fn clear(&self) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What goes wrong with this request.
    pub(crate) fn next(&self, asked: &Asked) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let target = format!("{}?{}", asked.path, asked.query);
        let hit = |(path, times, _): &&mut (String, u32, Fault)| {
            *times > 0 && target.contains(path.as_str())
        };
        let (_, times, fault) = faults.iter_mut().find(hit)?;
        *times -= 1;
        let fault = fault.clone();
        faults.retain(|(_, times, _)| *times > 0);
        Some(fault)
    }
}
