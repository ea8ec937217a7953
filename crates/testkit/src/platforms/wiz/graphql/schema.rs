//! The types of a schema.

use std::collections::BTreeMap;

use graphql_parser::schema::{Definition, InputValue, Type, TypeDefinition, parse_schema};

/// A type as a member has it.
pub(super) type Of = Type<'static, String>;

/// The members of a type, or the arguments of one.
pub(super) type Members = BTreeMap<String, Of>;

/// The types by their names.
pub(super) struct Schema(BTreeMap<String, Named>);

/// A type that has a name.
pub(super) enum Named {
    Scalar,
    /// With the values that it may have.
    Enum(Vec<String>),
    Input(Members),
    Output(Output),
}

/// A type with fields that can be asked for.
#[derive(Default)]
pub(super) struct Output {
    fields: BTreeMap<String, Field>,
    /// The object types that it can be, in order: itself, or those that it stands for.
    pub(super) objects: Vec<String>,
}

/// A field with its arguments.
pub(super) struct Field {
    pub(super) of: Of,
    pub(super) arguments: Members,
}

/// Scalars that every schema has.
const BUILT_IN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];

impl Schema {
    /// # Errors
    /// The text is no schema.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document = parse_schema::<String>(text).map_err(|error| error.to_string())?;
        let mut types: BTreeMap<String, Named> =
            BUILT_IN.into_iter().map(|name| (name.to_owned(), Named::Scalar)).collect();
        let mut stands_for: Vec<(String, String)> = Vec::new();
        for definition in document.into_static().definitions {
            let Definition::TypeDefinition(of) = definition else {
                return Err("only types are read".to_owned());
            };
            let (name, named) = match of {
                TypeDefinition::Scalar(of) => (of.name, Named::Scalar),
                TypeDefinition::Enum(of) => {
                    (of.name, Named::Enum(of.values.into_iter().map(|one| one.name).collect()))
                }
                TypeDefinition::InputObject(of) => (of.name, Named::Input(members(of.fields))),
                TypeDefinition::Union(of) => {
                    (of.name, Named::Output(Output { objects: of.types, ..Output::default() }))
                }
                TypeDefinition::Interface(of) => (of.name, output(of.fields, Vec::new())),
                TypeDefinition::Object(of) => {
                    let interfaces = of.implements_interfaces.into_iter();
                    stands_for.extend(interfaces.map(|interface| (interface, of.name.clone())));
                    (of.name.clone(), output(of.fields, vec![of.name]))
                }
            };
            types.insert(name, named);
        }
        for (interface, object) in stands_for {
            if let Some(Named::Output(output)) = types.get_mut(&interface) {
                output.objects.push(object);
            }
        }
        Ok(Self(types))
    }

    /// A type by its name.
    pub(super) fn named(&self, name: &str) -> Option<&Named> {
        self.0.get(name)
    }

    /// A type whose fields can be asked for.
    pub(super) fn output(&self, name: &str) -> Option<&Output> {
        match self.named(name)? {
            Named::Output(output) => Some(output),
            Named::Scalar | Named::Enum(_) | Named::Input(_) => None,
        }
    }

    /// A field of a type.
    pub(super) fn field(&self, name: &str, field: &str) -> Option<&Field> {
        self.output(name)?.fields.get(field)
    }

    /// Whether something of one type can be of the other too.
    pub(super) fn meet(&self, one: &str, other: &str) -> bool {
        let objects = |name| self.output(name).map(|of| of.objects.as_slice()).unwrap_or_default();
        objects(one).iter().any(|object| objects(other).contains(object))
    }
}

/// The name at the core of a type.
pub(super) fn core<'t>(of: &'t Type<'_, String>) -> &'t str {
    match of {
        Type::NamedType(name) => name,
        Type::ListType(of) | Type::NonNullType(of) => core(of),
    }
}

/// Whether nothing may stand there.
pub(super) const fn is_nullable(of: &Type<'_, String>) -> bool {
    !matches!(of, Type::NonNullType(_))
}

fn output(
    fields: Vec<graphql_parser::schema::Field<'static, String>>,
    objects: Vec<String>,
) -> Named {
    let field = |field: graphql_parser::schema::Field<'static, String>| {
        (field.name, Field { of: field.field_type, arguments: members(field.arguments) })
    };
    Named::Output(Output { fields: fields.into_iter().map(field).collect(), objects })
}

fn members(all: Vec<InputValue<'static, String>>) -> Members {
    all.into_iter().map(|one| (one.name, one.value_type)).collect()
}
