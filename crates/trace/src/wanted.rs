//! What is known of the thing whose block is looked for.

use quell_model::{Asset, Provider};

use crate::Tagged;
use crate::signs::{Mark, Sign, key_mark, object_mark};

/// What is known of the thing whose block is looked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which world it lives in.
    pub(crate) provider: Provider,
    /// Its canonical kind.
    pub(crate) kind: String,
    /// Namespace of a Kubernetes object.
    pub(crate) namespace: String,
    /// Every name that it goes by.
    pub(crate) names: Vec<String>,
    /// What its tags say of the code.
    pub(crate) tagged: Tagged,
    /// Hashes of what it is known by.
    pub(crate) marks: Vec<(Sign, Mark)>,
}

impl Wanted {
    /// What an asset says.
    #[must_use]
    pub fn new(asset: &Asset) -> Self {
        let id = &asset.id;
        let tagged = Tagged::of(asset.tags.iter().map(|(key, value)| (key.as_str(), value.raw())));
        let names = names(asset);
        let mut marks: Vec<(Sign, Mark)> =
            key_mark(id).into_iter().map(|mark| (Sign::Id, mark)).collect();
        let native = asset.native_id.trim();
        if native.contains([':', '/']) {
            marks.push((Sign::Id, Sign::Id.mark(&["text", native])));
        }
        marks.extend(tagged.yor.as_deref().map(|yor| (Sign::Yor, Sign::Yor.mark(&[yor]))));
        if id.provider == Provider::Kubernetes {
            marks.push((Sign::Object, object_mark(&id.kind, &id.region, &id.name)));
        }
        marks.extend(
            names.iter().map(|name| (Sign::Name, Sign::Name.mark(&[id.provider.as_str(), name]))),
        );
        let namespace = match id.provider {
            Provider::Kubernetes => id.region.clone(),
            Provider::Aws
            | Provider::Azure
            | Provider::Gcp
            | Provider::Image
            | Provider::Iac
            | Provider::Code
            | Provider::Host
            | Provider::Other => String::new(),
        };
        let (provider, kind) = (id.provider, id.kind.clone());
        Self { provider, kind, namespace, names, tagged, marks }
    }

    /// Whether it is a thing that code makes in a cloud, so that looking for it can help.
    #[must_use]
    pub fn is_made_by_code(&self) -> bool {
        match self.provider {
            Provider::Aws
            | Provider::Azure
            | Provider::Gcp
            | Provider::Kubernetes
            | Provider::Other => true,
            Provider::Image | Provider::Iac | Provider::Code | Provider::Host => false,
        }
    }

    /// Whether more than its name can speak for a block, even without a state file or a plan.
    #[must_use]
    pub fn says_more(&self) -> bool {
        self.provider == Provider::Kubernetes || self.tagged != Tagged::default()
    }

    /// What its tags say of the code.
    #[must_use]
    pub const fn tagged(&self) -> &Tagged {
        &self.tagged
    }
}

/// Every name, the identity's own first.
fn names(asset: &Asset) -> Vec<String> {
    let last = |text: &str| text.rsplit(['/', ':']).next().unwrap_or_default().to_owned();
    let mut names = vec![asset.id.name.clone(), asset.name.raw().to_owned()];
    names.extend(asset.tags.get("Name").map(|tag| tag.raw().to_owned()));
    names.push(last(&asset.native_id));
    names.push(last(&asset.id.name));
    let mut seen: Vec<String> = Vec::new();
    for name in names {
        if !name.is_empty() && !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}
