//! Looks into the body of a block.

use hcl_edit::structure::{Block, Body, Structure};

/// Nested blocks of one name.
pub(crate) fn nested<'b>(body: &'b Body, name: &str) -> Vec<&'b Block> {
    body.blocks().filter(|block| block.ident.as_str() == name).collect()
}

/// Whether blocks of that name are made by a `dynamic` block.
pub(crate) fn is_dynamic(body: &Body, name: &str) -> bool {
    body.blocks().any(|block| dynamic_name(block) == Some(name))
}

/// The name of the blocks that a `dynamic` block makes.
pub(crate) fn dynamic_name(block: &Block) -> Option<&str> {
    if block.ident.as_str() != "dynamic" {
        return None;
    }
    block.labels.first().map(|label| label.as_str())
}

/// The last element of a body, in the order of the text.
pub(crate) fn last(body: &Body) -> Option<&Structure> {
    body.len().checked_sub(1).and_then(|place| body.get(place))
}
