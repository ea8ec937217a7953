//! The server's death at any moment, disks that are full or fail, and what is there afterwards.
//!
//! The server is this test program once more, asked by a variable to serve.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use quell_model::TenantId;
use quell_server::{Role, StartError, TokenPlan, make_token};
use quell_testkit::server::{
    Acked, Burst, Client, Found, IMPORTED, Process, Request, burst, delivery, found, signal,
    signature, uid,
};

use crate::bench::{Shifted, config, plan, secret, until};

/// Names the data directory to serve.
const ASKED: &str = "QUELL_TEST_SERVE";
/// Further tables of its configuration.
pub(crate) const MORE: &str = "QUELL_TEST_MORE";
/// A key of its configuration and its value, `key=value`.
pub(crate) const KEY: &str = "QUELL_TEST_KEY";
/// Seconds that its clock is ahead.
pub(crate) const AHEAD: &str = "QUELL_TEST_AHEAD";
/// Deaths of one test.
const DEATHS: u64 = 20;

/// No test: the server, when it is asked for.
#[test]
fn serve_when_asked() {
    let Some(data) = std::env::var_os(ASKED) else { return };
    tracing_subscriber::fmt()
        .with_max_level(tracing::level_filters::LevelFilter::WARN)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let kind = tokio::signal::unix::SignalKind::terminate();
        let mut terminate = tokio::signal::unix::signal(kind).unwrap();
        let said = |name: &str| {
            std::env::var_os(name).and_then(|value| value.into_string().ok()).unwrap_or_default()
        };
        // A machine without memory fails each attempt at once; how attempts end is another test's.
        let mut keys = vec![("jobs.attempts", "20")];
        let key = said(KEY);
        keys.extend(key.split_once('='));
        let plan = plan(Path::new(&data), config(&keys, &said(MORE)));
        let mut err = std::io::stderr();
        let clock = Shifted(AtomicI64::new(said(AHEAD).parse().unwrap_or_default()));
        let mut server = match quell_server::start(plan, Arc::new(clock)).await {
            Ok(server) => server,
            Err(error) => {
                writeln!(err, "cannot start: {error}").unwrap();
                panic!("it cannot start");
            }
        };
        if let Some(token) = server.take_first_token() {
            writeln!(err, "{token}").unwrap();
        }
        writeln!(err, "quell listens on http://{}", server.address()).unwrap();
        terminate.recv().await;
        server.stop().await;
    });
}

/// The server on a data directory, behind another program where one is named.
pub(crate) fn server(data: &Path, before: &[&OsStr]) -> Command {
    let own = std::env::current_exe().unwrap();
    let arguments = ["--exact", "crash::serve_when_asked", "--nocapture", "--test-threads=1"];
    let mut words = before.iter().copied().chain([own.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(arguments).env(ASKED, data);
    command
}

/// The words that let the system fail a server's flushes in some way.
fn failing(how: &str) -> Vec<String> {
    let inject = format!("inject=fdatasync,fsync:{how}");
    ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", &inject]
        .map(str::to_owned)
        .to_vec()
}

fn words(words: &[String]) -> Vec<&OsStr> {
    words.iter().map(OsStr::new).collect()
}

/// Whether flushes can be made to fail here.
fn can_fail_flushes() -> bool {
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        println!("skipped: strace is not installed, or may not trace");
    }
    works
}

/// A data directory with an administrator.
pub(crate) fn prepared() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let token = admin(folder.path());
    (folder, token)
}

pub(crate) fn admin(data: &Path) -> String {
    let plan = TokenPlan {
        tenant: TenantId::default(),
        role: Role::Admin,
        scope: quell_server::Scope::default(),
        name: "tester".to_owned(),
        person: None,
        expires_at: None,
    };
    make_token(data, &plan, &Shifted::default()).unwrap().text
}

pub(crate) fn plan_of(address: std::net::SocketAddr, token: &str, time: Duration) -> Burst {
    Burst {
        address,
        token: token.to_owned(),
        hook: ("signed".to_owned(), secret("SIGNED").into_bytes()),
        connections: 8,
        time,
    }
}

/// Starts the server once more, and waits until all that was acknowledged is there, once.
pub(crate) fn check(data: &Path, token: &str, acked: &Acked) {
    let process = Process::start(&mut server(data, &[])).unwrap();
    let client = Client::new(process.address()).with_token(token);
    let default = TenantId::default();
    for id in &acked.jobs {
        let look = || client.send(&Request::get(&format!("/api/v1/jobs/{id}"))).unwrap().json();
        let mut job = look();
        for _ in 0..240 {
            match job["state"].as_str() {
                Some("queued" | "running") => pause(),
                _ => break,
            }
            job = look();
        }
        assert_eq!(job["state"], "done", "of {} jobs: {job}\n{}", acked.jobs.len(), process.said());
        let accounting = &job["result"]["accounting"];
        let of = |name: &str| accounting[name].as_u64().unwrap();
        let parts = ["created", "updated", "merged", "unchanged", "rejected"];
        assert_eq!(of("records"), parts.iter().map(|part| of(part)).sum::<u64>(), "{job}");
        assert_eq!((of("records"), of("rejected")), (IMPORTED, 0), "{job}");
    }
    let mut faults = Vec::new();
    for _ in 0..600 {
        faults = acked.faults(&found(data, &default).unwrap());
        if faults.is_empty() {
            break;
        }
        pause();
    }
    assert!(faults.is_empty(), "of {}: {faults:?}", acked.uids.len());
    let ready = client.send(&Request::get("/health/ready")).unwrap();
    assert_eq!(ready.status, 200, "{}", ready.text());
    let said = process.said();
    assert!(!said.contains("panicked") && !said.contains("damaged"), "{said}");
}

#[expect(clippy::disallowed_methods, reason = "a test looks again until another process is done")]
fn pause() {
    std::thread::sleep(Duration::from_millis(500));
}

#[test]
fn whenever_the_server_dies_what_it_acknowledged_is_there_once() {
    let (folder, token) = prepared();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut acked = Acked::default();
    for death in 0..DEATHS {
        let process = Process::start(&mut server(folder.path(), &[])).unwrap();
        let plan = plan_of(process.address(), &token, Duration::from_secs(60));
        runtime.block_on(async {
            let dies = async {
                tokio::time::sleep(Duration::from_millis(20 + death * 37 % 300)).await;
                process.kill().unwrap();
            };
            tokio::join!(burst(plan, &mut acked), dies)
        });
    }
    assert!(
        acked.uids.len() > 50 && acked.jobs.len() > 2,
        "{} {}",
        acked.uids.len(),
        acked.jobs.len()
    );
    check(folder.path(), &token, &acked);
}

#[test]
fn at_whichever_flush_the_server_dies_what_it_acknowledged_is_there_once() {
    if !can_fail_flushes() {
        return;
    }
    let (folder, token) = prepared();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut acked = Acked::default();
    let mut deaths = 0;
    for flush in 1..=64 {
        // A busy machine acknowledges little before it dies: it dies more often then.
        if flush > 16 && acked.uids.len() > 10 {
            break;
        }
        let before = failing(&format!("signal=KILL:when={flush}"));
        // It may die before it listens.
        let started = Process::start(&mut server(folder.path(), &words(&before)));
        let Ok(mut process) = started else {
            deaths += 1;
            continue;
        };
        let plan = plan_of(process.address(), &token, Duration::from_secs(20));
        runtime.block_on(burst(plan, &mut acked));
        deaths += u32::from(process.ended().unwrap().is_some());
        process.kill().unwrap();
    }
    assert!(deaths > 8, "only {deaths} died");
    assert!(acked.uids.len() > 10, "{}", acked.uids.len());
    check(folder.path(), &token, &acked);
}

#[test]
fn a_first_start_that_is_interrupted_at_any_flush_is_taken_up_by_the_next() {
    if !can_fail_flushes() {
        return;
    }
    for flush in [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24] {
        let folder = tempfile::tempdir().unwrap();
        let before = failing(&format!("signal=KILL:when={flush}"));
        if let Ok(process) = Process::start(&mut server(folder.path(), &words(&before))) {
            // It makes fewer flushes than that before it listens.
            process.kill().unwrap();
        }
        let token = admin(folder.path());
        check(folder.path(), &token, &Acked::default());
    }
}

pub(crate) fn deliver(client: &Client, body: &[u8]) -> Option<quell_testkit::server::Answer> {
    let signature = signature(secret("SIGNED").as_bytes(), body);
    let request = Request::post("/api/v1/hooks/signed", body).with("x-signature", &signature);
    client.send(&request).ok()
}

#[test]
fn after_a_flush_that_failed_nothing_is_acknowledged_and_nothing_lost() {
    if !can_fail_flushes() {
        return;
    }
    let (folder, token) = prepared();
    Process::start(&mut server(folder.path(), &[])).unwrap().kill().unwrap();
    let before = failing("error=EIO:when=12+");
    let process = Process::start(&mut server(folder.path(), &words(&before))).unwrap();
    let client = Client::new(process.address());
    let mut acked = Acked::default();
    let mut refused = 0;
    for number in 0..60 {
        let Some(answer) = deliver(&client, &delivery("eio", number, 600)) else { continue };
        match answer.status {
            202 => {
                assert_eq!(refused, 0, "it acknowledges after a flush failed");
                acked.uids.insert(uid("eio", number));
            }
            503 => {
                assert!(answer.header("retry-after").is_some());
                refused += 1;
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!(refused > 0 && !acked.uids.is_empty(), "{refused} {}", acked.uids.len());
    let ready = client.send(&Request::get("/health/ready")).unwrap();
    assert_eq!(ready.status, 503, "{}", ready.text());
    assert_eq!(client.send(&Request::get("/health/live")).unwrap().status, 200);
    process.kill().unwrap();
    check(folder.path(), &token, &acked);
}

#[test]
fn told_to_stop_in_a_burst_it_ends_in_order_and_loses_nothing() {
    let (folder, token) = prepared();
    let process = Process::start(&mut server(folder.path(), &[])).unwrap();
    let plan = plan_of(process.address(), &token, Duration::from_secs(60));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut acked = Acked::default();
    let id = process.id();
    runtime.block_on(async {
        let stops = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            signal(id, "TERM").unwrap();
        };
        tokio::join!(burst(plan, &mut acked), stops)
    });
    let ended = process.wait().unwrap();
    assert!(ended.success(), "{ended}");
    assert!(!acked.uids.is_empty());
    check(folder.path(), &token, &acked);
}

/// The findings as the server lists them, where its files cannot be seen.
fn listed(client: &Client) -> Found {
    let answer = client.send(&Request::get("/api/v1/findings?limit=500")).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut found = Found::new();
    for item in answer.json()["items"].as_array().into_iter().flatten() {
        *found.entry(item["native_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    found
}

/// Bytes without a pattern.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64 + seed;
    let next = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    next.flatten().take(bytes).collect()
}

/// A small disk with a file that takes up room, and the server on it.
const SMALL_DISK: &str = "mount -t tmpfs -o size=64m none \"$1\" && head -c 44M /dev/zero > \"$1/ballast\" && \
    mkdir \"$1/data\" && shift && exec \"$@\"";

#[test]
fn a_full_disk_stops_intake_only_and_only_while_it_is_full() {
    let may = Command::new("unshare").args(["-Urm", "true"]).status();
    if !may.is_ok_and(|status| status.success()) {
        println!("skipped: no file system can be mounted here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().as_os_str();
    let before: Vec<&OsStr> = ["unshare", "-Urm", "sh", "-c", SMALL_DISK, "sh"]
        .into_iter()
        .map(OsStr::new)
        .chain([disk])
        .collect();
    let process = Process::start(&mut server(&folder.path().join("data"), &before)).unwrap();
    // The disk is seen through the process only.
    let root = Path::new("/proc").join(process.id().to_string()).join("root");
    let inside = root.join(folder.path().strip_prefix("/").unwrap());
    let token = process.token().unwrap();
    let client = Client::new(process.address()).with_token(&token);
    let mut acked = Acked::default();
    let mut full = 0;
    for number in 0..4000 {
        let Some(answer) = deliver(&client, &delivery("full", number, 60_000)) else {
            panic!("it does not answer: {}", process.said());
        };
        match answer.status {
            202 => drop(acked.uids.insert(uid("full", number))),
            503 => {
                assert!(answer.header("retry-after").is_some());
                full += 1;
            }
            other => panic!("{other}: {}", answer.text()),
        }
        if full > 20 {
            break;
        }
    }
    assert!(full > 20 && acked.uids.len() > 20, "{full} {}", acked.uids.len());
    // Bytes that do not get smaller by packing; the disk may have room for the first of them.
    let upload =
        |seed| client.send(&Request::post("/api/v1/imports", noise(seed, 1_000_000))).unwrap();
    let import = (0..40).map(upload).find(|answer| answer.status != 202).unwrap();
    assert_eq!(import.status, 503, "{}", import.text());
    assert!(import.header("retry-after").is_some());
    for path in ["/api/v1/jobs", "/api/v1/sources", "/health/live", "/metrics"] {
        let answer = client.send(&Request::get(path)).unwrap();
        assert_eq!(answer.status, 200, "{path} while the disk is full: {}", answer.text());
    }
    std::fs::remove_file(inside.join("ballast")).unwrap();
    until("intake works again", || {
        let answer = deliver(&client, &delivery("full", 5000, 600)).unwrap();
        answer.status == 202
    });
    acked.uids.insert(uid("full", 5000));
    let mut faults = Vec::new();
    for _ in 0..60 {
        faults = acked.faults(&listed(&client));
        if faults.is_empty() {
            break;
        }
        pause();
    }
    let said = process.said();
    assert!(faults.is_empty(), "{} of {} faults\n{said}", faults.len(), acked.uids.len());
    let ready = client.send(&Request::get("/health/ready")).unwrap();
    assert_eq!(ready.status, 200, "{}", ready.text());
    let said = process.said();
    assert!(!said.contains("panicked") && !said.contains("damaged"), "{said}");
}

#[test]
fn a_database_of_a_newer_program_is_refused_with_a_sentence() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for name in ["quell.db", "server.db"] {
        let (folder, _) = prepared();
        Process::start(&mut server(folder.path(), &[])).unwrap().kill().unwrap();
        let database = rusqlite::Connection::open(folder.path().join(name)).unwrap();
        database.pragma_update(None, "user_version", 9999).unwrap();
        drop(database);
        let plan = plan(folder.path(), config(&[], ""));
        let refused = runtime.block_on(quell_server::start(plan, Arc::new(Shifted::default())));
        let Err(StartError::Store(error)) = refused else { panic!("{name}: {refused:?}") };
        let said = error.to_string();
        assert!(said.contains("9999") && said.contains("newer"), "{said}");
    }
}

#[test]
fn a_second_server_on_the_same_data_is_refused_with_a_sentence() {
    let (folder, _) = prepared();
    let first = Process::start(&mut server(folder.path(), &[])).unwrap();
    let second = Process::start(&mut server(folder.path(), &[])).unwrap_err().to_string();
    assert!(second.contains("another quell serves"), "{second}");
    drop(first);
}
