//! A server on a free port of loopback, with its data in a folder of its own.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use quell_config::{Config, FileText, Override, Sources};
use quell_model::{Clock, TenantId, Timestamp};
use quell_pipeline::Setup;
use quell_server::{Plan, Role, Scope, Server, StartError, TokenPlan, make_token};
use quell_testkit::server::{
    Answer, Client, Found, Request, delivery, each_finding, found, signature,
};
use quell_testkit::sinks::JiraDouble;
use tokio::runtime::Runtime;

/// What every test's server is told; tests change single keys.
const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
max_import_bytes = 1048576
import_wait_seconds = 60
clock_settle_minutes = 0
drain_seconds = 20

[limits]
token_rate_per_second = 100000
token_burst = 100000
header_seconds = 2
body_seconds = 2

[jobs]
attempts = 2
backoff_first_seconds = 1
backoff_most_seconds = 1

[hooks.signed]
auth = "hmac"
header = "x-signature"
secrets = ["env:SIGNED"]
rate_per_second = 1000000
burst = 1000000

[hooks.rotated]
auth = "hmac"
header = "x-hub-signature-256"
prefix = "sha256="
secrets = ["env:ROTATED_NEW", { secret = "env:ROTATED_OLD", until = "2031-01-31" }]

[hooks.timed]
auth = "hmac"
header = "x-signature"
timestamp = "x-timestamp"
secrets = ["env:TIMED"]

[hooks.basic]
auth = "basic"
user = "wiz"
secrets = ["env:BASIC"]

[hooks.bearer]
auth = "bearer"
secrets = ["env:BEARER"]

[hooks.header]
auth = "header"
header = "x-api-key"
secrets = ["env:HEADER"]

[hooks.off]
enabled = false
auth = "hmac"
header = "x-signature"
secrets = ["env:OFF"]

[hooks.other]
tenant = "other"
auth = "hmac"
header = "x-signature"
secrets = ["env:OTHER"]

[hooks.narrow]
auth = "bearer"
secrets = ["env:NARROW"]
rate_per_second = 1
burst = 2
"#;

const SECRETS: [&str; 12] = [
    "SIGNED",
    "ROTATED_NEW",
    "ROTATED_OLD",
    "TIMED",
    "BASIC",
    "BEARER",
    "HEADER",
    "OFF",
    "OTHER",
    "NARROW",
    "BUCKET_ID",
    "BUCKET_KEY",
];

/// The value of a secret; it must never be seen in an answer or a log.
pub(crate) fn secret(name: &str) -> String {
    format!("canary-{}-9f3b71c2", name.to_lowercase())
}

/// The real time and so many seconds.
#[derive(Debug, Default)]
pub(crate) struct Shifted(pub(crate) AtomicI64);

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        let shift = jiff::SignedDuration::from_secs(self.0.load(Ordering::SeqCst));
        Timestamp::now().checked_add(shift).unwrap()
    }
}

/// What the tests' servers log, all together.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn logged() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned()
}

fn keep_log() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::level_filters::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(|| Log)
            .init();
    });
}

/// What a double runs on.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A Jira that takes the secret `BEARER`.
pub(crate) fn jira(clock: Arc<dyn Clock>) -> Arc<JiraDouble> {
    let jira = Arc::new(JiraDouble::new(clock));
    jira.set(|settings| {
        settings.user.clear();
        settings.token = secret("BEARER");
    });
    jira
}

pub(crate) fn config(changes: &[(&str, &str)], more: &str) -> Config {
    let overrides: Vec<Override> = changes
        .iter()
        .map(|(key, value)| Override {
            flag: "--test",
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        })
        .collect();
    let text = format!("{CONFIG}{more}");
    let file = Some(FileText { path: "quell.toml", text: &text });
    let sources = Sources { file, overrides: &overrides, ..Sources::default() };
    Config::load(&sources).unwrap_or_else(|faults| panic!("{faults:?}")).config
}

pub(crate) fn plan(data: &Path, config: Config) -> Plan {
    let known = |name: &str| match name.starts_with("KILL_") {
        true => std::env::var_os(name).and_then(|value| value.into_string().ok()),
        false => SECRETS.contains(&name).then(|| secret(name)),
    };
    let setup = Setup::embedded(None).unwrap();
    Plan { config, data: data.to_owned(), setup, environment: Arc::new(known) }
}

/// Waits until something holds; a minute is too long.
#[expect(clippy::disallowed_methods, reason = "a test looks again until another thread is done")]
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("in a minute it did not come that {what}");
}

/// A server with its administrator.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<Shifted>,
    pub(crate) admin: Client,
    pub(crate) runtime: Runtime,
    config: Config,
    server: Option<Server>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(&[], "")
    }

    /// A server with other values, and further tables.
    pub(crate) fn with(changes: &[(&str, &str)], more: &str) -> Self {
        keep_log();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut bench = Self {
            folder,
            clock: Arc::default(),
            admin: Client::new(([127, 0, 0, 1], 1).into()),
            runtime,
            config: config(changes, more),
            server: None,
        };
        bench.start().unwrap();
        let token = bench.server.as_mut().unwrap().take_first_token().unwrap();
        bench.admin = bench.admin.with_token(&token);
        bench
    }

    /// Starts it on the data that is there.
    pub(crate) fn start(&mut self) -> Result<(), StartError> {
        let plan = plan(self.data(), self.config.clone());
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let server = self.runtime.block_on(quell_server::start(plan, clock))?;
        self.admin.address = server.address();
        self.server = Some(server);
        Ok(())
    }

    /// Ends it in an orderly way.
    pub(crate) fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    /// A client with a new token.
    pub(crate) fn client(&self, role: Role, tenant: &str) -> Client {
        self.limited(role, tenant, &[])
    }

    /// A client with a new token that is limited to some places.
    pub(crate) fn limited(&self, role: Role, tenant: &str, limits: &[&str]) -> Client {
        self.with_token(role, tenant, (limits, None))
    }

    /// A client with a new token of somebody who signs in.
    pub(crate) fn client_of(&self, person: &str, role: Role) -> Client {
        self.with_token(role, TenantId::DEFAULT, (&[], Some(person)))
    }

    fn with_token(
        &self,
        role: Role,
        tenant: &str,
        (limits, person): (&[&str], Option<&str>),
    ) -> Client {
        let plan = TokenPlan {
            tenant: tenant.parse().unwrap(),
            role,
            scope: Scope::parse(limits.iter().copied()).unwrap(),
            name: format!("{} of {tenant}", role.as_str()),
            person: person.map(str::to_owned),
            expires_at: None,
        };
        let made = make_token(self.data(), &plan, &*self.clock).unwrap();
        self.admin.with_token(&made.text)
    }

    /// A client without a token.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(self.admin.address)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.admin.send(&Request::get(path)).unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = Request::post(path, body).with("content-type", "application/json");
        self.admin.send(&request).unwrap()
    }

    /// Delivers to the hook `signed`.
    pub(crate) fn deliver(&self, body: &[u8]) -> Answer {
        let signature = signature(secret("SIGNED").as_bytes(), body);
        self.hook("signed", body, &[("x-signature", &signature)])
    }

    pub(crate) fn hook(&self, name: &str, body: &[u8], headers: &[(&str, &str)]) -> Answer {
        let request = Request::post(&format!("/api/v1/hooks/{name}"), body);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.with(name, value));
        self.stranger().send(&request).unwrap()
    }

    /// The day by the server's clock.
    pub(crate) fn today(&self) -> String {
        self.clock.now().strftime("%Y-%m-%d").to_string()
    }

    /// The job with an id.
    pub(crate) fn job(&self, id: &str) -> serde_json::Value {
        self.get(&format!("/api/v1/jobs/{id}")).json()
    }

    /// Waits until a job is in a state.
    pub(crate) fn until_job(&self, id: &str, state: &str) -> serde_json::Value {
        until(&format!("job {id} is {state}"), || self.job(id)["state"] == state);
        self.job(id)
    }

    pub(crate) fn found(&self, tenant: &str) -> Found {
        found(self.data(), &tenant.parse::<TenantId>().unwrap()).unwrap_or_default()
    }

    /// The findings of the default tenant, each with its title.
    pub(crate) fn titles(&self) -> BTreeMap<String, String> {
        let mut titles = BTreeMap::new();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let mut take = |body: &serde_json::Value| {
            titles.insert(text(&body["native_id"]), text(&body["title"]));
        };
        each_finding(self.data(), &TenantId::default(), &mut take).unwrap();
        titles
    }

    /// Waits until the findings are these, each once.
    pub(crate) fn until_found(&self, tenant: &str, uids: &[String]) {
        let wanted: BTreeMap<String, u32> = uids.iter().map(|uid| (uid.clone(), 1)).collect();
        until(&format!("{} findings of {tenant} are there", uids.len()), || {
            self.found(tenant) == wanted
        });
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A file of so many findings, one a line.
pub(crate) fn lines(run: &str, count: u64) -> Vec<u8> {
    let mut body = Vec::new();
    for number in 0..count {
        body.extend_from_slice(&delivery(run, number, 600));
        body.push(b'\n');
    }
    body
}

/// The ids of what [`lines`] makes.
pub(crate) fn uids(run: &str, count: u64) -> Vec<String> {
    (0..count).map(|number| quell_testkit::server::uid(run, number)).collect()
}
