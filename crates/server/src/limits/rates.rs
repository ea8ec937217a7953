//! Requests a second: of each token, of each webhook, and of strangers.
//!
//! Nothing here grows with what strangers send: addresses share a fixed number of buckets.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{DefaultDirectRateLimiter, NotUntil, Quota, RateLimiter};
use quell_config::Config;

/// Buckets that the addresses of strangers share.
const STRANGERS: usize = 1024;
/// Wrong credentials a second of one bucket, and at once.
const WRONG_PER_SECOND: u32 = 5;
const WRONG_AT_ONCE: u32 = 50;

type Moment = <DefaultClock as Clock>::Instant;

/// Seconds after which to try again.
pub(crate) type Wait = u64;

/// The limits of a server.
#[derive(Debug)]
pub(crate) struct Rates {
    clock: DefaultClock,
    tokens: RateLimiter<String, HashMapStateStore<String>, DefaultClock>,
    hooks: BTreeMap<String, DefaultDirectRateLimiter>,
    strangers: Vec<DefaultDirectRateLimiter>,
    hasher: RandomState,
}

impl Rates {
    pub(crate) fn new(config: &Config) -> Self {
        let limits = &config.limits;
        let hooks = config.hooks.iter().map(|(name, hook)| {
            (name.clone(), RateLimiter::direct(quota(hook.rate_per_second, hook.burst)))
        });
        let wrong = || RateLimiter::direct(quota(WRONG_PER_SECOND, WRONG_AT_ONCE));
        Self {
            clock: DefaultClock::default(),
            tokens: RateLimiter::hashmap(quota(limits.token_rate_per_second, limits.token_burst)),
            hooks: hooks.collect(),
            strangers: std::iter::repeat_with(wrong).take(STRANGERS).collect(),
            hasher: RandomState::new(),
        }
    }

    /// One more request of a token.
    pub(crate) fn token(&self, id: &str) -> Result<(), Wait> {
        self.tokens.check_key(&id.to_owned()).map_err(|no| self.wait(&no))
    }

    /// One more request of a webhook that proved who it is.
    pub(crate) fn hook(&self, name: &str) -> Result<(), Wait> {
        self.hooks.get(name).map_or(Ok(()), |limit| limit.check().map_err(|no| self.wait(&no)))
    }

    /// One more request with wrong credentials.
    pub(crate) fn stranger(&self, address: IpAddr) -> Result<(), Wait> {
        let bucket = usize::try_from(self.hasher.hash_one(address)).unwrap_or(0) % STRANGERS;
        let limit = self.strangers.get(bucket);
        limit.map_or(Ok(()), |limit| limit.check().map_err(|no| self.wait(&no)))
    }

    fn wait(&self, no: &NotUntil<Moment>) -> Wait {
        let wait = no.wait_time_from(self.clock.now());
        wait.saturating_add(Duration::from_millis(999)).as_secs().max(1)
    }
}

fn quota(per_second: u32, burst: u32) -> Quota {
    let some = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(some(per_second)).allow_burst(some(burst))
}
