//! The files of a repository as text that was handed in, each read by its own language.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use quell_catalog::Language;

use crate::DIALECTS;
use crate::code::{Code, Dialect, Place, Told};
use crate::inventory::Inventory;

/// The infrastructure code of a repository.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    code: Vec<(&'static Dialect, Arc<dyn Code>)>,
}

impl Workspace {
    /// Takes files as path below the repository and text. The first language that claims a path
    /// reads it; files that none claims are ignored. A file that does not parse is kept.
    #[must_use]
    pub fn parse(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut own: BTreeMap<usize, BTreeMap<String, String>> = BTreeMap::new();
        for (path, text) in files {
            let path = path.replace('\\', "/");
            let path = path.trim_start_matches("./").to_owned();
            if let Some(rank) = DIALECTS.iter().position(|dialect| (dialect.reads)(&path)) {
                own.entry(rank).or_default().insert(path, text);
            }
        }
        let code = own.into_iter().filter_map(|(rank, files)| {
            let dialect: &'static Dialect = DIALECTS.get(rank)?;
            Some((dialect, (dialect.parse)(files.into_iter().collect())))
        });
        let mut code: Vec<(&'static Dialect, Box<dyn Code>)> = code.collect();
        let told: Vec<Told> = code.iter().flat_map(|(_, code)| code.tells()).collect();
        for (_, code) in &mut code {
            code.hears(&told);
        }
        Self { code: code.into_iter().map(|(dialect, code)| (dialect, Arc::from(code))).collect() }
    }

    /// Whether some language reads files at this path.
    #[must_use]
    pub fn reads(path: &str) -> bool {
        DIALECTS.iter().any(|dialect| (dialect.reads)(path))
    }

    /// The same repository with another text in one of its files.
    #[must_use]
    pub fn with_file(&self, path: &str, text: String) -> Self {
        let mut changed = self.clone();
        let own = changed.code.iter_mut().find(|(_, code)| code.text(path).is_some());
        if let Some((_, code)) = own {
            *code = Arc::from(code.with_file(path, text));
        }
        changed
    }

    /// The text of a file that some language reads.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.code.iter().find_map(|(_, code)| code.text(path))
    }

    /// Every file that some language reads, in path order.
    #[must_use]
    pub fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = self.code.iter().flat_map(|(_, code)| code.files()).collect();
        files.sort_unstable();
        files
    }

    /// Files that cannot be read, with the reason.
    #[must_use]
    pub fn unparsed(&self) -> Vec<(&str, &str)> {
        let code = self.code.iter();
        let all = code.flat_map(|(_, code)| code.files().into_iter().map(move |f| (f, code)));
        all.filter_map(|(file, code)| Some((file, code.fault(file)?))).collect()
    }

    /// Every place of a file that a check can be about, with its kind.
    #[must_use]
    pub fn places(&self, file: &str) -> Vec<(Place, String)> {
        let code = self.code.iter().filter(|(_, code)| code.text(file).is_some());
        let places = code.flat_map(|(_, code)| {
            let with_kind = |place: Place| code.kind(&place).map(|kind| (place, kind));
            code.places(file).into_iter().filter_map(with_kind)
        });
        places.collect()
    }

    /// The bytes of a place.
    #[must_use]
    pub fn span(&self, place: &Place) -> Option<Range<usize>> {
        self.code.iter().find_map(|(_, code)| code.span(place))
    }

    /// What the files make, as far as their text says: all languages together.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        let mut all = Inventory::default();
        for (_, code) in &self.code {
            all.extend(code.inventory());
        }
        all
    }

    /// The code of one language.
    pub(crate) fn code(&self, language: Language) -> Option<&dyn Code> {
        let own = self.code.iter().find(|(dialect, _)| dialect.language == language);
        own.map(|(_, code)| code.as_ref())
    }

    /// The language that reads a path.
    #[must_use]
    pub fn language_of(path: &str) -> Option<Language> {
        DIALECTS.iter().find(|dialect| (dialect.reads)(path)).map(|dialect| dialect.language)
    }
}
