//! Exceptions: what somebody answers for leaving as it is, until a day.
//!
//! An exception hides issues only while it is granted and its time is not over. That is judged by
//! the clock when something is read, so no work has to be done for it to end. What has ended once
//! stays ended, whatever the clock says later.

mod ends;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use quell_model::{Severity, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use ends::{Limits, end_of_day};

use crate::Person;
use crate::expression::{Expression, Fault};

/// Longest reason, compensating control or note.
pub const MOST_TEXT_BYTES: usize = 2000;
/// Most compensating controls.
const MOST_CONTROLS: usize = 20;

/// Where an exception stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExceptionState)]
pub enum State {
    /// Somebody asks for it.
    Requested,
    /// One reviewer agrees, and another has to.
    Reviewed,
    /// It hides issues until it ends.
    Granted,
    /// A reviewer said no.
    Refused,
    /// It was taken back before its end.
    Withdrawn,
    /// Its time is over.
    Ended,
}

impl State {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Requested,
        Self::Reviewed,
        Self::Granted,
        Self::Refused,
        Self::Withdrawn,
        Self::Ended,
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Reviewed => "reviewed",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Ended => "ended",
        }
    }

    /// Whether another may be asked for in its place: it was granted.
    #[must_use]
    pub const fn is_renewable(self) -> bool {
        match self {
            Self::Granted | Self::Ended => true,
            Self::Requested | Self::Reviewed | Self::Refused | Self::Withdrawn => false,
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether a reviewer has to decide.
    #[must_use]
    pub const fn waits(self) -> bool {
        matches!(self, Self::Requested | Self::Reviewed)
    }
}

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ExceptionRequest)]
pub struct Request {
    /// Which issues, as an expression.
    pub scope: String,
    /// Why.
    pub reason: String,
    /// What is done in its place.
    #[serde(default)]
    pub compensating_controls: Vec<String>,
    /// Who answers for it.
    pub owner: String,
    /// When it ends.
    pub until: Timestamp,
    /// The id of the exception that it takes the place of once it is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<String>,
}

/// What happened to an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExceptionStep)]
pub enum Step {
    /// It was asked for.
    Requested,
    /// A reviewer agreed.
    Approved,
    /// A reviewer said no.
    Refused,
    /// It was taken back.
    Withdrawn,
    /// Its owner was reminded of its end.
    Reminded,
    /// Its time was over.
    Ended,
    /// Another took its place before its end.
    Renewed,
}

impl Step {
    /// Whether it hides nothing from then on.
    #[must_use]
    pub const fn is_end(self) -> bool {
        match self {
            Self::Withdrawn | Self::Ended | Self::Renewed => true,
            Self::Requested | Self::Approved | Self::Refused | Self::Reminded => false,
        }
    }
}

/// What happened, when, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ExceptionEvent)]
pub struct Event {
    /// What.
    pub step: Step,
    /// When.
    pub at: Timestamp,
    /// By whom; none where time did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Person>,
    /// What they said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// An exception with all that happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Exception {
    /// Its id.
    pub id: String,
    /// What was asked for.
    #[serde(flatten)]
    pub request: Request,
    /// Where it comes from: `request`, or the file that it was imported from.
    pub origin: String,
    /// Where it stands.
    pub state: State,
    /// How many reviewers have to agree.
    pub reviewers: u8,
    /// When it ends for issues of each severity; set when it is granted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ends: BTreeMap<String, Timestamp>,
    /// All that happened, the oldest first.
    pub events: Vec<Event>,
}

/// Why something cannot be done to an exception.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The expression cannot be read.
    #[error("the scope cannot be read: {0}")]
    Scope(#[from] Fault),
    /// A text is missing, or too long.
    #[error("{}", text_wanted(field))]
    Text {
        /// Which.
        field: &'static str,
    },
    /// Too many compensating controls.
    #[error("at most {MOST_CONTROLS} compensating controls can be named")]
    Controls,
    /// The end is over.
    #[error("the end is over; name a later one")]
    Over,
    /// The end is too far off.
    #[error("an exception that hides {severity} issues ends within {days} days, by {latest:.0}")]
    TooLong {
        /// The worst severity that it hides.
        severity: &'static str,
        /// How long it may last.
        days: u32,
        /// The latest end.
        latest: Timestamp,
    },
    /// Nobody decides on what they asked for.
    #[error("who asks for an exception does not decide on it")]
    Own,
    /// Only a reviewer takes back what somebody else asked for.
    #[error("only an approver takes back what others asked for")]
    Foreign,
    /// Each reviewer counts once.
    #[error("you have agreed already; another reviewer has to")]
    Again,
    /// It is no longer, or not yet, what this can be done to.
    #[error("the exception is {state}")]
    Stands {
        /// Where it stands.
        state: &'static str,
    },
}

impl Refusal {
    /// The part of a request that it is about; none where it is about an exception.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::Scope(_) => Some("scope"),
            Self::Text { field } => Some(field),
            Self::Controls => Some("compensating_controls"),
            Self::Over | Self::TooLong { .. } => Some("until"),
            Self::Own | Self::Foreign | Self::Again | Self::Stands { .. } => None,
        }
    }
}

/// What a text has to be.
fn text_wanted(field: &str) -> String {
    match field {
        "note" => format!("say why, in at most {MOST_TEXT_BYTES} bytes"),
        field => format!("`{field}` is missing, or has more than {MOST_TEXT_BYTES} bytes"),
    }
}

fn text(field: &'static str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() || text.len() > MOST_TEXT_BYTES {
        return Err(Refusal::Text { field });
    }
    Ok(())
}

impl Request {
    /// The expression, once all of the request is within its bounds. `worst` is the worst severity
    /// that it would hide now.
    ///
    /// # Errors
    /// When a part is missing, too long or over.
    pub fn check(
        &self,
        limits: &Limits,
        worst: Option<Severity>,
        now: Timestamp,
    ) -> Result<Expression, Refusal> {
        match self.refusals(limits, worst, now).into_iter().next() {
            Some(refusal) => Err(refusal),
            None => Ok(self.scope.parse()?),
        }
    }

    /// All that [`Request::check`] would refuse, once for each part.
    #[must_use]
    pub fn refusals(
        &self,
        limits: &Limits,
        worst: Option<Severity>,
        now: Timestamp,
    ) -> Vec<Refusal> {
        let mut all = Vec::new();
        all.extend(text("reason", &self.reason).err());
        all.extend(text("owner", &self.owner).err());
        let controls = &self.compensating_controls;
        if controls.len() > MOST_CONTROLS {
            all.push(Refusal::Controls);
        } else {
            let wrong = |control: &String| text("compensating_controls", control).err();
            all.extend(controls.iter().find_map(wrong));
        }
        all.extend(self.scope.parse::<Expression>().err().map(Refusal::from));
        let worst = worst.unwrap_or(Severity::Informational);
        let (latest, days) = (limits.latest(worst, now), limits.days(worst));
        if self.until <= now {
            all.push(Refusal::Over);
        } else if self.until > latest {
            all.push(Refusal::TooLong { severity: worst.as_str(), days, latest });
        }
        all
    }
}

impl Exception {
    /// An exception that is asked for.
    #[must_use]
    pub fn requested(
        id: String,
        request: Request,
        (origin, reviewers): (&str, u8),
        (by, at): (&Person, Timestamp),
    ) -> Self {
        let event = Event { step: Step::Requested, at, by: Some(by.clone()), note: String::new() };
        Self {
            id,
            request,
            origin: origin.to_owned(),
            state: State::Requested,
            reviewers: reviewers.max(1),
            ends: BTreeMap::new(),
            events: vec![event],
        }
    }

    /// Who asked for it.
    #[must_use]
    pub fn requester(&self) -> Option<&Person> {
        self.events.first().and_then(|event| event.by.as_ref())
    }

    fn note(&mut self, step: Step, by: Option<&Person>, (note, at): (&str, Timestamp)) {
        self.events.push(Event { step, at, by: by.cloned(), note: note.to_owned() });
    }

    fn stands(&self) -> Refusal {
        Refusal::Stands { state: self.state.as_str() }
    }

    fn decided_by(&self, by: &Person, note: &str) -> Result<(), Refusal> {
        if !self.state.waits() {
            return Err(self.stands());
        }
        if self.requester().is_none_or(|requester| requester == by) {
            return Err(Refusal::Own);
        }
        if note.len() > MOST_TEXT_BYTES {
            return Err(Refusal::Text { field: "note" });
        }
        Ok(())
    }

    /// A reviewer agrees. Once enough do, it is granted: for issues of each severity it then ends
    /// at its end, or as soon as that severity allows.
    ///
    /// # Errors
    /// When it does not wait for a reviewer, this one asked for it or has agreed, or it is over.
    pub fn approve(
        &mut self,
        limits: &Limits,
        by: &Person,
        (note, now): (&str, Timestamp),
    ) -> Result<State, Refusal> {
        self.decided_by(by, note)?;
        if self.request.until <= now {
            return Err(Refusal::Over);
        }
        let agreed = self.events.iter().filter(|event| event.step == Step::Approved);
        let people: Vec<&Person> = agreed.filter_map(|event| event.by.as_ref()).collect();
        if people.contains(&by) {
            return Err(Refusal::Again);
        }
        let enough = people.len() + 1 >= usize::from(self.reviewers);
        self.note(Step::Approved, Some(by), (note, now));
        self.state = if enough { State::Granted } else { State::Reviewed };
        if enough {
            let end = |severity: Severity| {
                let end = self.request.until.min(limits.latest(severity, now));
                (severity.as_str().to_owned(), end)
            };
            self.ends = Severity::ALL.into_iter().map(end).collect();
        }
        Ok(self.state)
    }

    /// A reviewer says no, and why.
    ///
    /// # Errors
    /// When it does not wait for a reviewer, this one asked for it, or does not say why.
    pub fn refuse(&mut self, by: &Person, (note, now): (&str, Timestamp)) -> Result<(), Refusal> {
        self.decided_by(by, note)?;
        text("note", note)?;
        self.note(Step::Refused, Some(by), (note, now));
        self.state = State::Refused;
        Ok(())
    }

    /// Takes it back. What it hides comes back at once.
    ///
    /// # Errors
    /// When it is refused, taken back or ended already.
    pub fn withdraw(&mut self, by: &Person, (note, now): (&str, Timestamp)) -> Result<(), Refusal> {
        if !self.state.waits() && self.state != State::Granted {
            return Err(self.stands());
        }
        if note.len() > MOST_TEXT_BYTES {
            return Err(Refusal::Text { field: "note" });
        }
        self.note(Step::Withdrawn, Some(by), (note, now));
        self.state = State::Withdrawn;
        Ok(())
    }

    /// Writes down that its time is over, where it is. Says whether it was that.
    pub fn end(&mut self, now: Timestamp) -> bool {
        let is_over = self.request.until <= now;
        let ends = is_over && (self.state.waits() || self.state == State::Granted);
        if ends {
            self.note(Step::Ended, None, ("", now));
            self.state = State::Ended;
        }
        ends
    }

    /// Writes down that a granted one takes its place, which ends it. Says whether it was that.
    pub fn renewed_by(&mut self, other: &Self, now: Timestamp) -> bool {
        let is_renewed = self.state == State::Granted
            && other.state == State::Granted
            && other.request.renews.as_ref() == Some(&self.id);
        if is_renewed {
            self.note(Step::Renewed, None, (&format!("by {}", other.id), now));
            self.state = State::Ended;
        }
        is_renewed
    }

    /// Writes down that its owner is reminded, once, when its end is no further off than this.
    /// Says whether it was that.
    pub fn remind(&mut self, before: jiff::SignedDuration, now: Timestamp) -> bool {
        let is_near = self.request.until.duration_since(now) <= before;
        let reminded = self.events.iter().any(|event| event.step == Step::Reminded);
        let reminds = self.state == State::Granted && is_near && !reminded;
        if reminds {
            self.note(Step::Reminded, None, ("", now));
        }
        reminds
    }

    /// Since when it is granted.
    #[must_use]
    pub fn granted_at(&self) -> Option<Timestamp> {
        let granted = !self.ends.is_empty();
        let last = self.events.iter().rev().find(|event| event.step == Step::Approved);
        last.filter(|_| granted).map(|event| event.at)
    }

    /// When it ends for issues of a severity, where it is or was granted.
    #[must_use]
    pub fn end_for(&self, severity: Severity) -> Option<Timestamp> {
        self.ends.get(severity.as_str()).copied()
    }

    /// Whether it hides issues of a severity that it is about.
    #[must_use]
    pub fn hides_at(&self, severity: Severity, now: Timestamp) -> bool {
        self.state == State::Granted
            && self.granted_at().is_some_and(|from| from <= now)
            && self.end_for(severity).is_some_and(|end| now < end)
    }

    /// From when to when it hid, or hides, issues of a severity; it may have been taken back
    /// before its end.
    #[must_use]
    pub fn hid(&self, severity: Severity) -> Option<(Timestamp, Timestamp)> {
        let (from, end) = (self.granted_at()?, self.end_for(severity)?);
        let over = self.events.iter().find(|event| event.step.is_end() && event.at >= from);
        let end = over.map_or(end, |event| end.min(event.at));
        (from < end).then_some((from, end))
    }

    /// The next moment behind this one at which it begins or ends to hide something.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        if self.state != State::Granted {
            return None;
        }
        let moments = self.ends.values().copied().chain(self.granted_at());
        moments.filter(|moment| *moment > now).min()
    }
}
