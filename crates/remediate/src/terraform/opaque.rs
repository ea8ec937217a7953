//! Expressions whose value the text alone does not give: calls, conditions, templates, values from
//! elsewhere. A change that nobody can compare by value is compared by them.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Body, Structure};

/// Names that a plain reference does not begin with.
const ELSEWHERE: [&str; 9] =
    ["var", "local", "data", "module", "path", "terraform", "each", "self", "count"];

/// The texts of all such expressions of a block, in order.
pub(super) fn of(body: &Body) -> Vec<String> {
    let mut found = Vec::new();
    collect(body, &mut found);
    found.sort();
    found
}

fn collect(body: &Body, found: &mut Vec<String>) {
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => expression(&attribute.value, found),
            Structure::Block(block) => collect(&block.body, found),
        }
    }
}

fn expression(value: &Expression, found: &mut Vec<String>) {
    match value {
        Expression::Null(_)
        | Expression::Bool(_)
        | Expression::Number(_)
        | Expression::String(_) => {}
        Expression::Array(items) => items.iter().for_each(|item| expression(item, found)),
        Expression::Object(fields) => {
            for (_, field) in fields {
                expression(field.expr(), found);
            }
        }
        Expression::FuncCall(call)
            if call.name.name.as_str() == "jsonencode" && !call.name.is_namespaced() =>
        {
            call.args.iter().for_each(|one| expression(one, found));
        }
        Expression::Traversal(traversal) => {
            let text = plain(value);
            let from = traversal.expr.as_variable().map_or("", |name| name.as_str());
            if from.is_empty() || ELSEWHERE.contains(&from) {
                found.push(text);
            }
        }
        Expression::HeredocTemplate(heredoc) => {
            let text = heredoc.template.to_string();
            if text.contains("${") || text.contains("%{") {
                found.push(text);
            }
        }
        Expression::StringTemplate(_)
        | Expression::Parenthesis(_)
        | Expression::Variable(_)
        | Expression::Conditional(_)
        | Expression::FuncCall(_)
        | Expression::UnaryOp(_)
        | Expression::BinaryOp(_)
        | Expression::ForExpr(_) => found.push(plain(value)),
    }
}

fn plain(value: &Expression) -> String {
    value.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
