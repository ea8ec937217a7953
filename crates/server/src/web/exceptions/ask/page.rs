//! The page as text. What tools and people wrote goes through `data` or `held`.

use jiff::tz::TimeZone;
use quell_govern::exception::{Exception, MOST_TEXT_BYTES, State};
use quell_govern::expression::MOST_BYTES;
use quell_model::{Timestamp, shown};
use quell_pipeline::govern::{Draft, ExceptionPlan, Preview, Wrong};

use super::super::super::html::{
    LEGEND, data, document, escaped, fact, field, form, head, held, looking, put, repeat,
};
use super::super::page::{about, end_of, last_day};
use crate::access::Caller;

/// The address of the page.
const HERE: &str = "/exceptions/new";
/// Where exceptions are asked for.
const TO: &str = "/exceptions";

/// Of the riskiest issues, how many are open to be read.
const OPEN: usize = 5;

/// What is asked for so far.
pub(super) struct Seen<'a> {
    pub(super) plan: &'a ExceptionPlan,
    /// What is wrong with it.
    pub(super) wrong: &'a [Wrong],
    /// The exception whose place it is to take.
    pub(super) old: Option<&'a Exception>,
    /// What it would hide; none where nothing is named yet.
    pub(super) draft: Option<&'a Draft>,
    /// Whether it was sent, and not looked at only.
    pub(super) is_sent: bool,
    /// Whether who looks may ask.
    pub(super) may_ask: bool,
    pub(super) now: Timestamp,
}

impl Seen<'_> {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|one| one.field == field).map(|one| one.said.as_str())
    }

    fn preview(&self) -> Option<&Preview> {
        self.draft.and_then(|draft| draft.preview.as_ref())
    }
}

/// The whole page.
pub(super) fn page(caller: &Caller, seen: &Seen<'_>) -> String {
    let mut body = head(caller, TO);
    let title = match seen.old {
        Some(_) => "Renew an exception",
        None => "Ask for an exception",
    };
    put!(body, "<h1>{title}</h1>");
    body.push_str(&seen.old.map_or_else(String::new, in_place));
    if seen.is_sent {
        let link =
            |one: &Wrong| format!("<a href=\"#{}-wrong\">{}</a>", one.field, name_of(one.field));
        let all: Vec<String> = seen.wrong.iter().map(link).collect();
        put!(
            body,
            "<p class=\"wrong\" role=\"alert\">It was not asked for. What is wrong stands beside its \
             field: {}.</p>",
            all.join(", ")
        );
    }
    put!(
        body,
        "<section>\n<h2>What to hide, and until when</h2>\n{}</section>",
        looking(HERE, &(renews(seen) + &first(seen)))
    );
    if let Some(preview) = seen.preview() {
        body.push_str(LEGEND);
        body.push_str(&hides(seen, preview));
        put!(body, "<section>\n<h2>Ask for it</h2>\n{}</section>", rest(caller, seen, preview));
    }
    document(title, &body)
}

/// Whose place it is to take, and what becomes of that one.
fn in_place(old: &Exception) -> String {
    let becomes = match old.state {
        State::Granted => format!(
            "That one holds until {}, or until this one is granted. A no to this one leaves it as it \
             is.",
            end_of(old.request.until)
        ),
        stand @ (State::Requested
        | State::Reviewed
        | State::Refused
        | State::Withdrawn
        | State::Ended) => format!("That one is {} and hides nothing.", stand.as_str()),
    };
    format!(
        "<p>It is to take the place of <a href=\"/exceptions/{0}\">exception {0}</a>. {becomes}</p>\n",
        escaped(&old.id)
    )
}

/// Repeats whose place it is to take.
fn renews(seen: &Seen<'_>) -> String {
    seen.old.map_or_else(String::new, |old| repeat(&("renews", old.id.as_str())))
}

/// A field as people call it.
fn name_of(field: &str) -> &str {
    match field {
        "scope" => "which issues",
        "until" => "the last day",
        "reason" => "why",
        "owner" => "who answers for it",
        _ => "what is done in its place",
    }
}

/// What is looked at first. What is wrong with a day that was sent stands where it was sent.
fn first(seen: &Seen<'_>) -> String {
    let wrong = seen.wrong("until").filter(|_| !seen.is_sent || seen.preview().is_none());
    let scope = field(("scope", "Which issues, as an expression"), seen.wrong("scope"), |more| {
        format!(
            "<textarea rows=\"3\" maxlength=\"{MOST_BYTES}\" spellcheck=\"false\" \
                 required{more}>{}</textarea>",
            held(&seen.plan.scope)
        )
    });
    format!(
        "{scope}{EXAMPLES}{}<button class=\"yes\">Show what it would hide</button>",
        until(seen, wrong)
    )
}

const EXAMPLES: &str = "<details>\n<summary>How to write one</summary>\n<ul>\n\
     <li><code>issue = 0a1b2c3d4e5f</code></li>\n\
     <li><code>account = 111122223333 and severity &lt;= medium</code></li>\n\
     <li><code>cve = CVE-2024-1234 and asset = *batch*</code></li>\n\
     <li><code>control = aws.s3.bucket_public and not tag.team = shop</code></li>\n</ul>\n\
     <p>It may ask for account, asset, class, control, cve, environment, exposed, issue, kind, \
     package, path, provider, region, rule, severity, tag.NAME, team and tool. What nobody says of \
     an issue is not known, and hides nothing.</p>\n</details>\n";

/// The last day, of those that may be asked for.
fn until(seen: &Seen<'_>, wrong: Option<&str>) -> String {
    let last = seen.preview().map(|preview| last_day(preview.latest_end));
    let last = last.map(|day| format!(" max=\"{day}\"")).unwrap_or_default();
    let first = seen.now.to_zoned(TimeZone::UTC).date();
    field(("until", "The last day on which it holds, in UTC"), wrong, |more| {
        format!(
            "<input type=\"date\" min=\"{first}\"{last} value=\"{}\" required{more}>",
            held(&seen.plan.until)
        )
    })
}

/// What it would hide, and until when.
fn hides(seen: &Seen<'_>, preview: &Preview) -> String {
    let mut body = String::from("<section>\n<h2>What it would hide</h2>\n<dl>\n");
    fact(&mut body, "Which issues", &data(&shown(&preview.scope, false)));
    let latest = last_day(preview.latest_end);
    let latest = match preview.worst {
        Some(worst) => format!("{latest} at the latest, since one of them is {}", worst.as_str()),
        None => format!("{latest} at the latest"),
    };
    let until = seen.draft.and_then(|draft| draft.until);
    let until = match until.filter(|_| seen.wrong("until").is_none()) {
        Some(until) => {
            let days = until.duration_since(seen.now).as_hours() / 24;
            format!("{} ({days} days); {latest}", end_of(until))
        }
        None if seen.plan.until.is_empty() => {
            format!("<span class=\"wrong\">not said yet</span>; {latest}")
        }
        None => format!("<span class=\"wrong\">another day</span>; {latest}"),
    };
    fact(&mut body, "Until", &until);
    let people = match preview.reviewers {
        1 => "one other person".to_owned(),
        more => format!("{more} other people"),
    };
    fact(&mut body, "Who has to agree", &people);
    if preview.issues == 0 {
        fact(&mut body, "Note", "<span class=\"wrong\">no open issue fits now</span>");
    }
    body + &about(preview, OPEN) + "</section>\n"
}

/// Why, and the button; else why it cannot be asked for here.
fn rest(caller: &Caller, seen: &Seen<'_>, preview: &Preview) -> String {
    let sentence = |words: &str| format!("<p>{words}</p>\n");
    let Some(csrf) = caller.csrf.as_deref() else {
        return sentence("You look with a token. Sign in to ask here, or use the command line.");
    };
    if !seen.may_ask {
        return sentence("You may not ask for it: that takes the right to decide everywhere.");
    }
    let wrong = seen.wrong("until");
    if !seen.is_sent && (seen.plan.until.is_empty() || wrong.is_some()) {
        return sentence("Say until when above, and look at it again.");
    }
    let mut repeats = vec![("csrf", csrf), ("scope", preview.scope.as_str())];
    repeats.extend(seen.old.map(|old| ("renews", old.id.as_str())));
    let mut last = String::new();
    match wrong {
        Some(_) => last = until(seen, wrong),
        None => repeats.push(("until", &seen.plan.until)),
    }
    form(TO, &repeats, &(last + &fields(seen)))
}

fn fields(seen: &Seen<'_>) -> String {
    let plan = seen.plan;
    let area = |rows: u32, most: usize, text: &str, more: &str| {
        format!("<textarea rows=\"{rows}\" maxlength=\"{most}\"{more}>{}</textarea>", held(text))
    };
    let reason = field(("reason", "Why it may stay as it is"), seen.wrong("reason"), |more| {
        area(3, MOST_TEXT_BYTES, &plan.reason, &format!(" required{more}"))
    });
    let owner = field(("owner", "Who answers for it"), seen.wrong("owner"), |more| {
        format!(
            "<input class=\"wide\" type=\"text\" maxlength=\"{MOST_TEXT_BYTES}\" value=\"{}\" \
             required{more}>",
            held(&plan.owner)
        )
    });
    let name = "compensating_controls";
    let label = "What is done in its place, one a line (may be left out)";
    let controls = field((name, label), seen.wrong(name), |more| {
        area(2, 4 * MOST_TEXT_BYTES, &plan.compensating_controls.join("\n"), more)
    });
    format!(
        "{reason}{owner}{controls}<p class=\"quiet\">It hides nothing until others agree, and you \
         are none of them.</p>\n<button class=\"yes\">Ask for it</button>"
    )
}
