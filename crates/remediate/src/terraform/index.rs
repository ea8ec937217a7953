//! What the blocks of one module define, so that names are found without a search.

use std::collections::BTreeMap;

use hcl_edit::structure::{Block, Structure};

use super::SourceFile;

/// A file's place in the repository and a structure's place in the file.
type Place = (usize, usize);

/// Names of variables, outputs, calls and locals of one module.
#[derive(Debug, Clone, Default)]
pub(super) struct Index(BTreeMap<&'static str, BTreeMap<String, Place>>);

impl Index {
    /// Reads the files of a module, each with its place in the repository. The first one counts
    /// where a name is defined twice.
    pub(super) fn of<'f>(files: impl Iterator<Item = (usize, &'f SourceFile)>) -> Self {
        let mut index = Self::default();
        for (place, file) in files.filter(|(_, file)| file.is_configuration()) {
            let structures = file.body().into_iter().flat_map(|body| body.iter().enumerate());
            for (structure, block) in structures.filter_map(|(n, s)| Some((n, block_of(s)?))) {
                index.put(block, (place, structure));
            }
        }
        index
    }

    /// The block that defines a name.
    pub(super) fn get(&self, ident: &str, name: &str) -> Option<Place> {
        self.0.get(ident)?.get(name).copied()
    }

    fn put(&mut self, block: &Block, place: Place) {
        let ident = match block.ident.as_str() {
            "variable" => "variable",
            "output" => "output",
            "module" => "module",
            "locals" => {
                let names = self.0.entry("locals").or_default();
                for attribute in block.body.attributes() {
                    names.entry(attribute.key.as_str().to_owned()).or_insert(place);
                }
                return;
            }
            _ => return,
        };
        if let Some(label) = block.labels.first() {
            let names = self.0.entry(ident).or_default();
            names.entry(label.as_str().to_owned()).or_insert(place);
        }
    }
}

fn block_of(structure: &Structure) -> Option<&Block> {
    structure.as_block()
}
