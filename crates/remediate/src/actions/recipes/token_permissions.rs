//! Gives the token of a workflow no more than its jobs need.
//!
//! # What it changes
//! `permissions: contents: read` for the workflow. A job that plainly needs more gets a
//! `permissions` of its own; one that names its rights keeps them. What the settings say of a job
//! (`workflow.rights.<path>#<job>`) counts as what it needs.
//!
//! # When it is withheld
//! A step is given the token and it is not known what it does with it, or a workflow that calls
//! this one gives it less.

use serde_json::{Map, Value};

use super::{Recipe, Request};
use crate::actions::needs::{Scene, of_job};
use crate::actions::permissions::Rights;
use crate::actions::workflow::{events, jobs, text};
use crate::yaml::{Edit, Node, Step, Yaml};

pub(super) const RECIPE: Recipe = Recipe { id: "token_permissions", plan };

const READ: &str = "contents:read";

/// One text put in at a byte.
type Insert = (usize, String);

/// What is to be done: first texts put in where they stand in the old text, then values set.
#[derive(Default)]
struct Work {
    inserts: Vec<Insert>,
    values: Vec<(Vec<Step>, Value)>,
}

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let workflow: &Value = request.document.data();
    let top = workflow.get("permissions").unwrap_or(&Value::Null);
    let least = Rights::parse(READ).ok_or("the least right cannot be read")?;
    let mut expected = Value::clone(workflow);
    let mut work = Work::default();
    for (id, job) in jobs(workflow) {
        let Some(rights) = rights_of(request, id, job)? else { continue };
        if job.get("permissions").is_some() {
            let path = vec!["jobs".into(), Step::Key(id.clone()), "permissions".into()];
            work.values.push((path, rights.to_value()));
        } else if is_open(top) && !rights.is_within(&least) {
            work.inserts.push(job_insert(request, id, &rights)?);
        } else {
            continue;
        }
        set(&mut expected, &["jobs", id], rights.to_value());
    }
    if is_open(top) {
        called_by_others(request, &least)?;
        if workflow.get("permissions").is_some() {
            work.values.push((vec!["permissions".into()], least.to_value()));
        } else {
            work.inserts.push(top_insert(request, &least)?);
        }
        set(&mut expected, &[], least.to_value());
    }
    done(request, work, &expected)
}

/// The rights that a job needs; none where it names its own, or the workflow does for it.
fn rights_of(request: &Request<'_>, id: &str, job: &Value) -> Result<Option<Rights>, String> {
    let top = request.document.data().get("permissions");
    let before = job.get("permissions").or(top).unwrap_or(&Value::Null);
    if !is_open(before) {
        return Ok(None);
    }
    let had = Rights::read(before).ok_or("the rights of a job are not plain")?;
    let parameter = format!("workflow.rights.{}#{}", request.path, plain(id));
    let needs = match request.wish.settings.get(&parameter) {
        Some(said) => Rights::parse(said).ok_or_else(|| {
            format!("the parameter `{parameter}` is no list such as `contents:read issues:write`")
        })?,
        None => needs(request, job)
            .map_err(|why| format!("job `{}`: {why} (`{parameter}`)", plain(id)))?,
    };
    Ok(Some(needs.within(&had)))
}

fn done(request: &Request<'_>, work: Work, expected: &Value) -> Result<Option<String>, String> {
    if work.inserts.is_empty() && work.values.is_empty() {
        return Ok(None);
    }
    let mut made = put_in(request.text, work.inserts)?;
    for (path, value) in work.values {
        made = Yaml::parse(made)?.edited(0, &[Edit::Set(path, value)])?;
    }
    check(&made, expected)?;
    Ok(Some(made))
}

/// Whether a value lets the token do everything, or leaves it open.
fn is_open(permissions: &Value) -> bool {
    permissions.is_null() || permissions.as_str() == Some("write-all")
}

fn needs(request: &Request<'_>, job: &Value) -> Result<Rights, String> {
    let files = |path: &str| request.all.data(path);
    of_job(Scene::new(request.document.data(), &files), job)
}

fn plain(word: &str) -> String {
    word.chars().filter(|letter| !letter.is_control()).take(60).collect()
}

/// Sets `permissions` of the mapping at a path.
fn set(data: &mut Value, path: &[&str], rights: Value) {
    let there = path.iter().try_fold(data, |value, key| value.get_mut(*key));
    if let Some(Value::Object(fields)) = there {
        fields.insert("permissions".to_owned(), rights);
    }
}

/// A called workflow may ask for no more than its callers give.
fn called_by_others(request: &Request<'_>, least: &Rights) -> Result<(), String> {
    if !events(request.document.data()).contains(&"workflow_call") {
        return Ok(());
    }
    let own = format!("./{}", request.path);
    for (path, workflow) in request.all.workflows() {
        for (_, job) in jobs(workflow).filter(|(_, job)| text(job, "uses") == Some(&own)) {
            let given = job.get("permissions").or_else(|| workflow.get("permissions"));
            let given = Rights::read(given.unwrap_or(&Value::Null));
            if !given.is_some_and(|given| least.is_within(&given)) {
                return Err(format!(
                    "`{}` calls it with fewer rights: a person must say which it needs",
                    plain(path)
                ));
            }
        }
    }
    Ok(())
}

/// Where the document begins in the text.
fn base(request: &Request<'_>) -> usize {
    request.document.span_of(request.root).start - request.root.span.start
}

/// The workflow's rights, above its jobs.
fn top_insert(request: &Request<'_>, rights: &Rights) -> Result<Insert, String> {
    let base = base(request);
    let jobs = request.root.entry("jobs").ok_or("it has no jobs")?;
    let first = base + jobs.key_span.start;
    let at = above_comments(request.text, first, base);
    let head = request.text.get(..at).unwrap_or_default();
    let eol = if request.text.contains("\r\n") { "\r\n" } else { "\n" };
    let spaced = head.trim_end_matches('\r').ends_with(&format!("{eol}{eol}"));
    let gap = if spaced { eol } else { "" };
    Ok((at, format!("{}{gap}", written(rights, "", step(request), eol))))
}

/// The rights of a job, below where it runs.
fn job_insert(request: &Request<'_>, id: &str, rights: &Rights) -> Result<Insert, String> {
    let odd = || format!("the job `{}` is laid out in a way that is not changed", plain(id));
    let base = base(request);
    let job = request.root.get("jobs").and_then(|jobs| jobs.get(id)).ok_or_else(odd)?;
    let anchor = job.entry("runs-on").or_else(|| job.entry("uses")).ok_or_else(odd)?;
    let start = base + anchor.key_span.start;
    let line = request.text.get(..start).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1);
    let indent = request.text.get(line..start).filter(|indent| indent.trim().is_empty());
    let indent = indent.ok_or_else(odd)?;
    let end = base + anchor.end();
    let rest = request.text.get(end..).unwrap_or_default();
    let at = end + rest.find('\n').map_or(rest.len(), |found| found + 1);
    let eol = if request.text.contains("\r\n") { "\r\n" } else { "\n" };
    let lead =
        if request.text.get(..at).is_some_and(|head| head.ends_with('\n')) { "" } else { eol };
    Ok((at, format!("{lead}{}", written(rights, indent, step(request), eol))))
}

/// How far the file indents: as the jobs below `jobs`.
fn step(request: &Request<'_>) -> usize {
    let jobs = request.root.get("jobs").map(Node::children).unwrap_or_default();
    let first = jobs.first().map(|job| base(request) + job.span.start);
    let line =
        first.and_then(|at| request.text.get(..at)).and_then(|head| head.rsplit('\n').next());
    // The job's own keys stand two steps in.
    let wide = line.map_or(4, |line| line.len() - line.trim_start().len());
    (wide / 2).clamp(1, 8)
}

fn written(rights: &Rights, indent: &str, step: usize, eol: &str) -> String {
    let Value::Object(scopes) = rights.to_value() else { return String::new() };
    if scopes.is_empty() {
        return format!("{indent}permissions: {{}}{eol}");
    }
    let inner = " ".repeat(step);
    let lines: Map<String, Value> = scopes;
    let lines = lines.iter().map(|(scope, level)| {
        format!("{indent}{inner}{scope}: {}{eol}", level.as_str().unwrap_or_default())
    });
    format!("{indent}permissions:{eol}{}", lines.collect::<String>())
}

/// Where the comment lines right above a byte begin.
fn above_comments(text: &str, at: usize, floor: usize) -> usize {
    let mut at = at;
    while let Some(head) = text.get(floor..at).filter(|head| !head.is_empty()) {
        let line = head.trim_end_matches(['\n', '\r']);
        let start = line.rfind('\n').map_or(0, |found| found + 1);
        let blank_between = head.len() - line.len() > 2 && !head.ends_with("\r\n");
        if blank_between || !line.get(start..).unwrap_or_default().starts_with('#') {
            break;
        }
        at = floor + start;
    }
    at
}

fn put_in(text: &str, mut inserts: Vec<Insert>) -> Result<String, String> {
    inserts.sort();
    let mut out = String::with_capacity(text.len() + 128);
    let mut from = 0;
    for (at, new) in inserts {
        out.push_str(text.get(from..at).ok_or("the workflow has no such place")?);
        out.push_str(&new);
        from = at;
    }
    out.push_str(text.get(from..).ok_or("the workflow has no such place")?);
    Ok(out)
}

/// The text must say exactly what is wanted.
fn check(text: &str, expected: &Value) -> Result<(), String> {
    let yaml = Yaml::parse(text.to_owned())?;
    let data = yaml.documents().first().map(|document| -> &Value { document.data() });
    if data != Some(expected) {
        return Err("the workflow is laid out in a way that is not changed".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_beside, check_with, refuse};

    const FIX: &str = "recipe = 'token_permissions'";

    #[test]
    fn a_workflow_that_only_reads_gets_one_right() {
        let before = "name: a\non: push\n\n# All of it.\njobs:\n  b:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n";
        let after = "name: a\non: push\n\npermissions:\n  contents: read\n\n# All of it.\njobs:\n  b:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n";
        check(FIX, before, after);
        check(
            FIX,
            "on: push\r\njobs:\r\n  b:\r\n    runs-on: x\r\n",
            "on: push\r\npermissions:\r\n  contents: read\r\njobs:\r\n  b:\r\n    runs-on: x\r\n",
        );
    }

    #[test]
    fn a_job_gets_what_it_plainly_needs() {
        let before = "on: push\njobs:\n  b:\n    runs-on: x # here\n    steps:\n      - uses: actions/stale@v9\n  c:\n    runs-on: x\n    steps: []\n";
        let after = "on: push\npermissions:\n  contents: read\njobs:\n  b:\n    runs-on: x # here\n    permissions:\n      contents: read\n      issues: write\n      pull-requests: write\n    steps:\n      - uses: actions/stale@v9\n  c:\n    runs-on: x\n    steps: []\n";
        check(FIX, before, after);
    }

    #[test]
    fn what_is_written_as_write_all_is_narrowed() {
        let before = "on: push\npermissions: write-all\njobs:\n  b:\n    runs-on: x\n    steps:\n      - uses: softprops/action-gh-release@v2\n";
        let after = "on: push\npermissions:\n  contents: read\njobs:\n  b:\n    runs-on: x\n    permissions:\n      contents: write\n    steps:\n      - uses: softprops/action-gh-release@v2\n";
        check(FIX, before, after);
    }

    #[test]
    fn called_workflows_and_actions_of_the_repository_are_read() {
        let called =
            "on: workflow_call\njobs:\n  x:\n    runs-on: x\n    steps:\n      - uses: ./act\n";
        let action = "runs:\n  using: composite\n  steps:\n    - run: git push\n      shell: bash\n    - uses: actions/checkout@v4\n";
        let others = [(".github/workflows/c.yml", called), ("act/action.yml", action)];
        let before = "on: push\njobs:\n  b:\n    uses: ./.github/workflows/c.yml\n";
        let after = "on: push\npermissions:\n  contents: read\njobs:\n  b:\n    uses: ./.github/workflows/c.yml\n    permissions:\n      contents: write\n";
        check_beside(FIX, &others, before, after);
    }

    #[test]
    fn the_settings_say_what_a_job_needs() {
        let job = "on: push\njobs:\n  b:\n    runs-on: x\n";
        let steps = "    steps:\n      - uses: some/bot@v1\n        with:\n          token: ${{ secrets.GITHUB_TOKEN }}\n";
        let after = "on: push\npermissions:\n  contents: read\njobs:\n  b:\n    runs-on: x\n    permissions:\n      contents: read\n      issues: write\n";
        let said = [("workflow.rights..github/workflows/a.yml#b", "contents:read issues:write")];
        check_with(FIX, &said, &format!("{job}{steps}"), &format!("{after}{steps}"));
    }

    #[test]
    fn what_is_not_known_is_left_to_a_person() {
        let text = "on: push\njobs:\n  b:\n    runs-on: x\n    steps:\n      - uses: some/bot@v1\n        with:\n          token: ${{ secrets.GITHUB_TOKEN }}\n";
        refuse(FIX, text, "job `b`: `some/bot` is given the token");
    }
}
