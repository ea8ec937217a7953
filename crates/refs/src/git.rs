//! Hosts of git, by its protocol over HTTP: which commit a tag or a branch stands for.

use std::collections::{BTreeMap, HashSet};

use quell_http::{Request, Sizes};

use crate::asked::{Known, is_commit, is_host, is_plain_path, shown};
use crate::resolver::{Resolver, told};

/// Most that is read of what a host names; large projects name hundreds of thousands.
const SIZES: Sizes = Sizes { received_bytes: 64 << 20, decoded_bytes: 64 << 20, ratio: 200 };
/// Longest line, as git has it.
const MOST_LINE: usize = 65_520;
/// What the answer has to be.
const MEDIA: &str = "application/x-git-upload-pack-advertisement";

impl Resolver {
    /// The commits of some versions of a repository, asked for at once.
    pub(crate) async fn commits(
        &self,
        repository: &str,
        versions: &[String],
    ) -> Vec<Result<Known, String>> {
        match self.refs(repository, versions).await {
            Ok(refs) => versions.iter().map(|version| of(&refs, repository, version)).collect(),
            Err(why) => versions.iter().map(|_| Err(why.clone())).collect(),
        }
    }

    async fn refs(&self, repository: &str, versions: &[String]) -> Result<Refs, String> {
        let odd = || format!("`{}` is no repository of a host", shown(repository));
        let (host, path) = repository.split_once('/').ok_or_else(odd)?;
        let path = path.strip_suffix(".git").unwrap_or(path);
        if !is_host(host) || !is_plain_path(path) {
            return Err(odd());
        }
        // Azure DevOps knows no ending.
        let ending = if path.contains("/_git/") { "" } else { ".git" };
        let url = format!("{}/{path}{ending}/info/refs?service=git-upload-pack", self.base(host));
        let what = format!("the repository `{path}`");
        let told = |error| told(&error, host, &what);
        let request = Request::get(&url).map_err(told)?.sizes(SIZES);
        let mut answer = self.client().open(&request).await.map_err(told)?;
        let media = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
        if media != Some(MEDIA) {
            return Err(format!(
                "what `{host}` answers for {what} is not the answer of a git host"
            ));
        }
        let mut reader = Reader::new(versions);
        let broken = |why: &str| format!("what `{host}` answers for {what} {why}");
        while let Some(piece) = answer.next().await.map_err(told)? {
            reader.push(&piece).map_err(broken)?;
        }
        reader.finish().map_err(broken)
    }
}

/// Names and commits of those that are wanted; a name with two is kept with none.
type Refs = BTreeMap<String, Option<String>>;

/// The commit of a version: its tag, else its branch.
fn of(refs: &Refs, repository: &str, version: &str) -> Result<Known, String> {
    if version != "HEAD" && !is_plain_path(version) {
        return Err(format!("`{}` is no tag and no branch", shown(version)));
    }
    let at = |name: &str| refs.get(name);
    let tag =
        at(&format!("refs/tags/{version}^{{}}")).or_else(|| at(&format!("refs/tags/{version}")));
    let branch = at(&format!("refs/heads/{version}"));
    let found = match (version, tag, branch) {
        ("HEAD", _, _) => at("HEAD"),
        (_, Some(tag), Some(branch)) if tag != branch => {
            return Err(format!(
                "`{repository}` has a tag and a branch `{version}`: a person must say which"
            ));
        }
        (_, tag, branch) => tag.or(branch),
    };
    match found {
        Some(Some(commit)) => {
            Ok(Known { value: commit.clone(), from: format!("`{repository}` for `{version}`") })
        }
        Some(None) => Err(format!("`{repository}` names several commits for `{version}`")),
        None => Err(format!("`{repository}` has no tag and no branch `{version}`")),
    }
}

/// What a host names, read as it comes; only what is wanted is kept.
#[derive(Debug)]
struct Reader {
    wanted: HashSet<String>,
    buffer: Vec<u8>,
    found: Refs,
    /// Ends of a part that came: of the head, and of the list.
    ends: usize,
}

impl Reader {
    fn new(versions: &[String]) -> Self {
        let names = versions.iter().flat_map(|version| {
            ["refs/tags/", "refs/heads/"].map(|kind| format!("{kind}{version}"))
        });
        let peeled = versions.iter().map(|version| format!("refs/tags/{version}^{{}}"));
        let wanted = names.chain(peeled).chain(["HEAD".to_owned()]).collect();
        Self { wanted, buffer: Vec::new(), found: Refs::new(), ends: 0 }
    }

    fn push(&mut self, piece: &[u8]) -> Result<(), &'static str> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.extend_from_slice(piece);
        let mut at = 0;
        while let Some((line, next)) = line(&buffer, at)? {
            at = next;
            match line {
                Some(line) => self.take(line)?,
                None => self.ends += 1,
            }
        }
        buffer.drain(..at);
        self.buffer = buffer;
        Ok(())
    }

    fn take(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches('\n');
        if self.ends == 0 {
            let own = text == "# service=git-upload-pack";
            return if own { Ok(()) } else { Err("does not begin as git's does") };
        }
        let text = text.split('\0').next().unwrap_or_default();
        let (commit, name) = text.split_once(' ').ok_or("has a line that names no commit")?;
        if self.ends > 1 || !is_commit(commit) {
            return Err("has a line that names no commit");
        }
        if !self.wanted.contains(name) {
            return Ok(());
        }
        let known = self.found.entry(name.to_owned()).or_insert_with(|| Some(commit.to_owned()));
        if known.as_deref() != Some(commit) {
            *known = None;
        }
        Ok(())
    }

    fn finish(self) -> Result<Refs, &'static str> {
        match self.ends >= 2 && self.buffer.is_empty() {
            true => Ok(self.found),
            false => Err("breaks off"),
        }
    }
}

/// The next line and where it ends; no text where a part ends, nothing where more has to come.
#[expect(clippy::type_complexity, reason = "a line that may be an end, or nothing yet")]
fn line(bytes: &[u8], at: usize) -> Result<Option<(Option<&[u8]>, usize)>, &'static str> {
    let Some(head) = bytes.get(at..at + 4) else { return Ok(None) };
    let odd = "has a line of no length";
    let length = std::str::from_utf8(head).map_err(|_| odd)?;
    if !length.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(odd);
    }
    let length = usize::from_str_radix(length, 16).map_err(|_| odd)?;
    match length {
        0 => Ok(Some((None, at + 4))),
        1..4 => Err(odd),
        length if length > MOST_LINE => Err(odd),
        length => Ok(bytes.get(at + 4..at + length).map(|line| (Some(line), at + length))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn packed(lines: &[&str]) -> Vec<u8> {
        let one = |line: &&str| match *line {
            "" => "0000".to_owned(),
            line => format!("{:04x}{line}\n", line.len() + 5),
        };
        lines.iter().map(one).collect::<String>().into_bytes()
    }

    fn read(lines: &[&str], versions: &[&str], piece: usize) -> Result<Refs, &'static str> {
        let versions: Vec<String> = versions.iter().map(|one| (*one).to_owned()).collect();
        let mut reader = Reader::new(&versions);
        for part in packed(lines).chunks(piece) {
            reader.push(part)?;
        }
        reader.finish()
    }

    const HEAD: &str = "# service=git-upload-pack";

    #[test]
    fn a_tag_is_the_commit_that_it_leads_to() {
        let first = format!("{ONE} HEAD\0multi_ack agent=x");
        let (branch, tag) = (format!("{ONE} refs/heads/main"), format!("{TWO} refs/tags/v4"));
        let (other, peeled) =
            (format!("{TWO} refs/pull/1/head"), format!("{ONE} refs/tags/v4^{{}}"));
        let lines = [HEAD, "", &first, &branch, &other, &tag, &peeled, ""];
        for piece in [1, 3, 50, 10_000] {
            let refs = read(&lines, &["v4", "main", "v5"], piece).unwrap();
            assert_eq!(refs.len(), 4);
            let value = |version: &str| of(&refs, "h/r", version).map(|known| known.value);
            assert_eq!(value("v4").as_deref(), Ok(ONE));
            assert_eq!(value("main").as_deref(), Ok(ONE));
            assert_eq!(value("HEAD").as_deref(), Ok(ONE));
            assert!(value("v5").unwrap_err().contains("no tag and no branch"));
            assert!(value("../x").is_err());
        }
    }

    #[test]
    fn what_says_two_things_says_nothing() {
        let (tag, branch) = (format!("{ONE} refs/tags/v4"), format!("{TWO} refs/heads/v4"));
        let refs = read(&[HEAD, "", &tag, &branch, ""], &["v4"], 99).unwrap();
        assert!(of(&refs, "h/r", "v4").unwrap_err().contains("a person must say which"));
        let twice = format!("{TWO} refs/tags/v4");
        let refs = read(&[HEAD, "", &tag, &twice, ""], &["v4"], 99).unwrap();
        assert!(of(&refs, "h/r", "v4").unwrap_err().contains("several commits"));
    }

    #[test]
    fn what_is_no_answer_of_git_is_refused() {
        let tag = format!("{ONE} refs/tags/v4");
        for lines in [
            &["<html>", ""][..],
            &[HEAD, "", &tag][..],
            &[HEAD, ""][..],
            &[HEAD, "", "ERR access denied", ""][..],
            &[HEAD, "", "zz refs/tags/v4", ""][..],
            &[HEAD, "", &tag, "", &tag, ""][..],
        ] {
            assert!(read(lines, &["v4"], 7).is_err(), "{lines:?}");
        }
        for bytes in [&b"0001"[..], b"fffe", b"zzzz", b"+123", b"00\xff4"] {
            assert!(Reader::new(&[]).push(bytes).is_err() || bytes == b"fffe", "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut reader = Reader::new(&["v1".to_owned()]);
            if reader.push(&bytes).is_ok() {
                drop(reader.finish());
            }
        }
    }
}
