//! The text step: sentences to bag-of-words rows. Markup out, lower case, words, stop words out, stems, counts of the most frequent words.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use rust_stemmers::{Algorithm, Stemmer};

use super::{Csr, Dataset, Matrix};

/// Articles, pronouns, prepositions and auxiliaries. Words that turn a sentence round (not, no, never, but, too …) are missing on purpose: for
/// the tone of a review they are the words that matter, and long published lists even hold good and great.
const STOP_WORDS: &str = "a about above after again all am an and any are as at be because been before being below between both by can \
    could did do does doing down during each for from further had has have having he her here hers herself him himself his how i if in \
    into is it its itself me my myself of off on once or other our ours ourselves out over own same she should so some such than that \
    the their theirs them themselves then there these they this those through to under until up was we were what when where which while \
    who whom why will with would you your yours yourself yourselves";

/// Cuts a text into stems. Holds the stop words and the stemmer, so make one and keep it.
pub struct Tokeniser {
    stop_words: BTreeSet<&'static str>,
    stemmer: Stemmer,
}

impl std::fmt::Debug for Tokeniser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokeniser").field("stop_words", &self.stop_words.len()).finish_non_exhaustive()
    }
}

impl Default for Tokeniser {
    fn default() -> Self {
        Self::english()
    }
}

impl Tokeniser {
    /// English stop words and Snowball's English stems.
    pub fn english() -> Self {
        Self { stop_words: STOP_WORDS.split_whitespace().collect(), stemmer: Stemmer::create(Algorithm::English) }
    }

    /// The stems of a text, in order. HTML is stripped, digits count as letters, `n't` becomes the word not.
    pub fn stems(&self, text: &str) -> Vec<String> {
        let plain =
            if text.contains('<') || text.contains('&') { nanohtml2text::html2text(text) } else { text.to_owned() };
        let lower = plain.to_lowercase().replace('\u{2019}', "'").replace("n't", " not");
        lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.chars().count() > 1 && !self.stop_words.contains(*word))
            .map(|word| self.stemmer.stem(word).into_owned())
            .collect()
    }
}

/// The words that have a column, most frequent first.
#[derive(Clone, Debug, PartialEq)]
pub struct Vocabulary {
    words: Vec<String>,
    index: HashMap<String, u32>,
}

impl Vocabulary {
    /// The `size` stems that occur in the most texts; ties go by the alphabet. Fit it on the training rows only: what the test rows hold must
    /// not be known.
    pub fn fit<'a>(tokeniser: &Tokeniser, texts: impl IntoIterator<Item = &'a str>, size: usize) -> Self {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for text in texts {
            let once: BTreeSet<String> = tokeniser.stems(text).into_iter().collect();
            for stem in once {
                *counts.entry(stem).or_default() += 1;
            }
        }
        let mut ranked: Vec<(String, u32)> = counts.into_iter().collect();
        ranked.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        ranked.truncate(size);
        Self::from_words(ranked.into_iter().map(|(word, _)| word).collect())
    }

    /// A vocabulary from its words, in the order of their columns.
    pub fn from_words(words: Vec<String>) -> Self {
        let index = words.iter().enumerate().map(|(at, word)| (word.clone(), at as u32)).collect();
        Self { words, index }
    }

    /// The words, in the order of their columns.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Columns and counts of a text, rising; words without a column are left out.
    pub fn row(&self, tokeniser: &Tokeniser, text: &str) -> Vec<(u32, f32)> {
        let mut counts: BTreeMap<u32, f32> = BTreeMap::new();
        for stem in tokeniser.stems(text) {
            if let Some(column) = self.index.get(&stem) {
                *counts.entry(*column).or_default() += 1.0;
            }
        }
        counts.into_iter().collect()
    }

    /// Bag-of-words rows of labelled texts.
    pub fn dataset<'a>(&self, tokeniser: &Tokeniser, rows: impl IntoIterator<Item = (f32, &'a str)>) -> Dataset {
        let mut csr = Csr::new(self.words.len());
        let mut labels = Vec::new();
        for (label, text) in rows {
            csr.push_row(&self.row(tokeniser, text));
            labels.push(label);
        }
        Dataset { features: Matrix::Sparse(csr), labels }
    }
}

/// Writes rows as libsvm text, indices from 0. Dense rows leave out what is missing and write zeros.
pub fn write_libsvm(data: &Dataset) -> String {
    let csr = super::read::to_sparse(&data.features);
    let mut out = String::with_capacity(csr.values.len() * 8 + csr.rows() * 2);
    for row in 0..csr.rows() {
        // Writing to a String cannot fail.
        if let Some(label) = data.labels.get(row) {
            let _ = write!(out, "{label}");
        }
        let (indices, values) = csr.row(row);
        for (at, (index, value)) in indices.iter().zip(values).enumerate() {
            let space = if at == 0 && data.labels.is_empty() { "" } else { " " };
            let _ = write!(out, "{space}{index}:{value}");
        }
        out.push('\n');
    }
    out
}

/// Writes rows as CSV, the label first. Missing cells are empty, cells that a sparse row leaves out are 0.
pub fn write_csv(data: &Dataset) -> String {
    let mut out = String::new();
    let cols = data.features.cols();
    let mut cells = Vec::with_capacity(cols);
    for row in 0..data.rows() {
        cells.clear();
        match data.features.row(row) {
            super::Row::Dense(values) => cells.extend_from_slice(values),
            super::Row::Sparse(indices, values) => {
                cells.resize(cols, 0.0);
                for (index, value) in indices.iter().zip(values) {
                    cells[*index as usize] = *value;
                }
            }
        }
        let label = data.labels.get(row).copied();
        for (at, cell) in label.into_iter().chain(cells.iter().copied()).enumerate() {
            if at > 0 {
                out.push(',');
            }
            if !cell.is_nan() {
                let _ = write!(out, "{cell}");
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_stems() {
        let tokeniser = Tokeniser::english();
        assert_eq!(tokeniser.stems("<p>The movies were &amp; weren't <b>Boring</b>!</p>"), ["movi", "not", "bore"]);
        assert_eq!(tokeniser.stems("running runs, it's 2 24"), ["run", "run", "24"]);
    }

    #[test]
    fn the_vocabulary_holds_the_most_frequent() {
        let tokeniser = Tokeniser::english();
        let vocabulary = Vocabulary::fit(&tokeniser, ["good film film", "good plot", "bad film plot"], 3);
        assert_eq!(vocabulary.words(), ["film", "good", "plot"]);
        assert_eq!(vocabulary.row(&tokeniser, "plot film unheard film"), [(0, 2.0), (2, 1.0)]);
        let data = vocabulary.dataset(&tokeniser, [(1.0, "good"), (0.0, "unheard")]);
        assert_eq!(write_libsvm(&data), "1 1:1\n0\n");
        assert_eq!(write_csv(&data), "1,0,1,0\n0,0,0,0\n");
    }
}
