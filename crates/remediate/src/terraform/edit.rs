//! Changes to a file's text: a value replaced, attributes or a block added, nothing else touched.

use std::ops::Range;

use hcl_edit::expr::{Expression, Object};
use hcl_edit::structure::{Attribute, Block, Body, Structure};

use super::SourceFile;
use super::body::last;
use super::render::{self, Layout};

/// One replacement in a file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

impl Splice {
    /// The text with the replacement made.
    pub(crate) fn apply(&self, text: &str) -> Option<String> {
        let before = text.get(..self.range.start)?;
        let after = text.get(self.range.end..)?;
        Some([before, self.text.as_str(), after].concat())
    }
}

/// Puts another expression in place of a value.
pub(crate) fn replace(file: &SourceFile, value: &Expression, text: String) -> Option<Splice> {
    Some(Splice { range: file.span(value)?, text })
}

/// Adds attributes to a block: below its last attribute, else at its top.
pub(crate) fn insert_attributes(
    file: &SourceFile,
    block: &Block,
    pairs: &[(String, String)],
) -> Option<Splice> {
    let braces = braces(file, block)?;
    let layout = layout(file, braces.start);
    let indent = inner_indent(file, block, layout)?;
    let newline = layout.newline;
    let own = render::column(pairs);
    let Some(anchor) = block.body.attributes().last() else {
        let lines = render::attributes(pairs, own, &indent, layout);
        let gap = if block.body.is_empty() { "" } else { newline };
        return Some(at_top(file, block, &braces, &format!("{newline}{lines}{gap}")));
    };
    let aligned = group_column(file, &block.body, anchor).filter(|column| own <= *column);
    let grouped = group_column(file, &block.body, anchor).is_some();
    let lines = render::attributes(pairs, aligned.unwrap_or(own), &indent, layout);
    let gap = if aligned.is_none() && grouped { newline } else { "" };
    let end = file.span(anchor)?.end;
    below(file, block, &braces, end, &format!("{newline}{gap}{lines}"))
}

/// Adds a key to an object, after the last one.
pub(crate) fn insert_key(
    file: &SourceFile,
    object: &Object,
    (key, value): (&str, &str),
) -> Option<Splice> {
    let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let key = if plain { key.to_owned() } else { format!("\"{key}\"") };
    let span = file.span(object)?;
    let Some((first, last)) = object.iter().last() else {
        return Some(Splice { range: span, text: format!("{{ {key} = {value} }}") });
    };
    if matches!(last.expr(), Expression::HeredocTemplate(_)) {
        return None;
    }
    let end = file.span(last.expr())?.end;
    let rest = file.text.get(end..span.end)?;
    if !rest.contains('\n') {
        return Some(Splice { range: end..end, text: format!(", {key} = {value}") });
    }
    let start = file.span(first)?.start;
    let indent = indent_at(&file.text, start);
    let comma = if rest.trim_start().starts_with(',') { "," } else { "" };
    let newline = if rest.contains("\r\n") { "\r\n" } else { "\n" };
    let place = line_end(&file.text, end);
    Some(Splice { range: place..place, text: format!("{newline}{indent}{key} = {value}{comma}") })
}

/// Adds a rendered block to a block, below everything in it.
pub(crate) fn insert_block(
    file: &SourceFile,
    block: &Block,
    render: impl Fn(&str, Layout<'_>) -> String,
) -> Option<Splice> {
    let braces = braces(file, block)?;
    let layout = layout(file, braces.start);
    let indent = inner_indent(file, block, layout)?;
    let newline = layout.newline;
    let text = render(&indent, layout);
    match last(&block.body) {
        None => Some(at_top(file, block, &braces, &format!("{newline}{text}"))),
        Some(structure) => {
            let end = file.span(structure)?.end;
            below(file, block, &braces, end, &format!("{newline}{newline}{text}"))
        }
    }
}

/// Adds a rendered block at the top level, below another one.
pub(crate) fn append_after(
    file: &SourceFile,
    block: &Block,
    render: impl Fn(&str, Layout<'_>) -> String,
) -> Option<Splice> {
    let span = file.span(block)?;
    let layout = layout(file, span.start);
    let at = line_end(&file.text, span.end);
    let text = format!("{0}{0}{1}", layout.newline, render("", layout));
    Some(Splice { range: at..at, text })
}

/// The places of a block's opening brace and of its closing one.
fn braces(file: &SourceFile, block: &Block) -> Option<Range<usize>> {
    let span = file.span(block)?;
    let head = match block.labels.last() {
        Some(label) => file.span(label)?.end,
        None => file.span(&block.ident)?.end,
    };
    let gap = file.text.get(head..span.end)?;
    let open = head + gap.find('{')?;
    let only_space = file.text.get(head..open)?.trim().is_empty();
    let close = span.end.checked_sub(1)?;
    let closed = file.text.get(close..span.end)? == "}";
    (only_space && closed && open < close).then_some(open..close)
}

/// Adds text after the opening brace.
fn at_top(file: &SourceFile, block: &Block, braces: &Range<usize>, text: &str) -> Splice {
    let end = line_end(&file.text, braces.start);
    if end < braces.end {
        return Splice { range: end..end, text: text.to_owned() };
    }
    opened(file, block, braces, text)
}

/// Adds text below the line on which something ends.
fn below(
    file: &SourceFile,
    block: &Block,
    braces: &Range<usize>,
    end: usize,
    text: &str,
) -> Option<Splice> {
    let line = line_end(&file.text, end);
    if line < braces.end {
        let rest = file.text.get(end..line)?.trim_start();
        let comment =
            rest.is_empty() || ["#", "//", "/*"].iter().any(|mark| rest.starts_with(mark));
        return comment.then(|| Splice { range: line..line, text: text.to_owned() });
    }
    Some(opened(file, block, braces, text))
}

/// Spreads a block that stands on one line over several, with text added.
fn opened(file: &SourceFile, block: &Block, braces: &Range<usize>, text: &str) -> Splice {
    let layout = layout(file, braces.start);
    let newline = layout.newline;
    let outer = file.span(block).map(|span| indent_at(&file.text, span.start)).unwrap_or_default();
    let inside = braces.start + 1..braces.end;
    let old = file.text.get(inside.clone()).unwrap_or_default().trim();
    let kept = if old.is_empty() {
        String::new()
    } else {
        format!("{newline}{outer}{}{old}", layout.unit)
    };
    Splice { range: inside, text: format!("{kept}{text}{newline}{outer}") }
}

/// The column of `=` in the run of lines that an attribute ends; `None` where it stands on
/// several lines, which `terraform fmt` does not align.
fn group_column(file: &SourceFile, body: &Body, anchor: &Attribute) -> Option<usize> {
    let on_one_line =
        |span: &Range<usize>| file.text.get(span.clone()).is_some_and(|text| !text.contains('\n'));
    let own_span = file.span(anchor).filter(on_one_line)?;
    let key = file.span(&anchor.key)?;
    let value = file.span(&anchor.value)?;
    let equals = file.text.get(key.end..value.start)?.find('=')?;
    let name = anchor.key.as_str().chars().count();
    let own = name + equals;
    // A lone attribute may be widened by nothing; one in a run keeps the run's column.
    let is_above = |other: &Attribute| {
        let other = file.span(other).filter(on_one_line)?;
        let between = file.text.get(other.end..own_span.start)?;
        Some(between.matches('\n').count() == 1)
    };
    let above = body.attributes().any(|other| is_above(other).unwrap_or(false));
    Some(if above { own } else { own.max(name + 1) })
}

/// The indentation of what is in a block.
fn inner_indent(file: &SourceFile, block: &Block, layout: Layout<'_>) -> Option<String> {
    let span = file.span(block)?;
    let outer = indent_at(&file.text, span.start);
    let first = block.body.iter().find_map(|structure| {
        let start = match structure {
            Structure::Attribute(attribute) => file.span(attribute)?.start,
            Structure::Block(block) => file.span(block)?.start,
        };
        let line = line_start(&file.text, start);
        let lead = file.text.get(line..start)?;
        (lead.trim().is_empty() && line > span.start).then(|| lead.to_owned())
    });
    Some(first.unwrap_or_else(|| format!("{outer}{}", layout.unit)))
}

fn layout(file: &SourceFile, near: usize) -> Layout<'_> {
    let after = file.text.get(near..).unwrap_or_default();
    let line = after.split_inclusive('\n').next().unwrap_or_default();
    let crlf =
        if line.ends_with('\n') { line.ends_with("\r\n") } else { file.text.contains("\r\n") };
    let tabs = file.text.contains("\n\t") && !file.text.contains("\n  ");
    Layout { newline: if crlf { "\r\n" } else { "\n" }, unit: if tabs { "\t" } else { "  " } }
}

fn line_start(text: &str, place: usize) -> usize {
    text.get(..place).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// Where the line ends, before its line feed or carriage return.
pub(crate) fn line_end(text: &str, place: usize) -> usize {
    let rest = text.get(place..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    place + line.strip_suffix('\r').unwrap_or(line).len()
}

fn indent_at(text: &str, place: usize) -> String {
    let line = text.get(line_start(text, place)..place).unwrap_or_default();
    line.chars().take_while(|letter| matches!(letter, ' ' | '\t')).collect()
}
