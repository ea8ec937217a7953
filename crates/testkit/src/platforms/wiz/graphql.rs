//! Answers GraphQL documents as a server does: validated against the schema, variables and all.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::schema::{ExtendedType, Type};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Value, json};

/// What the library puts before the words of a refusal.
const PREFIX: &str = "resolver error: ";

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

/// A schema, and the documents that were found to fit it.
pub(super) struct Engine {
    schema: Valid<Schema>,
    known: Mutex<HashMap<String, Arc<Valid<ExecutableDocument>>>>,
}

impl Engine {
    /// # Errors
    /// The schema is none.
    pub(super) fn new(schema: &str) -> Result<Self, String> {
        let schema = Schema::parse_and_validate(schema, "wiz.graphql");
        let schema = schema.map_err(|error| error.to_string())?;
        Ok(Self { schema, known: Mutex::default() })
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
        let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
        let document = match self.document(query) {
            Ok(document) => document,
            Err(why) => return refused("GRAPHQL_VALIDATION_FAILED", &why),
        };
        let variables = body.get("variables").filter(|v| !v.is_null()).cloned();
        let variables = JsonValue::from(variables.unwrap_or_else(|| json!({})));
        let JsonValue::Object(variables) = variables else {
            return refused("BAD_REQUEST", "`variables` is no object");
        };
        self.execute(&document, &variables, ask)
    }

    fn execute(
        &self,
        document: &Valid<ExecutableDocument>,
        variables: &JsonMap,
        ask: &dyn Fn(&str, &Value) -> Answered,
    ) -> Value {
        let refusals = Mutex::new(BTreeMap::new());
        let mutation = document.operations.get(None).is_ok_and(|one| one.is_mutation());
        let root =
            Root { name: if mutation { "Mutation" } else { "Query" }, ask, refusals: &refusals };
        let done = Execution::new(&self.schema, document)
            .raw_variable_values(variables)
            .execute_sync(&root);
        let done = match done {
            Ok(done) => done,
            Err(error) => return refused("BAD_USER_INPUT", &error.message().to_string()),
        };
        let mut answer = serde_json::to_value(&done).unwrap_or_default();
        let codes = refusals.into_inner().unwrap_or_else(PoisonError::into_inner);
        for error in answer.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
            let said = error.get("message").and_then(Value::as_str).unwrap_or_default();
            let said = said.strip_prefix(PREFIX).unwrap_or(said).to_owned();
            let code = codes.get(&said).copied().unwrap_or("INTERNAL_SERVER_ERROR");
            if let Some(error) = error.as_object_mut() {
                error.insert("extensions".to_owned(), json!({"code": code}));
                error.insert("message".to_owned(), json!(said));
            }
        }
        answer
    }

    fn document(&self, query: &str) -> Result<Arc<Valid<ExecutableDocument>>, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = known.get(query) {
            return Ok(Arc::clone(document));
        }
        let document = ExecutableDocument::parse_and_validate(&self.schema, query, "query.graphql");
        let document = Arc::new(document.map_err(|error| error.errors.to_string())?);
        known.insert(query.to_owned(), Arc::clone(&document));
        Ok(document)
    }
}

/// An answer that holds an error alone.
pub(super) fn refused(code: &str, said: &str) -> Value {
    json!({"data": null, "errors": [{"message": said, "extensions": {"code": code}}]})
}

/// Where a document begins.
struct Root<'a> {
    name: &'static str,
    ask: &'a dyn Fn(&str, &Value) -> Answered,
    refusals: &'a Mutex<BTreeMap<String, &'static str>>,
}

impl ObjectValue for Root<'_> {
    fn type_name(&self) -> &str {
        self.name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let arguments = serde_json::to_value(info.arguments()).unwrap_or_default();
        let value = (self.ask)(info.field_name(), &arguments).map_err(|refusal| {
            let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            refusals.insert(refusal.said.clone(), refusal.code);
            FieldError { message: refusal.said }
        })?;
        if value.is_null() {
            return Ok(ResolvedValue::Leaf(JsonValue::Null));
        }
        let of = concrete(info.schema(), &info.field_definition().ty, &value);
        Ok(ResolvedValue::Object(Box::new(Owned { of, value, refusals: self.refusals })))
    }
}

/// An object of the answer. A member `!name` refuses the member `name`.
struct Owned<'a> {
    of: String,
    value: Value,
    refusals: &'a Mutex<BTreeMap<String, &'static str>>,
}

/// An object within another.
struct Part<'a> {
    of: String,
    value: &'a Value,
    refusals: &'a Mutex<BTreeMap<String, &'static str>>,
}

impl ObjectValue for Owned<'_> {
    fn type_name(&self) -> &str {
        &self.of
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        member(&self.value, info, self.refusals)
    }
}

impl ObjectValue for Part<'_> {
    fn type_name(&self) -> &str {
        &self.of
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        member(self.value, info, self.refusals)
    }
}

fn member<'a>(
    value: &'a Value,
    info: &'a ResolveInfo<'a>,
    refusals: &'a Mutex<BTreeMap<String, &'static str>>,
) -> Result<ResolvedValue<'a>, FieldError> {
    let name = info.field_name();
    if let Some(said) = value.get(format!("!{name}")).and_then(Value::as_str) {
        let mut refusals = refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.insert(said.to_owned(), "FORBIDDEN");
        return Err(FieldError { message: said.to_owned() });
    }
    let ty = &info.field_definition().ty;
    Ok(match value.get(name) {
        Some(value) if !value.is_null() => resolved(info.schema(), ty, value, refusals),
        _ => absent(info.schema(), ty),
    })
}

fn resolved<'a>(
    schema: &'a Valid<Schema>,
    ty: &'a Type,
    value: &'a Value,
    refusals: &'a Mutex<BTreeMap<String, &'static str>>,
) -> ResolvedValue<'a> {
    if ty.is_list() {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let items = items.iter().map(|item| Ok(resolved(schema, ty.item_type(), item, refusals)));
        return ResolvedValue::List(Box::new(items));
    }
    if value.is_null() || is_leaf(schema, ty) {
        return ResolvedValue::Leaf(JsonValue::from(value.clone()));
    }
    ResolvedValue::Object(Box::new(Part { of: concrete(schema, ty, value), value, refusals }))
}

/// What stands where the double knows nothing: null, or the emptiest value that the type allows.
fn absent<'a>(schema: &'a Valid<Schema>, ty: &'a Type) -> ResolvedValue<'a> {
    if !ty.is_non_null() {
        return ResolvedValue::Leaf(JsonValue::Null);
    }
    if ty.is_list() {
        return ResolvedValue::List(Box::new(std::iter::empty()));
    }
    let name = ty.inner_named_type();
    let leaf = match schema.types.get(name) {
        Some(ExtendedType::Enum(of)) => json!(of.values.keys().next().map(|name| name.as_str())),
        Some(ExtendedType::Scalar(_)) => match name.as_str() {
            "Int" => json!(0),
            "Float" => json!(0.0),
            "Boolean" => json!(false),
            "DateTime" => json!("2026-01-01T00:00:00Z"),
            "JSON" => json!({}),
            _ => json!(""),
        },
        Some(
            ExtendedType::Object(_)
            | ExtendedType::Interface(_)
            | ExtendedType::Union(_)
            | ExtendedType::InputObject(_),
        )
        | None => return empty_object(schema, ty),
    };
    ResolvedValue::Leaf(JsonValue::from(leaf))
}

fn empty_object<'a>(schema: &'a Valid<Schema>, ty: &'a Type) -> ResolvedValue<'a> {
    static NOTHING: Value = Value::Null;
    static NO_REFUSALS: Mutex<BTreeMap<String, &'static str>> = Mutex::new(BTreeMap::new());
    let of = concrete(schema, ty, &NOTHING);
    ResolvedValue::Object(Box::new(Part { of, value: &NOTHING, refusals: &NO_REFUSALS }))
}

fn is_leaf(schema: &Valid<Schema>, ty: &Type) -> bool {
    let of = schema.types.get(ty.inner_named_type());
    matches!(of, Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_)))
}

/// The name of the object type: the declared one, or of several the one that the value names.
fn concrete(schema: &Valid<Schema>, ty: &Type, value: &Value) -> String {
    let declared = ty.inner_named_type();
    if let Some(named) = value.get("__typename").and_then(Value::as_str) {
        return named.to_owned();
    }
    let first = match schema.types.get(declared) {
        Some(ExtendedType::Union(union)) => union.members.first().map(|name| name.to_string()),
        Some(ExtendedType::Interface(_)) => {
            let all = schema.implementers_map();
            let mut of = all.get(declared).into_iter().flat_map(|i| i.objects.iter());
            of.next().map(|name| name.to_string())
        }
        Some(
            ExtendedType::Object(_)
            | ExtendedType::Scalar(_)
            | ExtendedType::Enum(_)
            | ExtendedType::InputObject(_),
        )
        | None => None,
    };
    first.unwrap_or_else(|| declared.to_string())
}
