//! From a block's text to its configuration: variables, locals, module calls, outputs, loops and
//! literals are followed, all else is a reference or unknown.

mod body;
mod calls;
mod expression;
mod json;
mod names;
mod policy;
mod repeat;

use std::cell::Cell;
use std::sync::Arc;

use hcl_edit::expr::Expression;

use super::{Repository, Resource};
use crate::Config;
use calls::Call;

/// How many values one configuration may hold; hostile files name locals that double each other.
const MAX_VALUES: usize = 200_000;
/// How long a chain of variables, locals and module calls may be.
const MAX_CHAIN: usize = 24;
/// How many configurations one block may have.
const MAX_INSTANCES: usize = 64;

/// The configuration of a block, where every call of its module agrees; parts in which calls or
/// loop elements differ are unknown.
#[must_use]
pub(crate) fn resource(repository: &Repository, resource: &Resource<'_>) -> Arc<Config> {
    match repository.known(resource) {
        Some((known, state)) => known.whole(state, || whole(repository, resource)),
        None => Arc::new(whole(repository, resource)),
    }
}

fn whole(repository: &Repository, resource: &Resource<'_>) -> Config {
    let resolver = Resolver::new(repository, resource.file.folder());
    let scope = Scope::of(resource.file.folder());
    let each = repeat::reference(&resolver, &resource.block.body, &scope);
    let bind = each.map(|value| Bind { name: "each", value, outer: None });
    let scope = Scope { binds: bind.as_ref(), ..scope };
    resolver.body(&resource.block.body, &scope)
}

/// Every configuration that a block has: one for each call of its module and each element that
/// it is repeated over. A block that makes nothing as things stand is taken as if it did.
#[must_use]
pub(crate) fn instances(repository: &Repository, resource: &Resource<'_>) -> Arc<Vec<Config>> {
    match repository.known(resource) {
        Some((known, state)) => known.instances(state, || each(repository, resource)),
        None => Arc::new(each(repository, resource)),
    }
}

fn each(repository: &Repository, resource: &Resource<'_>) -> Vec<Config> {
    let folder = resource.file.folder();
    let resolver = Resolver::new(repository, folder);
    let mut all = Vec::new();
    let mut idle = Vec::new();
    for call in calls::all(repository, folder) {
        let scope = Scope { call: call.as_deref(), ..Scope::of(folder) };
        let made = repeat::instances(&resolver, &resource.block.body, &scope);
        if made.makes_nothing { &mut idle } else { &mut all }.extend(made.configs);
    }
    if all.is_empty() {
        all = idle;
    }
    if all.len() > MAX_INSTANCES {
        return vec![whole(repository, resource)];
    }
    all
}

/// One expression's value in the module of a folder.
#[must_use]
pub(crate) fn expression(repository: &Repository, folder: &str, value: &Expression) -> Config {
    Resolver::new(repository, folder).value(value, &Scope::of(folder))
}

/// What an expression of a block always is where the block is made, which `count` decides by the
/// same variables and by those alone (`count = var.open ? 1 : 0`, `encrypted = !var.open`).
#[must_use]
pub(crate) fn where_made(
    repository: &Repository,
    resource: &Resource<'_>,
    value: &Expression,
) -> Option<Config> {
    let facts = repeat::facts(&resource.block.body.get_attribute("count")?.value);
    let text = resource.file.text.get(resource.file.span(value)?)?;
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let decided = |word: &str| {
        let name = word.strip_prefix("var.");
        name.is_some_and(|name| facts.iter().any(|(fact, _)| fact == name))
    };
    let mut names = text.split(|c: char| !part(c)).filter(|word| word.contains('.')).peekable();
    if names.peek().is_none() || !names.all(decided) {
        return None;
    }
    let folder = resource.file.folder();
    let scope = Scope { facts: &facts, ..Scope::of(folder) };
    Some(Resolver::new(repository, folder).value(value, &scope))
}

/// Where names are looked up.
#[derive(Debug, Clone, Copy)]
struct Scope<'s> {
    folder: &'s str,
    chain: usize,
    /// The call by which the module is looked at; none where all calls are taken together.
    call: Option<&'s Call<'s>>,
    /// Names of loops, innermost first.
    binds: Option<&'s Bind<'s>>,
    /// Variables that are true or false wherever the block exists at all.
    facts: &'s [(String, bool)],
}

impl<'s> Scope<'s> {
    fn of(folder: &'s str) -> Self {
        Self { folder, chain: 0, call: None, binds: None, facts: &[] }
    }
}

/// A name that a loop gives a value.
#[derive(Debug)]
struct Bind<'s> {
    name: &'s str,
    value: Config,
    outer: Option<&'s Bind<'s>>,
}

struct Resolver<'r> {
    repository: &'r Repository,
    /// The folder that references are written from.
    home: &'r str,
    fuel: Cell<usize>,
}

impl<'r> Resolver<'r> {
    fn new(repository: &'r Repository, home: &'r str) -> Self {
        Self { repository, home, fuel: Cell::new(MAX_VALUES) }
    }

    fn burn(&self, amount: usize) -> bool {
        let left = self.fuel.get().checked_sub(amount);
        self.fuel.set(left.unwrap_or(0));
        left.is_some()
    }
}
