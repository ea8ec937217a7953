//! What the rules say in the parts of a task's answer.

use quell_model::{By, Why, Written, WrittenPart};

use crate::Brief;
use crate::task::{Part, Shape, Task};

/// What the rules say, and why they do.
#[must_use]
pub fn by_rules(task: &Task, brief: &Brief<'_>, why: Why) -> Written {
    let parts = task.parts.iter().map(|part| rules(part, brief));
    Written {
        task: task.id.clone(),
        version: task.version,
        by: By::Rules,
        instead_of: Some(why),
        parts: parts.filter(|part| !part.sentences.is_empty()).collect(),
        texts: Vec::new(),
        dropped: Vec::new(),
    }
}

/// What the rules say in a part.
pub(crate) fn rules(part: &Part, brief: &Brief<'_>) -> WrittenPart {
    let sentences = match part.shape {
        Shape::Sentences => brief.known(&part.name),
        Shape::Choice(_) | Shape::Text => Vec::new(),
    };
    let (name, title) = (part.name.clone(), part.title.clone());
    WrittenPart { name, title, by: By::Rules, sentences, choice: None }
}
