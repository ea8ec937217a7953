//! The files of a repository, by module, and the resource blocks in them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use hcl_edit::structure::Block;

use super::SourceFile;
use super::locate::{State, literal_names};

/// The infrastructure code of a repository, as text that was handed in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repository {
    files: Vec<Arc<SourceFile>>,
    /// Folder → places in `files`, in path order.
    modules: Arc<BTreeMap<String, Vec<usize>>>,
    states: Arc<Vec<State>>,
    /// Folder of a module → places in `files` of those that call it.
    callers: Arc<BTreeMap<String, Vec<usize>>>,
    /// Literal name → file and address of the blocks that give it; made when first asked for.
    names: OnceLock<Names>,
}

type Names = BTreeMap<String, Vec<(String, String)>>;

/// One resource block and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resource<'r> {
    /// The file it is in.
    pub(crate) file: &'r SourceFile,
    /// The parsed block.
    pub(crate) block: &'r Block,
}

impl<'r> Resource<'r> {
    pub(crate) fn from_block(file: &'r SourceFile, block: &'r Block) -> Option<Self> {
        let is_resource = block.ident.as_str() == "resource" && block.labels.len() == 2;
        is_resource.then_some(Self { file, block })
    }

    /// The resource blocks of one file; variable files have none.
    pub(crate) fn all_in(file: &'r SourceFile) -> impl Iterator<Item = Self> {
        let blocks = file.blocks().filter_map(move |block| Self::from_block(file, block));
        blocks.filter(move |_| file.path.ends_with(".tf"))
    }

    /// The resource's type (`aws_s3_bucket`).
    #[must_use]
    pub(crate) fn kind(&self) -> &'r str {
        self.block.labels.first().map_or("", |label| label.as_str())
    }

    /// The resource's name in the configuration (`logs`).
    #[must_use]
    pub(crate) fn name(&self) -> &'r str {
        self.block.labels.get(1).map_or("", |label| label.as_str())
    }

    /// `type.name`, as references write it.
    #[must_use]
    pub(crate) fn address(&self) -> String {
        format!("{}.{}", self.kind(), self.name())
    }

    /// Whether this is its `type.name`.
    #[must_use]
    pub(crate) fn has_address(&self, address: &str) -> bool {
        address.split_once('.') == Some((self.kind(), self.name()))
    }

    /// Where the block stands in its file.
    #[must_use]
    pub(crate) fn span(&self) -> Range<usize> {
        self.file.span(self.block).unwrap_or_default()
    }

    /// First and last line of the block, from 1.
    #[must_use]
    pub(crate) fn lines(&self) -> (usize, usize) {
        let span = self.span();
        (self.file.line(span.start), self.file.line(span.end))
    }

    /// `path:line`, for people.
    #[must_use]
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file.path, self.lines().0)
    }
}

impl Repository {
    /// Takes the files of a repository: `*.tf`, `*.tfvars` and `*.tfstate`; others are ignored.
    /// A file that does not parse is kept, with its reason.
    #[must_use]
    pub(crate) fn parse(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut sources: Vec<Arc<SourceFile>> = Vec::new();
        let mut states = Vec::new();
        for (path, text) in files {
            let path = path.replace('\\', "/");
            let path = path.trim_start_matches("./").to_owned();
            if path.ends_with(".tfstate") {
                states.extend(State::parse(&path, &text));
            } else if path.ends_with(".tf") || path.ends_with(".tfvars") {
                sources.push(Arc::new(SourceFile::parse(path, text)));
            }
        }
        sources.sort_by(|left, right| left.path.cmp(&right.path));
        sources.dedup_by(|left, right| left.path == right.path);
        let mut modules: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut callers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, file) in sources.iter().enumerate() {
            modules.entry(file.folder().to_owned()).or_default().push(place);
            for called in file.blocks().filter_map(|block| called_module(file, block)) {
                callers.entry(called).or_default().push(place);
            }
        }
        for places in callers.values_mut() {
            places.dedup();
        }
        Self {
            files: sources,
            modules: Arc::new(modules),
            states: Arc::new(states),
            callers: Arc::new(callers),
            names: OnceLock::new(),
        }
    }

    /// The same repository with another text in one of its files.
    #[must_use]
    pub(crate) fn changed(&self, path: &str, text: String) -> Self {
        let mut changed = Self {
            files: self.files.clone(),
            modules: Arc::clone(&self.modules),
            states: Arc::clone(&self.states),
            callers: Arc::clone(&self.callers),
            names: OnceLock::new(),
        };
        if let Some(file) = changed.files.iter_mut().find(|file| file.path == path) {
            *file = Arc::new(SourceFile::parse(path.to_owned(), text));
        }
        changed
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

    /// The resource of that address in one file.
    #[must_use]
    pub(crate) fn resource(&self, path: &str, address: &str) -> Option<Resource<'_>> {
        let file = self.file(path)?;
        Resource::all_in(file).find(|resource| resource.has_address(address))
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

    /// Blocks that call the module in a folder, with the file they are in.
    pub(crate) fn calls<'r>(
        &'r self,
        folder: &'r str,
    ) -> impl Iterator<Item = (&'r SourceFile, &'r Block)> {
        let callers = self.callers.get(folder).into_iter().flatten();
        callers
            .filter_map(|place| self.files.get(*place).map(AsRef::as_ref))
            .flat_map(|file| file.blocks().map(move |block| (file, block)))
            .filter(move |(file, block)| called_module(file, block).as_deref() == Some(folder))
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

    /// The state files that were handed in.
    pub(crate) fn states(&self) -> &[State] {
        &self.states
    }
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
