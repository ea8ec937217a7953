//! Hands a stranger's text to a script as a variable, so that the shell never reads it as code.
//!
//! # What it changes
//! The expression goes into `env` of the step; where it stood in the script stands the variable, in
//! quotes.
//!
//! # When it is withheld
//! The script is not one for bash or sh, or the expression stands where a variable cannot.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Recipe, Request};
use crate::actions::expression::expressions;
use crate::actions::workflow::{jobs, steps, text, texts};
use crate::yaml::{Edit, Kind, Node, Step, Style, Yaml};

pub(super) const RECIPE: Recipe = Recipe { id: "expressions_to_variables", plan };

/// What whoever opens an issue or a pull request, comments or commits, may write as they like.
static STRANGERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^(github\.head_ref|github\.event\.(issue|pull_request|discussion|comment|review|review_comment)\.(title|body)|github\.event\.pull_request\.head\.(ref|label|repo\.default_branch)|github\.event\.pages\.[^ ]*\.page_name|github\.event\.(head_commit|commits\.[^ ]*)\.(message|author\.(email|name))|github\.event\.workflow_run\.(head_branch|display_title|head_commit\.(message|author\.(email|name))))$",
    )
    .ok()
});

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let workflow: &Value = request.document.data();
    let mut now = request.text.to_owned();
    for (id, job) in jobs(workflow) {
        for (at, step) in steps(job).iter().enumerate() {
            let scene = Scene { workflow, job, step };
            if strange(step).is_empty() {
                continue;
            }
            now = rewritten(&now, id, at, scene)?;
        }
    }
    Ok((now != request.text).then_some(now))
}

/// A step and what stands around it.
#[derive(Clone, Copy)]
struct Scene<'s> {
    workflow: &'s Value,
    job: &'s Value,
    step: &'s Value,
}

/// The expressions of a script that are a stranger's text, once each.
fn strange(step: &Value) -> Vec<String> {
    let script = text(step, "run").or_else(|| {
        let uses = text(step, "uses")?.starts_with("actions/github-script@");
        step.get("with").filter(|_| uses).and_then(|with| text(with, "script"))
    });
    let mut found: Vec<String> = Vec::new();
    for (_, inner) in expressions(script.unwrap_or_default()) {
        let stranger = STRANGERS.as_ref().is_some_and(|pattern| pattern.is_match(inner));
        if stranger && !found.iter().any(|one| one == inner) {
            found.push(inner.to_owned());
        }
    }
    found
}

fn rewritten(now: &str, id: &str, at: usize, scene: Scene<'_>) -> Result<String, String> {
    let Some(run) = text(scene.step, "run") else {
        return Err("a script of github-script holds a stranger's text: a person must read it from `context` or `process.env`".into());
    };
    shell_is_posix(scene)?;
    let path: Vec<Step> = vec!["jobs".into(), Step::Key(id.to_owned()), "steps".into(), at.into()];
    let mut names: Vec<(String, String)> = Vec::new();
    for inner in strange(scene.step) {
        let name = name_for(&inner, scene, &names)?;
        names.push((inner, name));
    }
    let yaml = Yaml::parse(now.to_owned())?;
    let document = yaml.documents().first().ok_or("the workflow is empty")?;
    let mut inside = path.clone();
    inside.push("run".into());
    let node =
        document.root().and_then(|root| root.at(&inside)).ok_or("the script has no place")?;
    let span = document.span_of(node);
    let source = written(node, now, &span)?;
    let wanted = in_script(run, &names)?;
    let made = [
        now.get(..span.start).unwrap_or_default(),
        &in_script(source, &names)?,
        now.get(span.end..).unwrap_or_default(),
    ]
    .concat();
    let mut edits = Vec::new();
    for (inner, name) in &names {
        let mut path = path.clone();
        path.extend(["env".into(), Step::Key(name.clone())]);
        edits.push(Edit::Set(path, Value::String(format!("${{{{ {inner} }}}}"))));
    }
    let made = Yaml::parse(made)?.edited(0, &edits)?;
    let after = Yaml::parse(made.clone())?;
    let data = after.documents().first().map(|document| document.data());
    let said = data.and_then(|data| {
        data.pointer(&format!("/jobs/{}/steps/{at}/run", id.replace('~', "~0").replace('/', "~1")))
    });
    if said.and_then(Value::as_str) != Some(wanted.as_str()) {
        return Err("the script is written in a way that is not changed".into());
    }
    Ok(made)
}

/// The text of a script as it stands in the file, where quotes can be put in as they are.
fn written<'t>(node: &Node, text: &'t str, span: &Range<usize>) -> Result<&'t str, String> {
    match &node.kind {
        Kind::Scalar { style: Style::Plain | Style::Block, .. } => {
            text.get(span.clone()).ok_or_else(|| "the script has no place".into())
        }
        Kind::Scalar { style: Style::Single | Style::Double, .. } => {
            Err("the script stands in quotes: a person must write it on lines of its own".into())
        }
        Kind::Sequence { .. } | Kind::Mapping { .. } | Kind::Alias(_) => {
            Err("the script is no plain text".into())
        }
    }
}

/// The shell that a step runs in must be one that has variables and quotes as bash does.
fn shell_is_posix(scene: Scene<'_>) -> Result<(), String> {
    let default = |value: &Value| {
        value.pointer("/defaults/run/shell").and_then(Value::as_str).map(ToOwned::to_owned)
    };
    let named = text(scene.step, "shell")
        .map(ToOwned::to_owned)
        .or_else(|| default(scene.job))
        .or_else(|| default(scene.workflow));
    match named.as_deref().map(|shell| shell.split_whitespace().next().unwrap_or_default()) {
        Some("bash" | "sh") => return Ok(()),
        Some(other) => {
            let other: String = other.chars().filter(|c| !c.is_control()).take(20).collect();
            return Err(format!("the script is one for `{other}`: a person must change it"));
        }
        None => {}
    }
    let runner = scene.job.get("runs-on").map(ToString::to_string).unwrap_or_default();
    let runner = runner.to_ascii_lowercase();
    if runner.contains("windows")
        || runner.contains("${{")
        || runner.contains("self-hosted") && !runner.contains("linux")
    {
        return Err(
            "it is not known that the script runs in bash: a person must name its shell".into()
        );
    }
    Ok(())
}

/// A name for the variable: the one that already holds it, else a new one.
fn name_for(inner: &str, scene: Scene<'_>, taken: &[(String, String)]) -> Result<String, String> {
    let mut env = texts(scene.workflow, "env");
    env.extend(texts(scene.job, "env"));
    env.extend(texts(scene.step, "env"));
    let holds = |value: &str| matches!(expressions(value).as_slice(), [(range, one)] if *one == inner && range.len() == value.len());
    if let Some((name, _)) = env.iter().find(|(_, value)| holds(value)) {
        return Ok(name.clone());
    }
    let words: Vec<&str> = inner
        .split('.')
        .filter(|part| !["github", "event"].contains(part) && !part.contains(['*', '[']))
        .collect();
    let name = words.join("_").to_ascii_uppercase().replace('-', "_");
    let run = text(scene.step, "run").unwrap_or_default();
    let used = env.contains_key(&name)
        || taken.iter().any(|(_, other)| *other == name)
        || run.contains(&name);
    if used || name.is_empty() {
        return Err(format!("the name `{name}` has another meaning in the script"));
    }
    Ok(name)
}

/// The script with variables in place of the expressions, quoted where they are not.
fn in_script(script: &str, names: &[(String, String)]) -> Result<String, String> {
    let mut out = String::with_capacity(script.len());
    let mut from = 0;
    for (range, inner) in expressions(script) {
        let Some((_, name)) = names.iter().find(|(one, _)| one == inner) else { continue };
        let quote = quote_at(script, range.start)?;
        out.push_str(script.get(from..range.start).unwrap_or_default());
        out.push_str(&match quote {
            Quote::None => format!("\"${{{name}}}\""),
            Quote::Double => format!("${{{name}}}"),
            Quote::Single => format!("'\"${{{name}}}\"'"),
        });
        from = range.end;
    }
    out.push_str(script.get(from..).unwrap_or_default());
    Ok(out)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Double,
    Single,
}

/// In which quotes a byte of a script stands.
fn quote_at(script: &str, at: usize) -> Result<Quote, String> {
    let head = script.get(..at).unwrap_or_default();
    if head.contains("<<") {
        return Err("the text stands in or behind a here-document: a person must change it".into());
    }
    let mut quote = Quote::None;
    let mut skip = false;
    let mut comment = false;
    let mut before = '\n';
    for letter in head.chars() {
        if comment {
            comment = letter != '\n';
        } else if skip {
            skip = false;
        } else {
            match (quote, letter) {
                (Quote::None | Quote::Double, '\\') => skip = true,
                (Quote::None, '#') if before.is_whitespace() => comment = true,
                (Quote::None, '\'') => quote = Quote::Single,
                (Quote::None, '"') => quote = Quote::Double,
                (Quote::Single, '\'') | (Quote::Double, '"') => quote = Quote::None,
                (Quote::Double, '`' | '(') if letter == '`' || before == '$' => {
                    return Err(
                        "the text stands in a command within quotes: a person must change it"
                            .into(),
                    );
                }
                (Quote::None | Quote::Double | Quote::Single, _) => {}
            }
        }
        before = letter;
    }
    Ok(if comment { Quote::Double } else { quote })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'expressions_to_variables'";

    fn workflow(step: &str) -> String {
        format!("on: issues\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{step}")
    }

    #[test]
    fn the_text_comes_as_a_quoted_variable() {
        check(
            FIX,
            &workflow(
                "      - name: x\n        run: |\n          echo ${{ github.event.issue.title }} \"is ${{github.head_ref}}\"\n          echo '${{ github.head_ref }}' ${{ github.sha }}\n",
            ),
            &workflow(
                "      - name: x\n        run: |\n          echo \"${ISSUE_TITLE}\" \"is ${HEAD_REF}\"\n          echo ''\"${HEAD_REF}\"'' ${{ github.sha }}\n        env:\n          ISSUE_TITLE: \"${{ github.event.issue.title }}\"\n          HEAD_REF: \"${{ github.head_ref }}\"\n",
            ),
        );
    }

    #[test]
    fn a_variable_that_holds_it_is_used() {
        check(
            FIX,
            &workflow(
                "      - run: echo ${{ github.head_ref }}\n        env:\n          B: ${{ github.head_ref }}\n",
            ),
            &workflow(
                "      - run: echo \"${B}\"\n        env:\n          B: ${{ github.head_ref }}\n",
            ),
        );
    }

    #[test]
    fn other_shells_and_odd_places_are_left_alone() {
        refuse(
            FIX,
            &workflow("      - run: x ${{ github.head_ref }}\n        shell: pwsh\n"),
            "`pwsh`",
        );
        refuse(FIX, &workflow("      - run: \"x ${{ github.head_ref }}\"\n"), "stands in quotes");
        refuse(
            FIX,
            &workflow("      - run: |\n          x \"$(y ${{ github.head_ref }})\"\n"),
            "within quotes",
        );
        refuse(
            FIX,
            &workflow(
                "      - run: |\n          cat <<A\n          ${{ github.head_ref }}\n          A\n",
            ),
            "here-document",
        );
    }
}
