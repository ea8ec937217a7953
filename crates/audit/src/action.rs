//! What can be written down: one word for each thing that changes something.

/// Lists the actions once: the name in the code, the word in the log, and what it means.
macro_rules! actions {
    ($($name:ident $word:literal $doc:literal;)+) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $doc] $name,)+
        }

        impl Action {
            /// Every action, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The word in the log. A word never changes what it means.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// What it means.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc,)+ }
            }
        }
    };
}

actions! {
    LogBegin "audit.begin" "The log begins; what stood before it, if anything did, is named.";
    KeyRotate "audit.key.rotate" "Another key signs from the next record on.";
    PersonalErase "audit.personal.erase" "Personal data of a subject is erased beside the tree.";
    ServerStart "server.start" "A server starts on the data directory.";
    ServerStop "server.stop" "A server stops in order.";
    StoreMigrate "store.migrate" "A database is brought to the form of a newer program.";
    Restore "store.restore" "A backup is put back.";
    TokenCreate "token.create" "A token is made.";
    TokenRevoke "token.revoke" "A token is taken back.";
    TokenConfirm "token.confirm" "A token counts again that a restore took back.";
    ImportCreate "import.create" "A file is handed over to be imported.";
    ImportRun "import.run" "A file that was handed over is imported.";
    IntakeTake "intake.take" "Deliveries are moved from the intake log into the findings.";
    Triage "triage.run" "Findings are read into a data directory at the command line.";
    ReplayCreate "replay.create" "Reading again what was received is asked for.";
    ReplayRun "replay.run" "What was received is read again.";
    JobCancel "job.cancel" "A job is cancelled.";
    JobRetry "job.retry" "A job that failed is tried again.";
    JobRelease "job.release" "A job that was held is released.";
    IssueSplit "issue.split" "A finding is taken out of an issue.";
    IssueMark "issue.mark" "An issue is marked.";
    IssueUnmark "issue.unmark" "The mark of an issue is taken away.";
    IncidentSplit "incident.split" "Issues are taken out of an incident.";
    IncidentJoin "incident.join" "Incidents are put together.";
    IncidentReset "incident.reset" "What was decided about an incident is taken back.";
    IncidentMark "incident.mark" "An incident is marked.";
    IncidentExplain "incident.explain" "An explanation of an incident is asked for; a model may be asked.";
    IncidentUnmark "incident.unmark" "The mark of an incident is taken away.";
    FixPlan "fix.plan" "Fixes are planned and kept.";
    FixWrite "fix.write" "A language model is asked to write a fix.";
    FixApply "fix.apply" "A fix is written to files or to a branch.";
    SourceTest "source.test" "A platform is asked, to see whether it answers.";
    SourceAct "source.act" "A platform is paused, resumed, asked now, or its hold is released.";
    FindingTell "finding.tell" "A platform is told what became of one of its findings.";
    SourceAdopt "source.adopt" "A platform's account is taken as this source's own.";
    SyncRead "sync.read" "A platform is asked, and what it says is taken in.";
    SyncClose "sync.close" "Findings close because a platform twice did not bring them.";
    SyncHold "sync.hold" "Findings would close by a silence, and are held for a person.";
    OwnersRead "owners.read" "What inventories say of owners is taken in.";
    UserChange "user.change" "A user or a group is made, changed or disabled.";
    SignIn "session.begin" "Somebody signs in.";
    SignOut "session.end" "Somebody signs out, or a session is ended.";
    PolicyChange "policy.change" "A rule is written, approved or taken back.";
    ExceptionChange "exception.change" "An exception is requested, decided, withdrawn or ends.";
    ApprovalChange "approval.change" "An approval is given, refused, delegated or voided.";
    Execute "plan.execute" "What was approved is done.";
    ModelAsk "model.ask" "A language model is asked.";
    ContainmentAsk "containment.ask" "A containment is tried and asked for.";
    ContainmentAct "containment.act" "A containment is to be undone, or to go on.";
    ContainmentUndo "containment.undo" "A containment is undone.";
    OutboxAct "outbox.act" "A letter of the outbox is let go, tried again or cancelled.";
    SinkTest "sink.test" "A sink is asked, to see what its login may do.";
    GrantCreate "grant.create" "Something may leave for language models as it stands.";
    GrantRevoke "grant.revoke" "What might leave for language models is masked again.";
    CallOut "call.out" "Something outside is written to or asked on somebody's behalf.";
}

impl Action {
    /// The action of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_word_stands_once_and_is_documented() {
        let words: BTreeSet<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(words.len(), Action::ALL.len());
        let page = include_str!("../../../docs/audit.md");
        for action in Action::ALL {
            assert_eq!(Action::from_word(action.as_str()), Some(*action));
            let line = format!("| `{}` | {} |", action.as_str(), action.doc());
            assert!(page.contains(&line), "docs/audit.md is to have the line\n{line}");
        }
    }
}
