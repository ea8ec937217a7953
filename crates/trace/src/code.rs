//! What the files of a repository say, read by those who know the languages.

use std::collections::{BTreeMap, BTreeSet};

use crate::Address;

/// A block, an object or a resource of a template, and what its text says it makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// Path below the repository, with forward slashes.
    pub file: String,
    /// Its first line, from 1; 0 where that is not known.
    pub line: u32,
    /// What the language calls it (`aws_s3_bucket.logs`, `Deployment.web`), unique in the file.
    pub address: String,
    /// What it makes, in the language's word (`aws_s3_bucket`, `Deployment`, `AWS::S3::Bucket`).
    pub kind: String,
    /// Every name that it gives, with variables and loops followed.
    pub names: Vec<String>,
    /// Beginnings of names to which the provider adds an ending.
    pub prefixes: Vec<String>,
    /// Its tags, as far as they are literal.
    pub tags: BTreeMap<String, String>,
    /// The namespace of a Kubernetes object, where it names one.
    pub namespace: Option<String>,
}

/// A call of a module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// The file that it stands in.
    pub file: String,
    /// Its first line.
    pub line: u32,
    /// The name of the call.
    pub name: String,
    /// Where the module comes from, as it is written.
    pub source: String,
    /// The folder of the module, where it stands in the repository.
    pub folder: Option<String>,
}

/// An output of a module that gives what a block makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// The folder of the module.
    pub folder: String,
    /// The output's name.
    pub name: String,
    /// The folder of the block.
    pub of_folder: String,
    /// The block's address there.
    pub of: String,
}

/// What stands at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot<'c> {
    /// The block itself.
    Block(&'c Block),
    /// The call of the module that has the block, which comes from elsewhere.
    Call(&'c Call),
}

/// The code of a repository.
#[derive(Debug, Clone, Default)]
pub struct Code {
    blocks: Vec<Block>,
    calls: Vec<Call>,
    outputs: Vec<Output>,
    /// Folder and address → blocks.
    at: BTreeMap<(String, String), usize>,
    /// Folder and name → call.
    called: BTreeMap<(String, String), usize>,
    /// Folder and name → output.
    given: BTreeMap<(String, String), usize>,
    names: BTreeMap<String, Vec<usize>>,
    files: BTreeMap<String, Vec<usize>>,
    /// Resources of templates by their name there.
    logical: BTreeMap<String, Vec<usize>>,
    /// Blocks that give the beginning of a name.
    prefixed: Vec<usize>,
    yor: BTreeMap<String, Vec<usize>>,
    folders: BTreeSet<String>,
    /// Folders that some call leads to.
    inner: BTreeSet<String>,
}

/// The tag of Yor.
const YOR: &str = "yor_trace";

impl Code {
    /// Takes what was read.
    #[must_use]
    pub fn new(blocks: Vec<Block>, calls: Vec<Call>, outputs: Vec<Output>) -> Self {
        let mut code = Self { blocks, calls, outputs, ..Self::default() };
        for (place, block) in code.blocks.iter().enumerate() {
            let folder = folder_of(&block.file).to_owned();
            code.folders.insert(folder.clone());
            code.at.entry((folder, block.address.clone())).or_insert(place);
            for name in &block.names {
                code.names.entry(name.clone()).or_default().push(place);
            }
            code.files.entry(block.file.clone()).or_default().push(place);
            if block.kind.contains("::") {
                code.logical.entry(block.address.clone()).or_default().push(place);
            }
            if !block.prefixes.is_empty() {
                code.prefixed.push(place);
            }
            if let Some(yor) = block.tags.get(YOR) {
                code.yor.entry(yor.clone()).or_default().push(place);
            }
        }
        for (place, call) in code.calls.iter().enumerate() {
            let folder = folder_of(&call.file).to_owned();
            code.folders.insert(folder.clone());
            code.called.entry((folder, call.name.clone())).or_insert(place);
            code.inner.extend(call.folder.clone());
        }
        for (place, output) in code.outputs.iter().enumerate() {
            let key = (output.folder.clone(), output.name.clone());
            code.given.entry(key).or_insert(place);
        }
        code
    }

    /// How many blocks there are.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Blocks that give a name.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Block> {
        self.picked(self.names.get(name))
    }

    /// Blocks of the files that a judge picks.
    pub(crate) fn in_files(&self, fits: impl Fn(&str) -> bool) -> Vec<&Block> {
        let files = self.files.iter().filter(|(file, _)| fits(file));
        files.flat_map(|(_, places)| self.picked(Some(places))).collect()
    }

    /// Resources of templates that are called so there.
    pub(crate) fn logical(&self, name: &str) -> impl Iterator<Item = &Block> {
        self.picked(self.logical.get(name))
    }

    /// Blocks that give the beginning of a name.
    pub(crate) fn prefixed(&self) -> impl Iterator<Item = &Block> {
        self.picked(Some(&self.prefixed))
    }

    /// Blocks that have a tag of Yor.
    pub(crate) fn tagged(&self, yor: &str) -> impl Iterator<Item = &Block> {
        self.picked(self.yor.get(yor))
    }

    fn picked<'c>(&'c self, places: Option<&'c Vec<usize>>) -> impl Iterator<Item = &'c Block> {
        places.into_iter().flatten().filter_map(|place| self.blocks.get(*place))
    }

    /// What stands at an address that is written from a folder.
    #[must_use]
    pub fn at(&self, folder: &str, address: &Address) -> Option<Spot<'_>> {
        let mut folder = folder.to_owned();
        for name in &address.modules {
            let call = self.calls.get(*self.called.get(&(folder.clone(), name.clone()))?)?;
            match &call.folder {
                Some(inner) => folder.clone_from(inner),
                None => return Some(Spot::Call(call)),
            }
        }
        let place = self.at.get(&(folder, address.own.clone()))?;
        self.blocks.get(*place).map(Spot::Block)
    }

    /// What stands at an address that is written from a folder that is not known: from each that
    /// nobody calls, else from any.
    #[must_use]
    pub fn anywhere(&self, address: &Address) -> Vec<Spot<'_>> {
        let (inner, outer): (Vec<&String>, Vec<&String>) =
            self.folders.iter().partition(|folder| self.inner.contains(*folder));
        let among = |folders: &[&String]| -> Vec<Spot<'_>> {
            let mut found: Vec<Spot<'_>> =
                folders.iter().filter_map(|folder| self.at(folder, address)).collect();
            found.dedup();
            found
        };
        let found = among(&outer);
        if found.is_empty() { among(&inner) } else { found }
    }

    /// The block whose id an output of a folder gives; of any folder where none is known.
    pub(crate) fn output(&self, folder: Option<&str>, name: &str) -> Vec<&Block> {
        let fits = |output: &&Output| {
            output.name == name && folder.is_none_or(|folder| output.folder == folder)
        };
        let block = |output: &Output| {
            let place = self.at.get(&(output.of_folder.clone(), output.of.clone()))?;
            self.blocks.get(*place)
        };
        let known = folder.map(|folder| (folder.to_owned(), name.to_owned()));
        if let Some(key) = known {
            let output = self.given.get(&key).and_then(|place| self.outputs.get(*place));
            return output.and_then(block).into_iter().collect();
        }
        let open = |output: &&Output| !self.inner.contains(&output.folder);
        self.outputs.iter().filter(fits).filter(open).filter_map(block).collect()
    }
}

/// The folder of a file; empty for the top.
pub(crate) fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(file: &str, address: &str) -> Block {
        Block { file: file.into(), address: address.into(), ..Block::default() }
    }

    fn call(file: &str, name: &str, folder: Option<&str>) -> Call {
        let folder = folder.map(ToOwned::to_owned);
        Call { file: file.into(), name: name.into(), folder, ..Call::default() }
    }

    fn code() -> Code {
        let blocks = vec![
            block("prod/main.tf", "aws_s3_bucket.a"),
            block("test/main.tf", "aws_s3_bucket.a"),
            block("modules/s3/main.tf", "aws_s3_bucket.this"),
        ];
        let calls = vec![
            call("prod/main.tf", "logs", Some("modules/s3")),
            call("prod/main.tf", "vpc", None),
        ];
        Code::new(blocks, calls, Vec::new())
    }

    fn file(spot: Option<Spot<'_>>) -> Option<String> {
        match spot? {
            Spot::Block(block) => Some(block.file.clone()),
            Spot::Call(call) => Some(format!("call {}", call.name)),
        }
    }

    #[test]
    fn calls_lead_to_the_block_or_end_where_the_module_is_elsewhere() {
        let code = code();
        let at =
            |folder: &str, address: &str| file(code.at(folder, &Address::parse(address).unwrap()));
        assert_eq!(
            at("prod", "module.logs[\"x\"].aws_s3_bucket.this").unwrap(),
            "modules/s3/main.tf"
        );
        assert_eq!(at("prod", "module.vpc.module.x.aws_vpc.this").unwrap(), "call vpc");
        assert_eq!(at("test", "module.logs.aws_s3_bucket.this"), None);
        assert_eq!(at("prod", "aws_s3_bucket.b"), None);
    }

    #[test]
    fn without_a_folder_those_at_the_top_are_asked() {
        let code = code();
        let any = |address: &str| code.anywhere(&Address::parse(address).unwrap()).len();
        assert_eq!(any("aws_s3_bucket.a"), 2);
        assert_eq!(any("module.logs.aws_s3_bucket.this"), 1);
        assert_eq!(any("aws_s3_bucket.this"), 1);
        assert_eq!(any("aws_s3_bucket.none"), 0);
    }
}
