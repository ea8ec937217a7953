//! A double of a registry of images, a host of git and a registry of Terraform's modules.
//!
//! All three answer on one port: `/v2/…` and `/token` are the registry's, `….git/info/refs` the git
//! host's, and `/.well-known/terraform.json` and `/modules/…` those of Terraform.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::double::Platform;
use crate::net::{Answer, Asked};

/// The token that the registry takes.
const TOKEN: &str = "t0ken-for-reading";
/// What the registry's manifests are.
const MEDIA: &str = "application/vnd.oci.image.index.v1+json";

/// What the hosts have.
#[derive(Debug, Default)]
struct Shelf {
    /// Digests by path and tag (`library/nginx:1.27`).
    images: BTreeMap<String, String>,
    /// Manifests by path and tag, where the registry tells no digest.
    manifests: BTreeMap<String, Vec<u8>>,
    /// Names and commits by the path of a repository.
    repositories: BTreeMap<String, Vec<(String, String)>>,
    /// Versions and git sources by the path of a module.
    modules: BTreeMap<String, Vec<(String, String)>>,
    /// Where tokens are given; empty asks for none.
    realm: String,
}

/// A registry and a git host, with what a test puts there.
#[derive(Debug, Default)]
pub struct RefsDouble {
    shelf: Mutex<Shelf>,
}

impl RefsDouble {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has an image (`library/nginx:1.27`) with a digest.
    pub fn image(&self, name: &str, digest: &str) {
        self.shelf().images.insert(name.to_owned(), digest.to_owned());
    }

    /// Has an image whose digest the registry does not tell.
    pub fn manifest(&self, name: &str, body: &[u8]) {
        self.shelf().manifests.insert(name.to_owned(), body.to_vec());
    }

    /// Has a repository whose names stand for commits (`refs/tags/v4`).
    pub fn repository(&self, path: &str, refs: &[(&str, &str)]) {
        let refs = refs.iter().map(|(name, commit)| ((*name).to_owned(), (*commit).to_owned()));
        self.shelf().repositories.insert(path.to_owned(), refs.collect());
    }

    /// Has a module whose versions come from git sources.
    pub fn module(&self, path: &str, versions: &[(&str, &str)]) {
        let all = versions.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned()));
        self.shelf().modules.insert(path.to_owned(), all.collect());
    }

    /// Asks for a token, which `realm` gives.
    pub fn ask_for_token(&self, realm: &str) {
        realm.clone_into(&mut self.shelf().realm);
    }

    fn manifest_of(&self, asked: &Asked, name: &str) -> Answer {
        let shelf = self.shelf();
        let token = format!("Bearer {TOKEN}");
        if !shelf.realm.is_empty() && asked.header("authorization") != Some(token.as_str()) {
            let challenge = format!(
                "Bearer realm=\"{}\",service=\"registry.example\",scope=\"repository:x:pull\"",
                shelf.realm
            );
            return Answer::new(401, "{}").header("www-authenticate", &challenge);
        }
        // A registry without an index answers what it has only to who takes it.
        if !asked.header("accept").unwrap_or_default().contains(MEDIA) {
            return Answer::new(404, "{}");
        }
        let name = name.replacen("/manifests/", ":", 1);
        if let Some(digest) = shelf.images.get(&name) {
            let answer = Answer::new(200, "{}").header("content-type", MEDIA);
            return answer.header("docker-content-digest", digest);
        }
        match shelf.manifests.get(&name) {
            Some(body) => Answer::new(200, body.clone()).header("content-type", MEDIA),
            None => Answer::new(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#),
        }
    }

    fn token(&self, asked: &Asked) -> Answer {
        let own = asked.query.contains("service=registry.example")
            && asked.query.contains("scope=repository%3A")
            && asked.query.contains("%3Apull");
        match own {
            true => Answer::new(200, json!({"token": TOKEN, "expires_in": 300}).to_string()),
            false => Answer::new(400, "{}"),
        }
    }

    fn advertised(&self, asked: &Asked, path: &str) -> Answer {
        let shelf = self.shelf();
        let refs =
            shelf.repositories.get(path).filter(|_| asked.query == "service=git-upload-pack");
        let Some(refs) = refs else { return Answer::new(404, "Repository not found.") };
        let mut text = line("# service=git-upload-pack");
        text.push_str("0000");
        for (at, (name, commit)) in refs.iter().enumerate() {
            let features = if at == 0 { "\0multi_ack symref=HEAD:refs/heads/main" } else { "" };
            text.push_str(&line(&format!("{commit} {name}{features}")));
        }
        text.push_str("0000");
        let media = "application/x-git-upload-pack-advertisement";
        Answer::new(200, text).header("content-type", media)
    }

    fn of_module(&self, path: &str) -> Answer {
        let shelf = self.shelf();
        if let Some(module) = path.strip_suffix("/versions") {
            let Some(all) = shelf.modules.get(module) else { return Answer::new(404, "{}") };
            let versions: Vec<_> = all.iter().map(|(name, _)| json!({"version": name})).collect();
            return Answer::new(200, json!({"modules": [{"versions": versions}]}).to_string());
        }
        let found = path.strip_suffix("/download").and_then(|rest| rest.rsplit_once('/'));
        let source = found.and_then(|(module, version)| {
            let all = shelf.modules.get(module)?;
            all.iter().find(|(name, _)| name == version).map(|(_, source)| source.clone())
        });
        match source {
            Some(source) => Answer::new(204, "").header("x-terraform-get", &source),
            None => Answer::new(404, "{}"),
        }
    }
}

/// A line as git packs it.
fn line(text: &str) -> String {
    format!("{:04x}{text}\n", text.len() + 5)
}

impl Platform for RefsDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        let path = asked.path.as_str();
        if path == "/token" {
            return self.token(asked);
        }
        if path == "/.well-known/terraform.json" {
            return Answer::new(200, r#"{"modules.v1":"/modules/"}"#);
        }
        if let Some(name) = path.strip_prefix("/v2/") {
            return self.manifest_of(asked, name);
        }
        // Azure DevOps has no ending, and knows none.
        let own = |path: &str| path.contains("/_git/");
        let bare = path.strip_suffix("/info/refs").filter(|path| own(path));
        let named = path.strip_suffix(".git/info/refs").filter(|path| !own(path));
        if let Some(repository) = bare.or(named) {
            return self.advertised(asked, repository.trim_start_matches('/'));
        }
        match path.strip_prefix("/modules/") {
            Some(module) => self.of_module(module),
            None => Answer::new(404, "{}"),
        }
    }
}
