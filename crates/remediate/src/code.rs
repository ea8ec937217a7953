//! What the engine and the prover ask of a language's code.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::ops::Range;

use quell_catalog::{Check, FixRecipe, Language, Truth};

use crate::diff::line_ends;
use crate::inventory::Inventory;
use crate::{Config, Evaluator, Settings, Target};

/// Files as path and text.
pub(crate) type Files = Vec<(String, String)>;

/// A language that is read and changed. One folder each, one constant each.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// The name that the catalogue uses.
    pub(crate) language: Language,
    /// A path under which a lone text is read as this language (`case.tf`).
    pub(crate) sample: &'static str,
    /// Whether files at this path are its own. Paths have forward slashes.
    pub(crate) reads: fn(&str) -> bool,
    /// Reads the files, given as path and text in path order.
    pub(crate) parse: fn(Files) -> Box<dyn Code>,
}

/// A block, an object or an instruction: the file it stands in and its address there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Path below the repository, with forward slashes.
    pub file: String,
    /// What the language calls it (`aws_s3_bucket.logs`), unique in the file.
    pub address: String,
}

/// What a recipe is asked to make so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'w> {
    /// The catalogue's recipe.
    pub(crate) fix: &'w FixRecipe,
    /// What the user has said once for all.
    pub(crate) settings: &'w Settings,
    /// Whether a list keeps the elements it has, with the wanted ones added.
    pub(crate) keep_elements: bool,
    /// Whether what is laid upon the place changes with it.
    pub(crate) parts: bool,
}

/// The new text of one file, and of others that change with it or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// The file's path.
    pub(crate) file: String,
    /// The whole new text; the old one where nothing needs to change.
    pub(crate) text: String,
    /// The block that was changed or added (`aws_s3_bucket_versioning.logs`).
    pub(crate) address: String,
    /// The byte of the old text at which the block was added; none where one was changed.
    pub(crate) added: Option<usize>,
    /// Blocks that were added beside it, right below (`aws_kms_key.logs`).
    pub(crate) beside: Vec<String>,
    /// Other places that were changed with it, in this file and in others.
    pub(crate) with: Vec<Place>,
    /// Other places that were changed with it and that only say a part of what stands at it.
    pub(crate) parts: Vec<Place>,
    /// Path and whole new text of the other files.
    pub(crate) others: Vec<(String, String)>,
}

/// Why the code says only in parts what stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// Where it is from, as one sentence.
    pub(crate) from: String,
    /// What a person does where the parts do not decide, as one sentence.
    pub(crate) by_hand: String,
}

impl Change {
    /// The place that was changed or added.
    pub(crate) fn place(&self) -> Place {
        Place { file: self.file.clone(), address: self.address.clone() }
    }

    /// Every file that changes, with its whole new text.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let others = self.others.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        std::iter::once((self.file.as_str(), self.text.as_str())).chain(others)
    }

    /// The code with the change made.
    pub(crate) fn made(&self, code: &dyn Code) -> Box<dyn Code> {
        let first = code.with_file(&self.file, self.text.clone());
        let others = self.others.iter();
        others.fold(first, |code, (path, text)| code.with_file(path, text.clone()))
    }

    /// The places that were added beside it.
    pub(crate) fn places_beside(&self) -> impl Iterator<Item = Place> {
        self.beside
            .iter()
            .map(|address| Place { file: self.file.clone(), address: address.clone() })
    }
}

/// What the files of one language say of those of another. Paths are below the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// The image of a Dockerfile listens on a port.
    Port {
        /// The path of the Dockerfile.
        dockerfile: String,
        /// The port inside the container.
        port: u16,
    },
    /// The image of a Dockerfile is an action of GitHub Actions.
    Action {
        /// The path of the Dockerfile.
        dockerfile: String,
    },
    /// The image of a Dockerfile is asked by this whether it works, as HEALTHCHECK writes it.
    Check {
        /// The path of the Dockerfile.
        dockerfile: String,
        /// A command for the shell, or the words of one as JSON.
        command: String,
    },
    /// An image is used by this name.
    Image {
        /// Its name as it is written, with its tag and digest.
        name: String,
    },
}

/// The files of one language. Everything is asked by place, so that a change is judged on the
/// text that it made and on nothing that a recipe says of itself.
pub(crate) trait Code: Debug + Send + Sync {
    /// The text of a file, byte for byte.
    fn text(&self, file: &str) -> Option<&str>;

    /// The paths of its files, in order.
    fn files(&self) -> Vec<&str>;

    /// The same code with another text in one file.
    fn with_file(&self, file: &str, text: String) -> Box<dyn Code>;

    /// Why a file cannot be read, as one sentence; none where it can.
    fn fault(&self, file: &str) -> Option<&str>;

    /// Why a file that is read together with this one cannot be; asked where a companion is made.
    fn fault_beside(&self, file: &str) -> Option<&str> {
        self.fault(file)
    }

    /// Every place of a file that a check can be about, in the order of the text.
    fn places(&self, file: &str) -> Vec<Place>;

    /// A number that two texts of a file share only where their places are the same; none where
    /// only a look at all of them tells.
    fn outline(&self, _file: &str) -> Option<usize> {
        None
    }

    /// What stands at a place (`aws_s3_bucket`, `Deployment`); none where nothing does.
    fn kind(&self, place: &Place) -> Option<String>;

    /// The bytes of a place.
    fn span(&self, place: &Place) -> Option<Range<usize>>;

    /// What stands there, with variables, locals and defaults put in.
    fn config(&self, place: &Place) -> Config;

    /// What stands there as it is written, where checks look at something that is made of it.
    fn raw(&self, place: &Place) -> Config {
        self.config(place)
    }

    /// The expressions of a place whose value its text does not give.
    fn opaque(&self, _place: &Place) -> Vec<String> {
        Vec::new()
    }

    /// Arguments that the kind of a place has: its own, and those of nested blocks of these names.
    fn arguments(&self, _place: &Place, _blocks: &BTreeSet<String>) -> Option<(String, String)> {
        None
    }

    /// That a change of one of these paths replaces what stands at a place, as one sentence.
    fn replaced_by(&self, _place: &Place, _paths: &[String]) -> Option<String> {
        None
    }

    /// Judges a check on what stands there; unknown where it is not about it.
    fn judge(&self, evaluator: &Evaluator, check: &Check, place: &Place) -> Truth;

    /// That what stands at a place is known from a finding, and from the code only in parts.
    fn unseen(&self, _place: &Place) -> Option<Unseen> {
        None
    }

    /// Addresses that a place refers to and that are nowhere in the code.
    fn dangling(&self, _place: &Place) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Arguments of a place that its kind does not have, where that is known.
    fn invented(&self, _place: &Place) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// That a fix replaces what stands at a place instead of changing it, as one sentence.
    fn replaces(&self, _place: &Place, _fix: &FixRecipe) -> Option<String> {
        None
    }

    /// Dotted paths of the configuration that decide whether and how a block takes part.
    fn switches(&self) -> &'static [&'static str];

    /// Finds the one place that makes an asset, among things of the listed kinds.
    ///
    /// # Errors
    ///
    /// One sentence that says why: nothing, or more than one.
    fn locate(&self, target: &Target, kinds: &[String]) -> Result<Place, String>;

    /// Places of the listed kinds that belong to this one: the ACL block of a bucket.
    fn beside(&self, _place: &Place, _kinds: &[String]) -> Vec<Place> {
        Vec::new()
    }

    /// Whether something is laid upon a place that could change with it.
    fn has_parts(&self, _place: &Place) -> bool {
        false
    }

    /// The places upon which what stands at a part is laid, whichever of them is fixed.
    fn upon(&self, _part: &Place) -> Vec<Place> {
        Vec::new()
    }

    /// The place that stands for all that a recipe changes together with this one; none where it
    /// changes this one alone.
    fn leader(&self, _place: &Place, _fix: &FixRecipe) -> Option<Place> {
        None
    }

    /// What its files make, as far as their text says.
    fn inventory(&self) -> Inventory {
        Inventory::default()
    }

    /// What its files say of those of other languages.
    fn tells(&self) -> Vec<Told> {
        Vec::new()
    }

    /// Takes in what the files of other languages say.
    fn hears(&mut self, _told: &[Told]) {}

    /// Makes the new text, or says what a person must decide.
    ///
    /// # Errors
    ///
    /// One sentence for that person.
    fn plan(&self, place: &Place, wish: &Wish<'_>) -> Result<Change, String>;
}

/// The one file that a scanner names, among those of a language: at its whole path, else by its
/// end, where only its `own` files count. `what` is what people call such a file.
///
/// # Errors
///
/// One sentence that says why: none, more than one, or one that does not parse.
pub(crate) fn named_file(
    code: &dyn Code,
    target: &Target,
    (what, own): (&str, fn(&str) -> bool),
) -> Result<String, String> {
    let named = target.file.as_deref().ok_or_else(|| format!("the finding names no {what}"))?;
    let named = named.replace('\\', "/");
    let named = named.trim_start_matches("./").trim_start_matches('/');
    let inner = format!("/{named}");
    let fits =
        |path: &&str| own(path) && (path.ends_with(&inner) || named.ends_with(&format!("/{path}")));
    let files = code.files();
    let exact = files.iter().copied().find(|path| *path == named);
    let mut found = files.iter().copied().filter(fits);
    let path = match (exact, found.next(), found.next()) {
        (Some(path), _, _) | (None, Some(path), None) => path,
        (None, None, _) => {
            return Err(format!("`{named}` is not among the {what}s that were read"));
        }
        (None, Some(_), Some(_)) => return Err(format!("more than one {what} ends in `{named}`")),
    };
    match code.fault(path) {
        Some(reason) => Err(format!("`{path}` does not parse: {reason}")),
        None => Ok(path.to_owned()),
    }
}

/// `path:line` of a place, for people.
pub(crate) fn line_of(code: &dyn Code, place: &Place) -> String {
    let start = code.span(place).map_or(0, |span| span.start);
    let above = code.text(&place.file).and_then(|text| text.get(..start)).unwrap_or_default();
    format!("{}:{}", place.file, line_ends(above) + 1)
}
