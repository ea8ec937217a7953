//! One file of a repository: its text, its parsed body, and the way from one to the other.

use std::collections::BTreeMap;
use std::ops::Range;

use std::sync::{Arc, OnceLock};

use hcl_edit::Span;
use hcl_edit::structure::{Block, Structure};

use super::cache::Known;
use super::index::{self, Heads};
use super::json;
use super::pieces::{Pieces, Touched, without_carriage_returns};
use crate::diff::line_ends;

/// Files above this size are kept but not parsed.
const MAX_FILE_BYTES: usize = 4 << 20;
/// The file that names the exact versions of providers.
pub(super) const LOCK_FILE: &str = ".terraform.lock.hcl";

/// One file with its parsed body.
///
/// The parser wants line feeds only and no byte order mark, so it reads a copy without them;
/// [`SourceFile::span`] gives places in the text as it is.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Path below the repository, with forward slashes.
    pub(crate) path: String,
    /// The text, byte for byte.
    pub(crate) text: String,
    /// What the parser made of it, or where it gave up.
    body: Result<Pieces, String>,
    /// Where blocks of a JSON file stand in it, by address.
    places: BTreeMap<String, Range<usize>>,
    /// The addresses of its blocks, made when first asked for.
    heads: OnceLock<Arc<Heads>>,
}

/// What is other in another text of a file.
#[derive(Debug)]
pub(super) struct Changed {
    /// The file with that text.
    pub(super) file: SourceFile,
    /// The pieces that are other ones; none where all may be.
    pub(super) touched: Option<Touched>,
}

impl SourceFile {
    /// Reads a file; one that does not parse keeps the reason.
    #[must_use]
    pub(crate) fn parse(path: String, text: String) -> Self {
        let mark = mark(&text);
        let rest = text.get(mark..).unwrap_or_default();
        let mut places = BTreeMap::new();
        let body = if text.len() > MAX_FILE_BYTES {
            Err(format!("`{path}` is larger than {MAX_FILE_BYTES} bytes"))
        } else if path.ends_with(".json") {
            let (copy, removed) = without_carriage_returns(rest);
            let read = json::read(&copy, path.ends_with(".tfvars.json"));
            let read = read.map_err(|reason| format!("`{path}` {reason}"));
            read.map(|json::Read { body, places: found }| {
                let at = |at: usize| mark + at + removed.partition_point(|removed| *removed < at);
                let found = found.into_iter();
                places = found.map(|(name, one)| (name, at(one.start)..at(one.end))).collect();
                Pieces::of_json(body)
            })
        } else {
            Pieces::parse(rest, mark).map_err(|error| {
                let place = error.location();
                format!("`{path}` does not parse at {}:{}", place.line(), place.column())
            })
        };
        Self { path, text, body, places, heads: OnceLock::new() }
    }

    /// The same file with another text. What stands where nothing changed is not read again.
    pub(super) fn changed(&self, text: String) -> Changed {
        let texts = (self.text.as_str(), text.as_str());
        let mark = mark(&text);
        let is_short = text.len() <= MAX_FILE_BYTES;
        let known = self.body.as_ref().ok().filter(|_| is_short && mark == self::mark(&self.text));
        let body = known.and_then(|body| body.changed(texts, mark));
        let mut file = match body {
            Some(body) => Self {
                path: self.path.clone(),
                text,
                body: Ok(body),
                places: BTreeMap::new(),
                heads: OnceLock::new(),
            },
            None => Self::parse(self.path.clone(), text),
        };
        let touched = match (known, &mut file.body) {
            (Some(old), Ok(new)) if old.is_plain() && new.is_plain() => {
                Some(new.take_known(old, (&self.text, &file.text)))
            }
            (_, _) => None,
        };
        let heads = touched.as_ref().and_then(|touched| {
            if self.has_heads_of(&file, touched) {
                return Some(Arc::clone(self.heads()));
            }
            self.heads().with((self, &file), touched).map(Arc::new)
        });
        if let Some(heads) = heads {
            file.heads = OnceLock::from(heads);
        }
        Changed { file, touched }
    }

    /// Whether another text of the file has the same names at the same places.
    fn has_heads_of(&self, other: &Self, touched: &Touched) -> bool {
        let (old, new) = (self.some(touched.old.clone()), other.some(touched.new.clone()));
        old.map(index::names).eq(new.map(index::names))
    }

    /// What stands at some places of its top.
    pub(super) fn some(&self, places: Range<usize>) -> impl Iterator<Item = &Structure> {
        self.body.iter().flat_map(move |body| body.some(places.clone()))
    }

    /// The folder the file is in, which is its Terraform module; empty for the top.
    #[must_use]
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether it is a file of variables' values rather than of blocks.
    #[must_use]
    pub(crate) fn holds_variables(&self) -> bool {
        self.path.ends_with(".tfvars") || self.path.ends_with(".tfvars.json")
    }

    /// Whether it is the file that names the exact versions of providers.
    pub(crate) fn is_lock(&self) -> bool {
        self.path.rsplit('/').next() == Some(LOCK_FILE)
    }

    /// Whether its blocks change those of other files.
    pub(crate) fn overrides(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        stem == "override" || stem.ends_with("_override")
    }

    /// Whether it holds blocks of configuration.
    pub(crate) fn is_configuration(&self) -> bool {
        !self.holds_variables() && !self.is_lock()
    }

    /// What stands at its top.
    ///
    /// # Errors
    ///
    /// The reason why the file does not parse.
    pub(crate) fn body(&self) -> Result<&Pieces, &str> {
        self.body.as_ref().map_err(String::as_str)
    }

    /// Where an element stands in [`SourceFile::text`].
    #[must_use]
    pub(crate) fn span(&self, element: &impl Span) -> Option<Range<usize>> {
        let range = self.body.as_ref().ok()?.span(element)?;
        self.text.get(range.clone()).map(|_| range)
    }

    /// Whether it is written in Terraform's JSON syntax.
    pub(crate) fn is_json(&self) -> bool {
        self.path.ends_with(".json")
    }

    /// Where the block of an address stands in a JSON file.
    pub(crate) fn json_span(&self, address: &str) -> Option<Range<usize>> {
        self.places.get(address).cloned()
    }

    /// The line of a place in the text, from 1.
    #[must_use]
    pub(crate) fn line(&self, place: usize) -> usize {
        line_ends(self.text.get(..place).unwrap_or(&self.text)) + 1
    }

    /// Blocks at the top of the file.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.body.iter().flat_map(Pieces::iter).filter_map(Structure::as_block)
    }

    /// What was found of a block already; none where it is not one of these.
    pub(super) fn known(&self, block: &Block) -> Option<&Known> {
        self.body.as_ref().ok()?.known(block)
    }

    /// The addresses of its blocks.
    pub(super) fn heads(&self) -> &Arc<Heads> {
        self.heads.get_or_init(|| Arc::new(Heads::of(self)))
    }
}

/// The length of the byte order mark, if there is one.
fn mark(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_hold_on_crlf_and_byte_order_mark() {
        let text = "\u{feff}# é\r\nresource \"a\" \"b\" {\r\n  x = \"1\"\r\n  y = 2\r\n}\r\n";
        let file = SourceFile::parse("m.tf".into(), text.into());
        let block = file.blocks().next().unwrap();
        let at = |range: Range<usize>| file.text.get(range).unwrap();
        assert!(at(file.span(block).unwrap()).starts_with("resource"));
        assert!(at(file.span(block).unwrap()).ends_with('}'));
        let values: Vec<_> =
            block.body.attributes().map(|a| at(file.span(&a.value).unwrap())).collect();
        assert_eq!(values, ["\"1\"", "2"]);
    }

    #[test]
    fn line_ends_that_mean_nothing_are_read() {
        let text = "locals {\n  a = { for k in b : k => k ?\n  1 :\n  2 }\n  c = 3\n}\n";
        assert!(hcl_edit::parser::parse_body(text).is_err());
        let file = SourceFile::parse("m.tf".into(), text.into());
        let last = file.blocks().next().unwrap().body.get_attribute("c").unwrap();
        assert_eq!(file.text.get(file.span(last).unwrap()), Some("c = 3"));
    }

    #[test]
    fn broken_file_keeps_the_reason() {
        let file = SourceFile::parse("m.tf".into(), "resource {".into());
        assert!(file.body().unwrap_err().contains("`m.tf` does not parse at 1:"));
    }
}
