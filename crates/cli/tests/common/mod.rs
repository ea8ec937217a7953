//! Runs the program as a user would.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "each test file uses a part of it, and fails by panicking"
)]

pub(crate) mod models;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jiff::Timestamp;
use quell_model::Clock;
use serde_json::Value;

/// The time.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A folder of its own for input and data.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quell"));
        command
            .current_dir(self.folder.path())
            .env("QUELL_DATA", self.folder.path().join("data"))
            .args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked"), "{stderr}");
        output
    }

    /// Triages a path; the exit code and the report.
    pub(crate) fn triage(&self, path: &Path) -> (i32, Value) {
        let output = self.run(&["triage", path.to_str().unwrap(), "--json"]);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let files = report["accounting"]["files"].as_array().unwrap();
        for sums in files.iter().chain([&report["accounting"]["total"]]) {
            let of = |name: &str| sums[name].as_u64().unwrap();
            let parts = ["created", "updated", "merged", "unchanged", "rejected"];
            assert_eq!(of("records"), parts.iter().map(|p| of(p)).sum::<u64>(), "{sums}");
        }
        (output.status.code().unwrap(), report)
    }
}

/// The sample world of `quell demo`.
pub(crate) fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/demo")
}

/// One Prowler record about a bucket.
pub(crate) fn prowler(bucket: &str) -> Value {
    serde_json::json!({"class_uid": 2004, "severity_id": 4, "status_code": "FAIL", "time": 1_750_000_000,
        "metadata": {"event_code": "s3_bucket_object_versioning", "product": {"name": "Prowler"}},
        "finding_info": {"uid": format!("prowler-{bucket}"), "title": "Versioning"},
        "resources": [{"uid": format!("arn:aws:s3:::{bucket}"), "type": "AwsS3Bucket", "region": "eu-west-1"}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}})
}
