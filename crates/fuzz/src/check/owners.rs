//! Inventories and CODEOWNERS: any text is read or refused with a sentence, and neither the order
//! of rows nor a repeat says who owns something.

use quell_model::{Asset, AssetId, ContextMapping, Hints, RawField, RawMapping, Untrusted};
use quell_owners::{
    Book, Claims, CodeLine, CodeOwners, Columns, Dialect, Inventory, Owners, read_inventory,
};

use super::{Fault, Seen, bare};

/// Rows whose assets are looked up.
const MOST_ROWS: usize = 64;
/// Longest reason, and longest cell.
const MOST_BYTES: usize = 4096;
/// Files whose owners are asked for.
const FILES: &[&str] = &[
    "README.md",
    "docs/guide/start.md",
    "src/payments/pay.rs",
    "infra/prod/main.tf",
    ".github/CODEOWNERS",
    "a/b/c/d/e/f/g/h/i/j/k.tf",
    "Ärger/ö .tf",
    "",
];

/// Checks a text as an inventory.
pub(super) fn inventory(input: &[u8]) -> Result<Seen, Fault> {
    let mut seen = Seen::default();
    let read = read_inventory(input, &Columns::default());
    if read != read_inventory(input, &Columns::default()) {
        return Err(Fault::new("read twice, the same", "another inventory"));
    }
    let inventory = match read {
        Ok(inventory) => inventory,
        Err(error) => {
            let sentence = error.to_string();
            said(&sentence)?;
            seen.traits.insert(bare(&sentence));
            return Ok(seen);
        }
    };
    seen.items = usize::try_from(inventory.records()).unwrap_or(usize::MAX);
    seen.rejects = usize::try_from(inventory.rejected).unwrap_or(usize::MAX);
    for reject in &inventory.rejects {
        said(&reject.reason)?;
        seen.traits.insert(bare(&reject.reason));
    }
    rows(&inventory, &mut seen)?;
    kept(&inventory)?;
    order(inventory, &mut seen)?;
    Ok(seen)
}

fn said(sentence: &str) -> Result<(), Fault> {
    let whole = !sentence.trim().is_empty() && sentence.len() <= MOST_BYTES;
    if whole { Ok(()) } else { Err(Fault::new("rejects say why, in a line", sentence)) }
}

/// Each row names something, and no cell is longer than any name.
fn rows(inventory: &Inventory, seen: &mut Seen) -> Result<(), Fault> {
    for row in &inventory.rows {
        let cells = row.keys.iter().flatten().chain([&row.owner, &row.environment]);
        if cells.chain([&row.criticality]).any(|cell| cell.len() > MOST_BYTES) {
            return Err(Fault::new("a cell is short", format!("row {}", row.row)));
        }
        if row.keys.iter().all(Vec::is_empty) {
            return Err(Fault::new("a row names an asset", format!("row {}", row.row)));
        }
        let ways: Vec<String> = row.keys.iter().map(|way| way.len().min(2).to_string()).collect();
        let owned = u8::from(!row.owner.is_empty());
        seen.traits.insert(format!("keys {} owned {owned}", ways.concat()));
    }
    Ok(())
}

/// What is stored of an inventory is the inventory.
fn kept(inventory: &Inventory) -> Result<(), Fault> {
    let stored = serde_json::to_vec(inventory).ok();
    let read = stored.and_then(|bytes| serde_json::from_slice::<Inventory>(&bytes).ok());
    let same = read.as_ref() == Some(inventory);
    if same { Ok(()) } else { Err(Fault::new("what is stored is what was read", "another")) }
}

/// Rows turned round say the same of each asset.
fn order(inventory: Inventory, seen: &mut Seen) -> Result<(), Fault> {
    let assets: Vec<Asset> = inventory.rows.iter().take(MOST_ROWS).filter_map(asset).collect();
    let mut turned = inventory.clone();
    turned.rows.reverse();
    let [here, there] = [owners(inventory, &assets)?, owners(turned, &assets)?];
    if here != there {
        return Err(Fault::new("the order of rows does not matter", "another owner"));
    }
    let found = here.iter().flatten().count();
    seen.traits.insert(format!("joined {}", found.min(2)));
    Ok(())
}

/// An asset that bears the first name of a row.
fn asset(row: &quell_owners::Row) -> Option<Asset> {
    let name = row.keys.iter().flatten().next()?;
    let hints = Hints { name: Some(name), ..Hints::default() };
    Some(Asset {
        id: AssetId::parse(name, &hints),
        native_id: name.clone(),
        name: Untrusted::from(name.as_str()),
        ..Asset::default()
    })
}

fn owners(inventory: Inventory, assets: &[Asset]) -> Result<Vec<Option<String>>, Fault> {
    let mapping = ContextMapping::new(RawMapping {
        owner: RawField::default(),
        environment: RawField::default(),
        application: RawField::default(),
        data_class: RawField::default(),
    });
    let mapping = mapping.map_err(|error| Fault::new("the bench works", error.to_string()))?;
    let inventories = [("fuzzed".to_owned(), inventory)].into();
    let book = Book { inventories, ..Book::default() };
    let mut owners = Owners::new(book, Claims::default(), &mapping);
    for asset in assets {
        owners.note(asset);
    }
    let of = |asset: &Asset| {
        let mut asset = asset.clone();
        owners.apply(&mut asset, Vec::new(), std::iter::empty());
        asset.context.owner.map(|owner| owner.value.raw().to_owned())
    };
    Ok(assets.iter().map(of).collect())
}

/// Checks a text as a CODEOWNERS file, by the rules of both hosts.
pub(super) fn code(input: &[u8]) -> Result<Seen, Fault> {
    let text = String::from_utf8_lossy(input);
    let lines = u64::try_from(text.lines().count()).unwrap_or(u64::MAX);
    let mut seen = Seen::default();
    for dialect in [Dialect::GitHub, Dialect::GitLab] {
        let read = CodeOwners::read(&text, dialect);
        let again = CodeOwners::read(&text, dialect);
        // What nobody can write as a pattern changes nothing.
        let longer = CodeOwners::read(&format!("{text}\n# a comment @nobody\n\n"), dialect);
        for file in FILES {
            one_file((&read, &again, &longer), file, (dialect, lines), &mut seen)?;
        }
    }
    Ok(seen)
}

/// Holds what is said of one file against what the same text says otherwise.
fn one_file(
    (read, again, longer): (&CodeOwners, &CodeOwners, &CodeOwners),
    file: &'static str,
    (dialect, lines): (Dialect, u64),
    seen: &mut Seen,
) -> Result<(), Fault> {
    let owners = read.owners(file);
    if owners != again.owners(file) {
        return Err(Fault::new("read twice, the same", file));
    }
    if owners != longer.owners(file) {
        return Err(Fault::new("a comment owns nothing", file));
    }
    seen.items += 1;
    seen.rejects += usize::from(owners.is_none());
    let Some(CodeLine { owners, line }) = owners else { return Ok(()) };
    if owners.trim().is_empty() || line == 0 || line > lines {
        return Err(Fault::new("an owner stands in a line", format!("{line}")));
    }
    let count = owners.split(' ').count().min(3);
    seen.traits.insert(format!("{dialect:?} {file} {count} {}", line.min(6)));
    Ok(())
}
