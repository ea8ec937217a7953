//! Every payload of a platform that is held beside the repository is read. What is no payload is
//! named, with what it is; where nothing is held, there is nothing to do.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::intake::{Detected, Formats, Input, Item, Limits, detect, normalize_batch, read, walk};

/// Folders of platforms.
const FOLDERS: &[&str] =
    &["wiz", "prisma", "orca", "lacework", "open/asff", "open/defender", "open/scc"];

/// How names begin of what is no record of anything that is wrong or that there is, and why.
const OTHERS: &[(&str, &str)] = &[
    ("lacework/go-sdk/alerts_comment", "answer to a comment that was written"),
    ("lacework/go-sdk/alerts_details_integrations", "where an alert was sent"),
    ("lacework/go-sdk/alerts_details_investigation", "part of an alert that does not say which"),
    ("lacework/go-sdk/alerts_details_timeline", "comment on an alert"),
    ("lacework/go-sdk/inventory_aws_1", "answer to the request for a scan"),
    ("lacework/go-sdk/policy_", "setting"),
    ("lacework/go-sdk/report_definitions", "setting"),
    ("lacework/go-sdk/resource_groups", "setting"),
    ("lacework/go-sdk/v2_recommendations", "which recommendations are on"),
    ("lacework/go-sdk/v2_suppressions", "exceptions"),
    ("lacework/go-sdk/v2_vulnerabilities_4", "tags of a machine without the row that has them"),
    ("lacework/go-sdk/v2_vulnerabilities_5", "tags of a machine without the row that has them"),
    ("lacework/go-sdk/vulnerability_exceptions", "exceptions"),
    ("open/asff/cartography_get_hub", "that Security Hub is on"),
    ("orca/rapid7/parameters_", "input of an integration"),
    ("orca/rapid7/responses__add_user", "answer to a change"),
    ("orca/rapid7/responses__download_malicious_file", "link to a sample of malware"),
    ("orca/rapid7/responses__get_access_token", "login"),
    ("orca/rapid7/responses__get_role", "users and roles of Orca"),
    ("orca/rapid7/responses__get_users", "users and roles of Orca"),
    ("orca/rapid7/responses__update_", "answer to a change"),
    ("orca/rapid7/responses__verify_alert", "answer to a change"),
    ("prisma/compute-docs/audits__mgmt_filters", "values to filter by"),
    ("prisma/compute-docs/audits__waas_agentless_get", "example with every field empty"),
    ("prisma/compute-docs/audits__waas_serverless_get", "example with every field empty"),
    ("prisma/compute-docs/collections_", "setting"),
    ("prisma/compute-docs/custom-compliance_", "setting"),
    ("prisma/compute-docs/feeds__custom-vulnerabilities", "setting"),
    ("prisma/compute-docs/rbac_", "setting"),
    ("prisma/compute-docs/settings_", "setting"),
    ("prisma/compute-docs/stats__events", "counts"),
    ("prisma/compute-docs/vms_", "names and labels alone"),
    ("prisma/cspm-docs/AlertsNotification", "request to send a message"),
    ("prisma/cspm-docs/ApplicationSearch", "search for applications"),
    ("prisma/cspm-docs/UVERemediation", "state of a remediation"),
    ("prisma/demisto/compute_alert_profile", "setting"),
    ("wiz/chronicle/add_comment", "answer to a change"),
    ("wiz/chronicle/get_blue_agent_analysis", "analysis of an issue that does not say of which"),
    ("wiz/chronicle/ignore_issue", "answer to a change"),
    ("wiz/chronicle/mock_data", "several answers by the names of an integration"),
    ("wiz/chronicle/reopen_issue", "answer to a change"),
    ("wiz/chronicle/resolve_issue", "answer to a change"),
    ("wiz/ocean/control_", "rule"),
    ("wiz/ocean/hosted-technology", "what runs on a resource, which is named by Wiz's id alone"),
    ("wiz/ocean/serviceTicket", "link to a ticket"),
    ("wiz/ocean/technology", "description of a product"),
    ("wiz/stave/cloud_account", "account that is connected"),
    ("wiz/stave/cmdb_record", "record of another system"),
    ("wiz/stave/example-runlog", "log of another program"),
    ("wiz/stave/iac_component", "record of another system"),
    ("wiz/stave/issue", "made up: an issue about nothing"),
    ("wiz/stave/ticket", "record of another system"),
    ("wiz/stave/vended_account", "record of another system"),
    ("wiz/stave/vulnerability_finding", "made up: a weakness in nothing"),
];

fn samples() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().map(|above| above.join("shared/samples"));
    found.into_iter().find(|path| path.is_dir())
}

/// What of an input is not taken, and why.
fn refused(input: &mut Input) -> Vec<String> {
    let limits = Limits::default();
    let fit = match detect(input, Formats::BUILT_IN, &limits) {
        Ok(Detected::Fits(fit)) => fit,
        Ok(Detected::Empty) => return Vec::new(),
        Ok(Detected::NoFit(reason)) => return vec![reason],
        Err(error) => return vec![error.to_string()],
    };
    let detection = fit.at("2026-11-01T00:00:00Z".parse().unwrap());
    let mut reasons = Vec::new();
    let summary = read(input, &detection, &limits, &mut |item| {
        match item {
            Item::Batch(batch) => {
                reasons.extend(normalize_batch(&batch, &detection).filter_map(|n| n.result.err()));
            }
            Item::Reject { reason, .. } => reasons.push(reason),
        }
        ControlFlow::Continue(())
    });
    reasons.extend(summary.broke_off.map(|why| format!("{why:?}")));
    reasons
}

#[test]
fn every_held_payload_is_read_and_what_is_none_is_named() {
    let Some(samples) = samples() else { return };
    let folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| samples.join(folder)).collect();
    let mut met = vec![false; OTHERS.len()];
    let (mut read, mut wrong) = (0, Vec::new());
    for input in walk(&folders) {
        let mut input = input.unwrap();
        let name = input.name();
        let name = name.strip_prefix(&format!("{}/", samples.display())).unwrap().to_owned();
        let other = OTHERS.iter().position(|(start, _)| name.starts_with(start));
        let refused = refused(&mut input);
        match (other, refused.first()) {
            (Some(at), Some(_)) => met[at] = true,
            (Some(_), None) | (None, None) => read += 1,
            (None, Some(reason)) => wrong.push(format!("{name}: {reason}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read > 170, "{read}");
    let unmet = OTHERS.iter().zip(&met).filter(|(_, met)| !**met);
    let unmet: Vec<_> = unmet.map(|((start, why), _)| format!("{start} ({why})")).collect();
    assert!(unmet.is_empty(), "all of these are read: {unmet:?}");
}
