//! An expression as states that are all followed at once: a text of n characters takes at most n times the number of
//! states, whatever the expression.

use alloc::vec;
use alloc::vec::Vec;

use super::class::{Class, is_word};
use super::parse::{Assertion, Node, parse};
use crate::error::Error;

/// The most states of an expression, with every counted repetition written out.
const MAX_STATES: usize = 4000;
/// The most parts visited in writing them out: a group of nothing can be repeated without making a state.
const MAX_VISITS: usize = 4 * MAX_STATES;
/// How many states one unit of a schema's work pays for: following one costs little beside applying a schema.
const STATES_PER_UNIT: usize = 16;

#[derive(Clone)]
enum State {
    /// A character of the class at this index, then the next state.
    Class(usize),
    /// The condition, then the next state.
    Assertion(Assertion),
    /// Both of these states.
    Split(usize, usize),
    /// That state.
    Jump(usize),
    Matched,
}

/// A regular expression.
#[derive(Clone)]
pub(in super::super) struct Pattern {
    states: Vec<State>,
    classes: Vec<Class>,
}

impl Pattern {
    /// Reads a regular expression.
    ///
    /// # Errors
    /// `malformed`, `unsupported_format` for what no finite automaton matches, `too_large`.
    pub(in super::super) fn parse(pattern: &str) -> Result<Self, Error> {
        let (node, classes) = parse(pattern)?;
        let mut compiler = Compiler {
            states: Vec::new(),
            left: MAX_VISITS,
        };
        compiler.node(&node)?;
        compiler.push(State::Matched)?;
        Ok(Self {
            states: compiler.states,
            classes,
        })
    }

    /// How many states it has.
    pub(in super::super) fn size(&self) -> usize {
        self.states.len()
    }

    /// Whether a part of `text` matches (JSON Schema patterns are not anchored), paid from `left` units of work.
    ///
    /// # Errors
    /// `work_budget_exceeded`.
    pub(in super::super) fn is_match(&self, text: &str, left: &mut usize) -> Result<bool, Error> {
        let mut here = Set::new(self.states.len());
        let mut there = Set::new(self.states.len());
        let mut before = None;
        let mut rest = text.chars();
        // Making the sets costs, too.
        let mut owed = self.states.len() / 4;
        loop {
            let after = rest.clone().next();
            if self.follow(&mut here, 0, before, after) {
                return Ok(true);
            }
            owed += 1 + here.members.len();
            *left = left
                .checked_sub(owed / STATES_PER_UNIT)
                .ok_or(Error::WorkBudgetExceeded)?;
            owed %= STATES_PER_UNIT;
            let Some(c) = rest.next() else {
                return Ok(false);
            };
            there.clear();
            let ahead = rest.clone().next();
            for &state in &here.members {
                if let Some(State::Class(class)) = self.states.get(state)
                    && self
                        .classes
                        .get(*class)
                        .is_some_and(|class| class.contains(c))
                    && self.follow(&mut there, state + 1, Some(c), ahead)
                {
                    return Ok(true);
                }
            }
            core::mem::swap(&mut here, &mut there);
            before = Some(c);
        }
    }

    /// Adds a state and those that it leads to without a character, and tells whether one of them is the end.
    fn follow(
        &self,
        set: &mut Set,
        state: usize,
        before: Option<char>,
        after: Option<char>,
    ) -> bool {
        set.waiting.push(state);
        while let Some(state) = set.waiting.pop() {
            if !set.add(state) {
                continue;
            }
            match self.states.get(state) {
                Some(State::Matched) => {
                    set.waiting.clear();
                    return true;
                }
                Some(State::Split(one, other)) => set.waiting.extend([*other, *one]),
                Some(State::Jump(to)) => set.waiting.push(*to),
                Some(State::Assertion(assertion)) if holds(*assertion, before, after) => {
                    set.waiting.push(state + 1);
                }
                Some(State::Class(_) | State::Assertion(_)) | None => {}
            }
        }
        false
    }
}

fn holds(assertion: Assertion, before: Option<char>, after: Option<char>) -> bool {
    let boundary = is_word(before) != is_word(after);
    match assertion {
        Assertion::Start => before.is_none(),
        Assertion::End => after.is_none(),
        Assertion::WordBoundary => boundary,
        Assertion::NoWordBoundary => !boundary,
    }
}

/// States, each at most once.
struct Set {
    members: Vec<usize>,
    has: Vec<bool>,
    waiting: Vec<usize>,
}

impl Set {
    fn new(states: usize) -> Self {
        Self {
            members: Vec::new(),
            has: vec![false; states],
            waiting: Vec::new(),
        }
    }

    fn add(&mut self, state: usize) -> bool {
        match self.has.get_mut(state) {
            Some(has) if !*has => {
                *has = true;
                self.members.push(state);
                true
            }
            _ => false,
        }
    }

    fn clear(&mut self) {
        for &member in &self.members {
            if let Some(has) = self.has.get_mut(member) {
                *has = false;
            }
        }
        self.members.clear();
    }
}

struct Compiler {
    states: Vec<State>,
    left: usize,
}

impl Compiler {
    fn push(&mut self, state: State) -> Result<usize, Error> {
        let index = self.states.len();
        if index >= MAX_STATES {
            return Err(Error::too_large(
                "states of a regular expression",
                MAX_STATES,
            ));
        }
        self.states.push(state);
        Ok(index)
    }

    fn set(&mut self, index: usize, state: State) {
        if let Some(place) = self.states.get_mut(index) {
            *place = state;
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), Error> {
        self.left = self.left.checked_sub(1).ok_or(Error::too_large(
            "states of a regular expression",
            MAX_STATES,
        ))?;
        match node {
            Node::Class(class) => self.push(State::Class(*class)).map(drop),
            Node::Assertion(assertion) => self.push(State::Assertion(*assertion)).map(drop),
            Node::Sequence(nodes) => nodes.iter().try_for_each(|node| self.node(node)),
            Node::Alternatives(nodes) => self.alternatives(nodes),
            Node::Repeat { node, least, most } => {
                for _ in 0..*least {
                    self.node(node)?;
                }
                match most {
                    None => {
                        let split = self.push(State::Jump(0))?;
                        self.node(node)?;
                        let end = self.push(State::Jump(split))? + 1;
                        self.set(split, State::Split(split + 1, end));
                    }
                    Some(most) => {
                        let mut splits = Vec::new();
                        for _ in *least..*most {
                            splits.push(self.push(State::Jump(0))?);
                            self.node(node)?;
                        }
                        let end = self.states.len();
                        for split in splits {
                            self.set(split, State::Split(split + 1, end));
                        }
                    }
                }
                Ok(())
            }
        }
    }

    fn alternatives(&mut self, nodes: &[Node]) -> Result<(), Error> {
        let Some((last, others)) = nodes.split_last() else {
            return Ok(());
        };
        let mut jumps = Vec::new();
        for node in others {
            let split = self.push(State::Jump(0))?;
            self.node(node)?;
            let jump = self.push(State::Jump(0))?;
            jumps.push(jump);
            self.set(split, State::Split(split + 1, jump + 1));
        }
        self.node(last)?;
        let end = self.states.len();
        for jump in jumps {
            self.set(jump, State::Jump(end));
        }
        Ok(())
    }
}
