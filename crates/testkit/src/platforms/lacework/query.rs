//! Queries in the vendor's language: a few sources of data, and what they would bring.

use serde_json::{Value, json};

use super::{LaceworkDouble, object, said, told};
use crate::net::{Answer, Asked};
use crate::platforms::{Kind as ThingKind, Thing};

/// The query that the account has saved.
const SAVED: (&str, &str) = ("Custom_Public_Buckets", "{ source { LW_CFG_AWS_S3 } }");

impl LaceworkDouble {
    pub(super) fn query(&self, asked: &Asked, saved: Option<&str>) -> Answer {
        let own: &[&str] = if saved.is_some() { &[] } else { &["query"] };
        let keys: Vec<&str> = ["options", "arguments"].iter().chain(own).copied().collect();
        let body = match object(&asked.body, &keys) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let argument = |name: &str| {
            let all = body.get("arguments").and_then(Value::as_array).into_iter().flatten();
            let named =
                all.into_iter().find(|one| one.get("name").and_then(Value::as_str) == Some(name));
            named.and_then(|one| one.get("value")?.as_str()?.parse::<quell_model::Timestamp>().ok())
        };
        let (Some(start), Some(end)) = (argument("StartTimeRange"), argument("EndTimeRange"))
        else {
            return said(400, "StartTimeRange and EndTimeRange are required");
        };
        if start >= end {
            return said(400, "StartTimeRange must be before EndTimeRange");
        }
        let text = match saved {
            Some(id) if id == SAVED.0 => SAVED.1,
            Some(_) => return said(404, "Query not found"),
            None => {
                body.get("query").and_then(|q| q.get("queryText")?.as_str()).unwrap_or_default()
            }
        };
        let limit = body.get("options").and_then(|options| options.get("limit")?.as_u64());
        let world = self.world.read();
        let row = |thing: &Thing| row(text, thing);
        let most = usize::try_from(limit.unwrap_or(10_000)).unwrap_or(10_000);
        if !["LW_CFG_AWS_S3", "LW_HE_MACHINES", "LW_CE_IDENTITIES"].iter().any(|s| text.contains(s))
        {
            return said(400, "Unable to parse query: unknown source");
        }
        let rows: Vec<Value> = world.things.iter().filter_map(row).take(most).collect();
        told(200, &json!({ "data": rows, "ok": true, "message": "SUCCESS" }))
    }
}

fn row(text: &str, thing: &Thing) -> Option<Value> {
    let is = |kind: ThingKind, source: &str| thing.kind == kind && text.contains(source);
    if is(ThingKind::Bucket, "LW_CFG_AWS_S3") {
        return Some(json!({
            "ACCOUNT_ID": thing.account.id, "ARN": thing.native, "RESOURCE_ID": thing.id,
            "RESOURCE_REGION": thing.region, "SERVICE": "s3",
        }));
    }
    if is(ThingKind::Machine, "LW_HE_MACHINES") {
        return Some(json!({
            "MID": thing.number + 1, "HOSTNAME": thing.host,
            "TAGS": super::entities::machine_tags(thing),
        }));
    }
    is(ThingKind::Function, "LW_CE_IDENTITIES").then(|| {
        json!({
            "PRINCIPAL_ID": format!("arn:aws:iam::{}:role/{}", thing.account.id, thing.name),
            "NAME": thing.name, "PROVIDER_TYPE": "AWS", "DOMAIN_ID": thing.account.id,
        })
    })
}
