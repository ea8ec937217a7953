//! Tokens: a name that is no secret, and the hash of one that is.

use quell_model::{TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use crate::state::{micros, time};
use crate::{ServerStore, StoreError};

/// A token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// The part that is no secret.
    pub id: String,
    /// Whose data it opens.
    pub tenant: TenantId,
    /// The hash of the secret part.
    pub hash: [u8; 32],
    /// What it may do.
    pub role: String,
    /// What it is limited to, as JSON; none limits nothing.
    pub scope: Option<String>,
    /// What people call it.
    pub name: String,
    /// The id of the person whose it is, where it is one's.
    pub person: Option<String>,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

const COLUMNS: &str =
    "id, tenant, hash, role, name, made_at, expires_at, used_at, revoked_at, scope, person";

fn token(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    let moment =
        |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.and_then(time));
    let tenant: String = row.get(1)?;
    // A tenant with an odd name has no data, so nobody is given another's.
    let odd =
        |_| rusqlite::Error::InvalidColumnType(1, "tenant".into(), rusqlite::types::Type::Text);
    Ok(TokenRow {
        id: row.get(0)?,
        tenant: tenant.parse().map_err(odd)?,
        hash: row.get(2)?,
        role: row.get(3)?,
        name: row.get(4)?,
        made_at: moment(5)?.unwrap_or_default(),
        expires_at: moment(6)?,
        used_at: moment(7)?,
        revoked_at: moment(8)?,
        scope: row.get(9)?,
        person: row.get(10)?,
    })
}

/// Takes a token from those that wait to be confirmed; whether it was one of them.
fn trusted(connection: &Connection, tenant: &TenantId, id: &str) -> Result<bool, StoreError> {
    let changed = connection.execute(
        "DELETE FROM unconfirmed WHERE kind = 'token' AND id = ?2 \
         AND EXISTS (SELECT 1 FROM tokens WHERE tenant = ?1 AND id = ?2)",
        [tenant.as_str(), id],
    )?;
    Ok(changed > 0)
}

impl ServerStore {
    /// Adds a token.
    ///
    /// # Errors
    /// When the database refuses, or its id is taken.
    pub fn token_add(&mut self, token: &TokenRow) -> Result<(), StoreError> {
        self.connection.execute(
            &format!(
                "INSERT INTO tokens ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, NULL, ?8, ?9)"
            ),
            params![
                token.id,
                token.tenant.as_str(),
                token.hash,
                token.role,
                token.name,
                micros(token.made_at),
                token.expires_at.map(micros),
                token.scope,
                token.person,
            ],
        )?;
        Ok(())
    }

    /// A token by its id, whoever it belongs to: this is how a caller's tenant is found.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn token_find(&self, id: &str) -> Result<Option<TokenRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM tokens WHERE id = ?1");
        Ok(self.connection.prepare_cached(&sql)?.query_row([id], token).optional()?)
    }

    /// A tenant's tokens.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn token_list(&self, tenant: &TenantId) -> Result<Vec<TokenRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM tokens WHERE tenant = ?1 ORDER BY made_at, id");
        let mut select = self.connection.prepare_cached(&sql)?;
        let rows = select.query_map([tenant.as_str()], token)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes when a token was used.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn token_used(&mut self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE tokens SET used_at = ?2 WHERE id = ?1")?
            .execute(params![id, micros(now)])?;
        Ok(())
    }

    /// Takes a token back; whether there was one. One that a restore took back is so for good.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn token_revoke(
        &mut self,
        tenant: &TenantId,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let restored = trusted(&tx, tenant, id)?;
        let changed = tx.execute(
            "UPDATE tokens SET revoked_at = ?3 \
             WHERE tenant = ?1 AND id = ?2 AND (revoked_at IS NULL OR ?4)",
            params![tenant.as_str(), id, micros(now), restored],
        )?;
        tx.commit()?;
        Ok(changed > 0)
    }

    /// The ids of a tenant's tokens that a restore took back, and nobody has confirmed yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn token_unconfirmed(&self, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id FROM tokens WHERE tenant = ?1 \
             AND id IN (SELECT id FROM unconfirmed WHERE kind = 'token') ORDER BY made_at, id",
        )?;
        let rows = select.query_map([tenant.as_str()], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Has a token count again that a restore took back; whether it was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn token_confirm(&mut self, tenant: &TenantId, id: &str) -> Result<bool, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let restored = trusted(&tx, tenant, id)?;
        if restored {
            tx.execute("UPDATE tokens SET revoked_at = NULL WHERE id = ?1", [id])?;
        }
        tx.commit()?;
        Ok(restored)
    }
}
