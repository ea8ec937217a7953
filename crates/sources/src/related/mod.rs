//! Relations of assets that a record of an inventory tells.

mod config;

use std::collections::BTreeSet;

use quell_model::{Asset, AssetId, Hints, Provider, Record, Relation, RelationKind, Tool};

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
        Self { tool, known: BTreeSet::new(), found: Vec::new() }
    }

    /// Two assets that are related. What is there already, of one asset, or too much is left out.
    pub(crate) fn add(&mut self, from: &AssetId, kind: RelationKind, to: &AssetId) {
        self.push(Relation::new(self.tool.clone(), from, kind, to));
    }

    /// A relation that says more than its ends.
    pub(crate) fn push(&mut self, relation: Option<Relation>) {
        let Some(relation) = relation else { return };
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

    /// The internet and an asset, where the record says that it can be reached from there.
    pub(crate) fn exposed(&mut self, asset: &Asset) {
        if asset.signals.internet_exposed == Some(true) {
            self.add(&AssetId::internet(), RelationKind::Exposes, &asset.id);
        }
    }

    /// A machine in Azure and the id that it knows itself by, where the record tells it.
    pub(crate) fn same_machine(&mut self, asset: &Asset, vm_id: Option<&str>) {
        if asset.id.provider != Provider::Azure || asset.id.kind != "compute.virtualmachines" {
            return;
        }
        let hints = Hints { account: Some(&asset.id.account), ..Hints::default() };
        if let Some(own) = vm_id.and_then(|id| azure_machine(id, &hints)) {
            self.add(&asset.id, RelationKind::SameAs, &own);
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
    pub(crate) fn write(self, output: &mut Output) {
        output.records.extend(self.into_records());
    }
}
