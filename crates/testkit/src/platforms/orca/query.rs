//! The serving layer's questions: what is asked for, by which conditions, in which order.

use quell_model::Timestamp;
use serde_json::{Map, Value};

use super::OrcaVersion;
use super::records::{About, alert_id, model, unique_id};
use super::view::Model;
use crate::platforms::world::Cause;

/// Most rows of an answer.
const MOST_ROWS: u64 = 10_000;
const SECONDS_OF_DAY: i64 = 86_400;

const BODY: &[&str] = &[
    "query",
    "limit",
    "start_at_index",
    "order_by[]",
    "select",
    "select[]",
    "additional_models[]",
    "flat_json",
    "full_graph_fetch",
    "max_tier",
    "get_results_and_count",
    "debug_enable_bu_tags",
];
const ALERT: &[(&str, &str)] = &[
    ("AlertId", "str"),
    ("Status", "str"),
    ("Severity", "str"),
    ("RiskLevel", "str"),
    ("OrcaScore", "float"),
    ("Category", "str"),
    ("Title", "str"),
    ("AlertType", "str"),
    ("RuleType", "str"),
    ("CreatedAt", "datetime"),
    ("LastUpdated", "datetime"),
    ("last_sync", "datetime"),
];
const VULNERABILITY: &[(&str, &str)] =
    &[("CveId", "str"), ("CvssSeverity", "str"), ("PatchAvailable", "str"), ("CvssScore", "float")];
const ASSET: &[(&str, &str)] =
    &[("asset_unique_id", "str"), ("AssetUniqueId", "str"), ("Name", "str"), ("Type", "str")];

/// A question.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) model: Model,
    tests: Vec<Test>,
    order: Vec<(String, bool)>,
    pub(super) limit: usize,
    pub(super) start: usize,
    pub(super) beside: Vec<String>,
    pub(super) flat: bool,
    pub(super) count: bool,
}

#[derive(Debug)]
enum Test {
    Is { field: String, among: Vec<String>, not: bool },
    Within { field: String, from: f64, to: f64 },
    Always,
}

/// What a field of a row holds.
enum Held {
    Text(String),
    Number(f64),
}

impl Query {
    /// Reads a question, as the vendor would.
    pub(super) fn read(body: &[u8], version: OrcaVersion) -> Result<Self, String> {
        let body: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| format!("JSON parse error - {error}"))?;
        if let Some(name) = body.keys().find(|name| !BODY.contains(&name.as_str())) {
            return Err(format!("unknown field `{name}`"));
        }
        let query = body.get("query").ok_or("`query` is required")?;
        if query.get("type").and_then(Value::as_str) != Some("object_set") {
            return Err("`query.type` must be `object_set`".to_owned());
        }
        let models = texts(query.get("models"));
        let model = match models.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["Alert"] => Model::Alert,
            ["VulnerabilityV2"] if version >= OrcaVersion::Newer => Model::Vulnerability,
            ["Inventory"] => Model::Asset,
            _ => return Err(format!("unknown models {models:?}")),
        };
        let mut tests = Vec::new();
        conditions(query.get("with"), (model, version), 0, &mut tests)?;
        let number = |name: &str, or: u64| match body.get(name) {
            None => Ok(or),
            Some(value) => value.as_u64().ok_or_else(|| format!("`{name}` is no number")),
        };
        let limit = number("limit", 100)?;
        if limit == 0 || limit > MOST_ROWS {
            return Err(format!("`limit` must be between 1 and {MOST_ROWS}"));
        }
        let truth = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or(false);
        Ok(Self {
            model,
            tests,
            order: order(&texts(body.get("order_by[]")), model)?,
            limit: usize::try_from(limit).unwrap_or(1),
            start: usize::try_from(number("start_at_index", 0)?).unwrap_or(usize::MAX),
            beside: texts(body.get("additional_models[]")),
            flat: truth("flat_json"),
            count: truth("get_results_and_count"),
        })
    }

    /// What two questions that differ only in their page have in common.
    pub(super) fn list(&self) -> String {
        format!("{:?} {:?} {:?}", self.model, self.tests, self.order)
    }

    /// Whether a row is asked for.
    pub(super) fn wants(&self, about: &About<'_>) -> bool {
        self.tests.iter().all(|test| test.holds(self.model, about))
    }

    /// Sorts rows. Rows that are equal by the order asked for stay in a row of their own, which
    /// has nothing to do with when they came.
    pub(super) fn sort(&self, rows: &mut [(usize, About<'_>)]) {
        rows.sort_by_key(|(number, _)| (*number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for (field, down) in self.order.iter().rev() {
            rows.sort_by_cached_key(|(_, about)| key(&held(self.model, field, about), *down));
        }
    }
}

/// Numbers sort as their bits do once the sign is turned; all of ours are above zero.
fn key(held: &Held, down: bool) -> (String, u64) {
    match held {
        Held::Text(text) => (text.clone(), 0),
        Held::Number(number) if down => (String::new(), u64::MAX - number.max(0.0).to_bits()),
        Held::Number(number) => (String::new(), number.max(0.0).to_bits()),
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

const fn fields(model: Model) -> &'static [(&'static str, &'static str)] {
    match model {
        Model::Alert => ALERT,
        Model::Vulnerability => VULNERABILITY,
        Model::Asset => ASSET,
    }
}

fn order(names: &[String], model: Model) -> Result<Vec<(String, bool)>, String> {
    let one = |name: &String| {
        let (field, down) = name.strip_prefix('-').map_or((name.as_str(), false), |n| (n, true));
        let known = fields(model).iter().any(|(known, _)| *known == field);
        known.then(|| (field.to_owned(), down)).ok_or_else(|| format!("cannot order by `{name}`"))
    };
    names.iter().map(one).collect()
}

fn conditions(
    with: Option<&Value>,
    of: (Model, OrcaVersion),
    depth: usize,
    tests: &mut Vec<Test>,
) -> Result<(), String> {
    let Some(with) = with else { return Ok(()) };
    if depth > 8 {
        return Err("the query is nested too deep".to_owned());
    }
    let text = |name: &str| with.get(name).and_then(Value::as_str);
    match (text("type"), text("operator")) {
        (Some("operation"), Some("and")) => {
            let values = with.get("values").and_then(Value::as_array);
            for value in values.ok_or("`values` is no list")? {
                conditions(Some(value), of, depth + 1, tests)?;
            }
            Ok(())
        }
        (Some("object" | "object_set"), Some("has")) => {
            let models = texts(with.get("models"));
            if models != ["Inventory"] {
                return Err(format!("unknown related models {models:?}"));
            }
            let inner = (Model::Asset, of.1);
            tests.push(Test::Always);
            conditions(with.get("with"), inner, depth + 1, tests)
        }
        (Some(kind), Some(operator)) => {
            tests.push(test(with, of, (kind, operator))?);
            Ok(())
        }
        _ => Err("a condition needs `type` and `operator`".to_owned()),
    }
}

fn test(
    with: &Value,
    (model, version): (Model, OrcaVersion),
    (kind, operator): (&str, &str),
) -> Result<Test, String> {
    let field = with.get("key").and_then(Value::as_str).ok_or("a condition needs `key`")?;
    let known = fields(model).iter().find(|(name, _)| *name == field);
    let (_, known_kind) = known.ok_or_else(|| format!("field `{field}` does not exist"))?;
    if *known_kind != kind {
        return Err(format!("field `{field}` is no `{kind}`"));
    }
    let values = with.get("values").and_then(Value::as_array).ok_or("`values` is no list")?;
    let field = field.to_owned();
    match (kind, operator, values.as_slice()) {
        ("str", "in" | "not_in" | "eq", _) => {
            let among = texts(with.get("values"));
            if field == "Severity" {
                severities(&among, version)?;
            }
            Ok(Test::Is { field, among, not: operator == "not_in" })
        }
        ("datetime", "range", [from, to]) => {
            Ok(Test::Within { field, from: second(from)?, to: second(to)? })
        }
        ("datetime", "date_range", [from, to]) => {
            // Whole days: the first one is that which begins after the time given.
            let day = SECONDS_OF_DAY as f64;
            let from = (second(from)? / day).ceil() * day;
            Ok(Test::Within { field, from, to: second(to)? })
        }
        ("float", "range", [from, to]) => {
            let number = |value: &Value| value.as_f64().ok_or("a score is no number");
            Ok(Test::Within { field, from: number(from)?, to: number(to)? })
        }
        _ => Err(format!("operator `{operator}` does not fit `{kind}`")),
    }
}

/// The words that severities are asked for by changed in March 2026.
fn severities(among: &[String], version: OrcaVersion) -> Result<(), String> {
    let words: &[&str] = match version {
        OrcaVersion::Older | OrcaVersion::Between => {
            &["compromised", "imminent compromise", "hazardous", "informational"]
        }
        OrcaVersion::Newer => &["critical", "high", "medium", "low", "informational", "unknown"],
    };
    match among.iter().find(|word| !words.contains(&word.as_str())) {
        Some(word) => Err(format!("`{word}` is no severity")),
        None => Ok(()),
    }
}

/// Seconds of a time in milliseconds or in words.
fn second(value: &Value) -> Result<f64, String> {
    let at = match value {
        Value::Number(millis) => millis.as_i64().and_then(|m| Timestamp::from_millisecond(m).ok()),
        Value::String(text) => text.parse::<Timestamp>().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    at.map(of_time).ok_or_else(|| format!("{value} is no time"))
}

#[expect(clippy::cast_precision_loss, reason = "seconds of our time are far below 2^53")]
fn of_time(at: Timestamp) -> f64 {
    at.as_second() as f64
}

impl Test {
    fn holds(&self, model: Model, about: &About<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Is { field, among, not } => match held(model, field, about) {
                Held::Text(text) => among.contains(&text) != *not,
                Held::Number(_) => false,
            },
            Self::Within { field, from, to } => match held(model, field, about) {
                Held::Number(number) => *from <= number && number <= *to,
                Held::Text(_) => false,
            },
        }
    }
}

fn held(model_of: Model, field: &str, about: &About<'_>) -> Held {
    let text = |text: &str| Held::Text(text.to_owned());
    match field {
        "AlertId" => Held::Text(alert_id(about.flaw.number)),
        "Status" => text(about.status()),
        // Asked for in the newer words while the older ones are answered.
        "Severity" if model_of == Model::Alert => text(about.risk()),
        "RiskLevel" => text(about.risk()),
        "OrcaScore" => Held::Number(about.score()),
        "Category" => text(about.category()),
        "Title" | "AlertType" => Held::Text(about.rule().1),
        "RuleType" => Held::Text(about.rule().0),
        "CreatedAt" => Held::Number(of_time(about.flaw.opened)),
        "LastUpdated" | "last_sync" => Held::Number(of_time(about.changed())),
        "CveId" => text(about.weakness().map_or("", |weakness| weakness.cve)),
        "CvssSeverity" => Held::Text(about.risk().to_ascii_uppercase()),
        "CvssScore" => Held::Number(about.weakness().map_or(0.0, |weakness| weakness.cvss)),
        "PatchAvailable" => match &about.flaw.cause {
            Cause::Vulnerability(weakness) if !weakness.fixed.is_empty() => text("Yes"),
            Cause::Vulnerability(_) | Cause::Misconfiguration(_) | Cause::Detection(_) => {
                text("No")
            }
        },
        "asset_unique_id" | "AssetUniqueId" => Held::Text(unique_id(about.thing)),
        "Name" => text(&about.thing.name),
        _ => text(model(about.thing)),
    }
}
