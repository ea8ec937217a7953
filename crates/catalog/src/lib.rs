//! Security knowledge as data: `content/` parsed, checked and embedded.

mod control;
mod predicate;
mod predicate_test;

pub use control::{
    Aliases, Case, Check, Control, Explain, Exposure, FixRecipe, Language, RecipeSafety,
};
pub use predicate::{AbsentMeans, Predicate, Truth};
pub use predicate_test::ValueTest;
