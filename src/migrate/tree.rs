//! What a Go template says, as a tree.

/// A byte offset in the source.
pub(super) type At = usize;

/// What is wrong, or cannot be turned, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// Where it begins.
    pub at: At,
    /// What is the matter and what to do.
    pub message: String,
}

/// The trouble that `message` tells of, as an error.
pub(super) fn trouble<T>(at: At, message: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble { at, message: message.into() })
}

/// Everything that one source defines.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Source {
    /// The templates that it defines by name, in the order of their definitions.
    pub defines: Vec<Define>,
    /// What stands outside of them: the message itself where a message is written, else dead.
    pub main: List,
}

/// `{{define "name"}}…{{end}}`, or the definition in a `{{block}}`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Define {
    /// Where it begins.
    pub at: At,
    /// What it is called by.
    pub name: String,
    /// What it says.
    pub body: List,
}

/// What stands one after the other.
pub(super) type List = Vec<Node>;

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Text as it is, after trimming.
    Text(String),
    /// `{{/* … */}}`, what is between the stars.
    Comment(String),
    /// `{{pipeline}}`
    Action(At, Pipe),
    /// `{{if}}`, `{{with}}` or `{{range}}` with its alternative.
    Block(Block),
    /// `{{template "name" pipeline}}`
    Template {
        /// Where it stands.
        at: At,
        /// Whom it calls.
        name: String,
        /// What the other's dot is.
        argument: Option<Pipe>,
    },
    /// `{{break}}`
    Break(At),
    /// `{{continue}}`
    Continue(At),
}

/// `{{if pipeline}}…{{else}}…{{end}}` and its kin. `{{else if}}` is a block of its own as the whole of the alternative.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    /// Where it begins.
    pub at: At,
    /// Which it is.
    pub word: Word,
    /// What it tests or goes through.
    pub pipe: Pipe,
    /// What is said if so, or for each.
    pub body: List,
    /// What is said if not, or for none.
    pub otherwise: List,
    /// Whether the alternative was written as `{{else if}}` or `{{else with}}`.
    pub chained: bool,
}

/// The word that opens a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    If,
    With,
    Range,
}

/// Commands, each of which gets the result of the one before as its last argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pipe {
    /// Where it begins.
    pub at: At,
    /// The variables that it declares or sets, without their `$`.
    pub variables: Vec<String>,
    /// Whether it declares them (`:=`) or sets them (`=`).
    pub declares: bool,
    /// The commands; one at least.
    pub commands: Vec<Command>,
}

/// A value, or a function or method with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    /// What is called or taken.
    pub head: Operand,
    /// What it is given.
    pub arguments: Vec<Operand>,
}

/// A value as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    /// Where it begins.
    pub at: At,
    /// What it starts from.
    pub base: Base,
    /// The fields and methods that follow it.
    pub fields: Vec<String>,
}

/// What a value starts from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Base {
    /// `.`, also in front of a field.
    Dot,
    /// `$name`; `$` alone has no name.
    Variable(String),
    /// A function.
    Function(String),
    /// `(pipeline)`
    Pipe(Box<Pipe>),
    /// `"text"` or a raw one.
    Text(String),
    /// `42`, `0x2A`, `'x'`; also `28800e9` where it is whole.
    Whole(i64),
    /// `1.5`, `28800e9`
    Float(f64),
    /// `true`, `false`
    Bool(bool),
    /// `nil`
    Nil,
}

impl Operand {
    /// Whether it is `.` alone.
    pub(super) fn is_dot(&self) -> bool {
        self.base == Base::Dot && self.fields.is_empty()
    }
}
