//! What inventories of tools say of assets, ready to be asked.

use std::collections::HashMap;
use std::sync::Arc;

use quell_model::{AssetId, Label, LabelKind, Relation};

/// The labels of all assets. Assets are known by [`Relation::end_number`], labels by any number.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// Asset, page, label; in order.
    entries: Vec<(u64, u32, u32)>,
    said: HashMap<u32, Arc<Label>>,
}

impl Labels {
    /// Takes the labels of some pages in place of those known. `said` tells what a number stands
    /// for that was not met before.
    ///
    /// # Errors
    /// When `said` fails; what is known may then lack labels.
    pub fn replace<E>(
        &mut self,
        pages: impl Fn(u32) -> bool,
        new: impl Iterator<Item = (u64, u32, u32)>,
        mut said: impl FnMut(u32) -> Result<Option<Label>, E>,
    ) -> Result<(), E> {
        self.entries.retain(|(_, page, _)| !pages(*page));
        for entry in new {
            let (_, _, number) = entry;
            self.entries.push(entry);
            if !self.said.contains_key(&number)
                && let Some(label) = said(number)?
            {
                self.said.insert(number, Arc::new(label));
            }
        }
        // Most stand in order already.
        self.entries.sort();
        self.entries.shrink_to_fit();
        Ok(())
    }

    /// Whether nothing is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What is said of an asset, in one order.
    pub(crate) fn of(&self, asset: &AssetId) -> Vec<&Label> {
        if self.is_empty() {
            return Vec::new();
        }
        let asset = Relation::end_number(&Relation::end_of(asset.key()));
        let from = self.entries.partition_point(|(of, _, _)| *of < asset);
        let own = self.entries.iter().skip(from).take_while(|(of, _, _)| *of == asset);
        let mut labels: Vec<&Label> =
            own.filter_map(|(_, _, number)| self.said.get(number)).map(Arc::as_ref).collect();
        labels.sort_unstable_by_key(|label| (label.kind, weight(label), *label));
        labels.dedup();
        labels
    }
}

/// What counts before what: the more careful word.
fn weight(label: &Label) -> usize {
    let words: &[&str] = match label.kind {
        LabelKind::Environment => &["production"],
        LabelKind::DataClass => &["restricted", "confidential"],
        LabelKind::Owner => &[],
    };
    words.iter().position(|word| *word == label.value.raw()).unwrap_or(words.len())
}
