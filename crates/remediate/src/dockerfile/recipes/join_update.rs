//! Brings the list of packages up to date in the same layer that installs from it.
//!
//! # What it changes
//! `RUN apt-get update` and the RUN right below it that installs become one.
//!
//! # When it is withheld
//! Nothing installs right below it, or something stands between the two.

use super::{Recipe, Request};
use crate::dockerfile::edit;
use crate::dockerfile::file::{flags_length, run_commands};
use crate::dockerfile::lex::Instruction;
use crate::dockerfile::tree::{installs, updates};

pub(super) const RECIPE: Recipe = Recipe { id: "join_update", plan };

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    let all = &request.file.instructions;
    for (at, run) in all.iter().enumerate().filter(|(_, one)| one.keyword == "RUN") {
        let commands = run_commands(run).ok_or("a RUN has quotes that are left open")?;
        let alone = commands.iter().any(|(_, one)| updates(one))
            && !commands.iter().any(|(_, one)| installs(one));
        if !alone {
            continue;
        }
        let below = all.get(at + 1).filter(|one| one.keyword == "RUN" && is_plain(one));
        let below = below.filter(|one| {
            run_commands(one).is_some_and(|all| all.iter().any(|(_, one)| installs(one)))
        });
        let below = below.filter(|_| is_plain(run)).ok_or(
            "nothing installs right below the update: a person must say which RUN it belongs to",
        )?;
        let first = run.args.text.len();
        let end = run.args.source(&(first - 1..first)).ok_or("the update has no place")?.end;
        let start = below.args.source(&(0..1)).ok_or("the install has no place")?.start;
        let between = request.text.get(end..below.keyword_span.start).unwrap_or_default();
        if !between.trim().is_empty() {
            return Err("a comment stands between the update and what installs".into());
        }
        parts.push((end..start, " && ".to_owned()));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(edit::splice(request.text, parts))
}

/// Whether a RUN is shell text without options and here-documents.
fn is_plain(run: &Instruction) -> bool {
    let text = &run.args.text;
    !text.is_empty()
        && !text.starts_with('[')
        && flags_length(text) == 0
        && run.heredocs.is_empty()
        && !text.ends_with([';', '&', '|'])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'join_update'";

    #[test]
    fn update_and_install_become_one() {
        check(
            FIX,
            "FROM debian\nRUN apt-get update\n\nRUN apt-get install -y x \\\n    y\nCMD z\n",
            "FROM debian\nRUN apt-get update && apt-get install -y x \\\n    y\nCMD z\n",
        );
        let kept = "FROM alpine\nRUN apk add --update x\nRUN yum update -y && yum install x\n";
        check(FIX, kept, kept);
    }

    #[test]
    fn an_update_for_nothing_is_a_question() {
        refuse(FIX, "FROM debian\nRUN apt-get update\nCOPY . .\n", "nothing installs right below");
        refuse(
            FIX,
            "FROM debian\nRUN apt-get update\n# why\nRUN apt-get install x\n",
            "a comment stands",
        );
    }
}
