//! Addresses as Terraform writes them, taken apart.

/// Most modules within each other.
const MOST_MODULES: usize = 32;

/// An address without its indexes: the calls that lead to the module, and the block in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The names of the calls, outermost first.
    pub modules: Vec<String>,
    /// The block in its module (`aws_s3_bucket.logs`).
    pub own: String,
}

impl Address {
    /// Reads `module.a["x"].module.b.aws_s3_bucket.logs[0]`; none for what makes nothing, and for
    /// what is no address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = without_indexes(text)?;
        let mut parts = plain.split('.').peekable();
        let mut modules = Vec::new();
        while parts.peek() == Some(&"module") {
            parts.next();
            modules.push(parts.next().filter(|name| !name.is_empty())?.to_owned());
            if modules.len() > MOST_MODULES {
                return None;
            }
        }
        let (kind, name) = (parts.next()?, parts.next()?);
        let whole = parts.next().is_none() && !kind.is_empty() && !name.is_empty();
        (whole && kind != "data").then(|| Self { modules, own: format!("{kind}.{name}") })
    }

    /// The type of the block.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.own.split('.').next().unwrap_or_default()
    }
}

/// The text without what stands in brackets; none where they do not close.
fn without_indexes(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '[' {
            skip_index(&mut letters)?;
        } else {
            plain.push(letter);
        }
    }
    Some(plain)
}

/// Goes behind the bracket that closes an index. Keys stand in quotes and may hold brackets.
fn skip_index(letters: &mut std::str::Chars<'_>) -> Option<()> {
    let mut quoted = false;
    loop {
        match letters.next()? {
            '\\' if quoted => drop(letters.next()?),
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_block_stand_apart_and_indexes_go() {
        let read = |text: &str| {
            Address::parse(text).map(|address| (address.modules.join("/"), address.own))
        };
        let is = |modules: &str, own: &str| Some((modules.to_owned(), own.to_owned()));
        assert_eq!(read("aws_s3_bucket.logs"), is("", "aws_s3_bucket.logs"));
        assert_eq!(read("aws_s3_bucket.logs[0]"), is("", "aws_s3_bucket.logs"));
        assert_eq!(
            read(r#"module.a["x.y]\"]"].module.b[2].aws_sqs_queue.q["k"]"#),
            is("a/b", "aws_sqs_queue.q")
        );
        for none in ["", "x", "data.aws_ami.a", "module.a", "module.a.b", "a.b.c", "a.b[", ".b"] {
            assert_eq!(read(none), None, "{none}");
        }
        assert_eq!(read(&format!("{}a.b", "module.m.".repeat(33))), None);
    }
}
