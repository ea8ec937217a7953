//! A whole `quell.toml`: every key with what it does and its default.

use super::shown_value;
use crate::key::{Key, Table};
use crate::tables::TABLES;

/// Width of a comment.
const WIDTH: usize = 96;

/// A whole `quell.toml` that changes nothing. Keys with a default stand with it; those without
/// one, and tables that need a name, stand behind a `#` without a space.
#[must_use]
pub fn example() -> String {
    let mut out = String::new();
    comment(
        &mut out,
        "The configuration of Quell. Every key is here. What stands behind a `#` without a space \
         is not set.",
    );
    comment(
        &mut out,
        "Each key can be said in the environment too: `listen` of `[server]` is \
         `QUELL_SERVER_LISTEN`. Flags go over the environment, and that over this file.",
    );
    for table in TABLES {
        out.push('\n');
        comment(&mut out, table.doc);
        let off = if table.named.is_some() { "#" } else { "" };
        put(&mut out, format_args!("{off}[{}]\n", table.header()));
        for key in table.keys {
            lines(&mut out, table, key);
        }
    }
    out
}

fn lines(out: &mut String, table: &Table, key: &Key) {
    out.push('\n');
    comment(out, key.doc);
    let words = key.kind.words();
    let must = if key.required { " It must be set." } else { "" };
    comment(
        out,
        &format!(
            "{}{}.{must}",
            words.get(..1).unwrap_or_default().to_uppercase(),
            words.get(1..).unwrap_or_default()
        ),
    );
    let off = if table.named.is_some() || key.default.is_none() { "#" } else { "" };
    put(out, format_args!("{off}{} = {}\n", key.name, shown_value(key)));
}

/// A comment, wrapped.
fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + word.chars().count() + 1 > WIDTH {
            put(out, format_args!("{line}\n"));
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    put(out, format_args!("{line}\n"));
}

pub(super) fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.push_str(&text.to_string());
}
