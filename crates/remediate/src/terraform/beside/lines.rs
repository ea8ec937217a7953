//! Lines of a block beside a resource that depend on more than the resource.
//!
//! `{{us_east_1}}` becomes the provider for that region, `{{repeat}}` the `count` or `for_each` of
//! the resource with `{{alike}}` as a reference to the one it is made for, and `{{setting.NAME}}`
//! what the user's settings say.

use super::Request;
use crate::Config;
use crate::terraform::{Repository, parameters, resolve};

/// The region in which services that are everywhere have their keys.
const GLOBAL: &str = "us-east-1";
const PROVIDER: &str = "  {{us_east_1}}\n";
const REPEAT: &str = "  {{repeat}}\n";
const SETTING: &str = "{{setting.";

/// The text with all of them put in.
pub(super) fn filled(text: &str, request: &Request<'_>) -> Result<String, String> {
    let Request { repository, resource, wish } = request;
    let mut text = text.to_owned();
    if text.contains(PROVIDER) {
        let own = super::attribute_text(resource, "provider");
        let line = in_us_east_1(repository, resource.file.folder(), own)?
            .map_or_else(String::new, |name| format!("  provider = {name}\n\n"));
        text = text.replace(PROVIDER, &line);
    }
    let (repeated, own) = parameters::alike(resource);
    let line = repeated.map_or_else(String::new, |(how, value)| format!("  {how} = {value}\n\n"));
    text = text.replace(REPEAT, &line).replace("{{alike}}", &own);
    if let Some((before, rest)) = text.split_once(SETTING)
        && let Some((name, after)) = rest.split_once("}}")
    {
        let said = wish.settings.at(name, &resource.file.path).ok_or_else(|| {
            format!("a person must say which key signs, by its ARN: set `{name}` below `[fix.parameters]`")
        })?;
        if !is_key(said) {
            return Err(format!(
                "`{said}` in `{name}` of the settings is not the ARN of a key in {GLOBAL}"
            ));
        }
        text = format!("{before}{said}{after}");
    }
    Ok(text)
}

/// Whether a text is the ARN of a key in the region.
fn is_key(said: &str) -> bool {
    let plain = said.chars().all(|c| c.is_ascii_alphanumeric() || ":/-".contains(c));
    let parts: Vec<&str> = said.splitn(6, ':').collect();
    let [arn, partition, service, region, account, key] = parts.as_slice() else { return false };
    let digits = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
    let kept = partition.starts_with("aws") && key.starts_with("key/");
    plain && *arn == "arn" && *service == "kms" && *region == GLOBAL && digits && kept
}

/// Whether a text names its own provider.
pub(super) fn has_own_provider(text: &str) -> bool {
    text.contains(PROVIDER)
}

/// The provider that a text names.
pub(super) fn provider_of(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("  provider = "))
}

/// The provider of the module that works in the region; none where the resource's own does and
/// has no name.
fn in_us_east_1(
    repository: &Repository,
    folder: &str,
    own: Option<&str>,
) -> Result<Option<String>, String> {
    let mut found = Vec::new();
    for file in repository.module_files(folder).filter(|file| file.is_configuration()) {
        for block in file.blocks().filter(|block| block.ident.as_str() == "provider") {
            let is_aws = block.labels.first().is_some_and(|label| label.as_str() == "aws");
            let value = |name: &str| block.body.get_attribute(name).map(|one| &one.value);
            let Some(region) = value("region").filter(|_| is_aws) else { continue };
            let region = resolve::expression(repository, folder, region);
            if region.same(&Config::Text(GLOBAL.to_owned())) == Some(true) {
                found.push(
                    value("alias").and_then(|one| one.as_str()).map(|one| format!("aws.{one}")),
                );
            }
        }
    }
    if let Some(one) = found.iter().find(|one| one.as_deref() == own) {
        return Ok(one.clone());
    }
    found.into_iter().next().ok_or_else(|| {
        format!(
            "the key must stand in {GLOBAL}, and no provider of the module works there: a person \
             must name one, or say which key signs, by its ARN: set `aws.dnssec_key` below \
             `[fix.parameters]`"
        )
    })
}
