//! The simple commands of a shell text, each with its words and where they stand. What is not
//! understood is said so and never passes for an absence.

use std::ops::Range;

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Where it stands in the text.
    pub(crate) span: Range<usize>,
    /// The word without its quotes; variables stay as they are written.
    pub(crate) text: String,
}

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// `NAME=value` before the program.
    pub(crate) assignments: Vec<Word>,
    /// The program and its arguments; never empty.
    pub(crate) words: Vec<Word>,
}

impl Command {
    /// The program's name without its folder.
    pub(crate) fn program(&self) -> &str {
        let first = self.words.first().map_or("", |word| word.text.as_str());
        first.rsplit('/').next().unwrap_or(first)
    }

    /// The arguments.
    pub(crate) fn args(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().skip(1)
    }

    /// All words with one blank between them.
    pub(crate) fn line(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// Words of the shell's own that may stand before a command.
const RESERVED: [&str; 13] =
    ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "(", "time", "fi", "done"];

/// Programs that run the command behind them.
const CARRIERS: [&str; 5] = ["sudo", "exec", "env", "nohup", "command"];

/// Every simple command of the text; none where quotes or brackets are left open.
pub(crate) fn commands(text: &str) -> Option<Vec<Command>> {
    let mut found = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    let mut scanner = Scanner { text, at: 0 };
    while let Some(token) = scanner.token()? {
        match token {
            Token::Word(word) => words.push(word),
            Token::End => finish(&mut found, std::mem::take(&mut words)),
        }
    }
    finish(&mut found, words);
    Some(found)
}

fn finish(found: &mut Vec<Command>, mut words: Vec<Word>) {
    let reserved = words.iter().take_while(|word| RESERVED.contains(&word.text.as_str())).count();
    words.drain(..reserved);
    let assigned = words.iter().take_while(|word| is_assignment(&word.text)).count();
    let assignments: Vec<Word> = words.drain(..assigned).collect();
    if words.is_empty() {
        if !assignments.is_empty() {
            found.push(Command { words: assignments.clone(), assignments });
        }
        return;
    }
    let command = Command { assignments, words };
    let carried = carried(&command);
    found.push(command);
    if let Some(words) = carried {
        finish(found, words);
    }
}

/// The command that `sudo` and its like run.
fn carried(command: &Command) -> Option<Vec<Word>> {
    if !CARRIERS.contains(&command.program()) {
        return None;
    }
    let rest: Vec<Word> = command
        .args()
        .skip_while(|word| word.text.starts_with('-') || is_assignment(&word.text))
        .cloned()
        .collect();
    (!rest.is_empty()).then_some(rest)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|letter: char| letter.is_ascii_digit())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

enum Token {
    Word(Word),
    End,
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next word or end of a command; outer none where something is left open.
    #[expect(clippy::option_option, reason = "the outer one is a fault, the inner one the end")]
    fn token(&mut self) -> Option<Option<Token>> {
        loop {
            let Some(letter) = self.rest().chars().next() else { return Some(None) };
            match letter {
                ' ' | '\t' | '\r' => self.at += 1,
                '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                '&' if self.rest().starts_with("&>") => self.at += 2,
                '\n' | ';' | '&' | '|' | ')' | '}' => {
                    self.at += 1;
                    return Some(Some(Token::End));
                }
                '\\' if self.rest().starts_with("\\\n") => self.at += 2,
                '\\' if self.rest().starts_with("\\\r\n") => self.at += 3,
                '<' | '>' => self.at += if self.rest().get(1..2) == Some("&") { 2 } else { 1 },
                _ => return self.word().map(|word| Some(Token::Word(word))),
            }
        }
    }

    fn word(&mut self) -> Option<Word> {
        let start = self.at;
        let mut text = String::new();
        while let Some(letter) = self.rest().chars().next() {
            match letter {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | ')' | '<' | '>' => break,
                '(' if text.is_empty() => {
                    self.at += 1;
                    text.push('(');
                    break;
                }
                '\'' | '"' => text.push_str(&self.quoted(letter)?),
                '`' => text.push_str(&self.until_back_quote()?),
                '$' if self.rest().starts_with("$(") => text.push_str(&self.nested('(', ')')?),
                '$' if self.rest().starts_with("${") => text.push_str(&self.nested('{', '}')?),
                '\\' => {
                    self.at += 1;
                    let next = self.rest().chars().next()?;
                    self.at += next.len_utf8();
                    text.push(next);
                }
                _ => {
                    text.push(letter);
                    self.at += letter.len_utf8();
                }
            }
        }
        Some(Word { span: start..self.at, text })
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let letter = self.rest().chars().next()?;
            if letter == quote {
                self.at += 1;
                return Some(text);
            }
            if quote == '"' && letter == '\\' {
                text.push_str(&self.escaped()?);
            } else if quote == '"' && self.rest().starts_with("$(") {
                text.push_str(&self.nested('(', ')')?);
            } else {
                text.push(letter);
                self.at += letter.len_utf8();
            }
        }
    }

    /// A backslash between double quotes and what stands behind it.
    fn escaped(&mut self) -> Option<String> {
        self.at += 1;
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        let taken = ['"', '\\', '$', '`', '\n'].contains(&next);
        Some(if taken { next.to_string() } else { format!("\\{next}") })
    }

    fn until_back_quote(&mut self) -> Option<String> {
        let length = self.rest().get(1..)?.find('`')? + 2;
        let text = self.rest().get(..length)?.to_owned();
        self.at += length;
        Some(text)
    }

    /// `$( … )` or `${ … }` as one word, counted rather than understood.
    fn nested(&mut self, open: char, close: char) -> Option<String> {
        let mut depth = 0_usize;
        let mut quote = None;
        let mut escaped = false;
        for (at, letter) in self.rest().char_indices() {
            if escaped {
                escaped = false;
                continue;
            }
            match quote {
                _ if letter == '\\' && quote != Some('\'') => escaped = true,
                Some(mark) if letter == mark => quote = None,
                Some(_) => {}
                None if letter == '\'' || letter == '"' => quote = Some(letter),
                None if letter == open => depth += 1,
                None if letter == close => depth -= 1,
                None => {}
            }
            if letter == close && depth == 0 && quote.is_none() {
                let text = self.rest().get(..=at)?.to_owned();
                self.at += text.len();
                return Some(text);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = commands(text).unwrap();
        let lines: Vec<String> = found.iter().map(Command::line).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn commands_are_cut_at_the_operators() {
        check("a b && c 'd && e' || f; g | h & i", &["a b", "c d && e", "f", "g", "h", "i"]);
        check("if [ `uname -m` = \"x\" ]; then \\\n apt x; fi", &["[ `uname -m` = x ]", "apt x"]);
        check("for f in a b; do rm $f; done", &["for f in a b", "rm $f"]);
        check("(cd /x && make)", &["cd /x", "make"]);
    }

    #[test]
    fn what_sudo_runs_is_a_command_too() {
        check("A=1 sudo -E B=2 apt install x", &["sudo -E B=2 apt install x", "apt install x"]);
    }

    #[test]
    fn nested_commands_stay_in_their_word() {
        check("x=$(a; b ')') y ${z:-1;2} \"$(c \"d\")\"", &["y ${z:-1;2} $(c \"d\")"]);
    }

    #[test]
    fn what_is_left_open_is_not_understood() {
        assert_eq!(commands("echo 'a"), None);
        assert_eq!(commands("echo $(a"), None);
        assert_eq!(commands("a\\"), None);
    }

    #[test]
    fn words_keep_their_place() {
        let text = "curl -k \"http://x\"";
        let found = commands(text).unwrap();
        assert_eq!(text.get(found[0].words[2].span.clone()), Some("\"http://x\""));
        assert_eq!(found[0].words[2].text, "http://x");
    }
}
