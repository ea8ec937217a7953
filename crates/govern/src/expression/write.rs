//! Expressions written as text, in one way.

use std::fmt::{Display, Formatter, Result, Write};

use super::{Expression, Field, Order};

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Self::Tag(name) = self {
            return write!(f, "tag.{name}");
        }
        let named = Self::NAMED.iter().find(|(_, field)| field == self);
        f.write_str(named.map(|(name, _)| *name).unwrap_or_default())
    }
}

impl Order {
    const fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }
}

/// A value in double quotes.
pub(super) fn quoted(value: &str, f: &mut Formatter<'_>) -> Result {
    f.write_char('"')?;
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}

fn joined(all: &[Expression], word: &str, f: &mut Formatter<'_>) -> Result {
    for (number, one) in all.iter().enumerate() {
        if number > 0 {
            write!(f, " {word} ")?;
        }
        match one {
            Expression::And(_) | Expression::Or(_) => write!(f, "({one})")?,
            Expression::Not(_)
            | Expression::Is(..)
            | Expression::SeverityIs(_)
            | Expression::SeverityOrder(..)
            | Expression::Exposed(_) => write!(f, "{one}")?,
        }
    }
    Ok(())
}

/// `cve in ("a", "b")`.
fn listed(field: &Field, values: &[String], f: &mut Formatter<'_>) -> Result {
    write!(f, "{field} in (")?;
    for (number, value) in values.iter().enumerate() {
        f.write_str(if number > 0 { ", " } else { "" })?;
        quoted(value, f)?;
    }
    f.write_char(')')
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::And(all) => joined(all, "and", f),
            Self::Or(all) => joined(all, "or", f),
            Self::Not(one) => write!(f, "not ({one})"),
            Self::Is(field, values) => match values.as_slice() {
                [value] => {
                    write!(f, "{field} = ")?;
                    quoted(value, f)
                }
                values => listed(field, values, f),
            },
            Self::SeverityIs(all) => {
                let words: Vec<&str> = all.iter().map(|one| one.as_str()).collect();
                match words.as_slice() {
                    [word] => write!(f, "severity = {word}"),
                    words => write!(f, "severity in ({})", words.join(", ")),
                }
            }
            Self::SeverityOrder(order, than) => {
                write!(f, "severity {} {}", order.sign(), than.as_str())
            }
            Self::Exposed(wanted) => write!(f, "exposed = {wanted}"),
        }
    }
}
