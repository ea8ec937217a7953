//! Names the makers in a label, since MAINTAINER is no longer read.
//!
//! # What it changes
//! `MAINTAINER x` becomes `LABEL org.opencontainers.image.authors="x"`.
//!
//! # When it is withheld
//! The text goes over two lines.

use super::{Recipe, Request};
use crate::dockerfile::edit;

pub(super) const RECIPE: Recipe = Recipe { id: "maintainer_label", plan };

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    for one in request.file.instructions.iter().filter(|one| one.keyword == "MAINTAINER") {
        let whole = 0..one.args.text.len();
        let place = one.args.source(&whole).ok_or("the name goes over two lines")?;
        let written = request.text.get(one.keyword_span.clone()).unwrap_or_default();
        let keyword = if written.starts_with(char::is_lowercase) { "label" } else { "LABEL" };
        let quoted =
            |mark: char| one.args.text.strip_prefix(mark).and_then(|text| text.strip_suffix(mark));
        let name = quoted('"').or_else(|| quoted('\'')).unwrap_or(&one.args.text);
        let name = name.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        parts.push((one.keyword_span.clone(), keyword.to_owned()));
        parts.push((place, format!("org.opencontainers.image.authors=\"{name}\"")));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(edit::splice(request.text, parts))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn the_maker_is_named_in_a_label() {
        check(
            "recipe = 'maintainer_label'",
            "FROM a\nMAINTAINER A \"B\" <c@d.e>\n",
            "FROM a\nLABEL org.opencontainers.image.authors=\"A \\\"B\\\" <c@d.e>\"\n",
        );
    }
}
