//! The value of an expression.

use std::collections::BTreeMap;

use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Conditional, Expression, ForExpr, FuncCall, Object, ObjectKey,
    UnaryOp, UnaryOperator,
};
use hcl_edit::template::{Element, Template};

use super::json;
use super::{Bind, Resolver, Scope, repeat};
use crate::Config;
use crate::terraform::functions;

/// The longest text that a template may make.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// What a template makes.
#[derive(Default)]
struct Made {
    text: String,
    /// The parts that are not known, in order.
    unknown: Vec<Config>,
    /// All of it; none for each part that is not known.
    parts: Vec<Option<String>>,
}

impl Made {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
        match self.parts.last_mut() {
            Some(Some(last)) => last.push_str(text),
            Some(None) | None => self.parts.push(Some(text.to_owned())),
        }
    }

    fn put_value(&mut self, part: Config) {
        match part.to_text() {
            Some(text) => self.put(&text),
            None => {
                json::put_unknown(&mut self.text, &mut self.unknown, part);
                self.parts.push(None);
            }
        }
    }

    fn value(self) -> Config {
        if self.unknown.is_empty() {
            return Config::Text(self.text);
        }
        let says = self.parts.iter().flatten().any(|part| !part.trim().is_empty());
        match json::partly_known(&self.text, &self.unknown) {
            Some(json) => json,
            None if says => Config::Partly(self.parts),
            None => Config::Unknown,
        }
    }
}

impl Resolver<'_> {
    pub(super) fn value(&self, value: &Expression, scope: &Scope<'_>) -> Config {
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
            Expression::Variable(name) => self.lone(name.as_str(), scope),
            Expression::ForExpr(each) => self.each(each, scope),
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

    fn object(&self, object: &Object, scope: &Scope<'_>) -> Config {
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

    fn template(&self, template: &Template, scope: &Scope<'_>) -> Config {
        if let Some(Element::Interpolation(only)) = template.as_single_element() {
            return self.value(&only.expr, scope);
        }
        let mut made = Made::default();
        for element in template {
            match element {
                Element::Literal(literal) => made.put(literal.as_str()),
                Element::Interpolation(part) => made.put_value(self.value(&part.expr, scope)),
                Element::Directive(_) => return Config::Unknown,
            }
            if made.text.len() > MAX_TEXT_BYTES || !self.burn(made.text.len() / 64) {
                return Config::Unknown;
            }
        }
        made.value()
    }

    /// `[for x in list : y if z]` and `{for k, v in map : a => b}` over what is known.
    fn each(&self, each: &ForExpr, scope: &Scope<'_>) -> Config {
        let over = self.value(&each.intro.collection_expr, scope);
        let listed = matches!(over, Config::List(_));
        let Some(elements) = repeat::elements(&over) else { return Config::Unknown };
        let key_name = each.intro.key_var.as_ref().map_or("", |name| name.as_str());
        let value_name = each.intro.value_var.as_str();
        let (mut list, mut object) = (Vec::new(), BTreeMap::new());
        for element in elements {
            // The key of a list is a number, which nothing here depends on.
            let key = if listed { Config::Unknown } else { element.key };
            let outer = Bind { name: key_name, value: key, outer: scope.binds };
            let bind = Bind { name: value_name, value: element.value, outer: Some(&outer) };
            let scope = Scope { binds: Some(&bind), ..*scope };
            match each.cond.as_ref().map(|cond| self.value(&cond.expr, &scope)) {
                None | Some(Config::Bool(true)) => {}
                Some(Config::Bool(false)) => continue,
                Some(_) => return Config::Unknown,
            }
            let value = self.value(&each.value_expr, &scope);
            match each.key_expr.as_ref().map(|key| self.value(key, &scope)) {
                None => list.push(value),
                Some(Config::Text(key)) if !each.grouping => _ = object.insert(key, value),
                Some(_) => return Config::Unknown,
            }
        }
        if each.key_expr.is_some() { Config::Object(object) } else { Config::List(list) }
    }

    fn conditional(&self, conditional: &Conditional, scope: &Scope<'_>) -> Config {
        match self.value(&conditional.cond_expr, scope) {
            Config::Bool(true) => self.value(&conditional.true_expr, scope),
            Config::Bool(false) => self.value(&conditional.false_expr, scope),
            Config::Null
            | Config::Number(_)
            | Config::Text(_)
            | Config::List(_)
            | Config::Object(_)
            | Config::Reference { .. }
            | Config::Partly(_)
            | Config::Unknown => {
                let yes = self.value(&conditional.true_expr, scope);
                let no = self.value(&conditional.false_expr, scope);
                if yes.same(&no) == Some(true) { yes } else { Config::Unknown }
            }
        }
    }

    fn call(&self, call: &FuncCall, scope: &Scope<'_>) -> Config {
        if call.name.is_namespaced() || call.args.expand_final() {
            return Config::Unknown;
        }
        let arguments: Vec<Config> =
            call.args.iter().map(|argument| self.value(argument, scope)).collect();
        functions::call(call.name.name.as_str(), &arguments)
    }

    fn unary(&self, operation: &UnaryOp, scope: &Scope<'_>) -> Config {
        match (operation.operator.value(), self.value(&operation.expr, scope)) {
            (UnaryOperator::Not, Config::Bool(truth)) => Config::Bool(!truth),
            (UnaryOperator::Neg, Config::Number(number)) => Config::Number(-number),
            (UnaryOperator::Not | UnaryOperator::Neg, _) => Config::Unknown,
        }
    }

    fn binary(&self, operation: &BinaryOp, scope: &Scope<'_>) -> Config {
        let left = self.value(&operation.lhs_expr, scope);
        let right = self.value(&operation.rhs_expr, scope);
        let same = || left.same(&right);
        let orders = |order: fn(&f64, &f64) -> bool| match (&left, &right) {
            (Config::Number(left), Config::Number(right)) => Config::Bool(order(left, right)),
            (_, _) => Config::Unknown,
        };
        match operation.operator.value() {
            BinaryOperator::Eq => same().map_or(Config::Unknown, Config::Bool),
            BinaryOperator::NotEq => same().map_or(Config::Unknown, |same| Config::Bool(!same)),
            BinaryOperator::And => both(&left, &right, false),
            BinaryOperator::Or => both(&left, &right, true),
            BinaryOperator::Plus => number(&left, &right, |left, right| left + right),
            BinaryOperator::Minus => number(&left, &right, |left, right| left - right),
            BinaryOperator::Mul => number(&left, &right, |left, right| left * right),
            BinaryOperator::LessEq => orders(f64::le),
            BinaryOperator::GreaterEq => orders(f64::ge),
            BinaryOperator::Less => orders(f64::lt),
            BinaryOperator::Greater => orders(f64::gt),
            BinaryOperator::Div | BinaryOperator::Mod => Config::Unknown,
        }
    }
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
