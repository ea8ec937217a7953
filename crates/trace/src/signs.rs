//! What one thing is known by, as hashes: the same for a state file, a plan and a finding.

use quell_model::{AssetId, Hints, Key, KeyHasher, Provider};

/// The hash of something that a thing is known by.
pub(crate) type Mark = [u8; 16];

/// What kind of thing a mark is the hash of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sign {
    /// An id that no two things share.
    Id,
    /// The tag that Yor gives each block.
    Yor,
    /// Kind, namespace and name of a Kubernetes object.
    Object,
    /// A name.
    Name,
}

impl Sign {
    const fn word(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Yor => "yor",
            Self::Object => "object",
            Self::Name => "name",
        }
    }

    /// The mark of this sign.
    pub(crate) fn mark(self, parts: &[&str]) -> Mark {
        let hasher = KeyHasher::new("trace").part(self.word());
        let hasher = parts.iter().fold(hasher, |hasher, part| hasher.part(part));
        let key: Key<()> = hasher.finish();
        *key.as_bytes()
    }
}

/// What a state file or a plan says of one thing, as far as it identifies it.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    /// Attribute and value: `id`, `arn`, `self_link` and names.
    pub(crate) texts: Vec<(&'static str, String)>,
    /// Account or project.
    pub(crate) account: String,
    /// Region or zone.
    pub(crate) region: String,
    /// The tag that Yor gives each block.
    pub(crate) yor: Option<String>,
    /// Kind, namespace and name of a Kubernetes object.
    pub(crate) object: Object,
}

/// A Kubernetes object as a state file tells of it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Object {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Object {
    /// Takes in what another part of it says.
    pub(crate) fn learn(&mut self, told: Self) {
        for (own, new) in [
            (&mut self.kind, told.kind),
            (&mut self.namespace, told.namespace),
            (&mut self.name, told.name),
        ] {
            if !new.is_empty() {
                *own = new;
            }
        }
    }
}

/// Attributes whose value may be an id.
const IDS: [&str; 5] = ["arn", "id", "self_link", "url", "bucket"];

impl Identity {
    /// Forgets an attribute.
    pub(crate) fn forget(&mut self, attribute: &str) {
        self.texts.retain(|(name, _)| *name != attribute);
        match attribute {
            "tags" | "tags_all" | "labels" => self.yor = None,
            "metadata" | "manifest" => self.object = Object::default(),
            _ => {}
        }
    }

    /// The marks of a thing of a Terraform type.
    pub(crate) fn marks(&self, kind: &str) -> Vec<(Sign, Mark)> {
        let provider = provider_of(kind);
        let hints = Hints {
            provider: (provider != Provider::Other).then_some(provider),
            account: Some(&self.account),
            region: Some(&self.region),
            kind: Some(kind),
            ..Hints::default()
        };
        let mut marks = Vec::new();
        for (attribute, text) in self.texts.iter().filter(|(_, text)| !text.is_empty()) {
            let ids = if IDS.contains(attribute) || provider == Provider::Gcp {
                id_marks(text, &hints)
            } else {
                Vec::new()
            };
            marks.extend(ids.into_iter().map(|mark| (Sign::Id, mark)));
            if !text.contains([':', '/']) {
                marks.push((Sign::Name, Sign::Name.mark(&[provider.as_str(), text])));
            }
        }
        marks.extend(self.yor.as_deref().map(|yor| (Sign::Yor, Sign::Yor.mark(&[yor]))));
        marks.extend(self.object_mark(kind).map(|mark| (Sign::Object, mark)));
        marks.sort_unstable();
        marks.dedup();
        marks
    }

    fn object_mark(&self, kind: &str) -> Option<Mark> {
        let Object { kind: own, namespace, name } = &self.object;
        if provider_of(kind) != Provider::Kubernetes || name.is_empty() {
            return None;
        }
        let own = if own.is_empty() { object_kind(kind)? } else { own.to_ascii_lowercase() };
        Some(object_mark(&own, namespace, name))
    }
}

/// The mark of a Kubernetes object.
pub(crate) fn object_mark(kind: &str, namespace: &str, name: &str) -> Mark {
    Sign::Object.mark(&[kind, namespace, name])
}

/// `kubernetes_config_map_v1` → `configmap`; none for the type that stands for any kind.
pub(crate) fn object_kind(kind: &str) -> Option<String> {
    let rest = kind.strip_prefix("kubernetes_")?;
    let mut words: Vec<&str> = rest.split('_').collect();
    let is_version = |word: &&str| {
        word.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    if words.last().is_some_and(is_version) {
        words.pop();
    }
    let kind = words.concat();
    (kind != "manifest" && !kind.is_empty()).then_some(kind)
}

/// The marks of an id: of the identity that it parses to, and of a text that is whole by itself.
pub(crate) fn id_marks(text: &str, hints: &Hints<'_>) -> Vec<Mark> {
    let parsed = AssetId::parse(text, hints);
    let mut marks: Vec<Mark> = key_mark(&parsed).into_iter().collect();
    if text.contains([':', '/']) {
        marks.push(Sign::Id.mark(&["text", text]));
    }
    marks
}

/// The mark of an identity that was told by the cloud's own grammar and not put together from
/// what stood beside it.
pub(crate) fn key_mark(id: &AssetId) -> Option<Mark> {
    let whole = match id.provider {
        Provider::Aws => id.kind.contains('.') || id.kind == "account",
        Provider::Azure => id.key().starts_with("azure:/"),
        Provider::Gcp => id.key().contains('/'),
        Provider::Kubernetes
        | Provider::Image
        | Provider::Iac
        | Provider::Code
        | Provider::Host
        | Provider::Other => false,
    };
    whole.then(|| Sign::Id.mark(&["key", id.key()]))
}

/// The world that things of a Terraform type live in.
pub(crate) fn provider_of(kind: &str) -> Provider {
    match kind.split('_').next().unwrap_or_default() {
        "aws" | "awscc" => Provider::Aws,
        "azurerm" | "azuread" | "azapi" => Provider::Azure,
        "google" => Provider::Gcp,
        "kubernetes" | "kubectl" => Provider::Kubernetes,
        _ => Provider::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(texts: &[(&'static str, &str)]) -> Identity {
        let texts = texts.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        Identity { texts, ..Identity::default() }
    }

    fn ids(identity: &Identity, kind: &str) -> Vec<Mark> {
        let marks = identity.marks(kind).into_iter();
        marks.filter(|(sign, _)| *sign == Sign::Id).map(|(_, mark)| mark).collect()
    }

    fn wanted(native: &str) -> Mark {
        key_mark(&AssetId::parse(native, &Hints::default())).unwrap()
    }

    #[test]
    fn a_bucket_is_known_by_its_name_and_its_settings_are_not() {
        let bucket = identity(&[("id", "acme-logs"), ("bucket", "acme-logs")]);
        assert!(ids(&bucket, "aws_s3_bucket").contains(&wanted("arn:aws:s3:::acme-logs")));
        assert!(ids(&bucket, "aws_s3_bucket_versioning").is_empty());
    }

    #[test]
    fn spellings_of_one_id_have_one_mark() {
        for (kind, text, native) in [
            (
                "google_compute_instance",
                "projects/p/zones/z/instances/web",
                "//compute.googleapis.com/projects/p/zones/z/instances/web",
            ),
            (
                "google_storage_bucket",
                "https://www.googleapis.com/storage/v1/b/acme",
                "//storage.googleapis.com/acme",
            ),
            (
                "azurerm_storage_account",
                "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/a",
                "/subscriptions/s/resourcegroups/rg/providers/microsoft.storage/storageaccounts/a",
            ),
            (
                "aws_sqs_queue",
                "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs",
                "arn:aws:sqs:eu-west-1:111122223333:jobs",
            ),
        ] {
            let made = identity(&[("id", text)]);
            assert!(ids(&made, kind).contains(&wanted(native)), "{kind} {text}");
        }
    }

    #[test]
    fn a_bare_name_of_no_account_is_no_id() {
        let function = identity(&[("id", "pay"), ("function_name", "pay")]);
        assert!(ids(&function, "aws_lambda_function").is_empty());
        assert!(!function.marks("aws_lambda_function").is_empty());
    }

    #[test]
    fn objects_are_known_by_kind_namespace_and_name() {
        let object = Object { kind: String::new(), namespace: "shop".into(), name: "web".into() };
        let made = Identity { object, ..Identity::default() };
        let expected = (Sign::Object, object_mark("deployment", "shop", "web"));
        assert!(made.marks("kubernetes_deployment_v1").contains(&expected));
        assert_eq!(made.marks("kubernetes_manifest"), []);
    }
}
