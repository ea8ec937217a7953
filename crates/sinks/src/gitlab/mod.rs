//! GitLab: fixes become draft merge requests, everything else becomes issues.
//!
//! A merge request is found by its branch, `quell/KEY`. An issue is found by the mark in its text,
//! among those that Quell's own login made. Commits of people are never overwritten.

mod call;
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

use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};
use quell_http::{Client, Fresh, NoValue, Rate, Renewing};
use serde_json::Value;

pub use self::hook::heard;
use self::place::{Project, Thing};
pub use crate::forge::hook::{Heard, NotHeard};
use crate::{
    CodeStanding, Credentials, Draft, Future, Kind, Plan, Right, Setting, Sink, SinkError,
    Standing, TextAt, Wanted,
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

/// How long until what arrived is listed for certain.
const SETTLE: Duration = Duration::from_secs(120);

/// One login at GitLab.
pub(super) struct Lab {
    url: String,
    project: Option<Project>,
    repositories: Vec<String>,
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
        let setting = |why: &str| SinkError::Setting { name: "project", why: why.to_owned() };
        let project = plan.project.as_deref().filter(|text| !text.is_empty());
        let project = project
            .map(|text| Project::read(text).ok_or_else(|| setting("is no `group/name`")))
            .transpose()?;
        let listed = plan.option("repositories").unwrap_or_default().split(',');
        let repositories: Vec<String> =
            listed.map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        if project.is_none() && repositories.is_empty() {
            return Err(setting("is missing; name a project here or in `repositories`"));
        }
        let url = plan.url.as_deref().unwrap_or("https://gitlab.com");
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            project,
            repositories,
            workflows: plan.option("workflows") == Some("true"),
            credentials: plan.credentials,
            client: plan.client,
            me: Renewing::new(Duration::ZERO),
        })
    }

    /// The project that a change names, if the configuration lets changes go there.
    fn project_of(&self, named: &str) -> Result<Project, SinkError> {
        let shown: String = named.escape_debug().take(140).collect();
        let project = Project::read(named)
            .ok_or_else(|| SinkError::Refused(format!("`{shown}` is no project `group/name`")))?;
        let is_own = self.project.as_ref() == Some(&project);
        if is_own || self.repositories.iter().any(|one| project.is_one_of(one)) {
            return Ok(project);
        }
        Err(SinkError::Refused(format!(
            "`{shown}` is none of the projects that `repositories` names"
        )))
    }

    fn project(&self) -> Result<&Project, SinkError> {
        self.project.as_ref().ok_or_else(|| SinkError::Setting {
            name: "project",
            why: "is missing: an issue needs a project".to_owned(),
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
        match known.await {
            Ok(name) => Ok((*name).clone()),
            Err(NoValue::Failed(error)) => Err(error),
            Err(NoValue::Resting(wait)) => {
                Err(SinkError::Busy { wait: Some(wait), said: "the login failed".to_owned() })
            }
        }
    }
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lab({})", self.url)
    }
}

impl Sink for Lab {
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
        if let Act::Open { letter } = wanted.act {
            return match &letter.change {
                Some(change) => merge::drafts(self, letter, change),
                None => Ok(vec![ticket::draft_of_new(self.project()?, letter)]),
            };
        }
        if let Act::Review { review } = wanted.act {
            return review::drafts(self, wanted, review);
        }
        let thing = Thing::of(wanted.remote()?)?;
        match wanted.act {
            Act::Review { .. } => Ok(Vec::new()),
            Act::Open { letter } | Act::Edit { letter } => {
                let mut drafts = Vec::new();
                if let Some(change) = letter.change.as_ref().filter(|_| thing.merge) {
                    drafts = merge::drafts_of_change(self, letter, change)?;
                }
                drafts.push(ticket::draft_of_text(&thing, letter));
                Ok(drafts)
            }
            Act::Note { body } => Ok(vec![ticket::draft_of_note(&thing, body, wanted.key)]),
            Act::Close { body } => Ok(ticket::drafts_of_state(&thing, (body, wanted.key), true)),
            Act::Reopen { body } => Ok(ticket::drafts_of_state(&thing, (body, wanted.key), false)),
        }
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            if let Act::Open { letter } = wanted.act {
                return match &letter.change {
                    Some(change) => merge::open(self, letter, change).await.map(Some),
                    None => ticket::open(self, letter).await.map(Some),
                };
            }
            if let Act::Review { review } = wanted.act {
                return review::review(self, wanted, review).await.map(Some);
            }
            let thing = Thing::of(wanted.remote()?)?;
            match wanted.act {
                Act::Review { .. } => {}
                Act::Open { letter } | Act::Edit { letter } if thing.merge => {
                    merge::edit(self, &thing, letter).await?;
                }
                Act::Open { letter } | Act::Edit { letter } => {
                    ticket::edit(self, &thing, letter).await?;
                }
                Act::Note { body } => ticket::note(self, &thing, (body, wanted.key)).await?,
                Act::Close { body } => ticket::set(self, &thing, (body, wanted.key), true).await?,
                Act::Reopen { body } => {
                    ticket::set(self, &thing, (body, wanted.key), false).await?;
                }
            }
            Ok(None)
        })
    }

    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            match wanted.act {
                Act::Open { letter } => match &letter.change {
                    Some(change) => {
                        let project = self.project_of(&change.repository)?;
                        merge::find(self, &project, wanted.key).await
                    }
                    None => ticket::find(self, wanted.key).await,
                },
                Act::Edit { .. } => Ok(None),
                Act::Note { body } => ticket::find_note(self, wanted, (body, None)).await,
                Act::Close { body } => ticket::find_note(self, wanted, (body, Some(false))).await,
                Act::Reopen { body } => ticket::find_note(self, wanted, (body, Some(true))).await,
                Act::Review { review } => review::find(self, wanted, review).await,
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
fn draft(method: &str, target: String, body: &Value) -> Draft {
    let body = serde_json::to_string_pretty(body).unwrap_or_default();
    Draft { method: method.to_owned(), target, body }
}
