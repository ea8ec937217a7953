//! What may be brought to a repository, and how a commit of Quell's own is told from others.

use quell_deliver::Key;
use quell_deliver::letter::CodeChange;
use quell_model::KeyHasher;

use crate::SinkError;

/// Most files of a change.
const MOST_FILES: usize = 100;
/// Most bytes of all its files.
const MOST_BYTES: usize = 5 << 20;
/// Most characters of a commit's message.
const MOST_MESSAGE: usize = 4_000;
/// What is said where the files are not any more what the change was made on.
pub(crate) const BASE_MOVED: &str = "the base moved: the fix must be made anew";

/// The branch of a delivery.
pub(crate) fn branch(key: &Key) -> String {
    format!("quell/{}", key.as_str())
}

/// What a host allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// What steers its pipelines: beginnings of paths, or whole ones.
    pub(crate) pipelines: &'static [&'static str],
    /// What somebody has to allow there, in words for a person.
    pub(crate) right: &'static str,
    /// Whether that is allowed.
    pub(crate) allowed: bool,
}

/// Looks whether a change can be brought at all.
///
/// # Errors
/// A path or a branch is not one, or the change is too large.
pub(crate) fn checked(change: &CodeChange, place: Place) -> Result<(), SinkError> {
    let refused = |why: String| Err(SinkError::Refused(why));
    if !branch_fits(&change.base) {
        return refused("the base branch has a name that Git does not take".to_owned());
    }
    if change.files.is_empty() {
        return refused("the change has no file".to_owned());
    }
    let bytes: usize = change.files.iter().map(|file| file.after.len()).sum();
    if change.files.len() > MOST_FILES || bytes > MOST_BYTES {
        return refused(format!(
            "the change has {} files of {bytes} bytes; at most {MOST_FILES} of {MOST_BYTES} are sent",
            change.files.len()
        ));
    }
    let mut paths: Vec<&str> = Vec::new();
    for file in &change.files {
        let path = file.path.as_str();
        if !path_fits(path) {
            return refused(format!("`{}` is no path inside a repository", path.escape_debug()));
        }
        if paths.contains(&path) {
            return refused(format!("`{path}` stands in the change twice"));
        }
        let steers = |one: &&str| path.to_ascii_lowercase().starts_with(*one);
        if !place.allowed && place.pipelines.iter().any(steers) {
            return refused(format!("`{path}` steers pipelines: {}", place.right));
        }
        paths.push(path);
    }
    Ok(())
}

/// Whether a path is relative and leads into the repository's files, on every file system.
pub(crate) fn path_fits(path: &str) -> bool {
    let part_fits = |part: &str| {
        let plain = part.trim_end_matches(['.', ' ']).to_ascii_lowercase();
        !plain.is_empty() && plain != ".git" && plain != "git~1"
    };
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\\' | ':')
            || quell_model::shown(&c.to_string(), false).len() > 4
    };
    path.len() <= 1_000 && !path.chars().any(odd) && path.split('/').all(part_fits)
}

/// Whether Git takes a name for a branch, strictly.
pub(crate) fn branch_fits(name: &str) -> bool {
    let letter =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '#');
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    name.len() <= 200
        && name.chars().all(letter)
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && name.split('/').all(part)
}

/// What makes a change the same: where it goes, and its files as they are afterwards.
pub(crate) fn digest(change: &CodeChange) -> String {
    let mut hasher = KeyHasher::new("change").part(&change.base);
    for file in &change.files {
        let mode = if file.executable { "x" } else { "-" };
        hasher = hasher.part(&file.path).part(mode).part(&file.after);
    }
    hasher.finish::<()>().to_string()
}

/// The last line of a commit's message: whose it is, what it brings, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trailer {
    /// The mark of the delivery.
    pub(crate) mark: String,
    /// What it brings.
    pub(crate) digest: String,
    /// The head of the base when it was made.
    pub(crate) base: String,
    /// The tree that it holds, where that is known before it is made. A commit that somebody
    /// changed afterwards holds another one.
    pub(crate) tree: Option<String>,
}

impl Trailer {
    /// A commit's whole message.
    pub(crate) fn message(&self, change: &CodeChange) -> String {
        let plain = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
        let words: String = change.message.chars().take(MOST_MESSAGE).map(plain).collect();
        let words = if words.trim().is_empty() { "Apply a fix" } else { words.trim() };
        let tree = self.tree.as_ref().map(|tree| format!(" tree={tree}")).unwrap_or_default();
        format!(
            "{words}\n\nQuell-Change: {} change={} base={}{tree}\n",
            self.mark, self.digest, self.base
        )
    }

    /// The trailer of a commit, if it has one.
    pub(crate) fn of(message: &str) -> Option<Self> {
        let line = message.trim_end().lines().next_back()?;
        let mut words = line.strip_prefix("Quell-Change: ")?.split(' ');
        let mark = words.next()?.to_owned();
        let digest = words.next()?.strip_prefix("change=")?.to_owned();
        let base = words.next()?.strip_prefix("base=")?.to_owned();
        let tree = words.next().and_then(|word| word.strip_prefix("tree=")).map(str::to_owned);
        Some(Self { mark, digest, base, tree })
    }
}

#[cfg(test)]
mod tests {
    use quell_deliver::letter::ChangedFile;

    use super::*;

    fn change(path: &str) -> CodeChange {
        let file = ChangedFile {
            path: path.to_owned(),
            before: None,
            after: "x".to_owned(),
            executable: false,
        };
        CodeChange {
            repository: "o/r".to_owned(),
            base: "main".to_owned(),
            base_commit: None,
            files: vec![file],
            message: "Close the bucket".to_owned(),
            proved: Vec::new(),
        }
    }

    #[test]
    fn paths_stay_in_the_repository() {
        for path in ["main.tf", "a/b/c.yaml", ".github/x", "a b/ü.tf", "..a/b", ".gitignore"] {
            assert!(path_fits(path), "{path}");
        }
        for path in [
            "",
            "/etc/passwd",
            "a//b",
            "../x",
            "a/../b",
            ".",
            "a/.",
            ".git/config",
            "a/.GIT/x",
            ".git./x",
            ".git /x",
            "GIT~1/x",
            "a\\b",
            "C:x",
            "a\nb",
            "a\u{202e}b",
            "a/\u{200b}.git/x",
        ] {
            assert!(!path_fits(path), "{path}");
        }
    }

    #[test]
    fn branches_have_strict_names() {
        for name in ["main", "release/1.2", "feature/a-b_c"] {
            assert!(branch_fits(name), "{name}");
        }
        for name in [
            "", "-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a@{1}",
            "x.lock", "a/.b", "a/", "/a", "a.",
        ] {
            assert!(!branch_fits(name), "{name}");
        }
    }

    #[test]
    fn pipelines_need_a_right() {
        let place = Place { pipelines: &[".github/workflows/"], right: "allow it", allowed: false };
        let error = checked(&change(".GitHub/Workflows/ci.yml"), place).unwrap_err();
        assert!(error.to_string().contains("allow it"), "{error}");
        assert!(
            checked(&change(".github/workflows/ci.yml"), Place { allowed: true, ..place }).is_ok()
        );
        assert!(checked(&change("main.tf"), place).is_ok());
    }

    #[test]
    fn a_trailer_is_read_back() {
        let trailer = Trailer {
            mark: "quell-abc".to_owned(),
            digest: digest(&change("a")),
            base: "0123".to_owned(),
            tree: Some("4567".to_owned()),
        };
        let message = trailer.message(&change("a"));
        assert_eq!(Trailer::of(&message), Some(trailer.clone()));
        assert_eq!(Trailer::of(&format!("Revert \"{message}\"\n\nThis reverts it.")), None);
        let without = Trailer { tree: None, ..trailer };
        assert_eq!(Trailer::of(&without.message(&change("a"))), Some(without));
    }
}
