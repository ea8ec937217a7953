//! A host of code as a sink: what each has to say, and the sink that comes of it.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use quell_deliver::letter::CodeChange;
use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};
use quell_deliver::review::Review;
use quell_deliver::{Body, Key, Letter};

use super::call::Api;
use super::repository::{Reach, Repository, Thing};
use super::said::{Notes, draft_of_note, find_note, note};
use crate::{CodeStanding, Draft, Right, Sink, SinkError, Standing, TextAt, Wanted};

/// How long until what arrived is listed for certain.
const SETTLE: Duration = Duration::from_secs(120);

/// A host of code: fixes become draft requests there, everything else becomes issues.
pub(crate) trait Forge: Api + fmt::Debug + Send {
    /// Where code stands.
    type Repository: Repository;

    /// Where issues are made, and where changes may go.
    fn reach(&self) -> &Reach<Self::Repository>;

    /// Where notes of a thing stand.
    fn notes(thing: &Thing<Self::Repository>) -> Notes;

    /// What is sent for a new issue.
    fn drafts_of_issue(project: &Self::Repository, letter: &Letter) -> Vec<Draft>;

    /// What is sent for a new request.
    fn drafts_of_request(
        &self,
        letter: &Letter,
        change: &CodeChange,
    ) -> Result<Vec<Draft>, SinkError>;

    /// What is sent for the commit alone.
    fn drafts_of_commit(
        &self,
        letter: &Letter,
        change: &CodeChange,
    ) -> Result<Vec<Draft>, SinkError>;

    /// What is sent for a new text.
    fn drafts_of_text(thing: &Thing<Self::Repository>, letter: &Letter) -> Vec<Draft>;

    /// What is sent to close a thing or to open it again.
    fn draft_of_state(thing: &Thing<Self::Repository>, close: bool) -> Draft;

    /// What is sent for a review.
    fn drafts_of_review(
        &self,
        wanted: &Wanted<'_>,
        review: &Review,
    ) -> Result<Vec<Draft>, SinkError>;

    /// Makes an issue, or takes the one that is there.
    fn open_issue(&self, letter: &Letter)
    -> impl Future<Output = Result<Remote, SinkError>> + Send;

    /// Makes a request, or takes the one that is there.
    fn open_request(
        &self,
        letter: &Letter,
        change: &CodeChange,
    ) -> impl Future<Output = Result<Remote, SinkError>> + Send;

    /// Brings a thing up to date. Of a request that is not open, the text alone.
    fn edit(
        &self,
        thing: &Thing<Self::Repository>,
        letter: &Letter,
    ) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Says why, and closes what is open or opens what is closed. What was merged stays merged.
    fn set(
        &self,
        thing: &Thing<Self::Repository>,
        why: (&Body, &Key),
        close: bool,
    ) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Says all of a review, each part once.
    fn review(
        &self,
        wanted: &Wanted<'_>,
        review: &Review,
    ) -> impl Future<Output = Result<Remote, SinkError>> + Send;

    /// The issue of a key; of several the oldest.
    fn find_issue(
        &self,
        key: &Key,
    ) -> impl Future<Output = Result<Option<Remote>, SinkError>> + Send;

    /// The request of a key; of several the oldest.
    fn find_request(
        &self,
        repository: &Self::Repository,
        key: &Key,
    ) -> impl Future<Output = Result<Option<Remote>, SinkError>> + Send;

    /// Whether all of a review was said.
    fn find_review(
        &self,
        wanted: &Wanted<'_>,
        review: &Review,
    ) -> impl Future<Output = Result<Option<Remote>, SinkError>> + Send;

    /// Whether a thing is open, or else whether it is closed.
    fn stands(
        &self,
        thing: &Thing<Self::Repository>,
        open: bool,
    ) -> impl Future<Output = Result<bool, SinkError>> + Send;

    /// How a thing stands.
    fn standing(&self, remote: &Remote)
    -> impl Future<Output = Result<Standing, SinkError>> + Send;

    /// How a request's code stands.
    fn code(
        &self,
        remote: &Remote,
    ) -> impl Future<Output = Result<Option<CodeStanding>, SinkError>> + Send;

    /// The text of a file.
    fn text_at(
        &self,
        at: &TextAt,
    ) -> impl Future<Output = Result<Option<String>, SinkError>> + Send;

    /// What the login may do.
    fn rights(&self) -> impl Future<Output = Result<Vec<Right>, SinkError>> + Send;
}

impl<F: Forge> Sink for F {
    fn acts(&self) -> &'static [ActKind] {
        &[
            ActKind::Open,
            ActKind::Edit,
            ActKind::Note,
            ActKind::Close,
            ActKind::Reopen,
            ActKind::Review,
        ]
    }

    fn on_doubt(&self, act: ActKind) -> OnDoubt {
        match act {
            // The same text and the same files once more.
            ActKind::Edit => OnDoubt::Again,
            ActKind::Open | ActKind::Note | ActKind::Close | ActKind::Reopen | ActKind::Review => {
                OnDoubt::Look { settle: SETTLE }
            }
        }
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let thing = || Thing::of(wanted.remote()?);
        let state = |body: &Body, close: bool| {
            let thing = thing()?;
            let note = draft_of_note::<F>(&thing, (body, wanted.key));
            Ok(vec![note, F::draft_of_state(&thing, close)])
        };
        match wanted.act {
            Act::Open { letter } => match &letter.change {
                Some(change) => self.drafts_of_request(letter, change),
                None => Ok(F::drafts_of_issue(self.reach().project()?, letter)),
            },
            Act::Edit { letter } => {
                let thing = thing()?;
                let mut drafts = Vec::new();
                if let Some(change) = letter.change.as_ref().filter(|_| thing.request) {
                    drafts = self.drafts_of_commit(letter, change)?;
                }
                drafts.extend(F::drafts_of_text(&thing, letter));
                Ok(drafts)
            }
            Act::Note { body } => Ok(vec![draft_of_note::<F>(&thing()?, (body, wanted.key))]),
            Act::Close { body } => state(body, true),
            Act::Reopen { body } => state(body, false),
            Act::Review { review } => self.drafts_of_review(wanted, review),
        }
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> crate::Future<'a, Option<Remote>> {
        let thing = || Thing::of(wanted.remote()?);
        Box::pin(async move {
            match wanted.act {
                Act::Open { letter } => match &letter.change {
                    Some(change) => self.open_request(letter, change).await.map(Some),
                    None => self.open_issue(letter).await.map(Some),
                },
                Act::Edit { letter } => self.edit(&thing()?, letter).await.map(|()| None),
                Act::Note { body } => {
                    note(self, &thing()?, (body, wanted.key)).await.map(|()| None)
                }
                Act::Close { body } => {
                    self.set(&thing()?, (body, wanted.key), true).await.map(|()| None)
                }
                Act::Reopen { body } => {
                    self.set(&thing()?, (body, wanted.key), false).await.map(|()| None)
                }
                Act::Review { review } => self.review(wanted, review).await.map(Some),
            }
        })
    }

    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> crate::Future<'a, Option<Remote>> {
        Box::pin(async move {
            match wanted.act {
                Act::Open { letter } => match &letter.change {
                    Some(change) => {
                        let repository = self.reach().repository(&change.repository)?;
                        self.find_request(&repository, wanted.key).await
                    }
                    None => self.find_issue(wanted.key).await,
                },
                Act::Edit { .. } => Ok(None),
                Act::Note { body } => find_note(self, wanted, (body, None)).await,
                Act::Close { body } => find_note(self, wanted, (body, Some(false))).await,
                Act::Reopen { body } => find_note(self, wanted, (body, Some(true))).await,
                Act::Review { review } => self.find_review(wanted, review).await,
            }
        })
    }

    fn read<'a>(&'a self, remote: &'a Remote) -> crate::Future<'a, Option<Standing>> {
        Box::pin(async move { self.standing(remote).await.map(Some) })
    }

    fn code<'a>(&'a self, remote: &'a Remote) -> crate::Future<'a, Option<CodeStanding>> {
        Box::pin(Forge::code(self, remote))
    }

    fn text_at<'a>(&'a self, at: &'a TextAt) -> crate::Future<'a, Option<String>> {
        Box::pin(Forge::text_at(self, at))
    }

    fn test(&self) -> crate::Future<'_, Vec<Right>> {
        Box::pin(self.rights())
    }
}
