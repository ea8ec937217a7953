//! Jira: Cloud with documents, Data Center with wiki markup.
//!
//! An issue is known by its id, which stays when it is moved or its project is renamed. It bears
//! the delivery's key twice: as a label, by which it is searched, and as an entity property, which
//! a copy of the issue does not have.

pub(super) mod act;
pub(super) mod fields;
pub(super) mod heard;
pub(super) mod look;
pub(super) mod phase;
pub(super) mod read;
pub(super) mod rights;
pub(super) mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};
use quell_http::{Fresh, Renewing};
use serde_json::Value;

use super::client::{Call, Site};
use crate::{Draft, Future, Kind, Plan, Right, Sink, SinkError, Standing, Wanted};
use settings::Settings;

/// Jira as a kind of sink.
pub(crate) const KIND: Kind = Kind {
    id: "jira",
    title: "Jira",
    settings: settings::SETTINGS,
    // Atlassian publishes no number; what it asks for is kept.
    rate: None,
    hear: Some(heard::hear),
    press: None,
    connect: |plan| Ok(Box::new(connect(plan)?)),
};

/// What can be done.
pub(super) const ACTS: &[ActKind] =
    &[ActKind::Open, ActKind::Edit, ActKind::Note, ActKind::Close, ActKind::Reopen];

/// How long a search may not know what was made.
const INDEXED: Duration = Duration::from_secs(300);
/// How long a request may be on its way. What is read by id is there at once.
const ARRIVED: Duration = Duration::from_secs(120);

/// How long it is remembered who the login is.
const ME_RENEWED: Duration = Duration::from_secs(900);
/// The outbox waits between its attempts, so nobody has to here.
const ME_REST: Duration = Duration::ZERO;

/// Rights, as Jira's permission schemes name them.
pub(super) const BROWSE: &str = "BROWSE_PROJECTS";
pub(super) const CREATE: &str = "CREATE_ISSUES";
pub(super) const EDIT: &str = "EDIT_ISSUES";
pub(super) const COMMENT: &str = "ADD_COMMENTS";
pub(super) const TRANSITION: &str = "TRANSITION_ISSUES";
pub(super) const ATTACH: &str = "CREATE_ATTACHMENTS";
pub(super) const LINK: &str = "LINK_ISSUES";

/// One login at one Jira.
pub(super) struct Jira {
    pub(super) site: Site,
    pub(super) settings: Settings,
    me: Renewing<String>,
}

fn connect(plan: Plan) -> Result<Jira, SinkError> {
    Jira::new(plan)
}

impl Jira {
    /// Reads the plan. Nothing is asked.
    pub(super) fn new(plan: Plan) -> Result<Self, SinkError> {
        let url = Plan::require("url", plan.url.as_ref())?.trim_end_matches('/').to_owned();
        let settings = Settings::read(&plan, &url)?;
        let Plan { credentials, client, clock, .. } = plan;
        Ok(Self {
            site: Site { url, credentials, client, clock },
            settings,
            me: Renewing::new(ME_REST),
        })
    }

    /// A path of the platform's API.
    pub(super) fn path(&self, below: &str) -> String {
        format!("{}/{below}", self.settings.api())
    }

    /// Who the login is: an account id, or a user's key at Data Center.
    pub(super) async fn me(&self) -> Result<Arc<String>, SinkError> {
        let me = self.me.get(|_| async {
            let call = Call::get(self.path("myself"));
            let answer = self.site.ask(&call, BROWSE).await?;
            let id =
                account(&answer).ok_or_else(|| SinkError::shape("$.accountId", "is missing"))?;
            Ok::<_, SinkError>(Fresh::lasting(id.to_owned(), ME_RENEWED))
        });
        Ok(me.await?)
    }
}

/// What names a person in an answer.
pub(super) fn account(person: &Value) -> Option<&str> {
    ["accountId", "key", "name"].iter().find_map(|name| person.get(name)?.as_str())
}

/// What is needed when it is not known whether an act arrived.
pub(super) const fn on_doubt(act: ActKind) -> OnDoubt {
    match act {
        ActKind::Open => OnDoubt::Look { settle: INDEXED },
        // The same fields are set again, the link is the same link, files are looked for by name.
        ActKind::Edit => OnDoubt::Again,
        ActKind::Note | ActKind::Close | ActKind::Reopen | ActKind::Review => {
            OnDoubt::Look { settle: ARRIVED }
        }
    }
}

impl Sink for Jira {
    fn acts(&self) -> &'static [ActKind] {
        ACTS
    }

    fn on_doubt(&self, act: ActKind) -> OnDoubt {
        on_doubt(act)
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let calls = act::calls(self, wanted)?;
        Ok(calls.iter().map(|call| call.draft(&self.site)).collect())
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            match wanted.act {
                Act::Open { letter } => act::open(self, letter).await.map(Some),
                Act::Edit { letter } => {
                    act::edit(self, wanted.remote()?, letter).await.map(|()| None)
                }
                Act::Note { body } => act::note(self, wanted, body).await.map(|()| None),
                Act::Close { body } => phase::close(self, (wanted, body)).await.map(|()| None),
                Act::Reopen { body } => phase::reopen(self, (wanted, body)).await.map(|()| None),
                Act::Review { .. } => Err(SinkError::NO_REVIEW),
            }
        })
    }

    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(look::find(self, wanted))
    }

    fn read<'a>(&'a self, remote: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async move { read::read(self, remote).await.map(Some) })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(rights::rights(self))
    }
}

impl std::fmt::Debug for Jira {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jira({:?} {:?})", self.settings.edition, self.site)
    }
}
