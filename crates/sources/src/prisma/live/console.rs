//! What the console of the workload side is asked for: lists by offset, some of them by time.

use quell_http::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded::Serializer;

use super::answer::{items, list, page};
use super::refusal::Asked;
use super::{Prisma, rights};
use crate::live::{Ask, LiveError, Page, Stream};

/// Name of the stream of incidents.
pub(super) const INCIDENTS: &str = "incidents";
/// Names of the streams of runtime audits.
pub(super) const CONTAINER_AUDITS: &str = "container-audits";
pub(super) const HOST_AUDITS: &str = "host-audits";
pub(super) const SERVERLESS_AUDITS: &str = "serverless-audits";
pub(super) const APP_AUDITS: &str = "app-audits";
/// Names of the streams of the application firewall (WAAS).
pub(super) const CONTAINER_FIREWALL: &str = "container-firewall";
pub(super) const HOST_FIREWALL: &str = "host-firewall";
pub(super) const SERVERLESS_FIREWALL: &str = "serverless-firewall";
pub(super) const APP_FIREWALL: &str = "app-firewall";
/// Names of the streams of changed files, of lines of logs and of calls to clusters.
pub(super) const FILE_INTEGRITY: &str = "file-integrity";
pub(super) const LOG_INSPECTION: &str = "log-inspection";
pub(super) const KUBERNETES: &str = "kubernetes-audits";
/// Names of the streams of scans.
pub(super) const IMAGES: &str = "images";
pub(super) const HOSTS: &str = "hosts";
pub(super) const FUNCTIONS: &str = "functions";
/// The kind of call that lists scans.
pub(super) const SCAN_CALL: &str = "prisma-scans";

/// Where a stream is below the API.
pub(super) fn path_of(stream: &str) -> Option<&'static str> {
    Some(match stream {
        INCIDENTS => "audits/incidents",
        CONTAINER_AUDITS => "audits/runtime/container",
        HOST_AUDITS => "audits/runtime/host",
        SERVERLESS_AUDITS => "audits/runtime/serverless",
        APP_AUDITS => "audits/runtime/app-embedded",
        CONTAINER_FIREWALL => "audits/firewall/app/container",
        HOST_FIREWALL => "audits/firewall/app/host",
        SERVERLESS_FIREWALL => "audits/firewall/app/serverless",
        APP_FIREWALL => "audits/firewall/app/app-embedded",
        FILE_INTEGRITY => "audits/runtime/file-integrity",
        LOG_INSPECTION => "audits/runtime/log-inspection",
        KUBERNETES => "audits/kubernetes",
        IMAGES => "images",
        HOSTS => "hosts",
        FUNCTIONS => "serverless",
        _ => return None,
    })
}

/// Where a reading stands.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Cursor {
    offset: u64,
    /// Records that there were in all at the page before.
    total: u64,
}

/// What single records are asked for by: an id where the record has one, else when and where.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hostname: Option<String>,
    #[serde(rename = "appID", skip_serializing_if = "Option::is_none")]
    pub(super) app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function: Option<String>,
}

impl Prisma {
    /// A page of a stream of the console.
    pub(super) async fn records(&self, ask: &Ask<'_>) -> Result<Page, LiveError> {
        let cursor = ask.cursor.map(Cursor::deserialize).transpose();
        let cursor = cursor.map_err(|_| LiveError::Cursor("it is no offset".to_owned()))?;
        let at = cursor.unwrap_or_default();
        let limit = self.settings.page_compute;
        let mut query = vec![("offset", at.offset.to_string()), ("limit", limit.to_string())];
        if !is_scan(ask.stream) {
            // Newest first: what comes meanwhile moves the others onto later pages, not out of sight.
            query.push(("sort", "time".to_owned()));
            query.push(("reverse", "true".to_owned()));
            if let Some(since) = ask.since {
                query.push(("from", since.to_string()));
            }
            query.push(("to", ask.until.to_string()));
        }
        let response = self.listed(ask.stream, &query).await?;
        let records = list(text(&response)?, "$")?;
        let count = records.len() as u64;
        let total = response.header("total-count").and_then(|text| text.parse::<u64>().ok());
        let next = next(at, count, total, limit as u64).filter(|_| count > 0);
        let next = next.map(|next| json!(next));
        Ok(Page { next, total, ..page(&response, items(records)) })
    }

    /// The records that are asked for by id, or by when and where.
    pub(super) async fn record(&self, stream: &Stream, id: &str) -> Result<Page, LiveError> {
        let wanted = if id.starts_with('{') {
            serde_json::from_str(id)
                .map_err(|_| LiveError::Refused("the id is none of the console".to_owned()))?
        } else {
            Wanted { id: Some(id.to_owned()), ..Wanted::default() }
        };
        let own = if stream.name == HOSTS { "hostname" } else { "id" };
        let fields = [
            (own, &wanted.id),
            ("from", &wanted.from),
            ("to", &wanted.to),
            ("hostname", &wanted.hostname),
            ("appID", &wanted.app_id),
            ("function", &wanted.function),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        let mut query: Vec<(&str, String)> = fields.collect();
        if query.is_empty() {
            return Err(LiveError::Refused("nothing is asked for".to_owned()));
        }
        query.push(("limit", self.settings.page_compute.to_string()));
        let response = self.listed(stream, &query).await?;
        Ok(page(&response, items(list(text(&response)?, "$")?)))
    }

    /// Asks for a list of the console.
    pub(super) async fn listed(
        &self,
        stream: &Stream,
        query: &[(&str, String)],
    ) -> Result<Response, LiveError> {
        let path = path_of(stream.name).ok_or(LiveError::Unsupported("Prisma Cloud"))?;
        let query = Serializer::new(String::new()).extend_pairs(query).finish();
        let call = if is_scan(stream) { SCAN_CALL } else { "" };
        let make = |base: &str| Ok(Request::get(&format!("{base}/{path}?{query}"))?.account(call));
        self.ask_console(Asked::plain(stream.right), &make).await
    }
}

fn is_scan(stream: &Stream) -> bool {
    stream.right == rights::VULNERABILITIES
}

fn text(response: &Response) -> Result<&str, LiveError> {
    std::str::from_utf8(response.body()).map_err(|_| LiveError::shape("$", "is no text"))
}

/// Where the next page begins. Where there are fewer records than before, some of those ahead moved
/// onto pages that were read already, so the reading goes back by as many.
fn next(at: Cursor, count: u64, total: Option<u64>, limit: u64) -> Option<Cursor> {
    let Some(total) = total else {
        // A console that does not count ends with a page that is not full.
        return (count >= limit).then_some(Cursor { offset: at.offset + count, total: 0 });
    };
    let gone = at.total.saturating_sub(total).min(at.offset);
    if gone > 0 {
        return Some(Cursor { offset: at.offset - gone, total });
    }
    let offset = at.offset.saturating_add(count);
    (offset < total).then_some(Cursor { offset, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(at: (u64, u64), count: u64, total: Option<u64>) -> Option<(u64, u64)> {
        let cursor = Cursor { offset: at.0, total: at.1 };
        next(cursor, count, total, 50).map(|next| (next.offset, next.total))
    }

    #[test]
    fn offsets_go_on_and_back_where_records_went() {
        assert_eq!(check((0, 0), 50, Some(120)), Some((50, 120)));
        assert_eq!(check((100, 120), 20, Some(120)), None);
        assert_eq!(check((50, 120), 50, Some(117)), Some((47, 117)));
        assert_eq!(check((47, 117), 50, Some(117)), Some((97, 117)));
        assert_eq!(check((0, 0), 50, None), Some((50, 0)));
        assert_eq!(check((50, 0), 49, None), None);
    }
}
