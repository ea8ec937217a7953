//! The sink against the double, over HTTP on loopback.

mod contract;
mod faults;
mod issues;
mod pulls;
mod reports;

use std::sync::Arc;

use quell_deliver::{Key, Letter, Line};
use quell_model::Clock as _;
use quell_testkit::double::Double;
use quell_testkit::sinks::{APP_KEY, GithubDouble};

use super::{Hub, KIND};
use crate::forge::stage::{self, FILES, FIXED, TF, branch, key_of, refused};
use crate::forge::tests::{change, letter};
use crate::testing::stage::{Hands, keys, plan, words as body};
use crate::{Sink, SinkError, Wanted};

/// GitHub and a sink.
pub(super) type Stage = stage::Stage<GithubDouble, Hub>;

async fn stage() -> Stage {
    staged(&[]).await
}

async fn staged(options: &[(&str, &str)]) -> Stage {
    let hands = Hands::at("2026-11-21T12:00:00Z");
    let host = Arc::new(GithubDouble::new(Arc::new(hands.clone()), &FILES));
    let double = Double::start(Arc::clone(&host) as _).await.unwrap();
    let app = options.iter().any(|(name, _)| *name == "app_id");
    let keys = keys("", if app { APP_KEY } else { GithubDouble::TOKEN });
    let url = double.url();
    let plan = plan(&KIND, (&url, Some("acme/shop")), options, &keys, &hands);
    let sink = Hub::new(plan).unwrap();
    Stage { host, double, hands, keys, sink }
}

/// A letter with the fix of the file.
fn fix() -> Letter {
    letter("logs", Some(change(Some(&quell_testkit::sinks::blob_id(TF)), FIXED)))
}
