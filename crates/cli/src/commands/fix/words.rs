//! A language model's words beside a request that brings fixes, where `[analyst] in_letters` wants
//! them. Nothing of the request waits for them to be good, and nothing else of it changes.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use quell_config::Config;
use quell_model::{Answered, By, Clock as _, TenantId, shown};
use quell_pipeline::deliver::is_posted;
use quell_pipeline::{FixPlan, Setup, fixes_report, show_incident};
use quell_report::FixReport;
use quell_server::Plan;
use quell_server::offline::LetterWriter;
use quell_store::{OutboxStore, Store};

use super::super::desk::runtime;
use crate::console::say;
use crate::environment::{SystemClock, environment_of};

/// What a model says of the fixes of a plan; none where nobody wants that, they are in the outbox
/// already, they belong to several incidents, or no model says anything.
pub(super) fn beside(
    (data, config): (&Path, Config),
    (tenant, sink, subject): (&TenantId, &str, &str),
    (plan, setup): (&FixPlan, &Setup),
) -> Result<Option<Answered>> {
    if !config.analyst.in_letters
        || is_posted(&OutboxStore::open_for(data, tenant)?, sink, subject)?
    {
        return Ok(None);
    }
    let store = Store::open(data)?;
    let fixes = made(plan);
    let Some(issue) = fixes.iter().find_map(|fix| fix.closes.first()) else { return Ok(None) };
    let Ok(story) = show_incident(&store, setup, issue, None, SystemClock.now()) else {
        return Ok(None);
    };
    // Words about one incident say nothing of another's fixes.
    let own = |id: &String| story.incident.issues.contains(id);
    if !fixes.iter().all(|fix| fix.closes.iter().any(own)) {
        return Ok(None);
    }
    let runtime = runtime()?;
    let at = Plan {
        config,
        data: data.to_owned(),
        setup: Setup::embedded(None)?,
        environment: environment_of(),
    };
    let writer = {
        let _within = runtime.enter();
        LetterWriter::open(at, tenant, Arc::new(SystemClock))
    };
    let words = match writer {
        Ok(Some(writer)) => writer.ask(&store, &story, &fixes)?,
        Ok(None) => return Ok(None),
        Err(error) => {
            say(&format!("no language model is asked: {}", shown(&error.to_string(), false)));
            return Ok(None);
        }
    };
    if words.written.by == By::Rules {
        let why = words.written.instead_of.as_ref().map(|why| why.text()).unwrap_or_default();
        say(&format!("without words of a language model: {}", shown(&why, false)));
        return Ok(None);
    }
    Ok(Some(words))
}

/// The fixes that a plan makes, as a report has them.
fn made(plan: &FixPlan) -> Vec<FixReport> {
    let all = fixes_report(plan, None).fixes.into_iter();
    all.filter(|offer| offer.taken == "made").map(|offer| offer.fix).collect()
}
