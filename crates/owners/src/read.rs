//! Inventories read: CSV, JSON, one JSON object a line, and what ServiceNow's Table API answers.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::Columns;
use crate::columns::Cells;
use crate::inventory::Inventory;

/// Bytes of a cell that are taken; longer ones are no name of anything.
const MOST_CELL: usize = 4096;
/// Cells of a row.
const MOST_CELLS: usize = 2000;
/// Rows that are taken.
const MOST_ROWS: u64 = 2_000_000;
/// Where an object keeps its records.
const LISTS: &[&str] = &["result", "records", "items", "assets", "data", "results"];

/// An inventory that cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It holds nothing.
    #[error("it is empty")]
    Empty,
    /// It is neither CSV nor JSON.
    #[error("it cannot be read: {0}")]
    Format(String),
    /// No column says which asset a row means.
    #[error(
        "no column names an asset; name one with `id` or `name`, or call it `arn`, `hostname`, `ip_address` or `name`"
    )]
    NoColumn,
}

/// Reads an inventory of any of the known forms.
///
/// # Errors
/// When it is no table, or none of its columns names an asset. A wrong row is no error: it is
/// counted, with its line.
pub fn read_inventory(bytes: &[u8], columns: &Columns) -> Result<Inventory, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.trim_ascii_start().first() {
        None => Err(Unreadable::Empty),
        Some(b'[') => read_list(text_of(bytes)?, columns),
        Some(b'{') => read_object(text_of(bytes)?, columns),
        Some(_) => read_csv(bytes, columns),
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(bytes).map_err(|error| Unreadable::Format(error.to_string()))
}

fn read_csv(bytes: &[u8], columns: &Columns) -> Result<Inventory, Unreadable> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter(bytes))
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let format = |error: csv::Error| Unreadable::Format(error.to_string());
    let head: Vec<String> = reader.headers().map_err(format)?.iter().map(str::to_owned).collect();
    if head.len() > MOST_CELLS || !columns.can_join(&head.iter().map(String::as_str)) {
        return Err(Unreadable::NoColumn);
    }
    let mut inventory = Inventory::default();
    let mut record = csv::ByteRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) if inventory.records() >= MOST_ROWS => {
                inventory.reject(line, "more rows than are taken");
            }
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                take(&mut inventory, line, cells_of(&head, &record), columns);
            }
            Err(error) => {
                inventory.reject(line, error.to_string());
                break;
            }
        }
    }
    Ok(inventory)
}

/// What stands between the cells of the first line most often.
fn delimiter(bytes: &[u8]) -> u8 {
    let head = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |mark: u8| head.iter().filter(|b| **b == mark).count();
    // Of marks that stand there as often, the comma counts.
    [b'\t', b';', b','].into_iter().max_by_key(|mark| count(*mark)).unwrap_or(b',')
}

fn cells_of(head: &[String], record: &csv::ByteRecord) -> Result<Cells, String> {
    if record.len() != head.len() {
        return Err(format!("{} cells, the header has {}", record.len(), head.len()));
    }
    let cell = |(column, bytes): (&String, &[u8])| {
        let text = std::str::from_utf8(bytes).map_err(|_| format!("`{column}` is not UTF-8"))?;
        Ok((column.clone(), short(column, text)?.to_owned()))
    };
    head.iter().zip(record).map(cell).collect()
}

fn short<'t>(column: &str, text: &'t str) -> Result<&'t str, String> {
    if text.len() > MOST_CELL {
        let column: String = column.chars().take(40).collect();
        return Err(format!("`{column}` holds {} bytes, more than {MOST_CELL}", text.len()));
    }
    Ok(text)
}

/// Takes one record, or says why not.
fn take(inventory: &mut Inventory, row: u64, cells: Result<Cells, String>, columns: &Columns) {
    let taken = cells
        .and_then(|cells| columns.row(row, &cells).ok_or_else(|| "it names no asset".to_owned()));
    match taken {
        Ok(taken) => inventory.rows.push(taken),
        Err(reason) => inventory.reject(row, reason),
    }
}

fn read_list(text: &str, columns: &Columns) -> Result<Inventory, Unreadable> {
    let list: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| Unreadable::Format(error.to_string()))?;
    let mut inventory = Inventory::default();
    for (row, one) in (1_u64..).zip(list) {
        record(&mut inventory, row, one.get(), columns);
    }
    Ok(inventory)
}

/// One object with a list in it, or one object a line.
fn read_object(text: &str, columns: &Columns) -> Result<Inventory, Unreadable> {
    if let Ok(object) = serde_json::from_str::<std::collections::BTreeMap<String, &RawValue>>(text)
    {
        let list = LISTS.iter().find_map(|name| object.get(*name));
        return match list {
            Some(list) if list.get().starts_with('[') => read_list(list.get(), columns),
            Some(_) | None => read_lines(text.trim(), columns, true),
        };
    }
    read_lines(text, columns, false)
}

fn read_lines(text: &str, columns: &Columns, is_one: bool) -> Result<Inventory, Unreadable> {
    let mut inventory = Inventory::default();
    if is_one {
        record(&mut inventory, 1, text, columns);
        return Ok(inventory);
    }
    for (row, line) in (1_u64..).zip(text.lines()) {
        if !line.trim().is_empty() {
            record(&mut inventory, row, line, columns);
        }
    }
    if inventory.rows.is_empty() {
        let reason = inventory.rejects.first().map(|reject| reject.reason.clone());
        return Err(Unreadable::Format(reason.unwrap_or_default()));
    }
    Ok(inventory)
}

fn record(inventory: &mut Inventory, row: u64, text: &str, columns: &Columns) {
    if inventory.records() >= MOST_ROWS {
        inventory.reject(row, "more rows than are taken");
        return;
    }
    let object = serde_json::from_str::<serde_json::Map<String, Value>>(text);
    let cells = object.map_err(|error| format!("no object: {error}")).and_then(|object| {
        let mut cells = Cells::new();
        for (column, value) in &object {
            add_value(&mut cells, column, value)?;
        }
        Ok(cells)
    });
    take(inventory, row, cells, columns);
}

/// A value as cells: a list is one cell each, and of ServiceNow's objects what people read.
fn add_value(cells: &mut Cells, column: &str, value: &Value) -> Result<(), String> {
    let mut add = |text: &str| -> Result<(), String> {
        if cells.len() >= MOST_CELLS {
            return Err(format!("more than {MOST_CELLS} values"));
        }
        cells.push((column.to_owned(), short(column, text)?.to_owned()));
        Ok(())
    };
    match value {
        Value::Null => Ok(()),
        Value::Bool(truth) => add(&truth.to_string()),
        Value::Number(number) => add(&number.to_string()),
        Value::String(text) => add(text),
        Value::Array(list) => list.iter().filter_map(Value::as_str).try_for_each(add),
        Value::Object(object) => {
            let told = ["display_value", "name", "value"].iter().find_map(|key| {
                object.get(*key).and_then(Value::as_str).filter(|text| !text.is_empty())
            });
            told.map_or(Ok(()), add)
        }
    }
}
