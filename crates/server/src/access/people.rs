//! People and groups: what of the store says who they are, and local people with a password.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use quell_access::{Principal, PrincipalKind, Role, Scope};
use quell_model::{Clock, TenantId, Timestamp};
use quell_store::{GroupRow, ServerStore, StoreError, UserRow};
use secrecy::{ExposeSecret, SecretString};

use super::token::random_text;
use crate::data::KeyError;

/// Shortest and longest password, in bytes.
const LEAST_PASSWORD: usize = 12;
const MOST_PASSWORD: usize = 1024;
/// Longest name.
const MOST_NAME: usize = 200;
/// Memory of the hash in KiB, and its passes, as OWASP advises for Argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;

/// A person to be made.
#[derive(Debug, Clone)]
pub struct PersonPlan {
    /// Whose data they see.
    pub tenant: TenantId,
    /// What they type to sign in.
    pub name: String,
    /// What they are.
    pub roles: BTreeSet<Role>,
    /// The groups that they are in.
    pub groups: BTreeSet<String>,
    /// What they are limited to.
    pub scope: Scope,
}

/// Why a person cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no random numbers.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The name is odd.
    #[error("a name is 1 to 200 characters, none of them a space at an end or a control character")]
    Name,
    /// The name is taken.
    #[error("somebody is called `{0}` already")]
    Taken(String),
    /// Nobody has that name.
    #[error("nobody is called `{0}`; `quell user list` names all")]
    Missing(String),
    /// The password is too short or too long.
    #[error("a password is {LEAST_PASSWORD} to {MOST_PASSWORD} bytes")]
    Password,
    /// It could not be hashed.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

fn argon2() -> Argon2<'static> {
    let params = argon2::Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or_default();
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
}

/// The hash of a password, with a salt of its own.
fn hash(password: &SecretString) -> Result<String, PeopleError> {
    let bytes = password.expose_secret().as_bytes();
    if !(LEAST_PASSWORD..=MOST_PASSWORD).contains(&bytes.len()) {
        return Err(PeopleError::Password);
    }
    let odd = |error: &dyn std::fmt::Display| PeopleError::Hash(error.to_string());
    let salt = SaltString::encode_b64(random_text()?.as_bytes()).map_err(|e| odd(&e))?;
    let hashed = argon2().hash_password(bytes, &salt).map_err(|e| odd(&e))?;
    Ok(hashed.to_string())
}

/// Whether a password is that of a hash. Where there is no hash the same work is done for nothing, so
/// that the time tells nobody who is known here.
pub(crate) fn is_password(stored: Option<&str>, given: &SecretString) -> bool {
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$\
                          4Kx0g3n4TqCcX4o3n4TqCcX4o3n4TqCcX4o3n4TqCcU";
    let bytes = given.expose_secret().as_bytes();
    if bytes.len() > MOST_PASSWORD {
        return false;
    }
    let is = |hash: &str| {
        PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(bytes, &hash).is_ok())
    };
    match stored {
        Some(hash) => is(hash),
        None => {
            std::hint::black_box(is(NOBODY));
            false
        }
    }
}

/// Makes a local person in a data directory, whether a server runs there or not.
///
/// # Errors
/// When the plan makes no sense, or the directory cannot be used.
pub fn add_person(
    data: &Path,
    plan: &PersonPlan,
    password: &SecretString,
    clock: &dyn Clock,
) -> Result<String, PeopleError> {
    let mut store = ServerStore::open(data)?;
    let now = clock.now();
    let row = UserRow { password: Some(hash(password)?), ..person(plan, now)? };
    store.tenant_add(&plan.tenant, now)?;
    if store.user_add(&row)? { Ok(row.id) } else { Err(PeopleError::Taken(row.name)) }
}

/// A person as the plan has them, who cannot sign in yet.
pub(crate) fn person(plan: &PersonPlan, now: Timestamp) -> Result<UserRow, PeopleError> {
    let name = &plan.name;
    let fits = !name.is_empty() && name.len() <= MOST_NAME && name.trim() == name;
    if !fits || name.chars().any(char::is_control) {
        return Err(PeopleError::Name);
    }
    Ok(UserRow {
        id: random_text()?,
        tenant: plan.tenant.clone(),
        name: name.clone(),
        shown: name.clone(),
        subject: None,
        password: None,
        roles: written(&plan.roles),
        groups: written(&plan.groups),
        scope: written(&plan.scope),
        made_at: now,
        changed_at: now,
        signed_in_at: None,
        disabled_at: None,
    })
}

/// Gives a local person another password, and ends their sessions.
///
/// # Errors
/// When nobody has that name, or the directory cannot be used.
pub fn change_password(
    data: &Path,
    (tenant, name): (&TenantId, &str),
    password: &SecretString,
    clock: &dyn Clock,
) -> Result<(), PeopleError> {
    let mut store = ServerStore::open(data)?;
    let found = store.user_named(name)?.filter(|row| row.tenant == *tenant);
    let row = found.ok_or_else(|| PeopleError::Missing(name.to_owned()))?;
    let row = UserRow { password: Some(hash(password)?), changed_at: clock.now(), ..row };
    store.user_save(&row)?;
    store.session_end_all(&row.id)?;
    Ok(())
}

/// What is changed of a person.
#[derive(Debug, Clone, Default)]
pub struct PersonChange {
    /// Other roles.
    pub roles: Option<BTreeSet<Role>>,
    /// Other groups. Who signs in at the provider has those that it names, the next time.
    pub groups: Option<BTreeSet<String>>,
    /// Other limits.
    pub scope: Option<Scope>,
    /// Whether they may sign in.
    pub enabled: Option<bool>,
}

/// Changes a person. What they may do changes at once; who is switched off has no session.
///
/// # Errors
/// When nobody has that name, or the directory cannot be used.
pub fn change_person(
    data: &Path,
    (tenant, name): (&TenantId, &str),
    change: &PersonChange,
    clock: &dyn Clock,
) -> Result<(), PeopleError> {
    let mut store = ServerStore::open(data)?;
    let found = store.user_named(name)?.filter(|row| row.tenant == *tenant);
    let mut row = found.ok_or_else(|| PeopleError::Missing(name.to_owned()))?;
    let now = clock.now();
    if let Some(roles) = &change.roles {
        row.roles = written(roles);
    }
    if let Some(groups) = &change.groups {
        row.groups = written(groups);
    }
    if let Some(scope) = &change.scope {
        row.scope = written(scope);
    }
    match change.enabled {
        Some(true) => row.disabled_at = None,
        Some(false) => row.disabled_at = row.disabled_at.or(Some(now)),
        None => {}
    }
    row.changed_at = now;
    store.user_save(&row)?;
    if row.disabled_at.is_some() {
        store.session_end_all(&row.id)?;
    }
    Ok(())
}

/// What somebody of a data directory is: a person by their name, or a token as `token:ID`; `None`
/// where nobody is called so.
///
/// # Errors
/// When the directory cannot be used.
pub fn who_is(
    data: &Path,
    name: &str,
    by_claim: &BTreeMap<String, String>,
) -> Result<Option<Vec<Principal>>, PeopleError> {
    let store = ServerStore::open(data)?;
    if let Some(id) = name.strip_prefix("token:") {
        let row = store.token_find(id)?;
        let caller = row.map_or(Ok(None), |row| super::caller::of_token(&store, row))?;
        return Ok(caller.map(|caller| caller.hats.to_vec()));
    }
    let Some(row) = store.user_named(name)? else { return Ok(None) };
    let groups = store.group_list(&row.tenant)?;
    Ok(Some(hats_of(&row, &groups, by_claim)))
}

pub(crate) fn written<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Roles as they are stored. A word that this program does not know gives nothing.
pub(crate) fn roles_of(text: &str) -> BTreeSet<Role> {
    let words: Vec<String> = serde_json::from_str(text).unwrap_or_default();
    words.iter().filter_map(|word| Role::from_word(word)).collect()
}

/// Limits as they are stored; `None` where they cannot be read, which must not mean that there are
/// none.
pub(crate) fn scope_of(text: &str) -> Option<Scope> {
    serde_json::from_str(text).ok()
}

/// What somebody is: by their own roles, and by each of their groups.
pub(crate) fn hats_of(
    row: &UserRow,
    groups: &[GroupRow],
    by_claim: &BTreeMap<String, String>,
) -> Vec<Principal> {
    let named: BTreeSet<String> = serde_json::from_str(&row.groups).unwrap_or_default();
    let Some(own) = scope_of(&row.scope) else { return Vec::new() };
    let claimed = named.iter().filter_map(|group| Role::from_word(by_claim.get(group)?));
    let roles: BTreeSet<Role> = roles_of(&row.roles).into_iter().chain(claimed).collect();
    let hat = |roles: BTreeSet<Role>, scope: Scope| Principal {
        kind: PrincipalKind::User,
        id: row.id.clone(),
        tenant: row.tenant.clone(),
        roles,
        groups: named.clone(),
        scope,
    };
    let by_group = groups.iter().filter(|group| named.contains(&group.name));
    let by_group =
        by_group.filter_map(|group| Some(hat(roles_of(&group.roles), scope_of(&group.scope)?)));
    let mut hats = vec![hat(roles, own)];
    hats.extend(by_group);
    hats.retain(|hat| !hat.roles.is_empty());
    hats.sort();
    hats.dedup();
    hats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_alone() {
        let secret = |text: &str| SecretString::from(text.to_owned());
        let (good, bad) = (secret("correct horse battery"), secret("correct horse batterx"));
        let hashed = hash(&good).unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert_ne!(hashed, hash(&good).unwrap(), "two hashes have one salt");
        assert!(is_password(Some(&hashed), &good) && !is_password(Some(&hashed), &bad));
        assert!(!is_password(None, &good) && !is_password(Some("no hash"), &good));
        let long = secret(&"x".repeat(MOST_PASSWORD + 1));
        assert!(hash(&long).is_err() && hash(&secret("short")).is_err());
        assert!(!is_password(Some(&hashed), &long));
    }

    #[test]
    fn who_is_several_things_keeps_the_limits_of_each() {
        let plan = PersonPlan {
            tenant: TenantId::default(),
            name: "ana".to_owned(),
            roles: BTreeSet::new(),
            groups: ["web", "data", "claimed", "gone"].map(str::to_owned).into(),
            scope: Scope::default(),
        };
        let row = person(&plan, Timestamp::UNIX_EPOCH).unwrap();
        let group = |name: &str, roles: &str, scope: &str| GroupRow {
            name: name.to_owned(),
            roles: roles.to_owned(),
            scope: scope.to_owned(),
            made_at: Timestamp::UNIX_EPOCH,
        };
        let groups = [
            group("web", r#"["analyst"]"#, r#"{"accounts":["1"]}"#),
            group("data", r#"["viewer","unknown"]"#, "damaged"),
            group("others", r#"["admin"]"#, "{}"),
        ];
        let by_claim = BTreeMap::from([("claimed".to_owned(), "viewer".to_owned())]);
        let hats = hats_of(&row, &groups, &by_claim);
        let told: Vec<(Vec<Role>, Vec<String>)> =
            hats.iter().map(|h| (h.roles.iter().copied().collect(), h.scope.words())).collect();
        assert_eq!(
            told,
            [(vec![Role::Viewer], vec![]), (vec![Role::Analyst], vec!["account=1".to_owned()])]
        );
        let damaged = UserRow { scope: "?".to_owned(), ..row };
        assert!(hats_of(&damaged, &groups, &by_claim).is_empty());
    }
}
