//! Blocks that a fix needs beside what it changes: a key of one's own, the number of the account.
//!
//! # What it changes
//! The recipe is asked first, with the address of each block put in for its name (`{{kms_key}}`).
//! A block that stands already and is fit is taken; else one is written below the resource, with
//! the resource's own `provider`.
//!
//! # When it is withheld
//! The recipe withholds, or no name is free.

mod lines;
mod others;
mod own;
mod stock;

use quell_catalog::FixRecipe;
use toml::Value;

use super::parameters::text_of as attribute_text;
use super::recipes::{Recipe, Request};
use super::render::Layout;
use super::{Resource, edit};
use crate::code::{Change, Wish};
use stock::{Reuse, Stock};

/// A block that the fix refers to.
struct Support {
    /// The name in the recipe (`kms_key`).
    id: &'static str,
    /// `aws_kms_key.logs`, `data.aws_region.current`.
    address: String,
    /// Its text, where it has to be written.
    text: Option<String>,
}

/// Whether a recipe refers to other blocks, or to values of the resource.
pub(super) fn is_asked(fix: &FixRecipe) -> bool {
    let names = |value: &Value| value.to_string().contains("{{");
    !fix.beside.is_empty() || fix.set.values().any(names)
}

/// Makes the change of a recipe, and the blocks that it refers to.
///
/// # Errors
///
/// One sentence that says what a person must decide.
pub(super) fn plan(request: &Request<'_>, recipe: &Recipe) -> Result<Change, String> {
    let Request { resource, wish, .. } = request;
    let mut supports: Vec<Support> = Vec::new();
    for id in &wish.fix.beside {
        let stock = stock::by_id(id).ok_or_else(|| format!("there is no block `{id}` to add"))?;
        let support = choose(request, stock, &supports)?;
        supports.push(support);
    }
    let fix = with_addresses(request, &supports)?;
    let wish = Wish { fix: &fix, ..**wish };
    let change = (recipe.plan)(&Request { wish: &wish, ..*request })?;
    if change.text == resource.file.text {
        return Ok(change);
    }
    let needed = needed(&change, supports);
    if change.file != resource.file.path && !needed.is_empty() {
        let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        if folder(&change.file) != folder(&resource.file.path) {
            return Err(format!(
                "the value is decided in `{}`: a person must set it there",
                change.file
            ));
        }
    }
    add(request, change, &needed)
}

/// Those that the recipe, or a block that has to be written, refers to; and those that refer to
/// such a block (the policy of a role).
fn needed(change: &Change, supports: Vec<Support>) -> Vec<Support> {
    let mut used = change.text.clone();
    let mut kept: Vec<bool> = vec![false; supports.len()];
    for _ in 0..supports.len() {
        for (place, support) in supports.iter().enumerate() {
            let Some(text) = &support.text else { continue };
            let hangs = supports.iter().zip(&kept).any(|(other, kept)| {
                *kept && !other.address.starts_with("data.") && text.contains(&other.address)
            });
            if let Some(kept) = kept.get_mut(place)
                && !*kept
                && (hangs || used.contains(&support.address))
            {
                *kept = true;
                used.push_str(text);
            }
        }
    }
    let mut kept = kept.into_iter();
    supports.into_iter().filter(|_| kept.next().unwrap_or(false)).collect()
}

/// Takes a block that stands already, or says what has to be written.
fn choose(
    request: &Request<'_>,
    stock: &'static Stock,
    above: &[Support],
) -> Result<Support, String> {
    let Request { repository, resource, .. } = request;
    let folder = resource.file.folder();
    let template = lines::filled(stock.text, request)?;
    // What a text says of its provider goes over the resource's.
    let own_provider = lines::has_own_provider(stock.text);
    let provider = if own_provider {
        lines::provider_of(&template)
    } else {
        attribute_text(resource, "provider")
    };
    let base = if stock.name.is_empty() { resource.name() } else { stock.name };
    let render = |name: &str| -> Result<String, String> {
        let text = template.replace("{{name}}", name);
        let text = replaced(&own::filled(&text, resource)?, above);
        Ok(if own_provider { text } else { with_provider(&text, provider) })
    };
    render(base)?;
    let standing: Vec<Resource<'_>> = repository
        .module_files(folder)
        .filter(|file| file.path.ends_with(".tf"))
        .flat_map(|file| file.blocks().map(move |block| Resource { file, block }))
        .filter(|one| stock.is_made_by(one) && attribute_text(one, "provider") == provider)
        .collect();
    let own =
        |one: &&Resource<'_>| render(one.name()).is_ok_and(|text| same_tokens(text_of(one), &text));
    let mut fit: Vec<&Resource<'_>> = standing.iter().filter(|one| is_fit(stock, one)).collect();
    let near = |one: &&Resource<'_>| one.file.path == resource.file.path;
    if fit.iter().filter(|one| near(one)).count() == 1 {
        fit.retain(near);
    }
    let taken = standing.iter().find(own).or(match (stock.reuse, fit.as_slice()) {
        (Reuse::Any, [first, ..]) | (Reuse::OpenKey | Reuse::Lone, [first]) => Some(*first),
        (Reuse::Any | Reuse::OpenKey | Reuse::Lone | Reuse::Never, _) => None,
    });
    if stock.text.is_empty() && taken.is_none() {
        return Err(format!("it needs a `{}`: a person must say which", stock.kind));
    }
    if let Some(one) = taken {
        return Ok(Support { id: stock.id, address: stock.address(one.name()), text: None });
    }
    let used = |name: &str| {
        repository.module_files(folder).flat_map(super::SourceFile::blocks).any(|block| {
            stock.is_head_of(block) && block.labels.get(1).is_some_and(|l| l.as_str() == name)
        })
    };
    let name = (1..100)
        .map(|number| if number == 1 { base.to_owned() } else { format!("{base}_{number}") })
        .find(|name| !used(name))
        .ok_or_else(|| format!("no free name for a `{}`", stock.kind))?;
    Ok(Support { id: stock.id, address: stock.address(&name), text: Some(render(&name)?) })
}

/// Whether a block that stands already can be used by another resource.
fn is_fit(stock: &Stock, one: &Resource<'_>) -> bool {
    let body = &one.block.body;
    let single = !body.has_attribute("count") && !body.has_attribute("for_each");
    let open_key = || {
        let special = ["key_usage", "customer_master_key_spec", "key_spec", "is_enabled"];
        let policy = attribute_text(one, "policy");
        !special.iter().any(|name| body.has_attribute(name))
            && policy.is_none_or(|text| text.contains("kms:*") && !text.contains("Deny"))
    };
    single
        && match stock.reuse {
            Reuse::Any | Reuse::Lone => true,
            Reuse::OpenKey => open_key(),
            Reuse::Never => false,
        }
}

fn text_of<'r>(one: &Resource<'r>) -> &'r str {
    one.file.text.get(one.span()).unwrap_or_default()
}

fn same_tokens(left: &str, right: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    letters(left) == letters(right)
}

/// The same block, made by the provider that makes the resource.
fn with_provider(text: &str, provider: Option<&str>) -> String {
    let Some(provider) = provider else { return text.to_owned() };
    let line = format!("{{\n  provider = {provider}\n");
    match text.split_once('{') {
        Some((head, "}")) => format!("{head}{line}}}"),
        Some((head, rest)) => format!("{head}{line}{rest}"),
        None => text.to_owned(),
    }
}

fn replaced(text: &str, supports: &[Support]) -> String {
    supports.iter().fold(text.to_owned(), |text, support| {
        text.replace(&format!("{{{{{}}}}}", support.id), &support.address)
    })
}

/// The recipe with addresses, and values of the resource, in place of names.
fn with_addresses(request: &Request<'_>, supports: &[Support]) -> Result<FixRecipe, String> {
    let mut fix = request.wish.fix.clone();
    for value in fix.set.values_mut() {
        if let Some(items) = value.as_array() {
            let items = others::expanded(items, request)?;
            let items = items.iter().map(|item| put_in(item, &request.resource, supports));
            *value = Value::Array(items.collect::<Result<_, String>>()?);
        } else {
            *value = put_in(value, &request.resource, supports)?;
        }
    }
    Ok(fix)
}

/// An expression with addresses and values of the resource put in; other values as they are.
fn put_in(value: &Value, resource: &Resource<'_>, supports: &[Support]) -> Result<Value, String> {
    match value.as_table().and_then(|table| table.get("expr")?.as_str()) {
        Some(text) => Ok(expression(own::filled(&replaced(text, supports), resource)?)),
        None => Ok(value.clone()),
    }
}

fn expression(text: String) -> Value {
    Value::Table([("expr".to_owned(), Value::String(text))].into_iter().collect())
}

/// Writes the blocks that are missing below what was changed.
fn add(request: &Request<'_>, change: Change, supports: &[Support]) -> Result<Change, String> {
    let mut change = change;
    let elsewhere = || {
        format!(
            "the value is decided in `{}`: a person must set it there",
            request.resource.file.path
        )
    };
    let anchor = match change.added {
        Some(_) => request.resource.address(),
        None => change.address.clone(),
    };
    for Support { address, text, .. } in supports.iter().rev() {
        let Some(text) = text else { continue };
        let now = request.repository.changed(&change.file, change.text.clone());
        let block = now.resource(&change.file, &anchor).ok_or_else(elsewhere)?;
        let splice = edit::append_after(block.file, block.block, |_, layout| laid(text, layout));
        change.text = splice
            .and_then(|splice| splice.apply(&change.text))
            .ok_or("the block has no place in the text")?;
        change.beside.push(address.clone());
    }
    Ok(change)
}

/// Text in the line ends and indentation of a file.
fn laid(text: &str, layout: Layout<'_>) -> String {
    let lines = text.lines().map(|line| {
        let rest = line.trim_start_matches("  ");
        let depth = line.len().saturating_sub(rest.len()) / 2;
        format!("{}{rest}", layout.unit.repeat(depth))
    });
    lines.collect::<Vec<_>>().join(layout.newline)
}

#[cfg(test)]
mod tests;
