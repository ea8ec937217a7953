//! A body as HTML for mail: no style sheet, no image, no script, and links only of Quell's own.

use quell_deliver::text::SafeLink;

use crate::common::runs::{Part, Run, Style};

/// A page with what is said, and the link to Quell.
pub(super) fn page(
    title: &str,
    beside: &[String],
    parts: &[Part],
    (page, below): (Option<&SafeLink>, &[String]),
) -> String {
    let mut out =
        String::from("<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\"></head><body>\r\n");
    element(&mut out, "h2", title);
    for text in beside {
        element(&mut out, "div", text);
    }
    for part in parts {
        write_part(&mut out, part);
    }
    if let Some(page) = page {
        out.push_str(&format!("<p>{}</p>\r\n", link("Open it in Quell", page.as_str())));
    }
    for text in below {
        element(&mut out, "p", text);
    }
    out.push_str("</body></html>\r\n");
    out
}

/// A link with words of Quell's own.
fn link(words: &str, to: &str) -> String {
    format!("<a href=\"{}\">{}</a>", to.replace('&', "&amp;"), escaped(words))
}

fn element(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>{}</{name}>\r\n", escaped(text)));
}

fn write_part(out: &mut String, part: &Part) {
    match part {
        Part::Heading(line) => out.push_str(&format!("<h3>{}</h3>\r\n", runs(line))),
        Part::Paragraph(line) => out.push_str(&format!("<p>{}</p>\r\n", runs(line))),
        Part::List(lines) => list(out, "ul", lines),
        Part::Steps(lines) => list(out, "ol", lines),
        Part::Facts(facts) => {
            let lines: Vec<String> = facts
                .iter()
                .map(|(name, line)| format!("<b>{}:</b> {}", escaped(name), runs(line)))
                .collect();
            out.push_str(&format!("<p>{}</p>\r\n", lines.join("<br>\r\n")));
        }
        Part::Code(text) => out.push_str(&format!("<pre>{}</pre>\r\n", escaped(text))),
    }
}

fn list(out: &mut String, name: &str, lines: &[Vec<Run>]) {
    out.push_str(&format!("<{name}>\r\n"));
    for line in lines {
        out.push_str(&format!("<li>{}</li>\r\n", runs(line)));
    }
    out.push_str(&format!("</{name}>\r\n"));
}

fn runs(line: &[Run]) -> String {
    let run = |run: &Run| match &run.style {
        Style::Plain => escaped(&run.text),
        Style::Strong => format!("<b>{}</b>", escaped(&run.text)),
        Style::Code => format!("<code>{}</code>", escaped(&run.text)),
        Style::Link(to) => link(&run.text, to.as_str()),
    };
    line.iter().map(run).collect()
}

/// Text that stands between tags. Where a mail program could find an address to link to, a place
/// to break the line stands in it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            ':' | '@' | '.' => {
                out.push(c);
                out.push_str("<wbr>");
            }
            c => out.push(c),
        }
    }
    out
}
