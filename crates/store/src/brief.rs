//! What lists and incidents need of every issue, thousands of issues a row: reading a million
//! of them takes a fraction of a second, which their bodies do not.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, TryRecvError};

use quell_model::{AssetId, Decision, FindingClass, Severity, Status, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::names::Names;
use crate::pages::{self, Kind};
use crate::state::{micros, reported, seconds};
use crate::{Packed, StoreError};

/// Issues of a page.
pub(crate) const PAGE: i64 = 4096;
/// Pages that are kept open while issues are written.
const MOST_OPEN: usize = 4;
/// Pages that wait to be packed; each is some megabytes.
const MOST_PACKING: usize = 4;
/// Bytes of an issue's facets.
const FACET_BYTES: usize = 20;

/// What lists and incidents need of one issue.
#[derive(Debug, Clone)]
pub struct Brief {
    /// What counts.
    pub status: Status,
    /// The highest severity.
    pub severity: Severity,
    /// Its risk score.
    pub score: u32,
    /// Its control, where one is known.
    pub control: Option<String>,
    /// The tools that see it, in order, with a comma between.
    pub tools: String,
    /// Its asset's key.
    pub asset: String,
    /// Where its asset is: provider, account, region and kind, as [`place_text`] writes them.
    pub place: String,
    /// Who its asset says owns it; empty where it does not say.
    pub team: String,
    /// What kind of fault it is.
    pub class: FindingClass,
    /// What to do about it, as far as it alone tells.
    pub decision: Decision,
    /// Earliest sighting by any tool.
    pub first_seen: Option<Timestamp>,
    /// What incidents are built from, as the caller wrote it.
    pub candidate: Vec<u8>,
    /// What exceptions ask beside, as [`IssueScope::to_bytes`](crate::IssueScope::to_bytes)
    /// writes it.
    pub scope: Vec<u8>,
}

/// Where an asset is, as one text: many assets share it.
#[must_use]
pub fn place_text(id: &AssetId) -> String {
    let parts = [id.provider.as_str(), &id.account, &id.region, &id.kind];
    serde_json::to_string(&parts).unwrap_or_default()
}

/// The provider, account, region and kind of a text of [`place_text`].
pub(crate) fn place_parts(text: &str) -> Option<[String; 4]> {
    serde_json::from_str(text).ok()
}

/// Bytes of where an issue's asset is.
const PLACE_BYTES: usize = 14;

/// What a page keeps of an issue beside its facets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number of the text of [`place_text`].
    pub(crate) place: u32,
    /// The number of the name of who owns the asset; 0 where it is not known.
    pub(crate) team: u32,
    /// Seconds since 1970; 0 where it is not known.
    pub(crate) first_seen: u32,
    /// Where the kind of fault stands in [`FindingClass::ALL`].
    pub(crate) class: u8,
    /// Where the decision stands in [`Decision::ALL`].
    pub(crate) decision: u8,
}

impl Place {
    fn to_bytes(self) -> [u8; PLACE_BYTES] {
        let [p0, p1, p2, p3] = self.place.to_le_bytes();
        let [f0, f1, f2, f3] = self.first_seen.to_le_bytes();
        let [t0, t1, t2, t3] = self.team.to_le_bytes();
        [p0, p1, p2, p3, t0, t1, t2, t3, f0, f1, f2, f3, self.class, self.decision]
    }

    fn from_bytes(bytes: &[u8; PLACE_BYTES]) -> Self {
        let [p0, p1, p2, p3, t0, t1, t2, t3, f0, f1, f2, f3, class, decision] = *bytes;
        Self {
            place: u32::from_le_bytes([p0, p1, p2, p3]),
            team: u32::from_le_bytes([t0, t1, t2, t3]),
            first_seen: u32::from_le_bytes([f0, f1, f2, f3]),
            class,
            decision,
        }
    }
}

/// The places of a page, in the order of its issues.
pub(crate) fn places_of(body: &[u8]) -> Vec<Place> {
    body.as_chunks::<PLACE_BYTES>().0.iter().map(Place::from_bytes).collect()
}

/// The stamps of a page, in the order of its issues.
pub(crate) fn stamps_of(body: &[u8]) -> Vec<i64> {
    body.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
}

/// Where one of a fixed list stands in it.
fn number_of<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let at = all.iter().position(|other| other == one);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or_default()
}

/// The number that a page keeps for a kind of fault.
pub(crate) fn class_number(class: FindingClass) -> u8 {
    number_of(&FindingClass::ALL, &class)
}

/// The number that a page keeps for a decision.
pub(crate) fn decision_number(decision: Decision) -> u8 {
    number_of(&Decision::ALL, &decision)
}

/// An issue as a page keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Facets {
    /// 0 where the page has no such issue, else one more than the status.
    pub(crate) status: u8,
    /// Where the severity stands in [`Severity::ALL`].
    pub(crate) severity: u8,
    pub(crate) score: u16,
    pub(crate) control: u32,
    pub(crate) tools: u32,
    /// The first bytes of the key: issues of one score stand in its order.
    pub(crate) key: u64,
}

impl Facets {
    pub(crate) fn is_open(self) -> bool {
        self.status == status_number(Status::Open)
            || self.status == status_number(Status::InProgress)
    }

    fn to_bytes(self) -> [u8; FACET_BYTES] {
        let mut out = [0; FACET_BYTES];
        let parts = [
            &[self.status, self.severity][..],
            &self.score.to_le_bytes(),
            &self.control.to_le_bytes(),
            &self.tools.to_le_bytes(),
            &self.key.to_le_bytes(),
        ];
        for (to, from) in out.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        out
    }

    fn from_bytes(bytes: &[u8; FACET_BYTES]) -> Self {
        let [status, severity, s0, s1, c0, c1, c2, c3, t0, t1, t2, t3, key @ ..] = *bytes;
        Self {
            status,
            severity,
            score: u16::from_le_bytes([s0, s1]),
            control: u32::from_le_bytes([c0, c1, c2, c3]),
            tools: u32::from_le_bytes([t0, t1, t2, t3]),
            key: u64::from_le_bytes(key),
        }
    }
}

/// Where a severity stands in [`Severity::ALL`].
pub(crate) fn severity_number(severity: Severity) -> u8 {
    number_of(&Severity::ALL, &severity)
}

/// The number that a page keeps for a status.
pub(crate) fn status_number(status: Status) -> u8 {
    u8::try_from(reported(status) + 1).unwrap_or_default()
}

/// A page that is being written.
#[derive(Debug, Default)]
struct Open {
    facets: Vec<Facets>,
    places: Vec<Place>,
    /// For each issue what was written last when it was judged.
    stamps: Vec<i64>,
    assets: Vec<Box<[u8]>>,
    candidates: Vec<Box<[u8]>>,
    scopes: Vec<Box<[u8]>>,
}

/// The bodies of a page, in the order of [`TABLES`].
type Bodies = [Packed; 6];

/// The pages that are being written.
#[derive(Debug, Default)]
pub(crate) struct Briefs {
    open: BTreeMap<i64, Open>,
    /// Pages that are packed on other threads, since that takes longer than writing them.
    packing: BTreeMap<i64, Receiver<Bodies>>,
    /// The stamp of what is written in this transaction: more than any reader knows.
    stamp: Option<i64>,
}

impl Briefs {
    /// Sets what is known of an issue; `None` takes it out of the lists.
    pub(crate) fn set(
        &mut self,
        connection: &Connection,
        names: &mut Names,
        (id, key): (i64, &[u8; 16]),
        brief: Option<&Brief>,
    ) -> Result<(), StoreError> {
        let (facets, place) = match brief {
            Some(brief) => {
                (facets(connection, names, key, brief)?, place(connection, names, brief)?)
            }
            None => (Facets::default(), Place::default()),
        };
        let stamp = match self.stamp {
            Some(stamp) => stamp,
            None => *self.stamp.insert(pages::version(connection)?.saturating_add(1)),
        };
        let page = self.page(connection, id / PAGE)?;
        let Ok(slot) = usize::try_from(id % PAGE) else { return Ok(()) };
        if slot >= page.facets.len() {
            page.facets.resize(slot + 1, Facets::default());
            page.places.resize(slot + 1, Place::default());
            page.stamps.resize(slot + 1, 0);
            page.assets.resize_with(slot + 1, Box::default);
            page.candidates.resize_with(slot + 1, Box::default);
            page.scopes.resize_with(slot + 1, Box::default);
        }
        let bytes = |bytes: Option<&[u8]>| Box::from(bytes.unwrap_or_default());
        if let Some(to) = page.facets.get_mut(slot) {
            *to = facets;
        }
        if let Some(to) = page.places.get_mut(slot) {
            *to = place;
        }
        if let Some(to) = page.stamps.get_mut(slot) {
            *to = stamp;
        }
        if let Some(to) = page.assets.get_mut(slot) {
            // Only searched, in any case.
            *to = brief.map(|b| Box::from(b.asset.to_lowercase().as_bytes())).unwrap_or_default();
        }
        if let Some(to) = page.candidates.get_mut(slot) {
            *to = bytes(brief.map(|b| b.candidate.as_slice()));
        }
        if let Some(to) = page.scopes.get_mut(slot) {
            *to = bytes(brief.map(|b| b.scope.as_slice()));
        }
        Ok(())
    }

    fn page(&mut self, connection: &Connection, number: i64) -> Result<&mut Open, StoreError> {
        if self.open.contains_key(&number) {
            return Ok(self.open.entry(number).or_default());
        }
        if self.open.len() >= MOST_OPEN
            && let Some((oldest, page)) = self.open.pop_first()
        {
            let first = self.packing.keys().next().copied();
            if self.packing.len() >= MOST_PACKING {
                self.write_packed(connection, first)?;
            }
            self.pack(oldest, page);
        }
        self.write_packed(connection, Some(number))?;
        let page = Open::load(connection, number)?;
        Ok(self.open.entry(number).or_insert(page))
    }

    fn pack(&mut self, number: i64, page: Open) {
        let (done, packed) = std::sync::mpsc::channel();
        rayon::spawn(move || {
            // Nobody waits any more where the import was given up.
            drop(done.send(page.packed()));
        });
        self.packing.insert(number, packed);
    }

    /// Writes the pages that are packed, and waits for one that is asked for.
    fn write_packed(
        &mut self,
        connection: &Connection,
        wanted: Option<i64>,
    ) -> Result<(), StoreError> {
        let mut ready = Vec::new();
        for (number, packed) in &self.packing {
            let bodies = match packed.try_recv() {
                Err(TryRecvError::Empty) if wanted == Some(*number) => packed.recv().ok(),
                Err(TryRecvError::Empty) => continue,
                other => other.ok(),
            };
            ready.push((*number, bodies.ok_or_else(damaged)?));
        }
        for (number, bodies) in ready {
            self.packing.remove(&number);
            save(connection, number, &bodies)?;
        }
        Ok(())
    }

    /// Writes what is not written yet.
    pub(crate) fn flush(&mut self, connection: &Connection) -> Result<(), StoreError> {
        for (number, page) in std::mem::take(&mut self.open) {
            self.pack(number, page);
        }
        let waiting: Vec<i64> = self.packing.keys().copied().collect();
        waiting.into_iter().try_for_each(|number| self.write_packed(connection, Some(number)))
    }
}

fn facets(
    connection: &Connection,
    names: &mut Names,
    key: &[u8; 16],
    brief: &Brief,
) -> Result<Facets, StoreError> {
    let number = |id: i64| u32::try_from(id).unwrap_or(u32::MAX);
    let control = match &brief.control {
        Some(control) => number(names.id(connection, control)?),
        None => 0,
    };
    Ok(Facets {
        status: status_number(brief.status),
        severity: severity_number(brief.severity),
        score: u16::try_from(brief.score).unwrap_or(u16::MAX),
        control,
        tools: number(names.id(connection, &brief.tools)?),
        key: key.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first)),
    })
}

fn place(connection: &Connection, names: &mut Names, brief: &Brief) -> Result<Place, StoreError> {
    let mut number = |name: &str| -> Result<u32, StoreError> {
        if name.is_empty() {
            return Ok(0);
        }
        Ok(u32::try_from(names.id(connection, name)?).unwrap_or(u32::MAX))
    };
    Ok(Place {
        place: number(&brief.place)?,
        team: number(&brief.team)?,
        first_seen: brief.first_seen.map_or(0, |time| seconds(micros(time))),
        class: class_number(brief.class),
        decision: decision_number(brief.decision),
    })
}

const TEXTS: [&str; 3] = ["issue_assets", "issue_candidates", "issue_scopes"];
/// The tables that hold the bodies of a page.
const TABLES: [&str; 6] = [
    "issue_facets",
    "issue_places",
    "issue_stamps",
    "issue_assets",
    "issue_candidates",
    "issue_scopes",
];

impl Open {
    fn load(connection: &Connection, number: i64) -> Result<Self, StoreError> {
        let Some(facets) = read(connection, "issue_facets", number)? else {
            return Ok(Self::default());
        };
        let mut page = Self { facets: facets_of(&facets.unpack()?), ..Self::default() };
        // A page from before there were places has none.
        if let Some(places) = read(connection, "issue_places", number)? {
            page.places = places_of(&places.unpack()?);
        }
        page.places.resize(page.facets.len(), Place::default());
        // One that was not written since there are stamps has none: every reader knows it.
        if let Some(stamps) = read(connection, "issue_stamps", number)? {
            page.stamps = stamps_of(&stamps.unpack()?);
        }
        page.stamps.resize(page.facets.len(), 0);
        let lists = [&mut page.assets, &mut page.candidates, &mut page.scopes];
        for (table, to) in TEXTS.into_iter().zip(lists) {
            // A page from before there were scopes has none.
            let body = match read(connection, table, number)? {
                Some(body) => body.unpack()?,
                None if table == "issue_scopes" => Vec::new(),
                None => return Err(damaged()),
            };
            *to = texts(&body).map(Box::from).collect();
            to.resize_with(page.facets.len(), Box::default);
        }
        Ok(page)
    }

    fn packed(&self) -> Bodies {
        let facets: Vec<u8> = self.facets.iter().flat_map(|f| f.to_bytes()).collect();
        let places: Vec<u8> = self.places.iter().flat_map(|p| p.to_bytes()).collect();
        let stamps: Vec<u8> = self.stamps.iter().flat_map(|stamp| stamp.to_le_bytes()).collect();
        let lists = [&self.assets, &self.candidates, &self.scopes];
        let [assets, candidates, scopes] = lists.map(|list| Packed::of(&joined(list)));
        let [facets, places, stamps] = [facets, places, stamps].map(|body| Packed::of(&body));
        [facets, places, stamps, assets, candidates, scopes]
    }
}

fn save(connection: &Connection, number: i64, bodies: &Bodies) -> Result<(), StoreError> {
    for (table, body) in TABLES.into_iter().zip(bodies) {
        connection
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO {table} (page, body) VALUES (?1, ?2)"
            ))?
            .execute(params![number, body.as_stored()])?;
    }
    pages::note(connection, Kind::Issues, number)
}

fn damaged() -> StoreError {
    StoreError::Damaged("a page of issues cannot be read".to_owned())
}

fn read(connection: &Connection, table: &str, page: i64) -> Result<Option<Packed>, StoreError> {
    let mut select =
        connection.prepare_cached(&format!("SELECT body FROM {table} WHERE page = ?1"))?;
    let row = select.query_row(params![page], |row| Ok(Packed::from_stored(row.get(0)?)));
    Ok(row.optional()?)
}

/// The facets of a page, in the order of its issues.
pub(crate) fn facets_of(body: &[u8]) -> Vec<Facets> {
    body.as_chunks::<FACET_BYTES>().0.iter().map(Facets::from_bytes).collect()
}

/// Texts one after the other, each behind its length.
fn joined(texts: &[Box<[u8]>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(texts.iter().map(|t| t.len() + 4).sum());
    for text in texts {
        out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(text);
    }
    out
}

/// The texts of a page, in the order of its issues.
pub(crate) fn texts(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = body.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (text, rest) = rest.split_at_checked(length)?;
        body = rest;
        Some(text)
    })
}
