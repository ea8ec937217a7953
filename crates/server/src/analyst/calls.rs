//! Calls that are under way. They outlast who waits for them, and end with the server.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use quell_pipeline::analyst::{Turn, Work};
use tokio::runtime::Handle;
use tokio::sync::{Mutex as Line, OwnedMutexGuard};
use tokio::task::JoinSet;

use crate::data::locked;

type Lines = Arc<Mutex<HashMap<blake3::Hash, Arc<Line<()>>>>>;

/// Calls that are under way, each question once.
pub(super) struct Calls {
    /// None once no more are begun.
    under_way: Mutex<Option<JoinSet<()>>>,
    lines: Lines,
}

/// The place at the head of a line.
struct Head {
    key: blake3::Hash,
    place: Option<OwnedMutexGuard<()>>,
    lines: Lines,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}

impl Calls {
    pub(super) fn new() -> Self {
        Self { under_way: Mutex::new(Some(JoinSet::new())), lines: Lines::default() }
    }

    /// Begins work. How much there is at once is bounded by who lets calls through.
    pub(super) fn run(&self, runtime: &Handle, work: Work) {
        let mut under_way = locked(&self.under_way);
        let Some(set) = under_way.as_mut() else { return };
        while set.try_join_next().is_some() {}
        set.spawn_on(work, runtime);
    }

    /// Waits until nobody else has a call of this key under way.
    pub(super) async fn turn(&self, key: blake3::Hash) -> Turn {
        let line = Arc::clone(locked(&self.lines).entry(key).or_default());
        let mut head = Head { key, place: None, lines: Arc::clone(&self.lines) };
        head.place = Some(line.lock_owned().await);
        Box::new(head)
    }

    /// Gives up what is under way, and begins no more. What it took is not known then, so all that
    /// was reserved counts.
    pub(super) async fn stop(&self) {
        let under_way = locked(&self.under_way).take();
        if let Some(mut set) = under_way {
            set.shutdown().await;
        }
    }
}

impl Drop for Head {
    fn drop(&mut self) {
        self.place = None;
        let mut lines = locked(&self.lines);
        // Nobody stands in it any more.
        if lines.get(&self.key).is_some_and(|line| Arc::strong_count(line) == 1) {
            lines.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn who_asks_the_same_waits_and_nobody_else_does() {
        let calls = Calls::new();
        let [one, other] = [b"one", b"two"].map(|text| blake3::hash(text));
        let first = calls.turn(one).await;
        drop(calls.turn(other).await);
        let waits = tokio::time::timeout(Duration::from_millis(20), calls.turn(one));
        assert!(waits.await.is_err());
        assert_eq!(locked(&calls.lines).len(), 1);
        drop(first);
        drop(calls.turn(one).await);
        assert!(locked(&calls.lines).is_empty());
    }

    #[tokio::test]
    async fn nothing_is_begun_once_it_stopped() {
        let (calls, runtime) = (Calls::new(), Handle::current());
        let told = Arc::new(());
        let held = Arc::clone(&told);
        calls.run(
            &runtime,
            Box::pin(async move { drop((std::future::pending::<()>().await, held)) }),
        );
        assert_eq!(Arc::strong_count(&told), 2);
        calls.stop().await;
        assert_eq!(Arc::strong_count(&told), 1);
        let held = Arc::clone(&told);
        calls.run(&runtime, Box::pin(async move { drop(held) }));
        assert_eq!(Arc::strong_count(&told), 1);
    }
}
