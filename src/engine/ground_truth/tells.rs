//! Labels told in few words: the first object of a run at once, the rest in one line when no more come.

use std::collections::BTreeMap;

use super::super::machine::Tell;
use super::super::object_traffic::count;
use crate::domain::label::LabelReport;
use crate::domain::s3_uri::S3Uri;

/// A run is over when nothing came for so long.
const PAUSE_MS: i64 = 3_000;

#[derive(Debug, Default)]
struct Run {
    objects: usize,
    report: LabelReport,
    last_ms: i64,
}

/// The runs that are going on, by endpoint.
#[derive(Debug, Default)]
pub(in crate::engine) struct LabelTells(BTreeMap<String, Run>);

impl LabelTells {
    /// Takes note of an object; answers the line to write at once, if there is one.
    pub(super) fn note(
        &mut self,
        endpoint: &str,
        at: &S3Uri,
        result: Result<LabelReport, String>,
        now_ms: i64,
    ) -> Option<Tell> {
        let report = match result {
            Ok(report) => report,
            Err(why) => {
                return Some(Tell::warning(format!("Ground truth {at} of {endpoint} was not read"), why));
            }
        };
        if let Some(run) = self.0.get_mut(endpoint) {
            run.objects += 1;
            run.report.add(report);
            run.last_ms = now_ms;
            return None;
        }
        self.0.insert(endpoint.to_owned(), Run { last_ms: now_ms, ..Run::default() });
        Some(tell(&format!("Ground truth {at} of {endpoint}"), &report))
    }

    /// The lines of the runs that are over; of all runs when the app closes.
    pub(super) fn over(&mut self, now_ms: i64, closing: bool) -> Vec<(String, Tell)> {
        let mut tells = Vec::new();
        self.0.retain(|endpoint, run| {
            let goes_on = !closing && now_ms - run.last_ms < PAUSE_MS && now_ms >= run.last_ms;
            if !goes_on && run.objects > 0 {
                let what = format!("{} of ground truth of {endpoint}", count(run.objects, "more object"));
                tells.push((endpoint.clone(), tell(&what, &run.report)));
            }
            goes_on
        });
        tells
    }
}

/// A line for what became of some labels.
fn tell(what: &str, report: &LabelReport) -> Tell {
    let text = format!("{what}: {}", report.summary());
    let mut why = report.problems.join("; ");
    if let Some(disk) = &report.not_on_disk {
        why = format!("The labels are not on disk: {disk}. {why}");
    }
    if why.is_empty() { Tell::info(text) } else { Tell::warning(text, why) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::label::LabelCounts;

    #[test]
    fn many_objects_make_two_lines() {
        let mut tells = LabelTells::default();
        let at = S3Uri::new("b", "ground-truth/e/1.jsonl");
        let good = |joined| {
            let counts = LabelCounts { joined, ..LabelCounts::default() };
            Ok(LabelReport { counts, ..LabelReport::default() })
        };
        let first = tells.note("e", &at, good(2), 0).unwrap();
        assert_eq!(first.text, "Ground truth s3://b/ground-truth/e/1.jsonl of e: 2 labels counted");
        for i in 1..100 {
            assert_eq!(tells.note("e", &at, good(1), i), None);
        }
        assert!(tells.over(99 + PAUSE_MS - 1, false).is_empty());
        let told = tells.over(99 + PAUSE_MS, false);
        assert_eq!(told[0].1.text, "99 more objects of ground truth of e: 99 labels counted");
        assert!(tells.over(i64::MAX, true).is_empty());
        let bad = tells.note("e", &at, Err("line 1".to_owned()), 0).unwrap();
        assert!(bad.text.ends_with("was not read") && bad.detail.is_some());
    }
}
