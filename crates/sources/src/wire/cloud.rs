//! Names of clouds as tools write them.

use quell_model::Provider;

/// The cloud's short name in lower case (`aws`, `azure`, `gcp`); other names as they came.
pub(crate) fn cloud_word(name: &str) -> String {
    let word = name.trim().to_lowercase();
    match word.as_str() {
        "amazon web services" => "aws".to_owned(),
        "google" | "google cloud" => "gcp".to_owned(),
        "microsoft azure" => "azure".to_owned(),
        _ => word,
    }
}

/// The provider of a name that [`cloud_word`] made.
pub(crate) fn provider_of(word: &str) -> Option<Provider> {
    match word {
        "aws" => Some(Provider::Aws),
        "azure" => Some(Provider::Azure),
        "gcp" => Some(Provider::Gcp),
        "kubernetes" => Some(Provider::Kubernetes),
        _ => None,
    }
}
