//! `quell demo --live`: a server and the platforms it asks, all in this process, over a made-up
//! world that goes on.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use quell_client::{Address, Connection, PlatformReadings, Token};
use quell_config::{Config, FileText, Sources};
use quell_http::{Client, Egress, Policy, Request};
use quell_model::{Clock, Untrusted};
use quell_pipeline::Setup;
use quell_report::cell;
use quell_server::{Plan, Server};
use quell_testkit::platforms::{Cause, Four, Seer, World};
use tokio::time::{Instant, sleep, sleep_until};

use super::Live;
use crate::console::say;
use crate::environment::SystemClock;

/// What is wrong with the world at the beginning.
const FLAWS: usize = 200;
/// How often something happens in the world.
const EVENT: Duration = Duration::from_secs(8);
/// How often what the platforms brought is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// Incidents that are shown.
const SHOWN: usize = 5;

/// Runs until Ctrl-C, or as long as was asked for.
pub(super) fn run(wanted: &Live, folder: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads can be started")?;
    runtime.block_on(async {
        let (demo, server) = Demo::start(wanted, folder).await?;
        let shown = tokio::select! {
            shown = demo.show(wanted.seconds) => shown,
            _ = tokio::signal::ctrl_c() => Ok(()),
        };
        server.stop().await;
        shown
    })
}

struct Demo {
    four: Four,
    connection: Connection,
    hooks: Client,
    address: SocketAddr,
    clock: Arc<dyn Clock>,
}

impl Demo {
    async fn start(wanted: &Live, folder: &Path) -> Result<(Self, Server)> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let world = World::new(7, FLAWS, clock.now());
        let four = Four::start(world, Arc::clone(&clock)).await;
        let four = four.context("the platforms cannot be started")?;
        let text = format!("[server]\nlisten = \"{}\"\n\n{}", wanted.listen, four.config());
        let file = Some(FileText { path: "demo", text: &text });
        let config = match Config::load(&Sources { file, ..Sources::default() }) {
            Ok(loaded) => loaded.config,
            Err(faults) => bail!("the demo's configuration is wrong: {faults}"),
        };
        let values = four.environment();
        let plan = Plan {
            config,
            data: folder.join("data"),
            setup: Setup::embedded(None)?,
            environment: Arc::new(move |name: &str| values.get(name).cloned()),
        };
        let mut server = quell_server::start(plan, Arc::clone(&clock)).await?;
        let address = server.address();
        let token = server.take_first_token().unwrap_or_default();
        say("SAMPLE DATA: Wiz, Prisma Cloud, Orca and Lacework as doubles, over one made-up world");
        say(&format!("open http://{address}/ with any name and this password:"));
        say(&format!("  {token}"));
        let server_address = Address::parse(&format!("http://{address}"))?;
        let connection =
            Connection::new(server_address, Some(Token::parse(&token)?), Arc::clone(&clock))?;
        let allow = format!("http://{}", address.ip());
        let allow = allow.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
        let policy = Policy { egress: Egress::new(vec![allow]), ..Policy::default() };
        let hooks = Client::new(policy, Arc::clone(&clock))?;
        Ok((Self { four, connection, hooks, address, clock }, server))
    }

    async fn show(&self, seconds: Option<u64>) -> Result<()> {
        self.first_reading().await?;
        self.incidents().await?;
        let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        if end.is_none() {
            say("\nthe world goes on; Ctrl-C ends it");
        }
        let mut opened: Vec<usize> = Vec::new();
        let mut turn = 0_usize;
        loop {
            let next = Instant::now() + EVENT;
            if end.is_some_and(|end| next > end) {
                return Ok(());
            }
            sleep_until(next).await;
            turn += 1;
            // Every third time, what came first is repaired.
            match opened.first().copied().filter(|_| turn.is_multiple_of(3)) {
                Some(flaw) => {
                    opened.remove(0);
                    self.repair(flaw).await?;
                }
                None => opened.push(self.happen().await?),
            }
        }
    }

    /// Tells how each platform is read for the first time.
    async fn first_reading(&self) -> Result<()> {
        let begun = Instant::now();
        let mut waiting: Vec<&str> = self.four.all().iter().map(|(name, _)| *name).collect();
        while !waiting.is_empty() {
            sleep(LOOK).await;
            let mut left = Vec::new();
            for name in waiting {
                let done = self.is_read(name, begun).await?;
                left.extend((!done).then_some(name));
            }
            waiting = left;
        }
        while self.connection.status().await?.intake.is_some_and(|i| i.waiting_since.is_some()) {
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Whether a platform was read whole, which is told.
    async fn is_read(&self, name: &str, begun: Instant) -> Result<bool> {
        let platform = self.connection.platform(name).await?;
        if !platform.streams.iter().all(|stream| stream.state == "good") {
            return Ok(false);
        }
        let asked = self.four.all().into_iter().find(|(known, _)| *known == name);
        let requests = asked.map_or(0, |(_, double)| double.ledger.count());
        say(&format!(
            "{:<14} read whole: {} streams, {requests} requests, after {:.1} s",
            cell(&Untrusted::from(platform.title.as_str()), 14),
            platform.streams.len(),
            begun.elapsed().as_secs_f32()
        ));
        Ok(true)
    }

    async fn incidents(&self) -> Result<()> {
        let status = self.connection.status().await?;
        let incidents = self.connection.incident_list(SHOWN).await?;
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "\n{} findings → {} issues → {} incidents",
            status.findings_open.unwrap_or_default(),
            status.issues_open,
            incidents.count
        )?;
        for (place, incident) in (1..).zip(incidents.items.iter().take(SHOWN)) {
            let title = cell(&incident.title, 46);
            let (score, issues) = (incident.score, incident.issues);
            let decision = incident.decision.as_str();
            writeln!(out, "{place:>3} {score:>5}  {decision:<12} {title:<46} {issues:>3}")?;
        }
        Ok(out.flush()?)
    }

    /// Something goes wrong in the world. Which flaw it is.
    async fn happen(&self) -> Result<usize> {
        let flaw = self.four.world.write().open(self.clock.now());
        let (what, seers) = self.told(flaw);
        let began = Instant::now();
        let before = self.connection.status().await?.findings_open.unwrap_or_default();
        let sent = self.deliver(flaw).await?;
        say(&format!("\n+ {what}"));
        say(&format!("  seen by {seers}; webhooks of {}", told_names(&sent)));
        if sent.is_empty() {
            say("  no platform sends a webhook for it: the next reading finds it");
            return Ok(flaw);
        }
        while self.connection.status().await?.findings_open.unwrap_or_default() == before
            && began.elapsed() < EVENT / 2
        {
            sleep(Duration::from_millis(20)).await;
        }
        say(&format!("  in the findings after {} ms", began.elapsed().as_millis()));
        Ok(flaw)
    }

    /// Something is repaired, and the platforms are asked.
    async fn repair(&self, flaw: usize) -> Result<()> {
        let (what, _) = self.told(flaw);
        self.four.world.write().end(flaw, self.clock.now(), false);
        for (name, _) in self.four.all() {
            let due = PlatformReadings { due: true, ..PlatformReadings::default() };
            self.connection.platform_act((name, "sync"), due).await?;
        }
        say(&format!("\n- repaired: {what}"));
        say("  the platforms are asked what is new");
        Ok(())
    }

    /// What a flaw is, and who sees it.
    fn told(&self, flaw: usize) -> (String, String) {
        let world = self.four.world.read();
        let Some(flaw) = world.flaws.get(flaw) else { return (String::new(), String::new()) };
        let name = world.things.get(flaw.thing).map(|thing| thing.name.clone()).unwrap_or_default();
        let what = match &flaw.cause {
            Cause::Misconfiguration(setting) => setting.control.to_owned(),
            Cause::Vulnerability(weakness) => format!("{} in {}", weakness.cve, weakness.package),
            Cause::Detection(seen) => seen.title.to_owned(),
        };
        let seers = flaw.seers.iter().map(|seer| match seer {
            Seer::Wiz => "Wiz",
            Seer::Prisma => "Prisma Cloud",
            Seer::Orca => "Orca",
            Seer::Lacework => "Lacework",
        });
        (format!("{what} on {name}"), seers.collect::<Vec<_>>().join(", "))
    }

    /// Sends the webhooks of a flaw as the platforms do. The names of those that did.
    async fn deliver(&self, flaw: usize) -> Result<Vec<&'static str>> {
        let mut sent = Vec::new();
        for (name, headers, body) in self.four.webhooks(flaw) {
            let url = format!("http://{}/api/v1/hooks/{name}", self.address);
            let mut request = Request::post(&url)?.body("application/json", body)?;
            for (header, value) in &headers {
                request = request.header(header, value)?;
            }
            self.hooks.send(&request).await?;
            sent.push(name);
        }
        Ok(sent)
    }
}

fn told_names(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
