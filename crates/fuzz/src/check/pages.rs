//! The written reports: none fails, and no text from outside acts in any of them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use quell_report::{FORMATS, Options, Report};
use serde_json::Value;

use super::Fault;

/// Checks what the writers make.
#[derive(Debug)]
pub struct Pages {
    schema: jsonschema::Validator,
}

/// Markup that a mutated text holds and no page may; see the words of the mutator.
const MARKUP: &[&str] = &[
    "<script>q9z",
    "<img src=q9z",
    "<b>q9z",
    "<!--q9z",
    "href=\"javascript:",
    "href='javascript:",
];
/// The same for Markdown, where more is markup.
const MARKDOWN: &[&str] = &["](http://q9z", "\n@q9z", " @q9z", "http://q9z.example"];

impl Pages {
    /// Reads the contract of the JSON report.
    ///
    /// # Errors
    /// When it is not there or no schema.
    pub fn new() -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/report.schema.json");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        let schema = jsonschema::validator_for(&serde_json::from_str(&text)?)?;
        Ok(Self { schema })
    }

    /// Writes a report in every format.
    pub(super) fn check(&self, report: &Report) -> Result<(), Fault> {
        for format in FORMATS {
            let fault = |detail: String| {
                Fault::new("reports are safe", format!("{}: {detail}", format.name))
            };
            let mut written = Vec::new();
            (format.write)(report, &Options::default(), &mut written)
                .map_err(|e| fault(format!("cannot be written: {e}")))?;
            let text = String::from_utf8(written).map_err(|e| fault(e.to_string()))?;
            match format.name {
                "json" => self.contract(&text).map_err(fault)?,
                "sarif" => drop(parsed(&text).map_err(fault)?),
                "ocsf" => ocsf(&text).map_err(fault)?,
                "csv" => cells(&text).map_err(fault)?,
                "terminal" => shown(&text).map_err(fault)?,
                "markdown" => shown(&text)
                    .and_then(|()| markup(&text, MARKUP))
                    .and_then(|()| markup(&text, MARKDOWN))
                    .map_err(fault)?,
                _ => shown(&text).and_then(|()| markup(&text, MARKUP)).map_err(fault)?,
            }
        }
        Ok(())
    }

    fn contract(&self, text: &str) -> Result<(), String> {
        let report = parsed(text)?;
        let error = self.schema.iter_errors(&report).next();
        error.map_or(Ok(()), |e| Err(format!("{} `{e}`", e.instance_path())))
    }
}

fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| format!("is no JSON: {e}"))
}

fn ocsf(text: &str) -> Result<(), String> {
    let mut whole = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    whole.try_for_each(|value| value.map(drop).map_err(|e| format!("is no JSON: {e}")))
}

/// No character that acts on a terminal or page without being seen.
fn shown(text: &str) -> Result<(), String> {
    let acts = |c: &char| {
        (c.is_control() && *c != '\n' && *c != '\t')
            || matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    let found = text.char_indices().find(|(_, c)| acts(c));
    found.map_or(Ok(()), |(at, c)| {
        let around: String = text.get(..at).unwrap_or_default().chars().rev().take(60).collect();
        let around: String = around.chars().rev().collect();
        Err(format!("holds `{c:?}` after `{around}`"))
    })
}

fn markup(text: &str, marks: &[&str]) -> Result<(), String> {
    let found = marks.iter().find_map(|markup| Some((markup, text.find(markup)?)));
    found.map_or(Ok(()), |(markup, at)| {
        let around: String = text.get(at..).unwrap_or_default().chars().take(80).collect();
        Err(format!("holds `{markup}`: `{around}`"))
    })
}

/// Every row is as wide as the header, and no cell is a formula.
fn cells(text: &str) -> Result<(), String> {
    shown(&text.replace("\r\n", "\n"))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    for row in reader.records() {
        let row = row.map_err(|e| e.to_string())?;
        let formula = row.iter().find(|cell| cell.starts_with(['=', '+', '@']));
        if let Some(cell) = formula {
            return Err(format!("a cell is a formula: `{cell}`"));
        }
    }
    Ok(())
}
