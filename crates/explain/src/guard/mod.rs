//! Judges what a model wrote, sentence by sentence, against the records it was given.
//!
//! A sentence stays when it cites records of this call, when each name, number, flag and address in
//! it stands in them or in the catalogue, and when it holds nothing that acts: no link, markup,
//! mention or command. It may raise attention and never lower it. What does not stay is dropped
//! and counted; where too little stays, all of it gives way to what is known without a model.

mod compounds;
mod facts;
mod forbidden;
mod tokens;
mod words;

#[cfg(test)]
mod tests;

use quell_model::Untrusted;

pub use facts::Facts;

/// Longest sentence, in characters.
const MOST_CHARS: usize = 600;
/// Most sentences of an answer.
const MOST_SENTENCES: usize = 40;

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// What the model wrote.
    Words(String),
    /// What a record has where the model named a placeholder for it.
    Data(Untrusted),
    /// A placeholder that was never given out.
    Invented(String),
}

/// A sentence of an answer, with the records it says it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its parts in their order.
    pub parts: Vec<Part>,
    /// Ids of records.
    pub evidence: Vec<String>,
}

impl Sentence {
    /// The sentence as a reader sees it.
    fn text(&self) -> String {
        let part = |part: &Part| match part {
            Part::Words(words) | Part::Invented(words) => words.clone(),
            Part::Data(data) => data.raw().to_owned(),
        };
        self.parts.iter().map(part).collect()
    }
}

/// A sentence that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The sentence. It is a model's, and no markup of any sink.
    pub text: Untrusted,
    /// The records it rests on.
    pub evidence: Vec<String>,
}

/// Why a sentence does not stay.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It cites no record.
    NoEvidence,
    /// It cites a record that was not given.
    UnknownRecord(String),
    /// It names a placeholder that was never given out.
    Invented(String),
    /// It says something that stands in no record and not in the catalogue.
    Unresolved(String),
    /// It has a link or an address in it.
    Link,
    /// It has markup in it.
    Markup,
    /// It calls somebody.
    Mention,
    /// It has a command in it that the catalogue does not have.
    Command(String),
    /// It has characters that cannot be seen.
    Hidden,
    /// It would lower attention, or decide something.
    Decides(String),
    /// It is empty or too long.
    Size,
    /// There were more sentences than an answer may have.
    TooMany,
}

impl Reason {
    /// All words for a counter.
    pub const WORDS: [&'static str; 12] = [
        "no_evidence",
        "unknown_record",
        "invented_placeholder",
        "unresolved",
        "link",
        "markup",
        "mention",
        "command",
        "hidden",
        "decides",
        "size",
        "too_many",
    ];

    /// A word for a counter.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NoEvidence => "no_evidence",
            Self::UnknownRecord(_) => "unknown_record",
            Self::Invented(_) => "invented_placeholder",
            Self::Unresolved(_) => "unresolved",
            Self::Link => "link",
            Self::Markup => "markup",
            Self::Mention => "mention",
            Self::Command(_) => "command",
            Self::Hidden => "hidden",
            Self::Decides(_) => "decides",
            Self::Size => "size",
            Self::TooMany => "too_many",
        }
    }
}

/// What came of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// Sentences that stay, in their order.
    pub kept: Vec<Kept>,
    /// Sentences that do not, each with the first reason.
    pub dropped: Vec<(Untrusted, Reason)>,
}

impl Judged {
    /// Whether so little stays that the answer as a whole gives way.
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        self.kept.is_empty() || self.dropped.len() > self.kept.len()
    }
}

/// Whether no sentence may hold a value, since a sink would make a link of it: `x.sh`. Where such
/// a value is told as a name, a sentence can name its placeholder.
#[must_use]
pub fn reads_as_link(value: &str) -> bool {
    forbidden::has_host(&value.to_lowercase())
}

/// Judges an answer.
#[must_use]
pub fn judge(answer: &[Sentence], facts: &Facts) -> Judged {
    let mut judged = Judged::default();
    for (number, sentence) in answer.iter().enumerate() {
        let reason =
            if number < MOST_SENTENCES { fault(sentence, facts) } else { Some(Reason::TooMany) };
        let text = sentence.text();
        match reason {
            None => judged
                .kept
                .push(Kept { text: Untrusted::from(text), evidence: sentence.evidence.clone() }),
            Some(reason) => {
                judged.dropped.push((Untrusted::from(text).capped(MOST_CHARS), reason));
            }
        }
    }
    judged
}

/// Why a sentence does not stay; `None` where it does.
fn fault(sentence: &Sentence, facts: &Facts) -> Option<Reason> {
    let text = sentence.text();
    if text.trim().is_empty() || text.chars().count() > MOST_CHARS {
        return Some(Reason::Size);
    }
    if sentence.evidence.is_empty() {
        return Some(Reason::NoEvidence);
    }
    if let Some(id) = sentence.evidence.iter().find(|id| !facts.has_record(id)) {
        return Some(Reason::UnknownRecord(id.clone()));
    }
    if let Some(name) = sentence.parts.iter().find_map(invented) {
        return Some(Reason::Invented(name));
    }
    // What stands in a record may look like anything; sinks escape it. Only words are judged. A
    // mark keeps words on both sides of data apart.
    let words = sentence.parts.iter().map(|part| match part {
        Part::Words(words) | Part::Invented(words) => words.as_str(),
        Part::Data(_) => tokens::APART,
    });
    let words: String = words.collect();
    forbidden::fault(&words, facts).or_else(|| {
        let lost =
            tokens::of(&words).into_iter().find(|token| !facts.knows(token, &sentence.evidence));
        lost.map(|token| Reason::Unresolved(token.text.to_owned()))
    })
}

fn invented(part: &Part) -> Option<String> {
    match part {
        Part::Invented(name) => Some(name.clone()),
        Part::Words(_) | Part::Data(_) => None,
    }
}
