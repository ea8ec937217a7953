//! AWS: sessions of a role that began before a moment may do nothing any more.
//!
//! The role gets an inline policy that denies everything to tokens issued before that moment, as
//! the console's button does. Its name is Quell's own, so the console's is never overwritten.

use jiff::SignedDuration;
use percent_encoding::percent_decode_str;
use quell_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::at;
use crate::access::Where;
use crate::draft::{Draft, Reply};
use crate::error::ContainError;
use crate::names::{Principal, PrincipalKind};
use crate::state::{Reading, State};
use crate::unit::{Purpose, Statement, Unit};
use crate::xml;

/// The inline policy.
const POLICY: &str = "QuellRevokeOlderSessions";

/// Revoke the sessions of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeSessions {
    /// The role.
    pub role: Principal,
    /// Sessions that began before this moment are revoked. It cannot be later than the plan is
    /// void.
    pub issued_before: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleAnswer {
    get_role_result: RoleResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleResult {
    role: Role,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Role {
    role_id: String,
    path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyAnswer {
    get_role_policy_result: PolicyResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyResult {
    policy_document: String,
}

impl RevokeSessions {
    /// The moment as policies write it. Tokens bear whole seconds, so a fraction counts up.
    fn moment(&self) -> String {
        let at = self.issued_before;
        let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
        let at = if whole < at { whole + SignedDuration::from_secs(1) } else { whole };
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    fn document(moment: &str) -> Value {
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment}},
            }],
        })
    }

    /// What is kept of a policy: the moment where it is ours, else all of it.
    fn kept(document: &Value) -> Value {
        let moment = document
            .pointer("/Statement/0/Condition/DateLessThan/aws:TokenIssueTime")
            .and_then(Value::as_str);
        match moment {
            Some(moment) if *document == Self::document(moment) => json!({"issued_before": moment}),
            Some(_) | None => json!({"other": document}),
        }
    }

    fn moment_of(policy: &Value) -> Option<&str> {
        policy.get("issued_before").and_then(Value::as_str)
    }
}

impl Unit for RevokeSessions {
    fn word(&self) -> &'static str {
        "revoke_sessions"
    }

    fn title(&self) -> String {
        format!("revoke the sessions of {} begun before {}", self.role.name(), self.moment())
    }

    fn target(&self) -> String {
        self.role.to_string()
    }

    fn account(&self) -> String {
        self.role.account().to_string()
    }

    fn place(&self) -> Where<'_> {
        Where::Aws(self.role.account(), Some(&self.role))
    }

    fn cautions(&self) -> &'static [&'static str] {
        &[
            "whoever can still take the role begins a new session; close that way too",
            "all sessions of the role end, those of services and people too, until they begin anew",
            "it can take some minutes until all of AWS knows it",
        ]
    }

    fn fits(&self, expires_at: Timestamp) -> Result<(), ContainError> {
        if self.issued_before > expires_at {
            return Err(ContainError::Unsuitable(
                "sessions would be refused beyond the time of the plan; name an earlier moment"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    fn ask(&self, so_far: &[Reply]) -> Result<Option<Draft>, ContainError> {
        let role = ("RoleName", self.role.name());
        Ok(match so_far.len() {
            0 => Some(Draft::iam("GetRole", &[role]).right("iam:GetRole")),
            1 => {
                let fields = [role, ("PolicyName", POLICY)];
                Some(Draft::iam("GetRolePolicy", &fields).right("iam:GetRolePolicy").may_miss())
            }
            _ => None,
        })
    }

    fn read(&self, replies: &[Reply]) -> Result<Reading, ContainError> {
        let role: RoleAnswer = xml::read(&at(replies, 0, "GetRole")?.body, "GetRole")?;
        let Role { role_id, path } = role.get_role_result.role;
        let reply = at(replies, 1, "GetRolePolicy")?;
        let policy = if reply.is_missing {
            Value::Null
        } else {
            let found: PolicyAnswer = xml::read(&reply.body, "GetRolePolicy")?;
            let text = found.get_role_policy_result.policy_document;
            let text = percent_decode_str(&text)
                .decode_utf8()
                .map_err(|error| ContainError::shape("PolicyDocument", error))?;
            let document = serde_json::from_str(&text)
                .map_err(|error| ContainError::shape("PolicyDocument", error))?;
            Self::kept(&document)
        };
        Ok(Reading::new(State::of([
            ("path", json!(path)),
            ("policy", policy),
            ("role", json!(role_id)),
        ])))
    }

    fn after(&self, before: &State) -> Result<State, ContainError> {
        let path = before.part("path").as_str().unwrap_or_default();
        if self.role.kind() != PrincipalKind::Role {
            return Err(ContainError::Unsuitable("only a role has sessions".to_owned()));
        }
        if path.starts_with("/aws-service-role/") || path.starts_with("/aws-reserved/") {
            return Err(ContainError::Unsuitable(
                "AWS itself keeps this role, and its policies cannot be changed".to_owned(),
            ));
        }
        let (wanted, policy) = (self.moment(), before.part("policy"));
        match Self::moment_of(policy) {
            // Moments of one form sort as texts.
            Some(stands) if stands >= wanted.as_str() => Ok(before.clone()),
            Some(_) => Ok(before.with("policy", json!({"issued_before": wanted}))),
            None if policy.is_null() => Ok(before.with("policy", json!({"issued_before": wanted}))),
            None => Err(ContainError::Unsuitable(format!(
                "the role has an inline policy `{POLICY}` that says something else"
            ))),
        }
    }

    fn steps(&self, now: &Reading, wanted: &State) -> Result<Vec<Draft>, ContainError> {
        let policy = wanted.part("policy");
        if policy == now.state.part("policy") {
            return Ok(Vec::new());
        }
        let (role, name) = (("RoleName", self.role.name()), ("PolicyName", POLICY));
        if policy.is_null() {
            let delete = Draft::iam("DeleteRolePolicy", &[role, name]);
            return Ok(vec![delete.right("iam:DeleteRolePolicy")]);
        }
        let moment = Self::moment_of(policy)
            .ok_or_else(|| ContainError::shape("policy", "it is not one of Quell's"))?;
        let document = Self::document(moment).to_string();
        let put = Draft::iam("PutRolePolicy", &[role, name, ("PolicyDocument", &document)]);
        Ok(vec![put.right("iam:PutRolePolicy")])
    }

    fn session(&self, purpose: Purpose) -> Vec<Statement> {
        let may: &[&str] = match purpose {
            Purpose::Look => &["iam:GetRole", "iam:GetRolePolicy"],
            Purpose::Do => &["iam:GetRole", "iam:GetRolePolicy", "iam:PutRolePolicy"],
            Purpose::Undo => {
                &["iam:GetRole", "iam:GetRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"]
            }
        };
        vec![Statement::allow(may, self.role.arns())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_a_second_counts_up() {
        let role: Principal = "arn:aws:iam::111122223333:role/web".parse().unwrap();
        let moment = |text: &str| {
            RevokeSessions { role: role.clone(), issued_before: text.parse().unwrap() }.moment()
        };
        assert_eq!(moment("2026-11-22T10:00:00Z"), "2026-11-22T10:00:00Z");
        assert_eq!(moment("2026-11-22T10:00:00.001Z"), "2026-11-22T10:00:01Z");
    }

    #[test]
    fn only_exactly_our_policy_counts_as_ours() {
        let ours = RevokeSessions::document("2026-11-22T10:00:00Z");
        assert_eq!(RevokeSessions::kept(&ours), json!({"issued_before": "2026-11-22T10:00:00Z"}));
        let mut wider = ours;
        wider["Statement"][0]["Condition"]["StringLike"] = json!({"aws:userid": "*:x"});
        assert!(RevokeSessions::kept(&wider).get("other").is_some());
    }
}
