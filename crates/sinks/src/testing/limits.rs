//! What each vendor says when it is asked too often: nothing was done, and it is asked again, not
//! before the vendor says.

use std::sync::Arc;
use std::time::Duration;

use quell_deliver::outbox::Outcome;
use quell_testkit::double::{Double, Platform};
use quell_testkit::net::{Answer, Asked};
use quell_testkit::sinks::{GithubDouble, HookDouble, PagerDutyDouble, TeamsDouble};

use super::stage::{Hands, keys, letter, open, sink_once, wanted};
use crate::SINKS;

/// A vendor that always says the same.
struct Full(Answer);

impl Platform for Full {
    fn answer(&self, _: &Asked) -> Answer {
        self.0.clone()
    }
}

/// A kind, what the vendor says with which status, headers and body, and how long to wait at least.
type Row = (&'static str, u16, &'static [(&'static str, &'static str)], &'static str, u64);

/// The clock of these tests stands at 2026-03-01T10:00:00Z, which is 1772359200.
const SHAPES: &[Row] = &[
    ("confluence", 429, &[("retry-after", "40")], "", 40),
    ("confluence", 429, &[("x-ratelimit-reset", "2026-03-01T10:01Z")], "", 60),
    ("github", 429, &[("retry-after", "40")], r#"{"message":"slow down"}"#, 40),
    (
        "github",
        403,
        &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1772359290")],
        r#"{"message":"API rate limit exceeded for user ID 1."}"#,
        90,
    ),
    (
        "github",
        403,
        &[("x-ratelimit-remaining", "4990")],
        r#"{"message":"You have exceeded a secondary rate limit."}"#,
        60,
    ),
    ("gitlab", 429, &[("retry-after", "40"), ("ratelimit-remaining", "0")], "Retry later\n", 40),
    ("gitlab", 429, &[], "Retry later\n", 60),
    ("jira", 429, &[("retry-after", "40"), ("ratelimit-reason", "jira-burst-based")], "", 40),
    ("jira", 429, &[("x-ratelimit-reset", "2026-03-01T10:01Z")], "", 60),
    ("jsm", 429, &[("retry-after", "40")], "", 40),
    ("pagerduty", 429, &[("ratelimit-reset", "40")], r#"{"status":"throttle exceeded"}"#, 40),
    ("pagerduty", 429, &[("retry-after", "40")], "", 40),
    (
        "servicenow",
        429,
        &[("x-ratelimit-limit", "100"), ("x-ratelimit-reset", "1772359290")],
        r#"{"error":{"message":"Rate limit exceeded","detail":""}}"#,
        90,
    ),
    ("servicenow", 429, &[("retry-after", "40")], "", 40),
    ("slack", 429, &[("retry-after", "40")], "", 40),
    ("slack", 200, &[("retry-after", "40")], r#"{"ok":false,"error":"ratelimited"}"#, 40),
    ("splunk", 503, &[], r#"{"text":"Server is busy","code":9}"#, 0),
    ("splunk", 429, &[("retry-after", "40")], "", 40),
    (
        "teams",
        429,
        &[("retry-after", "40")],
        r#"{"error":{"code":"WorkflowTriggerIsThrottled","message":"x"}}"#,
        40,
    ),
    ("webhook", 429, &[("retry-after", "40")], "", 40),
];

#[tokio::test]
async fn too_many_requests_are_told_in_every_vendor_s_way() {
    // Mail has no such answer; what a mail server says instead is judged with it. A syslog server
    // answers nothing at all, and a source is asked by its connector.
    let without: Vec<&str> = SINKS
        .iter()
        .map(|kind| kind.id)
        .filter(|id| !SHAPES.iter().any(|(known, ..)| known == id))
        .collect();
    assert_eq!(without, ["email", "source", "syslog"]);
    for (id, status, headers, body, least) in SHAPES {
        let answer = Answer::new(*status, *body);
        let answer =
            headers.iter().fold(answer, |answer, (name, value)| answer.header(name, value));
        let double = Double::start(Arc::new(Full(answer))).await.unwrap();
        let kind = SINKS.iter().find(|kind| kind.id == *id).unwrap();
        let (project, options): (_, &[(&str, &str)]) = match *id {
            "jsm" => (Some("SEC"), &[("desk", "7"), ("request_type", "25")]),
            "github" | "gitlab" => (Some("acme/shop"), &[]),
            "slack" => (Some("C024BE91L"), &[]),
            "servicenow" => (Some("incident"), &[]),
            "splunk" | "teams" | "webhook" | "pagerduty" => (None, &[]),
            _ => (Some("SEC"), &[]),
        };
        let secret = match *id {
            "teams" => format!("{}{}", double.url(), TeamsDouble::path()),
            "webhook" => HookDouble::secret(1),
            "github" => GithubDouble::TOKEN.to_owned(),
            "pagerduty" => PagerDutyDouble::KEY.to_owned(),
            _ => "a-token".to_owned(),
        };
        let (keys, hands) = (keys("quell", &secret), Hands::new());
        let sink = sink_once(kind, (&double.url(), project), options, &keys, &hands).unwrap();
        let (letter, what) = (letter(), format!("{id} {status} {headers:?} {body}"));
        let (key, act) = (letter.key.clone(), open(letter));
        let error = sink.act(&wanted(&key, &act, None)).await.unwrap_err();
        match error.outcome() {
            Outcome::Later(wait, _) => {
                let least = Duration::from_secs(*least);
                assert!(wait.unwrap_or_default() >= least, "{what}: {wait:?}");
            }
            other @ (Outcome::Done(_) | Outcome::Refused(_) | Outcome::Lost(_)) => {
                panic!("{what}: {other:?}")
            }
        }
    }
}
