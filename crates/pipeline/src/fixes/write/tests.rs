use std::cell::Cell;
use std::process::Command;

use super::*;

const THREE: [(&str, &str, &str); 3] = [("a.tf", "a", "A"), ("b.tf", "b", "B"), ("c.tf", "c", "C")];

fn of((path, before, after): (&str, &str, &str)) -> FileChange {
    change(path, before, after)
}

fn change(path: &str, before: &str, after: &str) -> FileChange {
    FileChange { path: path.into(), before: before.into(), after: after.into() }
}

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = tree.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        tree
    }

    /// Every file with its text, in order.
    fn all(&self) -> Vec<(String, String)> {
        let mut found = below(self.0.path());
        found.sort();
        found
    }

    /// The changes are refused with this word, and nothing has changed.
    fn refuses(&self, changes: &[FileChange], word: &str) {
        let before = self.all();
        let error = write_files(self.0.path(), changes).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert_eq!(self.all(), before);
    }
}

fn below(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut found: Vec<(String, String)> =
        files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect();
    for folder in folders {
        let inner = below(&folder).into_iter();
        found.extend(inner.map(|(path, text)| (format!("{}/{path}", name(&folder)), text)));
    }
    found
}

#[test]
fn all_files_are_written_and_nothing_is_left_beside_them() {
    let tree = Tree::new(&[("a.tf", "a\r\n"), ("m/b.tf", "b\n")]);
    let changes = [change("a.tf", "a\r\n", "A\r\n"), change("m/b.tf", "b\n", "B\n")];
    write_files(tree.0.path(), &changes).unwrap();
    let expected = [("a.tf", "A\r\n"), ("m/b.tf", "B\n")];
    assert_eq!(tree.all(), expected.map(|(n, t)| (n.to_owned(), t.to_owned())));
}

#[test]
fn a_path_out_of_the_repository_is_refused() {
    let tree = Tree::new(&[("r/a.tf", "a"), ("out.tf", "x")]);
    let root = tree.0.path().join("r");
    for path in ["../out.tf", "/etc/hostname", "m/../../out.tf", "", "./a.tf"] {
        let error = write_files(&root, &[change(path, "x", "y")]).unwrap_err().to_string();
        assert!(error.contains("nothing was written"), "{path}: {error}");
    }
    assert_eq!(fs::read_to_string(tree.0.path().join("out.tf")).unwrap(), "x");
}

#[cfg(unix)]
#[test]
fn a_link_is_refused_wherever_it_leads() {
    let tree = Tree::new(&[("a.tf", "a"), ("in/b.tf", "b")]);
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, tree.0.path().join(name)).unwrap();
    };
    link("a.tf", "link.tf");
    link("in", "folder");
    for path in ["link.tf", "folder/b.tf"] {
        let error = write_files(tree.0.path(), &[change(path, "a", "y")]).unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{error}");
    }
}

#[test]
fn a_file_that_changed_since_stops_all_of_them() {
    let tree = Tree::new(&[("a.tf", "a"), ("b.tf", "other")]);
    tree.refuses(&[change("a.tf", "a", "A"), change("b.tf", "b", "B")], "changed since");
}

#[test]
fn a_read_only_file_or_folder_stops_all_of_them() {
    let tree = Tree::new(&[("a.tf", "a"), ("m/b.tf", "b")]);
    let path = tree.0.path().join("m/b.tf");
    let set = |path: &Path, readonly| {
        let mut permissions = fs::metadata(path).unwrap().permissions();
        permissions.set_readonly(readonly);
        fs::set_permissions(path, permissions).unwrap();
    };
    let changes = [change("a.tf", "a", "A"), change("m/b.tf", "b", "B")];
    set(&path, true);
    tree.refuses(&changes, "read-only");
    set(&path, false);
    set(&tree.0.path().join("m"), true);
    tree.refuses(&changes, "read-only");
    set(&tree.0.path().join("m"), false);
}

#[test]
fn a_failure_half_way_is_undone() {
    let tree = Tree::new(&[("a.tf", "a"), ("b.tf", "b"), ("c.tf", "c")]);
    let before = tree.all();
    for nth in 0..8 {
        let count = Cell::new(0);
        let full = |_| {
            let at = count.replace(count.get() + 1);
            if at == nth { Err(io::Error::other("the disk is full")) } else { Ok(()) }
        };
        let error = write_with(tree.0.path(), &THREE.map(of), &full).unwrap_err().to_string();
        assert!(error.contains("the disk is full"), "{error}");
        assert_eq!(tree.all(), before, "at step {nth}");
    }
}

/// The steps of a write of three files: the journal twice, each file twice, the journal's end.
const STEPS: usize = 9;

/// Runs in a program of its own, and ends that without any warning at a step.
#[test]
fn killed_here() {
    let Ok(asked) = std::env::var("QUELL_TEST_KILL") else { return };
    let (what, rest) = asked.split_once(' ').unwrap();
    let (nth, root) = rest.split_once(' ').unwrap();
    let nth: usize = nth.parse().unwrap();
    let count = Cell::new(0);
    let kill = |_| {
        if count.replace(count.get() + 1) == nth {
            std::process::abort();
        }
        Ok(())
    };
    match what {
        "write" => write_with(Path::new(root), &THREE.map(of), &kill).unwrap(),
        _ => drop(recover_with(Path::new(root), &kill).unwrap()),
    }
}

/// Kills a run at a step; whether it came to its end before.
fn killed(what: &str, nth: usize, root: &Path) -> bool {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fixes::write::tests::killed_here", "--quiet"])
        .env("QUELL_TEST_KILL", format!("{what} {nth} {}", root.display()))
        .output()
        .unwrap()
        .status;
    status.success()
}

/// A folder with the three files, in a checkout of git or in none.
fn three(git: bool) -> Tree {
    let tree = Tree::new(&THREE.map(|(name, before, _)| (name, before)));
    if git {
        let made = Command::new("git").arg("init").arg("-q").arg(tree.0.path()).status().unwrap();
        assert!(made.success());
    }
    tree
}

/// The files of the tree, without git's own.
fn own(tree: &Tree) -> Vec<(String, String)> {
    let all = tree.all().into_iter();
    all.filter(|(path, _)| !path.starts_with(".git/")).collect()
}

#[test]
fn a_kill_at_any_step_leaves_all_or_none_after_the_next_run() {
    for git in [false, true] {
        let before = own(&three(git));
        for nth in 0..STEPS {
            let tree = three(git);
            let root = tree.0.path();
            assert!(!killed("write", nth, root), "step {nth} is none");
            let texts: Vec<_> =
                own(&tree).into_iter().filter(|(n, _)| n.ends_with(".tf")).collect();
            let back = recover_files(root).unwrap();
            if texts != before {
                let changed = texts.iter().zip(&before).filter(|(now, then)| now != then).count();
                assert_eq!(back.map(|paths| paths.len()), Some(changed));
            }
            assert_eq!(recover_files(root).unwrap(), None);
            write_files(root, &THREE.map(of)).unwrap();
            assert_eq!(own(&tree), THREE.map(|(n, _, t)| (n.to_owned(), t.to_owned())));
        }
        let tree = three(git);
        assert!(killed("write", STEPS, tree.0.path()), "there is a step more");
    }
}

#[test]
fn a_kill_while_it_is_put_back_is_put_back_by_the_next() {
    let before = own(&three(false));
    // All three are in place and the journal is still there.
    let last = STEPS - 1;
    for nth in 0..=3 {
        let tree = three(false);
        assert!(!killed("write", last, tree.0.path()));
        assert!(!killed("recover", nth, tree.0.path()), "step {nth} is none");
        recover_files(tree.0.path()).unwrap();
        assert_eq!(own(&tree), before, "killed at step {nth}");
    }
}

#[test]
fn what_a_person_changed_since_is_never_put_back() {
    let tree = three(false);
    let root = tree.0.path();
    assert!(!killed("write", STEPS - 1, root));
    fs::write(root.join("b.tf"), "mine").unwrap();
    let before = tree.all();
    for error in [recover_files(root).unwrap_err(), write_files(root, &[]).unwrap_err()] {
        let error = error.to_string();
        assert!(error.contains("ended while it wrote"), "{error}");
    }
    assert_eq!(tree.all(), before);
    fs::remove_file(root.join(".quell-write/journal.json")).unwrap();
    assert_eq!(recover_files(root).unwrap(), None);
}

#[test]
fn a_journal_of_a_stranger_reaches_nothing() {
    let own = Tree::new(&[("r/a.tf", "A"), ("out.tf", "A"), ("r/.quell-write/lock", "")]);
    let root = own.0.path().join("r");
    let path = root.join(".quell-write/journal.json");
    let hash = blake3::hash(b"A").to_hex().to_string();
    let journal = |run: &str, path: &str, after: &str| {
        let files = serde_json::json!([{"path": path, "before": "evil", "after": after}]);
        serde_json::json!({"run": run, "files": files}).to_string()
    };
    let ours = "0123456789abcdef";
    for text in [
        journal(ours, "../out.tf", &hash),
        journal(ours, "/etc/hostname", &hash),
        journal(ours, "a.tf", "00"),
        journal("../../x", "a.tf", &hash),
        "{".to_owned(),
    ] {
        fs::write(&path, &text).unwrap();
        let before = own.all();
        let error = recover_files(&root).unwrap_err().to_string();
        assert!(error.contains("ended while it wrote"), "{error}");
        assert_eq!(own.all(), before, "{text}");
    }
}

#[test]
fn two_do_not_write_at_once() {
    let tree = three(false);
    let root = tree.0.path().canonicalize().unwrap();
    let home = Home::of(&root).unwrap();
    let lock = home.lock().unwrap();
    tree.refuses(&THREE.map(of), "another run writes");
    drop(lock);
    write_files(&root, &THREE.map(of)).unwrap();
}
