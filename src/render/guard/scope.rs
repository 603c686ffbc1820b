//! Where in the data a place of a template stands.
//!
//! It follows what Handlebars does: `each`, `with` and a partial with values open a frame, `if` and a plain partial do
//! not; the names that a frame gives are seen in all frames within it, in partials, too.

use handlebars::{Path, PathSeg};

use super::shape::Shape;

/// What `this` is at a place, and what it is in everything around it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Scope<'t> {
    /// The outermost first; never empty.
    frames: Vec<Frame<'t>>,
}

/// What one block or partial changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Frame<'t> {
    /// What `this` is.
    pub shape: Shape,
    /// The names that `as |alert|` gives or a caller hands over, with what they are.
    pub names: Vec<(&'t str, Shape)>,
    /// What it is a round of.
    pub round: Round,
}

/// What the loop around a place goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Round {
    /// There is no loop.
    None,
    /// A list: there is `@index`.
    List,
    /// Names with values: there is `@key`, too.
    Names,
    /// It is not known.
    Unknown,
}

/// A path as it is written.
pub(super) struct Written<'p> {
    /// Where it begins.
    pub from: From,
    /// The names it goes by.
    pub names: Vec<&'p str>,
}

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// At the data as a whole: `@root.status`.
    Root,
    /// So many frames further out: `status`, `../status`.
    Up(usize),
}

// === impl Scope ===

impl<'t> Scope<'t> {
    /// The beginning of a template that is rendered with `root`.
    pub(super) fn new(root: Shape) -> Self {
        let round = if root == Shape::Any { Round::Unknown } else { Round::None };
        Self { frames: vec![Frame { shape: root, names: Vec::new(), round }] }
    }

    /// Goes into a block.
    pub(super) fn push(&mut self, frame: Frame<'t>) {
        self.frames.push(frame);
    }

    /// Leaves a block.
    pub(super) fn pop(&mut self) {
        self.frames.pop();
    }

    /// What the data are as a whole.
    pub(super) fn root(&self) -> Shape {
        self.frames.first().map_or(Shape::Unknown, |frame| frame.shape)
    }

    /// What `this` is, so many frames further out.
    pub(super) fn up(&self, levels: usize) -> Option<Shape> {
        self.frame(levels).map(|frame| frame.shape)
    }

    /// What the loop goes over, so many frames further out.
    pub(super) fn round(&self, levels: usize) -> Round {
        match self.frame(levels) {
            Some(frame) => frame.round,
            None if self.root() == Shape::Any => Round::Unknown,
            None => Round::None,
        }
    }

    fn frame(&self, levels: usize) -> Option<&Frame<'t>> {
        self.frames.iter().rev().nth(levels)
    }

    /// What the name is that a block or a caller gives.
    pub(super) fn named(&self, name: &str) -> Option<Shape> {
        let given = self.frames.iter().rev().flat_map(|frame| &frame.names);
        given.into_iter().find(|(given, _)| *given == name).map(|(_, shape)| *shape)
    }

    /// All names that blocks and callers give.
    pub(super) fn all_named(&self) -> impl Iterator<Item = &'t str> + '_ {
        self.frames.iter().flat_map(|frame| &frame.names).map(|(name, _)| *name)
    }

    /// What `this` is from here outwards, with the path that leads there.
    pub(super) fn outwards(&self) -> impl Iterator<Item = (String, Shape)> + '_ {
        let outermost = self.frames.len() - 1;
        self.frames.iter().rev().enumerate().map(move |(levels, frame)| {
            // A template that nobody calls may begin anywhere.
            let at_root = levels == outermost && levels > 0 && frame.shape != Shape::Any;
            let path = if at_root { "@root.".to_owned() } else { "../".repeat(levels) };
            (path, frame.shape)
        })
    }
}

// === impl Written ===

impl<'p> Written<'p> {
    /// Where `path` begins and which way it goes; `None` for `@index` and its like.
    pub(super) fn of(path: &'p Path) -> Option<Self> {
        let Path::Relative((segments, raw)) = path else { return None };
        let mut raw = raw.as_str();
        for current in ["./", "this.", "this/"] {
            raw = raw.strip_prefix(current).unwrap_or(raw);
        }
        let rules = segments.iter().filter(|segment| matches!(segment, PathSeg::Ruled(_))).count();
        let from = if raw.starts_with("@root") && rules > 0 { From::Root } else { From::Up(rules) };
        let names = segments.iter().filter_map(|segment| match segment {
            PathSeg::Named(name) if name != "this" => Some(name.as_str()),
            _ => None,
        });
        Some(Self { from, names: names.collect() })
    }
}
