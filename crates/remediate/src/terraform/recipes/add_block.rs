//! Adds one more nested block of a name (a rule of a web ACL, or of a bucket's lifecycle).
//!
//! # What it changes
//! `set` names the block by its path and holds what is in it; `key` is the attribute that tells
//! such blocks apart. A value `{ next = 0 }` is one more than the highest that the others have.
//!
//! # When it is withheld
//! A `dynamic` block or an attribute makes such blocks, the key is taken or written by an
//! expression, or a number that is counted on is no literal.

use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use toml::Value;

use super::{Change, Recipe, Request};
use crate::terraform::body::{is_dynamic, nested};
use crate::terraform::{edit, parameters, render};

pub(super) const RECIPE: Recipe = Recipe { id: "add_block", plan };

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let Request { resource, wish, .. } = request;
    let key = wish.fix.key.as_deref().ok_or("the recipe names no key")?;
    let mut set = parameters::resolved(request, &wish.fix.set)?;
    let first = set.keys().next().and_then(|path| path.split('.').next());
    let name = first.ok_or("the recipe sets nothing")?.to_owned();
    let body = &resource.block.body;
    let place = resource.place();
    if is_dynamic(body, &name) || body.has_attribute(&name) {
        return Err(format!("`{name}` is made by an expression in {place}: decide there"));
    }
    let mine = set.get(&format!("{name}.{key}")).and_then(Value::as_str).map(str::to_owned);
    let mine = mine.ok_or("the recipe gives its key no value")?;
    let others = nested(body, &name);
    let (file, address) = (resource.file.path.clone(), resource.address());
    for other in &others {
        let Some(have) = value(other, key) else { continue };
        let have = have.as_str().ok_or_else(|| format!("a `{key}` in {place} is no plain text"))?;
        if have == mine {
            let text = resource.file.text.clone();
            return Ok(Change { file, text, address, ..Change::default() });
        }
    }
    for (path, one) in &mut set {
        if one.as_table().is_some_and(|table| table.contains_key("next")) {
            let attribute = path.rsplit('.').next().unwrap_or(path);
            *one = Value::Integer(next(&others, attribute, &place)?);
        }
    }
    let mut tree = render::wanted(&set)?;
    let Some(render::Wanted::Block(inner)) = tree.remove(&name).filter(|_| tree.is_empty()) else {
        return Err("the recipe must set values of one nested block".into());
    };
    let splice = edit::insert_block(resource.file, resource.block, |indent, layout| {
        render::block(&name, &[], &inner, indent, layout)
    });
    let text = splice.and_then(|splice| splice.apply(&resource.file.text));
    let text = text.ok_or_else(|| format!("the layout at {place} leaves no safe place"))?;
    Ok(Change { file, text, address, ..Change::default() })
}

fn value<'b>(block: &'b Block, name: &str) -> Option<&'b Expression> {
    block.body.get_attribute(name).map(|one| &one.value)
}

/// One more than the highest number that the blocks have.
fn next(others: &[&Block], name: &str, place: &str) -> Result<i64, String> {
    let mut next = 0;
    for other in others {
        let have = value(other, name).and_then(Expression::as_number);
        let have = have.and_then(hcl_edit::Number::as_i64).ok_or_else(|| {
            format!("a `{name}` in {place} is no plain number: a person must say which is free")
        })?;
        next = next.max(have.saturating_add(1));
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'add_block'\nresource = ['aws_wafv2_web_acl']\nkey = 'name'\n\
        set = { 'rule.name' = 'bad', 'rule.priority' = { next = 0 }, \
        'rule.override_action.none' = { block = true } }";

    fn acl(rules: &str) -> String {
        format!("resource \"aws_wafv2_web_acl\" \"a\" {{\n  name = \"a\"\n{rules}}}\n")
    }

    fn rule(name: &str, priority: &str) -> String {
        format!("\n  rule {{\n    name     = \"{name}\"\n    priority = {priority}\n  }}\n")
    }

    #[test]
    fn a_rule_is_added_after_the_others() {
        let added = |priority: u8| {
            format!(
                "\n  rule {{\n    name     = \"bad\"\n    priority = {priority}\n\n    override_action \
                 {{\n      none {{}}\n    }}\n  }}\n"
            )
        };
        let two = rule("x", "7") + &rule("y", "2");
        check(FIX, &acl(&two), &acl(&(two.clone() + &added(8))));
        check(FIX, &acl(""), &acl(&added(0)));
        check(FIX, &acl(&added(3)), &acl(&added(3)));
    }

    #[test]
    fn what_is_not_certain_is_left() {
        refuse(FIX, &acl(&rule("x", "var.p")), "no plain number");
        refuse(FIX, &acl(&rule("${var.x}", "1")), "no plain text");
        let dynamic = "  dynamic \"rule\" {\n    for_each = var.x\n    content {\n    }\n  }\n";
        refuse(FIX, &acl(dynamic), "made by an expression");
    }
}
