//! From JSON to blocks, and where each of them stands in the text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hcl_edit::expr::{Array, Expression, Object, ObjectKey, ObjectValue};
use hcl_edit::structure::{Attribute, Block, Body};
use hcl_edit::template::StringTemplate;
use hcl_edit::{Decorated, Ident};
use jsonc_parser::ast::{self, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, parse_to_ast};

/// What a file holds.
#[derive(Debug, Default)]
pub(in crate::terraform) struct Read {
    pub(in crate::terraform) body: Body,
    /// Address → where it stands in the text that was read.
    pub(in crate::terraform) places: BTreeMap<String, Range<usize>>,
}

/// Reads the text of a `.tf.json` file, or of a `.tfvars.json` file.
///
/// # Errors
///
/// Where it is no JSON, or what it says twice.
pub(in crate::terraform) fn read(text: &str, variables: bool) -> Result<Read, String> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        return Err(format!("does not parse at {}:{}", error.line(), error.column()));
    }
    let parsed = parse_to_ast(text, &CollectOptions::default(), &super::strict());
    let Ok(Some(Value::Object(root))) = parsed.map(|parsed| parsed.value) else {
        return Err("is no JSON object".into());
    };
    twice(&Value::Object(root.clone()))?;
    let mut read = Read::default();
    for property in &root.properties {
        let name = property.name.as_str();
        if variables {
            read.places.insert(format!("var.{name}"), range(property));
            attribute(&mut read.body, name, &property.value);
        } else {
            read.top(name, &property.value);
        }
    }
    Ok(read)
}

impl Read {
    fn top(&mut self, ident: &str, value: &Value<'_>) {
        match ident {
            "resource" | "data" => {
                let kinds = objects(value).flat_map(|one| &one.properties);
                let named = kinds.flat_map(|kind| {
                    let names = objects(&kind.value).flat_map(|one| &one.properties);
                    names.map(|name| (kind.name.as_str(), name))
                });
                for (kind, name) in named {
                    self.labeled(ident, &[kind, name.name.as_str()], name);
                }
            }
            "module" | "variable" | "output" | "provider" => {
                for name in objects(value).flat_map(|one| &one.properties) {
                    self.labeled(ident, &[name.name.as_str()], name);
                }
            }
            "locals" | "terraform" => {
                for one in objects(value) {
                    self.put(ident, &[], one);
                }
                let own = objects(value).flat_map(|one| &one.properties);
                for local in own.filter(|_| ident == "locals") {
                    self.places.insert(format!("local.{}", local.name.as_str()), range(local));
                }
            }
            _ => {}
        }
    }

    /// Blocks of one name; several where the value is a list.
    fn labeled(&mut self, ident: &str, labels: &[&str], property: &ast::ObjectProp<'_>) {
        for one in objects(&property.value) {
            self.put(ident, labels, one);
            let address = match (ident, labels) {
                ("resource", [kind, name]) => format!("{kind}.{name}"),
                ("variable", [name]) => format!("var.{name}"),
                (ident, labels) => format!("{ident}.{}", labels.join(".")),
            };
            self.places.entry(address).or_insert_with(|| range(property));
        }
    }

    fn put(&mut self, ident: &str, labels: &[&str], object: &ast::Object<'_>) {
        if let Some(block) = block(ident, labels, object) {
            self.body.push(block);
        }
    }
}

fn block(ident: &str, labels: &[&str], object: &ast::Object<'_>) -> Option<Block> {
    let mut block = Block::builder(name(ident)?).labels(labels.iter().copied()).build();
    for property in object.properties.iter().filter(|property| property.name.as_str() != "//") {
        let key = property.name.as_str();
        match (ident, key) {
            ("terraform", "required_providers") => {
                let inner = objects(&property.value).filter_map(|one| self::block(key, &[], one));
                inner.for_each(|inner| block.body.push(inner));
            }
            (_, "dynamic") => {
                for made in objects(&property.value).flat_map(|one| &one.properties) {
                    let labels = [made.name.as_str()];
                    let inner =
                        objects(&made.value).filter_map(|one| self::block(key, &labels, one));
                    inner.for_each(|inner| block.body.push(inner));
                }
            }
            ("dynamic", "content") => {
                let inner = objects(&property.value).filter_map(|one| self::block(key, &[], one));
                inner.for_each(|inner| block.body.push(inner));
            }
            (_, _) => attribute(&mut block.body, key, &property.value),
        }
    }
    Some(block)
}

fn attribute(body: &mut Body, key: &str, value: &Value<'_>) {
    if let Some(key) = name(key) {
        body.push(Attribute::new(key, expression(value)));
    }
}

fn name(text: &str) -> Option<Decorated<Ident>> {
    Ident::try_new(text).ok().map(Decorated::new)
}

/// The object, or the objects of a list.
fn objects<'v, 'a>(value: &'v Value<'a>) -> impl Iterator<Item = &'v ast::Object<'a>> {
    let list = value.as_array().map(|array| array.elements.as_slice()).unwrap_or_default();
    value.as_object().into_iter().chain(list.iter().filter_map(Value::as_object))
}

fn expression(value: &Value<'_>) -> Expression {
    match value {
        Value::StringLit(text) => string(&text.value),
        Value::NumberLit(number) => number.value.parse().unwrap_or_else(|_| Expression::null()),
        Value::BooleanLit(truth) => Expression::from(truth.value),
        Value::NullKeyword(_) => Expression::null(),
        Value::Array(array) => {
            Expression::Array(array.elements.iter().map(expression).collect::<Array>())
        }
        Value::Object(object) => {
            let mut made = Object::new();
            for property in &object.properties {
                let key = Expression::from(property.name.as_str());
                made.insert(
                    ObjectKey::Expression(key),
                    ObjectValue::new(expression(&property.value)),
                );
            }
            Expression::Object(made)
        }
    }
}

/// A string, which is a template in Terraform's JSON.
fn string(text: &str) -> Expression {
    if !text.contains("${") && !text.contains("%{") {
        return Expression::from(text);
    }
    match hcl_edit::parser::parse_template(text) {
        Ok(template) => Expression::from(StringTemplate::from(template)),
        Err(_) => Expression::Variable(Decorated::new(Ident::new("unreadable"))),
    }
}

fn range(property: &ast::ObjectProp<'_>) -> Range<usize> {
    property.start()..property.end()
}

/// Refuses an object that has one key twice, of which tools take one or the other.
fn twice(value: &Value<'_>) -> Result<(), String> {
    match value {
        Value::Object(object) => {
            let mut seen = BTreeSet::new();
            for property in &object.properties {
                let name = property.name.as_str();
                if name != "//" && !seen.insert(name) {
                    return Err(format!("has the key `{name}` twice"));
                }
                twice(&property.value)?;
            }
            Ok(())
        }
        Value::Array(array) => array.elements.iter().try_for_each(twice),
        Value::StringLit(_)
        | Value::NumberLit(_)
        | Value::BooleanLit(_)
        | Value::NullKeyword(_) => Ok(()),
    }
}
