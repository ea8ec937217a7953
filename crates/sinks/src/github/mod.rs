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

use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};
use quell_http::{Client, Rate, Renewing};
use quell_model::Clock;

pub use self::hook::heard;
use self::login::{Login, Token};
use self::place::{Repository, Thing};
pub use crate::forge::hook::{Heard, NotHeard};
use crate::{
    CodeStanding, Credentials, Draft, Future, Kind, Plan, Right, Setting, Sink, SinkError,
    Standing, TextAt, Wanted,
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

/// How long until what arrived is listed for certain.
const SETTLE: Duration = Duration::from_secs(120);
/// How long nobody logs in after a login that failed.
const REST: Duration = Duration::from_secs(60);

/// One login at GitHub.
pub(super) struct Hub {
    url: String,
    project: Option<Repository>,
    repositories: Vec<String>,
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
        let project = plan.project.as_deref().filter(|text| !text.is_empty());
        let project = project.map(login::repository).transpose()?;
        let listed = plan.option("repositories").unwrap_or_default().split(',');
        let repositories: Vec<String> =
            listed.map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        if project.is_none() && repositories.is_empty() {
            let why = "is missing; name a repository here or in `repositories`".to_owned();
            return Err(SinkError::Setting { name: "project", why });
        }
        let app = plan.option("app_id").filter(|id| !id.is_empty());
        let login = app.map_or(Login::Token, |id| Login::App {
            id: id.to_owned(),
            installation: plan.option("installation_id").map(str::to_owned),
        });
        let url = plan.url.as_deref().unwrap_or("https://api.github.com");
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            project,
            repositories,
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

    /// The repository that a change names, if the configuration lets changes go there.
    fn repository(&self, named: &str) -> Result<Repository, SinkError> {
        let shown: String = named.escape_debug().take(140).collect();
        let repository = Repository::read(named).ok_or_else(|| {
            SinkError::Refused(format!("`{shown}` is no repository `owner/name`"))
        })?;
        let is_project = self.project.as_ref().is_some_and(|one| *one == repository);
        if is_project || self.repositories.iter().any(|one| repository.is_one_of(one)) {
            return Ok(repository);
        }
        Err(SinkError::Refused(format!(
            "`{shown}` is none of the repositories that `repositories` names"
        )))
    }

    fn project(&self) -> Result<&Repository, SinkError> {
        self.project.as_ref().ok_or_else(|| SinkError::Setting {
            name: "project",
            why: "is missing: an issue needs a repository".to_owned(),
        })
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({})", self.url)
    }
}

impl Sink for Hub {
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
        match wanted.act {
            Act::Open { letter } => match &letter.change {
                Some(change) => pull::drafts(self, letter, change),
                None => Ok(vec![ticket::draft_of_new(self.project()?, letter)]),
            },
            Act::Edit { letter } => {
                let thing = Thing::of(wanted.remote()?)?;
                let mut drafts = Vec::new();
                if let Some(change) = letter.change.as_ref().filter(|_| thing.pull) {
                    drafts = pull::drafts_of_change(self, letter, change)?;
                }
                drafts.extend(ticket::drafts_of_text(&thing, letter));
                Ok(drafts)
            }
            Act::Note { body } => {
                Ok(vec![ticket::draft_of_note(&Thing::of(wanted.remote()?)?, body, wanted.key)])
            }
            Act::Close { body } => {
                Ok(ticket::drafts_of_state(&Thing::of(wanted.remote()?)?, (body, wanted.key), true))
            }
            Act::Reopen { body } => Ok(ticket::drafts_of_state(
                &Thing::of(wanted.remote()?)?,
                (body, wanted.key),
                false,
            )),
            Act::Review { review } => reports::drafts(self, wanted, review),
        }
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            match wanted.act {
                Act::Open { letter } => match &letter.change {
                    Some(change) => pull::open(self, letter, change).await.map(Some),
                    None => ticket::open(self, letter).await.map(Some),
                },
                Act::Edit { letter } => {
                    let thing = Thing::of(wanted.remote()?)?;
                    pull::edit(self, &thing, letter).await.map(|()| None)
                }
                Act::Note { body } => {
                    let thing = Thing::of(wanted.remote()?)?;
                    ticket::note(self, &thing, (body, wanted.key)).await.map(|()| None)
                }
                Act::Close { body } => {
                    let thing = Thing::of(wanted.remote()?)?;
                    ticket::close(self, &thing, (body, wanted.key)).await.map(|()| None)
                }
                Act::Reopen { body } => {
                    let thing = Thing::of(wanted.remote()?)?;
                    ticket::reopen(self, &thing, (body, wanted.key)).await.map(|()| None)
                }
                Act::Review { review } => reports::review(self, wanted, review).await.map(Some),
            }
        })
    }

    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            match wanted.act {
                Act::Open { letter } => match &letter.change {
                    Some(change) => {
                        let repository = self.repository(&change.repository)?;
                        pull::find(self, &repository, wanted.key).await
                    }
                    None => ticket::find(self, wanted.key).await,
                },
                Act::Edit { .. } => Ok(None),
                Act::Note { body } => ticket::find_note(self, wanted, (body, None)).await,
                Act::Close { body } => {
                    ticket::find_note(self, wanted, (body, Some("closed"))).await
                }
                Act::Reopen { body } => ticket::find_note(self, wanted, (body, Some("open"))).await,
                Act::Review { review } => reports::find(self, wanted, review).await,
            }
        })
    }

    fn read<'a>(&'a self, remote: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async move { read::standing(self, remote).await.map(Some) })
    }

    fn code<'a>(&'a self, remote: &'a Remote) -> Future<'a, Option<CodeStanding>> {
        Box::pin(async move { read::code(self, remote).await })
    }

    fn text_at<'a>(&'a self, at: &'a TextAt) -> Future<'a, Option<String>> {
        Box::pin(async move { read::text_at(self, at).await })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(async move { read::rights(self).await })
    }
}

/// A request as it would be sent.
fn draft(method: &str, target: String, body: &serde_json::Value) -> Draft {
    let body = serde_json::to_string_pretty(body).unwrap_or_default();
    Draft { method: method.to_owned(), target, body }
}
