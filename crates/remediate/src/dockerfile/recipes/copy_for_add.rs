//! Copies with COPY what ADD would copy just the same.
//!
//! # What it changes
//! The keyword alone.
//!
//! # When it is withheld
//! ADD fetches an address or may unpack an archive: then COPY would do something else.

use super::{Recipe, Request};
use crate::dockerfile::edit;
use crate::dockerfile::file::Stage;
use crate::dockerfile::lex::Instruction;
use crate::dockerfile::tree::add_paths;

pub(super) const RECIPE: Recipe = Recipe { id: "copy_for_add", plan };

/// Endings of what ADD unpacks, or may.
const ARCHIVES: [&str; 10] =
    [".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst", ".tzst"];

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    for stage in &request.file.stages {
        for add in request.file.of(stage).iter().filter(|one| one.keyword == "ADD") {
            same_as_copy(stage, add)?;
            let written = request.text.get(add.keyword_span.clone()).unwrap_or_default();
            let lower = written.starts_with(char::is_lowercase);
            let keyword = if lower { "copy" } else { "COPY" };
            parts.push((add.keyword_span.clone(), keyword.to_owned()));
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(edit::splice(request.text, parts))
}

fn same_as_copy(stage: &Stage, add: &Instruction) -> Result<(), String> {
    let args = &add.args.text;
    if ["--checksum", "--keep-git-dir", "--unpack"].iter().any(|flag| args.contains(flag)) {
        return Err("ADD has an option that COPY does not have".into());
    }
    let mut paths = add_paths(args);
    let to = paths.pop().unwrap_or_default();
    for written in paths.iter().filter(|path| !path.starts_with("<<")) {
        let resolved = stage.variables.resolve(written);
        let name = resolved.as_deref().unwrap_or(&to).to_ascii_lowercase();
        let shown = written.as_str();
        if written.contains("://") || name.contains("://") || name.starts_with("git@") {
            return Err(format!(
                "ADD fetches `{shown}`: a person must say how it is fetched and checked instead"
            ));
        }
        let last = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if ARCHIVES.iter().any(|ending| last.ends_with(ending)) {
            return Err(format!(
                "ADD unpacks `{shown}`: a person must say whether the archive or its content is \
                 meant"
            ));
        }
        let open = resolved.is_none() && !last.contains('.');
        if open || (last.contains('*') && last.ends_with('*') && last != "package*") {
            return Err(format!("`{shown}` may stand for an archive, which ADD unpacks"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'copy_for_add'";

    #[test]
    fn plain_files_and_folders_are_copied() {
        check(
            FIX,
            "FROM a\nADD --chown=1:1 . /app\nadd [\"a b.txt\", \"/x\"]\nARG J\nADD $J app.jar\n",
            "FROM a\nCOPY --chown=1:1 . /app\ncopy [\"a b.txt\", \"/x\"]\nARG J\nCOPY $J app.jar\n",
        );
    }

    #[test]
    fn what_copy_cannot_do_stays() {
        refuse(FIX, "FROM a\nADD https://x.example/y /y\n", "ADD fetches");
        refuse(FIX, "FROM a\nADD rootfs.tar.gz /\n", "ADD unpacks");
        refuse(FIX, "FROM a\nADD dist/* /x/\n", "may stand for an archive");
        refuse(FIX, "FROM a\nADD --checksum=sha256:0 x /x\n", "has an option");
    }
}
