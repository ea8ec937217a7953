//! CODEOWNERS as GitHub and GitLab read it.
//!
//! At GitHub the last line that fits counts. At GitLab lines stand in sections; in each the last
//! that fits counts, and all sections count together. Lines that neither host takes are passed
//! over.

use std::collections::BTreeMap;

use crate::CodeLine;

/// Lines that are looked at.
const MOST_LINES: usize = 10_000;
/// Bytes of a line; longer ones are passed over.
const MOST_LINE: usize = 4096;
/// Parts of a path or pattern.
const MOST_PARTS: usize = 64;

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// GitHub's, and those of hosts that follow it.
    GitHub,
    /// GitLab's, with sections.
    GitLab,
}

/// A CODEOWNERS file.
#[derive(Debug, Clone)]
pub struct CodeOwners {
    dialect: Dialect,
    rules: Vec<Rule>,
}

/// A line with a pattern.
#[derive(Debug, Clone)]
struct Rule {
    line: u64,
    section: usize,
    pattern: Pattern,
    owners: String,
    /// Takes files out of its section: `!pattern`.
    excludes: bool,
}

/// What files a line means.
#[derive(Debug, Clone)]
struct Pattern {
    parts: Vec<String>,
    /// Whether what is below a folder that fits counts too.
    below: bool,
}

impl CodeOwners {
    /// Reads a file. One with sections is GitLab's; else `usual` says whose rules hold.
    #[must_use]
    pub fn read(text: &str, usual: Dialect) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = || (1_u64..).zip(text.lines()).take(MOST_LINES);
        let sections = lines().any(|(_, line)| section_of(line.trim()).is_some());
        let dialect = if sections { Dialect::GitLab } else { usual };
        let mut names: BTreeMap<String, (usize, String)> = BTreeMap::new();
        let (mut section, mut usual_owners) = (0, String::new());
        let mut rules = Vec::new();
        for (number, line) in lines().filter(|(_, line)| line.len() <= MOST_LINE) {
            let line = line.trim();
            if let Some((name, owners)) = section_of(line).filter(|_| sections) {
                let next = names.len() + 1;
                let known = names.entry(name.to_lowercase()).or_insert((next, String::new()));
                let said = Some(owners).filter(|owners| !owners.is_empty());
                known.1 = said.unwrap_or_else(|| known.1.clone());
                (section, usual_owners) = known.clone();
                continue;
            }
            let Some((pattern, owners)) = rule_of(line) else { continue };
            let (excludes, pattern) = match pattern.strip_prefix('!') {
                Some(_) if dialect == Dialect::GitHub => continue,
                Some(rest) => (true, rest.to_owned()),
                None => (false, pattern),
            };
            let owners = if owners.is_empty() { usual_owners.clone() } else { owners };
            let Some(pattern) = Pattern::of(&pattern, dialect) else { continue };
            rules.push(Rule { line: number, section, pattern, owners, excludes });
        }
        Self { dialect, rules }
    }

    /// Who owns a file, named from the root of the repository. Of several lines at GitLab the
    /// last is named.
    #[must_use]
    pub fn owners(&self, file: &str) -> Option<CodeLine> {
        let path: Vec<&str> = file.split('/').filter(|part| !part.is_empty()).collect();
        if path.is_empty() || path.len() > MOST_PARTS {
            return None;
        }
        let mut counted: BTreeMap<usize, &Rule> = BTreeMap::new();
        for rule in self.rules.iter().rev() {
            if self.dialect == Dialect::GitHub && !counted.is_empty() {
                break;
            }
            if !counted.contains_key(&rule.section) && rule.pattern.fits(&path) {
                counted.insert(rule.section, rule);
            }
        }
        let named: Vec<&Rule> = counted
            .into_values()
            .filter(|rule| !rule.excludes && !rule.owners.is_empty())
            .collect();
        let line = named.iter().map(|rule| rule.line).max()?;
        let mut owners: Vec<&str> = named.iter().flat_map(|rule| rule.owners.split(' ')).collect();
        let mut known = std::collections::BTreeSet::new();
        owners.retain(|owner| known.insert(*owner));
        Some(CodeLine { owners: owners.join(" "), line })
    }
}

/// `[Name]`, `^[Name][2] @owner`: the section's name and its usual owners.
fn section_of(line: &str) -> Option<(&str, String)> {
    let rest = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?;
    let (name, rest) = rest.split_once(']')?;
    let rest = match rest.strip_prefix('[') {
        Some(count) => count.split_once(']')?.1,
        None => rest,
    };
    (rest.is_empty() || rest.starts_with([' ', '\t'])).then(|| (name, owners_of(rest)))
}

/// The pattern of a line and its owners; `None` for blanks and comments.
fn rule_of(line: &str) -> Option<(String, String)> {
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let mut pattern = String::new();
    let mut chars = line.char_indices();
    let mut end = line.len();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => pattern.extend(chars.next().map(|(_, c)| c)),
            ' ' | '\t' => {
                end = at;
                break;
            }
            c => pattern.push(c),
        }
    }
    Some((pattern, owners_of(line.get(end..).unwrap_or_default())))
}

/// What looks like an owner, up to a comment.
fn owners_of(text: &str) -> String {
    let words = text.split_whitespace().take_while(|word| !word.starts_with('#'));
    words.filter(|word| word.contains('@')).collect::<Vec<_>>().join(" ")
}

impl Pattern {
    fn of(text: &str, dialect: Dialect) -> Option<Self> {
        let body = text.trim_start_matches('/').trim_end_matches('/');
        let anchored = text.starts_with('/') || (dialect == Dialect::GitHub && body.contains('/'));
        let mut parts: Vec<String> = body.split('/').map(str::to_owned).collect();
        if body.is_empty() {
            // `/` is the whole repository at GitLab, and nothing at GitHub.
            if dialect == Dialect::GitHub {
                return None;
            }
            parts = vec!["**".to_owned()];
        } else if !anchored {
            parts.insert(0, "**".to_owned());
        }
        let is_folder = text.ends_with('/');
        if is_folder {
            parts.push("**".to_owned());
        }
        parts.dedup_by(|a, b| a == "**" && b == "**");
        let direct = body.contains('/') && body.ends_with("/*");
        let below = dialect == Dialect::GitHub && !is_folder && !direct;
        (parts.len() <= MOST_PARTS).then_some(Self { parts, below })
    }

    /// Whether a path fits. Both are short, so each part is held against each once.
    fn fits(&self, path: &[&str]) -> bool {
        // `reached[n]`: the parts so far fit the first n of the path.
        let mut reached = vec![false; path.len() + 1];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        let last = self.parts.len().saturating_sub(1);
        for (number, part) in self.parts.iter().enumerate() {
            reached = match part.as_str() {
                "**" => after_any(&reached, number == last),
                part => after_one(&reached, part, path),
            };
        }
        let whole = reached.last().copied().unwrap_or_default();
        whole || (self.below && reached.iter().any(|fits| *fits))
    }
}

/// What is reached by any number of folders; a `**` at the end means something below.
fn after_any(reached: &[bool], is_last: bool) -> Vec<bool> {
    let mut any = false;
    let step = |from: &bool| {
        let before = any;
        any |= *from;
        before || (*from && !is_last)
    };
    reached.iter().map(step).collect()
}

/// What is reached by one part of the path that fits.
fn after_one(reached: &[bool], part: &str, path: &[&str]) -> Vec<bool> {
    let fits = |(from, name): (&bool, &&str)| *from && glob(part.as_bytes(), name.as_bytes());
    std::iter::once(false).chain(reached.iter().zip(path).map(fits)).collect()
}

/// `*` and `?` within one part of a path.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match (pattern.get(p), name.get(n)) {
            (Some(b'*'), _) => {
                retry = Some((p, n));
                p += 1;
            }
            (Some(mark), Some(byte)) if *mark == b'?' || mark == byte => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|mark| *mark == b'*')
}
