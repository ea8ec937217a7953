//! Starting, and stopping so that nothing acknowledged is lost.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use quell_audit::{Action, Outcome, Stage};
use quell_config::Config;
use quell_llm::LlmError;
use quell_model::{Clock, TenantId, Timestamp};
use quell_pipeline::Setup;
use quell_secrets::Environment;
use quell_sinks::SinkError;
use quell_sources::live::LiveError;
use quell_spool::{PayloadError, Payloads, Spool, SpoolError};
use quell_store::{ServerStore, StoreError, migration_due};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle as Task;

use crate::access::{
    Role, RulesError, Scope, Sessions, TokenError, TokenPlan, add_token, random_job, read_rules,
};
use crate::analyst::Desk;
use crate::audit::{Books, by_server, keep_outside, look_far, look_outside, send_last, stream_out};
use crate::contain::Grounds;
use crate::data::{KeyError, Lock, ServerKey, Tenants, check_order, note_order};
use crate::deliver::{Sinks, delivery_faults};
use crate::intake::{CLOCK_SEEN, Hooks, drain};
use crate::limits::Rates;
use crate::metrics::Metrics;
use crate::outside::{Outside, OutsideError, keep_fresh};
use crate::signin::SignIns;
use crate::state::{App, MOST_EXPLANATIONS, MOST_UPLOADS, ROOM_BYTES, Signal, thread_permits};
use crate::steady::Steady;
use crate::sync::Platforms;
use crate::{contain, deliver, explain, intake, jobs, serve, sync};

/// What a server needs to start.
pub struct Plan {
    /// The configuration, checked.
    pub config: Config,
    /// The data directory.
    pub data: PathBuf,
    /// What this program knows.
    pub setup: Setup,
    /// Where variables are read.
    pub environment: Environment,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("data", &self.data).finish_non_exhaustive()
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another one runs there.
    #[error(
        "another quell serves the data directory `{}`; stop it, or choose another with `--data`",
        .0.display()
    )]
    Taken(PathBuf),
    /// The system refused.
    #[error("cannot use `{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}; choose another with `--listen`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The intake log cannot be used.
    #[error("the intake log cannot be used: {0}")]
    Spool(#[from] SpoolError),
    /// The raw files cannot be used.
    #[error("the raw payloads cannot be used: {0}")]
    Payload(#[from] PayloadError),
    /// Others cannot be asked, or a secret is missing.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A platform cannot be set up.
    #[error("`[sources.{name}]`: {source}")]
    Source {
        /// Its name in the configuration.
        name: String,
        /// What is wrong.
        source: LiveError,
    },
    /// A sink cannot be set up.
    #[error("`[sinks.{name}]`: {source}")]
    Sink {
        /// Its name in the configuration.
        name: String,
        /// What is wrong.
        source: SinkError,
    },
    /// A route is wrong.
    #[error("`{0}` {1}")]
    Route(String, String),
    /// A language model cannot be set up.
    #[error("`[llm]`: {0}")]
    Model(#[from] LlmError),
    /// A place of containment is wrong.
    #[error("`{0}` {1}")]
    Containment(String, String),
    /// The rules of who may do what are wrong.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The first token cannot be made.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    address: SocketAddr,
    first_token: Option<String>,
    threads: Vec<JoinHandle<()>>,
    /// What is asked of others. It may end at any point.
    tasks: Vec<Task<()>>,
    listening: Task<()>,
    stop: watch::Sender<bool>,
}

/// The description of the API, as OpenAPI 3.1 in JSON.
#[must_use]
pub fn api_description() -> String {
    crate::api::description()
}

/// Opens everything and begins to listen. The threads it starts live until [`Server::stop`].
///
/// # Errors
/// When something cannot be opened; then nothing was started.
pub async fn start(plan: Plan, clock: Arc<dyn Clock>) -> Result<Server, StartError> {
    let listen = plan.config.server.listen;
    let opened = tokio::task::spawn_blocking(move || open(plan, clock)).await;
    let (app, first_token) = opened.map_err(|error| StartError::Io {
        path: PathBuf::new(),
        source: std::io::Error::other(error),
    })??;
    app.outside.read_all(&app.config).await?;
    let refused = |source| StartError::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let threads = threads(&app);
    let tasks = tasks(&app);
    let (stop, stopping) = watch::channel(false);
    let listening = tokio::spawn(serve::serve(Arc::clone(&app), listener, stopping));
    app.ready.store(true, Ordering::SeqCst);
    Ok(Server { app, address, first_token, threads, tasks, listening, stop })
}

fn open(plan: Plan, clock: Arc<dyn Clock>) -> Result<(Arc<App>, Option<String>), StartError> {
    let due = migrations_due(&plan.data);
    let app = Arc::new(open_app(plan, clock)?);
    app.runtime.get_or_init(tokio::runtime::Handle::current);
    look_far(&app, &known_tenants(&app)?);
    note_migrations(&app, &due);
    note_start(&app);
    let first_token = first_token(&app)?;
    Ok((app, first_token))
}

/// The server's own database, with what a stop left behind set going.
fn office(data: &Path, now: Timestamp) -> Result<ServerStore, StoreError> {
    let mut office = ServerStore::open(data)?;
    office.look_over()?;
    office.tenant_add(&TenantId::default(), now)?;
    let recovered = office.job_recover(now, true)?;
    if recovered > 0 {
        tracing::info!(recovered, "jobs go on that ran when the server stopped");
    }
    office.platform_release()?;
    Ok(office)
}

/// Opens a data directory alone, with no thread started.
pub(crate) fn open_app(plan: Plan, clock: Arc<dyn Clock>) -> Result<App, StartError> {
    let Plan { config, data, setup, environment } = plan;
    quell_pipeline::start_threads();
    let outside = Arc::new(Outside::new(&config, environment, &clock)?);
    let platforms = platforms(&config, &outside, &clock)?;
    let sinks = sinks((&config, &platforms), &outside, &clock)?;
    let desk = Desk::new(&config, &outside, &clock)?;
    let grounds = Grounds::new(&config, &outside, &clock)?;
    let io = |path: &PathBuf| {
        let path = path.clone();
        move |source| StartError::Io { path, source }
    };
    quell_store::make_directory(&data)?;
    let lock = Lock::take(&data).map_err(io(&data))?;
    let lock = lock.ok_or_else(|| StartError::Taken(data.clone()))?;
    let key = ServerKey::read_or_make(&data)?;
    let office = office(&data, clock.now())?;
    let access = ServerStore::open(&data)?;
    let spool = spool(&config, &data)?;
    let payloads = Payloads::open(&data.join("raw"))?;
    payloads.sweep_temporary()?;
    let setup = Arc::new(setup);
    let receiving = usize::try_from(config.intake.queue_bytes).unwrap_or(usize::MAX) / ROOM_BYTES;
    let mut app = App {
        tenants: Tenants::new(data.clone(), Arc::clone(&setup)),
        audit: Books::new(&data),
        hooks: Hooks::new(&config),
        rates: Rates::new(&config),
        rules: read_rules(config.access.policies.as_deref())?,
        sessions: Sessions::new(&config),
        stood_still: false,
        steady: Steady::new(Duration::from_secs(60 * config.server.clock_settle_minutes)),
        sign_in: SignIns::default(),
        metrics: Metrics::new(),
        jobs_waiting: Signal::default(),
        job_ended: Notify::new(),
        outbox_waiting: Notify::new(),
        planning: Signal::default(),
        sinks,
        desk,
        grounds,
        containing: Notify::new(),
        deliveries: Arc::new(Semaphore::new(deliver::AT_ONCE)),
        delivered: Signal::default(),
        stopping: AtomicBool::new(false),
        hard_stop: AtomicBool::new(false),
        ready: AtomicBool::new(false),
        stop_told: Mutex::new(false),
        stop_changed: Condvar::new(),
        office: Arc::new(Mutex::new(office)),
        access: Mutex::new(access),
        threads: Arc::new(thread_permits()),
        uploads: Arc::new(Semaphore::new(MOST_UPLOADS)),
        explanations: Arc::new(Semaphore::new(MOST_EXPLANATIONS)),
        receiving: Semaphore::new(receiving.min(Semaphore::MAX_PERMITS)),
        outside,
        platforms,
        process: random_job().map_err(TokenError::from)?.to_string(),
        config,
        data,
        clock,
        key,
        setup,
        spool,
        payloads,
        runtime: OnceLock::new(),
        _lock: lock,
    };
    // So that a fault shows at the start and not at the first question.
    for tenant in known_tenants(&app)? {
        let findings = app.tenants.of(&tenant)?;
        findings.write(|store| store.look_over())?;
        findings.outbox(|outbox| outbox.look_over())?;
    }
    check_order(&app.data, &mut app.office(), &app.tenants.all())?;
    look_outside(&app, &known_tenants(&app)?);
    // From here on it is noticed when the clock jumps.
    let last = app.office().setting(CLOCK_SEEN)?;
    let last = last.and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok());
    app.stood_still = app.steady.begin(last, app.clock.now());
    Ok(app)
}

/// The intake log.
fn spool(config: &Config, data: &Path) -> Result<Spool, SpoolError> {
    let limits = quell_spool::Limits {
        queue_bytes: usize::try_from(config.intake.queue_bytes).unwrap_or(usize::MAX),
        ..quell_spool::Limits::default()
    };
    let spool = Spool::open(&data.join("intake"), limits)?;
    for damage in &spool.recovery().damage {
        tracing::error!(%damage, "a part of the intake log is damaged");
    }
    Ok(spool)
}

/// The platforms that are asked.
pub(crate) fn platforms(
    config: &Config,
    outside: &Arc<Outside>,
    clock: &Arc<dyn Clock>,
) -> Result<Platforms, StartError> {
    Platforms::new(config, outside, clock)
        .map_err(|(name, source)| StartError::Source { name, source })
}

/// The sinks, where they and the routes are right.
pub(crate) fn sinks(
    (config, platforms): (&Config, &Platforms),
    outside: &Arc<Outside>,
    clock: &Arc<dyn Clock>,
) -> Result<Sinks, StartError> {
    let sinks = Sinks::new((config, platforms), outside, clock)
        .map_err(|(name, source)| StartError::Sink { name, source })?;
    match delivery_faults(config).into_iter().next() {
        Some((key, why)) => Err(StartError::Route(key, why)),
        None => Ok(sinks),
    }
}

/// The default tenant, and those that have findings.
fn known_tenants(app: &App) -> Result<Vec<TenantId>, StoreError> {
    let mut tenants = app.office().tenants()?;
    tenants.retain(|tenant| {
        tenant.is_default() || quell_store::tenant_folder(&app.data, tenant).exists()
    });
    Ok(tenants)
}

/// The tenants whose databases an older program left: how far each is, and how far it will be.
type Due = Vec<(TenantId, (u32, u32))>;

fn migrations_due(data: &Path) -> Due {
    let below = std::fs::read_dir(data.join("tenants")).into_iter().flatten().flatten();
    let others = below.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let all = std::iter::once(TenantId::default()).chain(others);
    // What cannot be read is said where it is opened.
    let due = |tenant: TenantId| {
        let found = migration_due(&quell_store::tenant_folder(data, &tenant)).ok()??;
        Some((tenant, found))
    };
    all.filter_map(due).collect()
}

/// Writes down that databases were brought to the form of this program. The log that says so is
/// held against what is kept of it elsewhere first, so it comes behind.
fn note_migrations(app: &App, due: &Due) {
    for (tenant, (from, to)) in due {
        let leaf = by_server((Action::StoreMigrate, Stage::Noted), tenant, app.clock.now())
            .word("version", env!("CARGO_PKG_VERSION"))
            .fact("from", i64::from(*from))
            .fact("to", i64::from(*to));
        if let Err(error) = app.audit.note(leaf) {
            tracing::error!(%error, %tenant, "that a database is of a newer form is not in the audit log");
        }
    }
}

/// Writes down that a server starts. Where that cannot be, it only reads.
fn note_start(app: &App) {
    let tenant = TenantId::default();
    let leaf = by_server((Action::ServerStart, Stage::Noted), &tenant, app.clock.now())
        .word("version", env!("CARGO_PKG_VERSION"))
        .object("process", &app.process);
    if let Err(error) = app.audit.note(leaf) {
        tracing::error!(%error, "nothing is changed until the audit log can be written");
    }
}

/// The administrator's token, on the first start only. Without a record of it there is none.
fn first_token(app: &App) -> Result<Option<String>, StartError> {
    const MADE: &str = "first_token";
    if app.office().setting(MADE)?.is_some() {
        return Ok(None);
    }
    let plan = TokenPlan {
        tenant: TenantId::default(),
        role: Role::Admin,
        scope: Scope::default(),
        name: "first administrator".to_owned(),
        person: None,
        expires_at: None,
    };
    let now = app.clock.now();
    let leaf = by_server((Action::TokenCreate, Stage::Begun), &plan.tenant, now)
        .word("role", plan.role.as_str());
    let begun = match app.audit.begin(leaf) {
        Ok(begun) => begun,
        Err(error) => {
            tracing::error!(%error, "no first token is made; start again once the audit log can be written");
            return Ok(None);
        }
    };
    let mut office = app.office();
    let made = add_token(&mut office, &app.key, &plan, now)?;
    office.setting_set(MADE, made.id.as_bytes())?;
    begun.end(now, Outcome::Done, |leaf| leaf.object("token", &made.id));
    Ok(Some(made.text))
}

fn tasks(app: &Arc<App>) -> Vec<Task<()>> {
    let buckets = app.config.buckets.iter().filter(|(_, bucket)| bucket.enabled);
    let polls = buckets.map(|(name, bucket)| {
        tokio::spawn(intake::poll_bucket(Arc::clone(app), name.clone(), bucket.clone()))
    });
    let platforms = app.platforms.all();
    let reads = platforms.map(|one| tokio::spawn(sync::run(Arc::clone(app), Arc::clone(one))));
    let fresh = tokio::spawn(keep_fresh(Arc::clone(app)));
    let sends = tokio::spawn(deliver::run(Arc::clone(app)));
    let contains = tokio::spawn(contain::run(Arc::clone(app)));
    [fresh, sends, contains].into_iter().chain(polls).chain(reads).collect()
}

fn threads(app: &Arc<App>) -> Vec<JoinHandle<()>> {
    let mut threads = Vec::new();
    let mut run = |name: &str, work: fn(&Arc<App>)| {
        let app = Arc::clone(app);
        let thread = std::thread::Builder::new().name(name.to_owned());
        match thread.spawn(move || work(&app)) {
            Ok(thread) => threads.push(thread),
            Err(error) => tracing::error!(name, %error, "a thread could not be started"),
        }
    };
    run("drain", |app| drain(app));
    run("folders", |app| intake::watch_folders(app));
    run("inventories", |app| intake::watch_inventories(app));
    run("items", |app| intake::ask_inventories(app));
    run("routes", deliver::plan);
    run("keeping", |app| intake::keep_house(app));
    run("batches", |app| explain::keep_collecting(app));
    run("times", |app| intake::keep_times(app));
    run("checkpoints", keep_outside);
    run("audit streams", stream_out);
    for _ in 0..app.config.jobs.workers {
        run("worker", jobs::work);
    }
    threads
}

/// Flushes all, and writes down what is there: nobody writes behind this.
fn close(app: &Arc<App>) {
    let tenant = TenantId::default();
    let leaf = by_server((Action::ServerStop, Stage::Noted), &tenant, app.clock.now())
        .object("process", &app.process);
    if let Err(error) = app.audit.note(leaf) {
        tracing::warn!(%error, "the end of the server is not in the audit log");
    }
    let written = app.audit.tenants();
    app.audit.close();
    send_last(app, &written);
    for findings in app.tenants.all() {
        let closed = findings.write(|store| {
            store.sync()?;
            note_order(&mut app.office(), &findings.tenant, store)?;
            store.seal()
        });
        let closed = closed.and(findings.outbox(|outbox| {
            outbox.sync()?;
            outbox.seal()
        }));
        if let Err(error) = closed {
            tracing::warn!(%error, tenant = %findings.tenant, "the findings are not closed in order");
        }
    }
    if let Err(error) = app.office().seal() {
        tracing::warn!(%error, "what is beside the findings is not closed in order");
    }
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The administrator's token, if this was the first start. It is told once.
    pub const fn take_first_token(&mut self) -> Option<String> {
        self.first_token.take()
    }

    /// Stops: takes no more, answers what it took, ends what runs, and flushes all.
    pub async fn stop(self) {
        let Self { app, threads, tasks, listening, stop, .. } = self;
        app.tell_stop();
        let most = Duration::from_secs(app.config.server.drain_seconds);
        tasks.iter().for_each(Task::abort);
        // Readiness flips first; then nothing more is taken.
        stop.send_replace(true);
        drop(tokio::time::timeout(most, listening).await);
        let ending = Arc::clone(&app);
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                drop(thread.join());
            }
        });
        tokio::pin!(joined);
        if tokio::time::timeout(most, &mut joined).await.is_err() {
            // What runs had its time: it is put back and done after the next start.
            ending.hard_stop.store(true, Ordering::SeqCst);
            drop(joined.await);
        }
        // What is being told to a sink may end; after that nobody writes any more, and what was not
        // kept counts as not known and is looked for after the next start.
        let all = u32::try_from(deliver::AT_ONCE).unwrap_or(u32::MAX);
        drop(tokio::time::timeout(most, app.deliveries.acquire_many(all)).await);
        app.hard_stop.store(true, Ordering::SeqCst);
        app.desk.stop().await;
        drop(tokio::task::spawn_blocking(move || close(&app)).await);
    }
}
