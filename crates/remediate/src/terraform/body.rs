//! Looks into the body of a block.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body, Structure};

/// Nested blocks of one name.
pub(crate) fn nested<'b>(body: &'b Body, name: &str) -> Vec<&'b Block> {
    body.blocks().filter(|block| block.ident.as_str() == name).collect()
}

/// Whether blocks of that name are made by a `dynamic` block.
pub(crate) fn is_dynamic(body: &Body, name: &str) -> bool {
    body.blocks().any(|block| dynamic_name(block) == Some(name))
}

/// What the `dynamic` blocks of a name go over, and their `content`.
pub(crate) fn dynamic_content<'b>(
    body: &'b Body,
    name: &str,
) -> impl Iterator<Item = (&'b Expression, &'b Block)> {
    let own = body.blocks().filter(move |block| dynamic_name(block) == Some(name));
    own.filter_map(|block| {
        let over = &block.body.get_attribute("for_each")?.value;
        let content = block.body.blocks().find(|block| block.ident.as_str() == "content")?;
        Some((over, content))
    })
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
