//! AWS: a managed policy is detached from a user, a role or a group.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at, check_pages};
use crate::access::Where;
use crate::draft::{Draft, Reply};
use crate::error::ContainError;
use crate::names::{PolicyArn, Principal, PrincipalKind};
use crate::state::{Reading, State};
use crate::unit::{Purpose, Statement, Unit};
use crate::xml::{self, Members};

/// Detach a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetachPolicy {
    /// From whom.
    pub principal: Principal,
    /// The policy.
    pub policy: PolicyArn,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(
        rename = "ListAttachedUserPoliciesResult",
        alias = "ListAttachedRolePoliciesResult",
        alias = "ListAttachedGroupPoliciesResult"
    )]
    result: Page,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    attached_policies: Members<Attached>,
    #[serde(default)]
    is_truncated: bool,
    marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_arn: String,
}

/// The calls for a kind of principal, with the rights, which are called the same.
struct Calls {
    list: (&'static str, &'static str),
    detach: (&'static str, &'static str),
    attach: (&'static str, &'static str),
    name: &'static str,
}

impl DetachPolicy {
    const fn calls(&self) -> Calls {
        match self.principal.kind() {
            PrincipalKind::User => Calls {
                list: ("ListAttachedUserPolicies", "iam:ListAttachedUserPolicies"),
                detach: ("DetachUserPolicy", "iam:DetachUserPolicy"),
                attach: ("AttachUserPolicy", "iam:AttachUserPolicy"),
                name: "UserName",
            },
            PrincipalKind::Role => Calls {
                list: ("ListAttachedRolePolicies", "iam:ListAttachedRolePolicies"),
                detach: ("DetachRolePolicy", "iam:DetachRolePolicy"),
                attach: ("AttachRolePolicy", "iam:AttachRolePolicy"),
                name: "RoleName",
            },
            PrincipalKind::Group => Calls {
                list: ("ListAttachedGroupPolicies", "iam:ListAttachedGroupPolicies"),
                detach: ("DetachGroupPolicy", "iam:DetachGroupPolicy"),
                attach: ("AttachGroupPolicy", "iam:AttachGroupPolicy"),
                name: "GroupName",
            },
        }
    }

    fn page(reply: &Reply) -> Result<Page, ContainError> {
        let listed: Listed = xml::read(&reply.body, "AttachedPolicies")?;
        Ok(listed.result)
    }

    fn is_in(&self, page: &Page) -> bool {
        page.attached_policies.member.iter().any(|one| one.policy_arn == self.policy.as_str())
    }
}

impl Unit for DetachPolicy {
    fn word(&self) -> &'static str {
        "detach_policy"
    }

    fn title(&self) -> String {
        let name = self.policy.as_str().rsplit('/').next().unwrap_or_default();
        format!("detach the policy {name} from {}", self.principal.name())
    }

    fn target(&self) -> String {
        format!("{} policy {}", self.principal, self.policy)
    }

    fn account(&self) -> String {
        self.principal.account().to_string()
    }

    fn place(&self) -> Where<'_> {
        Where::Aws(self.principal.account(), Some(&self.principal))
    }

    fn cautions(&self) -> &'static [&'static str] {
        &[
            "inline policies, other managed policies and those of groups go on to allow what they allow",
            "a policy that denies something denies it no more once it is detached",
        ]
    }

    fn ask(&self, so_far: &[Reply]) -> Result<Option<Draft>, ContainError> {
        check_pages(so_far)?;
        let calls = self.calls();
        let name = (calls.name, self.principal.name());
        let (list, right) = calls.list;
        let Some(last) = so_far.last() else {
            return Ok(Some(Draft::iam(list, &[name, ("MaxItems", "1000")]).right(right)));
        };
        let page = Self::page(last)?;
        let goes_on = page.is_truncated && !self.is_in(&page);
        Ok(page.marker.filter(|_| goes_on).map(|marker| {
            Draft::iam(list, &[name, ("MaxItems", "1000"), ("Marker", &marker)]).right(right)
        }))
    }

    fn read(&self, replies: &[Reply]) -> Result<Reading, ContainError> {
        at(replies, 0, "AttachedPolicies")?;
        let mut attached = false;
        for reply in replies {
            attached |= self.is_in(&Self::page(reply)?);
        }
        Ok(Reading::new(State::of([("attached", json!(attached))])))
    }

    fn after(&self, before: &State) -> Result<State, ContainError> {
        Ok(before.with("attached", json!(false)))
    }

    fn steps(&self, now: &Reading, wanted: &State) -> Result<Vec<Draft>, ContainError> {
        let calls = self.calls();
        let attached = wanted.part("attached");
        if attached == now.state.part("attached") {
            return Ok(Vec::new());
        }
        let (call, right) = if *attached == json!(true) { calls.attach } else { calls.detach };
        let fields = [(calls.name, self.principal.name()), ("PolicyArn", self.policy.as_str())];
        Ok(vec![Draft::iam(call, &fields).right(right)])
    }

    fn session(&self, purpose: Purpose) -> Vec<Statement> {
        let calls = self.calls();
        let mut made = vec![Statement::allow(&[calls.list.1], self.principal.arns())];
        let right = match purpose {
            Purpose::Look => return made,
            Purpose::Do => calls.detach.1,
            Purpose::Undo => calls.attach.1,
        };
        let mut change = Statement::allow(&[right], self.principal.arns());
        change.condition = Some(json!({"ArnEquals": {"iam:PolicyARN": self.policy.as_str()}}));
        made.push(change);
        made
    }
}
