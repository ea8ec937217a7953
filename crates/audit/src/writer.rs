//! The thread that writes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::error::AuditError;
use crate::leaf::Leaf;
use crate::log::{Committed, Message, Place, Reply, committed};
use crate::state::State;
use crate::{lock, personal, rotate};

/// Most records of a group.
const MOST_GROUP: usize = 2048;
/// How long a record may wait to be signed, and how many may.
const SIGN_EVERY: Duration = Duration::from_secs(1);
const SIGN_LEAVES: u64 = 8192;

/// What the thread keeps.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) place: Place,
    state: Option<State>,
    /// A flush failed: what is on the disk is not known.
    broken: Option<Arc<str>>,
    signed_at: Option<Instant>,
}

impl Keeper {
    pub(crate) const fn new(place: Place, state: State) -> Self {
        Self { place, state: Some(state), broken: None, signed_at: None }
    }

    /// Works on the log while nobody else does.
    fn with<T>(
        &mut self,
        work: impl FnOnce(&mut State, &Place) -> Result<T, AuditError>,
    ) -> Result<T, AuditError> {
        if let Some(reason) = &self.broken {
            return Err(AuditError::Broken(Arc::clone(reason)));
        }
        let _held = lock::take(&self.place.folder)?;
        let known = self.state.take().filter(State::is_current);
        let mut state = match known {
            Some(state) => state,
            None => State::load(&self.place.folder, &self.place.key_path())?,
        };
        let result = work(&mut state, &self.place);
        match &result {
            Ok(_) => self.state = Some(state),
            Err(AuditError::Broken(reason)) => self.broken = Some(Arc::clone(reason)),
            // What was half done is read from the disk the next time.
            Err(_) => {}
        }
        result
    }

    fn publish(&mut self) -> Result<u64, AuditError> {
        let done = self.with(|state, _| {
            state.publish(None)?;
            Ok(state.size())
        });
        self.signed_at = Some(now());
        done
    }

    /// How long until what is not signed is to be; nothing where all is.
    fn due(&self) -> Option<Duration> {
        let state = self.state.as_ref()?;
        let waiting = state.size().saturating_sub(state.published());
        match waiting {
            0 => None,
            SIGN_LEAVES.. => Some(Duration::ZERO),
            _ => {
                let since = self.signed_at.map_or(SIGN_EVERY, |at| at.elapsed());
                Some(SIGN_EVERY.saturating_sub(since))
            }
        }
    }

    fn commit(&mut self, group: Vec<(Box<Leaf>, Option<Reply<Committed>>)>) {
        let leaves: Vec<&Leaf> = group.iter().map(|(leaf, _)| &**leaf).collect();
        let result = self.with(|state, _| state.append(&leaves));
        match result {
            Ok(told) => {
                for ((_, reply), one) in group.into_iter().zip(told) {
                    answer(reply, one.map(committed));
                }
            }
            Err(error) => {
                for (_, reply) in group {
                    answer(reply, Err(error.clone()));
                }
            }
        }
    }
}

fn answer<T>(reply: Option<Reply<T>>, result: Result<T, AuditError>) {
    // Who asked may have gone.
    if let Some(reply) = reply {
        drop(reply.try_send(result));
    }
}

/// Writes until nobody can ask any more, then signs what is there.
pub(crate) fn run(mut keeper: Keeper, waiting: &Receiver<Message>) {
    let mut next = None;
    loop {
        let message = match next.take() {
            Some(message) => message,
            None => match receive(&keeper, waiting) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => {
                    // Tried again with the next record, or at the end.
                    drop(keeper.publish());
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            },
        };
        next = answer_to(&mut keeper, message, waiting);
    }
    drop(keeper.publish());
}

/// Does what is asked; hands back what was taken from the queue and is still to be done.
fn answer_to(
    keeper: &mut Keeper,
    message: Message,
    waiting: &Receiver<Message>,
) -> Option<Message> {
    match message {
        Message::Append(leaf, reply) => {
            let mut group = vec![(leaf, reply)];
            let next = gather(&mut group, waiting);
            keeper.commit(group);
            if keeper.due() == Some(Duration::ZERO) {
                drop(keeper.publish());
            }
            return next;
        }
        Message::Settle(reply) => answer(Some(reply), keeper.publish()),
        Message::Rotate(leaf, reply) => {
            let done = keeper.with(|state, place| rotate::rotate(state, &place.key_path(), *leaf));
            answer(Some(reply), done.map(committed));
        }
        Message::Erase(subject, reply) => {
            let done = keeper.with(|state, _| personal::erase(state.folder(), &subject));
            answer(Some(reply), done);
        }
    }
    None
}

fn receive(keeper: &Keeper, waiting: &Receiver<Message>) -> Result<Message, RecvTimeoutError> {
    match keeper.due() {
        Some(due) => waiting.recv_timeout(due.max(Duration::from_millis(1))),
        None => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

/// Takes what else waits to be appended; hands back what is something else.
fn gather(
    group: &mut Vec<(Box<Leaf>, Option<Reply<Committed>>)>,
    waiting: &Receiver<Message>,
) -> Option<Message> {
    while group.len() < MOST_GROUP {
        match waiting.try_recv() {
            Ok(Message::Append(leaf, reply)) => group.push((leaf, reply)),
            Ok(other @ (Message::Settle(_) | Message::Rotate(..) | Message::Erase(..))) => {
                return Some(other);
            }
            Err(_) => return None,
        }
    }
    None
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long ago something was signed; no record says it"
)]
fn now() -> Instant {
    Instant::now()
}
