//! Closes a rule that lets the whole internet in.
//!
//! # What it changes
//! `0.0.0.0/0` and `::/0` give way to the one variable of the module that names who may come in
//! (`allowed_cidrs`, `admin_cidr_blocks`, …), where its default is known and not the internet.
//! Else to the ranges that the user has said: `terraform.ingress`, with commas between.
//!
//! # When it is withheld
//! Nothing, or more than one variable, says who: nobody but a person knows who may come in. The
//! user's ranges are taken for one rule only: another may be open on purpose.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, Body, Structure};

use ipnet::IpNet;

use super::{Change, Recipe, Request};
use crate::Config;
use crate::evaluate::flattened;
use crate::terraform::{edit, resolve};

pub(super) const RECIPE: Recipe = Recipe { id: "restrict_ingress", plan };

/// A range of fewer bits is as good as everybody.
const NARROW: u8 = 8;
const INTERNET: [&str; 4] = ["0.0.0.0/0", "::/0", "*", "Internet"];
/// Attributes that say who may come in.
const SOURCES: [&str; 8] = [
    "cidr_blocks",
    "ipv6_cidr_blocks",
    "cidr_ipv4",
    "cidr_ipv6",
    "source_ranges",
    "source_address_prefix",
    "source_address_prefixes",
    "public_access_cidrs",
];
/// Words in the names of variables that say who may.
const WHO: [&str; 8] =
    ["allowed", "admin", "trusted", "office", "vpn", "bastion", "management", "ingress"];

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let Request { repository, resource, .. } = request;
    let file = resource.file;
    let open = open_here(&resource.block.body);
    let (path, address) = (file.path.clone(), resource.address());
    let Some(first) = open.first() else {
        if sources(&resource.block.body).is_empty() {
            return Err(format!(
                "nothing at {} says who may come in, so that everybody may: a person must say \
                 which addresses",
                resource.place()
            ));
        }
        if let Some(one) = open_elsewhere(request) {
            let line = file.span(one).map_or(0, |span| file.line(span.start));
            return Err(format!(
                "`{}` at {path}:{line} lets the whole internet in, and is not decided there: a \
                 person must say which addresses may, where it is",
                one.key.as_str()
            ));
        }
        return Ok(Change { file: path, text: file.text.clone(), address, ..Change::default() });
    };
    let line = file.span(*first).map_or(0, |span| file.line(span.start));
    let variables = candidates(request);
    let Some(who) = who(request, &variables, open.len())? else {
        return Err(refusal(&path, line, &variables));
    };
    let mut now = (*repository).clone();
    for _ in 0..open.len() {
        let Some(resource) = now.resource(&path, &address) else { break };
        let open = open_here(&resource.block.body);
        let Some(attribute) = open.first() else { break };
        let text = who.text(attribute)?;
        let splice = edit::replace(resource.file, &attribute.value, text);
        let text = splice
            .and_then(|splice| splice.apply(&resource.file.text))
            .ok_or("the rule has no place in the text")?;
        now = now.changed(&path, text);
    }
    let text = now.file(&path).map(|file| file.text.clone()).unwrap_or_default();
    Ok(Change { file: path, text, address, ..Change::default() })
}

/// Who may come in.
enum Who {
    /// Those that a variable names.
    Variable(String),
    /// Ranges that the user has said.
    Ranges(Vec<IpNet>),
}

impl Who {
    /// What an attribute becomes.
    fn text(&self, attribute: &Attribute) -> Result<String, String> {
        let name = attribute.key.as_str();
        let ranges = match self {
            Self::Variable(variable) if attribute.value.is_array() => {
                return Ok(format!("var.{variable}"));
            }
            Self::Variable(variable) => return Ok(format!("var.{variable}[0]")),
            Self::Ranges(ranges) => ranges,
        };
        let fits = |range: &&IpNet| match range {
            IpNet::V4(_) => !matches!(name, "ipv6_cidr_blocks" | "cidr_ipv6"),
            IpNet::V6(_) => !matches!(name, "cidr_blocks" | "cidr_ipv4"),
        };
        let texts: Vec<String> =
            ranges.iter().filter(fits).map(|range| format!("\"{range}\"")).collect();
        match texts.as_slice() {
            [] => Err(format!("none of the ranges that are set fits `{name}`")),
            _ if attribute.value.is_array() => Ok(format!("[{}]", texts.join(", "))),
            [one] => Ok(one.clone()),
            _ => Err(format!("`{name}` takes one range, and more are set")),
        }
    }
}

/// Who may come in, by the one variable that says so, else by what the user has said; none where
/// neither does.
fn who(request: &Request<'_>, variables: &[Variable], rules: usize) -> Result<Option<Who>, String> {
    if let [variable] = variables {
        return Ok(Some(Who::Variable(variable.name.clone())));
    }
    let said = request.wish.settings.at("terraform.ingress", &request.resource.file.path);
    let Some(said) = said else { return Ok(None) };
    if rules > 1 {
        return Err(format!(
            "more than one rule at {} lets the whole internet in, and some may be meant to: a \
             person must say which",
            request.resource.place()
        ));
    }
    Ok(Some(Who::Ranges(ranges(said, "terraform.ingress")?)))
}

/// The ranges that a setting names, with commas between.
pub(super) fn ranges(said: &str, name: &str) -> Result<Vec<IpNet>, String> {
    let range = |text: &str| match text.trim().parse::<IpNet>() {
        Ok(range) if range.prefix_len() >= NARROW => Ok(range.trunc()),
        Ok(_) => Err(format!("`{}` is too wide for `{name}`", text.trim())),
        Err(_) => Err(format!("`{}` in `{name}` is no range of addresses", text.trim())),
    };
    said.split(',').map(range).collect()
}

fn refusal(path: &str, line: usize, variables: &[Variable]) -> String {
    let place = format!("{path}:{line}");
    let names: Vec<String> =
        variables.iter().map(|variable| format!("`var.{}`", variable.name)).collect();
    if names.is_empty() {
        return format!(
            "the rule at {place} lets the whole internet in: a person must say which addresses may \
             (`terraform.ingress.{path}`)"
        );
    }
    format!(
        "the rule at {place} lets the whole internet in: a person must say which of {} fits",
        names.join(", ")
    )
}

/// The source of a rule that is the whole internet by a value that does not stand in the rule.
fn open_elsewhere<'r>(request: &Request<'r>) -> Option<&'r Attribute> {
    let folder = request.resource.file.folder();
    let is_open = |value: &Config| flattened(value).into_iter().any(is_internet);
    let value = |one: &Attribute| resolve::expression(request.repository, folder, &one.value);
    sources(&request.resource.block.body).into_iter().find(|one| is_open(&value(one)))
}

fn is_internet(value: &Config) -> bool {
    value.as_text().is_some_and(|text| INTERNET.contains(&text))
}

/// Everything that says who may come in, in blocks that let traffic in.
fn sources(body: &Body) -> Vec<&Attribute> {
    let mut all = Vec::new();
    for structure in body {
        match structure {
            Structure::Attribute(attribute) if SOURCES.contains(&attribute.key.as_str()) => {
                all.push(attribute);
            }
            Structure::Attribute(_) => {}
            Structure::Block(block) if lets_in(block) => all.extend(sources(&block.body)),
            Structure::Block(_) => {}
        }
    }
    all
}

/// Of these, those that are the whole internet as they stand.
fn open_here(body: &Body) -> Vec<&Attribute> {
    sources(body).into_iter().filter(|attribute| is_open(attribute)).collect()
}

fn lets_in(block: &Block) -> bool {
    let outbound = block.body.get_attribute("direction").and_then(|one| one.value.as_str());
    block.ident.as_str() != "egress" && outbound != Some("Outbound")
}

fn is_open(attribute: &Attribute) -> bool {
    let is_internet =
        |value: &Expression| value.as_str().is_some_and(|text| INTERNET.contains(&text));
    is_internet(&attribute.value)
        || attribute.value.as_array().is_some_and(|items| items.iter().any(is_internet))
}

struct Variable {
    name: String,
}

/// Variables that say who may come in, with a known value that is not the internet.
fn candidates(request: &Request<'_>) -> Vec<Variable> {
    let folder = request.resource.file.folder();
    let mut found = Vec::new();
    for file in request.repository.module_files(folder).filter(|file| file.path.ends_with(".tf")) {
        for block in file.blocks().filter(|block| block.ident.as_str() == "variable") {
            let Some(name) = block.labels.first().map(|label| label.as_str()) else { continue };
            let lower = name.to_ascii_lowercase();
            if !lower.contains("cidr") || !WHO.iter().any(|word| lower.contains(word)) {
                continue;
            }
            let Ok(expression) = format!("var.{name}").parse::<Expression>() else { continue };
            let value = resolve::expression(request.repository, folder, &expression);
            if is_closed(&value) {
                found.push(Variable { name: name.to_owned() });
            }
        }
    }
    found
}

fn is_closed(value: &Config) -> bool {
    let Config::List(items) = value else { return false };
    !items.is_empty()
        && items.iter().all(|item| item.as_text().is_some_and(|text| !INTERNET.contains(&text)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse, with_settings};
    use crate::Settings;

    const FIX: &str = "recipe = 'restrict_ingress'\nresource = ['aws_security_group']";
    const GROUP: &str = "resource \"aws_security_group\" \"g\" {\n  ingress {\n    cidr_blocks = [\"0.0.0.0/0\"]\n  }\n  egress {\n    cidr_blocks = [\"0.0.0.0/0\"]\n  }\n}\n";

    #[test]
    fn nobody_knows_who_may_come_in() {
        refuse(FIX, GROUP, "the rule at main.tf:3 lets the whole internet in");
    }

    #[test]
    fn the_one_variable_that_says_who_is_used() {
        let variable = "variable \"admin_cidrs\" {\n  default = [\"10.0.0.0/8\"]\n}\n";
        let after = GROUP.replacen("[\"0.0.0.0/0\"]", "var.admin_cidrs", 1);
        check(FIX, &format!("{variable}{GROUP}"), &format!("{variable}{after}"));
    }

    #[test]
    fn the_ranges_that_the_user_said_are_used() {
        let with = |said: &str, text: &str| {
            let pairs = [("terraform.ingress".to_owned(), said.to_owned())];
            with_settings(FIX, text, &Settings::from_iter(pairs))
        };
        let after = |to: &str| GROUP.replacen("[\"0.0.0.0/0\"]", to, 1);
        let both = "10.1.2.3/8, 2001:db8::/32,192.0.2.0/24";
        assert_eq!(with(both, GROUP), Ok(after("[\"10.0.0.0/8\", \"192.0.2.0/24\"]")));
        assert_eq!(with("10.0.0.0/8", &after("[\"10.0.0.0/8\"]")), Ok(after("[\"10.0.0.0/8\"]")));
        let six =
            GROUP.replacen("cidr_blocks = [\"0.0.0.0/0\"]", "ipv6_cidr_blocks = [\"::/0\"]", 1);
        assert!(with(both, &six).unwrap().contains("ipv6_cidr_blocks = [\"2001:db8::/32\"]"));
        let two = GROUP.replacen("  egress", "  ingress", 1);
        for (said, text, why) in [
            ("0.0.0.0/0", GROUP, "too wide"),
            ("everybody\" }", GROUP, "no range of addresses"),
            ("2001:db8::/32", GROUP, "none of the ranges"),
            ("10.0.0.0/8", &*two, "more than one rule"),
        ] {
            assert!(with(said, text).unwrap_err().contains(why), "{said}");
        }
    }

    #[test]
    fn what_a_variable_opens_is_decided_there() {
        let group = GROUP.replacen("[\"0.0.0.0/0\"]", "var.whitelist", 1);
        let variable = "variable \"whitelist\" {\n  default = [\"0.0.0.0/0\"]\n}\n";
        refuse(FIX, &format!("{group}{variable}"), "`cidr_blocks` at main.tf:3 lets the whole");
    }

    #[test]
    fn an_open_default_is_no_answer() {
        let variable = "variable \"admin_cidrs\" {\n  default = [\"0.0.0.0/0\"]\n}\n";
        refuse(FIX, &format!("{variable}{GROUP}"), "a person must say which addresses may");
    }
}
