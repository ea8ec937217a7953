//! `.trivyignore`, a line an id, and `.trivyignore.yaml`.
//!
//! <https://trivy.dev/docs/latest/configuration/filtering/>

use quell_model::Date;

use super::yaml::Node;
use super::{Entry, List, Reject, all, is};
use crate::expression::{Expression, Field};

/// The lists of the YAML form.
pub(super) const KINDS: [&str; 4] = ["vulnerabilities", "misconfigurations", "secrets", "licenses"];

/// What an id names: a weakness, or a rule.
fn named(id: &str) -> Expression {
    let upper = id.to_ascii_uppercase();
    let weakness = [
        "CVE-", "GHSA-", "DSA-", "DLA-", "RHSA-", "ALAS", "ELSA-", "USN-", "GO-", "TEMP-",
        "RUSTSEC-", "OSV-",
    ];
    let field = if weakness.iter().any(|begin| upper.starts_with(begin)) {
        Field::Cve
    } else {
        Field::Rule
    };
    all(vec![is(field, id), is(Field::Tool, "trivy")])
}

/// Reads the plain form.
pub(super) fn plain(text: &str) -> List {
    let mut list = List { kind: "trivy", ..List::default() };
    // A comment right above an id says why.
    let mut reason = String::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if let Some(comment) = text.strip_prefix('#') {
            reason = comment.trim().to_owned();
            continue;
        }
        let (text, behind) = text.split_once('#').unwrap_or((text, ""));
        let mut words = text.split_whitespace();
        let Some(id) = words.next() else {
            reason.clear();
            continue;
        };
        let mut until = Ok(None);
        let mut strange = None;
        for word in words {
            match word.strip_prefix("exp:") {
                Some(day) => until = day.parse::<Date>().map(Some).map_err(|_| word),
                None => strange = Some(word),
            }
        }
        match (until, strange) {
            (Ok(until), None) => {
                let why =
                    if behind.trim().is_empty() { reason.clone() } else { behind.trim().into() };
                list.entries.push(Entry { scope: named(id), reason: why, until, line });
            }
            (Err(word), _) | (Ok(_), Some(word)) => list.rejects.push(Reject {
                line,
                what: id.to_owned(),
                why: format!("`{word}` is not understood"),
            }),
        }
    }
    list
}

/// Reads the YAML form.
pub(super) fn yaml(root: &Node) -> List {
    let mut list = List { kind: "trivy", ..List::default() };
    for kind in KINDS {
        for node in root.get(kind).map(Node::items).unwrap_or_default() {
            match entry(node) {
                Ok(entry) => list.entries.push(entry),
                Err(reject) => list.rejects.push(reject),
            }
        }
    }
    list
}

fn entry(node: &Node) -> Result<Entry, Reject> {
    let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
    let id = text("id");
    let reject = |why: &str| Reject { line: node.line, what: id.to_owned(), why: why.to_owned() };
    if id.is_empty() {
        return Err(reject("it has no `id`"));
    }
    let mut parts = vec![named(id)];
    let paths: Vec<String> =
        node.texts("paths").into_iter().map(|path| path.replace("**", "*")).collect();
    if !paths.is_empty() {
        parts.push(Expression::Is(Field::Path, paths));
    }
    let purls = node.texts("purls");
    if !purls.is_empty() {
        let packages: Option<Vec<String>> = purls.iter().map(|purl| package(purl)).collect();
        let packages = packages.ok_or_else(|| reject("a package URL is not understood"))?;
        parts.push(Expression::Is(Field::Package, packages));
    }
    let until = match text("expired_at") {
        "" => None,
        day => Some(day.parse().map_err(|_| reject("`expired_at` is no day"))?),
    };
    let scope = all(parts);
    Ok(Entry { scope, reason: text("statement").to_owned(), until, line: node.line })
}

/// The name of the package of a package URL without a version. One with a version asks for less
/// than an expression can say.
fn package(purl: &str) -> Option<String> {
    let rest = purl.strip_prefix("pkg:")?;
    let rest = rest.split(['?', '#']).next()?;
    let (_, name) = rest.split_once('/')?;
    (!name.contains('@') && !name.is_empty()).then(|| format!("*{name}").replace("%40", "@"))
}
