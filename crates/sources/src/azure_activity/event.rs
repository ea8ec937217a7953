//! One event of the Activity log, in any of its forms: the answer of its interface, the record of
//! a diagnostic setting, the row of a table.

use quell_model::{
    Activity, Asset, AssetId, FindingKey, Hints, KeyHasher, Provider, Record, Tool, Untrusted,
};

use crate::Rejection;
use crate::wire::{Facts, Tree};

pub(super) fn activity(record: &Tree<'_>) -> Result<Record, Rejection> {
    let action = record
        .first(&["operationName.value", "operationNameValue", "operationName"])
        .or_else(|| record.first(&["authorization.action", "operationName.localizedValue"]))
        .ok_or_else(|| Rejection::new("names no operation at $.operationName"))?;
    let place = place(record).ok_or_else(|| {
        Rejection::new("names no resource at $.resourceId, $.subscriptionId or $.tenantId")
    })?;
    let result = record.text(&["status.value", "activityStatusValue", "resultType", "status"]);
    let properties = record.key("properties").unwrapped();
    Ok(Record::Activity(Box::new(Activity {
        tool: tool(),
        native_id: native_id(record, action, result),
        action: action.to_owned(),
        principal: Untrusted::from(principal(record, &properties)).capped(1024),
        asset: place,
        time: record.time(&[
            "eventTimestamp",
            "time",
            "timestamp",
            "timeGenerated",
            "activityDateTime",
        ]),
        succeeded: succeeded(record, result),
        evidence: facts(record, &properties, result),
    })))
}

pub(super) fn tool() -> Tool {
    Tool { product: "azure_activity".to_owned(), format: "azure_activity".to_owned() }
}

/// The resource; where there is none, the subscription or the tenant that the event is about.
pub(super) fn place(record: &Tree<'_>) -> Option<Asset> {
    let ids =
        ["resourceId", "_ResourceId", "resourceUri", "authorization.scope", "targetResourceID"];
    let subscription = || {
        let id = record.first(&["subscriptionId"])?;
        Some(format!("/subscriptions/{id}"))
    };
    let whole = record.first(&ids).map(str::to_owned).or_else(subscription);
    let tenant = record.first(&["tenantId", "properties.tenantId"]);
    let storage = record.first(&["properties.accountName"]);
    let (native, kind) = match (whole, storage, tenant) {
        (Some(id), _, _) => (id, record.first(&["resourceType.value", "resourceProviderValue"])),
        (None, Some(name), _) => (name.to_owned(), Some("storage account")),
        (None, None, tenant) => (tenant?.to_owned(), Some("tenant")),
    };
    let hints = Hints {
        provider: Some(Provider::Azure),
        region: record.first(&["location"]),
        kind,
        ..Hints::default()
    };
    let id = AssetId::parse(&native, &hints);
    let name = if id.name.is_empty() { native.clone() } else { id.name.clone() };
    Some(Asset {
        id,
        native_kind: kind.unwrap_or_default().to_owned(),
        name: Untrusted::from(name).capped(1024),
        native_id: native,
        ..Asset::default()
    })
}

/// The event's own id. A record of a diagnostic setting has none, and its correlation is shared
/// by the start and the end of one operation.
fn native_id(record: &Tree<'_>, action: &str, result: &str) -> String {
    if let Some(id) = record.first(&["eventDataId", "properties.eventDataId"]) {
        return id.to_owned();
    }
    let key: FindingKey = KeyHasher::new("azure_activity")
        .part(record.text(&["correlationId", "properties.id", "id"]))
        .part(&action.to_ascii_lowercase())
        .part(result)
        .part(record.text(&["time", "timestamp", "eventTimestamp", "timeGenerated"]))
        .part(record.text(&["callerIpAddress", "caller"]))
        .part(&record.text(&["resourceId", "_ResourceId"]).to_lowercase())
        .finish();
    key.to_string()
}

fn principal(record: &Tree<'_>, properties: &Tree<'_>) -> String {
    let claims = record.key("claims").unwrapped();
    let identity = record.key("identity").unwrapped();
    let of_claims = |claims: &Tree<'_>| {
        const NAMES: &[&str] = &[
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
            "upn",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
            "name",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            "appid",
            "http://schemas.microsoft.com/identity/claims/objectidentifier",
        ];
        // These names hold dots, so they are no paths.
        NAMES.iter().find_map(|name| Some(claims.key(name).get()?.to_owned()))
    };
    let own = record.first(&["caller"]).map(str::to_owned);
    let of_entra = || {
        let told = [
            "userPrincipalName",
            "initiatedBy.user.userPrincipalName",
            "initiatedBy.app.displayName",
            "servicePrincipalName",
        ];
        properties.first(&told).map(str::to_owned)
    };
    let evidence = || {
        let id = identity.first(&["authorization.evidence.principalId"])?;
        Some(id.to_owned())
    };
    own.or_else(|| of_claims(identity.key("claims")))
        .or_else(|| of_claims(&claims))
        .or_else(of_entra)
        .or_else(|| identity.get().map(str::to_owned))
        .or_else(evidence)
        .unwrap_or_default()
}

fn succeeded(record: &Tree<'_>, result: &str) -> Option<bool> {
    match result.to_ascii_lowercase().as_str() {
        "succeeded" | "success" | "succeed" | "0" => Some(true),
        "failed" | "failure" | "fail" | "error" | "cancelled" | "canceled" => Some(false),
        // A sign-in says why it failed by a number.
        code if code.len() >= 5 && code.bytes().all(|b| b.is_ascii_digit()) => Some(false),
        _ => match record.text(&["resultSignature"]).split('.').next() {
            Some("Succeeded" | "Success") => Some(true),
            Some("Failed" | "Failure") => Some(false),
            Some(_) | None => None,
        },
    }
}

fn facts(record: &Tree<'_>, properties: &Tree<'_>, result: &str) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    facts.add("result", result);
    facts.add("category", record.text(&["category.value", "categoryValue", "category"]));
    let address = record.first(&["callerIpAddress", "httpRequest.clientIpAddress"]);
    let address = address.or_else(|| properties.first(&["clientIp"]));
    facts.add("callerIpAddress", address.unwrap_or_default());
    facts.add("level", record.text(&["level"]));
    let role = "identity.authorization.evidence.role";
    facts.add("role", record.text(&[role, "authorization.evidence.role"]));
    facts.add("correlationId", record.text(&["correlationId"]));
    let message = ["statusMessage", "resultDescription", "message", "title"];
    let message = properties.first(&message).or_else(|| record.first(&["resultDescription"]));
    facts.add("message", message.unwrap_or_default());
    facts.add("description", record.text(&["description"]));
    facts.into_vec()
}
