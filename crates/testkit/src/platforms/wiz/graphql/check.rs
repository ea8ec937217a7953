//! Whether a document fits the schema, and whether values fit its variables.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use graphql_parser::query::{
    Definition, Directive, Document, Field, FragmentDefinition, OperationDefinition, Selection,
    SelectionSet, Type, TypeCondition, Value, VariableDefinition,
};
use serde_json::{Map, Value as Json};

use super::schema::{Members, Named, Schema, core, is_nullable};

/// How deep fragments may stand in one another.
const DEEPEST: usize = 40;

/// What fits, or what does not.
type Fits = Result<(), String>;

/// The one operation of a document.
pub(super) struct Operation<'d> {
    /// `Query` or `Mutation`.
    pub(super) root: &'static str,
    pub(super) selection: &'d SelectionSet<'d, String>,
    pub(super) fragments: BTreeMap<&'d str, &'d FragmentDefinition<'d, String>>,
    variables: &'d [VariableDefinition<'d, String>],
}

/// What a walk through a document meets.
struct Walk<'a, 'd> {
    schema: &'a Schema,
    operation: &'a Operation<'d>,
    used: RefCell<BTreeSet<&'d str>>,
    spread: RefCell<BTreeSet<&'d str>>,
}

/// The name in a condition.
pub(super) fn condition<'t>(on: &'t TypeCondition<'_, String>) -> &'t str {
    let TypeCondition::On(name) = on;
    name
}

impl<'d> Operation<'d> {
    /// # Errors
    /// The document does not fit the schema, and why.
    pub(super) fn of(document: &'d Document<'d, String>, schema: &Schema) -> Result<Self, String> {
        let (mut fragments, mut operations) = (BTreeMap::new(), Vec::new());
        for definition in &document.definitions {
            match definition {
                Definition::Fragment(fragment) => {
                    fragments.insert(fragment.name.as_str(), fragment);
                }
                Definition::Operation(operation) => operations.push(operation),
            }
        }
        let [operation] = operations.as_slice() else {
            return Err("a document holds one operation".to_owned());
        };
        let none: (&[_], &[_]) = (&[], &[]);
        let (root, (variables, directives), selection) = match operation {
            OperationDefinition::SelectionSet(selection) => ("Query", none, selection),
            OperationDefinition::Query(of) => {
                ("Query", (&*of.variable_definitions, &*of.directives), &of.selection_set)
            }
            OperationDefinition::Mutation(of) => {
                ("Mutation", (&*of.variable_definitions, &*of.directives), &of.selection_set)
            }
            OperationDefinition::Subscription(_) => return Err("nothing is subscribed".to_owned()),
        };
        plain(directives)?;
        let operation = Self { root, selection, fragments, variables };
        Walk {
            schema,
            operation: &operation,
            used: RefCell::default(),
            spread: RefCell::default(),
        }
        .all()?;
        Ok(operation)
    }

    /// The values of the variables, where they are what the document declares.
    ///
    /// # Errors
    /// One is not, and why.
    pub(super) fn variables(
        &self,
        schema: &Schema,
        given: &Map<String, Json>,
    ) -> Result<Map<String, Json>, String> {
        let mut values = Map::new();
        for declared in self.variables {
            let value = match (given.get(&declared.name), &declared.default_value) {
                (Some(value), _) => value.clone(),
                (None, Some(default)) => super::run::json(default, &Map::new()).unwrap_or_default(),
                (None, None) if is_nullable(&declared.var_type) => continue,
                (None, None) => return Err(format!("variable `${}` is missing", declared.name)),
            };
            let value = coerced(schema, &declared.var_type, &value);
            let value = value.map_err(|why| format!("variable `${}`{why}", declared.name))?;
            values.insert(declared.name.clone(), value);
        }
        Ok(values)
    }
}

/// A value as its type has it: one stands for a list of one.
fn coerced(schema: &Schema, of: &Type<'_, String>, value: &Json) -> Result<Json, String> {
    match (of, value) {
        (Type::NonNullType(_), Json::Null) => Err(" is null".to_owned()),
        (Type::NonNullType(of), value) => coerced(schema, of, value),
        (_, Json::Null) => Ok(Json::Null),
        (Type::ListType(of), Json::Array(all)) => {
            all.iter().map(|one| coerced(schema, of, one)).collect()
        }
        (Type::ListType(of), one) => Ok(Json::Array(vec![coerced(schema, of, one)?])),
        (Type::NamedType(name), value) => match schema.named(name) {
            Some(Named::Input(members)) => members_of(schema, (name, members), value),
            Some(Named::Enum(all)) => match value.as_str() {
                Some(one) if all.iter().any(|known| known == one) => Ok(value.clone()),
                _ => Err(format!(": {value} is no {name}")),
            },
            Some(Named::Scalar) if is_scalar(name, value) => Ok(value.clone()),
            Some(Named::Scalar | Named::Output(_)) | None => Err(format!(": {value} is no {name}")),
        },
    }
}

fn members_of(
    schema: &Schema,
    (name, members): (&str, &Members),
    value: &Json,
) -> Result<Json, String> {
    let Json::Object(given) = value else { return Err(format!(": {value} is no {name}")) };
    if let Some(odd) = given.keys().find(|key| !members.contains_key(*key)) {
        return Err(format!(": `{name}` has no member `{odd}`"));
    }
    let mut all = Map::new();
    for (key, of) in members {
        match given.get(key) {
            None if is_nullable(of) => {}
            None => return Err(format!(": member `{key}` of `{name}` is missing")),
            Some(value) => {
                let value = coerced(schema, of, value).map_err(|why| format!(".{key}{why}"))?;
                all.insert(key.clone(), value);
            }
        }
    }
    Ok(Json::Object(all))
}

/// Whether a value is one of a scalar. Scalars of the vendor's own take any.
fn is_scalar(name: &str, value: &Json) -> bool {
    match name {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Float" => value.is_number(),
        "Boolean" => value.is_boolean(),
        "String" => value.is_string(),
        "ID" => value.is_string() || value.is_i64(),
        _ => true,
    }
}

/// No directive is known here.
fn plain(directives: &[Directive<'_, String>]) -> Fits {
    directives.first().map_or(Ok(()), |one| Err(format!("directive `@{}` is not known", one.name)))
}

impl<'d> Walk<'_, 'd> {
    fn all(&self) -> Fits {
        for declared in self.operation.variables {
            match self.schema.named(core(&declared.var_type)) {
                Some(Named::Scalar | Named::Enum(_) | Named::Input(_)) => {}
                Some(Named::Output(_)) | None => {
                    return Err(format!("`${}` is of no type of inputs", declared.name));
                }
            }
        }
        self.selection(self.operation.root, self.operation.selection, 0)?;
        let used = self.used.borrow();
        let idle = self.operation.variables.iter().find(|v| !used.contains(v.name.as_str()));
        if let Some(idle) = idle {
            return Err(format!("unused variable `${}`", idle.name));
        }
        let spread = self.spread.borrow();
        match self.operation.fragments.keys().find(|name| !spread.contains(**name)) {
            Some(idle) => Err(format!("unused fragment `{idle}`")),
            None => Ok(()),
        }
    }

    fn selection(&self, on: &str, set: &'d SelectionSet<'d, String>, depth: usize) -> Fits {
        if depth > DEEPEST {
            return Err("the document is too deep, or a fragment holds itself".to_owned());
        }
        for one in &set.items {
            match one {
                Selection::Field(field) => self.field(on, field, depth)?,
                Selection::InlineFragment(of) => {
                    plain(&of.directives)?;
                    let condition = match &of.type_condition {
                        Some(of) => condition(of),
                        None => on,
                    };
                    self.fragment((on, condition), &of.selection_set, depth)?;
                }
                Selection::FragmentSpread(of) => {
                    plain(&of.directives)?;
                    self.spread(on, &of.fragment_name, depth)?;
                }
            }
        }
        Ok(())
    }

    /// A fragment that stands in a selection by its name.
    fn spread(&self, on: &str, name: &'d str, depth: usize) -> Fits {
        let Some(fragment) = self.operation.fragments.get(name) else {
            return Err(format!("there is no fragment `{name}`"));
        };
        plain(&fragment.directives)?;
        self.spread.borrow_mut().insert(name);
        let condition = condition(&fragment.type_condition);
        self.fragment((on, condition), &fragment.selection_set, depth)
    }

    fn fragment(
        &self,
        (on, condition): (&str, &str),
        set: &'d SelectionSet<'d, String>,
        depth: usize,
    ) -> Fits {
        if !self.schema.meet(on, condition) {
            return Err(format!("`{on}` is never `{condition}`"));
        }
        self.selection(condition, set, depth + 1)
    }

    fn field(&self, on: &str, field: &'d Field<'d, String>, depth: usize) -> Fits {
        plain(&field.directives)?;
        let asked = !field.selection_set.items.is_empty();
        if field.name == "__typename" {
            return if asked { Err("`__typename` has no fields".to_owned()) } else { Ok(()) };
        }
        let Some(known) = self.schema.field(on, &field.name) else {
            return Err(format!("type `{on}` has no field `{}`", field.name));
        };
        self.arguments(&known.arguments, field)?;
        let of = core(&known.of);
        match (self.schema.output(of).is_some(), asked) {
            (true, true) => self.selection(of, &field.selection_set, depth + 1),
            (false, false) => Ok(()),
            (true, false) => Err(format!("`{}` needs fields of `{of}`", field.name)),
            (false, true) => Err(format!("`{of}` of `{}` has no fields", field.name)),
        }
    }

    fn arguments(&self, known: &Members, field: &'d Field<'d, String>) -> Fits {
        for (name, value) in &field.arguments {
            let Some(of) = known.get(name) else {
                return Err(format!("`{}` has no argument `{name}`", field.name));
            };
            self.value(of, value).map_err(|why| format!("argument `{name}`: {why}"))?;
        }
        let given = |name: &String| field.arguments.iter().any(|(given, _)| given == name);
        match known.iter().find(|(name, of)| !is_nullable(of) && !given(name)) {
            Some((name, _)) => Err(format!("`{}` needs its argument `{name}`", field.name)),
            None => Ok(()),
        }
    }

    /// Whether a value that stands in the document fits.
    fn value(&self, of: &Type<'static, String>, value: &'d Value<'d, String>) -> Fits {
        match (of, value) {
            (of, Value::Variable(name)) => self.variable(of, name),
            (Type::NonNullType(_), Value::Null) => Err("it is null".to_owned()),
            (Type::NonNullType(of), value) => self.value(of, value),
            (_, Value::Null) => Ok(()),
            (Type::ListType(of), Value::List(all)) => {
                all.iter().try_for_each(|one| self.value(of, one))
            }
            (Type::ListType(of), one) => self.value(of, one),
            (Type::NamedType(name), value) => self.named(name, value),
        }
    }

    fn named(&self, name: &str, value: &'d Value<'d, String>) -> Fits {
        let no = || Err(format!("`{value}` is no {name}"));
        match (self.schema.named(name), value) {
            (Some(Named::Input(members)), Value::Object(given)) => {
                self.members((name, members), given)
            }
            (Some(Named::Enum(all)), Value::Enum(one)) if all.contains(one) => Ok(()),
            (Some(Named::Scalar), Value::Enum(_)) => no(),
            (Some(Named::Scalar), value) => match super::run::json(value, &Map::new()) {
                Some(value) if is_scalar(name, &value) => Ok(()),
                _ => no(),
            },
            (Some(Named::Input(_) | Named::Enum(_) | Named::Output(_)) | None, _) => no(),
        }
    }

    fn members(
        &self,
        (name, members): (&str, &Members),
        given: &'d BTreeMap<String, Value<'d, String>>,
    ) -> Fits {
        for (key, value) in given {
            let of = members.get(key);
            let of = of.ok_or_else(|| format!("`{name}` has no member `{key}`"))?;
            self.value(of, value)?;
        }
        let missing =
            |(key, of): &(&String, &Type<'_, _>)| !is_nullable(of) && !given.contains_key(*key);
        match members.iter().find(missing) {
            Some((key, _)) => Err(format!("member `{key}` of `{name}` is missing")),
            None => Ok(()),
        }
    }

    fn variable(&self, of: &Type<'static, String>, name: &'d str) -> Fits {
        let declared = self.operation.variables.iter().find(|declared| declared.name == name);
        let Some(declared) = declared else { return Err(format!("`${name}` is not declared")) };
        self.used.borrow_mut().insert(name);
        let has_default = declared.default_value.as_ref().is_some_and(|v| *v != Value::Null);
        let fits = match (of, has_default) {
            (Type::NonNullType(inner), true) => is_within(&declared.var_type, inner),
            (of, _) => is_within(&declared.var_type, of),
        };
        if fits { Ok(()) } else { Err(format!("`${name}` is `{}`, not `{of}`", declared.var_type)) }
    }
}

/// Whether every value of one type is one of the other.
fn is_within(one: &Type<'_, String>, other: &Type<'_, String>) -> bool {
    match (one, other) {
        (Type::NonNullType(one), Type::NonNullType(other))
        | (Type::ListType(one), Type::ListType(other)) => is_within(one, other),
        (Type::NonNullType(one), other) => is_within(one, other),
        (Type::NamedType(one), Type::NamedType(other)) => one == other,
        (Type::NamedType(_) | Type::ListType(_), _) => false,
    }
}
