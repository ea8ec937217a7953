//! Tokens: made once, shown once, kept as a hash.
//!
//! A token is `quell_<id>_<secret>`. The id finds the row; the secret has 256 random bits, so a
//! fast hash keyed with the server's own key is enough.

use std::path::Path;

use quell_model::{Clock, JobKey, Key, TenantId, Timestamp};
use quell_store::{ServerStore, StoreError, TokenRow};

use super::people::written;
use super::{Role, Scope};
use crate::data::{KeyError, ServerKey};

/// How a token begins.
const PREFIX: &str = "quell_";
/// Characters of a token's id.
const ID_CHARS: usize = 12;
/// Longest name of a token.
const MOST_NAME_BYTES: usize = 100;

/// A token to be made.
#[derive(Debug, Clone)]
pub struct TokenPlan {
    /// Whose data it opens.
    pub tenant: TenantId,
    /// What it may do.
    pub role: Role,
    /// What it is limited to.
    pub scope: Scope,
    /// What people call it.
    pub name: String,
    /// The name by which the person signs in whose it is, where it is one's.
    pub person: Option<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A token that was made. Its text is shown once.
#[derive(Debug)]
pub struct MadeToken {
    /// The part that is no secret.
    pub id: String,
    /// All of it.
    pub text: String,
}

/// Why a token cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server's key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The name is odd.
    #[error("a token's name is 1 to 100 characters, none of them a control character")]
    Name,
    /// Nobody of the tenant signs in by that name.
    #[error("nobody signs in as `{0}`; `quell user list` names all")]
    Nobody(String),
    /// It would have ended already.
    #[error("the token would have ended already; give a time to come")]
    Ended,
}

/// Makes a token in a data directory, whether a server runs there or not.
///
/// # Errors
/// When the directory cannot be used, or the plan makes no sense.
pub fn make_token(
    data: &Path,
    plan: &TokenPlan,
    clock: &dyn Clock,
) -> Result<MadeToken, TokenError> {
    let mut store = ServerStore::open(data)?;
    let key = ServerKey::read_or_make(data)?;
    add_token(&mut store, &key, plan, clock.now())
}

pub(crate) fn add_token(
    store: &mut ServerStore,
    key: &ServerKey,
    plan: &TokenPlan,
    now: Timestamp,
) -> Result<MadeToken, TokenError> {
    let fits = !plan.name.trim().is_empty() && plan.name.len() <= MOST_NAME_BYTES;
    if !fits || plan.name.chars().any(char::is_control) {
        return Err(TokenError::Name);
    }
    if plan.expires_at.is_some_and(|end| end <= now) {
        return Err(TokenError::Ended);
    }
    let person = match &plan.person {
        Some(name) => {
            let known = store.user_named(name)?.filter(|row| row.tenant == plan.tenant);
            Some(known.ok_or_else(|| TokenError::Nobody(name.clone()))?.id)
        }
        None => None,
    };
    let id: String = random_text()?.chars().take(ID_CHARS).collect();
    let secret = format!("{}{}", random_text()?, random_text()?);
    let row = TokenRow {
        id: id.clone(),
        tenant: plan.tenant.clone(),
        hash: hash(key, &secret),
        role: plan.role.as_str().to_owned(),
        scope: (!plan.scope.is_empty()).then(|| written(&plan.scope)),
        name: plan.name.trim().to_owned(),
        person,
        made_at: now,
        expires_at: plan.expires_at,
        used_at: None,
        revoked_at: None,
    };
    store.tenant_add(&plan.tenant, now)?;
    store.token_add(&row)?;
    Ok(MadeToken { text: format!("{PREFIX}{id}_{secret}"), id })
}

/// 128 random bits as text.
pub(crate) fn random_text() -> Result<String, KeyError> {
    Ok(Key::<()>::from_bytes(random()?).to_string())
}

/// A key that nobody can guess.
pub(crate) fn random_job() -> Result<JobKey, KeyError> {
    Ok(JobKey::from_bytes(random()?))
}

fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| KeyError::Random(error.to_string()))?;
    Ok(bytes)
}

fn hash(key: &ServerKey, secret: &str) -> [u8; 32] {
    *blake3::keyed_hash(key.as_bytes(), secret.as_bytes()).as_bytes()
}

/// A token as somebody presents it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Presented<'a> {
    pub(crate) id: &'a str,
    secret: &'a str,
}

impl<'a> Presented<'a> {
    /// Takes a token apart; `None` where it cannot be one.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let fits = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        (id.len() == ID_CHARS && secret.len() == 52 && fits(id) && fits(secret))
            .then_some(Self { id, secret })
    }

    /// Whether it opens what a row says, now. Hashes are compared in constant time.
    pub(crate) fn opens(&self, key: &ServerKey, row: &TokenRow, now: Timestamp) -> bool {
        let same =
            blake3::Hash::from_bytes(hash(key, self.secret)) == blake3::Hash::from_bytes(row.hash);
        same && row.revoked_at.is_none() && row.expires_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_token_opens_until_it_ends_or_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ServerStore::open(folder.path()).unwrap();
        let key = ServerKey::read_or_make(folder.path()).unwrap();
        let plan = TokenPlan {
            tenant: TenantId::default(),
            role: Role::Viewer,
            scope: Scope::default(),
            name: "dashboard".to_owned(),
            person: None,
            expires_at: Some(at(10)),
        };
        let made = add_token(&mut store, &key, &plan, at(0)).unwrap();
        let presented = Presented::parse(&made.text).unwrap();
        let row = store.token_find(presented.id).unwrap().unwrap();
        assert!(!format!("{row:?}").contains(presented.secret));
        assert!(presented.opens(&key, &row, at(9)));
        assert!(!presented.opens(&key, &row, at(10)));
        let other = ServerKey::read_or_make(tempfile::tempdir().unwrap().path()).unwrap();
        assert!(!presented.opens(&other, &row, at(1)));
        let mut wrong = made.text.clone();
        let last = if wrong.pop() == Some('0') { '1' } else { '0' };
        wrong.push(last);
        assert!(!Presented::parse(&wrong).unwrap().opens(&key, &row, at(1)));
        store.token_revoke(&plan.tenant, &made.id, at(2)).unwrap();
        let row = store.token_find(&made.id).unwrap().unwrap();
        assert!(!presented.opens(&key, &row, at(3)));
        let nobody = TokenPlan { person: Some("ana".to_owned()), ..plan.clone() };
        let refused = add_token(&mut store, &key, &nobody, at(0));
        assert!(matches!(refused, Err(TokenError::Nobody(name)) if name == "ana"));
        let ended = TokenPlan { expires_at: Some(at(0)), ..plan };
        assert!(matches!(add_token(&mut store, &key, &ended, at(0)), Err(TokenError::Ended)));
    }

    #[test]
    fn what_is_no_token_is_not_looked_up() {
        for text in ["", "quell_", "quell_a_b", "Quell_aaaaaaaaaaaa_x", "quell_aaaaaaaaaaa'_x"] {
            assert_eq!(Presented::parse(text), None, "{text}");
        }
    }
}
