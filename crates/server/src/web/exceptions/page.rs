//! The pages as text. Every text of tools and people goes through `data`, `person` or `words`.

use jiff::tz::TimeZone;
use quell_govern::exception::{Event, Exception, State, Step, end_of_day};
use quell_model::{Severity, Timestamp, shown};
use quell_pipeline::govern::{Preview, Told};

use super::super::forms::Part;
use super::super::html::{
    LEGEND, button, data, document, escaped, fact, form, head, listed, looked, moment, more,
    person, put, why, wrote,
};
use crate::access::Caller;
use crate::api::ExceptionSeen;

/// The address of the list.
const HERE: &str = "/exceptions";

/// What waits and what is hidden, or all.
pub(super) fn list(caller: &Caller, (told, total): (&[Told], u64), part: Part) -> String {
    let mut body = head(caller, HERE);
    let (title, other) = match part.all {
        true => ("All exceptions", "<a href=\"/exceptions\">Only what waits or is in force</a>"),
        false => ("Exceptions", "<a href=\"/exceptions?all=yes\">All exceptions</a>"),
    };
    put!(body, "<h1>{title}</h1>\n<p>{total} in all. {other}</p>");
    body.push_str("<p><a href=\"/exceptions/new\">Ask for an exception</a></p>\n");
    if told.is_empty() {
        body.push_str("<p>Nothing is here.</p>\n");
    } else {
        body.push_str(LEGEND);
    }
    for one in told {
        let exception = &one.exception;
        put!(
            body,
            "<article>\n<h2><a href=\"/exceptions/{}\">Look at it</a> {}</h2>\n<dl>",
            escaped(&exception.id),
            scope(exception)
        );
        fact(&mut body, "How it stands", &stand(one));
        fact(&mut body, "Asked for by", &by(exception));
        fact(&mut body, "Why", &wrote(&exception.request.reason));
        if let Some(old) = &exception.request.renews {
            fact(&mut body, "Takes the place of", &link_to(old));
        }
        fact(&mut body, "Ends", &end_of(exception.request.until));
        body.push_str("</dl>\n</article>\n");
    }
    body.push_str(&more(HERE, part, (told.len(), total)));
    document(title, &body)
}

/// One exception with what it hides.
pub(super) fn exception(caller: &Caller, seen: &ExceptionSeen) -> String {
    let exception = &seen.told.exception;
    let request = &exception.request;
    let mut body = head(caller, HERE);
    put!(body, "<h1>An exception</h1>\n{LEGEND}<section>\n<h2>What is asked for</h2>\n<dl>");
    fact(&mut body, "Which issues", &scope(exception));
    fact(&mut body, "How it stands", &stand(&seen.told));
    fact(&mut body, "Why", &wrote(&request.reason));
    let controls = match request.compensating_controls.is_empty() {
        true => "nothing is named".to_owned(),
        false => {
            let all = request.compensating_controls.iter().map(|one| person(one));
            all.collect::<Vec<_>>().join("; ")
        }
    };
    fact(&mut body, "Done in its place", &controls);
    fact(&mut body, "Who answers for it", &person(&request.owner));
    fact(&mut body, "Asked for by", &by(exception));
    // Others come from the list of a tool.
    if exception.origin != "request" {
        fact(&mut body, "From the list of", &person(&exception.origin));
    }
    if let Some(old) = &request.renews {
        fact(&mut body, "Takes the place of", &link_to(old));
    }
    if let Some(new) = &seen.renewal {
        fact(&mut body, "To be renewed by", &format!("{}, which waits", link_to(new)));
    }
    fact(&mut body, "Ends", &ends(exception));
    fact(&mut body, "Id", &format!("<code>{}</code>", escaped(&exception.id)));
    body.push_str("</dl>\n</section>\n");
    body.push_str(&seen.preview.as_ref().map_or_else(String::new, hides));
    body.push_str("<section>\n<h2>What happened</h2>\n<ul>\n");
    for event in &exception.events {
        put!(body, "<li>{}</li>", happened(event));
    }
    body.push_str("</ul>\n</section>\n");
    body.push_str(&said(caller, seen));
    body.push_str(&renewal(seen));
    document("An exception", &body)
}

/// The last day that is over by a moment.
pub(super) fn last_day(latest: Timestamp) -> jiff::civil::Date {
    let day = latest.to_zoned(TimeZone::UTC).date();
    let is_over = end_of_day(day, &TimeZone::UTC).is_some_and(|end| end <= latest);
    if is_over { day } else { day.yesterday().unwrap_or(day) }
}

/// An end, as the day that is over then where it is one.
pub(super) fn end_of(until: Timestamp) -> String {
    let day = last_day(until);
    match end_of_day(day, &TimeZone::UTC) == Some(until) {
        true => format!("the end of {day} in UTC"),
        false => moment(until),
    }
}

/// When it ends, and for which severities before that.
fn ends(exception: &Exception) -> String {
    let until = exception.request.until;
    let mut all = end_of(until);
    for severity in Severity::ALL.into_iter().rev() {
        if let Some(end) = exception.end_for(severity).filter(|end| *end < until) {
            all.push_str(&format!("<br>{} for {} issues", end_of(end), severity.as_str()));
        }
    }
    all
}

/// The way to ask for one in its place, for who may.
fn renewal(seen: &ExceptionSeen) -> String {
    let exception = &seen.told.exception;
    let is_renewed = exception.events.last().is_some_and(|event| event.step == Step::Renewed);
    let can_be = exception.state.is_renewable() && !is_renewed;
    if !can_be || !seen.may_ask || seen.renewal.is_some() {
        return String::new();
    }
    format!(
        "<section>\n<h2>Where it is still needed</h2>\n<p><a href=\"/exceptions/new?renews={}\">Ask \
         for one in its place</a>. Others have to agree to it as to every exception.</p>\n</section>\n",
        escaped(&exception.id)
    )
}

fn link_to(id: &str) -> String {
    format!("<a href=\"/exceptions/{0}\">{0}</a>", escaped(id))
}

fn scope(exception: &Exception) -> String {
    data(&shown(&exception.request.scope, false))
}

fn by(exception: &Exception) -> String {
    let name =
        exception.requester().map_or_else(|| "nobody known".to_owned(), |by| person(&by.name));
    let at = exception.events.first().map(|event| format!(" at {}", moment(event.at)));
    format!("{name}{}", at.unwrap_or_default())
}

/// How an exception stands, in a sentence.
fn stand(told: &Told) -> String {
    let exception = &told.exception;
    let count = |count: u64| match count {
        1 => "1 issue".to_owned(),
        count => format!("{count} issues"),
    };
    match exception.state {
        State::Requested | State::Reviewed => {
            let agreed = exception.events.iter().filter(|event| event.step == Step::Approved);
            format!(
                "waits: {} of {} reviewers agree; it hides nothing until then",
                agreed.count(),
                exception.reviewers
            )
        }
        State::Granted if told.in_force => {
            let hours = told.hours_left.unwrap_or_default();
            format!("in force: it hides {}; {} days left", count(told.hides), hours / 24)
        }
        State::Granted => "granted, and not in force now".to_owned(),
        stand @ (State::Refused | State::Withdrawn | State::Ended) => {
            format!("{}: it hides nothing", stand.as_str())
        }
    }
}

/// What it is about now.
fn hides(preview: &Preview) -> String {
    format!(
        "<section>\n<h2>What it is about now</h2>\n<dl>\n{}</section>\n",
        about(preview, preview.first.len())
    )
}

/// What a scope is about now: the rest of a list of facts, and the riskiest issues, of which so many
/// are open to be read.
pub(super) fn about(preview: &Preview, open: usize) -> String {
    let mut body = String::new();
    fact(&mut body, "Open issues", &preview.issues.to_string());
    fact(&mut body, "Of these, known to be exposed", &preview.exposed.to_string());
    let severities = preview.severities.iter();
    let severities = severities.map(|one| format!("{} {}", one.issues, one.severity.as_str()));
    let severities = severities.collect::<Vec<_>>().join(", ");
    if !severities.is_empty() {
        fact(&mut body, "By severity", &severities);
    }
    fact(&mut body, "Of these, hidden already", &preview.hidden_already.to_string());
    body.push_str("</dl>\n");
    let (first, others) = preview.first.split_at(open.min(preview.first.len()));
    if !first.is_empty() {
        put!(body, "<p>The riskiest:</p>\n{}", listed(first));
    }
    if !others.is_empty() {
        let count = others.len();
        put!(
            body,
            "<details>\n<summary>The next {count}</summary>\n{}\n</details>",
            listed(others)
        );
    }
    body + "<p class=\"quiet\">What comes later and fits is hidden too.</p>\n"
}

fn happened(event: &Event) -> String {
    let step = match event.step {
        Step::Requested => "asked for it",
        Step::Approved => "<span class=\"good\">agreed</span>",
        Step::Refused => "<span class=\"wrong\">said no</span>",
        Step::Withdrawn => "took it back",
        Step::Reminded => "its owner was reminded",
        Step::Ended => "its time was over",
        Step::Renewed => "another took its place",
    };
    let who = event.by.as_ref().map(|by| format!("{} ", person(&by.name)));
    let note = match event.note.is_empty() {
        true => String::new(),
        false => format!(": {}", wrote(&event.note)),
    };
    let at = moment(event.at);
    format!("{}{step}{note} <span class=\"quiet\">{at}</span>", who.unwrap_or_default())
}

/// What who looks may say, as a form; else why they may not.
fn said(caller: &Caller, seen: &ExceptionSeen) -> String {
    let exception = &seen.told.exception;
    let fields = match caller.csrf {
        Some(_) => fields(caller, seen),
        None => Err("You look with a token. Sign in to decide here, or use the command line."),
    };
    let csrf = caller.csrf.as_deref().unwrap_or_default();
    let to = format!("/exceptions/{}", exception.id);
    let body = match fields {
        Ok(fields) => form(&to, &[("csrf", csrf)], &fields),
        Err(why_not) => format!("<p>{}</p>\n", escaped(why_not)),
    };
    format!("<section>\n<h2>What you say</h2>\n{body}</section>\n")
}

fn fields(caller: &Caller, seen: &ExceptionSeen) -> Result<String, &'static str> {
    let exception = &seen.told.exception;
    let me = crate::api::person(caller).id;
    let is_own = exception.requester().is_some_and(|by| by.id == me);
    let approved = exception.events.iter().filter(|event| event.step == Step::Approved);
    let has_agreed = approved.filter_map(|event| event.by.as_ref()).any(|by| by.id == me);
    let take_back = |words| format!("{}{}", why("Why", ""), button("withdraw", "", words));
    match exception.state {
        State::Refused | State::Withdrawn | State::Ended => {
            Err("It is decided, or its time is over.")
        }
        State::Requested | State::Reviewed | State::Granted if is_own => {
            Ok(take_back("Take it back"))
        }
        State::Requested | State::Reviewed | State::Granted if !seen.may_review => {
            Err("You may not decide on it: that takes the right to approve.")
        }
        State::Granted => Ok(take_back("Take it back: what it hides is open again at once")),
        State::Requested | State::Reviewed if has_agreed => {
            Err("You have agreed to it. Another reviewer has to.")
        }
        State::Requested | State::Reviewed => Ok(format!(
            "{}{}{}{}",
            why("Why (a no has to say it)", ""),
            looked("I looked at what it hides, and at what is done in its place"),
            button("approve", " class=\"yes\"", "Yes, hide it until then"),
            button("refuse", " formnovalidate", "No")
        )),
    }
}
