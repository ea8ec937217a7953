//! Relations of assets that a record of an inventory tells.

mod config;

use std::collections::BTreeSet;

use quell_model::{Asset, AssetId, Hints, Provider, Record, Relation, RelationKind, Teller, Tool};

pub(crate) use config::{CLOUD, Field, described};

use crate::Output;
use crate::wire::azure_machine;

/// Relations taken of one record.
const MOST: usize = 256;

/// The relations of one record, each once.
#[derive(Debug)]
pub(crate) struct Related {
    tool: Tool,
    known: BTreeSet<[u8; 16]>,
    found: Vec<Relation>,
    /// What the record tells all of, and of what it does just now.
    tellers: Vec<Teller>,
    teller: Option<Teller>,
}

/// Which of two assets comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The asset of the record.
    Out,
    /// The other one.
    In,
}

impl Related {
    pub(crate) const fn of(tool: Tool) -> Self {
        Self { tool, known: BTreeSet::new(), found: Vec::new(), tellers: Vec::new(), teller: None }
    }

    /// Two assets that are related. What is there already, of one asset, or too much is left out.
    pub(crate) fn add(&mut self, from: &AssetId, kind: RelationKind, to: &AssetId) {
        self.push(Relation::new(self.tool.clone(), from, kind, to));
    }

    /// A relation that says more than its ends.
    pub(crate) fn push(&mut self, relation: Option<Relation>) {
        let Some(mut relation) = relation else { return };
        relation.teller = self.teller;
        if self.found.len() < MOST && self.known.insert(relation.key()) {
            self.found.push(relation);
        }
    }

    /// The asset of the record and another.
    pub(crate) fn beside(
        &mut self,
        asset: &Asset,
        (way, kind): (Way, RelationKind),
        other: &AssetId,
    ) {
        match way {
            Way::Out => self.add(&asset.id, kind, other),
            Way::In => self.add(other, kind, &asset.id),
        }
    }

    /// What a field of an asset's record tells, which is there and names all that there is: what
    /// is added within is gone once a later record of the asset has the field without it.
    pub(crate) fn all_of(&mut self, asset: &Asset, field: &str, add: impl FnOnce(&mut Self)) {
        let teller = Teller::new(&self.tool, &asset.id, field);
        self.tellers.push(teller);
        self.teller = Some(teller);
        add(self);
        self.teller = None;
    }

    /// What a field of an asset's record tells, which may name but some of what there is.
    pub(crate) fn some_or_all_of(
        &mut self,
        asset: &Asset,
        (field, is_all): (&str, bool),
        add: impl FnOnce(&mut Self),
    ) {
        if is_all { self.all_of(asset, field, add) } else { add(self) }
    }

    /// The internet and an asset, where the record says that it can be reached from there.
    pub(crate) fn exposed(&mut self, asset: &Asset) {
        let Some(is_exposed) = asset.signals.internet_exposed else { return };
        self.all_of(asset, "internet_exposed", |related| {
            if is_exposed {
                related.add(&AssetId::internet(), RelationKind::Exposes, &asset.id);
            }
        });
    }

    /// What an inventory says of an asset by itself: that the internet reaches it, that it holds or
    /// reads sensitive data.
    pub(crate) fn claims(&mut self, asset: &Asset) {
        self.exposed(asset);
        let Some(is_sensitive) = asset.signals.sensitive_data else { return };
        self.all_of(asset, "sensitive_data", |related| {
            if is_sensitive {
                related.add(&asset.id, RelationKind::Holds, &AssetId::sensitive_data());
            }
        });
    }

    /// A machine in Azure and the id that it knows itself by, where the record tells it.
    pub(crate) fn same_machine(&mut self, asset: &Asset, vm_id: Option<&str>) {
        if asset.id.provider != Provider::Azure || asset.id.kind != "compute.virtualmachines" {
            return;
        }
        let hints = Hints { account: Some(&asset.id.account), ..Hints::default() };
        if let Some(own) = vm_id.and_then(|id| azure_machine(id, &hints)) {
            self.all_of(asset, "vmId", |related| {
                related.add(&asset.id, RelationKind::SameAs, &own);
            });
        }
    }

    /// Somebody who is an administrator.
    pub(crate) fn administers(&mut self, who: &AssetId, by: &str) {
        let everything = AssetId::everything();
        let relation =
            Relation::new(self.tool.clone(), who, RelationKind::HasPermission, &everything);
        self.push(relation.map(|relation| relation.by(by)));
    }

    /// What was found, as records.
    pub(crate) fn into_records(self) -> impl Iterator<Item = Record> {
        self.found.into_iter().map(|relation| Record::Relation(Box::new(relation)))
    }

    /// Adds what was found to the record's.
    pub(crate) fn write(mut self, output: &mut Output) {
        // Of very many some were left out.
        if self.found.len() < MOST {
            output.tellers.append(&mut self.tellers);
        }
        output.records.extend(self.into_records());
    }
}
