//! Histories of lost answers, refusals and late searches, driven as the outbox drives them: in the
//! end each thing stands there once.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use quell_deliver::outbox::{self, Act, Found, Outcome, Remote, Row, State, Step};
use quell_testkit::double::{Double, Fault};
use quell_testkit::net::Answer;
use quell_testkit::sinks::{ConfluenceDouble, JSM_DESK, JSM_REQUEST_TYPE, JiraDouble};

use super::testing::{self, Hands, Login};
use crate::{Kind, Sink, Wanted};

const HISTORIES: u64 = 40;
/// After so long the index knows everything; the sinks wait a little longer.
const INDEXED: SignedDuration = SignedDuration::from_secs(290);

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn fault(&mut self) -> Fault {
        match self.roll(5) {
            0 | 1 => Fault::Lost,
            2 => Fault::Cut(usize::try_from(self.roll(12)).unwrap()),
            3 => Fault::Answer(Answer::new(503, "later")),
            _ => Fault::Answer(Answer::new(429, "")),
        }
    }
}

/// One sink with its double, in one history.
struct Theatre<'a> {
    sink: &'a dyn Sink,
    double: &'a Double,
    dice: Dice,
    /// Has the index catch up.
    index: &'a dyn Fn(),
}

impl Theatre<'_> {
    /// Does an act as the outbox does, until it is done.
    async fn driven(
        &mut self,
        (subject, act): (&str, &Act),
        remote: Option<Remote>,
    ) -> Option<Remote> {
        let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut now = start;
        let mut row = Row {
            id: 7,
            sink: "tickets".to_owned(),
            subject: subject.to_owned(),
            key: testing::key(subject),
            act: act.kind(),
            state: State::Waiting { until: now },
            attempts: 0,
            created: now,
            said: None,
            remote,
            replays: None,
            tries: Vec::new(),
        };
        for step in 0..60 {
            self.double.script.clear();
            if step < 9 && self.dice.roll(3) > 0 {
                self.hurt();
            }
            row = match outbox::next(&row, now) {
                Step::Send => self.sent(row, act, now).await,
                Step::Look => self.looked(row, act, now).await,
                Step::Rest(until) => {
                    now = until;
                    row
                }
                Step::Nothing => break,
            };
            // A doubt may begin at any time, so what is new is known some time after it.
            if let State::Doubt { since, .. } = row.state
                && now.duration_since(since) >= INDEXED
            {
                (self.index)();
            }
        }
        self.double.script.clear();
        assert_eq!(row.state.as_str(), "sent", "{:?}", row.state);
        row.remote
    }

    /// Has one of the next requests go wrong.
    fn hurt(&mut self) {
        let places =
            ["", "issue", "comment", "transitions", "search", "pages", "propert", "request"];
        let at = usize::try_from(self.dice.roll(8)).unwrap();
        let times = 1 + u32::try_from(self.dice.roll(2)).unwrap();
        self.double.script.add(places[at], times, self.dice.fault());
    }

    async fn sent(&self, row: Row, act: &Act, now: Timestamp) -> Row {
        let row = outbox::begun(row, now);
        let wanted = Wanted { key: &row.key, act, remote: row.remote.as_ref() };
        let outcome = match self.sink.act(&wanted).await {
            Ok(remote) => Outcome::Done(remote),
            Err(error) => error.outcome(),
        };
        outbox::ended(row, self.sink.on_doubt(act.kind()), outcome, now)
    }

    async fn looked(&self, row: Row, act: &Act, now: Timestamp) -> Row {
        let wanted = Wanted { key: &row.key, act, remote: row.remote.as_ref() };
        let found = match self.sink.find(&wanted).await {
            Ok(Some(remote)) => Found::There(remote),
            Ok(None) => Found::Nothing,
            Err(error) => Found::Unknown(error.to_string()),
        };
        outbox::looked(row, self.sink.on_doubt(act.kind()), found, (now, now))
    }

    /// A whole life.
    async fn lived(&mut self) {
        let remote = self.driven(("fix:abc", &testing::open("x")), None).await;
        assert!(remote.is_some());
        for (subject, act) in [
            ("note", testing::note("x")),
            ("edit", testing::edit("y")),
            ("close", testing::close("x")),
            ("reopen", testing::reopen("x")),
        ] {
            self.driven((subject, &act), remote.clone()).await;
        }
    }
}

async fn jira(kind: &Kind, options: &[(&str, &str)]) {
    for seed in 0..HISTORIES {
        let jira = Arc::new(JiraDouble::new(Arc::new(Hands::new())));
        let mut dice = Dice(seed);
        jira.set(|settings| {
            settings.data_center = options.contains(&("edition", "data-center"));
            settings.lag = u32::try_from(dice.roll(4)).unwrap();
        });
        let settings = jira.settings();
        let double = Double::start(Arc::clone(&jira) as _).await.unwrap();
        let login = Login::new(&settings.user, &settings.token);
        let sink = testing::connect(kind, testing::plan(&double.url(), &login, options));
        let index = || jira.index();
        Theatre { sink: &*sink, double: &double, dice, index: &index }.lived().await;
        let issues = jira.issues();
        assert_eq!(issues.len(), 1, "seed {seed}");
        for subject in ["note", "close", "reopen"] {
            let key = testing::key(subject);
            let said = issues[0].comments.iter();
            let said = said.filter(|one| one.body.to_string().contains(key.as_str())).count();
            assert_eq!(said, 1, "seed {seed}, {subject}");
        }
        assert_eq!((issues[0].category, issues[0].links.len()), ("new", 1), "seed {seed}");
    }
}

#[tokio::test]
async fn an_issue_of_cloud_stands_once() {
    jira(&super::jira::KIND, &[]).await;
}

#[tokio::test]
async fn an_issue_of_data_center_stands_once() {
    jira(&super::jira::KIND, &[("edition", "data-center")]).await;
}

#[tokio::test]
async fn a_request_stands_once() {
    jira(&super::jsm::KIND, &[("desk", JSM_DESK), ("request_type", JSM_REQUEST_TYPE)]).await;
}

#[tokio::test]
async fn a_page_stands_once() {
    for seed in 0..HISTORIES {
        let wiki = Arc::new(ConfluenceDouble::new(Arc::new(Hands::new())));
        let (user, token) = wiki.login();
        let double = Double::start(Arc::clone(&wiki) as _).await.unwrap();
        let plan = testing::plan(&double.url(), &Login::new(&user, &token), &[]);
        let sink = testing::connect(&super::confluence::KIND, plan);
        Theatre { sink: &*sink, double: &double, dice: Dice(seed), index: &|| {} }.lived().await;
        let pages = wiki.pages();
        assert_eq!(pages.len(), 1, "seed {seed}");
        for subject in ["note", "close", "reopen"] {
            let key = testing::key(subject);
            let said = pages[0].1.comments.iter().filter(|(_, body)| body.contains(key.as_str()));
            assert_eq!(said.count(), 1, "seed {seed}, {subject}");
        }
    }
}
