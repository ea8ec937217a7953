//! How often somebody may try to sign in: by the name that is tried, and by where it comes from.
//!
//! Nothing here grows with what strangers send: names and addresses share a fixed number of buckets.

use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Buckets of each kind.
const BUCKETS: usize = 1024;
/// Tries at once of one name, and seconds until there is one more.
const OF_A_NAME: (u32, u64) = (10, 30);
/// The same of one address, from which many people may come.
const OF_AN_ADDRESS: (u32, u64) = (100, 3);

/// The limits.
#[derive(Debug)]
pub(super) struct Throttle {
    clock: DefaultClock,
    names: Vec<DefaultDirectRateLimiter>,
    addresses: Vec<DefaultDirectRateLimiter>,
    hasher: RandomState,
}

impl Default for Throttle {
    fn default() -> Self {
        let buckets = |(most, seconds): (u32, u64)| {
            let most = NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::with_period(Duration::from_secs(seconds));
            let quota = quota.unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(most);
            std::iter::repeat_with(|| RateLimiter::direct(quota)).take(BUCKETS).collect()
        };
        Self {
            clock: DefaultClock::default(),
            names: buckets(OF_A_NAME),
            addresses: buckets(OF_AN_ADDRESS),
            hasher: RandomState::new(),
        }
    }
}

impl Throttle {
    /// One more try with a name; else the seconds after which to try again.
    pub(super) fn name(&self, name: &str) -> Result<(), u64> {
        self.check(&self.names, &name)
    }

    /// One more try from an address.
    pub(super) fn address(&self, address: std::net::IpAddr) -> Result<(), u64> {
        self.check(&self.addresses, &address)
    }

    fn check(&self, of: &[DefaultDirectRateLimiter], who: &impl Hash) -> Result<(), u64> {
        let bucket = usize::try_from(self.hasher.hash_one(who)).unwrap_or(0) % BUCKETS;
        let Some(limit) = of.get(bucket) else { return Ok(()) };
        limit.check().map_err(|no| {
            let wait = no.wait_time_from(self.clock.now());
            wait.saturating_add(Duration::from_millis(999)).as_secs().max(1)
        })
    }
}
