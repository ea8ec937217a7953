//! Prowler's mutelist.
//!
//! <https://docs.prowler.com/user-guide/cli/tutorials/mutelist>

use super::yaml::Node;
use super::{Entry, List, Reject, all, is};
use crate::expression::{Expression, Field};

/// Reads it: an entry for each account and check.
pub(super) fn read(root: &Node) -> List {
    let mut list = List { kind: "prowler", ..List::default() };
    let root = root.get("Mutelist").or_else(|| root.get("Mute List"));
    let accounts = root.and_then(|root| root.get("Accounts"));
    for (account, node) in accounts.map(Node::entries).unwrap_or_default() {
        for (check, node) in node.get("Checks").map(Node::entries).unwrap_or_default() {
            match entry(account, check, node) {
                Ok(scope) => list.entries.push(Entry {
                    scope,
                    reason: description(node),
                    until: None,
                    line: node.line,
                }),
                Err(why) => list.rejects.push(Reject {
                    line: node.line,
                    what: format!("{account} {check}"),
                    why,
                }),
            }
        }
    }
    list
}

fn description(node: &Node) -> String {
    node.get("Description").and_then(Node::text).unwrap_or_default().to_owned()
}

fn entry(account: &str, check: &str, node: &Node) -> Result<Expression, String> {
    let mut parts = vec![is(Field::Tool, "prowler")];
    if account != "*" {
        parts.push(is(Field::Account, account));
    }
    if check != "*" {
        parts.push(is(Field::Rule, check));
    }
    parts.extend(places(node)?);
    if parts.len() == 1 {
        return Err("it mutes everything; an exception has to name something".to_owned());
    }
    if let Some(except) = node.get("Exceptions") {
        let mut kept = Vec::new();
        let accounts: Vec<String> =
            except.texts("Accounts").into_iter().map(str::to_owned).collect();
        if !accounts.is_empty() {
            kept.push(Expression::Is(Field::Account, accounts));
        }
        kept.extend(places(except)?);
        if !kept.is_empty() {
            parts.push(Expression::Not(Box::new(all(kept))));
        }
    }
    Ok(all(parts))
}

/// What is said of regions, resources and tags.
fn places(node: &Node) -> Result<Vec<Expression>, String> {
    let mut parts = Vec::new();
    let regions: Vec<String> = node.texts("Regions").into_iter().map(str::to_owned).collect();
    if !regions.is_empty() && !regions.iter().any(|region| region == "*") {
        parts.push(Expression::Is(Field::Region, regions));
    }
    let mut resources = Vec::new();
    for pattern in node.texts("Resources") {
        resources.extend(glob(pattern)?);
    }
    if !resources.is_empty() && !resources.iter().any(|one| one == "*") {
        parts.push(Expression::Is(Field::Asset, resources));
    }
    for tag in node.texts("Tags").into_iter().filter(|tag| *tag != "*") {
        let either = tag.split('|').map(tagged).collect::<Result<Vec<_>, _>>()?;
        parts.push(if either.len() == 1 { all(either) } else { Expression::Or(either) });
    }
    Ok(parts)
}

fn tagged(tag: &str) -> Result<Expression, String> {
    let no = || format!("the tag `{tag}` cannot be said as an expression");
    let (name, value) = tag.split_once('=').ok_or_else(no)?;
    let name = name.trim().trim_start_matches('^');
    let is_plain = |c: char| c.is_alphanumeric() || "-_:./".contains(c);
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(no());
    }
    let value = simple(value.trim_start_matches('^').trim_end_matches('$')).ok_or_else(no)?;
    let value = if value.is_empty() { "*".to_owned() } else { value };
    Ok(Expression::Is(Field::Tag(name.to_owned()), vec![value]))
}

/// Patterns of assets for a regular expression that is looked for anywhere in a resource's name.
fn glob(pattern: &str) -> Result<Vec<String>, String> {
    if pattern == "*" || pattern == ".*" {
        return Ok(vec!["*".to_owned()]);
    }
    let no = || format!("the regular expression `{pattern}` cannot be said as an expression");
    let (begins, rest) = pattern.strip_prefix('^').map_or((false, pattern), |rest| (true, rest));
    let (ends, rest) = rest.strip_suffix('$').map_or((false, rest), |rest| (true, rest));
    let inner = simple(rest).ok_or_else(no)?;
    let end = if ends { "" } else { "*" };
    if begins {
        // A resource's name stands behind the last `:` or `/` of an asset's key.
        return Ok(vec![format!("*:{inner}{end}"), format!("*/{inner}{end}")]);
    }
    Ok(vec![format!("*{inner}{end}")])
}

/// A regular expression of plain text, `.`, `.*` and escapes as a pattern.
fn simple(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '.' if characters.peek() == Some(&'*') => {
                characters.next();
                out.push('*');
            }
            '.' => out.push('?'),
            // Prowler takes `test-*` for any text that goes on from there.
            '*' if out.is_empty() || !out.ends_with(')') => out.push('*'),
            '\\' => out.push(characters.next().filter(|c| !c.is_alphanumeric())?),
            '^' | '$' | '(' | ')' | '[' | ']' | '{' | '}' | '+' | '?' | '|' | '*' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}
