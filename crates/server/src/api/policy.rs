//! Rules: what they say of an action, and who stands behind them.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_govern::phase::{Action, Verdict};
use quell_pipeline::govern::{BackedRule, RulePage, explain_action, explain_fix};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Problem;
use super::errors::{Missing, OnceKey, Refused, Unchanged};
use super::extract::{Asked, Id};
use super::people::{check, person, ruling};
use crate::access::{Caller, Right};
use crate::state::App;

/// Most assets that an action is asked about with.
const MOST_ASSETS: u64 = 1_000_000_000;

/// An action, or a fix that is kept.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PolicyQuestion {
    /// The fix, by its id or the first characters of it; then nothing else is looked at.
    fix: Option<String>,
    /// The kind of action: `fix.patch`.
    kind: String,
    /// The account that it changes something in.
    account: String,
    /// The environment; what nobody names may be production.
    environment: Option<String>,
    /// The risk score of what it is about.
    #[param(minimum = 0, maximum = 1000)]
    risk: Option<u32>,
    /// How sure it is, in hundredths.
    #[param(minimum = 0, maximum = 100)]
    confidence: Option<u32>,
    /// How many assets it changes.
    #[param(minimum = 0, maximum = 1_000_000_000)]
    assets: Option<u64>,
    /// What is known of it: `proved`, `safe`, `reversible`, with commas between.
    facts: String,
}

impl PolicyQuestion {
    fn action(self, tenant: &str) -> Action {
        let says = |word: &str| self.facts.split(',').any(|fact| fact.trim() == word);
        Action {
            proved: says("proved"),
            safe: says("safe"),
            reversible: says("reversible"),
            kind: self.kind,
            tenant: tenant.to_owned(),
            account: self.account,
            environment: self.environment,
            risk: self.risk,
            confidence: self.confidence,
            assets: self.assets,
        }
    }
}

/// List the rules that hold
#[utoipa::path(get, operation_id = "list_rules", path = "/policy/rules", tag = "policy", responses(
    (status = 200, description = "The rules, with who stands behind them", body = RulePage),
    Refused,
))]
pub(super) async fn rules(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<RulePage>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let ruling = ruling(&asking, &caller.tenant)?;
        let findings = asking.tenants.of(&caller.tenant)?;
        findings.read(|store| Ok(Json(ruling.page(store)?)))
    })
    .await
}

/// Say why an action would run, wait or be refused
///
/// Nothing is done.
#[utoipa::path(get, operation_id = "explain_policy", path = "/policy/explain", tag = "policy", params(PolicyQuestion), responses(
    (status = 200, description = "What becomes of it, and why", body = Verdict),
    Refused, Missing,
))]
pub(super) async fn explain(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(question): Asked<PolicyQuestion>,
) -> Result<Json<Verdict>, Problem> {
    let over = |value: Option<u32>, most: u32| value.is_some_and(|value| value > most);
    if over(question.risk, 1000) || over(question.confidence, 100) {
        return Err(Problem::invalid("`risk` is 0 to 1000, and `confidence` 0 to 100"));
    }
    if question.assets.is_some_and(|assets| assets > MOST_ASSETS) {
        return Err(Problem::invalid(format!("`assets` is 0 to {MOST_ASSETS}")));
    }
    let asking = Arc::clone(&app);
    app.quick(move || {
        let (ruling, now) = (ruling(&asking, &caller.tenant)?, asking.clock.now());
        let findings = asking.tenants.of(&caller.tenant)?;
        let tenant = caller.tenant.as_str();
        let verdict = match &question.fix {
            Some(fix) => findings.read(|store| explain_fix(store, &ruling, (tenant, fix), now))?,
            None => {
                let action = question.action(tenant);
                findings.read(|store| explain_action(store, &ruling, &action, now))?
            }
        };
        Ok(Json(verdict))
    })
    .await
}

/// Stand behind a rule, as an admin
///
/// Behind its bytes as they are now: a rule that is changed has nobody behind it.
#[utoipa::path(post, operation_id = "back_rule", path = "/policy/rules/{id}/back", tag = "policy",
    params(("id" = String, Path, description = "The rule's id"), OnceKey),
    responses((status = 200, description = "The rule, with who stands behind it", body = BackedRule), Refused, Missing, Unchanged))]
pub(super) async fn back(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<BackedRule>, Problem> {
    check(&app, &caller, Right::Manage)?;
    let asking = Arc::clone(&app);
    app.quick(move || {
        let ruling = ruling(&asking, &caller.tenant)?;
        let rule = ruling.rules.iter().find(|rule| rule.id == id);
        let rule = rule.ok_or_else(|| Problem::not_found("rule of that id"))?;
        let (by, now) = (person(&caller), asking.clock.now());
        let findings = asking.tenants.of(&caller.tenant)?;
        findings.write(|store| store.rule_back((&rule.hash(), &by), now))?;
        findings.read(|store| Ok(Json(ruling.backed(store, rule)?)))
    })
    .await
}
