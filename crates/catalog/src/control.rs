//! One control: the canonical name of a fault, with all that is known about it.

use std::collections::{BTreeMap, BTreeSet};

use quell_model::{Effect, Severity};
use serde::Deserialize;

use crate::Predicate;

/// The canonical name of a fault. One TOML file each, below `content/controls`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// `<provider>.<service>.<fault>`; the file is `<provider>/<service>/<fault>.toml`.
    pub id: String,
    /// What is wrong, as one short sentence without a full stop.
    pub title: String,
    /// Canonical asset kinds it applies to (`s3.bucket`, `deployment`).
    pub asset_kinds: Vec<String>,
    /// Weakness class (`public_exposure`, `missing_encryption`, `excessive_privilege`,
    /// `weak_authentication`, `missing_logging`, `missing_backup`, `weak_isolation`,
    /// `outdated_software`, `insecure_default`, `secret_exposure`, `supply_chain`, `availability`).
    pub weakness: String,
    /// Severity where the tools' own do not decide.
    pub severity: Severity,
    /// ATT&CK technique ids an attacker would use this for.
    #[serde(default)]
    pub attack: Vec<String>,
    /// CWE ids.
    #[serde(default)]
    pub cwe: Vec<String>,
    /// What a failing asset implies about its surroundings.
    #[serde(default)]
    pub exposure: Exposure,
    /// The names under which tools report it.
    pub aliases: Aliases,
    /// Words for people.
    pub explain: Explain,
    /// Predicates over configuration, one for each language.
    #[serde(default, rename = "check")]
    pub checks: Vec<Check>,
    /// How to fix it, one for each language.
    #[serde(default, rename = "fix")]
    pub fixes: Vec<FixRecipe>,
    /// What a person must decide where no recipe can, as one sentence.
    #[serde(default)]
    pub decide: Option<String>,
    /// Framework → requirement numbers that it evidences.
    pub frameworks: BTreeMap<String, Vec<String>>,
}

/// Tool → the ids or titles under which that tool reports the fault.
///
/// An alias belongs to one control only. Where one rule of a tool covers several controls, the
/// others list it as `<tool>_shared`, and the rule's findings go to the one that lists it plainly.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Aliases(pub BTreeMap<String, Vec<String>>);

/// What a failing asset implies about its surroundings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// Nothing by itself.
    #[default]
    None,
    /// The internet can reach it.
    Internet,
    /// Its data can be read by those who should not.
    Data,
    /// Whoever holds it can do more than it should.
    Privilege,
}

/// Words for people, own words, plain text. `{asset}` stands for the asset's name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// What is wrong.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// The likely cause: how it comes to be so.
    pub cause: String,
    /// What an attacker would likely use it for.
    pub intent: String,
    /// What to do, one or two steps.
    #[serde(rename = "do")]
    pub steps: Vec<String>,
    /// What could break when it is fixed.
    pub breaks: String,
    /// Who should do it where no owner is known (`platform team`, `application team`, …).
    pub who: String,
}

/// The language a check or a fix is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Terraform configuration.
    Terraform,
    /// Kubernetes manifests.
    Kubernetes,
    /// Dockerfiles.
    Dockerfile,
    /// Workflows of GitHub Actions.
    GithubActions,
    /// Docker Compose files.
    Compose,
}

impl Language {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Terraform => "Terraform",
            Self::Kubernetes => "Kubernetes",
            Self::Dockerfile => "Dockerfile",
            Self::GithubActions => "GitHub Actions",
            Self::Compose => "Compose",
        }
    }
}

/// A predicate over a resource's configuration, with the cases that test it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Which language it reads.
    pub language: Language,
    /// Terraform resource types or Kubernetes kinds.
    pub resource: Vec<String>,
    /// For Kubernetes: `object` (default), `pod_spec`, `containers` (each, also those that run
    /// first) or `main_containers`.
    #[serde(default)]
    pub at: Option<String>,
    /// Holds when the configuration is as it should be.
    pub holds: Predicate,
    /// Configurations on which it must hold.
    pub pass: Vec<Case>,
    /// Configurations on which it must not.
    pub fail: Vec<Case>,
}

/// One configuration: HCL text for Terraform (first resource of a listed type is judged),
/// JSON text for Kubernetes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The text.
    pub config: String,
}

/// How to fix it in one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixRecipe {
    /// Which language it changes.
    pub language: Language,
    /// Terraform resource types or Kubernetes kinds it can change.
    pub resource: Vec<String>,
    /// `set_attributes`, `companion_block`, `keyed_block`, or the name of a recipe written in Rust.
    pub recipe: String,
    /// For Kubernetes: where the paths of `set` begin, as for a check.
    #[serde(default)]
    pub at: Option<String>,
    /// One line for people (`Turn on encryption at rest`).
    pub title: String,
    /// Dotted path → value. A segment that names a nested block makes it where it is missing.
    /// A table `{ expr = "…" }` is a Terraform expression.
    #[serde(default)]
    pub set: BTreeMap<String, toml::Value>,
    /// For `companion_block`: the resource type that must stand beside it.
    #[serde(default)]
    pub companion: Option<String>,
    /// For `companion_block`: the companion's attribute that names the resource.
    #[serde(default)]
    pub link: Option<String>,
    /// For `companion_block`: the resource's attribute that it names; `id` where not said.
    #[serde(default)]
    pub link_to: Option<String>,
    /// For `keyed_block`: the attribute that tells nested blocks of one name apart.
    #[serde(default)]
    pub key: Option<String>,
    /// Blocks that must stand beside what is changed, by name (`kms_key`); `{{kms_key}}` in an
    /// expression is the address of the one that was found or made.
    #[serde(default)]
    pub beside: Vec<String>,
    /// Where the recipe fits; everywhere where not said.
    #[serde(default)]
    pub when: Option<Predicate>,
    /// What a person must decide where it does not fit, as one sentence.
    #[serde(default)]
    pub otherwise: Option<String>,
    /// For Terraform: the provider and the version from which on it fits (`azurerm 4.0.0`).
    #[serde(default)]
    pub since: Option<String>,
    /// For Terraform: the provider and the version before which it fits.
    #[serde(default)]
    pub before: Option<String>,
    /// Whether a person must agree.
    pub safety: RecipeSafety,
    /// What it may break, one sentence each.
    #[serde(default)]
    pub breaks: Vec<String>,
    /// The kinds of harm that these sentences come down to; said wherever there are any.
    #[serde(default)]
    pub effects: Option<BTreeSet<Effect>>,
    /// Whether there is no way back.
    #[serde(default)]
    pub for_good: bool,
}

/// Whether a person must agree before a fix is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipeSafety {
    /// Changes nothing that a running system can notice.
    Safe,
    /// May interrupt, cost money or change who gets in.
    NeedsApproval,
}
