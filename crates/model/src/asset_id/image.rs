//! Placeholder.

use super::{Hints, Parts};

pub(super) fn parse(_native: &str, _hints: &Hints<'_>) -> Option<Parts> {
    None
}
