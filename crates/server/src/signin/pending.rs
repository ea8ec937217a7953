//! Sign-ins that were begun at the provider and did not come back yet. Each comes back once, within
//! ten minutes, in the browser that began it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use quell_model::Timestamp;
use subtle::ConstantTimeEq;

use crate::data::locked;

/// Sign-ins that are waited for; the oldest goes when there are more.
const MOST: usize = 4096;
/// How long one is waited for.
pub(super) const SECONDS: i64 = 600;

/// A sign-in that was begun.
#[derive(Clone)]
pub(super) struct Pending {
    /// What the provider's token has to repeat.
    pub(super) nonce: String,
    /// What proves that who comes back is who began (PKCE).
    pub(super) verifier: String,
    /// What the browser that began holds in a cookie.
    pub(super) browser: String,
    /// Where the provider sends the browser back to.
    pub(super) come_back: String,
    /// The page that somebody goes on to.
    pub(super) to: String,
    /// When it began.
    pub(super) at: Timestamp,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("at", &self.at).finish_non_exhaustive()
    }
}

/// All of them, by their state.
#[derive(Debug, Default)]
pub(super) struct Pendings(Mutex<BTreeMap<String, Pending>>);

impl Pendings {
    pub(super) fn begin(&self, state: String, pending: Pending) {
        let mut all = locked(&self.0);
        all.retain(|_, one| is_timely(one, pending.at));
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, one)| one.at).map(|(s, _)| s.clone())
        {
            all.remove(&oldest);
        }
        all.insert(state, pending);
    }

    /// The sign-in of a state, which is then over; `None` where it was not begun here, came back
    /// before, is too old, or was begun by another browser.
    pub(super) fn end(&self, state: &str, browser: &str, now: Timestamp) -> Option<Pending> {
        let one = locked(&self.0).remove(state)?;
        let same: bool = one.browser.as_bytes().ct_eq(browser.as_bytes()).into();
        (same && is_timely(&one, now)).then_some(one)
    }
}

fn is_timely(one: &Pending, now: Timestamp) -> bool {
    (0..SECONDS).contains(&(now.as_second() - one.at.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn one(second: i64) -> Pending {
        let text = |text: &str| text.to_owned();
        Pending {
            nonce: text("n"),
            verifier: text("v"),
            browser: text("b"),
            come_back: text("c"),
            to: text("/"),
            at: at(second),
        }
    }

    #[test]
    fn each_comes_back_once_in_its_time_and_its_browser() {
        let all = Pendings::default();
        for state in ["used", "other", "late", "before"] {
            all.begin(state.to_owned(), one(0));
        }
        assert!(all.end("used", "b", at(599)).is_some());
        assert!(all.end("used", "b", at(599)).is_none(), "a second time");
        assert!(all.end("other", "x", at(1)).is_none());
        assert!(all.end("other", "b", at(1)).is_none(), "tried once by another browser");
        assert!(all.end("late", "b", at(600)).is_none());
        assert!(all.end("before", "b", at(-1)).is_none());
        assert!(all.end("", "b", at(0)).is_none());
    }

    #[test]
    fn however_many_begin_what_is_kept_stays_bounded() {
        let all = Pendings::default();
        for number in 0..5_000_i64 {
            all.begin(format!("{number}"), one(number / 100));
        }
        assert_eq!(locked(&all.0).len(), MOST);
        assert!(all.end("4999", "b", at(60)).is_some());
    }
}
