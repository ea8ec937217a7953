//! Sentences of an answer: words, and behind them the ids of the records that they rest on.

use serde_json::Value;

/// Marks that end a sentence.
const ENDS: [char; 3] = ['.', '!', '?'];

/// A sentence and the ids behind it.
pub type Cited = (String, Vec<String>);

/// The sentences of a part of an answer: one text, or a list of texts where a model made one.
#[must_use]
pub fn sentences(part: &Value) -> Vec<Cited> {
    match part {
        Value::String(text) => of_text(text),
        Value::Array(texts) => {
            texts.iter().flat_map(|text| of_text(text.as_str().unwrap_or_default())).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

/// Sentences that end with the ids of their records, or with none. Several with ids behind the last
/// one only are judged as one: what is wrong with one of them is wrong with all.
fn of_text(text: &str) -> Vec<Cited> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(closing(rest).unwrap_or(rest.len()));
        found.push(cited(head));
        rest = tail.trim_start();
    }
    found
}

/// Where the first sentence with ids behind it ends, the mark behind them with it.
fn closing(text: &str) -> Option<usize> {
    let mut opened = None;
    for (at, bracket) in text.match_indices(['[', ']']) {
        if bracket == "[" {
            opened = Some(at);
            continue;
        }
        // One that none opened closes nothing.
        let Some(open) = opened.take() else { continue };
        if ids(text.get(open + 1..at)?).is_none() {
            continue;
        }
        let behind = text.get(at + 1..)?;
        let marks = behind.len() - behind.trim_start_matches(ENDS).len();
        if marks > 0 || text.get(..open)?.trim_end().ends_with(ENDS) {
            return Some(at + 1 + marks);
        }
    }
    None
}

/// The words of `The bucket is open. [r1 r3]`, and the ids. Without any where it has none.
fn cited(said: &str) -> Cited {
    let said = said.trim();
    let body = said.trim_end_matches(ENDS);
    let found = body.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
    let Some((words, ids)) = found.and_then(|(words, inside)| Some((words, ids(inside)?))) else {
        return (said.to_owned(), Vec::new());
    };
    let words = words.trim_end();
    // The mark may stand behind the ids: `The bucket is open [r1].`
    let end = if words.ends_with(ENDS) { "" } else { said.get(body.len()..).unwrap_or_default() };
    (format!("{words}{end}"), ids)
}

/// The ids between brackets, where there is nothing else.
fn ids(inside: &str) -> Option<Vec<String>> {
    let ids = inside.split([' ', ',', ';']).filter(|id| !id.is_empty());
    let ids: Option<Vec<String>> = ids.map(|id| is_id(id).then(|| id.to_owned())).collect();
    ids.filter(|ids| !ids.is_empty())
}

/// Whether something is the id of a record, given out or not.
fn is_id(id: &str) -> bool {
    id.strip_prefix('r').is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn owned(all: &[(&str, &[&str])]) -> Vec<Cited> {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        all.iter().map(|(words, found)| ((*words).to_owned(), ids(found))).collect()
    }

    #[test]
    fn ids_stand_at_the_end() {
        for (said, words, ids) in [
            ("It is open. [r1 r3]", "It is open.", &["r1", "r3"][..]),
            ("It is open [r1, r3].", "It is open.", &["r1", "r3"]),
            ("It is open [r12]", "It is open", &["r12"]),
            (" It is open.[r1] ", "It is open.", &["r1"]),
            ("It is open.", "It is open.", &[]),
            ("It is open. []", "It is open. []", &[]),
            ("It is open. [see r1]", "It is open. [see r1]", &[]),
            ("It is open. [issue:a]", "It is open. [issue:a]", &[]),
            ("[r1] It is open.", "[r1] It is open.", &[]),
            ("It [r1] is open. [r2]", "It [r1] is open.", &["r2"]),
            ("[r1]", "", &["r1"]),
        ] {
            assert_eq!(of_text(said), owned(&[(words, ids)]), "{said}");
        }
        assert!(of_text(" ").is_empty());
    }

    #[test]
    fn a_text_is_as_many_sentences_as_it_has_ends() {
        let two = owned(&[("It is open.", &["r1"]), ("Close it!", &["r2", "r3"])]);
        for said in [
            "It is open. [r1] Close it! [r2 r3]",
            "It is open [r1]. Close it [r2, r3]!",
            "It is open.[r1]\n\nClose it![r2 r3]",
        ] {
            assert_eq!(of_text(said), two, "{said}");
            assert_eq!(sentences(&json!([said])), two, "{said}");
        }
        assert_eq!(sentences(&json!(["It is open. [r1]", "Close it! [r2 r3]"])), two);
        assert_eq!(sentences(&json!({"text": "It is open. [r1]"})), []);
        assert_eq!(sentences(&json!([1, null])), []);
    }

    #[test]
    fn what_has_no_ids_behind_it_is_judged_with_what_has_or_has_none() {
        for (said, found) in [
            ("It is open. Close it. [r1]", &[("It is open. Close it.", &["r1"][..])][..]),
            ("It is open. [r1] Close it.", &[("It is open.", &["r1"]), ("Close it.", &[])]),
            ("Dr. Who has it. [r1]", &[("Dr. Who has it.", &["r1"])]),
            (
                "It [is open. [r1] Close] it. [r2]",
                &[("It [is open.", &["r1"]), ("Close] it.", &["r2"])],
            ),
        ] {
            assert_eq!(of_text(said), owned(found), "{said}");
        }
    }

    #[test]
    fn an_answer_of_brackets_takes_no_longer_than_another() {
        // Looked at pair by pair this would be tens of billions of steps.
        for text in ["[".repeat(400_000), "[r1 ".repeat(200_000) + "]", "[r1]".repeat(100_000)] {
            assert_eq!(of_text(&text).len(), 1);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_read(said in "\\PC{0,60}", ids in prop::collection::vec("r[0-9]{1,3}", 1..5)) {
            of_text(&said);
            let found = of_text(&format!("{said}x. [{}]", ids.join(" ")));
            prop_assert_eq!(&found.last().unwrap().1, &ids);
            // Every letter that was said is in one sentence.
            let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
            let kept: usize = found.iter().map(|(words, _)| letters(words)).sum();
            let cited: usize = found.iter().map(|(_, ids)| ids.len()).sum();
            prop_assert_eq!(kept + cited, letters(&said) + 1 + ids.len());
        }
    }
}
