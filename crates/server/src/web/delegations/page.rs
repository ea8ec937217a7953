//! The page as text. What people are called goes through `person`.

use quell_govern::Person;
use quell_govern::approval::Delegation;
use quell_model::shown;

use super::super::html::{LEGEND, document, escaped, form, head, moment, person};
use crate::access::Caller;
use crate::api::MOST_DELEGATION_DAYS;

/// The address of the page.
const HERE: &str = "/delegations";
/// Days that the form proposes.
const DAYS: u32 = 7;

/// Who speaks in whose place now, and the form of who may let somebody do so.
pub(super) fn delegations(
    caller: &Caller,
    held: &[Delegation],
    offered: Option<&(Vec<Person>, bool)>,
) -> String {
    let mut body = head(caller, HERE);
    body.push_str("<h1>Who speaks for whom</h1>\n");
    body.push_str(LEGEND);
    body.push_str("<section>\n<h2>Now</h2>\n");
    if held.is_empty() {
        body.push_str("<p>Everybody speaks for themselves.</p>\n");
    } else {
        let all: String = held.iter().map(|one| line(caller, one)).collect();
        body.push_str(&format!("<ul>\n{all}</ul>\n"));
    }
    body.push_str("</section>\n<section>\n<h2>Let somebody speak in your place</h2>\n");
    body.push_str(
        "<p>They say yes or no to plans where you may, until the time is over. They cannot pass it \
         on, and never speak on what you or they ask for. What they say counts as yours, and names \
         them.</p>\n",
    );
    body.push_str(&match (caller.csrf.as_deref(), offered) {
        (Some(csrf), Some((people, more))) => given(csrf, people, *more),
        (Some(_), None) => {
            "<p>You decide about nothing here, so you have no place to give.</p>\n".to_owned()
        }
        (None, _) => "<p>You look with a token. Sign in to do that here, or use the command \
                      line.</p>\n"
            .to_owned(),
    });
    document("Who speaks for whom", &(body + "</section>\n"))
}

/// One who speaks in another's place. Whose place it is may end it.
fn line(caller: &Caller, one: &Delegation) -> String {
    let (to, from) = (person(&one.to.name), person(&one.from.name));
    let until = moment(one.until);
    let end = match &caller.csrf {
        Some(csrf) if one.from.id == caller.token => form(
            HERE,
            &[("csrf", csrf), ("to", &one.to.id), ("days", "0")],
            "<button>End it now</button>",
        ),
        Some(_) | None => String::new(),
    };
    format!("<li>{to} speaks for {from} <span class=\"quiet\">until {until}</span>{end}</li>\n")
}

/// The form.
fn given(csrf: &str, people: &[Person], more: bool) -> String {
    if people.is_empty() {
        return "<p>There is nobody else.</p>\n".to_owned();
    }
    let option = |one: &Person| {
        let name = escaped(&shown(&one.name, false));
        format!("<option value=\"{}\">{name}</option>\n", escaped(&one.id))
    };
    let options: String = people.iter().map(option).collect();
    let more = match more {
        true => {
            "<p class=\"quiet\">These are not all; <code>quell approval delegate</code> takes \
                 the id of anybody.</p>\n"
        }
        false => "",
    };
    let fields = format!(
        "<label>Who <select name=\"to\" required>\n<option value=\"\"></option>\n{options}</select>\
         </label>\n{more}<label>For how many days <input type=\"number\" name=\"days\" min=\"1\" \
         max=\"{MOST_DELEGATION_DAYS}\" value=\"{DAYS}\" required></label>\n\
         <button class=\"yes\">Let them speak for me</button>"
    );
    form(HERE, &[("csrf", csrf)], &fields)
}
