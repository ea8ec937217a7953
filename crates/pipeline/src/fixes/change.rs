//! A plan's changes as a pull request brings them: whole files, made on a commit.

use std::path::Path;

use quell_deliver::letter::{ChangedFile, CodeChange, Proved};

use quell_model::Fix;

use super::branch::refuse_uncommitted;
use super::git::{Committed, Git};
use super::plan::FixPlan;
use crate::PipelineError;

/// Where a change goes. What is not said is asked of git.
#[derive(Debug, Clone, Default)]
pub struct ChangePlace {
    /// The repository at its host: `owner/name`.
    pub repository: Option<String>,
    /// The branch that it is made from.
    pub base: Option<String>,
}

/// The changes of a plan, as they are brought to the repository's host.
///
/// # Errors
/// When the folder is no git checkout, files that change are not committed, or neither the caller
/// nor git says where the change goes.
pub fn code_change(
    plan: &FixPlan,
    message: String,
    place: &ChangePlace,
) -> Result<CodeChange, PipelineError> {
    let refused = |text: &str| PipelineError::Refused(text.to_owned());
    let git = Git::open(&plan.root)?.ok_or_else(|| refused("the repository is no git checkout"))?;
    if git.head.is_empty() {
        return Err(refused("the repository has no commit yet"));
    }
    let touched = plan.touched();
    refuse_uncommitted(&plan.root, &touched)?;
    let tracked = git.tracked(&touched)?;
    let file = |changed: &super::write::FileChange| {
        let whole = git.whole(&changed.path);
        let known = tracked.get(&changed.path);
        let has_unix_lines = known.is_some_and(|one| one.committed == Committed::UnixLines);
        let blob = git.ask(&["rev-parse", "--verify", "--quiet", &format!("HEAD:{whole}")]);
        ChangedFile {
            before: blob.ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
            after: match has_unix_lines {
                true => changed.after.replace("\r\n", "\n"),
                false => changed.after.clone(),
            },
            executable: known.is_some_and(|one| one.mode == "100755"),
            path: whole,
        }
    };
    let repository = place.repository.clone().or_else(|| named(&git)).ok_or_else(|| {
        refused("git names no remote `origin`; say with `--into OWNER/NAME` where the change goes")
    })?;
    let base = place.base.clone().or_else(|| checked_out(&git)).ok_or_else(|| {
        refused("no branch is checked out; say with `--base BRANCH` what the change is made from")
    })?;
    let proved = |fix: &Fix| Proved {
        control: fix.control.clone(),
        path: git.whole(&fix.file),
        address: fix.address.clone(),
    };
    Ok(CodeChange {
        repository,
        base,
        base_commit: Some(git.head.clone()),
        files: plan.files.iter().map(file).collect(),
        message,
        proved: plan.made().map(proved).collect(),
    })
}

/// Where code stands at its host: the repository, and the commit that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePlace {
    /// `owner/name`.
    pub repository: String,
    /// The commit.
    pub commit: String,
    /// The branch that is checked out, where one is.
    pub branch: Option<String>,
    /// What stands before paths, from the top of the checkout.
    pub prefix: String,
}

/// Where the code of a folder stands at its host.
///
/// # Errors
/// When the folder is no git checkout, or nobody says which repository it is.
pub fn code_place(folder: &Path, place: &ChangePlace) -> Result<CodePlace, PipelineError> {
    let refused = |text: &str| PipelineError::Refused(text.to_owned());
    let git = Git::open(folder)?.ok_or_else(|| refused("the repository is no git checkout"))?;
    if git.head.is_empty() {
        return Err(refused("the repository has no commit yet"));
    }
    let repository = place.repository.clone().or_else(|| named(&git)).ok_or_else(|| {
        refused("git names no remote `origin`; say with `--into OWNER/NAME` which repository it is")
    })?;
    Ok(CodePlace {
        repository,
        commit: git.head.clone(),
        branch: place.base.clone().or_else(|| checked_out(&git)),
        prefix: git.whole(""),
    })
}

/// The branch that is checked out.
fn checked_out(git: &Git) -> Option<String> {
    let name = git.ask(&["symbolic-ref", "--short", "--quiet", "HEAD"]).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The repository that the remote `origin` names.
fn named(git: &Git) -> Option<String> {
    of_url(git.ask(&["config", "--get", "remote.origin.url"]).ok()?.trim())
}

/// The path of a repository in the address of a remote.
fn of_url(url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        // `git@host:owner/name.git`
        None => url.split_once(':').filter(|(host, _)| !host.contains('/'))?.1,
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    path.contains('/').then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_name_their_repository() {
        for (url, expected) in [
            ("https://github.com/acme/shop.git", Some("acme/shop")),
            ("https://user:token@gitlab.example/group/sub/shop", Some("group/sub/shop")),
            ("git@github.com:acme/shop.git", Some("acme/shop")),
            ("ssh://git@github.com:22/acme/shop.git/", Some("acme/shop")),
            ("/srv/git/shop.git", None),
            ("../shop", None),
            ("https://github.com/shop", None),
        ] {
            assert_eq!(of_url(url).as_deref(), expected, "{url}");
        }
    }
}
