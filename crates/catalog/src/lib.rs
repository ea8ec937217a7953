//! Security knowledge as data: `content/` parsed, checked and embedded.

mod catalog;
mod check;
mod control;
mod epss;
mod framework;
mod intel;
mod predicate;
mod predicate_test;
mod steps;
mod vocabulary;
mod words;

pub use catalog::{Catalog, CatalogError, files_below};
pub use check::check;
pub use control::{
    Aliases, Case, Check, Control, Explain, Exposure, FixRecipe, Language, RecipeSafety,
};
pub use epss::{EpssScores, cve_number};
pub use framework::Framework;
pub use intel::{Intel, KevEntry, Listing};
pub use predicate::{AbsentMeans, Predicate, Truth};
pub use predicate_test::ValueTest;
pub use steps::CloudSteps;
pub use vocabulary::is_common;
pub use words::Words;
