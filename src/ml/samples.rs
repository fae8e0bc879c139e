//! The sample data and the hyperparameters that go with it: what the sample workspace and the demo train. Nothing of a result is written
//! down here; other data gives other numbers.

use super::text::{Tokeniser, Vocabulary, write_csv, write_libsvm};
use super::{Dataset, Dense, Matrix};
pub use crate::domain::algorithm::recommended::{boston_linear, boston_xgboost, reviews_linear, reviews_xgboost};
use crate::domain::training_job::ChannelFormat;
use crate::util::seed::Rng;

/// 506 districts of Boston, 13 features and the median value of homes (medv, 1,000 USD). Distributed with scikit-learn until 1.1 (BSD-3),
/// which removed it because its column `b` treats the share of Black residents as a price factor.
const BOSTON: &str = include_str!("../../assets/boston_housing.csv");
/// 8,530 one-sentence film reviews, 1 is positive (Pang & Lee, sentence polarity v1.0, CC BY 4.0).
const REVIEWS: &str = include_str!("../../assets/reviews_rt.csv");
/// Words that have a column in the reviews' rows.
pub const VOCABULARY: usize = 5_000;
/// The seed of the split; rows of a file are often sorted.
const SPLIT_SEED: u64 = 2_026;

/// A data set in three parts: a third is held out, of the rest one part in five watches the training.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// How [`Self::train_text`] and the others are written.
    pub format: ChannelFormat,
    /// Rows to learn from.
    pub train: Dataset,
    /// Rows to stop by.
    pub validation: Dataset,
    /// Held out: rows to measure on.
    pub test: Dataset,
    /// The words of the columns, for bag-of-words rows; else empty.
    pub vocabulary: Vec<String>,
}

impl Sample {
    /// A part as the file that goes into a bucket.
    pub fn text(&self, part: &Dataset) -> String {
        // The samples are text: what is not the one is the other.
        if self.format == ChannelFormat::Csv { write_csv(part) } else { write_libsvm(part) }
    }
}

/// The Boston data: dense, a regression.
pub fn boston() -> Sample {
    // The label is the last column of the file.
    let rows: Vec<Vec<f32>> = BOSTON
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|cell| cell.trim().parse().unwrap_or(f32::NAN)).collect())
        .collect();
    let cols = rows.first().map_or(0, |row| row.len().saturating_sub(1));
    let labels = rows.iter().filter_map(|row| row.last().copied()).collect();
    let values = rows.iter().flat_map(|row| row.iter().take(cols).copied()).collect();
    let all = Dataset { features: Matrix::Dense(Dense { rows: rows.len(), cols, values }), labels };
    let [train, validation, test] = split(all.rows()).map(|part| all.select_rows(&part));
    Sample { format: ChannelFormat::Csv, train, validation, test, vocabulary: Vec::new() }
}

/// The film reviews: bag-of-words rows of the most frequent words of the training part, two classes.
pub fn reviews() -> Sample {
    let rows = review_texts();
    let tokeniser = Tokeniser::english();
    let parts = split(rows.len());
    let vocabulary = Vocabulary::fit(&tokeniser, parts[0].iter().map(|row| rows[*row].1.as_str()), VOCABULARY);
    let [train, validation, test] =
        parts.map(|part| vocabulary.dataset(&tokeniser, part.iter().map(|row| (rows[*row].0, rows[*row].1.as_str()))));
    Sample { format: ChannelFormat::Libsvm, train, validation, test, vocabulary: vocabulary.words().to_vec() }
}

/// Labels (0 or 1) and sentences of the film reviews, in the order of the file.
pub fn review_texts() -> Vec<(f32, String)> {
    let mut reader = csv::Reader::from_reader(REVIEWS.as_bytes());
    reader
        .records()
        .filter_map(Result::ok)
        .filter_map(|record| Some((record.get(0)?.trim().parse().ok()?, record.get(1)?.to_owned())))
        .collect()
}

/// The same sentences in the parts of [`reviews`]: train, validation, test.
pub fn review_text_parts() -> [Vec<(f32, String)>; 3] {
    let rows = review_texts();
    split(rows.len()).map(|part| part.into_iter().map(|row| rows[row].clone()).collect())
}

/// Train, validation and test rows.
fn split(rows: usize) -> [Vec<usize>; 3] {
    let mut order: Vec<usize> = (0..rows).collect();
    Rng::new(SPLIT_SEED).shuffle(&mut order);
    let test = order.split_off(rows - rows / 3);
    let validation = order.split_off(order.len() - order.len() / 5);
    [order, validation, test]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::algorithm::Algorithm;

    #[test]
    fn the_parts_are_whole_and_disjoint() {
        let [train, validation, test] = split(506);
        assert_eq!((train.len(), validation.len(), test.len()), (271, 67, 168));
        let mut all = [train, validation, test].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..506));
        let boston = boston();
        assert_eq!((boston.train.rows(), boston.train.features.cols()), (271, 13));
        assert!(boston.train.labels.iter().all(|label| (5.0..=50.0).contains(label)));
        assert_eq!(review_texts().len(), 8_530);
    }

    #[test]
    fn a_part_written_and_read_again_is_the_same() {
        let boston = boston();
        let text = boston.text(&boston.test);
        assert_eq!(crate::ml::read::read_csv("test.csv", text.as_bytes(), true).unwrap(), boston.test);
    }

    #[test]
    fn the_hyperparameters_are_valid() {
        for (algorithm, given) in [
            (Algorithm::XGBoost, boston_xgboost()),
            (Algorithm::XGBoost, reviews_xgboost()),
            (Algorithm::LinearLearner, boston_linear()),
            (Algorithm::LinearLearner, reviews_linear()),
        ] {
            assert_eq!(algorithm.validate(&given), Vec::new());
        }
    }
}
