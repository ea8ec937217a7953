//! Says in the description of a security group's rule what the rule lets through.
//!
//! # What it changes
//! A rule without a description gets one made of its own direction, protocol, ports and
//! addresses. Nothing is said that does not stand in the rule.
//!
//! # When it is withheld
//! The group has no description of its own: AWS cannot add one later, so the group would be
//! replaced. Rules are made by a `dynamic` block, or stand in a list.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};

use super::{Change, Recipe, Request};
use crate::terraform::body::{is_dynamic, nested};
use crate::terraform::{Resource, edit};

pub(super) const RECIPE: Recipe = Recipe { id: "describe_rules", plan };

/// The longest description that AWS takes.
const MAX_LETTERS: usize = 255;
/// Attributes that name ranges of addresses.
const RANGES: [&str; 4] = ["cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"];
/// Attributes that name groups or lists.
const GROUPS: [&str; 5] = [
    "security_groups",
    "source_security_group_id",
    "referenced_security_group_id",
    "prefix_list_ids",
    "prefix_list_id",
];

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let Request { repository, resource, .. } = request;
    let (path, address) = (resource.file.path.clone(), resource.address());
    let is_group = resource.kind() == "aws_security_group";
    if is_group && !resource.block.body.has_attribute("description") {
        return Err(format!(
            "the group at {} has no description, and AWS adds none later: decide whether to \
             replace the group",
            resource.place()
        ));
    }
    let mut now = (*repository).clone();
    loop {
        let resource = now.resource(&path, &address).ok_or("the block is gone")?;
        let Some((rule, text)) = next(&resource)? else {
            let text = resource.file.text.clone();
            return Ok(Change { file: path, text, address, ..Change::default() });
        };
        let pairs = [("description".to_owned(), format!("\"{text}\""))];
        let text = edit::insert_attributes(resource.file, rule, &pairs)
            .and_then(|splice| splice.apply(&resource.file.text))
            .ok_or("the rule has no place in the text")?;
        now = now.changed(&path, text);
    }
}

/// The next rule without a description, and what to say of it.
fn next<'r>(resource: &Resource<'r>) -> Result<Option<(&'r Block, String)>, String> {
    let block = resource.block;
    if resource.kind() != "aws_security_group" {
        let kind = resource.kind();
        let incoming = match block.body.get_attribute("type").map(|kind| &kind.value) {
            Some(kind) => {
                kind.as_str().ok_or("the direction of the rule is decided elsewhere")? == "ingress"
            }
            None => kind.contains("ingress"),
        };
        let said = block.body.has_attribute("description");
        return Ok((!said).then(|| (block, described(resource, &block.body, incoming))));
    }
    for (name, incoming) in [("ingress", true), ("egress", false)] {
        if is_dynamic(&block.body, name) || block.body.has_attribute(name) {
            return Err(format!(
                "the rules at {} are made by an expression: describe them there",
                resource.place()
            ));
        }
        let bare = nested(&block.body, name)
            .into_iter()
            .find(|rule| !rule.body.has_attribute("description"));
        if let Some(rule) = bare {
            return Ok(Some((rule, described(resource, &rule.body, incoming))));
        }
    }
    Ok(None)
}

/// `TCP port 443 from 10.0.0.0/8`.
fn described(resource: &Resource<'_>, rule: &Body, incoming: bool) -> String {
    let value = |name: &str| rule.get_attribute(name).map(|attribute| &attribute.value);
    let word = |name: &str| value(name).and_then(|value| word(resource, value));
    let protocol = word("protocol").or_else(|| word("ip_protocol"));
    let ports = match (word("from_port"), word("to_port")) {
        (Some(from), Some(to)) if from == to => format!(" port {from}"),
        (Some(from), Some(to)) => format!(" ports {from}-{to}"),
        (_, _) => String::new(),
    };
    let what = match protocol.as_deref() {
        Some("-1" | "all") => "Everything".to_owned(),
        Some(protocol) if protocol.starts_with("icmp") => protocol.to_uppercase(),
        Some(protocol) if protocol.starts_with('$') => format!("{protocol}{ports}"),
        Some(protocol) => format!("{}{ports}", protocol.to_uppercase()),
        None => format!("Traffic{ports}"),
    };
    let mut ends: Vec<String> =
        RANGES.iter().filter_map(|name| value(name)).map(|value| ranges(resource, value)).collect();
    let named = |name: &&&str| value(name).is_some();
    ends.extend(GROUPS.iter().find(named).map(|_| "the groups or lists it names".to_owned()));
    let itself = value("self").is_some_and(|value| value.as_bool() == Some(true));
    ends.extend(itself.then(|| "the group itself".to_owned()));
    let way = if incoming { "from" } else { "to" };
    let text = match ends.as_slice() {
        [] => what.clone(),
        ends => format!("{what} {way} {}", ends.join(" and ")),
    };
    if text.len() > MAX_LETTERS { format!("{what} {way} the ranges it names") } else { text }
}

/// A literal, or a name that Terraform puts in.
fn word(resource: &Resource<'_>, value: &Expression) -> Option<String> {
    let span = resource.file.span(value)?;
    let text = resource.file.text.get(span)?.trim_matches('"');
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    if matches!(value, Expression::Traversal(_)) {
        return plain(text).then(|| format!("${{{text}}}"));
    }
    plain(text).then(|| text.to_owned())
}

/// Ranges as they are written, or that they are named elsewhere.
fn ranges(resource: &Resource<'_>, value: &Expression) -> String {
    let literal = |value: &Expression| value.as_str().map(ToOwned::to_owned);
    let texts: Option<Vec<String>> = match value.as_array() {
        Some(items) => items.iter().map(literal).collect(),
        None => literal(value).map(|text| vec![text]),
    };
    let plain =
        |text: &String| text.chars().all(|c| c.is_ascii_alphanumeric() || ".:/".contains(c));
    match texts {
        Some(texts) if texts.iter().all(plain) && !texts.is_empty() => texts.join(", "),
        Some(_) | None => match word(resource, value) {
            Some(name) => format!("the ranges of {}", name.trim_matches(['$', '{', '}'])),
            None => "the ranges it names".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str =
        "recipe = 'describe_rules'\nresource = ['aws_security_group', 'aws_security_group_rule']";

    #[test]
    fn rules_say_what_they_let_through() {
        let text = |one: &str, two: &str| {
            format!(
                "resource \"aws_security_group\" \"g\" {{\n  description = \"web\"\n  ingress {{\n    \
                 from_port = 443\n    to_port = 443\n    protocol = \"tcp\"\n    \
                 cidr_blocks = [\"10.0.0.0/8\", \"192.168.0.0/16\"]\n{one}  }}\n  egress {{\n    \
                 from_port = 0\n    to_port = 0\n    protocol = \"-1\"\n    cidr_blocks = [\"0.0.0.0/0\"]\n{two}  }}\n}}\n"
            )
        };
        check(
            FIX,
            &text("", ""),
            &text(
                "    description = \"TCP port 443 from 10.0.0.0/8, 192.168.0.0/16\"\n",
                "    description = \"Everything to 0.0.0.0/0\"\n",
            ),
        );
    }

    #[test]
    fn variables_are_put_in_by_terraform() {
        let text = |said: &str| {
            format!(
                "resource \"aws_security_group_rule\" \"r\" {{\n  type = \"ingress\"\n  from_port = var.p\n  \
                 to_port = var.p\n  protocol = \"tcp\"\n  cidr_blocks = local.all_ips\n{said}}}\n"
            )
        };
        let said = "  description = \"TCP port ${var.p} from the ranges of local.all_ips\"\n";
        check(FIX, &text(""), &text(said));
    }

    #[test]
    fn a_group_is_not_replaced_for_its_description() {
        refuse(FIX, "resource \"aws_security_group\" \"g\" {\n}\n", "AWS adds none later");
    }
}
