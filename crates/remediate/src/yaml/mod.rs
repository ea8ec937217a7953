//! YAML text that is read with its places and changed by splicing, for Kubernetes, GitHub Actions
//! and Compose alike.
//!
//! A text is cut at its `---` lines; each document is parsed alone, so that a change reads only
//! its own document again. Every edit is checked by its result: the text is parsed once more, and
//! its data must be the old data with exactly the wanted change.

mod build;
mod data;
mod edit;
mod node;
mod scan;
mod splice;
mod write;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use crate::diff::{same_head, same_tail};
use data::data;
pub(crate) use edit::Edit;
use edit::apply;
pub(crate) use node::{Kind, Node, Step, Style, shown};
pub(crate) use scan::{line_end, line_start};
pub(crate) use write::{block, text as word};

/// More than this is not read.
const MAX_BYTES: usize = 10 << 20;

/// A text of YAML documents.
#[derive(Debug, Clone)]
pub(crate) struct Yaml {
    text: String,
    documents: Vec<Document>,
}

/// One document of a text; its nodes count bytes from its own start.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    span: Range<usize>,
    parsed: Arc<Parsed>,
}

#[derive(Debug)]
struct Parsed {
    root: Option<Node>,
    data: Arc<Value>,
    lines: usize,
}

impl Yaml {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// One sentence that says where and why it cannot be read: it is no YAML, has a key twice, is a
    /// template that another program fills in, or is too long or too deep.
    pub(crate) fn parse(text: String) -> Result<Self, String> {
        Self::read(text, &[])
    }

    /// The same with another text; documents whose text is the same are not read again.
    ///
    /// # Errors
    ///
    /// As for [`Yaml::parse`].
    pub(crate) fn changed(&self, text: String) -> Result<Self, String> {
        let (head, tail) = self.around_change(&text);
        let (old, new) = (self.text.len(), text.len());
        let kept = self.documents.get(..head).unwrap_or_default();
        let behind = self.documents.get(tail..).unwrap_or_default();
        let start = kept.last().map_or(0, |document| document.span.end);
        let end = behind.first().map_or(old, |document| document.span.start);
        let end = (end + new).checked_sub(old).filter(|end| *end >= start);
        let middle = end.and_then(|end| text.get(start..end)).filter(|_| text.len() <= MAX_BYTES);
        let Some(middle) = middle else { return Self::read(text, &[]) };
        let changed = self.documents.get(head..tail).unwrap_or_default().iter();
        let known: Vec<(&str, &Document)> = changed
            .filter_map(|document| Some((self.text.get(document.span.clone())?, document)))
            .collect();
        let line = kept.iter().map(|document| document.parsed.lines).sum();
        let mut documents = kept.to_vec();
        documents.extend(documents_of(middle, (start, line), &known)?);
        documents.extend(behind.iter().map(|document| document.moved(old, new)));
        Ok(Self { text, documents })
    }

    /// How many documents stand whole before what a new text changes, and which is the first that
    /// stands whole behind. The line that parts two of them must not be touched.
    fn around_change(&self, text: &str) -> (usize, usize) {
        let same = same_head(&self.text, text);
        let parted = |one: &Document| {
            self.text.get(one.span.end..same).is_some_and(|line| line.contains('\n'))
        };
        let head = self.documents.partition_point(parted);
        let behind = same_tail(&self.text, text).min(self.text.len().min(text.len()) - same);
        let from = self.text.len() - behind;
        let tail = self.documents.partition_point(|one| one.span.start <= from);
        if head == 0 { (0, self.documents.len()) } else { (head, tail.max(head)) }
    }

    fn read(text: String, known: &[(&str, &Document)]) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err("it is longer than 10 MB".to_owned());
        }
        let documents = documents_of(&text, (0, 0), known)?;
        Ok(Self { text, documents })
    }

    /// The documents in the order of the text; some hold nothing but comments.
    pub(crate) fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The text of a document of its own.
    pub(crate) fn text_of(&self, document: &Document) -> &str {
        self.text.get(document.span.clone()).unwrap_or_default()
    }

    /// The whole text with edits made in one document, one upon the other.
    ///
    /// # Errors
    ///
    /// One sentence that says what hinders an edit.
    pub(crate) fn edited(&self, document: usize, edits: &[Edit]) -> Result<String, String> {
        self.edited_each(&BTreeMap::from([(document, edits.to_vec())]))
    }

    /// The whole text with edits made in several documents.
    ///
    /// # Errors
    ///
    /// One sentence that says what hinders an edit.
    pub(crate) fn edited_each(&self, edits: &BTreeMap<usize, Vec<Edit>>) -> Result<String, String> {
        let mut out = String::with_capacity(self.text.len() + 64 * edits.len());
        let mut from = 0;
        for (document, edits) in edits {
            let span = &self.documents.get(*document).ok_or("there is no such document")?.span;
            let mut chunk = self.text.get(span.clone()).unwrap_or_default().to_owned();
            for edit in edits {
                chunk = apply(&chunk, edit)?;
            }
            out.push_str(self.text.get(from..span.start).unwrap_or_default());
            out.push_str(&chunk);
            from = span.end;
        }
        out.push_str(self.text.get(from..).unwrap_or_default());
        Ok(out)
    }

    /// The whole text with a new document behind another; the new text begins without `---`.
    /// Also says at which byte of the old text it was put.
    ///
    /// # Errors
    ///
    /// There is no such document.
    pub(crate) fn with_document_after(
        &self,
        document: usize,
        new: &str,
    ) -> Result<(String, usize), String> {
        let at = self.documents.get(document).ok_or("there is no such document")?.span.end;
        let head = self.text.get(..at).unwrap_or_default();
        let tail = self.text.get(at..).unwrap_or_default();
        let eol = scan::line_ending(&self.text);
        let gap = if head.is_empty() || head.ends_with('\n') { "" } else { eol };
        let new = new.trim_end().replace('\n', eol);
        Ok(([head, gap, "---", eol, &new, eol, tail].concat(), at))
    }
}

impl Yaml {
    /// The whole text with a new document at a byte of another, behind which nothing else stands
    /// in it; the new text begins without `---`.
    ///
    /// # Errors
    ///
    /// There is something behind the byte.
    pub(crate) fn with_document_at(
        &self,
        document: usize,
        at: usize,
        new: &str,
    ) -> Result<String, String> {
        let span = self.documents.get(document).ok_or("there is no such document")?.span.clone();
        let rest = self.text.get(at..span.end).ok_or("there is no such document")?;
        if !rest.trim().is_empty() {
            return Err("something else stands behind it, so that nothing can be put there".into());
        }
        let (head, tail) = self.text.split_at_checked(at).ok_or("there is no such document")?;
        let eol = scan::line_ending(&self.text);
        let new = new.trim_end().replace('\n', eol);
        Ok([head, eol, "---", eol, &new, tail].concat())
    }
}

/// The documents of a part of a text that begins at a byte and below so many lines. Those whose
/// text is that of a known one are not read again.
fn documents_of(
    text: &str,
    (start, above): (usize, usize),
    known: &[(&str, &Document)],
) -> Result<Vec<Document>, String> {
    let mut documents = Vec::new();
    let mut line = above;
    let chunks = if text.is_empty() && start > 0 { Vec::new() } else { scan::chunks(text) };
    let count = chunks.len();
    for (at, span) in chunks.into_iter().enumerate() {
        let chunk = text.get(span.clone()).unwrap_or_default();
        let from_end = (known.len() + at).checked_sub(count);
        let same = [Some(at), from_end].into_iter().flatten().filter_map(|at| known.get(at));
        let same = same.filter(|(old, _)| *old == chunk).map(|(_, old)| &old.parsed).next();
        let parsed = match same {
            Some(parsed) => Arc::clone(parsed),
            None => Arc::new(Parsed::read(chunk, line)?),
        };
        line += parsed.lines;
        documents.push(Document { span: span.start + start..span.end + start, parsed });
    }
    Ok(documents)
}

impl Document {
    /// The same where the text before it has another length.
    fn moved(&self, old: usize, new: usize) -> Self {
        let at = |byte: usize| (byte + new).saturating_sub(old);
        Self { span: at(self.span.start)..at(self.span.end), parsed: Arc::clone(&self.parsed) }
    }

    /// Its outermost node; none where it holds nothing but comments.
    pub(crate) fn root(&self) -> Option<&Node> {
        self.parsed.root.as_ref()
    }

    /// What it says, with aliases and merge keys put in.
    pub(crate) fn data(&self) -> &Arc<Value> {
        &self.parsed.data
    }

    /// Where it begins in the whole text.
    pub(crate) fn start(&self) -> usize {
        self.span.start
    }

    /// Whether both were read of the same text once.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parsed, &other.parsed)
    }

    /// The bytes of a node in the whole text.
    pub(crate) fn span_of(&self, node: &Node) -> Range<usize> {
        node.span.start + self.span.start..node.span.end + self.span.start
    }
}

impl Parsed {
    /// Reads one document; `line` is the number of lines above it.
    fn read(chunk: &str, line: usize) -> Result<Self, String> {
        let root = build::read(chunk, line)?;
        let data = root.as_ref().map_or(Ok(Value::Null), data)?;
        Ok(Self { root, data: Arc::new(data), lines: chunk.matches('\n').count() })
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
