//! Deciding on exceptions, one or many, and writing down what time did.

use quell_govern::Person;
use quell_govern::exception::{Exception, Limits, Refusal, State};
use quell_model::Timestamp;
use quell_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::told::find_exception;
use crate::PipelineError;

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExceptionWish)]
pub enum Wish {
    /// A reviewer agrees.
    Approve,
    /// A reviewer says no.
    Refuse,
    /// It is taken back.
    Withdraw,
}

/// What became of one of several.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ExceptionAnswer)]
pub struct Answer {
    /// The id as it was given.
    pub id: String,
    /// Where it stands now; absent where nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Why nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Decides on exceptions, each for itself: what is refused for one does not stop the others. Who
/// is no reviewer takes back only what they asked for.
///
/// # Errors
/// When the store refuses.
pub fn exception_decide(
    store: &mut Store,
    limits: &Limits,
    (ids, wish, note): (&[String], Wish, &str),
    (now, by): (Timestamp, &Person),
    reviews: bool,
) -> Result<Vec<Answer>, PipelineError> {
    let mut answers = Vec::with_capacity(ids.len());
    for id in ids {
        let full = match find_exception(store, id) {
            Ok(full) => full,
            Err(PipelineError::NotFound { .. }) => {
                let refused = Some("there is no exception of that id, or more than one".to_owned());
                answers.push(Answer { id: id.clone(), state: None, refused });
                continue;
            }
            Err(other) => return Err(other),
        };
        let change = |exception: &mut Exception| -> Result<(), Refusal> {
            match wish {
                Wish::Approve => exception.approve(limits, by, (note, now)).map(|_| ()),
                Wish::Refuse => exception.refuse(by, (note, now)),
                Wish::Withdraw if !reviews && exception.requester() != Some(by) => {
                    Err(Refusal::Foreign)
                }
                Wish::Withdraw => exception.withdraw(by, (note, now)),
            }
        };
        answers.push(match store.exception_change(&full, change)? {
            Some(Ok((_, exception))) => {
                replace(store, &exception, now)?;
                Answer { id: id.clone(), state: Some(exception.state), refused: None }
            }
            Some(Err(refusal)) => {
                Answer { id: id.clone(), state: None, refused: Some(refusal.to_string()) }
            }
            None => Answer { id: id.clone(), state: None, refused: Some("it is gone".to_owned()) },
        });
    }
    Ok(answers)
}

/// Ends what a granted exception takes the place of.
fn replace(
    store: &mut Store,
    granted: &Exception,
    now: Timestamp,
) -> Result<Option<Exception>, PipelineError> {
    let Some(old) = granted.request.renews.as_ref().filter(|_| granted.state == State::Granted)
    else {
        return Ok(None);
    };
    let change =
        |old: &mut Exception| -> Result<bool, PipelineError> { Ok(old.renewed_by(granted, now)) };
    let changed = store.exception_change(old, change)?.transpose()?;
    Ok(changed.and_then(|(is_renewed, old)| is_renewed.then_some(old)))
}

/// Whether a granted exception takes the place of one that has not been ended yet.
fn replaces(store: &Store, granted: &Exception) -> Result<bool, PipelineError> {
    let Some(old) = granted.request.renews.as_ref().filter(|_| granted.state == State::Granted)
    else {
        return Ok(false);
    };
    Ok(store.exception_get(old)?.is_some_and(|old| old.state == State::Granted))
}

/// What time did to exceptions since it was last looked at.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// Those that ended.
    pub ended: Vec<Exception>,
    /// Those whose owner is to be reminded.
    pub reminded: Vec<Exception>,
}

/// Whether there is anything to write down of what time did.
///
/// # Errors
/// When the store refuses.
pub fn exception_due(
    store: &Store,
    limits: &Limits,
    now: Timestamp,
) -> Result<bool, PipelineError> {
    let before = limits.remind_before();
    let waiting = store.exception_list(&[State::Requested, State::Reviewed, State::Granted])?;
    for mut one in waiting {
        if one.end(now) || one.remind(before, now) || replaces(store, &one)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes down which exceptions have ended, and of which the owner is reminded. What they hide
/// does not wait for it: that is found out by the clock when it is read.
///
/// # Errors
/// When the store refuses.
pub fn exception_sweep(
    store: &mut Store,
    limits: &Limits,
    now: Timestamp,
) -> Result<Sweep, PipelineError> {
    let mut sweep = Sweep::default();
    let before = limits.remind_before();
    for one in store.exception_list(&[State::Requested, State::Reviewed, State::Granted])? {
        // Where that was cut off when it was granted.
        sweep.ended.extend(replace(store, &one, now)?);
        let mut seen = one.clone();
        if !(seen.end(now) || seen.remind(before, now)) {
            continue;
        }
        let change = |exception: &mut Exception| -> Result<(bool, bool), PipelineError> {
            Ok((exception.end(now), exception.remind(before, now)))
        };
        let Some(changed) = store.exception_change(&one.id, change)? else { continue };
        let ((ended, reminded), exception) = changed?;
        if ended {
            sweep.ended.push(exception);
        } else if reminded {
            sweep.reminded.push(exception);
        }
    }
    Ok(sweep)
}
