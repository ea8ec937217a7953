//! Rows and assets meet.
//!
//! An id that no two things share joins at once. A host name, an address or a name joins only
//! where one row and one asset bear it: a wrong owner is worse than none.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use quell_model::{Asset, Provider};
use serde::{Deserialize, Serialize};

use crate::columns::{address_key, instance_key, name_key, resource_keys};
use crate::inventory::{Inventory, Row};

/// The ways from the first that more than one asset may share.
const FIRST_SHARED: usize = 2;
/// Assets that are kept of one name: two are enough to know that it says nothing.
const ENOUGH: usize = 2;

/// Names that an inventory names, with the assets that bear them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims(BTreeMap<String, BTreeSet<String>>);

/// What a row has to say of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined<'r> {
    /// This row names it.
    Row(&'r Row),
    /// Several rows or assets bear its name, and they do not say the same.
    Ambiguous,
    /// None names it.
    Nothing,
}

/// An inventory made ready to be looked into.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// For each way: key → who bears it.
    ways: [HashMap<String, Bearers>; 5],
}

/// The rows that bear a key.
#[derive(Debug, Clone, Copy)]
struct Bearers {
    /// The first.
    row: u32,
    /// Whether others say something else.
    differ: bool,
    /// Whether others are another item of their CMDB.
    items: bool,
}

/// What an asset may be known by, the surest way first.
pub(crate) struct Keys {
    asset: String,
    ways: [BTreeSet<String>; 5],
}

impl Keys {
    pub(crate) fn of(asset: &Asset) -> Self {
        let id = &asset.id;
        let mut ways: [BTreeSet<String>; 5] = Default::default();
        let [resources, instances, hosts, addresses, names] = &mut ways;
        resources.insert(id.key().to_lowercase());
        if !asset.native_id.is_empty() {
            resources.insert(asset.native_id.to_lowercase());
            if asset.native_id.starts_with("arn:") || asset.native_id.contains('/') {
                resources.extend(resource_keys(&asset.native_id));
            }
        }
        let last = asset.native_id.rsplit(['/', ':']).next().unwrap_or_default();
        instances.extend([id.name.as_str(), last].into_iter().filter_map(instance_key));
        // A block of code and a machine may bear one name by chance.
        let is_code = matches!(id.provider, Provider::Iac | Provider::Code);
        for name in [id.name.as_str(), asset.name.raw()].into_iter().filter(|_| !is_code) {
            hosts.extend(name_key(name));
            addresses.extend(address_key(name));
            names.extend(name_key(name));
        }
        Self { asset: id.key().to_owned(), ways }
    }
}

impl Index {
    pub(crate) fn of(inventory: &Inventory) -> Self {
        let mut ways: [HashMap<String, Bearers>; 5] = Default::default();
        for (number, row) in (0_u32..).zip(&inventory.rows) {
            for (way, keys) in ways.iter_mut().zip(&row.keys) {
                add(way, keys, (number, row), &inventory.rows);
            }
        }
        Self { ways }
    }

    /// Whether a key of a way that assets may share is in it.
    pub(crate) fn shares(&self, keys: &Keys) -> Vec<String> {
        let ways = self.ways.iter().zip(&keys.ways).enumerate().skip(FIRST_SHARED);
        ways.flat_map(|(number, (way, keys))| {
            keys.iter().filter(|key| way.contains_key(*key)).map(move |key| claim(number, key))
        })
        .collect()
    }

    /// The row that names an asset, and the item of its CMDB where only one is meant.
    pub(crate) fn find<'r>(
        &self,
        keys: &Keys,
        (rows, claims): (&'r [Row], &Claims),
    ) -> (Joined<'r>, Option<&'r str>) {
        for (number, (way, keys_of)) in self.ways.iter().zip(&keys.ways).enumerate() {
            let hits: Vec<(&String, Bearers)> =
                keys_of.iter().filter_map(|key| Some((key, *way.get(key)?))).collect();
            let named = |(_, hit): &(&String, Bearers)| rows.get(usize::try_from(hit.row).ok()?);
            let Some(first) = hits.iter().filter_map(named).min_by_key(|row| row.row) else {
                continue;
            };
            let one = hits.iter().all(|(_, hit)| !hit.differ)
                && hits.iter().filter_map(named).all(|row| row.says_as(first));
            let mine = number < FIRST_SHARED
                || hits.iter().all(|(key, _)| claims.only(&claim(number, key), &keys.asset));
            if !(one && mine) {
                return (Joined::Ambiguous, None);
            }
            let same = hits.iter().all(|(_, hit)| !hit.items)
                && hits.iter().filter_map(named).all(|row| row.item == first.item);
            let item = Some(first.item.as_str()).filter(|item| same && !item.is_empty());
            return (Joined::Row(first), item);
        }
        (Joined::Nothing, None)
    }
}

fn add(
    way: &mut HashMap<String, Bearers>,
    keys: &[String],
    (number, row): (u32, &Row),
    rows: &[Row],
) {
    for key in keys {
        let first = Bearers { row: number, differ: false, items: false };
        let first = way.entry(key.clone()).or_insert(first);
        let known = usize::try_from(first.row).ok().and_then(|first| rows.get(first));
        first.differ |= known.is_some_and(|known| !known.says_as(row));
        first.items |= known.is_some_and(|known| known.item != row.item);
    }
}

fn claim(way: usize, key: &str) -> String {
    format!("{way}:{key}")
}

impl Claims {
    /// Notes that an asset bears a name. Says what that changes.
    pub(crate) fn note(&mut self, name: String, asset: &str) -> Noted {
        let bearers = self.0.entry(name).or_default();
        if bearers.contains(asset) || bearers.len() >= ENOUGH {
            return Noted::Known;
        }
        bearers.insert(asset.to_owned());
        if bearers.len() == 1 { Noted::First } else { Noted::Contested }
    }

    /// Whether only this asset bears the name.
    fn only(&self, name: &str, asset: &str) -> bool {
        self.0.get(name).is_some_and(|bearers| bearers.len() == 1 && bearers.contains(asset))
    }
}

/// What a note of a name changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Noted {
    /// Nothing.
    Known,
    /// The asset is the first that bears it.
    First,
    /// Another bore it before, alone.
    Contested,
}
