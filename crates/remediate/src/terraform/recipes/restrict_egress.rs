//! Limits a rule that lets everything out.
//!
//! # What it changes
//! `0.0.0.0/0` and `::/0` in rules for every protocol give way to the ranges that the user has
//! said: `terraform.egress`, with commas between. Rules for single protocols stay.
//!
//! # When it is withheld
//! Nobody has said what may be reached, or the rule is made elsewhere.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block};
use ipnet::IpNet;

use super::restrict_ingress::ranges;
use super::{Change, Recipe, Request};
use crate::terraform::SourceFile;
use crate::terraform::body::{is_dynamic, nested};
use crate::terraform::edit::Splice;

pub(super) const RECIPE: Recipe = Recipe { id: "restrict_egress", plan };

const NAME: &str = "terraform.egress";
const INTERNET: [&str; 2] = ["0.0.0.0/0", "::/0"];
/// Attributes that say what may be reached.
const TARGETS: [&str; 4] = ["cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"];

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let Request { resource, wish, .. } = request;
    let (file, body) = (resource.file, &resource.block.body);
    if is_dynamic(body, "egress") || body.has_attribute("egress") {
        return Err(format!("the rules at {} are made elsewhere: decide there", resource.place()));
    }
    let rules: Vec<&Block> = if resource.is("aws_security_group") {
        nested(body, "egress")
    } else {
        vec![resource.block]
    };
    let open: Vec<&Attribute> =
        rules.into_iter().filter(|rule| is_of_all(file, rule)).flat_map(open_in).collect();
    let Some(first) = open.first() else {
        // Where it is open by a value from elsewhere, the control fails still, and says so.
        let (text, address) = (file.text.clone(), resource.address());
        return Ok(Change { file: file.path.clone(), text, address, ..Change::default() });
    };
    let line = file.span(*first).map_or(0, |span| file.line(span.start));
    let said = wish.settings.at(NAME, &file.path).ok_or_else(|| {
        format!(
            "the rule at {path}:{line} lets everything out: a person must say what may be reached \
             (`{NAME}.{path}`, or `{NAME}` for all)",
            path = file.path
        )
    })?;
    let ranges = ranges(said, NAME)?;
    let written = open.iter().map(|one| written(one, &ranges)).collect::<Result<Vec<_>, _>>()?;
    if written.iter().all(|text| text == "[]") {
        return Err(format!(
            "none of the ranges of `{NAME}` fits the rule at {}:{line}",
            file.path
        ));
    }
    let mut splices = Vec::new();
    for (attribute, text) in open.iter().zip(written) {
        let range = file.span(&attribute.value).ok_or("the rule has no place in the text")?;
        splices.push(Splice { range, text });
    }
    splices.sort_by_key(|splice| std::cmp::Reverse(splice.range.start));
    let mut text = file.text.clone();
    for splice in splices {
        text = splice.apply(&text).ok_or("an edit fell outside the file")?;
    }
    let (file, address) = (file.path.clone(), resource.address());
    Ok(Change { file, text, address, ..Change::default() })
}

/// Whether a rule is about every protocol.
fn is_of_all(file: &SourceFile, rule: &Block) -> bool {
    let attribute = |name: &str| rule.body.get_attribute(name);
    let protocol = attribute("protocol").or_else(|| attribute("ip_protocol"));
    let span = protocol.and_then(|one| file.span(&one.value));
    let text = span.and_then(|span| file.text.get(span)).unwrap_or_default();
    matches!(text.trim_matches('"').to_ascii_lowercase().as_str(), "-1" | "all")
}

fn open_in(rule: &Block) -> Vec<&Attribute> {
    let all = TARGETS.iter().filter_map(|name| rule.body.get_attribute(name));
    all.filter(|one| is_open(&one.value)).collect()
}

fn is_open(value: &Expression) -> bool {
    let internet = |one: &Expression| one.as_str().is_some_and(|text| INTERNET.contains(&text));
    internet(value) || value.as_array().is_some_and(|items| items.iter().any(internet))
}

/// What an attribute becomes.
fn written(attribute: &Attribute, ranges: &[IpNet]) -> Result<String, String> {
    let name = attribute.key.as_str();
    let six = name.contains("v6");
    let fits = |range: &&IpNet| matches!(range, IpNet::V6(_)) == six;
    let texts: Vec<String> =
        ranges.iter().filter(fits).map(|range| format!("\"{range}\"")).collect();
    match texts.as_slice() {
        _ if attribute.value.is_array() => Ok(format!("[{}]", texts.join(", "))),
        [one] => Ok(one.clone()),
        [] => Err(format!("none of the ranges of `{NAME}` fits `{name}`")),
        [..] => Err(format!("`{name}` takes one range, and `{NAME}` names more")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refuse, with_settings};
    use crate::Settings;

    const FIX: &str = "recipe = 'restrict_egress'\nresource = ['aws_security_group']";
    const GROUP: &str = "resource \"aws_security_group\" \"g\" {\n  ingress {\n    protocol    = \"-1\"\n    cidr_blocks = [\"0.0.0.0/0\"]\n  }\n  egress {\n    protocol         = \"-1\"\n    cidr_blocks      = [\"0.0.0.0/0\"] # out\n    ipv6_cidr_blocks = [\"::/0\"]\n  }\n  egress {\n    protocol    = \"tcp\"\n    cidr_blocks = [\"0.0.0.0/0\"]\n  }\n}\n";

    fn with(said: &str, text: &str) -> Result<String, String> {
        let pairs = [("terraform.egress".to_owned(), said.to_owned())];
        with_settings(FIX, text, &Settings::from_iter(pairs))
    }

    #[test]
    fn a_rule_for_every_protocol_gets_the_ranges() {
        let after = |four: &str, six: &str| {
            let text = GROUP.replacen("[\"0.0.0.0/0\"] # out", &format!("{four} # out"), 1);
            text.replacen("[\"::/0\"]", six, 1)
        };
        assert_eq!(with("10.1.2.3/8", GROUP), Ok(after("[\"10.0.0.0/8\"]", "[]")));
        let both = with("10.0.0.0/8, 2001:db8::/32", GROUP);
        assert_eq!(both, Ok(after("[\"10.0.0.0/8\"]", "[\"2001:db8::/32\"]")));
    }

    #[test]
    fn what_is_wider_or_said_by_nobody_is_refused() {
        for (said, why) in [("0.0.0.0/0", "too wide"), ("x", "no range"), ("", "no range")] {
            assert!(with(said, GROUP).unwrap_err().contains(why), "{said}");
        }
        refuse(FIX, GROUP, "`terraform.egress.main.tf`");
        let loops = GROUP.replace("  egress {", "  dynamic \"egress\" {");
        assert!(with("10.0.0.0/8", &loops).unwrap_err().contains("made elsewhere"));
    }
}
