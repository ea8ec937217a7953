//! Names under which two records mean the same place or the same identity.

use quell_model::{AssetId, Hints, Provider};

use super::words;

/// Longest name that is compared.
const MOST_BYTES: usize = 1024;
/// How many characters of a container's id tools agree to show.
const CONTAINER_ID: usize = 12;

/// Tokens of an image as a record names it. `is_exact` adds none that another tag would share.
pub(super) fn image_tokens(reference: &str, is_exact: bool) -> Vec<String> {
    let reference = reference.trim();
    if reference.is_empty() || reference.len() > MOST_BYTES || reference.contains(' ') {
        return Vec::new();
    }
    let hints = Hints { provider: Some(Provider::Image), ..Hints::default() };
    let id = AssetId::parse(reference, &hints);
    let mut tokens = vec![id.key().to_owned()];
    if !is_exact && !id.name.starts_with("sha256:") {
        tokens.push(format!("repository:{}", without_tag(&id.name)));
    }
    tokens
}

/// The repository of an image's name, without tag and digest.
pub(super) fn without_tag(name: &str) -> &str {
    let name = name.split('@').next().unwrap_or(name);
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    }
}

/// The token of a container, whose id tools show whole or cut.
pub(super) fn container_token(id: &str) -> Option<String> {
    let id = id.rsplit('/').next().unwrap_or(id).trim();
    let start = id.get(..CONTAINER_ID)?.to_ascii_lowercase();
    start.bytes().all(|b| b.is_ascii_hexdigit()).then(|| format!("container:{start}"))
}

/// Whether a place is a container's token.
pub(super) fn is_container(place: &str) -> bool {
    place.starts_with("container:")
}

/// The workloads that may have made a pod of this name: `web-7d9f8c6b5d-x2x4k` is of `web`.
pub(super) fn workloads(pod: &AssetId) -> Vec<String> {
    if pod.provider != Provider::Kubernetes || pod.kind != "pod" {
        return Vec::new();
    }
    let Some((set, suffix)) = pod.name.rsplit_once('-') else { return Vec::new() };
    let mut owners: Vec<(&str, &str)> = Vec::new();
    if !suffix.is_empty() && suffix.bytes().all(|b| b.is_ascii_digit()) {
        owners.push(("statefulset", set));
    }
    if is_generated(suffix, 4..=5) {
        owners.extend([("daemonset", set), ("replicaset", set), ("job", set), ("deployment", set)]);
        if let Some((deployment, hash)) = set.rsplit_once('-')
            && is_generated(hash, 8..=10)
        {
            owners.push(("deployment", deployment));
        }
    }
    let key = |(kind, name): (&str, &str)| {
        let hints = Hints {
            provider: Some(Provider::Kubernetes),
            account: Some(&pod.account),
            namespace: Some(&pod.region),
            kind: Some(kind),
            name: Some(name),
            ..Hints::default()
        };
        AssetId::parse(name, &hints).key().to_owned()
    };
    owners.into_iter().map(key).collect()
}

/// Kubernetes makes suffixes of letters and digits that spell no word; hashes are hexadecimal.
fn is_generated(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    let is_safe = |b: u8| b"bcdfghjklmnpqrstvwxz2456789".contains(&b);
    let has_digit = text.bytes().any(|b| b.is_ascii_digit());
    length.contains(&text.len())
        && (text.bytes().all(is_safe)
            || (has_digit
                && text.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())))
}

/// Whether an asset is somebody who acts.
pub(super) fn is_identity(id: &AssetId) -> bool {
    let words = ["user", "role", "serviceaccount", "identity", "principal", "accesskey"];
    let kind: String = id.kind.chars().filter(char::is_ascii_alphanumeric).collect();
    words.iter().any(|word| kind.ends_with(word))
}

/// Tokens of an identity, as a record names it, in the account of an asset.
pub(super) fn identity_tokens(text: &str, beside: &AssetId) -> Vec<String> {
    let text = text.trim();
    let lower = text.to_lowercase();
    if text.is_empty() || text.len() > MOST_BYTES || words::is_local_user(&lower) {
        return Vec::new();
    }
    let mut tokens: Vec<String> = access_keys(text).map(|key| format!("key:{key}")).collect();
    if text.starts_with("arn:") {
        let hints = Hints { provider: Some(Provider::Aws), ..Hints::default() };
        tokens.push(AssetId::parse(text, &hints).key().to_owned());
        return tokens;
    }
    if let Some(account) = lower.strip_prefix("system:serviceaccount:") {
        tokens.extend(service_account(account, beside));
        return tokens;
    }
    if lower.contains('@') {
        let mail = lower.rsplit(':').next().unwrap_or(&lower);
        tokens.push(format!("mail:{mail}"));
        return tokens;
    }
    let account = beside.account.as_str();
    if account.is_empty() || lower.contains(['/', ' ']) || lower.starts_with("system:") {
        return tokens;
    }
    if beside.provider == Provider::Aws {
        let hints = Hints { provider: Some(Provider::Aws), ..Hints::default() };
        let of = |kind: &str| {
            let name = text.rsplit(':').next().unwrap_or(text);
            AssetId::parse(&format!("arn:aws:iam::{account}:{kind}/{name}"), &hints)
                .key()
                .to_owned()
        };
        tokens.extend([of("user"), of("role")]);
    }
    tokens.push(format!("name:{account}:{lower}"));
    tokens
}

fn service_account(text: &str, beside: &AssetId) -> Option<String> {
    let (namespace, name) = text.split_once(':')?;
    let hints = Hints {
        provider: Some(Provider::Kubernetes),
        account: Some(&beside.account),
        namespace: Some(namespace),
        kind: Some("serviceaccount"),
        name: Some(name),
        ..Hints::default()
    };
    Some(AssetId::parse(name, &hints).key().to_owned())
}

/// Ids of AWS access keys in a text.
fn access_keys(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
        word.len() == 20
            && ["AKI", "ASI"].iter().any(|start| word.starts_with(start))
            && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str) -> AssetId {
        let hints = Hints {
            provider: Some(Provider::Kubernetes),
            account: Some("prod"),
            namespace: Some("shop"),
            kind: Some("Pod"),
            name: Some(name),
            ..Hints::default()
        };
        AssetId::parse(name, &hints)
    }

    #[test]
    fn a_pod_leads_to_its_workload_and_to_no_other() {
        let of = |name: &str| workloads(&pod(name)).join(" ");
        assert!(of("web-7d9f8c6b5d-x2x4k").ends_with("shop:deployment:web"));
        assert!(of("db-0").contains("shop:statefulset:db"));
        assert_eq!(of("web-admin"), "");
        assert_eq!(of("web"), "");
    }

    #[test]
    fn one_identity_has_one_token_however_it_is_written() {
        let hints = Hints { provider: Some(Provider::Aws), ..Hints::default() };
        let beside = AssetId::parse("arn:aws:ec2:eu-west-1:111122223333:instance/i-0", &hints);
        let session = "arn:aws:sts::111122223333:assumed-role/deployer/ci";
        let role = identity_tokens("arn:aws:iam::111122223333:role/deployer", &beside);
        assert_eq!(identity_tokens(session, &beside), role);
        assert!(identity_tokens("deployer", &beside).contains(&role[0]));
        assert!(identity_tokens("root", &beside).is_empty());
        assert_eq!(identity_tokens("user:Kim@example.com", &beside), ["mail:kim@example.com"]);
    }

    #[test]
    fn a_container_id_is_known_cut_or_whole() {
        let whole = format!("containerd://3ad7b26ded6d{}", "a".repeat(52));
        assert_eq!(container_token("3ad7b26ded6d"), container_token(&whole));
        assert_eq!(container_token("web"), None);
    }
}
