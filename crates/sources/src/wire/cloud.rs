//! Names of clouds as tools write them.

use quell_model::{AssetId, Hints, Provider};

/// The cloud's short name in lower case (`aws`, `azure`, `gcp`); other names as they came.
pub(crate) fn cloud_word(name: &str) -> String {
    let word = name.trim().to_lowercase();
    match word.as_str() {
        "amazon web services" => "aws".to_owned(),
        "google" | "google cloud" => "gcp".to_owned(),
        "microsoft azure" => "azure".to_owned(),
        _ => word,
    }
}

/// The provider of a name that [`cloud_word`] made.
pub(crate) fn provider_of(word: &str) -> Option<Provider> {
    match word {
        "aws" => Some(Provider::Aws),
        "azure" => Some(Provider::Azure),
        "gcp" => Some(Provider::Gcp),
        "kubernetes" => Some(Provider::Kubernetes),
        _ => None,
    }
}

/// A machine in Azure by the id that it knows itself by (`vmId`). Its resource id is another name.
pub(crate) fn azure_machine(vm_id: &str, hints: &Hints<'_>) -> Option<AssetId> {
    let is_uuid = vm_id.len() == 36
        && vm_id.bytes().filter(|byte| *byte == b'-').count() == 4
        && vm_id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    let subscription = hints.account.filter(|id| !id.is_empty())?.to_ascii_lowercase();
    let hints = Hints {
        provider: Some(Provider::Azure),
        account: Some(&subscription),
        kind: Some(AZURE_MACHINE),
        ..*hints
    };
    is_uuid.then(|| AssetId::parse(&vm_id.to_ascii_lowercase(), &hints))
}

/// The kind of a machine in Azure.
pub(crate) const AZURE_MACHINE: &str = "Microsoft.Compute/virtualMachines";

/// The full name of a machine in Google's cloud, by its name within: `web.europe-west1-b.c.shop.internal`.
/// The number that the machine knows itself by is in no other record.
pub(crate) fn google_name(fqdn: &str) -> Option<String> {
    let mut parts = fqdn.strip_suffix(".internal")?.splitn(4, '.');
    let (name, zone) = (parts.next()?, parts.next()?);
    let project = parts.next().filter(|part| *part == "c").and_then(|_| parts.next())?;
    google_machine(project, zone, name)
}

/// The same by its parts.
pub(crate) fn google_machine(project: &str, zone: &str, name: &str) -> Option<String> {
    let known =
        [name, zone, project].into_iter().all(|part| !part.is_empty() && !part.contains('/'));
    known.then(|| {
        format!("//compute.googleapis.com/projects/{project}/zones/{zone}/instances/{name}")
    })
}
