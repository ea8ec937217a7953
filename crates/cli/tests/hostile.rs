//! Input that is broken or means harm: a sentence or a reject, never a panic or a half import.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{Bench, prowler};
use serde_json::{Value, json};

fn total(report: &Value, name: &str) -> u64 {
    report["accounting"]["total"][name].as_u64().unwrap()
}

#[test]
fn a_file_cut_at_any_byte_is_told_from_a_whole_one() {
    let whole = Value::from(vec![prowler("a"), prowler("b")]).to_string();
    let bench = Bench::new();
    // Each hundredth byte here; the scanner's own test cuts at every one.
    for end in (1..whole.len() - 1).step_by(97) {
        let path = bench.file("cut.json", &whole.as_bytes()[..end]);
        let (code, report) = bench.triage(&path);
        assert_eq!(code, 3, "{end}");
        assert_eq!(report["accounting"]["files"][0]["complete"], false, "{end}");
    }
}

#[test]
fn values_of_any_type_are_rejected_or_read() {
    let paths = [
        "/severity_id",
        "/time",
        "/metadata",
        "/metadata/event_code",
        "/metadata/product/name",
        "/finding_info",
        "/finding_info/uid",
        "/resources",
        "/resources/0/uid",
        "/cloud",
        "/cloud/account/uid",
        "/status_code",
    ];
    let values = [
        json!(null),
        json!(7),
        json!(-1e300),
        json!("critical "),
        json!(true),
        json!([]),
        json!({}),
        json!([[[]]]),
        json!("\u{0}\u{202e}\u{1b}[31m"),
        json!("../../etc/passwd"),
    ];
    let mut records = Vec::new();
    for path in paths {
        for value in &values {
            let mut record = prowler("a");
            *record.pointer_mut(path).unwrap() = value.clone();
            records.push(record);
        }
    }
    let bench = Bench::new();
    let count = records.len() as u64;
    let path = bench.file("odd.json", Value::from(records).to_string());
    let (code, report) = bench.triage(&path);
    assert_eq!((code, total(&report, "records")), (0, count));
    let shown = bench.run(&["triage", path.to_str().unwrap()]).stdout;
    assert!(!shown.contains(&0x1b) && !shown.contains(&0), "control characters reach the terminal");
}

#[test]
fn not_quite_json_is_refused_with_its_place() {
    let bench = Bench::new();
    let good = prowler("a").to_string();
    for (name, bytes) in [
        ("nan", format!("[{good},{{\"class_uid\":2004,\"severity_id\":NaN}}]").into_bytes()),
        (
            "twice",
            format!("[{good},{{\"class_uid\":2004,\"class_uid\":2004,\"severity_id\":1}}]")
                .into_bytes(),
        ),
        ("utf8", [b"[", good.as_bytes(), b",{\"class_uid\":2004,\"x\":\"\xff\xfe\"}]"].concat()),
        ("surrogate", format!("[{good},{{\"class_uid\":2004,\"x\":\"\\ud800\"}}]").into_bytes()),
    ] {
        let path = bench.file(&format!("{name}.json"), bytes);
        let (_, report) = bench.triage(&path);
        assert_eq!(total(&report, "records"), 2, "{name}: {report}");
        assert_eq!(total(&report, "rejected"), 1, "{name}: {}", report["accounting"]);
    }
}

#[test]
fn many_tags_and_long_ones_are_cut() {
    let mut record = prowler("a");
    let tags: Vec<String> = (0..10_000).map(|n| format!("key-{n}:{}", "v".repeat(2000))).collect();
    record["resources"][0]["labels"] = json!(tags);
    let bench = Bench::new();
    let path = bench.file("tags.json", Value::from(vec![record]).to_string());
    let (code, report) = bench.triage(&path);
    assert_eq!((code, total(&report, "created")), (0, 1));
    assert!(report.to_string().len() < 1 << 20);
}

#[test]
fn a_record_of_100_mb_and_one_100000_deep_do_not_stop_the_others() {
    let bench = Bench::new();
    let path = bench.folder.path().join("big.json");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    write!(out, "[{},{{\"class_uid\":2004,\"severity_id\":1,\"message\":\"", prowler("a")).unwrap();
    for _ in 0..100 {
        out.write_all(&vec![b'x'; 1 << 20]).unwrap();
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    write!(out, "\"}},{{\"class_uid\":2004,\"x\":{deep}}},{}]", prowler("b")).unwrap();
    out.flush().unwrap();
    drop(out);
    let (code, report) = bench.triage(&path);
    assert_eq!((code, total(&report, "created"), total(&report, "rejected")), (0, 2, 2));
}

#[test]
fn a_bomb_is_refused() {
    let bench = Bench::new();
    let path = bench.folder.path().join("bomb.json.gz");
    let file = std::fs::File::create(&path).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::best());
    encoder.write_all(b"[").unwrap();
    for _ in 0..1024 {
        encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    encoder.finish().unwrap();
    let (code, report) = bench.triage(&path);
    assert_eq!((code, total(&report, "rejected")), (3, 1));
}

#[cfg(unix)]
#[test]
fn a_folder_with_loops_pipes_and_dangling_links_is_read() {
    let bench = Bench::new();
    bench.file("in/good.json", Value::from(vec![prowler("a")]).to_string());
    let folder = bench.folder.path().join("in");
    std::os::unix::fs::symlink(&folder, folder.join("loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.join("dangling.json")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.join("pipe.json")).status();
    assert!(made.unwrap().success());
    let (_, report) = bench.triage(&folder);
    assert_eq!(total(&report, "created"), 1);
}

#[test]
fn stdin_is_read_and_may_be_empty() {
    let bench = Bench::new();
    for (input, records) in [(String::new(), 0), (Value::from(vec![prowler("a")]).to_string(), 1)] {
        let mut child = bench
            .command(&["triage", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(total(&report, "records"), records);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the moment of the kill is what is varied")]
fn killed_at_any_moment_a_file_is_there_whole_or_not_at_all() {
    let bench = Bench::new();
    let path = bench.folder.path().join("estate.json");
    let count = 3000;
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    quell_testkit::estate::write_ocsf(count, 7, &mut out).unwrap();
    out.flush().unwrap();
    drop(out);
    for millis in [5, 20, 40, 60, 80, 120, 200] {
        let mut child = bench
            .command(&["triage", "estate.json", "--json", "--limit", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(millis));
        child.kill().unwrap();
        child.wait().unwrap();
        let output = bench.run(&["triage", "--json", "--limit", "0"]);
        assert_eq!(output.status.code(), Some(0));
    }
    let (code, report) = bench.triage(&path);
    let (created, unchanged) = (total(&report, "created"), total(&report, "unchanged"));
    assert_eq!((code, total(&report, "records")), (0, count));
    assert!(created == 0 || unchanged == 0, "half of the file was kept: {}", report["accounting"]);
}

#[cfg(unix)]
#[test]
#[expect(clippy::disallowed_methods, reason = "the interrupt must come while the file is read")]
fn ctrl_c_ends_the_run_with_its_code_and_keeps_nothing_of_the_file() {
    let bench = Bench::new();
    let path = bench.folder.path().join("estate.json");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    quell_testkit::estate::write_ocsf(20_000, 7, &mut out).unwrap();
    out.flush().unwrap();
    drop(out);
    let mut child = bench
        .command(&["triage", "estate.json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The handler is set before the database is opened.
    let database = bench.folder.path().join("data/quell.db");
    while !database.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let (_, report) = bench.triage(&path);
    assert_eq!(total(&report, "created") + total(&report, "merged"), 20_000);
}
