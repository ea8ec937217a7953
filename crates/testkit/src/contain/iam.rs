//! What AWS's IAM keeps of a user, a role or a group, and how it answers.

use std::collections::{BTreeMap, BTreeSet};

use crate::net::Answer;

/// A user, a role or a group.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// Its unique id.
    pub id: String,
    /// Its path.
    pub path: String,
    /// ARNs of managed policies.
    pub attached: BTreeSet<String>,
    /// Inline policies by name.
    pub inline: BTreeMap<String, String>,
    /// Access keys: id, status, date.
    pub keys: Vec<(String, String, String)>,
}

/// All identities, by ARN.
pub(super) type Identities = BTreeMap<String, Identity>;

/// A call with its fields.
pub(super) struct Call<'a> {
    pub(super) action: &'a str,
    pub(super) fields: &'a BTreeMap<String, String>,
}

impl Call<'_> {
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// `user`, `role` or `group`, with the name.
    pub(super) fn whom(&self) -> (&'static str, &str) {
        let kinds = [("UserName", "user"), ("RoleName", "role"), ("GroupName", "group")];
        let found = kinds.iter().find(|(name, _)| self.fields.contains_key(*name));
        found.map_or(("user", ""), |(name, kind)| (*kind, self.field(name)))
    }
}

/// The ARN of a name.
pub(super) fn arn_of(all: &Identities, (kind, name): (&str, &str)) -> Option<String> {
    let is_it = |arn: &&String| {
        let rest = arn.splitn(6, ':').nth(5).unwrap_or_default();
        rest.starts_with(&format!("{kind}/")) && rest.ends_with(&format!("/{name}"))
    };
    all.keys().find(is_it).cloned()
}

pub(super) fn fault(status: u16, code: &str, message: &str) -> Answer {
    let kind = if status < 500 { "Sender" } else { "Receiver" };
    let text = format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>{kind}</Type>\
         <Code>{code}</Code><Message>{}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>",
        xml(message)
    );
    Answer::new(status, text).header("content-type", "text/xml")
}

pub(super) fn done(action: &str, result: &str) -> Answer {
    let result = if result.is_empty() {
        String::new()
    } else {
        format!("<{action}Result>{result}</{action}Result>")
    };
    let text = format!(
        "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">{result}\
         <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></{action}Response>"
    );
    Answer::new(200, text).header("content-type", "text/xml")
}

/// What IAM reads. A list has `page` entries a page.
pub(super) fn read(all: &Identities, call: &Call<'_>, page: usize) -> Answer {
    let Some(arn) = arn_of(all, call.whom()) else { return no_such(call) };
    let Some(one) = all.get(&arn) else { return no_such(call) };
    match call.action {
        "GetRole" => {
            let (name, Identity { path, id, .. }) = (call.field("RoleName"), one);
            done(
                "GetRole",
                &format!(
                    "<Role><Path>{path}</Path><RoleName>{name}</RoleName><RoleId>{id}</RoleId><Arn>{arn}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><MaxSessionDuration>3600</MaxSessionDuration></Role>"
                ),
            )
        }
        "GetRolePolicy" => {
            let name = call.field("PolicyName");
            let Some(document) = one.inline.get(name) else {
                let message = format!("The role policy with name {name} cannot be found.");
                return fault(404, "NoSuchEntity", &message);
            };
            let role = call.field("RoleName");
            let document = encoded(document);
            done(
                "GetRolePolicy",
                &format!(
                    "<RoleName>{role}</RoleName><PolicyName>{name}</PolicyName><PolicyDocument>{document}</PolicyDocument>"
                ),
            )
        }
        "ListAccessKeys" => {
            let user = call.field("UserName");
            let entry = |(id, status, date): &(String, String, String)| {
                format!(
                    "<member><UserName>{user}</UserName><AccessKeyId>{id}</AccessKeyId><Status>{status}</Status><CreateDate>{date}</CreateDate></member>"
                )
            };
            let entries: Vec<String> = one.keys.iter().map(entry).collect();
            listed(call, "AccessKeyMetadata", &entries, page)
        }
        _ => {
            let entry = |arn: &String| {
                let name = arn.rsplit('/').next().unwrap_or_default();
                format!(
                    "<member><PolicyName>{name}</PolicyName><PolicyArn>{arn}</PolicyArn></member>"
                )
            };
            let entries: Vec<String> = one.attached.iter().map(entry).collect();
            listed(call, "AttachedPolicies", &entries, page)
        }
    }
}

fn listed(call: &Call<'_>, name: &str, entries: &[String], page: usize) -> Answer {
    let from: usize = call.field("Marker").parse().unwrap_or_default();
    let most = call.field("MaxItems").parse().unwrap_or(100_usize).min(page);
    let shown: String = entries.iter().skip(from).take(most).cloned().collect();
    let end = from + most;
    let more = if end < entries.len() {
        format!("<IsTruncated>true</IsTruncated><Marker>{end}</Marker>")
    } else {
        "<IsTruncated>false</IsTruncated>".to_owned()
    };
    done(call.action, &format!("<{name}>{shown}</{name}>{more}"))
}

/// What IAM changes.
pub(super) fn change(all: &mut Identities, call: &Call<'_>) -> Answer {
    let Some(arn) = arn_of(all, call.whom()) else { return no_such(call) };
    let Some(one) = all.get_mut(&arn) else { return no_such(call) };
    if one.path.starts_with("/aws-service-role/") {
        return fault(400, "UnmodifiableEntity", "only the service itself can change this role");
    }
    let policy = call.field("PolicyArn").to_owned();
    let name = call.field("PolicyName").to_owned();
    match call.action {
        "UpdateAccessKey" => {
            let id = call.field("AccessKeyId");
            let Some(key) = one.keys.iter_mut().find(|(known, _, _)| known == id) else {
                let message = format!("The Access Key with id {id} cannot be found.");
                return fault(404, "NoSuchEntity", &message);
            };
            call.field("Status").clone_into(&mut key.1);
        }
        "PutRolePolicy" => {
            let document = call.field("PolicyDocument").to_owned();
            if serde_json::from_str::<serde_json::Value>(&document).is_err() {
                return fault(400, "MalformedPolicyDocument", "Syntax errors in policy.");
            }
            one.inline.insert(name, document);
        }
        "DeleteRolePolicy" => {
            if one.inline.remove(&name).is_none() {
                let message = format!("The role policy with name {name} cannot be found.");
                return fault(404, "NoSuchEntity", &message);
            }
        }
        action if action.starts_with("Attach") => drop(one.attached.insert(policy)),
        _ => {
            if !one.attached.remove(&policy) {
                let message = format!("Policy {policy} was not found.");
                return fault(404, "NoSuchEntity", &message);
            }
        }
    }
    done(call.action, "")
}

fn no_such(call: &Call<'_>) -> Answer {
    let (kind, name) = call.whom();
    fault(404, "NoSuchEntity", &format!("The {kind} with name {name} cannot be found."))
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// As IAM writes documents: by RFC 3986.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().fold(String::new(), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
