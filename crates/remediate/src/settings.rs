//! What a user has said once for all: values that a fix would otherwise have to ask for.

use std::collections::BTreeMap;

/// The parameters that recipes written in Rust ask for, with what each is; a name that ends with
/// `*` stands for one of each thing. Those of recipes that are data stand in their controls.
pub const PARAMETERS: &[(&str, &str)] = &[
    ("actions.*", "the commit to pin an action to, by its name and version (`owner/name@v4`)"),
    ("dockerfile.healthcheck", "the command that tells whether the program in an image works"),
    ("dockerfile.image.*", "the tag or digest to use of a base image, by its name"),
    ("dockerfile.user", "the user that images run as"),
    ("kubernetes.cpu_limit", "the processor time that a container may take"),
    ("kubernetes.cpu_request", "the processor time that a container asks for"),
    ("kubernetes.image_digest.*", "the digest to use of an image, by its name and tag"),
    ("kubernetes.image_tag.*", "the tag to use of an image, by its name"),
    ("kubernetes.memory_limit", "the memory that a container may take"),
    ("kubernetes.memory_request", "the memory that a container asks for"),
    ("kubernetes.namespace", "the namespace of objects that name none"),
    ("kubernetes.run_as_user", "the number of the user that containers run as"),
];

/// Named values, from `[fix.parameters]` of `quell.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// The value of a parameter (`kubernetes.namespace`).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}
