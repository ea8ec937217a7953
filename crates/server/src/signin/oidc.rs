//! The way to the identity provider and back: authorization code with PKCE (RFC 7636), state and
//! nonce, in the browser that began.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quell_access::Role;
use quell_audit::Action;
use quell_store::UserRow;
use sha2::{Digest, Sha256};

use super::pending::{Pending, SECONDS};
use super::provider::{Person, Unknown};
use super::{field, page, redirect};
use crate::access::{
    PersonPlan, Scope, cookie_value, hats_of, noted, person, random_text, turned_away, written,
};
use crate::api::Problem;
use crate::state::App;

/// What is said of a sign-in that did not work; the log says why.
const FAILED: &str = "Signing in did not work. Begin again; the server's log says why it failed.";
const NO_ROLE: &str =
    "You are known, but no group of yours gives a role here. Ask an administrator.";

/// Sends a browser to the provider.
pub(super) async fn start(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if app.config.sign_in.issuer.is_none() {
        return Problem::not_found("identity provider; `[sign_in]` names none").into_response();
    }
    if let Err(wait) = app.sign_in.throttle.address(peer.ip()) {
        return Problem::too_many(wait).into_response();
    }
    let to = page::wanted_page(query.as_deref());
    match begin(&app, &headers, &to).await {
        Ok(response) => response,
        Err(error) => failed(&app, &error, &to),
    }
}

async fn begin(app: &App, headers: &HeaderMap, to: &str) -> Result<Response, Unknown> {
    let description = app.sign_in.provider.description(app).await?;
    let random = || {
        let half = || random_text().map_err(|error| Unknown::Secret(error.to_string()));
        Ok::<_, Unknown>(format!("{}{}", half()?, half()?))
    };
    let pending = Pending {
        nonce: random()?,
        verifier: random()?,
        browser: random()?,
        come_back: come_back_to(app, headers),
        to: to.to_owned(),
        at: app.clock.now(),
    };
    let (state, config) = (random()?, &app.config.sign_in);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&pending.verifier));
    let mut address = description.authorization_endpoint.clone();
    address
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &config.client_id)
        .append_pair("redirect_uri", &pending.come_back)
        .append_pair("scope", &config.scopes.join(" "))
        .append_pair("state", &state)
        .append_pair("nonce", &pending.nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    let cookie = app.sessions.cookie("sign-in", &pending.browser, SECONDS);
    app.sign_in.pending.begin(state, pending);
    Ok(redirect(address.as_str(), [cookie]))
}

/// Where the provider sends browsers back to.
fn come_back_to(app: &App, headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scheme = if app.sessions.is_plain() { "http" } else { "https" };
    let base = app.config.server.public_url.clone();
    let base = base.unwrap_or_else(|| format!("{scheme}://{host}"));
    format!("{}/sign-in/return", base.trim_end_matches('/'))
}

/// Takes a browser that comes back from the provider.
pub(super) async fn come_back(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let given: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let browser = cookie_value(&headers, &app.sessions.name("sign-in")).unwrap_or_default();
    let (state, now) = (field(&given, "state"), app.clock.now());
    let Some(pending) = app.sign_in.pending.end(state, browser, now) else {
        let unknown = Unknown::Token("nobody began this sign-in, or it came back before");
        return failed(&app, &unknown, page::FIRST);
    };
    let to = pending.to.as_str();
    let issuer = app.config.sign_in.issuer.as_deref().unwrap_or_default().trim_end_matches('/');
    let named = field(&given, "iss").trim_end_matches('/');
    if !named.is_empty() && named != issuer {
        let other = Unknown::Token("it came back from another issuer (RFC 9207)");
        return failed(&app, &other, to);
    }
    let code = field(&given, "code");
    if code.is_empty() {
        return failed(&app, &Unknown::Token("it came back without a code"), to);
    }
    let person = match app.sign_in.provider.person(&app, code, &pending).await {
        Ok(person) => person,
        Err(error) => return failed(&app, &error, to),
    };
    let (asking, goes_on) = (Arc::clone(&app), to.to_owned());
    let signed_in = app.quick(move || {
        let Some(user) = known(&asking, person)? else { return Ok(None) };
        noted(&asking, (Action::SignIn, "identity-provider"), &user)?;
        let begun = asking.sessions.begin(&asking, &user, &headers)?;
        let gone = asking.sessions.cookie("sign-in", "", 0);
        Ok(Some(redirect(&goes_on, [begun.cookie, gone])))
    });
    match signed_in.await {
        Ok(Some(response)) => response,
        Ok(None) => page::page(&app, StatusCode::FORBIDDEN, Some(NO_ROLE), to),
        Err(problem) => problem.into_response(),
    }
}

fn failed(app: &App, error: &Unknown, to: &str) -> Response {
    tracing::warn!(%error, "a sign-in at the identity provider failed");
    page::page(app, StatusCode::FORBIDDEN, Some(FAILED), to)
}

/// The person as they are stored, with the groups that they have now; nobody where they are
/// switched off, or nothing gives them a role.
fn known(app: &App, from: Person) -> Result<Option<UserRow>, Problem> {
    let (config, now) = (&app.config.sign_in, app.clock.now());
    let stored = app.access().user_of_subject(&from.subject)?;
    let is_new = stored.is_none();
    let row = match stored {
        Some(row) => row,
        None => new(app, &from)?,
    };
    let row = UserRow {
        shown: from.shown,
        groups: written(&from.groups),
        changed_at: now,
        signed_in_at: Some(now),
        ..row
    };
    let groups = app.access().group_list(&row.tenant)?;
    if row.disabled_at.is_some() || hats_of(&row, &groups, &config.roles).is_empty() {
        turned_away(app, "no-role", Some(&row));
        return Ok(None);
    }
    let mut store = app.access();
    if !is_new {
        store.user_save(&row)?;
        return Ok(Some(row));
    }
    store.tenant_add(&row.tenant, now)?;
    if store.user_add(&row)? {
        return Ok(Some(row));
    }
    // Somebody else is called so already.
    let row = UserRow { name: row.subject.clone().unwrap_or_default(), ..row };
    Ok(store.user_add(&row)?.then_some(row))
}

/// Somebody who signs in for the first time.
fn new(app: &App, from: &Person) -> Result<UserRow, Problem> {
    let config = &app.config.sign_in;
    let plan = PersonPlan {
        tenant: config.tenant.parse().map_err(|error| Problem::internal(&error))?,
        name: from.name.trim().to_owned(),
        roles: Role::from_word(&config.default_role).into_iter().collect(),
        groups: from.groups.iter().cloned().collect(),
        scope: Scope::default(),
    };
    let row = person(&plan, app.clock.now()).map_err(|error| Problem::internal(&error))?;
    Ok(UserRow { subject: Some(from.subject.clone()), ..row })
}
