//! Working memory, which all layers have in turn, and how much they need of it.

use super::parallel::Team;
use super::tensor::Aligned;

/// The threads that compute, and their working memory: it grows to the largest layer's need and stays.
pub struct Scratch {
    pub(super) team: Team,
    /// What all threads read: rows of activations, the left side of the matrix product, or the vector.
    pub(super) panel: Aligned<i16>,
    /// One for each thread.
    pub(super) locals: Vec<Local>,
}

/// Working memory of one thread.
#[derive(Clone, Default)]
pub(super) struct Local {
    /// As [`Scratch::panel`], where every thread computes other rows.
    pub panel: Aligned<i16>,
    /// Sums before their epilogue; squares in LRN.
    pub sums: Aligned<i32>,
    /// Winograd's transformed weights, where they are made when needed.
    pub weights: Aligned<i16>,
}

impl Scratch {
    pub fn new(team: Team) -> Self {
        Scratch { team, panel: Aligned::default(), locals: vec![Local::default(); team.threads()] }
    }

    pub fn set_team(&mut self, team: Team) {
        self.team = team;
        self.locals.resize(team.threads(), Local::default());
    }

    pub fn bytes(&self) -> usize {
        let local = |local: &Local| local.panel.bytes() + local.sums.bytes() + local.weights.bytes();
        self.panel.bytes() + self.locals.iter().map(local).sum::<usize>()
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch::new(Team::ALONE)
    }
}

/// Bytes that a layer takes while it is there and, when it runs, of the working memory that all layers have in turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Packed weights.
    pub weights: u64,
    /// Working memory that threads share.
    pub shared: u64,
    /// Working memory of each thread.
    pub each: u64,
}

impl Bytes {
    /// The larger in each.
    #[must_use]
    pub fn or(self, other: Bytes) -> Bytes {
        Bytes {
            weights: self.weights.max(other.weights),
            shared: self.shared.max(other.shared),
            each: self.each.max(other.each),
        }
    }
}
