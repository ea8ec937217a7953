//! Checkpoints in a git repository: a commit each, on a branch of their own. The user's own `git`
//! runs without hooks and touches neither checkout nor index.

use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use quell_audit::Checkpoint;
use quell_model::Timestamp;

/// The branch.
const BRANCH: &str = "refs/heads/quell-audit";
/// Most of what git says that is shown.
const MOST_SAID: usize = 400;

/// Runs git with an input; what it prints.
fn git(repository: &Path, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("git cannot be run: {error}");
    let mut file = tempfile::tempfile().map_err(failed)?;
    file.write_all(input).and_then(|()| file.rewind()).map_err(failed)?;
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(repository)
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
        .args(arguments)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(name);
    }
    let output = command.stdin(Stdio::from(file)).output().map_err(failed)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.trim().chars().take(MOST_SAID).collect())
}

/// The last commit of the branch; `None` where there is none yet.
fn tip(repository: &Path) -> Result<Option<String>, String> {
    git(repository, &["rev-parse", "--git-dir"], b"")?;
    let found = git(repository, &["rev-parse", "--verify", "--quiet", BRANCH], b"");
    Ok(found.ok().map(|text| String::from_utf8_lossy(&text).trim().to_owned()))
}

/// The text that is kept under a name.
pub(super) fn read(repository: &Path, name: &str) -> Result<Option<String>, String> {
    let Some(tip) = tip(repository)? else { return Ok(None) };
    let what = format!("{tip}:{name}");
    if git(repository, &["cat-file", "-e", &what], b"").is_err() {
        return Ok(None);
    }
    let text = git(repository, &["cat-file", "blob", &what], b"")?;
    Ok(String::from_utf8(text).ok())
}

/// Commits a checkpoint under a name.
pub(super) fn commit(
    repository: &Path,
    (name, checkpoint): (&str, &Checkpoint),
    now: Timestamp,
) -> Result<(), String> {
    if name.contains(['"', '\\', '\n']) {
        return Err("the log's name cannot stand in git".to_owned());
    }
    let from = tip(repository)?.map(|tip| format!("from {tip}\n")).unwrap_or_default();
    let message = format!("audit: {} records of {}\n", checkpoint.size, checkpoint.origin);
    let (text, seconds) = (&checkpoint.note, now.as_second());
    let stream = format!(
        "commit {BRANCH}\ncommitter Quell <quell@localhost> {seconds} +0000\n\
         data {}\n{message}\n{from}M 100644 inline \"{name}\"\ndata {}\n{text}\ndone\n",
        message.len(),
        text.len()
    );
    git(repository, &["fast-import", "--quiet", "--done"], stream.as_bytes()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(size: u64) -> Checkpoint {
        let root = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let note =
            format!("quell.test/audit\n{size}\n{root}\n\n\u{2014} quell.test/audit AAAAAAA=\n");
        Checkpoint::parse(&note).unwrap()
    }

    #[test]
    fn each_checkpoint_is_a_commit_without_hooks_and_without_a_checkout() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(read(path, "a.checkpoint").is_err());
        git(path, &["init", "--quiet"], b"").unwrap();
        let hook = path.join(".git/hooks/reference-transaction");
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, "#!/bin/sh\ntouch ran\nexit 1\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&hook, mode).unwrap();
        assert_eq!(read(path, "a.checkpoint"), Ok(None));
        let now = Timestamp::UNIX_EPOCH;
        for size in [3, 5] {
            commit(path, ("a.checkpoint", &checkpoint(size)), now).unwrap();
        }
        commit(path, ("b.checkpoint", &checkpoint(1)), now).unwrap();
        assert_eq!(read(path, "a.checkpoint"), Ok(Some(checkpoint(5).note)));
        assert_eq!(read(path, "c.checkpoint"), Ok(None));
        let commits = git(path, &["rev-list", "--count", BRANCH], b"").unwrap();
        assert_eq!(String::from_utf8_lossy(&commits).trim(), "3");
        let files: Vec<_> =
            std::fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(files, [".git"]);
    }
}
