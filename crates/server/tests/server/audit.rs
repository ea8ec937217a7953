//! The audit log of a server: every change is in it first, and without it nothing changes.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_audit_verify::{Directory, Key, Options, check_proof, verify};
use quell_testkit::net::{Answer as HttpAnswer, Asked, BucketDouble, HttpServer, SigningKey};
use quell_testkit::server::{Request, delivery};
use serde_json::{Value, json};

use crate::bench::{Bench, lines, runtime, secret, until};
use crate::rights::{ask, bogus, routes};

/// The newest records, the newest first.
fn records(bench: &Bench) -> Vec<Value> {
    let page = bench.get("/api/v1/audit?limit=1000").json();
    page["items"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

fn size(bench: &Bench) -> u64 {
    bench.get("/api/v1/audit?limit=1").json()["size"].as_u64().unwrap()
}

fn sound(bench: &Bench) {
    let folder = Directory(bench.data().join("audit"));
    let report = verify(&folder, &Options { beside: true, ..Options::default() });
    assert!(report.is_sound(), "{:?}", report.faults);
}

#[test]
fn every_route_that_changes_something_writes_a_record_before_and_one_after() {
    let bench = Bench::new();
    let mut words = BTreeSet::new();
    for (method, path) in routes(&bench) {
        if method == "GET" || path.starts_with("/api/v1/hooks/") {
            continue;
        }
        let before = size(&bench);
        let answer = ask(&bench.admin, (&method, &path), &bogus(&path));
        assert_ne!(answer.status, 500, "{method} {path} has no action: {}", answer.text());
        let after = records(&bench);
        let new: Vec<&Value> =
            after.iter().filter(|one| one["index"].as_u64() >= Some(before)).collect();
        let own = |stage: &str| {
            new.iter().find(|one| one["stage"] == stage && one["actor"]["kind"] == "token")
        };
        let begun = own("begun").unwrap_or_else(|| panic!("{method} {path}: {new:?}"));
        let ended = own("ended").unwrap_or_else(|| panic!("{method} {path}: {new:?}"));
        assert_eq!((&ended["of"], &ended["action"]), (&begun["index"], &begun["action"]));
        assert_eq!(ended["facts"]["status"], json!(answer.status), "{method} {path}");
        for field in ["time", "tenant", "actor", "action", "stage", "index", "v"] {
            assert!(!begun[field].is_null(), "{method} {path} says no {field}");
        }
        words.insert(begun["action"].as_str().unwrap().to_owned());
    }
    assert!(words.len() > 14, "{words:?}");
    sound(&bench);
}

#[test]
fn a_mark_is_told_with_who_what_and_how_and_its_reason_stands_beside() {
    let mut bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true&name=x", lines("told", 3)).status, 200);
    let issue = bench.get("/api/v1/issues").json()["items"][0]["id"].as_str().unwrap().to_owned();
    let body = json!({"as": "accepted", "reason": "Ada said so"}).to_string();
    assert_eq!(bench.post(&format!("/api/v1/issues/{issue}/mark"), body).status, 200);
    let all = records(&bench);
    let begun = all.iter().find(|one| one["action"] == "issue.mark" && one["stage"] == "begun");
    let begun = begun.unwrap();
    assert_eq!(begun["objects"]["issue"], json!([issue]));
    assert_eq!(
        (&begun["decision"], &begun["actor"]["role"]),
        (&json!("accepted"), &json!("admin"))
    );
    assert!(!begun.to_string().contains("Ada"), "{begun}");
    let shown = bench.get(&format!("/api/v1/audit/{}", begun["index"])).json();
    let beside = shown["beside"].to_string();
    assert!(beside.contains("Ada said so") && beside.contains("first administrator"), "{beside}");
    let run = all.iter().find(|one| one["action"] == "import.run" && one["stage"] == "ended");
    assert_eq!(run.unwrap()["facts"]["records"], 3);
    let handed = all.iter().find(|one| one["action"] == "import.create" && one["stage"] == "ended");
    assert_eq!(handed.unwrap()["objects"]["job"], run.unwrap()["objects"]["job"]);
    // Proved without the server.
    let proof = bench.get(&format!("/api/v1/audit/{}/proof", begun["index"])).json();
    let key = fs::read_to_string(bench.data().join("audit/key.pub")).unwrap();
    let leaf = STANDARD.decode(proof["leaf"].as_str().unwrap()).unwrap();
    let keys = [Key::parse(&key).unwrap()];
    let proved = check_proof(proof["proof"].as_str().unwrap(), &leaf, &keys).unwrap();
    assert_eq!(json!(proved.index), begun["index"]);
    let head = bench.get("/api/v1/audit/checkpoint").json()["note"].as_str().unwrap().to_owned();
    bench.stop();
    let folder = Directory(bench.data().join("audit"));
    let report = verify(&folder, &Options { against: vec![head], ..Options::default() });
    assert!(report.is_sound() && report.size > 6, "{report:?}");
}

#[test]
fn pages_of_records_lose_none_and_are_the_tenants_own() {
    let bench = Bench::new();
    for _ in 0..4 {
        bench.post(
            "/api/v1/issues/00000000000000000000000000/mark",
            r#"{"as":"accepted","reason":"x"}"#,
        );
    }
    let (mut path, mut seen) = ("/api/v1/audit?limit=3&action=issue.mark".to_owned(), Vec::new());
    loop {
        let page = bench.get(&path).json();
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|one| one["index"].as_u64().unwrap()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/audit?limit=3&action=issue.mark&cursor={cursor}");
    }
    assert_eq!(seen.len(), 8);
    assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
    assert_eq!(bench.get("/api/v1/audit?cursor=x").status, 400);
    assert_eq!(bench.get("/api/v1/audit/999999").status, 404);
    let foreign = bench.client(quell_server::Role::Admin, "foreign");
    let theirs = foreign.send(&Request::get("/api/v1/audit")).unwrap().json();
    assert_eq!(theirs["size"], 0);
}

#[test]
fn without_its_key_nothing_changes_and_reading_and_webhooks_go_on() {
    let mut bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("kept", 3)).status, 200);
    let issue = bench.get("/api/v1/issues").json()["items"][0]["id"].as_str().unwrap().to_owned();
    bench.stop();
    let key = bench.data().join("audit/key");
    let aside = bench.data().join("audit/aside");
    fs::rename(&key, &aside).unwrap();
    bench.start().unwrap();
    let path = format!("/api/v1/issues/{issue}/mark");
    let body = r#"{"as":"accepted","reason":"x"}"#;
    let answer = bench.post(&path, body);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(
        answer.text().contains("audit log") && answer.text().contains("key"),
        "{}",
        answer.text()
    );
    assert!(!answer.text().contains(bench.data().to_str().unwrap()), "{}", answer.text());
    assert!(bench.get(&format!("/api/v1/issues/{issue}")).json()["issue"]["mark"].is_null());
    assert_eq!(bench.get("/api/v1/issues").json()["total"], 3);
    assert!(records(&bench).len() > 3);
    let status = bench.get("/api/v1/status").json();
    assert!(status["why"].as_str().unwrap_or_default().contains("audit"), "{status}");
    // What comes in is kept, and taken once the log can be written.
    assert_eq!(bench.deliver(&delivery("waits", 1, 600)).status, 202);
    fs::rename(&aside, &key).unwrap();
    until("what came in is taken", || bench.found("default").len() == 4);
    assert_eq!(bench.post(&path, body).status, 200);
    sound(&bench);
}

#[test]
fn a_repeated_request_is_one_change_and_two_records() {
    let bench = Bench::new();
    let request = Request::post("/api/v1/replays", "{}")
        .with("content-type", "application/json")
        .with("idempotency-key", "once");
    for _ in 0..3 {
        assert_eq!(bench.admin.send(&request).unwrap().status, 202);
    }
    let asked = records(&bench).iter().filter(|one| one["action"] == "replay.create").count();
    assert_eq!(asked, 2);
}

/// Puts yesterday's copy of the log back under a server that keeps checkpoints elsewhere, and holds
/// that nothing is changed then. `kept` tells what is kept there.
fn roll_back(bench: &mut Bench, kept: &dyn Fn() -> Option<String>) {
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("first", 2)).status, 200);
    bench.stop();
    let (folder, copy) = (bench.data().join("audit"), bench.data().join("copy"));
    let note = kept().unwrap();
    assert_eq!(note, fs::read_to_string(folder.join("checkpoint")).unwrap());
    let copied = std::process::Command::new("cp").arg("-r").arg(&folder).arg(&copy).status();
    assert!(copied.unwrap().success());
    bench.start().unwrap();
    let path = "/api/v1/issues/00000000000000000000000000/mark";
    let body = r#"{"as":"accepted","reason":"x"}"#;
    assert_eq!(bench.post(path, body).status, 404);
    bench.stop();
    let newest = kept().unwrap();
    assert_ne!(newest, note);
    // Yesterday's copy of the log.
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(&copy, &folder).unwrap();
    bench.start().unwrap();
    let answer = bench.post(path, body);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().contains("older copy"), "{}", answer.text());
    let status = bench.get("/api/v1/status").json();
    assert!(status["why"].as_str().unwrap().contains("older copy"), "{status}");
    assert_eq!(bench.get("/api/v1/issues").status, 200);
    bench.stop();
    // The newer head is not replaced by the older one.
    assert_eq!(kept().unwrap(), newest);
    assert_eq!(fs::read_to_string(folder.join("checkpoint")).unwrap(), note);
}

#[test]
fn a_log_that_was_rolled_back_is_found_by_the_checkpoint_outside_and_takes_nothing() {
    let outside = tempfile::tempdir().unwrap();
    let more = format!(
        "\n[audit]\ncheckpoints = [\"file:{}\"]\ncheckpoint_seconds = 1\n",
        outside.path().display()
    );
    let mut bench = Bench::with(&[], &more);
    roll_back(&mut bench, &|| {
        let file = fs::read_dir(outside.path()).unwrap().next()?.unwrap().path();
        fs::read_to_string(file).ok()
    });
}

#[test]
fn a_log_that_was_rolled_back_is_found_by_a_git_repository() {
    let outside = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        let output = command.arg("-C").arg(outside.path()).args(arguments).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    };
    git(&["init", "--quiet", "--bare"]).unwrap();
    let more = format!(
        "\n[audit]\ncheckpoints = [\"git:{}\"]\ncheckpoint_seconds = 1\n",
        outside.path().display()
    );
    let mut bench = Bench::with(&[], &more);
    roll_back(&mut bench, &|| {
        let name = git(&["ls-tree", "--name-only", "quell-audit"])?;
        git(&["cat-file", "blob", &format!("quell-audit:{}", name.trim())])
    });
    let commits: u32 =
        git(&["rev-list", "--count", "quell-audit"]).unwrap().trim().parse().unwrap();
    assert!(commits >= 2, "{commits}");
}

#[test]
fn a_log_that_was_rolled_back_is_found_by_a_bucket() {
    let runtime = runtime();
    let key = SigningKey { access_key: secret("BUCKET_ID"), secret_key: secret("BUCKET_KEY") };
    let double = runtime.block_on(BucketDouble::start("witness", 100, key)).unwrap();
    let more = format!(
        "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[buckets.witness]\nenabled = false\n\
         endpoint = \"{}\"\nbucket = \"witness\"\nprefix = \"quell/\"\n\
         access_key = \"env:BUCKET_ID\"\nsecret_key = \"env:BUCKET_KEY\"\n\n\
         [audit]\ncheckpoints = [\"s3:witness\"]\ncheckpoint_seconds = 1\n",
        double.url()
    );
    let mut bench = Bench::with(&[], &more);
    let data = bench.data().to_owned();
    roll_back(&mut bench, &|| {
        let head = fs::read_to_string(data.join("audit/checkpoint")).unwrap();
        let name = head.lines().next().unwrap().replace('/', "_");
        let kept = double.content(&format!("quell/{name}.checkpoint"))?;
        Some(String::from_utf8(kept).unwrap())
    });
    assert!(double.faults().is_empty(), "{:?}", double.faults());
}

#[test]
fn a_log_that_was_rolled_back_is_found_by_an_address_that_tells_what_it_took() {
    let runtime = runtime();
    let taken: Arc<Mutex<Option<String>>> = Arc::default();
    let keeping = Arc::clone(&taken);
    let witness = move |asked: &Asked| {
        let mut kept = keeping.lock().unwrap();
        if asked.method == "POST" {
            *kept = Some(String::from_utf8(asked.body.clone()).unwrap());
        }
        match &*kept {
            Some(note) => HttpAnswer::new(200, note.clone()),
            None => HttpAnswer::new(404, ""),
        }
    };
    let server = runtime.block_on(HttpServer::start(Arc::new(witness))).unwrap();
    let more = format!(
        "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n\
         [audit]\ncheckpoints = [\"{}/quell\"]\ncheckpoint_seconds = 1\n",
        server.url()
    );
    let mut bench = Bench::with(&[], &more);
    roll_back(&mut bench, &|| taken.lock().unwrap().clone());
}

#[test]
fn records_reach_every_receiver_at_least_once_and_a_blocked_one_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let syslog = TcpListener::bind("127.0.0.1:0").unwrap();
    let splunk = TcpListener::bind("127.0.0.1:0").unwrap();
    let blocked = TcpListener::bind("127.0.0.1:0").unwrap();
    let file = folder.path().join("audit.ndjson");
    let more = format!(
        "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\
         [audit_streams.lines]\nfile = \"{}\"\n\
         [audit_streams.sys]\nto = \"syslog\"\ntransport = \"tcp\"\naddress = \"{}\"\n\
         [audit_streams.hec]\nto = \"splunk\"\nform = \"ocsf\"\ntoken = \"env:BUCKET_KEY\"\n\
         url = \"http://{}/services/collector/event\"\n\
         [audit_streams.stuck]\nto = \"splunk\"\ntoken = \"env:BUCKET_KEY\"\n\
         url = \"http://{}/services/collector/event\"\n",
        file.display(),
        syslog.local_addr().unwrap(),
        splunk.local_addr().unwrap(),
        blocked.local_addr().unwrap(),
    );
    let taken = Arc::new(Mutex::new(String::new()));
    let heard = Arc::new(Mutex::new(String::new()));
    listen(syslog, Arc::clone(&heard), false);
    listen(splunk, Arc::clone(&taken), true);
    let mut bench = Bench::with(&[], &more);
    for _ in 0..3 {
        assert_eq!(bench.post("/api/v1/replays", "{}").status, 202);
    }
    let last = size(&bench) - 1;
    let has = |text: &str| text.contains(&format!("\"index\":{last},"));
    until("the file has all", || has(&fs::read_to_string(&file).unwrap_or_default()));
    until("syslog has all", || has(&heard.lock().unwrap()));
    until("Splunk has all", || has(&taken.lock().unwrap()));
    let text = taken.lock().unwrap().clone();
    assert!(
        text.contains("Splunk canary-bucket_key") && text.contains("\"class_uid\":6003"),
        "{text}"
    );
    assert!(heard.lock().unwrap().contains(" quell - replay.create - {"));
    bench.stop();
    // After a restart it goes on where it was.
    let before = fs::read_to_string(&file).unwrap().lines().count();
    bench.start().unwrap();
    let last = size(&bench) - 1;
    until("what came since is there", || {
        fs::read_to_string(&file).unwrap().contains(&format!("\"index\":{last},"))
    });
    let all = fs::read_to_string(&file).unwrap();
    let numbers: Vec<u64> = all
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["index"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..u64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
    assert!(numbers.len() > before);
}

#[test]
fn what_a_receiver_missed_in_a_day_reaches_it_in_order_once_it_is_back() {
    let runtime = runtime();
    let taken: Arc<Mutex<Vec<u64>>> = Arc::default();
    let (is_up, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (keeping, up, count) = (Arc::clone(&taken), Arc::clone(&is_up), Arc::clone(&asked));
    let splunk = move |request: &Asked| {
        count.fetch_add(1, Ordering::SeqCst);
        if !up.load(Ordering::SeqCst) {
            return HttpAnswer::new(503, "");
        }
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let told = body.split("\"index\":").skip(1).filter_map(|rest| rest.split(',').next());
        keeping.lock().unwrap().extend(told.map(|number| number.parse::<u64>().unwrap()));
        HttpAnswer::new(200, "{\"text\":\"Success\",\"code\":0}")
    };
    let server = runtime.block_on(HttpServer::start(Arc::new(splunk))).unwrap();
    let more = format!(
        "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\
         [audit_streams.hec]\nto = \"splunk\"\ntoken = \"env:BUCKET_KEY\"\n\
         url = \"{}/services/collector/event\"\n",
        server.url()
    );
    let mut bench = Bench::with(&[], &more);
    let has_all = |bench: &Bench| {
        let last = size(bench) - 1;
        until("the receiver has all", || taken.lock().unwrap().contains(&last));
    };
    has_all(&bench);
    is_up.store(false, Ordering::SeqCst);
    // Each hour of a day something is written, and nothing of it is taken.
    for _ in 0..24 {
        assert_eq!(bench.post("/api/v1/replays", "{}").status, 202);
        bench.clock.0.fetch_add(3600, Ordering::SeqCst);
    }
    let refused = asked.load(Ordering::SeqCst);
    until("it was asked in vain", || asked.load(Ordering::SeqCst) > refused);
    assert!(crate::bench::logged().contains("records of the audit log wait"));
    let before = taken.lock().unwrap().len();
    assert!(size(&bench) > u64::try_from(before).unwrap() + 24);
    // A stop in between loses nothing of it.
    bench.stop();
    bench.start().unwrap();
    is_up.store(true, Ordering::SeqCst);
    has_all(&bench);
    let taken = taken.lock().unwrap();
    assert!(taken.is_sorted(), "{taken:?}");
    let all: BTreeSet<u64> = taken.iter().copied().collect();
    let most = u64::try_from(all.len()).unwrap();
    assert_eq!(all, (0..most).collect(), "none is missing");
    // Nothing that was taken is sent again: only an answer that was lost has that happen.
    assert_eq!(taken.len(), all.len());
}

/// A certificate authority, and a receiver on loopback whose certificate is for a name.
fn tls_receiver(name: &str, heard: Arc<Mutex<String>>) -> (String, u16) {
    let own = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&own).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, own);
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, heard) = (Arc::clone(&config), Arc::clone(&heard));
            std::thread::spawn(move || hear_out(stream, config, &heard));
        }
    });
    (authority, port)
}

/// Keeps what a sender says until it ends.
fn hear_out(stream: TcpStream, config: Arc<rustls::ServerConfig>, heard: &Mutex<String>) {
    let connection = rustls::ServerConnection::new(config).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, stream);
    let mut chunk = [0; 65_536];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        let text = String::from_utf8_lossy(chunk.get(..count).unwrap()).into_owned();
        heard.lock().unwrap().push_str(&text);
    }
}

#[test]
fn syslog_over_tls_reaches_a_receiver_that_is_trusted_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (heard, stranger, named) = (Arc::default(), Arc::default(), Arc::default());
    let (authority, port) = tls_receiver("127.0.0.1", Arc::clone(&heard));
    let (_, other) = tls_receiver("127.0.0.1", Arc::clone(&stranger));
    let (its_own, wrong) = tls_receiver("elsewhere.example", Arc::clone(&named));
    let roots = folder.path().join("roots.pem");
    fs::write(&roots, format!("{authority}{its_own}")).unwrap();
    let stream = |name: &str, port: u16| {
        format!("[audit_streams.{name}]\nto = \"syslog\"\naddress = \"127.0.0.1:{port}\"\n")
    };
    let more = format!(
        "\n[egress]\nallow = [\"127.0.0.1\"]\nca_file = \"{}\"\n{}{}{}",
        roots.display(),
        stream("trusted", port),
        stream("stranger", other),
        stream("misnamed", wrong)
    );
    let bench = Bench::with(&[], &more);
    for _ in 0..3 {
        assert_eq!(bench.post("/api/v1/replays", "{}").status, 202);
    }
    let last = size(&bench) - 1;
    let has = |heard: &Mutex<String>| heard.lock().unwrap().contains(&format!("\"index\":{last},"));
    until("the trusted receiver has all", || has(&heard));
    // Each message has its length before it (RFC 5425).
    let text = heard.lock().unwrap().clone();
    let (length, rest) = text.split_once(' ').unwrap();
    let length: usize = length.parse().unwrap();
    assert!(rest.starts_with("<110>1 ") && rest.get(..length).unwrap().ends_with('}'), "{text}");
    assert_eq!(*stranger.lock().unwrap(), "");
    assert_eq!(*named.lock().unwrap(), "");
}

/// Keeps all that comes to a port, and answers each request where it is HTTP.
fn listen(listener: TcpListener, kept: Arc<Mutex<String>>, http: bool) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || keep(stream, &kept, http));
        }
    });
}

fn keep(mut stream: TcpStream, kept: &Mutex<String>, http: bool) {
    let (mut chunk, mut own) = ([0; 65_536], String::new());
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        let text = String::from_utf8_lossy(chunk.get(..count).unwrap()).into_owned();
        kept.lock().unwrap().push_str(&text);
        own.push_str(&text);
        if http && whole(&own) {
            own.clear();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        }
    }
}

fn whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}
