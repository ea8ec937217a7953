//! ServiceNow: the configuration items of its Table API, had as one file that an inventory is read
//! from.
//!
//! Items are asked for by `sys_id`, a page behind the last one that came, so that an item that is
//! made or retired meanwhile moves no other to a page that was read. ServiceNow ignores a condition
//! that it does not understand and answers with all rows, so the order is looked at.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quell_http::{Client, HttpError, Request, Sizes};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use crate::live::{Credentials, LiveError};

/// Items of one answer.
const PAGE: usize = 500;
/// Most items, and most bytes of them: what an inventory may have.
const MOST_ITEMS: u64 = 2_000_000;
const MOST_BYTES: usize = 256 << 20;
/// Of one answer.
const SIZES: Sizes = Sizes { received_bytes: 16 << 20, decoded_bytes: 64 << 20, ratio: 200 };
/// Most characters kept of what ServiceNow says.
const MOST_SAID: usize = 300;
/// The right that a refusal is about.
const RIGHT: &str = "read the table (a role such as `cmdb_read`)";

/// The columns that inventories are read for.
const COLUMNS: &str = "sys_id,name,fqdn,host_name,dns_domain,ip_address,serial_number,object_id,\
correlation_id,instance_id,asset_tag,sys_class_name,owned_by,managed_by,support_group,\
assignment_group,assigned_to,environment,used_for,business_criticality,install_status";

/// Which items are had, and how.
pub struct Items {
    /// The table: `https://NAME.service-now.com/api/now/table/cmdb_ci`.
    pub url: String,
    /// Which of its rows, as ServiceNow encodes a query; none means all.
    pub query: String,
    /// Further columns.
    pub columns: Vec<String>,
    /// A user and a password, or a key for APIs alone.
    pub credentials: Arc<dyn Credentials>,
    /// Who asks.
    pub client: Client,
}

/// Why the items were not had.
#[derive(Debug, thiserror::Error)]
pub enum ItemsError {
    /// ServiceNow did not give them.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// They could not be written down.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What was had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Had {
    /// Items.
    pub items: u64,
    /// Items that ServiceNow counts and does not show to this login.
    pub hidden: u64,
}

#[derive(Debug, Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    result: Vec<&'a RawValue>,
    #[serde(default)]
    error: Option<Said>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    message: String,
    detail: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Refusal {
    error: Said,
}

#[derive(Debug, Deserialize)]
struct Row {
    sys_id: Cell,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Cell {
    Text(String),
    Both { value: String },
}

impl Items {
    /// Whether a query can be extended by a place in the list.
    ///
    /// # Errors
    /// It cannot; why, as the end of a sentence.
    pub fn check_query(query: &str) -> Result<(), &'static str> {
        let has = |part: &str| query.contains(part);
        if query.chars().any(char::is_control) {
            return Err("holds a control character");
        }
        if has("^NQ") {
            return Err("joins two queries by `^NQ`; make two inventories of it");
        }
        if has("ORDERBY") || has("GROUPBY") {
            return Err("orders or groups; items are had in the order of `sys_id`");
        }
        if has("javascript:") {
            return Err("would run a script");
        }
        Ok(())
    }

    /// Writes all items as one answer of the Table API has them.
    ///
    /// # Errors
    /// ServiceNow does not give all of them, or they cannot be written.
    pub async fn write(&self, out: &mut (dyn Write + Send)) -> Result<Had, ItemsError> {
        Self::check_query(&self.query).map_err(|why| setting(why.to_owned()))?;
        let (mut had, mut counted) = (Had::default(), None);
        let (mut bytes, mut last) = (0, String::new());
        out.write_all(b"{\"result\":[")?;
        loop {
            let (body, total) = self.page(&last).await?;
            counted = counted.or(total);
            bytes += body.len();
            let answer = rows(&body)?;
            for row in &answer.result {
                last = self.behind(row, &last)?;
                out.write_all(separator(had.items))?;
                out.write_all(row.get().as_bytes())?;
                had.items += 1;
            }
            if had.items > MOST_ITEMS || bytes > MOST_BYTES {
                let said = format!("more than {MOST_ITEMS} items or {MOST_BYTES} bytes");
                return Err(LiveError::Refused(said).into());
            }
            // A page is cut before the rows are taken out of it that the login may not see.
            let rows = answer.result.len();
            if rows == 0 || total.unwrap_or(rows) <= PAGE && rows < PAGE {
                break;
            }
        }
        let counted = u64::try_from(counted.unwrap_or(0)).unwrap_or(u64::MAX);
        had.hidden = counted.saturating_sub(had.items);
        out.write_all(b"\n]}\n")?;
        Ok(had)
    }

    /// The place of a row, which has to be behind the one before it.
    fn behind(&self, row: &RawValue, last: &str) -> Result<String, LiveError> {
        let read: Row = serde_json::from_str(row.get())
            .map_err(|error| LiveError::shape("$.result[].sys_id", error.to_string()))?;
        let id = match read.sys_id {
            Cell::Text(id) | Cell::Both { value: id } => id,
        };
        let plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plain || id.as_str() <= last {
            let why =
                format!("is not behind `{last}`: the query `{}` is not understood", self.query);
            return Err(LiveError::shape("$.result[].sys_id", why));
        }
        Ok(id)
    }

    /// The rows behind a place, and how many ServiceNow counts behind it.
    async fn page(&self, last: &str) -> Result<(Vec<u8>, Option<usize>), LiveError> {
        let answer = self.client.send(&self.request(last).await?).await.map_err(meaning)?;
        let total = answer.header("x-total-count").and_then(|text| text.parse().ok());
        Ok((answer.into_body(), total))
    }

    async fn request(&self, last: &str) -> Result<Request, LiveError> {
        let mut url = Url::parse(&self.url).map_err(|error| setting(error.to_string()))?;
        let behind = (!last.is_empty()).then(|| format!("sys_id>{last}"));
        let parts = [Some(self.query.clone()).filter(|query| !query.is_empty()), behind];
        let order = "ORDERBYsys_id".to_owned();
        let query: Vec<String> = parts.into_iter().flatten().chain([order]).collect();
        let columns = std::iter::once(COLUMNS).chain(self.columns.iter().map(String::as_str));
        url.query_pairs_mut()
            .append_pair("sysparm_query", &query.join("^"))
            .append_pair("sysparm_fields", &columns.collect::<Vec<_>>().join(","))
            .append_pair("sysparm_display_value", "all")
            .append_pair("sysparm_exclude_reference_link", "true")
            .append_pair("sysparm_limit", &PAGE.to_string());
        let login = self.credentials.read().await?;
        let (user, secret) = (login.id.expose_secret(), login.secret.expose_secret());
        let request = Request::get(url.as_str())?.header("accept", "application/json")?;
        let request = if user.is_empty() {
            request.secret_header("x-sn-apikey", secret)?
        } else {
            let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")));
            request.secret_header("authorization", &basic)?
        };
        Ok(request.hide(secret).sizes(SIZES))
    }
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Items({})", self.url)
    }
}

/// What stands before a row of the file.
const fn separator(items: u64) -> &'static [u8] {
    if items == 0 { b"\n" } else { b",\n" }
}

/// The rows of an answer. A query that took too long ends with what was found until then, and an
/// error beside it.
fn rows(body: &[u8]) -> Result<Answer<'_>, LiveError> {
    let answer: Answer<'_> = serde_json::from_slice(body)
        .map_err(|error| LiveError::shape("$.result", format!("cannot be read: {error}")))?;
    match answer.error {
        Some(said) => Err(LiveError::Busy { wait: None, said: said.text() }),
        None => Ok(answer),
    }
}

impl Said {
    fn text(self) -> String {
        let detail = self.detail.filter(|detail| !detail.is_empty());
        let text = match detail {
            Some(detail) => format!("{}: {detail}", self.message),
            None => self.message,
        };
        text.chars().take(MOST_SAID).collect()
    }
}

fn setting(why: String) -> LiveError {
    LiveError::Setting { name: "query", why }
}

/// What a refusal means.
fn meaning(error: HttpError) -> LiveError {
    let Some(remote) = error.remote() else { return error.into() };
    let said = serde_json::from_str::<Refusal>(remote.said())
        .map_or_else(|_| format!("status {}", remote.status()), |refusal| refusal.error.text());
    match remote.status() {
        401 => LiveError::Login(said),
        403 => LiveError::Forbidden { right: RIGHT.to_owned(), said },
        400 | 404 => LiveError::Refused(said),
        429 => LiveError::Busy { wait: remote.retry_after(), said },
        _ => error.into(),
    }
}
