//! What a note says: plain lines, the same as long as Quell concludes the same.

use quell_deliver::letter::ISSUES;
use quell_deliver::text::{Block, Line, Span};
use quell_deliver::{Body, Key, Letter};

use crate::common::flat;

/// Longest note, in characters: consoles of platforms show some thousands.
const MOST: usize = 1_800;
const MOST_TITLE: usize = 200;

/// What Quell concluded. Scores, files and other issues are left out: they change often, and stand
/// behind the link.
pub(super) fn concluded(letter: &Letter) -> String {
    let title = flat::on_one_line(&flat::line(&letter.title), MOST_TITLE, flat::one);
    let mut head = vec![format!("Quell concluded: {title}")];
    head.push(format!("Severity: {}", letter.severity.as_str()));
    if let Some(owner) = &letter.owner {
        head.push(flat::line(&Line::own("Owner: ").and_data(owner.clone())));
    }
    if let Some(due) = letter.due {
        head.push(format!("Due: {}", due.strftime("%Y-%m-%d")));
    }
    let page = letter.page.as_ref().map(|page| format!("{}\n", page.as_str()));
    let end = format!("\n\n{}({})", page.unwrap_or_default(), letter.key.mark());
    let text = format!("{}\n\n{}", head.join("\n"), flat::body(&lasting(&letter.body)));
    fitted(&text, &end)
}

/// Something that is said later, with what tells it from another.
pub(super) fn note(body: &Body, word: &str, key: &Key) -> String {
    let end = format!("\n\n({word} {})", key.mark());
    fitted(&format!("Quell: {}", flat::body(body)), &end)
}

fn fitted(text: &str, end: &str) -> String {
    let room = MOST.saturating_sub(flat::length(end, flat::one));
    flat::cut(text.trim_end(), room, flat::one) + end
}

/// What of a letter stays as long as the same is concluded.
fn lasting(body: &Body) -> Body {
    let mut blocks = Vec::new();
    let mut all = body.0.iter();
    while let Some(block) = all.next() {
        match block {
            Block::Heading(line) if is_issues(line) => drop(all.next()),
            // The link to Quell stands at the end of the note.
            Block::Paragraph(line) if is_link(line) => {}
            Block::Facts(_) | Block::Code { .. } => {}
            Block::Heading(_) | Block::Paragraph(_) | Block::List(_) | Block::Steps(_) => {
                blocks.push(block.clone());
            }
        }
    }
    Body(blocks)
}

fn is_issues(line: &Line) -> bool {
    matches!(line.0.as_slice(), [Span::Own(words)] if words == ISSUES)
}

fn is_link(line: &Line) -> bool {
    matches!(line.0.as_slice(), [Span::Link { .. }])
}
