//! The page on which people sign in, and the line that says who they are. No script stands in either.

use std::sync::{Arc, OnceLock};

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_model::shown;
use sha2::{Digest, Sha256};

use super::field;
use crate::access::Caller;
use crate::serve::page as send;
use crate::state::App;
use crate::web::{escaped, page_here};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#16181d}\
main{max-width:22rem;margin:12vh auto;padding:2rem;background:#fff;border:1px solid #d9dde3;border-radius:8px}\
h1{font-size:1.3rem;margin:0 0 1rem}label{display:block;margin:.8rem 0 .2rem}\
input{width:100%;box-sizing:border-box;padding:.5rem;font:inherit;border:1px solid #9aa3af;border-radius:4px}\
button,.go{display:block;width:100%;box-sizing:border-box;margin-top:1.2rem;padding:.6rem;font:inherit;text-align:center;\
border:0;border-radius:4px;background:#1d4ed8;color:#fff;text-decoration:none;cursor:pointer}\
.quiet{color:#5b6470;font-size:.9rem}.wrong{color:#9b1c1c}\
@media(prefers-color-scheme:dark){body{background:#14161a;color:#e8eaed}main{background:#1d2026;border-color:#363b45}\
input{background:#14161a;color:inherit}.quiet{color:#9aa3af}.wrong{color:#f4a3a3}}";

/// Where people go on to who named no page.
pub(super) const FIRST: &str = "/";

/// The page that people go on to, of those that are here.
pub(super) fn goes_on_to(to: &str) -> &str {
    page_here(to).unwrap_or(FIRST)
}

/// The same, as an address asks for it.
pub(super) fn wanted_page(query: Option<&str>) -> String {
    let fields: Vec<(String, String)> =
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    goes_on_to(field(&fields, "to")).to_owned()
}

/// The query that asks for a page.
pub(crate) fn asking_for(to: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("?{}", query.append_pair("to", to).finish())
}

/// What the page may do: show itself and send its form here.
fn policy() -> &'static str {
    static POLICY: OnceLock<String> = OnceLock::new();
    POLICY.get_or_init(|| {
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'"
        )
    })
}

pub(super) async fn show(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    page(&app, StatusCode::OK, None, &wanted_page(query.as_deref()))
}

/// The page, with what went wrong, and where one goes on to.
pub(super) fn page(app: &App, status: StatusCode, wrong: Option<&str>, to: &str) -> Response {
    let sign_in = &app.config.sign_in;
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Sign in to Quell</title>\
         <style>{STYLE}</style></head><body><main><h1>Sign in to Quell</h1>"
    );
    if let Some(wrong) = wrong {
        html.push_str(&format!("<p class=\"wrong\" role=\"alert\">{}</p>", escaped(wrong)));
    }
    if let Some(issuer) = &sign_in.issuer {
        let host = url::Url::parse(issuer).ok().and_then(|url| url.host_str().map(escaped));
        let host = host.unwrap_or_default();
        let query = if to == FIRST { String::new() } else { escaped(&asking_for(to)) };
        html.push_str(&format!(
            "<a class=\"go\" href=\"/sign-in/start{query}\">Sign in at {host}</a>"
        ));
    }
    if sign_in.passwords {
        html.push_str("<form method=\"post\" action=\"/sign-in\">");
        if to != FIRST {
            html.push_str(&format!(
                "<input type=\"hidden\" name=\"to\" value=\"{}\">",
                escaped(to)
            ));
        }
        html.push_str(
            "<label for=\"name\">Name</label>\
             <input id=\"name\" name=\"name\" autocomplete=\"username\" required maxlength=\"200\">\
             <label for=\"password\">Password</label><input id=\"password\" name=\"password\" \
             type=\"password\" autocomplete=\"current-password\" required maxlength=\"1024\">\
             <button>Sign in</button></form>",
        );
    }
    html.push_str(
        "<p class=\"quiet\"><a href=\"/?token\">Use a token instead</a></p></main></body></html>",
    );
    send(status, html, policy())
}

/// The line that says who somebody is, with the way out where there is one. A page whose policy
/// allows it says how both stand.
pub(crate) fn bar(caller: &Caller, style: &str) -> String {
    let limits: Vec<String> = caller.hats.iter().flat_map(|hat| hat.scope.words()).collect();
    let limits = match limits.is_empty() || !caller.is_limited() {
        true => String::new(),
        false => format!(", limited to {}", escaped(&shown(&limits.join(", "), false))),
    };
    let out = caller.csrf.as_ref().map_or_else(String::new, |csrf| {
        format!(
            " <form method=\"post\" action=\"/sign-out\"{style}>\
             <input type=\"hidden\" name=\"csrf\" value=\"{}\"><button>Sign out</button></form>",
            escaped(csrf)
        )
    });
    let (name, role) = (escaped(&shown(&caller.name, false)), caller.role.as_str());
    format!("<p class=\"quiet\"{style}>Signed in as {name} ({role}{limits})</p>{out}")
}
