//! Controls: the catalogue, with how many open issues each has.

use std::collections::BTreeMap;

use quell_catalog::Control;
use quell_model::{Severity, Status};
use quell_store::{ListFilter, Sort, Wish};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::Asked;
use super::page::{FacetReport, page_limit};
use super::parameters::{in_no_cursor, listed};
use super::{Page, QueryError, View};

/// Longest id in a cursor.
const MOST_ID_BYTES: usize = 200;

/// Which controls. What is left out asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ControlQuery {
    /// This control, or those below it: `aws.s3` asks for all of S3.
    pub control: Option<String>,
    /// This text in the id or the title, in any case.
    pub text: Option<String>,
    /// One of these severities.
    #[serde(deserialize_with = "listed")]
    #[param(inline, style = Form, explode = false)]
    pub severity: Vec<Severity>,
    /// Known to this tool.
    pub tool: Option<String>,
    /// With a recipe that makes fixes, or without one.
    pub fixable: Option<bool>,
    /// Only controls with open issues.
    pub open: bool,
    /// Items on a page, 1 to 500; 50 where it is not said.
    #[serde(skip_serializing_if = "in_no_cursor")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<usize>,
    /// The page that a page before named.
    #[serde(skip_serializing_if = "in_no_cursor")]
    pub cursor: Option<String>,
    /// Whether values are counted too.
    #[serde(skip_serializing_if = "in_no_cursor")]
    pub facets: bool,
}

/// A control as a list shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ControlItem {
    /// `<provider>.<service>.<fault>`.
    pub id: String,
    /// What is wrong, in one line.
    pub title: String,
    /// The class of weakness.
    pub weakness: String,
    /// Severity where the tools' own do not decide.
    pub severity: Severity,
    /// Kinds of assets that it is about.
    pub asset_kinds: Vec<String>,
    /// Tools that report it.
    pub tools: Vec<String>,
    /// Languages in which a recipe makes fixes.
    pub fixes_in: Vec<&'static str>,
    /// Open issues.
    pub open_issues: u64,
}

/// One control with all that is known of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ControlStory {
    /// The control.
    #[serde(flatten)]
    pub item: ControlItem,
    /// What is wrong.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// How it comes to be so.
    pub cause: String,
    /// What an attacker would use it for.
    pub intent: String,
    /// What to do.
    pub steps: Vec<String>,
    /// What could break.
    pub breaks: String,
    /// Who should deal with it, where no owner is known.
    pub who: String,
    /// What a person must decide, where no recipe can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decide: Option<String>,
    /// ATT&CK technique ids.
    pub attack: Vec<String>,
    /// CWE ids.
    pub cwe: Vec<String>,
    /// Framework → requirements that it touches.
    pub frameworks: BTreeMap<String, Vec<String>>,
    /// Tool → ids or titles under which it reports the fault.
    pub aliases: BTreeMap<String, Vec<String>>,
}

impl ControlQuery {
    fn fits(&self, control: &Control, open: u64) -> bool {
        let below = |wanted: &String| {
            let rest = control.id.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let says = |text: &String| {
            let text = text.to_lowercase();
            control.id.to_lowercase().contains(&text)
                || control.title.to_lowercase().contains(&text)
        };
        self.control.as_ref().is_none_or(below)
            && self.text.as_ref().is_none_or(says)
            && (self.severity.is_empty() || self.severity.contains(&control.severity))
            && self.tool.as_ref().is_none_or(|tool| tools(control).contains(tool))
            && self.fixable.is_none_or(|wanted| wanted != control.fixes.is_empty())
            && (!self.open || open > 0)
    }
}

/// The tools that report a control. What a tool shares among controls counts too.
fn tools(control: &Control) -> Vec<String> {
    let names = control.aliases.0.keys().map(|name| name.strip_suffix("_shared").unwrap_or(name));
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn item(control: &Control, open_issues: u64) -> ControlItem {
    ControlItem {
        id: control.id.clone(),
        title: control.title.clone(),
        weakness: control.weakness.clone(),
        severity: control.severity,
        asset_kinds: control.asset_kinds.clone(),
        tools: tools(control),
        fixes_in: control.fixes.iter().map(|fix| fix.language.name()).collect(),
        open_issues,
    }
}

/// One page of the controls that are asked for, in the order of their ids.
///
/// # Errors
/// When the cursor or the limit is wrong.
pub fn controls(view: &View<'_>, query: &ControlQuery) -> Result<Page<ControlItem>, QueryError> {
    let asked = Asked::of("controls", query)?;
    let limit = page_limit(query.limit)?;
    let after = query.cursor.as_deref().map(|cursor| asked.place(cursor)).transpose()?;
    let open = view.index.open_by_control();
    let count = |control: &Control| open.get(&control.id).copied().unwrap_or_default();
    let mut all: Vec<&Control> = view.setup.catalog().controls().collect();
    all.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    all.retain(|control| query.fits(control, count(control)));
    let place = |control: &Control| control.id.bytes().take(MOST_ID_BYTES).collect::<Vec<u8>>();
    let is_behind = |control: &&&Control| after.as_ref().is_none_or(|a| place(control) > *a);
    let rest: Vec<&&Control> = all.iter().filter(is_behind).collect();
    let page = rest.get(..limit.min(rest.len())).unwrap_or_default();
    let next = page.last().filter(|_| rest.len() > limit);
    let facets = query.facets.then(|| {
        [
            ("severity", FacetReport::counted(all.iter().map(|c| c.severity.as_str()))),
            ("weakness", FacetReport::counted(all.iter().map(|c| c.weakness.as_str()))),
        ]
    });
    Ok(Page {
        items: page.iter().map(|control| item(control, count(control))).collect(),
        total: u64::try_from(all.len()).unwrap_or(u64::MAX),
        next: next.map(|control| asked.cursor(&place(control))),
        facets: facets.into_iter().flatten().collect(),
    })
}

/// One control, by its id.
///
/// # Errors
/// When there is none with that id.
pub fn control(view: &View<'_>, id: &str) -> Result<ControlStory, QueryError> {
    let not_found = || QueryError::NotFound { kind: "control", id: id.to_owned() };
    let control = view.setup.catalog().control(id).ok_or_else(not_found)?;
    let filter = ListFilter {
        control: Some(control.id.clone()),
        statuses: vec![Status::Open, Status::InProgress],
        ..ListFilter::default()
    };
    let open = view.index.issues(&Wish {
        filter: &filter,
        sort: Sort::Id,
        descending: false,
        after: None,
        limit: 0,
        facets: false,
    });
    let explain = &control.explain;
    Ok(ControlStory {
        item: item(control, open.count),
        what: explain.what.clone(),
        why: explain.why.clone(),
        cause: explain.cause.clone(),
        intent: explain.intent.clone(),
        steps: explain.steps.clone(),
        breaks: explain.breaks.clone(),
        who: explain.who.clone(),
        decide: control.decide.clone(),
        attack: control.attack.clone(),
        cwe: control.cwe.clone(),
        frameworks: control.frameworks.clone(),
        aliases: control.aliases.0.clone(),
    })
}
