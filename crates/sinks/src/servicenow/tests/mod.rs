//! The sink against the double, over HTTP on loopback.

mod faults;
mod hooks;
mod round;
mod shapes;

use std::sync::Arc;

use quell_deliver::outbox::{Act, Remote};
use quell_deliver::{Key, Letter};
use quell_testkit::double::Double;
use quell_testkit::sinks::ServiceNowDouble;

use super::KIND;
use crate::testing::stage::{Hands, Keys, key, keys, letter, open, sink, wanted, words};
use crate::{Sink, SinkError};

struct Stage {
    now: Arc<ServiceNowDouble>,
    double: Double,
    hands: Hands,
    keys: Keys,
    sink: Box<dyn Sink>,
}

async fn stage(project: &str, options: &[(&str, &str)]) -> Stage {
    let hands = Hands::new();
    let now = Arc::new(ServiceNowDouble::new(Arc::new(hands.clone())));
    let double = Double::start(Arc::clone(&now) as _).await.unwrap();
    let (user, password, token, _) = ServiceNowDouble::LOGIN;
    let by_token = options.contains(&("login", "token"));
    let keys = keys(user, if by_token { token } else { password });
    let sink = sink(&KIND, (&double.url(), Some(project)), options, &keys, &hands).unwrap();
    Stage { now, double, hands, keys, sink }
}

impl Stage {
    async fn open(&self, letter: Letter) -> Result<Remote, SinkError> {
        let key = letter.key.clone();
        let made = self.sink.act(&wanted(&key, &open(letter), None)).await;
        made.map(|made| made.unwrap())
    }

    async fn act(&self, name: &str, act: Act, remote: &Remote) -> Result<(), SinkError> {
        self.hands.pass(60);
        let done = self.sink.act(&wanted(&key(name), &act, Some(remote))).await?;
        assert!(done.is_none(), "{done:?}");
        Ok(())
    }

    async fn find(&self, key: &Key, act: &Act) -> Result<Option<Remote>, SinkError> {
        self.sink.find(&wanted(key, act, None)).await
    }

    fn state(&self, remote: &Remote) -> String {
        self.now.column(&remote.name, "state")
    }
}

fn close() -> Act {
    Act::Close { body: words("The tool sees it no more.") }
}

fn reopen() -> Act {
    Act::Reopen { body: words("The tool sees it again.") }
}

fn note() -> Act {
    Act::Note { body: words("One more asset has it.") }
}

fn edit() -> Act {
    Act::Edit { letter: Box::new(letter()) }
}
