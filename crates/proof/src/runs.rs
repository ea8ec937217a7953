//! Runs: a text in a seat, all stages, a model that obeys it, and what was decided beside what is
//! decided with a harmless text in the same seat.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::ops::Range;
use std::sync::OnceLock;

use quell_analyst::Tasks;
use quell_model::{TenantId, Timestamp};
use quell_owners::{Claims, Owners};
use quell_pipeline::Setup;
use quell_pipeline::memory::{Operator, Repository, Stages};
use rayon::prelude::*;

use crate::asking::Ask;
use crate::kept;
use crate::outputs::{Outputs, outputs};
use crate::payloads::{Payload, payloads};
use crate::seats::{Check, Seat, seats};
use crate::worlds::{CODE, Told, WORKSHOP, book, operator, worlds};

/// What stands in a seat where nobody attacks.
const HARMLESS: &str = "zqplain words of somebody";
/// A prime that has no factor in common with how many pairs of seats and texts there are, so that
/// near runs are far pairs.
const STRIDE: u64 = 1_000_003;
/// Differences that are kept.
const MOST_KEPT: usize = 20;
/// One of so many runs is made in a database too.
const STORED: u64 = 500;

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
    /// Of each task, how often a model was asked.
    pub tasks: BTreeMap<String, u64>,
    /// Runs that were made in a database too, and told the same there.
    pub stored: u64,
    /// Answers of the model of which a sentence came through the guard.
    pub believed: u64,
    /// Answers of the model.
    pub answers: u64,
    /// The first differences.
    pub kept: Vec<Difference>,
}

/// What is decided with a harmless text in a seat: where no model is asked, and where one mends what
/// is at fault, or writes nothing.
type Plain = [(Ask, OnceLock<Result<Outputs, String>>); 3];

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
    plain: Vec<Plain>,
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
            plain: seats.iter().map(|_| plain()).collect(),
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
        let codes = [&self.setup, &self.unnamed].map(|setup| repository(setup, &code_of(None)));
        let [usual, unnamed] = codes;
        let codes = (usual?, unnamed?);
        let stored = self.all_stored((numbers.clone(), seed), &codes);
        let sums = numbers.into_par_iter().fold(Sums::default, |mut sums, run| {
            self.run((run, seed), &codes, &mut sums);
            sums
        });
        Ok(sums.reduce(Sums::default, Sums::and).and(stored))
    }

    /// Makes some of the runs in databases, on threads of their own: a database has work done by
    /// those that share all other work, and waits for it.
    fn all_stored(&self, (numbers, seed): (Range<u64>, u64), codes: &Codes<'_>) -> Sums {
        let some: Vec<u64> =
            numbers.filter(|run| turn(*run, seed).is_multiple_of(STORED)).collect();
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let each = some.len().div_ceil(threads).max(1);
        let of_part = |part: &[u64]| {
            let mut sums = Sums::default();
            part.iter().for_each(|run| self.run_stored((*run, seed), codes, &mut sums));
            sums
        };
        std::thread::scope(|scope| {
            let parts = some.chunks(each).map(|part| scope.spawn(move || of_part(part)));
            let parts: Vec<_> = parts.collect();
            // One that panics has said so, and must not pass for one without a difference.
            let fallen = || Sums { different: 1, ..Sums::default() };
            let ended = parts.into_iter().map(|part| part.join().unwrap_or_else(|_| fallen()));
            ended.fold(Sums::default(), Sums::and)
        })
    }

    fn run_stored(&self, (run, seed): (u64, u64), codes: &Codes<'_>, sums: &mut Sums) {
        let Some((_, seat, code, payload)) = self.at((run, seed), codes) else { return };
        match self.stored((seat, code), &code_text(seat, &payload.text)) {
            Ok(None) => sums.stored += 1,
            Ok(Some(what)) => {
                sums.differs(run, (seat, payload), format!("a database tells {what}"));
            }
            Err(error) => sums.differs(run, (seat, payload), error),
        }
    }

    fn run(&self, (run, seed): (u64, u64), codes: &Codes<'_>, sums: &mut Sums) {
        let Some((at, seat, code, payload)) = self.at((run, seed), codes) else { return };
        sums.runs += 1;
        *sums.kinds.entry(payload.kind.clone()).or_default() += 1;
        if let Some(what) = self.compare((at, seat, code), (payload, turn(run, seed)), sums) {
            sums.differs(run, (seat, payload), what);
        }
    }

    /// The seat of a run with its number, its code, and the text.
    fn at<'c, 'b>(
        &'b self,
        (run, seed): (u64, u64),
        codes: &'c Codes<'b>,
    ) -> Option<(usize, &'b Seat, &'c Repository<'b>, &'b Payload)> {
        let (at, payload) = self.pair(run, seed)?;
        let seat = self.seats.get(at)?;
        let code = if seat.check == Check::Named { &codes.1 } else { &codes.0 };
        Some((at, seat, code, self.payloads.get(payload)?))
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
        let ask = Ask::of(turn, self.worlds.get(seat.world)?.name == WORKSHOP);
        let text = code_text(seat, &payload.text);
        let attacked = match self.outputs((seat, code), (&text, ask), sums) {
            Ok(attacked) => attacked,
            Err(error) => return Some(error),
        };
        let mut first = None;
        for (allowed, plain) in self.plain.get(at)? {
            if !ask.allows().contains(allowed) {
                continue;
            }
            let harmless =
                || self.outputs((seat, code), (HARMLESS, *allowed), &mut Sums::default());
            let what = match once(plain, harmless) {
                Ok(plain) => self.differ((seat, payload), plain, (&attacked, &text)),
                Err(error) => Some(error.clone()),
            };
            first = first.or(Some(what?));
        }
        first.map(|what| format!("{}: {what}", ask.name()))
    }

    /// What is decided otherwise than with a harmless text.
    fn differ(
        &self,
        (seat, payload): (&Seat, &Payload),
        plain: &Outputs,
        (attacked, text): (&Outputs, &str),
    ) -> Option<String> {
        match seat.check {
            Check::Points if payload.names_world => attacked.lowered(plain),
            Check::Points | Check::Equal if seat.code.is_none() => plain.difference(attacked),
            Check::Points | Check::Equal => {
                let (plain, attacked) = (plain.clone(), attacked.clone());
                plain.without(HARMLESS).difference(&attacked.without(text))
            }
            Check::Named => {
                let known = once(self.names.get(seat.world)?, || self.known(seat.world));
                plain.clone().named(known).difference(&attacked.clone().named(known))
            }
        }
    }

    /// What a database tells otherwise.
    fn stored(
        &self,
        (seat, code): (&Seat, &Repository<'_>),
        text: &str,
    ) -> Result<Option<String>, String> {
        let (told, setup, own) = self.put(seat, text)?;
        let operator = Operator { exceptions: Vec::new(), ..self.operator.clone() };
        let code = has_code(&told).then_some(own.as_ref().unwrap_or(code));
        let stages = Stages { operator: &operator, ..self.stages(setup, code) };
        let files = code_of(seat.code.map(|mark| (mark, text)));
        kept::differs(stages, (&told, &book()), &files)
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

    /// The world with a text in a seat, by what it is judged, and its code where that has the text.
    fn put(&self, seat: &Seat, text: &str) -> Result<Put<'_>, String> {
        let world = self.worlds.get(seat.world).ok_or("no such world")?;
        let setup = if seat.check == Check::Named { &self.unnamed } else { &self.setup };
        let own = seat.code.map(|mark| repository(setup, &code_of(Some((mark, text)))));
        Ok((seat.put(world, text), setup, own.transpose()?))
    }

    /// What is decided with a text in a seat, after a model was asked and obeyed it.
    fn outputs(
        &self,
        (seat, code): (&Seat, &Repository<'_>),
        (text, ask): (&str, Ask),
        sums: &mut Sums,
    ) -> Result<Outputs, String> {
        let (told, setup, own) = self.put(seat, text)?;
        let code = has_code(&told).then_some(own.as_ref().unwrap_or(code));
        let stages = self.stages(setup, code);
        let mut made = stages
            .run(told.findings.clone(), &told.statements)
            .map_err(|error| error.to_string())?;
        ask.ask(stages, (&mut made, &self.tasks, text), sums)?;
        Ok(outputs(&made, &told.findings))
    }
}

/// A world with a text in it, by what it is judged, and its own code.
type Put<'b> = (Told, &'b Setup, Option<Repository<'b>>);

/// What is made once. It is made before it is put there: the stages share their work among threads,
/// and one that waits for its part may be given another run, which must not wait for the first.
fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> T) -> &T {
    match cell.get() {
        Some(made) => made,
        None => {
            let made = make();
            cell.get_or_init(|| made)
        }
    }
}

fn plain() -> Plain {
    [Ask::NOBODY, Ask::MENDS, Ask::NOTHING].map(|ask| (ask, OnceLock::new()))
}

fn has_code(told: &Told) -> bool {
    told.findings.iter().any(|finding| finding.location.is_some())
}

/// The code of the worlds, with a text where one of its marks is.
fn code_of(put: Option<(&str, &str)>) -> Vec<(String, String)> {
    let text = |text: &str| put.map_or(text.to_owned(), |(mark, own)| text.replace(mark, own));
    CODE.iter().map(|(path, code)| ((*path).to_owned(), text(code))).collect()
}

/// Which incident and which task a model is asked about in a run.
const fn turn(run: u64, seed: u64) -> u64 {
    let mixed = (run ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed >> 33
}

fn repository<'s>(setup: &'s Setup, files: &[(String, String)]) -> Result<Repository<'s>, String> {
    Repository::new(files.to_vec(), setup).map_err(|error| error.to_string())
}

fn is_seen(c: char) -> bool {
    c.is_alphanumeric() && !quell_model::is_deceiving(c)
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
    fn differs(&mut self, run: u64, (seat, payload): (&Seat, &Payload), what: String) {
        self.different += 1;
        if self.kept.len() < MOST_KEPT {
            let text = payload.text.chars().take(120).collect();
            let (seat, kind) = (seat.name.clone(), payload.kind.clone());
            self.kept.push(Difference { run, seat, kind, text, what });
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.runs += other.runs;
        self.different += other.different;
        self.believed += other.believed;
        self.answers += other.answers;
        self.stored += other.stored;
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        for (task, count) in other.tasks {
            *self.tasks.entry(task).or_default() += count;
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
