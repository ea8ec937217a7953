//! The rules that decide, and who they are asked for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use quell_access::{Access, OwnPolicy, Place, PolicyFault, Principal, Resource, Right};

/// Most files of an organisation's own policies, and longest file that is read.
const MOST_FILES: usize = 500;
const MOST_BYTES: u64 = 1 << 20;

/// Why the rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The folder cannot be read.
    #[error("cannot read `{}`, which `access.policies` names: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is too long, or there are too many.
    #[error("`{}`: at most {MOST_FILES} files of at most 1 MiB each are read", .0.display())]
    Many(PathBuf),
    /// Policies are wrong.
    #[error("the policies cannot be used:\n  {}", told(.0))]
    Policies(Vec<PolicyFault>),
}

fn told(faults: &[PolicyFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}

/// Reads the built-in rules, and those of a folder beside them.
///
/// # Errors
/// When the folder cannot be read, or a policy is wrong; each is named with its file and line.
pub fn read_rules(folder: Option<&Path>) -> Result<Access, RulesError> {
    let own = folder.map_or(Ok(Vec::new()), read_folder)?;
    Access::new(&own).map_err(RulesError::Policies)
}

fn read_folder(folder: &Path) -> Result<Vec<OwnPolicy>, RulesError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| RulesError::Io { path, source }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        let path = entry.map_err(io(folder))?.path();
        if path.extension().is_some_and(|end| end == "cedar") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.len() > MOST_FILES {
        return Err(RulesError::Many(folder.to_owned()));
    }
    let read = |path: PathBuf| {
        if fs::metadata(&path).map_err(io(&path))?.len() > MOST_BYTES {
            return Err(RulesError::Many(path));
        }
        let text = fs::read_to_string(&path).map_err(io(&path))?;
        Ok(OwnPolicy { path: path.display().to_string(), text })
    };
    paths.into_iter().map(read).collect()
}

/// The rules with who they are asked for. Somebody may be several things, each with limits of its
/// own: an analyst of one account by one group and a viewer of another by another. What one of them
/// may is allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By<'a> {
    pub(crate) rules: &'a Access,
    pub(crate) hats: &'a [Principal],
}

impl By<'_> {
    /// Whether they may do something about their own tenant.
    pub(crate) fn may(self, right: Right) -> bool {
        self.hats.iter().any(|hat| self.rules.may(hat, right, Resource::Tenant(&hat.tenant)))
    }

    /// Whether they may do something in a place of their tenant.
    pub(crate) fn may_in(self, right: Right, place: &Place) -> bool {
        self.hats.iter().any(|hat| self.rules.may_in(hat, right, place))
    }

    /// Whether they may do something in every place, so that none has to be judged.
    pub(crate) fn may_everywhere(self, right: Right) -> bool {
        self.hats.iter().any(|hat| {
            !self.rules.depends_on_place(hat, right)
                && self.rules.may(hat, right, Resource::Tenant(&hat.tenant))
        })
    }

    /// Whether environments and tags decide.
    pub(crate) fn looks_at_labels(self) -> bool {
        self.hats.iter().any(|hat| self.rules.looks_at_labels(hat))
    }

    /// The tags that decide, for them or in policies.
    pub(crate) fn named_tags(self) -> BTreeSet<String> {
        let own = self.hats.iter().flat_map(|hat| hat.scope.tags.iter());
        own.chain(self.rules.named_tags()).cloned().collect()
    }

    /// Who they are, as far as the rules can tell them from others.
    pub(crate) fn told_apart(self) -> Vec<Principal> {
        let own = self.rules.has_own();
        let bare = |hat: &Principal| match own {
            true => hat.clone(),
            false => Principal { id: String::new(), groups: Default::default(), ..hat.clone() },
        };
        self.hats.iter().map(bare).collect()
    }
}
