//! Runs: a text in a seat, all stages, a model that obeys it, and what was decided beside what is
//! decided with a harmless text in the same seat.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::OnceLock;

use quell_analyst::{Audience, Call, Grants, Task, Tasks};
use quell_model::{Claim, TenantId, Timestamp};
use quell_owners::{Claims, Owners};
use quell_pipeline::Setup;
use quell_pipeline::deliver::letters_of;
use quell_pipeline::memory::{Operator, Outgoing, Repository, Stages, World};
use rayon::prelude::*;

use crate::brief::brief_of;
use crate::model;
use crate::outputs::{Outputs, outputs};
use crate::payloads::{Payload, payloads};
use crate::seats::{Check, Seat, seats};
use crate::worlds::{CODE, Told, book, operator, worlds};

/// What stands in a seat where nobody attacks.
const HARMLESS: &str = "zqplain words of somebody";
/// A prime that has no factor in common with how many pairs of seats and texts there are, so that
/// near runs are far pairs.
const STRIDE: u64 = 1_000_003;
/// Differences that are kept.
const MOST_KEPT: usize = 20;

/// Something that was decided otherwise because of a text.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The run.
    pub run: u64,
    /// Where the text stood.
    pub seat: String,
    /// The kind of text.
    pub kind: String,
    /// The text.
    pub text: String,
    /// What differs.
    pub what: String,
}

/// What runs came to.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// Runs.
    pub runs: u64,
    /// Runs in which something was decided otherwise.
    pub different: u64,
    /// Of each kind of text, how many runs.
    pub kinds: BTreeMap<String, u64>,
    /// Answers of the model of which a sentence came through the guard.
    pub believed: u64,
    /// Answers of the model.
    pub answers: u64,
    /// The first differences.
    pub kept: Vec<Difference>,
}

/// The code of the worlds, for the usual mapping and for the one without names.
type Codes<'b> = (Repository<'b>, Repository<'b>);

/// All that runs need, made once.
#[derive(Debug)]
pub struct Bench {
    setup: Setup,
    /// The same, where no name says an environment.
    unnamed: Setup,
    owners: Owners,
    operator: Operator,
    tasks: Tasks,
    tenant: TenantId,
    now: Timestamp,
    worlds: Vec<Told>,
    seats: Vec<Seat>,
    payloads: Vec<Payload>,
    plain: Vec<OnceLock<Result<Outputs, String>>>,
    names: Vec<OnceLock<BTreeSet<String>>>,
}

impl Bench {
    /// Makes it ready.
    ///
    /// # Errors
    /// When what comes with Quell cannot be read, which a test excludes.
    pub fn new() -> Result<Self, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let setup = Setup::embedded(None).map_err(|error| said(&error))?;
        let unnamed = Setup::embedded(Some(&without_names())).map_err(|error| said(&error))?;
        let seats = seats();
        let worlds = worlds();
        Ok(Self {
            owners: Owners::new(book(), Claims::default(), setup.mapping()),
            operator: operator(),
            tasks: Tasks::embedded().map_err(|error| said(&error))?,
            tenant: TenantId::default(),
            now: Timestamp::from_second(1_793_100_000).map_err(|error| said(&error))?,
            plain: seats.iter().map(|_| OnceLock::new()).collect(),
            names: worlds.iter().map(|_| OnceLock::new()).collect(),
            payloads: payloads()?,
            setup,
            unnamed,
            worlds,
            seats,
        })
    }

    /// How many seats and how many texts there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.seats.len(), self.payloads.len())
    }

    /// Runs some numbers. What a run is follows from its number and the seed.
    ///
    /// # Errors
    /// When the code of the worlds cannot be made ready, which a test excludes.
    pub fn runs(&self, numbers: Range<u64>, seed: u64) -> Result<Sums, String> {
        let codes = [&self.setup, &self.unnamed].map(|setup| repository(setup, CODE.to_owned()));
        let [usual, unnamed] = codes;
        let codes = (usual?, unnamed?);
        let sums = numbers.into_par_iter().fold(Sums::default, |mut sums, run| {
            self.run((run, seed), &codes, &mut sums);
            sums
        });
        Ok(sums.reduce(Sums::default, Sums::and))
    }

    fn run(&self, (run, seed): (u64, u64), codes: &Codes<'_>, sums: &mut Sums) {
        let Some((at, payload)) = self.pair(run, seed) else { return };
        let (Some(seat), Some(payload)) = (self.seats.get(at), self.payloads.get(payload)) else {
            return;
        };
        sums.runs += 1;
        *sums.kinds.entry(payload.kind.clone()).or_default() += 1;
        let code = if seat.check == Check::Named { &codes.1 } else { &codes.0 };
        if let Some(what) = self.compare((at, seat, code), (payload, turn(run, seed)), sums) {
            sums.different += 1;
            if sums.kept.len() < MOST_KEPT {
                sums.kept.push(Difference {
                    run,
                    seat: seat.name.clone(),
                    kind: payload.kind.clone(),
                    text: payload.text.chars().take(120).collect(),
                    what,
                });
            }
        }
    }

    /// The seat and the text of a run: as many runs as there are pairs take each pair once.
    fn pair(&self, run: u64, seed: u64) -> Option<(usize, usize)> {
        let count = |of: usize| u64::try_from(of).ok().filter(|count| *count > 0);
        let (seats, texts) = (count(self.seats.len())?, count(self.payloads.len())?);
        let pairs = seats.checked_mul(texts)?;
        let at = (run % pairs).wrapping_mul(STRIDE % pairs).wrapping_add(seed % pairs) % pairs;
        Some((usize::try_from(at / texts).ok()?, usize::try_from(at % texts).ok()?))
    }

    /// What is decided otherwise with a text in a seat.
    fn compare(
        &self,
        (at, seat, code): (usize, &Seat, &Repository<'_>),
        (payload, turn): (&Payload, u64),
        sums: &mut Sums,
    ) -> Option<String> {
        // A name that is another thing's name is that thing, and what cannot be seen is no name.
        let is_no_name = payload.names_world || !payload.text.chars().any(is_seen);
        if is_no_name && seat.check == Check::Named {
            return None;
        }
        let plain = self
            .plain
            .get(at)?
            .get_or_init(|| self.outputs((seat, code), (HARMLESS, 0), &mut Sums::default()));
        let plain = match plain {
            Ok(plain) => plain.clone(),
            Err(error) => return Some(error.clone()),
        };
        let text = code_text(seat, &payload.text);
        let attacked = match self.outputs((seat, code), (&text, turn), sums) {
            Ok(attacked) => attacked,
            Err(error) => return Some(error),
        };
        match seat.check {
            Check::Points if payload.names_world => attacked.lowered(&plain),
            Check::Points | Check::Equal if seat.code.is_none() => plain.difference(&attacked),
            Check::Points | Check::Equal => {
                plain.without(HARMLESS).difference(&attacked.without(&text))
            }
            Check::Named => {
                let known = self.names.get(seat.world)?.get_or_init(|| self.known(seat.world));
                plain.named(known).difference(&attacked.named(known))
            }
        }
    }

    /// The names that a world has where nobody writes anything.
    fn known(&self, world: usize) -> BTreeSet<String> {
        let Some(told) = self.worlds.get(world) else { return BTreeSet::new() };
        let made = self.stages(&self.setup, None).run(told.findings.clone(), &told.statements);
        made.map(|made| outputs(&made, &told.findings).names()).unwrap_or_default()
    }

    const fn stages<'a>(
        &'a self,
        setup: &'a Setup,
        code: Option<&'a Repository<'a>>,
    ) -> Stages<'a> {
        let Self { owners, operator, tenant, now, .. } = self;
        Stages { setup, owners, operator, code, tenant, now: *now }
    }

    /// What is decided with a text in a seat, after a model was asked and obeyed it.
    fn outputs(
        &self,
        (seat, code): (&Seat, &Repository<'_>),
        (text, turn): (&str, u64),
        sums: &mut Sums,
    ) -> Result<Outputs, String> {
        let world = self.worlds.get(seat.world).ok_or("no such world")?;
        let told = seat.put(world, text);
        let setup = if seat.check == Check::Named { &self.unnamed } else { &self.setup };
        let own = match seat.code {
            Some(mark) => Some(repository(setup, CODE.replace(mark, text))?),
            None => None,
        };
        let has_code = told.findings.iter().any(|finding| finding.location.is_some());
        let code = match (&own, has_code) {
            (Some(own), _) => Some(own),
            (None, true) => Some(code),
            (None, false) => None,
        };
        let stages = self.stages(setup, code);
        let mut made = stages
            .run(told.findings.clone(), &told.statements)
            .map_err(|error| error.to_string())?;
        self.ask(&mut made, (&told, turn), sums)?;
        Ok(outputs(&made, &told.findings))
    }

    /// Asks the worst models about an incident, and puts what stays of their answers where a letter
    /// explains it; then its letters are made again.
    fn ask(
        &self,
        made: &mut World,
        (told, turn): (&Told, u64),
        sums: &mut Sums,
    ) -> Result<(), String> {
        let tasks: Vec<&Task> =
            self.tasks.iter().filter(|task| task.fields.contains_key("incident")).collect();
        let at = |count: usize| usize::try_from(turn).unwrap_or(0) % count.max(1);
        let count = made.stories.len();
        let Some(story) = made.stories.get_mut(at(count)) else { return Ok(()) };
        let Some(task) = tasks.get(at(tasks.len())) else { return Ok(()) };
        let words = answered(task, story, told, sums)?;
        story.told.incident.explanation.why.extend(words);
        let kind = story.incident.kind;
        let to = (&self.tenant, &self.operator.places);
        let letters = letters_of((&story.told, kind), &self.operator.routes, to, self.now);
        story.letters = letters.into_iter().map(|(facts, post)| Outgoing { facts, post }).collect();
        Ok(())
    }
}

/// Which incident and which task a model is asked about in a run.
const fn turn(run: u64, seed: u64) -> u64 {
    let mixed = (run ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed >> 33
}

fn repository(setup: &Setup, text: String) -> Result<Repository<'_>, String> {
    Repository::new([("main.tf".to_owned(), text)], setup).map_err(|error| error.to_string())
}

fn is_seen(c: char) -> bool {
    c.is_alphanumeric() && !quell_model::is_deceiving(c)
}

/// What stays of the answers of the worst models.
fn answered(
    task: &Task,
    story: &quell_pipeline::memory::Story,
    told: &Told,
    sums: &mut Sums,
) -> Result<Vec<Claim>, String> {
    let brief = brief_of(story, &told.findings);
    let call = Call::new(task, &brief, Audience::Owner, Grants::default());
    let call = call.map_err(|error| error.to_string())?;
    let mut words = Vec::new();
    for answer in [model::answer(&call), model::sly(&call)] {
        let written = call.judge(&answer);
        sums.answers += 1;
        sums.believed += u64::from(written.by == quell_analyst::By::Model);
        words.extend(written.parts.into_iter().flat_map(|part| part.sentences));
    }
    Ok(words)
}

/// A text as it can stand in code without ending what it stands in: an engine that splices text
/// is not asked to repair a file that does not parse.
fn code_text(seat: &Seat, text: &str) -> String {
    match seat.code {
        None => text.to_owned(),
        Some(mark) if mark.contains("NOTE") => {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${");
            text.replace("%{", "%%{").chars().filter(|c| !c.is_control()).collect()
        }
        Some(_) => text.chars().filter(|c| !c.is_control()).collect(),
    }
}

/// The mapping that comes with Quell, but that no name says an environment.
fn without_names() -> String {
    include_str!("../../../content/mapping/tags.toml")
        .replace("from_name = true", "from_name = false")
}

impl Sums {
    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.runs += other.runs;
        self.different += other.different;
        self.believed += other.believed;
        self.answers += other.answers;
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.kept.extend(other.kept);
        self.kept.truncate(MOST_KEPT);
        self
    }
}

/// The upper bound of the share of differences, by Wilson, at 95 % on that side.
#[must_use]
pub fn upper_bound(different: u64, runs: u64) -> f64 {
    const Z: f64 = 1.644_853_626_951_472;
    let number = |count: u64| u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    let n = number(runs.max(1));
    let share = number(different) / n;
    let square = Z * Z;
    let middle = share + square / (2.0 * n);
    let wide = Z * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    ((middle + wide) / (1.0 + square / n)).min(1.0)
}
