//! What the blocks of one module define, so that names are found without a search.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::structure::{Block, Structure};

use super::pieces::{Pieces, Touched};
use super::{Resource, SourceFile};

/// A file's place in the repository and a structure's place in the file.
type Place = (usize, usize);

/// Names and types of one module.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// Names of variables, outputs, calls and locals.
    names: BTreeMap<&'static str, BTreeMap<Arc<str>, Place>>,
    /// Type of a resource → its blocks.
    kinds: BTreeMap<String, Vec<Place>>,
    /// Every call of another module.
    calls: Vec<Place>,
}

impl Index {
    /// Reads the files of a module, each with its place in the repository. The first one counts
    /// where a name is defined twice.
    pub(super) fn of<'f>(files: impl Iterator<Item = (usize, &'f SourceFile)>) -> Self {
        let mut index = Self::default();
        for (place, file) in files {
            index.read(place, file);
        }
        index
    }

    /// The same module once some blocks of a file, which define no name, gave way to others.
    pub(super) fn with(&self, place: usize, touched: &Touched, file: &SourceFile) -> Self {
        let mut index = self.clone();
        for blocks in index.kinds.values_mut() {
            blocks.retain(|found| found.0 != place || !touched.old.contains(&found.1));
        }
        let names = index.names.values_mut().flat_map(BTreeMap::values_mut);
        let others = index.calls.iter_mut().chain(index.kinds.values_mut().flatten());
        for found in names.chain(others).filter(|found| found.0 == place) {
            found.1 = touched.moved(found.1);
        }
        for (at, structure) in file.some(touched.new.clone()).enumerate() {
            if let Some(block) = block_of(structure) {
                index.put(block, (place, touched.new.start + at));
            }
        }
        index.kinds.values_mut().for_each(|blocks| blocks.sort_unstable());
        index
    }

    /// The block that defines a name.
    pub(super) fn get(&self, ident: &str, name: &str) -> Option<Place> {
        self.names.get(ident)?.get(name).copied()
    }

    /// The resources of a type, in the order of the files.
    pub(super) fn of_kind(&self, kind: &str) -> &[Place] {
        self.kinds.get(kind).map_or(&[], Vec::as_slice)
    }

    /// Every call of another module.
    pub(super) fn calls(&self) -> &[Place] {
        &self.calls
    }

    fn read(&mut self, place: usize, file: &SourceFile) {
        if !file.is_configuration() {
            return;
        }
        let structures = file.body().into_iter().flat_map(|body| body.iter().enumerate());
        for (structure, block) in structures.filter_map(|(n, s)| Some((n, block_of(s)?))) {
            self.put(block, (place, structure));
        }
    }

    fn put(&mut self, block: &Block, place: Place) {
        let label = block.labels.first().map(|label| label.as_str().to_owned());
        let ident = match (block.ident.as_str(), label.as_ref()) {
            ("variable", _) => "variable",
            ("output", _) => "output",
            ("module", _) => {
                self.calls.push(place);
                "module"
            }
            ("resource", Some(kind)) if block.labels.len() == 2 => {
                match self.kinds.get_mut(kind) {
                    Some(places) => places.push(place),
                    None => _ = self.kinds.insert(kind.clone(), vec![place]),
                }
                return;
            }
            ("locals", _) => {
                let names = self.names.entry("locals").or_default();
                for attribute in block.body.attributes() {
                    names.entry(attribute.key.as_str().into()).or_insert(place);
                }
                return;
            }
            (_, _) => return,
        };
        if let Some(label) = label {
            self.names.entry(ident).or_default().entry(label.into()).or_insert(place);
        }
    }
}

/// The addresses of the blocks of one file that a check can be about.
#[derive(Debug, Clone, Default)]
pub(super) struct Heads(BTreeMap<Arc<str>, usize>);

impl Heads {
    /// Those of a file. The first block counts where two have one address.
    pub(super) fn of(file: &SourceFile) -> Self {
        let mut heads = Self::default();
        let structures = file.body().into_iter().flat_map(Pieces::iter).enumerate();
        for (place, structure) in structures {
            if let Some(address) = own_address(file, structure) {
                heads.0.entry(address).or_insert(place);
            }
        }
        heads
    }

    /// Those of another text of the file; none where that is not told by what changed alone.
    pub(super) fn with(
        &self,
        (old, new): (&SourceFile, &SourceFile),
        touched: &Touched,
    ) -> Option<Self> {
        let addresses = |file: &SourceFile, places: &Range<usize>| -> Vec<Arc<str>> {
            file.some(places.clone()).filter_map(|one| own_address(file, one)).collect()
        };
        let (gone, come) = (addresses(old, &touched.old), addresses(new, &touched.new));
        let mut heads = self.clone();
        for address in gone {
            // The first of two blocks counts: then the other one has to be found.
            let place = heads.0.remove(&address)?;
            if !come.contains(&address) || !touched.old.contains(&place) {
                return None;
            }
        }
        heads.0.values_mut().for_each(|place| *place = touched.moved(*place));
        for (at, structure) in new.some(touched.new.clone()).enumerate() {
            let Some(address) = own_address(new, structure) else { continue };
            if heads.0.insert(address, touched.new.start + at).is_some() {
                return None;
            }
        }
        Some(heads)
    }

    /// The place in the file of the block of an address.
    pub(super) fn get(&self, address: &str) -> Option<usize> {
        self.0.get(address).copied()
    }
}

fn own_address(file: &SourceFile, structure: &Structure) -> Option<Arc<str>> {
    let block = structure.as_block()?;
    Resource { file, block }.own_address().map(Into::into)
}

/// All of a structure by which others find it: what it is, its labels, what it defines, and the
/// alias of a provider.
pub(super) fn names(structure: &Structure) -> Vec<&str> {
    let Structure::Block(block) = structure else {
        return structure.as_attribute().map(|one| one.key.as_str()).into_iter().collect();
    };
    let labels = block.labels.iter().map(|label| label.as_str());
    let mut names: Vec<&str> = std::iter::once(block.ident.as_str()).chain(labels).collect();
    match block.ident.as_str() {
        "locals" => names.extend(block.body.attributes().map(|one| one.key.as_str())),
        "provider" => {
            names.extend(block.body.get_attribute("alias").and_then(|alias| alias.value.as_str()))
        }
        _ => {}
    }
    names
}

fn block_of(structure: &Structure) -> Option<&Block> {
    structure.as_block()
}
