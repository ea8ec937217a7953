//! What an operator says of an instance.

use std::collections::BTreeMap;

use quell_deliver::Letter;
use quell_http::Renewing;

use super::call::{Login, REST, ServiceNow};
use super::table::{Table, is_name, is_sys_id};
use crate::{Plan, SinkError};

/// How a change is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Model {
    Normal,
    Emergency,
    /// By a template, of which the sys_id is told.
    Standard(String),
}

/// What is made, and how.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) url: String,
    pub(super) table: Table,
    pub(super) model: Model,
    pub(super) group: Option<String>,
    groups: BTreeMap<String, String>,
    pub(super) ci: Option<String>,
    /// Whether ids of inventories are those of this instance.
    items: bool,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) close_code: Option<String>,
}

impl Settings {
    /// The group that a letter is for.
    pub(super) fn group_of(&self, letter: &Letter) -> Option<&str> {
        let named = letter.owner.as_ref().and_then(|owner| super::text::named(&self.groups, owner));
        named.or(self.group.as_deref())
    }

    /// The configuration item that a letter is about: that of its asset, where it has one.
    pub(super) fn ci_of<'a>(&'a self, letter: &'a Letter) -> Option<&'a str> {
        let named = letter.item.as_ref().filter(|_| self.items).map(|item| item.raw());
        named.filter(|id| is_sys_id(id)).or(self.ci.as_deref())
    }

    pub(super) fn close_code(&self, table: Table) -> &str {
        let usual = match table {
            Table::Incident => "Solution provided",
            Table::Change | Table::Issue | Table::Exception => "successful",
        };
        self.close_code.as_deref().unwrap_or(usual)
    }
}

pub(super) fn connect(plan: Plan) -> Result<ServiceNow, SinkError> {
    let url = Plan::require("url", plan.url.as_ref())?.trim_end_matches('/').to_owned();
    let wrong = |name: &'static str, why: &str| SinkError::Setting { name, why: why.to_owned() };
    let login = match plan.option("login") {
        None | Some("basic") => Login::Basic,
        Some("oauth") => Login::OAuth,
        Some("token") => Login::Token,
        Some(_) => return Err(wrong("login", "is none of `basic`, `oauth` and `token`")),
    };
    let table = Table::of(plan.project.as_deref().unwrap_or(Table::Incident.name()));
    let table = table.ok_or_else(|| {
        wrong("project", "is no table that Quell makes records in; those are `incident`, `change_request`, `sn_grc_issue` and `sn_compliance_policy_exception`")
    })?;
    let model = match plan.option("change").unwrap_or("normal") {
        "normal" => Model::Normal,
        "emergency" => Model::Emergency,
        other => match other.strip_prefix("standard:").filter(|id| is_sys_id(id)) {
            Some(template) => Model::Standard(template.to_owned()),
            None => {
                return Err(wrong(
                    "change",
                    "is none of `normal`, `emergency` and `standard:SYS_ID`",
                ));
            }
        },
    };
    let sys_id = |name: &'static str| match plan.option(name) {
        Some(id) if !is_sys_id(id) => Err(wrong(name, "is no sys_id (32 hexadecimal digits)")),
        id => Ok(id.map(str::to_owned)),
    };
    let (group, ci) = (sys_id("assignment_group")?, sys_id("cmdb_ci")?);
    let items = match plan.option("items") {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(wrong("items", "is neither `true` nor `false`")),
    };
    let groups = texts(&plan, "groups")?;
    if !groups.values().all(|id| is_sys_id(id)) {
        return Err(wrong("groups", "names a group by something that is no sys_id"));
    }
    let fields = texts(&plan, "fields")?;
    if !fields.keys().all(|name| is_name(name)) {
        return Err(wrong("fields", "names a column that cannot be one"));
    }
    let close_code = plan.option("close_code").map(str::to_owned);
    Ok(ServiceNow {
        settings: Settings { url, table, model, group, groups, ci, items, fields, close_code },
        login,
        credentials: plan.credentials,
        client: plan.client,
        clock: plan.clock,
        tokens: Renewing::new(REST),
        has: Renewing::new(REST),
    })
}

fn texts(plan: &Plan, name: &'static str) -> Result<BTreeMap<String, String>, SinkError> {
    let Some(text) = plan.option(name) else { return Ok(BTreeMap::new()) };
    serde_json::from_str(text)
        .map_err(|_| SinkError::Setting { name, why: "is no JSON object of texts".to_owned() })
}
