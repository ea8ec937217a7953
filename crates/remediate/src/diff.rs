//! Unified diffs that `git apply` and `patch -p1` take.

use similar::TextDiff;

/// So many bytes are compared at once, first in long blocks, then in short ones: a change of a long
/// file must not cost a look at each.
const BLOCKS: [usize; 2] = [4_096, 64];
/// Lines shown around a change.
const CONTEXT: usize = 3;

/// The change of one file as a unified diff with three lines of context; empty where the texts
/// are the same. Only the lines that differ and those around them are compared line by line, so
/// that a small change of a long file costs little.
#[must_use]
pub(crate) fn unified(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let (old, new) = changed_lines(before, after, CONTEXT);
    let skipped = head(before, after, CONTEXT);
    let skipped = before.get(..skipped).unwrap_or_default();
    let skipped = line_ends(skipped);
    let diff = TextDiff::from_lines(old, new);
    let mut hunks = diff.unified_diff();
    let text = hunks
        .context_radius(CONTEXT)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string();
    if skipped == 0 { text } else { shifted(&text, skipped) }
}

/// The parts of two texts that differ, in whole lines, with so many more on both sides.
pub(crate) fn changed_lines<'t>(
    before: &'t str,
    after: &'t str,
    around: usize,
) -> (&'t str, &'t str) {
    let head = head(before, after, around);
    let same = same_tail(before, after);
    let most = before.len().min(after.len()) - head;
    let tail = tail(before, same.min(most), around);
    let part = |text: &'t str| text.get(head..text.len() - tail).unwrap_or(text);
    (part(before), part(after))
}

/// Where the first line that differs begins.
pub(crate) fn changed_from(before: &str, after: &str) -> usize {
    head(before, after, 0)
}

/// With how many bytes both begin.
pub(crate) fn same_head(one: &str, other: &str) -> usize {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    let mut whole = 0;
    for block in BLOCKS {
        let blocks = one.chunks_exact(block).zip(other.chunks_exact(block));
        let same = block * blocks.take_while(|(a, b)| a == b).count();
        whole += same;
        [one, other] = [one, other].map(|text| text.get(same..).unwrap_or_default());
    }
    whole + one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// With how many bytes both end.
pub(crate) fn same_tail(one: &str, other: &str) -> usize {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    let mut whole = 0;
    for block in BLOCKS {
        let blocks = one.rchunks_exact(block).zip(other.rchunks_exact(block));
        let same = block * blocks.take_while(|(a, b)| a == b).count();
        whole += same;
        [one, other] = [one, other].map(|text| text.get(..text.len() - same).unwrap_or_default());
    }
    whole + one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count()
}

/// How many lines end in a text.
pub(crate) fn line_ends(text: &str) -> usize {
    // Few enough at once that their number fits into a byte: so many are counted in one step.
    let count = |part: &[u8]| part.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>();
    text.as_bytes().chunks(255).map(count).map(usize::from).sum()
}

/// Where the first line that differs begins, or `around` lines above it.
fn head(before: &str, after: &str, around: usize) -> usize {
    let same = same_head(before, after);
    let mut ends = before.as_bytes().get(..same).unwrap_or_default();
    for _ in 0..=around {
        match ends.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => ends = ends.get(..end).unwrap_or_default(),
            None => return 0,
        }
    }
    ends.len() + 1
}

/// How many of the last `same` bytes stand behind the line in which they begin and `around` more.
fn tail(text: &str, same: usize, around: usize) -> usize {
    let mut rest = text.as_bytes().get(text.len() - same..).unwrap_or_default();
    for _ in 0..=around {
        match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => rest = rest.get(end + 1..).unwrap_or_default(),
            None => return 0,
        }
    }
    rest.len()
}

/// The diff with the numbers of its lines moved by those that were not compared.
fn shifted(diff: &str, by: usize) -> String {
    let move_one = |range: &str| {
        let (start, count) = range.split_once(',').map_or((range, None), |(a, b)| (a, Some(b)));
        let start = start.parse::<usize>().map_or(0, |start| start + by);
        count.map_or_else(|| start.to_string(), |count| format!("{start},{count}"))
    };
    let mut out = String::with_capacity(diff.len() + 16);
    for line in diff.split_inclusive('\n') {
        let ranges = line.strip_prefix("@@ -").and_then(|rest| rest.split_once(" @@"));
        match ranges.and_then(|(ranges, rest)| Some((ranges.split_once(" +")?, rest))) {
            Some(((old, new), rest)) => {
                out.push_str(&format!("@@ -{} +{} @@{rest}", move_one(old), move_one(new)));
            }
            None => out.push_str(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(before: &str, after: &str) -> String {
        TextDiff::from_lines(before, after)
            .unified_diff()
            .context_radius(CONTEXT)
            .header("a/f", "b/f")
            .to_string()
    }

    #[test]
    fn a_change_far_down_has_its_own_numbers() {
        let before: String = (0..50).map(|line| format!("line {line}\n")).collect();
        let after = before.replace("line 40\n", "line 40\nnew é\n");
        assert_eq!(unified("f", &before, &after), whole(&before, &after));
        assert!(unified("f", &before, &after).contains("@@ -39,6 +39,7 @@"));
    }

    proptest! {
        #[test]
        fn texts_are_the_same_up_to_the_first_and_from_the_last_difference(
            head in "[ab]{0,700}", one in "[ab]{0,3}", other in "[ab]{0,3}", tail in "[ab]{0,700}",
            times in 0_usize..15,
        ) {
            let (head, tail) = (head.repeat(times), tail.repeat(times));
            let (one, other) = (format!("{head}{one}{tail}"), format!("{head}{other}{tail}"));
            let count = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
            prop_assert_eq!(same_head(&one, &other), count);
            let pairs = one.bytes().rev().zip(other.bytes().rev());
            prop_assert_eq!(same_tail(&one, &other), pairs.take_while(|(a, b)| a == b).count());
        }

        #[test]
        fn every_line_end_is_counted(text in "[ab\n]{0,900}") {
            prop_assert_eq!(line_ends(&text), text.matches('\n').count());
        }

        #[test]
        fn lines_of_a_text_are_changed_as_if_all_were_compared(
            lines in prop::collection::vec("[a-cé]{0,2}", 0..30),
            at in 0_usize..30,
            gone in 0_usize..3,
            new in prop::collection::vec("[x-z]{1,2}", 0..3),
            end in any::<bool>(),
        ) {
            let at = at.min(lines.len());
            let mut changed = lines.clone();
            changed.splice(at..(at + gone).min(lines.len()), new);
            let end = if end { "\n" } else { "" };
            let text = |lines: &[String]| format!("{}{end}", lines.join("\n"));
            let (before, after) = (text(&lines), text(&changed));
            let diff = unified("f", &before, &after);
            // What the diff says must make the one of the other, whichever lines it picks.
            let (old, new) = changed_lines(&before, &after, 0);
            prop_assert_eq!(before.len() + new.len(), after.len() + old.len());
            prop_assert_eq!(applied(&before, &diff), after);
        }
    }

    /// The text with a diff made in it.
    fn applied(before: &str, diff: &str) -> String {
        let lines: Vec<&str> = before.split_inclusive('\n').collect();
        let (mut out, mut at, mut last) = (String::new(), 0, " ");
        for line in diff.split_inclusive('\n').skip(2) {
            if let Some(rest) = line.strip_prefix("@@ -") {
                let range = rest.split(' ').next().unwrap();
                let (start, count) = range.split_once(',').unwrap_or((range, "1"));
                let start = start.parse::<usize>().unwrap() - usize::from(count != "0");
                out.extend(lines[at..start].iter().copied());
                at = start;
                continue;
            }
            let (mark, rest) = line.split_at(1);
            at += usize::from(mark == "-" || mark == " ");
            match mark {
                "\\" if last != "-" => out.truncate(out.len() - 1),
                " " | "+" => out.push_str(rest),
                _ => {}
            }
            last = mark;
        }
        out.extend(lines[at..].iter().copied());
        out
    }
}
