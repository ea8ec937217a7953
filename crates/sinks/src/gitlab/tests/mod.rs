//! The sink against the double, over HTTP on loopback.

mod contract;
mod faults;
mod files;
mod merges;
mod reviews;

use std::sync::Arc;

use quell_deliver::outbox::Act;
use quell_deliver::{Attachment, Key, Letter, Line};
use quell_testkit::double::Double;
use quell_testkit::sinks::{GitlabDouble, blob_id};

use super::{KIND, Lab};
use crate::forge::stage::{self, FILES, FIXED, TF, branch, refused};
use crate::forge::tests::{change, letter};
use crate::testing::stage::{Hands, keys, plan, words as body};
use crate::{Sink, SinkError, Wanted};

/// GitLab and a sink.
pub(super) type Stage = stage::Stage<GitlabDouble, Lab>;

async fn stage() -> Stage {
    let hands = Hands::at("2026-11-21T12:00:00Z");
    let host = Arc::new(GitlabDouble::new(Arc::new(hands.clone()), &FILES));
    let double = Double::start(Arc::clone(&host) as _).await.unwrap();
    let keys = keys("", GitlabDouble::TOKEN);
    let url = double.url();
    let plan = plan(&KIND, (&url, Some("acme/web/shop")), &[], &keys, &hands);
    let sink = Lab::new(plan).unwrap();
    Stage { host, double, hands, keys, sink }
}

/// A letter with evidence beside it, which becomes an issue.
fn with_file(text: &str) -> Letter {
    let file = Attachment::new("evidence.json", "application/json", (text.into(), text));
    Letter { files: vec![file], ..letter("x", None) }
}

/// A letter with the fix of the file.
fn fix() -> Letter {
    let mut change = change(Some(&blob_id(TF)), FIXED);
    change.repository = "acme/web/shop".to_owned();
    letter("logs", Some(change))
}
