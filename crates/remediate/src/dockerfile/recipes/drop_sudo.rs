//! Runs as root without `sudo` what root runs anyway.
//!
//! # What it changes
//! `sudo` and its own options go away.
//!
//! # When it is withheld
//! The command does not run as root, or it is not known that it does, or another account is
//! named.

use std::ops::Range;

use super::{Recipe, Request};
use crate::dockerfile::edit;
use crate::dockerfile::file::{Source, Stage, run_commands};
use crate::dockerfile::lex::Instruction;

pub(super) const RECIPE: Recipe = Recipe { id: "drop_sudo", plan };

/// Official images that do not begin as root.
const NOT_ROOT: [&str; 6] =
    ["elasticsearch", "kibana", "logstash", "memcached", "haproxy", "varnish"];

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    for stage in &request.file.stages {
        in_stage(request, stage, &mut parts)?;
    }
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(edit::splice(request.text, parts))
}

fn in_stage(
    request: &Request<'_>,
    stage: &Stage,
    parts: &mut Vec<(Range<usize>, String)>,
) -> Result<(), String> {
    let mut root = begins_as_root(request, stage);
    for one in request.file.of(stage) {
        if one.keyword == "USER" {
            let user = stage.variables.resolve(one.args.text.trim()).unwrap_or_default();
            root = ["root", "0", "root:root", "0:0"].contains(&user.as_str());
        }
        if one.keyword == "RUN" {
            collect(one, root, parts)?;
        }
    }
    Ok(())
}

/// Whether the first command of a stage is known to run as root.
fn begins_as_root(request: &Request<'_>, stage: &Stage) -> bool {
    let above = request.file.ancestry(stage);
    let inherited = above
        .iter()
        .skip(1)
        .any(|stage| request.file.of(stage).iter().any(|one| one.keyword == "USER"));
    let official = request
        .file
        .image_of(stage)
        .is_some_and(|image| !image.path.contains('/') && !NOT_ROOT.contains(&image.path.as_str()));
    official && !inherited
}

fn collect(
    run: &Instruction,
    root: bool,
    parts: &mut Vec<(Range<usize>, String)>,
) -> Result<(), String> {
    let commands = run_commands(run).ok_or("a RUN has quotes that are left open")?;
    for (source, command) in commands.iter().filter(|(_, one)| one.program() == "sudo") {
        if !root {
            return Err(
                "the command may not run as root without sudo: a person must move it above USER"
                    .into(),
            );
        }
        let options = command.args().take_while(|word| word.text.starts_with('-'));
        if let Some(odd) =
            options.map(|word| &word.text).find(|o| !["-E", "-H", "-n"].contains(&o.as_str()))
        {
            return Err(format!("sudo has the option `{odd}`, which changes what it does"));
        }
        let inner = command.args().find(|word| !word.text.starts_with('-'));
        let (Some(sudo), Some(inner)) = (command.words.first(), inner) else {
            return Err("sudo runs nothing".into());
        };
        let from = place(run, *source, &sudo.span).ok_or("the place of sudo is not plain")?;
        let to = place(run, *source, &inner.span).ok_or("the place of sudo is not plain")?;
        parts.push((from.start..to.start, String::new()));
    }
    Ok(())
}

/// The bytes of a word of a command.
pub(super) fn place(
    run: &Instruction,
    source: Source,
    span: &Range<usize>,
) -> Option<Range<usize>> {
    match source {
        Source::Args => run.args.source(span),
        Source::Heredoc => run.heredocs.first()?.body.source(span),
        Source::Exec => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'drop_sudo'";

    #[test]
    fn root_needs_no_sudo() {
        check(
            FIX,
            "FROM debian\nRUN sudo -E apt-get install x \\\n && sudo A=1 y\n",
            "FROM debian\nRUN apt-get install x \\\n && A=1 y\n",
        );
    }

    #[test]
    fn others_keep_it() {
        refuse(FIX, "FROM debian\nUSER app\nRUN sudo x\n", "may not run as root");
        refuse(FIX, "FROM cimg/base:1\nRUN sudo x\n", "may not run as root");
        refuse(FIX, "FROM debian\nRUN sudo -u app x\n", "`-u`");
    }
}
