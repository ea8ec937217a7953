//! How long it takes to plan and prove many fixes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::step::{cargo, run as run_step, say};

const USAGE: &str = "usage: cargo xtask bench-fixes [--findings N] [--files N] [--long OBJECTS [--kib N]] \
     [--runs N] [--quell PROGRAM]";

/// What is asked for.
#[derive(Debug)]
struct Asked {
    findings: usize,
    files: usize,
    /// So many objects in one file instead, and halves and quarters of it.
    long: Option<usize>,
    /// How long that file is.
    kib: usize,
    runs: usize,
    quell: Option<PathBuf>,
}

impl Asked {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut asked =
            Self { findings: 1_000, files: 500, long: None, kib: 0, runs: 3, quell: None };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let value = words.next().context(USAGE)?;
            let count = || value.parse::<usize>().ok().filter(|n| *n > 0).context(USAGE);
            match word.as_str() {
                "--findings" => asked.findings = count()?,
                "--files" => asked.files = count()?,
                "--long" => asked.long = Some(count()?),
                "--kib" => asked.kib = count()?,
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
    let Some(objects) = asked.long else {
        let what = format!("{} findings over {} files", asked.findings, asked.files);
        return measure((&asked, &quell), &what, |repository| make(&asked, repository));
    };
    // What is linear takes twice as long for twice as much.
    for part in [4, 2, 1] {
        let (objects, kib) = ((objects / part).max(1), asked.kib / part);
        for language in [Long::Yaml, Long::List, Long::Terraform, Long::Companions] {
            let what = format!("{objects} objects in one file of {}", language.name());
            measure((&asked, &quell), &what, |repository| {
                language.make((objects, kib), repository)
            })?;
        }
    }
    Ok(())
}

/// One long file.
#[derive(Debug, Clone, Copy)]
enum Long {
    Yaml,
    /// One document of YAML that lists all objects.
    List,
    Terraform,
    /// Terraform whose fixes put blocks beside.
    Companions,
}

impl Long {
    const fn name(self) -> &'static str {
        match self {
            Self::Yaml => "YAML",
            Self::List => "YAML, in a list",
            Self::Terraform => "Terraform",
            Self::Companions => "Terraform, with blocks put beside",
        }
    }

    /// The file, with comments up to its length, and three findings of Checkov for each object.
    fn make(self, (objects, kib): (usize, usize), repository: &Path) -> Result<Value> {
        fs::create_dir_all(repository)?;
        let (path, kind, checks) = match self {
            Self::Yaml | Self::List => {
                ("all.yaml", "kubernetes", ["CKV_K8S_20", "CKV_K8S_22", "CKV_K8S_38"])
            }
            Self::Terraform => {
                ("main.tf", "terraform", ["CKV_AWS_16", "CKV_AWS_17", "CKV_AWS_293"])
            }
            Self::Companions => {
                ("main.tf", "terraform", ["CKV_AWS_21", "CKV_AWS_145", "CKV2_AWS_6"])
            }
        };
        let fill = (kib * 1_024 / objects).saturating_sub(500) / 80;
        let fill = format!("# {}\n", "x".repeat(77)).repeat(fill);
        let head = if let Self::List = self { "apiVersion: v1\nkind: List\nitems:\n" } else { "" };
        let mut text = head.to_owned();
        let (mut failed, mut line) = (Vec::new(), 1 + head.matches('\n').count());
        for number in 0..objects {
            let (object, resource) = match self {
                Self::Yaml => {
                    (format!("{}{fill}---\n", deployment(number)), deployment_name(number))
                }
                Self::List => {
                    let lines = deployment(number).replace('\n', "\n    ");
                    (format!("  - {}\n{fill}", lines.trim_end()), deployment_name(number))
                }
                Self::Terraform => (
                    format!(
                        "resource \"aws_db_instance\" \"db{number}\" {{\n  identifier          = \
                         \"db{number}\"\n  engine              = \"postgres\"\n  storage_encrypted   \
                         = false\n  publicly_accessible = true\n}}\n{fill}\n"
                    ),
                    format!("aws_db_instance.db{number}"),
                ),
                Self::Companions => (
                    format!(
                        "resource \"aws_s3_bucket\" \"b{number}\" {{\n  bucket = \"acme-b{number}\"\n}}\n\
                         {fill}\n"
                    ),
                    format!("aws_s3_bucket.b{number}"),
                ),
            };
            let first = line;
            line += object.matches('\n').count();
            text.push_str(&object);
            failed.extend(checks.iter().map(|check| {
                json!({"check_id": check, "check_name": check, "resource": resource,
                    "check_result": {"result": "FAILED"}, "file_path": format!("/{path}"),
                    "file_abs_path": format!("/scan/{path}"),
                    "file_line_range": [first, first + 4]})
            }));
        }
        fs::write(repository.join(path), text)?;
        Ok(json!([{"check_type": kind, "results": {"failed_checks": failed, "passed_checks": [],
            "skipped_checks": [], "parsing_errors": []}, "summary": {}}]))
    }
}

fn deployment(number: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web{number}\n  namespace: shop\n\
         spec:\n  selector:\n    matchLabels:\n      app: web{number}\n  template:\n    metadata:\n\
         \x20     labels:\n        app: web{number}\n    spec:\n      containers:\n        - name: web\n\
         \x20         image: registry.example.com/shop/web:1.4\n"
    )
}

fn deployment_name(number: usize) -> String {
    format!("Deployment.shop.web{number}")
}

/// Measures `quell fix` on a repository that is made.
fn measure(
    (asked, quell): (&Asked, &Path),
    what: &str,
    make: impl FnOnce(&Path) -> Result<Value>,
) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (repository, data) = (folder.path().join("infra"), folder.path().join("data"));
    let made = make(&repository)?;
    let result = folder.path().join("checkov.json");
    fs::write(&result, serde_json::to_vec(&made)?)?;
    let mut triage = Command::new(quell);
    triage.arg("triage").arg(&result).args(["--quiet", "--json"]).env("QUELL_DATA", &data);
    if !triage.output()?.status.success() {
        bail!("`quell triage` failed");
    }
    for _ in 0..asked.runs {
        let mut fix = Command::new(quell);
        fix.arg("fix").arg("--repo").arg(&repository).arg("--json").env("QUELL_DATA", &data);
        let (took, output) = timed(&mut fix)?;
        let report: Value = serde_json::from_slice(&output)?;
        let of = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
        say(&format!(
            "{what}: {} fixes planned and proved, {} withheld, in {:.2} s",
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
