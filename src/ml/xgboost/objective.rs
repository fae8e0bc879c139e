//! XGBoost's objectives, as far as prediction needs them: from the stored base score to a margin, from a margin to an answer.

use crate::ml::Task;

/// How the sum of the trees becomes an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// As it is.
    Identity,
    /// 1 / (1 + e⁻ˣ).
    Logistic,
    /// eˣ.
    Exp,
    /// 1 above 0, else 0.
    Step,
    /// A probability a class.
    Softmax,
    /// The most probable class.
    Argmax,
}

/// An objective that can be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objective {
    /// From margin to answer.
    pub link: Link,
    /// What is answered.
    pub task: Task,
}

impl Objective {
    /// The objective of a model file by its name; `classes` as the file says, 0 where it has none.
    pub fn from_name(name: &str, classes: u32) -> Option<Self> {
        let plain = |link, task| Some(Self { link, task });
        match name {
            "reg:squarederror"
            | "reg:linear"
            | "reg:squaredlogerror"
            | "reg:pseudohubererror"
            | "reg:absoluteerror"
            | "reg:quantileerror"
            | "reg:expectileerror"
            | "rank:pairwise"
            | "rank:ndcg"
            | "rank:map" => plain(Link::Identity, Task::Regression),
            "reg:logistic" => plain(Link::Logistic, Task::Regression),
            "binary:logistic" => plain(Link::Logistic, Task::Binary),
            // Its base score is a margin already, unlike that of binary:logistic.
            "binary:logitraw" => plain(Link::Identity, Task::Binary),
            "binary:hinge" => plain(Link::Step, Task::Binary),
            "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => {
                plain(Link::Exp, Task::Regression)
            }
            "multi:softmax" => plain(Link::Argmax, Task::Multiclass(classes)),
            "multi:softprob" => plain(Link::Softmax, Task::Multiclass(classes)),
            _ => None,
        }
    }

    /// The margin that a stored base score stands for (XGBoost's `ProbToMargin`), in `f32` as XGBoost computes it.
    pub fn margin(self, base_score: f32) -> f32 {
        match self.link {
            Link::Logistic => -(1.0 / base_score - 1.0).ln(),
            Link::Exp => base_score.ln(),
            _ => base_score,
        }
    }

    /// Whether a base score lies in the objective's domain.
    pub fn takes(self, base_score: f32) -> bool {
        match self.link {
            Link::Logistic => base_score > 0.0 && base_score < 1.0,
            Link::Exp => base_score > 0.0,
            _ => base_score.is_finite(),
        }
    }

    /// Turns the margins of some rows, `groups` a row, into answers, in place; `multi:softmax` leaves one answer a row.
    pub fn transform(self, margins: &mut Vec<f32>, groups: usize) {
        match self.link {
            Link::Identity => {}
            Link::Logistic => margins.iter_mut().for_each(|x| *x = sigmoid(*x)),
            Link::Exp => margins.iter_mut().for_each(|x| *x = x.exp()),
            Link::Step => margins.iter_mut().for_each(|x| *x = f32::from(u8::from(*x > 0.0))),
            Link::Softmax => margins.chunks_exact_mut(groups).for_each(softmax),
            Link::Argmax => {
                let rows = margins.len() / groups.max(1);
                for row in 0..rows {
                    margins[row] = argmax(&margins[row * groups..(row + 1) * groups]) as f32;
                }
                margins.truncate(rows);
            }
        }
    }
}

/// XGBoost's `common::Sigmoid`: the exponent is capped so that it cannot overflow.
fn sigmoid(x: f32) -> f32 {
    1.0 / ((-x).min(88.7).exp() + 1.0 + 1e-16)
}

/// XGBoost's `common::Softmax`: sums in double precision, divides in single.
fn softmax(row: &mut [f32]) {
    let most = row.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0_f64;
    for x in row.iter_mut() {
        *x = (*x - most).exp();
        sum += f64::from(*x);
    }
    for x in row.iter_mut() {
        *x /= sum as f32;
    }
}

/// The first of the largest.
pub fn argmax(row: &[f32]) -> usize {
    let mut best = 0;
    for (i, x) in row.iter().enumerate() {
        if *x > row[best] {
            best = i;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_scores_become_margins() {
        let margin = |name: &str, base| Objective::from_name(name, 0).unwrap().margin(base);
        assert_eq!(margin("binary:logistic", 0.5), 0.0);
        assert!((margin("binary:logistic", 0.9) - 9.0_f32.ln()).abs() < 1e-6);
        assert_eq!(margin("binary:logitraw", 0.9), 0.9);
        assert_eq!(margin("reg:squarederror", 0.5), 0.5);
        assert!((margin("count:poisson", 0.5) - 0.5_f32.ln()).abs() < 1e-6);
        assert_eq!(margin("multi:softprob", 0.5), 0.5);
    }

    #[test]
    fn margins_become_answers() {
        let answer = |name: &str, mut margins: Vec<f32>, groups| {
            Objective::from_name(name, 3).unwrap().transform(&mut margins, groups);
            margins
        };
        assert_eq!(answer("binary:logistic", vec![0.0, -1000.0], 1)[0], 0.5);
        assert!(answer("binary:logistic", vec![-1000.0], 1)[0] >= 0.0);
        assert_eq!(answer("binary:hinge", vec![0.1, 0.0], 1), [1.0, 0.0]);
        assert_eq!(answer("multi:softmax", vec![0.1, 0.3, 0.2, 2.0, 1.0, 0.0], 3), [1.0, 0.0]);
        let p = answer("multi:softprob", vec![1.0, 2.0, 3.0], 3);
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6 && p[2] > p[1]);
    }
}
