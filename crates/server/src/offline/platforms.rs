//! Platforms on a data directory without a server: what is known of them, whether they can be
//! asked, and one reading here and now.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quell_config::Config;
use quell_model::{Clock, TenantId, Timestamp};
use quell_pipeline::query::listings;
use quell_secrets::Environment;
use quell_store::{ServerStore, SourceRow, Store};
use serde_json::{Value, json};

use super::{OfflineError, office};
use crate::api::{PlatformReport, TestReport, ToldReport, source_told};
use crate::intake::{drain, oldest_waiting};
use crate::outside::Outside;
use crate::start::{Plan, StartError, open_app, platforms};
use crate::state::App;
use crate::sync::{
    Act, Halt, Listed, Platform, Platforms, Reach, Readings, Running, Tell, turn_of,
};

/// How often what was brought is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The platforms of a configuration.
pub struct Asked {
    platforms: Platforms,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asked").field(&self.platforms).finish()
    }
}

impl Asked {
    /// The platforms that are configured. It must be made within a tokio runtime.
    ///
    /// # Errors
    /// When one of them cannot be set up.
    pub fn new(
        config: &Config,
        environment: Environment,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OfflineError> {
        let outside = Outside::new(config, environment, &clock).map_err(StartError::from)?;
        let platforms = platforms(config, &Arc::new(outside), &clock)?;
        Ok(Self { platforms, clock })
    }

    fn of(&self, tenant: &TenantId, name: &str) -> Result<&Arc<Platform>, OfflineError> {
        let found = self.platforms.of(tenant, name);
        found.ok_or_else(|| OfflineError::NoPlatform(name.to_owned()))
    }

    /// All of a tenant as the API lists sources.
    ///
    /// # Errors
    /// When the data directory cannot be used.
    pub fn list(&self, data: &Path, tenant: &TenantId) -> Result<Vec<Value>, OfflineError> {
        let office = store(data)?;
        let heard = match &office {
            Some(office) => office.source_list(tenant)?,
            None => Vec::new(),
        };
        let own = self.platforms.all().filter(|platform| platform.config.tenant == *tenant);
        let rows = own.map(|platform| {
            let known = heard.iter().find(|row| row.name == platform.name).cloned();
            let row = known.unwrap_or_else(|| SourceRow::silent(&platform.name, "platform"));
            let paused = match &office {
                Some(office) => office.platform(platform.key())?.paused,
                None => false,
            };
            Ok(json!(source_told(row, paused)))
        });
        rows.collect()
    }

    /// One as the API shows it.
    ///
    /// # Errors
    /// When there is none of that name, or the data directory cannot be used.
    pub fn show(
        &self,
        data: &Path,
        (tenant, name): (&TenantId, &str),
    ) -> Result<Value, OfflineError> {
        let platform = self.of(tenant, name)?;
        let office = office(data)?;
        told(&PlatformReport::of(&office, platform, self.clock.now())?)
    }

    /// Tells one what to do. A server that runs heeds it with its next turn.
    ///
    /// # Errors
    /// When there is none of that name, or the data directory cannot be used.
    pub fn act(
        &self,
        data: &Path,
        (tenant, name): (&TenantId, &str),
        act: Act,
    ) -> Result<Value, OfflineError> {
        let platform = self.of(tenant, name)?;
        let mut office = office(data)?;
        act.apply(&mut office, platform, Readings::default(), self.clock.now())?;
        told(&PlatformReport::of(&office, platform, self.clock.now())?)
    }

    /// Asks one what its login may do.
    ///
    /// # Errors
    /// When there is none of that name.
    pub async fn test(&self, (tenant, name): (&TenantId, &str)) -> Result<Value, OfflineError> {
        told(&TestReport::of(self.of(tenant, name)?).await)
    }

    /// Tells a platform about one of its findings.
    ///
    /// # Errors
    /// When there is no such finding, none of the platforms lists it, or the platform does not
    /// take it.
    pub async fn tell(
        &self,
        data: &Path,
        (tenant, id): (&TenantId, &str),
        tell: Tell,
    ) -> Result<Value, OfflineError> {
        let found = listings(&Store::open_for(data, tenant)?, id)?;
        let listed = Listed::of(&self.platforms, tenant, found)?;
        let done = listed.tell(tell, self.clock.now()).await?;
        told(&ToldReport::of(listed, done))
    }
}

pub(super) fn told(report: &impl serde::Serialize) -> Result<Value, OfflineError> {
    serde_json::to_value(report).map_err(|error| OfflineError::Failed(error.to_string()))
}

fn store(data: &Path) -> Result<Option<ServerStore>, OfflineError> {
    match office(data) {
        Ok(office) => Ok(Some(office)),
        Err(OfflineError::NoData(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// What a reading on a stopped server's data directory is to bring.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Whose.
    pub tenant: TenantId,
    /// The platform.
    pub name: String,
    /// How far back.
    pub reach: Reach,
    /// Only this stream.
    pub stream: Option<String>,
}

/// Asks a platform here and now, and takes in what it brings. No server may run on the directory.
/// `tell` is called now and then with the stream, the records brought and how many there are.
///
/// # Errors
/// When the directory is taken, the platform cannot be asked, or it does not answer to its end.
pub async fn sync(
    plan: Plan,
    wanted: &Wanted,
    clock: Arc<dyn Clock>,
    tell: impl Fn(&str, u64, Option<u64>),
) -> Result<Value, OfflineError> {
    let opened = tokio::task::spawn_blocking({
        let clock = Arc::clone(&clock);
        move || open_app(plan, clock)
    });
    let app = Arc::new(opened.await.map_err(|error| OfflineError::Failed(error.to_string()))??);
    let platform = app.platforms.of(&wanted.tenant, &wanted.name).cloned();
    let platform = platform.ok_or_else(|| OfflineError::NoPlatform(wanted.name.clone()))?;
    platform.check_stream(wanted.stream.as_deref()).map_err(OfflineError::Conflict)?;
    let before = counted(&app, &platform)?;
    let readings = Readings { reach: wanted.reach, stream: wanted.stream.as_deref() };
    let began = clock.now();
    Act::Sync.apply(&mut app.office(), &platform, readings, began)?;
    let draining = std::thread::spawn({
        let app = Arc::clone(&app);
        move || drain(&app)
    });
    let result = read(&app, (&platform, wanted.stream.as_deref()), tell).await;
    app.stopping.store(true, Ordering::SeqCst);
    app.delivered.wake();
    let joined = tokio::task::spawn_blocking(move || drop(draining.join())).await;
    joined.map_err(|error| OfflineError::Failed(error.to_string()))?;
    result?;
    let after = counted(&app, &platform)?;
    let report = PlatformReport::of(&app.office(), &platform, clock.now())?;
    Ok(json!({
        "records": after.records.saturating_sub(before.records),
        "rejected": after.rejected.saturating_sub(before.rejected),
        "read": read_since(&app, &platform, began)?,
        "platform": told(&report)?,
    }))
}

async fn read(
    app: &Arc<App>,
    (platform, only): (&Arc<Platform>, Option<&str>),
    tell: impl Fn(&str, u64, Option<u64>),
) -> Result<(), OfflineError> {
    let reading = turn_of(app, platform, only);
    tokio::pin!(reading);
    let result = loop {
        tokio::select! {
            result = &mut reading => break result,
            () = tokio::time::sleep(LOOK) => {
                let Running { stream, items, total, .. } = platform.running();
                tell(stream.as_deref().unwrap_or_default(), items, total);
            }
        }
    };
    // What was brought before it failed is taken in all the same.
    let findings = app.tenants.of(&platform.config.tenant)?;
    while oldest_waiting(app, &findings)?.is_some() {
        tokio::time::sleep(LOOK).await;
    }
    match result {
        Ok(()) => Ok(()),
        Err(Halt::Taken) => Err(OfflineError::Conflict("another process reads it".to_owned())),
        Err(halt) => Err(OfflineError::Failed(halt.reason().to_owned())),
    }
}

/// The streams that came to their ends since, and whether all there is was read of them.
fn read_since(
    app: &App,
    platform: &Platform,
    began: Timestamp,
) -> Result<Vec<Value>, OfflineError> {
    let rows = app.office().streams(platform.key())?;
    let read = rows.iter().filter(|row| row.good_at >= Some(began));
    let told = read.map(|row| json!({"stream": row.name, "whole": row.whole_at >= Some(began)}));
    Ok(told.collect())
}

fn counted(app: &App, platform: &Platform) -> Result<SourceRow, OfflineError> {
    let rows = app.office().source_list(&platform.config.tenant)?;
    let known = rows.into_iter().find(|row| row.name == platform.name);
    Ok(known.unwrap_or_else(|| SourceRow::silent(&platform.name, "platform")))
}
