//! Turns one Go template into a Handlebars template that writes the same bytes.
//!
//! What it writes begins with `{{exact}}`, so that no line break is taken away and no value is changed. A variable that is
//! another name for something in the data is written out as its path; one that is computed or set again is kept by the
//! helpers `let` and `var`, under a name that no other template uses, since they share their variables.

use std::collections::BTreeSet;

use super::advice::{Advice, Status};
use super::calls::{self, Scope};
use super::kind::Kind;
use super::templates::Turning;
use super::tree::{At, Base, Block, Command, List, Node, Operand, Pipe, Trouble, Word};
use super::value::{Code, Place, Value};
use crate::render::is_helper;

/// What a template was turned into.
#[derive(Debug, Default)]
pub(super) struct Turned {
    /// The Handlebars template.
    pub text: String,
    /// What could not be turned.
    pub troubles: Vec<Trouble>,
    /// What is worth knowing.
    pub advice: Advice,
    /// The templates that it calls, by their new names.
    pub calls: BTreeSet<String>,
}

/// Turns `body`, called with a `root`.
pub(super) fn turn(body: &List, root: Kind, source: &str, turning: &mut Turning<'_>) -> Turned {
    let mut set_again = BTreeSet::new();
    find_set_again(body, &mut Vec::new(), &mut set_again);
    let mut writer = Writer { turning, source, set_again, turned: Turned::default() };
    writer.list(body, &mut Scope::of(root));
    writer.turned
}

struct Writer<'a, 't> {
    turning: &'a mut Turning<'t>,
    source: &'a str,
    /// The variables that are set again after their declaration, each by its place and name.
    set_again: BTreeSet<(At, String)>,
    turned: Turned,
}

// === impl Writer ===

impl Writer<'_, '_> {
    fn list(&mut self, list: &List, scope: &mut Scope) {
        let known = scope.variables.len();
        for node in list {
            let done = match node {
                Node::Text(text) => {
                    self.text(text);
                    Ok(())
                }
                Node::Comment(text) => {
                    self.tag(&format!("!-- {} --", text.trim().replace("--", "- -")));
                    Ok(())
                }
                Node::Action(at, pipe) => self.action(pipe, scope).map_err(|trouble| (*at, trouble)),
                Node::Block(block) => self.block(block, scope).map_err(|trouble| (block.at, trouble)),
                Node::Template { at, name, argument } => {
                    self.template(*at, name, argument.as_ref(), scope).map_err(|trouble| (*at, trouble))
                }
                Node::Break(_) => {
                    self.tag("break");
                    Ok(())
                }
                Node::Continue(_) => {
                    self.tag("continue");
                    Ok(())
                }
            };
            if let Err((at, trouble)) = done {
                self.left_out(at, trouble);
            }
        }
        scope.variables.truncate(known);
    }

    // --- what is written ---

    /// Writes text so that Handlebars reads it as such.
    fn text(&mut self, text: &str) {
        for (index, piece) in text.split("{{").enumerate() {
            if index > 0 {
                if self.turned.text.ends_with('\\') {
                    // Two backslashes would be one, and the braces a tag.
                    self.turned.text.pop();
                    self.tag(r#"print "\\""#);
                }
                self.turned.text.push_str("\\{{");
            }
            self.turned.text.push_str(piece);
        }
    }

    /// Writes a tag.
    fn tag(&mut self, inside: &str) {
        let out = &mut self.turned.text;
        if out.ends_with('\\') {
            // Two backslashes before a tag are one.
            out.push('\\');
        } else if out.ends_with('{') {
            // Three braces would be another tag.
            out.pop();
            out.push_str("{{print \"{\"}}");
        }
        out.push_str("{{");
        out.push_str(inside);
        out.push_str("}}");
    }

    /// Notes what could not be turned, and where in the new template it is missing.
    fn left_out(&mut self, at: At, trouble: Trouble) {
        let action = self.source[at..].split("}}").next().unwrap_or_default();
        let action = action.trim_start_matches('{').trim().replace("--", "- -");
        self.tag(&format!("!-- NOT TURNED: {action} --"));
        self.turned.troubles.push(trouble);
    }

    fn value(&mut self, value: Value, scope: &Scope, at: At) -> Result<(), Trouble> {
        self.turned.advice.shows(&value, at);
        let Value { kind, code } = value;
        match (kind, code) {
            (_, Code::Literal(serde_json::Value::String(text))) => self.text(&text),
            (Kind::Text | Kind::Bool | Kind::Whole, Code::Literal(literal)) => self.text(&literal.to_string()),
            (Kind::Text | Kind::Bool | Kind::Whole, code) => {
                let mut tag = code.bare(scope.depth);
                if matches!(code, Code::Place(_)) && is_helper(&tag) {
                    // A name alone would call the helper.
                    tag = format!("this.{tag}");
                }
                self.tag(&tag);
            }
            (kind, code) => {
                let shown = calls::shown(Value::new(kind.clone(), code), at)?;
                let shown = match kind {
                    Kind::Time | Kind::Span | Kind::Pair => shown,
                    _ => Code::Call("print", vec![shown]),
                };
                self.tag(&shown.bare(scope.depth));
            }
        }
        Ok(())
    }

    // --- actions and variables ---

    fn action(&mut self, pipe: &Pipe, scope: &mut Scope) -> Result<(), Trouble> {
        if let Some((map, key, value)) = changed_map(pipe) {
            let [key, value] = [scope.operand(key)?.code, scope.operand(value)?.code];
            if let Some((_, known)) = scope.variables.iter().rev().find(|(known, _)| known == map) {
                let changed = Code::Call("merge", vec![Code::Call("dict", vec![key, value]), known.code.clone()]);
                self.set(map, &Value::new(known.kind.clone(), changed), scope);
            }
            return Ok(());
        }
        let value = scope.pipe(pipe)?;
        match pipe.variables.first() {
            None => self.value(value, scope, pipe.at),
            Some(name) if pipe.declares => {
                self.declare(pipe.at, name, value, scope);
                Ok(())
            }
            Some(name) => {
                self.set(name, &value, scope);
                Ok(())
            }
        }
    }

    /// Makes a variable known: as another name, if it is one and stays it, else as one that is kept.
    fn declare(&mut self, at: At, name: &str, value: Value, scope: &mut Scope) {
        let stays = !self.set_again.contains(&(at, name.to_owned()));
        let binding = match value.code {
            Code::Place(_) | Code::Literal(_) if stays => value,
            code => {
                let kept = self.turning.variable(name);
                let kept = Value::text(kept).code;
                let set = Code::Call("let", vec![kept.clone(), code]);
                self.tag(&set.bare(scope.depth));
                Value::call(value.kind, "var", [kept])
            }
        };
        scope.variables.push((name.to_owned(), binding));
    }

    fn set(&mut self, name: &str, value: &Value, scope: &mut Scope) {
        let depth = scope.depth;
        let Some((_, binding)) = scope.variables.iter_mut().rev().find(|(known, _)| known == name) else { return };
        let Code::Call(_, kept) = &binding.code else { return };
        let set = Code::Call("let", vec![kept[0].clone(), value.code.clone()]);
        binding.kind = std::mem::replace(&mut binding.kind, Kind::Any).or(value.kind.clone());
        self.tag(&set.bare(depth));
    }

    // --- blocks ---

    fn block(&mut self, block: &Block, scope: &mut Scope) -> Result<(), Trouble> {
        let known = scope.variables.len();
        let done = self.open(block, scope, "#");
        scope.variables.truncate(known);
        let word = done?;
        self.tag(&format!("/{word}"));
        Ok(())
    }

    /// Writes a block but for its end, and tells its word. `sign` opens it: `#`, or `else ` in a chain.
    fn open(&mut self, block: &Block, scope: &mut Scope, sign: &str) -> Result<&'static str, Trouble> {
        let mut value = scope.pipe(&block.pipe)?;
        if block.word != Word::Range
            && let Some(name) = block.pipe.variables.first()
        {
            match block.pipe.declares {
                true => self.declare(block.pipe.at, name, value.clone(), scope),
                false => self.set(name, &value, scope),
            }
            if let Some((_, binding)) = scope.variables.iter().rev().find(|(known, _)| known == name) {
                value = binding.clone();
            }
        }
        match block.word {
            Word::If => Ok(self.if_block(block, value, scope, sign)),
            Word::With => {
                self.tag(&format!("{sign}with {}", value.code.argument(scope.depth)));
                self.turned.advice.asks(&value);
                self.inside(&block.body, value.kind.clone(), scope, |_, _| {});
                self.turned.advice.asked();
                self.otherwise(block, scope);
                Ok("with")
            }
            Word::Range => self.range(block, value, scope, sign),
        }
    }

    fn if_block(&mut self, block: &Block, value: Value, scope: &mut Scope, sign: &str) -> &'static str {
        let status = Status::asked(&value.code);
        let (word, condition) = match &value.code {
            _ if value.kind.is_always_true() => ("if", Code::Literal(serde_json::Value::Bool(true))),
            // In a chain, the word is that of the block's beginning.
            Code::Call("not", of) if sign == "#" => ("unless", of[0].clone()),
            code => ("if", code.clone()),
        };
        self.tag(&format!("{sign}{word} {}", condition.argument(scope.depth)));
        self.turned.advice.asks(&value);
        self.turned.advice.enter(status);
        self.list(&block.body, scope);
        self.turned.advice.leave();
        self.turned.advice.asked();
        self.turned.advice.enter(status.opposite());
        self.otherwise(block, scope);
        self.turned.advice.leave();
        word
    }

    fn range(&mut self, block: &Block, value: Value, scope: &mut Scope, sign: &str) -> Result<&'static str, Trouble> {
        if !matches!(value.kind, Kind::Any | Kind::Labels | Kind::Pairs | Kind::Alerts | Kind::List(_) | Kind::Dict(_))
        {
            let message = format!("range goes through a list or labels, not through {}", value.kind.described());
            return Err(Trouble { at: block.at, message });
        }
        self.tag(&format!("{sign}each {}", value.code.argument(scope.depth)));
        let keyed = matches!(value.kind, Kind::Labels | Kind::Dict(_));
        let loops = self.turned.advice.goes_through(&value, block.at);
        self.inside(&block.body, value.kind.element(), scope, |writer, scope| {
            writer.loop_variables(&block.pipe, keyed, scope);
        });
        self.turned.advice.went_through(loops);
        self.otherwise(block, scope);
        Ok("each")
    }

    /// `$element`, or `$index, $element`.
    fn loop_variables(&mut self, pipe: &Pipe, keyed: bool, scope: &mut Scope) {
        let depth = scope.depth;
        let element = Value::new(scope.dot.clone(), Code::Place(Place::dot(depth)));
        let (kind, local) = if keyed { (Kind::Text, "key") } else { (Kind::Whole, "index") };
        let index = Value::new(kind, Code::Place(Place { depth, local: Some(local), steps: Vec::new() }));
        let values = if pipe.variables.len() == 1 { vec![element] } else { vec![index, element] };
        for (name, value) in pipe.variables.iter().zip(values) {
            match pipe.declares {
                true => self.declare(pipe.at, name, value, scope),
                false => self.set(name, &value, scope),
            }
        }
    }

    /// What stands inside of an `each` or `with`, whose dot is a `dot`.
    fn inside(&mut self, body: &List, dot: Kind, scope: &mut Scope, begin: impl FnOnce(&mut Self, &mut Scope)) {
        let outer = std::mem::replace(&mut scope.dot, dot);
        let known = scope.variables.len();
        scope.depth += 1;
        begin(self, scope);
        self.list(body, scope);
        scope.depth -= 1;
        scope.dot = outer;
        scope.variables.truncate(known);
    }

    fn otherwise(&mut self, block: &Block, scope: &mut Scope) {
        match block.otherwise.as_slice() {
            [] => {}
            [Node::Block(next)] if block.chained && next.pipe.variables.is_empty() => {
                if let Err(trouble) = self.open(next, scope, "else ") {
                    self.left_out(next.at, trouble);
                }
            }
            _ => {
                self.tag("else");
                self.list(&block.otherwise, scope);
            }
        }
    }

    fn template(&mut self, at: At, name: &str, argument: Option<&Pipe>, scope: &Scope) -> Result<(), Trouble> {
        let argument = match argument {
            Some(pipe) => scope.pipe(pipe)?,
            None => Value::new(Kind::Nil, Code::Literal(serde_json::Value::Null)),
        };
        self.turned.advice.hands_on(&argument);
        let called = self.turning.called(name, &argument.kind, at)?;
        let dot = Code::Place(Place::dot(scope.depth));
        let tag = match argument.code {
            code if code == dot => format!("> {called}"),
            code => format!("> {called} {}", code.argument(scope.depth)),
        };
        self.tag(&tag);
        self.turned.calls.insert(called);
        Ok(())
    }
}

/// Finds the variables that are set again, by the places of their declarations.
fn find_set_again(list: &List, known: &mut Vec<(String, At)>, found: &mut BTreeSet<(At, String)>) {
    let depth = known.len();
    for node in list {
        match node {
            Node::Action(_, pipe) => find_in_pipe(pipe, known, found),
            Node::Block(block) => {
                let depth = known.len();
                find_in_pipe(&block.pipe, known, found);
                find_set_again(&block.body, known, found);
                find_set_again(&block.otherwise, known, found);
                known.truncate(depth);
            }
            _ => {}
        }
    }
    known.truncate(depth);
}

/// `$_ := set $map key value`: the name of the map, the key and the value.
fn changed_map(pipe: &Pipe) -> Option<(&str, &Operand, &Operand)> {
    let [Command { head, arguments }] = pipe.commands.as_slice() else { return None };
    let (Base::Function(function), [map, key, value]) = (&head.base, arguments.as_slice()) else { return None };
    match &map.base {
        Base::Variable(name) if function == "set" && map.fields.is_empty() && !pipe.variables.is_empty() => {
            Some((name, key, value))
        }
        _ => None,
    }
}

fn find_in_pipe(pipe: &Pipe, known: &mut Vec<(String, At)>, found: &mut BTreeSet<(At, String)>) {
    let changed = changed_map(pipe).map(|(map, ..)| map.to_owned());
    if let Some((name, at)) = changed.and_then(|map| known.iter().rev().find(|(known, _)| *known == map)) {
        found.insert((*at, name.clone()));
    }
    for name in &pipe.variables {
        if pipe.declares {
            known.push((name.clone(), pipe.at));
        } else if let Some((name, at)) = known.iter().rev().find(|(known, _)| known == name) {
            found.insert((*at, name.clone()));
        }
    }
}
