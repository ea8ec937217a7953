//! A value that is renewed before it ends, by one caller for all.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Longer lives are not needed, and would leave the range of the clock.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3_600);

/// A value just obtained.
#[derive(Clone)]
pub struct Fresh<T> {
    /// The value.
    pub value: T,
    /// When to renew it.
    pub renew_after: Duration,
    /// When it ends.
    pub lives: Duration,
}

impl<T> Fresh<T> {
    /// A value that ends, and is renewed after two thirds of its life.
    #[must_use]
    pub fn ending(value: T, lives: Duration) -> Self {
        let lives = lives.min(LONGEST);
        Self { value, renew_after: lives * 2 / 3, lives }
    }

    /// A value that stays good until it can be renewed.
    #[must_use]
    pub const fn lasting(value: T, renew_after: Duration) -> Self {
        Self { value, renew_after, lives: LONGEST }
    }
}

impl<T> fmt::Debug for Fresh<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fresh({:?})", self.lives)
    }
}

/// Holds a token or a secret. Many callers ask; one renews. While the old value is good the others
/// take that, else they wait. If renewing fails, the old one serves until its end.
pub struct Renewing<T> {
    held: StdMutex<Slot<T>>,
    turn: Mutex<()>,
    rest: Duration,
}

struct Slot<T> {
    held: Option<Held<T>>,
    /// After a failure nobody tries before this.
    not_before: Option<Instant>,
    /// What the last failure said.
    failed: String,
}

struct Held<T> {
    value: Arc<T>,
    renew_at: Instant,
    ends: Instant,
}

/// Why there is no value.
#[derive(Debug, thiserror::Error)]
pub enum NoValue<E> {
    /// Renewing failed just now.
    #[error(transparent)]
    Failed(E),
    /// Renewing failed a short while ago in these words, and is not tried again before this time has
    /// passed.
    #[error("it failed before, and is tried again in {} s: {}", .0.as_secs(), .1)]
    Resting(Duration, String),
}

/// What there is without renewing.
enum Now<T> {
    Good(Arc<T>),
    Due(Option<Arc<T>>),
    Resting(Duration, String),
}

impl<T> Renewing<T> {
    /// An empty holder. After a failure it rests for `rest`.
    #[must_use]
    pub fn new(rest: Duration) -> Self {
        let slot = Slot { held: None, not_before: None, failed: String::new() };
        Self { held: StdMutex::new(slot), turn: Mutex::new(()), rest }
    }

    /// The value, renewed if it is time. `renew` gets the value held so far.
    ///
    /// # Errors
    /// There is no value that is still good, and renewing failed, now or shortly before.
    pub async fn get<E, F>(
        &self,
        renew: impl FnOnce(Option<Arc<T>>) -> F,
    ) -> Result<Arc<T>, NoValue<E>>
    where
        F: Future<Output = Result<Fresh<T>, E>>,
        E: fmt::Display,
    {
        let _turn = match self.now() {
            Now::Good(value) => return Ok(value),
            Now::Resting(left, why) => return Err(NoValue::Resting(left, why)),
            Now::Due(Some(old)) => match self.turn.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(old),
            },
            Now::Due(None) => self.turn.lock().await,
        };
        // Another caller may have renewed it meanwhile.
        let old = match self.now() {
            Now::Good(value) => return Ok(value),
            Now::Resting(left, why) => return Err(NoValue::Resting(left, why)),
            Now::Due(_) => self.held(),
        };
        match renew(old).await {
            Ok(fresh) => Ok(self.slot().hold(fresh)),
            Err(error) => {
                self.slot().fail(self.rest, error.to_string()).ok_or(NoValue::Failed(error))
            }
        }
    }

    /// Forgets a value that the remote refused, unless another one has taken its place meanwhile.
    pub fn refused(&self, value: &Arc<T>) {
        let mut slot = self.slot();
        if slot.held.as_ref().is_some_and(|held| Arc::ptr_eq(&held.value, value)) {
            slot.held = None;
        }
    }

    /// Forgets the value, so that a failure to renew it is told.
    pub fn forget(&self) {
        self.slot().held = None;
    }

    /// Has the value renewed at the next call, without forgetting it.
    pub fn make_due(&self) {
        let mut slot = self.slot();
        slot.not_before = None;
        if let Some(held) = &mut slot.held {
            held.renew_at = Instant::now();
        }
    }

    /// The value as it is, however old.
    #[must_use]
    pub fn held(&self) -> Option<Arc<T>> {
        self.slot().held.as_ref().map(|held| Arc::clone(&held.value))
    }

    fn slot(&self) -> MutexGuard<'_, Slot<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now<T> {
        self.slot().at(Instant::now())
    }
}

impl<T> Slot<T> {
    fn at(&self, now: Instant) -> Now<T> {
        let good = self.held.as_ref().filter(|held| now < held.ends);
        let value = good.map(|held| Arc::clone(&held.value));
        let due = good.is_none_or(|held| now >= held.renew_at);
        let rests = self.not_before.map(|at| at.saturating_duration_since(now));
        match (value, rests.filter(|left| !left.is_zero())) {
            (Some(value), _) if !due => Now::Good(value),
            (Some(value), Some(_)) => Now::Good(value),
            (None, Some(left)) => Now::Resting(left, self.failed.clone()),
            (value, None) => Now::Due(value),
        }
    }

    fn hold(&mut self, fresh: Fresh<T>) -> Arc<T> {
        let now = Instant::now();
        let value = Arc::new(fresh.value);
        self.not_before = None;
        self.failed.clear();
        self.held = Some(Held {
            value: Arc::clone(&value),
            renew_at: now + fresh.renew_after.min(LONGEST),
            ends: now + fresh.lives.min(LONGEST),
        });
        value
    }

    /// Notes a failure; the old value if it is still good.
    fn fail(&mut self, rest: Duration, why: String) -> Option<Arc<T>> {
        let now = Instant::now();
        self.failed = why;
        self.not_before = Some(now + rest);
        let good = self.held.as_ref().filter(|held| now < held.ends);
        good.map(|held| Arc::clone(&held.value))
    }
}

impl<T> fmt::Debug for Renewing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewing")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const REST: Duration = Duration::from_secs(300);

    async fn renew(count: &AtomicU32, works: bool) -> Result<Fresh<u32>, &'static str> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let value = count.fetch_add(1, Ordering::Relaxed);
        if works { Ok(Fresh::ending(value, Duration::from_secs(90))) } else { Err("no") }
    }

    async fn one(holder: Arc<Renewing<u32>>, count: Arc<AtomicU32>) -> u32 {
        *holder.get(|_| renew(&count, true)).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn many_callers_renew_once() {
        let holder = Arc::new(Renewing::new(REST));
        let count = Arc::new(AtomicU32::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let (holder, count) = (Arc::clone(&holder), Arc::clone(&count));
            tasks.spawn(one(holder, count));
        }
        while let Some(done) = tasks.join_next().await {
            assert_eq!(done.unwrap(), 0);
        }
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn while_one_renews_the_others_take_the_old_value() {
        let holder = Renewing::new(REST);
        let count = AtomicU32::new(0);
        holder.get(|_| renew(&count, true)).await.unwrap();
        tokio::time::advance(Duration::from_secs(70)).await;
        let (one, two) =
            tokio::join!(holder.get(|_| renew(&count, true)), holder.get(|_| renew(&count, true)));
        assert_eq!((*one.unwrap(), *two.unwrap()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_value_is_renewed_once_for_all_that_held_it() {
        let holder = Renewing::new(REST);
        let count = AtomicU32::new(0);
        let first = holder.get(|_| renew(&count, true)).await.unwrap();
        for _ in 0..5 {
            holder.refused(&first);
            assert_eq!(*holder.get(|_| renew(&count, true)).await.unwrap(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_old_value_serves_until_its_end_when_renewing_fails() {
        let holder = Renewing::new(REST);
        let count = AtomicU32::new(0);
        holder.get(|_| renew(&count, true)).await.unwrap();
        tokio::time::advance(Duration::from_secs(70)).await;
        assert_eq!(*holder.get(|_| renew(&count, false)).await.unwrap(), 0);
        tokio::time::advance(Duration::from_secs(30)).await;
        let error = holder.get(|_| renew(&count, false)).await.unwrap_err();
        assert!(matches!(&error, NoValue::Resting(_, why) if why == "no"), "{error}");
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lasting_failure_is_tried_once_in_five_minutes() {
        let holder = Renewing::new(REST);
        let count = AtomicU32::new(0);
        for _ in 0..24 * 60 {
            assert!(holder.get(|_| renew(&count, false)).await.is_err());
            tokio::time::advance(Duration::from_secs(60)).await;
        }
        let tries = count.load(Ordering::Relaxed);
        assert!(tries <= 24 * 60 / 5 && tries > 200, "{tries}");
    }
}
