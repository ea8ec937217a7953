//! Which of all that is said of an owner counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use quell_model::{Asset, ContextMapping, Label, LabelKind, Origin, Sourced, Untrusted};

use crate::join::{Index, Joined, Keys, Noted};
use crate::{Book, Claims, CodeLine, Labels, Place};

/// Owners that are kept beside the one that counts.
const MOST_OTHERS: usize = 8;
/// Bytes that are kept of a value.
const MOST_BYTES: usize = 128;

/// What is known of owners, ready to be asked.
#[derive(Debug, Clone)]
pub struct Owners {
    book: Arc<Book>,
    /// Who bears which name.
    claims: Claims,
    /// The inventories in the order of their names.
    indexes: Arc<[Index]>,
    places: Vec<Place>,
    mapping: Arc<ContextMapping>,
    /// What inventories of tools say.
    labels: Arc<Labels>,
}

impl Owners {
    /// Makes ready what is known.
    #[must_use]
    pub fn new(book: Book, claims: Claims, mapping: &ContextMapping) -> Self {
        let mapping = match book.settings.tags.as_slice() {
            [] => mapping.clone(),
            tags => mapping.clone().with_owner_tags(tags),
        };
        let indexes = book.inventories.values().map(Index::of).collect();
        let places = book.settings.places();
        let (book, mapping, labels) = (Arc::new(book), Arc::new(mapping), Arc::default());
        Self { book, claims, indexes, places, mapping, labels }
    }

    /// Takes what inventories of tools say.
    #[must_use]
    pub fn with_labels(mut self, labels: Arc<Labels>) -> Self {
        self.labels = labels;
        self
    }

    /// The owners that an asset's own tags name, the one that counts most first.
    #[must_use]
    pub fn tagged(&self, asset: &Asset) -> Vec<Sourced> {
        self.mapping.owners(asset)
    }

    /// What is known, to be stored.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Who bears which name, to be stored.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Notes which names an asset bears. Says whether its own owner may now be another, and
    /// whether that of others may.
    pub fn note(&mut self, asset: &Asset) -> (bool, bool) {
        if self.indexes.is_empty() {
            return (false, false);
        }
        let keys = Keys::of(asset);
        let names: BTreeSet<String> = self.indexes.iter().flat_map(|i| i.shares(&keys)).collect();
        let note = |name| self.claims.note(name, asset.id.key());
        let noted = names.into_iter().map(note).max().unwrap_or(Noted::Known);
        (noted > Noted::Known, noted == Noted::Contested)
    }

    /// Forgets which assets bear which names.
    pub fn forget_names(&mut self) {
        self.claims = Claims::default();
    }

    /// What each inventory says of an asset, in the order of their names.
    pub fn rows<'o>(&'o self, asset: &Asset) -> impl Iterator<Item = (&'o str, Joined<'o>)> {
        self.found(asset).map(|(name, joined, _)| (name, joined))
    }

    /// The same, with the item of its CMDB that is meant.
    fn found<'o>(
        &'o self,
        asset: &Asset,
    ) -> impl Iterator<Item = (&'o str, Joined<'o>, Option<&'o str>)> {
        let keys = (!self.indexes.is_empty()).then(|| Keys::of(asset));
        let inventories = self.book.inventories.iter().zip(self.indexes.iter());
        inventories.filter_map(move |((name, inventory), index)| {
            let (joined, item) = index.find(keys.as_ref()?, (&inventory.rows, &self.claims));
            Some((name.as_str(), joined, item))
        })
    }

    /// Gives an asset its owner, and whom else somebody names; its environment, the class of its
    /// data, criticality, id in a CMDB and whether the internet reaches it where an inventory says
    /// them. `said` is what tools say of the owner themselves, `files` where the fault stands in
    /// code.
    pub fn apply<'f>(
        &self,
        asset: &mut Asset,
        mut said: Vec<Sourced>,
        files: impl Iterator<Item = &'f str>,
    ) {
        let mut cmdb = Vec::new();
        let mut told = Told::default();
        let mut item = None;
        for (name, joined, found) in self.found(asset) {
            let Joined::Row(row) = joined else { continue };
            let origin = Origin::Inventory { name: name.to_owned(), row: row.row };
            let sourced = |text: &str| Sourced { value: capped(text), origin: origin.clone() };
            if !row.owner.is_empty() {
                cmdb.push(sourced(&row.owner));
            }
            item = item.or(found.map(sourced));
            let mapped = |value| Sourced { value, origin: origin.clone() };
            first(&mut told.environment, &row.environment, |said| {
                mapped(self.mapping.environment(said))
            });
            first(&mut told.data_class, &row.data_class, |said| {
                mapped(self.mapping.data_class(said))
            });
            first(&mut told.criticality, &row.criticality, sourced);
            first(&mut told.exposed, &row.exposed, sourced);
        }
        asset.context.item = item;
        asset.context.exposed = told.exposed.take();
        let code = self.code(asset, files);
        let mut tags = self.mapping.owners(asset);
        self.label(asset, (&mut tags, &mut said));
        let mut lists = [
            (Place::Cmdb, cmdb),
            (Place::Tag, tags),
            (Place::Codeowners, code),
            (Place::Source, said),
        ];
        let mut named: Vec<Sourced> = Vec::new();
        for place in &self.places {
            lists.iter_mut().filter(|(of, _)| of == place).for_each(|(_, l)| named.append(l));
        }
        self.set(asset, named, told);
    }

    /// Fills in what inventories of tools say, where the tools behind the issue do not say it.
    fn label(&self, asset: &mut Asset, (tags, said): (&mut Vec<Sourced>, &mut Vec<Sourced>)) {
        let mut owners: Vec<(usize, &Label)> = Vec::new();
        for label in self.labels.of(&asset.id) {
            let gap = match label.kind {
                LabelKind::Environment => &mut asset.context.environment,
                LabelKind::DataClass => &mut asset.context.data_class,
                LabelKind::Owner if !label.is_tag => {
                    add(said, label);
                    continue;
                }
                LabelKind::Owner => {
                    let rank = self.mapping.owner_rank(&label.key);
                    owners.extend(rank.map(|rank| (rank, label)));
                    continue;
                }
            };
            // What is read off a name counts less than anything that is said.
            let is_open = gap.as_ref().is_none_or(|said| matches!(said.origin, Origin::Name(_)));
            if is_open {
                *gap = Some(label.sourced());
            }
        }
        owners.sort_by_key(|(rank, _)| *rank);
        owners.into_iter().for_each(|(_, label)| add(tags, label));
    }

    fn set(&self, asset: &mut Asset, named: Vec<Sourced>, told: Told) {
        let mut others: Vec<Sourced> = Vec::new();
        let mut named = named.into_iter();
        let context = &mut asset.context;
        context.owner = named.next();
        for one in named {
            let known = others.iter().chain(&context.owner).any(|other| *other == one);
            if !known && others.len() < MOST_OTHERS {
                others.push(one);
            }
        }
        context.other_owners = others;
        for (known, told) in [
            (&mut context.environment, told.environment),
            (&mut context.data_class, told.data_class),
        ] {
            if told.is_some() && self.beats(known.as_ref()) {
                *known = told;
            }
        }
        if told.criticality.is_some() {
            context.criticality = told.criticality;
        }
    }

    /// Whether an inventory counts more than what said something so far.
    fn beats(&self, known: Option<&Sourced>) -> bool {
        let counts = |place: Place| self.places.iter().position(|of| *of == place);
        match known.map(|known| &known.origin) {
            None | Some(Origin::Name(_)) => true,
            Some(Origin::Tag(_) | Origin::Told { is_tag: true, .. }) => {
                counts(Place::Cmdb) < counts(Place::Tag)
            }
            Some(
                Origin::Field(_)
                | Origin::Told { is_tag: false, .. }
                | Origin::Inventory { .. }
                | Origin::Codeowners { .. },
            ) => counts(Place::Cmdb) < counts(Place::Source),
        }
    }

    fn line(&self, file: &str) -> Option<&CodeLine> {
        let file = file.strip_prefix("./").unwrap_or(file);
        self.book.files.get(file.trim_start_matches('/'))
    }

    /// Who owns the code of an asset: that of its block, else where its faults stand.
    fn code<'f>(&self, asset: &Asset, files: impl Iterator<Item = &'f str>) -> Vec<Sourced> {
        let block = self.book.blocks.get(asset.id.key()).and_then(|file| self.line(file));
        let lines = block.into_iter().chain(files.filter_map(|file| self.line(file)));
        let mut lines: Vec<_> = lines.collect();
        lines.sort_unstable();
        lines.dedup();
        let sourced = |line: &CodeLine| Sourced {
            value: capped(&line.owners),
            origin: Origin::Codeowners { line: line.line },
        };
        lines.into_iter().map(sourced).collect()
    }
}

/// What inventories say of an asset beside its owner.
#[derive(Default)]
struct Told {
    environment: Option<Sourced>,
    data_class: Option<Sourced>,
    criticality: Option<Sourced>,
    exposed: Option<Sourced>,
}

/// Adds an owner whom nobody in the list names.
fn add(named: &mut Vec<Sourced>, label: &Label) {
    if named.iter().all(|one| one.value != label.value) {
        named.push(label.sourced());
    }
}

/// Takes what somebody says, where nobody said it before.
fn first(known: &mut Option<Sourced>, said: &str, made: impl FnOnce(&str) -> Sourced) {
    if known.is_none() && !said.is_empty() {
        *known = Some(made(said));
    }
}

fn capped(text: &str) -> Untrusted {
    Untrusted::from(text.trim()).capped(MOST_BYTES)
}
