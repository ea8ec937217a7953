//! A server that is killed while it delivers, and what stands at its sinks afterwards.
//!
//! The sinks' doubles live in this process and keep what they have; the server is another one. It
//! dies at random, at one of its flushes, and when a sink got a request: before that was carried
//! out, after it, and after it was answered.

mod count;
mod rig;
mod watch;

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use quell_model::{Clock, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::random::Random;
use crate::server::{Client, Load, Process, Request, delivery, load, signal, uid};
pub use count::Ended;
pub use rig::{HOOK, HOOK_SECRET, Rig, SECRETS};
pub use watch::Shot;

/// How long a server lives at most that is to die of a request.
const LIFE: Duration = Duration::from_secs(6);
/// Every so many findings one is gone some deaths later.
const GONE_EVERY: u64 = 4;
/// How many deaths later.
const GONE_AFTER: u64 = 6;
/// The highest flush at which a server dies.
const FLUSHES: u64 = 60;

/// The real time and so many seconds, for a server and for the doubles.
#[derive(Debug, Default)]
pub struct Ahead(pub AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        let ahead = jiff::SignedDuration::from_secs(self.0.load(Ordering::SeqCst));
        now.checked_add(ahead).unwrap_or(now)
    }
}

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Start {
    /// What its configuration says of sinks, routes and hooks.
    pub config: String,
    /// Its data directory.
    pub data: PathBuf,
    /// Seconds that its clock is ahead of the real one.
    pub ahead: i64,
    /// The words that come before its own: what kills it at a flush.
    pub before: Vec<String>,
}

/// What is done.
pub struct Plan<'a> {
    /// How often the server dies.
    pub kills: u64,
    /// Another number, other deaths.
    pub seed: u64,
    /// Where the server keeps its data.
    pub data: PathBuf,
    /// The administrator's token.
    pub token: String,
    /// Seconds that pass at each death, where the server's clock can be set.
    pub jump: i64,
    /// How long to wait in the end until all is delivered.
    pub patience: Duration,
    /// The command that starts it.
    pub command: &'a dyn Fn(&Start) -> Command,
    /// Told after each death.
    pub told: &'a dyn Fn(u64),
}

impl std::fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan({} kills)", self.kills)
    }
}

/// How a server dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Death {
    /// After so many milliseconds.
    Time(u64),
    /// At its flush of this number.
    Flush(u64),
    /// When a sink got a request.
    Request(Shot),
}

/// Kills a server again and again while findings come, lets it end its work, and counts what stands
/// at the sinks.
///
/// # Errors
/// When the server cannot be started or asked.
pub fn run(plan: &Plan<'_>) -> io::Result<Ended> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let clock = Arc::new(Ahead::default());
    let rig = runtime.block_on(Rig::new(Arc::clone(&clock), &plan.data))?;
    let mut work = Work {
        plan,
        rig: &rig,
        clock: &clock,
        runtime: &runtime,
        random: Random::new(plan.seed),
        can_flush: can_kill_at_flushes(),
        ended: Ended::default(),
    };
    for number in 0..plan.kills {
        work.death(number)?;
        (plan.told)(number + 1);
    }
    work.settle()?;
    Ok(work.ended)
}

struct Work<'a> {
    plan: &'a Plan<'a>,
    rig: &'a Rig,
    clock: &'a Ahead,
    runtime: &'a tokio::runtime::Runtime,
    random: Random,
    can_flush: bool,
    ended: Ended,
}

impl Work<'_> {
    fn start(&self, before: Vec<String>) -> io::Result<Process> {
        let (config, data) = (self.rig.config().to_owned(), self.plan.data.clone());
        let ahead = self.clock.0.load(Ordering::SeqCst);
        let process =
            Process::start(&mut (self.plan.command)(&Start { config, data, ahead, before }))?;
        self.rig.watch.serves(process.id());
        Ok(process)
    }

    fn how(&mut self, number: u64) -> Death {
        match number % 4 {
            0 => Death::Time(self.random.below(2500)),
            1 if self.can_flush => Death::Flush(1 + self.random.below(FLUSHES)),
            1 | 2 => Death::Request(Shot::Before),
            _ if self.random.below(3) == 0 => Death::Request(Shot::Answered),
            _ => Death::Request(Shot::After),
        }
    }

    /// Starts the server, has findings come, and waits until it is dead.
    fn death(&mut self, number: u64) -> io::Result<()> {
        let how = self.how(number);
        let before = match how {
            Death::Flush(flush) => at_flush(flush),
            Death::Time(_) | Death::Request(_) => Vec::new(),
        };
        self.rig.watch.disarm();
        let started = self.start(before);
        let mut process = match (started, how) {
            (Ok(process), _) => process,
            // It died before it listened.
            (Err(_), Death::Flush(_)) => {
                self.ended.at_flushes += 1;
                self.clock.0.fetch_add(self.plan.jump, Ordering::SeqCst);
                return Ok(());
            }
            (Err(error), _) => return Err(error),
        };
        if let Death::Request(shot) = how {
            // Not always the first.
            self.rig.watch.arm(shot, self.random.below(4));
        }
        self.tell(&process, number);
        let life = match how {
            Death::Time(millis) => Duration::from_millis(millis),
            Death::Flush(_) | Death::Request(_) => LIFE,
        };
        let since = Instant::now();
        while since.elapsed() < life && process.ended()?.is_none() {
            pause(2);
        }
        let died = process.ended()?.is_some();
        match how {
            Death::Flush(_) if died => self.ended.at_flushes += 1,
            Death::Request(Shot::Before) if died => self.ended.before_requests += 1,
            Death::Request(_) if died => self.ended.after_requests += 1,
            Death::Flush(_) | Death::Request(_) | Death::Time(_) => self.ended.at_random += 1,
        }
        process.kill()?;
        self.clock.0.fetch_add(self.plan.jump, Ordering::SeqCst);
        Ok(())
    }

    /// Delivers a new finding, and now and then says that an older one is gone.
    fn tell(&mut self, process: &Process, number: u64) {
        if self.deliver(process, (number, 0), finding) {
            self.ended.findings.insert(number);
        }
        let Some(older) = number.checked_sub(GONE_AFTER) else { return };
        if older % GONE_EVERY == 0
            && self.ended.findings.contains(&older)
            && self.deliver(process, (older, 1), gone)
        {
            self.ended.gone.insert(older);
        }
    }

    /// Whether it was acknowledged.
    fn deliver(
        &self,
        process: &Process,
        (number, run): (u64, u64),
        make: fn(&str, u64, usize) -> Vec<u8>,
    ) -> bool {
        let plan = Load {
            address: process.address(),
            hook: HOOK.to_owned(),
            secret: HOOK_SECRET.as_bytes().to_vec(),
            run: run.to_string(),
            first: number,
            bytes: 600,
            make,
            connections: 1,
            per_second: 0,
            time: Duration::from_secs(10),
            most: Some(1),
        };
        let tally = self.runtime.block_on(load(plan, Arc::new(AtomicBool::new(false))));
        !tally.acked.is_empty()
    }

    /// Lets the server end its work, and counts what stands at the sinks.
    fn settle(&mut self) -> io::Result<()> {
        self.rig.watch.disarm();
        // What was sent and not acknowledged may be there or not.
        let mut process = self.start(Vec::new())?;
        let begun = Instant::now();
        let mut since = Instant::now();
        loop {
            let client = Client::new(process.address()).with_token(&self.plan.token);
            let waits = self.rig.waits(&client, &self.ended)?;
            if waits.is_empty() {
                break;
            }
            if begun.elapsed() > self.plan.patience {
                self.ended.faults.push(format!("not done after all that time: {waits}"));
                break;
            }
            if self.plan.jump > 0 && since.elapsed() > Duration::from_secs(4) {
                self.clock.0.fetch_add(self.plan.jump, Ordering::SeqCst);
                signal(process.id(), "TERM")?;
                process.wait()?;
                process = self.start(Vec::new())?;
                since = Instant::now();
            }
            pause(500);
        }
        let client = Client::new(process.address()).with_token(&self.plan.token);
        self.rig.count(&client, &mut self.ended)?;
        signal(process.id(), "TERM")?;
        process.wait().map(drop)
    }
}

/// What tells a finding of one number: its asset has it in its name, with letters around.
#[must_use]
pub fn name(number: u64) -> String {
    uid("letter", number) + "-end"
}

/// A finding of its own rule in an account of its own, so that it is an incident of its own.
#[must_use]
pub fn finding(_run: &str, number: u64, bytes: usize) -> Vec<u8> {
    told(number, bytes, 1)
}

/// The same, some time later, and gone.
fn gone(_run: &str, number: u64, bytes: usize) -> Vec<u8> {
    told(number, bytes, 4)
}

fn told(number: u64, bytes: usize, status: u64) -> Vec<u8> {
    let mut record: Value =
        serde_json::from_slice(&delivery("letter", number, bytes)).unwrap_or_default();
    let name = name(number);
    let changes = [
        ("/status_id", json!(status)),
        ("/time", json!(1_790_000_000 + 100 * status)),
        ("/metadata/event_code", json!(format!("made_up_check_{number}"))),
        ("/finding_info/uid", json!(name)),
        ("/finding_info/title", json!(format!("A made-up fault {number}"))),
        ("/resources/0/uid", json!(format!("arn:aws:s3:::{name}"))),
        ("/cloud/account/uid", json!(format!("{:012}", 100_000_000_000 + number))),
    ];
    for (place, value) in changes {
        if let Some(field) = record.pointer_mut(place) {
            *field = value;
        }
    }
    record.to_string().into_bytes()
}

/// The words that kill a program at its flush of a number.
fn at_flush(flush: u64) -> Vec<String> {
    let inject = format!("inject=fdatasync,fsync:signal=KILL:when={flush}");
    ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", &inject]
        .map(str::to_owned)
        .to_vec()
}

fn can_kill_at_flushes() -> bool {
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    works.is_ok_and(|status| status.success())
}

fn pause(millis: u64) {
    #[expect(clippy::disallowed_methods, reason = "another process is waited for")]
    std::thread::sleep(Duration::from_millis(millis));
}

/// Asks a server for JSON.
fn ask(client: &Client, path: &str) -> io::Result<Value> {
    Ok(client.send(&Request::get(path))?.json())
}
