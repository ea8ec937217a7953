//! A block's body, with the blocks that `dynamic` makes.

use std::collections::BTreeMap;

use hcl_edit::structure::{Block, Body, Structure};

use super::{Bind, Resolver, Scope, json, repeat};
use crate::Config;
use crate::terraform::body::dynamic_name;

impl Resolver<'_> {
    pub(super) fn body(&self, body: &Body, scope: &Scope<'_>) -> Config {
        let mut fields: BTreeMap<String, Config> = BTreeMap::new();
        let mut made: BTreeMap<&str, Option<Vec<Config>>> = BTreeMap::new();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let value = json::parsed(self.value(&attribute.value, scope));
                    fields.insert(attribute.key.as_str().to_owned(), value);
                }
                Structure::Block(block) => {
                    let (name, items) = match dynamic_name(block) {
                        Some(name) => (name, self.dynamic(block, name, scope)),
                        None => (block.ident.as_str(), Some(vec![self.body(&block.body, scope)])),
                    };
                    match (made.entry(name).or_insert_with(|| Some(Vec::new())), items) {
                        (Some(have), Some(items)) => have.extend(items),
                        (Some(have), None) if !have.is_empty() => have.push(Config::Unknown),
                        (unknown, _) => *unknown = None,
                    }
                }
            }
        }
        for (name, items) in made {
            match items {
                None => _ = fields.insert(name.to_owned(), Config::Unknown),
                Some(items) if items.is_empty() => {}
                Some(items) => _ = fields.insert(name.to_owned(), Config::List(items)),
            }
        }
        Config::Object(fields)
    }

    /// The blocks that a `dynamic` block makes; `None` where it cannot be told which.
    fn dynamic(&self, block: &Block, name: &str, scope: &Scope<'_>) -> Option<Vec<Config>> {
        let over = self.value(&block.body.get_attribute("for_each")?.value, scope);
        let elements = repeat::elements(&over)?;
        let content = block.body.blocks().find(|block| block.ident.as_str() == "content")?;
        let iterator = match block.body.get_attribute("iterator").map(|own| &own.value) {
            Some(hcl_edit::expr::Expression::Variable(own)) => own.as_str(),
            Some(_) => return None,
            None => name,
        };
        let made = elements.into_iter().map(|element| {
            let bind = Bind { name: iterator, value: element.bound(), outer: scope.binds };
            self.body(&content.body, &Scope { binds: Some(&bind), ..*scope })
        });
        Some(made.collect())
    }
}
