//! What became of each finding, counted by framework, check and reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::checkov::{Key, Scan};

/// What Quell says of one finding.
#[derive(Debug, Clone, Default)]
enum Answer {
    /// A fix that was made, by its id.
    Offered(String),
    /// Why none is.
    Withheld(String),
    /// Nothing: the finding is in no issue.
    #[default]
    Silent,
}

/// What Quell says, finding by finding.
#[derive(Debug, Default)]
pub(super) struct Answers {
    by_finding: BTreeMap<Key, Answer>,
    /// Changed lines of each fix that was made.
    lines: BTreeMap<String, usize>,
}

impl Answers {
    /// Reads the report of a triage and that of `quell fix`.
    pub(super) fn read(report: &Value, fixes: &Value) -> Self {
        let mut of_issue: BTreeMap<String, Answer> = BTreeMap::new();
        let mut lines = BTreeMap::new();
        for unfixed in list(fixes, "unfixed") {
            of_issue.insert(text(unfixed, "issue"), Answer::Withheld(text(unfixed, "reason")));
        }
        for fix in list(fixes, "fixes") {
            let id = text(fix, "id");
            let answer = match text(fix, "taken").as_str() {
                "made" | "covered" => Answer::Offered(id.clone()),
                _ => Answer::Withheld(text(fix, "reason")),
            };
            for issue in list(fix, "closes").filter_map(Value::as_str) {
                of_issue.insert(issue.to_owned(), answer.clone());
            }
            if text(fix, "taken") == "made" {
                lines.insert(id, changed_lines(&text(fix, "diff")));
            }
        }
        let mut answers = Self { lines, ..Self::default() };
        for issue in list(report, "issues") {
            let answer = of_issue.get(&text(issue, "id")).cloned().unwrap_or_default();
            let keys = list(issue, "findings").filter_map(|f| key(&text(f, "native_id")));
            answers.by_finding.extend(keys.map(|key| (key, answer.clone())));
        }
        answers
    }
}

/// The parts of the id that a finding of Checkov gets.
fn key(native: &str) -> Option<Key> {
    let mut words = native.split('|');
    let (framework, _, check) = (words.next()?, words.next()?, words.next()?);
    let rest: Vec<&str> = words.collect();
    let (file, middle) = rest.split_first()?;
    let resource = middle.get(..middle.len().saturating_sub(1))?.join("|");
    Some(Key {
        framework: framework.to_owned(),
        check: check.to_owned(),
        file: (*file).to_owned(),
        resource,
    })
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn changed_lines(diff: &str) -> usize {
    let is_head = |line: &str| line.starts_with("--- ") || line.starts_with("+++ ");
    let is_change = |line: &&str| line.starts_with(['+', '-']) && !is_head(line);
    diff.lines().filter(is_change).count()
}

/// The figures of one framework or one check.
#[derive(Debug, Clone, Default)]
struct Row {
    findings: usize,
    offered: usize,
    /// No longer failing.
    closed: usize,
    /// Of those, with a record that it passed.
    verified: usize,
    /// Closed though no fix was offered for it: another fix did it.
    beside: usize,
    new: usize,
    unparsed: usize,
    lines: usize,
}

impl Row {
    fn json(&self) -> Value {
        json!({"findings": self.findings, "offered": self.offered, "closed": self.closed,
            "verified": self.verified, "closed_beside": self.beside, "newly_failing": self.new,
            "unparsable": self.unparsed, "lines": self.lines})
    }
}

/// What became of one finding.
#[derive(Clone, Copy)]
struct Fate<'a> {
    answer: &'a Answer,
    closed: bool,
    verified: bool,
}

/// All figures.
#[derive(Debug, Default)]
pub(super) struct Tally {
    scanned_again: bool,
    frameworks: BTreeMap<String, Row>,
    checks: BTreeMap<(String, String), Row>,
    /// Framework and reason, with how often, and one finding.
    withheld: BTreeMap<(String, String), (usize, String)>,
    not_closed: Vec<String>,
    new: Vec<String>,
    unparsed: Vec<String>,
}

impl Tally {
    /// Compares two scans.
    pub(super) fn new(before: &Scan, answers: &Answers, after: Option<&Scan>) -> Self {
        let mut tally = Self { scanned_again: after.is_some(), ..Self::default() };
        let failing: BTreeSet<Key> = after.map(|s| stable(s.failed.keys())).unwrap_or_default();
        let passed: BTreeSet<Key> = after.map(|s| stable(s.passed.iter())).unwrap_or_default();
        let mut made: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, count) in &before.failed {
            let answer = answers.by_finding.get(key).cloned().unwrap_or_default();
            let closed = after.is_some() && !failing.contains(&key.stable());
            let verified = closed && passed.contains(&key.stable());
            tally.count(key, *count, Fate { answer: &answer, closed, verified });
            if let Answer::Offered(fix) = answer {
                made.entry(key.framework.clone()).or_default().insert(fix);
            }
        }
        for (framework, fixes) in made {
            let lines = fixes.iter().filter_map(|fix| answers.lines.get(fix)).sum();
            tally.frameworks.entry(framework).or_default().lines = lines;
        }
        if let Some(after) = after {
            tally.compare(before, after);
        }
        tally
    }

    /// Counts one finding, as often as it was said.
    fn count(&mut self, key: &Key, count: usize, fate: Fate<'_>) {
        let Fate { answer, closed, verified } = fate;
        let offered = matches!(answer, Answer::Offered(_));
        let when = |holds: bool| if holds { count } else { 0 };
        self.each(key, |row| {
            row.findings += count;
            row.offered += when(offered);
            row.closed += when(closed);
            row.verified += when(verified);
            row.beside += when(closed && !offered);
        });
        match answer {
            Answer::Offered(_) if self.scanned_again && !verified => {
                let how = if closed { "gone, no PASSED" } else { "still failing" };
                self.not_closed.push(format!("{}: {how}", key.line()));
            }
            Answer::Offered(_) => {}
            Answer::Withheld(reason) => self.withhold(key, reason, count),
            Answer::Silent => self.withhold(key, "the finding is in no open issue", count),
        }
    }

    fn each(&mut self, key: &Key, change: impl Fn(&mut Row)) {
        change(self.frameworks.entry(key.framework.clone()).or_default());
        let check = (key.framework.clone(), key.check.clone());
        change(self.checks.entry(check).or_default());
    }

    fn withhold(&mut self, key: &Key, reason: &str, count: usize) {
        let reason = (key.framework.clone(), without_names(reason));
        let entry = self.withheld.entry(reason).or_insert_with(|| (0, key.line()));
        entry.0 += count;
    }

    /// What fails now and did not before, and what no longer parses.
    fn compare(&mut self, before: &Scan, after: &Scan) {
        let known = stable(before.failed.keys());
        for key in after.failed.keys().filter(|key| !known.contains(&key.stable())) {
            if after.informational.contains(key) {
                continue;
            }
            self.each(key, |row| row.new += 1);
            let passed = before.passed.iter().any(|one| one.stable() == key.stable());
            let how = if passed { "passed before" } else { "was not there before" };
            self.new.push(format!("{}: {how}", key.line()));
        }
        for file in after.unparsed.difference(&before.unparsed) {
            self.unparsed.push(file.clone());
            let framework = match file.rsplit('.').next() {
                Some("tf" | "json") => "terraform",
                _ => "kubernetes",
            };
            self.frameworks.entry(framework.to_owned()).or_default().unparsed += 1;
        }
    }

    /// For people.
    pub(super) fn text(&self, lines: usize) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        line(format!(
            "{:<16}{:>9}{:>9}{:>8}{:>9}{:>8}{:>9}{:>6}{:>8}{:>11}",
            "framework",
            "findings",
            "offered",
            "closed",
            "verified",
            "%",
            "beside",
            "new",
            "unread",
            "lines each"
        ));
        for (name, row) in &self.frameworks {
            line(format!(
                "{name:<16}{:>9}{:>9}{:>8}{:>9}{:>8.1}{:>9}{:>6}{:>8}{:>11.1}",
                row.findings,
                row.offered,
                row.closed,
                row.verified,
                share(100 * row.verified, row.findings),
                row.beside,
                row.new,
                row.unparsed,
                share(
                    row.lines,
                    row.verified.max(if self.scanned_again { 0 } else { row.offered })
                ),
            ));
        }
        if !self.scanned_again {
            line("not scanned again: there is no checkov; closed is not known".to_owned());
        }
        line("\nleft open, by check: findings, offered, verified".to_owned());
        let mut checks: Vec<_> = self.checks.iter().collect();
        checks.sort_by_key(|(_, row)| std::cmp::Reverse(row.findings.saturating_sub(row.verified)));
        for ((framework, check), row) in checks.into_iter().take(lines) {
            let (all, offered, verified) = (row.findings, row.offered, row.verified);
            line(format!("{all:>6}{offered:>6}{verified:>6}  {framework} {check}"));
        }
        line("\nwithheld, by reason".to_owned());
        let mut reasons: Vec<_> = self.withheld.iter().collect();
        reasons.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        for ((framework, reason), (count, one)) in reasons.into_iter().take(lines) {
            line(format!("{count:>6}  {framework}: {reason}\n        such as {one}"));
        }
        for (title, list) in [
            ("offered and not verified", &self.not_closed),
            ("newly failing", &self.new),
            ("no longer parsed", &self.unparsed),
        ] {
            line(format!("\n{title}: {}", list.len()));
            list.iter().take(lines).for_each(|one| line(format!("        {one}")));
        }
        out
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let rows = |(name, row): (&String, &Row)| (name.clone(), row.json());
        let frameworks: BTreeMap<String, Value> = self.frameworks.iter().map(rows).collect();
        let check = |((framework, check), row): (&(String, String), &Row)| json!({"framework": framework, "check": check, "figures": row.json()});
        let checks: Vec<Value> = self.checks.iter().map(check).collect();
        let withheld: Vec<Value> = self
            .withheld
            .iter()
            .map(|((framework, reason), (count, one))| {
                json!({"framework": framework, "reason": reason, "findings": count, "such_as": one})
            })
            .collect();
        json!({"scanned_again": self.scanned_again, "frameworks": frameworks, "checks": checks,
            "withheld": withheld, "offered_not_verified": self.not_closed,
            "newly_failing": self.new, "no_longer_parsed": self.unparsed})
    }
}

fn stable<'k>(keys: impl Iterator<Item = &'k Key>) -> BTreeSet<Key> {
    keys.map(Key::stable).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of findings are small")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// A reason without the names in it, so that equal reasons count together.
fn without_names(reason: &str) -> String {
    let mut out = String::new();
    for (at, part) in reason.split('`').enumerate() {
        if at % 2 == 0 {
            out.push_str(&without_lines(part));
        } else {
            out.push_str("`…`");
        }
    }
    out
}

/// Places such as `main.tf:12` become `…`.
fn without_lines(text: &str) -> String {
    let is_place = |word: &str| {
        let word = word.trim_end_matches([',', ':', ';', '.']);
        word.rsplit_once(':').is_some_and(|(_, n)| n.chars().all(|c| c.is_ascii_digit()))
    };
    let words: Vec<&str> =
        text.split(' ').map(|word| if is_place(word) { "…" } else { word }).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_reasons_count_together() {
        let reason = "`acl` at m/main.tf:17 is `var.x`: decide where it is defined, main.tf:6";
        assert_eq!(without_names(reason), "`…` at … is `…`: decide where it is defined, …");
    }

    #[test]
    fn an_object_that_moved_to_a_namespace_is_the_same() {
        let of = |resource: &str| Key {
            framework: "kubernetes".into(),
            check: "CKV_K8S_21".into(),
            file: "a.yaml".into(),
            resource: resource.into(),
        };
        assert_eq!(of("Pod.default.web").stable(), of("Pod.shop.web").stable());
        assert_ne!(of("Pod.default.web").stable(), of("Pod.default.db").stable());
    }

    #[test]
    fn a_finding_is_known_by_its_native_id() {
        let found = key("dockerfile|/scan|CKV_DOCKER_2|a/Dockerfile|/a/Dockerfile.|0").unwrap();
        assert_eq!(found.line(), "dockerfile CKV_DOCKER_2 a/Dockerfile /a/Dockerfile.");
    }
}
