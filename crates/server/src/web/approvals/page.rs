//! The pages as text. Every text of tools, code and people goes through `data` or `words`.

use quell_govern::approval::{Evidence, Said, Stand, Vote};
use quell_model::Timestamp;
use quell_pipeline::govern::{PlanTold, PreviewIssue, plan_issues};

use super::super::forms::Part;
use super::super::html::{
    LEGEND, data, document, escaped, fact, head, listed, moment, more, person, put, words, wrote,
};
use super::said::forms;
use crate::access::Caller;
use crate::api::{PlanAlarm, PlanSeen};

/// The address of the list.
const HERE: &str = "/approvals";

/// What waits, or all.
pub(super) fn list(
    caller: &Caller,
    (plans, total): (&[PlanTold], u64),
    alarms: &[PlanAlarm],
    part: Part,
) -> String {
    let mut body = head(caller, HERE);
    let (title, other) = match part.all {
        true => ("All plans", "<a href=\"/approvals\">Only what waits</a>"),
        false => ("What waits for approval", "<a href=\"/approvals?all=yes\">All plans</a>"),
    };
    put!(body, "<h1>{title}</h1>\n<p>{total} in all. {other}</p>");
    if !(plans.is_empty() && alarms.is_empty()) {
        body.push_str(LEGEND);
    }
    body.push_str(&alarmed(alarms));
    if plans.is_empty() {
        body.push_str("<p>Nothing is here.</p>\n");
    }
    for plan in plans {
        put!(
            body,
            "<article>\n<h2><a href=\"/approvals/{}\">Look at it</a> {}</h2>\n<dl>",
            escaped(&plan.id),
            data(&plan.title)
        );
        fact(&mut body, "What it changes", &data(&plan.target));
        fact(&mut body, "Where", &place(plan));
        fact(&mut body, "Asked for by", &by(plan));
        fact(&mut body, "How it stands", &stand(plan));
        body.push_str("</dl>\n</article>\n");
    }
    body.push_str(&more(HERE, part, (plans.len(), total)));
    document(title, &body)
}

/// Plans of which somebody did not wait for others, and at which nobody has looked since.
fn alarmed(alarms: &[PlanAlarm]) -> String {
    if alarms.is_empty() {
        return String::new();
    }
    let mut body = String::from(
        "<section class=\"alarm\" role=\"alert\">\n<h2>Done without waiting for others</h2>\n\
         <p class=\"wrong\">Another person has to look at it.</p>\n<ul>\n",
    );
    for one in alarms {
        put!(
            body,
            "<li><a href=\"/approvals/{}\">Look at it</a> {}: {} at {} said: {}</li>",
            escaped(&one.id),
            data(&one.title),
            person(&one.glass.by.name),
            moment(one.glass.at),
            wrote(&one.glass.reason)
        );
    }
    body + "</ul>\n</section>\n"
}

/// One plan with all that is agreed to.
pub(super) fn plan(caller: &Caller, seen: &PlanSeen, now: Timestamp) -> String {
    let plan = &seen.plan;
    let mut body = head(caller, HERE);
    put!(
        body,
        "<h1>{}</h1>\n{LEGEND}<section>\n<h2>What \
         would be done</h2>\n<dl>",
        data(&plan.title)
    );
    fact(&mut body, "Kind", &escaped(&plan.kind));
    fact(&mut body, "What it changes", &data(&plan.target));
    fact(&mut body, "Where", &place(plan));
    fact(&mut body, "Parameters", &format!("<code>{}</code>", data(&plan.parameters)));
    let made_by = plan.versions.iter().map(|(name, version)| format!("{name} {version}"));
    fact(&mut body, "Made by", &escaped(&made_by.collect::<Vec<_>>().join(", ")));
    fact(&mut body, "Asked for by", &by(plan));
    fact(&mut body, "Void after", &moment(plan.expires_at));
    fact(&mut body, "Hash", &format!("<code>{}</code>", escaped(plan.hash.as_str())));
    body.push_str("</dl>\n</section>\n<section>\n<h2>The change</h2>\n");
    body.push_str(&diff(&plan.diff));
    body.push_str("</section>\n");
    body.push_str(&about(&seen.issues, &plan.evidence));
    body.push_str("<section>\n<h2>What it rests on</h2>\n<ul>\n");
    for one in &plan.evidence {
        let (id, hash) = (words(&one.id), escaped(one.hash.as_str()));
        put!(body, "<li>{id}<br><code class=\"quiet\">{hash}</code></li>");
    }
    body.push_str("</ul>\n</section>\n");
    body.push_str(&who(plan));
    body.push_str(&forms(caller, seen, now));
    document("A plan", &body)
}

/// The issues that it is about, the riskiest first.
fn about(issues: &[PreviewIssue], evidence: &[Evidence]) -> String {
    let all = plan_issues(evidence).len();
    if all == 0 {
        return String::new();
    }
    let others = match all.saturating_sub(issues.len()) {
        0 => String::new(),
        1 => "<p class=\"quiet\">One more is not shown, or not there any more.</p>\n".to_owned(),
        more => {
            format!("<p class=\"quiet\">{more} more are not shown, or not there any more.</p>\n")
        }
    };
    let shown = if issues.is_empty() { String::new() } else { listed(issues) + "\n" };
    format!("<section>\n<h2>The issues that it is about</h2>\n{shown}{others}</section>\n")
}

fn place(plan: &PlanTold) -> String {
    let environment = match &plan.environment {
        Some(environment) => format!("environment {}", data(environment)),
        None => "environment not known".to_owned(),
    };
    match plan.account.is_empty() {
        true => format!("several accounts, or none; {environment}"),
        false => format!("account {}, {environment}", data(&plan.account)),
    }
}

fn by(plan: &PlanTold) -> String {
    let at = moment(plan.requested_at);
    format!("{} at {at}", person(&plan.requested_by.name))
}

/// How a plan stands, in a sentence.
fn stand(plan: &PlanTold) -> String {
    match plan.approvals.stand {
        Stand::Open if plan.ready && plan.approvals.glass.is_some() => {
            "<span class=\"wrong\">an admin did not wait for others, so it may be done</span>"
                .to_owned()
        }
        Stand::Open if plan.ready => {
            "<span class=\"good\">enough people agree, or none have to</span>".to_owned()
        }
        Stand::Open => {
            let why = plan.blocked.as_deref().unwrap_or("it waits");
            format!("open: {}", words(why))
        }
        stand @ (Stand::Refused | Stand::Withdrawn | Stand::Void | Stand::Executed) => {
            let because = plan.approvals.because.as_str();
            let because =
                if because.is_empty() { String::new() } else { format!(": {}", person(because)) };
            format!("{}{because}", stand.as_str())
        }
    }
}

/// The diff as it is, a line at a time.
fn diff(text: &str) -> String {
    if text.is_empty() {
        return "<p class=\"wrong\">The plan has no diff.</p>\n".to_owned();
    }
    let line = |line: &str| {
        let class = match line.as_bytes().first() {
            Some(b'+') => " class=\"add\"",
            Some(b'-') => " class=\"del\"",
            _ => "",
        };
        format!("<span{class}>{}</span>\n", escaped(line))
    };
    let lines: String = text.lines().map(line).collect();
    format!("<pre class=\"data\">{lines}</pre>\n")
}

/// Who has to agree, and what was said.
fn who(plan: &PlanTold) -> String {
    let mut body = String::from("<section>\n<h2>Who agrees</h2>\n<dl>\n");
    let people = match plan.quorum.people {
        0 => "nobody has to".to_owned(),
        1 => format!("one person: {}", words(&plan.quorum.words())),
        more => format!("{more} people, each one of: {}", words(&plan.quorum.words())),
    };
    fact(&mut body, "Who has to", &people);
    let rule = plan.rule.as_deref().map_or_else(|| "the default".to_owned(), words);
    fact(&mut body, "By the rule", &rule);
    let not = person(&plan.requested_by.name);
    fact(&mut body, "Who may not", &format!("{not}, who asks, and nobody in their place"));
    fact(&mut body, "How it stands", &stand(plan));
    body.push_str("</dl>\n");
    if !plan.approvals.votes.is_empty() {
        body.push_str("<ul>\n");
        for vote in &plan.approvals.votes {
            put!(body, "<li>{}</li>", said(vote));
        }
        body.push_str("</ul>\n");
    }
    if let Some(glass) = &plan.approvals.glass {
        let reviewed = match &glass.reviewed_by {
            Some(other) => format!("reviewed by {}", person(&other.name)),
            None => "<span class=\"wrong\">not reviewed yet</span>".to_owned(),
        };
        let (name, reason) = (person(&glass.by.name), wrote(&glass.reason));
        put!(body, "<p>{name} did not wait for others: {reason}; {reviewed}</p>");
    }
    body + "</section>\n"
}

fn said(vote: &Vote) -> String {
    let what = match vote.said {
        Said::Approve => "<span class=\"good\">yes</span>",
        Said::Refuse => "<span class=\"wrong\">no</span>",
    };
    let in_place = vote.for_whom.as_ref().map(|other| format!(" for {}", person(&other.name)));
    let note = match vote.note.is_empty() {
        true => String::new(),
        false => format!(": {}", wrote(&vote.note)),
    };
    let (name, at) = (person(&vote.by.name), moment(vote.at));
    format!(
        "{name}{}: {what}{note} <span class=\"quiet\">{at}</span>",
        in_place.unwrap_or_default()
    )
}
