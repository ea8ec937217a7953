//! GitLab: fixes become draft merge requests, everything else becomes issues.
//!
//! A merge request is found by its branch, `quell/KEY`. An issue is found by the mark in its text,
//! among those that Quell's own login made. Commits of people are never overwritten.

mod call;
mod files;
mod hook;
mod merge;
mod place;
mod read;
mod review;
#[cfg(test)]
mod tests;
mod ticket;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quell_deliver::letter::CodeChange;
use quell_deliver::outbox::Remote;
use quell_deliver::review::Review;
use quell_deliver::{Body, Key, Letter};
use quell_http::{Client, Fresh, Rate, Renewing};
use serde_json::Value;

pub use self::hook::heard;
use self::place::{Project, Thing};
use crate::forge::call::Api as _;
pub use crate::forge::hook::Heard;
use crate::forge::said::Notes;
use crate::forge::{Forge, Reach};
use crate::{
    CodeStanding, Credentials, Draft, Kind, Plan, Right, Setting, Sink, SinkError, Standing,
    TextAt, Wanted,
};

/// The kind.
pub(crate) const KIND: Kind = Kind {
    id: "gitlab",
    title: "GitLab",
    settings: &[
        Setting {
            name: "url",
            doc: "Where GitLab answers",
            required: false,
            sample: "https://gitlab.com",
        },
        Setting {
            name: "project",
            doc: "The project in which issues are made: its path, or its number",
            required: false,
            sample: "acme/security",
        },
        Setting {
            name: "secret",
            doc: "A token of a project, a group or a user with the scope `api`",
            required: true,
            sample: "env:GITLAB_TOKEN",
        },
        Setting {
            name: "signed_with",
            doc: "The secret of the webhook that announces changes, `whsec_…` where it is signed",
            required: false,
            sample: "env:GITLAB_HOOK_SECRET",
        },
        Setting {
            name: "repositories",
            doc: "Where merge requests may be made: `group/name` or `group/*`, with commas between; the project alone where it is not said",
            required: false,
            sample: "acme/*",
        },
        Setting {
            name: "workflows",
            doc: "`true` where fixes may change `.gitlab-ci.yml` and `.gitlab/`",
            required: false,
            sample: "false",
        },
    ],
    // 60 notes in a minute.
    rate: Some(Rate::new(60, 60, 30)),
    hear: Some(hook::hear),
    press: None,
    connect,
};

/// One login at GitLab.
pub(super) struct Lab {
    url: String,
    reach: Reach<Project>,
    workflows: bool,
    credentials: Arc<dyn Credentials>,
    client: Client,
    me: Renewing<String>,
}

fn connect(plan: Plan) -> Result<Box<dyn Sink>, SinkError> {
    Ok(Box::new(Lab::new(plan)?))
}

impl Lab {
    fn new(plan: Plan) -> Result<Self, SinkError> {
        let reach = Reach::of(&plan)?;
        let url = plan.url.as_deref().unwrap_or("https://gitlab.com");
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            reach,
            workflows: plan.option("workflows") == Some("true"),
            credentials: plan.credentials,
            client: plan.client,
            me: Renewing::new(Duration::ZERO),
        })
    }

    /// The name under which Quell is the author of things.
    async fn me(&self) -> Result<String, SinkError> {
        let known = self.me.get(|_| async {
            let user = self.get("/api/v4/user", "scope `read_api`").await?;
            let name = user.get("username").and_then(Value::as_str);
            let name = name.ok_or_else(|| SinkError::shape("$.username", "is missing"))?;
            Ok::<_, SinkError>(Fresh::lasting(name.to_owned(), Duration::from_secs(3_600)))
        });
        Ok((*known.await?).clone())
    }
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lab({})", self.url)
    }
}

impl Forge for Lab {
    type Repository = Project;

    fn reach(&self) -> &Reach<Project> {
        &self.reach
    }

    fn notes(thing: &Thing) -> Notes {
        ticket::notes(thing)
    }

    fn drafts_of_issue(project: &Project, letter: &Letter) -> Vec<Draft> {
        let files = files::drafts(project, None, letter);
        std::iter::once(ticket::draft_of_new(project, letter)).chain(files).collect()
    }

    fn drafts_of_request(
        &self,
        letter: &Letter,
        change: &CodeChange,
    ) -> Result<Vec<Draft>, SinkError> {
        merge::drafts(self, letter, change)
    }

    fn drafts_of_commit(
        &self,
        letter: &Letter,
        change: &CodeChange,
    ) -> Result<Vec<Draft>, SinkError> {
        merge::drafts_of_change(self, letter, change)
    }

    fn drafts_of_text(thing: &Thing, letter: &Letter) -> Vec<Draft> {
        let mut drafts = vec![ticket::draft_of_text(thing, letter)];
        if !thing.request {
            drafts.extend(files::drafts(&thing.repository, Some(thing), letter));
        }
        drafts
    }

    fn draft_of_state(thing: &Thing, close: bool) -> Draft {
        ticket::draft_of_state(thing, close)
    }

    fn drafts_of_review(
        &self,
        wanted: &Wanted<'_>,
        review: &Review,
    ) -> Result<Vec<Draft>, SinkError> {
        review::drafts(self, wanted, review)
    }

    async fn open_issue(&self, letter: &Letter) -> Result<Remote, SinkError> {
        ticket::open(self, letter).await
    }

    async fn open_request(
        &self,
        letter: &Letter,
        change: &CodeChange,
    ) -> Result<Remote, SinkError> {
        merge::open(self, letter, change).await
    }

    async fn edit(&self, thing: &Thing, letter: &Letter) -> Result<(), SinkError> {
        if thing.request {
            return merge::edit(self, thing, letter).await;
        }
        ticket::edit(self, thing, letter).await
    }

    async fn set(&self, thing: &Thing, why: (&Body, &Key), close: bool) -> Result<(), SinkError> {
        ticket::set(self, thing, why, close).await
    }

    async fn review(&self, wanted: &Wanted<'_>, review: &Review) -> Result<Remote, SinkError> {
        review::review(self, wanted, review).await
    }

    async fn find_issue(&self, key: &Key) -> Result<Option<Remote>, SinkError> {
        ticket::find(self, key).await
    }

    async fn find_request(&self, at: &Project, key: &Key) -> Result<Option<Remote>, SinkError> {
        merge::find(self, at, key).await
    }

    async fn find_review(
        &self,
        wanted: &Wanted<'_>,
        review: &Review,
    ) -> Result<Option<Remote>, SinkError> {
        review::find(self, wanted, review).await
    }

    async fn stands(&self, thing: &Thing, open: bool) -> Result<bool, SinkError> {
        ticket::stands(self, thing, open).await
    }

    async fn standing(&self, remote: &Remote) -> Result<Standing, SinkError> {
        read::standing(self, remote).await
    }

    async fn code(&self, remote: &Remote) -> Result<Option<CodeStanding>, SinkError> {
        read::code(self, remote).await
    }

    async fn text_at(&self, at: &TextAt) -> Result<Option<String>, SinkError> {
        read::text_at(self, at).await
    }

    async fn rights(&self) -> Result<Vec<Right>, SinkError> {
        read::rights(self).await
    }
}
