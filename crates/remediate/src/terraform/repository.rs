//! The files of a repository, by module, and the resource blocks in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use hcl_edit::structure::{Block, Structure};

use super::cache::{Groups, Known, State};
use super::index::Index;
use super::locate::literal_names;
use super::source::{Changed, LOCK_FILE};
use super::{Resource, SourceFile};

/// The infrastructure code of a repository, as text that was handed in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repository {
    files: Vec<Arc<SourceFile>>,
    /// Folder → places in `files`, in path order.
    modules: Arc<BTreeMap<String, Vec<usize>>>,
    /// Folder of a module → places in `files` of those that call it.
    callers: Arc<BTreeMap<String, Vec<usize>>>,
    /// Folder → places in `files` of override files.
    overrides: Arc<BTreeMap<String, Vec<usize>>>,
    /// Folder → what its blocks define.
    indexes: Arc<BTreeMap<String, Arc<Index>>>,
    /// Folder → group of modules that call each other.
    groups: Arc<Groups>,
    /// Group → its state, by which blocks keep what was resolved.
    states: Arc<BTreeMap<usize, State>>,
    /// Literal name → file and address of the blocks that give it; made when first asked for.
    names: OnceLock<Names>,
}

/// How many folders are looked at for what is tied to a block.
const MAX_RELATED: usize = 64;

/// The kind of `data` block whose text is a part of what refers to it.
const DOCUMENT: &str = "aws_iam_policy_document";

type Names = BTreeMap<String, Vec<(String, String)>>;

impl Repository {
    /// Takes the files of a repository: `*.tf` and `*.tfvars`; others are ignored.
    /// A file that does not parse is kept, with its reason.
    #[must_use]
    pub(crate) fn parse(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut sources: Vec<Arc<SourceFile>> = Vec::new();
        for (path, text) in files {
            let path = path.replace('\\', "/");
            let path = path.trim_start_matches("./").to_owned();
            if reads(&path) {
                sources.push(Arc::new(SourceFile::parse(path, text)));
            }
        }
        sources.sort_by(|left, right| left.path.cmp(&right.path));
        sources.dedup_by(|left, right| left.path == right.path);
        let mut modules: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut callers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut overrides: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut ties: Vec<(String, String)> = Vec::new();
        for (place, file) in sources.iter().enumerate() {
            modules.entry(file.folder().to_owned()).or_default().push(place);
            if file.overrides() {
                overrides.entry(file.folder().to_owned()).or_default().push(place);
            }
            for called in file.blocks().filter_map(|block| called_module(file, block)) {
                ties.push((file.folder().to_owned(), called.clone()));
                callers.entry(called).or_default().push(place);
            }
        }
        for places in callers.values_mut() {
            places.dedup();
        }
        let groups = Groups::of(modules.keys(), &ties);
        Self {
            files: sources,
            modules: Arc::new(modules),
            callers: Arc::new(callers),
            overrides: Arc::new(overrides),
            indexes: Arc::default(),
            groups: Arc::new(groups),
            states: Arc::default(),
            names: OnceLock::new(),
        }
        .indexed()
    }

    /// The same repository with another text in one of its files.
    #[must_use]
    pub(crate) fn changed(&self, path: &str, text: String) -> Self {
        let mut changed = Self {
            files: self.files.clone(),
            modules: Arc::clone(&self.modules),
            callers: Arc::clone(&self.callers),
            overrides: Arc::clone(&self.overrides),
            indexes: Arc::clone(&self.indexes),
            groups: Arc::clone(&self.groups),
            states: Arc::clone(&self.states),
            names: OnceLock::new(),
        };
        let found = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok();
        let Some((place, old)) = found.and_then(|at| Some((at, self.files.get(at)?))) else {
            return changed;
        };
        let Changed { file, touched } = old.changed(text);
        let folder = file.folder().to_owned();
        let stays = touched.as_ref().filter(|touched| {
            let (gone, come) = (touched.old.clone(), touched.new.clone());
            old.some(gone).chain(file.some(come)).all(decides_itself_alone)
        });
        if let Some(group) = changed.groups.get(&folder).filter(|_| stays.is_none()) {
            Arc::make_mut(&mut changed.states).insert(group, State::new());
        }
        let same = Arc::ptr_eq(old.heads(), file.heads());
        let moved =
            stays.zip(self.indexes.get(&folder)).filter(|_| !same && file.is_configuration());
        let moved = moved.map(|(touched, index)| index.with(place, touched, &file));
        if let Some(old) = changed.files.get_mut(place) {
            *old = Arc::new(file);
        }
        if !same {
            let index = moved.unwrap_or_else(|| changed.index_of(&folder));
            Arc::make_mut(&mut changed.indexes).insert(folder, Arc::new(index));
        }
        changed
    }

    fn indexed(mut self) -> Self {
        let indexes =
            self.modules.keys().map(|folder| (folder.clone(), Arc::new(self.index_of(folder))));
        self.indexes = Arc::new(indexes.collect());
        let groups = self.modules.keys().filter_map(|folder| self.groups.get(folder));
        self.states = Arc::new(groups.map(|group| (group, State::new())).collect());
        self
    }

    fn index_of(&self, folder: &str) -> Index {
        let places = self.modules.get(folder).into_iter().flatten();
        Index::of(places.filter_map(|place| Some((*place, self.files.get(*place)?.as_ref()))))
    }

    /// The file at a path below the repository.
    #[must_use]
    pub(crate) fn file(&self, path: &str) -> Option<&SourceFile> {
        let place = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(place).map(AsRef::as_ref)
    }

    /// Every file, in path order.
    pub(crate) fn source_files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().map(AsRef::as_ref)
    }

    /// Files that do not parse, with the reason.
    pub(crate) fn unparsed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.source_files()
            .filter_map(|file| file.body().err().map(|error| (file.path.as_str(), error)))
    }

    /// Every resource block of the repository.
    pub(crate) fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.source_files().flat_map(Resource::all_in)
    }

    /// Every block of the repository that a check can be about.
    pub(crate) fn judged(&self) -> impl Iterator<Item = Resource<'_>> {
        self.source_files().flat_map(Resource::judged_in)
    }

    /// The block of that address in one file.
    #[must_use]
    pub(crate) fn resource(&self, path: &str, address: &str) -> Option<Resource<'_>> {
        let file = self.file(path)?;
        let block = file.body().ok()?.get(file.heads().get(address)?)?.as_block()?;
        Some(Resource { file, block })
    }

    /// Why a file of a module cannot be read in which a block of a kind may stand.
    pub(crate) fn obscured(&self, folder: &str, kind: &str) -> Option<&str> {
        let written = |file: &&SourceFile| file.is_configuration() && file.text.contains(kind);
        let broken = self.module_files(folder).filter(|file| file.body().is_err());
        broken.filter(written).find_map(|file| file.body().err())
    }

    /// Whether an override file of the module has the block too, so that two texts make it.
    pub(crate) fn is_overridden(&self, resource: &Resource<'_>) -> bool {
        let places = self.overrides.get(resource.file.folder()).into_iter().flatten();
        let files = places.filter_map(|place| self.files.get(*place).map(AsRef::as_ref));
        let mut blocks = files.flat_map(Resource::judged_in);
        blocks.any(|one| one.is(&resource.kind()) && one.name() == resource.name())
    }

    /// Whether a module has a block of an address, which may name another folder.
    pub(crate) fn has_block(&self, folder: &str, address: &str) -> bool {
        let (folder, address) = address.split_once("//").unwrap_or((folder, address));
        if let Some(name) = address.strip_prefix("module.") {
            return self.defined(folder, "module", name).is_some();
        }
        let mut judged = self.module_files(folder).flat_map(Resource::judged_in);
        judged.any(|one| one.has_address(address))
    }

    /// The block of an address that a module writes, which may name another folder.
    pub(crate) fn referred(&self, folder: &str, address: &str) -> Option<Resource<'_>> {
        let (folder, address) = address.split_once("//").unwrap_or((folder, address));
        let mut judged = self.module_files(folder).flat_map(Resource::judged_in);
        judged.find(|one| one.has_address(address))
    }

    /// Resources that give what they make this literal name.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = Resource<'_>> {
        let names = self.names.get_or_init(|| self.all_names());
        let places = names.get(name).into_iter().flatten();
        places.filter_map(|(path, address)| self.resource(path, address))
    }

    fn all_names(&self) -> Names {
        let mut names = Names::new();
        for resource in self.resources() {
            let place = (resource.file.path.clone(), resource.address());
            for name in literal_names(self, &resource) {
                names.entry(name).or_default().push(place.clone());
            }
        }
        names
    }

    /// What was found of a block already, and the state of the modules around it.
    pub(super) fn known<'r>(&self, resource: &Resource<'r>) -> Option<(&'r Known, State)> {
        let path = resource.file.path.as_str();
        let place = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        let own = std::ptr::eq(self.files.get(place)?.as_ref(), resource.file);
        let state = self.states.get(&self.groups.get(resource.file.folder())?)?;
        own.then(|| Some((resource.file.known(resource.block)?, *state))).flatten()
    }

    /// The block of a module that defines a name: a `variable`, an `output`, a call (`module`),
    /// or the `locals` block with that attribute.
    pub(crate) fn defined(
        &self,
        folder: &str,
        ident: &str,
        name: &str,
    ) -> Option<(&SourceFile, &Block)> {
        self.block_at(self.indexes.get(folder)?.get(ident, name)?)
    }

    /// The folder of the module that a block of a file calls, where it stands in the repository.
    pub(crate) fn called_by(&self, file: &SourceFile, block: &Block) -> Option<String> {
        called_module(file, block).filter(|folder| self.modules.contains_key(folder))
    }

    /// Folders whose blocks may be tied to those of a folder: itself, the modules that call it,
    /// and the modules that it or they call.
    pub(crate) fn related(&self, folder: &str) -> Vec<String> {
        let mut above: BTreeSet<String> = [folder.to_owned()].into();
        above.extend(self.calls(folder).iter().map(|(file, _)| file.folder().to_owned()));
        let mut all = above.clone();
        for folder in above {
            all.extend(self.called_from(&folder));
            if all.len() > MAX_RELATED {
                break;
            }
        }
        all.remove(folder);
        let mut related = vec![folder.to_owned()];
        related.extend(all);
        related
    }

    /// The modules of the repository that a module calls.
    pub(crate) fn called_from(&self, folder: &str) -> impl Iterator<Item = String> {
        let index = self.indexes.get(folder);
        let calls = index.map(|index| index.calls()).unwrap_or_default();
        calls.iter().filter_map(|place| {
            let (file, block) = self.block_at(*place)?;
            self.called_by(file, block)
        })
    }

    /// The resources of a type in one module.
    pub(crate) fn of_kind(&self, folder: &str, kind: &str) -> impl Iterator<Item = Resource<'_>> {
        let index = self.indexes.get(folder);
        let places = index.map(|index| index.of_kind(kind)).unwrap_or_default();
        places.iter().filter_map(|place| {
            let (file, block) = self.block_at(*place)?;
            Some(Resource { file, block })
        })
    }

    fn block_at(&self, (file, structure): (usize, usize)) -> Option<(&SourceFile, &Block)> {
        let file = self.files.get(file)?.as_ref();
        Some((file, file.body().ok()?.get(structure)?.as_block()?))
    }

    /// Blocks that call the module in a folder, with the file they are in.
    pub(crate) fn calls(&self, folder: &str) -> Vec<(&SourceFile, &Block)> {
        let callers = self.callers.get(folder).into_iter().flatten();
        let files = callers.filter_map(|place| self.files.get(*place).map(AsRef::as_ref));
        let blocks = files.flat_map(|file| file.blocks().map(move |block| (file, block)));
        blocks
            .filter(|(file, block)| called_module(file, block).as_deref() == Some(folder))
            .collect()
    }

    /// The files of one module, which is a folder.
    pub(crate) fn module_files<'r>(&'r self, folder: &str) -> impl Iterator<Item = &'r SourceFile> {
        self.modules
            .get(folder)
            .into_iter()
            .flatten()
            .filter_map(|place| self.files.get(*place).map(AsRef::as_ref))
    }

    /// The resource blocks of one module.
    pub(crate) fn module_resources<'r>(
        &'r self,
        folder: &str,
    ) -> impl Iterator<Item = Resource<'r>> {
        self.module_files(folder).flat_map(Resource::all_in)
    }
}

/// How the names of Terraform's files end.
const ENDINGS: [&str; 4] = [".tf", ".tf.json", ".tfvars", ".tfvars.json"];

/// Whether a path is one of Terraform's.
pub(super) fn reads(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name == LOCK_FILE || ENDINGS.iter().any(|end| name.ends_with(end))
}

/// Whether a structure says nothing of any other block: what it is made of may be known to
/// others, what it holds is not.
fn decides_itself_alone(structure: &Structure) -> bool {
    structure.as_block().is_some_and(|block| match block.ident.as_str() {
        "resource" => true,
        "data" => block.labels.first().is_none_or(|kind| kind.as_str() != DOCUMENT),
        _ => false,
    })
}

/// The folder of the local module that a block calls.
fn called_module(file: &SourceFile, block: &Block) -> Option<String> {
    if block.ident.as_str() != "module" || !file.path.ends_with(".tf") {
        return None;
    }
    joined(file.folder(), block.body.get_attribute("source")?.value.as_str()?)
}

/// A local module's source below the caller's folder.
fn joined(folder: &str, source: &str) -> Option<String> {
    if !source.starts_with("./") && !source.starts_with("../") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
