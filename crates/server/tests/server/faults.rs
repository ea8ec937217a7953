//! Disks that refuse, files that changed or were put back alone, memory and descriptors that end,
//! and a database that somebody else holds.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use quell_audit_verify::{Directory, Options, verify};
use quell_model::TenantId;
use quell_testkit::server::{Acked, Client, Process, Request, burst, delivery, found, signal, uid};

use crate::bench::{lines, until};
use crate::crash::{check, deliver, plan_of, prepared, server};

/// Whether a file system of one's own can be mounted here.
fn can_mount() -> bool {
    let may = Command::new("unshare").args(["-Urm", "true"]).status();
    let may = may.is_ok_and(|status| status.success());
    if !may {
        println!("skipped: no file system can be mounted here");
    }
    may
}

/// Whether a program is there.
fn has(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        println!("skipped: `{program}` is not installed");
    }
    there
}

/// The server behind a shell script in a name space of its own; the script's first argument is a
/// folder where it may mount.
fn mounted(script: &'static str, folder: &Path) -> Command {
    let before: Vec<&OsStr> = ["unshare", "-Urm", "sh", "-c", script, "sh"]
        .into_iter()
        .map(OsStr::new)
        .chain([folder.as_os_str()])
        .collect();
    server(&folder.join("data"), &before)
}

/// What a server says that cannot start.
fn refusal(data: &Path) -> String {
    Process::start(&mut server(data, &[])).unwrap_err().to_string()
}

/// Stops a server in order.
fn stop(process: Process) {
    signal(process.id(), "TERM").unwrap();
    let ended = process.wait().unwrap();
    assert!(ended.success(), "{ended}");
}

/// Takes some deliveries in, and stops in order.
fn run(data: &Path, name: &str, count: u64) {
    let process = Process::start(&mut server(data, &[])).unwrap();
    let client = Client::new(process.address());
    let mut acked = Acked::default();
    for number in 0..count {
        assert_eq!(deliver(&client, &delivery(name, number, 600)).unwrap().status, 202);
        acked.uids.insert(uid(name, number));
    }
    until("they are taken in", || {
        acked.faults(&found(data, &TenantId::default()).unwrap()).is_empty()
    });
    stop(process);
}

#[test]
fn each_test_that_the_page_of_faults_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/faults.md")).unwrap();
    let (mut named, mut file) = (0, String::new());
    for row in page.lines().filter(|line| line.starts_with('|')) {
        file.clear();
        for word in row.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                file =
                    fs::read_to_string(root.join(word)).unwrap_or_else(|e| panic!("{word}: {e}"));
            } else if word.contains('_') && !file.is_empty() {
                assert!(file.contains(&format!("fn {word}(")), "{row}\nnames no test `{word}`");
                named += 1;
            }
        }
    }
    assert!(named > 50, "{named}");
}

#[test]
fn a_data_directory_that_is_read_only_is_refused_with_a_sentence() {
    if !can_mount() {
        return;
    }
    const READ_ONLY: &str = "mount -t tmpfs none \"$1\" && mkdir \"$1/data\" && \
        mount -o remount,ro none \"$1\" && shift && exec \"$@\"";
    let folder = tempfile::tempdir().unwrap();
    let said = Process::start(&mut mounted(READ_ONLY, folder.path())).unwrap_err().to_string();
    assert!(said.contains("cannot start") && said.contains("data"), "{said}");
    assert!(said.to_lowercase().contains("read-only"), "{said}");
}

#[test]
fn a_full_disk_under_the_audit_log_stops_every_change_and_nothing_else() {
    if !can_mount() {
        return;
    }
    const SMALL_LOG: &str = "mkdir -p \"$1/data/audit\" && \
        mount -t tmpfs -o size=1m none \"$1/data/audit\" && \
        head -c 700K /dev/zero > \"$1/data/audit/ballast\" && shift && exec \"$@\"";
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&mut mounted(SMALL_LOG, folder.path())).unwrap();
    let root = Path::new("/proc").join(process.id().to_string()).join("root");
    let log = root.join(folder.path().strip_prefix("/").unwrap()).join("data/audit");
    let client = Client::new(process.address()).with_token(&process.token().unwrap());
    let change = || {
        let path = "/api/v1/issues/00000000000000000000000000/mark";
        let request = Request::post(path, r#"{"as":"accepted","reason":"x"}"#)
            .with("content-type", "application/json");
        client.send(&request).unwrap()
    };
    // Each is two records, whether there is such an issue or not.
    let refused = (0..5_000).map(|_| change()).find(|answer| answer.status != 404).unwrap();
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("audit log"), "{}", refused.text());
    for path in ["/api/v1/findings", "/api/v1/issues", "/api/v1/audit", "/health/live"] {
        assert_eq!(client.send(&Request::get(path)).unwrap().status, 200, "{path}");
    }
    assert_eq!(deliver(&client, &delivery("kept", 0, 600)).unwrap().status, 202);
    fs::remove_file(log.join("ballast")).unwrap();
    until("changes are made again", || change().status == 404);
    let sound = || verify(&Directory(log.clone()), &Options::default());
    until("the log is whole", || sound().is_sound() && sound().size > 10);
    let taken = || client.send(&Request::get("/api/v1/findings")).unwrap().json()["total"] == 1;
    until("what came in is taken", taken);
    let said = process.said();
    assert!(!said.contains("panicked") && !said.contains("damaged"), "{said}");
}

#[test]
fn without_inodes_uploads_wait_and_webhooks_and_reading_go_on() {
    if !can_mount() {
        return;
    }
    const FEW_INODES: &str = "mount -t tmpfs -o size=64m,nr_inodes=700 none \"$1\" && \
        mkdir \"$1/data\" \"$1/ballast\" && n=0 && while [ $n -lt 380 ]; do \
        : > \"$1/ballast/$n\"; n=$((n+1)); done && shift && exec \"$@\"";
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&mut mounted(FEW_INODES, folder.path())).unwrap();
    let root = Path::new("/proc").join(process.id().to_string()).join("root");
    let inside = root.join(folder.path().strip_prefix("/").unwrap());
    let client = Client::new(process.address()).with_token(&process.token().unwrap());
    let upload = |run: u64| {
        let body = lines(&format!("import-{run}"), 1);
        client.send(&Request::post("/api/v1/imports", body)).unwrap()
    };
    assert_eq!(deliver(&client, &delivery("hook", 0, 600)).unwrap().status, 202);
    let refused = (0..400).map(upload).find(|answer| answer.status != 202).unwrap();
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    // What stands open already has its inode.
    assert_eq!(deliver(&client, &delivery("hook", 1, 600)).unwrap().status, 202);
    for path in ["/api/v1/findings", "/api/v1/jobs", "/health/live"] {
        assert_eq!(client.send(&Request::get(path)).unwrap().status, 200, "{path}");
    }
    fs::remove_dir_all(inside.join("ballast")).unwrap();
    until("uploads work again", || upload(999).status == 202);
    let said = process.said();
    assert!(!said.contains("panicked") && !said.contains("damaged"), "{said}");
}

#[test]
fn without_descriptors_new_connections_wait_and_are_answered_later() {
    if !has("prlimit") {
        return;
    }
    let (folder, token) = prepared();
    let before = ["prlimit", "--nofile=96:96"].map(OsStr::new);
    let process = Process::start(&mut server(folder.path(), &before)).unwrap();
    let client = Client::new(process.address()).with_token(&token);
    let held: Vec<_> = (0..150).filter_map(|_| client.connect().ok()).collect();
    assert!(held.len() > 96, "{}", held.len());
    drop(held);
    until("it answers again", || {
        client.send(&Request::get("/health/ready")).is_ok_and(|answer| answer.status == 200)
    });
    assert_eq!(deliver(&client, &delivery("fd", 1, 600)).unwrap().status, 202);
    let said = process.said();
    assert!(!said.contains("panicked"), "{said}");
    process.kill().unwrap();
    let acked = Acked { uids: [uid("fd", 1)].into(), ..Acked::default() };
    check(folder.path(), &token, &acked);
}

#[test]
fn a_disk_that_becomes_read_only_or_whose_quota_ends_acknowledges_nothing_more() {
    if !has("strace") {
        return;
    }
    for fault in ["EROFS", "EDQUOT"] {
        let (folder, token) = prepared();
        Process::start(&mut server(folder.path(), &[])).unwrap().kill().unwrap();
        let inject = format!("inject=fdatasync,fsync:error={fault}:when=12+");
        let before = [
            "strace",
            "-D",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=fdatasync,fsync",
            "-e",
            &inject,
        ]
        .map(OsStr::new);
        let Ok(process) = Process::start(&mut server(folder.path(), &before)) else {
            println!("skipped: this process may not be traced");
            return;
        };
        let client = Client::new(process.address());
        let mut acked = Acked::default();
        let mut refused = 0;
        for number in 0..60 {
            let Some(answer) = deliver(&client, &delivery(fault, number, 600)) else { continue };
            match answer.status {
                202 => {
                    assert_eq!(refused, 0, "it acknowledges after a flush failed");
                    acked.uids.insert(uid(fault, number));
                }
                503 => {
                    assert!(answer.header("retry-after").is_some());
                    refused += 1;
                }
                other => panic!("{other}: {}", answer.text()),
            }
        }
        assert!(refused > 0, "{fault}: nothing was refused");
        assert_eq!(client.send(&Request::get("/health/live")).unwrap().status, 200);
        process.kill().unwrap();
        check(folder.path(), &token, &acked);
    }
}

#[test]
fn a_bit_that_changed_while_the_server_was_down_is_told_with_the_file() {
    let (folder, token) = prepared();
    run(folder.path(), "a", 5);
    // What was opened before a refusal is closed in no order, so the first that is opened comes first.
    for name in ["server.db", "quell.db"] {
        let path = folder.path().join(name);
        let whole = fs::read(&path).unwrap();
        for at in [0, 100, whole.len() / 2, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            fs::write(&path, bytes).unwrap();
            let said = refusal(folder.path());
            assert!(said.contains(name) && said.contains("from byte"), "{name} {at}: {said}");
        }
        fs::write(&path, whole).unwrap();
    }
    let uids = (0..5).map(|number| uid("a", number)).collect();
    check(folder.path(), &token, &Acked { uids, ..Acked::default() });
}

#[test]
fn pages_that_do_not_hold_together_after_a_kill_are_told_with_the_file() {
    let (folder, _) = prepared();
    run(folder.path(), "a", 5);
    // As a kill leaves it: nothing says what the pages were.
    for name in ["quell.db", "server.db"] {
        fs::remove_file(folder.path().join(format!("{name}.sums"))).unwrap();
    }
    let path = folder.path().join("quell.db");
    let whole = fs::read(&path).unwrap();
    let mut bytes = whole.clone();
    // The heads of all pages but the first few.
    for page in bytes.chunks_mut(8192).skip(3) {
        page[3] ^= 0x55;
        page[5] ^= 0x55;
    }
    fs::write(&path, bytes).unwrap();
    let said = refusal(folder.path());
    assert!(said.contains("quell.db") && said.contains("damaged"), "{said}");
    fs::write(&path, whole).unwrap();
    stop(Process::start(&mut server(folder.path(), &[])).unwrap());
}

#[test]
fn a_database_that_is_put_back_alone_from_an_older_copy_is_refused() {
    for name in ["quell.db", "server.db"] {
        let (folder, _) = prepared();
        run(folder.path(), "a", 3);
        let path = folder.path().join(name);
        let old = fs::read(&path).unwrap();
        run(folder.path(), "b", 3);
        run(folder.path(), "c", 3);
        let new = fs::read(&path).unwrap();
        let list = folder.path().join(format!("{name}.sums"));
        let sums = fs::read(&list).unwrap();
        fs::write(&path, &old).unwrap();
        // With the list of the new one it is another file; without, it is an older one.
        assert!(refusal(folder.path()).contains(name));
        fs::remove_file(&list).unwrap();
        let said = refusal(folder.path());
        assert!(said.contains(&format!("`{name}` is older")), "{said}");
        fs::write(&path, &new).unwrap();
        drop(fs::remove_file(folder.path().join(format!("{name}-wal"))));
        fs::write(&list, sums).unwrap();
        stop(Process::start(&mut server(folder.path(), &[])).unwrap());
        // Somebody may mean it.
        fs::write(&path, &old).unwrap();
        fs::remove_file(&list).unwrap();
        fs::write(folder.path().join("accept-older-copy"), "").unwrap();
        for _ in 0..2 {
            stop(Process::start(&mut server(folder.path(), &[])).unwrap());
        }
    }
}

#[test]
fn what_came_after_a_backup_is_taken_again_from_the_log_once_it_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let token = crate::crash::admin(&data);
    run(&data, "before", 4);
    let copy = folder.path().join("copy");
    quell_store::backup(&data, &copy, ("test", "now")).unwrap();
    run(&data, "after", 4);
    let restored = quell_store::restore(&copy, &data, quell_store::Existing::PutAside).unwrap();
    assert!(restored.keeps_log && restored.before.is_some());
    let names = ["before", "after"];
    let uids = names.iter().flat_map(|name| (0..4).map(move |number| uid(name, number)));
    check(&data, &token, &Acked { uids: uids.collect(), ..Acked::default() });
}

#[expect(clippy::disallowed_methods, reason = "how long the senders wait is what is told")]
#[test]
fn a_database_that_somebody_else_holds_delays_no_answer() {
    let (folder, token) = prepared();
    let process = Process::start(&mut server(folder.path(), &[])).unwrap();
    let client = Client::new(process.address());
    let holders = ["quell.db", "server.db"].map(|name| {
        let holder = rusqlite::Connection::open(folder.path().join(name)).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        holder
    });
    let mut acked = Acked::default();
    let begun = Instant::now();
    for number in 0..20 {
        assert_eq!(deliver(&client, &delivery("slow", number, 600)).unwrap().status, 202);
        acked.uids.insert(uid("slow", number));
    }
    // A sender of the strictest kind gives up after 3 s; the databases answer after 10 at best.
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    drop(holders);
    process.kill().unwrap();
    check(folder.path(), &token, &acked);
}

#[test]
fn a_server_whose_memory_ends_recovers_as_after_a_kill() {
    if !has("prlimit") {
        return;
    }
    let (folder, token) = prepared();
    let mut acked = Acked::default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut deaths = 0;
    for spare_mib in [0, 1, 2, 4, 8] {
        let mut process = Process::start(&mut server(folder.path(), &[])).unwrap();
        let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
        let size: u64 = size.split_whitespace().next().unwrap().parse().unwrap();
        let most = (size + spare_mib * 1024) * 1024;
        let limited = Command::new("prlimit")
            .args([format!("--pid={}", process.id()), format!("--as={most}")])
            .status();
        assert!(limited.unwrap().success());
        let plan = plan_of(process.address(), &token, Duration::from_secs(3));
        runtime.block_on(burst(plan, &mut acked));
        deaths += u32::from(process.ended().unwrap().is_some());
        process.kill().unwrap();
    }
    println!("{deaths} of 5 ended for want of memory");
    check(folder.path(), &token, &acked);
}

/// What one line of a trace says: names that are no longer, or newly, what they were; or the
/// folder that is flushed.
enum Traced {
    Changed(Vec<String>),
    Flushed(String),
}

fn traced(line: &str) -> Option<Traced> {
    if !line.ends_with("= 0") {
        return None;
    }
    let call = line.split_once(' ').map_or(line, |(_, call)| call.trim_start());
    if call.starts_with("fsync(") {
        let (_, from) = call.split_once('<')?;
        return from.split_once('>').map(|(folder, _)| Traced::Flushed(folder.to_owned()));
    }
    let is_change = ["unlink", "rename"].iter().any(|name| call.starts_with(name));
    // Every second piece stands between quotes.
    let names = call.split('"').skip(1).step_by(2).map(str::to_owned);
    is_change.then(|| Traced::Changed(names.collect()))
}

/// The calls of a trace, each in one line. Where threads overlap, a call is told in two lines: a
/// flush then stands where it began, since it covers nothing later, and a change where it ended.
fn whole_calls(trace: &str) -> Vec<String> {
    let mut calls: Vec<String> = Vec::new();
    let mut begun: HashMap<&str, (usize, &str)> = HashMap::new();
    for line in trace.lines() {
        let thread = line.split(' ').next().unwrap_or_default();
        if let Some(head) = line.strip_suffix("<unfinished ...>") {
            begun.insert(thread, (calls.len(), head.trim_end()));
            // The place of a flush; a line that says nothing for every other call.
            calls.push(String::new());
        } else if let Some((_, tail)) = line.split_once(" resumed>") {
            let Some((place, head)) = begun.remove(thread) else { continue };
            let call = format!("{head}{tail}");
            if head.contains("fsync(") {
                calls[place] = call;
            } else {
                calls.push(call);
            }
        } else {
            calls.push(line.to_owned());
        }
    }
    calls
}

/// The names below a folder that changed and whose folder was not flushed after that.
fn unflushed(trace: &str, data: &Path) -> Vec<String> {
    let mut waiting: Vec<String> = Vec::new();
    for told in whole_calls(trace).iter().filter_map(|call| traced(call)) {
        match told {
            Traced::Changed(names) => {
                waiting.extend(names.into_iter().filter(|name| Path::new(name).starts_with(data)));
            }
            Traced::Flushed(folder) => {
                waiting.retain(|name| Path::new(name).parent() != Some(Path::new(&folder)));
            }
        }
    }
    // The database looks after its own logs. What only ever was temporary may come back, and so may
    // the audit log's tiles of an earlier head: nobody reads either.
    let own = ["-wal", "-shm", "-journal", ".part", ".tmp"];
    let earlier = ["/raw/tmp/", ".p/"];
    waiting.retain(|name| {
        !own.iter().any(|end| name.ends_with(end)) && !earlier.iter().any(|at| name.contains(at))
    });
    waiting
}

#[test]
fn a_trace_tells_which_names_were_not_flushed() {
    let trace = "7 rename(\"/d/a.tmp\", \"/d/a\") = 0\n\
        7 unlink(\"/d/b\") = -1 ENOENT (No such file or directory)\n\
        8 unlink(\"/d/sub/c\") = 0\n8 fsync(5</d/sub>) = 0\n7 fsync(6</d/a>) = 0\n\
        9 unlink(\"/elsewhere\") = 0\n";
    assert_eq!(unflushed(trace, Path::new("/d")), ["/d/a"]);
    assert!(unflushed(&format!("{trace}7 fsync(9</d>) = 0\n"), Path::new("/d")).is_empty());
    let gone = "7 unlink(\"/d/c\") = 0\n";
    assert_eq!(unflushed(gone, Path::new("/d")), ["/d/c"]);
}

#[test]
fn calls_of_threads_that_overlap_are_told_in_two_lines() {
    let two_lines = "7 unlink(\"/d/a\" <unfinished ...>\n8 fsync(5</d> <unfinished ...>\n\
        7 <... unlink resumed>) = 0\n8 <... fsync resumed>) = 0\n";
    // The flush began before the name was taken away.
    assert_eq!(unflushed(two_lines, Path::new("/d")), ["/d/a"]);
    let after = "7 fsync(5</d> <unfinished ...>\n8 unlink(\"/e\") = 0\n";
    let ended = "7 <... fsync resumed>) = 0\n";
    assert!(unflushed(&format!("{two_lines}{after}{ended}"), Path::new("/d")).is_empty());
    let failed = "7 <... fsync resumed>) = -1 EIO (Input/output error)\n";
    for end in ["", failed] {
        assert_eq!(unflushed(&format!("{two_lines}{after}{end}"), Path::new("/d")), ["/d/a"]);
    }
}

#[test]
fn a_name_that_is_made_or_taken_away_is_flushed_with_its_folder() {
    if !has("strace") {
        return;
    }
    let (folder, token) = prepared();
    let (data, trace) = (folder.path().join("data"), folder.path().join("trace"));
    fs::create_dir(&data).unwrap();
    let token = {
        drop(token);
        crate::crash::admin(&data)
    };
    let calls = "trace=unlink,unlinkat,rename,renameat,renameat2,fsync";
    let before = ["strace", "-D", "-f", "-y", "-qq", "-s", "4096", "-e", calls, "-o"];
    let before: Vec<&OsStr> =
        before.into_iter().map(OsStr::new).chain([trace.as_os_str()]).collect();
    // The second start finds what the first one left behind when it ended.
    for round in ["first", "second"] {
        let Ok(process) = Process::start(&mut server(&data, &before)) else {
            println!("skipped: strace may not trace");
            return;
        };
        let client = Client::new(process.address()).with_token(&token);
        assert_eq!(deliver(&client, &delivery(round, 1, 600)).unwrap().status, 202);
        let import = Request::post("/api/v1/imports?wait=true&name=x", lines(round, 3));
        assert_eq!(client.send(&import).unwrap().status, 200);
        signal(process.id(), "TERM").unwrap();
        let _ended = process.wait().unwrap();
        // Who traces may still write when the traced one has ended.
        let mut lost = Vec::new();
        for _ in 0..50 {
            let text = fs::read_to_string(&trace).unwrap();
            lost = unflushed(&text, &data);
            if lost.is_empty() && text.contains("rename") && text.contains("fsync(") {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        assert!(lost.is_empty(), "in the {round} run a crash may bring back or lose {lost:#?}");
    }
}
