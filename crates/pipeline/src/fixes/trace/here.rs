//! The repository as the user's git knows it: where it comes from, and who changed what last.

use std::path::Path;

use quell_trace::Origin;

use crate::fixes::git::Git;

/// Most remotes that are looked at.
const MOST_REMOTES: usize = 20;

/// A repository.
#[derive(Debug)]
pub(super) struct Here {
    git: Git,
    /// Its remotes.
    pub(super) origins: Vec<Origin>,
    /// The path of the folder below its top, with a slash at its end.
    pub(super) prefix: String,
}

/// The commit that changed lines last.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) commit: String,
    pub(super) author: String,
    pub(super) at: String,
}

impl Here {
    /// The repository of a folder; none where git has nothing of the folder.
    pub(super) fn of(root: &Path) -> Option<Self> {
        let git = Git::open(root).ok()??;
        // A folder may lie in a repository that does not know it.
        let known = git.ask(&["ls-tree", "--name-only", "HEAD", "./"]);
        if known.is_ok_and(|names| names.is_empty()) {
            return None;
        }
        let remotes = git.ask(&["config", "--get-regexp", r"^remote\..*\.url$"]);
        let remotes = remotes.unwrap_or_default();
        let urls = remotes.lines().filter_map(|line| line.split_once(' ')).map(|(_, url)| url);
        let mut origins: Vec<Origin> = Vec::new();
        for origin in urls.filter_map(Origin::parse).take(MOST_REMOTES) {
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        let prefix = git.whole("");
        Some(Self { git, origins, prefix })
    }

    /// The commit that changed lines of a file last; the file's where git cannot tell of lines.
    pub(super) fn changed(&self, file: &str, (first, last): (u32, u32)) -> Option<Changed> {
        // Programs that a repository may name for diffs and signatures are not run.
        let log = ["log", "-1", "--no-show-signature", "--no-ext-diff", "--no-textconv"];
        let form = "--format=%H%x00%an%x00%aI";
        let lines = format!("-L{first},{last}:{file}");
        let of_lines = || self.git.ask(&[log.as_slice(), &["-s", form, &lines]].concat()).ok();
        let of_file = || self.git.ask(&[log.as_slice(), &["-s", form, "--", file]].concat()).ok();
        let said = of_lines().filter(|_| first > 0).or_else(of_file)?;
        let mut fields = said.lines().next()?.split('\0').map(ToOwned::to_owned);
        Some(Changed { commit: fields.next()?, author: fields.next()?, at: fields.next()? })
    }
}
