//! From a block's text to its configuration: variables, locals and literals are followed, all
//! else is a reference or unknown.

use std::cell::Cell;
use std::collections::BTreeMap;

use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Conditional, Expression, FuncCall, Object, ObjectKey, Traversal,
    TraversalOperator, UnaryOp, UnaryOperator,
};
use hcl_edit::structure::{Attribute, Body, Structure};
use hcl_edit::template::{Element, Template};

use super::body::dynamic_name;
use super::{Repository, Resource, SourceFile, functions};
use crate::Config;

/// How many values one configuration may hold; hostile files name locals that double each other.
const MAX_VALUES: usize = 200_000;
/// How long a chain of variables, locals and module calls may be.
const MAX_CHAIN: usize = 24;
/// The longest text that a template may make.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// The configuration of a resource.
#[must_use]
pub(crate) fn resource(repository: &Repository, resource: &Resource<'_>) -> Config {
    let resolver = Resolver::new(repository);
    let scope = Scope { folder: resource.file.folder(), chain: 0, each: None };
    let body = &resource.block.body;
    let over = body.get_attribute("for_each").map(|over| resolver.value(&over.value, &scope));
    let each = match &over {
        Some(Config::Reference { address, attribute }) if attribute.is_empty() => {
            Some(address.as_str())
        }
        Some(_) | None => None,
    };
    resolver.body(body, &Scope { each, ..scope })
}

/// One attribute's value in the module of a file.
#[must_use]
pub(crate) fn expression(repository: &Repository, folder: &str, value: &Expression) -> Config {
    Resolver::new(repository).value(value, &Scope { folder, chain: 0, each: None })
}

/// The default block or local that a name stands for, as `path:line`, for people.
#[must_use]
pub(crate) fn definition(
    repository: &Repository,
    folder: &str,
    root: &str,
    name: &str,
) -> Option<String> {
    let resolver = Resolver::new(repository);
    let (file, start) = match root {
        "var" => {
            let (file, block) = resolver.variable_block(folder, name)?;
            (file, file.span(block)?.start)
        }
        "local" => {
            let (file, attribute) = resolver.local_attribute(folder, name)?;
            (file, file.span(attribute)?.start)
        }
        _ => return None,
    };
    Some(format!("{}:{}", file.path, file.line(start)))
}

/// Where names are looked up.
#[derive(Debug, Clone, Copy)]
struct Scope<'r> {
    folder: &'r str,
    chain: usize,
    /// The resource that `for_each` goes over, where it is one.
    each: Option<&'r str>,
}

struct Resolver<'r> {
    repository: &'r Repository,
    fuel: Cell<usize>,
}

impl<'r> Resolver<'r> {
    fn new(repository: &'r Repository) -> Self {
        Self { repository, fuel: Cell::new(MAX_VALUES) }
    }

    fn burn(&self, amount: usize) -> bool {
        let left = self.fuel.get().checked_sub(amount);
        self.fuel.set(left.unwrap_or(0));
        left.is_some()
    }

    fn body(&self, body: &'r Body, scope: &Scope<'r>) -> Config {
        let mut fields: BTreeMap<String, Config> = BTreeMap::new();
        for structure in body {
            let (name, value) = match structure {
                Structure::Attribute(attribute) => {
                    let value = parsed_json(self.value(&attribute.value, scope));
                    (attribute.key.as_str(), value)
                }
                Structure::Block(block) if dynamic_name(block).is_some() => continue,
                Structure::Block(block) => {
                    let name = block.ident.as_str();
                    let mut items = taken_list(&mut fields, name);
                    items.push(self.body(&block.body, scope));
                    (name, Config::List(items))
                }
            };
            fields.insert(name.to_owned(), value);
        }
        for name in body.blocks().filter_map(dynamic_name) {
            let mut items = taken_list(&mut fields, name);
            items.push(Config::Unknown);
            let value = if items.len() == 1 { Config::Unknown } else { Config::List(items) };
            fields.insert(name.to_owned(), value);
        }
        Config::Object(fields)
    }

    fn value(&self, value: &'r Expression, scope: &Scope<'r>) -> Config {
        if !self.burn(1) {
            return Config::Unknown;
        }
        match value {
            Expression::Null(_) => Config::Null,
            Expression::Bool(truth) => Config::Bool(*truth.value()),
            Expression::Number(number) => {
                number.value().as_f64().map_or(Config::Unknown, Config::Number)
            }
            Expression::String(text) => self.text(text.as_str()),
            Expression::Array(items) => {
                Config::List(items.iter().map(|item| self.value(item, scope)).collect())
            }
            Expression::Object(object) => self.object(object, scope),
            Expression::StringTemplate(template) => self.template(template, scope),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template, scope),
            Expression::Parenthesis(inner) => self.value(inner.inner(), scope),
            Expression::Variable(_) | Expression::ForExpr(_) => Config::Unknown,
            Expression::Conditional(conditional) => self.conditional(conditional, scope),
            Expression::FuncCall(call) => self.call(call, scope),
            Expression::Traversal(traversal) => self.traversal(traversal, scope),
            Expression::UnaryOp(operation) => self.unary(operation, scope),
            Expression::BinaryOp(operation) => self.binary(operation, scope),
        }
    }

    fn text(&self, text: &str) -> Config {
        if self.burn(text.len() / 64) { Config::Text(text.to_owned()) } else { Config::Unknown }
    }

    fn object(&self, object: &'r Object, scope: &Scope<'r>) -> Config {
        let mut fields = BTreeMap::new();
        for (key, value) in object {
            let key = match key {
                ObjectKey::Ident(ident) => Some(ident.as_str().to_owned()),
                ObjectKey::Expression(key) => {
                    self.value(key, scope).as_text().map(ToOwned::to_owned)
                }
            };
            let Some(key) = key else { return Config::Unknown };
            fields.insert(key, self.value(value.expr(), scope));
        }
        Config::Object(fields)
    }

    fn template(&self, template: &'r Template, scope: &Scope<'r>) -> Config {
        if let Some(Element::Interpolation(only)) = template.as_single_element() {
            return self.value(&only.expr, scope);
        }
        let mut text = String::new();
        let mut known = true;
        for element in template {
            match element {
                Element::Literal(literal) => text.push_str(literal.as_str()),
                Element::Interpolation(part) => match self.value(&part.expr, scope).to_text() {
                    Some(part) => text.push_str(&part),
                    None => {
                        known = false;
                        text.push(UNKNOWN_PART);
                    }
                },
                Element::Directive(_) => return Config::Unknown,
            }
            if text.len() > MAX_TEXT_BYTES || !self.burn(text.len() / 64) {
                return Config::Unknown;
            }
        }
        if known { Config::Text(text) } else { partly_known_json(&text) }
    }

    fn conditional(&self, conditional: &'r Conditional, scope: &Scope<'r>) -> Config {
        match self.value(&conditional.cond_expr, scope) {
            Config::Bool(true) => self.value(&conditional.true_expr, scope),
            Config::Bool(false) => self.value(&conditional.false_expr, scope),
            Config::Null
            | Config::Number(_)
            | Config::Text(_)
            | Config::List(_)
            | Config::Object(_)
            | Config::Reference { .. }
            | Config::Unknown => {
                let yes = self.value(&conditional.true_expr, scope);
                let no = self.value(&conditional.false_expr, scope);
                if yes.same(&no) == Some(true) { yes } else { Config::Unknown }
            }
        }
    }

    fn call(&self, call: &'r FuncCall, scope: &Scope<'r>) -> Config {
        if call.name.is_namespaced() || call.args.expand_final() {
            return Config::Unknown;
        }
        let arguments: Vec<Config> =
            call.args.iter().map(|argument| self.value(argument, scope)).collect();
        functions::call(call.name.name.as_str(), &arguments)
    }

    fn unary(&self, operation: &'r UnaryOp, scope: &Scope<'r>) -> Config {
        match (operation.operator.value(), self.value(&operation.expr, scope)) {
            (UnaryOperator::Not, Config::Bool(truth)) => Config::Bool(!truth),
            (UnaryOperator::Neg, Config::Number(number)) => Config::Number(-number),
            (UnaryOperator::Not | UnaryOperator::Neg, _) => Config::Unknown,
        }
    }

    fn binary(&self, operation: &'r BinaryOp, scope: &Scope<'r>) -> Config {
        let left = self.value(&operation.lhs_expr, scope);
        let right = self.value(&operation.rhs_expr, scope);
        let same = || left.same(&right);
        match operation.operator.value() {
            BinaryOperator::Eq => same().map_or(Config::Unknown, Config::Bool),
            BinaryOperator::NotEq => same().map_or(Config::Unknown, |same| Config::Bool(!same)),
            BinaryOperator::And => both(&left, &right, false),
            BinaryOperator::Or => both(&left, &right, true),
            BinaryOperator::Plus => number(&left, &right, |left, right| left + right),
            BinaryOperator::Minus => number(&left, &right, |left, right| left - right),
            BinaryOperator::Mul => number(&left, &right, |left, right| left * right),
            BinaryOperator::Div
            | BinaryOperator::Mod
            | BinaryOperator::LessEq
            | BinaryOperator::GreaterEq
            | BinaryOperator::Less
            | BinaryOperator::Greater => Config::Unknown,
        }
    }

    fn traversal(&self, traversal: &'r Traversal, scope: &Scope<'r>) -> Config {
        let Expression::Variable(root) = &traversal.expr else { return Config::Unknown };
        let mut path = Vec::new();
        for operator in &traversal.operators {
            match operator.value() {
                TraversalOperator::GetAttr(name) => path.push(Step::Name(name.as_str())),
                TraversalOperator::Index(Expression::String(key)) => {
                    path.push(Step::Name(key.as_str()));
                }
                TraversalOperator::Index(_) | TraversalOperator::LegacyIndex(_) => {
                    path.push(Step::Index);
                }
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                    return Config::Unknown;
                }
            }
        }
        match root.as_str() {
            "var" => self.followed(&path, |name| self.variable(name, scope)),
            "local" => self.followed(&path, |name| self.local(name, scope)),
            "each" => match (scope.each, path.split_first()) {
                (Some(address), Some((Step::Name("value"), rest))) => reference(address, rest),
                (_, _) => Config::Unknown,
            },
            "count" | "self" | "path" | "terraform" => Config::Unknown,
            root => reference(root, &path),
        }
    }

    fn followed(&self, path: &[Step<'r>], look_up: impl Fn(&'r str) -> Config) -> Config {
        let Some((Step::Name(name), rest)) = path.split_first() else { return Config::Unknown };
        let mut value = look_up(name);
        for step in rest {
            let Step::Name(name) = step else { return Config::Unknown };
            value = match value {
                Config::Object(mut fields) => fields.remove(*name).unwrap_or(Config::Unknown),
                Config::Null
                | Config::Bool(_)
                | Config::Number(_)
                | Config::Text(_)
                | Config::List(_)
                | Config::Reference { .. }
                | Config::Unknown => return Config::Unknown,
            };
        }
        value
    }

    fn local(&self, name: &str, scope: &Scope<'r>) -> Config {
        let deeper = Scope { chain: scope.chain + 1, each: None, ..*scope };
        match self.local_attribute(scope.folder, name) {
            Some((_, attribute)) if deeper.chain < MAX_CHAIN => {
                self.value(&attribute.value, &deeper)
            }
            Some(_) | None => Config::Unknown,
        }
    }

    fn local_attribute(&self, folder: &str, name: &str) -> Option<(&'r SourceFile, &'r Attribute)> {
        self.repository.module_files(folder).filter(|file| file.path.ends_with(".tf")).find_map(
            |file| {
                file.blocks()
                    .filter(|block| block.ident.as_str() == "locals")
                    .find_map(|block| block.body.get_attribute(name))
                    .map(|attribute| (file, attribute))
            },
        )
    }

    fn variable_block(
        &self,
        folder: &str,
        name: &str,
    ) -> Option<(&'r SourceFile, &'r hcl_edit::structure::Block)> {
        self.repository.module_files(folder).filter(|file| file.path.ends_with(".tf")).find_map(
            |file| {
                file.blocks()
                    .filter(|block| block.ident.as_str() == "variable")
                    .find(|block| block.labels.first().is_some_and(|label| label.as_str() == name))
                    .map(|block| (file, block))
            },
        )
    }

    /// A variable's value: what every caller of the module gives, or what the variable files
    /// say, or its default. Where they do not agree it is unknown.
    fn variable(&self, name: &str, scope: &Scope<'r>) -> Config {
        let deeper = Scope { chain: scope.chain + 1, each: None, ..*scope };
        let Some((_, block)) = self.variable_block(scope.folder, name) else {
            return Config::Unknown;
        };
        if deeper.chain >= MAX_CHAIN {
            return Config::Unknown;
        }
        let default = || {
            block
                .body
                .get_attribute("default")
                .map_or(Config::Unknown, |default| self.value(&default.value, &deeper))
        };
        let mut given: Vec<Config> = Vec::new();
        let mut root = true;
        for (file, call) in self.repository.calls(scope.folder) {
            root = false;
            let caller = Scope { folder: file.folder(), chain: deeper.chain, each: None };
            given.push(match call.body.get_attribute(name) {
                Some(argument) => from_caller(self.value(&argument.value, &caller)),
                None => default(),
            });
        }
        if root {
            given = self.variable_files(name, &deeper);
        }
        let Some(first) = given.first() else { return default() };
        let agreed = given.iter().all(|value| first.same(value) == Some(true));
        if agreed || given.len() == 1 { first.clone() } else { Config::Unknown }
    }

    fn variable_files(&self, name: &str, scope: &Scope<'r>) -> Vec<Config> {
        self.repository
            .module_files(scope.folder)
            .filter(|file| file.path.ends_with(".tfvars"))
            .filter_map(|file| file.body().ok()?.get_attribute(name))
            .map(|attribute| self.value(&attribute.value, scope))
            .collect()
    }
}

/// A caller's value in the module it calls: references there are to the caller's own blocks.
fn from_caller(value: Config) -> Config {
    match value {
        Config::Reference { address, attribute } => {
            Config::Reference { address: format!("../{address}"), attribute }
        }
        Config::List(items) => Config::List(items.into_iter().map(from_caller).collect()),
        Config::Object(fields) => Config::Object(
            fields.into_iter().map(|(key, value)| (key, from_caller(value))).collect(),
        ),
        Config::Null | Config::Bool(_) | Config::Number(_) | Config::Text(_) | Config::Unknown => {
            value
        }
    }
}

/// The blocks of one name that were read so far, taken out to be put back with one more.
fn taken_list(fields: &mut BTreeMap<String, Config>, name: &str) -> Vec<Config> {
    if let Some(Config::List(items)) = fields.remove(name) { items } else { Vec::new() }
}

/// Stands in a template for a part that is not known.
const UNKNOWN_PART: char = '\u{f8ff}';

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index,
}

/// `aws_s3_bucket.logs[0].id` and `data.aws_x.y.arn` as references. An index picks one of several
/// resources that one block makes, so it says nothing about the block.
fn reference(root: &str, path: &[Step<'_>]) -> Config {
    let mut names = path.iter().filter_map(|step| match step {
        Step::Name(name) => Some(*name),
        Step::Index => None,
    });
    let mut address = root.to_owned();
    let parts = root.split('.').count();
    let whole = if root == "data" || root.starts_with("data.") { 3 } else { 2 };
    for _ in parts..whole {
        let Some(name) = names.next() else { return Config::Unknown };
        address.push('.');
        address.push_str(name);
    }
    Config::Reference { address, attribute: names.collect::<Vec<_>>().join(".") }
}

fn both(left: &Config, right: &Config, decides: bool) -> Config {
    match (left, right) {
        (Config::Bool(truth), _) | (_, Config::Bool(truth)) if *truth == decides => {
            Config::Bool(decides)
        }
        (Config::Bool(_), Config::Bool(_)) => Config::Bool(!decides),
        (_, _) => Config::Unknown,
    }
}

fn number(left: &Config, right: &Config, operation: impl Fn(f64, f64) -> f64) -> Config {
    match (left, right) {
        (Config::Number(left), Config::Number(right)) => Config::Number(operation(*left, *right)),
        (_, _) => Config::Unknown,
    }
}

/// Text that is a JSON object or list becomes that, so that paths reach into policies.
fn parsed_json(value: Config) -> Config {
    let Config::Text(text) = &value else { return value };
    if !text.trim_start().starts_with(['{', '[']) {
        return value;
    }
    match serde_json::from_str(text) {
        Ok(json) => Config::from_json(&json),
        Err(_) => value,
    }
}

/// JSON with unknown parts: text with such a part is unknown, the rest is known.
fn partly_known_json(text: &str) -> Config {
    if !text.trim_start().starts_with(['{', '[']) {
        return Config::Unknown;
    }
    match serde_json::from_str(text) {
        Ok(json) => with_unknown_parts(Config::from_json(&json)),
        Err(_) => Config::Unknown,
    }
}

fn with_unknown_parts(value: Config) -> Config {
    match value {
        Config::Text(text) if text.contains(UNKNOWN_PART) => Config::Unknown,
        Config::List(items) => Config::List(items.into_iter().map(with_unknown_parts).collect()),
        Config::Object(fields) => {
            if fields.keys().any(|key| key.contains(UNKNOWN_PART)) {
                return Config::Unknown;
            }
            Config::Object(
                fields.into_iter().map(|(key, value)| (key, with_unknown_parts(value))).collect(),
            )
        }
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Reference { .. }
        | Config::Unknown => value,
    }
}
