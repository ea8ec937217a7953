//! The page on which people ask for an exception, or for one in the place of another: first what it
//! would hide and until when, then why.
//! Looking is an address; asking is a form that is sent by a session, with the session's token.

mod page;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use quell_govern::exception::Exception;
use quell_govern::expression::{Expression, Field, ID_LENGTH};
use quell_pipeline::govern::{Draft, ExceptionPlan, Wrong};
use serde::Deserialize;

use super::super::forms::{Form, led_to, shown};
use super::super::html;
use crate::access::{Caller, Right};
use crate::api::{
    Asked, Problem, ask_exception, exception_drafted, exception_told, issues_of_incident,
};
use crate::serve::page as send;
use crate::state::App;

/// Most issues of an incident that an expression names: what asks is an address.
const MOST_NAMED: usize = 200;

/// What is looked at before it is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    /// Which issues, as an expression.
    #[serde(default)]
    scope: String,
    /// The last day.
    #[serde(default)]
    until: String,
    /// The issue that it is about, where no expression is given.
    #[serde(default)]
    issue: String,
    /// The incident whose issues it is about, where no expression is given.
    #[serde(default)]
    incident: String,
    /// The exception whose place it is to take.
    #[serde(default)]
    renews: String,
}

/// Shows what an exception would hide, and the form to ask for it.
pub(super) async fn new(
    State(app): State<Arc<App>>,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(app, headers, move |app, caller| {
        let old = renewed(app, caller, wanted.renews.trim())?;
        let (plan, mut wrong) = begun(app, caller, wanted, old.as_ref())?;
        let draft = match plan.scope.is_empty() {
            true => None,
            false => Some(exception_drafted(app, caller, &plan)?),
        };
        let draft = draft.map(|mut draft| {
            // Why, and who answers, is asked for further down.
            let is_first = |one: &Wrong| one.field == "scope" || one.field == "until";
            draft
                .wrong
                .retain(|one| is_first(one) && !(one.field == "until" && plan.until.is_empty()));
            wrong.append(&mut draft.wrong);
            draft
        });
        let seen = (&plan, wrong.as_slice(), old.as_ref());
        Ok(made(app, caller, seen, (draft.as_ref(), false)))
    })
    .await
}

/// Asks for an exception. What is wrong stands beside its field.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(form): Extension<Form>,
) -> Result<Response, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let plan = said(&form);
        let draft = exception_drafted(&asking, &caller, &plan)?;
        if draft.wrong.is_empty() {
            let (exception, _) = ask_exception(&asking, &caller, &plan)?;
            return Ok(led_to(&format!("/exceptions/{}", exception.id)));
        }
        let old = renewed(&asking, &caller, plan.renews.as_deref().unwrap_or_default())?;
        let seen = (&plan, draft.wrong.as_slice(), old.as_ref());
        let page = made(&asking, &caller, seen, (Some(&draft), true));
        Ok(send(StatusCode::UNPROCESSABLE_ENTITY, page, html::policy()))
    })
    .await
}

fn made(
    app: &App,
    caller: &Caller,
    (plan, wrong, old): (&ExceptionPlan, &[Wrong], Option<&Exception>),
    (draft, is_sent): (Option<&Draft>, bool),
) -> String {
    let may_ask = caller.by(app).may_everywhere(Right::Decide);
    let seen = page::Seen { plan, wrong, old, draft, is_sent, may_ask, now: app.clock.now() };
    page::page(caller, &seen)
}

/// The exception whose place is to be taken, where one is named.
fn renewed(app: &App, caller: &Caller, id: &str) -> Result<Option<Exception>, Problem> {
    match id {
        "" => Ok(None),
        id => Ok(Some(exception_told(app, caller, id)?.exception)),
    }
}

/// What is looked at first: the expression that is given, or one of an issue or an incident, or what
/// stands in the exception that is renewed.
fn begun(
    app: &App,
    caller: &Caller,
    wanted: Wanted,
    old: Option<&Exception>,
) -> Result<(ExceptionPlan, Vec<Wrong>), Problem> {
    let Wanted { scope, until, issue, incident, renews: _ } = wanted;
    let before = old.map(ExceptionPlan::renewing).unwrap_or_default();
    let issues = match (scope.trim(), issue.trim(), incident.trim()) {
        ("", "", "") => Vec::new(),
        ("", "", incident) => issues_of_incident(app, caller, incident)?,
        ("", issue, _) => vec![issue.to_owned()],
        (_, _, _) => Vec::new(),
    };
    let mut wrong = Vec::new();
    let scope = if issues.len() > MOST_NAMED {
        let said = format!(
            "the incident has {} issues, which are too many to name: write what they have in common",
            issues.len()
        );
        wrong.push(Wrong { field: "scope", said });
        String::new()
    } else if issues.is_empty() {
        scope.trim().to_owned()
    } else {
        let ids = issues.iter().map(|id| id.chars().take(ID_LENGTH).collect());
        Expression::Is(Field::Issue, ids.collect()).to_string()
    };
    let scope = if scope.is_empty() && wrong.is_empty() { before.scope } else { scope };
    let until = until.trim().to_owned();
    Ok((ExceptionPlan { scope, until, ..before }, wrong))
}

/// What a form asks for.
fn said(form: &Form) -> ExceptionPlan {
    let text = |name| form.field(name).trim().to_owned();
    let controls = form.field("compensating_controls").lines().map(str::trim);
    ExceptionPlan {
        scope: text("scope"),
        reason: text("reason"),
        compensating_controls: controls
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect(),
        owner: text("owner"),
        until: text("until"),
        renews: Some(text("renews")).filter(|id| !id.is_empty()),
    }
}
