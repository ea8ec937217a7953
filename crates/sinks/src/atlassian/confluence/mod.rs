//! Confluence Cloud: a page for each letter, of which Quell writes only its own section.

mod act;
mod calls;
mod look;
mod section;
mod storage;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};
use quell_http::{Fresh, Renewing};
use serde_json::Value;

use super::client::{Call, Site, segment};
use super::settings;
use crate::{Draft, Future, Kind, Plan, Right, Setting, Sink, SinkError, Standing, Wanted};
use calls::{V1, V2};

/// Confluence as a kind of sink.
pub(crate) const KIND: Kind = Kind {
    id: "confluence",
    title: "Confluence",
    settings: SETTINGS,
    rate: None,
    hear: None,
    press: None,
    connect: |plan| Ok(Box::new(connect(plan)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "Where the site answers, without `/wiki`.",
        required: true,
        sample: "https://example.atlassian.net",
    },
    settings::USER,
    Setting {
        name: "secret",
        doc: "The API token.",
        required: true,
        sample: "env:CONFLUENCE_TOKEN",
    },
    Setting {
        name: "project",
        doc: "The key of the space in which pages are made.",
        required: true,
        sample: "SEC",
    },
    Setting {
        name: "parent",
        doc: "The id of the page below which pages are made; default the space's home page.",
        required: false,
        sample: "65537",
    },
    Setting {
        name: "site",
        doc: "Where people look at pages, where that is not `url`.",
        required: false,
        sample: "https://example.atlassian.net",
    },
];

/// Rights in Confluence's words.
const READ: &str = "view";
const EDIT: &str = "add and edit pages";
const COMMENT: &str = "add comments";

/// How long a request may be on its way. Pages are found by their titles at once.
const ARRIVED: Duration = Duration::from_secs(120);
/// How long the space's id and the login's are remembered.
const RENEWED: Duration = Duration::from_secs(900);
/// The outbox waits between its attempts, so nobody has to here.
const REST: Duration = Duration::ZERO;

/// One login at one space.
struct Confluence {
    site: Site,
    key: String,
    parent: Option<String>,
    page: String,
    space: Renewing<String>,
    me: Renewing<String>,
}

fn connect(plan: Plan) -> Result<Confluence, SinkError> {
    let url = Plan::require("url", plan.url.as_ref())?.trim_end_matches('/').to_owned();
    let url = url.trim_end_matches("/wiki").to_owned();
    let key = Plan::require("project", plan.project.as_ref())?.to_owned();
    let wrong = |name, why: &str| SinkError::Setting { name, why: why.to_owned() };
    if !key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '~' | '_' | '-')) {
        return Err(wrong("project", "is no key of a space"));
    }
    let parent = plan.option("parent").map(str::to_owned);
    if parent.as_ref().is_some_and(|id| !id.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(wrong("parent", "is no id of a page"));
    }
    let page = plan.option("site").unwrap_or(&url).trim_end_matches('/').to_owned();
    let Plan { credentials, client, clock, .. } = plan;
    let site = Site { url, credentials, client, clock };
    Ok(Confluence { site, key, parent, page, space: Renewing::new(REST), me: Renewing::new(REST) })
}

impl Confluence {
    /// The id of the space.
    async fn space(&self) -> Result<Arc<String>, SinkError> {
        let found = self.space.get(|_| async {
            let call = Call::get(format!("{V2}/spaces?keys={}", self.key));
            let answer = self.site.ask(&call, READ).await?;
            let id = look::results(&answer)?.first().and_then(|space| space.get("id")?.as_str());
            let missing = || SinkError::Setting {
                name: "project",
                why: format!("`{}` is no space that the login may see", self.key),
            };
            let id = segment(id.ok_or_else(missing)?)?.to_owned();
            Ok::<_, SinkError>(Fresh::lasting(id, RENEWED))
        });
        Ok(found.await?)
    }

    /// Who the login is.
    async fn me(&self) -> Result<Arc<String>, SinkError> {
        let found = self.me.get(|_| async {
            let answer = self.site.ask(&Call::get(format!("{V1}/user/current")), READ).await?;
            let id = answer.get("accountId").and_then(Value::as_str);
            let id = id.ok_or_else(|| SinkError::shape("$.accountId", "is missing"))?;
            Ok::<_, SinkError>(Fresh::lasting(id.to_owned(), RENEWED))
        });
        Ok(found.await?)
    }

    /// What stands at Confluence, as it tells it.
    fn remote(&self, page: &Value) -> Result<Remote, SinkError> {
        let text = |name: &str| page.get(name).and_then(Value::as_str);
        let id = text("id").ok_or_else(|| SinkError::shape("$.id", "is missing"))?;
        let name = text("title").unwrap_or_default().to_owned();
        let url = format!("{}/wiki/pages/viewpage.action?pageId={}", self.page, segment(id)?);
        Ok(Remote { id: id.to_owned(), name, url: Some(url) })
    }
}

impl Sink for Confluence {
    fn acts(&self) -> &'static [ActKind] {
        &[ActKind::Open, ActKind::Edit, ActKind::Note, ActKind::Close, ActKind::Reopen]
    }

    fn on_doubt(&self, act: ActKind) -> OnDoubt {
        match act {
            ActKind::Edit => OnDoubt::Again,
            ActKind::Open | ActKind::Note | ActKind::Close | ActKind::Reopen | ActKind::Review => {
                OnDoubt::Look { settle: ARRIVED }
            }
        }
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let all = act::drafted(self, wanted)?;
        Ok(all.iter().map(|call| call.draft(&self.site)).collect())
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            match wanted.act {
                Act::Open { letter } => return act::open(self, letter).await.map(Some),
                Act::Edit { letter } => act::edit(self, wanted.remote()?, letter).await?,
                Act::Note { body } => {
                    let id = segment(&wanted.remote()?.id)?;
                    act::note(self, (id, wanted.key), body).await?;
                }
                Act::Close { body } => act::moved(self, (wanted, body), true).await?,
                Act::Reopen { body } => act::moved(self, (wanted, body), false).await?,
                Act::Review { .. } => return Err(SinkError::NO_REVIEW),
            }
            Ok(None)
        })
    }

    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(look::find(self, wanted))
    }

    fn read<'a>(&'a self, remote: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async move { look::read(self, remote).await.map(Some) })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(act::rights(self))
    }
}

impl std::fmt::Debug for Confluence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Confluence({:?} space {})", self.site, self.key)
    }
}
