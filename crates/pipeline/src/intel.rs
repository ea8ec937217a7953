//! Public intelligence: the bundled lists, those a user gave, and risks judged again after both.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use quell_catalog::{EpssScores, Intel, KevEntry};
use quell_model::{Exploited, Outcome, Record, Timestamp};
use quell_report::IntelligenceReport;
use quell_sources::intake::{self, Detected, Detection, Formats, Input, Item, Limits};
use quell_store::{EPSS, IntelligenceRow, KEV, Packed, Store};

use crate::PipelineError;

/// Entries of a list of exploited weaknesses that are taken; the real one has some thousands.
const MOST_ENTRIES: usize = 1_000_000;

type KevEntries = BTreeMap<String, KevEntry>;

/// The lists that hold now: a user's where there is one, else the bundled one.
pub(crate) fn load(store: &Store, bundled: &Intel) -> Result<Intel, PipelineError> {
    let mut intel = bundled.clone();
    if let Some(row) = store.intelligence_get(KEV)? {
        intel = intel.with_kev(serde_json::from_slice(&row.body.unpack()?)?, row.date, row.path);
    }
    if let Some(row) = store.intelligence_get(EPSS)? {
        let scores = EpssScores::from_bytes(&row.body.unpack()?).ok_or_else(|| {
            quell_store::StoreError::Damaged("the stored EPSS scores cannot be read".to_owned())
        })?;
        intel = intel.with_epss(scores, row.date, row.path);
    }
    Ok(intel)
}

/// The lists as the report names them.
pub(crate) fn listings(intel: &Intel) -> Vec<IntelligenceReport> {
    let report = |(name, listing, rows): (&'static str, &quell_catalog::Listing, usize)| {
        IntelligenceReport {
            name: name.into(),
            date: listing.date.clone(),
            source: if listing.from_file { "file" } else { "bundled" }.into(),
            rows: u64::try_from(rows).unwrap_or(u64::MAX),
            origin: listing.source.as_str().into(),
        }
    };
    intel.listings().into_iter().map(report).collect()
}

/// Takes the files that a user names as intelligence, whatever their date.
pub(crate) fn take_files(
    store: &mut Store,
    paths: &[PathBuf],
    now: Timestamp,
) -> Result<(), PipelineError> {
    for path in paths {
        let refuse = |reason: String| PipelineError::Intelligence {
            path: path.display().to_string(),
            reason,
        };
        let (name, row) = take_file(path).map_err(refuse)?;
        store.intelligence_save(name, &row, now)?;
    }
    Ok(())
}

fn take_file(path: &Path) -> Result<(&'static str, IntelligenceRow), String> {
    let mut inputs = intake::walk(&[path.to_owned()]);
    let mut input = match (inputs.pop(), inputs.is_empty()) {
        (Some(Ok(input)), true) => input,
        (Some(Err(unreadable)), _) => return Err(unreadable.reason),
        (Some(Ok(_)), false) => return Err("it holds several files; name one".to_owned()),
        (None, _) => return Err("it holds no file".to_owned()),
    };
    let limits = Limits::default();
    if is_json(&mut input, &limits)? {
        return take_kev(&mut input, &limits);
    }
    let reader = input.open(&limits).map_err(|e| e.to_string())?;
    let epss = quell_sources::read_epss(reader)?;
    let row = IntelligenceRow {
        date: epss.date,
        path: input.name(),
        entries: u64::try_from(epss.scores.len()).unwrap_or(u64::MAX),
        body: Packed::of(&epss.scores.to_bytes()),
    };
    Ok((EPSS, row))
}

fn is_json(input: &mut Input, limits: &Limits) -> Result<bool, String> {
    let mut head = Vec::new();
    let reader = input.open(limits).map_err(|e| e.to_string())?;
    reader.take(512).read_to_end(&mut head).map_err(|e| e.to_string())?;
    Ok(head.trim_ascii_start().first().is_some_and(|b| matches!(b, b'{' | b'[')))
}

fn take_kev(input: &mut Input, limits: &Limits) -> Result<(&'static str, IntelligenceRow), String> {
    let fit = match intake::detect(input, Formats::BUILT_IN, limits) {
        Ok(Detected::Fits(fit)) if fit.format.id() == KEV => fit,
        Ok(Detected::Fits(_) | Detected::Empty | Detected::NoFit(_)) => {
            return Err("it is neither a CISA KEV catalogue nor EPSS scores as CSV".to_owned());
        }
        Err(error) => return Err(error.to_string()),
    };
    let detected = fit.at(Timestamp::UNIX_EPOCH);
    let (mut entries, mut fault) = (KevEntries::new(), None);
    let summary = intake::read(input, &detected, limits, &mut |item| {
        fault = take_item(&item, &detected, &mut entries).err();
        if fault.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    if let Some((offset, reason)) = fault {
        return Err(format!("line {}: {reason}", line_of(input, limits, offset)));
    }
    if let Some(broke_off) = summary.broke_off {
        return Err(broke_off.why);
    }
    let date = Some(date_of(&detected)).filter(|date| !date.is_empty());
    let date = date.unwrap_or_else(|| last_added(&entries));
    let row = kev_row(&entries, date, input.name()).map_err(|e| e.to_string())?;
    Ok((KEV, row))
}

fn take_item(
    item: &Item,
    detected: &Detection,
    entries: &mut KevEntries,
) -> Result<(), (u64, String)> {
    let batch = match item {
        Item::Batch(batch) => batch,
        Item::Reject { offset_bytes, reason } => return Err((*offset_bytes, reason.clone())),
    };
    for record in intake::normalize_batch(batch, detected) {
        let made = record.result.map_err(|reason| (record.offset_bytes, reason))?;
        for made in made {
            if let Record::Exploited(entry) = made {
                let Exploited { weakness, added, ransomware } = *entry;
                entries.insert(weakness, KevEntry { added, ransomware });
            }
        }
        if entries.len() > MOST_ENTRIES {
            return Err((record.offset_bytes, format!("more than {MOST_ENTRIES} entries")));
        }
    }
    Ok(())
}

/// The line in which a byte stands.
fn line_of(input: &mut Input, limits: &Limits, offset: u64) -> u64 {
    let Ok(reader) = input.open(limits) else { return 1 };
    let mut before = Vec::new();
    // What cannot be read again is counted as far as it goes; a list is some megabytes.
    drop(reader.take(offset.min(64 << 20)).read_to_end(&mut before));
    1 + before.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>()
}

fn kev_row(
    entries: &KevEntries,
    date: String,
    path: String,
) -> Result<IntelligenceRow, serde_json::Error> {
    Ok(IntelligenceRow {
        date,
        path,
        entries: u64::try_from(entries.len()).unwrap_or(u64::MAX),
        body: Packed::of(&serde_json::to_vec(entries)?),
    })
}

/// The last day on which an entry was added.
fn last_added(entries: &KevEntries) -> String {
    entries.values().map(|entry| entry.added.clone()).max().unwrap_or_default()
}

/// The day of a catalogue: when it was released, else its version.
fn date_of(detected: &Detection) -> String {
    let document = detected.document();
    let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str);
    let date = text("dateReleased").or_else(|| text("catalogVersion")).unwrap_or_default();
    let date: String = date.chars().take(10).filter(|c| !c.is_control()).collect();
    date.replace('.', "-")
}

/// What a catalogue says of itself that its list does not bear out.
pub(crate) fn note(detected: &Detection, records: u64) -> Option<String> {
    if detected.format.id() != KEV {
        return None;
    }
    let count = detected.document().get("count")?.as_u64()?;
    (count != records).then(|| format!("`count` says {count}, the list holds {records}"))
}

/// A catalogue that is being read among the findings.
#[derive(Debug)]
pub(crate) struct Taking {
    known: KevEntries,
    fresh: KevEntries,
    date: String,
    kept_date: String,
    /// Whether it is older than the one that is kept; then it changes nothing.
    is_old: bool,
}

impl Taking {
    /// Begins to read one; `None` for other formats.
    pub(crate) fn begin(
        store: &Store,
        detected: &Detection,
    ) -> Result<Option<Self>, PipelineError> {
        if detected.format.id() != KEV {
            return Ok(None);
        }
        let date = date_of(detected);
        let kept = store.intelligence_get(KEV)?;
        // A table names no day; the last of its entries tells it, once all are read.
        let kept_date = kept.as_ref().map(|row| row.date.clone()).unwrap_or_default();
        let is_old = !date.is_empty() && kept_date > date;
        let known = match kept {
            Some(row) => serde_json::from_slice(&row.body.unpack()?)?,
            None => KevEntries::new(),
        };
        Ok(Some(Self { known, fresh: KevEntries::new(), date, kept_date, is_old }))
    }

    /// Takes one entry.
    pub(crate) fn entry(&mut self, entry: &Exploited) -> Outcome {
        let new = KevEntry { added: entry.added.clone(), ransomware: entry.ransomware };
        if self.is_old || self.fresh.len() >= MOST_ENTRIES {
            return Outcome::Unchanged;
        }
        let known = self.known.get(&entry.weakness);
        let outcome = match (self.fresh.contains_key(&entry.weakness), known) {
            (true, _) => Outcome::Merged,
            (false, None) => Outcome::Created,
            (false, Some(known)) if *known == new => Outcome::Unchanged,
            (false, Some(_)) => Outcome::Updated,
        };
        self.fresh.insert(entry.weakness.clone(), new);
        outcome
    }

    /// What is to be kept: the new list; of one that broke off, what it has on top of the old.
    pub(crate) fn finish(
        self,
        path: &str,
        complete: bool,
    ) -> Result<Option<IntelligenceRow>, PipelineError> {
        let date = if self.date.is_empty() { last_added(&self.fresh) } else { self.date };
        if self.is_old || self.fresh.is_empty() || date < self.kept_date {
            return Ok(None);
        }
        let mut entries = if complete { KevEntries::new() } else { self.known };
        entries.extend(self.fresh);
        Ok(Some(kev_row(&entries, date, path.to_owned())?))
    }
}
