//! From what is to what is wanted: read, compare, send what is missing, and look again.
//!
//! Nothing here remembers what was sent. Each round begins with what stands there, so a lost
//! answer, a conflict and a second run are all the same case.

use std::time::Duration;

use crate::draft::Reply;
use crate::error::{Class, ContainError};
use crate::state::{Reading, Stands, State};
use crate::unit::Unit;
use crate::wire::Wire;

/// How often others may get in between.
const ROUNDS: usize = 4;
/// Questions for one reading.
const MOST_QUESTIONS: usize = 64;

/// How far an action came that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Nothing was changed.
    Untouched,
    /// Something was changed, and the target is not contained, or not seen to be.
    Partly,
    /// Nobody knows whether something was changed.
    Unknown,
}

/// How long to wait until a change shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waits {
    pub(crate) tries: u32,
    pub(crate) pause: Duration,
}

/// One way from a state to another.
pub(crate) struct Course<'a> {
    pub(crate) wire: &'a Wire<'a>,
    pub(crate) unit: &'a dyn Unit,
    pub(crate) from: &'a State,
    pub(crate) to: &'a State,
    pub(crate) waits: Waits,
}

type Failure = (ContainError, Reached);

/// What stands at a target now.
pub(crate) async fn read(wire: &Wire<'_>, unit: &dyn Unit) -> Result<Reading, ContainError> {
    let mut replies: Vec<Reply> = Vec::new();
    while let Some(draft) = unit.ask(&replies)? {
        if replies.len() >= MOST_QUESTIONS {
            return Err(ContainError::shape("list", "it does not end"));
        }
        replies.push(wire.send(&draft).await?);
    }
    unit.read(&replies)
}

/// The error for a part that is neither as before nor as after.
pub(crate) fn drifted(stands: Stands) -> ContainError {
    let (part, was, is) = match stands {
        Stands::Other { part, was, is } => (part, was, is),
        Stands::Before | Stands::After | Stands::Between => {
            ("target".to_owned(), "untouched".to_owned(), "half changed".to_owned())
        }
    };
    ContainError::Drifted { part, was, is }
}

impl Course<'_> {
    /// Goes all the way, and looks whether it arrived. Tells whether anything was sent.
    pub(crate) async fn go(&self) -> Result<bool, Failure> {
        let mut reached = Reached::Untouched;
        let mut last = ContainError::Conflict("it did not come to an end".to_owned());
        for _ in 0..ROUNDS {
            let reading = read(self.wire, self.unit).await.map_err(|error| (error, reached))?;
            match reading.state.stands(self.from, self.to) {
                Stands::After => return Ok(reached != Reached::Untouched),
                Stands::Before | Stands::Between => {}
                other @ Stands::Other { .. } => return Err((drifted(other), reached)),
            }
            match self.walk(&reading, &mut reached).await {
                Ok(()) => return self.arrive(reached).await.map(|()| true),
                Err(error) if error.class() == Class::Unknown => {
                    reached = Reached::Unknown;
                    last = error;
                }
                Err(error @ (ContainError::Conflict(_) | ContainError::Gone(_))) => last = error,
                Err(error) => return Err((error, reached)),
            }
            // What may have been done may take a while to show, before it is sent again.
            if last.class() == Class::Unknown && self.arrive(reached).await.is_ok() {
                return Ok(true);
            }
        }
        Err((last, reached))
    }

    async fn walk(&self, reading: &Reading, reached: &mut Reached) -> Result<(), ContainError> {
        for step in self.unit.steps(reading, self.to)? {
            self.wire.send(&step).await?;
            *reached = Reached::Partly;
        }
        Ok(())
    }

    /// Looks until the change shows. Platforms may answer with what was for a while.
    async fn arrive(&self, reached: Reached) -> Result<(), Failure> {
        let mut last = ContainError::Unverified("it looks as it did before".to_owned());
        for attempt in 0..self.waits.tries.max(1) {
            if attempt > 0 {
                tokio::time::sleep(self.waits.pause).await;
            }
            match read(self.wire, self.unit).await {
                Ok(reading) => match reading.state.stands(self.from, self.to) {
                    Stands::After => return Ok(()),
                    Stands::Before | Stands::Between => {}
                    other @ Stands::Other { .. } => return Err((drifted(other), reached)),
                },
                Err(error) if error.class() == Class::Permanent => return Err((error, reached)),
                Err(error) => last = ContainError::Unverified(error.to_string()),
            }
        }
        Err((last, reached))
    }
}
