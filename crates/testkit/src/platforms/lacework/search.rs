//! Searches: what a body may ask, which rows it brings, and their pages.

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{LaceworkDouble, entities, findings, object, said, told};
use crate::net::{Answer, Asked};
use crate::platforms::{Cause, Cloud, Flaw, Kind as ThingKind, Seer, State as WorldState, Thing};

/// Days of the longest window of a search.
const MOST_DAYS: i64 = 7;
/// Hours after which the URL of a next page is not known any more.
const PAGE_HOURS: i64 = 24;
/// Answers that can be paged over at once.
const MOST_RESULTS: usize = 64;

const OPERATORS: &[&str] = &[
    "eq",
    "ne",
    "in",
    "not_in",
    "like",
    "not_like",
    "ilike",
    "not_ilike",
    "rlike",
    "not_rlike",
    "gt",
    "lt",
    "ge",
    "le",
    "between",
];

/// What can be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Alerts,
    Hosts,
    Containers,
    Compliance,
    Inventory,
    CloudActivities,
    Machines,
    Users,
    Images,
    Processes,
    Files,
    Interfaces,
    Connections,
    Logins,
    ChangedFiles,
}

const PATHS: &[(&str, Kind)] = &[
    ("Alerts", Kind::Alerts),
    ("Vulnerabilities/Hosts", Kind::Hosts),
    ("Vulnerabilities/Containers", Kind::Containers),
    ("Configs/ComplianceEvaluations", Kind::Compliance),
    ("Inventory", Kind::Inventory),
    ("CloudActivities", Kind::CloudActivities),
    ("Entities/MachineDetails", Kind::Machines),
    ("Entities/Users", Kind::Users),
    ("Entities/Images", Kind::Images),
    ("Entities/Processes", Kind::Processes),
    ("Entities/Files", Kind::Files),
    ("Entities/NetworkInterfaces", Kind::Interfaces),
    ("Activities/Connections", Kind::Connections),
    ("Activities/UserLogins", Kind::Logins),
    ("Activities/ChangedFiles", Kind::ChangedFiles),
];

impl Kind {
    pub(super) fn of(path: &str) -> Option<Self> {
        PATHS.iter().find(|(known, _)| *known == path).map(|(_, kind)| *kind)
    }

    fn path(self) -> &'static str {
        PATHS.iter().find(|(_, kind)| *kind == self).map_or("", |(path, _)| path)
    }

    /// Keys of the body beside the usual ones.
    const fn own_keys(self) -> &'static [&'static str] {
        match self {
            Self::Compliance => &["timeFilter", "filters", "returns", "dataset"],
            Self::Inventory => &["timeFilter", "filters", "returns", "csp", "dataset"],
            Self::Alerts
            | Self::Hosts
            | Self::Containers
            | Self::CloudActivities
            | Self::Machines
            | Self::Users
            | Self::Images
            | Self::Processes
            | Self::Files
            | Self::Interfaces
            | Self::Connections
            | Self::Logins
            | Self::ChangedFiles => &["timeFilter", "filters", "returns"],
        }
    }
}

/// A search as it was asked for.
#[derive(Debug)]
struct Wanted {
    kind: Kind,
    start: Timestamp,
    end: Timestamp,
    filters: Vec<Filter>,
    returns: Vec<String>,
    cloud: Option<Cloud>,
}

#[derive(Debug)]
struct Filter {
    path: String,
    operator: String,
    values: Vec<String>,
}

/// The rows of an answer, by their numbers in the world.
#[derive(Debug)]
pub(super) struct Results {
    wanted: Wanted,
    numbers: Vec<usize>,
    made: Timestamp,
}

impl LaceworkDouble {
    pub(super) fn search(&self, asked: &Asked, kind: Kind) -> Answer {
        let now = self.now();
        let wanted = match wanted(kind, &asked.body, now) {
            Ok(wanted) => wanted,
            Err(answer) => return answer,
        };
        let mut numbers = self.numbers(&wanted, now);
        numbers.truncate(self.settings().most_rows);
        if numbers.is_empty() {
            return Answer::new(204, "");
        }
        let mut state = self.state();
        state.made += 1;
        let made = state.made;
        while state.results.len() >= MOST_RESULTS {
            state.results.pop_first();
        }
        state.results.insert(made, Results { wanted, numbers, made: now });
        drop(state);
        self.page(asked, made, 0)
    }

    pub(super) fn next_page(&self, asked: &Asked, kind: Kind, place: &str) -> Answer {
        let lost = || said(400, "Invalid or expired nextPage URL");
        let mut parts = place.split('.');
        let numbers = (parts.next().and_then(read_hex), parts.next().and_then(read_hex));
        let (Some(made), Some(from)) = numbers else { return lost() };
        let limit = self.now() - SignedDuration::from_hours(PAGE_HOURS);
        let good = self
            .state()
            .results
            .get(&made)
            .is_some_and(|results| results.wanted.kind == kind && results.made > limit);
        if good { self.page(asked, made, usize::try_from(from).unwrap_or(0)) } else { lost() }
    }

    fn page(&self, asked: &Asked, made: u64, from: usize) -> Answer {
        let rows = self.settings().page_rows;
        let state = self.state();
        let Some(results) = state.results.get(&made) else { return said(400, "Unknown page") };
        let all = results.numbers.len();
        let numbers = results.numbers.iter().skip(from).take(rows);
        let data: Vec<Value> = {
            let world = self.world.read();
            let row = |number: &usize| {
                self.row(&world, &results.wanted, *number, (&state.closed, &state.notes))
            };
            let returns = &results.wanted.returns;
            numbers.filter_map(row).map(|row| picked(row, returns)).collect()
        };
        let next = (from + rows < all).then(|| {
            let host = asked.header("host").unwrap_or_default();
            let path = results.wanted.kind.path();
            format!("http://{host}/api/v2/{path}/{made:016x}.{:016x}", from + rows)
        });
        let paging = json!({ "rows": data.len(), "totalRows": all, "urls": { "nextPage": next } });
        told(200, &json!({ "paging": paging, "data": data }))
    }

    /// Which rows a search brings.
    fn numbers(&self, wanted: &Wanted, now: Timestamp) -> Vec<usize> {
        let world = self.world.read();
        let within = |at: Timestamp| wanted.start <= at && at <= wanted.end;
        let state = self.state();
        let fits = |number: usize| {
            wanted.filters.is_empty()
                || self
                    .row(&world, wanted, number, (&state.closed, &state.notes))
                    .is_some_and(|row| wanted.filters.iter().all(|filter| filter.fits(&row)))
        };
        if is_of_things(wanted.kind) {
            let things = world.things.iter().filter(|thing| is_wanted(wanted, thing));
            let times = things.map(|thing| (thing.number, evaluated(thing.number, None, now)));
            return times
                .filter(|(_, at)| within(*at))
                .map(|(n, _)| n)
                .filter(|n| fits(*n))
                .collect();
        }
        let flaws =
            world.seen_by(Seer::Lacework).filter(|(flaw, thing)| tells(wanted, flaw, thing));
        let times =
            flaws.map(|(flaw, thing)| (flaw.number, time_of(wanted.kind, flaw, thing, now)));
        times.filter(|(_, at)| within(*at)).map(|(n, _)| n).filter(|n| fits(*n)).collect()
    }

    fn row(
        &self,
        world: &WorldState,
        wanted: &Wanted,
        number: usize,
        (closed, notes): super::alerts::Touched<'_>,
    ) -> Option<Value> {
        let now = self.now();
        if is_of_things(wanted.kind) {
            let thing = world.things.get(number)?;
            return entities::row(wanted.kind, thing, evaluated(number, None, now));
        }
        let flaw = world.flaws.get(number)?;
        let thing = world.things.get(flaw.thing)?;
        let at = time_of(wanted.kind, flaw, thing, now);
        if wanted.kind == Kind::Alerts {
            return Some(super::alerts::listed(flaw, thing, (closed, notes)));
        }
        findings::row(wanted.kind, (flaw, thing), at)
    }
}

/// Whether rows are made of things, and not of what is wrong with them.
const fn is_of_things(kind: Kind) -> bool {
    match kind {
        Kind::Inventory
        | Kind::Machines
        | Kind::Users
        | Kind::Images
        | Kind::Processes
        | Kind::Files
        | Kind::Interfaces
        | Kind::Logins
        | Kind::ChangedFiles => true,
        Kind::Alerts
        | Kind::Hosts
        | Kind::Containers
        | Kind::Compliance
        | Kind::CloudActivities
        | Kind::Connections => false,
    }
}

fn is_wanted(wanted: &Wanted, thing: &Thing) -> bool {
    match wanted.kind {
        Kind::Inventory => {
            thing.kind != ThingKind::Image && Some(thing.account.cloud) == wanted.cloud
        }
        Kind::Images => thing.kind == ThingKind::Image,
        Kind::Machines
        | Kind::Users
        | Kind::Processes
        | Kind::Files
        | Kind::Interfaces
        | Kind::Logins
        | Kind::ChangedFiles => thing.kind == ThingKind::Machine,
        Kind::Alerts
        | Kind::Hosts
        | Kind::Containers
        | Kind::Compliance
        | Kind::CloudActivities
        | Kind::Connections => false,
    }
}

fn tells(wanted: &Wanted, flaw: &Flaw, thing: &Thing) -> bool {
    match (&flaw.cause, wanted.kind) {
        (_, Kind::Alerts) => super::alerts::is_alert(flaw),
        (Cause::Vulnerability(_), Kind::Hosts) => thing.kind == ThingKind::Machine,
        (Cause::Vulnerability(_), Kind::Containers) => thing.kind == ThingKind::Image,
        (Cause::Misconfiguration(_), Kind::Compliance) => Some(thing.account.cloud) == wanted.cloud,
        (Cause::Detection(_), Kind::CloudActivities | Kind::Connections) => true,
        _ => false,
    }
}

/// When a row counts: what is evaluated daily counts at its last evaluation.
fn time_of(kind: Kind, flaw: &Flaw, thing: &Thing, now: Timestamp) -> Timestamp {
    if kind == Kind::Alerts {
        super::alerts::begins(flaw)
    } else if matches!(kind, Kind::CloudActivities | Kind::Connections) {
        flaw.opened
    } else {
        evaluated(thing.number, Some(flaw.changed), now)
    }
}

/// The last time before now at which a thing was evaluated: once a day, and when it changed.
fn evaluated(number: usize, changed: Option<Timestamp>, now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400;
    let of_day = i64::try_from(number).unwrap_or(0) * 7_919 % DAY;
    let since = (now.as_second() - of_day).rem_euclid(DAY);
    let daily = Timestamp::from_second(now.as_second() - since).unwrap_or(now);
    changed.filter(|at| *at <= now).map_or(daily, |at| at.max(daily))
}

fn wanted(kind: Kind, body: &[u8], now: Timestamp) -> Result<Wanted, Answer> {
    let map = object(body, kind.own_keys())?;
    let (start, end) = times(map.get("timeFilter"), now)?;
    let filters = map.get("filters").and_then(Value::as_array).cloned().unwrap_or_default();
    let filters = filters.iter().map(filter).collect::<Result<Vec<_>, _>>()?;
    let returns = map.get("returns").and_then(Value::as_array).cloned().unwrap_or_default();
    let returns = returns.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Wanted { kind, start, end, filters, returns, cloud: cloud(kind, &map)? })
}

fn times(filter: Option<&Value>, now: Timestamp) -> Result<(Timestamp, Timestamp), Answer> {
    let Some(filter) = filter else { return Ok((now - SignedDuration::from_hours(24), now)) };
    let map = object(filter.to_string().as_bytes(), &["startTime", "endTime"])?;
    let read = |name: &str| -> Result<Option<Timestamp>, Answer> {
        let Some(value) = map.get(name) else { return Ok(None) };
        let parsed = value.as_str().and_then(|text| text.parse().ok());
        parsed.map(Some).ok_or_else(|| said(400, &format!("Invalid {name}")))
    };
    let end = read("endTime")?.unwrap_or(now);
    let start = read("startTime")?.ok_or_else(|| said(400, "startTime is required"))?;
    if start >= end {
        return Err(said(400, "startTime must be before endTime"));
    }
    if end.duration_since(start) > SignedDuration::from_hours(24 * MOST_DAYS) {
        return Err(said(400, "The maximum time range is 7 days"));
    }
    Ok((start, end))
}

fn cloud(kind: Kind, map: &Map<String, Value>) -> Result<Option<Cloud>, Answer> {
    let text = |name: &str| map.get(name).and_then(Value::as_str);
    if !matches!(kind, Kind::Compliance | Kind::Inventory) {
        return Ok(None);
    }
    let word = match (text("csp"), text("dataset")) {
        (Some(word), None) | (None, Some(word)) => word,
        _ => return Err(said(400, "one of csp and dataset is required")),
    };
    match word {
        "AWS" | "AwsCompliance" => Ok(Some(Cloud::Aws)),
        "Azure" | "AzureCompliance" => Ok(Some(Cloud::Azure)),
        "GCP" | "GcpCompliance" => Ok(Some(Cloud::Gcp)),
        "K8sCompliance" => Ok(None),
        _ => Err(said(400, &format!("Invalid value {word}"))),
    }
}

fn filter(value: &Value) -> Result<Filter, Answer> {
    let map = object(value.to_string().as_bytes(), &["field", "expression", "value", "values"])?;
    let text = |name: &str| map.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (path, operator) = (text("field"), text("expression"));
    if path.is_empty() || !OPERATORS.contains(&operator.as_str()) {
        return Err(said(400, "Invalid filter"));
    }
    let many = matches!(operator.as_str(), "in" | "not_in" | "between");
    if many != map.contains_key("values") || many == map.contains_key("value") {
        return Err(said(400, &format!("Invalid value of the filter {operator}")));
    }
    let list = map.get("values").and_then(Value::as_array).cloned();
    let list = list.unwrap_or_else(|| map.get("value").cloned().into_iter().collect());
    Ok(Filter { path, operator, values: list.iter().map(plain).collect() })
}

impl Filter {
    fn fits(&self, row: &Value) -> bool {
        let found = self.path.split('.').try_fold(row, |value, key| value.get(key));
        let text = found.map(plain).unwrap_or_default();
        match self.operator.as_str() {
            "eq" | "in" => self.values.contains(&text),
            "ne" | "not_in" => !self.values.contains(&text),
            "like" | "ilike" => {
                self.values.iter().any(|value| text.contains(value.trim_matches('%')))
            }
            "ge" => self.values.iter().all(|value| text >= *value),
            "le" => self.values.iter().all(|value| text <= *value),
            _ => true,
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn picked(row: Value, returns: &[String]) -> Value {
    let Value::Object(mut map) = row else { return row };
    if !returns.is_empty() {
        map.retain(|key, _| returns.contains(key));
    }
    Value::Object(map)
}

fn read_hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}
