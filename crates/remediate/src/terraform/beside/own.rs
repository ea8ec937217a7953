//! Values of the resource in the text of a block beside it.
//!
//! `{{resource}}` is its address as text; `{{self}}` a reference to it. `{{own.location}}` is the
//! value of its `location` as written, and `{{text.name}}` the same inside a quoted text; the
//! block's own name where that is not written.
//! `{{of.network.location}}` is the `location` of what its `network` refers to.

use hcl_edit::structure::Body;

use super::Resource;

/// The text with all of them put in.
pub(super) fn filled(text: &str, resource: &Resource<'_>) -> Result<String, String> {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        done.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            return Err("a name in a block to add is not closed".into());
        };
        // In `${{{region}}.id}` the first brace belongs to Terraform.
        let (brace, name) = match name.strip_prefix('{') {
            Some(name) => ("{", name),
            None => ("", name),
        };
        done.push_str(brace);
        match value(name, resource)? {
            Some(value) => done.push_str(&value),
            None => done.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = after;
    }
    done.push_str(rest);
    Ok(done)
}

/// The value of one name; none where it is not about the resource.
fn value(name: &str, resource: &Resource<'_>) -> Result<Option<String>, String> {
    let repeated = ["count", "for_each"].iter().any(|how| resource.block.body.has_attribute(how));
    Ok(Some(match name.split_once('.') {
        None if name == "resource" => resource.address(),
        None if name == "short" => resource.name().chars().take(24).collect(),
        None if name == "self" && repeated => {
            return Err(format!(
                "{} is repeated: a person must say for which of them",
                resource.place()
            ));
        }
        None if name == "self" => resource.address(),
        Some(("own", path)) => written(resource, path)?.to_owned(),
        Some(("text", path)) => match written(resource, path) {
            Ok(text) => in_text(text),
            Err(_) => resource.name().replace('_', "-"),
        },
        Some(("of", path)) => neighbor(resource, path)?,
        None | Some(_) => return Ok(None),
    }))
}

/// The source text of the value at a dotted path of the resource.
fn written<'r>(resource: &Resource<'r>, path: &str) -> Result<&'r str, String> {
    let find = || {
        let mut body: &Body = &resource.block.body;
        let (blocks, name) = path.rsplit_once('.').unwrap_or(("", path));
        for block in blocks.split('.').filter(|block| !block.is_empty()) {
            body = &body.get_blocks(block).next()?.body;
        }
        let span = resource.file.span(&body.get_attribute(name)?.value)?;
        resource.file.text.get(span)
    };
    let text = find().ok_or_else(|| format!("`{path}` is not written at {}", resource.place()))?;
    if ["each.", "count.", "self."].iter().any(|own| text.contains(own)) || text.contains('\n') {
        return Err(format!(
            "`{path}` at {} holds for it alone: a person must look",
            resource.place()
        ));
    }
    Ok(text)
}

/// A value as part of a quoted text.
fn in_text(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => inner.to_owned(),
        None => format!("${{{text}}}"),
    }
}

/// Another attribute of what an attribute refers to.
fn neighbor(resource: &Resource<'_>, path: &str) -> Result<String, String> {
    let (link, wanted) = path.rsplit_once('.').unwrap_or((path, "id"));
    let text = written(resource, link)?;
    let inner = text.strip_prefix("\"${").and_then(|text| text.strip_suffix("}\""));
    let text = inner.map_or(text, str::trim);
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-[]".contains(c));
    let parts = text.split('.').count();
    let known = if text.starts_with("data.") { parts == 4 } else { parts == 3 };
    let local = ["var.", "local.", "module."].iter().any(|root| text.starts_with(root));
    match text.rsplit_once('.') {
        Some((address, _)) if plain && known && !local => Ok(format!("{address}.{wanted}")),
        Some(_) | None => Err(format!(
            "`{link}` at {} does not say where the `{wanted}` of what it names is: a person must look",
            resource.place()
        )),
    }
}
