//! Small worlds: a handful of findings, an operator, an inventory, a repository.

mod workshop;

use std::collections::BTreeMap;
use std::time::Duration;

use quell_deliver::route::{Escalate, Hours, Quiet, Release, Route, What, When};
use quell_govern::approval::Quorum;
use quell_govern::phase::{Conditions, Phase, Rule as ActionRule};
use quell_model::{
    Asset, AssetId, Detection, Finding, FindingClass, Hints, IncidentKind, Location, Origin,
    Position, Process, Product, Rule, Severity, Signals, Sourced, Statement, Status, Timestamp,
    Tool, Vulnerability,
};
use quell_owners::{Book, CodeLine};
use quell_pipeline::govern::Ruling;
use quell_pipeline::memory::Operator;

pub(crate) use workshop::{FILE, LINE, MENDED, WORKSHOP};

/// A weakness that a text may name.
pub(crate) const WEAKNESS: &str = "CVE-2026-31337";
/// An address that a text may name.
pub(crate) const ADDRESS: &str = "203.0.113.77";
/// The code of the worlds: files with their texts. Where nobody writes into them the marks stay.
pub(crate) const CODE: &[(&str, &str)] = &[("main.tf", MAIN), (FILE, workshop::CODE)];
const MAIN: &str = r#"# @COMMENT@
resource "aws_db_instance" "payments_db" {
  identifier          = "payments-db"
  engine              = "postgres"
  publicly_accessible = true
  tags = {
    owner = "payments"
    note  = "@NOTE@"
  }
}

resource "aws_db_instance" "other" {
  identifier          = "other"
  publicly_accessible = false
}
"#;

/// Findings and statements.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) name: &'static str,
    pub(crate) findings: Vec<Finding>,
    pub(crate) statements: Vec<Statement>,
}

pub(crate) fn worlds() -> Vec<Told> {
    vec![database(), attack(), assorted(), code(), identity(), workshop::workshop()]
}

fn tool(product: &str) -> Tool {
    Tool { product: product.to_owned(), format: product.to_owned() }
}

fn rule(id: &str, title: &str) -> Rule {
    Rule { id: id.to_owned(), title: title.into(), aliases: Vec::new() }
}

fn at(hour: i64) -> Option<Timestamp> {
    Timestamp::from_second(1_793_000_000 + hour * 3600).ok()
}

fn asset(native: &str, hints: &Hints<'_>, tags: &[(&str, &str)]) -> Asset {
    let id = AssetId::parse(native, hints);
    let tags: BTreeMap<_, _> =
        tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    Asset {
        name: id.name.as_str().into(),
        native_id: native.to_owned(),
        native_kind: hints.kind.unwrap_or_default().to_owned(),
        id,
        tags,
        ..Asset::default()
    }
}

fn finding(
    of: (&str, FindingClass, Rule),
    (id, severity): (&str, Severity),
    asset: Asset,
    hour: i64,
) -> Finding {
    let (product, class, rule) = of;
    let mut made = Finding::new(tool(product), class, rule, asset);
    made.native_id = id.to_owned();
    made.severity = severity;
    made.severity_native = severity.as_str().to_owned();
    made.status_native = "open".to_owned();
    made.description = "The tool says more of it here.".into();
    made.remediation = "Change the setting.".into();
    made.references = vec!["https://tool.example/finding".to_owned()];
    made.evidence = vec![("note".to_owned(), "a plain note".into())];
    (made.first_seen, made.last_seen) = (at(hour - 200), at(hour));
    made
}

const DATABASE: &str = "arn:aws:rds:eu-central-1:111122223333:db:payments-db";

fn database() -> Told {
    let tags = [("team", "payments"), ("env", "prod"), ("purpose", "ledger of payments")];
    let mut cloud =
        asset(DATABASE, &Hints { kind: Some("AwsRdsDbInstance"), ..Hints::default() }, &tags);
    cloud.signals =
        Signals { internet_exposed: Some(true), sensitive_data: Some(true), high_privilege: None };
    let setting = |product, id, title| (product, FindingClass::Misconfiguration, rule(id, title));
    let block = Hints { kind: Some("aws_db_instance"), ..Hints::default() };
    let mut iac = finding(
        setting(
            "checkov",
            "CKV_AWS_17",
            "Ensure all data stored in RDS is not publicly accessible",
        ),
        ("main.tf:aws_db_instance.payments_db", Severity::High),
        asset("aws_db_instance.payments_db", &block, &[("purpose", "ledger of payments")]),
        4,
    );
    iac.asset.id = AssetId::parse(
        "aws_db_instance.payments_db",
        &Hints { provider: Some(quell_model::Provider::Iac), ..block },
    );
    iac.location = Some(Box::new(Location {
        file: "main.tf".to_owned(),
        start_line: Some(2),
        end_line: Some(10),
        address: Some("aws_db_instance.payments_db".to_owned()),
    }));
    let mut second = finding(
        setting("security_hub", "RDS.2", "RDS DB instances should prohibit public access"),
        ("hub-1", Severity::Critical),
        cloud.clone(),
        6,
    );
    second.asset.tags.clear();
    let mut weak = finding(
        (
            "inspector2",
            FindingClass::Vulnerability,
            rule("CVE-2025-22222", "CVE-2025-22222 - postgresql"),
        ),
        ("insp-1", Severity::Medium),
        cloud.clone(),
        5,
    );
    weak.vulnerability = Some(Box::new(Vulnerability {
        id: "CVE-2025-22222".to_owned(),
        package: "postgresql".to_owned(),
        version: "15.2".to_owned(),
        fixed_version: Some("15.4".to_owned()),
        cvss: Some(6.5),
        cvss_vector: Some("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N".to_owned()),
        epss: Some(0.02),
        ..Vulnerability::default()
    }));
    let first = finding(
        setting(
            "prowler",
            "rds_instance_no_public_access",
            "Check if there are Public Accessible RDS instances.",
        ),
        ("prowler-1", Severity::Critical),
        cloud,
        5,
    );
    Told { name: "database", findings: vec![first, second, iac, weak], statements: Vec::new() }
}

fn attack() -> Told {
    let pod = "cluster-one/default/pod/payments-api";
    let hints = Hints {
        provider: Some(quell_model::Provider::Kubernetes),
        account: Some("cluster-one"),
        kind: Some("Pod"),
        name: Some("payments-api"),
        namespace: Some("default"),
        ..Hints::default()
    };
    let pod = asset(
        pod,
        &hints,
        &[("app", "payments-api"), ("env", "prod"), ("note", "runs the ledger")],
    );
    let mut shell = finding(
        (
            "falco",
            FindingClass::Detection,
            rule("Terminal shell in container", "Terminal shell in container"),
        ),
        ("falco-1", Severity::High),
        pod.clone(),
        10,
    );
    shell.title = "A shell was started in a container".into();
    shell.detection = Some(Box::new(Detection {
        techniques: vec!["T1059".to_owned()],
        tactics: vec!["execution".to_owned()],
        principal: "root".into(),
        processes: vec![
            Process {
                name: "sh".into(),
                command_line: "sh -c id".into(),
                pid: Some(77),
                user: "app".into(),
            },
            Process {
                name: "java".into(),
                command_line: "java -jar /opt/ledger/app.jar".into(),
                pid: Some(1),
                user: "app".into(),
            },
        ],
        remote_addresses: vec!["198.51.100.4".to_owned()],
        also_involved: Vec::new(),
    }));
    shell.evidence.push((
        "container.image.repository".to_owned(),
        "registry.example/shop/payments-api".into(),
    ));
    let mut out = finding(
        (
            "falco",
            FindingClass::Detection,
            rule("Outbound connection", "Unexpected outbound connection"),
        ),
        ("falco-2", Severity::Medium),
        pod.clone(),
        10,
    );
    out.detection = Some(Box::new(Detection {
        principal: "root".into(),
        processes: vec![Process {
            name: "curl".into(),
            command_line: "curl http://198.51.100.4/a".into(),
            pid: Some(78),
            user: "app".into(),
        }],
        remote_addresses: vec![ADDRESS.to_owned()],
        ..Detection::default()
    }));
    let weak = weak_image();
    let setting = finding(
        ("kubescape", FindingClass::Misconfiguration, rule("C-0057", "Privileged container")),
        ("ks-1", Severity::High),
        pod,
        7,
    );
    Told { name: "attack", findings: vec![shell, out, weak, setting], statements: Vec::new() }
}

fn weak_image() -> Finding {
    let image = Hints {
        provider: Some(quell_model::Provider::Image),
        kind: Some("container_image"),
        ..Hints::default()
    };
    let mut weak = finding(
        ("trivy", FindingClass::Vulnerability, rule(WEAKNESS, "ledgerlib: remote code execution")),
        ("trivy-1", Severity::Critical),
        asset("registry.example/shop/payments-api:1.4", &image, &[("maintainer", "payments")]),
        8,
    );
    weak.vulnerability = Some(Box::new(Vulnerability {
        id: WEAKNESS.to_owned(),
        package: "com.example:ledgerlib".to_owned(),
        version: "2.3.0".to_owned(),
        fixed_version: Some("2.3.1".to_owned()),
        purl: Some("pkg:maven/com.example/ledgerlib@2.3.0".to_owned()),
        path: Some("/opt/ledger/ledgerlib.jar".to_owned()),
        cvss: Some(9.8),
        epss: Some(0.4),
        ..Vulnerability::default()
    }));
    weak
}

fn assorted() -> Told {
    let bucket = asset(
        "arn:aws:s3:::old-reports",
        &Hints { account: Some("999988887777"), kind: Some("AwsS3Bucket"), ..Hints::default() },
        &[("env", "staging"), ("comment", "kept for the auditors")],
    );
    let odd = finding(
        (
            "lacework",
            FindingClass::Misconfiguration,
            rule("house-rule-12", "Reports older than a year are kept"),
        ),
        ("lw-1", Severity::Low),
        bucket.clone(),
        3,
    );
    let mut other = finding(
        ("orca", FindingClass::DataRisk, rule("", "")),
        ("orca-1", Severity::High),
        bucket,
        3,
    );
    other.title = "Personal data was found in a bucket of reports".into();
    let vm = asset(
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shop/providers/Microsoft.Compute/virtualMachines/batch-7",
        &Hints { kind: Some("VirtualMachine"), ..Hints::default() },
        &[("Stage", "dev"), ("Squad", "batch"), ("info", "runs at night")],
    );
    let mut said = finding(
        ("defender", FindingClass::Vulnerability, rule("CVE-2024-55555", "CVE-2024-55555")),
        ("def-1", Severity::High),
        vm.clone(),
        2,
    );
    said.vulnerability = Some(Box::new(Vulnerability {
        id: "CVE-2024-55555".to_owned(),
        package: "libfoo".to_owned(),
        version: "1.0".to_owned(),
        purl: Some("pkg:deb/debian/libfoo@1.0".to_owned()),
        cvss: Some(8.1),
        ..Vulnerability::default()
    }));
    let mut hidden = finding(
        (
            "wiz",
            FindingClass::Misconfiguration,
            rule("wiz-77", "Disk of a machine is not encrypted with an own key"),
        ),
        ("wiz-1", Severity::Medium),
        vm,
        2,
    );
    hidden.status = Status::Suppressed;
    let statement = Statement {
        tool: tool("openvex"),
        native_id: "vex-1".to_owned(),
        vulnerability: "CVE-2024-55555".to_owned(),
        aliases: Vec::new(),
        product: Product {
            purl: Some("pkg:deb/debian/libfoo@1.0".to_owned()),
            name: "libfoo".to_owned(),
            version: "1.0".to_owned(),
            ..Product::default()
        },
        component: None,
        verdict: Position::Affected,
        verdict_native: "affected".to_owned(),
        justification: "it is loaded".to_owned(),
        text: "The library is loaded at the start.".into(),
        author: "supplier".into(),
        time: at(1),
    };
    Told { name: "assorted", findings: vec![odd, other, said, hidden], statements: vec![statement] }
}

fn code() -> Told {
    let file = |path: &str| {
        let hints = Hints {
            provider: Some(quell_model::Provider::Code),
            kind: Some("file"),
            ..Hints::default()
        };
        let mut made = asset(path, &hints, &[]);
        made.context.owner =
            Some(Sourced { value: "platform".into(), origin: Origin::Field("owner".to_owned()) });
        made
    };
    let mut secret = finding(
        ("trivy", FindingClass::Secret, rule("generic-key", "Key in a file")),
        ("t-2", Severity::High),
        file("src/config.py"),
        1,
    );
    secret.location = Some(Box::new(Location {
        file: "src/config.py".to_owned(),
        start_line: Some(12),
        end_line: Some(12),
        address: None,
    }));
    let mut weak = finding(
        (
            "semgrep",
            FindingClass::CodeWeakness,
            rule("python.sql-injection", "SQL is put together from input"),
        ),
        ("s-1", Severity::Medium),
        file("src/orders.py"),
        1,
    );
    weak.location = Some(Box::new(Location {
        file: "src/orders.py".to_owned(),
        start_line: Some(40),
        end_line: Some(44),
        address: None,
    }));
    Told { name: "code", findings: vec![secret, weak], statements: Vec::new() }
}

fn identity() -> Told {
    let role = asset(
        "arn:aws:iam::111122223333:role/deployer",
        &Hints { kind: Some("AwsIamRole"), ..Hints::default() },
        &[("owner", "platform"), ("remark", "used by the pipeline")],
    );
    let mut seen = finding(
        (
            "guardduty",
            FindingClass::Detection,
            rule(
                "UnauthorizedAccess:IAMUser/MaliciousIPCaller",
                "API calls from a known bad address",
            ),
        ),
        ("gd-1", Severity::High),
        role.clone(),
        10,
    );
    seen.detection = Some(Box::new(Detection {
        techniques: vec!["T1078".to_owned()],
        tactics: vec!["initial-access".to_owned()],
        principal: "deployer".into(),
        remote_addresses: vec![ADDRESS.to_owned()],
        ..Detection::default()
    }));
    let wide = finding(
        (
            "prowler",
            FindingClass::Identity,
            rule("iam_role_administratoraccess_policy", "Role has the AdministratorAccess policy"),
        ),
        ("prowler-9", Severity::High),
        role,
        9,
    );
    Told { name: "identity", findings: vec![seen, wide], statements: Vec::new() }
}

fn route(name: &str, what: What, when: When) -> Route {
    Route {
        name: name.to_owned(),
        to: vec![format!("sink-{name}")],
        what,
        when,
        quiet: None,
        digest: None,
        escalate: None,
        release: Release::Rule,
        letters_an_hour: 1000,
    }
}

/// What an operator says: routes by everything that routes look at, rules, exceptions.
pub(crate) fn operator() -> Operator {
    let one = |text: &str| vec![text.to_owned()];
    let quiet = Hours::new("00:00", "23:59", "UTC").ok();
    let routes = vec![
        route("all", What::Incidents, When::default()),
        route("work", What::Work, When::default()),
        route(
            "grave",
            What::Incidents,
            When { least_severity: Some(Severity::High), ..When::default() },
        ),
        Route {
            release: Release::Person,
            ..route("score", What::Incidents, When { least_score: Some(400), ..When::default() })
        },
        route("payments", What::Incidents, When { owners: one("payments"), ..When::default() }),
        route("teams", What::Incidents, When { teams: one("platform"), ..When::default() }),
        Route {
            quiet: quiet.map(|hours| Quiet { hours, despite: Severity::Critical }),
            escalate: Some(Escalate { after: Duration::from_secs(3600), to: one("sink-boss") }),
            ..route(
                "production",
                What::Incidents,
                When { environments: one("production"), ..When::default() },
            )
        },
        route("account", What::Incidents, When { accounts: one("1111*"), ..When::default() }),
        route("controls", What::Incidents, When { controls: one("aws.rds.*"), ..When::default() }),
        route(
            "attacks",
            What::Incidents,
            When {
                kinds: vec![
                    IncidentKind::DetectionOnAsset,
                    IncidentKind::Exploitation,
                    IncidentKind::ProcessTree,
                    IncidentKind::Campaign,
                ],
                ..When::default()
            },
        ),
        route("fixes", What::Fixes, When::default()),
    ];
    let rule = |id: &str, phase, environments: Vec<String>, people| ActionRule {
        id: id.to_owned(),
        phase,
        kinds: one("fix.*"),
        tenants: Vec::new(),
        accounts: Vec::new(),
        environments,
        when: Conditions { most_risk: Some(300), reversible: true, ..Conditions::default() },
        quorum: Quorum { people, roles: Vec::new() },
    };
    let rules = vec![
        rule("production", Phase::Assist, one("production"), 2),
        rule("elsewhere", Phase::Conditional, Vec::new(), 1),
    ];
    let texts = [
        "package = oldlib",
        "tag.temporary = yes and severity < high",
        "team = legacy",
        "path = vendor/*",
        "environment = sandbox and severity < medium",
    ];
    Operator {
        routes,
        ruling: Ruling { rules, plan_hours: 24, most_per_hour: 10, ..Ruling::default() },
        exceptions: texts.iter().filter_map(|text| text.parse().ok()).collect(),
        places: quell_pipeline::deliver::Places::default(),
    }
}

/// What CODEOWNERS says.
pub(crate) fn book() -> Book {
    let line = |owners: &str, line| CodeLine { owners: owners.to_owned(), line };
    Book {
        files: BTreeMap::from([
            ("src/config.py".to_owned(), line("@platform", 1)),
            ("src/orders.py".to_owned(), line("@payments", 2)),
        ]),
        ..Book::default()
    }
}
