//! The page of the documentation that lists every key.

use super::example::put;
use super::shown_value;
use crate::environment::variable;
use crate::key::{Key, Kind, Table, Unit, bytes_words};
use crate::tables::TABLES;

const BEGIN: &str = "\
# Configuration

```console
$ quell config example > quell.toml   # a whole file, with every key and its default
$ quell config check                  # what is wrong, or what holds and where it was said
$ quell config schema                 # JSON Schema, for editors
```

Nothing has to be configured. What is, stands in `quell.toml` in the working directory, or in the file that `--config` or `QUELL_CONFIG` names.

- Flags go over the environment, the environment over the file, the file over the defaults.
- Every key is a variable too: `QUELL_`, the table, the key. `listen` of `[server]` is `QUELL_SERVER_LISTEN`; `auth` of `[hooks.my-wiz]` is `QUELL_HOOKS_MY_WIZ_AUTH`. A list is written with commas, or as in the file. An empty variable says nothing. One that sets nothing is named with a warning.
- All errors are told at once, each with its line. An unknown key is an error.
- A relative path in the file begins at the file's folder; elsewhere, at the working directory.
- The file holds at most 1 MiB.

## Secrets

A secret never stands in the configuration, only a reference to it:

| | |
|---|---|
| `env:NAME` | a variable of the environment |
| `file:/run/secrets/name` | a file, by its whole path |
| `vault:MOUNT/PATH#FIELD` | a field in HashiCorp Vault (KV version 2) |
| `aws-sm:NAME#FIELD` | a field of a secret in AWS Secrets Manager; without `#FIELD`, the whole |

Anything else in its place is refused and not repeated. So is, at the start, a secret that everybody knows (`changeme`, `password`, `admin`), and one shorter than 8 bytes.

To replace a secret of a webhook, let both count for a while:

```toml
secrets = [
  \"env:WIZ_NEW\",
  { secret = \"env:WIZ_OLD\", until = \"2027-01-31\" },  # the last day, in UTC
]
```
";

/// The page, made from the list of keys.
#[must_use]
pub fn page() -> String {
    let mut out = BEGIN.to_owned();
    for table in TABLES {
        let header = match table.named {
            Some(_) => format!("{}.NAME", table.name),
            None => table.name.to_owned(),
        };
        put(&mut out, format_args!("\n## `[{header}]`\n\n{}", table.doc));
        if table.named.is_some() {
            out.push_str(" A name has small letters, digits and `-`.");
        }
        out.push_str(
            "\n\n| key | default | what it says | what may stand there |\n|---|---|---|---|\n",
        );
        for key in table.keys {
            row(&mut out, table, key);
        }
    }
    out
}

fn row(out: &mut String, table: &Table, key: &Key) {
    let default = match (key.default, key.required) {
        (Some(_), _) => default(key),
        (None, true) => "must be set".to_owned(),
        (None, false) => "–".to_owned(),
    };
    let words = key.kind.words().replace('|', "\\|");
    let doc = key.doc.replace('|', "\\|");
    let second = key.variable.map_or_else(String::new, |second| {
        format!(" Also `{second}`; `{}` goes over it.", variable(table, "", key))
    });
    put(out, format_args!("| `{}` | {default} | {doc}{second} | {words} |\n", key.name));
}

fn default(key: &Key) -> String {
    let shown = shown_value(key);
    match (key.kind, shown.parse()) {
        (Kind::Integer { unit: Unit::Bytes, .. }, Ok(bytes)) => {
            format!("`{shown}` ({})", bytes_words(bytes))
        }
        (_, _) => format!("`{shown}`"),
    }
}
