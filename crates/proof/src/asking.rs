//! What models are asked in a run, and where what stays of their answers goes: the tasks as Quell
//! asks them, of what Quell tells.

use std::cell::RefCell;

use quell_analyst::{Audience, Brief, By, Call, Grants, Task, Tasks, Written};
use quell_deliver::outbox::Act;
use quell_model::{Answered, Claim, Made};
use quell_pipeline::analyst::incident::{self, Details};
use quell_pipeline::analyst::message::{self, Form};
use quell_pipeline::deliver::beside;
use quell_pipeline::memory::{Stages, Story, World};
use quell_pipeline::{FIX_TASK, FixQuestion, Writer};

use crate::model::{self, MENDS, NOTHING, WAYS};
use crate::runs::Sums;

/// The task that writes letters.
const LETTERS: &str = "message";
/// The tasks that are asked about an incident, and the one that is asked about code.
const TASKS: [&str; 5] = ["incident", "runtime", "anomaly", LETTERS, FIX_TASK];
/// Faults that a model is asked about.
const MOST_WRITTEN: usize = 4;

/// What a run asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ask {
    /// The task.
    pub(crate) task: &'static str,
    /// Which of its subjects, readers, forms or ways.
    turn: usize,
}

impl Ask {
    /// What a turn asks. Where the code has nothing to mend nobody is asked for a fix.
    pub(crate) fn of(turn: u64, has_fault: bool) -> Self {
        let tasks = TASKS.get(..TASKS.len() - usize::from(!has_fault)).unwrap_or_default();
        let (turn, count) = (usize::try_from(turn).unwrap_or(0), tasks.len().max(1));
        Self { task: tasks.get(turn % count).copied().unwrap_or("incident"), turn: turn / count }
    }

    /// Nobody is asked.
    pub(crate) const NOBODY: Self = Self { task: "", turn: 0 };
    /// A fix by a model that mends what is at fault.
    pub(crate) const MENDS: Self = Self { task: FIX_TASK, turn: MENDS };
    /// A fix by a model that writes none.
    pub(crate) const NOTHING: Self = Self { task: FIX_TASK, turn: NOTHING };

    /// What may be decided where this was asked: as it is where one of these is asked in its place
    /// and nobody attacks. A model may fail to write a fix; it may write no other.
    pub(crate) fn allows(self) -> &'static [Self] {
        match (self.task == FIX_TASK, self.turn % WAYS.len()) {
            (false, _) => &[Self::NOBODY],
            (true, MENDS) => &[Self::MENDS],
            (true, NOTHING) => &[Self::NOTHING],
            (true, _) => &[Self::MENDS, Self::NOTHING],
        }
    }

    /// What is asked, for people.
    pub(crate) fn name(self) -> String {
        let way = WAYS.get(self.turn % WAYS.len()).filter(|_| self.task == FIX_TASK);
        way.map_or_else(|| self.task.to_owned(), |way| format!("{}, {}", self.task, way.name))
    }

    /// Asks the worst models. Where there is nothing to ask about nobody is, and it does not count.
    pub(crate) fn ask(
        self,
        stages: Stages<'_>,
        (made, tasks, text): (&mut World, &Tasks, &str),
        sums: &mut Sums,
    ) -> Result<(), String> {
        if self == Self::NOBODY {
            return Ok(());
        }
        let before = sums.answers;
        let task = tasks.get(self.task).ok_or("no such task")?;
        match self.task == FIX_TASK {
            true => self.fix(stages, (made, task, text), sums)?,
            false => self.about(stages, (made, task), sums)?,
        }
        if sums.answers > before {
            *sums.tasks.entry(self.task.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    /// Asks about an incident, and puts what stays beside what is said of it.
    fn about(
        self,
        stages: Stages<'_>,
        (made, task): (&mut World, &Task),
        sums: &mut Sums,
    ) -> Result<(), String> {
        let at = self.turn % made.stories.len().max(1);
        let Some(story) = made.stories.get(at) else { return Ok(()) };
        let details = made.details(story);
        let brief = self.brief(story, &details, stages);
        let written = self.words((task, &brief), sums)?;
        let Some(story) = made.stories.get_mut(at) else { return Ok(()) };
        if self.task == LETTERS {
            written.into_iter().for_each(|written| in_letters(story, written));
            return Ok(());
        }
        let parts = written.into_iter().flat_map(|written| written.parts);
        let words: Vec<Claim> = parts.flat_map(|part| part.sentences).collect();
        story.told.incident.explanation.why.extend(words);
        story.letters = stages.letters(&story.told, story.incident.kind);
        Ok(())
    }

    fn brief<'s>(self, story: &Story, details: &Details, stages: Stages<'s>) -> Brief<'s> {
        let catalog = stages.setup.catalog();
        if self.task != LETTERS {
            return incident::brief(&story.told, details, catalog);
        }
        let proved = story.told.fixes.iter().find(|fix| fix.state == "proved");
        let (form, fix) = match (self.turn % 3, proved) {
            (0, Some(fix)) => (Form::PullRequest, Some(fix)),
            (0 | 1, _) => (Form::Ticket, None),
            (_, _) => (Form::Chat, None),
        };
        message::brief(form, (&story.told, details), fix.as_slice(), catalog)
    }

    /// What stays of what they answer, told to one reader or another. In every other run somebody
    /// allowed everything to leave.
    fn words(
        self,
        (task, brief): (&Task, &Brief<'_>),
        sums: &mut Sums,
    ) -> Result<Vec<Written>, String> {
        let reader = Audience::ALL.get(self.turn / 5 % 3).copied().unwrap_or_default();
        let all = self.turn / 15 % 2 == 1;
        let mask = quell_mask::Grants { addresses: all, identities: all, names: all };
        let call = Call::new(task, brief, reader, Grants { mask, logs: all });
        let call = call.map_err(|error| error.to_string())?;
        let answers = [model::answer(&call), model::sly(&call)];
        Ok(answers.iter().map(|answer| sums.judged(&call, answer)).collect())
    }

    fn fix(
        self,
        stages: Stages<'_>,
        (made, task, text): (&mut World, &Task, &str),
        sums: &mut Sums,
    ) -> Result<(), String> {
        let Some(way) = WAYS.get(self.turn % WAYS.len()) else { return Ok(()) };
        let (sums, failed) = (RefCell::new(sums), RefCell::new(None));
        let ask = |question: &FixQuestion<'_>| {
            let (mut sums, brief) = (sums.borrow_mut(), question.brief());
            let written = match Call::new(task, &brief, Audience::Owner, Grants::default()) {
                Ok(call) => sums.judged(&call, &model::patch(&call, way, text)),
                Err(error) => {
                    failed.replace(Some(error.to_string()));
                    quell_analyst::by_rules(task, &brief, quell_analyst::Why::NotConfigured)
                }
            };
            Answered { written, made: Some(by()) }
        };
        let writer = Writer { task, ask: &ask, most: MOST_WRITTEN };
        stages.write(made, &writer).map_err(|error| error.to_string())?;
        failed.into_inner().map_or(Ok(()), Err)
    }
}

impl Sums {
    fn judged(&mut self, call: &Call<'_>, answer: &serde_json::Value) -> Written {
        let written = call.judge(answer);
        self.answers += 1;
        self.believed += u64::from(written.by == By::Model);
        written
    }
}

/// Puts a model's words beside what all letters about an incident say.
fn in_letters(story: &mut Story, written: Written) {
    let words = Answered { written, made: Some(by()) };
    for row in story.letters.iter_mut().flat_map(|outgoing| &mut outgoing.post.rows) {
        match &mut row.act {
            Act::Open { letter } | Act::Edit { letter } => beside(letter, &words),
            Act::Note { .. } | Act::Close { .. } | Act::Reopen { .. } | Act::Review { .. } => {}
        }
    }
}

fn by() -> Made {
    Made {
        provider: "double".to_owned(),
        model: "worst".to_owned(),
        kept: false,
        input_tokens: 1,
        output_tokens: 1,
        money: None,
    }
}
