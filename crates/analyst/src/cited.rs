//! A sentence of an answer: words, and behind them the ids of the records that they rest on.

/// Marks that end a sentence.
const ENDS: [char; 3] = ['.', '!', '?'];

/// The words of `The bucket is open. [r1 r3]`, and the ids. Without any where it has none.
pub(crate) fn cited(said: &str) -> (String, Vec<String>) {
    let said = said.trim();
    let body = said.trim_end_matches(ENDS);
    let found = body.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
    let Some((words, inside)) = found else { return (said.to_owned(), Vec::new()) };
    let ids = inside.split([' ', ',', ';']).filter(|id| !id.is_empty());
    let ids: Vec<String> = ids.map(str::to_owned).collect();
    if ids.is_empty() || !ids.iter().all(|id| is_id(id)) {
        return (said.to_owned(), Vec::new());
    }
    let words = words.trim_end();
    // The mark may stand behind the ids: `The bucket is open [r1].`
    let end = if words.ends_with(ENDS) { "" } else { said.get(body.len()..).unwrap_or_default() };
    (format!("{words}{end}"), ids)
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

    use super::*;

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
            ("", "", &[]),
        ] {
            let (found, known) = cited(said);
            assert_eq!(
                (found.as_str(), known.as_slice()),
                (words, &ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()[..]),
                "{said}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_read(said in "\\PC{0,60}", ids in prop::collection::vec("r[0-9]{1,3}", 1..5)) {
            cited(&said);
            let (words, known) = cited(&format!("{said}x. [{}]", ids.join(" ")));
            prop_assert_eq!(words, format!("{said}x.").trim().to_owned());
            prop_assert_eq!(known, ids);
        }
    }
}
