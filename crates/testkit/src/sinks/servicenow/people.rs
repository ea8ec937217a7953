//! What people do in an instance, and what a test sees of it.

use serde_json::{Value, json};

use super::{NowQuirk, ServiceNowDouble, rules};

impl ServiceNowDouble {
    /// Has the instance behave otherwise from now on.
    pub fn set(&self, quirk: NowQuirk) {
        self.state().quirks.insert(quirk);
    }

    /// Has the instance behave as others do.
    pub fn forget_quirks(&self) {
        self.state().quirks.clear();
    }

    /// Ends all tokens.
    pub fn end_tokens(&self) {
        self.state().tokens += 1;
    }

    /// All records, the oldest first: number, table and state.
    #[must_use]
    pub fn records(&self) -> Vec<(String, String, String)> {
        let state = self.state();
        let told = state.records.iter().map(|record| {
            let get = |name: &str| record.get(name).to_owned();
            (get("number"), get("sys_class_name"), get("state"))
        });
        told.collect()
    }

    /// A column of a record.
    #[must_use]
    pub fn column(&self, number: &str, column: &str) -> String {
        let state = self.state();
        let record = state.records.iter().find(|record| record.get("number") == number);
        record.map(|record| record.get(column).to_owned()).unwrap_or_default()
    }

    /// What is said beside a record, the newest first.
    #[must_use]
    pub fn journal(&self, number: &str) -> Vec<String> {
        let state = self.state();
        let record = state.records.iter().find(|record| record.get("number") == number);
        record.map(|record| record.journal.clone()).unwrap_or_default()
    }

    /// Files, each with the sys_id of its record.
    #[must_use]
    pub fn files(&self) -> Vec<(String, String)> {
        self.state().files.clone()
    }

    /// A person writes columns of a record, past all rules of moves.
    pub fn by_hand(&self, number: &str, body: &Value) {
        let now = self.now();
        let mut state = self.state();
        let Some(at) = state.records.iter().position(|record| record.get("number") == number)
        else {
            return;
        };
        let mut record = state.records.remove(at);
        let filled = json!({"close_code": "x", "close_notes": "x", "hold_reason": "1"});
        let whole = match (&filled, body) {
            (Value::Object(filled), Value::Object(body)) if body.contains_key("state") => {
                let mut whole = filled.clone();
                whole.extend(body.clone());
                Value::Object(whole)
            }
            _ => body.clone(),
        };
        rules::write(&state, &mut record, &whole, Self::PERSON, &now).ok();
        state.records.insert(at, record);
    }

    /// A record is deleted.
    pub fn delete(&self, number: &str) {
        self.state().records.retain(|record| record.get("number") != number);
    }

    /// A record is archived.
    pub fn archive(&self, number: &str) {
        let mut state = self.state();
        let is_it = |record: &super::Record| record.get("number") == number;
        let found: Vec<_> = state.records.iter().filter(|record| is_it(record)).cloned().collect();
        state.archive.extend(found);
        state.records.retain(|record| !is_it(record));
    }

    /// A record becomes one of another table.
    pub fn move_to(&self, number: &str, table: &str) {
        let mut state = self.state();
        for record in state.records.iter_mut().filter(|record| record.get("number") == number) {
            record.set("sys_class_name", table);
        }
    }

    /// Somebody else makes a record with the same correlation, as if it had been there before.
    pub fn slip_in(&self, mark: &str) {
        let mut state = self.state();
        let mut record = rules::blank(&mut state, "incident", "2020-01-01 00:00:00");
        record.set("correlation_id", mark);
        record.set("short_description", "the same");
        state.records.insert(0, record);
    }
}
