//! A forest as flat arrays, walked several rows (or several trees) at a time.
//!
//! One step of a walk waits for two loads and a comparison; walking [`LANES`] rows side by side lets the processor overlap those waits, and
//! taking a block of rows through one tree after another keeps the tree and the rows in the first-level cache. Sums run tree after tree in
//! `f32`, base score first, as XGBoost's own predictor adds them, so the answers agree to the last bit.

use std::cell::RefCell;

use super::objective::{Link, Objective, argmax};
use crate::domain::training_job::ChannelFormat;
use crate::ml::{Matrix, Row, Task};

/// Rows (or trees) that are walked side by side.
const LANES: usize = 8;
/// Most rows in a block; fewer where the rows are wide.
const BLOCK_ROWS: usize = 64;
/// Bytes that the rows of a block may take: half a first-level cache.
const BLOCK_BYTES: usize = 16 << 10;
/// Levels after which a walk looks whether every lane has arrived; balanced trees are done by then.
const PATIENCE: usize = 8;

/// A split goes to `left`, or to the node behind it. A leaf compares the slot that is always 0 with infinity and so goes to itself: a walk may
/// take a step too many, and no step asks whether it stands on a leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    /// What the value is compared with.
    threshold: f32,
    /// Position in the forest.
    left: u32,
    /// Column among the columns that the forest looks at, counted from 1.
    slot: u32,
    /// A leaf's value.
    value: f32,
}

/// The slot that holds 0 in every row.
const ZERO: u32 = 0;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Tree {
    root: u32,
    depth: u32,
    group: u32,
}

/// One node of a tree as a file holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Branch {
    Leaf(f32),
    Split { feature: u32, threshold: f32, default_left: bool, left: usize, right: usize },
}

/// Gradient boosted trees that can answer.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeModel {
    nodes: Vec<Node>,
    /// Whether a missing value goes left, one a node; looked at only where something is missing.
    default_left: Vec<bool>,
    trees: Vec<Tree>,
    /// Margin before the first tree, one a group.
    bases: Vec<f32>,
    objective: Objective,
    features: usize,
    /// The columns that the forest looks at, rising.
    used: Vec<u32>,
    /// For every column up to the last used one its slot, or [`ZERO`].
    slot_of: Vec<u32>,
    trained_on: Option<ChannelFormat>,
}

thread_local! {
    /// Rows of the block at hand; kept so that a request allocates nothing.
    static BLOCK: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

impl TreeModel {
    /// A forest without trees: it answers its base scores.
    pub(super) fn new(features: usize, objective: Objective, bases: Vec<f32>) -> Self {
        Self {
            nodes: Vec::new(),
            default_left: Vec::new(),
            trees: Vec::new(),
            bases,
            objective,
            features,
            used: Vec::new(),
            slot_of: Vec::new(),
            trained_on: None,
        }
    }

    /// Adds a tree. Its nodes are renumbered level by level, so that brothers are neighbours. Slots hold columns until [`Self::finish`].
    pub(super) fn push(&mut self, group: u32, branches: &[Branch], weight: f32) -> Result<(), String> {
        let start = self.nodes.len();
        let mut level = vec![0_usize];
        let mut depth = 0_u32;
        let mut count = 1_usize;
        while !level.is_empty() {
            let mut next = Vec::new();
            for &at in &level {
                let branch = branches.get(at).ok_or_else(|| format!("names node {at}, which is not there"))?;
                let here = self.nodes.len() as u32;
                match *branch {
                    Branch::Leaf(value) => {
                        let value = value * weight;
                        self.nodes.push(Node { threshold: f32::INFINITY, left: here, slot: ZERO, value });
                        self.default_left.push(true);
                    }
                    Branch::Split { feature, threshold, default_left, left, right } => {
                        if feature as usize >= self.features {
                            return Err(format!("splits on feature {feature}, but the model has {}", self.features));
                        }
                        let first = (start + count) as u32;
                        // Columns are counted from 1 until `finish` knows the slots: 0 is the leaves'.
                        self.nodes.push(Node { threshold, left: first, slot: feature + 1, value: 0.0 });
                        self.default_left.push(default_left);
                        next.extend([left, right]);
                        count += 2;
                        // Each node has one parent, so more nodes than the file holds means a loop.
                        if count > branches.len() {
                            return Err("has a node with two parents".to_owned());
                        }
                    }
                }
            }
            depth += u32::from(!next.is_empty());
            level = next;
        }
        if u32::try_from(self.nodes.len()).is_err() {
            return Err("makes the model larger than 4 billion nodes".to_owned());
        }
        self.trees.push(Tree { root: start as u32, depth, group });
        Ok(())
    }

    /// Replaces columns by their place among the used ones.
    pub(super) fn finish(mut self) -> Self {
        let mut used: Vec<u32> = self.nodes.iter().filter(|n| n.slot != ZERO).map(|n| n.slot - 1).collect();
        used.sort_unstable();
        used.dedup();
        self.slot_of = vec![ZERO; used.last().map_or(0, |last| *last as usize + 1)];
        for (slot, feature) in used.iter().enumerate() {
            self.slot_of[*feature as usize] = slot as u32 + 1;
        }
        for node in self.nodes.iter_mut().filter(|node| node.slot != ZERO) {
            node.slot = self.slot_of[node.slot as usize - 1];
        }
        self.used = used;
        self
    }

    /// The same model with a memory of how its rows were written.
    #[must_use]
    pub fn with_trained_on(mut self, format: Option<ChannelFormat>) -> Self {
        self.trained_on = format;
        self
    }

    /// Columns of a row.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Trees, all groups together.
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// What it answers.
    pub fn task(&self) -> Task {
        self.objective.task
    }

    /// How the rows that it was trained on were written.
    pub fn trained_on(&self) -> Option<ChannelFormat> {
        self.trained_on
    }

    /// Numbers in an answer.
    pub fn outputs_per_row(&self) -> usize {
        if self.objective.link == Link::Argmax { 1 } else { self.bases.len() }
    }

    /// See [`crate::ml::Model::threshold`].
    pub fn threshold(&self) -> Option<f32> {
        let raw = self.objective.link == Link::Identity;
        (self.objective.task == Task::Binary).then_some(if raw { 0.0 } else { 0.5 })
    }

    /// See [`crate::ml::Model::predicted_label`].
    pub fn predicted_label(&self, outputs: &[f32]) -> Option<u32> {
        match (self.objective.task, outputs) {
            (Task::Binary, [score, ..]) => self.threshold().map(|threshold| u32::from(*score > threshold)),
            (Task::Multiclass(_), [class]) => Some(*class as u32),
            (Task::Multiclass(_), [_, ..]) => Some(argmax(outputs) as u32),
            _ => None,
        }
    }

    /// See [`crate::ml::Model::predict`].
    pub fn predict(&self, rows: &Matrix, out: &mut Vec<f32>) {
        let width = self.used.len() + 1;
        let block_rows = (BLOCK_BYTES / 4 / width).clamp(LANES, BLOCK_ROWS) / LANES * LANES;
        let groups = self.bases.len();
        out.clear();
        out.reserve(rows.rows() * groups);
        BLOCK.with_borrow_mut(|block| {
            let mut start = 0;
            while start < rows.rows() {
                let left = rows.rows() - start;
                // Whole lanes only; the last few rows go one by one, eight trees at a time.
                let count = if left < LANES { 1 } else { block_rows.min(left) / LANES * LANES };
                block.clear();
                block.resize(count * width, self.absent_sparse());
                let mut missing = false;
                // Rows stand side by side, LANES at a time: the values of a slot are neighbours.
                let side = if count == 1 { 1 } else { LANES };
                for i in 0..count {
                    let slots = &mut block[i / side * side * width + i % side..];
                    missing |= match rows.row(start + i) {
                        Row::Dense(values) => self.fill_dense(values, slots, side),
                        Row::Sparse(indices, values) => self.fill_sparse(indices, values, slots, side),
                    };
                }
                for _ in 0..count {
                    out.extend_from_slice(&self.bases);
                }
                let margins = &mut out[start * groups..];
                match (count, missing) {
                    (1, true) => self.add_row::<true>(block, margins),
                    (1, false) => self.add_row::<false>(block, margins),
                    (_, true) => self.add_block::<true>(block, width, margins),
                    (_, false) => self.add_block::<false>(block, width, margins),
                }
                start += count;
            }
        });
        self.objective.transform(out, groups);
    }

    /// See [`crate::ml::Model::predict_row`].
    pub fn predict_row(&self, row: &[f32], out: &mut Vec<f32>) {
        let width = self.used.len() + 1;
        out.clear();
        out.extend_from_slice(&self.bases);
        BLOCK.with_borrow_mut(|block| {
            block.clear();
            block.resize(width, f32::NAN);
            if self.fill_dense(row, block, 1) {
                self.add_row::<true>(block, out);
            } else {
                self.add_row::<false>(block, out);
            }
        });
        self.objective.transform(out, self.bases.len());
    }

    /// What a column means that a sparse row leaves out: 0 for a model that never saw a sparse row, else missing.
    fn absent_sparse(&self) -> f32 {
        if self.trained_on == Some(ChannelFormat::Csv) { 0.0 } else { f32::NAN }
    }

    /// Puts the used columns of a dense row into their slots, `side` apart; whether any is missing. A model that was trained on sparse rows
    /// never saw a zero written out: for it a zero is absent.
    fn fill_dense(&self, values: &[f32], slots: &mut [f32], side: usize) -> bool {
        let zero_is_absent = self.trained_on == Some(ChannelFormat::Libsvm);
        let mut missing = false;
        slots[ZERO as usize] = 0.0;
        for (slot, feature) in slots.iter_mut().step_by(side).skip(1).zip(&self.used) {
            let value = values.get(*feature as usize).copied().unwrap_or(f32::NAN);
            *slot = if zero_is_absent && value == 0.0 { f32::NAN } else { value };
            missing |= slot.is_nan();
        }
        missing
    }

    /// Puts the used columns of a sparse row into their slots, which hold the absent value; whether any may be missing.
    fn fill_sparse(&self, indices: &[u32], values: &[f32], slots: &mut [f32], side: usize) -> bool {
        slots[ZERO as usize] = 0.0;
        let mut filled = 0;
        let mut missing = false;
        for (index, value) in indices.iter().zip(values) {
            let slot = self.slot_of.get(*index as usize).copied().unwrap_or(ZERO);
            if slot != ZERO {
                slots[slot as usize * side] = *value;
                filled += 1;
                missing |= value.is_nan();
            }
        }
        missing || (filled < self.used.len() && self.absent_sparse().is_nan())
    }

    /// Adds every tree to the margins of a block of rows.
    fn add_block<const MISSING: bool>(&self, block: &[f32], width: usize, margins: &mut [f32]) {
        let groups = self.bases.len();
        let (slots, _) = block.as_chunks::<LANES>();
        for tree in &self.trees {
            let margins = margins.get_mut(tree.group as usize..).unwrap_or_default();
            for (slots, margins) in slots.chunks_exact(width).zip(margins.chunks_mut(groups * LANES)) {
                let at = self.walk::<MISSING>([tree.root; LANES], tree.depth, |slot, lane| slots[slot][lane]);
                // The stride is known to be 1 most of the time, and then this is eight plain additions.
                if groups == 1 {
                    margins.iter_mut().zip(at).for_each(|(margin, at)| *margin += self.nodes[at as usize].value);
                } else {
                    let strided = margins.iter_mut().step_by(groups).zip(at);
                    strided.for_each(|(margin, at)| *margin += self.nodes[at as usize].value);
                }
            }
        }
    }

    /// Adds every tree to the margins of one row, several trees side by side.
    fn add_row<const MISSING: bool>(&self, row: &[f32], margins: &mut [f32]) {
        let (eights, rest) = self.trees.as_chunks::<LANES>();
        for trees in eights {
            let depth = trees.iter().map(|tree| tree.depth).max().unwrap_or(0);
            let at = self.walk::<MISSING>(trees.map(|tree| tree.root), depth, |slot, _| row[slot]);
            for (tree, at) in trees.iter().zip(at) {
                margins[tree.group as usize] += self.nodes[at as usize].value;
            }
        }
        for tree in rest {
            let mut at = tree.root;
            for _ in 0..tree.depth {
                at = self.step::<MISSING>(at, |slot| row[slot]);
            }
            margins[tree.group as usize] += self.nodes[at as usize].value;
        }
    }

    /// Takes every lane from its root to a leaf; `value` gives the value of a slot for a lane.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the closure must dissolve into the caller's loop")]
    fn walk<const MISSING: bool>(
        &self,
        mut at: [u32; LANES],
        depth: u32,
        value: impl Fn(usize, usize) -> f32,
    ) -> [u32; LANES] {
        for level in 0..depth as usize {
            for (lane, at) in at.iter_mut().enumerate() {
                *at = self.step::<MISSING>(*at, |slot| value(slot, lane));
            }
            if level >= PATIENCE && at.iter().all(|at| self.nodes[*at as usize].slot == ZERO) {
                break;
            }
        }
        at
    }

    /// The next node: left where `value < threshold`, by the default where it is missing; a leaf stays.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a call a step costs more than the step")]
    #[allow(clippy::needless_bitwise_bool, reason = "a branch here would be mispredicted")]
    fn step<const MISSING: bool>(&self, at: u32, value: impl Fn(usize) -> f32) -> u32 {
        let node = &self.nodes[at as usize];
        let value = value(node.slot as usize);
        let mut left = value < node.threshold;
        if MISSING {
            left |= value.is_nan() & self.default_left[at as usize];
        }
        node.left + u32::from(!left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::{Csr, Dense};

    fn split(feature: u32, threshold: f32, default_left: bool, left: usize, right: usize) -> Branch {
        Branch::Split { feature, threshold, default_left, left, right }
    }

    fn model() -> TreeModel {
        let objective = Objective::from_name("reg:squarederror", 0).unwrap();
        let mut model = TreeModel::new(10, objective, vec![0.5]);
        // x7 < 2 ? (x3 < 0 ? 1 : 2) : 4; x7 missing goes right, x3 missing goes left.
        let tree = [
            split(7, 2.0, false, 4, 1),
            Branch::Leaf(4.0),
            Branch::Leaf(2.0),
            Branch::Leaf(1.0),
            split(3, 0.0, true, 3, 2),
        ];
        model.push(0, &tree, 1.0).unwrap();
        model.push(0, &[Branch::Leaf(10.0)], 0.5).unwrap();
        model.finish()
    }

    fn row(x3: f32, x7: f32) -> Vec<f32> {
        let mut row = vec![0.0; 10];
        (row[3], row[7]) = (x3, x7);
        row
    }

    fn one(model: &TreeModel, row: &[f32]) -> f32 {
        let (mut single, mut batch) = (Vec::new(), Vec::new());
        model.predict_row(row, &mut single);
        model.predict(&Matrix::Dense(Dense::new(1, row.len(), row.to_vec()).unwrap()), &mut batch);
        assert_eq!(single, batch);
        single[0]
    }

    #[test]
    fn less_goes_left_and_missing_goes_its_own_way() {
        let model = model();
        assert_eq!(one(&model, &row(-1.0, 1.0)), 6.5);
        assert_eq!(one(&model, &row(0.0, 1.0)), 7.5, "the threshold itself goes right");
        assert_eq!(one(&model, &row(0.0, 2.0)), 9.5);
        assert_eq!(one(&model, &row(0.0, f32::NAN)), 9.5);
        assert_eq!(one(&model, &row(f32::NAN, 1.0)), 6.5);
        assert_eq!(one(&model, &row(0.0, 1.0)[..5]), 9.5, "a column that is not there is missing");
    }

    #[test]
    fn a_row_means_the_same_in_either_format() {
        let sparse = |cells: &[(u32, f32)]| {
            let mut csr = Csr::new(10);
            csr.push_row(cells);
            Matrix::Sparse(csr)
        };
        let answer = |model: &TreeModel, rows: &Matrix| {
            let mut out = Vec::new();
            model.predict(rows, &mut out);
            out[0]
        };
        let imported = model();
        assert_eq!(answer(&imported, &sparse(&[])), 9.5, "absent is missing");
        assert_eq!(one(&imported, &row(0.0, 0.0)), 7.5, "zero is a value");
        let on_csv = model().with_trained_on(Some(ChannelFormat::Csv));
        assert_eq!(answer(&on_csv, &sparse(&[])), one(&on_csv, &row(0.0, 0.0)));
        assert_eq!(answer(&on_csv, &sparse(&[(3, -1.0)])), one(&on_csv, &row(-1.0, 0.0)));
        let on_libsvm = model().with_trained_on(Some(ChannelFormat::Libsvm));
        assert_eq!(answer(&on_libsvm, &sparse(&[])), one(&on_libsvm, &row(0.0, 0.0)));
        assert_eq!(answer(&on_libsvm, &sparse(&[(7, 1.0)])), one(&on_libsvm, &row(0.0, 1.0)));
    }

    #[test]
    fn trees_that_are_no_trees_are_refused() {
        let objective = Objective::from_name("reg:squarederror", 0).unwrap();
        let push = |branches: &[Branch]| TreeModel::new(2, objective, vec![0.0]).push(0, branches, 1.0).unwrap_err();
        assert!(push(&[split(0, 1.0, true, 0, 0)]).contains("two parents"));
        assert!(push(&[split(0, 1.0, true, 1, 9), Branch::Leaf(1.0), Branch::Leaf(1.0)]).contains("node 9"));
        assert!(push(&[split(2, 1.0, true, 1, 2), Branch::Leaf(1.0), Branch::Leaf(1.0)]).contains("feature 2"));
        assert!(push(&[]).contains("node 0"));
    }

    #[test]
    fn a_long_branch_is_walked_to_its_end() {
        let objective = Objective::from_name("reg:squarederror", 0).unwrap();
        let mut model = TreeModel::new(1, objective, vec![0.0]);
        let mut branches = Vec::new();
        for i in 0..40_usize {
            branches.push(split(0, i as f32, true, 2 * i + 1, 2 * i + 2));
            branches.push(Branch::Leaf(i as f32));
        }
        branches.push(Branch::Leaf(40.0));
        for _ in 0..9 {
            model.push(0, &branches, 1.0).unwrap();
        }
        let model = model.finish();
        for x in 0..=40_u8 {
            assert_eq!(one(&model, &[f32::from(x) - 0.5]), 9.0 * f32::from(x));
        }
    }
}
