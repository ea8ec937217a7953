//! Policies: what gives an alert its name, severity and advice where the alert has only an id.

use std::collections::BTreeMap;
use std::time::Duration;

use quell_http::{Fresh, Request};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::list;
use super::refusal::Asked;
use super::{Prisma, rights};
use crate::live::LiveError;
use crate::wire::{Text, object};

/// How long the list of policies is believed.
const HOLDS: Duration = Duration::from_secs(3600);

/// All policies, by id.
#[derive(Default)]
pub(super) struct Book(BTreeMap<String, Box<RawValue>>);

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Policy<'a> {
    #[serde(borrow)]
    policy_id: Text<'a>,
    name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Alert<'a> {
    #[serde(borrow)]
    policy_id: Text<'a>,
    #[serde(deserialize_with = "object")]
    policy: Policy<'a>,
}

impl Prisma {
    /// Alerts with their policies. Policies are asked for only where an alert lacks the name of
    /// its own; a sentence tells where they could not be had.
    pub(super) async fn named(
        &self,
        records: Vec<Box<RawValue>>,
    ) -> (Vec<Box<RawValue>>, Vec<String>) {
        if records.iter().all(|record| nameless(record).is_none()) {
            return (records, Vec::new());
        }
        let renew = |_| async { Ok(Fresh::lasting(self.book().await?, HOLDS)) };
        match self.policies.get::<LiveError, _>(renew).await {
            Ok(book) => {
                (records.into_iter().map(|record| book.complete(record)).collect(), Vec::new())
            }
            Err(error) => (records, vec![format!("policies: {}", LiveError::from(error))]),
        }
    }

    async fn book(&self) -> Result<Book, LiveError> {
        let make = |base: &str| Request::get(&format!("{base}/policy"));
        let (response, _) = Box::pin(self.ask(Asked::plain(rights::POLICIES), &make)).await?;
        let text = std::str::from_utf8(response.body())
            .map_err(|_| LiveError::shape("$", "is no text"))?;
        let of = |raw: Box<RawValue>| {
            let policy: Policy<'_> = serde_json::from_str(raw.get()).ok()?;
            let id = policy.policy_id.get()?.to_owned();
            Some((id, raw))
        };
        Ok(Book(list(text, "$")?.into_iter().filter_map(of).collect()))
    }
}

/// The id of an alert's policy, where the alert does not name it.
fn nameless(record: &RawValue) -> Option<String> {
    let alert: Alert<'_> = serde_json::from_str(record.get()).ok()?;
    let id = alert.policy.policy_id.get().or_else(|| alert.policy_id.get())?;
    alert.policy.name.get().is_none().then(|| id.to_owned())
}

impl Book {
    /// An alert with the whole policy in the place of its short form; all else stays as it was.
    fn complete(&self, record: Box<RawValue>) -> Box<RawValue> {
        let policy = nameless(&record).and_then(|id| self.0.get(&id));
        let Some(policy) = policy else { return record };
        let Ok(mut fields) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(record.get())
        else {
            return record;
        };
        fields.insert("policy".to_owned(), policy.clone());
        serde_json::value::to_raw_value(&fields).unwrap_or(record)
    }
}
