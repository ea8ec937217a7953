//! Names the commit of a module instead of a version, which its owner can move.
//!
//! # What it changes
//! In a git source the value of `ref`, or `?ref=` is added. A module of a registry is taken from its
//! git repository instead, and `version` goes, which only registries know. The commit is the one that
//! another call in the repository names for that version, else `terraform.commit.<host>/<path>@<version>`
//! or `terraform.module.<source>@<version>` of the settings.
//!
//! # When it is withheld
//! Nothing names a commit, or the source is no plain text, an archive, or written in an odd way.

use std::collections::BTreeSet;

use hcl_edit::expr::Expression;

use super::{Change, Recipe, Request};
use crate::terraform::edit::Splice;
use crate::terraform::{Resource, edit};

pub(super) const RECIPE: Recipe = Recipe { id: "pin_module", plan };

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let resource = &request.resource;
    let file = resource.file;
    let changed = |text: String| Change {
        file: file.path.clone(),
        text,
        address: resource.address(),
        added: None,
        ..Change::default()
    };
    let (value, source) = literal(resource, "source")?;
    let odd = || "the source is written in a way that is not changed".to_owned();
    if let Some(git) = Git::parse(source) {
        if git.is_pinned() {
            return Ok(changed(file.text.clone()));
        }
        let commit = commit(request, &git)?;
        let span = file.span(value).ok_or_else(odd)?;
        let written = file.text.get(span.clone()).ok_or_else(odd)?;
        let inner = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if inner != Some(source) {
            return Err(odd());
        }
        let new = format!("\"{}\"{}", git.at(&commit), comment(file.text.get(span.end..), &git));
        let splice = Splice { range: span, text: new };
        return splice.apply(&file.text).map(changed).ok_or_else(odd);
    }
    let Some(module) = Registry::parse(source) else {
        return Err(format!(
            "its source is no git repository and no module of a registry: a person must say which \
             commit of `{}` is meant",
            shown(source)
        ));
    };
    let version = match resource.block.body.get_attribute("version") {
        Some(_) => literal(resource, "version")?.1,
        None => "",
    };
    let new = git_source(request, &module, version)?;
    let splice = edit::replace(file, value, format!("\"{new}\"")).ok_or_else(odd)?;
    let text = splice.apply(&file.text).ok_or_else(odd)?;
    let Some(attribute) = resource.block.body.get_attribute("version") else {
        return Ok(changed(text));
    };
    // The line of the version, found in the old text, goes from the new one.
    let span = file.span(attribute).ok_or_else(odd)?;
    let line = whole_line(&file.text, span).ok_or_else(odd)?;
    let moved = |at: usize| match at >= splice.range.end {
        true => (at + splice.text.len()).checked_sub(splice.range.len()),
        false => Some(at),
    };
    let (start, end) = (moved(line.start).ok_or_else(odd)?, moved(line.end).ok_or_else(odd)?);
    Splice { range: start..end, text: String::new() }.apply(&text).map(changed).ok_or_else(odd)
}

/// The value of an attribute that is a plain text.
fn literal<'r>(resource: &Resource<'r>, name: &str) -> Result<(&'r Expression, &'r str), String> {
    let place = resource.place();
    let attribute = resource.block.body.get_attribute(name);
    let value = &attribute.ok_or_else(|| format!("the call at {place} has no `{name}`"))?.value;
    let text = value.as_str().filter(|text| !text.contains(['$', '%', '"', '\\', '\n']));
    let text = text.ok_or_else(|| format!("`{name}` at {place} is no plain text"))?;
    Ok((value, text))
}

/// The line that holds nothing but what stands at a place, with its end.
fn whole_line(text: &str, span: std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text.get(span.end..)?.find('\n').map(|at| span.end + at + 1)?;
    let before = text.get(start..span.start)?.trim();
    let after = text.get(span.end..end)?.trim();
    (before.is_empty() && (after.is_empty() || after.starts_with('#'))).then_some(start..end)
}

/// A comment with the version, where the line has none and a version was named.
fn comment(rest: Option<&str>, git: &Git<'_>) -> String {
    let line = rest.unwrap_or_default().split('\n').next().unwrap_or_default();
    let has_room = line.trim().is_empty() && !git.version.is_empty();
    if has_room { format!(" # {}", git.version) } else { String::new() }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '`').take(100).collect()
}

/// Whether a text is a commit as git names it.
fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether a text holds letters that a name of a host, a path or a version has.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
}

/// A place without who logs in there (`git@`).
fn without_user(text: &str) -> &str {
    match text.split_once('@') {
        Some((user, rest)) if is_plain(user) && !user.contains('/') => rest,
        Some(_) | None => text,
    }
}

/// A host without its port.
fn without_port(host: &str) -> &str {
    match host.split_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !port.is_empty() => name,
        Some(_) | None => host,
    }
}

/// A source in a git repository.
#[derive(Debug, Clone, Copy)]
struct Git<'s> {
    /// All before the query.
    head: &'s str,
    /// Host and path of the repository, without `.git`.
    host: &'s str,
    path: &'s str,
    /// What `ref` names; empty for the default branch.
    version: &'s str,
}

/// Hosts whose repositories need no `git::`.
const HOSTS: [&str; 2] = ["github.com", "bitbucket.org"];

impl<'s> Git<'s> {
    fn parse(source: &'s str) -> Option<Self> {
        let (head, query) = source.split_once('?').unwrap_or((source, ""));
        let version = match query {
            "" => "",
            query => query.strip_prefix("ref=").filter(|version| !version.contains('&'))?,
        };
        let forced = head.strip_prefix("git::");
        let rest = forced.unwrap_or(head);
        let (host, path) = match rest.split_once("://") {
            Some((scheme, rest)) => {
                let known = matches!(scheme, "https" | "ssh") && forced.is_some();
                let (host, path) = without_user(rest).split_once('/').filter(|_| known)?;
                // The port of SSH is not the one by which the host is asked.
                let host = if scheme == "ssh" { without_port(host) } else { host };
                (host, path)
            }
            None => match rest.split_once(':') {
                Some(_) if without_user(rest) != rest => without_user(rest).split_once(':')?,
                Some(_) | None => rest.split_once('/').filter(|(host, _)| HOSTS.contains(host))?,
            },
        };
        let path = path.split("//").next()?;
        let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
        // Of a short form only owner and name are the repository.
        let is_short = !rest.contains("://") && without_user(rest) == rest;
        let fits = !is_short || path.split('/').count() == 2;
        let plain = is_plain(without_port(host)) && !host.contains('/') && is_plain(path);
        let plain = plain && (version.is_empty() || is_plain(version));
        (fits && plain).then_some(Self { head, host, path, version })
    }

    fn is_pinned(&self) -> bool {
        is_commit(self.version)
    }

    /// The same source at a commit.
    fn at(&self, commit: &str) -> String {
        format!("{}?ref={commit}", self.head)
    }
}

/// A module of a registry.
#[derive(Debug, Clone, Copy)]
struct Registry<'s> {
    /// With the host, where it names one.
    module: &'s str,
    /// The folder in the module.
    folder: &'s str,
}

impl<'s> Registry<'s> {
    fn parse(source: &'s str) -> Option<Self> {
        let (module, folder) = source.split_once("//").unwrap_or((source, ""));
        let parts: Vec<&str> = module.split('/').collect();
        let first = parts.first()?;
        let fits = match parts.len() {
            3 => !first.contains('.'),
            4 => first.contains('.'),
            _ => false,
        };
        let host = without_port(first);
        let plain = is_plain(host) && parts.iter().skip(1).all(|part| is_plain(part));
        let plain = plain && (host == *first || parts.len() == 4);
        let plain = plain && (folder.is_empty() || is_plain(folder));
        let named = parts.iter().all(|part| part.contains(|c: char| c.is_ascii_alphanumeric()));
        (fits && plain && named).then_some(Self { module, folder })
    }
}

/// The commit that stands for a version of a repository.
fn commit(request: &Request<'_>, git: &Git<'_>) -> Result<String, String> {
    if let Some(known) = known(request, git) {
        return Ok(known);
    }
    let version = if git.version.is_empty() { "HEAD" } else { git.version };
    let parameter = format!("terraform.commit.{}/{}@{version}", git.host, git.path);
    let said = request.wish.settings.get(&parameter).filter(|commit| is_commit(commit));
    said.map(ToOwned::to_owned).ok_or_else(|| {
        format!(
            "only `{}` knows which commit the module's version is: look it up and give it as \
             `{parameter}`",
            git.host
        )
    })
}

/// The one commit that other calls in the repository name for this version, in the comment behind.
fn known(request: &Request<'_>, git: &Git<'_>) -> Option<String> {
    let mut found = BTreeSet::new();
    for call in request.repository.judged().filter(|one| one.is("module")) {
        let Ok((value, source)) = literal(&call, "source") else { continue };
        let Some(other) = Git::parse(source).filter(Git::is_pinned) else { continue };
        let rest = call.file.span(value).and_then(|span| call.file.text.get(span.end..));
        let line = rest.unwrap_or_default().split('\n').next().unwrap_or_default();
        let said = line.trim().strip_prefix('#').map(str::trim);
        let same = (other.host, other.path) == (git.host, git.path);
        if same && !git.version.is_empty() && said == Some(git.version) {
            found.insert(other.version.to_owned());
        }
    }
    let mut found = found.into_iter();
    found.next().filter(|_| found.next().is_none())
}

/// The git source, with its commit, that a module of a registry comes from.
fn git_source(
    request: &Request<'_>,
    module: &Registry<'_>,
    version: &str,
) -> Result<String, String> {
    let parameter = format!("terraform.module.{}@{version}", module.module);
    let said = request.wish.settings.get(&parameter).ok_or_else(|| {
        format!(
            "only a registry knows which commit the module's version is: look it up and give it as \
             `{parameter}`"
        )
    })?;
    let git = Git::parse(said).filter(|git| {
        let rest = git.head.strip_prefix("git::https://");
        git.is_pinned() && rest.is_some_and(|rest| !rest.contains("//"))
    });
    let git = git.ok_or_else(|| {
        format!("what the parameters give for `{}` is no `git::https://…?ref=…`", module.module)
    })?;
    let folder = match module.folder {
        "" => String::new(),
        folder => format!("//{folder}"),
    };
    Ok(format!("{}{folder}?ref={}", git.head, git.version))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse, with_settings};
    use crate::Settings;

    const FIX: &str = "recipe = 'pin_module'\nresource = ['module']";
    const SHA: &str = "11bd71901bbe5b1630ceea73d27597364c9af683";

    fn call(lines: &str) -> String {
        format!("module \"m\" {{\n{lines}\n  name = \"x\"\n}}\n")
    }

    #[track_caller]
    fn check_with(name: &str, value: &str, before: &str, after: &str) {
        let settings: Settings = [(name.to_owned(), value.to_owned())].into_iter().collect();
        assert_eq!(with_settings(FIX, &call(before), &settings).unwrap(), call(after));
        assert_eq!(with_settings(FIX, &call(after), &settings).unwrap(), call(after));
    }

    #[test]
    fn a_git_source_gets_its_commit_and_keeps_all_else() {
        let name = "terraform.commit.github.com/o/r@v1.2";
        check_with(
            name,
            SHA,
            "  source = \"github.com/o/r?ref=v1.2\"",
            &format!("  source = \"github.com/o/r?ref={SHA}\" # v1.2"),
        );
        check_with(
            name,
            SHA,
            "  source = \"git::https://github.com/o/r.git//modules/a?ref=v1.2\" # why",
            &format!("  source = \"git::https://github.com/o/r.git//modules/a?ref={SHA}\" # why"),
        );
        check_with(
            name,
            SHA,
            "  source = \"git::ssh://git@github.com/o/r.git?ref=v1.2\"",
            &format!("  source = \"git::ssh://git@github.com/o/r.git?ref={SHA}\" # v1.2"),
        );
        check_with(
            "terraform.commit.github.com/o/r@HEAD",
            SHA,
            "  source = \"git@github.com:o/r.git\"",
            &format!("  source = \"git@github.com:o/r.git?ref={SHA}\""),
        );
    }

    #[test]
    fn every_form_of_a_source_names_its_repository() {
        for (source, name) in [
            ("github.com/o/r", "github.com/o/r"),
            ("github.com/o/r.git//a/b", "github.com/o/r"),
            ("bitbucket.org/o/r", "bitbucket.org/o/r"),
            ("git::github.com/o/r", "github.com/o/r"),
            ("git::https://gitlab.example/a/b/r.git//c", "gitlab.example/a/b/r"),
            ("git::https://git.example:8443/o/r.git", "git.example:8443/o/r"),
            ("git::https://me@dev.azure.com/o/p/_git/r", "dev.azure.com/o/p/_git/r"),
            ("git::ssh://git@github.com/o/r.git", "github.com/o/r"),
            ("git::ssh://me@git.example:7999/o/r.git//a", "git.example/o/r"),
            ("git::git@github.com:o/r.git", "github.com/o/r"),
            ("git@bitbucket.org:o/r.git//a", "bitbucket.org/o/r"),
        ] {
            check_with(
                &format!("terraform.commit.{name}@v1"),
                SHA,
                &format!("  source = \"{source}?ref=v1\""),
                &format!("  source = \"{source}?ref={SHA}\" # v1"),
            );
        }
    }

    #[test]
    fn a_module_of_a_registry_is_taken_from_its_repository() {
        let source = format!("git::https://github.com/o/terraform-aws-vpc?ref={SHA}");
        check_with(
            "terraform.module.o/vpc/aws@~> 5.0",
            &source,
            "  source  = \"o/vpc/aws\"\n  version = \"~> 5.0\" # newest",
            &format!("  source  = \"{source}\""),
        );
        check_with(
            "terraform.module.registry.example:5000/o/vpc/aws@",
            &source,
            "  source = \"registry.example:5000/o/vpc/aws\"",
            &format!("  source = \"{source}\""),
        );
        check_with(
            "terraform.module.app.example/o/vpc/aws@",
            &source,
            "  source = \"app.example/o/vpc/aws//modules/a\"",
            &format!(
                "  source = \"git::https://github.com/o/terraform-aws-vpc//modules/a?ref={SHA}\""
            ),
        );
    }

    #[test]
    fn a_commit_that_another_call_names_is_used() {
        let text = |version: &str| {
            format!(
                "module \"a\" {{\n  source = \"github.com/o/r?ref={version}\n}}\nmodule \"b\" {{\n  \
                 source = \"github.com/o/r//x?ref={SHA}\" # v1\n}}\n"
            )
        };
        check(FIX, &text("v1\""), &text(&format!("{SHA}\" # v1")));
        refuse(FIX, &text("v2\""), "`terraform.commit.github.com/o/r@v2`");
    }

    #[test]
    fn nothing_is_made_up() {
        for (source, why) in [
            ("source = \"o/vpc/aws\"\nversion = \"1.0\"", "`terraform.module.o/vpc/aws@1.0`"),
            ("source = \"https://x.example/m.zip\"", "no git repository"),
            ("source = \"s3::https://s3.amazonaws.com/b/m.zip\"", "no git repository"),
            ("source = \"github.com/o/r?depth=1&ref=v1\"", "no git repository"),
            ("source = \"${var.source}\"", "no plain text"),
            ("source = var.source", "no plain text"),
            ("name2 = 1", "has no `source`"),
        ] {
            refuse(FIX, &call(source), why);
        }
        let settings: Settings = [
            ("terraform.commit.github.com/o/r@v1".to_owned(), "main".to_owned()),
            ("terraform.module.o/vpc/aws@".to_owned(), "git::https://h/o/r?ref=main".to_owned()),
        ]
        .into_iter()
        .collect();
        for source in ["source = \"github.com/o/r?ref=v1\"", "source = \"o/vpc/aws\""] {
            with_settings(FIX, &call(source), &settings).unwrap_err();
        }
    }
}
