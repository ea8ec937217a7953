//! Puts together what speaks for each block.

use std::collections::{BTreeMap, BTreeSet};

use quell_model::Provider;

use crate::code::{Spot, folder_of};
use crate::kinds::{Fit, fit};
use crate::ledger::Source;
use crate::read::Made;
use crate::signs::{Mark, Sign};
use crate::{
    Address, Block, Call, Candidate, Code, Confidence, Format, Ledger, Origin, Reason, Trace,
    Verdict, Wanted, Why,
};

/// Most candidates that are named.
const MOST_NAMED: usize = 20;
/// The shortest name that says anything.
const LEAST_NAME: usize = 3;
/// How long the ending is that Terraform puts behind a prefix.
const SUFFIX: usize = 26;

/// Finds the block that made a thing. `here` is the repository and the path of the code below its
/// top, with a slash at its end; none where that is not known.
#[must_use]
pub fn trace(
    wanted: &Wanted,
    (code, ledger): (&Code, &Ledger),
    here: Option<(&[Origin], &str)>,
) -> Trace {
    let (found, makers, notes) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
    let mut search = Search { wanted, code, here, found, makers, notes };
    if wanted.is_made_by_code() {
        for source in ledger.sources() {
            search.by_id(source);
        }
        search.drop_parts();
        for source in ledger.sources() {
            search.by_output(source);
        }
        search.by_yor(ledger);
        for source in ledger.sources() {
            search.by_state_name(source);
        }
        search.by_names();
        search.by_stack();
        search.by_object();
    }
    search.judged()
}

struct Search<'s> {
    wanted: &'s Wanted,
    code: &'s Code,
    here: Option<(&'s [Origin], &'s str)>,
    /// File and address → candidate.
    found: BTreeMap<(String, String), Candidate>,
    /// Those of a type that is called like the thing's kind.
    makers: BTreeSet<(String, String)>,
    notes: Vec<String>,
}

impl<'s> Search<'s> {
    fn fit(&self, kind: &str) -> Fit {
        fit(self.wanted.provider, &self.wanted.kind, kind)
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < MOST_NAMED && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn add(&mut self, spot: Spot<'s>, why: Why, detail: String) -> &mut Candidate {
        let new = match spot {
            Spot::Block(block) => of_block(block),
            Spot::Call(call) => of_call(call),
        };
        let key = (new.file.clone(), new.address.clone());
        let candidate = self.found.entry(key).or_insert(new);
        let reason = Reason { why, detail };
        if candidate.reasons.len() < MOST_NAMED && !candidate.reasons.contains(&reason) {
            candidate.reasons.push(reason);
        }
        candidate.confidence = candidate.confidence.max(why.confidence());
        candidate
    }

    /// Where an address of a file leads; a note where it leads nowhere.
    fn places(&mut self, source: &Source, address: &str) -> Vec<Spot<'s>> {
        let Some(read) = Address::parse(address) else { return Vec::new() };
        let code = self.code;
        let spots = match &source.folder {
            Some(folder) => code.at(folder, &read).into_iter().collect(),
            None => code.anywhere(&read),
        };
        if spots.is_empty() {
            let place = match source.folder.as_deref() {
                Some("") => "at the top of the repository".to_owned(),
                Some(folder) => format!("in `{folder}`"),
                None => "in the repository".to_owned(),
            };
            self.note(format!("`{}` names `{address}`, which is not {place}", source.name));
        }
        spots
    }

    fn by_id(&mut self, source: &'s Source) {
        let why = match source.record.format() {
            Format::State | Format::ShownState => Why::StateId,
            Format::Plan => Why::PlanId,
        };
        let strong = |sign: &Sign| matches!(sign, Sign::Id | Sign::Object);
        for (sign, mark) in self.wanted.marks.iter().filter(|(sign, _)| strong(sign)) {
            // A manifest's own kind, namespace and name leave the cluster open.
            let why = if *sign == Sign::Object { Why::Object } else { why };
            self.bearing(source, (*sign, *mark), why);
        }
    }

    fn bearing(&mut self, source: &'s Source, (sign, mark): (Sign, Mark), why: Why) {
        for thing in source.record.bearing(sign, mark).take(MOST_NAMED) {
            let whole = thing.whole();
            let kind = Address::parse(thing.address).map(|address| address.kind().to_owned());
            match kind.map_or(Fit::Other, |kind| self.fit(&kind)) {
                Fit::Makes => {
                    let own = self.made(source, thing, why);
                    self.makers.extend(own);
                }
                // An id says more than how a type is called.
                Fit::Unknown if sign != Sign::Name => drop(self.made(source, thing, why)),
                Fit::Other if sign == Sign::Yor => drop(self.made(source, thing, why)),
                Fit::Part if sign == Sign::Id => {
                    let what = "sets up a part of it and does not make it";
                    self.note(format!("`{whole}` of `{}` {what}", source.name));
                }
                Fit::Unknown | Fit::Other | Fit::Part => {}
            }
        }
    }

    /// A file says that what stands at an address made it. Says where that is.
    fn made(&mut self, source: &Source, thing: Made<'_>, why: Why) -> Vec<(String, String)> {
        let whole = thing.whole();
        let mut places = Vec::new();
        for spot in self.places(source, thing.address) {
            let candidate = self.add(spot, why, format!("{}: {whole}", source.name));
            if !candidate.instances.contains(&whole) {
                candidate.instances.push(whole.clone());
            }
            places.push((candidate.file.clone(), candidate.address.clone()));
        }
        places
    }

    /// Of blocks that all bear the id, those of the thing's own type make it: an alias has the
    /// ARN of its function too. Else those whose type goes on behind that of another set up a
    /// part of what the other makes.
    fn drop_parts(&mut self) {
        if !self.makers.is_empty() {
            self.found.retain(|place, _| self.makers.contains(place));
        }
        let kinds: Vec<String> =
            self.found.values().map(|candidate| candidate.kind.clone()).collect();
        let is_part = |kind: &str| {
            kinds.iter().any(|other| {
                kind.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('_'))
            })
        };
        self.found.retain(|_, candidate| !is_part(&candidate.kind));
    }

    fn by_output(&mut self, source: &'s Source) {
        let ids = self.wanted.marks.iter().filter(|(sign, _)| *sign == Sign::Id);
        let names = ids.flat_map(|(_, mark)| source.record.giving(*mark)).take(MOST_NAMED);
        for name in names {
            let mut blocks = self.code.output(source.folder.as_deref(), name);
            blocks.retain(|block| matches!(self.fit(&block.kind), Fit::Makes | Fit::Unknown));
            for block in blocks {
                let detail = format!("{}: output {name}", source.name);
                self.add(Spot::Block(block), Why::Output, detail);
            }
        }
    }

    fn by_yor(&mut self, ledger: &'s Ledger) {
        let Some(yor) = self.wanted.tagged.yor.as_deref() else { return };
        let blocks: Vec<&'s Block> = self.code.tagged(yor).collect();
        for block in &blocks {
            self.add(Spot::Block(block), Why::Yor, format!("yor_trace {yor}"));
        }
        let mark = Sign::Yor.mark(&[yor]);
        if blocks.is_empty() {
            for source in ledger.sources() {
                self.bearing(source, (Sign::Yor, mark), Why::Yor);
            }
        }
        if blocks.is_empty() && !ledger.knows(Sign::Yor, mark) {
            self.note(format!("no block here has the tag yor_trace `{yor}`"));
        }
    }

    /// Names that a state file knows, where the id is not to be found in any.
    fn by_state_name(&mut self, source: &'s Source) {
        if self.found.values().any(|one| one.confidence == Confidence::Exact) {
            return;
        }
        let names = self.wanted.marks.iter().filter(|(sign, _)| *sign == Sign::Name);
        for (sign, mark) in names {
            self.bearing(source, (*sign, *mark), Why::StateName);
        }
    }

    fn by_names(&mut self) {
        let mut named: Vec<(&'s Block, Why, String)> = Vec::new();
        let names = self.wanted.names.iter().filter(|name| name.len() >= LEAST_NAME);
        for name in names {
            named.extend(self.code.named(name).map(|block| (block, Why::Name, name.clone())));
        }
        for block in self.code.prefixed() {
            let begun = self.wanted.names.iter().find(|name| is_begun(block, name));
            named.extend(begun.map(|name| (block, Why::Prefix, name.clone())));
        }
        let mut labelled = self.tagged_blocks();
        labelled.retain(|block| self.is_tagged_block(block));
        let label = |block: &'s Block| (block, Why::Name, format!("yor_name {}", label_of(block)));
        named.extend(labelled.into_iter().map(label));
        let makes = |block: &Block| self.fit(&block.kind);
        let sure = named.iter().any(|(block, _, _)| makes(block) == Fit::Makes);
        let fits = |block: &Block| match makes(block) {
            Fit::Makes => true,
            Fit::Unknown => !sure,
            Fit::Part | Fit::Other => false,
        };
        named.retain(|(block, _, _)| fits(block));
        for (block, why, name) in named.into_iter().take(MOST_NAMED * MOST_NAMED) {
            self.add(Spot::Block(block), why, name);
            if let Some((why, detail)) = self.tagged_reason(block) {
                self.add(Spot::Block(block), why, detail);
            }
        }
        self.only_in_file();
    }

    /// What tags say for a block whose name fits.
    fn tagged_reason(&self, block: &Block) -> Option<(Why, String)> {
        if self.is_tagged_file(&block.file) {
            let file = self.wanted.tagged.file.clone().unwrap_or_default();
            return Some((Why::GitFile, file));
        }
        let (origins, _) = self.here?;
        let told = self.wanted.tagged.origin().filter(|_| self.wanted.tagged.file.is_none())?;
        origins.iter().any(|own| own.is(&told)).then(|| (Why::GitRepository, told.whole()))
    }

    fn is_tagged_file(&self, file: &str) -> bool {
        match self.here {
            Some((_, prefix)) => self.wanted.tagged.names_file(&format!("{prefix}{file}")),
            None => self.wanted.tagged.names_file_below(file),
        }
    }

    /// The blocks of the file that tags name.
    fn tagged_blocks(&self) -> Vec<&'s Block> {
        if self.wanted.tagged.file.is_none() {
            return Vec::new();
        }
        self.code.in_files(|file| self.is_tagged_file(file))
    }

    /// Whether the tag of Yor with the block's own name means it.
    fn is_tagged_block(&self, block: &Block) -> bool {
        let named = self.wanted.tagged.block.as_deref();
        named.is_some_and(|name| !name.is_empty() && name == label_of(block))
    }

    /// The block of the file that tags name, where it alone makes such things.
    fn only_in_file(&mut self) {
        let makes = |block: &&'s Block| self.fit(&block.kind) == Fit::Makes;
        let own: Vec<&'s Block> = self.tagged_blocks().into_iter().filter(makes).take(2).collect();
        if let [block] = own.as_slice() {
            let file = self.wanted.tagged.file.clone().unwrap_or_default();
            self.add(Spot::Block(block), Why::OnlyInFile, file);
        }
    }

    /// The resource of a template that the tags of CloudFormation name.
    fn by_stack(&mut self) {
        let Some(logical) = self.wanted.tagged.logical.as_deref() else { return };
        let fits = |block: &&'s Block| matches!(self.fit(&block.kind), Fit::Makes | Fit::Unknown);
        let found: Vec<&'s Block> = self.code.logical(logical).filter(fits).collect();
        let stack = self.wanted.tagged.stack.clone().unwrap_or_default();
        let of_stack: Vec<&'s Block> =
            found.iter().copied().filter(|block| is_called(&block.file, &stack)).collect();
        let found = if of_stack.is_empty() { found } else { of_stack };
        if found.is_empty() {
            let stack = if stack.is_empty() { "a stack".to_owned() } else { format!("`{stack}`") };
            self.note(format!("no template here has `{logical}` of {stack}"));
        }
        for block in found {
            self.add(Spot::Block(block), Why::Stack, format!("{stack} {logical}"));
        }
    }

    /// The manifest of a Kubernetes object.
    fn by_object(&mut self) {
        let wanted = self.wanted;
        if wanted.provider != Provider::Kubernetes || wanted.kind.is_empty() {
            return;
        }
        let is_manifest = |block: &&Block| {
            !block.kind.contains(['_', ':']) && block.kind.eq_ignore_ascii_case(&wanted.kind)
        };
        let Some(name) = wanted.names.first() else { return };
        for block in self.code.named(name).filter(is_manifest) {
            match block.namespace.as_deref() {
                Some(space) if space == wanted.namespace => {
                    let detail = format!("{}/{space}/{name}", wanted.kind);
                    self.add(Spot::Block(block), Why::Object, detail);
                }
                Some(_) if !wanted.namespace.is_empty() => {}
                Some(_) | None => {
                    self.add(Spot::Block(block), Why::Name, name.clone());
                }
            }
        }
    }

    /// All that was found, the surest first.
    fn judged(mut self) -> Trace {
        let elsewhere = self.against_other_repository();
        let mut candidates: Vec<Candidate> = self.found.into_values().collect();
        for candidate in &mut candidates {
            candidate.reasons.sort_by(|a, b| {
                let rank = |one: &Reason| (std::cmp::Reverse(one.why.confidence()), one.why);
                rank(a).cmp(&rank(b)).then_with(|| a.detail.cmp(&b.detail))
            });
            candidate.instances.sort();
        }
        let place = |one: &Candidate| (one.file.clone(), one.address.clone());
        candidates.sort_by(|a, b| (b.confidence, place(a)).cmp(&(a.confidence, place(b))));
        let best = candidates.first().map(|one| one.confidence);
        let equal = candidates.iter().filter(|one| Some(one.confidence) == best).count();
        let verdict = match (best, equal) {
            (None, _) => Verdict::Nothing,
            (Some(confidence), 1) => Verdict::Found(confidence),
            (Some(confidence), equal) => Verdict::Ambiguous(confidence, equal),
        };
        if candidates.len() > MOST_NAMED {
            let left = candidates.len() - MOST_NAMED;
            self.notes.push(format!("{left} further candidates are not listed"));
            candidates.truncate(MOST_NAMED);
        }
        Trace { verdict, candidates, notes: self.notes, elsewhere }
    }

    /// What is not written down exactly counts less where tags name another repository; a fork is
    /// called the same. Says whether the name is another one.
    fn against_other_repository(&mut self) -> bool {
        let Some((origins, _)) = self.here.filter(|(origins, _)| !origins.is_empty()) else {
            return false;
        };
        let Some(told) = self.wanted.tagged.origin() else { return false };
        if origins.iter().any(|own| own.is(&told)) {
            return false;
        }
        let own: Vec<String> =
            origins.iter().map(|one| format!("`{}`", one.whole())).take(3).collect();
        let (whole, own) = (told.whole(), own.join(", "));
        self.note(format!("its tags name the repository `{whole}`, and this one is {own}"));
        for candidate in self.found.values_mut() {
            if candidate.confidence == Confidence::Strong {
                candidate.confidence = Confidence::Weak;
            }
        }
        let bare = Origin { owner: None, ..told };
        !origins.iter().any(|own| own.is(&bare))
    }
}

fn of_block(block: &Block) -> Candidate {
    Candidate {
        file: block.file.clone(),
        line: block.line,
        address: block.address.clone(),
        kind: block.kind.clone(),
        instances: Vec::new(),
        module: None,
        confidence: Confidence::Weak,
        reasons: Vec::new(),
    }
}

fn of_call(call: &Call) -> Candidate {
    Candidate {
        file: call.file.clone(),
        line: call.line,
        address: format!("module.{}", call.name),
        kind: "module".to_owned(),
        instances: Vec::new(),
        module: Some(call.source.clone()),
        confidence: Confidence::Weak,
        reasons: Vec::new(),
    }
}

/// The block's own name, without its type.
fn label_of(block: &Block) -> &str {
    block.address.rsplit('.').next().unwrap_or_default()
}

/// Whether a name is one of the block's prefixes with the ending that Terraform makes: 26 letters
/// of time and count.
fn is_begun(block: &Block, name: &str) -> bool {
    let ends = |prefix: &String| {
        let rest = name.strip_prefix(prefix.as_str()).unwrap_or_default();
        rest.len() == SUFFIX && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    block.prefixes.iter().filter(|prefix| !prefix.is_empty()).any(ends)
}

/// Whether a template's file or folder is called like a stack, or the stack's name ends so.
fn is_called(file: &str, stack: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let folder = folder_of(file).rsplit('/').next().unwrap_or_default();
    let same = |word: &str| word.len() >= LEAST_NAME && word.eq_ignore_ascii_case(stack);
    same(stem) || same(folder)
}
