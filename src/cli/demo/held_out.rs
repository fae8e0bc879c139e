//! The held-out third: labelled rows as request bodies, and the score of one model over all of them.

use anyhow::{Context, Result, bail};

use crate::cli::client::Client;
use crate::domain::training_job::ChannelFormat;

/// Rows a request; well below the size limit of a body.
const ROWS_A_REQUEST: usize = 256;

/// Labelled rows.
pub struct HeldOut {
    /// How they are written.
    pub format: ChannelFormat,
    /// Whether the label is a class.
    pub classes: bool,
    /// Label and the row without it.
    pub rows: Vec<(f64, String)>,
}

impl HeldOut {
    /// Splits the label off every line of a labelled file.
    pub fn read(text: &str, format: ChannelFormat, classes: bool) -> Result<Self> {
        let separator = if format == ChannelFormat::Csv { ',' } else { ' ' };
        let row = |(number, line): (usize, &str)| {
            let (label, rest) = line.split_once(separator).unwrap_or((line, ""));
            let label =
                label.trim().parse().with_context(|| format!("line {}: {label:?} is not a label", number + 1))?;
            // A libsvm row without a single feature would be a blank line; any label in front makes it a row again.
            let bare = format == ChannelFormat::Libsvm && rest.trim().is_empty();
            Ok((label, if bare { "0" } else { rest.trim() }.to_owned()))
        };
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        Ok(Self { format, classes, rows: lines.map(row).collect::<Result<_>>()? })
    }

    /// The content type of its rows.
    pub fn content_type(&self) -> &'static str {
        self.format.content_type()
    }

    /// Accuracy, or RMSE, of one variant over all rows, asked over HTTP.
    pub fn score(&self, client: &mut Client, path: &str, variant: &str) -> Result<f64> {
        let mut sum = 0.0;
        for part in self.rows.chunks(ROWS_A_REQUEST) {
            let body: Vec<&str> = part.iter().map(|(_, row)| row.as_str()).collect();
            let answer = client.post(path, self.content_type(), Some(variant), &body.join("\n"))?;
            let predictions = answer.predictions(self.classes)?;
            if predictions.len() != part.len() || answer.variant.as_deref() != Some(variant) {
                bail!("{} rows to {variant} came back as {} from {:?}", part.len(), predictions.len(), answer.variant);
            }
            sum += part.iter().zip(predictions).map(|((label, _), value)| self.term(*label, value)).sum::<f64>();
        }
        Ok(self.finish(sum))
    }

    fn term(&self, label: f64, prediction: f64) -> f64 {
        if self.classes { f64::from(label == prediction) } else { (label - prediction).powi(2) }
    }

    fn finish(&self, sum: f64) -> f64 {
        let mean = sum / self.rows.len() as f64;
        if self.classes { mean } else { mean.sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_split_off() {
        let csv = HeldOut::read("24.0,0.1,2\n\n7,3,4\n", ChannelFormat::Csv, false).unwrap();
        assert_eq!(csv.rows, [(24.0, "0.1,2".to_owned()), (7.0, "3,4".to_owned())]);
        let libsvm = HeldOut::read("1 3:1 9:2\n0\n", ChannelFormat::Libsvm, true).unwrap();
        assert_eq!(libsvm.rows, [(1.0, "3:1 9:2".to_owned()), (0.0, "0".to_owned())]);
        assert!(HeldOut::read("x,1\n", ChannelFormat::Csv, false).is_err());
    }

    #[test]
    fn scores_are_accuracy_and_root_mean_squared_error() {
        let classes = HeldOut::read("1 1:1\n0 1:1\n", ChannelFormat::Libsvm, true).unwrap();
        assert_eq!(classes.finish(classes.term(1.0, 1.0) + classes.term(0.0, 1.0)), 0.5);
        let values = HeldOut::read("1,1\n0,1\n", ChannelFormat::Csv, false).unwrap();
        assert_eq!(values.finish(values.term(1.0, 4.0) + values.term(0.0, 3.0)), 3.0);
    }
}
