//! Changes of code: a branch with one commit, and a draft pull request.

use quell_deliver::letter::CodeChange;
use quell_deliver::outbox::Remote;
use quell_deliver::{Key, Letter};
use serde_json::Value;

use super::login::text;
use super::place::{Repository, Thing};
use super::{Hub, ticket, wire};
use crate::forge::call::{Api as _, Call};
use crate::forge::said::draft;
use crate::forge::{
    BASE_MOVED, Forge as _, Place, Repository as _, Trailer, bears, branch, checked, digest, part,
};
use crate::{Draft, SinkError};

pub(super) const CONTENTS: &str = "Contents: write";
pub(super) const PULLS: &str = "Pull requests: write";
const READ: &str = "Contents: read";

fn place(hub: &Hub) -> Place {
    Place {
        pipelines: &[".github/workflows/"],
        right: "the login needs the permission `Workflows: write`, and the sink the option `workflows = \"true\"`",
        allowed: hub.workflows,
    }
}

/// What is sent for a new pull request.
pub(super) fn drafts(
    hub: &Hub,
    letter: &Letter,
    change: &CodeChange,
) -> Result<Vec<Draft>, SinkError> {
    let api = hub.reach().repository(&change.repository)?.api();
    let mut drafts = drafts_of_change(hub, letter, change)?;
    let reference = wire::reference(&letter.key, "{commit}");
    let pull = wire::pull(letter, change, hub.draft);
    drafts.push(draft("POST", format!("{api}/git/refs"), &reference));
    drafts.push(draft("POST", format!("{api}/pulls"), &pull));
    drafts.push(draft("POST", format!("{api}/issues/{{number}}/labels"), &wire::labels(letter)));
    Ok(drafts)
}

/// What is sent for the commit alone.
pub(super) fn drafts_of_change(
    hub: &Hub,
    letter: &Letter,
    change: &CodeChange,
) -> Result<Vec<Draft>, SinkError> {
    checked(change, place(hub))?;
    let api = hub.reach().repository(&change.repository)?.api();
    let known = |name: &str| change.base_commit.clone().unwrap_or_else(|| format!("{{{name}}}"));
    let trailer = Trailer {
        mark: letter.key.mark(),
        digest: digest(change),
        base: known("base"),
        tree: Some("{tree}".to_owned()),
    };
    let tree = wire::tree(change, "{base_tree}");
    let commit = wire::commit(change, &trailer, &[&known("base")]);
    Ok(vec![
        draft("POST", format!("{api}/git/trees"), &tree),
        draft("POST", format!("{api}/git/commits"), &commit),
    ])
}

/// Makes the pull request, or takes the one that is there.
pub(super) async fn open(
    hub: &Hub,
    letter: &Letter,
    change: &CodeChange,
) -> Result<Remote, SinkError> {
    let repository = hub.reach().repository(&change.repository)?;
    checked(change, place(hub))?;
    if let Some(remote) = find(hub, &repository, &letter.key).await? {
        ticket::label(hub, &Thing::of(&remote)?, letter).await?;
        return Ok(remote);
    }
    bring(hub, &repository, (letter, change)).await?;
    let path = format!("{}/pulls", repository.api());
    let body = wire::pull(letter, change, hub.draft);
    let remote = match hub.ask(&Call::post(&path, PULLS, &body)).await {
        Ok(made) => remote_of(&repository, &made)?,
        Err(SinkError::Refused(said)) if said.contains("pull request already exists") => {
            let found = find(hub, &repository, &letter.key).await?;
            found.ok_or(SinkError::Refused(said))?
        }
        Err(error) => return Err(error),
    };
    ticket::label(hub, &Thing::of(&remote)?, letter).await?;
    Ok(remote)
}

/// Brings a pull request or an issue up to date. Of one that is not open, the text alone.
pub(super) async fn edit(hub: &Hub, thing: &Thing, letter: &Letter) -> Result<(), SinkError> {
    if let Some(change) = letter.change.as_ref().filter(|_| thing.request) {
        let repository = hub.reach().repository(&change.repository)?;
        if repository != thing.repository {
            return Err(SinkError::Refused(format!(
                "the change is for `{}`, and the pull request stands in `{}`",
                repository.full(),
                thing.repository.full()
            )));
        }
        checked(change, place(hub))?;
        let now = hub.get(&thing.api(), PULLS).await?;
        if now.get("state").and_then(Value::as_str) == Some("open") {
            bring(hub, &repository, (letter, change)).await?;
        }
    }
    ticket::bring_text(hub, thing, letter).await
}

/// The pull request of a key; of several the oldest.
pub(super) async fn find(
    hub: &Hub,
    repository: &Repository,
    key: &Key,
) -> Result<Option<Remote>, SinkError> {
    let head = part(&format!("{}:{}", repository.owner(), branch(key)));
    let path = format!("{}/pulls?head={head}&state=all&per_page=100", repository.api());
    let listed = hub.get(&path, PULLS).await?;
    let listed = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    let number = |pull: &&Value| pull.get("number").and_then(Value::as_u64).unwrap_or(u64::MAX);
    // An unknown filter is left out by some servers, so the branch is looked at here too.
    let on_branch =
        |pull: &&Value| pull.pointer("/head/ref").and_then(Value::as_str) == Some(&branch(key));
    let Some(oldest) = listed.iter().filter(on_branch).min_by_key(number) else { return Ok(None) };
    let body = oldest.get("body").and_then(Value::as_str).unwrap_or_default();
    if !bears(body, key) && !head_is_ours(hub, repository, oldest, key).await? {
        return Err(SinkError::Refused(format!(
            "a pull request that Quell did not make stands on the branch `{}`",
            branch(key)
        )));
    }
    remote_of(repository, oldest).map(Some)
}

/// Whether the head of a pull request is a commit of Quell's. A person may have written a new text.
async fn head_is_ours(
    hub: &Hub,
    repository: &Repository,
    pull: &Value,
    key: &Key,
) -> Result<bool, SinkError> {
    let sha = pull.pointer("/head/sha").and_then(Value::as_str).unwrap_or_default();
    let path = format!("{}/git/commits/{}", repository.api(), part(sha));
    let Some(commit) = hub.get_if_there(&path, READ).await? else { return Ok(false) };
    let message = commit.get("message").and_then(Value::as_str).unwrap_or_default();
    Ok(Trailer::of(message).is_some_and(|trailer| trailer.mark == key.mark()))
}

fn remote_of(repository: &Repository, pull: &Value) -> Result<Remote, SinkError> {
    let number = pull.get("number").and_then(Value::as_u64);
    let number = number.ok_or_else(|| SinkError::shape("$.number", "is missing"))?;
    let url = pull.get("html_url").and_then(Value::as_str).map(str::to_owned);
    Ok(Thing { repository: repository.clone(), number, request: true }.remote(url))
}

/// A branch's head.
struct Head {
    commit: String,
    tree: String,
    message: String,
    author: String,
}

async fn head(hub: &Hub, repository: &Repository, name: &str) -> Result<Option<Head>, SinkError> {
    let path = format!("{}/branches/{}", repository.api(), part(name));
    let Some(branch) = hub.get_if_there(&path, READ).await? else { return Ok(None) };
    let at = |pointer: &str| branch.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let need = |pointer: &str| {
        at(pointer).ok_or_else(|| SinkError::shape(pointer.replace('/', "."), "is missing"))
    };
    Ok(Some(Head {
        commit: need("/commit/sha")?,
        tree: need("/commit/commit/tree/sha")?,
        message: at("/commit/commit/message").unwrap_or_default(),
        author: at("/commit/author/login")
            .or_else(|| at("/commit/commit/author/name"))
            .unwrap_or_else(|| "somebody".to_owned()),
    }))
}

/// Brings the branch to the change, by a new commit where one is needed.
async fn bring(
    hub: &Hub,
    repository: &Repository,
    (letter, change): (&Letter, &CodeChange),
) -> Result<(), SinkError> {
    let Some(base) = head(hub, repository, &change.base).await? else {
        return Err(SinkError::Gone(format!(
            "the branch `{}` of `{}` is not there, or the login may not see it (`{READ}`)",
            change.base,
            repository.full()
        )));
    };
    let ours = head(hub, repository, &branch(&letter.key)).await?;
    let mut trailer = Trailer {
        mark: letter.key.mark(),
        digest: digest(change),
        base: base.commit.clone(),
        tree: None,
    };
    let before = ours.as_ref().map(|head| own_trailer(head, &letter.key)).transpose()?;
    if before.as_ref().is_some_and(|before| before.digest == trailer.digest) {
        return Ok(());
    }
    files_are_as_before(hub, repository, (change, &base.commit)).await?;
    let api = repository.api();
    let made = hub
        .ask(&Call::post(&format!("{api}/git/trees"), CONTENTS, &wire::tree(change, &base.tree)))
        .await?;
    trailer.tree = Some(text(&made, "sha")?);
    let mut parents: Vec<&str> = ours.iter().map(|head| head.commit.as_str()).collect();
    // The base is a parent again where it moved, so that what moved there is no part of the change.
    if before.as_ref().is_none_or(|before| before.base != base.commit) {
        parents.push(&base.commit);
    }
    let body = wire::commit(change, &trailer, &parents);
    let made = hub.ask(&Call::post(&format!("{api}/git/commits"), CONTENTS, &body)).await?;
    let commit = text(&made, "sha")?;
    match ours {
        None => make_branch(hub, &api, (&letter.key, &commit)).await,
        Some(_) => move_branch(hub, &api, (&letter.key, &commit)).await,
    }
}

/// The trailer of a head that nobody but Quell made.
fn own_trailer(head: &Head, key: &Key) -> Result<Trailer, SinkError> {
    let trailer = Trailer::of(&head.message);
    let ours =
        trailer.filter(|one| one.mark == key.mark() && one.tree.as_ref() == Some(&head.tree));
    ours.ok_or_else(|| {
        let author: String = head.author.escape_debug().take(60).collect();
        SinkError::Refused(format!(
            "`{author}` committed on the branch `{}`; commits of people are not overwritten",
            branch(key)
        ))
    })
}

async fn make_branch(hub: &Hub, api: &str, (key, commit): (&Key, &str)) -> Result<(), SinkError> {
    let body = wire::reference(key, commit);
    match hub.ask(&Call::post(&format!("{api}/git/refs"), CONTENTS, &body)).await {
        Ok(_) => Ok(()),
        // Another call of the same delivery made it meanwhile; the next try takes it.
        Err(SinkError::Refused(said)) if said.contains("already exists") => {
            Err(SinkError::Busy { wait: None, said })
        }
        Err(SinkError::Gone(said)) => {
            Err(SinkError::Forbidden { right: CONTENTS.to_owned(), said })
        }
        Err(error) => Err(error),
    }
}

async fn move_branch(hub: &Hub, api: &str, (key, commit): (&Key, &str)) -> Result<(), SinkError> {
    let path = format!("{api}/git/refs/heads/{}", branch(key));
    let body = wire::moved(commit);
    match hub.ask(&Call::patch(&path, CONTENTS, &body)).await {
        Ok(_) => Ok(()),
        Err(SinkError::Refused(said)) if said.to_ascii_lowercase().contains("fast forward") => {
            Err(SinkError::Refused(format!(
                "somebody committed on the branch `{}` meanwhile: {said}",
                branch(key)
            )))
        }
        Err(error) => Err(error),
    }
}

/// Looks whether each file is on the base what the change was made on.
async fn files_are_as_before(
    hub: &Hub,
    repository: &Repository,
    (change, commit): (&CodeChange, &str),
) -> Result<(), SinkError> {
    for file in &change.files {
        let parts: Vec<String> = file.path.split('/').map(part).collect();
        let path =
            format!("{}/contents/{}?ref={}", repository.api(), parts.join("/"), part(commit));
        let there = hub.get_if_there(&path, READ).await?;
        let is_file = |found: &Value| found.get("type").and_then(Value::as_str) == Some("file");
        let now = there.map(|found| match found.get("sha").and_then(Value::as_str) {
            Some(sha) if is_file(&found) => sha.to_owned(),
            Some(_) | None => "no file".to_owned(),
        });
        if now != file.before {
            return Err(SinkError::Refused(format!("{BASE_MOVED} (`{}`)", file.path)));
        }
    }
    Ok(())
}
