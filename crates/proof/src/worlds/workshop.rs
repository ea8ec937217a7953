//! A world that all tasks are asked in: something was seen that is not usual, on a machine with a
//! weakness of which a supplier speaks, and the code has a fault that no recipe mends.

use quell_model::{
    AssetId, Detection, Finding, FindingClass, Hints, Location, Position, Process, Product,
    Severity, Statement, Vulnerability,
};

use super::{Told, asset, at, finding, rule, tool};

/// What it is called.
pub(crate) const WORKSHOP: &str = "workshop";
/// The file with the fault.
pub(crate) const FILE: &str = "services/build.tf";
/// The line that is at fault.
pub(crate) const LINE: &str = "      privileged = true\n";
/// What mends it.
pub(crate) const MENDED: &str = "      privileged = false\n";
/// The file's text.
pub(super) const CODE: &str = r#"resource "aws_ecs_task_definition" "build" {
  # @BUILD_COMMENT@
  family = "build"

  container_definitions = jsonencode([
    {
      name       = "builder"
      image      = "registry.example/shop/builder:7"
      privileged = true
    }
  ])

  tags = {
    owner = "platform"
    note  = "@BUILD_NOTE@"
  }
}

resource "aws_ecs_cluster" "main" {
  name = "main"
}
"#;

const ADDRESS: &str = "aws_ecs_task_definition.build";
const MACHINE: &str = "arn:aws:ec2:eu-central-1:111122223333:instance/i-0abc12345def67890";
const WEAKNESS: &str = "CVE-2026-20202";
const PURL: &str = "pkg:deb/debian/openssl@3.0.1";

pub(super) fn workshop() -> Told {
    Told {
        name: WORKSHOP,
        findings: vec![in_code(), unusual(), weak()],
        statements: vec![statement()],
    }
}

fn in_code() -> Finding {
    let block = Hints { kind: Some("aws_ecs_task_definition"), ..Hints::default() };
    let mut made = finding(
        (
            "checkov",
            FindingClass::Misconfiguration,
            rule("CKV_AWS_334", "Ensure ECS containers are not privileged"),
        ),
        ("services/build.tf:aws_ecs_task_definition.build", Severity::High),
        asset(ADDRESS, &block, &[("purpose", "builds images")]),
        4,
    );
    made.asset.id =
        AssetId::parse(ADDRESS, &Hints { provider: Some(quell_model::Provider::Iac), ..block });
    made.location = Some(Box::new(Location {
        file: FILE.to_owned(),
        start_line: Some(1),
        end_line: Some(17),
        address: Some(ADDRESS.to_owned()),
    }));
    made
}

fn machine() -> quell_model::Asset {
    let hints = Hints { kind: Some("AwsEc2Instance"), ..Hints::default() };
    asset(MACHINE, &hints, &[("team", "platform"), ("env", "prod"), ("remark", "builds at night")])
}

fn unusual() -> Finding {
    let mut made = finding(
        (
            "guardduty",
            FindingClass::Detection,
            rule("Behavior:EC2/NetworkPortUnusual", "Traffic on an unusual port"),
        ),
        ("gd-7", Severity::Medium),
        machine(),
        10,
    );
    made.title = "A machine speaks on a port on which it never spoke before".into();
    made.evidence.push(("usual".to_owned(), "ports often seen: 443, 53".into()));
    made.evidence.push(("unusual".to_owned(), "port: 6667".into()));
    let role = Hints { kind: Some("AwsIamRole"), ..Hints::default() };
    made.detection = Some(Box::new(Detection {
        techniques: vec!["T1571".to_owned()],
        tactics: vec!["command-and-control".to_owned()],
        principal: "builder".into(),
        processes: vec![
            Process {
                name: "make".into(),
                command_line: "make all".into(),
                pid: Some(901),
                user: "ci".into(),
            },
            Process {
                name: "runner".into(),
                command_line: "/opt/runner/run".into(),
                pid: Some(880),
                user: "ci".into(),
            },
        ],
        remote_addresses: vec!["198.51.100.77".to_owned()],
        also_involved: vec![asset("arn:aws:iam::111122223333:role/builder", &role, &[])],
    }));
    made
}

fn weak() -> Finding {
    let mut made = finding(
        ("inspector2", FindingClass::Vulnerability, rule(WEAKNESS, "CVE-2026-20202 - openssl")),
        ("insp-7", Severity::High),
        machine(),
        8,
    );
    made.vulnerability = Some(Box::new(Vulnerability {
        id: WEAKNESS.to_owned(),
        package: "openssl".to_owned(),
        version: "3.0.1".to_owned(),
        fixed_version: Some("3.0.2".to_owned()),
        purl: Some(PURL.to_owned()),
        path: Some("/usr/lib/libssl.so.3".to_owned()),
        cvss: Some(7.4),
        cvss_vector: Some("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N".to_owned()),
        epss: Some(0.1),
        ..Vulnerability::default()
    }));
    made
}

fn statement() -> Statement {
    Statement {
        tool: tool("openvex"),
        native_id: "vex-7".to_owned(),
        vulnerability: WEAKNESS.to_owned(),
        aliases: Vec::new(),
        product: Product {
            purl: Some(PURL.to_owned()),
            name: "openssl".to_owned(),
            version: "3.0.1".to_owned(),
            ..Product::default()
        },
        component: None,
        verdict: Position::Affected,
        verdict_native: "affected".to_owned(),
        justification: "it is used".to_owned(),
        text: "The library is used by all programs.".into(),
        author: "distributor".into(),
        time: at(1),
    }
}
