//! Audits of the application firewall, of watched files and logs, and of calls to clusters.

use serde_json::{Value, json};

use super::compute::{app_id, fqdn, provider};
use super::seat::Kin;
use super::state::both;
use super::{PrismaDouble, Seat};
use crate::platforms::{Detection, Flaw, Thing};

/// What lists of the firewall may be asked by, beside paging. There is no id.
pub(super) const OF_FIREWALL: &[&str] = &[
    "from",
    "to",
    "imageName",
    "containerName",
    "hostname",
    "ruleName",
    "type",
    "effect",
    "ruleAppID",
    "function",
    "runtime",
    "ns",
    "appID",
    "subnet",
    "connectingIPs",
    "country",
    "userAgentHeader",
    "url",
    "requestHost",
    "urlPath",
    "urlQuery",
    "method",
    "requestHeaderNames",
    "os",
    "msg",
    "cluster",
    "attackTechniques",
    "aggregate",
    "protection",
    "eventID",
    "owaspTop10",
    "owaspAPITop10",
    "additionalHash",
    "modelPath",
];
/// What the list of changed files may be asked by.
pub(super) const OF_FILES: &[&str] =
    &["id", "from", "to", "hostname", "path", "eventType", "cluster"];
/// What the list of lines of logs may be asked by.
pub(super) const OF_LOGS: &[&str] = &["id", "from", "to", "hostname", "logfile", "cluster"];
/// What the list of calls to clusters may be asked by.
pub(super) const OF_CLUSTERS: &[&str] = &["from", "to", "user", "attackTechniques", "cluster"];

/// An audit of one of these; nothing where it is of processes.
pub(super) fn audit(
    flaw: &Flaw,
    thing: &Thing,
    (seat, detection): (Seat, &Detection),
) -> Option<Value> {
    match seat.kin() {
        Kin::Firewall => Some(firewall(flaw, thing, (seat, detection))),
        Kin::Files => Some(file(flaw, thing)),
        Kin::Logs => Some(line(flaw, thing)),
        Kin::Clusters => Some(call(flaw, thing, detection)),
        Kin::Alerts | Kin::Scans | Kin::Incidents | Kin::Processes => None,
    }
}

/// A request that the application firewall stopped or told of.
fn firewall(flaw: &Flaw, thing: &Thing, (seat, detection): (Seat, &Detection)) -> Value {
    let first = json!({
        "_id": PrismaDouble::id_of(flaw, thing), "time": flaw.opened.to_string(), "type": "sqli",
        "effect": "alert", "ruleName": "Default - web", "ruleAppID": "app-1", "firewallType": "host-proxy",
        "msg": "Detected SQL injection in query parameter", "count": 1, "method": "GET",
        "url": "shop.example.com/search?q=1%20or%201", "urlPath": "/search", "urlQuery": "q=1%20or%201",
        "requestHost": "shop.example.com", "userAgentHeader": "made-up/1.0", "statusCode": 0,
        "subnet": detection.address, "connectingIPs": [detection.address], "country": "NL",
        "protection": "firewall", "owaspTop10": "injection", "attackTechniques": ["exploitPublicFacingApplication"],
        "eventID": format!("{:08x}-0000-4000-8000-000000000009", flaw.number),
        "requestHeaders": "", "responseHeaderNames": [], "requestHeaderNames": ["Host"], "rawEvent": "",
    });
    let is = |wanted: Seat| seat == wanted;
    let of = |seat: Seat, text: String| if is(seat) { text } else { String::new() };
    let host = is(Seat::ContainerFirewall) || is(Seat::HostFirewall);
    let second = json!({
        "accountID": thing.account.id, "provider": provider(thing), "region": thing.region, "cluster": "",
        "hostname": if host { thing.host.clone() } else { None }, "host": is(Seat::HostFirewall),
        "fqdn": if host { fqdn(thing) } else { String::new() },
        "containerId": of(Seat::ContainerFirewall, format!("{:064x}", flaw.number)),
        "containerName": of(Seat::ContainerFirewall, format!("web-{}", flaw.number)),
        "imageName": of(Seat::ContainerFirewall, "registry.example.com/shop/web:1.2".to_owned()),
        "imageID": of(Seat::ContainerFirewall, format!("sha256:{:064x}", 77)), "ns": Value::Null,
        "function": of(Seat::ServerlessFirewall, thing.name.clone()),
        "functionID": of(Seat::ServerlessFirewall, format!("{}-{}", thing.name, thing.account.id)),
        "appID": of(Seat::AppFirewall, app_id(thing)), "collections": ["All"], "labels": {},
        "os": "Ubuntu 22.04", "version": "34.04.145", "profileId": "", "modelPath": "", "additionalHash": "",
    });
    both(first, second)
}

/// Somebody wrote a file that is watched.
fn file(flaw: &Flaw, thing: &Thing) -> Value {
    json!({
        "_id": PrismaDouble::id_of(flaw, thing), "time": flaw.opened.to_string(), "hostname": thing.host,
        "fqdn": fqdn(thing), "path": "/etc/passwd", "eventType": "write", "fileType": 1,
        "processName": "vi", "user": "root", "ruleName": "Default - system files",
        "description": "File was written by vi", "cluster": "", "accountID": thing.account.id,
        "collections": ["All"], "metadata": {},
    })
}

/// A line that an inspection rule names.
fn line(flaw: &Flaw, thing: &Thing) -> Value {
    json!({
        "_id": PrismaDouble::id_of(flaw, thing), "time": flaw.opened.to_string(), "hostname": thing.host,
        "logfile": "/var/log/auth.log", "line": "Failed password for invalid user admin",
        "ruleName": "Default - sshd", "cluster": "", "accountID": thing.account.id, "collections": ["All"],
    })
}

/// A call to a cluster. It has no id.
fn call(flaw: &Flaw, thing: &Thing, detection: &Detection) -> Value {
    json!({
        "time": flaw.opened.to_string(), "verb": "create", "requestURI": "/api/v1/namespaces/shop/pods/web/exec",
        "resources": "pods/exec", "cluster": format!("cluster-{}", thing.name), "message": "exec into a pod",
        "user": {"username": format!("dev-{}", flaw.number), "uid": "", "groups": ["system:authenticated"]},
        "sourceIPs": [detection.address], "accountID": thing.account.id, "provider": provider(thing),
        "attackTechniques": ["execIntoContainer"], "collections": ["All"], "eventBlob": "{}",
        "authorizationInfo": {},
    })
}
