//! Objects that come and go, told in few words: the first of a run at once, the rest in one line when the run is over. A client that copies a
//! thousand files makes two lines, and the drawer stays readable.

use std::collections::BTreeMap;

use super::machine::Tell;

/// A run is over when nothing came for so long.
const PAUSE_MS: i64 = 3_000;

/// What one command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Traffic {
    written: bool,
    /// The key, where it was one object.
    key: Option<String>,
    objects: usize,
    bytes: u64,
}

impl Traffic {
    /// An object came.
    pub(super) fn written(key: &str, bytes: u64) -> Self {
        Self { written: true, key: Some(key.to_owned()), objects: 1, bytes }
    }

    /// Of the objects with these keys `gone` were there, and went.
    pub(super) fn deleted(mut keys: Vec<String>, gone: usize) -> Self {
        let key = if keys.len() == 1 { keys.pop() } else { None };
        Self { written: false, key, objects: gone, bytes: 0 }
    }

    fn tell(&self, bucket: &str, noun: &str) -> Tell {
        let what = match &self.key {
            Some(key) => key.clone(),
            None => count(self.objects, noun),
        };
        Tell::info(if self.written {
            format!("{what} written to bucket {bucket} ({})", bytes(self.bytes))
        } else {
            format!("{what} deleted from bucket {bucket}")
        })
    }
}

#[derive(Debug)]
struct Run {
    /// What came after the line that was written at once.
    untold: Option<Traffic>,
    last_ms: i64,
}

/// The runs that are going on, by bucket and direction.
#[derive(Debug, Default)]
pub(super) struct Runs(BTreeMap<(String, bool), Run>);

impl Runs {
    /// Takes note; answers the line to write at once, if there is one.
    pub(super) fn note(&mut self, bucket: &str, traffic: Traffic, now_ms: i64) -> Option<Tell> {
        let place = (bucket.to_owned(), traffic.written);
        let Some(run) = self.0.get_mut(&place) else {
            let tell = traffic.tell(bucket, "object");
            self.0.insert(place, Run { untold: None, last_ms: now_ms });
            return Some(tell);
        };
        run.last_ms = now_ms;
        match &mut run.untold {
            Some(untold) => {
                untold.objects += traffic.objects;
                untold.bytes += traffic.bytes;
                untold.key = None;
            }
            None => run.untold = Some(traffic),
        }
        None
    }

    /// The lines of the runs that are over; of all runs when the app closes.
    pub(super) fn over(&mut self, now_ms: i64, closing: bool) -> Vec<(Tell, String)> {
        let mut tells = Vec::new();
        self.0.retain(|(bucket, _), run| {
            let goes_on = !closing && now_ms - run.last_ms < PAUSE_MS && now_ms >= run.last_ms;
            if !goes_on && let Some(untold) = &run.untold {
                tells.push((untold.tell(bucket, "more object"), bucket.clone()));
            }
            goes_on
        });
        tells
    }
}

/// `1 object`, `3 objects`.
pub(super) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `812 bytes`, `36.1 kB`, `4.0 MB`.
fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        _ => format!("{:.1} MB", n as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_files_make_two_lines() {
        let mut runs = Runs::default();
        let first = runs.note("b", Traffic::written("a.csv", 812), 0).unwrap();
        assert_eq!(first.text, "a.csv written to bucket b (812 bytes)");
        for i in 1..1_000 {
            assert_eq!(runs.note("b", Traffic::written("x", 1_000), i * 10), None);
        }
        assert_eq!(runs.over(9_990 + PAUSE_MS - 1, false), []);
        let told = runs.over(9_990 + PAUSE_MS, false);
        assert_eq!(told[0].0.text, "999 more objects written to bucket b (999.0 kB)");
        assert_eq!((told.len(), runs.over(i64::MAX, true).len()), (1, 0));
    }

    #[test]
    fn single_objects_keep_their_names() {
        let mut runs = Runs::default();
        let tell = |keys: &[&str]| Traffic::deleted(keys.iter().map(ToString::to_string).collect(), keys.len());
        assert_eq!(runs.note("b", tell(&["k"]), 0).unwrap().text, "k deleted from bucket b");
        assert_eq!(runs.note("b", tell(&["l"]), 5), None);
        assert_eq!(runs.note("c", tell(&["l", "m"]), 5).unwrap().text, "2 objects deleted from bucket c");
        let told: Vec<_> = runs.over(5, true).into_iter().map(|(tell, bucket)| (tell.text, bucket)).collect();
        assert_eq!(told, [("l deleted from bucket b".to_owned(), "b".to_owned())]);
    }
}
