//! A file system that keeps what was flushed and little else.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::disk::{Disk, DiskFile};

/// What a disk can lose at once.
const SECTOR: usize = 512;

/// Numbers that are the same for the same seed.
#[derive(Clone, Debug)]
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// What goes wrong, each once: at the n-th operation, flush or write from now on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// The machine stops: this operation and all later ones fail.
    pub(crate) stop_at: Option<u64>,
    pub(crate) failed_flush: Option<u64>,
    pub(crate) full_write: Option<u64>,
    pub(crate) failed_create: Option<u64>,
}

/// The double.
#[derive(Clone, Debug, Default)]
pub(crate) struct LazyDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    pending_names: Vec<NameChange>,
    faults: Faults,
    operations: u64,
    salts: u64,
}

#[derive(Clone, Debug, Default)]
struct Content {
    shown: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone, Debug)]
enum NameChange {
    Set(PathBuf, usize),
    Move(PathBuf, PathBuf, usize),
    Remove(PathBuf),
}

#[derive(Debug)]
struct LazyFile {
    disk: LazyDisk,
    number: usize,
}

impl LazyDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    pub(crate) fn bytes(&self, path: &Path) -> Vec<u8> {
        let state = self.state();
        state.files[state.names[path]].shown.clone()
    }

    /// Replaces a file's bytes, as seen and as kept.
    pub(crate) fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = self.state();
        let content = Content { shown: bytes.clone(), durable: bytes, pending: Vec::new() };
        let number = state.files.len();
        state.files.push(content);
        state.names.insert(path.to_owned(), number);
        state.durable_names.insert(path.to_owned(), number);
    }

    pub(crate) fn delete(&self, path: &Path) {
        let mut state = self.state();
        state.names.remove(path);
        state.durable_names.remove(path);
    }

    /// A disk of its own with what this one shows, all of it kept.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::default();
        let state = self.state();
        for (path, number) in &state.names {
            copy.put(path, state.files[*number].shown.clone());
        }
        copy.state().salts = state.salts + 1000;
        drop(state);
        copy
    }

    /// What is there after the power failed: all that was flushed, and any part of the rest, by
    /// sectors and in any order.
    pub(crate) fn after_power_cut(&self, random: &mut Seeded) -> Self {
        let cut = Self::default();
        let state = self.state();
        let mut names = state.durable_names.clone();
        for change in &state.pending_names {
            if random.one_in(2) {
                change.apply(&mut names);
            }
        }
        for (path, number) in names {
            cut.put(&path, state.files[number].after_power_cut(random));
        }
        cut.state().salts = state.salts + 1000;
        drop(state);
        cut
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Set(path, number) => drop(names.insert(path.clone(), *number)),
            Self::Move(from, to, number) => {
                names.remove(from);
                names.insert(to.clone(), *number);
            }
            Self::Remove(path) => drop(names.remove(path)),
        }
    }
}

impl Content {
    fn after_power_cut(&self, random: &mut Seeded) -> Vec<u8> {
        let mut parts: Vec<Change> = self.pending.iter().flat_map(Change::sectors).collect();
        // All, none, or any of it.
        match random.below(4) {
            0 => {}
            1 => parts.clear(),
            _ => parts.retain(|_| !random.one_in(3)),
        }
        if random.one_in(2) {
            for at in (1..parts.len()).rev() {
                let other = usize::try_from(random.below(u64::try_from(at).unwrap() + 1)).unwrap();
                parts.swap(at, other);
            }
        }
        let mut bytes = self.durable.clone();
        for part in parts {
            part.apply(&mut bytes);
        }
        bytes
    }
}

impl Change {
    /// Writes are split where a disk splits them.
    fn sectors(&self) -> Vec<Self> {
        let (mut at, mut rest) = match self {
            Self::Write(at, bytes) => (*at, bytes.as_slice()),
            Self::Length(_) => return vec![self.clone()],
        };
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let (part, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
            parts.push(Self::Write(at, part.to_vec()));
            at += part.len();
            rest = after;
        }
        parts
    }

    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(at, bytes) => {
                content.resize(content.len().max(at + bytes.len()), 0);
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}

impl State {
    /// Counts an operation; an error once the machine has stopped.
    fn operation(&mut self) -> io::Result<()> {
        self.operations += 1;
        match &mut self.faults.stop_at {
            Some(0) => Err(io::Error::other("the machine has stopped")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn number(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn rename_or_so(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }

    fn change(&mut self, number: usize, change: Change) {
        change.apply(&mut self.files[number].shown);
        self.files[number].pending.push(change);
    }
}

/// Whether this is the one that fails.
fn strikes(fault: &mut Option<u64>) -> bool {
    match fault {
        Some(0) => fault.take().is_some(),
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    }
}

impl DiskFile for LazyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state();
        let content = &state.files[self.number].shown;
        let from = usize::try_from(offset).unwrap().min(content.len());
        let read = buffer.len().min(content.len() - from);
        buffer[..read].copy_from_slice(&content[from..from + read]);
        Ok(read)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.operation()?;
        let at = usize::try_from(offset).unwrap();
        if strikes(&mut state.faults.full_write) {
            state.change(self.number, Change::Write(at, bytes[..bytes.len() / 2].to_vec()));
            // The disk or the quota.
            let number = if bytes.len().is_multiple_of(16) { 28 } else { 122 };
            return Err(io::Error::from_raw_os_error(number));
        }
        state.change(self.number, Change::Write(at, bytes.to_vec()));
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.operation()?;
        state.change(self.number, Change::Length(usize::try_from(length).unwrap()));
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.disk.state().files[self.number].shown.len()).unwrap())
    }

    /// After a failed flush the bytes count as written, are shown, and are on no disk.
    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.operation()?;
        let failed = strikes(&mut state.faults.failed_flush);
        let content = &mut state.files[self.number];
        let pending = std::mem::take(&mut content.pending);
        if failed {
            return Err(io::Error::from_raw_os_error(5));
        }
        pending.iter().for_each(|change| change.apply(&mut content.durable));
        Ok(())
    }
}

impl Disk for LazyDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.operation()?;
        if strikes(&mut state.faults.failed_create) {
            return Err(io::Error::from_raw_os_error(24));
        }
        let number = state.files.len();
        state.files.push(Content::default());
        state.rename_or_so(NameChange::Set(path.to_owned(), number));
        Ok(Arc::new(LazyFile { disk: self.clone(), number }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let number = self.state().number(path)?;
        Ok(Arc::new(LazyFile { disk: self.clone(), number }))
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.open(path)
    }

    fn create_folder(&self, _path: &Path) -> io::Result<bool> {
        Ok(false)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        let state = self.state();
        let names = state.names.iter().filter(|(path, _)| path.parent() == Some(folder));
        Ok(names
            .map(|(path, number)| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, u64::try_from(state.files[*number].shown.len()).unwrap())
            })
            .collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        let number = state.number(from)?;
        state.rename_or_so(NameChange::Move(from.to_owned(), to.to_owned(), number));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        state.number(path)?;
        state.rename_or_so(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    /// A failed flush of names leaves them to be flushed, as journals do.
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        if strikes(&mut state.faults.failed_flush) {
            return Err(io::Error::from_raw_os_error(5));
        }
        let pending = std::mem::take(&mut state.pending_names);
        let (now, later): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|change| change.folder() == Some(folder));
        now.iter().for_each(|change| change.apply(&mut state.durable_names));
        state.pending_names = later;
        Ok(())
    }

    fn lock(&self, _path: &Path) -> io::Result<Option<File>> {
        Ok(None)
    }

    fn salt(&self) -> [u8; 32] {
        let mut state = self.state();
        state.salts += 1;
        *blake3::hash(&state.salts.to_le_bytes()).as_bytes()
    }
}

impl NameChange {
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Set(path, _) | Self::Remove(path) | Self::Move(_, path, _) => path.parent(),
        }
    }
}
