//! Simulated traffic with known truth: what a person does with the weights while difficulty drifts, looked at after each request.

use super::paired::Paired;
use super::robbins;
use super::{ALPHA, ArmKey, Experiment, Rng, Verdict};

/// What the weights do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Path {
    /// B's share stays.
    Constant(f64),
    /// B is ramped from 10 % to 90 % in 20 steps.
    Ramp,
    /// Every 250 requests the arm with the higher accuracy so far gets 90 %.
    Chase,
    /// 50/50 → 10/90 and back, five times.
    Drag,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// Rates of A and B at a time in [0, 1].
    pub rates: fn(f64) -> [f64; 2],
    /// What the weights do.
    pub path: Path,
}

/// Without a difference: a winner is a false one.
pub const NULLS: [Scenario; 5] = [
    Scenario { name: "50/50, p = .80", rates: |_| [0.8; 2], path: Path::Constant(0.5) },
    Scenario {
        name: "p drifts .9 -> .7 while B ramps 10 -> 90 %",
        rates: |time| [0.9 - 0.2 * time; 2],
        path: Path::Ramp,
    },
    Scenario { name: "p swings as a sine, the leader is chased", rates: |time| [swing(time); 2], path: Path::Chase },
    Scenario { name: "p = .99, one variant at 10 %", rates: |_| [0.99; 2], path: Path::Constant(0.1) },
    Scenario {
        name: "p drifts, dragged 50/50 -> 10/90 and back five times",
        rates: |time| [0.9 - 0.2 * time; 2],
        path: Path::Drag,
    },
];

/// With a difference: how long until it is declared.
pub const TRUTHS: [Scenario; 3] = [
    Scenario { name: ".80 vs .85 at 50/50", rates: |_| [0.8, 0.85], path: Path::Constant(0.5) },
    Scenario { name: ".80 vs .90 at 50/50", rates: |_| [0.8, 0.9], path: Path::Constant(0.5) },
    Scenario {
        name: "B +.03, p drifts .9 -> .7 while B ramps 10 -> 90 %",
        rates: |time| [0.9 - 0.2 * time, 0.93 - 0.2 * time],
        path: Path::Ramp,
    },
];

fn swing(time: f64) -> f64 {
    0.8 + 0.1 * (2.0 * std::f64::consts::PI * time).sin()
}

impl Path {
    /// B's share for the request `at` of `requests`.
    fn share(self, at: u32, requests: u32, before: f64, seen: &[Seen; 2]) -> f64 {
        match self {
            Self::Constant(share) => share,
            Self::Ramp => 0.1 + 0.8 * f64::from(at * 20 / requests) / 19.0,
            Self::Drag => [0.5, 0.9][(at * 10 / requests % 2) as usize],
            Self::Chase if at > 0 && at.is_multiple_of(250) => {
                if seen[1].mean() > seen[0].mean() {
                    0.9
                } else {
                    0.1
                }
            }
            Self::Chase => before,
        }
    }
}

/// What the naive comparison knows of an arm.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    n: f64,
    right: f64,
}

impl Seen {
    fn mean(self) -> f64 {
        self.right / self.n
    }
}

/// One simulated run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    /// The request at which a two-proportion z-test on the pooled counts first said "significant" at 5 %.
    pub naive: Option<u32>,
    /// The request at which a winner was declared, and whether it was B.
    pub winner: Option<(u32, bool)>,
    /// The pooled difference of the accuracies at the end, B − A.
    pub pooled: f64,
    /// The stratified effect at the end, B − A.
    pub effect: f64,
    /// Whether the asymptotic band of the effect was ever shown without the true average effect.
    pub effect_missed: bool,
    /// Whether A's band ever left its rate; only told where the rate is constant.
    pub band_missed: bool,
    /// The forecast that was made at 1,000 labels: labels in all.
    pub forecast: Option<u64>,
}

/// Requests between two looks at what takes long to look at.
const LOOK: u32 = 100;

/// Runs a scenario over `requests` labelled requests.
pub fn run(scenario: &Scenario, seed: u64, requests: u32) -> Run {
    let mut rng = Rng::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D);
    let arms = ["A", "B"].map(|name| ArmKey { variant: name.into(), model: name.into(), version: "1".into() });
    let mut experiment = Experiment::new(ALPHA);
    let (mut share, mut number, mut seen, mut run) = (0.5, 0, [Seen::default(); 2], Run::default());
    let mut true_effect = 0.0;
    for at in 0..requests {
        let next = scenario.path.share(at, requests, share, &seen);
        if next != share || at == 0 {
            (share, number) = (next, number + 1);
            experiment.epoch(number, &arms, &[1.0 - share, share]);
        }
        let rates = (scenario.rates)(f64::from(at) / f64::from(requests));
        true_effect += rates[1] - rates[0];
        let arm = usize::from(rng.unit() < share);
        let y = f64::from(u8::from(rng.unit() < rates[arm]));
        experiment.drawn(number, arm);
        experiment.labelled(number, arm, y, None);
        seen[arm].n += 1.0;
        seen[arm].right += y;
        let n = at + 1;
        if run.naive.is_none() && is_significant(&seen) {
            run.naive = Some(n);
        }
        if run.winner.is_none() && experiment.has_winner() {
            let Verdict::Winner(winner, _) = experiment.summary().verdict else { continue };
            run.winner = Some((n, winner.arm == 1));
        }
        if matches!(scenario.path, Path::Constant(_)) {
            run.band_missed |= robbins::refutes(rates[0], seen[0].right, seen[0].n as u64, ALPHA);
        }
        if n.is_multiple_of(LOOK) {
            let summary = experiment.summary();
            let pair = &summary.pairs[0];
            if let Some(band) = pair.band {
                let truth = true_effect / f64::from(n);
                run.effect_missed |= truth < band.low || truth > band.high;
            }
            if n == 1_000 {
                run.forecast = pair.more.map(|more| 1_000 + more);
            }
            (run.pooled, run.effect) = (pair.pooled.unwrap_or(0.0), pair.effect.unwrap_or(0.0));
        }
    }
    run
}

/// The two-proportion z-test that a dashboard would show, from the 100th request on.
fn is_significant(seen: &[Seen; 2]) -> bool {
    let n: f64 = seen.iter().map(|arm| arm.n).sum();
    let right: f64 = seen.iter().map(|arm| arm.right).sum();
    if n < 100.0 || right == n || right == 0.0 || seen.iter().any(|arm| arm.n == 0.0) {
        return false;
    }
    let p = right / n;
    let error = (p * (1.0 - p) * (1.0 / seen[0].n + 1.0 / seen[1].n)).sqrt();
    ((seen[1].mean() - seen[0].mean()) / error).abs() > 1.959_964
}

/// Rows until the paired comparison decides; `only` are the chances that only A, and only B, is right.
pub fn paired(only: [f64; 2], seed: u64, rows: u32) -> Option<u64> {
    let (mut rng, mut paired) = (Rng::new(seed ^ 0xD1B5_4A32_D192_ED03), Paired::classes(ALPHA));
    for _ in 0..rows {
        let u = rng.unit();
        let (a, b) = if u < only[0] {
            (1.0, 0.0)
        } else if u < only[0] + only[1] {
            (0.0, 1.0)
        } else {
            (1.0, 1.0)
        };
        paired.row(a, b);
        if let Some(decided) = paired.summary().decided {
            return Some(decided.rows);
        }
    }
    None
}

/// The middle of some counts, where those that never came are the largest.
pub fn median(counts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    let mut counts: Vec<u64> = counts.map(|count| count.unwrap_or(u64::MAX)).collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied().filter(|middle| *middle != u64::MAX)
}
