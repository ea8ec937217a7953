//! The file: its tables and keys, each with its place.

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::check::check;
use crate::fault::{Fault, Gathered, Place};
use crate::key::Table;
use crate::load::{Found, Origin};
use crate::nearest::advice;
use crate::tables::TABLES;

/// Longest file.
const MOST_BYTES: usize = 1 << 20;

/// Where bytes of the file stand.
pub(crate) struct Lines<'t> {
    path: &'t str,
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(path: &'t str, text: &'t str) -> Self {
        let after = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self { path, text, starts: std::iter::once(0).chain(after).collect() }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|at| self.starts.get(at)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        Place::File { path: self.path.to_owned(), line, column: column + 1 }
    }
}

/// Reads the file into what was found.
pub(crate) fn read(
    (path, text): (&str, &str),
    formats: &[&str],
    found: &mut Found,
    faults: &mut Gathered,
) {
    let whole = |problem: &str, help: &str| Fault {
        place: Place::File { path: path.to_owned(), line: 1, column: 1 },
        key: String::new(),
        problem: problem.to_owned(),
        help: help.to_owned(),
    };
    if text.len() > MOST_BYTES {
        return faults.error(whole("the file is longer than 1 MiB", "shorten it"));
    }
    let lines = Lines::new(path, text.strip_prefix('\u{feff}').unwrap_or(text));
    let (table, errors) = DeTable::parse_recoverable(lines.text);
    let mut broken = Vec::new();
    for error in errors {
        let place = lines.place(error.span().map_or(0, |span| span.start));
        broken.push(line_of(&place));
        let problem = format!("this is no TOML: {}", error.message());
        faults.error(Fault { place, key: String::new(), problem, help: String::new() });
    }
    let mut reader = Reader { lines, formats, found, faults, broken };
    reader.document(table.get_ref());
}

const fn line_of(place: &Place) -> usize {
    match place {
        Place::File { line, .. } => *line,
        Place::Environment(_) | Place::Flag(_) | Place::Nowhere => 0,
    }
}

type Entry<'e, 'i> = (&'e Spanned<std::borrow::Cow<'i, str>>, &'e Spanned<DeValue<'i>>);

struct Reader<'r> {
    lines: Lines<'r>,
    formats: &'r [&'r str],
    found: &'r mut Found,
    faults: &'r mut Gathered,
    /// Lines that do not parse: what was guessed of them is not judged.
    broken: Vec<usize>,
}

impl Reader<'_> {
    fn document(&mut self, document: &DeTable<'_>) {
        for entry in document {
            let name = entry.0.get_ref().as_ref();
            match TABLES.iter().find(|table| table.name == name) {
                Some(table) => self.table(table, entry),
                None => {
                    let help = advice(
                        name,
                        TABLES.iter().map(|table| table.name),
                        "`quell config example` shows every table",
                    );
                    self.fault(
                        entry.0.span().start,
                        name,
                        ("is no table of the configuration", &help),
                    );
                }
            }
        }
    }

    fn table(&mut self, table: &'static Table, (name, value): Entry<'_, '_>) {
        let at = name.span().start;
        let Some(inner) = value.get_ref().as_table() else {
            return self.fault(
                at,
                table.name,
                ("must be a table", &format!("write `[{}]`", table.header())),
            );
        };
        if table.named.is_none() {
            return self.keys(table, ("", at), inner);
        }
        for (name, value) in inner {
            let (text, at) = (name.get_ref().as_ref(), name.span().start);
            let key = format!("{}.{text}", table.name);
            if !is_table_name(text) {
                let help =
                    "use small letters, digits and `-`, at most 63, and a letter or digit first";
                self.fault(at, &key, ("has a name that cannot be used", help));
            } else if let Some(keys) = value.get_ref().as_table() {
                self.keys(table, (text, at), keys);
            } else {
                let help = format!("write `[{}]` with a name", table.header());
                self.fault(at, &key, ("must be a table", &help));
            }
        }
    }

    fn keys(&mut self, table: &'static Table, (name, at): (&str, usize), keys: &DeTable<'_>) {
        self.found.table(table, name, &self.lines.place(at));
        for (key, value) in keys {
            let text = key.get_ref().as_ref();
            let path = path_of(table, name, text);
            let Some(known) = table.key(text) else {
                let help = advice(
                    text,
                    table.keys.iter().map(|key| key.name),
                    &format!("docs/configuration.md lists the keys of `[{}]`", table.header()),
                );
                self.fault(key.span().start, &path, ("is no key of the configuration", &help));
                continue;
            };
            let at = value.span().start;
            let checked = plain(value.get_ref())
                .ok_or_else(|| crate::check::Wrong::form(known.kind))
                .and_then(|value| check(known, value, self.formats));
            match checked {
                Ok(value) => {
                    let origin = Origin::File(self.lines.place(at));
                    self.found.value((table, name, known), value, origin);
                }
                Err(wrong) => {
                    self.found.wrong((table, name, known));
                    self.fault(at, &path, (&wrong.problem, &wrong.help));
                }
            }
        }
    }

    fn fault(&mut self, at: usize, key: &str, (problem, help): (&str, &str)) {
        let place = self.lines.place(at);
        if self.broken.contains(&line_of(&place)) {
            return;
        }
        let (key, problem, help) = (key.to_owned(), problem.to_owned(), help.to_owned());
        self.faults.error(Fault { place, key, problem, help });
    }
}

/// The key with its table.
pub(crate) fn path_of(table: &Table, name: &str, key: &str) -> String {
    if table.named.is_none() {
        format!("{}.{key}", table.name)
    } else {
        format!("{}.{name}.{key}", table.name)
    }
}

/// Names are part of addresses and of variables, so they have no `_`.
pub(crate) fn is_table_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
}

/// A value without its places. The parser bounds how deep it is. Nothing where a number is too
/// large.
pub(crate) fn plain(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            Value::from(i64::from_str_radix(&digits, number.radix()).ok()?)
        }
        DeValue::Float(number) => {
            let number: f64 = number.as_str().replace('_', "").parse().ok()?;
            Value::Number(serde_json::Number::from_f64(number)?)
        }
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| plain(item.get_ref())).collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let pairs = table
                .iter()
                .map(|(key, value)| Some((key.get_ref().to_string(), plain(value.get_ref())?)));
            Value::Object(pairs.collect::<Option<Map<_, _>>>()?)
        }
    })
}
