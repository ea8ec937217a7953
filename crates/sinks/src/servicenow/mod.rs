//! `ServiceNow`: incidents, change requests, GRC issues and policy exceptions.
//!
//! A record is found again by `correlation_id`, which no instance holds unique by itself: it is
//! searched before it is made and after, and of several the oldest counts. What `ServiceNow` drops
//! or cuts without a word is noticed by reading back.

mod ask;
mod call;
mod find;
mod hook;
mod open;
mod read;
mod right;
mod settings;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod write;

use std::time::Duration;

use quell_deliver::mirror::Standing;
use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};

use crate::{Draft, Future, Kind, Right, Setting, Sink, SinkError, Wanted};
use call::ServiceNow;
use settings::connect;

pub use hook::{Heard, heard};

/// The kind.
pub(crate) const KIND: Kind = Kind {
    id: "servicenow",
    title: "ServiceNow",
    settings: SETTINGS,
    // Each instance has rules of its own, by the hour; it says when to come again.
    rate: None,
    hear: Some(hook::hear),
    press: None,
    connect: |plan| Ok(Box::new(connect(plan)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "Where the instance answers.",
        required: true,
        sample: "https://example.service-now.com",
    },
    Setting {
        name: "user",
        doc: "The user, or the client id where `login` is `oauth`; none for `token`.",
        required: false,
        sample: "env:SERVICENOW_USER",
    },
    Setting {
        name: "secret",
        doc: "The password, the client secret, or the API key.",
        required: true,
        sample: "env:SERVICENOW_SECRET",
    },
    Setting {
        name: "project",
        doc: "The table: `incident`, `change_request`, `sn_grc_issue` or \
              `sn_compliance_policy_exception`. Where an instance has not the last two, incidents are made.",
        required: false,
        sample: "incident",
    },
    Setting {
        name: "login",
        doc: "`basic`, `oauth` (client credentials) or `token` (an API key).",
        required: false,
        sample: "basic",
    },
    Setting {
        name: "change",
        doc: "The kind of change: `normal`, `emergency`, or `standard:` with the sys_id of a template.",
        required: false,
        sample: "normal",
    },
    Setting {
        name: "assignment_group",
        doc: "The sys_id of the group that gets what no other is named for.",
        required: false,
        sample: "d625dccec0a8016700a222a0f7900d06",
    },
    Setting {
        name: "groups",
        doc: "Groups by owner: a JSON object of owners and sys_ids.",
        required: false,
        sample: r#"{"payments": "287ebd7da9fe198100f92cc8d1d2154e"}"#,
    },
    Setting {
        name: "cmdb_ci",
        doc: "The sys_id of the configuration item that records are linked to, where the asset has none of its own.",
        required: false,
        sample: "affd3c8437201000deeabfc8bcbe5dc3",
    },
    Setting {
        name: "items",
        doc: "`false` where the sys_ids of inventories are those of another instance; then only `cmdb_ci` counts.",
        required: false,
        sample: "true",
    },
    Setting {
        name: "fields",
        doc: "What else a new record holds, as the instance's data policies ask for: a JSON object of columns and texts.",
        required: false,
        sample: r#"{"category": "security", "caller_id": "6816f79cc0a8016401c5a33be04be441"}"#,
    },
    Setting {
        name: "close_code",
        doc: "The close code of an incident or change that is dealt with.",
        required: false,
        sample: "Solution provided",
    },
];

/// An insert may end after its answer was lost: transactions run for minutes at most.
const SETTLE: Duration = Duration::from_secs(600);

impl Sink for ServiceNow {
    fn acts(&self) -> &'static [ActKind] {
        &[ActKind::Open, ActKind::Edit, ActKind::Note, ActKind::Close, ActKind::Reopen]
    }

    fn on_doubt(&self, act: ActKind) -> OnDoubt {
        match act {
            ActKind::Open | ActKind::Note => OnDoubt::Look { settle: SETTLE },
            // These look at the record first, and leave what is so already.
            ActKind::Edit | ActKind::Close | ActKind::Reopen | ActKind::Review => OnDoubt::Again,
        }
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        write::drafts(&self.settings, wanted)
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            match wanted.act {
                Act::Open { letter } => open::open(self, wanted.key, letter).await.map(Some),
                Act::Edit { letter } => write::edit(self, wanted.remote()?, letter).await,
                Act::Note { body } => write::note(self, wanted, body).await,
                Act::Close { body } => state::close(self, wanted, body).await,
                Act::Reopen { body } => state::reopen(self, wanted, body).await,
                Act::Review { .. } => Err(SinkError::NO_REVIEW),
            }
        })
    }

    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(find::find(self, wanted))
    }

    fn read<'a>(&'a self, remote: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async move { read::read(self, remote).await.map(Some) })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(right::test(self))
    }
}
