//! No longer offers ports that nobody should reach.
//!
//! # What it changes
//! The ports that `set` lists go out of EXPOSE; an EXPOSE that holds no other goes away.
//!
//! # When it is withheld
//! The image starts the program behind the port.

use super::{Recipe, Request};
use crate::dockerfile::edit;
use crate::dockerfile::file::run_commands;
use crate::dockerfile::lex::Instruction;

pub(super) const RECIPE: Recipe = Recipe { id: "drop_ports", plan };

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let set = &request.wish.fix.set;
    let unwanted: Vec<String> =
        set.get("ports").and_then(toml::Value::as_array).map_or_else(Vec::new, |ports| {
            ports.iter().filter_map(toml::Value::as_str).map(ToOwned::to_owned).collect()
        });
    let is_unwanted = |word: &str| unwanted.iter().any(|one| one == word.trim_matches('"'));
    let mut parts = Vec::new();
    for one in request.file.instructions.iter().filter(|one| one.keyword == "EXPOSE") {
        let words: Vec<&str> = one.args.text.split_whitespace().collect();
        if !words.iter().any(|word| is_unwanted(word)) {
            continue;
        }
        no_server(request)?;
        let kept: Vec<&str> = words.iter().copied().filter(|word| !is_unwanted(word)).collect();
        if kept.is_empty() {
            parts.push((one.lines.clone(), String::new()));
            continue;
        }
        let whole = 0..one.args.text.len();
        let place = one.args.source(&whole).ok_or("the ports go over two lines")?;
        parts.push((place, kept.join(" ")));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(edit::splice(request.text, parts))
}

fn no_server(request: &Request<'_>) -> Result<(), String> {
    let starts = |one: &Instruction| {
        let commands = run_commands(one).unwrap_or_default();
        commands.iter().flat_map(|(_, one)| &one.words).any(|word| word.text.ends_with("sshd"))
    };
    let last = request.file.last().ok_or("the file has no stage")?;
    let found = ["CMD", "ENTRYPOINT"]
        .iter()
        .filter_map(|keyword| request.file.in_force(last, keyword))
        .any(|(_, one)| starts(one));
    if found {
        return Err("the image starts sshd: a person must say whether it is needed".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'drop_ports'\nset = { ports = ['22', '22/tcp'] }";

    #[test]
    fn the_port_goes_and_others_stay() {
        check(FIX, "FROM a\nEXPOSE 80 22\nEXPOSE 22/tcp\nCMD x\n", "FROM a\nEXPOSE 80\nCMD x\n");
    }

    #[test]
    fn a_server_behind_it_is_a_question() {
        refuse(FIX, "FROM a\nEXPOSE 22\nCMD [\"/usr/sbin/sshd\", \"-D\"]\n", "starts sshd");
    }
}
