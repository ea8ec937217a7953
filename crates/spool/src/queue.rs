//! What waits to be written.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::SpoolError;
use crate::limits::Limits;
use crate::position::Appended;
use crate::record::Record;

/// What is called when a record is on the disk, or will not be.
pub(crate) type Done = Box<dyn FnOnce(Result<Appended, SpoolError>) + Send>;

/// A record that waits.
pub(crate) struct Waiting {
    pub(crate) record: Record,
    pub(crate) done: Done,
}

/// What the writer takes at a time.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) waiting: Vec<Waiting>,
    /// The open segment is to be closed after this.
    pub(crate) roll: bool,
}

/// Records in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    roll: bool,
    /// The writer sleeps and has to be woken.
    idle: bool,
    closed: bool,
    broken: Option<Arc<str>>,
}

impl Queue {
    /// Adds a record. It never waits for the disk.
    pub(crate) fn push(&self, waiting: Waiting, limits: &Limits) -> Result<(), SpoolError> {
        let mut state = self.state();
        if let Some(reason) = &state.broken {
            return Err(SpoolError::Broken { reason: Arc::clone(reason) });
        }
        if state.closed {
            return Err(SpoolError::Closed);
        }
        let bytes = state.bytes.saturating_add(waiting.record.frame_bytes());
        // One record always fits, whatever the limit.
        if bytes > limits.queue_bytes && !state.waiting.is_empty() {
            return Err(SpoolError::Full { queued_bytes: state.bytes });
        }
        state.bytes = bytes;
        state.waiting.push_back(waiting);
        if state.idle {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Asks for the open segment to be closed.
    pub(crate) fn request_roll(&self) {
        self.state().roll = true;
        self.filled.notify_one();
    }

    /// Waits for something to do; `None` once the queue is closed and empty.
    pub(crate) fn take(&self, limits: &Limits) -> Option<Batch> {
        let mut state = self.state();
        while state.waiting.is_empty() && !state.roll {
            if state.closed {
                return None;
            }
            state.idle = true;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
        }
        let mut batch = Batch { waiting: Vec::new(), roll: std::mem::take(&mut state.roll) };
        if state.bytes <= limits.batch_bytes {
            state.bytes = 0;
            batch.waiting = std::mem::take(&mut state.waiting).into();
            return Some(batch);
        }
        let mut bytes = 0_usize;
        while bytes < limits.batch_bytes
            && let Some(next) = state.waiting.pop_front()
        {
            let taken = next.record.frame_bytes();
            bytes = bytes.saturating_add(taken);
            state.bytes = state.bytes.saturating_sub(taken);
            batch.waiting.push(next);
        }
        Some(batch)
    }

    /// Nothing more is taken; what waits is still written.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_all();
    }

    /// Refuses everything from now on. The first reason stays.
    pub(crate) fn stop(&self, reason: &Arc<str>) {
        self.state().broken.get_or_insert_with(|| Arc::clone(reason));
    }

    /// Refuses everything and drops what waits, since nobody writes any more.
    pub(crate) fn abandon(&self, reason: &Arc<str>) {
        self.stop(reason);
        let dropped = std::mem::take(&mut self.state().waiting);
        for Waiting { done, .. } in dropped {
            tell(done, Err(SpoolError::Broken { reason: Arc::clone(reason) }));
        }
    }

    pub(crate) fn broken(&self) -> Option<Arc<str>> {
        self.state().broken.clone()
    }

    pub(crate) fn queued_bytes(&self) -> usize {
        self.state().bytes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls back. A panic there is not the log's, and must not stop it.
pub(crate) fn tell(done: Done, result: Result<Appended, SpoolError>) {
    let _panicked = catch_unwind(AssertUnwindSafe(|| done(result)));
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("record", &self.record).finish_non_exhaustive()
    }
}
