//! `quell fix`: changes of code that close issues, each with its proof.

mod asking;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use quell_audit::{Action, Leaf};
use quell_client::ClientError;
use quell_config::Config;
use quell_model::{Clock, TenantId};
use quell_pipeline::deliver::{change_subject, post_change, post_review};
use quell_pipeline::{
    ChangePlace, Dirty, FixCase, FixHelp, FixPlan, FixQuestion, FixRequest, FixStory, LookUp,
    MOST_WRITTEN, Progress, Setup, StateFile, Tool, Writer, code_change, code_place,
    commit_message, fixes_report, patch_text, plan_fixes, plan_fixes_from, recover_files,
    refuse_uncommitted, write_branch, write_files,
};
use quell_refs::{Hosts, Wanted};
use quell_report::{Options, Written, write_asks, write_fixes};
use quell_store::{OutboxStore, Store};

use super::config::{fixes_said, load_or_tell};
use super::look_up::{Lookups, hosts_of, hosts_to_ask};
use super::triage::on_interrupt;
use crate::audited::noted;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock, variables};
use crate::exit::Exit;
use crate::remote::{Misused, Remote, ServerArguments};
use asking::{Asked, plan_asking};

const EXAMPLES: &str = "\
Examples:
  quell triage results/ && quell fix --repo infra/       show what would change
  quell fix 0a1b2c3d4e --repo infra/                     one incident or issue
  quell fix aws.s3.bucket_versioning --repo infra/       one control, everywhere
  quell fix --repo infra/ --branch quell/fixes           one commit a fix
  quell fix --repo infra/ --patch - | git -C infra/ apply
  quell fix --repo infra/ --write --only safe
  quell fix 0a1b2c3d4e --repo infra/ --deliver github    as a draft pull request
  quell fix --repo . --deliver github --pull 7           as remarks on its lines
  quell fix --repo infra/ --server https://quell.example --token-file token
  quell fix --repo infra/ --state prod=prod.tfstate      where cloud findings belong
  quell fix --repo infra/ --ask > quell.toml             what only you can say
  quell fix --repo . --look-up docker.io,github.com      digests and commits
  quell fix 0a1b2c3d4e --repo infra/ --ask-model         where no recipe makes one

Exit codes: 0 done, 2 refused or a name that means nothing, 3 could not finish.
docs/fixes.md says what is proved and how.";

/// Change code so that issues close, each change with its proof.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Incidents, issues, fixes (first characters are enough), controls or rules of tools;
    /// without any, all that are open
    #[arg(value_name = "INCIDENT|ISSUE|CONTROL")]
    names: Vec<String>,
    /// The repository with the infrastructure code
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// A state file, or a state or plan as `terraform show -json` prints it, by which findings
    /// with a cloud id only get their fix at the block that made it; with DIR= the folder of its
    /// root module. Those in the repository are read by themselves
    #[arg(long, value_name = "[DIR=]FILE")]
    state: Vec<String>,
    /// Make a branch with one commit a fix; your checkout stays as it is
    #[arg(long, value_name = "NAME", group = "how")]
    branch: Option<String>,
    /// Write one patch that `git apply` takes; `-` is stdout
    #[arg(long, value_name = "FILE", group = "how")]
    patch: Option<PathBuf>,
    /// Write into the files, all or none
    #[arg(long, group = "how")]
    write: bool,
    /// Put the change into the outbox for this sink: `[sinks.NAME]` of a code host brings it as a
    /// draft pull request, with the proof
    #[arg(long, value_name = "SINK", group = "how", conflicts_with = "server")]
    deliver: Option<String>,
    /// Say the fixes on the lines of this pull or merge request instead, whose head is checked out
    #[arg(long, value_name = "NUMBER", requires = "deliver", conflicts_with = "base")]
    pull: Option<u64>,
    /// The repository at its host [default: what the remote `origin` names]
    #[arg(long, value_name = "OWNER/NAME", requires = "deliver")]
    into: Option<String>,
    /// The branch that the change is made from [default: the one that is checked out]
    #[arg(long, value_name = "BRANCH", requires = "deliver")]
    base: Option<String>,
    /// Leave out fixes that need a person's approval
    #[arg(long, value_name = "SAFETY", value_parser = ["safe"])]
    only: Option<String>,
    /// Your settings [default: quell.toml in the repository]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder of your own policies in Rego; a fix that one refuses is withheld
    #[arg(long, value_name = "DIR")]
    policies: Vec<PathBuf>,
    /// Ask another tool before and after, in a private folder; it must be on the PATH
    #[arg(long, value_name = "TOOL", value_parser = tool_names())]
    verify_with: Vec<String>,
    /// Ask this registry of images, host of git or registry of Terraform for what only it knows:
    /// digests and commits. More with commas; `docker.io` is Docker's own
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    look_up: Vec<String>,
    /// Where no recipe makes a fix, ask the language model that `[analyst]` of the configuration
    /// gives the task `fix`; what it writes is proved or withheld, and needs approval. With a
    /// server its model is asked, and the fault and its block go there
    #[arg(long)]
    ask_model: bool,
    /// Work although files hold changes that are not committed
    #[arg(long)]
    allow_dirty: bool,
    /// Show every fix with its change and proof
    #[arg(long)]
    all: bool,
    /// Print the settings that withheld fixes ask for, as a quell.toml to fill in
    #[arg(long, group = "how", conflicts_with = "json")]
    ask: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let remote = arguments.server.connect(named, environment)?;
    let setup = Setup::embedded(None)?;
    let request = FixRequest {
        among: None,
        names: arguments.names.clone(),
        repository: arguments.repo.clone(),
        only_safe: arguments.only.is_some(),
        config: arguments.config.clone(),
        policies: arguments.policies.clone(),
        said: fixes_said(&variables())?,
        states: state_files(&arguments.state, &arguments.repo),
        verify: tools(&arguments.verify_with),
    };
    if let Some(back) = recover_files(&arguments.repo)? {
        say(&put_back(&back));
    }
    // Ctrl-C stops between two steps, never while files are moved into place.
    let cancelled = on_interrupt()?;
    let progress = Progress { cancelled: &cancelled, bytes: &|_, _| {}, doing: &|_| {} };
    let hosts = hosts(arguments, (&setup, &request))?;
    let Some(lookups) = Lookups::open(hosts)? else { return Ok(Exit::Usage) };
    let log = remote.is_none().then_some(data);
    let find = |wanted: &BTreeSet<Wanted>| lookups.find(log, wanted);
    let look_up = LookUp { find: &find, at: SystemClock.now() };
    let help = FixHelp { look_up: lookups.is_open().then_some(&look_up), ..FixHelp::default() };
    let plan = match &remote {
        Some(remote) => {
            plan_with(remote, (&setup, &request), (arguments.ask_model, help), &progress)?
        }
        None if arguments.ask_model => {
            let Some(plan) = plan_asking(data, (&setup, &request), help, &progress)? else {
                return Ok(Exit::Usage);
            };
            plan
        }
        None => {
            let store = Store::open(data)?;
            plan_fixes(&store, (&setup, &request), help, &SystemClock, &progress)?
        }
    };
    if let Some(hosts) = hosts_to_ask(&plan).filter(|_| !lookups.is_open()) {
        say(&hosts);
    }
    if let Some(sink) = &arguments.deliver {
        let Some((written, said)) = deliver(arguments, (data, sink), &plan, &setup)? else {
            return Ok(Exit::Usage);
        };
        print(arguments, &plan, Some(written), environment)?;
        say(&said);
        return Ok(Exit::Clean);
    }
    let changes = arguments.write || arguments.branch.is_some();
    let written = match remote.is_none() && changes && !plan.files.is_empty() {
        // What findings here led to is in their log before it is in the files.
        true => {
            let about = |leaf: Leaf| told(arguments, &plan, leaf);
            noted(data, Action::FixApply, about, || write(arguments, &plan, &setup))?
        }
        false => write(arguments, &plan, &setup)?,
    };
    if arguments.patch.as_deref().is_some_and(is_stdout) {
        return Ok(Exit::Clean);
    }
    print(arguments, &plan, written, environment)?;
    Ok(Exit::Clean)
}

/// The hosts that may be asked.
fn hosts(arguments: &Arguments, (setup, request): (&Setup, &FixRequest)) -> Result<Hosts> {
    let named = arguments.look_up.iter().cloned();
    hosts_of(named.collect(), (&arguments.repo, arguments.config.as_deref()), (setup, request))
}

/// What became of a run that ended while it wrote.
fn put_back(paths: &[String]) -> String {
    let ended = "a run before ended while it wrote";
    if paths.is_empty() {
        return format!("{ended}; no file had been changed yet");
    }
    format!("{ended}; these files are as they were before it: {}", paths.join(", "))
}

/// Puts the change of a plan into the outbox, or what is said of it. A server on the same data sends
/// it at once. None where the configuration is wrong, which was told.
fn deliver(
    arguments: &Arguments,
    (data, sink): (&Path, &str),
    plan: &FixPlan,
    setup: &Setup,
) -> Result<Option<(Written, String)>> {
    let Some(config) = config_with(sink)? else { return Ok(None) };
    let place = ChangePlace { repository: arguments.into.clone(), base: arguments.base.clone() };
    let tenant = TenantId::default();
    let to = (&tenant, sink);
    let about = |leaf: Leaf| told(arguments, plan, leaf).object("sink", sink);
    let now = SystemClock.now();
    let (where_to, (subject, is_new)) = match arguments.pull {
        Some(pull) => {
            let code = code_place(&arguments.repo, &place)?;
            let posted = noted(data, Action::FixApply, about, || {
                let mut outbox = OutboxStore::open_for(data, &tenant)?;
                Ok(post_review(&mut outbox, to, plan, (&code, pull), now)?)
            })?;
            (format!("{} request {pull}", code.repository), posted)
        }
        None => {
            let messages: Vec<String> =
                plan.made().map(|fix| commit_message(fix, setup.catalog())).collect();
            let change = code_change(plan, messages.join("\n"), &place)?;
            let where_to = format!("{} from `{}`", change.repository, change.base);
            let subject = change_subject(plan, &change);
            let named = (&tenant, sink, subject.as_str());
            let words = words::beside((data, config), named, (plan, setup))?;
            let posted = noted(data, Action::FixApply, about, || {
                let store = Store::open(data)?;
                let mut outbox = OutboxStore::open_for(data, &tenant)?;
                let at = (&store, &mut outbox);
                Ok(post_change(at, to, (plan, change), words.as_ref(), now)?)
            })?;
            (where_to, posted)
        }
    };
    let said = match is_new {
        true => format!("{subject} into {where_to}; `quell deliver` sends it"),
        false => format!("{subject} is there already; `quell outbox list` shows it"),
    };
    Ok(Some((Written::Deliver { sink: sink.to_owned(), subject }, said)))
}

/// Whether the configuration has a sink of that name; false where it is wrong, which was told.
pub(super) fn has_sink(sink: &str) -> Result<bool> {
    Ok(config_with(sink)?.is_some())
}

/// The configuration, which has a sink of that name; none where it is wrong, which was told.
fn config_with(sink: &str) -> Result<Option<Config>> {
    let Some(loaded) = load_or_tell(None, &[])? else { return Ok(None) };
    if !loaded.config.sinks.contains_key(sink) {
        let said = format!("there is no `[sinks.{sink}]`; docs/delivery.md shows how one is made");
        return Err(Misused(said).into());
    }
    Ok(Some(loaded.config))
}

/// State files and plans as they are named on the command line.
pub(super) fn state_files(named: &[String], repository: &Path) -> Vec<StateFile> {
    named.iter().map(|text| StateFile::parse(text, repository)).collect()
}

/// Plans here what a server's open issues ask for: the code stays where it is, but for blocks that
/// the server's model is asked about.
fn plan_with(
    remote: &Remote,
    (setup, request): (&Setup, &FixRequest),
    (ask_model, help): (bool, FixHelp<'_>),
    progress: &Progress<'_>,
) -> Result<FixPlan> {
    let stories = stories(remote, &request.names)?;
    let mut after = Some(0);
    let next = || -> Result<Vec<FixCase>> {
        // A page may hold no open issue, and more come behind it.
        while let Some(place) = after {
            let (cases, behind) = remote.ask(remote.connection.fix_input(place))?;
            after = behind;
            if !cases.is_empty() {
                return Ok(cases);
            }
        }
        Ok(Vec::new())
    };
    let asked = ask_model.then(|| Asked::new(remote)).transpose()?;
    let Some(asked) = asked else {
        return plan_fixes_from((setup, request), (&stories, help), next, progress);
    };
    let ask = |question: &FixQuestion<'_>| asked.ask(question);
    let writer = Writer { task: asked.task(), ask: &ask, most: MOST_WRITTEN };
    let help = FixHelp { writer: Some(&writer), ..help };
    plan_fixes_from((setup, request), (&stories, help), next, progress)
}

/// The incidents that names mean at a server; a name may mean something else.
fn stories(remote: &Remote, names: &[String]) -> Result<Vec<FixStory>> {
    let mut stories = Vec::new();
    for name in names {
        let asked = remote.runtime.block_on(remote.connection.incident(name.trim()));
        let incident = match asked {
            Ok(story) => story.incident,
            Err(ClientError::NotFound(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let issues = incident.issues.iter().map(|id| id.parse()).collect::<Result<_, _>>();
        stories.push(FixStory {
            key: incident.id.parse().context("an incident's id is none")?,
            issues: issues.context("an issue's id is none")?,
        });
    }
    stories.dedup();
    Ok(stories)
}

fn tool_names() -> Vec<&'static str> {
    Tool::ALL.iter().map(|tool| tool.name()).collect()
}

fn tools(names: &[String]) -> Vec<Tool> {
    Tool::ALL.into_iter().filter(|tool| names.iter().any(|name| name == tool.name())).collect()
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What is about to be written, for the audit log.
fn told(arguments: &Arguments, plan: &FixPlan, leaf: Leaf) -> Leaf {
    let diff = quell_audit::sha256(patch_text(&plan.files).as_bytes());
    let leaf = leaf.diff(diff).fact("files", i64::try_from(plan.files.len()).unwrap_or(i64::MAX));
    let leaf = leaf.objects("fix", plan.made().map(|fix| &fix.id));
    match &arguments.branch {
        Some(name) => leaf.object("branch", name),
        None if arguments.deliver.is_some() => leaf.word("how", "deliver"),
        None => leaf.word("how", "write"),
    }
}

/// Writes what was asked for.
fn write(arguments: &Arguments, plan: &FixPlan, setup: &Setup) -> Result<Option<Written>> {
    if let Some(name) = &arguments.branch {
        if plan.files.is_empty() {
            return Ok(Some(branch_of_nothing(name)));
        }
        let commits = plan.commits(|fix| commit_message(fix, setup.catalog()));
        let dirty = if arguments.allow_dirty { Dirty::Allow } else { Dirty::Refuse };
        let made = write_branch(&plan.root, &plan.read, &commits, (name, dirty))?;
        let (name, base, tip) = (made.name, made.base, made.tip);
        return Ok(Some(Written::Branch { name, base, tip, commits: made.commits }));
    }
    if let Some(path) = &arguments.patch {
        let text = patch_text(&plan.files);
        if is_stdout(path) {
            io::stdout().lock().write_all(text.as_bytes())?;
        } else {
            fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        return Ok(Some(Written::Patch { file: path.display().to_string() }));
    }
    if arguments.write {
        if !arguments.allow_dirty {
            refuse_uncommitted(&plan.root, &plan.touched())?;
        }
        write_files(&plan.root, &plan.files)?;
        return Ok(Some(Written::Write));
    }
    Ok(None)
}

fn branch_of_nothing(name: &str) -> Written {
    Written::Branch { name: name.to_owned(), base: String::new(), tip: String::new(), commits: 0 }
}

fn print(
    arguments: &Arguments,
    plan: &FixPlan,
    written: Option<Written>,
    environment: &Environment,
) -> Result<()> {
    let report = fixes_report(plan, written);
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.ask {
        write_asks(&report, &mut out)?;
    } else if arguments.json {
        write_json(&mut out, &report)?;
    } else {
        let color = environment.terminal_out && !environment.no_color;
        let options = Options { color, ..Options::default() };
        write_fixes(&report, (arguments.all, &options), &mut out)?;
    }
    out.flush()?;
    if plan.offers.is_empty() && plan.unfixed.is_empty() {
        say("there is no open issue; `quell triage` reads findings first");
    }
    Ok(())
}
