//! Requests a second for each host and account, and the pause that a remote asked for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as PaceClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::policy::{Policy, Rate};

/// Whose requests are counted together: host and account.
pub(crate) type Key = (String, String);

/// Keys remembered before those at rest are dropped.
const MOST_KEYS: usize = 10_000;

type Limiter = RateLimiter<Key, HashMapStateStore<Key>, TokioClock, NoOpMiddleware<Nanos>>;

/// The clock of the runtime, so that tests can stop it.
#[derive(Debug, Clone)]
struct TokioClock(Instant);

impl PaceClock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}

/// All limits of a client.
#[derive(Debug)]
pub(crate) struct Pace {
    clock: TokioClock,
    general: Limiter,
    hosts: Vec<(String, Limiter)>,
    accounts: Vec<(String, Limiter)>,
    paused: Mutex<HashMap<Key, Instant>>,
}

impl Pace {
    pub(crate) fn new(policy: &Policy) -> Self {
        let clock = TokioClock(Instant::now());
        let hosts = policy
            .host_rates
            .iter()
            .map(|(host, rate)| (host.to_ascii_lowercase(), limiter(*rate, &clock)))
            .collect();
        let accounts = policy
            .account_rates
            .iter()
            .map(|(account, rate)| (account.clone(), limiter(*rate, &clock)))
            .collect();
        let general = limiter(policy.rate, &clock);
        Self { clock, general, hosts, accounts, paused: Mutex::default() }
    }

    /// Waits for a turn. `false` if that would take longer than `longest`.
    pub(crate) async fn turn(&self, key: &Key, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        loop {
            let wait = self.pause_of(key).or_else(|| self.limit_of(key));
            let Some(wait) = wait else { return true };
            if Instant::now() + wait > until {
                return false;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Holds all requests of the key back for a while.
    pub(crate) fn hold(&self, key: &Key, wait: Duration) {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if paused.len() >= MOST_KEYS {
            paused.retain(|_, until| *until > now);
        }
        let until = paused.entry(key.clone()).or_insert(now);
        *until = (*until).max(now + wait);
    }

    fn pause_of(&self, key: &Key) -> Option<Duration> {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let until = *paused.get(key)?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            paused.remove(key);
            return None;
        }
        Some(left)
    }

    /// Takes a place in the limiter, or tells how long to wait for one.
    fn limit_of(&self, key: &Key) -> Option<Duration> {
        let limiter = self.hosts.iter().find(|(host, _)| *host == key.0).map(|(_, l)| l);
        let of_account = || self.accounts.iter().find(|(account, _)| *account == key.1);
        let limiter = limiter.or_else(|| of_account().map(|(_, l)| l)).unwrap_or(&self.general);
        if limiter.len() >= MOST_KEYS {
            limiter.retain_recent();
        }
        let wait = limiter.check_key(key).err()?.wait_time_from(self.clock.now());
        Some(wait.max(Duration::from_millis(1)))
    }
}

fn limiter(rate: Rate, clock: &TokioClock) -> Limiter {
    let gap = (rate.within / rate.requests.get()).max(Duration::from_nanos(1));
    let quota = Quota::with_period(gap)
        .map_or_else(|| Quota::per_second(rate.requests), |quota| quota.allow_burst(rate.burst));
    RateLimiter::new(quota, HashMapStateStore::default(), clock.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(per_second: u32, burst: u32) -> Pace {
        let rate = Rate::new(per_second, 1, burst);
        Pace::new(&Policy { rate, ..Policy::default() })
    }

    fn key(account: &str) -> Key {
        ("host".to_owned(), account.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_holds_for_each_account_alone() {
        let pace = pace(2, 1);
        let start = Instant::now();
        for _ in 0..5 {
            assert!(pace.turn(&key("a"), Duration::from_secs(60)).await);
        }
        let took = start.elapsed();
        assert!(
            took >= Duration::from_millis(1_990) && took < Duration::from_millis(2_200),
            "{took:?}"
        );
        assert!(pace.turn(&key("b"), Duration::ZERO).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_may_have_a_rate_of_its_own() {
        let policy = Policy {
            rate: Rate::new(100, 1, 1),
            account_rates: vec![("slow".to_owned(), Rate::new(60, 120, 1))],
            ..Policy::default()
        };
        let pace = Pace::new(&policy);
        let start = Instant::now();
        for account in ["slow", "slow", "other", "other", "slow"] {
            assert!(pace.turn(&key(account), Duration::from_secs(60)).await);
        }
        let took = start.elapsed();
        assert!(took >= Duration::from_secs(4) && took < Duration::from_millis(4_200), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_one_account_and_ends() {
        let pace = pace(100, 100);
        pace.hold(&key("a"), Duration::from_secs(7));
        assert!(!pace.turn(&key("a"), Duration::from_secs(6)).await);
        assert!(pace.turn(&key("b"), Duration::ZERO).await);
        let start = Instant::now();
        assert!(pace.turn(&key("a"), Duration::from_secs(8)).await);
        assert!(start.elapsed() >= Duration::from_secs(7));
    }
}
