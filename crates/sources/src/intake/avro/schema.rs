//! What a record of an Avro file is made of, as far as it takes to find the body of an event in it.

use serde_json::Value;

/// How deep types may stand in types.
const MOST_DEPTH: usize = 16;
/// Types of one schema.
const MOST_TYPES: usize = 1000;

/// How a value stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// No byte.
    Null,
    /// So many bytes.
    Fixed(u64),
    /// A number of as many bytes as it needs.
    Number,
    /// A length, and so many bytes.
    Bytes,
    /// One after the other.
    Fields(Vec<Self>),
    /// Blocks of items; of keys and items.
    Items(Box<Self>),
    Pairs(Box<Self>),
    /// The number of one of these, and it.
    OneOf(Vec<Self>),
}

impl Kind {
    /// Whether its values stand in no byte.
    pub(super) fn takes_no_byte(&self) -> bool {
        match self {
            Self::Null | Self::Fixed(0) => true,
            Self::Fields(kinds) => kinds.iter().all(Self::takes_no_byte),
            Self::Fixed(_)
            | Self::Number
            | Self::Bytes
            | Self::Items(_)
            | Self::Pairs(_)
            | Self::OneOf(_) => false,
        }
    }
}

/// The fields of an event: what stands before its body, the body, and what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) before: Vec<Kind>,
    pub(super) body: Kind,
    pub(super) after: Vec<Kind>,
}

impl Event {
    /// Reads a schema. Says what is not as Event Hub Capture writes it.
    pub(super) fn of(schema: &str) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(schema)
            .map_err(|error| format!("whose schema is no JSON ({error})"))?;
        let missing =
            || "without events: Event Hub Capture writes records with a field `Body`".to_owned();
        let fields = schema.get("fields").and_then(Value::as_array).ok_or_else(missing)?;
        let mut left = MOST_TYPES;
        let (mut before, mut body, mut after) = (Vec::new(), None, Vec::new());
        for field in fields {
            let kind = kind(field.get("type").unwrap_or(&Value::Null), (MOST_DEPTH, &mut left))?;
            let is_body = field.get("name").and_then(Value::as_str) == Some("Body");
            match (is_body && body.is_none(), body.is_some()) {
                (true, _) => body = Some(kind),
                (false, false) => before.push(kind),
                (false, true) => after.push(kind),
            }
        }
        let body = body.filter(holds_bytes).ok_or_else(missing)?;
        Ok(Self { before, body, after })
    }
}

fn holds_bytes(kind: &Kind) -> bool {
    match kind {
        Kind::Bytes => true,
        Kind::OneOf(kinds) => kinds.contains(&Kind::Bytes),
        Kind::Null
        | Kind::Fixed(_)
        | Kind::Number
        | Kind::Fields(_)
        | Kind::Items(_)
        | Kind::Pairs(_) => false,
    }
}

fn kind(schema: &Value, (depth, left): (usize, &mut usize)) -> Result<Kind, String> {
    if depth == 0 || *left == 0 {
        return Err("whose schema is too large".to_owned());
    }
    *left -= 1;
    let mut inner = |schema: &Value| kind(schema, (depth - 1, &mut *left));
    if let Some(several) = schema.as_array() {
        return several.iter().map(inner).collect::<Result<_, _>>().map(Kind::OneOf);
    }
    let name = schema.as_str().or_else(|| schema.get("type")?.as_str()).unwrap_or_default();
    let of = |name: &str| schema.get(name).unwrap_or(&Value::Null);
    Ok(match name {
        "null" => Kind::Null,
        "boolean" => Kind::Fixed(1),
        "float" => Kind::Fixed(4),
        "double" => Kind::Fixed(8),
        "int" | "long" | "enum" => Kind::Number,
        "bytes" | "string" => Kind::Bytes,
        "fixed" => Kind::Fixed(of("size").as_u64().unwrap_or_default()),
        "array" => Kind::Items(Box::new(inner(of("items"))?)),
        "map" => Kind::Pairs(Box::new(inner(of("values"))?)),
        "record" => {
            let fields = of("fields").as_array().into_iter().flatten();
            let kinds = fields.map(|field| inner(field.get("type").unwrap_or(&Value::Null)));
            Kind::Fields(kinds.collect::<Result<_, _>>()?)
        }
        other => {
            let other: String = other.chars().take(64).collect();
            return Err(format!("with a type that is not known here: `{other}`"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_without_a_body_or_without_an_end_is_refused() {
        for (schema, said) in [
            ("", "no JSON"),
            ("[]", "`Body`"),
            (r#"{"fields":[]}"#, "`Body`"),
            (r#"{"fields":[{"name":"Body","type":"long"}]}"#, "`Body`"),
            (r#"{"fields":[{"name":"Next","type":"Event"}]}"#, "`Event`"),
            (r#"{"fields":[{"name":"Body"}]}"#, "not known"),
        ] {
            let refused = Event::of(schema).unwrap_err();
            assert!(refused.contains(said), "{schema}: {refused}");
        }
        let deep =
            format!("{}\"null\"{}", r#"{"type":"array","items":"#.repeat(40), "}".repeat(40));
        let deep = format!(r#"{{"fields":[{{"name":"A","type":{deep}}}]}}"#);
        assert!(Event::of(&deep).unwrap_err().contains("too large"));
        let wide =
            format!(r#"{{"fields":[{{"name":"A","type":[{}]}}]}}"#, ["\"null\""; 2000].join(","));
        assert!(Event::of(&wide).unwrap_err().contains("too large"));
    }
}
