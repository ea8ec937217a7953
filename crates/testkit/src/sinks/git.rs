//! A repository of Git in memory: blobs, trees, commits and branches.

use std::collections::{BTreeMap, BTreeSet};

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// A file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mode: String,
    pub(super) blob: String,
}

/// All files of a tree by their paths.
pub(super) type Tree = BTreeMap<String, Entry>;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) tree: String,
    pub(super) parents: Vec<String>,
    pub(super) message: String,
    pub(super) author: String,
    /// Who wrote it last: another one where somebody amended it.
    pub(super) committer: String,
    /// When it was written last, as a number that grows.
    pub(super) at: u64,
    /// When it was written first.
    pub(super) authored: u64,
}

/// A repository.
#[derive(Debug, Default)]
pub(super) struct Git {
    blobs: BTreeMap<String, String>,
    trees: BTreeMap<String, Tree>,
    commits: BTreeMap<String, Commit>,
    pub(super) heads: BTreeMap<String, String>,
    clock: u64,
}

fn id(kind: &str, text: &str) -> String {
    let whole = format!("{kind} {}\0{text}", text.len());
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, whole.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id that Git gives a text.
#[must_use]
pub fn blob_id(text: &str) -> String {
    id("blob", text)
}

impl Git {
    /// A repository with one commit on a branch.
    pub(super) fn new(branch: &str, files: &[(&str, &str)]) -> Self {
        let mut git = Self::default();
        let tree = files.iter().map(|(path, text)| ((*path).to_owned(), git.file(text, false)));
        let tree: Tree = tree.collect::<Vec<_>>().into_iter().collect();
        let tree = git.put_tree(tree);
        let commit = git.put_commit(&tree, &[], "Begin", "founder");
        git.heads.insert(branch.to_owned(), commit);
        git
    }

    /// A file with this text.
    pub(super) fn file(&mut self, text: &str, executable: bool) -> Entry {
        let blob = blob_id(text);
        self.blobs.insert(blob.clone(), text.to_owned());
        let mode = if executable { "100755" } else { "100644" };
        Entry { mode: mode.to_owned(), blob }
    }

    pub(super) fn put_tree(&mut self, tree: Tree) -> String {
        let lines = tree.iter().map(|(path, file)| format!("{} {} {path}\n", file.mode, file.blob));
        let sha = id("tree", &lines.collect::<String>());
        self.trees.insert(sha.clone(), tree);
        sha
    }

    pub(super) fn put_commit(
        &mut self,
        tree: &str,
        parents: &[String],
        message: &str,
        author: &str,
    ) -> String {
        self.clock += 1;
        let text = format!("{tree}\n{}\n{message}\n{author}\n{}", parents.join(" "), self.clock);
        let sha = id("commit", &text);
        let commit = Commit {
            tree: tree.to_owned(),
            parents: parents.to_vec(),
            message: message.to_owned(),
            author: author.to_owned(),
            committer: author.to_owned(),
            at: self.clock,
            authored: self.clock,
        };
        self.commits.insert(sha.clone(), commit);
        sha
    }

    pub(super) fn tree(&self, sha: &str) -> Option<&Tree> {
        self.trees.get(sha)
    }

    pub(super) fn commit(&self, sha: &str) -> Option<&Commit> {
        self.commits.get(sha)
    }

    pub(super) fn head(&self, branch: &str) -> Option<(&str, &Commit)> {
        let sha = self.heads.get(branch)?;
        Some((sha.as_str(), self.commits.get(sha)?))
    }

    /// The files at a commit or a branch.
    pub(super) fn files(&self, at: &str) -> Option<&Tree> {
        let sha = self.heads.get(at).map_or(at, String::as_str);
        self.trees.get(&self.commits.get(sha)?.tree)
    }

    pub(super) fn text(&self, blob: &str) -> Option<&str> {
        self.blobs.get(blob).map(String::as_str)
    }

    /// The text of a file at a commit or a branch.
    pub(super) fn text_at(&self, at: &str, path: &str) -> Option<&str> {
        self.text(&self.files(at)?.get(path)?.blob)
    }

    /// A commit of somebody's on a branch.
    pub(super) fn push(&mut self, branch: &str, author: &str, path: &str, text: &str) -> String {
        let (parent, mut tree) = match self.head(branch) {
            Some((sha, commit)) => {
                (vec![sha.to_owned()], self.trees.get(&commit.tree).cloned().unwrap_or_default())
            }
            None => (Vec::new(), Tree::new()),
        };
        let file = self.file(text, false);
        tree.insert(path.to_owned(), file);
        let tree = self.put_tree(tree);
        let sha = self.put_commit(&tree, &parent, "A change by hand", author);
        self.heads.insert(branch.to_owned(), sha.clone());
        sha
    }

    /// The head of a branch written anew by somebody, with another file in it and the same message.
    pub(super) fn amend(&mut self, branch: &str, who: &str, path: &str, text: &str) {
        let Some((_, head)) = self.head(branch) else { return };
        let head = head.clone();
        let mut tree = self.trees.get(&head.tree).cloned().unwrap_or_default();
        let file = self.file(text, false);
        tree.insert(path.to_owned(), file);
        let tree = self.put_tree(tree);
        let sha = self.put_commit(&tree, &head.parents, &head.message, &head.author);
        if let Some(commit) = self.commits.get_mut(&sha) {
            who.clone_into(&mut commit.committer);
            commit.authored = head.authored;
        }
        self.heads.insert(branch.to_owned(), sha);
    }

    /// All commits that a commit comes from, itself among them.
    pub(super) fn ancestors(&self, sha: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut waiting = vec![sha.to_owned()];
        while let Some(next) = waiting.pop() {
            if all.insert(next.clone()) {
                waiting
                    .extend(self.commits.get(&next).map(|c| c.parents.clone()).unwrap_or_default());
            }
        }
        all
    }

    /// The newest commit that two have in common.
    pub(super) fn merge_base(&self, a: &str, b: &str) -> Option<String> {
        let (a, b) = (self.ancestors(a), self.ancestors(b));
        let both = a.intersection(&b);
        both.max_by_key(|sha| self.commits.get(*sha).map_or(0, |c| c.at)).cloned()
    }

    /// Paths whose files differ between two commits.
    pub(super) fn changed(&self, from: &str, to: &str) -> BTreeSet<String> {
        let empty = Tree::new();
        let (from, to) = (self.files(from).unwrap_or(&empty), self.files(to).unwrap_or(&empty));
        let paths = from.keys().chain(to.keys());
        paths.filter(|path| from.get(*path) != to.get(*path)).cloned().collect()
    }

    /// What a branch brings to another: the paths, and whether they conflict.
    pub(super) fn brings(&self, base: &str, head: &str) -> (BTreeSet<String>, bool) {
        let Some(common) = self.merge_base(base, head) else { return (BTreeSet::new(), true) };
        let ours = self.changed(&common, head);
        let theirs = self.changed(&common, base);
        let same = |path: &&String| {
            self.files(base).and_then(|f| f.get(*path))
                == self.files(head).and_then(|f| f.get(*path))
        };
        let conflicts = ours.intersection(&theirs).any(|path| !same(&path));
        (ours, conflicts)
    }

    /// Merges a commit into a branch.
    pub(super) fn merge(&mut self, branch: &str, head: &str, who: &str) -> Option<String> {
        let base = self.heads.get(branch)?.clone();
        let (paths, _) = self.brings(&base, head);
        let mut tree = self.files(&base)?.clone();
        for path in paths {
            match self.files(head)?.get(&path).cloned() {
                Some(file) => tree.insert(path, file),
                None => tree.remove(&path),
            };
        }
        let tree = self.put_tree(tree);
        let sha = self.put_commit(&tree, &[base, head.to_owned()], "Merge", who);
        self.heads.insert(branch.to_owned(), sha.clone());
        Some(sha)
    }
}
