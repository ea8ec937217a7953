//! Takes options out of commands that switch a check off.
//!
//! # What it changes
//! The options that `set` lists for a program go away: `wget = ["--no-check-certificate"]`. An
//! option that takes a value is listed with a star behind it (`--trusted-host *`).
//!
//! # When it is withheld
//! The option's place in the text is not plain.

use std::ops::Range;

use super::drop_sudo::place;
use super::{Recipe, Request};
use crate::dockerfile::edit;
use crate::dockerfile::file::{Source, run_commands};
use crate::dockerfile::lex::Instruction;
use crate::shell::{Command, Word};

pub(super) const RECIPE: Recipe = Recipe { id: "drop_flags", plan };

/// Short options of curl that take no value, so that others may follow in the same word.
const CURL_PLAIN: &str = "#0123456afgGiIjJklLnNOpqRsSvZ";

type Splice = (Range<usize>, String);

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    for run in request.file.instructions.iter().filter(|one| one.keyword == "RUN") {
        let commands = run_commands(run).ok_or("a RUN has quotes that are left open")?;
        for (source, command) in &commands {
            let flags = flags_of(request, command.program());
            for flag in &flags {
                collect(run, *source, command, flag, &mut parts)?;
            }
        }
    }
    parts.sort_by_key(|(range, _)| (range.start, range.end));
    parts.dedup();
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(edit::splice(request.text, parts))
}

fn flags_of<'r>(request: &Request<'r>, program: &str) -> Vec<&'r str> {
    let listed = request.wish.fix.set.get(program).and_then(toml::Value::as_array);
    listed.into_iter().flatten().filter_map(toml::Value::as_str).collect()
}

fn collect(
    run: &Instruction,
    source: Source,
    command: &Command,
    flag: &str,
    parts: &mut Vec<Splice>,
) -> Result<(), String> {
    let (flag, valued) = flag.strip_suffix(" *").map_or((flag, false), |flag| (flag, true));
    let odd = || format!("the place of `{flag}` in the text is not plain");
    for (at, word) in command.words.iter().enumerate().skip(1) {
        let joined =
            valued && word.text.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='));
        if word.text == flag || joined {
            let last = if valued && !joined { command.words.get(at + 1) } else { Some(word) };
            let last = last.ok_or_else(odd)?;
            let before = command.words.get(at - 1).map_or(word.span.start, |one| one.span.end);
            let range = place(run, source, &(before..last.span.end))
                .or_else(|| place(run, source, &(word.span.start..last.span.end)))
                .ok_or_else(odd)?;
            parts.push((range, String::new()));
        } else if let Some(rest) = without_letter(command.program(), word, flag) {
            let range =
                place(run, source, &word.span).filter(|range| range.len() == word.text.len());
            parts.push((range.ok_or_else(odd)?, rest));
        }
    }
    Ok(())
}

/// `-sSk` without its `k`.
fn without_letter(program: &str, word: &Word, flag: &str) -> Option<String> {
    let letter = flag.strip_prefix('-').filter(|rest| rest.len() == 1)?;
    let letters = word.text.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?;
    let (before, after) = letters.split_once(letter)?;
    let plain = program == "curl" && before.chars().all(|one| CURL_PLAIN.contains(one));
    (plain && !(before.is_empty() && after.is_empty())).then(|| format!("-{before}{after}"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    const FIX: &str = "recipe = 'drop_flags'\nset = { curl = ['-k', '--insecure'], pip = ['--trusted-host *'], apk = ['--allow-untrusted'] }";

    #[test]
    fn the_option_goes_and_nothing_else() {
        check(
            FIX,
            "FROM a\nRUN curl -k https://x && curl -fsSLko /y https://y \\\n --insecure \\\n && apk add --allow-untrusted z\nRUN pip install --trusted-host a.b --trusted-host=c d\n",
            "FROM a\nRUN curl https://x && curl -fsSLo /y https://y \\\n  \\\n && apk add z\nRUN pip install d\n",
        );
        let kept = "FROM a\nRUN curl -o k https://x && curl -ok https://x && echo -k\n";
        check(FIX, kept, kept);
    }
}
