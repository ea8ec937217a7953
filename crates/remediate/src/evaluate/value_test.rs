//! The test of one value at a path.

use quell_catalog::{AbsentMeans, Truth, ValueTest};
use serde_json::Value;

use super::truth::{all, any, known, not};
use super::{Evaluator, step};
use crate::Config;

/// Judges the test on every value that its path leads to.
pub(super) fn judge(evaluator: &Evaluator, test: &ValueTest, config: &Config) -> Truth {
    let segments: Vec<&str> = test.path.split('.').filter(|part| !part.is_empty()).collect();
    at(evaluator, test, config, &segments)
}

fn at(evaluator: &Evaluator, test: &ValueTest, value: &Config, segments: &[&str]) -> Truth {
    let Some((segment, rest)) = segments.split_first() else {
        return leaf(evaluator, test, value);
    };
    match value {
        Config::List(items) if items.is_empty() => absent(test),
        Config::List(items) => all(items.iter().map(|item| at(evaluator, test, item, segments))),
        Config::Unknown | Config::Partly(_) | Config::Reference { .. } => Truth::Unknown,
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Object(_) => match step(value, segment) {
            Some(next) => at(evaluator, test, next, rest),
            None => absent(test),
        },
    }
}

fn absent(test: &ValueTest) -> Truth {
    if let Some(present) = test.present {
        return known(Some(!present));
    }
    match test.absent {
        AbsentMeans::Holds => Truth::Holds,
        AbsentMeans::Fails => Truth::Fails,
    }
}

fn leaf(evaluator: &Evaluator, test: &ValueTest, value: &Config) -> Truth {
    match value {
        Config::Null => return absent(test),
        Config::List(items) if items.is_empty() && !wants_empty_list(test) => return absent(test),
        Config::Unknown => return Truth::Unknown,
        Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::List(_)
        | Config::Object(_)
        | Config::Partly(_)
        | Config::Reference { .. } => {}
    }
    let tests = [
        test.equals.as_ref().map(|expected| equals(value, expected)),
        test.one_of.as_ref().map(|list| any(list.iter().map(|one| equals(value, one)))),
        test.none_of.as_ref().map(|list| none_of(value, list)),
        test.at_least.map(|least| number(value, &|number| number >= least)),
        test.at_most.map(|most| number(value, &|number| number <= most)),
        test.matches
            .as_ref()
            .map(|pattern| text(value, &|text| known(evaluator.finds(pattern, text)))),
        test.not_matches
            .as_ref()
            .map(|pattern| text(value, &|text| not(known(evaluator.finds(pattern, text))))),
        test.contains.as_ref().map(|wanted| contains(value, wanted)),
        test.excludes.as_ref().map(|unwanted| not(contains(value, unwanted))),
        test.present.map(|present| known(Some(present == is_present(value)))),
    ];
    if tests.iter().all(Option::is_none) {
        return Truth::Unknown;
    }
    all(tests.into_iter().flatten())
}

/// An empty list is absent, except where the test asks for exactly that.
fn wants_empty_list(test: &ValueTest) -> bool {
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    test.equals.as_ref().is_some_and(empty)
        || test.one_of.as_ref().is_some_and(|list| list.iter().any(empty))
}

/// Text that is empty is how Terraform writes "not set".
fn is_present(value: &Config) -> bool {
    value.as_text() != Some("")
}

fn equals(value: &Config, expected: &Value) -> Truth {
    let wanted = Config::from_json(expected);
    if let (Config::List(items), false) = (value, expected.is_array()) {
        return all(items.iter().map(|item| known(item.same(&wanted))));
    }
    known(value.same(&wanted))
}

fn none_of(value: &Config, list: &[Value]) -> Truth {
    let clear = |item: &Config| {
        all(list.iter().map(|unwanted| not(known(item.same(&Config::from_json(unwanted))))))
    };
    let Config::List(items) = value else { return clear(value) };
    all(items.iter().map(clear).chain([clear(value)]))
}

fn number(value: &Config, test: &dyn Fn(f64) -> bool) -> Truth {
    match value {
        Config::Number(number) => known(Some(test(*number))),
        Config::Text(text) => known(Some(text.trim().parse().is_ok_and(test))),
        Config::List(items) => all(items.iter().map(|item| number(item, test))),
        Config::Null | Config::Bool(_) | Config::Object(_) => Truth::Fails,
        Config::Partly(_) | Config::Reference { .. } | Config::Unknown => Truth::Unknown,
    }
}

fn text(value: &Config, test: &dyn Fn(&str) -> Truth) -> Truth {
    if let Config::List(items) = value {
        return all(items.iter().map(|item| text(item, test)));
    }
    value.to_text().map_or(Truth::Unknown, |value| test(&value))
}

fn contains(value: &Config, wanted: &Value) -> Truth {
    match (value, wanted) {
        (Config::List(items), _) => {
            let wanted = Config::from_json(wanted);
            any(items.iter().map(|item| known(item.same(&wanted))))
        }
        (Config::Object(fields), Value::String(key)) if value.to_text().is_none() => {
            if fields.contains_key(key) { Truth::Holds } else { Truth::Unknown }
        }
        (
            Config::Text(_) | Config::Bool(_) | Config::Number(_) | Config::Object(_),
            Value::String(part),
        ) => known(value.to_text().map(|text| text.contains(part.as_str()))),
        (Config::Partly(parts), Value::String(wanted))
            if parts.iter().flatten().any(|part| part.contains(wanted)) =>
        {
            Truth::Holds
        }
        (Config::Unknown | Config::Partly(_) | Config::Reference { .. }, _) => Truth::Unknown,
        (
            Config::Null
            | Config::Text(_)
            | Config::Bool(_)
            | Config::Number(_)
            | Config::Object(_),
            _,
        ) => known(value.same(&Config::from_json(wanted))),
    }
}
