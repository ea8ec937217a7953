//! Sets attributes of a block, and makes the nested blocks they belong in.
//!
//! # What it changes
//! A literal value is replaced where it stands. A missing attribute goes below the last one of
//! its block, with its `=` in the neighbours' column. A missing nested block goes to the end.
//! Where a variable, a local or a call of the module decides the value, and only one place does,
//! that place is changed. Values in a `dynamic` block are set in its `content`. A value that
//! follows from the block being made at all (`count`) is replaced where it stands.
//!
//! # When it is withheld
//! More than one place decides the value, or it is an expression of which only a person knows
//! what it should be, or the place that decides it decides something else too.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::{Attribute, Block};
use hcl_edit::template::Element;
use toml::Value;

use super::{Change, Recipe, Request};
use crate::Config;
use crate::terraform::body::{dynamic_content, is_dynamic, nested};
use crate::terraform::edit::{self, Splice};
use crate::terraform::render::{self, Wanted};
use crate::terraform::{Repository, Resource, json, parameters, resolve, schema};
use decide::{Site, Stand};

mod decide;
mod effect;

/// How many single edits one recipe may take.
const MAX_EDITS: usize = 200;

pub(super) const RECIPE: Recipe = Recipe { id: "set_attributes", plan };

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let values = parameters::resolved(request, &request.wish.fix.set)?;
    set(request.repository, &request.resource, &values, request.wish.keep_elements)
}

/// Makes a block's attributes be so, one edit after another.
pub(super) fn set(
    repository: &Repository,
    resource: &Resource<'_>,
    values: &BTreeMap<String, Value>,
    keep_elements: bool,
) -> Result<Change, String> {
    let wanted = render::wanted(values)?;
    let (path, address) = (resource.file.path.clone(), resource.address());
    if resource.file.is_json() {
        let labels: Vec<&str> = resource.block.labels.iter().map(|label| label.as_str()).collect();
        let labels = [&[resource.block.ident.as_str()], labels.as_slice()].concat();
        let text = json::set(&resource.file.text, &labels, &wanted, keep_elements)?;
        return Ok(Change { file: path, text, address, ..Change::default() });
    }
    let mut now = repository.clone();
    let mut touched: Option<(String, String)> = None;
    for _ in 0..MAX_EDITS {
        let resource = now
            .resource(&path, &address)
            .ok_or_else(|| format!("`{address}` is not found in `{path}` after an edit"))?;
        let editor = Editor { repository: &now, resource, keep_elements };
        let Some(edit) = editor.block(resource.block, &wanted)? else {
            let (file, owner) = touched.unwrap_or((path, address.clone()));
            if owner != address {
                effect::only_wanted(repository, &now, (&file, &owner, &resource.kind()), values)?;
            }
            let text = now.file(&file).map(|file| file.text.clone()).unwrap_or_default();
            return Ok(Change { file, text, address: owner, ..Change::default() });
        };
        let (file, owner, text) = edit.made(&now, &resource)?;
        let place = (file, owner);
        if touched.as_ref().is_some_and(|before| *before != place) {
            return Err(format!(
                "it takes changes in more than one place, `{address}` at {} and `{}` in `{}`: a \
                 person must say which",
                resource.place(),
                place.1,
                place.0
            ));
        }
        now = now.changed(&place.0, text);
        touched = Some(place);
    }
    Err(format!("`{address}` needs more than {MAX_EDITS} edits"))
}

/// One edit: in the block itself, or where its value is decided.
#[derive(Debug)]
enum Edit {
    Here(Splice),
    There(Vec<Site>),
}

impl Edit {
    /// File, owner and new text.
    fn made(
        self,
        now: &Repository,
        resource: &Resource<'_>,
    ) -> Result<(String, String, String), String> {
        let outside = "an edit fell outside the file";
        match self {
            Self::Here(splice) => {
                let text = splice.apply(&resource.file.text).ok_or(outside)?;
                Ok((resource.file.path.clone(), resource.address(), text))
            }
            Self::There(mut sites) => {
                sites.sort_by_key(|site| std::cmp::Reverse(site.range.start));
                let first = sites.first().ok_or("nothing decides it")?;
                let (file, owner) = (first.file.clone(), first.owner.clone());
                let mut text = now.file(&file).map(|file| file.text.clone()).ok_or(outside)?;
                for site in sites {
                    let splice = Splice { range: site.range, text: site.text };
                    text = splice.apply(&text).ok_or(outside)?;
                }
                Ok((file, owner, text))
            }
        }
    }
}

struct Editor<'r> {
    repository: &'r Repository,
    resource: Resource<'r>,
    keep_elements: bool,
}

impl Editor<'_> {
    /// The next edit that the block needs, or none.
    fn block(
        &self,
        block: &Block,
        wanted: &BTreeMap<String, Wanted>,
    ) -> Result<Option<Edit>, String> {
        let mut missing = Vec::new();
        for (name, wanted) in wanted {
            let found = match wanted {
                Wanted::Value(value) => match block.body.get_attribute(name) {
                    Some(attribute) => self.attribute(attribute, value)?,
                    None if !nested(&block.body, name).is_empty() => {
                        return Err(format!("`{name}` is a block at {}", self.place(block)));
                    }
                    None => {
                        missing.push((name.clone(), render::value(value)));
                        None
                    }
                },
                Wanted::Block(inner) => self.nested(block, name, inner)?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        if missing.is_empty() {
            return Ok(None);
        }
        edit::insert_attributes(self.resource.file, block, &missing)
            .map(|splice| Some(Edit::Here(splice)))
            .ok_or_else(|| format!("the layout at {} leaves no safe place", self.place(block)))
    }

    fn nested(
        &self,
        block: &Block,
        name: &str,
        wanted: &BTreeMap<String, Wanted>,
    ) -> Result<Option<Edit>, String> {
        if let Some(attribute) = block.body.get_attribute(name) {
            return self.object(attribute, wanted);
        }
        let mut blocks = nested(&block.body, name);
        if is_dynamic(&block.body, name) {
            blocks.extend(self.contents(block, name)?);
        }
        if blocks.is_empty() {
            return edit::insert_block(self.resource.file, block, |indent, layout| {
                render::block(name, &[], wanted, indent, layout)
            })
            .map(|splice| Some(Edit::Here(splice)))
            .ok_or_else(|| format!("the layout at {} leaves no safe place", self.place(block)));
        }
        for block in blocks {
            if let Some(edit) = self.block(block, wanted)? {
                return Ok(Some(edit));
            }
        }
        Ok(None)
    }

    /// The `content` of the `dynamic` blocks that make blocks of a name; they must make some.
    fn contents<'b>(&self, block: &'b Block, name: &str) -> Result<Vec<&'b Block>, String> {
        let folder = self.resource.file.folder();
        dynamic_content(&block.body, name)
            .map(|(over, content)| match resolve::expression(self.repository, folder, over) {
                Config::List(items) if !items.is_empty() => Ok(content),
                Config::Object(fields) if !fields.is_empty() => Ok(content),
                Config::Null
                | Config::Bool(_)
                | Config::Number(_)
                | Config::Text(_)
                | Config::List(_)
                | Config::Object(_)
                | Config::Reference { .. }
                | Config::Partly(_)
                | Config::Unknown => Err(format!(
                    "`{name}` is made by a `dynamic` block in {}: decide there",
                    self.resource.place()
                )),
            })
            .collect()
    }

    /// An attribute that is an object: values it has are replaced. None are added, except to a map.
    fn object(
        &self,
        attribute: &Attribute,
        wanted: &BTreeMap<String, Wanted>,
    ) -> Result<Option<Edit>, String> {
        let name = attribute.key.as_str();
        let Expression::Object(object) = &attribute.value else {
            return Err(format!(
                "`{name}` at {} is an expression: a person must decide what it should be",
                self.resource.place()
            ));
        };
        let missing = |key: &str| format!("`{name}` has no `{key}` at {}", self.resource.place());
        for (key, wanted) in wanted {
            let has = |have: &ObjectKey| match have {
                ObjectKey::Ident(ident) => ident.as_str() == key,
                ObjectKey::Expression(text) => text.as_str() == Some(key),
            };
            let found = object.iter().find(|(have, _)| has(have)).map(|(_, value)| value.expr());
            let Wanted::Value(value) = wanted else { return Err(missing(key)) };
            let Some(have) = found else {
                let added = self.key(name, object, (key, value));
                return added.map(Edit::Here).map(Some).ok_or_else(|| missing(key));
            };
            if let Some(edit) = self.value(key, have, value)? {
                return Ok(Some(edit));
            }
        }
        Ok(None)
    }

    /// A new key of a map.
    fn key(&self, name: &str, object: &Object, (key, value): (&str, &Value)) -> Option<Splice> {
        let is_map = schema::is_plain(&self.resource.kind(), name);
        let text = render::value(value);
        is_map.then(|| edit::insert_key(self.resource.file, object, (key, &text))).flatten()
    }

    fn attribute(&self, attribute: &Attribute, wanted: &Value) -> Result<Option<Edit>, String> {
        self.value(attribute.key.as_str(), &attribute.value, wanted)
    }

    fn value(&self, name: &str, have: &Expression, wanted: &Value) -> Result<Option<Edit>, String> {
        let folder = self.resource.file.folder();
        let text = render::value(wanted);
        let expression: Expression =
            text.parse().map_err(|_| format!("the recipe's value of `{name}` does not parse"))?;
        let current = resolve::expression(self.repository, folder, have);
        let target = resolve::expression(self.repository, folder, &expression);
        let file = self.resource.file;
        let written = file.span(have).and_then(|span| file.text.get(span));
        let made = resolve::where_made(self.repository, &self.resource, have);
        if made.is_some_and(|made| made.same(&target) == Some(false)) {
            return edit::replace(file, have, text)
                .map(|splice| Some(Edit::Here(splice)))
                .ok_or_else(|| format!("`{name}` has no place in the text"));
        }
        // A number that is written as a text counts for Terraform, and not for every scanner.
        let quoted = wanted.is_integer() && have.as_str().is_some();
        if same(&current, &target) && !quoted || written == Some(text.as_str()) {
            return Ok(None);
        }
        let grown =
            if self.keep_elements { self.union(have, &current, wanted, folder) } else { None };
        let text = match grown {
            Some(text) if text.is_empty() => return Ok(None),
            Some(text) => text,
            None if is_literal(have) => text,
            None => return self.elsewhere(name, have, wanted).map(Some),
        };
        edit::replace(self.resource.file, have, text)
            .map(|splice| Some(Edit::Here(splice)))
            .ok_or_else(|| format!("`{name}` has no place in the text"))
    }

    /// The list with what it lacks added; empty text where it lacks nothing.
    fn union(
        &self,
        have: &Expression,
        current: &Config,
        wanted: &Value,
        folder: &str,
    ) -> Option<String> {
        let (Expression::Array(_), Config::List(items), Value::Array(wanted)) =
            (have, current, wanted)
        else {
            return None;
        };
        let mut texts: Vec<String> = Vec::new();
        if let Expression::Array(array) = have {
            for item in array.iter() {
                let span = self.resource.file.span(item)?;
                texts.push(self.resource.file.text.get(span)?.to_owned());
            }
        }
        let before = texts.len();
        for value in wanted {
            let text = render::value(value);
            let target = resolve::expression(self.repository, folder, &text.parse().ok()?);
            if !items.iter().any(|item| same(item, &target)) {
                texts.push(text);
            }
        }
        if texts.len() == before {
            return Some(String::new());
        }
        Some(format!("[{}]", texts.join(", ")))
    }

    /// The edit of the one place that decides a value.
    fn elsewhere(&self, name: &str, have: &Expression, wanted: &Value) -> Result<Edit, String> {
        let file = self.resource.file;
        let line = file.span(have).map_or(0, |span| file.line(span.start));
        let address = self.resource.address();
        let stand = Stand { file, family: "", name: &address };
        decide::sites(self.repository, stand, have, wanted)
            .and_then(|sites| {
                if sites.is_empty() {
                    Err("nothing in it can be changed".into())
                } else {
                    Ok(sites)
                }
            })
            .map(Edit::There)
            .map_err(|reason| format!("`{name}` at {}:{line}: {reason}", file.path))
    }

    fn place(&self, block: &Block) -> String {
        let file = self.resource.file;
        let line = file.span(block).map_or(0, |span| file.line(span.start));
        format!("{}:{line}", file.path)
    }
}

/// Whether two values are the same: known and equal, or the same reference.
fn same(left: &Config, right: &Config) -> bool {
    left.same(right) == Some(true) || (left == right && matches!(left, Config::Reference { .. }))
}

/// Whether a value is written out, so that replacing it decides nothing that is decided elsewhere.
pub(super) fn is_literal(value: &Expression) -> bool {
    match value {
        Expression::Null(_)
        | Expression::Bool(_)
        | Expression::Number(_)
        | Expression::String(_) => true,
        Expression::Array(items) => items.iter().all(is_literal),
        Expression::Object(object) => object.iter().all(|(_, value)| is_literal(value.expr())),
        Expression::StringTemplate(template) => template.iter().all(Element::is_literal),
        Expression::HeredocTemplate(heredoc) => heredoc.template.iter().all(Element::is_literal),
        Expression::UnaryOp(operation) => is_literal(&operation.expr),
        Expression::Parenthesis(_)
        | Expression::Variable(_)
        | Expression::Conditional(_)
        | Expression::FuncCall(_)
        | Expression::Traversal(_)
        | Expression::BinaryOp(_)
        | Expression::ForExpr(_) => false,
    }
}

#[cfg(test)]
mod parameter_tests;
#[cfg(test)]
mod tests;
