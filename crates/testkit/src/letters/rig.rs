//! The doubles, and the configuration that leads to them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use quell_model::Clock;

use super::Ahead;
use super::watch::{Watch, Watched};
use crate::double::{Double, Platform};
use crate::sinks::{
    GithubDouble, HookDouble, JiraDouble, SLACK_TOKEN, ServiceNowDouble, SlackDouble,
};

/// The webhook that findings come to.
pub const HOOK: &str = "letters";
/// Its secret.
pub const HOOK_SECRET: &str = "a-secret-of-the-letters";
/// The channel of the chat.
const CHANNEL: &str = "C024BE91L";
/// The token of the tracker.
const JIRA_TOKEN: &str = "a-token-of-the-tracker";
/// Where the receiver takes messages.
const RECEIVER: &str = "/hooks/quell";
/// For how many seconds searches of the tracker do not know what is new.
const LAG_SECONDS: i64 = 20;

/// What the environment of the server holds. The receiver's secret comes with it.
pub const SECRETS: [(&str, &str); 6] = [
    ("KILL_HOOK", HOOK_SECRET),
    ("KILL_JIRA", JIRA_TOKEN),
    ("KILL_GITHUB", GithubDouble::TOKEN),
    ("KILL_SLACK", SLACK_TOKEN),
    ("KILL_NOW_USER", ServiceNowDouble::LOGIN.0),
    ("KILL_NOW", ServiceNowDouble::LOGIN.1),
];

/// The sinks' doubles, which outlive every server.
#[derive(Debug)]
pub struct Rig {
    pub(super) jira: Arc<JiraDouble>,
    pub(super) github: Arc<GithubDouble>,
    pub(super) slack: Arc<SlackDouble>,
    pub(super) hook: Arc<HookDouble>,
    pub(super) now: Arc<ServiceNowDouble>,
    pub(super) watch: Arc<Watch>,
    config: String,
    _doubles: Vec<Double>,
}

impl Rig {
    /// Starts the doubles.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn new(clock: Arc<Ahead>, data: &Path) -> io::Result<Self> {
        let time = || -> Arc<dyn Clock> { Arc::clone(&clock) as _ };
        let jira = Arc::new(JiraDouble::new(time()));
        jira.set(|settings| {
            settings.user.clear();
            JIRA_TOKEN.clone_into(&mut settings.token);
            settings.lag_seconds = LAG_SECONDS;
        });
        let github = Arc::new(GithubDouble::new(time(), &[("main.tf", "")]));
        let slack = Arc::new(SlackDouble::new(CHANNEL));
        let hook = Arc::new(HookDouble::new(time()));
        let now = Arc::new(ServiceNowDouble::new(time()));
        let watch = Arc::new(Watch::new(data));
        let all: [Arc<dyn Platform>; 5] = [
            Arc::clone(&jira) as _,
            Arc::clone(&github) as _,
            Arc::clone(&slack) as _,
            Arc::clone(&hook) as _,
            Arc::clone(&now) as _,
        ];
        let mut doubles = Vec::new();
        for inner in all {
            let watched = Watched { inner, watch: Arc::clone(&watch) };
            doubles.push(Double::start(Arc::new(watched)).await?);
        }
        let paths = ["", "", "", RECEIVER, ""];
        let urls: Vec<String> =
            doubles.iter().zip(paths).map(|(double, path)| double.url() + path).collect();
        Ok(Self { jira, github, slack, hook, now, watch, config: config(&urls), _doubles: doubles })
    }

    /// What the server's configuration says of sinks, routes and the hook.
    #[must_use]
    pub fn config(&self) -> &str {
        &self.config
    }
}

/// The sinks by their names, in the order of the doubles.
pub(super) const SINKS: [&str; 5] = ["jira", "github", "slack", "hook", "now"];

fn config(urls: &[String]) -> String {
    let parts = [
        ("jira", "project = \"SEC\"\nsecret = \"env:KILL_JIRA\""),
        ("github", "project = \"acme/shop\"\nsecret = \"env:KILL_GITHUB\""),
        ("slack", "project = \"C024BE91L\"\nsecret = \"env:KILL_SLACK\""),
        ("webhook", "secret = \"env:KILL_RECEIVER\""),
        ("servicenow", "user = \"env:KILL_NOW_USER\"\nsecret = \"env:KILL_NOW\""),
    ];
    let sinks = SINKS.iter().zip(parts).zip(urls).map(|((name, (kind, more)), url)| {
        format!("[sinks.{name}]\nkind = \"{kind}\"\nurl = \"{url}\"\nlook_seconds = 30\n{more}\n\n")
    });
    let names: Vec<String> = SINKS.iter().map(|name| format!("\"{name}\"")).collect();
    format!(
        "[egress]\nallow = [\"http://127.0.0.1\"]\n\n\
         [hooks.{HOOK}]\nauth = \"hmac\"\nheader = \"x-signature\"\nsecrets = [\"env:KILL_HOOK\"]\n\
         rate_per_second = 1000000\nburst = 1000000\n\n{}\
         [routes.all]\nsinks = [{}]\nleast_severity = \"low\"\nrelease = \"rule\"\n\
         letters_an_hour = 1000000\n",
        sinks.collect::<String>(),
        names.join(", ")
    )
}
