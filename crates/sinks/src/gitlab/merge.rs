//! Changes of code: a branch with one commit, and a draft merge request.

use std::collections::BTreeSet;

use quell_deliver::letter::CodeChange;
use quell_deliver::outbox::Remote;
use quell_deliver::{Key, Letter};
use serde_json::Value;

use super::place::{Project, Thing};
use super::{Lab, ticket, wire};
use crate::forge::call::{Api as _, Call};
use crate::forge::said::draft;
use crate::forge::{
    BASE_MOVED, Place, Repository as _, Trailer, bears, branch, checked, digest, part,
};
use crate::{Draft, SinkError};

pub(super) const DEVELOPER: &str = "Developer, scope `api`";
const READ: &str = "Reporter, scope `read_api`";

fn place(lab: &Lab) -> Place {
    Place {
        pipelines: &[".gitlab-ci.yml", ".gitlab/"],
        right: "the sink needs the option `workflows = \"true\"`",
        allowed: lab.workflows,
    }
}

fn trailer(letter: &Letter, change: &CodeChange, base: &str) -> Trailer {
    Trailer { mark: letter.key.mark(), digest: digest(change), base: base.to_owned(), tree: None }
}

/// What is sent for the commit alone.
pub(super) fn drafts_of_change(
    lab: &Lab,
    letter: &Letter,
    change: &CodeChange,
) -> Result<Vec<Draft>, SinkError> {
    checked(change, place(lab))?;
    let api = lab.reach.repository(&change.repository)?.api();
    let base = change.base_commit.as_deref().unwrap_or("{base}");
    let known = change.files.iter().filter(|file| file.before.is_some());
    let there: BTreeSet<String> = known.map(|file| file.path.clone()).collect();
    let trailer = trailer(letter, change, base);
    let body = wire::commit((&letter.key, change), &trailer, Some(base), &there);
    Ok(vec![draft("POST", format!("{api}/repository/commits"), &body)])
}

/// What is sent for a new merge request.
pub(super) fn drafts(
    lab: &Lab,
    letter: &Letter,
    change: &CodeChange,
) -> Result<Vec<Draft>, SinkError> {
    let api = lab.reach.repository(&change.repository)?.api();
    let mut drafts = drafts_of_change(lab, letter, change)?;
    drafts.push(draft("POST", format!("{api}/merge_requests"), &wire::merge(letter, change)));
    Ok(drafts)
}

/// Makes the merge request, or takes the one that is there.
pub(super) async fn open(
    lab: &Lab,
    letter: &Letter,
    change: &CodeChange,
) -> Result<Remote, SinkError> {
    let project = lab.reach.repository(&change.repository)?;
    checked(change, place(lab))?;
    if let Some(remote) = find(lab, &project, &letter.key).await? {
        return Ok(remote);
    }
    bring(lab, &project, (letter, change)).await?;
    let path = format!("{}/merge_requests", project.api());
    let body = wire::merge(letter, change);
    match lab.ask(&Call::post(&path, DEVELOPER, &body)).await {
        Ok(made) => ticket::remote_of(&project, &made, true),
        Err(SinkError::Refused(said)) if said.contains("already exists") => {
            let found = find(lab, &project, &letter.key).await?;
            found.ok_or(SinkError::Refused(said))
        }
        Err(error) => Err(error),
    }
}

/// Brings a merge request up to date. Of one that is not open, the text alone.
pub(super) async fn edit(lab: &Lab, thing: &Thing, letter: &Letter) -> Result<(), SinkError> {
    let now = lab.get(&thing.api(), READ).await?;
    let is_open = now.get("state").and_then(Value::as_str) == Some("opened");
    if let Some(change) = letter.change.as_ref().filter(|_| is_open) {
        let project = lab.reach.repository(&change.repository)?;
        if project != thing.repository && !project.is_number() {
            return Err(SinkError::Refused(format!(
                "the change is for `{}`, and the merge request stands in `{}`",
                project.full(),
                thing.repository.full()
            )));
        }
        checked(change, place(lab))?;
        bring(lab, &thing.repository, (letter, change)).await?;
    }
    // What a person marked as ready stays ready.
    let draft = now.get("draft").and_then(Value::as_bool) != Some(false);
    lab.send(&Call::put(&thing.api(), DEVELOPER, &wire::text(letter, draft))).await.map(|_| ())
}

/// The merge request of a key; of several the oldest.
pub(super) async fn find(
    lab: &Lab,
    project: &Project,
    key: &Key,
) -> Result<Option<Remote>, SinkError> {
    let path = format!(
        "{}/merge_requests?source_branch={}&state=all&per_page=100",
        project.api(),
        part(&branch(key))
    );
    let listed = lab.get(&path, READ).await?;
    let listed = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    let on_branch =
        |one: &&Value| one.get("source_branch").and_then(Value::as_str) == Some(&branch(key));
    let number = |one: &&Value| one.get("iid").and_then(Value::as_u64).unwrap_or(u64::MAX);
    let Some(oldest) = listed.iter().filter(on_branch).min_by_key(number) else { return Ok(None) };
    let text = oldest.get("description").and_then(Value::as_str).unwrap_or_default();
    let ours = bears(text, key)
        || match head(lab, project, &branch(key)).await? {
            Some(head) => head.trailer().is_some_and(|trailer| trailer.mark == key.mark()),
            None => false,
        };
    if !ours {
        return Err(SinkError::Refused(format!(
            "a merge request that Quell did not make stands on the branch `{}`",
            branch(key)
        )));
    }
    ticket::remote_of(project, oldest, true).map(Some)
}

/// A branch's head.
struct Head {
    commit: String,
    message: String,
    author: String,
    /// Whether nobody wrote the commit anew.
    untouched: bool,
}

impl Head {
    fn trailer(&self) -> Option<Trailer> {
        Trailer::of(&self.message)
    }
}

async fn head(lab: &Lab, project: &Project, name: &str) -> Result<Option<Head>, SinkError> {
    let path = format!("{}/repository/branches/{}", project.api(), part(name));
    let Some(branch) = lab.get_if_there(&path, READ).await? else { return Ok(None) };
    let at = |name: &str| {
        let text = branch.pointer(&format!("/commit/{name}")).and_then(Value::as_str);
        text.map(str::to_owned)
    };
    let commit = at("id").ok_or_else(|| SinkError::shape("$.commit.id", "is missing"))?;
    Ok(Some(Head {
        commit,
        message: at("message").unwrap_or_default(),
        untouched: at("authored_date") == at("committed_date")
            && at("author_email") == at("committer_email"),
        author: at("author_name").unwrap_or_else(|| "somebody".to_owned()),
    }))
}

/// Brings the branch to the change, by a new commit where one is needed.
async fn bring(
    lab: &Lab,
    project: &Project,
    (letter, change): (&Letter, &CodeChange),
) -> Result<(), SinkError> {
    let Some(base) = head(lab, project, &change.base).await? else {
        return Err(SinkError::Gone(format!(
            "the branch `{}` of `{}` is not there, or the login may not see it (`{READ}`)",
            change.base,
            project.full()
        )));
    };
    let ours = head(lab, project, &branch(&letter.key)).await?;
    let trailer = trailer(letter, change, &base.commit);
    let Some(head) = &ours else {
        let there = files_as_before(lab, project, (change, &base.commit)).await?;
        let body =
            wire::commit((&letter.key, change), &trailer, Some(base.commit.as_str()), &there);
        return send(lab, project, &body).await;
    };
    let before = own_trailer(head, &letter.key)?;
    if before.digest == trailer.digest {
        return Ok(());
    }
    let mut there = files_as_before(lab, project, (change, &base.commit)).await?;
    // A commit with two parents cannot be made here, so what moved under the branch is told.
    if before.base != base.commit {
        files_as_before(lab, project, (change, &before.base)).await?;
    }
    let brought = brought(lab, project, (&before.base, &head.commit)).await?;
    if brought.iter().any(|path| !change.files.iter().any(|file| file.path == *path)) {
        return Err(SinkError::Refused(
            "the fix leaves files alone now that the merge request changes: close it, and a new one is made"
                .to_owned(),
        ));
    }
    there.extend(brought);
    let body = wire::commit((&letter.key, change), &trailer, None, &there);
    send(lab, project, &body).await
}

async fn send(lab: &Lab, project: &Project, body: &Value) -> Result<(), SinkError> {
    let path = format!("{}/repository/commits", project.api());
    match lab.ask(&Call::post(&path, DEVELOPER, body)).await {
        Ok(_) => Ok(()),
        // Another call of the same delivery made the branch meanwhile; the next try takes it.
        Err(SinkError::Refused(said)) if said.contains("already exists") => {
            Err(SinkError::Busy { wait: None, said })
        }
        Err(error) => Err(error),
    }
}

/// The trailer of a head that nobody but Quell made.
fn own_trailer(head: &Head, key: &Key) -> Result<Trailer, SinkError> {
    let trailer = head.trailer().filter(|one| one.mark == key.mark() && head.untouched);
    trailer.ok_or_else(|| {
        let author: String = head.author.escape_debug().take(60).collect();
        SinkError::Refused(format!(
            "`{author}` committed on the branch `{}`; commits of people are not overwritten",
            branch(key)
        ))
    })
}

/// The paths that commits of a branch changed.
async fn brought(
    lab: &Lab,
    project: &Project,
    (from, to): (&str, &str),
) -> Result<BTreeSet<String>, SinkError> {
    let (from, to) = (part(from), part(to));
    let path = format!("{}/repository/compare?from={from}&to={to}", project.api());
    let compared = lab.get(&path, READ).await?;
    let diffs = compared.get("diffs").and_then(Value::as_array).into_iter().flatten();
    let paths = diffs.filter_map(|diff| diff.get("new_path")?.as_str().map(str::to_owned));
    Ok(paths.collect())
}

/// Looks whether each file is on the base what the change was made on; those that are there.
async fn files_as_before(
    lab: &Lab,
    project: &Project,
    (change, commit): (&CodeChange, &str),
) -> Result<BTreeSet<String>, SinkError> {
    let mut there = BTreeSet::new();
    for file in &change.files {
        let (at, commit) = (part(&file.path), part(commit));
        let path = format!("{}/repository/files/{at}?ref={commit}", project.api());
        let found = lab.get_if_there(&path, READ).await?;
        let blob = |found: Value| found.get("blob_id").and_then(Value::as_str).map(str::to_owned);
        let now = found.map(|found| blob(found).unwrap_or_else(|| "no file".to_owned()));
        if now != file.before {
            return Err(SinkError::Refused(format!("{BASE_MOVED} (`{}`)", file.path)));
        }
        if now.is_some() {
            there.insert(file.path.clone());
        }
    }
    Ok(there)
}
