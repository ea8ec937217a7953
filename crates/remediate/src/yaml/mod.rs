//! YAML text that is read with its places and changed by splicing, for Kubernetes, GitHub Actions
//! and Compose alike.
//!
//! A text is cut at its `---` lines; each document is parsed alone, so that a change reads only
//! its own document again, and of a long list only its own element. Every edit is checked by its result: the text is parsed once more, and
//! its data must be the old data with exactly the wanted change.

mod build;
mod data;
mod edit;
mod list;
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
pub(crate) use list::Part;
pub(crate) use node::{Kind, Node, Step, Style, shown};
pub(crate) use scan::{line_end, line_start};
pub(crate) use write::{block, text as word};

/// More than this is not read.
const MAX_BYTES: usize = 10 << 20;

/// Lists shorter than this are read as a whole.
const LONG: usize = 32 << 10;

/// A text of YAML documents.
#[derive(Debug, Clone)]
pub(crate) struct Yaml {
    text: Arc<String>,
    documents: Vec<Document>,
    /// How long a list must be to be read element by element.
    split_from: usize,
}

/// One document of a text, or a part of a list; its nodes count bytes from its own start.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    span: Range<usize>,
    parsed: Arc<Parsed>,
    part: Part,
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
        Self::read(Arc::new(text), usize::MAX)
    }

    /// Reads a text in which the elements of a long list count as documents of their own.
    ///
    /// # Errors
    ///
    /// As for [`Yaml::parse`].
    pub(crate) fn split(text: Arc<String>) -> Result<Self, String> {
        Self::read(text, LONG)
    }

    /// The same with another text; documents whose text is the same are not read again.
    ///
    /// # Errors
    ///
    /// As for [`Yaml::parse`].
    pub(crate) fn changed(&self, text: Arc<String>) -> Result<Self, String> {
        let (head, tail) = self.around_change(&text);
        if text.len() > MAX_BYTES {
            return Self::read(text, self.split_from);
        }
        let within = self.within(&text, head..tail);
        let documents = match within {
            Some(documents) => documents,
            None => {
                let (head, tail) = self.whole(head, tail);
                match self.between(&text, head..tail) {
                    Some((at, line)) => self.again(&text, head..tail, (at, line))?,
                    None => return Self::read(text, self.split_from),
                }
            }
        };
        Ok(Self { text, documents, split_from: self.split_from })
    }

    /// Where the new text of some documents stands, and how many lines are above it.
    fn between(&self, text: &str, changed: Range<usize>) -> Option<(Range<usize>, usize)> {
        let (old, new) = (self.text.len(), text.len());
        let kept = self.documents.get(..changed.start)?;
        let behind = self.documents.get(changed.end..)?;
        let start = kept.last().map_or(0, |document| document.span.end);
        let end = behind.first().map_or(old, |document| document.span.start);
        let end = (end + new).checked_sub(old).filter(|end| *end >= start)?;
        text.get(start..end)?;
        Some((start..end, kept.iter().map(|document| document.parsed.lines).sum()))
    }

    /// All documents, of which some are those that are given.
    fn with(&self, text: &str, changed: Range<usize>, given: Vec<Document>) -> Vec<Document> {
        let kept = self.documents.get(..changed.start).unwrap_or_default();
        let behind = self.documents.get(changed.end..).unwrap_or_default();
        let behind = behind.iter().map(|document| document.moved(self.text.len(), text.len()));
        kept.iter().cloned().chain(given).chain(behind).collect()
    }

    /// All documents, of which some are read again.
    fn again(
        &self,
        text: &str,
        changed: Range<usize>,
        (at, line): (Range<usize>, usize),
    ) -> Result<Vec<Document>, String> {
        let old = self.documents.get(changed.clone()).unwrap_or_default().iter();
        let known: Vec<(&str, &Document)> = old
            .filter(|document| document.part == Part::Whole)
            .filter_map(|document| Some((self.text.get(document.span.clone())?, document)))
            .collect();
        let middle = text.get(at.clone()).unwrap_or_default();
        let given = documents_of(middle, (at.start, line), &known, self.split_from)?;
        Ok(self.with(text, changed, given))
    }

    /// All documents, where what changes are nothing but elements of one list.
    fn within(&self, text: &str, changed: Range<usize>) -> Option<Vec<Document>> {
        let old = self.documents.get(changed.clone())?;
        let Part::Element(column) = old.first()?.part else { return None };
        if !old.iter().all(|document| document.part == Part::Element(column)) {
            return None;
        }
        let (at, line) = self.between(text, changed.clone())?;
        let given = list::elements(text.get(at.clone())?, column, (at.start, line))?;
        let first = self.documents.get(changed.start.checked_sub(1)?)?.part;
        // Without a line end at its end, an element is the last of all.
        let ends = text.get(at)?.ends_with('\n') || self.documents.len() == changed.end;
        (first != Part::Whole && ends && !given.is_empty()).then(|| self.with(text, changed, given))
    }

    /// The documents from and to which all parts of lists are together.
    fn whole(&self, mut head: usize, mut tail: usize) -> (usize, usize) {
        let inner = |at: usize| {
            let part = self.documents.get(at).map(|document| document.part);
            part.is_some_and(|part| matches!(part, Part::Element(_) | Part::Tail))
        };
        while head > 0 && inner(head) {
            head -= 1;
        }
        // What follows the last one of a list may come to belong to it.
        while inner(tail) {
            tail += 1;
        }
        (head, tail)
    }

    /// Where the list or document of a part ends.
    fn end_of(&self, document: usize) -> Option<usize> {
        let (_, behind) = self.whole(document, document + 1);
        Some(self.documents.get(behind.checked_sub(1)?)?.span.end)
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

    fn read(text: Arc<String>, split_from: usize) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err("it is longer than 10 MB".to_owned());
        }
        let documents = documents_of(&text, (0, 0), &[], split_from)?;
        Ok(Self { text, documents, split_from })
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
        let at = self.end_of(document).ok_or("there is no such document")?;
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
        let end = self.end_of(document).ok_or("there is no such document")?;
        let rest = self.text.get(at..end).ok_or("there is no such document")?;
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
    split_from: usize,
) -> Result<Vec<Document>, String> {
    let mut documents = Vec::new();
    let mut line = above;
    let chunks = if text.is_empty() && start > 0 { Vec::new() } else { scan::chunks(text) };
    let count = chunks.len();
    for (at, span) in chunks.into_iter().enumerate() {
        let chunk = text.get(span.clone()).unwrap_or_default();
        let long = chunk.len() >= split_from;
        if let Some(parts) = long.then(|| list::parts(chunk, span.start + start, line)).flatten() {
            line += parts.iter().map(|part| part.parsed.lines).sum::<usize>();
            documents.extend(parts);
            continue;
        }
        let from_end = (known.len() + at).checked_sub(count);
        let same = [Some(at), from_end].into_iter().flatten().filter_map(|at| known.get(at));
        let same = same.filter(|(old, _)| *old == chunk).map(|(_, old)| &old.parsed).next();
        let parsed = match same {
            Some(parsed) => Arc::clone(parsed),
            None => Arc::new(Parsed::read(chunk, line)?),
        };
        line += parsed.lines;
        let span = span.start + start..span.end + start;
        documents.push(Document { span, parsed, part: Part::Whole });
    }
    Ok(documents)
}

impl Document {
    /// The same where the text before it has another length.
    fn moved(&self, old: usize, new: usize) -> Self {
        let at = |byte: usize| (byte + new).saturating_sub(old);
        let span = at(self.span.start)..at(self.span.end);
        Self { span, parsed: Arc::clone(&self.parsed), part: self.part }
    }

    /// What of a document it is.
    pub(crate) fn part(&self) -> Part {
        self.part
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
mod list_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
