//! What who looks at a plan may say of it, as forms; else why they may not.

use quell_govern::approval::Stand;
use quell_model::{Timestamp, shown};

use super::super::html::{button, escaped, form, looked, why};
use crate::access::Caller;
use crate::api::{GlassSeen, PlanSeen, person};

/// All that may be said.
pub(super) fn forms(caller: &Caller, seen: &PlanSeen, now: Timestamp) -> String {
    let Some(csrf) = caller.csrf.as_deref() else {
        return sentence("You look with a token. Sign in to decide here, or use the command line.");
    };
    let is_open = seen.plan.approvals.stand == Stand::Open && now < seen.plan.expires_at;
    let said = match fields(caller, seen, is_open) {
        Ok(fields) => section("", "What you say", &sent(seen, csrf, &fields)),
        Err(why_not) => sentence(why_not),
    };
    let glass = if is_open { without_waiting(seen, csrf) } else { String::new() };
    said + &glass
}

/// A form that repeats the session's token and the hash of the plan.
fn sent(seen: &PlanSeen, csrf: &str, fields: &str) -> String {
    let to = format!("/approvals/{}", seen.plan.id);
    form(&to, &[("csrf", csrf), ("hash", seen.plan.hash.as_str())], fields)
}

/// The fields of what somebody says, or why they say nothing.
fn fields(caller: &Caller, seen: &PlanSeen, is_open: bool) -> Result<String, &'static str> {
    let plan = &seen.plan;
    let me = person(caller).id;
    let is_own = plan.requested_by.id == me;
    let glass = plan.approvals.glass.as_ref();
    let is_unreviewed = glass.is_some_and(|glass| glass.reviewed_by.is_none() && glass.by.id != me);
    let has_spoken =
        plan.approvals.votes.iter().any(|vote| {
            vote.by.id == me || vote.for_whom.as_ref().is_some_and(|other| other.id == me)
        });
    if is_unreviewed && !is_own && seen.may_approve {
        return Ok(button("review", " class=\"yes\"", "I looked at what was done without waiting"));
    }
    match (is_open, is_own) {
        (false, _) => Err("It is decided, or its time is over."),
        (true, true) => Ok(button("withdraw", "", "Take it back")),
        (true, false) if has_spoken => Err("You have spoken of it."),
        (true, false) if seen.may_approve || !seen.speaks_for.is_empty() => Ok(vote(seen)),
        (true, false) => Err(
            "You may not agree to it: that takes the right to approve where it changes something.",
        ),
    }
}

/// A yes or a no, for oneself or in the place of somebody who said so.
fn vote(seen: &PlanSeen) -> String {
    let yes = button("approve", " class=\"yes\"", "Yes, do it");
    let no = button("refuse", " formnovalidate", "No");
    format!(
        "{}{}{}{yes}{no}",
        in_whose_place(seen),
        why("Why (a no has to say it)", ""),
        looked(&format!("I looked at the change above; {}", hash_begins(seen)))
    )
}

fn hash_begins(seen: &PlanSeen) -> String {
    let begin = seen.plan.hash.as_str().get(..12).unwrap_or_default();
    format!("the hash of the plan begins <code>{}</code>", escaped(begin))
}

/// For whom it is said, where there is a choice or it is not for oneself.
fn in_whose_place(seen: &PlanSeen) -> String {
    if seen.speaks_for.is_empty() {
        return String::new();
    }
    let own = if seen.may_approve { "<option value=\"\">yourself</option>" } else { "" };
    let others = seen.speaks_for.iter().map(|other| {
        let name = escaped(&shown(&other.name, false));
        format!("<option value=\"{}\">{name}</option>", escaped(&other.id))
    });
    format!(
        "<label>You speak for <select name=\"for_whom\">{own}{}</select></label>\n",
        others.collect::<String>()
    )
}

/// How an admin does not wait for others.
fn without_waiting(seen: &PlanSeen, csrf: &str) -> String {
    let title = "Without waiting";
    match seen.glass {
        GlassSeen::No => String::new(),
        GlassSeen::Unreviewed => {
            let said = "<p>What you did without waiting before has to be looked at by another \
                        person first; <a href=\"/approvals\">the list</a> names it.</p>\n";
            section(" class=\"alarm\"", title, said)
        }
        GlassSeen::Yes => {
            let fields = format!(
                "<p>You are an admin, so you may have it done without waiting for others. It is \
                 logged as an alarm, and another person has to look at it afterwards. Until then \
                 you cannot do that again.</p>\n{}{}{}",
                why("Why it cannot wait", " required"),
                looked(&format!("I looked at the change above; {}", hash_begins(seen))),
                button("break_glass", " class=\"grave\"", "Do it without waiting")
            );
            section(" class=\"alarm\"", title, &sent(seen, csrf, &fields))
        }
    }
}

fn section(more: &str, title: &str, body: &str) -> String {
    format!("<section{more}>\n<h2>{title}</h2>\n{body}</section>\n")
}

fn sentence(words: &str) -> String {
    section("", "What you say", &format!("<p>{}</p>\n", escaped(&shown(words, false))))
}
