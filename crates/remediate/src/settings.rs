//! What a user has said once for all: values that a fix would otherwise have to ask for.

use std::collections::BTreeMap;

/// The parameters that recipes written in Rust ask for, with what each is; a name that ends with
/// `*` stands for one of each thing. Those of recipes that are data stand in their controls.
pub const PARAMETERS: &[(&str, &str)] = &[
    ("actions.*", "the commit to pin an action to, by its name and version (`owner/name@v4`)"),
    (
        "aws.dnssec_key",
        "the key that signs DNS zones, by its ARN: in us-east-1, of ECC_NIST_P256, and open to \
         `dnssec-route53.amazonaws.com`",
    ),
    ("aws.dnssec_key.*", "the key that signs DNS zones, by the file or folder of the zone"),
    ("dockerfile.healthcheck", "the command that tells whether the program in an image works"),
    (
        "dockerfile.healthcheck.*",
        "the command that tells whether the program in an image works, by its Dockerfile or folder",
    ),
    ("dockerfile.image.*", "the tag or digest to use of a base image, by its name"),
    ("dockerfile.user", "the user that images run as"),
    ("dockerfile.user.*", "the user that an image runs as, by its Dockerfile or folder"),
    ("kubernetes.cpu_limit", "the processor time that a container may take"),
    ("kubernetes.cpu_request", "the processor time that a container asks for"),
    ("kubernetes.image_digest.*", "the digest to use of an image, by its name and tag"),
    ("kubernetes.image_tag.*", "the tag to use of an image, by its name"),
    ("kubernetes.memory_limit", "the memory that a container may take"),
    ("kubernetes.memory_request", "the memory that a container asks for"),
    ("kubernetes.namespace", "the namespace of objects that name none"),
    (
        "kubernetes.namespace.*",
        "the namespace of objects that name none, by the file or folder they stand in",
    ),
    (
        "kubernetes.probe.*",
        "how to ask the containers of an image, by its name, whether they work: \
         `tcp:PORT`, `http:PORT/PATH`, `https:PORT/PATH`, `grpc:PORT` or `exec:COMMAND`",
    ),
    (
        "kubernetes.rights.*",
        "what a role needs of the rights that it grants by a wildcard, by its kind and name \
         (`ClusterRole.operator`): `group/resource:verb,verb`, with blanks between \
         (`/pods:get,list apps/deployments:get`)",
    ),
    ("kubernetes.run_as_user", "the number of the user that containers run as"),
    (
        "kubernetes.secret_file.*",
        "the variable by which the containers of an image take the path of a file instead of a \
         secret, by the name of the image and of the variable with the secret \
         (`acme/shop#DB_PASSWORD`)",
    ),
    (
        "kubernetes.service_account_token.*",
        "whether programs that run as an account use its token, by the name of the account: \
         `used` or `unused`",
    ),
    (
        "terraform.commit.*",
        "the commit to pin a module to, by the host and path of its repository and its version \
         (`github.com/owner/name@v1.2.0`)",
    ),
    (
        "terraform.egress",
        "the ranges of addresses that may be reached where a rule lets everything out, with \
         commas between",
    ),
    (
        "terraform.egress.*",
        "the ranges of addresses that may be reached where a rule lets everything out, with \
         commas between, by the file or folder of the rule",
    ),
    (
        "terraform.ingress",
        "the ranges of addresses that may come in where a rule lets everybody in, with commas \
         between",
    ),
    (
        "terraform.ingress.*",
        "the ranges of addresses that may come in where a rule lets everybody in, with commas \
         between, by the file or folder of the rule",
    ),
    (
        "terraform.module.*",
        "the git source to take a module of a registry from, with its commit \
         (`git::https://github.com/owner/name?ref=…`), by its source and version \
         (`owner/name/aws@~> 5.0`)",
    ),
    (
        "workflow.input.*",
        "the value that an input has from now on, by the path of its workflow and its name \
         (`.github/workflows/ci.yml#level`)",
    ),
    (
        "workflow.rights.*",
        "the rights that a job needs of the token (`contents:read issues:write`), by the path of \
         its workflow and its name (`.github/workflows/ci.yml#build`)",
    ),
];

/// Named values, from `[fix.parameters]` of `quell.toml`, and those that were looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    said: BTreeMap<String, String>,
    found: BTreeMap<String, Found>,
}

/// A value that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The value.
    pub value: String,
    /// Who said so, of what and when, for people.
    pub from: String,
}

impl Settings {
    /// The value of a parameter (`kubernetes.namespace`); what the user says counts first.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = || self.found.get(name).map(|found| &found.value);
        self.said.get(name).or_else(found).map(String::as_str)
    }

    /// The same with a value that was looked up.
    #[must_use]
    pub fn with_found(mut self, name: &str, found: Found) -> Self {
        self.found.insert(name.to_owned(), found);
        self
    }

    /// The values that were looked up.
    pub(crate) fn found(&self) -> impl Iterator<Item = &Found> {
        self.found.values()
    }

    /// The value of a parameter for a file: that of the file itself
    /// (`kubernetes.namespace.deploy/web.yaml`), else of the nearest folder that has one, else of
    /// all.
    #[must_use]
    pub fn at(&self, name: &str, path: &str) -> Option<&str> {
        self.only_at(name, path).or_else(|| self.get(name))
    }

    /// The same, without the value for all.
    #[must_use]
    pub fn only_at(&self, name: &str, path: &str) -> Option<&str> {
        let mut part = Some(path);
        while let Some(here) = part {
            let own = self.get(&format!("{name}.{here}"));
            let own = own.or_else(|| self.get(&format!("{name}.{here}/")));
            if own.is_some() {
                return own;
            }
            part = here.rsplit_once('/').map(|(folder, _)| folder);
        }
        None
    }
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self { said: pairs.into_iter().collect(), found: BTreeMap::new() }
    }
}

/// The parameters that a sentence asks for: it names each in backticks, as all reasons do for
/// which a fix is withheld. `names` are those that there are; one that ends with `*` stands for
/// all that begin so.
#[must_use]
pub fn asked<'r>(reason: &'r str, names: &[&str]) -> Vec<&'r str> {
    let is_one = |word: &str| {
        names.iter().any(|name| match name.strip_suffix('*') {
            Some(begin) => word.len() > begin.len() && word.starts_with(begin),
            None => *name == word,
        })
    };
    let quoted = reason.split('`').skip(1).step_by(2);
    let mut found: Vec<&str> = Vec::new();
    for word in quoted.filter(|word| is_one(word)) {
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_path_decides() {
        let pairs = [
            ("kubernetes.namespace", "all"),
            ("kubernetes.namespace.deploy", "d"),
            ("kubernetes.namespace.deploy/prod/", "p"),
            ("kubernetes.namespace.deploy/prod/web.yaml", "w"),
        ];
        let settings: Settings =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let at = |path: &str| settings.at("kubernetes.namespace", path);
        assert_eq!(at("web.yaml"), Some("all"));
        assert_eq!(at("deploy/a.yaml"), Some("d"));
        assert_eq!(at("deploy/prod/x/a.yaml"), Some("p"));
        assert_eq!(at("deploy/prod/web.yaml"), Some("w"));
        assert_eq!(at("deployed/a.yaml"), Some("all"));
        assert_eq!(settings.at("dockerfile.user", "a"), None);
    }

    #[test]
    fn what_the_user_says_counts_before_what_was_looked_up() {
        let settings: Settings = [("a".to_owned(), "said".to_owned())].into_iter().collect();
        let found = |value: &str| Found { value: value.into(), from: "`h`".into() };
        let settings = settings.with_found("a", found("x")).with_found("b", found("y"));
        assert_eq!((settings.get("a"), settings.get("b")), (Some("said"), Some("y")));
        assert_eq!(settings.found().count(), 2);
    }

    #[test]
    fn a_reason_names_what_it_asks_for() {
        let names = ["kubernetes.namespace", "kubernetes.image_tag.*"];
        let text = "give `kubernetes.image_tag.r.io/a` for `a`, `kubernetes.image_tag.` or \
                    `kubernetes.image_tag.r.io/a` or `kubernetes.namespace`";
        assert_eq!(asked(text, &names), ["kubernetes.image_tag.r.io/a", "kubernetes.namespace"]);
        assert!(asked("`x` and `", &names).is_empty());
    }
}
