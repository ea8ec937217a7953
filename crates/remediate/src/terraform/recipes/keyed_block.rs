//! Sets one of several nested blocks, told apart by a name in them (a database's flags).
//!
//! # What it changes
//! `set` names the block by its path and holds what must be in it; `key` is the attribute that
//! tells blocks apart. The one with that key gets the values; where none has it, one is added
//! below the others.
//!
//! # When it is withheld
//! A `dynamic` block makes them, or a key is no literal.

use std::collections::BTreeMap;

use hcl_edit::structure::Block;

use super::{Change, Recipe, Request};
use crate::terraform::Resource;
use crate::terraform::body::{is_dynamic, nested};
use crate::terraform::edit::{self, Splice};
use crate::terraform::render::{self, Wanted};

pub(super) const RECIPE: Recipe = Recipe { id: "keyed_block", plan };

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let Request { resource, wish, .. } = request;
    let key = wish.fix.key.as_deref().ok_or("the recipe names no key")?;
    let mut tree = render::wanted(&wish.fix.set)?;
    let mut block = resource.block;
    let splice = loop {
        let (name, inner) = only_block(tree)?;
        if is_dynamic(&block.body, &name) {
            return Err(format!(
                "`{name}` is made by a `dynamic` block in {}: decide there",
                resource.place()
            ));
        }
        if inner.contains_key(key) {
            break keyed(resource, block, &name, &inner, key)?;
        }
        match nested(&block.body, &name).as_slice() {
            [one] => block = one,
            [] => break insert(resource, block, &name, &inner)?,
            [_, _, ..] => return Err(format!("`{name}` stands twice in {}", resource.place())),
        }
        tree = inner;
    };
    let text = splice.map_or_else(
        || Some(resource.file.text.clone()),
        |splice| splice.apply(&resource.file.text),
    );
    Ok(Change {
        file: resource.file.path.clone(),
        text: text.ok_or("an edit fell outside the file")?,
        address: resource.address(),
        added: None,
        ..Change::default()
    })
}

type Tree = BTreeMap<String, Wanted>;

/// The one block that a tree of values begins with.
fn only_block(tree: Tree) -> Result<(String, Tree), String> {
    let mut entries = tree.into_iter();
    match (entries.next(), entries.next()) {
        (Some((name, Wanted::Block(inner))), None) => Ok((name, inner)),
        (_, _) => Err("the recipe must set values of one nested block".into()),
    }
}

/// The edit of the block with the key, or of the one above where there is none.
fn keyed(
    resource: &Resource<'_>,
    block: &Block,
    name: &str,
    wanted: &Tree,
    key: &str,
) -> Result<Option<Splice>, String> {
    let Some(Wanted::Value(wanted_key)) = wanted.get(key) else {
        return Err("the recipe gives its key no value".into());
    };
    for one in nested(&block.body, name) {
        let have = one.body.get_attribute(key).map(|attribute| &attribute.value);
        let Some(have) = have.and_then(|value| value.as_str()) else {
            return Err(format!("a `{key}` of `{name}` in {} is no plain text", resource.place()));
        };
        if wanted_key.as_str() == Some(have) {
            return values(resource, one, wanted);
        }
    }
    insert(resource, block, name, wanted)
}

/// The first edit that gives a block the values it lacks.
fn values(resource: &Resource<'_>, one: &Block, wanted: &Tree) -> Result<Option<Splice>, String> {
    for (name, value) in wanted {
        let Wanted::Value(value) = value else {
            return Err(format!(
                "`{name}` within a block that has a key is not set by this recipe"
            ));
        };
        let text = render::value(value);
        let Some(attribute) = one.body.get_attribute(name) else {
            let pairs = [(name.clone(), text)];
            return edit::insert_attributes(resource.file, one, &pairs)
                .map(Some)
                .ok_or_else(|| format!("the layout at {} leaves no safe place", resource.place()));
        };
        let have = resource.file.span(&attribute.value);
        let have = have.and_then(|span| resource.file.text.get(span)).unwrap_or_default();
        if have == text {
            continue;
        }
        if !super::set_attributes::is_literal(&attribute.value) {
            return Err(format!("`{name}` in {} is decided elsewhere", resource.place()));
        }
        return Ok(edit::replace(resource.file, &attribute.value, text));
    }
    Ok(None)
}

fn insert(
    resource: &Resource<'_>,
    block: &Block,
    name: &str,
    wanted: &Tree,
) -> Result<Option<Splice>, String> {
    edit::insert_block(resource.file, block, |indent, layout| {
        render::block(name, &[], wanted, indent, layout)
    })
    .map(Some)
    .ok_or_else(|| format!("the layout at {} leaves no safe place", resource.place()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'keyed_block'\nresource = ['google_sql_database_instance']\n\
        key = 'name'\nset = { 'settings.database_flags.name' = 'log_connections', \
        'settings.database_flags.value' = 'on' }";

    fn database(flags: &str) -> String {
        format!(
            "resource \"google_sql_database_instance\" \"d\" {{\n  settings {{\n    tier = \"t\"\n{flags}  }}\n}}\n"
        )
    }

    fn flag(name: &str, value: &str) -> String {
        format!(
            "\n    database_flags {{\n      name  = \"{name}\"\n      value = \"{value}\"\n    }}\n"
        )
    }

    #[test]
    fn a_flag_is_added_below_the_others() {
        let others = database(&flag("a", "off"));
        check(FIX, &others, &database(&(flag("a", "off") + &flag("log_connections", "on"))));
        check(FIX, &database(""), &database(&flag("log_connections", "on")));
    }

    #[test]
    fn the_flag_of_the_name_is_set() {
        let both = |value: &str| database(&(flag("a", "off") + &flag("log_connections", value)));
        check(FIX, &both("off"), &both("on"));
    }

    #[test]
    fn flags_that_a_dynamic_block_makes_are_left() {
        let text = database("    dynamic \"database_flags\" {\n      for_each = var.x\n    }\n");
        refuse(FIX, &text, "is made by a `dynamic` block");
    }
}
