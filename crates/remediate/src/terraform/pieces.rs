//! The blocks of a file, each kept by itself, so that a change reads again only what it touches.
//!
//! The parser counts bytes from the start of what it reads. A piece that is read later is read
//! behind so many spaces that its bytes get numbers which no other piece of the file has: so an
//! element's own span tells which piece it is of, wherever that stands in the text by now.

use std::ops::Range;
use std::sync::Arc;

use hcl_edit::structure::{Attribute, Block, Body, Structure};
use hcl_edit::{Decorate, Span};

use super::cache::Known;
use crate::diff::{same_head, same_tail};

/// The most numbers that are left free for pieces that are read later.
const MAX_RESERVE: usize = 64 << 10;
/// The fewest.
const MIN_RESERVE: usize = 2 << 10;

/// One block or attribute at the top of a file.
#[derive(Debug)]
struct Piece {
    structure: Structure,
    /// The numbers that the parser gave its bytes; none in a file of JSON.
    numbers: Range<usize>,
    /// The numbers before which a carriage return was taken out.
    removed: Vec<usize>,
    /// What was found of it already.
    known: Arc<Known>,
}

impl Piece {
    /// How many bytes it has in the text.
    fn len(&self) -> usize {
        self.numbers.len() + self.removed.len()
    }
}

/// A piece, and where its first byte stands in the text.
#[derive(Debug, Clone)]
struct Placed {
    piece: Arc<Piece>,
    start: usize,
}

impl Placed {
    fn text<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.get(self.start..self.start + self.piece.len())
    }

    /// Takes what was found of a piece that says the same.
    fn take_known(&mut self, other: &Self) {
        if let Some(own) = Arc::get_mut(&mut self.piece) {
            own.known = Arc::clone(&other.piece.known);
        }
    }

    /// Where the byte of a number stands in the text.
    fn place(&self, number: usize) -> usize {
        let removed = self.piece.removed.partition_point(|removed| *removed < number);
        self.start + number.saturating_sub(self.piece.numbers.start) + removed
    }
}

/// Everything at the top of a file, in order.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    all: Vec<Placed>,
    /// The first number of each piece and its place in `all`, sorted.
    by_number: Vec<(usize, usize)>,
    /// The next free number below `reserve`.
    next: usize,
    reserve: usize,
    /// Whether it was read as it stands; else a change is read as a whole again.
    is_plain: bool,
}

/// What is read again: a part of the new text, in place of some pieces.
struct Window {
    text: Range<usize>,
    pieces: Range<usize>,
}

/// The pieces that a change took away, and those that it brought, by their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

impl Touched {
    /// Where a piece that stood at a place stands now.
    pub(super) fn moved(&self, place: usize) -> usize {
        if place >= self.old.end { place - self.old.end + self.new.end } else { place }
    }
}

impl Pieces {
    /// Reads a text that begins at a byte of the file.
    ///
    /// # Errors
    ///
    /// Where the parser gave up.
    pub(super) fn parse(text: &str, at: usize) -> Result<Self, hcl_edit::parser::Error> {
        let (copy, removed) = without_carriage_returns(text);
        let reserve = copy.len().clamp(MIN_RESERVE, MAX_RESERVE);
        if let Some(body) = behind(reserve, &copy) {
            let all = placed(body, &removed, (reserve, at));
            return Ok(Self { reserve, is_plain: true, ..Self::of(all) });
        }
        let body = parsed(&copy)?;
        Ok(Self::of(placed(body, &removed, (0, at))))
    }

    /// Those of a body that was not read from this syntax.
    pub(super) fn of_json(body: Body) -> Self {
        Self::of(placed(body, &[], (0, 0)))
    }

    fn of(all: Vec<Placed>) -> Self {
        let numbers = all.iter().enumerate();
        let mut by_number: Vec<(usize, usize)> =
            numbers.map(|(place, one)| (one.piece.numbers.start, place)).collect();
        by_number.sort_unstable();
        Self { all, by_number, ..Self::default() }
    }

    /// The pieces of another text of the file, which begins at the same byte. What stands where
    /// nothing changed is not read again. None where that cannot be told without reading all.
    pub(super) fn changed(&self, (old, new): (&str, &str), at: usize) -> Option<Self> {
        if !self.is_plain {
            return None;
        }
        let window = self.window(old, new, at)?;
        let text = new.get(window.text.clone())?;
        let (copy, removed) = without_carriage_returns(text);
        if self.next + copy.len() > self.reserve {
            return None;
        }
        let body = behind(self.next, &copy)?;
        // That an attribute is written twice shows in the whole file only.
        if body.attributes().next().is_some() {
            return None;
        }
        let mut own = placed(body, &removed, (self.next, window.text.start));
        let next = own.last().map_or(self.next, |last| last.piece.numbers.end);
        let before = self.all.get(window.pieces.clone())?;
        for (old_piece, new_piece) in before.iter().zip(&mut own) {
            if old_piece.start == new_piece.start && old_piece.text(old) == new_piece.text(new) {
                *new_piece = old_piece.clone();
            }
        }
        let tail = self.all.get(window.pieces.end..)?.iter().map(|one| {
            let start = new.len() - (old.len() - one.start);
            Placed { piece: Arc::clone(&one.piece), start }
        });
        let head = self.all.get(..window.pieces.start)?.iter().cloned();
        let all = head.chain(own).chain(tail).collect();
        Some(Self { next, reserve: self.reserve, is_plain: true, ..Self::of(all) })
    }

    /// What has to be read again of a new text: from the piece above the change to the piece below
    /// it. Both ends stand between pieces, so that what is read there means the same alone.
    fn window(&self, old: &str, new: &str, at: usize) -> Option<Window> {
        let head = same_head(old, new);
        let tail = same_tail(old, new).min(old.len().min(new.len()) - head);
        let above = self.all.partition_point(|one| one.start < head).checked_sub(1);
        let start = match above {
            Some(above) => self.all.get(above)?.start,
            None => at,
        };
        if head < at {
            return None;
        }
        let end = old.len() - tail;
        let first = self.all.partition_point(|one| one.start <= end);
        // A line ends between the change and the piece below: so that is no part of a comment.
        let below =
            self.all.get(first..)?.iter().position(|one| {
                old.get(end..one.start).is_some_and(|between| between.contains('\n'))
            });
        let below = below.map_or(self.all.len(), |place| first + place);
        let Some(next) = self.all.get(below) else {
            return Some(Window { text: start..new.len(), pieces: above.unwrap_or(0)..below });
        };
        let text = start..new.len() - (old.len() - next.start);
        let (_, last) = new.get(text.clone())?.rsplit_once('\n')?;
        let is_clear = last.trim().is_empty();
        is_clear.then(|| Window { text, pieces: above.unwrap_or(0)..below })
    }

    /// What another text of the file has in place of what; what was found of the rest is kept.
    pub(super) fn take_known(&mut self, before: &Self, (old, new): (&str, &str)) -> Touched {
        let is_same = |(one, other): (&Placed, &Placed)| {
            Arc::ptr_eq(&one.piece, &other.piece) || one.text(old) == other.text(new)
        };
        let most = before.all.len().min(self.all.len());
        let (had, have) = (&before.all, &self.all);
        let head = had.iter().zip(have).take_while(|pair| is_same(*pair)).count();
        let pairs = had.iter().rev().zip(have.iter().rev()).take(most - head);
        let tail = pairs.take_while(|pair| is_same(*pair)).count();
        let (had_end, have_end) = (had.len() - tail, have.len() - tail);
        let pairs = (0..head).chain(have_end..have.len()).zip((0..head).chain(had_end..had.len()));
        for (own, other) in pairs {
            if let (Some(own), Some(other)) = (self.all.get_mut(own), had.get(other)) {
                own.take_known(other);
            }
        }
        Touched { old: head..had_end, new: head..have_end }
    }

    /// Whether they were read as the text stands, without a second try.
    pub(super) const fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Where an element stands in the text.
    pub(super) fn span(&self, element: &impl Span) -> Option<Range<usize>> {
        let span = element.span()?;
        let one = self.all.get(self.at(span.start)?)?;
        Some(one.place(span.start)..one.place(span.end))
    }

    /// The place of the piece that a number is of.
    fn at(&self, number: usize) -> Option<usize> {
        let above = self.by_number.partition_point(|(first, _)| *first <= number);
        self.by_number.get(above.checked_sub(1)?).map(|(_, place)| *place)
    }

    /// What was found of the piece that a block is.
    pub(super) fn known(&self, block: &Block) -> Option<&Known> {
        let is = |one: &&Placed| {
            one.piece.structure.as_block().is_some_and(|own| std::ptr::eq(own, block))
        };
        let found = match block.span() {
            Some(span) => self.all.get(self.at(span.start)?).filter(is),
            None => self.all.iter().find(is),
        };
        found.map(|one| one.piece.known.as_ref())
    }

    /// Everything, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Structure> {
        self.all.iter().map(|one| &one.piece.structure)
    }

    /// The one at a place.
    pub(crate) fn get(&self, place: usize) -> Option<&Structure> {
        self.all.get(place).map(|one| &one.piece.structure)
    }

    /// Those of some places.
    pub(super) fn some(&self, places: Range<usize>) -> impl Iterator<Item = &Structure> {
        let some = self.all.get(places).unwrap_or_default();
        some.iter().map(|one| &one.piece.structure)
    }

    /// The attribute of a name.
    pub(crate) fn get_attribute(&self, name: &str) -> Option<&Attribute> {
        let mut attributes = self.iter().filter_map(Structure::as_attribute);
        attributes.find(|attribute| attribute.key.as_str() == name)
    }
}

/// The body of a text that is read behind so many spaces; none where the parser stumbles.
fn behind(spaces: usize, text: &str) -> Option<Body> {
    let mut all = String::with_capacity(spaces + text.len());
    all.extend(std::iter::repeat_n(' ', spaces));
    all.push_str(text);
    hcl_edit::parser::parse_body(&all).ok()
}

/// The body of a text, read once more where the parser stumbles over line ends.
fn parsed(text: &str) -> Result<Body, hcl_edit::parser::Error> {
    hcl_edit::parser::parse_body(text).or_else(|error| {
        let again = super::lenient::joined(text);
        again.and_then(|text| hcl_edit::parser::parse_body(&text).ok()).ok_or(error)
    })
}

/// What a body holds, where the numbers of its text begin with `first` and that stands at a byte
/// of the file. `removed` are the places in its text before which a carriage return stood.
fn placed(body: Body, removed: &[usize], (first, at): (usize, usize)) -> Vec<Placed> {
    let each = body.into_iter().map(|mut structure| {
        // The space and the comments above are in the text already.
        structure.decor_mut().clear();
        let numbers = structure.span().unwrap_or_default();
        let above = |number: usize| removed.partition_point(|one| one + first < number);
        let (before, within) = (above(numbers.start), above(numbers.end));
        let start = at + numbers.start.saturating_sub(first) + before;
        let removed = removed.get(before..within).unwrap_or_default();
        let removed = removed.iter().map(|one| one + first).collect();
        let piece = Piece { structure, numbers, removed, known: Arc::default() };
        Placed { piece: Arc::new(piece), start }
    });
    each.collect()
}

/// The text as the parser wants it, with the places before which something was taken out.
pub(super) fn without_carriage_returns(text: &str) -> (String, Vec<usize>) {
    let mut copy = String::with_capacity(text.len());
    let mut removed = Vec::new();
    let mut parts = text.split("\r\n");
    copy.push_str(parts.next().unwrap_or_default());
    for part in parts {
        removed.push(copy.len());
        copy.push('\n');
        copy.push_str(part);
    }
    (copy, removed)
}
