//! Pages without scripts: escaping, one style, and the policy that lets nothing else in.

use std::sync::OnceLock;

use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_model::{Timestamp, is_deceiving, shown};
use quell_pipeline::govern::PreviewIssue;
use sha2::{Digest, Sha256};

use super::forms::Part;
use crate::access::Caller;
use crate::api::Problem;
use crate::serve::page;
use crate::signin::bar;

/// One style for light and dark, wide and narrow. What others wrote has a frame of its own.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#16181d}\
main{max-width:60rem;margin:0 auto;padding:1rem}\
header{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:center;font-size:.9rem}\
header form{margin:0}nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.5rem 0}nav [aria-current]{font-weight:600;color:inherit;text-decoration:none}\
a{color:#1d4ed8}h1{font-size:1.4rem;margin:1rem 0 .5rem}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}\
article,section{background:#fff;border:1px solid #d9dde3;border-radius:8px;padding:.75rem 1rem;margin:.75rem 0}\
article h2,section h2{margin-top:0}\
h1,h2,p,li,dt,dd,td{overflow-wrap:anywhere}\
dl{display:grid;grid-template-columns:minmax(7rem,auto) 1fr;gap:.25rem 1rem;margin:0}\
dt{color:#5b6470}dd{margin:0}\
.data{background:#fff4d6;border-left:4px solid #b45309;padding:0 .35rem;border-radius:2px}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:.9rem/1.4 ui-monospace,monospace;margin:.5rem 0}\
pre.data{padding:.5rem}\
.add{background:#d3f2d9;color:#0b4a1c}.del{background:#fbd9d9;color:#7a1212}\
code{font-family:ui-monospace,monospace}\
.quiet{color:#5b6470}.wrong{color:#9b1c1c;font-weight:600}.good{color:#0b6b2b;font-weight:600}\
textarea,select,input:not([type=checkbox]){box-sizing:border-box;max-width:100%;font:inherit;padding:.4rem;border:1px solid #9aa3af;border-radius:4px}\
textarea,input.wide{width:100%}bdi.data{white-space:pre-line}\
details{margin:.5rem 0}summary{cursor:pointer}\
button{font:inherit;padding:.5rem 1rem;margin:.5rem .5rem 0 0;border:1px solid #9aa3af;border-radius:4px;background:#eef0f3;color:inherit;cursor:pointer}\
button.yes{background:#1d4ed8;border-color:#1d4ed8;color:#fff}\
button.grave{background:#9b1c1c;border-color:#9b1c1c;color:#fff}\
.alarm{border-color:#9b1c1c;border-width:2px}\
label{display:block;margin:.5rem 0}\
@media(max-width:34rem){dl{grid-template-columns:1fr}dt{margin-top:.4rem}main{padding:.5rem}}\
@media(prefers-color-scheme:dark){body{background:#14161a;color:#e8eaed}a{color:#8ab4ff}\
article,section{background:#1d2026;border-color:#363b45}.data{background:#3a2f12;border-left-color:#f59e0b}\
.add{background:#123a1d;color:#b9f0c8}.del{background:#471818;color:#ffc9c9}\
.quiet,dt{color:#9aa3af}.wrong{color:#f4a3a3}.good{color:#86e0a3}\
textarea,select,input:not([type=checkbox]){background:#14161a;color:inherit}button{background:#2a2e36}\
button.grave{background:#b42318;border-color:#b42318}.alarm{border-color:#f4a3a3}}";

/// Longest address that somebody is led back to who signs in.
const MOST_ADDRESS_BYTES: usize = 4096;

/// A line of a page.
macro_rules! put {
    ($body:expr, $($text:tt)*) => {{
        $body.push_str(&format!($($text)*));
        $body.push('\n');
    }};
}
pub(super) use put;

/// What a page may do: show itself, and send its forms here.
pub(super) fn policy() -> &'static str {
    static POLICY: OnceLock<String> = OnceLock::new();
    POLICY.get_or_init(|| {
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'"
        )
    })
}

/// The pages on which people decide, each with its address.
const PAGES: [(&str, &str); 3] = [
    ("/approvals", "Plans"),
    ("/exceptions", "Exceptions"),
    ("/delegations", "Who speaks for whom"),
];

/// Who looks, and the way to the other pages. `here` is the address of this one's list.
pub(super) fn head(caller: &Caller, here: &str) -> String {
    format!("<header>{}</header>\n<nav>{}</nav>\n", bar(caller, ""), all_links(here))
}

/// The way to what is open and to the pages, of which one is this.
fn all_links(here: &str) -> String {
    format!("<a href=\"/\">What is open</a> {}", links(here))
}

/// An address below here, where it is one of the pages, with what is asked there.
pub(crate) fn page_here(address: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    if address.len() > MOST_ADDRESS_BYTES || !address.bytes().all(is_plain) {
        return None;
    }
    let is_below = |(at, _): &(&str, &str)| {
        let rest = address.strip_prefix(at);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    PAGES.iter().any(is_below).then_some(address)
}

/// The pages, of which one is this.
fn links(here: &str) -> String {
    let link = |(at, name): (&str, &str)| {
        let current = if at == here { " aria-current=\"true\"" } else { "" };
        format!("<a href=\"{at}\"{current}>{name}</a>")
    };
    PAGES.map(link).join(" ")
}

/// The way to the next part of a list, where there is one. `count` of it are shown here.
pub(super) fn more(here: &str, part: Part, (count, total): (usize, u64)) -> String {
    let next = part.skip.saturating_add(count);
    if count == 0 || u64::try_from(next).is_ok_and(|next| next >= total) {
        return String::new();
    }
    let all = if part.all { "all=yes&amp;" } else { "" };
    format!("<p><a href=\"{here}?{all}skip={next}\">More</a></p>\n")
}

/// A page with a title of Quell's own words.
pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Quell</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         {body}</main>\n</body>\n</html>\n"
    )
}

/// Text as HTML shows it. What could turn it round or hide in it was written out before.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(one),
            one if one.is_control() => out.push('\u{fffd}'),
            one => out.push(one),
        }
    }
    out
}

/// Text that somebody outside wrote and that was written out already, in its frame.
pub(super) fn data(text: &str) -> String {
    format!("<span class=\"data\">{}</span>", escaped(text))
}

/// What a person wrote, or an identity provider calls them, in its frame: written out, on one line.
pub(super) fn person(text: &str) -> String {
    format!("<bdi class=\"data\">{}</bdi>", escaped(&shown(text, false)))
}

/// What a person wrote, in its frame: written out, and in lines as they wrote it.
pub(super) fn wrote(text: &str) -> String {
    format!("<bdi class=\"data\">{}</bdi>", escaped(&shown(text.trim(), true)))
}

/// Text of Quell's own or of who set it up, which may name something: written out, on one line.
pub(super) fn words(text: &str) -> String {
    format!("<bdi>{}</bdi>", escaped(&shown(text, false)))
}

/// A moment, to the second.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// A line of a list of facts, whose value is HTML already.
pub(super) fn fact(body: &mut String, name: &str, value: &str) {
    body.push_str(&format!("<dt>{name}</dt><dd>{value}</dd>\n"));
}

/// What the frames mean.
pub(super) const LEGEND: &str = "<p class=\"quiet\"><span class=\"data\">Text in this frame</span> was written \
     by tools, in code or by people outside Quell. It may be made to mislead. \
     Signs that cannot be seen are written out, as <code>\\u{202e}</code>.</p>\n";

/// Issues, one a line.
pub(super) fn listed(issues: &[PreviewIssue]) -> String {
    let line = |one: &PreviewIssue| {
        format!(
            "<li>{} · {} · {} on {} <code class=\"quiet\">{}</code></li>\n",
            one.severity.as_str(),
            one.score,
            data(&shown(one.title.raw(), false)),
            data(&shown(one.asset.raw(), false)),
            escaped(&one.id.to_string())
        )
    };
    format!("<ul>\n{}</ul>", issues.iter().map(line).collect::<String>())
}

/// A form of a session, sent to an address, with what it repeats beside its own fields.
pub(super) fn form(to: &str, repeats: &[(&str, &str)], fields: &str) -> String {
    let hidden: String = repeats.iter().map(repeat).collect();
    format!(
        "<form method=\"post\" action=\"{}\" autocomplete=\"off\">\n{hidden}{fields}\n</form>\n",
        escaped(to)
    )
}

/// A field that nobody sees, for what a form repeats.
pub(super) fn repeat((name, value): &(&str, &str)) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", repeated(value))
}

/// What a form repeats, as it is: what could turn the page's text round is named by its number.
fn repeated(value: &str) -> String {
    let mut out = String::new();
    for part in value.split_inclusive(is_deceiving) {
        let end = part.chars().next_back().filter(|end| is_deceiving(*end));
        out.push_str(&escaped(end.map_or(part, |end| part.strip_suffix(end).unwrap_or(part))));
        if let Some(end) = end {
            out.push_str(&format!("&#{};", u32::from(end)));
        }
    }
    out
}

/// A form that only looks, with what it asks for in the address.
pub(super) fn looking(to: &str, fields: &str) -> String {
    format!("<form action=\"{to}\" autocomplete=\"off\">\n{fields}\n</form>\n")
}

/// A field with what is wrong with it. `input` makes it of further attributes.
pub(super) fn field(
    (name, label): (&str, &str),
    wrong: Option<&str>,
    input: impl FnOnce(&str) -> String,
) -> String {
    let Some(wrong) = wrong else {
        return format!("<label>{label} {}</label>\n", input(&format!(" name=\"{name}\"")));
    };
    let more = format!(" name=\"{name}\" aria-invalid=\"true\" aria-describedby=\"{name}-wrong\"");
    format!(
        "<label>{label} {}</label>\n<p class=\"wrong\" id=\"{name}-wrong\">{}</p>\n",
        input(&more),
        words(wrong)
    )
}

/// What a field holds: as it stands, unless something in it could not be seen.
pub(super) fn held(text: &str) -> String {
    let is_odd = |c: char| is_deceiving(c) || (c.is_control() && !matches!(c, '\n' | '\t'));
    match text.chars().any(is_odd) {
        true => escaped(&shown(text, true)),
        false => escaped(text),
    }
}

/// A button of a form, which says a word. `more` is further attributes.
pub(super) fn button(word: &str, more: &str, words: &str) -> String {
    format!("<button name=\"word\" value=\"{word}\"{more}>{words}</button>\n")
}

/// A field for a reason.
pub(super) fn why(label: &str, more: &str) -> String {
    format!(
        "<label>{label}<textarea name=\"note\" rows=\"2\" maxlength=\"2000\"{more}></textarea>\
         </label>\n"
    )
}

/// What somebody has to say before they agree. `what` is HTML.
pub(super) fn looked(what: &str) -> String {
    format!(
        "<label><input type=\"checkbox\" name=\"looked\" value=\"yes\" required> {what}</label>\n"
    )
}

/// What went wrong, as a page. `sent_to` is where a form was sent; who only looked changed nothing
/// anyway.
pub(crate) fn refused(problem: &Problem, sent_to: Option<&str>) -> Response {
    let why = words(problem.detail());
    let back = sent_to.and_then(page_here).map(|at| {
        format!("<p><a href=\"{}\">Back to where the form stands</a></p>\n", escaped(at))
    });
    let unchanged = if sent_to.is_none() { "" } else { "<p>Nothing was changed.</p>\n" };
    let unchanged = format!("{unchanged}{}", back.unwrap_or_default());
    let body = format!(
        "<h1>{}</h1>\n<p class=\"wrong\" role=\"alert\">{why}</p>\n{unchanged}<nav>{}</nav>\n",
        escaped(problem.title()),
        all_links("")
    );
    let status = match problem.status() {
        // A browser would ask for a name and a password.
        StatusCode::UNAUTHORIZED => StatusCode::FORBIDDEN,
        other => other,
    };
    page(status, document("Not done", &body), policy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        let hostile = "<script>\"x\"</script>&amp;'\u{1b}\u{202e}";
        let page = words(hostile) + &person(hostile) + &data(&shown(hostile, true));
        assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
        assert!(
            page.contains("&lt;script&gt;&quot;x&quot;&lt;/script&gt;&amp;amp;&#39;"),
            "{page}"
        );
        assert!(page.contains("\\u{1b}\\u{202e}"), "{page}");
        assert_eq!(repeated("a\u{202e}\u{200b}<b"), "a&#8238;&#8203;&lt;b");
        assert_eq!(held("a\n<b"), "a\n&lt;b");
        assert_eq!(held("a\u{202e}\n<b"), "a\\u{202e}\n&lt;b");
        assert!(policy().contains("style-src 'sha256-") && !policy().contains("unsafe"));
    }

    #[test]
    fn only_a_page_of_these_is_led_back_to() {
        for here in ["/approvals", "/approvals/4v8k", "/exceptions/new?scope=a%20b&until="] {
            assert_eq!(page_here(here), Some(here));
        }
        let long = format!("/exceptions?{}", "a".repeat(5_000));
        for other in [
            "",
            "/",
            "//evil.example",
            "/approvals.evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/approvals\\@evil.example",
            "/exceptions\r\nlocation: x",
            "/sign-out",
            "/api/v1/me",
            "approvals",
            "/exceptions/\u{e9}",
            "/approvals /x",
            &long,
        ] {
            assert_eq!(page_here(other), None, "{other}");
        }
    }
}
