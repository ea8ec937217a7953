//! The proof of a change, made on the texts before and after, whoever made the change.

mod confine;
mod narrow;
mod silence;
mod written;

use std::collections::BTreeSet;
use std::ops::Range;

use quell_catalog::{Check, Truth};
use quell_model::{Proof, ProofCheck, Verdict};

use crate::Evaluator;
use crate::code::{Change, Code, Place, Wish, line_of};

pub(crate) use written::Patch;

/// What a change is proved against.
#[derive(Clone, Copy)]
pub(crate) struct Trial<'t> {
    pub(crate) evaluator: &'t Evaluator,
    pub(crate) code: &'t dyn Code,
    pub(crate) place: &'t Place,
    /// The control's own checks that are about what stands there; all must hold.
    pub(crate) checks: &'t [&'t Check],
    /// Every check of the catalogue in this language.
    pub(crate) catalogue: &'t [&'t Check],
    pub(crate) how: How<'t>,
}

/// Where the change comes from.
#[derive(Clone, Copy)]
pub(crate) enum How<'t> {
    /// A recipe of the catalogue makes it.
    Recipe(Wish<'t>),
    /// It was written, and is more held against.
    Written(&'t Patch),
}

impl How<'_> {
    /// The new text of the file.
    fn change(&self, code: &dyn Code, place: &Place) -> Result<Change, String> {
        match self {
            Self::Recipe(wish) => code.plan(place, wish),
            Self::Written(patch) => written::change(patch, code, place),
        }
    }

    fn adds_companion(&self) -> bool {
        match self {
            Self::Recipe(wish) => wish.fix.companion.is_some(),
            Self::Written(_) => false,
        }
    }
}

/// What came out: the proof so far, the change if there was one, and why it is withheld.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) proof: Vec<Proof>,
    pub(crate) change: Option<Change>,
    pub(crate) withheld: Option<String>,
}

impl Outcome {
    fn check(&mut self, check: ProofCheck, result: Finding) -> bool {
        let (verdict, detail) = match result {
            Ok(detail) => (Verdict::Passed, detail),
            Err((verdict, detail)) => {
                self.withheld.get_or_insert_with(|| detail.clone());
                (verdict, detail)
            }
        };
        self.proof.push(Proof { check, verdict, detail });
        verdict == Verdict::Passed
    }
}

type Finding = Result<String, (Verdict, String)>;

/// Makes the change and every check of its proof, stopping where nothing can be learned further.
pub(crate) fn prove(trial: &Trial<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    if !outcome.check(ProofCheck::ParsesBefore, parses_before(trial))
        || !outcome.check(ProofCheck::FailedBefore, failed_before(trial))
    {
        return outcome;
    }
    let change = match trial.how.change(trial.code, trial.place) {
        Ok(change) => change,
        Err(reason) => {
            outcome.withheld = Some(reason);
            return outcome;
        }
    };
    if change.files().all(|(path, text)| trial.code.text(path) == Some(text)) {
        outcome.withheld =
            Some("there is nothing to change, yet the predicate does not hold".into());
        return outcome;
    }
    let after = change.made(trial.code);
    let parses = outcome.check(ProofCheck::ParsesAfter, parses_after(trial, &*after, &change));
    if parses {
        outcome.check(ProofCheck::HoldsAfter, holds_after(trial, &*after, &change));
        outcome.check(ProofCheck::NotSilenced, silence::not_silenced(trial, &*after, &change));
        outcome.check(ProofCheck::NothingWorse, nothing_worse(trial, &*after, &change));
        if let Some(result) = narrow::narrows(trial, &*after, &change) {
            outcome.check(ProofCheck::Narrows, result);
        }
        if let How::Written(patch) = trial.how {
            outcome.check(ProofCheck::Confined, confine::confined(trial, &*after, patch));
        }
        outcome.check(ProofCheck::OnlyTheBlock, only_the_block(trial, &*after, &change));
        outcome.check(ProofCheck::Idempotent, idempotent(trial, &*after, &change));
    }
    outcome.change = Some(change);
    outcome
}

fn failed<T>(detail: impl Into<String>) -> Result<T, (Verdict, String)> {
    Err((Verdict::Failed, detail.into()))
}

fn unknown<T>(detail: impl Into<String>) -> Result<T, (Verdict, String)> {
    Err((Verdict::Unknown, detail.into()))
}

/// The block's own file has been parsed; a companion may also stand in another file.
fn parses_before(trial: &Trial<'_>) -> Finding {
    let file = &trial.place.file;
    match trial.code.fault_beside(file) {
        Some(error) if trial.how.adds_companion() => {
            unknown(format!("{error}, and the companion may stand there"))
        }
        Some(_) | None => Ok(format!("`{file}` parses")),
    }
}

fn failed_before(trial: &Trial<'_>) -> Finding {
    let skips = silence::skips(trial.code, trial.place);
    let also = if skips.is_empty() {
        String::new()
    } else {
        format!("; the block carries a skip comment (`{skips}`), which stays")
    };
    let line = line_of(trial.code, trial.place);
    match truth(trial, trial.code) {
        Truth::Fails => Ok(format!("the predicate fails at {line}{also}")),
        Truth::Holds => failed(
            "the block already satisfies it: the running resource has drifted from the code, the \
             scan is older, or the scanner does not follow an expression",
        ),
        Truth::Unknown => match trial.code.unseen(trial.place) {
            Some(unseen) => Ok(format!("the scan saw it fail; {}{also}", unseen.from)),
            None => unknown(format!("at {line} it depends on values that the files do not give")),
        },
    }
}

fn truth(trial: &Trial<'_>, code: &dyn Code) -> Truth {
    let mut all = Truth::Holds;
    for check in trial.checks {
        match code.judge(trial.evaluator, check, trial.place) {
            Truth::Holds => {}
            Truth::Fails => return Truth::Fails,
            Truth::Unknown => all = Truth::Unknown,
        }
    }
    all
}

fn parses_after(trial: &Trial<'_>, after: &dyn Code, change: &Change) -> Finding {
    for place in changed(change).into_iter().chain(change.places_beside()) {
        let known = trial.code.invented(&place);
        if let Some(name) = after.invented(&place).difference(&known).next() {
            let kind = after.kind(&place).unwrap_or_default();
            return failed(format!("a `{kind}` has no argument `{name}`"));
        }
    }
    for (path, _) in change.files() {
        match (trial.code.text(path).and(after.text(path)), after.fault(path)) {
            (Some(_), None) => {}
            (Some(_), Some(error)) => return failed(format!("after the change {error}")),
            (None, _) => return failed(format!("`{path}` is not in the repository")),
        }
    }
    let paths: Vec<String> = change.files().map(|(path, _)| format!("`{path}`")).collect();
    let verb = if paths.len() == 1 { "parses" } else { "parse" };
    Ok(format!("{} {verb}, with no invented argument", paths.join(", ")))
}

fn holds_after(trial: &Trial<'_>, after: &dyn Code, change: &Change) -> Finding {
    if after.kind(trial.place).is_none() {
        return failed("the block is gone");
    }
    for place in changed(change).into_iter().chain(change.places_beside()) {
        let known = trial.code.dangling(&place);
        if let Some(address) = after.dangling(&place).difference(&known).next() {
            return failed(format!("the change refers to `{address}`, which is not in the module"));
        }
    }
    for place in &change.with {
        let kind = after.kind(place).unwrap_or_default();
        let own = trial.checks.iter().filter(|check| is_about(check, &kind));
        for check in own {
            if after.judge(trial.evaluator, check, place) != Truth::Holds {
                return failed(format!("it does not hold on `{}` after the change", place.address));
            }
        }
    }
    match truth(trial, after) {
        Truth::Holds => Ok("the predicate holds on the changed configuration".into()),
        Truth::Fails => failed("the predicate still fails after the change"),
        Truth::Unknown => match trial.code.unseen(trial.place) {
            Some(unseen) => unknown(unseen.by_hand),
            None => unknown("after the change it depends on values that the files do not give"),
        },
    }
}

fn nothing_worse(trial: &Trial<'_>, after: &dyn Code, change: &Change) -> Finding {
    let mut held = 0_usize;
    for place in touched(trial, change) {
        let Some(kind) = trial.code.kind(&place) else { continue };
        if after.kind(&place).is_none() {
            return failed(format!("`{}` is gone", place.address));
        }
        for check in trial.catalogue.iter().filter(|check| is_about(check, &kind)) {
            if trial.code.judge(trial.evaluator, check, &place) != Truth::Holds {
                continue;
            }
            held += 1;
            if after.judge(trial.evaluator, check, &place) != Truth::Holds {
                return failed(format!(
                    "another predicate of the catalogue on `{}` no longer holds",
                    place.address
                ));
            }
        }
    }
    Ok(format!("{held} predicates that held on the block still hold"))
}

/// Whether a check reads things of a kind.
pub(crate) fn is_about(check: &Check, kind: &str) -> bool {
    check.resource.iter().any(|one| one == kind)
}

/// The places that the change says it changed.
fn changed(change: &Change) -> Vec<Place> {
    let others = change.with.iter().chain(&change.parts);
    std::iter::once(change.place()).chain(others.cloned()).collect()
}

/// The place that is fixed, and all that the change touches: what a part is laid upon, too.
fn touched(trial: &Trial<'_>, change: &Change) -> BTreeSet<Place> {
    let upon = change.parts.iter().flat_map(|part| trial.code.upon(part));
    changed(change).into_iter().chain([trial.place.clone()]).chain(upon).collect()
}

fn only_the_block(trial: &Trial<'_>, after: &dyn Code, change: &Change) -> Finding {
    if !change.with.is_empty() || !change.parts.is_empty() || !change.others.is_empty() {
        return only_the_blocks(trial, after, change);
    }
    let Some(before) = trial.code.text(&change.file) else {
        return failed(format!("`{}` is not in the repository", change.file));
    };
    let span = match change.added {
        Some(at) => at..at,
        None => match trial.code.span(&change.place()) {
            Some(span) => span,
            None => return failed(format!("`{}` was not there before", change.address)),
        },
    };
    // What is added beside a block begins below its last line.
    let span = if change.beside.is_empty() { span } else { span.start..line_end(before, span.end) };
    let Some(middle) = middle(before, &change.text, &span) else {
        return failed("text outside the block changed");
    };
    let added: BTreeSet<Place> = change
        .places_beside()
        .chain(change.added.is_some().then(|| change.place()))
        .filter(|place| after.kind(place).is_some())
        .collect();
    if !has_same_outline(trial, after, change) {
        let mut places = after.places(&change.file);
        places.retain(|place| !added.contains(place));
        if places != trial.code.places(&change.file) {
            return failed("the blocks of the file are no longer the same");
        }
    }
    let own = || change.places_beside().chain([change.place()]);
    let kept = between(before, &span, trial.code.span(&change.place()));
    let end = span.start + middle.len();
    let spans = own().filter_map(|place| after.span(&place));
    if change.added.is_none() && kept != between(&change.text, &(span.start..end), spans) {
        return failed("text outside the block changed");
    }
    if !added.is_empty() {
        let alone = trial.code.with_file(&change.file, middle.to_owned());
        let there: BTreeSet<Place> = alone.places(&change.file).into_iter().collect();
        let own = change.added.is_none().then(|| change.place());
        if there != added.iter().cloned().chain(own).collect() {
            return failed("other blocks were added than the change names");
        }
    }
    Ok(change_in_words(change))
}

/// The same where several blocks change, in one file or more: outside of them all files stay as
/// they were, byte for byte.
fn only_the_blocks(trial: &Trial<'_>, after: &dyn Code, change: &Change) -> Finding {
    let all = changed(change);
    if change.added.is_some() || !change.beside.is_empty() {
        return failed("a change of several blocks adds none");
    }
    for (path, text) in change.files() {
        let before = trial.code.text(path).unwrap_or_default();
        let same = || after.places(path) == trial.code.places(path);
        let own = || all.iter().filter(|place| place.file == path);
        let spans = |code: &dyn Code| own().filter_map(|place| code.span(place)).collect();
        if !same() || outside(before, spans(trial.code)) != outside(text, spans(after)) {
            return failed(format!("text outside the blocks changed in `{path}`"));
        }
    }
    let is_in = |place: &&Place| !change.files().any(|(path, _)| path == place.file);
    if let Some(place) = all.iter().find(is_in) {
        return failed(format!("`{}` is in no file that changes", place.address));
    }
    let words: Vec<String> =
        all.iter().map(|place| format!("`{}` in `{}`", place.address, place.file)).collect();
    Ok(format!("only {} changed; all other bytes are the same", words.join(", ")))
}

/// What stands outside of some spans of a text, in order.
fn outside(text: &str, mut spans: Vec<Range<usize>>) -> Vec<&str> {
    spans.sort_by_key(|span| span.start);
    let mut at = 0;
    let mut parts = Vec::new();
    for span in spans {
        parts.push(text.get(at..span.start).unwrap_or_default());
        at = span.end;
    }
    parts.push(text.get(at..).unwrap_or_default());
    parts
}

/// Whether the file has the same places after the change, told without a look at each.
fn has_same_outline(trial: &Trial<'_>, after: &dyn Code, change: &Change) -> bool {
    let outline = trial.code.outline(&change.file);
    outline.is_some() && outline == after.outline(&change.file)
}

fn change_in_words(change: &Change) -> String {
    let own = &change.address;
    let first = match change.added {
        Some(_) => format!("one new block, `{own}`"),
        None => format!("only `{own}` changed"),
    };
    let beside: Vec<String> = change.beside.iter().map(|one| format!("`{one}`")).collect();
    if beside.is_empty() {
        return format!("{first}; all other bytes are the same");
    }
    format!("{first}, with {} made beside it; all other bytes are the same", beside.join(", "))
}

/// Where the line ends, before its line feed or carriage return.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// What stands in a range of the text outside of some spans, without space around.
fn between(
    text: &str,
    range: &Range<usize>,
    spans: impl IntoIterator<Item = Range<usize>>,
) -> Vec<String> {
    let mut spans: Vec<Range<usize>> = spans.into_iter().collect();
    spans.sort_by_key(|span| span.start);
    let mut at = range.start;
    let mut parts = Vec::new();
    for span in spans.into_iter().chain(std::iter::once(range.end..range.end)) {
        parts.push(text.get(at..span.start).unwrap_or_default().trim().to_owned());
        at = span.end;
    }
    // What parts documents of YAML comes with a new one.
    parts.retain(|part| !part.is_empty() && part != "---");
    parts
}

/// What stands in the new text where `span` stood in the old, if all around it is the same.
fn middle<'t>(before: &str, after: &'t str, span: &Range<usize>) -> Option<&'t str> {
    let head = before.get(..span.start)?;
    let tail = before.get(span.end..)?;
    after.strip_prefix(head)?.strip_suffix(tail)
}

fn idempotent(trial: &Trial<'_>, after: &dyn Code, change: &Change) -> Finding {
    let wish = match trial.how {
        How::Recipe(wish) => wish,
        // It is made only where the predicate fails, and is held to that anew each time.
        How::Written(_) => {
            return match truth(trial, after) {
                Truth::Holds => {
                    Ok("a second run finds nothing at fault and changes nothing".into())
                }
                Truth::Fails | Truth::Unknown => failed("a second run would change it again"),
            };
        }
    };
    match after.plan(trial.place, &wish) {
        Ok(second) if second.files().all(|(path, text)| after.text(path) == Some(text)) => {
            Ok("a second run changes nothing".into())
        }
        Ok(second) if second.file != change.file => {
            failed(format!("a second run would change `{}`", second.file))
        }
        Ok(_) => failed("a second run would change it again"),
        Err(reason) => unknown(format!("a second run stops: {reason}")),
    }
}

#[cfg(test)]
mod tests;
