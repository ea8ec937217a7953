//! Finding out who asks, before anything of the request is looked at.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use quell_access::{Principal, PrincipalKind};
use quell_govern::Person;
use quell_model::{TenantId, Timestamp};
use quell_store::{ServerStore, StoreError, TokenRow, UserRow};

use super::{By, Presented, Right, Role, from_elsewhere, hats_of, scope_of};
use crate::api::Problem;
use crate::state::App;

/// How seldom the last use of a token is written down.
const USED_EVERY_SECONDS: i64 = 60;
/// The header in which a page repeats what its session knows.
const CSRF: &str = "x-csrf-token";

/// What somebody proved who they are by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A token.
    Token,
    /// A session of a browser.
    Session,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Whose data they see.
    pub(crate) tenant: TenantId,
    /// The highest of their roles everywhere, else of those in some places; `hats` says all.
    pub(crate) role: Role,
    /// The id of the token or the person, which is no secret.
    pub(crate) token: String,
    /// What the token or the person is called.
    pub(crate) name: String,
    /// Who they are as a person, where they ask by a token of a person's.
    pub(crate) person: Option<Person>,
    /// What they are, each with its limits.
    pub(crate) hats: Arc<[Principal]>,
    /// What they proved it by.
    pub(crate) by: Credential,
    /// What a page of theirs repeats in requests that change something.
    pub(crate) csrf: Option<String>,
}

impl Caller {
    /// How what they did is signed: what the token is called, and its id.
    pub(crate) fn signature(&self) -> String {
        format!("{} ({})", self.name, self.token)
    }

    /// What is kept with what they ask for, to look again whether they may when it is done.
    pub(crate) fn asked_by(&self) -> String {
        match self.by {
            Credential::Token => format!("token {}", self.token),
            Credential::Session => format!("user {}", self.token),
        }
    }

    /// The rules with them.
    pub(crate) fn by<'a>(&'a self, app: &'a App) -> By<'a> {
        By { rules: &app.rules, hats: &self.hats }
    }

    /// Whether a person asks: by their session, or by a token that may decide, as people's do and
    /// those of services that only read do not.
    pub(crate) fn is_person(&self, app: &App) -> bool {
        self.by == Credential::Session || self.by(app).may(Right::Decide)
    }

    /// Whether they are limited to some places, whatever they are.
    pub(crate) fn is_limited(&self) -> bool {
        self.hats.iter().all(|hat| !hat.scope.is_empty())
    }
}

/// Lets a request through whose caller has a right, and tells the handler who it is.
pub(crate) async fn require(
    State((app, right)): State<(Arc<App>, Right)>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let (asking, headers) = (Arc::clone(&app), request.headers().clone());
    let is_safe = request.method().is_safe();
    let found = app.quick(move || {
        let caller = who(&asking, &headers, is_safe)?.ok_or_else(Problem::unauthorized)?;
        if !caller.by(&asking).may(right) {
            return Err(Problem::forbidden(caller.role, right));
        }
        Ok(caller)
    });
    let caller = match found.await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    if let Err(wait) = app.rates.token(&caller.token) {
        return Problem::too_many(wait).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Lets a request through whose caller has the right in every place of their tenant.
pub(crate) async fn everywhere(
    State((app, right)): State<(Arc<App>, Right)>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
    next: Next,
) -> Response {
    if caller.by(&app).may_everywhere(right) {
        return next.run(request).await;
    }
    Problem::beyond("tenant", right).into_response()
}

/// Who somebody is now by their id, a token's or a person's, and whether they still may ask.
pub(crate) fn known_now(app: &App, id: &str) -> Result<Option<(Caller, bool)>, Problem> {
    let now = app.clock.now();
    let token = app.access().token_find(id)?;
    if let Some(row) = token {
        let counts = row.revoked_at.is_none() && row.expires_at.is_none_or(|end| now < end);
        return Ok(of_token(&app.access(), row)?.map(|caller| (caller, counts)));
    }
    let Some(row) = app.access().user_get(id)? else { return Ok(None) };
    let counts = row.disabled_at.is_none();
    Ok(of_user(app, &row)?.map(|caller| (caller, counts)))
}

/// Who makes a request: by a token, else by the session of a browser. A token counts before a
/// session, and a request that changes something shows that a page of ours made it.
pub(crate) fn who(
    app: &App,
    headers: &HeaderMap,
    is_safe: bool,
) -> Result<Option<Caller>, Problem> {
    if let Some(given) = headers.get(AUTHORIZATION) {
        return find(app, given.to_str().ok().and_then(bearer));
    }
    let Some(found) = app.sessions.find(app, headers)? else { return Ok(None) };
    if !is_safe {
        let given = headers.get(CSRF).and_then(|value| value.to_str().ok());
        if from_elsewhere(headers) || !given.is_some_and(|given| found.is_csrf(given)) {
            return Err(Problem::forged());
        }
    }
    let mut caller = of_user(app, &found.user)?;
    if let Some(caller) = &mut caller {
        caller.csrf = Some(found.row.csrf);
    }
    Ok(caller)
}

/// The token of an `Authorization` header; the scheme's case does not matter (RFC 9110).
pub(crate) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Who a token belongs to, if it opens anything.
pub(crate) fn find(app: &App, text: Option<&str>) -> Result<Option<Caller>, Problem> {
    let Some(presented) = text.and_then(Presented::parse) else { return Ok(None) };
    let now = app.clock.now();
    let row = app.access().token_find(presented.id)?;
    let Some(row) = row.filter(|row| presented.opens(&app.key, row, now)) else { return Ok(None) };
    if is_stale(row.used_at, now) {
        // On a full disk it stays unsaid; whoever reads is answered nevertheless.
        if let Err(error) = app.access().token_used(&row.id, now) {
            tracing::warn!(%error, "the last use of a token is not noted");
        }
    }
    Ok(of_token(&app.access(), row)?)
}

/// Who a token's row is of; nobody where its role or its limits are not known to this program, and
/// where it is of a person who may not come in any more.
pub(super) fn of_token(store: &ServerStore, row: TokenRow) -> Result<Option<Caller>, StoreError> {
    let scope = scope_of(row.scope.as_deref().unwrap_or("{}"));
    let Some((role, scope)) = Role::from_word(&row.role).zip(scope) else { return Ok(None) };
    let person = match &row.person {
        Some(id) => {
            let known = store.user_get(id)?;
            let Some(known) = known.filter(|known| known.disabled_at.is_none()) else {
                return Ok(None);
            };
            Some(Person::new(&known.id, &known.shown))
        }
        None => None,
    };
    let hat = Principal {
        kind: PrincipalKind::Token,
        id: row.id.clone(),
        tenant: row.tenant.clone(),
        roles: [role].into(),
        groups: Default::default(),
        scope,
    };
    Ok(Some(Caller {
        tenant: row.tenant,
        role,
        token: row.id,
        name: row.name,
        person,
        hats: Arc::from([hat]),
        by: Credential::Token,
        csrf: None,
    }))
}

/// Who a person is, if anything.
fn of_user(app: &App, row: &UserRow) -> Result<Option<Caller>, Problem> {
    let groups = app.access().group_list(&row.tenant)?;
    let hats = hats_of(row, &groups, &app.config.sign_in.roles);
    // What is the whole tenant's goes by what they are everywhere, where they are anything there.
    let highest = |all: &mut dyn Iterator<Item = &Principal>| {
        all.flat_map(|hat| hat.roles.iter().copied()).max()
    };
    let everywhere = highest(&mut hats.iter().filter(|hat| hat.scope.is_empty()));
    let Some(role) = everywhere.or_else(|| highest(&mut hats.iter())) else { return Ok(None) };
    Ok(Some(Caller {
        tenant: row.tenant.clone(),
        role,
        token: row.id.clone(),
        name: row.shown.clone(),
        person: None,
        hats: Arc::from(hats),
        by: Credential::Session,
        csrf: None,
    }))
}

/// Whether who asked for something may still do it. Whoever did before this was kept, may. A token
/// that has ended since still counts for what it asked for while it did not; one that was taken back
/// does not.
pub(crate) fn still_may(app: &App, asked_by: Option<&str>, right: Right) -> Result<bool, Problem> {
    let Some((kind, id)) = asked_by.and_then(|who| who.split_once(' ')) else { return Ok(true) };
    let caller = match kind {
        "token" => {
            let row = app.access().token_find(id)?.filter(|row| row.revoked_at.is_none());
            row.map_or(Ok(None), |row| of_token(&app.access(), row))?
        }
        "user" => {
            let row = app.access().user_get(id)?.filter(|row| row.disabled_at.is_none());
            match row {
                Some(row) => of_user(app, &row)?,
                None => None,
            }
        }
        _ => None,
    };
    Ok(caller.is_some_and(|caller| caller.by(app).may(right)))
}

fn is_stale(used_at: Option<Timestamp>, now: Timestamp) -> bool {
    used_at.is_none_or(|at| now.as_second() - at.as_second() >= USED_EVERY_SECONDS)
}
