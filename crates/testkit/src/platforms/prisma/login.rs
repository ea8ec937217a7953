//! The two logins, and what a token is good for.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    CONSOLE, KEY_ID, KEY_SECRET, PrismaDouble, PrismaRight, body, console_body, console_error, ok,
    only, refuse, text,
};
use crate::net::{Answer, Asked};

impl PrismaDouble {
    /// `POST /login`.
    pub(super) fn login(&self, asked: &Asked) -> Result<Answer, Answer> {
        let body = body(asked)?;
        only(&body, &["username", "password", "prismaId", "customerName"])?;
        let key = (text(&body, "username"), text(&body, "password"));
        let tenant = self.state().quirks.tenant.clone();
        let elsewhere = text(&body, "prismaId").is_some_and(|asked| asked != tenant);
        if key != (Some(KEY_ID), Some(KEY_SECRET)) || elsewhere {
            return Err(refuse(401, "invalid_credentials", "username"));
        }
        self.state().tokens.logins += 1;
        Ok(self.token())
    }

    /// `GET /auth_token/extend`; the token was looked at already.
    pub(super) fn extend(&self) -> Answer {
        self.state().tokens.renewals += 1;
        self.token()
    }

    fn token(&self) -> Answer {
        let mut state = self.state();
        let token = state.tokens.next("cspm");
        let ends = self.clock.now() + SignedDuration::from_secs(state.quirks.token_seconds);
        state.tokens.posture.insert(token.clone(), ends);
        let tenant = &state.quirks.tenant;
        let names =
            [json!({"customerName": "Made Up Inc", "prismaId": tenant, "tosAccepted": true})];
        ok(&json!({"token": token, "message": "login_successful", "customerNames": names}))
    }

    /// The console's own login.
    pub(super) fn authenticate(&self, asked: &Asked) -> Result<Answer, Answer> {
        let body = console_body(asked)?;
        let fields = body.as_object().into_iter().flat_map(serde_json::Map::keys);
        if let Some(name) =
            fields.into_iter().find(|n| !["username", "password", "token"].contains(&n.as_str()))
        {
            return Err(console_error(400, &format!("json: unknown field {name:?}")));
        }
        let mut state = self.state();
        let by_key =
            (text(&body, "username"), text(&body, "password")) == (Some(KEY_ID), Some(KEY_SECRET));
        let by_token =
            text(&body, "token").is_some_and(|token| state.tokens.posture.contains_key(token));
        if !by_key && !by_token {
            return Err(console_error(401, "invalid credentials"));
        }
        state.tokens.logins += 1;
        let token = state.tokens.next("cwpp");
        let ends = self.clock.now() + SignedDuration::from_secs(state.quirks.token_seconds);
        state.tokens.console.insert(token.clone(), ends);
        Ok(ok(&json!({"token": token})))
    }

    pub(super) fn posture_token(&self, asked: &Asked) -> Result<(), Answer> {
        let mut state = self.state();
        state.tokens.used();
        let ends = asked.header("x-redlock-auth").and_then(|token| state.tokens.posture.get(token));
        match ends {
            Some(ends) if *ends > self.clock.now() => Ok(()),
            Some(_) | None => Err(refuse(401, "token_expired", "x-redlock-auth")),
        }
    }

    pub(super) fn console_token(&self, asked: &Asked) -> Result<(), Answer> {
        let mut state = self.state();
        state.tokens.used();
        let bearer = asked.header("authorization").and_then(|text| text.strip_prefix("Bearer "));
        match bearer.and_then(|token| state.tokens.console.get(token)) {
            Some(ends) if *ends > self.clock.now() => Ok(()),
            Some(_) | None => Err(console_error(401, "unauthorized")),
        }
    }

    /// Refuses where the key lacks a right of the posture side.
    pub(super) fn needs(&self, right: PrismaRight) -> Result<(), Answer> {
        let missing = self.state().missing.contains(&right);
        if missing { Err(refuse(403, "permission_error", "user")) } else { Ok(()) }
    }

    /// Refuses where the key lacks a right of the console.
    pub(super) fn console_needs(&self, right: PrismaRight) -> Result<(), Answer> {
        let missing = self.state().missing.contains(&right);
        if missing {
            Err(console_error(403, "access denied: insufficient permissions"))
        } else {
            Ok(())
        }
    }

    /// Where the console is.
    pub(super) fn meta_info(asked: &Asked) -> Answer {
        let host = asked.header("host").unwrap_or_default();
        ok(&json!({"twistlockUrl": format!("http://{host}{CONSOLE}"), "licenseType": "ENTERPRISE"}))
    }

    /// Whose key it is.
    pub(super) fn profile(&self) -> Answer {
        let state = self.state();
        let name = if state.quirks.administrator { "System Admin" } else { "Quell" };
        let reads_only = state.missing.contains(&PrismaRight::DismissAlerts);
        let role: Value = json!({
            "id": "5f0c1e2d-0000-4000-8000-000000000001", "name": name, "type": name,
            "onlyAllowCIAccess": false, "onlyAllowComputeAccess": false, "onlyAllowReadAccess": reads_only,
        });
        ok(&json!({
            "email": "quell@example.com", "firstName": "Quell", "lastName": "Service", "timeZone": "UTC",
            "enabled": true, "displayName": "Quell Service", "accessKeysAllowed": true,
            "defaultRoleId": role.get("id"), "roleIds": [role.get("id")], "roles": [&role], "activeRole": &role,
        }))
    }
}
