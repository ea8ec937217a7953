//! Sets attributes of a block, and makes the nested blocks they belong in.
//!
//! # What it changes
//! A literal value is replaced where it stands. A missing attribute goes below the last one of
//! its block, with its `=` in the neighbours' column. A missing nested block goes to the end.
//!
//! # When it is withheld
//! The value is an expression, so that the decision is made elsewhere; or a `dynamic` block makes
//! the nested block.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, ObjectKey, TraversalOperator};
use hcl_edit::structure::{Attribute, Block};
use hcl_edit::template::{Element, Template};
use toml::Value;

use super::{Change, Recipe, Request};
use crate::Config;
use crate::terraform::body::{is_dynamic, nested};
use crate::terraform::edit::{self, Splice};
use crate::terraform::render::{self, Wanted};
use crate::terraform::{Repository, Resource, resolve};

/// How many single edits one recipe may take.
const MAX_EDITS: usize = 200;

pub(super) const RECIPE: Recipe = Recipe { id: "set_attributes", plan };

fn plan(request: &Request<'_>) -> Result<Change, String> {
    set(request.repository, &request.resource, &request.wish.fix.set, request.wish.keep_elements)
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
    let mut now = repository.clone();
    for _ in 0..MAX_EDITS {
        let resource = now
            .resource(&path, &address)
            .ok_or_else(|| format!("`{address}` is not found in `{path}` after an edit"))?;
        let editor = Editor { repository: &now, resource, keep_elements };
        let Some(splice) = editor.block(resource.block, &wanted)? else {
            let text = resource.file.text.clone();
            return Ok(Change { file: path, text, address, added: None });
        };
        let text = splice.apply(&resource.file.text).ok_or("an edit fell outside the file")?;
        now = now.changed(&path, text);
    }
    Err(format!("`{address}` needs more than {MAX_EDITS} edits"))
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
    ) -> Result<Option<Splice>, String> {
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
            .map(Some)
            .ok_or_else(|| format!("the layout at {} leaves no safe place", self.place(block)))
    }

    fn nested(
        &self,
        block: &Block,
        name: &str,
        wanted: &BTreeMap<String, Wanted>,
    ) -> Result<Option<Splice>, String> {
        if is_dynamic(&block.body, name) {
            return Err(format!(
                "`{name}` is made by a `dynamic` block in {}: decide there",
                self.resource.place()
            ));
        }
        if let Some(attribute) = block.body.get_attribute(name) {
            return self.object(attribute, wanted);
        }
        let blocks = nested(&block.body, name);
        if blocks.is_empty() {
            return edit::insert_block(self.resource.file, block, |indent, layout| {
                render::block(name, &[], wanted, indent, layout)
            })
            .map(Some)
            .ok_or_else(|| format!("the layout at {} leaves no safe place", self.place(block)));
        }
        for block in blocks {
            if let Some(splice) = self.block(block, wanted)? {
                return Ok(Some(splice));
            }
        }
        Ok(None)
    }

    /// An attribute that is an object: values it has are replaced, none are added.
    fn object(
        &self,
        attribute: &Attribute,
        wanted: &BTreeMap<String, Wanted>,
    ) -> Result<Option<Splice>, String> {
        let name = attribute.key.as_str();
        let Expression::Object(object) = &attribute.value else {
            return Err(self.decided_elsewhere(name, &attribute.value));
        };
        for (key, wanted) in wanted {
            let has = |have: &ObjectKey| match have {
                ObjectKey::Ident(ident) => ident.as_str() == key,
                ObjectKey::Expression(text) => text.as_str() == Some(key),
            };
            let found = object.iter().find(|(have, _)| has(have)).map(|(_, value)| value.expr());
            let (Some(have), Wanted::Value(value)) = (found, wanted) else {
                return Err(format!("`{name}` has no `{key}` at {}", self.resource.place()));
            };
            if let Some(splice) = self.value(key, have, value)? {
                return Ok(Some(splice));
            }
        }
        Ok(None)
    }

    fn attribute(&self, attribute: &Attribute, wanted: &Value) -> Result<Option<Splice>, String> {
        self.value(attribute.key.as_str(), &attribute.value, wanted)
    }

    fn value(
        &self,
        name: &str,
        have: &Expression,
        wanted: &Value,
    ) -> Result<Option<Splice>, String> {
        let folder = self.resource.file.folder();
        let text = render::value(wanted);
        let expression: Expression =
            text.parse().map_err(|_| format!("the recipe's value of `{name}` does not parse"))?;
        let current = resolve::expression(self.repository, folder, have);
        let target = resolve::expression(self.repository, folder, &expression);
        if same(&current, &target) {
            return Ok(None);
        }
        if !is_literal(have) {
            return Err(self.decided_elsewhere(name, have));
        }
        let text = if self.keep_elements {
            match self.union(have, &current, wanted, folder) {
                Some(text) if text.is_empty() => return Ok(None),
                Some(text) => text,
                None => text,
            }
        } else {
            text
        };
        edit::replace(self.resource.file, have, text)
            .map(Some)
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

    fn decided_elsewhere(&self, name: &str, have: &Expression) -> String {
        let place = self
            .resource
            .file
            .span(have)
            .map(|span| {
                format!("{}:{}", self.resource.file.path, self.resource.file.line(span.start))
            })
            .unwrap_or_default();
        if let Some((root, key)) = root_of(have) {
            let folder = self.resource.file.folder();
            if let Some(definition) = resolve::definition(self.repository, folder, root, key) {
                return format!(
                    "`{name}` at {place} is `{root}.{key}`: decide where it is defined, {definition}"
                );
            }
            return format!("`{name}` at {place} is `{root}.{key}`: decide where that is set");
        }
        format!("`{name}` at {place} is an expression: a person must decide what it should be")
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

/// `var.x` and `local.x`, also where an index or attribute follows.
fn root_of(value: &Expression) -> Option<(&str, &str)> {
    match value {
        Expression::Traversal(traversal) => {
            let Expression::Variable(root) = &traversal.expr else { return None };
            match traversal.operators.first().map(|operator| operator.value()) {
                Some(TraversalOperator::GetAttr(name)) => Some((root.as_str(), name.as_str())),
                Some(
                    TraversalOperator::AttrSplat(_)
                    | TraversalOperator::FullSplat(_)
                    | TraversalOperator::Index(_)
                    | TraversalOperator::LegacyIndex(_),
                )
                | None => None,
            }
        }
        Expression::Parenthesis(inner) => root_of(inner.inner()),
        Expression::Conditional(conditional) => root_of(&conditional.cond_expr),
        Expression::UnaryOp(operation) => root_of(&operation.expr),
        Expression::BinaryOp(operation) => {
            root_of(&operation.lhs_expr).or_else(|| root_of(&operation.rhs_expr))
        }
        Expression::FuncCall(call) => call.args.iter().find_map(root_of),
        Expression::StringTemplate(template) => template_root(template),
        Expression::HeredocTemplate(heredoc) => template_root(&heredoc.template),
        Expression::Null(_)
        | Expression::Bool(_)
        | Expression::Number(_)
        | Expression::String(_)
        | Expression::Array(_)
        | Expression::Object(_)
        | Expression::Variable(_)
        | Expression::ForExpr(_) => None,
    }
}

fn template_root(template: &Template) -> Option<(&str, &str)> {
    template.iter().find_map(|element| match element {
        Element::Interpolation(part) => root_of(&part.expr),
        Element::Literal(_) | Element::Directive(_) => None,
    })
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
mod tests;
