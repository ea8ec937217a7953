//! What all parts of a running server share.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use quell_access::Access;
use quell_config::Config;
use quell_model::Clock;
use quell_pipeline::Setup;
use quell_spool::{Payloads, Spool};
use quell_store::{ServerStore, StoreError};
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::access::Sessions;
use crate::analyst::Desk;
use crate::api::Problem;
use crate::audit::Books;
use crate::contain::Grounds;
use crate::data::{Lock, ServerKey, Tenants, locked};
use crate::deliver::Sinks;
use crate::intake::Hooks;
use crate::limits::Rates;
use crate::metrics::Metrics;
use crate::outside::Outside;
use crate::signin::SignIns;
use crate::steady::Steady;
use crate::sync::Platforms;

/// Requests that may wait for a thread before others are turned away.
const MOST_WAITING: usize = 1024;

/// Uploads at once. Each has a thread until its sender is done, however slow that is.
pub(crate) const MOST_UPLOADS: usize = 128;

/// Explanations that are written at once.
pub(crate) const MOST_EXPLANATIONS: usize = 32;

/// Bytes of a unit of room for bodies.
pub(crate) const ROOM_BYTES: usize = 1024;

/// A running server.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) data: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    /// How far the clock is believed.
    pub(crate) steady: Steady,
    /// Whether more time has passed since the server was there last than a restart takes, by the
    /// clock.
    pub(crate) stood_still: bool,
    pub(crate) key: ServerKey,
    pub(crate) setup: Arc<Setup>,
    pub(crate) tenants: Tenants,
    /// Where every change is written down first.
    pub(crate) audit: Books,
    pub(crate) spool: Spool,
    pub(crate) payloads: Payloads,
    pub(crate) hooks: Hooks,
    pub(crate) rates: Rates,
    /// The rules of who may do what.
    pub(crate) rules: Access,
    pub(crate) sessions: Sessions,
    pub(crate) sign_in: SignIns,
    pub(crate) metrics: Metrics,
    /// Wakes the workers when there is a job.
    pub(crate) jobs_waiting: Signal,
    /// Wakes whoever waits for a job when one has ended.
    pub(crate) job_ended: Notify,
    /// Wakes whoever sends what is in the outbox.
    pub(crate) outbox_waiting: Notify,
    /// Wakes who asks the routes, when findings changed.
    pub(crate) planning: Signal,
    /// Where things are delivered to.
    pub(crate) sinks: Sinks,
    /// Where tasks for language models are written.
    pub(crate) desk: Desk,
    /// Where attacks may be contained.
    pub(crate) grounds: Grounds,
    /// Wakes whoever contains.
    pub(crate) containing: Notify,
    /// Calls to sinks that may be under way at once. A stop waits for all of them.
    pub(crate) deliveries: Arc<Semaphore>,
    /// Wakes the reader of the intake log.
    pub(crate) delivered: Signal,
    /// Set when the server is stopping: what runs ends soon.
    pub(crate) stopping: AtomicBool,
    /// Set when what still runs has had its time.
    pub(crate) hard_stop: AtomicBool,
    /// Set once everything stands open.
    pub(crate) ready: AtomicBool,
    pub(crate) stop_told: Mutex<bool>,
    pub(crate) stop_changed: Condvar,
    pub(crate) office: Arc<Mutex<ServerStore>>,
    pub(crate) access: Mutex<ServerStore>,
    pub(crate) threads: Arc<Semaphore>,
    /// Room for uploads; they do not take the threads of those who only ask.
    pub(crate) uploads: Arc<Semaphore>,
    /// Explanations that may be written at once. Each has a thread while a model takes its time.
    pub(crate) explanations: Arc<Semaphore>,
    /// Room for bodies that are being received, in units of [`ROOM_BYTES`].
    pub(crate) receiving: Semaphore,
    pub(crate) outside: Arc<Outside>,
    pub(crate) platforms: Platforms,
    /// What tells this process from others.
    pub(crate) process: String,
    /// Where threads wait for what is asked of others; none where no server runs.
    pub(crate) runtime: OnceLock<Handle>,
    pub(crate) _lock: Lock,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("data", &self.data).finish_non_exhaustive()
    }
}

impl App {
    /// Jobs, replies and sources.
    pub(crate) fn office(&self) -> MutexGuard<'_, ServerStore> {
        locked(&self.office)
    }

    /// Tokens, over a connection of their own: nobody's sign-in waits for a job's flush.
    pub(crate) fn access(&self) -> MutexGuard<'_, ServerStore> {
        locked(&self.access)
    }

    /// Whether requests for a host name are answered: its own address, the loopback names, the
    /// public one, and those that the configuration adds. A page elsewhere cannot then reach the
    /// server under a name of its own.
    pub(crate) fn answers_to(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        let server = &self.config.server;
        let public = server.public_url.as_deref().and_then(host_of);
        let own = server.listen.ip();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let literal = bare.parse::<IpAddr>();
        let loopback = name.eq_ignore_ascii_case("localhost")
            || literal.as_ref().is_ok_and(|ip| ip.is_loopback() || *ip == own)
            || (own.is_unspecified() && literal.is_ok());
        loopback
            || public.is_some_and(|public| name.eq_ignore_ascii_case(public))
            || server.allow_hosts.iter().any(|allowed| name.eq_ignore_ascii_case(allowed))
    }

    /// Writes with what is held to be written, unless the server has closed that: nobody writes
    /// behind it.
    pub(crate) fn unless_closed(
        &self,
        write: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.hard_stop.load(Ordering::SeqCst) { Ok(()) } else { write() }
    }

    /// Waits so long, or until the server stops.
    pub(crate) fn pause(&self, most: Duration) {
        let guard = locked(&self.stop_told);
        drop(self.stop_changed.wait_timeout_while(guard, most, |told| !*told));
    }

    /// Tells all threads that the server is stopping.
    pub(crate) fn tell_stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        *locked(&self.stop_told) = true;
        self.stop_changed.notify_all();
        self.jobs_waiting.wake();
        self.delivered.wake();
        self.planning.wake();
    }

    /// Room for some bytes of bodies that are being received, all together; without it a sender
    /// is asked to come again.
    pub(crate) fn room(&self, bytes: usize) -> Result<SemaphorePermit<'_>, Problem> {
        let units = u32::try_from(bytes.div_ceil(ROOM_BYTES)).unwrap_or(u32::MAX);
        let full = |_| Problem::unavailable("too many bodies are being received", 1);
        self.receiving.try_acquire_many(units).map_err(full)
    }

    /// Runs the keeping of an upload on a thread of its own, as long as its sender takes.
    pub(crate) async fn upload<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        at_once(&self.uploads, "too many uploads are being received", work).await
    }

    /// Runs something that may wait for a model on a thread of its own: the threads of those who
    /// only look are not held for that.
    pub(crate) async fn explaining<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        at_once(&self.explanations, "too many explanations are being written", work).await
    }

    /// Runs something that waits for the disk on a thread made for that. When too many wait
    /// already, the caller is asked to come again.
    pub(crate) async fn quick<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(permit) = Arc::clone(&self.threads).acquire_owned().await else {
            return Err(Problem::unavailable("the server is stopping", 5));
        };
        aside(permit, work).await
    }
}

/// Runs something on a thread that may wait, or says that there is no room for it now.
async fn at_once<T: Send + 'static>(
    room: &Arc<Semaphore>,
    full: &str,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let permit = Arc::clone(room).try_acquire_owned();
    aside(permit.map_err(|_| Problem::unavailable(full, 5))?, work).await
}

/// Runs something on a thread that may wait. The permit is held until it is done, whether or not
/// anybody still waits for it: else who asks and hangs up again and again has any number of threads.
async fn aside<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let span = tracing::Span::current();
    let running = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        span.in_scope(work)
    });
    running.await.unwrap_or_else(|error| Err(Problem::internal(&error)))
}

/// The host of an address with a scheme.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    Some(authority.rsplit_once(':').map_or(authority, |(host, _)| host))
}

/// Threads that requests may wait for.
pub(crate) fn thread_permits() -> Semaphore {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Semaphore::new((cores * 4).min(MOST_WAITING))
}

/// Wakes one thread that waits, now or when it next does.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    /// Wakes it.
    pub(crate) fn wake(&self) {
        *locked(&self.set) = true;
        self.changed.notify_one();
    }

    /// Waits until somebody wakes it, or so long.
    pub(crate) fn wait(&self, most: Duration) {
        let guard = locked(&self.set);
        let (mut set, _) = self
            .changed
            .wait_timeout_while(guard, most, |set| !*set)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *set = false;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn who_hangs_up_gives_no_thread_to_others_before_it_is_free() {
        let permits = Arc::new(Semaphore::new(1));
        let permit = Arc::clone(&permits).try_acquire_owned().unwrap();
        let (begun, begins) = channel();
        let (end, ends) = channel::<()>();
        let asking = tokio::spawn(aside(permit, move || {
            begun.send(()).unwrap();
            ends.recv().map_err(|error| Problem::internal(&error))
        }));
        tokio::task::spawn_blocking(move || begins.recv().unwrap()).await.unwrap();
        asking.abort();
        assert!(asking.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(permits.available_permits(), 0, "its work goes on");
        end.send(()).unwrap();
        drop(permits.acquire().await.unwrap());
    }
}
