//! The answer to an operation that fits the schema.

use graphql_parser::query::{Field, Selection, SelectionSet, Type, TypeCondition, Value};
use serde_json::{Map, Value as Json, json};

use super::Answered;
use super::check::{Operation, condition};
use super::schema::{Named, Of, Schema, core};

/// A value that was null where none may be; what holds it is null instead.
struct Missing;

/// What answers root fields.
type Ask<'a> = &'a dyn Fn(&str, &Json) -> Answered;

struct Run<'a, 'd> {
    schema: &'a Schema,
    operation: &'a Operation<'d>,
    variables: &'a Map<String, Json>,
    errors: Vec<Json>,
    /// Where it is.
    path: Vec<Json>,
}

/// The answer. `ask` answers root fields by their name and arguments.
pub(super) fn run(
    schema: &Schema,
    (operation, variables): (&Operation<'_>, &Map<String, Json>),
    ask: Ask<'_>,
) -> Json {
    let mut run = Run { schema, operation, variables, errors: Vec::new(), path: Vec::new() };
    let mut fields = Vec::new();
    run.fields(operation.root, operation.selection, &mut fields);
    let mut data = Some(Map::new());
    for field in fields {
        let value = run.root(field, ask);
        match (&mut data, value) {
            (Some(all), Ok(value)) => drop(all.insert(name(field).to_owned(), value)),
            (_, Err(Missing)) => data = None,
            (None, Ok(_)) => {}
        }
    }
    let data = data.map_or(Json::Null, Json::Object);
    if run.errors.is_empty() {
        return json!({ "data": data });
    }
    json!({ "data": data, "errors": run.errors })
}

/// What a field is called in the answer.
fn name<'f>(field: &'f Field<'_, String>) -> &'f str {
    field.alias.as_ref().unwrap_or(&field.name)
}

/// A value of the document as JSON; `None` for a variable that has no value.
pub(super) fn json(value: &Value<'_, String>, variables: &Map<String, Json>) -> Option<Json> {
    Some(match value {
        Value::Variable(name) => variables.get(name)?.clone(),
        Value::Int(number) => json!(number.as_i64()),
        Value::Float(number) => json!(number),
        Value::String(text) | Value::Enum(text) => json!(text),
        Value::Boolean(truth) => json!(truth),
        Value::Null => Json::Null,
        Value::List(all) => {
            all.iter().map(|one| json(one, variables).unwrap_or_default()).collect()
        }
        Value::Object(all) => {
            let members = all.iter().filter_map(|(k, v)| Some((k.clone(), json(v, variables)?)));
            Json::Object(members.collect())
        }
    })
}

impl<'d> Run<'_, 'd> {
    /// The fields that a selection asks for of an object type.
    fn fields(
        &self,
        object: &str,
        set: &'d SelectionSet<'d, String>,
        to: &mut Vec<&'d Field<'d, String>>,
    ) {
        for one in &set.items {
            let inner = match one {
                Selection::Field(field) => {
                    to.push(field);
                    None
                }
                Selection::InlineFragment(of) => {
                    Some((of.type_condition.as_ref(), &of.selection_set))
                }
                Selection::FragmentSpread(of) => {
                    let found = self.operation.fragments.get(of.fragment_name.as_str());
                    found.map(|of| (Some(&of.type_condition), &of.selection_set))
                }
            };
            let fits = |on: Option<&TypeCondition<'_, String>>| {
                on.is_none_or(|on| self.schema.meet(object, condition(on)))
            };
            if let Some((on, set)) = inner
                && fits(on)
            {
                self.fields(object, set, to);
            }
        }
    }

    fn root(&mut self, field: &'d Field<'d, String>, ask: Ask<'_>) -> Result<Json, Missing> {
        let root = self.operation.root;
        let Some(known) = self.schema.field(root, &field.name) else { return Ok(json!(root)) };
        self.path.push(json!(name(field)));
        let given = field.arguments.iter();
        let arguments = given.filter_map(|(name, value)| {
            let value = json(value, self.variables)?;
            let one = matches!(nullable(known.arguments.get(name)?), Type::ListType(_));
            let list = one && !value.is_array() && !value.is_null();
            Some((name.clone(), if list { json!([value]) } else { value }))
        });
        let value = match ask(&field.name, &Json::Object(arguments.collect())) {
            Ok(Json::Null) => Ok(Json::Null),
            Ok(value) => self.complete((&known.of, &value), field),
            Err(refusal) => self.refuse(&known.of, refusal.code, &refusal.said),
        };
        self.path.pop();
        value
    }

    /// Notes that a field is refused. It is null then, or what holds it is.
    fn refuse(&mut self, of: &Of, code: &str, said: &str) -> Result<Json, Missing> {
        let error = json!({"message": said, "path": self.path, "extensions": {"code": code}});
        self.errors.push(error);
        if super::schema::is_nullable(of) { Ok(Json::Null) } else { Err(Missing) }
    }

    /// A value as the selection asks for it.
    fn complete(
        &mut self,
        (of, value): (&Of, &Json),
        field: &'d Field<'d, String>,
    ) -> Result<Json, Missing> {
        match of {
            Type::NonNullType(of) => {
                let value = self.complete((of, value), field)?;
                if value.is_null() { Err(Missing) } else { Ok(value) }
            }
            Type::ListType(of) => {
                let mut items = Vec::new();
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.path.push(json!(at));
                    let item = self.complete((of, item), field);
                    self.path.pop();
                    match item {
                        Ok(item) => items.push(item),
                        // The list holds what may not be null.
                        Err(Missing) => return Ok(Json::Null),
                    }
                }
                Ok(Json::Array(items))
            }
            Type::NamedType(_) if value.is_null() => Ok(Json::Null),
            Type::NamedType(declared) if self.schema.output(declared).is_some() => {
                let object = self.object(declared, value);
                // What may not be null and is makes null of all that holds it.
                self.members((&object, value), &field.selection_set).or(Ok(Json::Null))
            }
            Type::NamedType(_) => Ok(value.clone()),
        }
    }

    fn members(
        &mut self,
        (object, value): (&str, &Json),
        set: &'d SelectionSet<'d, String>,
    ) -> Result<Json, Missing> {
        let mut fields = Vec::new();
        self.fields(object, set, &mut fields);
        let mut all = Map::new();
        for field in fields {
            self.path.push(json!(name(field)));
            let member = self.member((object, value), field);
            self.path.pop();
            merge(&mut all, name(field), member?);
        }
        Ok(Json::Object(all))
    }

    /// A member `!name` refuses the member `name`.
    fn member(
        &mut self,
        (object, value): (&str, &Json),
        field: &'d Field<'d, String>,
    ) -> Result<Json, Missing> {
        let schema = self.schema;
        let Some(known) = schema.field(object, &field.name) else { return Ok(json!(object)) };
        if let Some(said) = value.get(format!("!{}", field.name)).and_then(Json::as_str) {
            return self.refuse(&known.of, "FORBIDDEN", said);
        }
        match value.get(&field.name) {
            Some(value) if !value.is_null() => self.complete((&known.of, value), field),
            _ => self.complete((&known.of, &self.absent(&known.of)), field),
        }
    }

    /// What stands where the double knows nothing: null, or the emptiest value that the type allows.
    fn absent(&self, of: &Of) -> Json {
        let Type::NonNullType(of) = of else { return Json::Null };
        if matches!(**of, Type::ListType(_)) {
            return json!([]);
        }
        match (self.schema.named(core(of)), core(of)) {
            (Some(Named::Enum(all)), _) => json!(all.first()),
            (Some(Named::Scalar), "Int") => json!(0),
            (Some(Named::Scalar), "Float") => json!(0.0),
            (Some(Named::Scalar), "Boolean") => json!(false),
            (Some(Named::Scalar), "DateTime") => json!("2026-01-01T00:00:00Z"),
            (Some(Named::Output(_)), _) | (Some(Named::Scalar), "JSON") => json!({}),
            (Some(Named::Scalar | Named::Input(_)) | None, _) => json!(""),
        }
    }

    /// The object type of a value: of several, the one that it names.
    fn object(&self, declared: &str, value: &Json) -> String {
        let named = value.get("__typename").and_then(Json::as_str);
        let first = self.schema.output(declared).and_then(|of| of.objects.first());
        named.or(first.map(String::as_str)).unwrap_or(declared).to_owned()
    }
}

/// Adds a member. One that is asked for twice holds what both ask for.
fn merge(all: &mut Map<String, Json>, name: &str, value: Json) {
    match (all.get_mut(name), value) {
        (Some(Json::Object(known)), Json::Object(more)) => {
            more.into_iter().for_each(|(key, value)| merge(known, &key, value));
        }
        (Some(Json::Array(known)), Json::Array(more)) => {
            for (known, more) in known.iter_mut().zip(more) {
                if let (Json::Object(known), Json::Object(more)) = (known, more) {
                    more.into_iter().for_each(|(key, value)| merge(known, &key, value));
                }
            }
        }
        (_, value) => drop(all.insert(name.to_owned(), value)),
    }
}

/// A type without that nothing may stand there.
fn nullable(of: &Of) -> &Of {
    match of {
        Type::NonNullType(of) => of,
        Type::NamedType(_) | Type::ListType(_) => of,
    }
}
