//! People and groups. What roles and limits mean is not known here: they are kept as written.

use quell_model::{TenantId, Timestamp};
use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};

use crate::state::{micros, time};
use crate::{ServerStore, StoreError};

/// A person as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The id, which stays when names change.
    pub id: String,
    /// Whose data they see.
    pub tenant: TenantId,
    /// What they type to sign in.
    pub name: String,
    /// What people call them.
    pub shown: String,
    /// Issuer and subject, of who signs in elsewhere.
    pub subject: Option<String>,
    /// An Argon2 hash, of who signs in here.
    pub password: Option<String>,
    /// Roles as JSON.
    pub roles: String,
    /// Groups as JSON.
    pub groups: String,
    /// Limits as JSON.
    pub scope: String,
    /// When they were made.
    pub made_at: Timestamp,
    /// When something of them was last changed.
    pub changed_at: Timestamp,
    /// When they last signed in.
    pub signed_in_at: Option<Timestamp>,
    /// Since when they may not.
    pub disabled_at: Option<Timestamp>,
}

/// A group as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Its name.
    pub name: String,
    /// Roles as JSON.
    pub roles: String,
    /// Limits as JSON.
    pub scope: String,
    /// When it was made.
    pub made_at: Timestamp,
}

const COLUMNS: &str = "id, tenant, name, shown, subject, password, roles, groups, scope, made_at, \
                       changed_at, signed_in_at, disabled_at";

fn user(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    let moment =
        |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.and_then(time));
    let tenant: String = row.get(1)?;
    // A tenant with an odd name has no data, so nobody is given another's.
    let odd =
        |_| rusqlite::Error::InvalidColumnType(1, "tenant".into(), rusqlite::types::Type::Text);
    Ok(UserRow {
        id: row.get(0)?,
        tenant: tenant.parse().map_err(odd)?,
        name: row.get(2)?,
        shown: row.get(3)?,
        subject: row.get(4)?,
        password: row.get(5)?,
        roles: row.get(6)?,
        groups: row.get(7)?,
        scope: row.get(8)?,
        made_at: moment(9)?.unwrap_or_default(),
        changed_at: moment(10)?.unwrap_or_default(),
        signed_in_at: moment(11)?,
        disabled_at: moment(12)?,
    })
}

fn group(row: &Row<'_>) -> rusqlite::Result<GroupRow> {
    Ok(GroupRow {
        name: row.get(0)?,
        roles: row.get(1)?,
        scope: row.get(2)?,
        made_at: time(row.get(3)?).unwrap_or_default(),
    })
}

impl ServerStore {
    /// Adds a person; whether there was none of that name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn user_add(&mut self, row: &UserRow) -> Result<bool, StoreError> {
        let sql = format!(
            "INSERT INTO users ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, \
             ?12, ?13) ON CONFLICT DO NOTHING"
        );
        let added = self.connection.execute(
            &sql,
            params![
                row.id,
                row.tenant.as_str(),
                row.name,
                row.shown,
                row.subject,
                row.password,
                row.roles,
                row.groups,
                row.scope,
                micros(row.made_at),
                micros(row.changed_at),
                row.signed_in_at.map(micros),
                row.disabled_at.map(micros),
            ],
        )?;
        Ok(added > 0)
    }

    /// Writes what is known of a person in place of what was.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn user_save(&mut self, row: &UserRow) -> Result<(), StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Whoever is switched on is confirmed, if a restore had switched them off.
        if row.disabled_at.is_none() {
            let text = "DELETE FROM unconfirmed WHERE kind = 'user' AND id = ?1";
            tx.execute(text, [&row.id])?;
        }
        tx.execute(
            "UPDATE users SET shown = ?2, password = ?3, roles = ?4, groups = ?5, scope = ?6, \
             changed_at = ?7, signed_in_at = ?8, disabled_at = ?9 WHERE id = ?1",
            params![
                row.id,
                row.shown,
                row.password,
                row.roles,
                row.groups,
                row.scope,
                micros(row.changed_at),
                row.signed_in_at.map(micros),
                row.disabled_at.map(micros),
            ],
        )?;
        Ok(tx.commit()?)
    }

    /// The names of a tenant's people whom a restore switched off, and nobody on again.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn user_unconfirmed(&self, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT name FROM users WHERE tenant = ?1 \
             AND id IN (SELECT id FROM unconfirmed WHERE kind = 'user') ORDER BY name",
        )?;
        let rows = select.query_map([tenant.as_str()], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn user_where(&self, rest: &str, value: &str) -> Result<Option<UserRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE {rest} = ?1");
        Ok(self.connection.prepare_cached(&sql)?.query_row([value], user).optional()?)
    }

    /// A person by their id.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn user_get(&self, id: &str) -> Result<Option<UserRow>, StoreError> {
        self.user_where("id", id)
    }

    /// A person by the name that they sign in with.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn user_named(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        self.user_where("name", name)
    }

    /// A person by issuer and subject.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn user_of_subject(&self, subject: &str) -> Result<Option<UserRow>, StoreError> {
        self.user_where("subject", subject)
    }

    /// A tenant's people, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn user_list(&self, tenant: &TenantId) -> Result<Vec<UserRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE tenant = ?1 ORDER BY name");
        let mut select = self.connection.prepare_cached(&sql)?;
        let rows = select.query_map([tenant.as_str()], user)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Sets what a group gives.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn group_set(&mut self, tenant: &TenantId, row: &GroupRow) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT OR REPLACE INTO groups (tenant, name, roles, scope, made_at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![tenant.as_str(), row.name, row.roles, row.scope, micros(row.made_at)],
        )?;
        Ok(())
    }

    /// Removes a group; whether there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn group_remove(&mut self, tenant: &TenantId, name: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM groups WHERE tenant = ?1 AND name = ?2";
        Ok(self.connection.execute(sql, params![tenant.as_str(), name])? > 0)
    }

    /// A tenant's groups, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn group_list(&self, tenant: &TenantId) -> Result<Vec<GroupRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT name, roles, scope, made_at FROM groups WHERE tenant = ?1 ORDER BY name",
        )?;
        let rows = select.query_map([tenant.as_str()], group)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
