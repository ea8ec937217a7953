//! Other blocks of the module in a list of what a companion names.
//!
//! An element `{ others = "aws_ebs_volume.arn" }` is `aws_ebs_volume.data.arn` for each block of
//! that type that no companion of the fix's type names yet. A backup selection that leaves out
//! what stands beside would hide that nothing saves it.

use quell_catalog::Truth;
use toml::Value;

use super::Request;
use crate::terraform::Resource;
use crate::terraform::locate::{candidates, links_to};

/// The list with an element for each of them.
///
/// # Errors
///
/// One sentence that says what a person must decide.
pub(super) fn expanded(items: &[Value], request: &Request<'_>) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    for item in items {
        let Some(wanted) = item.get("others").and_then(Value::as_str) else {
            all.push(item.clone());
            continue;
        };
        let (kind, attribute) = wanted.split_once('.').unwrap_or((wanted, "id"));
        let found = left_out(request, kind)?;
        all.extend(
            found.into_iter().map(|address| super::expression(format!("{address}.{attribute}"))),
        );
    }
    Ok(all)
}

/// The addresses of blocks of a type that no companion names.
fn left_out(request: &Request<'_>, kind: &str) -> Result<Vec<String>, String> {
    let Request { repository, resource, wish } = request;
    let (Some(companion), Some(link)) = (&wish.fix.companion, &wish.fix.link) else {
        return Ok(Vec::new());
    };
    let provider = super::attribute_text(resource, "provider");
    let folder = resource.file.folder();
    let mut found = Vec::new();
    for one in repository.of_kind(folder, kind) {
        let same = one.address() == resource.address();
        if same || super::attribute_text(&one, "provider") != provider {
            continue;
        }
        let named = |other: &Resource<'_>| links_to(repository, other, link, &one) != Truth::Fails;
        if candidates(repository, &one, companion).iter().any(named) {
            continue;
        }
        if ["count", "for_each"].iter().any(|how| one.block.body.has_attribute(how)) {
            return Err(format!(
                "{} is repeated and no `{companion}` names it: a person must say for which of them",
                one.place()
            ));
        }
        found.push(one.address());
    }
    Ok(found)
}
