//! What a release server takes, what it loses when it is killed, and how much memory it needs.
//!
//! `cargo xtask bench-server` and `cargo xtask kill-server` build the server and run this.

mod drain;
mod readers;
mod tickets;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Read as _, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use quell_model::TenantId;
use quell_testkit::estate::write_ocsf;
use quell_testkit::server::{
    Acked, Answer, Burst, Client, Load, Process, Request, Tally, burst, delivery, found, load,
    peak_memory_kib, resident_kib, uid,
};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const SECRET: &str = "a-secret-of-the-benchmark";
const CONFIG: &str = r#"
[server]
max_import_bytes = 10737418240
import_wait_seconds = 3600

[limits]
token_rate_per_second = 100000
token_burst = 100000

[hooks.bench]
auth = "hmac"
header = "x-signature"
secrets = ["env:BENCH_SECRET"]
rate_per_second = 1000000
burst = 1000000
"#;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut words = words.iter().map(String::as_str);
    let (quell, command) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let numbers: BTreeMap<&str, u64> = std::iter::from_fn(|| {
        let (name, value) = (words.next()?, words.next()?.parse().ok()?);
        Some((name, value))
    })
    .collect();
    let number = |name: &str, default: u64| numbers.get(name).copied().unwrap_or(default);
    // The system's folder for temporary files may be in memory, where a flush takes no time.
    let place = Place::new(quell)?;
    match command {
        "hooks" => hooks(
            &place,
            number("--seconds", 60),
            (number("--connections", 128), number("--rate", 10_000)),
        ),
        "import" => import(&place, number("--findings", 1_000_000)),
        "drain" => drain::drain(
            &place,
            number("--stored", 200_000),
            (number("--deliveries", 20_000), number("--detections", 20_000)),
        ),
        "readers" => readers::readers(
            &place,
            (number("--stored", 1_000_000), number("--findings", 500_000)),
            readers::Readers {
                count: number("--readers", 64),
                pause_millis: number("--pause", 1000),
                tool: usize::try_from(number("--tool", 1))?,
                first: number("--first", 0),
            },
        ),
        "tickets" => {
            tickets::tickets(quell, number("--stored", 100_000), number("--deliveries", 300))
        }
        "letters" => {
            tickets::letters(quell, number("--findings", 200_000), number("--letters", 100))
        }
        "kill" => kill(&place, number("--kills", 200)),
        "bogus" => bogus(&place, number("--names", 100_000)),
        other => Err(format!("there is no `{other}`").into()),
    }
}

/// A data directory and the program that serves it.
struct Place {
    quell: PathBuf,
    folder: tempfile::TempDir,
}

impl Place {
    fn new(quell: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir_in("target")?;
        fs::write(folder.path().join("quell.toml"), CONFIG)?;
        Ok(Self { quell: quell.into(), folder })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn start(&self) -> io::Result<Process> {
        let mut command = Command::new(&self.quell);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(self.folder.path().join("quell.toml"))
            .arg("--data")
            .arg(self.data())
            .env("QUELL_TELEMETRY_LOG_LEVEL", "warn")
            .env("BENCH_SECRET", SECRET)
            .env(tickets::TOKEN.0, tickets::TOKEN.1);
        Process::start(&mut command)
    }

    /// The first start, with the administrator's token.
    fn first(&self) -> Outcome<(Process, Client)> {
        let process = self.start()?;
        for _ in 0..200 {
            if let Some(token) = process.token() {
                let client = Client::new(process.address()).with_token(&token);
                return Ok((process, client));
            }
            pause(50);
        }
        Err("no token was told".into())
    }
}

fn pause(millis: u64) {
    #[expect(clippy::disallowed_methods, reason = "a measurement waits for another process")]
    std::thread::sleep(Duration::from_millis(millis));
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a measurement takes real time")]
    Instant::now()
}

fn say(line: &str) {
    let _nobody_reads = writeln!(io::stdout(), "{line}");
}

fn plan(process: &Process, run: &str, seconds: u64, (connections, rate): (u64, u64)) -> Load {
    Load {
        address: process.address(),
        hook: "bench".to_owned(),
        secret: SECRET.as_bytes().to_vec(),
        run: run.to_owned(),
        first: 0,
        bytes: 2048,
        make: delivery,
        connections: usize::try_from(connections).unwrap_or(64),
        per_second: rate,
        time: Duration::from_secs(seconds),
        most: None,
    }
}

/// Deliveries for some time, then again until a death at a random moment, and the count of what is
/// there afterwards.
fn hooks(place: &Place, seconds: u64, pace: (u64, u64)) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (process, client) = place.first()?;
    let goes_on = || Arc::new(AtomicBool::new(false));
    let begun = now();
    let mut steady = runtime.block_on(load(plan(&process, "steady", seconds, pace), goes_on()));
    tell("steady", &mut steady, begun.elapsed());
    let metrics = client.send(&Request::get("/metrics"))?.text();
    let behind = metrics.lines().find(|line| line.starts_with("quell_intake_behind_bytes"));
    say(&format!(
        "  peak memory {} MB; {}",
        peak_memory_kib(process.id()) >> 10,
        behind.unwrap_or("how far the findings are behind is not told")
    ));
    let millis = 3000 + u64::from(std::process::id()) * 7919 % 7000;
    let deadly = plan(&process, "deadly", 60, pace);
    let begun = now();
    let (mut deadly, killed) = runtime.block_on(async {
        let killer = async {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            process.kill()
        };
        tokio::join!(load(deadly, goes_on()), killer)
    });
    killed?;
    tell("until its death", &mut deadly, begun.elapsed());
    let begun = now();
    let process = place.start()?;
    say(&format!("started again in {} ms", begun.elapsed().as_millis()));
    let mut acked = Acked::default();
    acked.uids.extend(steady.acked.iter().map(|number| uid("steady", *number)));
    acked.uids.extend(deadly.acked.iter().map(|number| uid("deadly", *number)));
    let begun = now();
    complete(&place.data(), &acked, 3600)?;
    say(&format!(
        "{} acknowledged, all there, none twice, {} s after the start; peak memory {} MB",
        acked.uids.len(),
        begun.elapsed().as_secs(),
        peak_memory_kib(process.id()) >> 10
    ));
    Ok(())
}

fn tell(what: &str, tally: &mut Tally, took: Duration) {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let count = tally.acked.len() as u64;
    let ms = |micros: u64| micros / 1000;
    say(&format!(
        "{what}: {count} acknowledged in {} s, {}/s; p50 {} ms, p99 {} ms, p99.9 {} ms; {:?}; \
         {} broken, {} without Retry-After",
        millis / 1000,
        count * 1000 / millis,
        ms(tally.micros_at(500)),
        ms(tally.micros_at(990)),
        ms(tally.micros_at(999)),
        tally.statuses,
        tally.broken,
        tally.without_wait,
    ));
}

/// Waits until all that was acknowledged is there, once.
fn complete(data: &Path, acked: &Acked, most_seconds: u64) -> Outcome<()> {
    let begun = now();
    loop {
        let found = found(data, &TenantId::default())?;
        let faults = acked.faults(&found);
        if faults.is_empty() {
            return Ok(());
        }
        if begun.elapsed().as_secs() > most_seconds {
            let shown: Vec<_> = faults.iter().take(5).collect();
            return Err(format!("{} faults: {shown:?}", faults.len()).into());
        }
        say(&format!("  {} are there, {} are not taken in yet", found.len(), faults.len()));
        pause(5000);
    }
}

/// Sends findings as one upload while they are made.
fn import(place: &Place, findings: u64) -> Outcome<()> {
    let (process, client) = place.first()?;
    let idle = resident_kib(process.id());
    let begun = now();
    let stream = upload(&client, |chunks| write_ocsf(findings, 1, chunks))?;
    let sent = begun.elapsed();
    let at_sent = peak_memory_kib(process.id());
    let answer = answered(stream)?;
    let job = answer.json();
    let state = job.get("state").cloned().unwrap_or_default();
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    say(&format!(
        "import of {findings}: {} {state}, sent in {} s, all in {} s, {} findings/s; memory idle {} MB, \
         peak while sent {} MB, peak {} MB",
        answer.status,
        sent.as_secs(),
        millis / 1000,
        findings * 1000 / millis,
        idle >> 10,
        at_sent >> 10,
        peak_memory_kib(process.id()) >> 10,
    ));
    process.kill()?;
    let begun = now();
    let process = place.start()?;
    let client = Client { address: process.address(), ..client };
    let ready = client.send(&Request::get("/health/ready"))?;
    say(&format!(
        "killed; ready again in {} ms ({}), memory {} MB",
        begun.elapsed().as_millis(),
        ready.status,
        resident_kib(process.id()) >> 10
    ));
    Ok(())
}

/// Uploads what is written, whose length nobody knows: it is answered once it is in the findings.
fn upload(
    client: &Client,
    write: impl FnOnce(&mut BufWriter<Chunks>) -> io::Result<()>,
) -> io::Result<TcpStream> {
    let mut stream = client.connect()?;
    stream.set_read_timeout(Some(Duration::from_secs(3600)))?;
    let head = format!(
        "POST /api/v1/imports?wait=true HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        client.address,
        client.token.as_deref().unwrap_or_default()
    );
    stream.write_all(head.as_bytes())?;
    let mut chunks = BufWriter::with_capacity(1 << 20, Chunks(stream));
    write(&mut chunks)?;
    let Chunks(mut stream) = chunks.into_inner().map_err(io::IntoInnerError::into_error)?;
    stream.write_all(LAST_CHUNK)?;
    Ok(stream)
}

/// The answer to an upload, once it has come.
fn answered(mut stream: TcpStream) -> Outcome<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Ok(Answer::parse(&bytes)?)
}

/// What ends a body of chunks.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Writes each piece as a chunk.
struct Chunks(TcpStream);

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !bytes.is_empty() {
            self.0.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
            self.0.write_all(bytes)?;
            self.0.write_all(b"\r\n")?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Kills a server again and again while it is busy, and looks for what it acknowledged.
fn kill(place: &Place, kills: u64) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (first, client) = place.first()?;
    let token = client.token.clone().unwrap_or_default();
    first.kill()?;
    let mut acked = Acked::default();
    let begun = now();
    for number in 0..kills {
        let process = place.start()?;
        let plan = Burst {
            address: process.address(),
            token: token.clone(),
            hook: ("bench".to_owned(), SECRET.as_bytes().to_vec()),
            connections: 16,
            time: Duration::from_secs(60),
        };
        // Spread over a quarter of a second, without a pattern.
        let millis = 5 + number.wrapping_mul(2_654_435_761) % 250;
        runtime.block_on(async {
            let killer = async {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                process.kill()
            };
            tokio::join!(burst(plan, &mut acked), killer).1
        })?;
        if (number + 1) % 50 == 0 || number + 1 == kills {
            let process = place.start()?;
            complete(&place.data(), &acked, 600)?;
            jobs(&Client { address: process.address(), ..client.clone() }, &acked)?;
            say(&format!(
                "{} kills in {} s: {} findings and {} imports were acknowledged, all there, none twice",
                number + 1,
                begun.elapsed().as_secs(),
                acked.uids.len(),
                acked.jobs.len()
            ));
        }
    }
    Ok(())
}

/// Looks whether every import that was accepted is done, and accounts for all its records.
fn jobs(client: &Client, acked: &Acked) -> Outcome<()> {
    for id in &acked.jobs {
        let job = client.send(&Request::get(&format!("/api/v1/jobs/{id}")))?.json();
        let text = |pointer: &str| job.pointer(pointer).cloned().unwrap_or_default();
        if text("/state") != "done" {
            return Err(
                format!("the import {id} is {}: {}", text("/state"), text("/reason")).into()
            );
        }
        let of = |name: &str| text(&format!("/result/accounting/{name}")).as_u64().unwrap_or(0);
        let parts = ["created", "updated", "merged", "unchanged", "rejected"];
        if of("records") != parts.iter().map(|part| of(part)).sum::<u64>() {
            return Err(format!("the import {id} does not account for its records: {job}").into());
        }
    }
    Ok(())
}

/// Deliveries to names that are not there.
fn bogus(place: &Place, names: u64) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (process, client) = place.first()?;
    let before = resident_kib(process.id());
    let lines = client.send(&Request::get("/metrics"))?.text().lines().count();
    let stop = Arc::new(AtomicBool::new(false));
    let mut statuses = BTreeMap::<u16, u64>::new();
    // Each name has a sender of its own that begins anew.
    let mut first = 0;
    while first < names {
        let mut tasks = tokio::task::JoinSet::new();
        for number in first..(first + 64).min(names) {
            let mut plan = plan(&process, "bogus", 1, (1, 0));
            plan.hook = format!("bogus-{number}");
            plan.bytes = 0;
            tasks.spawn_on(once(plan, Arc::clone(&stop)), runtime.handle());
        }
        for status in runtime.block_on(tasks.join_all()).into_iter().flatten() {
            *statuses.entry(status).or_default() += 1;
        }
        first += 64;
    }
    stop.store(true, Ordering::SeqCst);
    let after = client.send(&Request::get("/metrics"))?.text().lines().count();
    say(&format!(
        "{names} names: {statuses:?}; memory {} to {} MB; {lines} to {after} lines of metrics",
        before >> 10,
        resident_kib(process.id()) >> 10
    ));
    Ok(())
}

/// Sends one delivery.
async fn once(plan: Load, stop: Arc<AtomicBool>) -> Option<u16> {
    let sending = load(Load { most: Some(1), ..plan }, stop).await;
    sending.statuses.keys().next().copied()
}
