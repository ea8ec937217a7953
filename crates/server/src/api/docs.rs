//! The description of the API, and a page of it that needs nothing from elsewhere.

use std::fmt::Write;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::Value;
use utoipa::openapi::OpenApi as Document;

use crate::serve::page;
use crate::state::App;

/// What the page may load: its own style, by its hash.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
color:#1a1a1a;background:#fff}h2{margin-top:2.5rem}h3{font-size:1rem;margin:1.6rem 0 .3rem}code{font:13px/1.5 ui-monospace,monospace}\
.m{display:inline-block;min-width:4rem;font-weight:700}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;\
padding:.2rem .6rem .2rem 0;border-bottom:1px solid #ddd}p{margin:.3rem 0}@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}\
td,th{border-color:#333}a{color:#8ab4ff}}";

/// The routes of the description.
pub(crate) fn docs(description: &Document) -> Router<Arc<App>> {
    let json = serde_json::to_value(description).unwrap_or_default();
    let html = html(&json);
    let json = Arc::new(json);
    let shown = move || async move { Json((*json).clone()) };
    let read = move || async move { page(StatusCode::OK, html, POLICY).into_response() };
    Router::new().route("/api/v1/openapi.json", get(shown)).route("/api/v1/docs", get(read))
}

fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn text(value: &Value) -> String {
    quell_report::html_text(value.as_str().unwrap_or_default())
}

fn html(document: &Value) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    write_page(document, &mut out).map_or_else(|_| String::new(), |()| out)
}

fn write_page(document: &Value, out: &mut String) -> std::fmt::Result {
    let title = text(at(document, "/info/title"));
    write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title} API</title><style>{STYLE}</style></head><body>\
         <h1>{title} API</h1><p>Send <code>Authorization: Bearer TOKEN</code>. The same as JSON: \
         <a href=\"openapi.json\">openapi.json</a>.</p>"
    )?;
    for (path, methods) in at(document, "/paths").as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            write_operation((path, method), operation, out)?;
        }
    }
    write!(out, "<h2>What is answered</h2>")?;
    for (name, schema) in at(document, "/components/schemas").as_object().into_iter().flatten() {
        write_schema(name, schema, out)?;
    }
    write!(out, "</body></html>")
}

fn write_operation(
    (path, method): (&str, &str),
    operation: &Value,
    out: &mut String,
) -> std::fmt::Result {
    let path = quell_report::html_text(path);
    let method = quell_report::html_text(&method.to_uppercase());
    write!(
        out,
        "<h3><code><span class=\"m\">{method}</span>{path}</code></h3><p>{}</p>",
        text(at(operation, "/summary"))
    )?;
    if at(operation, "/description").is_string() {
        write!(out, "<p>{}</p>", text(at(operation, "/description")))?;
    }
    write!(out, "<table>")?;
    for parameter in at(operation, "/parameters").as_array().into_iter().flatten() {
        write!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            text(at(parameter, "/name")),
            text(at(parameter, "/in")),
            text(at(parameter, "/description"))
        )?;
    }
    for (status, answer) in at(operation, "/responses").as_object().into_iter().flatten() {
        let status = quell_report::html_text(status);
        let what = text(at(answer, "/description"));
        write!(out, "<tr><td><code>{status}</code></td><td>answer</td><td>{what}</td></tr>")?;
    }
    write!(out, "</table>")
}

fn write_schema(name: &str, schema: &Value, out: &mut String) -> std::fmt::Result {
    let name = quell_report::html_text(name);
    write!(
        out,
        "<h3 id=\"{name}\"><code>{name}</code></h3><p>{}</p><table>",
        text(at(schema, "/description"))
    )?;
    for (field, what) in at(schema, "/properties").as_object().into_iter().flatten() {
        let field = quell_report::html_text(field);
        let what = text(at(what, "/description"));
        write!(out, "<tr><td><code>{field}</code></td><td>{what}</td></tr>")?;
    }
    write!(out, "</table>")
}
