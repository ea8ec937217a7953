//! Jira Service Management: requests of a service desk.
//!
//! A request is an issue, so most is done by the platform's API, with agents' rights. It is made
//! by the service desk's own API, which takes only the fields of its type: label and property
//! follow, and until then it is found by the key in its text. Nothing that Quell says in a request
//! after its text is shown to customers.

mod open;
#[cfg(test)]
mod tests;

use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};

use super::client::segment;
use super::jira::settings::Desk;
use super::jira::{self, Jira};
use super::settings;
use crate::{Draft, Future, Kind, Plan, Right, Setting, Sink, SinkError, Standing, Wanted};

/// Jira Service Management as a kind of sink.
pub(crate) const KIND: Kind = Kind {
    id: "jsm",
    title: "Jira Service Management",
    settings: SETTINGS,
    rate: None,
    hear: Some(jira::heard::hear),
    press: None,
    connect: |plan| Ok(Box::new(connect(plan)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "Where Jira answers.",
        required: true,
        sample: "https://example.atlassian.net",
    },
    settings::USER,
    Setting {
        name: "secret",
        doc: "The API token (Cloud) or personal access token (Data Center) of an agent.",
        required: true,
        sample: "env:JIRA_TOKEN",
    },
    settings::SIGNED_WITH,
    Setting {
        name: "project",
        doc: "The key of the service desk's project.",
        required: true,
        sample: "SD",
    },
    Setting { name: "desk", doc: "The service desk's id, a number.", required: true, sample: "7" },
    Setting {
        name: "request_type",
        doc: "The id of the type of requests, a number.",
        required: true,
        sample: "25",
    },
    Setting {
        name: "customer",
        doc: "For whom requests are made: an account id. Whoever that is reads the request's text.",
        required: false,
        sample: "5b10a2844c20165700ede21g",
    },
    settings::EDITION,
    settings::SITE,
    Setting {
        name: "priority.NAME",
        doc: "The priority for a severity; empty for none.",
        required: false,
        sample: "Highest",
    },
    Setting {
        name: "owner.NAME",
        doc: "The account id (Cloud) or user name (Data Center) that requests of an owner are assigned to.",
        required: false,
        sample: "5b10a2844c20165700ede21g",
    },
    Setting {
        name: "field.NAME",
        doc: "What a field of the request type is set to, as in Jira.",
        required: false,
        sample: "{\"value\":\"Security\"}",
    },
    Setting {
        name: "resolution",
        doc: "The resolution of requests that Quell closes; default `Done`.",
        required: false,
        sample: "Done",
    },
    settings::DECLINED,
];

/// One login at one service desk.
struct Jsm {
    jira: Jira,
    desk: Desk,
}

fn connect(plan: Plan) -> Result<Jsm, SinkError> {
    let number = |name: &'static str| {
        let text = Plan::require(name, plan.options.get(name))?;
        let is_number = text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
        let wrong = || SinkError::Setting { name, why: "is no number".to_owned() };
        is_number.then(|| text.to_owned()).ok_or_else(wrong)
    };
    let desk = Desk {
        id: number("desk")?,
        request_type: number("request_type")?,
        customer: plan.option("customer").map(str::to_owned),
    };
    let mut jira = Jira::new(plan)?;
    jira.settings.desk = Some(desk.clone());
    Ok(Jsm { jira, desk })
}

impl Sink for Jsm {
    fn acts(&self) -> &'static [ActKind] {
        jira::ACTS
    }

    fn on_doubt(&self, act: ActKind) -> OnDoubt {
        jira::on_doubt(act)
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let calls = match wanted.act {
            Act::Open { letter } => open::calls(self, letter),
            Act::Edit { .. }
            | Act::Note { .. }
            | Act::Close { .. }
            | Act::Reopen { .. }
            | Act::Review { .. } => jira::act::calls(&self.jira, wanted)?,
        };
        Ok(calls.iter().map(|call| call.draft(&self.jira.site)).collect())
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            let jira = &self.jira;
            match wanted.act {
                Act::Open { letter } => return open::open(self, letter).await.map(Some),
                Act::Edit { letter } => jira::act::edit(jira, wanted.remote()?, letter).await?,
                Act::Note { body } => jira::act::note(jira, wanted, body).await?,
                Act::Close { body } => jira::phase::close(jira, (wanted, body)).await?,
                Act::Reopen { body } => jira::phase::reopen(jira, (wanted, body)).await?,
                Act::Review { .. } => return Err(SinkError::NO_REVIEW),
            }
            Ok(None)
        })
    }

    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(jira::look::find(&self.jira, wanted))
    }

    fn read<'a>(&'a self, remote: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async move {
            segment(&remote.id)?;
            jira::read::read(&self.jira, remote).await.map(Some)
        })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(open::rights(self))
    }
}

impl std::fmt::Debug for Jsm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jsm({:?} desk {})", self.jira, self.desk.id)
    }
}
