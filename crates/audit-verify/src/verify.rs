//! The whole log, record by record.

use std::collections::BTreeMap;

use crate::files::{Files, path, read_wide};
use crate::keys::Key;
use crate::note::Head;
use crate::personal::{self, Commitments};
use crate::records::{Broken, check_records, read};
use crate::tree::{Growing, Hash, of_leaf};

/// Most faults that are told; the first is what matters.
const MOST_FAULTS: usize = 100;
/// Records of a file.
const BUNDLE: u64 = 256;

/// What is trusted, and what the log is held against.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The log's first key, from elsewhere. Without it the one beside the log is taken, and then
    /// somebody who can write there can also put another log in its place.
    pub key: Option<Key>,
    /// Checkpoints that were kept elsewhere.
    pub against: Vec<String>,
    /// Whether the texts beside the tree are looked at too.
    pub beside: bool,
}

/// Something that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The first record that it is about, where that can be told.
    pub index: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// How a checkpoint from elsewhere stands to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// The log is that one, grown or the same.
    Grown {
        /// How many records it had.
        size: u64,
    },
    /// The log is shorter than what it signed before.
    Shorter {
        /// How many records it had.
        size: u64,
    },
    /// Both are signed and contradict each other: whoever holds the key told two stories.
    Fork {
        /// The one.
        kept: String,
        /// The other.
        found: String,
    },
    /// It says nothing: another log's, or not signed by its key.
    Foreign {
        /// Why.
        why: String,
    },
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Which log.
    pub origin: String,
    /// How many records are signed.
    pub size: u64,
    /// How many stand behind them, not signed yet.
    pub unsigned: u64,
    /// Whether the last record behind those is torn, as after a crash.
    pub torn: bool,
    /// The keys that signed, each with the number of records from which on.
    pub keys: Vec<(u64, String)>,
    /// What is wrong, the first record first.
    pub faults: Vec<Fault>,
    /// The checkpoints from elsewhere, in their order.
    pub against: Vec<Compared>,
}

impl Report {
    /// Whether all is as it was signed.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let fits = |one: &Compared| matches!(one, Compared::Grown { .. });
        self.faults.is_empty() && self.against.iter().all(fits)
    }

    /// The first record that is not as it was signed.
    #[must_use]
    pub fn first_bad(&self) -> Option<u64> {
        self.faults.iter().filter_map(|fault| fault.index).min()
    }

    fn fault(&mut self, index: Option<u64>, what: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault { index, what });
        }
    }
}

/// Checks a log.
#[must_use]
pub fn verify(files: &dyn Files, options: &Options) -> Report {
    let mut report = Report::default();
    let head = match head(files) {
        Ok(head) => head,
        Err(what) => {
            report.fault(None, what);
            return report;
        }
    };
    report.origin.clone_from(&head.origin);
    report.size = head.size;
    let kept: Vec<_> = options.against.iter().map(|note| Head::parse(note)).collect();
    let sizes = kept.iter().flatten().map(|kept| kept.size).collect();
    let mut walk = Walk::new(files, &head, sizes, options.beside);
    walk.keys = anchor(files, options, &mut report);
    walk.all(&mut report);
    walk.signed(&mut report);
    walk.journal(&mut report);
    report.keys = walk.keys.iter().map(|(from, key)| (*from, key.text.clone())).collect();
    report.against = kept.iter().map(|kept| walk.compare(kept)).collect();
    report.faults.sort_by_key(|fault| fault.index.unwrap_or(u64::MAX));
    report
}

fn head(files: &dyn Files) -> Result<Head, String> {
    let bytes = files.read("checkpoint").map_err(|error| format!("`checkpoint`: {error}"))?;
    let bytes = bytes.ok_or("the checkpoint is missing")?;
    Head::parse(&String::from_utf8(bytes).map_err(|_| "the checkpoint is no text")?)
}

/// The key that is trusted at the beginning.
fn anchor(files: &dyn Files, options: &Options, report: &mut Report) -> Vec<(u64, Key)> {
    if let Some(key) = &options.key {
        return vec![(0, key.clone())];
    }
    let text = files.read("key.pub").ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    match text.split_inclusive('\n').next().and_then(|line| Key::parse(line.strip_suffix('\n')?)) {
        Some(key) => vec![(0, key)],
        None => {
            report.fault(None, "the public key beside the log cannot be read".to_owned());
            Vec::new()
        }
    }
}

struct Walk<'a> {
    files: &'a dyn Files,
    head: &'a Head,
    beside: bool,
    /// How many records there are, signed or not.
    end: u64,
    tree: Growing,
    /// Rows of hashes above the leaves that no full tile holds yet.
    rows: Vec<Vec<Hash>>,
    /// Roots at the sizes that somebody asked for.
    roots: BTreeMap<u64, Option<Hash>>,
    keys: Vec<(u64, Key)>,
    /// Hashes of the last records, for the journal.
    last: BTreeMap<u64, Hash>,
}

impl<'a> Walk<'a> {
    fn new(files: &'a dyn Files, head: &'a Head, sizes: Vec<u64>, beside: bool) -> Self {
        let roots = sizes.into_iter().map(|size| (size, None)).collect();
        let mut walk = Self {
            files,
            head,
            beside,
            end: journal_end(files).max(head.size),
            tree: Growing::default(),
            rows: Vec::new(),
            roots,
            keys: Vec::new(),
            last: BTreeMap::new(),
        };
        walk.note_root();
        walk
    }

    fn note_root(&mut self) {
        if let Some(root) = self.roots.get_mut(&self.tree.size()) {
            *root = Some(self.tree.root());
        }
    }

    /// Every bundle with its tile, then the tiles above.
    fn all(&mut self, report: &mut Report) {
        for bundle in 0..self.head.size.div_ceil(BUNDLE) {
            let first = bundle * BUNDLE;
            let width = (self.head.size - first).min(BUNDLE);
            if let Err(broken) = self.bundle(bundle, width) {
                report
                    .fault(Some(broken.index), format!("record {}: {}", broken.index, broken.what));
                // What follows rests on it.
                return;
            }
            if let Err((index, what)) = self.above(width == BUNDLE) {
                report.fault(Some(index), what);
                return;
            }
        }
        if let Err((index, what)) = self.partial_above() {
            report.fault(Some(index), what);
        }
        if self.tree.root() != self.head.root {
            let what = "the records are whole among themselves, and are not those that were signed";
            report.fault(None, what.to_owned());
        }
    }

    fn bundle(&mut self, bundle: u64, width: u64) -> Result<(), Broken> {
        let first = bundle * BUNDLE;
        let missing = |what: String| Broken { index: first, what: what.into() };
        let records = read_wide(self.files, "tile/entries", (bundle, width)).map_err(missing)?;
        let tile = read_wide(self.files, "tile/0", (bundle, width)).map_err(missing)?;
        let hashes = hashes(&tile, width)
            .map_err(|(place, what)| Broken { index: first + place, what: what.into() })?;
        let records = check_records(first, &records, &hashes)?;
        let mut commitments = Commitments::new();
        self.last = self.last.split_off(&first.saturating_sub(BUNDLE * 256));
        for ((index, record), hash) in (first..).zip(records).zip(hashes) {
            let said = read(index, record)?;
            if let Some(key) = said.new_key {
                self.rotated(index, &key)?;
            }
            let personal = said.personal.into_iter();
            commitments.extend(personal.map(|(field, hash)| ((index, field), hash)));
            self.last.insert(index, hash);
            self.tree.push(hash);
            self.note_root();
            self.push_above(0, hash);
        }
        if self.beside {
            self.beside(bundle, (first, first + width), &commitments)?;
        }
        Ok(())
    }

    fn rotated(&mut self, index: u64, text: &str) -> Result<(), Broken> {
        let key = Key::parse(text).filter(|key| key.name == self.head.origin);
        let key = key.ok_or(Broken { index, what: "its new key cannot be read".into() })?;
        self.keys.push((index + 1, key));
        Ok(())
    }

    fn beside(
        &self,
        bundle: u64,
        span: (u64, u64),
        commitments: &Commitments,
    ) -> Result<(), Broken> {
        let name = path("personal", bundle, BUNDLE);
        let failed = |error| Broken { index: span.0, what: format!("`{name}`: {error}").into() };
        match self.files.read(&name).map_err(failed)? {
            Some(bytes) => personal::check(&bytes, (span.0, span.1, self.end), commitments),
            None => Ok(()),
        }
    }

    /// Adds a hash to a row. Row 0 is that of the leaves, whose tiles are looked at already.
    fn push_above(&mut self, row: usize, hash: Hash) {
        let mut next = (row, hash);
        loop {
            if self.rows.len() <= next.0 {
                self.rows.push(Vec::new());
            }
            let Some(known) = self.rows.get_mut(next.0) else { return };
            // A full row waits to be compared before it goes.
            if known.len() == 256 {
                known.clear();
            }
            known.push(next.1);
            if known.len() < 256 {
                return;
            }
            let mut whole = Growing::default();
            known.iter().for_each(|hash| whole.push(*hash));
            next = (next.0 + 1, whole.root());
        }
    }

    /// Compares the tiles above that have just become full.
    fn above(&self, full: bool) -> Result<(), (u64, String)> {
        let mut lower_is_full = full;
        for (level, row) in self.rows.iter().enumerate().skip(1) {
            lower_is_full &= row.len() == 256;
            if !lower_is_full {
                return Ok(());
            }
            self.compare_row(level, row)?;
        }
        Ok(())
    }

    /// Compares the tiles above that are not full.
    fn partial_above(&self) -> Result<(), (u64, String)> {
        for (level, row) in self.rows.iter().enumerate().skip(1) {
            if row.len() < 256 {
                self.compare_row(level, row)?;
            }
        }
        Ok(())
    }

    fn compare_row(&self, level: usize, row: &[Hash]) -> Result<(), (u64, String)> {
        let shift = 8 * u32::try_from(level).unwrap_or(7);
        let known = self.tree.size() >> shift;
        let width = u64::try_from(row.len()).unwrap_or(0);
        let start = known.saturating_sub(width);
        let at = |place: u64| (start + place) << shift;
        let kind = format!("tile/{level}");
        let bytes = read_wide(self.files, &kind, (start / 256, width)).map_err(|e| (at(0), e))?;
        let tile = hashes(&bytes, width).map_err(|(place, what)| (at(place), what.to_owned()))?;
        match (0..).zip(tile.iter().zip(row)).find(|(_, (found, right))| found != right) {
            None => Ok(()),
            Some((place, _)) => {
                let from = at(place);
                let to = from + (1 << shift) - 1;
                Err((from, format!("the hash over records {from} to {to} was changed")))
            }
        }
    }

    /// Whether the head is signed by the key that signs at its size.
    fn signed(&self, report: &mut Report) {
        if self.keys.is_empty() {
            return;
        }
        if !self.is_signed(self.head) {
            report.fault(None, "the checkpoint is not signed by the key of the log".to_owned());
        }
        let all: Vec<&Key> = self.keys.iter().map(|(_, key)| key).collect();
        if !self.head.is_signed_only_by(&all) {
            report.fault(
                None,
                "the checkpoint has a signature that is no key's of the log".to_owned(),
            );
        }
        let written = self.files.read("key.pub").ok().flatten().unwrap_or_default();
        let text: String = all.iter().map(|key| format!("{}\n", key.text)).collect();
        if written != text.as_bytes() {
            report.fault(
                None,
                "the public keys beside the log are not those of its records".to_owned(),
            );
        }
    }

    /// A key signs up to the size at which the next takes over, where both do.
    fn is_signed(&self, head: &Head) -> bool {
        let ends = self.keys.iter().skip(1).map(|(from, _)| *from).chain([u64::MAX]);
        let counts =
            self.keys.iter().zip(ends).filter(|((from, _), to)| (*from..=*to).contains(&head.size));
        head.origin == self.head.origin
            && counts.into_iter().any(|((_, key), _)| head.is_signed_by(key))
    }

    fn compare(&self, kept: &Result<Head, String>) -> Compared {
        let foreign = |why: &str| Compared::Foreign { why: why.to_owned() };
        let kept = match kept {
            Ok(kept) => kept,
            Err(why) => return foreign(why),
        };
        if kept.origin != self.head.origin {
            return foreign("it is another log's");
        }
        if !self.is_signed(kept) {
            return foreign("it is not signed by the key that this log had at its size");
        }
        if kept.size > self.head.size {
            return Compared::Shorter { size: kept.size };
        }
        match self.roots.get(&kept.size).copied().flatten() {
            Some(root) if root == kept.root => Compared::Grown { size: kept.size },
            Some(_) | None => {
                Compared::Fork { kept: kept.note.clone(), found: self.head.note.clone() }
            }
        }
    }

    /// The journal holds the last records again, and those that are not signed yet.
    fn journal(&self, report: &mut Report) {
        let bytes = match self.files.read("journal") {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return report.fault(None, "the journal is missing".to_owned()),
            Err(error) => return report.fault(None, format!("`journal`: {error}")),
        };
        // Where the walk ended early, that was told already.
        match check_journal(&bytes, (self.tree.size(), self.head.size), &self.last) {
            Ok((unsigned, torn)) => (report.unsigned, report.torn) = (unsigned, torn),
            Err(broken) => report.fault(
                Some(broken.index),
                format!("record {} in the journal: {}", broken.index, broken.what),
            ),
        }
    }
}

/// The hashes of a tile; what is wrong is told with the place in it.
fn hashes(bytes: &[u8], width: u64) -> Result<Vec<Hash>, (u64, &'static str)> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    let found = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
    if found < width {
        return Err((found, "its hash is cut off"));
    }
    // A wider one begins with the same hashes.
    if !rest.is_empty() || (found > width && found != 256) {
        return Err((width.saturating_sub(1), "bytes stand behind its hash"));
    }
    Ok(hashes.iter().take(usize::try_from(width).unwrap_or(usize::MAX)).copied().collect())
}

/// Checks a journal against the records that are signed. How many stand behind them, and whether
/// the last of those is torn.
fn check_journal(
    bytes: &[u8],
    (walked, size): (u64, u64),
    known: &BTreeMap<u64, Hash>,
) -> Result<(u64, bool), Broken> {
    let broken = |index, what: &'static str| Broken { index, what: what.into() };
    let (first, mut rest) = journal_head(bytes).ok_or(broken(0, "its head was changed"))?;
    if first > size || first % BUNDLE != 0 {
        return Err(broken(0, "its head names another beginning"));
    }
    let mut index = first;
    while !rest.is_empty() {
        let frame = frame(rest);
        match (frame, known.get(&index)) {
            (Some((hash, behind)), Some(known)) if hash == *known => rest = behind,
            (Some((_, behind)), None) if index >= walked => rest = behind,
            (None, _) if index >= size => return Ok((index - size, true)),
            _ => return Err(broken(index, "it is not the one that was signed")),
        }
        index += 1;
    }
    if index < size {
        return Err(broken(index, "it is missing"));
    }
    Ok((index - size, false))
}

/// The number of a journal's first record, and its frames.
fn journal_head(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (head, frames) = bytes.split_first_chunk::<38>()?;
    let check = crate::tree::sha256(&[head.get(..30)?]);
    let first = head.get(22..30)?.try_into().ok().map(u64::from_be_bytes)?;
    let sound = head.starts_with(b"quell audit journal 1\n") && head.get(30..) == check.get(..8);
    sound.then_some((first, frames))
}

/// How many records there are, those that are not signed yet with them.
fn journal_end(files: &dyn Files) -> u64 {
    let bytes = files.read("journal").ok().flatten().unwrap_or_default();
    let Some((first, mut rest)) = journal_head(&bytes) else { return 0 };
    let mut end = first;
    while let Some((_, behind)) = frame(rest) {
        end += 1;
        rest = behind;
    }
    end
}

fn frame(bytes: &[u8]) -> Option<(Hash, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (hash, rest) = rest.split_first_chunk::<32>()?;
    let (record, behind) =
        rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    (of_leaf(record) == *hash).then_some((*hash, behind))
}
