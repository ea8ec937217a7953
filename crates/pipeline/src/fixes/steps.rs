//! The steps of a control with an asset's own names in them.

use quell_catalog::{Catalog, CloudSteps};
use quell_model::{Asset, Provider, Safety};
use quell_report::StepsReport;

/// Longest name that is put into a command.
const MOST_BYTES: usize = 512;

/// What to run for an asset, where its control is known and all names are.
pub(crate) fn steps_of(asset: &Asset, catalog: &Catalog, control: &str) -> Option<StepsReport> {
    let steps = catalog.cloud_steps(control, &asset.id.kind)?;
    if asset.id.provider != provider(steps) {
        return None;
    }
    let part = |commands: &[Vec<String>]| -> Option<Vec<Vec<String>>> {
        commands.iter().map(|words| filled(words, asset)).collect()
    };
    Some(StepsReport {
        cli: steps.cli.clone(),
        version: steps.version.clone(),
        source: steps.source.clone(),
        look: part(&steps.look)?,
        run: part(&steps.run)?,
        rollback: part(&steps.rollback)?,
        note: steps.note.clone(),
        safety: Safety::DisplayOnly,
    })
}

fn provider(steps: &CloudSteps) -> Provider {
    match steps.cli.as_str() {
        "aws" => Provider::Aws,
        "az" => Provider::Azure,
        "gcloud" => Provider::Gcp,
        "kubectl" => Provider::Kubernetes,
        _ => Provider::Other,
    }
}

/// The words with the asset's names; none where one that is needed is not known. A region is not
/// needed: without it the program takes the user's own.
fn filled(words: &[String], asset: &Asset) -> Option<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    for word in words {
        let mut text = word.clone();
        for (name, value) in names(asset) {
            if !text.contains(name) {
                continue;
            }
            if value.is_empty() && *name == *"{region}" && word == name {
                // Its flag goes, too.
                text.clear();
                out.pop();
                continue;
            }
            if !is_plain(&value) {
                return None;
            }
            text = text.replace(name, &value);
        }
        if !text.is_empty() {
            out.push(text);
        }
    }
    Some(out)
}

fn names(asset: &Asset) -> [(&'static str, String); 6] {
    let id = &asset.id;
    [
        ("{name}", id.name.clone()),
        ("{region}", id.region.clone()),
        ("{account}", id.account.clone()),
        ("{kind}", id.kind.clone()),
        ("{group}", group(&asset.native_id)),
        ("{native_id}", asset.native_id.clone()),
    ]
}

/// The resource group of an Azure id.
fn group(native_id: &str) -> String {
    let mut parts = native_id.split('/');
    let found = parts.any(|part| part.eq_ignore_ascii_case("resourceGroups"));
    if found { parts.next().unwrap_or_default().to_owned() } else { String::new() }
}

/// Names come from outside: one that could be taken for a flag, or holds what no cloud has in its
/// names, is put into no command.
fn is_plain(value: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "-_./:@+()#".contains(c);
    !value.is_empty()
        && value.len() <= MOST_BYTES
        && !value.starts_with('-')
        && value.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use quell_model::{AssetId, Hints};

    use super::*;

    fn asset(native: &str, provider: Provider, hints: Hints<'_>) -> Asset {
        let hints = Hints { provider: Some(provider), ..hints };
        Asset {
            id: AssetId::parse(native, &hints),
            native_id: native.to_owned(),
            ..Asset::default()
        }
    }

    fn lines(commands: &[Vec<String>]) -> Vec<String> {
        commands.iter().map(|words| words.join(" ")).collect()
    }

    #[test]
    fn the_asset_s_names_stand_in_the_commands() {
        let catalog = Catalog::embedded().unwrap();
        let bucket = asset("arn:aws:s3:::logs", Provider::Aws, Hints::default());
        let steps = steps_of(&bucket, &catalog, "aws.s3.bucket_versioning").unwrap();
        let put = "s3api put-bucket-versioning --bucket logs --versioning-configuration";
        assert_eq!(lines(&steps.run), [format!("{put} Status=Enabled")]);
        assert_eq!(lines(&steps.rollback), [format!("{put} Status=Suspended")]);
        let id = "/subscriptions/0/resourceGroups/shop/providers/Microsoft.ContainerService/\
                  managedClusters/web";
        let cluster = asset(id, Provider::Azure, Hints::default());
        let steps = steps_of(&cluster, &catalog, "azure.aks.local_accounts").unwrap();
        let expected = "aks update --name web --resource-group shop --disable-local-accounts";
        assert_eq!(lines(&steps.run), [expected]);
    }

    #[test]
    fn a_region_that_is_not_known_goes_with_its_flag() {
        let words = ["a", "--name", "{name}", "--region", "{region}"].map(str::to_owned);
        let bucket = asset("arn:aws:s3:::logs", Provider::Aws, Hints::default());
        assert_eq!(filled(&words, &bucket).unwrap().join(" "), "a --name logs");
    }

    #[test]
    fn a_name_that_could_be_a_flag_is_put_into_no_command() {
        for name in ["--profile", "a b", "a;b", "$(x)", "", "a'b", "a\nb"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
