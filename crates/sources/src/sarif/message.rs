//! Message texts: plain, or looked up by id and filled with arguments (SARIF 2.1.0, section 3.11).

use serde_json::Value;

use super::run::Run;
use super::wire::Message;

/// The text of a message.
pub(super) fn resolve(message: &Message<'_>, rule: &Value, run: Run<'_>) -> String {
    if let Some(text) = message.text.get().or_else(|| message.markdown.get()) {
        return fill(text, message);
    }
    let Some(id) = message.id.get() else { return String::new() };
    let global = run.get("/tool/driver/globalMessageStrings");
    let template = [rule.get("messageStrings"), Some(global)]
        .into_iter()
        .flatten()
        .find_map(|strings| strings.get(id)?.get("text")?.as_str());
    template.map_or_else(
        || message.arguments.first().map_or_else(String::new, |a| a.or_empty().to_owned()),
        |t| fill(t, message),
    )
}

/// Puts the arguments in the places of `{0}`, `{1}` …; `{{` and `}}` stand for braces.
fn fill(template: &str, message: &Message<'_>) -> String {
    if message.arguments.is_empty() {
        return template.to_owned();
    }
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        filled.push_str(before);
        let number = from.strip_prefix('{').and_then(|f| f.split_once('}'));
        let argument = number.and_then(|(digits, after)| {
            Some((message.arguments.get(digits.parse::<usize>().ok()?)?, after))
        });
        rest = if let Some((argument, after)) = argument {
            filled.push_str(argument.or_empty());
            after
        } else {
            let doubled = from.starts_with("{{") || from.starts_with("}}");
            filled.extend(from.chars().next());
            from.get(1 + usize::from(doubled)..).unwrap_or_default()
        };
    }
    filled.push_str(rest);
    filled
}

/// A text of the rule: `/shortDescription`, `/fullDescription`, `/help`.
pub(super) fn of_rule<'a>(rule: &'a Value, field: &str) -> Option<&'a str> {
    let text = rule.get(field)?;
    let text = text.get("text").or_else(|| text.get("markdown")).unwrap_or(text).as_str()?;
    Some(text.trim()).filter(|text| !text.is_empty())
}
