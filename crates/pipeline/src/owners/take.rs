//! Inventories and CODEOWNERS read from disk into the store.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use quell_config::Config;
use quell_model::{TenantId, Timestamp};
use quell_owners::{
    Book, CodeLine, CodeOwners, Columns, Dialect, Inventory, Place, Settings, read_inventory,
};
use quell_store::Store;

use super::save_book;
use crate::{PipelineError, Setup};

/// Bytes of an inventory that are read.
const MOST_INVENTORY: u64 = 256 << 20;
/// Bytes of a CODEOWNERS file; GitHub takes 3 MB.
const MOST_CODEOWNERS: u64 = 3 << 20;
/// Files of a repository that get owners.
const MOST_FILES: usize = 100_000;
/// Deepest folder that is looked into.
const MOST_DEPTH: usize = 64;
/// Where the hosts look for it, in their order.
const WHERE: &[(&str, Dialect)] = &[
    (".github/CODEOWNERS", Dialect::GitHub),
    ("CODEOWNERS", Dialect::GitHub),
    ("docs/CODEOWNERS", Dialect::GitHub),
    (".gitlab/CODEOWNERS", Dialect::GitLab),
];

/// A file with an inventory.
#[derive(Debug, Clone)]
pub struct InventoryFile {
    /// Its name, as the report says it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its columns, where the user names them.
    pub columns: Columns,
}

/// What is asked of owners.
#[derive(Debug, Clone, Default)]
pub struct OwnersAsked {
    /// What the user says; nothing leaves what was said before.
    pub settings: Option<Settings>,
    /// Inventories in place of those that are known; nothing leaves them.
    pub inventories: Option<Vec<InventoryFile>>,
}

impl OwnersAsked {
    /// Whether the configuration leaves what counts as it usually is.
    #[must_use]
    pub fn default_settings(config: &Config) -> bool {
        Self::of(config, &TenantId::default()).settings == Some(Settings::default())
    }

    /// What the configuration asks for a tenant: every inventory of it, and no other.
    #[must_use]
    pub fn of(config: &Config, tenant: &TenantId) -> Self {
        // One that is had over the network is none before it was had.
        let there = |one: &quell_config::Inventory| one.servicenow.is_none() || one.file.exists();
        let own = config.inventory.iter().filter(|(_, one)| one.enabled && one.tenant == *tenant);
        let own = own.filter(|(_, one)| there(one));
        let file = |(name, one): (&String, &quell_config::Inventory)| InventoryFile {
            name: name.clone(),
            path: one.file.clone(),
            columns: Columns {
                id: one.id.clone(),
                name: one.name.clone(),
                owner: one.owner.clone(),
                environment: one.environment.clone(),
                criticality: one.criticality.clone(),
                data_class: one.data_class.clone(),
                public: one.public.clone(),
            },
        };
        let order = config.owners.order.iter().filter_map(|word| Place::of_word(word)).collect();
        let settings = Settings { order, tags: config.owners.tags.clone() };
        Self { settings: Some(settings), inventories: Some(own.map(file).collect()) }
    }
}

/// Takes in what a user says of owners, and the CODEOWNERS file of a repository. Says whether
/// that is something else than before.
///
/// # Errors
/// When an inventory cannot be read at all, or the store refuses.
pub(crate) fn take_owners(
    store: &mut Store,
    setup: &Setup,
    (asked, repository): (&OwnersAsked, Option<&Path>),
    now: Timestamp,
) -> Result<bool, PipelineError> {
    let mut book: Book = setup.owners(store)?.book().clone();
    if let Some(settings) = &asked.settings {
        book.settings.clone_from(settings);
    }
    if let Some(files) = &asked.inventories {
        book.inventories = inventories(files)?;
    }
    if let Some(repository) = repository {
        book.files = owned_files(repository);
        book.blocks = BTreeMap::new();
    }
    save_book(store, &book, now)
}

fn inventories(files: &[InventoryFile]) -> Result<BTreeMap<String, Inventory>, PipelineError> {
    let mut read = BTreeMap::new();
    for file in files {
        let refuse = |reason: String| PipelineError::Inventory {
            path: file.path.display().to_string(),
            reason,
        };
        let bytes = bytes_of(&file.path, MOST_INVENTORY).map_err(|e| refuse(e.to_string()))?;
        let inventory = read_inventory(&bytes, &file.columns).map_err(|e| refuse(e.to_string()))?;
        if read.insert(file.name.clone(), inventory).is_some() {
            return Err(refuse(format!("another inventory is named `{}` too", file.name)));
        }
    }
    Ok(read)
}

fn bytes_of(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(std::io::Error::other(format!("it is longer than {most} bytes")));
    }
    Ok(bytes)
}

/// The files of a repository with their owners, named from its root and from the folder that was
/// given.
pub(crate) fn owned_files(folder: &Path) -> BTreeMap<String, CodeLine> {
    let Ok(folder) = folder.canonicalize() else { return BTreeMap::new() };
    let is_root = |at: &&Path| at.join(".git").exists();
    let root = folder.ancestors().take(MOST_DEPTH).find(is_root).unwrap_or(&folder);
    let found = WHERE.iter().find_map(|(name, dialect)| {
        let bytes = bytes_of(&root.join(name), MOST_CODEOWNERS).ok()?;
        Some(CodeOwners::read(&String::from_utf8_lossy(&bytes), *dialect))
    });
    let Some(rules) = found else { return BTreeMap::new() };
    let mut owned = BTreeMap::new();
    let mut below = Vec::new();
    list(&folder, &mut below, 0);
    for path in below {
        let (Ok(from_root), Ok(from_folder)) =
            (path.strip_prefix(root), path.strip_prefix(&folder))
        else {
            continue;
        };
        let name = slashed(from_root);
        if let Some(line) = rules.owners(&name) {
            owned.entry(slashed(from_folder)).or_insert_with(|| line.clone());
            owned.insert(name, line);
        }
    }
    owned
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Plain files below a folder, in the order of names. Links are not followed.
fn list(folder: &Path, found: &mut Vec<PathBuf>, depth: usize) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        if kind.is_file() && found.len() < MOST_FILES {
            found.push(entry.path());
        } else if kind.is_dir() && depth < MOST_DEPTH && name != ".git" && name != "node_modules" {
            list(&entry.path(), found, depth + 1);
        }
    }
}
