//! Delivery on a data directory: the outbox, what routes would write, and one round of sending.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use quell_config::Config;
use quell_deliver::outbox::Row;
use quell_model::{Clock, TenantId, Timestamp};
use quell_pipeline::Setup;
use quell_pipeline::deliver::Post;
use quell_pipeline::query::QueryError;
use quell_secrets::Environment;
use quell_store::{OutboxFilter, OutboxStore};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{OfflineError, platforms::told};
use crate::data::Tenants;
use crate::deliver::{
    DeliveryReport, LetterReport, OutboxAct, RowReport, SinkReport, SinkTest, Sinks, once, wanted,
};
use crate::outside::Outside;
use crate::start::{Plan, StartError, open_app, platforms, sinks};

/// The outbox of one tenant, and the sinks of a configuration.
pub struct Outbox {
    config: Config,
    data: PathBuf,
    tenant: TenantId,
    sinks: Sinks,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbox({})", self.tenant)
    }
}

impl Outbox {
    /// Opens it. It must be made within a tokio runtime.
    ///
    /// # Errors
    /// When a sink or a route is wrong.
    pub fn new(
        config: Config,
        (data, tenant): (&Path, &TenantId),
        environment: Environment,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OfflineError> {
        let outside = Outside::new(&config, environment, &clock).map_err(StartError::from)?;
        let outside = Arc::new(outside);
        let platforms = platforms(&config, &outside, &clock)?;
        let sinks = sinks((&config, &platforms), &outside, &clock)?;
        Ok(Self { config, data: data.to_owned(), tenant: tenant.clone(), sinks, clock })
    }

    fn store(&self) -> Result<OutboxStore, OfflineError> {
        Ok(OutboxStore::open_for(&self.data, &self.tenant)?)
    }

    /// Rows as the API lists them.
    ///
    /// # Errors
    /// When the data directory cannot be used.
    pub fn list(&self, filter: &OutboxFilter) -> Result<Value, OfflineError> {
        let store = self.store()?;
        let items: Vec<RowReport> =
            store.outbox_list(filter)?.into_iter().map(RowReport::of).collect();
        let states: serde_json::Map<String, Value> =
            store.outbox_counts()?.into_iter().map(|(state, n)| (state, json!(n))).collect();
        Ok(json!({ "items": items, "states": states }))
    }

    /// One row with what it says, as the API shows it.
    ///
    /// # Errors
    /// When there is none of that number, or the data directory cannot be used.
    pub fn show(&self, id: i64) -> Result<Value, OfflineError> {
        let store = self.store()?;
        let row = store.outbox_get(id)?.ok_or_else(|| no_row(id))?;
        let delivery = store.delivery_get(&row.sink, &row.subject)?;
        let remote = delivery.and_then(|delivery| delivery.remote);
        let act = store.outbox_act(id)?;
        told(&LetterReport::of(row, &act, remote.as_ref(), &self.sinks))
    }

    /// Does something about a row. A server that runs heeds it at once.
    ///
    /// # Errors
    /// When there is none of that number, it is in no state for that, or the directory cannot be used.
    pub fn act(&self, id: i64, act: OutboxAct) -> Result<Value, OfflineError> {
        let mut store = self.store()?;
        let of = (&self.sinks, &self.tenant);
        match act.apply(&mut store, of, id, self.clock.now())? {
            None => Err(no_row(id)),
            Some(Ok(row)) => told(&RowReport::of(row)),
            Some(Err(row)) => Err(OfflineError::Conflict(act.refusal(&row))),
        }
    }

    /// What stands at sinks, as the API lists it.
    ///
    /// # Errors
    /// When the data directory cannot be used.
    pub fn deliveries(&self) -> Result<Value, OfflineError> {
        let all = self.store()?.delivery_list()?;
        let items: Vec<DeliveryReport> = all.into_iter().map(DeliveryReport::of).collect();
        Ok(json!({ "items": items }))
    }

    /// The sinks that are switched on.
    #[must_use]
    pub fn sinks(&self) -> Value {
        let items: Vec<SinkReport> = self.sinks.all().map(|place| SinkReport::of(place)).collect();
        json!({ "items": items })
    }

    /// Asks a sink what its login may do.
    ///
    /// # Errors
    /// When there is none of that name.
    pub async fn test(&self, name: &str) -> Result<Value, OfflineError> {
        let place = self.sinks.get(name).ok_or_else(|| OfflineError::NoSink(name.to_owned()))?;
        told(&SinkTest::of(place).await)
    }

    /// What routes would write now, exactly as it would be sent. Nothing is kept, and nobody asked.
    ///
    /// # Errors
    /// When the data directory cannot be used.
    pub fn rehearse(&self, setup: Setup) -> Result<Vec<Value>, OfflineError> {
        let tenants = Tenants::new(self.data.clone(), Arc::new(setup));
        let findings = tenants.of(&self.tenant)?;
        let now = self.clock.now();
        let posts = wanted(&self.config, &findings, now).map_err(QueryError::from)?;
        let rows = posts
            .iter()
            .flat_map(rows_of)
            .map(|(row, act)| told(&LetterReport::of(at(row, now), act, None, &self.sinks)));
        rows.collect()
    }
}

fn no_row(id: i64) -> OfflineError {
    OfflineError::Conflict(format!("the outbox has no row {id}; `quell outbox list` names them"))
}

type Wish<'a> = (&'a quell_store::NewRow, &'a quell_deliver::outbox::Act);

fn rows_of(post: &Post) -> impl Iterator<Item = Wish<'_>> {
    post.rows.iter().map(|row| (row, &row.act))
}

fn at(row: &quell_store::NewRow, now: Timestamp) -> Row {
    Row {
        id: 0,
        sink: row.sink.clone(),
        subject: row.subject.clone(),
        key: row.key.clone(),
        act: row.act.kind(),
        state: row.state.clone(),
        attempts: 0,
        created: now,
        said: None,
        remote: None,
        replays: None,
        tries: Vec::new(),
    }
}

/// Asks the routes and sends what is due, here and now. No server may run on the directory.
///
/// # Errors
/// When the directory is taken or cannot be used.
pub async fn deliver(plan: Plan, clock: Arc<dyn Clock>) -> Result<Value, OfflineError> {
    let app = tokio::task::spawn_blocking(move || open_app(plan, clock)).await;
    let app = Arc::new(app.map_err(|error| OfflineError::Failed(error.to_string()))??);
    app.runtime.get_or_init(Handle::current);
    let sent = once(&app).await.map_err(|error| OfflineError::Failed(error.to_string()))?;
    app.audit.close();
    Ok(json!(sent))
}
