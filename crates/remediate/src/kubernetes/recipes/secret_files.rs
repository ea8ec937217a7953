//! `secret_files`: a program takes a secret from a file instead of its environment.
//!
//! Only a program that looks for the path of a file in another variable can do so. Official images
//! say so of theirs (`POSTGRES_PASSWORD_FILE`); of others the parameter
//! `kubernetes.secret_file.<image>#<variable>` says it. A variable that a command, a probe or another
//! variable uses too stays. A container gets the keys that it had, and no others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::image::split;
use super::{Plan, Recipe, Request, below, name_of};
use crate::images::Image;
use crate::kubernetes::object::text_at;
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { name: "secret_files", plan };

/// Official images and the variables that they also take as `…_FILE`.
const OFFICIAL: [(&str, &[&str]); 5] = [
    ("mariadb", &["MARIADB_", "MYSQL_"]),
    ("mongo", &["MONGO_INITDB_ROOT_"]),
    ("mysql", &["MYSQL_ROOT_PASSWORD", "MYSQL_DATABASE", "MYSQL_USER", "MYSQL_PASSWORD"]),
    ("postgres", &["POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB"]),
    ("wordpress", &["WORDPRESS_DB_"]),
];

/// Where the files stand.
const FOLDER: &str = "/run/secrets";

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    request.whole_containers()?;
    let mut volumes = Volumes::of(request)?;
    let mut edits = Vec::new();
    let mut lacking = BTreeSet::new();
    for (path, container) in request.containers() {
        let found = secrets(request, container, &mut lacking)?;
        if !lacking.is_empty() {
            continue;
        }
        let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for one in &found {
            wanted.entry(one.secret).or_default().insert(one.key);
            let at = |key: &str| {
                let env = below(&path, "env");
                [env, vec![one.at.into(), Step::from(key)]].concat()
            };
            edits.push(Edit::Set(at("name"), json!(one.to)));
            edits.push(Edit::Remove(at("valueFrom")));
            let file = format!("{FOLDER}/{}/{}", one.secret, one.key);
            edits.push(Edit::Set(at("value"), json!(file)));
        }
        for (secret, keys) in wanted {
            let folder = format!("{FOLDER}/{secret}");
            free(container, &folder)?;
            let name = volumes.name(secret, keys)?;
            let mount = json!({"name": name, "mountPath": folder, "readOnly": true});
            edits.push(Edit::Append(below(&path, "volumeMounts"), mount));
        }
    }
    if !lacking.is_empty() {
        let lacking: Vec<String> = lacking.into_iter().map(|one| format!("`{one}`")).collect();
        return Err(format!(
            "the program must read the secret from a file before the variable can go: say which \
             variable takes the path of one ({})",
            lacking.join(" and ")
        ));
    }
    let list = request.in_pod_spec("volumes")?;
    edits.extend(volumes.new.into_iter().map(|volume| Edit::Append(list.clone(), volume)));
    Ok(Plan::Edits(edits))
}

/// A variable that holds a key of a secret.
struct Held<'v> {
    /// Its place in the list.
    at: usize,
    secret: &'v str,
    key: &'v str,
    /// The variable that takes the path instead.
    to: String,
}

/// The variables of a container that hold secrets; what nothing answers is noted.
fn secrets<'v>(
    request: &Request<'_>,
    container: &'v Value,
    lacking: &mut BTreeSet<String>,
) -> Result<Vec<Held<'v>>, String> {
    let name = name_of(container);
    let list = |key: &str| container.get(key).and_then(Value::as_array).into_iter().flatten();
    if list("envFrom").any(|one| one.get("secretRef").is_some()) {
        return Err(format!(
            "the container `{name}` gets a whole secret as variables: which of them it uses must be \
             named first"
        ));
    }
    let mut found = Vec::new();
    for (at, one) in list("env").enumerate() {
        let Some(from) = one.get("valueFrom").and_then(|from| from.get("secretKeyRef")) else {
            continue;
        };
        let variable = text_at(one, "name").ok_or("a variable has no name")?;
        let (secret, key) = (text_at(from, "name"), text_at(from, "key"));
        let (Some(secret), Some(key)) = (secret, key) else {
            return Err(format!("the secret of the variable `{variable}` has no name or no key"));
        };
        if from.get("optional").is_some_and(|optional| optional != &Value::Bool(false)) {
            return Err(format!(
                "the secret of the variable `{variable}` may be missing, which a file may not"
            ));
        }
        let to = match taker(request, container, variable)? {
            Ok(to) => to,
            Err(parameter) => {
                lacking.insert(parameter);
                continue;
            }
        };
        if uses(container, variable) {
            return Err(format!(
                "the container `{name}` uses the variable `{variable}` in a command, a probe or \
                 another variable"
            ));
        }
        if to != variable && list("env").any(|one| text_at(one, "name") == Some(&to)) {
            return Err(format!("the container `{name}` has a variable `{to}` already"));
        }
        found.push(Held { at, secret, key, to });
    }
    Ok(found)
}

/// The variable by which a program takes a file instead of another variable, or what answers it.
fn taker(
    request: &Request<'_>,
    container: &Value,
    variable: &str,
) -> Result<Result<String, String>, String> {
    let image = text_at(container, "image").unwrap_or_default();
    let name = split(image).0;
    if name.is_empty() {
        return Err("a container has no image".to_owned());
    }
    let parameter = format!("kubernetes.secret_file.{name}#{variable}");
    let Some(said) = request.wish.settings.get(&parameter) else {
        let official = is_official(container, image, variable);
        return Ok(official.then(|| format!("{variable}_FILE")).ok_or(parameter));
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = said.starts_with(|c: char| !c.is_ascii_digit()) && said.chars().all(plain);
    if fits {
        Ok(Ok(said.to_owned()))
    } else {
        Err(format!("the parameter `{parameter}` is no name of a variable"))
    }
}

/// Whether the image's own start takes the variable from a file: it is an official one, and is
/// started as it is.
fn is_official(container: &Value, image: &str, variable: &str) -> bool {
    let args = container.get("args").and_then(Value::as_array);
    let first = args.and_then(|args| args.first()).map(|first| first.as_str().unwrap_or_default());
    if container.get("command").is_some() || first.is_some_and(|first| !first.starts_with('-')) {
        return false;
    }
    let path = Image::parse(image).path;
    let known = OFFICIAL.iter().find(|(name, _)| *name == path);
    known.is_some_and(|(_, variables)| {
        variables
            .iter()
            .any(|one| *one == variable || one.ends_with('_') && variable.starts_with(one))
    })
}

/// Whether something else of the container uses a variable.
fn uses(container: &Value, variable: &str) -> bool {
    let keys = ["command", "args", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"];
    let parts = keys.iter().filter_map(|key| container.get(key));
    let env = container.get("env").and_then(Value::as_array).into_iter().flatten();
    let values = env.filter_map(|one| one.get("value"));
    parts.chain(values).any(|value| says(value, variable))
}

/// Whether a text somewhere in a value has a word.
fn says(value: &Value, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match value {
        Value::String(text) => text.split(|c: char| !is_part(c)).any(|one| one == word),
        Value::Array(items) => items.iter().any(|item| says(item, word)),
        Value::Object(fields) => fields.values().any(|field| says(field, word)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Refuses a folder in which something is mounted already.
fn free(container: &Value, folder: &str) -> Result<(), String> {
    let mounts = container.get("volumeMounts").and_then(Value::as_array).into_iter().flatten();
    let mut paths = mounts.filter_map(|mount| text_at(mount, "mountPath"));
    let taken = paths.find(|path| {
        let path = path.trim_end_matches('/').replacen("/var/run", "/run", 1);
        path == folder || path.starts_with(&format!("{folder}/"))
    });
    match taken {
        Some(path) => Err(format!("`{path}` is mounted where the file of the secret would stand")),
        None => Ok(()),
    }
}

/// The volumes of the pod, and those that come.
struct Volumes {
    taken: BTreeSet<String>,
    named: BTreeMap<(String, Vec<String>), String>,
    new: Vec<Value>,
}

impl Volumes {
    fn of(request: &Request<'_>) -> Result<Self, String> {
        let spec = request.object.pod_spec().ok_or("it has no pod")?;
        let volumes = spec.get("volumes").and_then(Value::as_array).into_iter().flatten();
        let names = volumes.filter_map(|volume| text_at(volume, "name").map(str::to_owned));
        Ok(Self { taken: names.collect(), named: BTreeMap::new(), new: Vec::new() })
    }

    /// The name of the volume with these keys of a secret.
    fn name(&mut self, secret: &str, keys: BTreeSet<&str>) -> Result<String, String> {
        let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        let asked = (secret.to_owned(), keys);
        if let Some(name) = self.named.get(&asked) {
            return Ok(name.clone());
        }
        let base = format!("secret-{}", secret.replace('.', "-"));
        let number =
            |count: usize| if count < 2 { base.clone() } else { format!("{base}-{count}") };
        let name = (1..100).map(number).find(|name| !self.taken.contains(name));
        let name = name.filter(|name| name.len() <= 63);
        let name = name.ok_or_else(|| format!("the name of the secret `{secret}` is too long"))?;
        let items: Vec<Value> =
            asked.1.iter().map(|key| json!({"key": key, "path": key})).collect();
        let mut from = Map::new();
        from.insert("secretName".to_owned(), json!(secret));
        from.insert("items".to_owned(), Value::Array(items));
        self.new.push(json!({"name": name, "secret": from}));
        self.taken.insert(name.clone());
        self.named.insert(asked, name.clone());
        Ok(name)
    }
}
