//! The known word that is most like an unknown one.

/// A longer word is no slip of the hand.
const MOST_BYTES: usize = 80;
/// How like a word must be.
const LEAST_LIKENESS: f64 = 0.5;

/// The nearest of some known words.
pub(crate) fn nearest<S: AsRef<str>>(
    word: &str,
    known: impl IntoIterator<Item = S>,
) -> Option<String> {
    if word.len() > MOST_BYTES {
        return None;
    }
    let likeness = |k: S| {
        let known = k.as_ref();
        (strsim::normalized_damerau_levenshtein(word, known), known.to_owned())
    };
    let best = known.into_iter().map(likeness).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > LEAST_LIKENESS).then_some(best.1)
}

/// What to do about an unknown word.
pub(crate) fn advice<S: AsRef<str>>(
    word: &str,
    known: impl IntoIterator<Item = S>,
    otherwise: &str,
) -> String {
    nearest(word, known)
        .map_or_else(|| otherwise.to_owned(), |near| format!("do you mean `{near}`?"))
}
