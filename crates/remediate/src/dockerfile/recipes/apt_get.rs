//! Installs with `apt-get`, whose interface is stable.
//!
//! # What it changes
//! The word `apt` where the same command exists in `apt-get` or `apt-cache`.
//!
//! # When it is withheld
//! The command exists in `apt` only, or its place in the text is not plain.

use super::{Recipe, Request};
use crate::dockerfile::edit;
use crate::dockerfile::file::{Source, run_commands};
use crate::dockerfile::lex::Instruction;
use crate::shell::Command;

pub(super) const RECIPE: Recipe = Recipe { id: "apt_get", plan };

/// Commands of `apt`, and the program and command that do the same.
const SAME: [(&str, &str, &str); 18] = [
    ("update", "apt-get", "update"),
    ("upgrade", "apt-get", "upgrade --with-new-pkgs"),
    ("full-upgrade", "apt-get", "dist-upgrade"),
    ("dist-upgrade", "apt-get", "dist-upgrade"),
    ("install", "apt-get", "install"),
    ("reinstall", "apt-get", "reinstall"),
    ("remove", "apt-get", "remove"),
    ("purge", "apt-get", "purge"),
    ("autoremove", "apt-get", "autoremove"),
    ("auto-remove", "apt-get", "autoremove"),
    ("clean", "apt-get", "clean"),
    ("autoclean", "apt-get", "autoclean"),
    ("build-dep", "apt-get", "build-dep"),
    ("source", "apt-get", "source"),
    ("download", "apt-get", "download"),
    ("search", "apt-cache", "search"),
    ("show", "apt-cache", "show"),
    ("policy", "apt-cache", "policy"),
];

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    for run in request.file.instructions.iter().filter(|one| one.keyword == "RUN") {
        let commands = run_commands(run).ok_or("a RUN has quotes that are left open")?;
        for (source, command) in commands.iter().filter(|(_, one)| one.program() == "apt") {
            change(run, *source, command, &mut parts)?;
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(edit::splice(request.text, parts))
}

fn change(
    run: &Instruction,
    source: Source,
    command: &Command,
    parts: &mut Vec<(std::ops::Range<usize>, String)>,
) -> Result<(), String> {
    let verb = command.args().find(|word| !word.text.starts_with('-'));
    let verb = verb.ok_or("`apt` stands without a command")?;
    let same = SAME.iter().find(|(name, _, _)| *name == verb.text);
    let (_, program, name) =
        same.ok_or_else(|| format!("`apt {}` has no counterpart in apt-get", verb.text))?;
    let first = command.words.first().ok_or("`apt` has no place")?;
    let place = super::drop_sudo::place(run, source, &first.span);
    let verb_place = super::drop_sudo::place(run, source, &verb.span);
    let (Some(place), Some(verb_place)) = (place, verb_place) else {
        return Err("the command's place in the text is not plain".into());
    };
    if place.len() != first.text.len() || verb_place.len() != verb.text.len() {
        return Err("the command is written with quotes".into());
    }
    let start = place.end - "apt".len();
    parts.push((start..place.end, (*program).to_owned()));
    if *name != verb.text {
        parts.push((verb_place, (*name).to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'apt_get'";

    #[test]
    fn the_same_command_of_apt_get_is_used() {
        check(
            FIX,
            "FROM a\nRUN apt update && \\\n    apt -y install x && sudo apt upgrade -y; rm -rf /var/lib/apt\nRUN apt-get install apt\n",
            "FROM a\nRUN apt-get update && \\\n    apt-get -y install x && sudo apt-get upgrade --with-new-pkgs -y; rm -rf /var/lib/apt\nRUN apt-get install apt\n",
        );
        check(
            FIX,
            "FROM a\nRUN <<EOF\napt install x\nEOF\n",
            "FROM a\nRUN <<EOF\napt-get install x\nEOF\n",
        );
    }

    #[test]
    fn what_only_apt_can_do_stays() {
        refuse(FIX, "FROM a\nRUN apt list --installed\n", "no counterpart");
        refuse(FIX, "FROM a\nRUN [\"apt\", \"install\", \"x\"]\n", "not plain");
    }
}
