//! A Dockerfile as stages of instructions.

use std::ops::Range;

use super::lex::{Instruction, instructions};
use super::variables::{Variables, words};
use crate::images::Image;
use crate::shell::{self, Command};

/// A Dockerfile that parses.
#[derive(Debug, Clone)]
pub(super) struct Dockerfile {
    /// Every instruction in order.
    pub(super) instructions: Vec<Instruction>,
    /// The stages in order; never empty.
    pub(super) stages: Vec<Stage>,
}

/// One stage: what FROM begins.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    /// Its name in lower case.
    pub(super) name: Option<String>,
    /// What it is built on.
    pub(super) base: Base,
    /// Its instructions, FROM first, as indexes.
    pub(super) range: Range<usize>,
    /// What ARG and ENV say at its end.
    pub(super) variables: Variables,
}

/// What a stage is built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// An image.
    Image(Image),
    /// Nothing.
    Scratch,
    /// An earlier stage.
    Stage(usize),
    /// A name with a variable whose value the file does not give.
    Unknown,
}

impl Dockerfile {
    /// Reads the text.
    ///
    /// # Errors
    ///
    /// One sentence that names the line.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let instructions = instructions(text)?;
        let mut global = Variables::default();
        let mut stages: Vec<Stage> = Vec::new();
        for (at, one) in instructions.iter().enumerate() {
            match (one.keyword.as_str(), stages.last_mut()) {
                ("FROM", _) => {
                    let stage = stage(&stages, &global, one, at)?;
                    stages.push(stage);
                }
                ("ARG", None) => global.declare(&one.args.text, false),
                (keyword, None) => {
                    return Err(format!("`{keyword}` stands before the first FROM"));
                }
                (keyword, Some(stage)) => {
                    stage.range.end = at + 1;
                    declare(stage, &global, keyword, &one.args.text);
                }
            }
        }
        if stages.is_empty() {
            return Err("it has no FROM".into());
        }
        Ok(Self { instructions, stages })
    }

    /// The stage that becomes the image.
    pub(super) fn last(&self) -> Option<&Stage> {
        self.stages.last()
    }

    /// The instructions of a stage.
    pub(super) fn of(&self, stage: &Stage) -> &[Instruction] {
        self.instructions.get(stage.range.clone()).unwrap_or_default()
    }

    /// A stage and the stages it is built on, itself first.
    pub(super) fn ancestry<'d>(&'d self, stage: &'d Stage) -> Vec<&'d Stage> {
        let mut chain = vec![stage];
        while let Some(Stage { base: Base::Stage(parent), .. }) = chain.last() {
            let Some(parent) = self.stages.get(*parent) else { break };
            chain.push(parent);
        }
        chain
    }

    /// The last instruction of a keyword that is in force at the end of a stage, with its stage.
    pub(super) fn in_force<'d>(
        &'d self,
        stage: &'d Stage,
        keyword: &str,
    ) -> Option<(&'d Stage, &'d Instruction)> {
        self.ancestry(stage).into_iter().find_map(|stage| {
            let last = self.of(stage).iter().rev().find(|one| one.keyword == keyword);
            last.map(|one| (stage, one))
        })
    }

    /// The image that a stage is built on in the end.
    pub(super) fn image_of<'d>(&'d self, stage: &'d Stage) -> Option<&'d Image> {
        match self.ancestry(stage).last().map(|stage| &stage.base) {
            Some(Base::Image(image)) => Some(image),
            Some(Base::Scratch | Base::Stage(_) | Base::Unknown) | None => None,
        }
    }
}

fn stage(
    before: &[Stage],
    global: &Variables,
    from: &Instruction,
    at: usize,
) -> Result<Stage, String> {
    let words = words(&from.args.text);
    let mut rest = words.iter().skip_while(|word| word.starts_with("--"));
    let image = rest.next().ok_or("a FROM names no image")?;
    let name = match rest.next() {
        Some(word) if word.eq_ignore_ascii_case("as") => {
            Some(rest.next().ok_or("a stage has no name")?.to_ascii_lowercase())
        }
        Some(_) => return Err("a FROM has more than one image".into()),
        None => None,
    };
    let base = match global.resolve(image) {
        None => Base::Unknown,
        Some(image) => base(before, &image),
    };
    Ok(Stage { name, base, range: at..at + 1, variables: Variables::default() })
}

fn base(before: &[Stage], image: &str) -> Base {
    let lower = image.to_ascii_lowercase();
    let named = before.iter().rposition(|stage| stage.name.as_ref() == Some(&lower));
    match named {
        Some(stage) => Base::Stage(stage),
        None if image == "scratch" => Base::Scratch,
        None if image.is_empty() => Base::Unknown,
        None => Base::Image(Image::parse(image)),
    }
}

fn declare(stage: &mut Stage, global: &Variables, keyword: &str, args: &str) {
    match keyword {
        "ARG" => {
            stage.variables.declare(args, false);
            // A bare ARG takes the value that stands before the first FROM.
            if !args.contains(['=', ' ']) {
                stage.variables.set(args, global.get(args).map(ToOwned::to_owned));
            }
        }
        "ENV" => stage.variables.declare(args, true),
        _ => {}
    }
}

/// The words of an instruction in JSON form; none in shell form.
pub(super) fn exec_form(args: &str) -> Option<Vec<String>> {
    args.starts_with('[').then(|| serde_json::from_str(args).ok()).flatten()
}

/// The commands of a RUN, and for each the text that its spans count in: the arguments, or the
/// body of a here-document that is run as a script. None where they are not understood.
pub(super) fn run_commands(run: &Instruction) -> Option<Vec<(Source, Command)>> {
    if run.args.text.starts_with('[') {
        return exec_commands(&run.args.text);
    }
    let flags = flags_length(&run.args.text);
    let padded = format!("{}{}", " ".repeat(flags), run.args.text.get(flags..)?);
    let own = shell::commands(&padded)?;
    let script = run.heredocs.first().filter(|heredoc| {
        let lone = own.len() <= 1 && padded.trim_start().len() == padded.len() - heredoc.mark.start;
        lone && run.heredocs.len() == 1 && padded.trim().len() == heredoc.mark.len()
    });
    if let Some(script) = script {
        let commands = shell::commands(&script.body.text)?;
        return Some(commands.into_iter().map(|one| (Source::Heredoc, one)).collect());
    }
    Some(own.into_iter().map(|one| (Source::Args, one)).collect())
}

/// Which text the spans of a command count in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The instruction's arguments.
    Args,
    /// The body of its here-document.
    Heredoc,
    /// A JSON form; its words have no span.
    Exec,
}

fn exec_commands(args: &str) -> Option<Vec<(Source, Command)>> {
    let words = exec_form(args)?;
    let is_shell = words.first().is_some_and(|word| word.ends_with("sh"));
    let words: Vec<shell::Word> =
        words.into_iter().map(|text| shell::Word { span: 0..0, text }).collect();
    let script = is_shell && words.get(1).is_some_and(|word| word.text == "-c");
    let mut found = Vec::new();
    if let (true, Some(script)) = (script, words.get(2)) {
        let inner = shell::commands(&script.text)?;
        found.extend(inner.into_iter().map(|one| (Source::Exec, one)));
    } else if !words.is_empty() {
        found.push((Source::Exec, Command { assignments: Vec::new(), words }));
    }
    Some(found)
}

/// How long the `--flag` words at the start are, with the blanks behind them.
pub(super) fn flags_length(args: &str) -> usize {
    let mut at = 0;
    while let Some(rest) = args.get(at..).filter(|rest| rest.starts_with("--")) {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let blank = rest.get(word..).unwrap_or_default();
        at += word + (blank.len() - blank.trim_start().len());
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_linked_and_variables_of_from_are_global() {
        let text = "ARG V=22\nFROM node:$V AS Build\nARG V\nUSER node\nFROM scratch AS none\nFROM build\nRUN x\n";
        let file = Dockerfile::parse(text).unwrap();
        let last = file.last().unwrap();
        assert_eq!(last.base, Base::Stage(0));
        assert_eq!(file.image_of(last).unwrap().tag.as_deref(), Some("22"));
        assert_eq!(file.stages[0].variables.get("V"), Some("22"));
        assert_eq!(file.in_force(last, "USER").unwrap().1.args.text, "node");
        assert_eq!(file.stages[1].base, Base::Scratch);
    }

    #[test]
    fn what_cannot_be_a_dockerfile_is_refused() {
        let refused = |text: &str| Dockerfile::parse(text).unwrap_err();
        assert_eq!(refused("# nothing\n"), "it has no FROM");
        assert_eq!(refused("RUN x\n"), "`RUN` stands before the first FROM");
        assert_eq!(refused("FROM\n"), "a FROM names no image");
    }

    #[track_caller]
    fn programs(text: &str, expected: &[&str]) {
        let file = Dockerfile::parse(&format!("FROM a\n{text}")).unwrap();
        let commands = run_commands(&file.instructions[1]).unwrap();
        let found: Vec<&str> = commands.iter().map(|(_, one)| one.program()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn commands_of_every_form_are_seen() {
        programs("RUN --mount=type=cache,target=/x --network=none apt x && b", &["apt", "b"]);
        programs("RUN [\"/usr/bin/apt\", \"install\"]", &["apt"]);
        programs("RUN [\"sh\", \"-c\", \"a; b\"]", &["a", "b"]);
        programs("RUN <<EOF\nset -e\napt x\nEOF\n", &["set", "apt"]);
        programs("RUN python3 <<EOF\nimport x\nEOF\n", &["python3"]);
    }
}
