//! Terraform's JSON syntax: read as the same blocks, changed in its own text.

mod edit;
mod read;

use jsonc_parser::ParseOptions;

pub(super) use edit::set;
pub(super) use read::{Read, read};

/// Plain JSON, nothing more.
fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

#[cfg(test)]
mod tests;
