//! The sample workspace's objects: both built-in data sets, split and written as training jobs read them. Pure: the same bytes every time.
//!
//! Where they come from and under what licence is in `assets/SOURCES.md`.

use crate::ml::samples;

/// One object for the default bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleObject {
    /// Key, for example `boston/train.csv`.
    pub key: &'static str,
    /// MIME type.
    pub content_type: &'static str,
    /// Content.
    pub bytes: Vec<u8>,
}

/// Beside the Boston files, since they have no header.
const BOSTON_README: &str = "\
Boston housing: 506 districts around 1970, one row each. Regression: predict medv.

No header, the label first, as SageMaker's containers read CSV. Columns:
   0  medv     median value of owner-occupied homes, 1,000 USD (the label)
   1  crim     crimes per head and year
   2  zn       share of residential land zoned for lots over 25,000 sq.ft, percent
   3  indus    share of land for non-retail business, percent
   4  chas     1 where the district touches the Charles River, else 0
   5  nox      nitric oxides, parts per 10 million
   6  rm       rooms a dwelling, mean
   7  age      share of homes built before 1940, percent
   8  dis      weighted distance to five centres of employment
   9  rad      access to radial highways, index
  10  tax      property tax, USD per 10,000 USD
  11  ptratio  pupils a teacher
  12  b        1000 (Bk - 0.63)^2, Bk being the share of Black residents
  13  lstat    share of residents of lower status, percent

train.csv is to learn from, validation.csv to stop by, test.csv (a third of all rows) to measure on. The split is shuffled with a fixed seed.

About column b: it treats segregation as a factor of price. scikit-learn removed this data set for that reason in version 1.2. It is here because
many lessons train on it. Do not build anything real on it.

Source: scikit-learn 1.1.3, BSD 3-Clause; Harrison & Rubinfeld, J. Environ. Economics & Management 5 (1978).
";

/// Beside the reviews.
const REVIEWS_README: &str = "\
Film reviews: 8,530 sentences, one row each. Two classes: 1 praises the film, 0 does not.

train.libsvm, validation.libsvm and test.libsvm (a third of all rows) are bags of words: label first, then index:count for each word that occurs,
indices from 0. vocabulary.txt has the words, the first line being index 0: the stems that occur in the most sentences of the training part.
text/train.csv, text/validation.csv and text/test.csv have the same rows in the same order as sentences (label,text).

Source: Bo Pang & Lillian Lee, sentence polarity dataset v1.0 (ACL 2005), CC BY 4.0.
";

/// All sample objects, in the order of their keys. Runs the text step over all reviews: tenths of a second, so not on a thread that draws.
pub fn objects() -> Vec<SampleObject> {
    let object = |key, content_type, text: &str| SampleObject { key, content_type, bytes: text.as_bytes().to_vec() };
    let boston = samples::boston();
    let reviews = samples::reviews();
    let [train, validation, test] = samples::review_text_parts().map(|rows| sentences(&rows));
    let mut vocabulary = reviews.vocabulary.join("\n");
    vocabulary.push('\n');
    vec![
        object("boston/README.txt", "text/plain", BOSTON_README),
        object("boston/test.csv", "text/csv", &boston.text(&boston.test)),
        object("boston/train.csv", "text/csv", &boston.text(&boston.train)),
        object("boston/validation.csv", "text/csv", &boston.text(&boston.validation)),
        object("reviews/README.txt", "text/plain", REVIEWS_README),
        object("reviews/test.libsvm", "text/libsvm", &reviews.text(&reviews.test)),
        object("reviews/text/test.csv", "text/csv", &test),
        object("reviews/text/train.csv", "text/csv", &train),
        object("reviews/text/validation.csv", "text/csv", &validation),
        object("reviews/train.libsvm", "text/libsvm", &reviews.text(&reviews.train)),
        object("reviews/validation.libsvm", "text/libsvm", &reviews.text(&reviews.validation)),
        object("reviews/vocabulary.txt", "text/plain", &vocabulary),
    ]
}

/// Label and sentence as CSV with a header, quoted where a comma or a quote asks for it.
fn sentences(rows: &[(f32, String)]) -> String {
    let mut out = "label,text\n".to_owned();
    for (label, text) in rows {
        let quoted = text.contains(['"', ',', '\n', '\r']);
        let text = if quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() };
        out.extend([&label.to_string(), ",", &text, "\n"]);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::ml::read::{read_csv, read_libsvm};

    fn bytes_of(key: &str) -> Vec<u8> {
        objects().into_iter().find(|object| object.key == key).unwrap_or_else(|| panic!("no {key}")).bytes
    }

    fn lines(key: &str) -> Vec<String> {
        String::from_utf8(bytes_of(key)).unwrap().lines().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn the_boston_files_have_the_shape_that_a_training_job_reads() {
        let mut labels = Vec::new();
        for (key, rows) in [("boston/train.csv", 271), ("boston/validation.csv", 67), ("boston/test.csv", 168)] {
            let data = read_csv(key, bytes_of(key).as_slice(), true).unwrap();
            assert_eq!((data.rows(), data.features.cols()), (rows, 13), "{key}");
            labels.extend(data.labels);
        }
        // The mean of medv over all 506 rows, from the data's own description.
        let mean = labels.iter().map(|label| f64::from(*label)).sum::<f64>() / labels.len() as f64;
        assert!((mean - 22.532_806).abs() < 1e-4, "the label is not the first column: its mean is {mean}");
    }

    #[test]
    fn the_review_files_have_the_shape_that_a_training_job_reads() {
        let vocabulary = lines("reviews/vocabulary.txt");
        assert_eq!(vocabulary.len(), samples::VOCABULARY);
        for (part, rows) in [("train", 4_550), ("validation", 1_137), ("test", 2_843)] {
            let key = format!("reviews/{part}.libsvm");
            let data = read_libsvm(&key, bytes_of(&key).as_slice(), true).unwrap();
            assert_eq!(data.rows(), rows, "{key}");
            assert!(data.features.cols() <= vocabulary.len(), "{key}");
            assert!(data.features.density() < 0.01, "{key} is sparse");
            let mut sentences =
                csv::Reader::from_reader(std::io::Cursor::new(bytes_of(&format!("reviews/text/{part}.csv"))));
            let labels: Vec<f32> = sentences.records().map(|row| row.unwrap()[0].parse().unwrap()).collect();
            assert_eq!(labels, data.labels, "the sentences of {part} are in the same order");
        }
    }

    #[test]
    fn no_row_is_in_two_parts_and_none_is_lost() {
        for (name, ending, total) in [("boston", "csv", 506), ("reviews/text", "csv", 8_530)] {
            let mut seen = HashSet::new();
            let mut count = 0;
            for part in ["train", "validation", "test"] {
                for line in lines(&format!("{name}/{part}.{ending}")).into_iter().filter(|line| line != "label,text") {
                    assert!(seen.insert(line.clone()), "twice: {line}");
                    count += 1;
                }
            }
            assert_eq!(count, total, "{name}");
        }
    }

    /// A word that only held-out sentences use has no column.
    #[test]
    fn the_vocabulary_knows_nothing_but_the_training_part() {
        let tokeniser = crate::ml::text::Tokeniser::english();
        let known: HashSet<String> =
            lines("reviews/text/train.csv").iter().skip(1).flat_map(|line| tokeniser.stems(line)).collect();
        for word in lines("reviews/vocabulary.txt") {
            assert!(known.contains(&word), "{word} is in no training sentence");
        }
    }

    #[test]
    fn the_bytes_are_the_same_every_time() {
        let (first, second) = (objects(), objects());
        assert!(first == second);
        assert!(first.windows(2).all(|pair| pair[0].key < pair[1].key));
        let readme = String::from_utf8(bytes_of("boston/README.txt")).unwrap();
        assert!(readme.contains("Black residents") && readme.contains("removed"));
    }
}
