//! Who acted.

use super::wire::{Event, Identity};
use crate::wire::Text;

/// What CloudTrail writes for a name that somebody typed and that may be a password.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The identity that acted, by the name that says most for its type; empty where nobody is named.
pub(super) fn principal(event: &Event<'_>) -> String {
    let identity = &event.user_identity;
    let invoker = identity.invoked_by.get();
    let named = match identity.kind.or_empty() {
        "AWSService" => invoker.or(identity.principal_id.get()),
        "SAMLUser" | "WebIdentityUser" => return federated(identity),
        "IdentityCenterUser" => {
            first([&identity.on_behalf_of.user_id, &identity.credential_id, &identity.user_name])
        }
        "AWSAccount" => first([&identity.arn, &identity.principal_id, &identity.account_id]),
        "Root" => identity.arn.get().or(identity.account_id.get()).or(Some("root")),
        _ => None,
    };
    let issuer = &identity.session_context.issuer;
    named
        .or_else(|| first([&identity.arn, &identity.user_name, &issuer.arn]))
        .or_else(|| first([&issuer.user_name, &identity.principal_id, &identity.account_id]))
        .or(invoker)
        .or_else(|| of_insight(event))
        .unwrap_or_default()
        .to_owned()
}

/// `identity provider/user`, since the name alone is unique in its provider only.
fn federated(identity: &Identity<'_>) -> String {
    let name = first([&identity.user_name, &identity.principal_id, &identity.identity_provider]);
    match (identity.identity_provider.get(), name) {
        (Some(provider), Some(name)) if provider != name => format!("{provider}/{name}"),
        (_, name) => name.unwrap_or_default().to_owned(),
    }
}

/// The identity that an Insights event holds most of the unusual calls against.
pub(super) fn of_insight<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    let all = &event.insight.context.attributions;
    let identities = all.iter().filter(|a| a.attribute.get() == Some("userIdentityArn"));
    identities.flat_map(|a| &a.insight).find_map(|share| share.value.get())
}

fn first<'t>(texts: [&'t Text<'_>; 3]) -> Option<&'t str> {
    texts.into_iter().filter_map(Text::get).find(|text| *text != HIDDEN)
}
