//! GitHub: fixes become draft pull requests, everything else becomes issues.
//!
//! A pull request is found by its branch, `quell/KEY`. An issue is found by the mark in its text,
//! among those that Quell's own login made. Commits of people are never overwritten.

mod call;
mod hook;
mod login;
mod place;
mod pull;
mod read;
mod reports;
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
use quell_http::{Client, Rate, Renewing};
use quell_model::Clock;

pub use self::hook::heard;
use self::login::{Login, Token};
use self::place::{Repository, Thing};
pub use crate::forge::hook::Heard;
use crate::forge::said::Notes;
use crate::forge::{Forge, Reach};
use crate::{
    CodeStanding, Credentials, Draft, Kind, Plan, Right, Setting, Sink, SinkError, Standing,
    TextAt, Wanted,
};

/// The kind.
pub(crate) const KIND: Kind = Kind {
    id: "github",
    title: "GitHub",
    settings: &[
        Setting {
            name: "url",
            doc: "Where the API answers; `https://HOST/api/v3` for GitHub Enterprise Server",
            required: false,
            sample: "https://api.github.com",
        },
        Setting {
            name: "project",
            doc: "The repository in which issues are made",
            required: false,
            sample: "acme/security",
        },
        Setting {
            name: "secret",
            doc: "A fine-grained token, or the private key of a GitHub App in PEM",
            required: true,
            sample: "env:GITHUB_TOKEN",
        },
        Setting {
            name: "signed_with",
            doc: "The secret of the webhook that announces changes",
            required: false,
            sample: "env:GITHUB_HOOK_SECRET",
        },
        Setting {
            name: "repositories",
            doc: "Where pull requests may be made: `owner/name` or `owner/*`, with commas between; the project alone where it is not said",
            required: false,
            sample: "acme/*",
        },
        Setting {
            name: "app_id",
            doc: "The id of the GitHub App whose key the secret is",
            required: false,
            sample: "123456",
        },
        Setting {
            name: "installation_id",
            doc: "The App's installation; that of the project where it is not said",
            required: false,
            sample: "7654321",
        },
        Setting {
            name: "draft",
            doc: "`false` where a repository takes no drafts",
            required: false,
            sample: "true",
        },
        Setting {
            name: "workflows",
            doc: "`true` where fixes may change `.github/workflows`; the login needs the permission `Workflows`",
            required: false,
            sample: "false",
        },
    ],
    // 80 things made in a minute.
    rate: Some(Rate::new(80, 60, 30)),
    hear: Some(hook::hear),
    press: None,
    connect,
};

/// How long nobody logs in after a login that failed.
const REST: Duration = Duration::from_secs(60);

/// One login at GitHub.
pub(super) struct Hub {
    url: String,
    reach: Reach<Repository>,
    draft: bool,
    workflows: bool,
    login: Login,
    credentials: Arc<dyn Credentials>,
    client: Client,
    clock: Arc<dyn Clock>,
    tokens: Renewing<Token>,
    me: Renewing<String>,
}

fn connect(plan: Plan) -> Result<Box<dyn Sink>, SinkError> {
    Ok(Box::new(Hub::new(plan)?))
}

impl Hub {
    fn new(plan: Plan) -> Result<Self, SinkError> {
        let reach = Reach::of(&plan)?;
        let app = plan.option("app_id").filter(|id| !id.is_empty());
        let login = app.map_or(Login::Token, |id| Login::App {
            id: id.to_owned(),
            installation: plan.option("installation_id").map(str::to_owned),
        });
        let url = plan.url.as_deref().unwrap_or("https://api.github.com");
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            reach,
            draft: plan.option("draft") != Some("false"),
            workflows: plan.option("workflows") == Some("true"),
            login,
            credentials: plan.credentials,
            client: plan.client,
            clock: plan.clock,
            tokens: Renewing::new(REST),
            me: Renewing::new(Duration::ZERO),
        })
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({})", self.url)
    }
}

impl Forge for Hub {
    type Repository = Repository;

    fn reach(&self) -> &Reach<Repository> {
        &self.reach
    }

    fn notes(thing: &Thing) -> Notes {
        ticket::notes(thing)
    }

    fn drafts_of_issue(project: &Repository, letter: &Letter) -> Vec<Draft> {
        vec![ticket::draft_of_new(project, letter)]
    }

    fn drafts_of_request(
        &self,
        letter: &Letter,
        change: &CodeChange,
    ) -> Result<Vec<Draft>, SinkError> {
        pull::drafts(self, letter, change)
    }

    fn drafts_of_commit(
        &self,
        letter: &Letter,
        change: &CodeChange,
    ) -> Result<Vec<Draft>, SinkError> {
        pull::drafts_of_change(self, letter, change)
    }

    fn drafts_of_text(thing: &Thing, letter: &Letter) -> Vec<Draft> {
        ticket::drafts_of_text(thing, letter)
    }

    fn draft_of_state(thing: &Thing, close: bool) -> Draft {
        ticket::draft_of_state(thing, close)
    }

    fn drafts_of_review(
        &self,
        wanted: &Wanted<'_>,
        review: &Review,
    ) -> Result<Vec<Draft>, SinkError> {
        reports::drafts(self, wanted, review)
    }

    async fn open_issue(&self, letter: &Letter) -> Result<Remote, SinkError> {
        ticket::open(self, letter).await
    }

    async fn open_request(
        &self,
        letter: &Letter,
        change: &CodeChange,
    ) -> Result<Remote, SinkError> {
        pull::open(self, letter, change).await
    }

    async fn edit(&self, thing: &Thing, letter: &Letter) -> Result<(), SinkError> {
        pull::edit(self, thing, letter).await
    }

    async fn set(&self, thing: &Thing, why: (&Body, &Key), close: bool) -> Result<(), SinkError> {
        ticket::set(self, thing, why, close).await
    }

    async fn review(&self, wanted: &Wanted<'_>, review: &Review) -> Result<Remote, SinkError> {
        reports::review(self, wanted, review).await
    }

    async fn find_issue(&self, key: &Key) -> Result<Option<Remote>, SinkError> {
        ticket::find(self, key).await
    }

    async fn find_request(&self, at: &Repository, key: &Key) -> Result<Option<Remote>, SinkError> {
        pull::find(self, at, key).await
    }

    async fn find_review(
        &self,
        wanted: &Wanted<'_>,
        review: &Review,
    ) -> Result<Option<Remote>, SinkError> {
        reports::find(self, wanted, review).await
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
