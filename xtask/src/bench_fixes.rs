//! How long it takes to plan and prove many fixes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::step::{cargo, run as run_step, say};

const USAGE: &str =
    "usage: cargo xtask bench-fixes [--findings N] [--files N] [--runs N] [--quell PROGRAM]";

/// What is asked for.
#[derive(Debug)]
struct Asked {
    findings: usize,
    files: usize,
    runs: usize,
    quell: Option<PathBuf>,
}

impl Asked {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut asked = Self { findings: 1_000, files: 500, runs: 3, quell: None };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let value = words.next().context(USAGE)?;
            let count = || value.parse::<usize>().ok().filter(|n| *n > 0).context(USAGE);
            match word.as_str() {
                "--findings" => asked.findings = count()?,
                "--files" => asked.files = count()?,
                "--runs" => asked.runs = count()?,
                "--quell" => asked.quell = Some(value.into()),
                _ => bail!(USAGE),
            }
        }
        Ok(asked)
    }
}

/// A kind of file that is made, with the checks that fail in it.
struct Kind {
    framework: &'static str,
    /// Its path; `N` is its number.
    path: &'static str,
    text: &'static str,
    /// Check and resource.
    failed: &'static [(&'static str, &'static str)],
}

/// In ten files there are six of Terraform, three of Kubernetes and a Dockerfile.
const TURNS: [usize; 10] = [0, 1, 0, 2, 0, 1, 0, 1, 0, 0];

const KINDS: [Kind; 3] = [
    Kind {
        framework: "terraform",
        path: "teamN/main.tf",
        text: "variable \"size\" {\n  default = 40\n}\n\nresource \"aws_ebs_volume\" \"dataN\" {\n  \
               availability_zone = \"eu-west-1a\"\n  size              = var.size\n}\n\nresource \
               \"aws_db_instance\" \"ordersN\" {\n  identifier          = \"ordersN\"\n  engine  \
               \x20           = \"postgres\"\n  storage_encrypted   = false\n  \
               publicly_accessible = true\n}\n",
        failed: &[
            ("CKV_AWS_3", "aws_ebs_volume.dataN"),
            ("CKV_AWS_16", "aws_db_instance.ordersN"),
            ("CKV_AWS_17", "aws_db_instance.ordersN"),
        ],
    },
    Kind {
        framework: "kubernetes",
        path: "appN/deployment.yaml",
        text: "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: webN\n  namespace: shop\n\
               spec:\n  selector:\n    matchLabels:\n      app: webN\n  template:\n    metadata:\n\
               \x20     labels:\n        app: webN\n    spec:\n      containers:\n        - name: \
               web\n          image: registry.example.com/shop/web:1.4\n          \
               securityContext:\n            privileged: true\n",
        failed: &[
            ("CKV_K8S_16", "Deployment.shop.webN"),
            ("CKV_K8S_20", "Deployment.shop.webN"),
            ("CKV_K8S_38", "Deployment.shop.webN"),
        ],
    },
    Kind {
        framework: "dockerfile",
        path: "imageN/Dockerfile",
        text: "FROM node:22-slim\nWORKDIR /app\nADD . /app\nCMD [\"node\", \"index.js\"]\n",
        failed: &[
            ("CKV_DOCKER_3", "/imageN/Dockerfile."),
            ("CKV_DOCKER_4", "/imageN/Dockerfile.ADD"),
        ],
    },
];

/// Makes a repository and findings, and measures `quell fix`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let asked = Asked::read(arguments)?;
    let quell = match &asked.quell {
        Some(program) => program.clone(),
        None => {
            run_step(cargo().args(["build", "--release", "--quiet", "--bin", "quell"]))?;
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/quell")
        }
    };
    let folder = tempfile::tempdir()?;
    let (repository, data) = (folder.path().join("infra"), folder.path().join("data"));
    let made = make(&asked, &repository)?;
    let result = folder.path().join("checkov.json");
    fs::write(&result, serde_json::to_vec(&made)?)?;
    let mut triage = Command::new(&quell);
    triage.arg("triage").arg(&result).args(["--quiet", "--json"]).env("QUELL_DATA", &data);
    if !triage.output()?.status.success() {
        bail!("`quell triage` failed");
    }
    for _ in 0..asked.runs {
        let mut fix = Command::new(&quell);
        fix.arg("fix").arg("--repo").arg(&repository).arg("--json").env("QUELL_DATA", &data);
        let (took, output) = timed(&mut fix)?;
        let report: Value = serde_json::from_slice(&output)?;
        let of = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
        say(&format!(
            "{} findings over {} files: {} fixes planned and proved, {} withheld, in {:.2} s",
            asked.findings,
            asked.files,
            of("made") + of("covered"),
            of("withheld"),
            took.as_secs_f64()
        ));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs the clock")]
fn timed(command: &mut Command) -> Result<(Duration, Vec<u8>)> {
    let start = std::time::Instant::now();
    let output = command.output()?;
    let took = start.elapsed();
    if !output.status.success() {
        bail!("`quell fix` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok((took, output.stdout))
}

/// Writes the files; a result of Checkov about them.
fn make(asked: &Asked, repository: &Path) -> Result<Value> {
    let mut reports: Vec<Vec<Value>> = vec![Vec::new(); KINDS.len()];
    let mut left = asked.findings;
    for number in 0..asked.files {
        let turn = TURNS.get(number % TURNS.len()).copied().unwrap_or_default();
        let (Some(kind), Some(report)) = (KINDS.get(turn), reports.get_mut(turn)) else { continue };
        let with = |text: &str| text.replace('N', &number.to_string());
        let path = repository.join(with(kind.path));
        fs::create_dir_all(path.parent().context("a file stands in a folder")?)?;
        fs::write(&path, with(kind.text))?;
        // What is left is spread over the files that are left.
        let share = left.div_ceil(asked.files - number).min(kind.failed.len());
        for (check, resource) in kind.failed.iter().take(share.min(left)) {
            report.push(json!({"check_id": check, "check_name": check, "resource": with(resource),
                "check_result": {"result": "FAILED"}, "file_path": format!("/{}", with(kind.path)),
                "file_abs_path": format!("/scan/{}", with(kind.path)), "file_line_range": [1, 4]}));
        }
        left -= share.min(left);
    }
    let reports = KINDS.iter().zip(reports).map(|(kind, failed)| {
        json!({"check_type": kind.framework, "results": {"failed_checks": failed,
            "passed_checks": [], "skipped_checks": [], "parsing_errors": []}, "summary": {}})
    });
    Ok(Value::Array(reports.collect()))
}
