//! Which open issues expressions hold of, found on pages and not on bodies.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use quell_govern::expression::{Expression, Facts, Field, ID_LENGTH, Truth};
use quell_model::{FindingClass, IssueKey, Severity, Timestamp};
use rayon::prelude::*;
use rusqlite::{Connection, OptionalExtension, params};

use super::scope::IssueScope;
use crate::brief::{Facets, PAGE, Place, facets_of, place_parts, places_of, texts};
use crate::{Packed, Store, StoreError};

/// Pages that are unpacked at once.
const AT_ONCE: usize = 64;

/// Expressions made ready to be judged together. Each holds for issues of some severities.
#[derive(Debug, Default)]
pub(super) struct Rules {
    all: Vec<(Expression, u8)>,
    /// Those of which an issue must bear a text to be looked at.
    anchored: HashMap<(Anchor, String), Vec<u32>>,
    /// The others.
    free: Vec<u32>,
    beside: bool,
}

/// The fields that expressions are looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Anchor {
    Weakness,
    Rule,
    Control,
    Asset,
    Issue,
}

fn anchor_of(field: &Field) -> Option<Anchor> {
    match field {
        Field::Cve => Some(Anchor::Weakness),
        Field::Rule => Some(Anchor::Rule),
        Field::Control => Some(Anchor::Control),
        Field::Asset => Some(Anchor::Asset),
        Field::Issue => Some(Anchor::Issue),
        Field::Account
        | Field::Provider
        | Field::Region
        | Field::Kind
        | Field::Tag(_)
        | Field::Package
        | Field::Tool
        | Field::Class
        | Field::Team
        | Field::Environment
        | Field::Path
        | Field::Severity
        | Field::Exposed => None,
    }
}

/// The bit of a severity.
pub(super) const fn bit(severity: Severity) -> u8 {
    1 << severity.rank()
}

impl Rules {
    /// Expressions, each with the bits of the severities that it holds for.
    pub(super) fn new(all: Vec<(Expression, u8)>) -> Self {
        let mut rules =
            Self { beside: all.iter().any(|(one, _)| one.asks_beside()), ..Self::default() };
        for (number, (expression, _)) in (0_u32..).zip(&all) {
            let anchor = expression.anchor();
            let anchor = anchor.and_then(|(field, texts)| Some((anchor_of(field)?, texts)));
            let Some((anchor, texts)) = anchor else {
                rules.free.push(number);
                continue;
            };
            for text in texts {
                rules.anchored.entry((anchor, text)).or_default().push(number);
            }
        }
        rules.all = all;
        rules
    }

    /// The first that holds of an issue.
    fn first(&self, row: &Row<'_>) -> Option<u32> {
        if self.anchored.is_empty() {
            return self.free.iter().copied().filter(|number| self.holds(*number, row)).min();
        }
        self.held(row).first().copied()
    }

    fn holds(&self, number: u32, row: &Row<'_>) -> bool {
        let one = usize::try_from(number).ok().and_then(|at| self.all.get(at));
        one.is_some_and(|(one, bits)| bits & bit(row.severity) != 0 && one.holds(row) == Truth::Yes)
    }

    /// All that hold of an issue.
    fn held(&self, row: &Row<'_>) -> BTreeSet<u32> {
        let holds = |number: &u32| self.holds(*number, row);
        let mut found: BTreeSet<u32> = self.free.iter().copied().filter(holds).collect();
        let mut look = |anchor: Anchor, text: &str| {
            let key = (anchor, text.to_ascii_lowercase());
            found.extend(self.anchored.get(&key).into_iter().flatten().filter(|n| holds(n)));
        };
        look(Anchor::Asset, row.asset);
        look(Anchor::Control, row.control);
        look(Anchor::Issue, row.id());
        if self.beside {
            row.scope().weaknesses.iter().for_each(|text| look(Anchor::Weakness, text));
            row.scope().rules.iter().for_each(|text| look(Anchor::Rule, text));
        }
        found
    }
}

/// So much of an id as expressions tell apart.
fn id_part(text: &str) -> String {
    text.chars().take(ID_LENGTH).collect::<String>().to_ascii_lowercase()
}

/// Texts by their numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    names: HashMap<u32, Arc<str>>,
    places: HashMap<u32, [String; 4]>,
}

impl Texts {
    fn learn(&mut self, connection: &Connection, numbers: BTreeSet<u32>) -> Result<(), StoreError> {
        let mut select = connection.prepare_cached("SELECT name FROM names WHERE id = ?1")?;
        for number in numbers {
            if number == 0 || self.names.contains_key(&number) {
                continue;
            }
            let name: Option<String> =
                select.query_row(params![number], |row| row.get(0)).optional()?;
            let name = name.unwrap_or_default();
            if let Some(parts) = place_parts(&name) {
                self.places.insert(number, parts);
            }
            self.names.insert(number, Arc::from(name));
        }
        Ok(())
    }

    fn name(&self, number: u32) -> &str {
        self.names.get(&number).map(AsRef::as_ref).unwrap_or_default()
    }
}

/// A page made ready to be judged.
struct Read {
    number: i64,
    facets: Vec<Facets>,
    places: Vec<Place>,
    assets: Vec<u8>,
    scopes: Vec<u8>,
}

/// A page as it is stored: facets, places, assets and scopes.
type Stored = (i64, Packed, Option<Packed>, Packed, Option<Packed>);

impl Read {
    fn of((number, facets, places, assets, scopes): &Stored) -> Result<Self, StoreError> {
        let unpacked = |body: &Option<Packed>| body.as_ref().map_or(Ok(Vec::new()), Packed::unpack);
        Ok(Self {
            number: *number,
            facets: facets_of(&facets.unpack()?),
            places: places_of(&unpacked(places)?),
            assets: assets.unpack()?,
            scopes: unpacked(scopes)?,
        })
    }

    fn numbers(&self) -> BTreeSet<u32> {
        let facets = self.facets.iter().flat_map(|facets| [facets.control, facets.tools]);
        facets.chain(self.places.iter().flat_map(|place| [place.place, place.team])).collect()
    }

    /// Calls back for each open issue.
    fn each(&self, texts_known: &Texts, mut each: impl FnMut(u32, &Row<'_>)) {
        let none: &[u8] = &[];
        let places = self.places.iter().copied().chain(std::iter::repeat(Place::default()));
        let scopes = texts(&self.scopes).chain(std::iter::repeat(none));
        let rows = self.facets.iter().zip(places).zip(texts(&self.assets)).zip(scopes);
        for (slot, (((facets, place), asset), scope)) in (0_u32..).zip(rows) {
            if !facets.is_open() {
                continue;
            }
            let row = Row {
                known: texts_known,
                severity: Severity::ALL
                    .get(usize::from(facets.severity))
                    .copied()
                    .unwrap_or(Severity::Unknown),
                control: texts_known.name(facets.control),
                facets,
                place,
                asset: std::str::from_utf8(asset).unwrap_or_default(),
                scope_bytes: scope,
                scope: OnceCell::new(),
                id: OnceCell::new(),
            };
            each(slot, &row);
        }
    }
}

/// An open issue while it is judged.
struct Row<'a> {
    known: &'a Texts,
    facets: &'a Facets,
    place: Place,
    severity: Severity,
    control: &'a str,
    asset: &'a str,
    scope_bytes: &'a [u8],
    scope: OnceCell<IssueScope>,
    id: OnceCell<String>,
}

impl Row<'_> {
    fn scope(&self) -> &IssueScope {
        self.scope.get_or_init(|| IssueScope::from_bytes(self.scope_bytes))
    }

    /// So much of its id as expressions tell apart: a page keeps no more of it.
    fn id(&self) -> &str {
        self.id.get_or_init(|| {
            let mut bytes = [0; 16];
            bytes.iter_mut().zip(self.facets.key.to_be_bytes()).for_each(|(to, from)| *to = from);
            id_part(&IssueKey::from_bytes(bytes).to_string())
        })
    }

    fn place(&self, part: usize) -> &str {
        let parts = self.known.places.get(&self.place.place);
        parts.and_then(|parts| parts.get(part)).map(String::as_str).unwrap_or_default()
    }
}

impl Facts for Row<'_> {
    fn any(&self, field: &Field, fits: &mut dyn FnMut(&str) -> bool) -> Option<bool> {
        // A page from before there were scopes says nothing beside.
        if field.is_beside() && self.scope_bytes.is_empty() {
            return None;
        }
        let all = |texts: &[String], fits: &mut dyn FnMut(&str) -> bool| {
            Some(texts.iter().any(|text| fits(text)))
        };
        let said =
            |text: &str, fits: &mut dyn FnMut(&str) -> bool| (!text.is_empty()).then(|| fits(text));
        match field {
            Field::Issue => Some(fits(self.id())),
            Field::Asset => Some(fits(self.asset)),
            Field::Provider => said(self.place(0), fits),
            Field::Account => said(self.place(1), fits),
            Field::Region => said(self.place(2), fits),
            Field::Kind => said(self.place(3), fits),
            Field::Control => Some(fits(self.control)),
            Field::Team => said(self.known.name(self.place.team), fits),
            Field::Tool => Some(self.known.name(self.facets.tools).split(',').any(fits)),
            Field::Class => {
                let class = FindingClass::ALL.get(usize::from(self.place.class));
                class.map(|class| fits(class.as_str()))
            }
            Field::Cve => all(&self.scope().weaknesses, fits),
            Field::Package => all(&self.scope().packages, fits),
            Field::Rule => all(&self.scope().rules, fits),
            Field::Path => all(&self.scope().paths, fits),
            Field::Environment => self.scope().environment.as_deref().map(fits),
            Field::Tag(name) => self.scope().tags.get(name).map(|value| fits(value)),
            // These two have comparisons of their own.
            Field::Severity | Field::Exposed => None,
        }
    }

    fn severity(&self) -> Severity {
        self.severity
    }

    fn exposed(&self) -> Option<bool> {
        self.scope().exposed
    }
}

/// The slots of a page that a rule holds of, each with the first such rule.
pub(super) type Hits = Vec<(u32, u32)>;

/// Judges some pages.
pub(super) fn judge(
    connection: &Connection,
    numbers: &[i64],
    rules: &Rules,
    texts_known: &mut Texts,
) -> Result<Vec<(i64, Hits)>, StoreError> {
    let mut all = Vec::with_capacity(numbers.len());
    for numbers in numbers.chunks(AT_ONCE) {
        let read = read(connection, numbers)?;
        let names = read.iter().flat_map(Read::numbers).collect();
        texts_known.learn(connection, names)?;
        let known: &Texts = texts_known;
        let judged = read.par_iter().map(|page| {
            let mut hits = Hits::new();
            page.each(known, |slot, row| hits.extend(rules.first(row).map(|rule| (slot, rule))));
            (page.number, hits)
        });
        all.extend(judged.collect::<Vec<_>>());
    }
    Ok(all)
}

fn read(connection: &Connection, numbers: &[i64]) -> Result<Vec<Read>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT f.page, f.body, p.body, a.body, s.body FROM issue_facets f
           JOIN issue_assets a ON a.page = f.page
           LEFT JOIN issue_places p ON p.page = f.page
           LEFT JOIN issue_scopes s ON s.page = f.page WHERE f.page = ?1",
    )?;
    let mut stored: Vec<Stored> = Vec::new();
    for number in numbers {
        let row = select.query_row(params![number], |row| {
            let optional = |at| -> rusqlite::Result<Option<Packed>> {
                Ok(row.get::<_, Option<Vec<u8>>>(at)?.map(Packed::from_stored))
            };
            let packed = |at| -> rusqlite::Result<Packed> { Ok(Packed::from_stored(row.get(at)?)) };
            Ok((row.get(0)?, packed(1)?, optional(2)?, packed(3)?, optional(4)?))
        });
        stored.extend(row.optional()?);
    }
    stored.par_iter().map(Read::of).collect()
}

/// An open issue that an expression holds of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchedIssue {
    /// Its row.
    pub row: i64,
    /// Its severity.
    pub severity: Severity,
    /// Its risk score.
    pub score: u32,
    /// Whether its asset is known to be reached from the internet.
    pub exposed: bool,
    /// Whether its asset is known to be in another environment than production.
    pub elsewhere: bool,
    /// When a tool first saw it.
    pub since: Option<Timestamp>,
}

/// The open issues that an expression holds of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matched {
    /// They, in the order of their rows.
    pub issues: Vec<MatchedIssue>,
}

impl Store {
    /// The open issues that an expression holds of. Only pages are read.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_match(&self, expression: &Expression) -> Result<Matched, StoreError> {
        let found = self.each_page(|page, known| found_on(page, expression, known))?;
        Ok(Matched { issues: found.concat() })
    }

    /// The worst severity of the open issues that each of some expressions holds of. All of them are
    /// judged in one pass.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_worst(&self, all: &[Expression]) -> Result<Vec<Option<Severity>>, StoreError> {
        let rules = Rules::new(all.iter().map(|one| (one.clone(), u8::MAX)).collect());
        let mut worst = vec![None; all.len()];
        let found = self.each_page(|page, known| worst_on(page, &rules, known))?;
        for (number, severity) in found.into_iter().flatten() {
            let at = usize::try_from(number).ok().and_then(|at| worst.get_mut(at));
            if let Some(worst) = at {
                *worst = (*worst).max(Some(severity));
            }
        }
        Ok(worst)
    }

    /// What is found on each page of issues.
    fn each_page<T: Send>(
        &self,
        judge: impl Fn(&Read, &Texts) -> T + Sync,
    ) -> Result<Vec<T>, StoreError> {
        let _moment = self.moment()?;
        let mut select =
            self.connection.prepare_cached("SELECT page FROM issue_facets ORDER BY page")?;
        let numbers: Vec<i64> =
            select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut known = Texts::default();
        let mut all = Vec::new();
        for numbers in numbers.chunks(AT_ONCE) {
            let read = read(&self.connection, numbers)?;
            known.learn(&self.connection, read.iter().flat_map(Read::numbers).collect())?;
            all.par_extend(read.par_iter().map(|page| judge(page, &known)));
        }
        Ok(all)
    }
}

/// The worst severity on a page, of each expression that holds of an issue there.
fn worst_on(page: &Read, rules: &Rules, known: &Texts) -> BTreeMap<u32, Severity> {
    let mut worst: BTreeMap<u32, Severity> = BTreeMap::new();
    page.each(known, |_, row| {
        for number in rules.held(row) {
            let known = worst.entry(number).or_insert(row.severity);
            *known = (*known).max(row.severity);
        }
    });
    worst
}

fn found_on(page: &Read, expression: &Expression, known: &Texts) -> Vec<MatchedIssue> {
    let mut found = Vec::new();
    page.each(known, |slot, row| {
        if expression.holds(row) == Truth::Yes {
            found.push(MatchedIssue {
                row: page.number * PAGE + i64::from(slot),
                severity: row.severity,
                score: u32::from(row.facets.score),
                exposed: row.exposed() == Some(true),
                elsewhere: row
                    .scope()
                    .environment
                    .as_ref()
                    .is_some_and(|environment| environment != "production"),
                since: Timestamp::from_second(i64::from(row.place.first_seen))
                    .ok()
                    .filter(|_| row.place.first_seen > 0),
            });
        }
    });
    found
}

/// Which of some expressions hold of one issue.
pub(super) fn judge_one(
    connection: &Connection,
    row: i64,
    all: &[Expression],
) -> Result<Vec<bool>, StoreError> {
    let mut known = Texts::default();
    let mut held = vec![false; all.len()];
    for page in read(connection, &[row / PAGE])? {
        known.learn(connection, page.numbers())?;
        page.each(&known, |slot, found| {
            if page.number * PAGE + i64::from(slot) == row {
                held = all.iter().map(|one| one.holds(found) == Truth::Yes).collect();
            }
        });
    }
    Ok(held)
}
