//! Exhaustive search of a state machine.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::hash::Hash;

/// A state machine with finitely many states.
pub trait Machine {
    /// A state of all actors and the network.
    type State: Clone + Eq + Hash;

    /// Returns the state before anything happened.
    fn start(&self) -> Self::State;
    /// Returns everything that can happen next, with a name for each.
    fn steps(&self, state: &Self::State) -> Vec<(&'static str, Self::State)>;
    /// Tells whether both sides are active under one key.
    fn is_done(&self, state: &Self::State) -> bool;
    /// Tells whether a side still holds the code's secret.
    fn holds_setup_secret(&self, state: &Self::State) -> bool;
    /// Tells whether the machine stops here because it counts no further, so that the state says nothing.
    fn is_at_bound(&self, state: &Self::State) -> bool;
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many states of which kind.
    pub counts: Counts,
    /// The done ones in which a side still holds the code's secret.
    pub done_with_setup_secret: usize,
    /// The shortest way to a stranded state.
    pub shortest_stranding: Option<Vec<&'static str>>,
}

/// How many states there are, and of which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Those that can be reached.
    pub states: usize,
    /// Those in which both sides are active under one key.
    pub done: usize,
    /// Those from which none of these can be reached.
    pub stranded: usize,
}

impl Counts {
    pub(crate) const fn new([states, done, stranded]: [usize; 3]) -> Self {
        Self { states, done, stranded }
    }
}

/// Visits every state.
pub fn explore<M: Machine>(machine: &M) -> Verdict {
    let graph = Graph::reach(machine);
    let done: Vec<usize> = graph.select(|state| machine.is_done(state));
    let escaping = graph.leading_to(&done);
    // States are numbered in order of their distance from the start.
    let stranded = graph.select(|state| !machine.is_at_bound(state));
    let stranded: Vec<usize> = stranded.into_iter().filter(|index| !escaping[*index]).collect();
    Verdict {
        counts: Counts { states: graph.states.len(), done: done.len(), stranded: stranded.len() },
        done_with_setup_secret: done.iter().filter(|index| machine.holds_setup_secret(&graph.states[**index])).count(),
        shortest_stranding: stranded.first().map(|index| graph.way_to(*index)),
    }
}

/// Every state, the step that first led to it, and what leads to it.
struct Graph<S> {
    states: Vec<S>,
    reached: Vec<Option<(usize, &'static str)>>,
    before: Vec<Vec<usize>>,
}

impl<S: Clone + Eq + Hash> Graph<S> {
    fn reach<M: Machine<State = S>>(machine: &M) -> Self {
        let start = machine.start();
        let mut numbers = HashMap::from([(start.clone(), 0)]);
        let mut graph = Self { states: vec![start], reached: vec![None], before: vec![Vec::new()] };
        let mut next = 0;
        while next < graph.states.len() {
            for (step, state) in machine.steps(&graph.states[next]) {
                let number = *numbers.entry(state).or_insert_with_key(|state| {
                    graph.states.push(state.clone());
                    graph.reached.push(Some((next, step)));
                    graph.before.push(Vec::new());
                    graph.states.len() - 1
                });
                graph.before[number].push(next);
            }
            next += 1;
        }
        graph
    }

    fn select(&self, wanted: impl Fn(&S) -> bool) -> Vec<usize> {
        self.states.iter().enumerate().filter(|(_, state)| wanted(state)).map(|(index, _)| index).collect()
    }

    fn leading_to(&self, goals: &[usize]) -> Vec<bool> {
        let mut leading = vec![false; self.states.len()];
        let mut open = VecDeque::new();
        for goal in goals {
            leading[*goal] = true;
            open.push_back(*goal);
        }
        while let Some(state) = open.pop_front() {
            for before in &self.before[state] {
                if !leading[*before] {
                    leading[*before] = true;
                    open.push_back(*before);
                }
            }
        }
        leading
    }

    fn way_to(&self, mut state: usize) -> Vec<&'static str> {
        let mut way = Vec::new();
        while let Some((before, step)) = self.reached[state] {
            way.push(step);
            state = before;
        }
        way.reverse();
        way
    }
}
