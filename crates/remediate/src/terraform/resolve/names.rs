//! What names stand for: variables, locals, outputs of called modules, loops and other blocks.

use std::sync::Arc;

use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hcl_edit::structure::{Attribute, Block};

use super::calls::Call;
use super::{MAX_CHAIN, Repository, Resolver, Scope};
use crate::Config;
use crate::terraform::SourceFile;

fn local_attribute<'r>(
    repository: &'r Repository,
    folder: &str,
    name: &str,
) -> Option<(&'r SourceFile, &'r Attribute)> {
    let (file, block) = repository.defined(folder, "locals", name)?;
    block.body.get_attribute(name).map(|attribute| (file, attribute))
}

/// One step of a path.
#[derive(Debug, Clone)]
pub(super) enum Step<'a> {
    /// `.name`
    Name(&'a str),
    /// `["key"]`
    Key(String),
    /// `[0]`, or something that is not known.
    Index(Option<usize>),
    /// `[*]` and `.*`
    All,
}

impl Resolver<'_> {
    pub(super) fn traversal(&self, traversal: &Traversal, scope: &Scope<'_>) -> Config {
        let path = self.steps(traversal, scope);
        let Expression::Variable(root) = &traversal.expr else {
            return followed(self.value(&traversal.expr, scope), &path);
        };
        let root = root.as_str();
        let mut bind = scope.binds;
        while let Some(now) = bind {
            if now.name == root {
                return followed(now.value.clone(), &path);
            }
            bind = now.outer;
        }
        match (root, path.as_slice()) {
            ("var", [Step::Name(name), rest @ ..]) => followed(self.variable(name, scope), rest),
            ("local", [Step::Name(name), rest @ ..]) => followed(self.local(name, scope), rest),
            ("module", [Step::Name(name), rest @ ..]) => self
                .output(name, rest, scope)
                .unwrap_or_else(|| self.reference("module", &path, scope)),
            (
                "data",
                [Step::Name("aws_iam_policy_document"), Step::Name(name), Step::Name("json")],
            ) => self.policy(name, scope).unwrap_or_else(|| self.reference("data", &path, scope)),
            ("var" | "local" | "module" | "each" | "count" | "self" | "path" | "terraform", _) => {
                Config::Unknown
            }
            (root, path) => self.reference(root, path, scope),
        }
    }

    fn steps<'a>(&self, traversal: &'a Traversal, scope: &Scope<'_>) -> Vec<Step<'a>> {
        let step = |operator: &'a TraversalOperator| match operator {
            TraversalOperator::GetAttr(name) => Step::Name(name.as_str()),
            TraversalOperator::Index(index) => match self.value(index, scope) {
                Config::Text(key) => Step::Key(key),
                Config::Number(number) if number >= 0.0 => {
                    Step::Index(format!("{number:.0}").parse().ok())
                }
                Config::Null
                | Config::Bool(_)
                | Config::Number(_)
                | Config::List(_)
                | Config::Object(_)
                | Config::Reference { .. }
                | Config::Partly(_)
                | Config::Unknown => Step::Index(None),
            },
            TraversalOperator::LegacyIndex(index) => {
                Step::Index(usize::try_from(*index.value()).ok())
            }
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => Step::All,
        };
        traversal.operators.iter().map(|operator| step(operator.value())).collect()
    }

    /// A name without a path: the variable of a loop.
    pub(super) fn lone(&self, name: &str, scope: &Scope<'_>) -> Config {
        let mut bind = scope.binds;
        while let Some(now) = bind {
            if now.name == name {
                return now.value.clone();
            }
            bind = now.outer;
        }
        Config::Unknown
    }

    fn local(&self, name: &str, scope: &Scope<'_>) -> Config {
        let deeper = Scope { chain: scope.chain + 1, binds: None, ..*scope };
        match local_attribute(self.repository, scope.folder, name) {
            Some((_, attribute)) if deeper.chain < MAX_CHAIN => {
                self.value(&attribute.value, &deeper)
            }
            Some(_) | None => Config::Unknown,
        }
    }

    /// A variable's value: what the call says by which the module is looked at, or what every
    /// call says, or the variable files, or its default. Where they do not agree it is unknown.
    fn variable(&self, name: &str, scope: &Scope<'_>) -> Config {
        if let Some((_, truth)) = scope.facts.iter().find(|(fact, _)| fact == name) {
            return Config::Bool(*truth);
        }
        let own = Scope { chain: scope.chain + 1, binds: None, ..*scope };
        let Some((_, block)) = self.repository.defined(scope.folder, "variable", name) else {
            return Config::Unknown;
        };
        if own.chain >= MAX_CHAIN {
            return Config::Unknown;
        }
        let default = || {
            let attribute = block.body.get_attribute("default");
            attribute.map_or(Config::Unknown, |default| self.value(&default.value, &own))
        };
        let argument = |file: &SourceFile, call: &Block, above: Option<&Call<'_>>| {
            let caller = Scope { chain: own.chain, call: above, ..Scope::of(file.folder()) };
            let given = call.body.get_attribute(name);
            given.map_or_else(default, |argument| self.value(&argument.value, &caller))
        };
        if let Some(call) = scope.call {
            return argument(call.file, call.block, call.caller.as_deref());
        }
        let mut given: Vec<Config> = Vec::new();
        let mut root = true;
        for (file, call) in self.repository.calls(scope.folder) {
            root = false;
            given.push(argument(file, call, None));
        }
        if root {
            given = self.variable_files(name, &own);
        }
        let Some(first) = given.first() else { return default() };
        let agreed = given.iter().all(|value| first.same(value) == Some(true));
        if agreed || given.len() == 1 { first.clone() } else { Config::Unknown }
    }

    fn variable_files(&self, name: &str, scope: &Scope<'_>) -> Vec<Config> {
        self.repository
            .module_files(scope.folder)
            .filter(|file| file.holds_variables())
            .filter_map(|file| file.body().ok()?.get_attribute(name))
            .map(|attribute| self.value(&attribute.value, scope))
            .collect()
    }

    /// What a module that stands in the repository gives out under a name.
    fn output(&self, module: &str, path: &[Step<'_>], scope: &Scope<'_>) -> Option<Config> {
        let (file, block) = self.repository.defined(scope.folder, "module", module)?;
        let repeated = block.body.has_attribute("for_each") || block.body.has_attribute("count");
        let (name, rest) = match path {
            [Step::Name(name), rest @ ..] if !repeated => (name, rest),
            [Step::Key(_) | Step::Index(_), Step::Name(name), rest @ ..] if repeated => {
                (name, rest)
            }
            _ => return None,
        };
        let folder = self.repository.called_by(file, block)?;
        let (_, output) = self.repository.defined(&folder, "output", name)?;
        let value = output.body.get_attribute("value")?;
        if scope.chain + 1 >= MAX_CHAIN {
            return Some(Config::Unknown);
        }
        let caller = scope.call.map(|call| Arc::new(call.clone()));
        let call = Call { file, block, caller };
        let within =
            Scope { chain: scope.chain + 1, call: Some(&call), ..Scope::of(folder.as_str()) };
        Some(followed(self.value(&value.value, &within), rest))
    }

    /// `aws_s3_bucket.logs[0].id` and `data.aws_x.y.arn` as references. An index picks one of
    /// several resources that one block makes, so it says nothing about the block.
    fn reference(&self, root: &str, path: &[Step<'_>], scope: &Scope<'_>) -> Config {
        let whole = if root == "data" { 2 } else { 1 };
        let mut address = root.to_owned();
        for step in path.iter().take(whole) {
            let Step::Name(name) = step else { return Config::Unknown };
            address.push('.');
            address.push_str(name);
        }
        if path.len() < whole {
            return Config::Unknown;
        }
        if scope.folder != self.home {
            address = format!("{}//{address}", scope.folder);
        }
        let block = Config::Reference { address, attribute: String::new() };
        followed(block, path.get(whole..).unwrap_or_default())
    }
}

/// What a path leads to in a value.
pub(super) fn followed(value: Config, path: &[Step<'_>]) -> Config {
    let mut value = value;
    for step in path {
        value = match (value, step) {
            (Config::Reference { address, attribute }, step) => further(address, &attribute, step),
            (Config::Object(mut fields), Step::Name(name)) => {
                fields.remove(*name).unwrap_or(Config::Unknown)
            }
            (Config::Object(mut fields), Step::Key(key)) => {
                fields.remove(key).unwrap_or(Config::Unknown)
            }
            (Config::List(mut items), Step::Index(Some(index))) if *index < items.len() => {
                items.swap_remove(*index)
            }
            // Every element that a splat goes over is the one block that makes them.
            (Config::List(items), Step::Name(_) | Step::Key(_)) => Config::List(
                items
                    .into_iter()
                    .map(|item| match item {
                        Config::Reference { address, attribute } => {
                            further(address, &attribute, step)
                        }
                        Config::Null
                        | Config::Bool(_)
                        | Config::Number(_)
                        | Config::Text(_)
                        | Config::List(_)
                        | Config::Object(_)
                        | Config::Partly(_)
                        | Config::Unknown => Config::Unknown,
                    })
                    .collect(),
            ),
            (_, _) => return Config::Unknown,
        };
    }
    value
}

fn further(address: String, attribute: &str, step: &Step<'_>) -> Config {
    let attribute = match step {
        Step::Name(name) if attribute.is_empty() => (*name).to_owned(),
        Step::Name(name) => format!("{attribute}.{name}"),
        Step::Key(key) if !attribute.is_empty() => format!("{attribute}.{key}"),
        Step::All => {
            let attribute = attribute.to_owned();
            return Config::List(vec![Config::Reference { address, attribute }]);
        }
        Step::Key(_) | Step::Index(_) => attribute.to_owned(),
    };
    Config::Reference { address, attribute }
}
