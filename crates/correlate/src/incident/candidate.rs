//! What is known of an open issue when incidents are built. All of them are in memory, so it is
//! kept short; what a detection or an attacked asset's weakness says beyond it is learned later.

use std::borrow::Cow;
use std::sync::Arc;

use quell_catalog::Control;
use quell_model::{
    AssetId, Finding, FindingClass, Issue, IssueKey, MergeBasis, Provider, Purl, Severity,
    Timestamp,
};

use serde::{Deserialize, Serialize};

use super::place::{identity_tokens, image_tokens, is_identity};
use super::seen::Seen;
use super::shared::Shared;
use super::words;
use crate::Member;

/// What is known of an open issue when incidents are built.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its identity.
    pub key: IssueKey,
    /// Its severity.
    pub severity: Severity,
    /// What one change would close it together with others: image, package, block.
    pub shared_fix: Option<String>,
    pub(super) asset: String,
    pub(super) account: Arc<str>,
    pub(super) score: u32,
    /// The fault: a control, or a tool's rule.
    pub(super) fault: Arc<str>,
    /// Its detection, where it says that something was seen to happen.
    pub(super) seen: Option<Box<Seen>>,
    pub(super) weakness: Option<Box<Weakness>>,
    /// How it plausibly helps an attacker, in words.
    pub(super) opening: Option<Arc<str>>,
    /// Other names of its asset, as records of running things use them.
    pub(super) names: Vec<String>,
}

/// A candidate as it is stored, before its findings were learned. What many have in common is
/// put together again when it is restored.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredCandidate<'a> {
    key: IssueKey,
    severity: Severity,
    #[serde(borrow)]
    asset: Cow<'a, str>,
    #[serde(borrow)]
    account: Cow<'a, str>,
    score: u32,
    #[serde(borrow)]
    fault: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shared_fix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<Box<Seen>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weakness: Option<Box<Weakness>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    opening: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
}

impl StoredCandidate<'_> {
    /// The candidate again.
    #[must_use]
    pub fn restore(self, shared: &mut Shared) -> Candidate {
        Candidate {
            key: self.key,
            severity: self.severity,
            shared_fix: self.shared_fix,
            asset: self.asset.into_owned(),
            account: shared.text(&self.account),
            score: self.score,
            fault: shared.text(&self.fault),
            seen: self.seen,
            weakness: self.weakness,
            opening: self.opening.map(|words| shared.text(&words)),
            names: self.names,
        }
    }
}

/// A known weakness in a package.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Weakness {
    pub(super) id: String,
    pub(super) package: String,
    /// Whether it is exploited in the wild.
    pub(super) exploited: bool,
    #[serde(skip)]
    pub(super) aliases: Vec<String>,
    /// Files that hold the package, in lower case, without a slash in front.
    #[serde(skip)]
    pub(super) paths: Vec<String>,
    /// Package URL types.
    #[serde(skip)]
    pub(super) kinds: Vec<String>,
    /// The finding that says so.
    #[serde(skip)]
    pub(super) finding: Option<quell_model::FindingKey>,
}

/// Files that are learned of one weakness.
const MOST_PATHS: usize = 8;
/// Shorter paths say too little.
const LEAST_PATH_BYTES: usize = 5;

impl Candidate {
    /// Its asset's key.
    #[must_use]
    pub fn asset(&self) -> &str {
        &self.asset
    }

    /// As it is to be stored, with what the issue alone says of it.
    #[must_use]
    pub fn stored(&self) -> StoredCandidate<'_> {
        StoredCandidate {
            key: self.key,
            severity: self.severity,
            asset: Cow::Borrowed(&self.asset),
            account: Cow::Borrowed(&self.account),
            score: self.score,
            fault: Cow::Borrowed(&self.fault),
            shared_fix: self.shared_fix.clone(),
            seen: self.seen.clone(),
            weakness: self.weakness.clone(),
            opening: self.opening.as_deref().map(Cow::Borrowed),
            names: self.names.clone(),
        }
    }

    /// Its score.
    #[must_use]
    pub const fn score(&self) -> u32 {
        self.score
    }

    /// Gives it another score.
    pub const fn rate(&mut self, score: u32) {
        self.score = score;
    }

    /// Reads a candidate off an issue. `exploited` says whether its weakness is known to be, in
    /// the wild; `control` is what the catalogue knows of the fault.
    #[must_use]
    pub fn of(issue: &Issue, exploited: bool, control: Option<&Control>) -> Self {
        let id = &issue.asset.id;
        let weakness = match &issue.basis {
            MergeBasis::Vulnerability { id, package } => Some(Box::new(Weakness {
                id: id.clone(),
                package: package.clone(),
                exploited,
                ..Weakness::default()
            })),
            MergeBasis::Control { .. }
            | MergeBasis::Rule { .. }
            | MergeBasis::Title { .. }
            | MergeBasis::Detection { .. }
            | MergeBasis::Split { .. } => None,
        };
        let is_detection = issue.class == FindingClass::Detection;
        let opening = words::opening(issue, control);
        let verb = if id.provider == Provider::Image { "rebuild" } else { "upgrade" };
        Self {
            key: issue.key,
            severity: issue.severity,
            shared_fix: weakness.as_ref().map(|_| format!("{verb}:{}", id.key())),
            account: Arc::from(id.account.as_str()),
            score: issue.risk.score,
            fault: Arc::from(fault(issue)),
            seen: is_detection.then(|| Box::new(Seen::of(issue))),
            names: if weakness.is_some() || opening.is_some() { names(issue) } else { Vec::new() },
            asset: id.key().to_owned(),
            weakness,
            opening: opening.map(Arc::from),
        }
    }

    /// Whether it says that something was seen to happen.
    #[must_use]
    pub const fn is_detection(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether it is about a known weakness.
    #[must_use]
    pub const fn is_weakness(&self) -> bool {
        self.weakness.is_some()
    }

    /// Learns other names of its asset. What is seen under one name is seen under the others.
    pub fn is_also(&mut self, names: &[String]) {
        if let Some(seen) = self.seen.as_deref_mut().filter(|seen| !seen.is_wide) {
            seen.places.extend_from_slice(names);
            seen.related.extend_from_slice(names);
        }
    }

    /// Learns what its findings say: who did what, or where the weak package lies.
    pub fn learn(&mut self, members: &[Member]) {
        let counting = || members.iter().filter(|m| m.status.is_open());
        if let Some(seen) = &mut self.seen {
            seen.learn(counting());
        }
        if let Some(weakness) = &mut self.weakness {
            counting().for_each(|member| weakness.learn(member));
        }
    }
}

impl Weakness {
    fn learn(&mut self, member: &Member) {
        let Some(told) = member.finding.vulnerability.as_deref() else { return };
        self.finding = Some(self.finding.map_or(member.key, |known| known.min(member.key)));
        let ids = std::iter::once(&told.id).chain(&told.aliases);
        let ids = ids.map(|id| id.trim().to_ascii_uppercase()).filter(|id| *id != self.id);
        let paths = told.path.iter().map(String::as_str).chain(facts(&member.finding, FILES));
        let kind = told.purl.as_deref().and_then(Purl::parse).map(|purl| purl.kind);
        add(&mut self.aliases, ids);
        add(&mut self.paths, paths.filter_map(file));
        add(&mut self.kinds, kind.into_iter().chain(guessed_kind(told)));
    }
}

const FILES: &[&str] = &["path", "file", "target"];

fn facts<'f>(finding: &'f Finding, names: &'f [&str]) -> impl Iterator<Item = &'f str> {
    finding.evidence.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(_, v)| v.raw())
}

fn add(list: &mut Vec<String>, more: impl Iterator<Item = String>) {
    list.extend(more);
    list.sort_unstable();
    list.dedup();
    list.truncate(MOST_PATHS);
}

/// A path that names one file of a package; the databases of package managers hold all of them.
fn file(path: &str) -> Option<String> {
    let path = path.trim().trim_start_matches("./").trim_start_matches('/').to_lowercase();
    let is_file = path.len() >= LEAST_PATH_BYTES && path.contains(['/', '.']);
    let is_database =
        ["var/lib/", "lib/apk/", "usr/lib/sysimage/"].iter().any(|p| path.starts_with(p));
    (is_file && !is_database && !path.contains([' ', ':'])).then_some(path)
}

/// Maven's names have a group; a Java archive is Maven's too.
fn guessed_kind(told: &quell_model::Vulnerability) -> Option<String> {
    let ends =
        |end: &str| told.path.as_deref().is_some_and(|p| p.to_ascii_lowercase().ends_with(end));
    let is_java = told.package.contains(':') || ends(".jar") || ends(".war");
    is_java.then(|| "maven".to_owned())
}

fn names(issue: &Issue) -> Vec<String> {
    let asset = &issue.asset;
    let mut names = Vec::new();
    if asset.id.provider == Provider::Image {
        for text in [asset.native_id.as_str(), asset.name.raw()] {
            names.extend(image_tokens(text, false));
        }
        // An image that is named by its digest alone may be any of its repository.
        if asset.id.key().starts_with("image:sha256:") && !has_tag(asset.name.raw()) {
            let repositories = names.iter().filter_map(|n| n.strip_prefix("repository:"));
            let any: Vec<String> = repositories.map(|r| format!("untagged:{r}")).collect();
            names.extend(any);
        }
    }
    if is_identity(&asset.id) {
        names.extend(identity_tokens(asset.name.raw(), &asset.id));
        names.extend(identity_tokens(&asset.native_id, &asset.id));
    }
    names.retain(|name| name != asset.id.key());
    names.sort_unstable();
    names.dedup();
    names
}

fn has_tag(name: &str) -> bool {
    !name.contains('@') && name.rsplit('/').next().is_some_and(|last| last.contains(':'))
}

fn fault(issue: &Issue) -> String {
    match &issue.basis {
        MergeBasis::Control { control } => format!("control:{control}"),
        MergeBasis::Vulnerability { id, .. } => format!("weakness:{id}"),
        MergeBasis::Rule { product, rule } => format!("rule:{product}:{rule}"),
        MergeBasis::Title { title } => format!("title:{title}"),
        MergeBasis::Detection { shared } => format!("detection:{shared}"),
        MergeBasis::Split { .. } => match &issue.control {
            Some(control) => format!("control:{control}"),
            None => format!("title:{}", crate::normalize_title(issue.title.raw())),
        },
    }
}

/// When an issue's findings were seen, first and last, in seconds.
pub(super) fn span(first: Option<Timestamp>, last: Option<Timestamp>) -> Option<(i64, i64)> {
    let (first, last) = (first.or(last)?.as_second(), last.or(first)?.as_second());
    Some((first.min(last), first.max(last)))
}

/// Whether an id names a whole world rather than one thing.
pub(super) fn is_wide(id: &AssetId) -> bool {
    words::is_wide(&id.kind)
}
