//! The sink against the double, over HTTP on loopback.

mod faults;
mod round;
mod text;

use std::sync::Arc;

use quell_deliver::outbox::Remote;
use quell_testkit::double::Double;
use quell_testkit::sinks::JiraDouble;

use super::super::testing::{self, Hands, Login};
use crate::{Sink, SinkError};

/// A Jira and a sink for it.
struct Stage {
    jira: Arc<JiraDouble>,
    double: Double,
    login: Login,
    hands: Hands,
    sink: Box<dyn Sink>,
}

const CLOUD: &[(&str, &str)] = &[("owner.team-a", "account-ben")];
const DATA_CENTER: &[(&str, &str)] = &[("edition", "data-center"), ("owner.team-a", "account-ben")];

async fn stage(options: &[(&str, &str)]) -> Stage {
    let hands = Hands::new();
    let jira = Arc::new(JiraDouble::new(Arc::new(hands.clone())));
    let data_center = options.contains(&("edition", "data-center"));
    jira.set(|settings| {
        settings.data_center = data_center;
        if data_center {
            settings.user.clear();
        }
    });
    let settings = jira.settings();
    let double = Double::start(Arc::clone(&jira) as _).await.unwrap();
    let login = Login::new(&settings.user, &settings.token);
    let sink = testing::connect(&super::KIND, testing::plan(&double.url(), &login, options));
    Stage { jira, double, login, hands, sink }
}

impl Stage {
    async fn open(&self, data: &str) -> Result<Remote, SinkError> {
        let made = testing::act(&*self.sink, ("fix:abc", &testing::open(data)), None).await?;
        Ok(made.unwrap())
    }

    async fn close(&self, remote: &Remote) -> Result<(), SinkError> {
        let act = testing::close("x");
        testing::act(&*self.sink, ("close", &act), Some(remote)).await.map(|_| ())
    }
}
