//! AWS assets as the sources of AWS itself name them.

use quell_model::{Asset, AssetId, Hints, Provider, Untrusted};

use crate::wire::Text;

const NAME_BYTES: usize = 512;
const NATIVE_BYTES: usize = 2048;

/// Where a record's resources live.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place<'a> {
    /// Partition; empty for the commercial one.
    pub(crate) partition: &'a str,
    /// Twelve digits, or empty.
    pub(crate) account: &'a str,
    /// Region, or empty.
    pub(crate) region: &'a str,
}

/// A resource by its ARN, id or name; `kind` is the source's own word.
pub(crate) fn asset(native: &str, kind: &str, place: &Place<'_>) -> Asset {
    let native = Untrusted::from(native).capped(NATIVE_BYTES).raw().to_owned();
    let hints = Hints {
        provider: Some(Provider::Aws),
        account: Some(place.account),
        region: Some(place.region),
        kind: Some(kind),
        ..Hints::default()
    };
    let id = AssetId::parse(&native, &hints);
    Asset {
        name: Untrusted::from(id.name.as_str()).capped(NAME_BYTES),
        id,
        native_id: native,
        native_kind: Untrusted::from(kind).capped(NAME_BYTES).raw().to_owned(),
        ..Asset::default()
    }
}

/// The account itself, where it is known.
pub(crate) fn account(place: &Place<'_>) -> Option<Asset> {
    let known = place.account.len() == 12 && place.account.bytes().all(|b| b.is_ascii_digit());
    known.then(|| asset(place.account, "AwsAccount", place))
}

/// Who acted, as an asset: a user, a role or the account of the root user. `None` for services
/// and other callers, which are no resources of the account.
pub(crate) fn identity(kind: &str, name: &str, place: &Place<'_>) -> Option<Asset> {
    let partition = if place.partition.is_empty() { "aws" } else { place.partition };
    let of_iam = |path: &str| format!("arn:{partition}:iam::{}:{path}/{name}", place.account);
    match kind {
        "Root" => account(place),
        _ if name.is_empty() || place.account.is_empty() => None,
        "IAMUser" => Some(asset(&of_iam("user"), "AwsIamUser", place)),
        "AssumedRole" | "Role" => {
            let role = name.split('/').next().unwrap_or(name);
            let arn = format!("arn:{partition}:iam::{}:role/{role}", place.account);
            Some(asset(&arn, "AwsIamRole", place))
        }
        _ => None,
    }
}

/// A container image as a workload names it.
pub(crate) fn image(reference: &Text<'_>) -> Option<Asset> {
    let native = reference.get().map(|text| Untrusted::from(text).capped(NATIVE_BYTES))?;
    let native = native.raw().to_owned();
    let hints = Hints { provider: Some(Provider::Image), ..Hints::default() };
    let id = AssetId::parse(&native, &hints);
    Some(Asset {
        name: Untrusted::from(id.name.as_str()).capped(NAME_BYTES),
        id,
        native_id: native,
        native_kind: "ContainerImage".to_owned(),
        ..Asset::default()
    })
}
