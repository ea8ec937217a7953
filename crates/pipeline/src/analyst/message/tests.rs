//! Letters of the sample world.

use std::sync::LazyLock;

use quell_analyst::{Audience, By, Call, Grants, Tasks, Why};

use super::{Form, brief};
use crate::analyst::incident::tests::WORLD;

static TASKS: LazyLock<Tasks> = LazyLock::new(|| Tasks::embedded().unwrap());

#[test]
fn the_rules_fill_every_letter_and_cite_what_is_there() {
    let (world, task) = (&*WORLD, TASKS.get("message").unwrap());
    let catalog = world.setup.catalog();
    let mut with_fix = 0;
    for (story, details) in &world.stories {
        let fixes = story.fixes.iter().filter(|fix| fix.state == "proved").map(Some);
        for (form, fix) in [(Form::Ticket, None), (Form::Chat, None)]
            .into_iter()
            .chain(fixes.take(1).map(|fix| (Form::PullRequest, fix)))
        {
            let brief = brief(form, (story, details), fix, catalog);
            let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
            assert!(call.input().contains(form.as_str()), "{}", call.input());
            let written = call.by_rules(Why::NotConfigured);
            for part in ["summary", "why_now", "done_when"] {
                let part = written.part(part).unwrap();
                assert_eq!(part.by, By::Rules);
                assert!(!part.sentences.iter().any(|claim| claim.text.is_empty()), "{part:?}");
            }
            let done = &written.part("done_when").unwrap().sentences[0];
            assert!(done.evidence.iter().all(|id| id.starts_with("issue:")), "{done:?}");
            assert_eq!(written.part("what_changes").is_some(), fix.is_some());
            let fixes = brief.records.iter().filter(|record| record.kind == "fix").count();
            assert!(fix.is_none() || fixes == 1, "a letter about a fix tells of that one alone");
            with_fix += usize::from(fix.is_some());
            let names = story.assets.iter().map(|asset| asset.name.raw());
            let long = names.filter(|name| name.len() > 12 && name.contains('-'));
            for name in long {
                assert!(!call.input().contains(name), "{name} leaves: {}", call.input());
            }
        }
    }
    assert!(with_fix > 3, "{with_fix}");
}

#[test]
fn a_letter_about_no_fix_says_nothing_of_a_change() {
    let (story, details) = &WORLD.stories[0];
    let brief = brief(Form::Ticket, (story, details), None, WORLD.setup.catalog());
    assert!(brief.known("what_changes").is_empty());
    assert_eq!(brief.records[0].kind, "letter");
}
