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
        parts: parts.filter(says_something).collect(),
        texts: Vec::new(),
        dropped: Vec::new(),
    }
}

/// Whether there is anything to show of a part.
pub(crate) const fn says_something(part: &WrittenPart) -> bool {
    !part.sentences.is_empty() || part.choice.is_some()
}

/// What the rules say in a part.
pub(crate) fn rules(part: &Part, brief: &Brief<'_>) -> WrittenPart {
    let known = brief.known(&part.name);
    let (sentences, choice) = match &part.shape {
        Shape::Sentences => (known, None),
        Shape::Choice(words) => {
            let said = |word: &&String| known.iter().any(|one| one.text.raw() == word.as_str());
            (Vec::new(), words.iter().find(said).cloned())
        }
        Shape::Text => (Vec::new(), None),
    };
    let (name, title) = (part.name.clone(), part.title.clone());
    WrittenPart { name, title, by: By::Rules, sentences, choice }
}
