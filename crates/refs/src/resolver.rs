//! Who asks: each thing once, several at a time, and all within a limit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Deadlines, HttpError, Policy, Retry};
use quell_model::Clock;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::asked::{Known, Wanted};
use crate::hosts::Hosts;

/// How long all that is asked for may take.
const WHOLE: Duration = Duration::from_secs(180);
/// Most that is asked for at once by one caller.
const MOST: usize = 5_000;
/// Most that is under way.
const AT_ONCE: usize = 8;
/// How long one request may take.
const DEADLINES: Deadlines = Deadlines {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(20),
    idle: Duration::from_secs(10),
    whole: Duration::from_secs(60),
};
/// When it is tried again.
const RETRY: Retry = Retry {
    attempts: 2,
    first_wait: Duration::from_millis(300),
    longest_wait: Duration::from_secs(5),
    total: Duration::from_secs(90),
};

/// Asks registries and hosts of git, those that were named and no other.
#[derive(Debug)]
pub struct Resolver {
    client: Client,
    hosts: Hosts,
    whole: Duration,
}

/// What was found, or one sentence that says why not.
pub type Answers = BTreeMap<Wanted, Result<Known, String>>;

impl Resolver {
    /// A resolver under these rules. It must be made within a tokio runtime.
    ///
    /// # Errors
    /// The CA bundle or the proxy cannot be used.
    pub fn new(hosts: Hosts, policy: Policy, clock: Arc<dyn Clock>) -> Result<Self, HttpError> {
        let egress = hosts.egress(policy.egress.clone());
        let policy =
            Policy { egress, deadlines: DEADLINES, retry: RETRY, at_once: AT_ONCE, ..policy };
        Ok(Self { client: Client::new(policy, clock)?, hosts, whole: WHOLE })
    }

    /// The same with another limit on the time that all may take.
    #[must_use]
    pub fn within(self, whole: Duration) -> Self {
        Self { whole, ..self }
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// The beginning of a URL at a host.
    pub(crate) fn base(&self, host: &str) -> String {
        self.hosts.base(host)
    }

    /// What each name stands for. Names of one repository or module are one question.
    pub async fn find(self: &Arc<Self>, wanted: &BTreeSet<Wanted>) -> Answers {
        let end = Instant::now() + self.whole;
        let mut answers = Answers::new();
        let mut tasks = JoinSet::new();
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        for job in jobs(wanted.iter().take(MOST)) {
            let (resolver, turns) = (Arc::clone(self), Arc::clone(&turns));
            tasks.spawn(async move {
                let _turn = turns.acquire_owned().await;
                job.run(&resolver).await
            });
        }
        // What is not there in time ends with the set.
        while let Ok(Some(done)) = timeout_at(end, tasks.join_next()).await {
            answers.extend(done.unwrap_or_default());
        }
        for (at, one) in wanted.iter().enumerate() {
            answers.entry(one.clone()).or_insert_with(|| {
                Err(match at < MOST {
                    true => format!("it was not looked up within {} s", self.whole.as_secs()),
                    false => format!("no more than {MOST} names are looked up at once"),
                })
            });
        }
        answers
    }
}

/// What is one question.
enum Job {
    Digest(String),
    Commits(String, Vec<String>),
    Modules(String, Vec<String>),
}

fn jobs<'w>(wanted: impl Iterator<Item = &'w Wanted>) -> Vec<Job> {
    let mut jobs = Vec::new();
    let (mut commits, mut modules) =
        (BTreeMap::<String, Vec<String>>::new(), BTreeMap::<String, Vec<String>>::new());
    for one in wanted {
        match one.clone() {
            Wanted::Digest { image } => jobs.push(Job::Digest(image)),
            Wanted::Commit { repository, version } => {
                commits.entry(repository).or_default().push(version);
            }
            Wanted::Module { module, constraint } => {
                modules.entry(module).or_default().push(constraint);
            }
        }
    }
    jobs.extend(commits.into_iter().map(|(repository, all)| Job::Commits(repository, all)));
    jobs.extend(modules.into_iter().map(|(module, all)| Job::Modules(module, all)));
    jobs
}

impl Job {
    async fn run(self, resolver: &Resolver) -> Vec<(Wanted, Result<Known, String>)> {
        match self {
            Self::Digest(image) => {
                let found = resolver.digest(&image).await;
                vec![(Wanted::Digest { image }, found)]
            }
            Self::Commits(repository, versions) => {
                let found = resolver.commits(&repository, &versions).await;
                let wanted = versions
                    .into_iter()
                    .map(|version| Wanted::Commit { repository: repository.clone(), version });
                wanted.zip(found).collect()
            }
            Self::Modules(module, constraints) => {
                let found = resolver.modules(&module, &constraints).await;
                let wanted = constraints
                    .into_iter()
                    .map(|constraint| Wanted::Module { module: module.clone(), constraint });
                wanted.zip(found).collect()
            }
        }
    }
}

/// What went wrong, with nothing of what the other side wrote.
pub(crate) fn told(error: &HttpError, host: &str, what: &str) -> String {
    match error.status() {
        Some(404) => format!("`{host}` does not know {what}"),
        Some(401 | 403) => {
            format!("`{host}` asks for a login for {what}, and none is given: look it up")
        }
        Some(429) => format!("`{host}` was asked too often; try again later"),
        Some(status) => format!("`{host}` answered {status} for {what}"),
        None => error.to_string(),
    }
}
