//! Where a value is decided that a block takes from a variable, a local or a condition.
//!
//! The way back from an expression to the texts that decide it. A text may be an argument of a
//! call, the default of a variable, a line of a variable file or an attribute of `locals`.

use std::ops::Range;

use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Conditional, Expression, FuncCall, Object, ObjectKey, Traversal,
    TraversalOperator, UnaryOperator,
};
use hcl_edit::structure::{Attribute, Block};
use hcl_edit::template::Element;
use toml::Value;

use super::{is_literal, same};
use crate::Config;
use crate::terraform::render;
use crate::terraform::{Repository, SourceFile, resolve};

/// How far a value is followed.
const MAX_DEPTH: usize = 12;
/// How many texts may decide one value.
const MAX_SITES: usize = 20;

/// A text that decides a value, and what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) file: String,
    /// The block or line it belongs to: `var.x`, `local.x`, `module.x`.
    pub(super) owner: String,
    pub(super) range: Range<usize>,
    pub(super) text: String,
    line: usize,
}

impl Site {
    fn place(&self) -> String {
        format!("`{}` at {}:{}", self.owner, self.file, self.line)
    }
}

/// Where an expression stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stand<'r> {
    pub(super) file: &'r SourceFile,
    /// `var`, `local`, `module`; empty for a block's own address.
    pub(super) family: &'static str,
    pub(super) name: &'r str,
}

impl Stand<'_> {
    fn owner(&self) -> String {
        let Self { family, name, .. } = self;
        if family.is_empty() { (*name).to_owned() } else { format!("{family}.{name}") }
    }
}

/// The texts to change so that an expression has a value; none where it has it already.
///
/// # Errors
///
/// One sentence that says what a person must decide.
pub(super) fn sites<'r>(
    repository: &'r Repository,
    stand: Stand<'r>,
    have: &'r Expression,
    wanted: &Value,
) -> Result<Vec<Site>, String> {
    let mut tracer = Tracer { repository, sites: Vec::new(), name: String::new() };
    tracer.trace(stand, have, wanted, 0)?;
    tracer.sites.dedup();
    let sites = tracer.sites;
    if let [first, rest @ ..] = sites.as_slice()
        && let Some(other) =
            rest.iter().find(|one| (&one.file, &one.owner) != (&first.file, &first.owner))
    {
        return Err(format!(
            "it is decided in more than one place, {} and {}: a person must say which",
            first.place(),
            other.place()
        ));
    }
    Ok(sites)
}

struct Tracer<'r> {
    repository: &'r Repository,
    sites: Vec<Site>,
    /// The name that the search went through last, for people.
    name: String,
}

impl<'r> Tracer<'r> {
    fn trace(
        &mut self,
        stand: Stand<'r>,
        have: &'r Expression,
        wanted: &Value,
        depth: usize,
    ) -> Result<(), String> {
        if depth > MAX_DEPTH || self.sites.len() > MAX_SITES {
            return Err("what decides it lies too far away".into());
        }
        if self.is_so(stand, have, wanted) {
            return Ok(());
        }
        let depth = depth + 1;
        match have {
            have if is_literal(have) => self.put(stand, have, wanted),
            Expression::Parenthesis(inner) => self.trace(stand, inner.inner(), wanted, depth),
            Expression::Traversal(path) => self.traversal(stand, path, wanted, depth),
            Expression::Conditional(conditional) => {
                self.conditional(stand, conditional, wanted, depth)
            }
            Expression::UnaryOp(not) if *not.operator.value() == UnaryOperator::Not => {
                let Value::Boolean(truth) = wanted else { return Err(self.unclear(stand, have)) };
                self.trace(stand, &not.expr, &Value::Boolean(!truth), depth)
            }
            Expression::BinaryOp(operation) => self.binary(stand, operation, wanted, depth),
            Expression::FuncCall(call) => match argument(call) {
                Some(argument) => self.trace(stand, argument, wanted, depth),
                None => Err(self.unclear(stand, have)),
            },
            Expression::StringTemplate(template) => match template.as_single_element() {
                Some(Element::Interpolation(only)) => self.trace(stand, &only.expr, wanted, depth),
                Some(Element::Literal(_) | Element::Directive(_)) | None => {
                    Err(self.unclear(stand, have))
                }
            },
            Expression::Null(_)
            | Expression::Bool(_)
            | Expression::Number(_)
            | Expression::String(_)
            | Expression::Array(_)
            | Expression::Object(_)
            | Expression::HeredocTemplate(_)
            | Expression::Variable(_)
            | Expression::UnaryOp(_)
            | Expression::ForExpr(_) => Err(self.unclear(stand, have)),
        }
    }

    fn is_so(&self, stand: Stand<'_>, have: &Expression, wanted: &Value) -> bool {
        let text = render::value(wanted);
        let folder = stand.file.folder();
        text.parse::<Expression>().is_ok_and(|wanted| {
            let target = resolve::expression(self.repository, folder, &wanted);
            same(&resolve::expression(self.repository, folder, have), &target)
        })
    }

    fn put(&mut self, stand: Stand<'_>, have: &Expression, wanted: &Value) -> Result<(), String> {
        let range = stand.file.span(have).ok_or("a value has no place in the text")?;
        let line = stand.file.line(range.start);
        let text = render::value(wanted);
        if matches!(wanted, Value::Table(_)) {
            return Err(self.unclear(stand, have));
        }
        let (file, owner) = (stand.file.path.clone(), stand.owner());
        self.sites.push(Site { file, owner, range, text, line });
        Ok(())
    }

    fn traversal(
        &mut self,
        stand: Stand<'r>,
        traversal: &'r Traversal,
        wanted: &Value,
        depth: usize,
    ) -> Result<(), String> {
        let unclear = || unclear_at(stand, stand.file.span(traversal));
        let Expression::Variable(root) = &traversal.expr else { return Err(unclear()) };
        let mut names = Vec::new();
        for operator in &traversal.operators {
            match operator.value() {
                TraversalOperator::GetAttr(name) => names.push(name.as_str()),
                TraversalOperator::Index(Expression::String(name)) => names.push(name.as_str()),
                TraversalOperator::Index(_)
                | TraversalOperator::LegacyIndex(_)
                | TraversalOperator::AttrSplat(_)
                | TraversalOperator::FullSplat(_) => return Err(unclear()),
            }
        }
        let Some((name, path)) = names.split_first() else { return Err(unclear()) };
        self.name = format!("{}.{name}", root.as_str());
        match root.as_str() {
            "local" => self.local(stand, name, path, (wanted, depth)),
            "var" => self.variable(stand, name, path, (wanted, depth)),
            root => Err(format!("it is `{root}.{name}`: a person must decide what it should be")),
        }
    }

    fn local(
        &mut self,
        stand: Stand<'r>,
        name: &'r str,
        path: &[&str],
        (wanted, depth): (&Value, usize),
    ) -> Result<(), String> {
        let folder = stand.file.folder();
        let (file, block) = self
            .repository
            .defined(folder, "locals", name)
            .ok_or_else(|| format!("it is `local.{name}`, which the module does not define"))?;
        let attribute = block.body.get_attribute(name).ok_or("the local is gone")?;
        let stand = Stand { file, family: "local", name: attribute.key.as_str() };
        self.inside(stand, &attribute.value, (path, wanted, depth))
    }

    fn variable(
        &mut self,
        stand: Stand<'r>,
        name: &'r str,
        path: &[&str],
        (wanted, depth): (&Value, usize),
    ) -> Result<(), String> {
        let repository = self.repository;
        let folder = stand.file.folder();
        let defined = repository.defined(folder, "variable", name);
        let (own, block) = defined
            .ok_or_else(|| format!("it is `var.{name}`, which the module does not define"))?;
        let calls = repository.calls(folder);
        let mut given: Vec<(Stand<'r>, Option<&Attribute>)> = Vec::new();
        for (file, call) in &calls {
            let stand = Stand { file, family: "module", name: label(call) };
            given.push((stand, call.body.get_attribute(name)));
        }
        let files = repository.module_files(folder).filter(|file| file.holds_variables());
        for file in files.filter(|_| calls.is_empty()) {
            let said = file.body().map_err(ToOwned::to_owned)?.get_attribute(name);
            given.extend(
                said.map(|said| {
                    (Stand { file, family: "var", name: said.key.as_str() }, Some(said))
                }),
            );
        }
        let defaults = given.is_empty() || given.iter().any(|(_, said)| said.is_none());
        for (stand, said) in given {
            if let Some(said) = said {
                self.inside(stand, &said.value, (path, wanted, depth))?;
            }
        }
        if !defaults {
            return Ok(());
        }
        let Some(default) = block.body.get_attribute("default") else {
            return Err(format!(
                "it is `var.{name}`, which has no default: decide where that is set"
            ));
        };
        let stand = Stand { file: own, family: "var", name: label(block) };
        self.inside(stand, &default.value, (path, wanted, depth))
    }

    /// Goes on in the value of a name, at a path in it.
    fn inside(
        &mut self,
        stand: Stand<'r>,
        value: &'r Expression,
        (path, wanted, depth): (&[&str], &Value, usize),
    ) -> Result<(), String> {
        let mut value = value;
        for name in path {
            let Expression::Object(object) = value else {
                return Err(self.unclear(stand, value));
            };
            value = field(object, name).ok_or_else(|| self.unclear(stand, value))?;
        }
        self.trace(stand, value, wanted, depth)
    }

    /// A condition that picks what is wanted in one case is made to be that case.
    fn conditional(
        &mut self,
        stand: Stand<'r>,
        conditional: &'r Conditional,
        wanted: &Value,
        depth: usize,
    ) -> Result<(), String> {
        let yes = self.is_so(stand, &conditional.true_expr, wanted);
        let no = self.is_so(stand, &conditional.false_expr, wanted);
        if yes != no {
            return self.trace(stand, &conditional.cond_expr, &Value::Boolean(yes), depth);
        }
        let condition =
            resolve::expression(self.repository, stand.file.folder(), &conditional.cond_expr);
        let taken = match condition {
            Config::Bool(true) => &conditional.true_expr,
            Config::Bool(false) => &conditional.false_expr,
            Config::Null
            | Config::Number(_)
            | Config::Text(_)
            | Config::List(_)
            | Config::Object(_)
            | Config::Reference { .. }
            | Config::Partly(_)
            | Config::Unknown => return Err(self.unclear(stand, &conditional.cond_expr)),
        };
        self.trace(stand, taken, wanted, depth)
    }

    fn binary(
        &mut self,
        stand: Stand<'r>,
        operation: &'r BinaryOp,
        wanted: &Value,
        depth: usize,
    ) -> Result<(), String> {
        let both = match (operation.operator.value(), wanted) {
            (BinaryOperator::And, Value::Boolean(truth)) => *truth,
            (BinaryOperator::Or, Value::Boolean(truth)) => !*truth,
            (_, _) => false,
        };
        if !both {
            return Err(self.unclear(stand, &operation.lhs_expr));
        }
        self.trace(stand, &operation.lhs_expr, wanted, depth)?;
        self.trace(stand, &operation.rhs_expr, wanted, depth)
    }

    fn unclear(&self, stand: Stand<'_>, have: &Expression) -> String {
        let through =
            if self.name.is_empty() { String::new() } else { format!("`{}`, and ", self.name) };
        let reason = unclear_at(stand, stand.file.span(have));
        format!("it is {through}{reason}")
    }
}

fn unclear_at(stand: Stand<'_>, span: Option<Range<usize>>) -> String {
    let line = stand.file.line(span.map_or(0, |span| span.start));
    let path = &stand.file.path;
    format!("an expression at {path}:{line}: a person must decide what it should be")
}

/// The argument of a function that gives it back as it is.
fn argument(call: &FuncCall) -> Option<&Expression> {
    let name = call.name.name.as_str();
    let same = ["tobool", "tostring", "tonumber", "tolist", "toset", "sensitive", "nonsensitive"];
    let mut arguments = call.args.iter();
    let first = arguments.next()?;
    let alone = arguments.next().is_none() && !call.name.is_namespaced();
    (alone && same.contains(&name)).then_some(first)
}

fn label(block: &Block) -> &str {
    block.labels.first().map_or("", |label| label.as_str())
}

fn field<'e>(object: &'e Object, name: &str) -> Option<&'e Expression> {
    let has = |key: &ObjectKey| match key {
        ObjectKey::Ident(ident) => ident.as_str() == name,
        ObjectKey::Expression(text) => text.as_str() == Some(name),
    };
    object.iter().find(|(key, _)| has(key)).map(|(_, value)| value.expr())
}
