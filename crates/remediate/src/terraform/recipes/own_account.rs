//! Puts the own account in the place of everybody in a policy.
//!
//! # What it changes
//! In each statement that allows something without a condition on who asks, `*` as principal
//! becomes the account that `set` gives under `principal`. Where others are named beside `*`, only `*` goes.
//! The policy may be a heredoc of JSON, `jsonencode`, or a `data "aws_iam_policy_document"`.
//!
//! # When it is withheld
//! The policy is made elsewhere, or by an expression that says more than its text.

use std::ops::Range;

use hcl_edit::expr::{Array, Expression, Object, ObjectKey};
use hcl_edit::structure::Block;
use jsonc_parser::ast::{self, Value as Json};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Change, Recipe, Request};
use crate::terraform::body::{is_dynamic, nested};
use crate::terraform::edit::Splice;
use crate::terraform::{Resource, parameters};

pub(super) const RECIPE: Recipe = Recipe { id: "own_account", plan };

/// Attributes that hold a policy.
const POLICIES: [&str; 3] = ["policy", "access_policy", "assume_role_policy"];
/// How the data block of a policy is called.
const DOCUMENT: &str = "data.aws_iam_policy_document";

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let Request { resource, wish, .. } = request;
    let set = parameters::resolved(request, &wish.fix.set)?;
    let account = set.get("principal").and_then(|value| value.as_table()?.get("expr")?.as_str());
    let account = account.ok_or("the recipe names no principal")?;
    let mut splices = if resource.is(DOCUMENT) {
        of_document(resource, account)?
    } else {
        of_policy(resource, account)?
    };
    splices.sort_by_key(|splice| std::cmp::Reverse(splice.range.start));
    let mut text = resource.file.text.clone();
    for splice in splices {
        text = splice.apply(&text).ok_or("an edit fell outside the file")?;
    }
    Ok(Change {
        file: resource.file.path.clone(),
        text,
        address: resource.address(),
        added: None,
        ..Change::default()
    })
}

/// The edits of a `data` block.
fn of_document(resource: &Resource<'_>, account: &str) -> Result<Vec<Splice>, String> {
    let body = &resource.block.body;
    if is_dynamic(body, "statement") {
        return Err(format!("the statements at {} are made in a loop", resource.place()));
    }
    let allows = |block: &&Block| {
        let effect = block.body.get_attribute("effect").map(|one| one.value.as_str());
        effect.is_none_or(|effect| effect == Some("Allow"))
            && nested(&block.body, "condition").is_empty()
            && !is_dynamic(&block.body, "condition")
    };
    let mut splices = Vec::new();
    for statement in nested(body, "statement").into_iter().filter(allows) {
        for principals in nested(&statement.body, "principals") {
            let value = |name: &str| principals.body.get_attribute(name).map(|one| &one.value);
            let kind = value("type").and_then(Expression::as_str);
            let Some(Expression::Array(names)) = value("identifiers") else { continue };
            if !matches!(kind, Some("AWS" | "*")) || !names.iter().any(is_everybody) {
                continue;
            }
            if kind == Some("*") {
                splices.extend(value("type").and_then(|one| put(resource, one, "\"AWS\"")));
            }
            splices.push(narrowed(resource, names, account)?);
        }
    }
    Ok(splices)
}

/// The edits of a policy that stands in an attribute.
fn of_policy(resource: &Resource<'_>, account: &str) -> Result<Vec<Splice>, String> {
    let elsewhere =
        || format!("the policy of {} is made elsewhere: decide there", resource.place());
    let attribute = POLICIES.iter().find_map(|name| resource.block.body.get_attribute(name));
    let value = &attribute.ok_or_else(elsewhere)?.value;
    if value.as_heredoc_template().is_some() {
        let span = resource.file.span(value).ok_or_else(elsewhere)?;
        return of_text(resource, span, account).ok_or_else(elsewhere);
    }
    let call = value.as_func_call().filter(|call| call.name.name.as_str() == "jsonencode");
    let policy = call.and_then(|call| call.args.iter().next()?.as_object());
    of_object(resource, policy.ok_or_else(elsewhere)?, account)
}

/// The edits of a policy written as an object.
fn of_object(
    resource: &Resource<'_>,
    policy: &Object,
    account: &str,
) -> Result<Vec<Splice>, String> {
    let statements: Vec<&Object> = match field(policy, "Statement") {
        Some(Expression::Object(one)) => vec![one],
        Some(Expression::Array(all)) => all.iter().filter_map(Expression::as_object).collect(),
        Some(_) | None => {
            return Err(format!("the statements at {} are made elsewhere", resource.place()));
        }
    };
    let mut splices = Vec::new();
    for statement in statements {
        let effect = field(statement, "Effect").and_then(Expression::as_str);
        let condition = field(statement, "Condition").and_then(|one| resource.file.span(one));
        let condition = condition.map(|span| resource.file.text.get(span).unwrap_or_default());
        if effect != Some("Allow") || condition.is_some_and(|text| says_who(resource, text)) {
            continue;
        }
        match field(statement, "Principal") {
            Some(all) if is_everybody(all) => {
                splices.extend(put(resource, all, &format!("{{ AWS = {account} }}")));
            }
            Some(Expression::Object(kinds)) => match field(kinds, "AWS") {
                Some(all) if is_everybody(all) => splices.extend(put(resource, all, account)),
                Some(Expression::Array(names)) if names.iter().any(is_everybody) => {
                    splices.push(narrowed(resource, names, account)?);
                }
                Some(_) | None => {}
            },
            Some(_) | None => {}
        }
    }
    Ok(splices)
}

/// The list without `*`, or with the account alone where nothing else is in it.
fn narrowed(resource: &Resource<'_>, names: &Array, account: &str) -> Result<Splice, String> {
    let gone = || format!("a list at {} has no place in the text", resource.place());
    let mut texts = Vec::new();
    for name in names.iter().filter(|name| !is_everybody(name)) {
        let span = resource.file.span(name).ok_or_else(gone)?;
        texts.push(resource.file.text.get(span).ok_or_else(gone)?);
    }
    if texts.is_empty() {
        texts.push(account);
    }
    let range = resource.file.span(names).ok_or_else(gone)?;
    Ok(Splice { range, text: format!("[{}]", texts.join(", ")) })
}

fn put(resource: &Resource<'_>, value: &Expression, text: &str) -> Option<Splice> {
    Some(Splice { range: resource.file.span(value)?, text: text.to_owned() })
}

/// Whether a condition may say who is let in. That of a role may be about something else, such as
/// a second factor, which leaves the role open to everybody.
fn says_who(resource: &Resource<'_>, condition: &str) -> bool {
    let named = ["Account", "Arn", "Org", "Principal", "Source", "ExternalId", "Vpc", "Ip"];
    !resource.is("aws_iam_role") || named.iter().any(|name| condition.contains(name))
}

fn is_everybody(value: &Expression) -> bool {
    value.as_str() == Some("*")
}

fn field<'o>(object: &'o Object, name: &str) -> Option<&'o Expression> {
    let has = |key: &ObjectKey| match key {
        ObjectKey::Ident(ident) => ident.as_str() == name,
        ObjectKey::Expression(text) => text.as_str() == Some(name),
    };
    object.iter().find(|(key, _)| has(key)).map(|(_, value)| value.expr())
}

/// The edits of a policy written as a heredoc of JSON; none where it is no plain JSON.
fn of_text(resource: &Resource<'_>, span: Range<usize>, account: &str) -> Option<Vec<Splice>> {
    let whole = resource.file.text.get(span.clone())?;
    let first = whole.find('\n')? + 1;
    let last = whole.trim_end().rfind('\n')?;
    let text = whole.get(first..last)?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()).ok()?;
    let Json::Object(policy) = parsed.value? else { return None };
    let own = format!("\"${{{account}}}\"");
    let mut splices = Vec::new();
    let mut replace = |value: &Json<'_>, text: String| {
        let range = value.range();
        let at = span.start + first;
        splices.push(Splice { range: at + range.start..at + range.end, text });
    };
    for statement in statements(&policy) {
        let condition = statement.get("Condition");
        let condition = condition.map(|one| text.get(one.start()..one.end()).unwrap_or_default());
        if text_of(statement, "Effect") != Some("Allow")
            || condition.is_some_and(|text| says_who(resource, text))
        {
            continue;
        }
        let Some(principal) = statement.get("Principal").map(|one| &one.value) else { continue };
        if is_all(principal) {
            replace(principal, format!("{{ \"AWS\": {own} }}"));
        }
        let named = principal.as_object().and_then(|kinds| kinds.get("AWS")).map(|one| &one.value);
        match named {
            Some(all) if is_all(all) => replace(all, own.clone()),
            Some(Json::Array(names)) if names.elements.iter().any(is_all) => {
                let kept = names.elements.iter().filter(|name| !is_all(name));
                let mut kept: Vec<&str> =
                    kept.filter_map(|name| text.get(name.start()..name.end())).collect();
                if kept.is_empty() {
                    kept.push(&own);
                }
                replace(named?, format!("[{}]", kept.join(", ")));
            }
            Some(_) | None => {}
        }
    }
    Some(splices)
}

fn statements<'p, 't>(policy: &'p ast::Object<'t>) -> Vec<&'p ast::Object<'t>> {
    match policy.get("Statement").map(|one| &one.value) {
        Some(Json::Object(one)) => vec![one],
        Some(Json::Array(all)) => all.elements.iter().filter_map(Json::as_object).collect(),
        Some(_) | None => Vec::new(),
    }
}

fn text_of<'o>(object: &'o ast::Object<'_>, name: &str) -> Option<&'o str> {
    object.get(name)?.value.as_string_lit().map(|text| text.value.as_ref())
}

fn is_all(value: &Json<'_>) -> bool {
    value.as_string_lit().is_some_and(|text| text.value == "*")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, made, refuse};

    const FIX: &str = "recipe = 'own_account'\n\
        resource = ['aws_sqs_queue_policy', 'data.aws_iam_policy_document']\n\
        set = { principal = { expr = 'data.aws_caller_identity.current.account_id' } }";
    const ACCOUNT: &str = "data.aws_caller_identity.current.account_id";

    fn heredoc(principal: &str, rest: &str) -> String {
        format!(
            "resource \"aws_sqs_queue_policy\" \"q\" {{\n  policy = <<EOF\n{{\n  \"Statement\": [\n    {{ \
             \"Effect\": \"Deny\", \"Principal\": \"*\" }},\n    {{ \"Effect\": \"Allow\", \
             \"Principal\": {principal}{rest} }}\n  ]\n}}\nEOF\n}}\n"
        )
    }

    #[test]
    fn everybody_in_json_becomes_the_account() {
        let own = format!("\"${{{ACCOUNT}}}\"");
        for (before, after) in [
            ("\"*\"", format!("{{ \"AWS\": {own} }}")),
            ("{ \"AWS\": \"*\" }", format!("{{ \"AWS\": {own} }}")),
            ("{ \"AWS\": [\"*\"] }", format!("{{ \"AWS\": [{own}] }}")),
            ("{ \"AWS\": [\"*\", \"111122223333\"] }", "{ \"AWS\": [\"111122223333\"] }".into()),
            (
                "{ \"Service\": \"sns.amazonaws.com\" }",
                "{ \"Service\": \"sns.amazonaws.com\" }".into(),
            ),
        ] {
            check(FIX, &heredoc(before, ""), &heredoc(&after, ""));
        }
        let condition = ", \"Condition\": { \"Bool\": { \"aws:SecureTransport\": \"true\" } }";
        check(FIX, &heredoc("\"*\"", condition), &heredoc("\"*\"", condition));
    }

    #[test]
    fn everybody_in_an_encoded_object_becomes_the_account() {
        let text = |principal: &str| {
            format!(
                "resource \"aws_sqs_queue_policy\" \"q\" {{\n  policy = jsonencode({{\n    Statement = \
                 [{{ Effect = \"Allow\", Principal = {principal} }}]\n  }})\n}}\n"
            )
        };
        check(FIX, &text("\"*\""), &text(&format!("{{ AWS = {ACCOUNT} }}")));
        check(FIX, &text("{ AWS = \"*\" }"), &text(&format!("{{ AWS = {ACCOUNT} }}")));
        check(FIX, &text("{ AWS = [\"*\"] }"), &text(&format!("{{ AWS = [{ACCOUNT}] }}")));
    }

    #[test]
    fn everybody_in_a_document_becomes_the_account() {
        let text = |effect: &str, kind: &str, names: &str| {
            format!(
                "data \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    effect = \"{effect}\"\n    \
                 principals {{\n      type        = \"{kind}\"\n      identifiers = [{names}]\n    }}\n  \
                 }}\n}}\n"
            )
        };
        check(FIX, &text("Allow", "AWS", "\"*\""), &text("Allow", "AWS", ACCOUNT));
        check(FIX, &text("Allow", "*", "\"*\""), &text("Allow", "AWS", ACCOUNT));
        check(FIX, &text("Allow", "AWS", "\"*\", var.a"), &text("Allow", "AWS", "var.a"));
        assert_eq!(made(FIX, &text("Deny", "AWS", "\"*\"")), text("Deny", "AWS", "\"*\""));
    }

    #[test]
    fn a_second_factor_says_not_who_may_take_a_role() {
        let fix = FIX.replace("'aws_sqs_queue_policy'", "'aws_iam_role'");
        let text = |principal: &str, test: &str| {
            format!(
                "resource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = jsonencode({{ Statement = \
                 [{{ Effect = \"Allow\", Principal = {{ AWS = {principal} }}, Condition = {{ Bool = {{ \
                 \"aws:{test}\" = \"true\" }} }} }}] }})\n}}\n"
            )
        };
        let factor = "MultiFactorAuthPresent";
        check(&fix, &text("\"*\"", factor), &text(ACCOUNT, factor));
        assert_eq!(made(&fix, &text("\"*\"", "PrincipalOrgID")), text("\"*\"", "PrincipalOrgID"));
    }

    #[test]
    fn a_policy_that_is_made_elsewhere_is_left() {
        for policy in ["var.policy", "\"{}\"", "<<EOF\n{ ${var.more} }\nEOF"] {
            let text =
                format!("resource \"aws_sqs_queue_policy\" \"q\" {{\n  policy = {policy}\n}}\n");
            refuse(FIX, &text, "is made elsewhere");
        }
    }
}
