//! Sessions of browsers: begun at sign-in, found by a cookie, ended by the clock or the person.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use quell_model::Timestamp;
use quell_store::{SessionRow, UserRow};
use subtle::ConstantTimeEq;

use super::token::random_text;
use crate::api::Problem;
use crate::state::App;

/// How seldom the last use of a session is written down.
const USED_EVERY_SECONDS: i64 = 60;
/// Characters of what a browser holds.
const SECRET_CHARS: usize = 52;

/// Of cookies with one name all would count, so none does.
pub(crate) fn cookie_value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    found.next().filter(|_| found.next().is_none())
}

/// What is said of sessions in one place.
#[derive(Debug)]
pub(crate) struct Sessions {
    plain: bool,
    idle_seconds: i64,
    most_seconds: i64,
}

/// A session that was just begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// The whole of a `Set-Cookie` header.
    pub(crate) cookie: String,
}

/// Who a session is of.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) row: SessionRow,
    pub(crate) user: UserRow,
}

impl Sessions {
    pub(crate) fn new(config: &quell_config::Config) -> Self {
        let sign_in = &config.sign_in;
        let seconds = |n: u64, of: u64| i64::try_from(n.saturating_mul(of)).unwrap_or(i64::MAX / 2);
        Self {
            plain: sign_in.plain_loopback && config.server.listen.ip().is_loopback(),
            idle_seconds: seconds(sign_in.idle_minutes, 60),
            most_seconds: seconds(sign_in.session_hours, 3_600),
        }
    }

    /// The name of a cookie. `__Host-` has browsers refuse it from another host and over plain HTTP.
    pub(crate) fn name(&self, of: &str) -> String {
        if self.plain { format!("quell-{of}") } else { format!("__Host-quell-{of}") }
    }

    /// Whether cookies go over plain HTTP.
    pub(crate) const fn is_plain(&self) -> bool {
        self.plain
    }

    /// A `Set-Cookie` header.
    pub(crate) fn cookie(&self, of: &str, value: &str, seconds: i64) -> String {
        let secure = if self.plain { "" } else { "; Secure" };
        let name = self.name(of);
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
    }

    fn hash(app: &App, value: &str) -> [u8; 32] {
        *blake3::keyed_hash(app.key.as_bytes(), format!("session {value}").as_bytes()).as_bytes()
    }

    /// The hash of the session that a browser names, whether it counts or not.
    fn named(&self, app: &App, headers: &HeaderMap) -> Option<[u8; 32]> {
        let value = cookie_value(headers, &self.name("session"))?;
        let fits = value.len() == SECRET_CHARS && value.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| Self::hash(app, value))
    }

    /// Begins a session with a new name; one that the browser had before ends.
    pub(crate) fn begin(
        &self,
        app: &App,
        user: &UserRow,
        headers: &HeaderMap,
    ) -> Result<Begun, Problem> {
        let random = || random_text().map_err(|error| Problem::internal(&error));
        let value = format!("{}{}", random()?, random()?);
        let now = app.clock.now();
        let row = SessionRow {
            hash: Self::hash(app, &value),
            user: user.id.clone(),
            csrf: format!("{}{}", random()?, random()?),
            made_at: now,
            used_at: now,
            ends_at: later(now, self.most_seconds),
        };
        let before = self.named(app, headers);
        app.access().session_begin(&row, before.as_ref())?;
        Ok(Begun { cookie: self.cookie("session", &value, self.most_seconds) })
    }

    /// Whose session a browser names, if it still counts.
    pub(crate) fn find(&self, app: &App, headers: &HeaderMap) -> Result<Option<Found>, Problem> {
        let Some(hash) = self.named(app, headers) else { return Ok(None) };
        let now = app.clock.now();
        let mut store = app.access();
        let Some(row) = store.session_get(&hash)? else { return Ok(None) };
        // A clock that was set back makes no session longer.
        let idle_end = later(row.used_at, self.idle_seconds);
        let is_over = now >= row.ends_at || now >= idle_end || now < row.made_at;
        let user = store.user_get(&row.user)?;
        let Some(user) = user.filter(|user| !is_over && user.disabled_at.is_none()) else {
            return Ok(None);
        };
        if now.as_second() - row.used_at.as_second() >= USED_EVERY_SECONDS
            && let Err(error) = store.session_used(&hash, now)
        {
            tracing::warn!(%error, "the last use of a session is not noted");
        }
        Ok(Some(Found { row, user }))
    }

    /// Ends the session that a browser names.
    pub(crate) fn end(&self, app: &App, headers: &HeaderMap) -> Result<(), Problem> {
        if let Some(hash) = self.named(app, headers) {
            app.access().session_end(&hash)?;
        }
        Ok(())
    }
}

impl Found {
    /// Whether a request repeats what only a page of ours could know.
    pub(crate) fn is_csrf(&self, given: &str) -> bool {
        self.row.csrf.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
