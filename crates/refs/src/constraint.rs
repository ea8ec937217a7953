//! Versions of modules, and what a constraint of Terraform allows.

/// Numbers of a version; those that are not said count as 0.
pub(crate) type Version = [u64; 3];

/// A constraint: all its parts must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constraint(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    operator: Operator,
    version: Version,
    /// How many numbers were said.
    said: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    Above,
    AtLeast,
    Below,
    AtMost,
    /// `~>`: only the last number that is said may be higher.
    Near,
}

/// Operators as they are written, longer ones first.
const OPERATORS: [(&str, Operator); 7] = [
    ("~>", Operator::Near),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("!=", Operator::IsNot),
    (">", Operator::Above),
    ("<", Operator::Below),
    ("=", Operator::Is),
];

impl Constraint {
    /// Reads a constraint (`>= 1.2, < 2.0`); none where it is none. An empty one allows all.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self(Vec::new()));
        }
        text.split(',').map(part).collect::<Option<_>>().map(Self)
    }

    /// Whether a version is allowed.
    pub(crate) fn allows(&self, version: Version) -> bool {
        self.0.iter().all(|part| part.allows(version))
    }
}

fn part(text: &str) -> Option<Part> {
    let text = text.trim();
    let found = OPERATORS.iter().find_map(|(word, one)| Some((*one, text.strip_prefix(word)?)));
    let (operator, rest) = found.unwrap_or((Operator::Is, text));
    let (version, said) = numbers(rest.trim())?;
    Some(Part { operator, version, said })
}

impl Part {
    fn allows(&self, version: Version) -> bool {
        let own = self.version;
        match self.operator {
            Operator::Is => version == own,
            Operator::IsNot => version != own,
            Operator::Above => version > own,
            Operator::AtLeast => version >= own,
            Operator::Below => version < own,
            Operator::AtMost => version <= own,
            Operator::Near => {
                let same = self.said.saturating_sub(1).max(1);
                version >= own && version.iter().zip(own).take(same).all(|(a, b)| *a == b)
            }
        }
    }
}

/// A released version (`5.1.2`, `v5.1.2`); none for what is released before it (`5.0.0-rc1`).
pub(crate) fn version(text: &str) -> Option<Version> {
    numbers(text).map(|(version, _)| version)
}

fn numbers(text: &str) -> Option<(Version, usize)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut version = [0; 3];
    let mut said = 0;
    for part in text.split('.') {
        // A number may begin with a sign for the parser, and not in a version.
        let is_number = part.len() <= 12 && part.bytes().all(|byte| byte.is_ascii_digit());
        *version.get_mut(said)? = part.parse().ok().filter(|_| is_number)?;
        said += 1;
    }
    Some((version, said))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn constraints_allow_what_terraform_allows() {
        for (constraint, yes, no) in [
            ("", &["0.0.1", "9.9.9"][..], &[][..]),
            ("5.1.2", &["5.1.2"], &["5.1.3", "5.1.1"]),
            ("= 5.1", &["5.1.0"], &["5.1.1"]),
            ("~> 5.0", &["5.0.0", "5.21.3"], &["6.0.0", "4.9.9"]),
            ("~> 5.1.2", &["5.1.2", "5.1.9"], &["5.2.0", "5.1.1"]),
            ("~> 5", &["5.0.0", "5.9.0"], &["6.0.0"]),
            (">= 1.2, < 2.0", &["1.2.0", "1.99.0"], &["2.0.0", "1.1.9"]),
            ("> 1.0, != 1.2.0, <= 1.3", &["1.0.1", "1.3.0"], &["1.2.0", "1.0.0", "1.3.1"]),
        ] {
            let parsed = Constraint::parse(constraint).unwrap();
            let allows = |text: &&str| parsed.allows(version(text).unwrap());
            assert!(yes.iter().all(allows), "{constraint}");
            assert!(!no.iter().any(allows), "{constraint}");
        }
        for none in ["x", "~> ", "1.2.3.4", ">= 1.x", "1,,2", "1.0-rc1"] {
            assert_eq!(Constraint::parse(none), None, "{none}");
        }
        for none in ["v2.0.0-beta", "1.+2.3", "1..3", ""] {
            assert_eq!(version(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,40}") {
            if let Some(constraint) = Constraint::parse(&text) {
                let _ = constraint.allows([1, 2, 3]);
            }
        }
    }
}
