//! Answers GraphQL documents as a server does: held to the schema, variables and all.
//!
//! What is checked is what a connector can get wrong: fields, arguments, members of inputs, values of
//! enums, types of variables, and where fragments fit. A test holds that against a whole GraphQL
//! implementation, which is too large for a program that people are given.

mod check;
mod run;
mod schema;

use graphql_parser::query::parse_query;
use serde_json::{Value, json};

use check::Operation;
use schema::Schema;

/// What a root field is answered with.
pub(super) type Answered = Result<Value, Refusal>;

/// Why a field is not answered: the vendor's code and words.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) said: String,
}

impl Refusal {
    pub(super) fn input(said: impl Into<String>) -> Self {
        Self { code: "BAD_USER_INPUT", said: said.into() }
    }
}

/// A schema that documents are held to.
pub(super) struct Engine {
    schema: Schema,
}

impl Engine {
    /// # Errors
    /// The schema is none.
    pub(super) fn new(schema: &str) -> Result<Self, String> {
        Ok(Self { schema: Schema::parse(schema)? })
    }

    /// Whether a document fits the schema.
    ///
    /// # Errors
    /// It does not, and why.
    pub(super) fn check(&self, query: &str) -> Result<(), String> {
        let document = parse_query::<String>(query).map_err(|error| error.to_string())?;
        Operation::of(&document, &self.schema).map(drop)
    }

    /// The answer to a request's body. `ask` answers root fields by their name and arguments.
    pub(super) fn run(&self, body: &[u8], ask: &dyn Fn(&str, &Value) -> Answered) -> Value {
        let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(body) else {
            return refused("BAD_REQUEST", "the body is no JSON object");
        };
        let known = |name: &&String| {
            matches!(name.as_str(), "query" | "variables" | "operationName" | "extensions")
        };
        if let Some(name) = body.keys().find(|name| !known(name)) {
            return refused("BAD_REQUEST", &format!("unknown member `{name}`"));
        }
        let nothing = json!({});
        let variables = body.get("variables").filter(|v| !v.is_null()).unwrap_or(&nothing);
        let Value::Object(variables) = variables else {
            return refused("BAD_REQUEST", "`variables` is no object");
        };
        let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
        let document = match parse_query::<String>(query) {
            Ok(document) => document,
            Err(error) => return refused("GRAPHQL_VALIDATION_FAILED", &error.to_string()),
        };
        let operation = match Operation::of(&document, &self.schema) {
            Ok(operation) => operation,
            Err(why) => return refused("GRAPHQL_VALIDATION_FAILED", &why),
        };
        match operation.variables(&self.schema, variables) {
            Ok(variables) => run::run(&self.schema, (&operation, &variables), ask),
            Err(why) => refused("BAD_USER_INPUT", &why),
        }
    }
}

/// An answer that holds an error alone.
pub(super) fn refused(code: &str, said: &str) -> Value {
    json!({"data": null, "errors": [{"message": said, "extensions": {"code": code}}]})
}
