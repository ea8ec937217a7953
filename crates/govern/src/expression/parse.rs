//! Expressions read from text, with the place of what is wrong.

use std::str::FromStr;

use quell_model::Severity;

use super::{Expression, Field, Order};

/// Longest text of an expression.
pub const MOST_BYTES: usize = 16 << 10;
/// Longest value.
const MOST_VALUE_BYTES: usize = 1024;
/// Characters of an issue's id that are told apart.
pub const ID_LENGTH: usize = 12;
/// How deep brackets and `not` may nest.
const MOST_DEEP: usize = 32;

/// What is wrong with the text of an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at character {at}")]
pub struct Fault {
    /// What.
    pub problem: String,
    /// At which character, counted from 1.
    pub at: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

/// Signs, longer ones first.
const SIGNS: [&str; 9] = ["!=", "<=", ">=", "=", "<", ">", "(", ")", ","];

struct Parser<'t> {
    text: &'t str,
    /// Where the next character stands, in bytes.
    at: usize,
    /// Where the last token began.
    begun: usize,
}

impl FromStr for Expression {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if text.len() > MOST_BYTES {
            let problem = format!("an expression has at most {MOST_BYTES} bytes");
            return Err(Fault { problem, at: 1 });
        }
        let mut parser = Parser { text, at: 0, begun: 0 };
        let read = parser.either(0)?;
        match parser.next()? {
            None => Ok(read),
            Some(_) => Err(parser.fault("`and`, `or` or the end is missing")),
        }
    }
}

impl Parser<'_> {
    fn fault(&self, problem: &str) -> Fault {
        let before = self.text.get(..self.begun).unwrap_or_default();
        Fault { problem: problem.to_owned(), at: before.chars().count() + 1 }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Result<Option<Token>, Fault> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.begun = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(None) };
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            self.at += sign.len();
            return Ok(Some(Token::Sign(sign)));
        }
        if first == '"' || first == '\'' {
            return self.quoted(first).map(Some);
        }
        let ends = |c: char| c.is_whitespace() || "!<>=(),\"'".contains(c);
        let word = rest.split(ends).next().unwrap_or_default().to_owned();
        if word.is_empty() || word.len() > MOST_VALUE_BYTES {
            return Err(self.fault("this cannot be read"));
        }
        self.at += word.len();
        Ok(Some(Token::Word(word)))
    }

    fn quoted(&mut self, quote: char) -> Result<Token, Fault> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => value.extend(characters.next().map(|(_, c)| c)),
                c if c == quote => {
                    self.at += at + c.len_utf8();
                    return Ok(Token::Quoted(value));
                }
                c => value.push(c),
            }
            if value.len() > MOST_VALUE_BYTES {
                break;
            }
        }
        Err(self.fault("a quoted value does not end, or is too long"))
    }

    /// Takes the next token if it is this word.
    fn takes(&mut self, word: &str) -> Result<bool, Fault> {
        let before = self.at;
        if matches!(self.next()?, Some(Token::Word(found)) if found.eq_ignore_ascii_case(word)) {
            return Ok(true);
        }
        self.at = before;
        Ok(false)
    }

    fn either(&mut self, deep: usize) -> Result<Expression, Fault> {
        let mut all = vec![self.all(deep)?];
        while self.takes("or")? {
            all.push(self.all(deep)?);
        }
        Ok(single(all, Expression::Or))
    }

    fn all(&mut self, deep: usize) -> Result<Expression, Fault> {
        let mut all = vec![self.one(deep)?];
        while self.takes("and")? {
            all.push(self.one(deep)?);
        }
        Ok(single(all, Expression::And))
    }

    fn one(&mut self, deep: usize) -> Result<Expression, Fault> {
        if deep > MOST_DEEP {
            return Err(self.fault("brackets nest too deep"));
        }
        if self.takes("not")? {
            return Ok(Expression::Not(Box::new(self.one(deep + 1)?)));
        }
        match self.next()? {
            Some(Token::Sign("(")) => {
                let inner = self.either(deep + 1)?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(Token::Word(name)) => {
                let field = field(&name).ok_or_else(|| self.unknown(&name))?;
                self.comparison(field)
            }
            _ => Err(self.fault("a field, `not` or `(` is missing")),
        }
    }

    fn unknown(&self, name: &str) -> Fault {
        let names: Vec<&str> = Field::NAMED.iter().map(|(name, _)| *name).collect();
        let shown: String = name.chars().take(40).collect();
        self.fault(&format!("`{shown}` is no field; fields are {} and tag.NAME", names.join(", ")))
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), Fault> {
        match self.next()? {
            Some(Token::Sign(found)) if found == sign => Ok(()),
            _ => Err(self.fault(&format!("`{sign}` is missing"))),
        }
    }

    fn comparison(&mut self, field: Field) -> Result<Expression, Fault> {
        if self.takes("in")? {
            let values = self.values()?;
            return self.is(field, values);
        }
        let Some(Token::Sign(sign)) = self.next()? else {
            return Err(self.fault("`=`, `!=` or `in` is missing"));
        };
        let order = match sign {
            "=" | "!=" => {
                let value = self.value()?;
                let is = self.is(field, vec![value])?;
                return Ok(if sign == "=" { is } else { Expression::Not(Box::new(is)) });
            }
            "<" => Order::Below,
            "<=" => Order::AtMost,
            ">=" => Order::AtLeast,
            ">" => Order::Above,
            _ => return Err(self.fault("`=`, `!=` or `in` is missing")),
        };
        if field != Field::Severity {
            return Err(self.fault("only `severity` has an order"));
        }
        let value = self.value()?;
        Ok(Expression::SeverityOrder(order, self.severity(&value)?))
    }

    fn value(&mut self) -> Result<String, Fault> {
        match self.next()? {
            Some(Token::Word(value) | Token::Quoted(value)) if !value.is_empty() => Ok(value),
            _ => Err(self.fault("a value is missing")),
        }
    }

    fn values(&mut self) -> Result<Vec<String>, Fault> {
        self.expect("(")?;
        let mut values = vec![self.value()?];
        loop {
            match self.next()? {
                Some(Token::Sign(",")) => values.push(self.value()?),
                Some(Token::Sign(")")) => return Ok(values),
                _ => return Err(self.fault("`,` or `)` is missing")),
            }
        }
    }

    fn is(&self, field: Field, values: Vec<String>) -> Result<Expression, Fault> {
        if field == Field::Severity {
            let all = values.iter().map(|value| self.severity(value));
            return Ok(Expression::SeverityIs(all.collect::<Result<_, _>>()?));
        }
        if field == Field::Exposed {
            return match values.as_slice() {
                [value] if value == "true" => Ok(Expression::Exposed(true)),
                [value] if value == "false" => Ok(Expression::Exposed(false)),
                _ => Err(self.fault("`exposed` is `true` or `false`")),
            };
        }
        let is_id = field == Field::Issue;
        let values = values.into_iter().map(|value| if is_id { id_pattern(&value) } else { value });
        Ok(Expression::Is(field, values.collect()))
    }

    fn severity(&self, word: &str) -> Result<Severity, Fault> {
        let known = Severity::ALL.into_iter().find(|s| s.as_str().eq_ignore_ascii_case(word));
        known.ok_or_else(|| {
            let words = Severity::ALL.map(Severity::as_str).join(", ");
            self.fault(&format!("a severity is one of {words}"))
        })
    }
}

/// The pattern of an issue's id. Its first characters are enough, and more than twelve are not
/// told apart.
fn id_pattern(id: &str) -> String {
    let is_part = id.chars().count() < ID_LENGTH && !id.ends_with('*');
    let id: String = id.chars().take(ID_LENGTH).collect();
    if is_part { id + "*" } else { id }
}

fn single(mut all: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        Some(last) => {
            all.push(last);
            join(all)
        }
        None => join(all),
    }
}

fn field(name: &str) -> Option<Field> {
    if let Some((_, tag)) = name.split_once('.').filter(|(before, _)| *before == "tag") {
        return (!tag.is_empty()).then(|| Field::Tag(tag.to_owned()));
    }
    Field::NAMED.into_iter().find(|(known, _)| *known == name).map(|(_, field)| field)
}
