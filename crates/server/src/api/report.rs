//! The report of what is open, as `quell triage` makes it.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use quell_analyst::Audience;
use quell_pipeline::analyst::incident::Details;
use quell_report::{FORMATS, Format, Options, Report};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::Problem;
use super::errors::Refused;
use super::extract::Asked;
use super::sources::sources;
use crate::access::{Caller, Right};
use crate::analyst::Given;
use crate::data::Findings;
use crate::explain::{Wanted, Wish, explained};
use crate::state::App;

/// Most incidents of a report over the network.
const MOST_INCIDENTS: usize = 1000;
/// Most incidents of a report that are said in other words.
const MOST_EXPLAINED: usize = 100;
/// Incidents of a report that does not say how many.
const INCIDENTS: usize = 50;

/// How a report is made.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportQuery {
    /// Most incidents; 50 where it is not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// `json`, `html`, `markdown`, `sarif`, `ocsf` or `csv`.
    #[param(schema_with = formats)]
    format: Option<String>,
    /// Say so many of the riskiest incidents in other words too, by answers of models that were
    /// kept, else by the rules. Nobody is asked for that.
    #[param(minimum = 0, maximum = 100)]
    explain: Option<usize>,
}

/// The formats that a report can be asked in.
fn known() -> impl Iterator<Item = &'static Format> {
    FORMATS.iter().filter(|format| format.name != "terminal")
}

fn formats() -> Object {
    let names = known().map(|format| format.name);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

/// Report what is open
///
/// The same report, and the same contract, as `quell triage` without paths.
#[utoipa::path(get, path = "/report", tag = "findings", params(ReportQuery), responses(
    (status = 200, description = "The report, as `docs/report.schema.json` has it", content(
        (Report = "application/json"), (String = "text/html"), (String = "text/markdown"),
        (String = "text/csv"), (Object = "application/sarif+json"), (String = "application/x-ndjson"))),
    Refused,
))]
pub(super) async fn get_report(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(query): Asked<ReportQuery>,
) -> Result<Response, Problem> {
    let word = query.format.as_deref().unwrap_or("json");
    let Some(format) = known().find(|format| format.name == word) else {
        let names: Vec<&str> = known().map(|format| format.name).collect();
        return Err(Problem::invalid(format!("`format` is one of {}", names.join(", "))));
    };
    let limit = query.limit.unwrap_or(INCIDENTS);
    if !(1..=MOST_INCIDENTS).contains(&limit) {
        return Err(Problem::invalid(format!("`limit` is 1 to {MOST_INCIDENTS}, not {limit}")));
    }
    let explain = query.explain.unwrap_or_default();
    if explain > MOST_EXPLAINED {
        return Err(Problem::invalid(format!("`explain` is at most {MOST_EXPLAINED}")));
    }
    let asking = Arc::clone(&app);
    let text = app
        .quick(move || write(&asking, &caller, (limit, explain), (format, Options::default())))
        .await?;
    Ok(([(CONTENT_TYPE, media(format.name))], text).into_response())
}

/// The report of a caller's tenant in a format.
pub(crate) fn write(
    app: &App,
    caller: &Caller,
    (limit, explain): (usize, usize),
    (format, options): (&Format, Options),
) -> Result<Vec<u8>, Problem> {
    let now = app.clock.now();
    let findings = app.tenants.of(&caller.tenant)?;
    let by = caller.by(app);
    let report = findings.report(by, Some(limit), now)?;
    let sources = if by.may(Right::Oversee) { sources(app, caller)? } else { Vec::new() };
    let mut report = Report { generated_at: now, sources, ..(*report).clone() };
    in_other_words(app, caller, &findings, (&mut report, explain))?;
    let mut text = Vec::new();
    (format.write)(&report, &options, &mut text).map_err(|error| Problem::internal(&error))?;
    Ok(text)
}

/// Has the first incidents said in other words, without asking anybody.
fn in_other_words(
    app: &App,
    caller: &Caller,
    findings: &Findings,
    (report, most): (&mut Report, usize),
) -> Result<(), Problem> {
    for at in 0..most.min(report.incidents.len()) {
        let Some(story) = report.story(at) else { continue };
        let details = findings.read(|store| Details::read(store, &story));
        let by = Given::of(caller, Audience::Owner);
        let wanted = Wanted { by, task: None, wish: Wish::Kept };
        let told = explained(app, (&story, &details?), app.setup.catalog(), wanted);
        let told = told.map_err(|error| Problem::internal(&error))?;
        if let Some(incident) = report.incidents.get_mut(at) {
            incident.words = Some(told.words);
        }
    }
    Ok(())
}

fn media(format: &str) -> &'static str {
    match format {
        "html" => "text/html; charset=utf-8",
        "markdown" => "text/markdown; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "sarif" => "application/sarif+json",
        "ocsf" => "application/x-ndjson",
        _ => "application/json",
    }
}
