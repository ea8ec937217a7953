//! A language model's words beside what a letter says, marked as what they are.

use quell_deliver::{Block, Letter, Line};
use quell_model::{Answered, By, WrittenPart};

use super::words::claim;

/// Sentences of one part.
const MOST: usize = 6;

/// Puts a model's words into a letter, below all that the rules say. Nothing else of the letter
/// changes. Words of the rules are not repeated: the letter has them.
pub fn beside(letter: &mut Letter, words: &Answered) {
    let is_model = |part: &&WrittenPart| part.by == By::Model && !part.sentences.is_empty();
    let parts: Vec<&WrittenPart> = words.written.parts.iter().filter(is_model).collect();
    let Some(made) = words.made.as_ref().filter(|_| !parts.is_empty()) else { return };
    let by = Line::own("Written by ")
        .and_code(made.model.clone())
        .and_own(" of ")
        .and_code(made.provider.clone())
        .and_own(
            ", a language model. Each sentence was checked against the records behind it. What \
             stands above does not rest on it.",
        );
    let mut blocks = vec![
        Block::Heading(Line::own("In other words (by a language model)")),
        Block::Paragraph(by),
    ];
    for part in parts {
        blocks.push(Block::Paragraph(Line::own(format!("{}:", part.title))));
        blocks.push(Block::List(part.sentences.iter().take(MOST).map(claim).collect()));
    }
    // The link to Quell's own page stays the last.
    let all = &mut letter.body.0;
    let at = all.len().saturating_sub(usize::from(letter.page.is_some()));
    all.splice(at..at, blocks);
}

#[cfg(test)]
mod tests {
    use quell_deliver::text::{Hosts, SafeLink, plain};
    use quell_deliver::{Body, Key, Span};
    use quell_model::{Claim, Made, Severity, TenantId, Written};

    use super::*;

    fn letter(page: bool) -> Letter {
        let to = SafeLink::new(
            "https://quell.example/incidents/x",
            &Hosts::default().with("https://quell.example"),
        )
        .unwrap();
        let mut body = Body::paragraph(Line::own("By the rules."));
        if page {
            let words = "Open in Quell".to_owned();
            body = body.and(Block::Paragraph(Line(vec![Span::Link { words, to: to.clone() }])));
        }
        Letter {
            key: Key::new(&TenantId::default(), "jira", "incident:x", 0),
            title: Line::own("A database is open"),
            body,
            severity: Severity::High,
            due: None,
            labels: Vec::new(),
            files: Vec::new(),
            page: page.then_some(to),
            owner: None,
            change: None,
            item: None,
            records: Vec::new(),
            asks: None,
        }
    }

    fn words(by: By) -> Answered {
        let part = |by, text: &str| WrittenPart {
            name: "summary".to_owned(),
            title: "What is wrong".to_owned(),
            by,
            sentences: vec![Claim { text: text.into(), evidence: vec!["issue:abc".to_owned()] }],
            choice: None,
        };
        Answered {
            written: Written {
                task: "message".to_owned(),
                version: 1,
                by,
                instead_of: None,
                parts: vec![part(by, "Anyone can log in."), part(By::Rules, "Known.")],
                texts: Vec::new(),
                dropped: Vec::new(),
            },
            made: Some(Made {
                provider: "claude".to_owned(),
                model: "claude-haiku-5-5".to_owned(),
                kept: false,
                input_tokens: 1,
                output_tokens: 1,
                money: None,
            }),
        }
    }

    #[test]
    fn a_model_s_words_stand_marked_below_the_rules_and_above_the_link() {
        for page in [true, false] {
            let (before, mut after) = (letter(page), letter(page));
            beside(&mut after, &words(By::Model));
            let text = plain(&after.body);
            let told: Vec<&str> = text.split("\n\n").collect();
            assert_eq!(told[0], "By the rules.");
            assert_eq!(told[1], "IN OTHER WORDS (BY A LANGUAGE MODEL)");
            assert!(told[2].starts_with("Written by claude-haiku-5-5 of claude, a language"));
            assert_eq!(told[3..5], ["What is wrong:", "- Anyone can log in. [issue:abc]"]);
            assert_eq!(told.len(), 5 + usize::from(page), "{text}");
            // Nothing but the body differs, and all that it said it says still.
            assert!(before.body.0.iter().all(|block| after.body.0.contains(block)));
            after.body = before.body.clone();
            assert_eq!(after, before);
        }
    }

    #[test]
    fn words_of_the_rules_are_not_told_twice() {
        let mut after = letter(true);
        beside(&mut after, &words(By::Rules));
        assert_eq!(after, letter(true));
    }
}
