//! Version ranges as `vers:` writes them: `vers:generic/>=2.9|<=4.1`.

use std::cmp::Ordering;

/// Constraints of one range; none that is real has more.
const MOST_CONSTRAINTS: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparator {
    Equal,
    Not,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Whether a version lies in a range. What cannot be compared does not: versions of other kinds
/// than numbers and dots have orders of their own.
pub(crate) fn contains(range: &str, version: &str) -> bool {
    let Some(list) = range.trim().strip_prefix("vers:").and_then(|r| r.split_once('/')) else {
        return false;
    };
    if list.1.trim() == "*" {
        return true;
    }
    let Some(version) = numbers(version) else { return false };
    let constraints = list.1.split('|').take(MOST_CONSTRAINTS).map(constraint);
    let Some(mut constraints) = constraints.collect::<Option<Vec<_>>>() else { return false };
    constraints.sort_by(|(_, a), (_, b)| compare(a, b));
    let holds = |(comparator, bound): &(Comparator, Vec<u64>)| {
        let order = compare(&version, bound);
        match comparator {
            Comparator::Equal => order.is_eq(),
            Comparator::Not => order.is_ne(),
            Comparator::Less => order.is_lt(),
            Comparator::LessOrEqual => order.is_le(),
            Comparator::Greater => order.is_gt(),
            Comparator::GreaterOrEqual => order.is_ge(),
        }
    };
    if constraints.iter().any(|c| c.0 == Comparator::Not && !holds(c)) {
        return false;
    }
    if constraints.iter().any(|c| c.0 == Comparator::Equal && holds(c)) {
        return true;
    }
    let bounds: Vec<_> = constraints
        .iter()
        .filter(|c| !matches!(c.0, Comparator::Equal | Comparator::Not))
        .collect();
    let from = |c: &(Comparator, Vec<u64>)| {
        matches!(c.0, Comparator::Greater | Comparator::GreaterOrEqual)
    };
    let below_all = bounds.first().is_some_and(|first| !from(first) && holds(first));
    let above_all = bounds.last().is_some_and(|last| from(last) && holds(last));
    let between = bounds.windows(2).any(|pair| match pair {
        [low, high] => from(low) && !from(high) && holds(low) && holds(high),
        _ => false,
    });
    below_all || above_all || between
}

fn constraint(text: &str) -> Option<(Comparator, Vec<u64>)> {
    const SIGNS: &[(&str, Comparator)] = &[
        (">=", Comparator::GreaterOrEqual),
        ("<=", Comparator::LessOrEqual),
        ("!=", Comparator::Not),
        (">", Comparator::Greater),
        ("<", Comparator::Less),
        ("=", Comparator::Equal),
        ("", Comparator::Equal),
    ];
    let text = text.trim();
    let (rest, comparator) =
        SIGNS.iter().find_map(|(sign, c)| Some((text.strip_prefix(sign)?, *c)))?;
    Some((comparator, numbers(rest)?))
}

fn numbers(version: &str) -> Option<Vec<u64>> {
    let version = version.trim().trim_start_matches('v');
    let mut parts: Vec<u64> =
        version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    while parts.len() > 1 && parts.last() == Some(&0) {
        parts.pop();
    }
    Some(parts)
}

fn compare(a: &[u64], b: &[u64]) -> Ordering {
    a.cmp(b)
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn a_version_is_inside_or_not() {
        for (range, version, expected) in [
            ("vers:generic/>=2.9|<=4.1", "3.0", true),
            ("vers:generic/>=2.9|<=4.1", "4.1.0", true),
            ("vers:generic/>=2.9|<=4.1", "2.10", true),
            ("vers:generic/>=2.9|<=4.1", "2.8", false),
            ("vers:semver/<7.0.0|>=1.5.0", "1.4.9", false),
            ("vers:semver/<7.0.0|>=1.5.0", "6.9.9", true),
            ("vers:semver/<1.5.0|>=7.0.0", "1.0.0", true),
            ("vers:semver/<1.5.0|>=7.0.0", "3.0.0", false),
            ("vers:semver/<1.5.0|>=7.0.0", "8.0.0", true),
            ("vers:npm/1.2|1.3", "1.3", true),
            ("vers:npm/>=1|!=1.3", "1.3", false),
            ("vers:npm/*", "x", true),
            ("vers:deb/>=1", "1-2ubuntu1", false),
            (">=1", "2", false),
            ("vers:", "1", false),
        ] {
            assert_eq!(contains(range, version), expected, "{range} {version}");
        }
    }
}
