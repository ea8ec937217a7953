//! Branches made in real repositories of git.

use std::fs;
use std::process::Command;

use super::*;

struct Repo(tempfile::TempDir);

impl Repo {
    fn new(files: &[(&str, &str)]) -> Self {
        let repo = Self(tempfile::tempdir().unwrap());
        repo.git(&["init", "--quiet", "-b", "trunk"]);
        repo.git(&["config", "user.name", "A Person"]);
        repo.git(&["config", "user.email", "person@example.org"]);
        for (path, text) in files {
            repo.write(path, text);
        }
        repo.git(&["add", "-A"]);
        repo.git(&["commit", "--quiet", "-m", "first"]);
        repo
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        let output = command.args(arguments).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn branch(
        &self,
        read: &[(&str, &str)],
        commits: &[Commit],
        dirty: Dirty,
    ) -> Result<Branch, String> {
        let pairs = read.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let read = pairs.collect();
        let branch = write_branch(self.0.path(), &read, commits, ("quell/fix", dirty));
        branch.map_err(|error| error.to_string())
    }
}

/// A commit that puts a text in place of one of so many bytes.
fn commit(message: &str, path: &str, (gone, text): (usize, &str)) -> Commit {
    let part = Splice { path: path.into(), start: 0, gone, text: text.into() };
    Commit { message: message.into(), parts: vec![part] }
}

#[test]
fn each_fix_is_a_commit_and_the_checkout_stays() {
    let repo = Repo::new(&[("a.tf", "a\n"), ("m/b \"é.tf", "b\n"), ("note.txt", "n\n")]);
    repo.write("note.txt", "changed\n");
    repo.write("results.json", "{}");
    let status = repo.git(&["status", "--porcelain=v1"]);
    let commits =
        [commit("one\n\nwhy", "a.tf", (2, "A\n")), commit("two", "m/b \"é.tf", (2, "B\n"))];
    let read = [("a.tf", "a\n"), ("m/b \"é.tf", "b\n")];
    let made = repo.branch(&read, &commits, Dirty::Refuse).unwrap();
    assert_eq!(made.commits, 2);
    assert_eq!(
        repo.git(&["log", "--format=%s %an", "trunk..quell/fix"]),
        "two A Person\none A Person\n"
    );
    assert_eq!(repo.git(&["show", "quell/fix:a.tf"]), "A\n");
    assert_eq!(repo.git(&["show", "quell/fix:m/b \"é.tf"]), "B\n");
    assert_eq!(repo.git(&["show", "quell/fix:note.txt"]), "n\n");
    assert_eq!(repo.git(&["status", "--porcelain=v1"]), status);
    assert_eq!(repo.git(&["branch", "--show-current"]), "trunk\n");
    repo.git(&["fsck", "--strict"]);
}

#[test]
fn commits_upon_each_other_change_parts_of_several_files() {
    let repo = Repo::new(&[("a.tf", "one\ntwo\n"), ("b.tf", "b\n")]);
    let part = |path: &str, start, gone, text: &str| Splice {
        path: path.into(),
        start,
        gone,
        text: text.into(),
    };
    let commits = [
        Commit {
            message: "1".into(),
            parts: vec![part("a.tf", 0, 4, "1st\nmore\n"), part("b.tf", 2, 0, "c\n")],
        },
        Commit { message: "2".into(), parts: vec![part("a.tf", 9, 4, "")] },
    ];
    let read = [("a.tf", "one\ntwo\n"), ("b.tf", "b\n")];
    repo.branch(&read, &commits, Dirty::Refuse).unwrap();
    assert_eq!(repo.git(&["show", "quell/fix~1:a.tf"]), "1st\nmore\ntwo\n");
    assert_eq!(repo.git(&["show", "quell/fix~1:b.tf"]), "b\nc\n");
    assert_eq!(repo.git(&["show", "quell/fix:a.tf"]), "1st\nmore\n");
    let wrong = [Commit { message: "3".into(), parts: vec![part("a.tf", 99, 0, "x")] }];
    let made = write_branch(
        repo.0.path(),
        &BTreeMap::from([("a.tf".to_owned(), "one\ntwo\n".to_owned())]),
        &wrong,
        ("other", Dirty::Refuse),
    );
    assert!(made.unwrap_err().to_string().contains("is not as it was"));
    assert!(!repo.git(&["branch", "--list"]).contains("other"));
}

#[test]
fn a_folder_below_the_top_keeps_its_path() {
    let repo = Repo::new(&[("infra/a.tf", "a\n"), ("a.tf", "top\n")]);
    let read = BTreeMap::from([("a.tf".to_owned(), "a\n".to_owned())]);
    let root = repo.0.path().join("infra");
    write_branch(&root, &read, &[commit("one", "a.tf", (2, "A\n"))], ("fix", Dirty::Refuse))
        .unwrap();
    assert_eq!(repo.git(&["show", "fix:infra/a.tf"]), "A\n");
    assert_eq!(repo.git(&["show", "fix:a.tf"]), "top\n");
}

#[test]
fn windows_lines_are_committed_as_git_keeps_them() {
    let repo = Repo::new(&[("a.tf", "a\nb\n")]);
    repo.write("a.tf", "a\r\nb\r\n");
    let commits = [commit("one", "a.tf", (6, "a\r\nB\r\n"))];
    repo.branch(&[("a.tf", "a\r\nb\r\n")], &commits, Dirty::Refuse).unwrap();
    assert_eq!(repo.git(&["show", "quell/fix:a.tf"]), "a\nB\n");
    assert_eq!(repo.git(&["diff", "--stat", "trunk", "quell/fix"]).lines().count(), 2);
}

#[test]
fn what_is_not_committed_is_in_the_way() {
    let repo = Repo::new(&[("a.tf", "a\n"), ("vars.tf", "v\n"), (".gitignore", "*.tfstate\n")]);
    let commits = [commit("one", "a.tf", (2, "A\n"))];
    let read = [("a.tf", "a\n"), ("vars.tf", "other\n"), ("x.tfstate", "{}")];
    let error = repo.branch(&read, &commits, Dirty::Refuse).unwrap_err();
    assert!(error.contains("`vars.tf` differs"), "{error}");
    let own = [("a.tf", "mine\n"), ("vars.tf", "v\n")];
    let error = repo.branch(&own, &commits, Dirty::Allow).unwrap_err();
    assert!(error.contains("your changes"), "{error}");
    repo.branch(&read, &commits, Dirty::Allow).unwrap();
}

#[test]
fn a_name_that_is_taken_or_no_name_is_refused() {
    let repo = Repo::new(&[("a.tf", "a\n")]);
    let read = BTreeMap::from([("a.tf".to_owned(), "a\n".to_owned())]);
    for name in ["trunk", "-f", "a..b", "x y", ""] {
        let made = write_branch(repo.0.path(), &read, &[], (name, Dirty::Refuse));
        assert!(made.is_err(), "{name}");
    }
    assert_eq!(repo.git(&["branch", "--list"]), "* trunk\n");
}

#[cfg(unix)]
#[test]
fn hooks_and_watchers_of_a_repository_are_not_run() {
    use std::os::unix::fs::PermissionsExt;
    let repo = Repo::new(&[("a.tf", "a\n")]);
    let ran = repo.0.path().join("ran");
    let script = format!("#!/bin/sh\ntouch {}\n", ran.display());
    for hook in ["reference-transaction", "post-commit", "pre-commit", "watcher"] {
        let path = repo.0.path().join(".git/hooks").join(hook);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let watcher = repo.0.path().join(".git/hooks/watcher");
    repo.git(&["config", "core.fsmonitor", watcher.to_str().unwrap()]);
    drop(fs::remove_file(&ran));
    repo.branch(&[("a.tf", "a\n")], &[commit("one", "a.tf", (2, "A\n"))], Dirty::Refuse).unwrap();
    assert!(!ran.exists());
}

#[test]
fn only_touched_files_must_be_committed_before_they_are_written_over() {
    let repo = Repo::new(&[("a.tf", "a\n"), ("b.tf", "b\n")]);
    let files = |a: &str| BTreeMap::from([("a.tf".to_owned(), a.to_owned())]);
    assert!(refuse_uncommitted(repo.0.path(), &files("a\n")).is_ok());
    let error = refuse_uncommitted(repo.0.path(), &files("mine\n")).unwrap_err().to_string();
    assert!(error.contains("not committed"), "{error}");
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(refuse_uncommitted(elsewhere.path(), &files("mine\n")).is_ok());
}
