//! One file of a repository: its text, its parsed body, and the way from one to the other.

use std::collections::BTreeMap;
use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::structure::{Body, Structure};

use super::json;

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
    body: Result<Body, String>,
    /// Length of the byte order mark, if there is one.
    mark: usize,
    /// Where blocks of a JSON file stand in it, by address.
    places: BTreeMap<String, Range<usize>>,
    /// Places in the parsed copy before which a carriage return was taken out.
    removed: Vec<usize>,
}

impl SourceFile {
    /// Reads a file; one that does not parse keeps the reason.
    #[must_use]
    pub(crate) fn parse(path: String, text: String) -> Self {
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let rest = text.get(mark..).unwrap_or_default();
        let (copy, removed) = without_carriage_returns(rest);
        let mut places = BTreeMap::new();
        let body = if text.len() > MAX_FILE_BYTES {
            Err(format!("`{path}` is larger than {MAX_FILE_BYTES} bytes"))
        } else if path.ends_with(".json") {
            let read = json::read(&copy, path.ends_with(".tfvars.json"));
            let read = read.map_err(|reason| format!("`{path}` {reason}"));
            read.map(|json::Read { body, places: found }| {
                places = found;
                body
            })
        } else {
            parsed(&copy).map_err(|error| {
                let place = error.location();
                format!("`{path}` does not parse at {}:{}", place.line(), place.column())
            })
        };
        Self { path, text, body, mark, places, removed }
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

    /// The parsed body.
    ///
    /// # Errors
    ///
    /// The reason why the file does not parse.
    pub(crate) fn body(&self) -> Result<&Body, &str> {
        self.body.as_ref().map_err(String::as_str)
    }

    /// Where an element stands in [`SourceFile::text`].
    #[must_use]
    pub(crate) fn span(&self, element: &impl Span) -> Option<Range<usize>> {
        let span = element.span()?;
        let range = self.place(span.start)..self.place(span.end);
        self.text.get(range.clone()).map(|_| range)
    }

    /// Whether it is written in Terraform's JSON syntax.
    pub(crate) fn is_json(&self) -> bool {
        self.path.ends_with(".json")
    }

    /// Where the block of an address stands in a JSON file.
    pub(crate) fn json_span(&self, address: &str) -> Option<Range<usize>> {
        let span = self.places.get(address)?;
        Some(self.place(span.start)..self.place(span.end))
    }

    /// The line of a place in the text, from 1.
    #[must_use]
    pub(crate) fn line(&self, place: usize) -> usize {
        self.text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1
    }

    /// Blocks at the top of the file.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &hcl_edit::structure::Block> {
        self.body.iter().flat_map(Body::iter).filter_map(Structure::as_block)
    }

    fn place(&self, place: usize) -> usize {
        self.mark + place + self.removed.partition_point(|removed| *removed < place)
    }
}

/// The body of a text, read once more where the parser stumbles over line ends.
fn parsed(text: &str) -> Result<Body, hcl_edit::parser::Error> {
    hcl_edit::parser::parse_body(text).or_else(|error| {
        let again = super::lenient::joined(text);
        again.and_then(|text| hcl_edit::parser::parse_body(&text).ok()).ok_or(error)
    })
}

fn without_carriage_returns(text: &str) -> (String, Vec<usize>) {
    let mut copy = String::with_capacity(text.len());
    let mut removed = Vec::new();
    let mut parts = text.split("\r\n");
    copy.push_str(parts.next().unwrap_or_default());
    for part in parts {
        removed.push(copy.len());
        copy.push('\n');
        copy.push_str(part);
    }
    (copy, removed)
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
