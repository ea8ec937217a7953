//! Registries of Terraform's modules, by their protocol: which git source the newest version that a
//! constraint allows comes from.

use std::collections::BTreeMap;

use quell_http::{HttpError, Request, Sizes};
use serde::Deserialize;
use url::Url;

use crate::asked::{Known, is_commit, is_host, is_plain_path, shown};
use crate::constraint::{Constraint, Version, version};
use crate::resolver::{Resolver, told};

/// The registry of modules that name none.
const PUBLIC: &str = "registry.terraform.io";
/// Most that is read of an answer.
const SIZES: Sizes = Sizes { received_bytes: 8 << 20, decoded_bytes: 8 << 20, ratio: 200 };
/// The header that names the source.
const SOURCE: &str = "x-terraform-get";

/// A module in its registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) host: String,
    path: String,
}

impl Module {
    /// `terraform-aws-modules/vpc/aws`, with a host before it where it has one of its own.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts = text.split('/').count();
        let (host, path) = match parts {
            3 => (PUBLIC, text),
            4 => text.split_once('/')?,
            _ => return None,
        };
        (is_host(host) && host.contains('.') && is_plain_path(path))
            .then(|| Self { host: host.to_ascii_lowercase(), path: path.to_owned() })
    }
}

#[derive(Deserialize)]
struct Services {
    #[serde(rename = "modules.v1")]
    modules: String,
}

#[derive(Deserialize)]
struct Versions {
    modules: Vec<VersionsOf>,
}

#[derive(Deserialize)]
struct VersionsOf {
    versions: Vec<OneVersion>,
}

#[derive(Deserialize)]
struct OneVersion {
    version: String,
}

impl Resolver {
    /// The sources of a module's newest versions, one for each constraint.
    pub(crate) async fn modules(
        &self,
        module: &str,
        constraints: &[String],
    ) -> Vec<Result<Known, String>> {
        let odd = || format!("`{}` is no module of a registry", shown(module));
        let listed = match Module::parse(module).ok_or_else(odd) {
            Ok(module) => self.listed(&module).await.map(|listed| (module, listed)),
            Err(why) => Err(why),
        };
        let (module, (base, versions)) = match listed {
            Ok(listed) => listed,
            Err(why) => return constraints.iter().map(|_| Err(why.clone())).collect(),
        };
        let newest: Vec<Result<&str, String>> =
            constraints.iter().map(|one| newest(&module, &versions, one)).collect();
        // Constraints that allow the same version are one question.
        let mut sources = BTreeMap::new();
        for version in newest.iter().flatten() {
            if !sources.contains_key(version) {
                sources.insert(*version, self.source(&module, &base, version).await);
            }
        }
        let source = |version| sources.get(version).cloned();
        let none = || Err(format!("`{}` was not asked", module.host));
        newest.into_iter().map(|one| source(one?).unwrap_or_else(none)).collect()
    }

    /// Where the registry keeps the module, and its released versions.
    async fn listed(&self, module: &Module) -> Result<(Url, Vec<(Version, String)>), String> {
        let Module { host, path } = module;
        let what = format!("the module `{path}`");
        let told = |error: HttpError| told(&error, host, &what);
        let at = format!("{}/.well-known/terraform.json", self.base(host));
        let at = Url::parse(&at).map_err(|_| format!("`{host}` is no host"))?;
        let request = Request::get(at.as_str()).map_err(told)?.sizes(SIZES);
        let services: Services =
            self.client().send(&request).await.and_then(|answer| answer.json()).map_err(told)?;
        let odd = || format!("`{host}` says in no readable way where its modules are");
        let base = at.join(&services.modules).map_err(|_| odd())?;
        let base = base.join(&format!("{path}/")).map_err(|_| odd())?;
        let list = base.join("versions").map_err(|_| odd())?;
        let request = Request::get(list.as_str()).map_err(told)?.sizes(SIZES);
        let versions: Versions =
            self.client().send(&request).await.and_then(|answer| answer.json()).map_err(told)?;
        let all = versions.modules.into_iter().flat_map(|one| one.versions);
        let released = all.filter_map(|one| Some((version(&one.version)?, one.version)));
        Ok((base, released.collect()))
    }

    /// The source of a version.
    async fn source(&self, module: &Module, base: &Url, version: &str) -> Result<Known, String> {
        let Module { host, path } = module;
        let what = format!("`{path}` {version}");
        let told = |error: HttpError| told(&error, host, &what);
        let odd = || format!("`{host}` names no git source with a commit for {what}");
        let url = base.join(&format!("{version}/download")).map_err(|_| odd())?;
        let request = Request::get(url.as_str()).map_err(told)?.sizes(SIZES);
        let answer = self.client().send(&request).await.map_err(told)?;
        let source = answer.header(SOURCE).and_then(Source::parse).ok_or_else(odd)?;
        let commit = match is_commit(&source.version) {
            true => source.version.clone(),
            false => {
                let versions = [source.version.clone()];
                let mut found = self.commits(&source.repository, &versions).await;
                found.pop().ok_or_else(odd)??.value
            }
        };
        let from = format!("`{host}` for {what}");
        Ok(Known { value: format!("git::https://{}?ref={commit}", source.repository), from })
    }
}

/// The newest released version that a constraint allows, as the registry writes it.
fn newest<'v>(
    module: &Module,
    versions: &'v [(Version, String)],
    constraint: &str,
) -> Result<&'v str, String> {
    let allowed = Constraint::parse(constraint)
        .ok_or_else(|| format!("`{}` is no constraint on versions", shown(constraint)))?;
    let newest = versions.iter().filter(|(version, _)| allowed.allows(*version)).max();
    newest.map(|(_, written)| written.as_str()).ok_or_else(|| {
        let Module { host, path } = module;
        let constraint = shown(constraint);
        format!("`{host}` has no released version of `{path}` that `{constraint}` allows")
    })
}

/// A git source as a registry names it.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    /// Host and path.
    repository: String,
    version: String,
}

impl Source {
    /// `git::https://github.com/owner/name?ref=…`; none for archives and for parts of a repository.
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("git::https://")?;
        let (repository, query) = rest.split_once('?')?;
        let version = query.strip_prefix("ref=")?;
        let (host, path) = repository.split_once('/')?;
        (is_host(host) && is_plain_path(path) && is_plain_path(version))
            .then(|| Self { repository: repository.to_owned(), version: version.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_sources_are_read() {
        let module = |text| Module::parse(text).map(|one| (one.host, one.path));
        let expected = (PUBLIC.to_owned(), "terraform-aws-modules/vpc/aws".to_owned());
        assert_eq!(module("terraform-aws-modules/vpc/aws"), Some(expected));
        let expected = ("app.terraform.io".to_owned(), "acme/vpc/aws".to_owned());
        assert_eq!(module("app.terraform.io/acme/vpc/aws"), Some(expected));
        for none in ["vpc", "a/b", "a/../c", "localhost/a/b/c", "a/b/c/d", "a/b/c?d"] {
            assert_eq!(module(none), None, "{none}");
        }
        let source = Source::parse("git::https://github.com/o/terraform-aws-vpc?ref=v1.2").unwrap();
        assert_eq!(source.repository, "github.com/o/terraform-aws-vpc");
        for none in [
            "https://x/y.tar.gz",
            "git::ssh://git@h/o/r?ref=v1",
            "git::https://h/o/r",
            "git::https://h/o/r//sub?ref=v1",
            "git::https://u:p@h/o/r?ref=v1",
            "git::https://h/o/r?ref=v1&x=y",
            "git::https://h/o/r?ref=\"${x}\"",
        ] {
            assert_eq!(Source::parse(none), None, "{none}");
        }
    }
}
