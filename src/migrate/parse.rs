//! Reads a Go template into a tree, by the grammar of Go's `text/template`.

use std::collections::VecDeque;

use super::lex::{self, Number, Piece, Placed, Token};
use super::tree::{At, Base, Block, Command, Define, List, Node, Operand, Pipe, Source, Trouble, Word, trouble};

/// How deep blocks and parentheses may nest.
const MAX_DEPTH: usize = 100;

/// Reads `text`.
///
/// # Errors
/// The first place that is no Go template.
pub(super) fn parse(text: &str) -> Result<Source, Trouble> {
    let mut parser = Parser {
        pieces: lex::pieces(text)?.into(),
        defines: Vec::new(),
        open: Vec::new(),
        loops: 0,
        variables: vec![String::new()],
    };
    let (main, _) = parser.list(false)?;
    Ok(Source { defines: parser.defines, main })
}

struct Parser {
    pieces: VecDeque<Piece>,
    defines: Vec<Define>,
    /// Where the blocks begin that are open, for the message when one is never closed.
    open: Vec<At>,
    /// How many of them are loops of the template at hand.
    loops: usize,
    /// The variables that are known here; the first is `$`.
    variables: Vec<String>,
}

/// What ends a list.
enum Ender {
    /// The end of the source.
    Nothing,
    /// `{{end}}`
    End,
    /// `{{else}}`, with what follows the word.
    Else(At, Tokens),
}

/// The tokens of one action that are not read yet.
struct Tokens {
    begin: At,
    tokens: VecDeque<Placed>,
}

// === impl Parser ===

impl Parser {
    /// What stands until the block's end, or until the end of the source when `inside` none.
    fn list(&mut self, inside: bool) -> Result<(List, Ender), Trouble> {
        let mut list = List::new();
        while let Some(piece) = self.pieces.pop_front() {
            let (begin, tokens) = match piece {
                Piece::Text(text) => {
                    list.push(Node::Text(text));
                    continue;
                }
                Piece::Comment(text) => {
                    list.push(Node::Comment(text));
                    continue;
                }
                Piece::Action(begin, tokens) => (begin, tokens),
            };
            let mut tokens = Tokens { begin, tokens: tokens.into() };
            let word = match tokens.tokens.front() {
                Some(Placed { token: Token::Name(name), .. }) => name.clone(),
                _ => String::new(),
            };
            match word.as_str() {
                "end" | "else" if !inside => {
                    return trouble(begin, format!("{{{{{word}}}}} without a block that it belongs to"));
                }
                "end" => {
                    tokens.skip();
                    tokens.finish()?;
                    return Ok((list, Ender::End));
                }
                "else" => {
                    tokens.skip();
                    return Ok((list, Ender::Else(begin, tokens)));
                }
                "define" if inside => {
                    return trouble(
                        begin,
                        "{{define}} stands inside of another block: move it out, Go wants it at the top",
                    );
                }
                "define" => self.define(tokens)?,
                _ => list.push(self.node(&word, tokens)?),
            }
        }
        match self.open.last() {
            Some(open) if inside => trouble(*open, "the block has no {{end}}"),
            _ => Ok((list, Ender::Nothing)),
        }
    }

    fn node(&mut self, word: &str, mut tokens: Tokens) -> Result<Node, Trouble> {
        let at = tokens.begin;
        let word = match word {
            "if" => Word::If,
            "with" => Word::With,
            "range" => Word::Range,
            "block" => return self.block_define(tokens),
            "template" => {
                tokens.skip();
                let name = tokens.name_of_template()?;
                let argument = self.argument(&mut tokens)?;
                return Ok(Node::Template { at, name, argument });
            }
            "break" | "continue" if tokens.tokens.len() == 1 => {
                if self.loops == 0 {
                    return trouble(at, format!("{{{{{word}}}}} outside of {{{{range}}}}"));
                }
                return Ok(if word == "break" { Node::Break(at) } else { Node::Continue(at) });
            }
            _ => {
                let pipe = self.pipe(&mut tokens, false, 0)?;
                tokens.finish()?;
                return Ok(Node::Action(at, pipe));
            }
        };
        tokens.skip();
        self.block(word, at, tokens).map(Node::Block)
    }

    fn block(&mut self, word: Word, at: At, mut tokens: Tokens) -> Result<Block, Trouble> {
        if self.open.len() >= MAX_DEPTH {
            return trouble(at, format!("blocks nest deeper than {MAX_DEPTH}"));
        }
        let known = self.variables.len();
        let pipe = self.pipe(&mut tokens, word == Word::Range, 0)?;
        tokens.finish()?;
        self.open.push(at);
        self.loops += usize::from(word == Word::Range);
        let (body, ender) = self.list(true)?;
        self.loops -= usize::from(word == Word::Range);
        let mut block = Block { at, word, pipe, body, otherwise: List::new(), chained: false };
        if let Ender::Else(at, tokens) = ender {
            self.alternative(&mut block, at, tokens)?;
        }
        self.open.pop();
        self.variables.truncate(known);
        Ok(block)
    }

    /// `{{else}}…{{end}}`, or `{{else if}}…` with the same end.
    fn alternative(&mut self, block: &mut Block, at: At, mut tokens: Tokens) -> Result<(), Trouble> {
        let chained = match tokens.tokens.front().map(|placed| &placed.token) {
            Some(Token::Name(name)) if name == "if" && block.word != Word::Range => Word::If,
            Some(Token::Name(name)) if name == "with" && block.word == Word::With => Word::With,
            _ => {
                tokens.finish()?;
                let (otherwise, ender) = self.list(true)?;
                if let Ender::Else(at, _) = ender {
                    return trouble(at, "the block has an {{else}} already");
                }
                block.otherwise = otherwise;
                return Ok(());
            }
        };
        tokens.skip();
        block.chained = true;
        block.otherwise = vec![Node::Block(self.block(chained, at, tokens)?)];
        Ok(())
    }

    fn define(&mut self, mut tokens: Tokens) -> Result<(), Trouble> {
        let at = tokens.begin;
        tokens.skip();
        let name = tokens.name_of_template()?;
        tokens.finish()?;
        self.body(at, name)
    }

    /// `{{block "name" pipeline}}…{{end}}`: a definition and its call.
    fn block_define(&mut self, mut tokens: Tokens) -> Result<Node, Trouble> {
        let at = tokens.begin;
        tokens.skip();
        let name = tokens.name_of_template()?;
        let argument = self.argument(&mut tokens)?;
        if argument.is_none() {
            return trouble(at, "{{block}} wants a value after the name, as in {{block \"name\" .}}");
        }
        self.body(at, name.clone())?;
        Ok(Node::Template { at, name, argument })
    }

    /// What a definition says: it knows none of the variables around it.
    fn body(&mut self, at: At, name: String) -> Result<(), Trouble> {
        if self.open.len() >= MAX_DEPTH {
            return trouble(at, format!("blocks nest deeper than {MAX_DEPTH}"));
        }
        let variables = std::mem::replace(&mut self.variables, vec![String::new()]);
        let loops = std::mem::take(&mut self.loops);
        self.open.push(at);
        let (body, ender) = self.list(true)?;
        if let Ender::Else(at, _) = ender {
            return trouble(at, "{{else}} in a definition belongs to no block");
        }
        self.open.pop();
        self.variables = variables;
        self.loops = loops;
        self.defines.push(Define { at, name, body });
        Ok(())
    }

    /// The rest of an action as a pipeline, if there is any.
    fn argument(&mut self, tokens: &mut Tokens) -> Result<Option<Pipe>, Trouble> {
        if tokens.tokens.is_empty() {
            return Ok(None);
        }
        let pipe = self.pipe(tokens, false, 0)?;
        tokens.finish()?;
        Ok(Some(pipe))
    }

    fn pipe(&mut self, tokens: &mut Tokens, in_range: bool, depth: usize) -> Result<Pipe, Trouble> {
        let at = tokens.place();
        if depth > MAX_DEPTH {
            return trouble(at, format!("parentheses nest deeper than {MAX_DEPTH}"));
        }
        let mut pipe = Pipe { at, variables: Vec::new(), declares: false, commands: Vec::new() };
        tokens.variables(&mut pipe, in_range)?;
        loop {
            pipe.commands.push(self.command(tokens, depth)?);
            if !tokens.take_sign('|') {
                break;
            }
            let next = tokens.tokens.front();
            if next.is_none_or(|next| matches!(next.token, Token::Text(_) | Token::Number(_) | Token::Dot)) {
                return trouble(tokens.place(), "what follows a | must be a function or a method");
            }
        }
        // What a pipeline declares is known behind it only.
        if pipe.declares {
            self.variables.extend(pipe.variables.iter().cloned());
        } else if let Some(unknown) = pipe.variables.iter().find(|name| !self.variables.contains(name)) {
            return trouble(at, format!("the variable ${unknown} is not declared: write ${unknown} := …"));
        }
        Ok(pipe)
    }

    fn command(&mut self, tokens: &mut Tokens, depth: usize) -> Result<Command, Trouble> {
        let head = self.operand(tokens, depth)?;
        let mut arguments = Vec::new();
        while tokens.tokens.front().is_some_and(|next| !matches!(next.token, Token::Sign('|' | ')'))) {
            if !tokens.tokens.front().is_some_and(|next| next.spaced) {
                return trouble(tokens.place(), "arguments are separated by spaces");
            }
            arguments.push(self.operand(tokens, depth)?);
        }
        Ok(Command { head, arguments })
    }

    fn operand(&mut self, tokens: &mut Tokens, depth: usize) -> Result<Operand, Trouble> {
        let Some(Placed { at, token, .. }) = tokens.tokens.pop_front() else {
            return trouble(tokens.begin, "a value is missing");
        };
        let mut fields = Vec::new();
        let base = match token {
            Token::Dot => Base::Dot,
            Token::Field(name) => {
                fields.push(name);
                Base::Dot
            }
            Token::Variable(name) if self.variables.contains(&name) => Base::Variable(name),
            Token::Variable(name) => return trouble(at, format!("the variable ${name} is not declared")),
            Token::Text(text) => Base::Text(text),
            Token::Number(Number::Whole(whole)) => Base::Whole(whole),
            Token::Number(Number::Float(float)) => Base::Float(float),
            Token::Name(name) => match name.as_str() {
                "true" | "false" => Base::Bool(name == "true"),
                "nil" => Base::Nil,
                _ => Base::Function(name),
            },
            Token::Sign('(') => {
                let pipe = self.pipe(tokens, false, depth + 1)?;
                if !tokens.take_sign(')') {
                    return trouble(at, "the parenthesis is not closed");
                }
                Base::Pipe(Box::new(pipe))
            }
            Token::Sign(sign) => return trouble(at, format!("{sign:?} is not expected here")),
            Token::Declare | Token::Assign => return trouble(at, "only variables are set: $name := value"),
        };
        while let Some(Placed { spaced: false, token: Token::Field(name), .. }) = tokens.tokens.front() {
            if !matches!(base, Base::Dot | Base::Variable(_) | Base::Function(_) | Base::Pipe(_))
                || (base == Base::Dot && fields.is_empty())
            {
                return trouble(tokens.place(), format!(".{name} follows something that has no fields"));
            }
            fields.push(name.clone());
            tokens.skip();
        }
        Ok(Operand { at, base, fields })
    }
}

// === impl Tokens ===

impl Tokens {
    fn skip(&mut self) {
        self.tokens.pop_front();
    }

    /// Where the next token stands.
    fn place(&self) -> At {
        self.tokens.front().map_or(self.begin, |placed| placed.at)
    }

    /// Nothing may be left.
    fn finish(&self) -> Result<(), Trouble> {
        match self.tokens.front() {
            None => Ok(()),
            Some(Placed { at, .. }) => trouble(*at, "something stands here that does not belong to the action"),
        }
    }

    fn take_sign(&mut self, sign: char) -> bool {
        let found = self.tokens.front().is_some_and(|placed| placed.token == Token::Sign(sign));
        if found {
            self.skip();
        }
        found
    }

    fn name_of_template(&mut self) -> Result<String, Trouble> {
        let at = self.place();
        match self.tokens.pop_front() {
            Some(Placed { token: Token::Text(name), .. }) => Ok(name),
            _ => trouble(at, "the name of a template is a text in quotes"),
        }
    }

    /// Takes `$a :=`, `$a =`, or `$i, $a :=` in a range.
    fn variables(&mut self, pipe: &mut Pipe, in_range: bool) -> Result<(), Trouble> {
        let token = |index: usize| self.tokens.get(index).map(|placed| &placed.token);
        let (names, sets) = match (token(0), token(1), token(2)) {
            (Some(Token::Variable(name)), Some(Token::Declare | Token::Assign), _) => (vec![name.clone()], 1),
            (Some(Token::Variable(first)), Some(Token::Sign(',')), Some(Token::Variable(second))) => {
                (vec![first.clone(), second.clone()], 3)
            }
            _ => return Ok(()),
        };
        if names.len() == 2 && !in_range {
            return trouble(self.place(), "only {{range}} sets two variables");
        }
        pipe.declares = match token(sets) {
            Some(Token::Declare) => true,
            Some(Token::Assign) => false,
            _ => return trouble(self.place(), "expected := after the variables"),
        };
        self.tokens.drain(..=sets);
        pipe.variables = names;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
