//! A branch with one commit a fix, made beside the checkout, which stays as it is.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use super::git::{Committed, Git, Tracked};
use crate::PipelineError;
use quell_remediate::Splice;

/// One commit that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The message, its subject in the first line.
    pub message: String,
    /// What it changes in each file, upon the commits before it.
    pub parts: Vec<Splice>,
}

/// A branch that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// The commit that it starts from.
    pub base: String,
    /// Its last commit.
    pub tip: String,
    /// How many commits it has more than its base.
    pub commits: usize,
}

/// Whether files that are not committed are in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dirty {
    /// They are.
    Refuse,
    /// They are not, as long as the change does not touch them.
    Allow,
}

/// Makes a branch from the checked out commit. The checkout, its index and its hooks are not
/// touched.
///
/// # Errors
/// When the folder is no git checkout, the name is taken or no name, files that were read are
/// not committed, or git refuses. No branch has been made then.
pub fn write_branch(
    root: &Path,
    read: &BTreeMap<String, String>,
    commits: &[Commit],
    (name, dirty): (&str, Dirty),
) -> Result<Branch, PipelineError> {
    let refused = |text: String| Err(PipelineError::Refused(text));
    let Some(git) = Git::open(root)? else {
        return refused(format!(
            "`{}` is no git checkout, so it can have no branch",
            root.display()
        ));
    };
    if git.head.is_empty() {
        return refused("the repository has no commit yet to start a branch from".into());
    }
    let reference = format!("refs/heads/{name}");
    if name.starts_with('-') || git.ask(&["check-ref-format", &reference]).is_err() {
        return refused(format!("`{name}` is no name for a branch"));
    }
    if git.has(&reference) {
        return refused(format!("there is a branch `{name}` already; choose another name"));
    }
    let tracked = git.tracked(read)?;
    refuse_dirty(&tracked, commits, dirty)?;
    let author = git.ask(&["var", "GIT_AUTHOR_IDENT"])?;
    let committer = git.ask(&["var", "GIT_COMMITTER_IDENT"])?;
    let people = format!("author {}\ncommitter {}\n", author.trim(), committer.trim());
    let told = Stream { git: &git, tracked: &tracked, read, people };
    git.run_with(&["fast-import", "--quiet", "--done"], |out| {
        told.write(commits, &reference, out)
    })?;
    let tip = git.ask(&["rev-parse", &reference])?.trim().to_owned();
    let base = git.head;
    Ok(Branch { name: name.to_owned(), base, tip, commits: commits.len() })
}

/// Refuses to write over lines that git does not have, since nothing could bring them back.
///
/// # Errors
/// When one of the files holds changes that are not committed.
pub fn refuse_uncommitted(
    root: &Path,
    touched: &BTreeMap<String, String>,
) -> Result<(), PipelineError> {
    let Some(git) = Git::open(root)? else { return Ok(()) };
    let tracked = git.tracked(touched)?;
    let changed = tracked.iter().filter(|(_, t)| t.committed == Committed::Other);
    match names(&changed.map(|(path, _)| path.as_str()).collect::<Vec<_>>()) {
        None => Ok(()),
        Some(names) => Err(PipelineError::Refused(format!(
            "{names} holds changes that are not committed; commit them, or say `--allow-dirty`"
        ))),
    }
}

fn refuse_dirty(
    tracked: &BTreeMap<String, Tracked>,
    commits: &[Commit],
    dirty: Dirty,
) -> Result<(), PipelineError> {
    let is_dirty =
        |tracked: &Tracked| matches!(tracked.committed, Committed::Other | Committed::Nothing);
    let touched = commits.iter().flat_map(|commit| &commit.parts).map(|part| part.path.as_str());
    let mut in_the_way: Vec<&str> = touched
        .filter(|path| {
            tracked.get(*path).is_none_or(|t| is_dirty(t) || t.committed == Committed::Ignored)
        })
        .collect();
    in_the_way.sort_unstable();
    in_the_way.dedup();
    if let Some(names) = names(&in_the_way) {
        return Err(PipelineError::Refused(format!(
            "{names} differs from the last commit, so a branch would take your changes along; \
             commit or stash them first"
        )));
    }
    let others = tracked.iter().filter(|(_, tracked)| is_dirty(tracked));
    let others = names(&others.map(|(path, _)| path.as_str()).collect::<Vec<_>>());
    match (others, dirty) {
        (Some(names), Dirty::Refuse) => Err(PipelineError::Refused(format!(
            "{names} differs from the last commit, and the proof may rest on it; commit or stash \
             it, or say `--allow-dirty`"
        ))),
        (Some(_), Dirty::Allow) | (None, _) => Ok(()),
    }
}

/// The first names, and how many more there are.
fn names(paths: &[&str]) -> Option<String> {
    let first = paths.first()?;
    Some(match paths.len() {
        1 => format!("`{first}`"),
        more => format!("`{first}` (and {} more)", more - 1),
    })
}

/// What `git fast-import` reads: all commits, and the branch at their end. Of the texts only those
/// of the files that change are held, each once.
struct Stream<'s> {
    git: &'s Git,
    tracked: &'s BTreeMap<String, Tracked>,
    read: &'s BTreeMap<String, String>,
    people: String,
}

impl Stream<'_> {
    fn write(&self, commits: &[Commit], reference: &str, out: &mut dyn Write) -> io::Result<()> {
        let mut now: BTreeMap<&str, String> = BTreeMap::new();
        for (at, commit) in commits.iter().enumerate() {
            write!(out, "commit {reference}\nmark :{}\n{}", at + 1, self.people)?;
            data(out, &commit.message)?;
            if at == 0 {
                writeln!(out, "from {}", self.git.head)?;
            }
            for part in &commit.parts {
                let first = || self.read.get(&part.path).cloned().unwrap_or_default();
                let text = now.entry(&part.path).or_insert_with(first);
                let odd = || io::Error::other(format!("`{}` is not as it was", part.path));
                *text = part.apply(text).ok_or_else(odd)?;
                self.file(&part.path, text, out)?;
            }
            out.write_all(b"\n")?;
        }
        if commits.is_empty() {
            write!(out, "reset {reference}\nfrom {}\n\n", self.git.head)?;
        }
        out.write_all(b"done\n")
    }

    fn file(&self, path: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let Some(tracked) = self.tracked.get(path) else { return Ok(()) };
        writeln!(out, "M {} inline {}", tracked.mode, quoted(&self.git.whole(path)))?;
        match tracked.committed {
            Committed::UnixLines => data(out, &text.replace("\r\n", "\n")),
            Committed::Same | Committed::Other | Committed::Nothing | Committed::Ignored => {
                data(out, text)
            }
        }
    }
}

fn data(out: &mut dyn Write, text: &str) -> io::Result<()> {
    write!(out, "data {}\n{text}\n", text.len())
}

/// A path as `fast-import` reads it: always in quotes, bytes outside ASCII as they are.
fn quoted(path: &str) -> String {
    let mut text = String::from("\"");
    for c in path.chars() {
        match c {
            '"' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests;
