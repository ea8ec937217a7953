//! The letter of a plan that waits for people, and what is said once it is decided.

use quell_deliver::{Block, Body, Key, Label, Letter, Line};
use quell_govern::approval::{Said, Stand};
use quell_model::{Severity, Untrusted};
use serde::Deserialize;

use super::words::{Places, footer};
use crate::govern::PlanTold;

/// Requests that a letter shows.
const MOST_REQUESTS: usize = 10;

/// The requests of a containment, as its plan has them.
#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    requests: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    call: String,
    #[serde(default)]
    body: String,
}

/// Makes the letter of a plan. It asks for a decision only while one is missing.
pub(super) fn letter(key: Key, plan: &PlanTold, severity: Severity, places: &Places) -> Letter {
    let page = places.page(&format!("/approvals/{}", plan.id));
    let asks = plan.approvals.stand == Stand::Open && !plan.ready;
    let mut labels = vec![Label::new("quell")];
    if asks {
        labels.push(Label::new("approval"));
    }
    Letter {
        key,
        title: Line::own("Approval: ").and_data(plan.title.clone()),
        body: body(plan, footer(page.as_ref())),
        severity,
        due: Some(plan.expires_at),
        labels,
        files: Vec::new(),
        page,
        owner: None,
        change: None,
        item: None,
        records: Vec::new(),
        asks: asks.then(|| plan.hash.to_string()),
    }
}

fn body(plan: &PlanTold, footer: Vec<Block>) -> Body {
    let environment = plan.environment.clone().unwrap_or_else(|| "not known".to_owned());
    let facts = vec![
        ("Kind".to_owned(), Line::default().and_code(plan.kind.clone())),
        ("Changes".to_owned(), Line::default().and_code(plan.target.clone())),
        ("Account".to_owned(), Line::default().and_code(plan.account.clone())),
        ("Environment".to_owned(), Line::data(environment)),
        ("Asked by".to_owned(), Line::data(plan.requested_by.name.clone())),
        (
            "Takes".to_owned(),
            Line::own(format!("{} of ", plan.quorum.people)).and_data(plan.quorum.words()),
        ),
        ("Void after".to_owned(), Line::own(plan.expires_at.to_string())),
        ("Hash".to_owned(), Line::default().and_code(plan.hash.to_string())),
    ];
    let mut blocks = vec![Block::Facts(facts)];
    let said = votes(plan);
    if !said.is_empty() {
        blocks.push(Block::List(said));
    }
    blocks.push(Block::Code {
        language: "diff".to_owned(),
        text: Untrusted::from(plan.diff.clone()),
    });
    let requests = requests(plan);
    if !requests.is_empty() {
        blocks.push(Block::Heading(Line::own("What would be sent")));
        blocks.push(Block::Code { language: "http".to_owned(), text: Untrusted::from(requests) });
    }
    blocks.extend(footer);
    Body(blocks)
}

fn requests(plan: &PlanTold) -> String {
    let given: Parameters =
        serde_json::from_str(&plan.parameters).unwrap_or(Parameters { requests: Vec::new() });
    let more = given.requests.len().saturating_sub(MOST_REQUESTS);
    let line = |one: Request| format!("{}\n{}", one.call, one.body).trim_end().to_owned();
    let mut all: Vec<String> = given.requests.into_iter().take(MOST_REQUESTS).map(line).collect();
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all.join("\n")
}

/// What people said, one line each.
fn votes(plan: &PlanTold) -> Vec<Line> {
    let line = |vote: &quell_govern::approval::Vote| {
        let word = match vote.said {
            Said::Approve => " agreed at ",
            Said::Refuse => " refused at ",
        };
        let line = Line::data(vote.by.name.clone()).and_own(format!("{word}{}", vote.at));
        if vote.note.is_empty() { line } else { line.and_own(": ").and_data(vote.note.clone()) }
    };
    let mut lines: Vec<Line> = plan.approvals.votes.iter().map(line).collect();
    lines.extend(plan.approvals.glass.as_ref().map(|glass| {
        let by = Line::data(glass.by.name.clone());
        by.and_own(format!(" did not wait for others at {}: ", glass.at))
            .and_data(glass.reason.clone())
    }));
    lines
}

/// What is said of a plan that is decided; none while it is open.
pub(super) fn decided(plan: &PlanTold) -> Option<Body> {
    let word = match plan.approvals.stand {
        Stand::Open => return None,
        Stand::Refused => "It was refused.",
        Stand::Withdrawn => "It was taken back.",
        Stand::Void => "It is void.",
        Stand::Executed => "It is carried out.",
    };
    let because = &plan.approvals.because;
    let mut line = Line::own(word);
    if !because.is_empty() {
        line = line.and_own(" ").and_data(because.clone());
    }
    let body = Body::paragraph(line);
    let said = votes(plan);
    Some(if said.is_empty() { body } else { body.and(Block::List(said)) })
}
