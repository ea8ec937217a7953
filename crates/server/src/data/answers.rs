//! Answers that were given to the same question about the same state of the findings: many who
//! look at one list have it made once.

use std::collections::HashMap;

use bytes::Bytes;
use jiff::civil::Date;

/// Answers that are kept, and their bytes together.
const MOST_ANSWERS: usize = 1024;
const MOST_BYTES: usize = 16 << 20;

/// The state of the index and of the store, the day, since what is late is another answer
/// tomorrow, and what exceptions hide.
type State = (i64, i64, Date, u64);

/// The answers of one state.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Of which state they are.
    of: State,
    bytes: usize,
    by_question: HashMap<String, Bytes>,
}

impl Answers {
    /// An answer, if it is known of that state.
    pub(crate) fn get(&self, of: State, question: &str) -> Option<Bytes> {
        (self.of == of).then(|| self.by_question.get(question).cloned()).flatten()
    }

    /// Keeps an answer; those of an older state go.
    pub(crate) fn keep(&mut self, of: State, question: &str, answer: &Bytes) {
        let full = self.by_question.len() >= MOST_ANSWERS
            || self.bytes.saturating_add(answer.len()) > MOST_BYTES;
        if self.of != of || full {
            *self = Self { of, ..Self::default() };
        }
        if answer.len() <= MOST_BYTES / 8 {
            self.bytes += question.len() + answer.len();
            self.by_question.insert(question.to_owned(), answer.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_of_its_own_state_only() {
        let day = jiff::civil::date(2026, 11, 1);
        let mut answers = Answers::default();
        answers.keep((1, 1, day, 0), "issues", &Bytes::from_static(b"one"));
        assert_eq!(answers.get((1, 1, day, 0), "issues").as_deref(), Some(&b"one"[..]));
        assert_eq!(answers.get((1, 2, day, 0), "issues"), None);
        assert_eq!(answers.get((1, 1, day.tomorrow().unwrap(), 0), "issues"), None);
        answers.keep((1, 2, day, 0), "assets", &Bytes::from_static(b"two"));
        assert_eq!(answers.get((1, 1, day, 0), "issues"), None);
    }

    #[test]
    fn what_is_kept_stays_bounded() {
        let (day, mut answers) = (jiff::civil::date(2026, 11, 1), Answers::default());
        for n in 0..5_000 {
            answers.keep((1, 1, day, 0), &format!("issues?{n}"), &Bytes::from(vec![0; 64 << 10]));
            assert!(answers.bytes <= MOST_BYTES * 2 && answers.by_question.len() <= MOST_ANSWERS);
        }
    }
}
