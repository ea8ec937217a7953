//! What the posture side is asked for at night: assets, permissions, and who passes which policy.

use quell_http::Request;
use serde_json::{Value, json};

use super::answer::{Fields, items, page};
use super::refusal::Asked;
use super::{Prisma, rights};
use crate::live::{Ask, LiveError, Page};

/// Name of the stream of assets.
pub(super) const ASSETS: &str = "assets";
/// Name of the stream of permissions.
pub(super) const PERMISSIONS: &str = "permissions";
/// Name of the stream of what passes.
pub(super) const COMPLIANCE: &str = "compliance";

/// Every asset that is there.
pub(super) const ASSETS_QUERY: &str = "config from cloud.resource where resource.status = Active";
/// What every identity of a cloud may do.
pub(super) const PERMISSIONS_QUERY: &str =
    "config from iam where source.cloud.type IN ( 'AWS', 'Azure', 'GCP' )";

/// Most results of a search on a page.
const PAGE_ASSETS: usize = 100;
/// Permissions on a page.
const PAGE_PERMISSIONS: usize = 500;
/// Assets with their policies on a page.
const PAGE_COMPLIANCE: usize = 500;
/// Permissions are told by who has them and what gives them, not by each single action.
const GROUPED: &[&str] = &[
    "source",
    "sourceCloudAccount",
    "grantedByEntity",
    "entityCloudAccount",
    "grantedByPolicy",
    "policyCloudAccount",
];

impl Prisma {
    /// A page of assets with their configuration.
    pub(super) async fn assets(&self, ask: &Ask<'_>) -> Result<Page, LiveError> {
        let token = token(ask)?;
        let (path, body) = match token {
            None => {
                let query = &self.settings.assets_query;
                let body = json!({"query": query, "limit": PAGE_ASSETS, "withResourceJson": true});
                ("/search/api/v2/config", body)
            }
            Some(token) => {
                let body =
                    json!({"limit": PAGE_ASSETS, "withResourceJson": true, "pageToken": token});
                ("/search/config/page", body)
            }
        };
        let asked = Asked::page(rights::INVESTIGATE, token.is_some());
        let (response, owner) = self.post(asked, (path, &body)).await?;
        let fields = Fields::of(&response)?;
        let next = fields.text("nextPageToken")?.map(Value::from);
        let total = fields.count("totalRows");
        Ok(Page { next, owner, total, ..page(&response, items(fields.list("items")?)) })
    }

    /// A page of permissions.
    pub(super) async fn permissions(&self, ask: &Ask<'_>) -> Result<Page, LiveError> {
        let token = token(ask)?;
        let mut body = json!({"query": self.settings.permissions_query, "groupByFields": GROUPED});
        if let (Some(token), Some(body)) = (token, body.as_object_mut()) {
            body.insert("nextPageToken".to_owned(), token.into());
        }
        let path = format!("/iam/api/v4/search/permission?limit={PAGE_PERMISSIONS}");
        let asked = Asked::page(rights::PERMISSIONS, token.is_some());
        let (response, owner) = self.post(asked, (&path, &body)).await?;
        let fields = Fields::of(&response)?.object("data")?;
        let next = fields.text("nextPageToken")?.map(Value::from);
        let total = fields.count("totalRows");
        Ok(Page { next, owner, total, ..page(&response, items(fields.list("items")?)) })
    }

    /// A page of assets with the policies that they pass and fail.
    pub(super) async fn compliance(&self, ask: &Ask<'_>) -> Result<Page, LiveError> {
        let token = token(ask)?;
        let mut body = json!({"limit": PAGE_COMPLIANCE});
        if let (Some(token), Some(body)) = (token, body.as_object_mut()) {
            body.insert("pageToken".to_owned(), token.into());
        }
        let asked = Asked::page(rights::INVENTORY, token.is_some());
        let (response, owner) = self.post(asked, ("/v2/resource/scan_info", &body)).await?;
        let fields = Fields::of(&response)?;
        let next = fields.text("nextPageToken")?.map(Value::from);
        let total = fields.count("totalMatchedCount");
        Ok(Page { next, owner, total, ..page(&response, items(fields.list("resources")?)) })
    }

    /// Asks by a `POST` that changes nothing.
    pub(super) async fn post(
        &self,
        asked: Asked,
        (path, body): (&str, &Value),
    ) -> Result<(quell_http::Response, Option<String>), LiveError> {
        let make =
            |base: &str| Ok(Request::post(&format!("{base}{path}"))?.json(body)?.idempotent());
        self.ask(asked, &make).await
    }
}

/// The token of a page behind the first.
fn token<'a>(ask: &Ask<'a>) -> Result<Option<&'a str>, LiveError> {
    let text = |value: &'a Value| {
        value.as_str().ok_or_else(|| LiveError::Cursor("it is no token".to_owned()))
    };
    ask.cursor.map(text).transpose()
}
