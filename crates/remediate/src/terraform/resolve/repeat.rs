//! What `count` and `for_each` make of one block.

use std::collections::BTreeMap;

use hcl_edit::expr::{BinaryOperator, Expression, TraversalOperator, UnaryOperator};
use hcl_edit::structure::Body;

use super::{Bind, MAX_INSTANCES, Resolver, Scope};
use crate::Config;

/// One element that something is repeated over.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) key: Config,
    pub(super) value: Config,
}

impl Element {
    /// The element as the object that `each` and iterators are.
    pub(super) fn bound(self) -> Config {
        let fields = [("key".to_owned(), self.key), ("value".to_owned(), self.value)];
        Config::Object(BTreeMap::from(fields))
    }
}

/// The elements of a list or object; `None` where it is not known which there are.
pub(super) fn elements(over: &Config) -> Option<Vec<Element>> {
    let elements: Vec<Element> = match over {
        // A set's keys are its values. A list has numbers, which blocks hardly ever use.
        Config::List(items) => {
            items.iter().map(|item| Element { key: item.clone(), value: item.clone() }).collect()
        }
        Config::Object(fields) => fields
            .iter()
            .map(|(key, value)| Element { key: Config::Text(key.clone()), value: value.clone() })
            .collect(),
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => return None,
    };
    (elements.len() <= MAX_INSTANCES).then_some(elements)
}

/// What `each` is where `for_each` goes over another block.
pub(super) fn reference(resolver: &Resolver<'_>, body: &Body, scope: &Scope<'_>) -> Option<Config> {
    let over = resolver.value(&body.get_attribute("for_each")?.value, scope);
    matches!(&over, Config::Reference { attribute, .. } if attribute.is_empty())
        .then(|| Element { key: Config::Unknown, value: over }.bound())
}

/// The configurations of a block in one scope.
pub(super) struct Made {
    pub(super) configs: Vec<Config>,
    /// Whether the block makes nothing; the configuration is then what it would be.
    pub(super) makes_nothing: bool,
}

/// Every configuration that a block has in a scope.
pub(super) fn instances(resolver: &Resolver<'_>, body: &Body, scope: &Scope<'_>) -> Made {
    let with = |name: &str, value: Config, scope: &Scope<'_>| {
        let bind = Bind { name, value, outer: scope.binds };
        resolver.body(body, &Scope { binds: Some(&bind), ..*scope })
    };
    if let Some(attribute) = body.get_attribute("for_each") {
        let over = resolver.value(&attribute.value, scope);
        return match elements(&over) {
            Some(all) if !all.is_empty() => Made {
                configs: all.into_iter().map(|one| with("each", one.bound(), scope)).collect(),
                makes_nothing: false,
            },
            Some(_) => Made { configs: vec![resolver.body(body, scope)], makes_nothing: true },
            None => {
                let each = reference(resolver, body, scope);
                let each = each.unwrap_or(Config::Unknown);
                Made { configs: vec![with("each", each, scope)], makes_nothing: false }
            }
        };
    }
    let Some(attribute) = body.get_attribute("count") else {
        return Made { configs: vec![resolver.body(body, scope)], makes_nothing: false };
    };
    let number = resolver.value(&attribute.value, scope);
    let facts = facts(&attribute.value);
    let scope = Scope { facts: &facts, ..*scope };
    let index = |index: Config| Config::Object(BTreeMap::from([("index".to_owned(), index)]));
    let configs: Vec<Config> = match number {
        Config::Number(count) if (2.0..=16.0).contains(&count) => {
            let mut at = 0.0;
            let next = std::iter::from_fn(|| {
                let now = at;
                at += 1.0;
                (now < count).then_some(now)
            });
            next.map(|at| with("count", index(Config::Number(at)), &scope)).collect()
        }
        Config::Number(count) if count <= 1.0 => {
            vec![with("count", index(Config::Number(0.0)), &scope)]
        }
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::List(_)
        | Config::Object(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => vec![with("count", index(Config::Unknown), &scope)],
    };
    let makes_nothing = number.same(&Config::Number(0.0)) == Some(true);
    let counted = |mut config: Config| {
        if let Config::Object(fields) = &mut config {
            fields.insert("count".to_owned(), number.clone());
        }
        config
    };
    Made { configs: configs.into_iter().map(counted).collect(), makes_nothing }
}

/// What must be so where a block counted by `x ? 1 : 0` exists.
pub(super) fn facts(count: &Expression) -> Vec<(String, bool)> {
    let mut facts = Vec::new();
    if let Expression::Conditional(conditional) = count {
        let zero =
            |value: &Expression| value.as_number().and_then(|number| number.as_u64()) == Some(0);
        if zero(&conditional.false_expr) {
            collect(&conditional.cond_expr, true, 0, &mut facts);
        } else if zero(&conditional.true_expr) {
            collect(&conditional.cond_expr, false, 0, &mut facts);
        }
    }
    facts
}

fn collect(value: &Expression, truth: bool, depth: usize, facts: &mut Vec<(String, bool)>) {
    if depth > 8 {
        return;
    }
    match value {
        Expression::Parenthesis(inner) => collect(inner.inner(), truth, depth + 1, facts),
        Expression::UnaryOp(not) if *not.operator.value() == UnaryOperator::Not => {
            collect(&not.expr, !truth, depth + 1, facts);
        }
        Expression::BinaryOp(both) => {
            let splits = match both.operator.value() {
                BinaryOperator::And => truth,
                BinaryOperator::Or => !truth,
                BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::LessEq
                | BinaryOperator::GreaterEq
                | BinaryOperator::Less
                | BinaryOperator::Greater
                | BinaryOperator::Plus
                | BinaryOperator::Minus
                | BinaryOperator::Mul
                | BinaryOperator::Div
                | BinaryOperator::Mod => false,
            };
            if splits {
                collect(&both.lhs_expr, truth, depth + 1, facts);
                collect(&both.rhs_expr, truth, depth + 1, facts);
            }
        }
        Expression::Traversal(traversal) => {
            let root = traversal.expr.as_variable().map(|root| root.as_str());
            if let (Some("var"), [operator]) = (root, traversal.operators.as_slice())
                && let TraversalOperator::GetAttr(name) = operator.value()
            {
                facts.push((name.as_str().to_owned(), truth));
            }
        }
        Expression::Null(_)
        | Expression::Bool(_)
        | Expression::Number(_)
        | Expression::String(_)
        | Expression::Array(_)
        | Expression::Object(_)
        | Expression::StringTemplate(_)
        | Expression::HeredocTemplate(_)
        | Expression::Variable(_)
        | Expression::Conditional(_)
        | Expression::FuncCall(_)
        | Expression::UnaryOp(_)
        | Expression::ForExpr(_) => {}
    }
}
