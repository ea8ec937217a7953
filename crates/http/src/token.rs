//! A value that is renewed before it ends, by one caller for all.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// A value just obtained, and how long it is good for.
#[derive(Clone)]
pub struct Fresh<T> {
    /// The value.
    pub value: T,
    /// How long it is good for.
    pub lives: Duration,
}

impl<T> fmt::Debug for Fresh<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fresh({:?})", self.lives)
    }
}

/// Holds a token. Many callers ask; one renews while the others wait for it. It is renewed after
/// two thirds of its life; if that fails, the old one serves until its end.
pub struct Renewing<T> {
    slot: Mutex<Slot<T>>,
    rest: Duration,
}

struct Slot<T> {
    held: Option<Held<T>>,
    /// After a failure nobody tries before this.
    not_before: Option<Instant>,
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
    /// Renewing failed a short while ago, and is not tried again before this time has passed.
    #[error("it failed before, and is tried again in {} s", .0.as_secs())]
    Resting(Duration),
}

impl<T> Renewing<T> {
    /// An empty holder. After a failure it rests for `rest`.
    #[must_use]
    pub fn new(rest: Duration) -> Self {
        Self { slot: Mutex::new(Slot { held: None, not_before: None }), rest }
    }

    /// The value, renewed if it is time.
    ///
    /// # Errors
    /// There is no value that is still good, and renewing failed, now or shortly before.
    pub async fn get<E, F>(&self, renew: impl FnOnce() -> F) -> Result<Arc<T>, NoValue<E>>
    where
        F: Future<Output = Result<Fresh<T>, E>>,
    {
        let mut slot = self.slot.lock().await;
        let now = Instant::now();
        if let Some(value) = slot.good_until(now, |held| held.renew_at) {
            return Ok(value);
        }
        if let Some(left) = slot.resting(now) {
            return slot.good_until(now, |held| held.ends).ok_or(NoValue::Resting(left));
        }
        match renew().await {
            Ok(fresh) => Ok(slot.hold(fresh)),
            Err(error) => {
                slot.not_before = Some(Instant::now() + self.rest);
                slot.good_until(Instant::now(), |held| held.ends).ok_or(NoValue::Failed(error))
            }
        }
    }

    /// Forgets a value that the remote refused, unless another one has taken its place meanwhile.
    pub async fn refused(&self, value: &Arc<T>) {
        let mut slot = self.slot.lock().await;
        if slot.held.as_ref().is_some_and(|held| Arc::ptr_eq(&held.value, value)) {
            slot.held = None;
        }
    }

    /// The value as it is, however old.
    pub async fn held(&self) -> Option<Arc<T>> {
        self.slot.lock().await.held.as_ref().map(|held| Arc::clone(&held.value))
    }
}

impl<T> Slot<T> {
    fn good_until(&self, now: Instant, end: impl Fn(&Held<T>) -> Instant) -> Option<Arc<T>> {
        let held = self.held.as_ref()?;
        (now < end(held)).then(|| Arc::clone(&held.value))
    }

    fn resting(&self, now: Instant) -> Option<Duration> {
        let left = self.not_before?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    fn hold(&mut self, fresh: Fresh<T>) -> Arc<T> {
        let now = Instant::now();
        // Longer lives are not needed, and would leave the range of the clock.
        let lives = fresh.lives.min(Duration::from_secs(400 * 24 * 3_600));
        let value = Arc::new(fresh.value);
        self.not_before = None;
        self.held = Some(Held {
            value: Arc::clone(&value),
            renew_at: now + lives * 2 / 3,
            ends: now + lives,
        });
        value
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
        if works { Ok(Fresh { value, lives: Duration::from_secs(90) }) } else { Err("no") }
    }

    #[tokio::test(start_paused = true)]
    async fn many_callers_renew_once() {
        let holder = Arc::new(Renewing::new(REST));
        let count = Arc::new(AtomicU32::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let (holder, count) = (Arc::clone(&holder), Arc::clone(&count));
            tasks.spawn(async move {
                let value = holder.get(|| renew(&count, true)).await.unwrap();
                holder.refused(&Arc::new(*value)).await;
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_value_is_renewed_once_for_all_that_held_it() {
        let holder = Renewing::new(REST);
        let count = AtomicU32::new(0);
        let first = holder.get(|| renew(&count, true)).await.unwrap();
        for _ in 0..5 {
            holder.refused(&first).await;
            assert_eq!(*holder.get(|| renew(&count, true)).await.unwrap(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_old_value_serves_until_its_end_when_renewing_fails() {
        let holder = Renewing::new(REST);
        let count = AtomicU32::new(0);
        holder.get(|| renew(&count, true)).await.unwrap();
        tokio::time::advance(Duration::from_secs(70)).await;
        assert_eq!(*holder.get(|| renew(&count, false)).await.unwrap(), 0);
        tokio::time::advance(Duration::from_secs(30)).await;
        let error = holder.get(|| renew(&count, false)).await.unwrap_err();
        assert!(matches!(error, NoValue::Resting(_)), "{error}");
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lasting_failure_is_tried_once_in_five_minutes() {
        let holder = Renewing::new(REST);
        let count = AtomicU32::new(0);
        for _ in 0..24 * 60 {
            assert!(holder.get(|| renew(&count, false)).await.is_err());
            tokio::time::advance(Duration::from_secs(60)).await;
        }
        let tries = count.load(Ordering::Relaxed);
        assert!(tries <= 24 * 60 / 5 && tries > 200, "{tries}");
    }
}
