//! The table of simulations that the statistics of experiments must reproduce, each run looked at after each request; and the cost of a
//! draw and of a label. The naive z-test stands beside the rule. 2,000 runs of 10,000 requests a row, fixed seeds.
//!
//! `cargo bench --bench experiment -- 500` makes 500 runs a row instead.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and fails by panicking")]

use std::hint::black_box;
use std::time::Instant;

use counterpoise::stats::experiment::{ALPHA, ArmKey, Experiment, Verdict, paired, robbins};
use counterpoise::util::seed::Rng;

#[path = "../src/stats/experiment/scenarios.rs"]
mod scenarios;

use scenarios::{NULLS, Run, Scenario, TRUTHS, median};

const REQUESTS: u32 = 10_000;

fn main() {
    let runs = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(2_000);
    println!("{runs} runs of {REQUESTS} requests, looked at after each; alpha = {ALPHA}\n");
    println!("{:<55} naive z   winner   band of the effect misses   band of A misses", "no difference");
    // Fewer runs than the table stands for scatter more: three standard deviations of a share of 5 %.
    let slack = if runs < 2_000 { 3.0 * (0.05 * 0.95 / runs as f64).sqrt() } else { 0.0 };
    let mut broken = Vec::new();
    for scenario in &NULLS {
        let all = simulate(scenario, runs);
        let share = |test: fn(&Run) -> bool| all.iter().filter(|run| test(run)).count() as f64 / runs as f64;
        let (naive, winner) = (share(|run| run.naive.is_some()), share(|run| run.winner.is_some()));
        let (effect, band) = (share(|run| run.effect_missed), share(|run| run.band_missed));
        println!("{:<55} {naive:7.3}   {winner:6.3}   {effect:25.3}   {band:16.3}", scenario.name);
        if winner > 0.06 + slack || band > 0.05 + slack {
            broken.push(scenario.name);
        }
    }
    println!("\n{:<55} decided   median   wrong side   pooled gap   effect   forecast at 1,000", "a difference");
    for scenario in &TRUTHS {
        let all = simulate(scenario, runs);
        let decided = all.iter().filter(|run| run.winner.is_some()).count() as f64 / runs as f64;
        let wrong = all.iter().filter(|run| run.winner.is_some_and(|(_, b)| !b)).count() as f64 / runs as f64;
        let middle = median(all.iter().map(|run| run.winner.map(|(at, _)| u64::from(at))));
        let forecast = median(all.iter().filter(|run| run.forecast.is_some()).map(|run| run.forecast));
        let mean = |value: fn(&Run) -> f64| all.iter().map(value).sum::<f64>() / runs as f64;
        println!(
            "{:<55} {decided:7.3}   {:>6}   {wrong:10.3}   {:+10.3}   {:+6.3}   {:>17}",
            scenario.name,
            words(middle),
            mean(|run| run.pooled),
            mean(|run| run.effect),
            forecast.map_or_else(|| "-".to_owned(), |at| at.to_string())
        );
    }
    println!("\npaired rows, 13 answers in 100 differ");
    let nulls = (0..runs).filter(|seed| scenarios::paired([0.065, 0.065], *seed, REQUESTS).is_some()).count();
    let share = nulls as f64 / runs as f64;
    let middle = median((0..runs).map(|seed| scenarios::paired([0.04, 0.09], seed, REQUESTS)));
    println!("  no difference: winner {share:.3};  +5 points: median {} rows", words(middle));
    if share > 0.05 + slack {
        broken.push("paired rows");
    }
    cost();
    assert!(broken.is_empty(), "more false winners than promised: {broken:?}");
}

fn words(count: Option<u64>) -> String {
    count.map_or_else(|| "never".to_owned(), |count| count.to_string())
}

/// The runs of a scenario, shared among the cores.
fn simulate(scenario: &Scenario, runs: u64) -> Vec<Run> {
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|part| {
                let seeds = (part..runs).step_by(threads as usize);
                scope.spawn(move || seeds.map(|seed| scenarios::run(scenario, seed, REQUESTS)).collect::<Vec<_>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

/// Nanoseconds of a draw, a label, and microseconds of a summary.
fn cost() {
    const EVENTS: usize = 100_000;
    const SUMMARIES: u32 = 20;
    const ROUNDS: usize = 15;
    println!();
    for arms in [2_usize, 5] {
        let keys: Vec<ArmKey> = (0..arms)
            .map(|i| ArmKey { variant: i.to_string().into(), model: "m".into(), version: "1".into() })
            .collect();
        let split = vec![1.0 / arms as f64; arms];
        let mut rng = Rng::new(1);
        let events: Vec<(usize, f64)> =
            (0..EVENTS).map(|_| (rng.below(arms), f64::from(u8::from(rng.unit() < 0.8)))).collect();
        // The fastest of some rounds: whatever else runs only ever adds.
        let mut fastest = [f64::INFINITY; 3];
        for _ in 0..ROUNDS {
            let mut experiment = Experiment::default();
            experiment.epoch(1, &keys, &split);
            let started = Instant::now();
            for (arm, _) in &events {
                experiment.drawn(1, *arm);
            }
            let draws = started.elapsed();
            let started = Instant::now();
            for (arm, y) in &events {
                experiment.labelled(1, *arm, *y, Some(1_000.0));
            }
            let labels = started.elapsed();
            let started = Instant::now();
            (0..SUMMARIES).for_each(|_| drop(black_box(experiment.summary())));
            let summaries = started.elapsed();
            let each = [draws / EVENTS as u32, labels / EVENTS as u32, summaries / SUMMARIES];
            for (fastest, took) in fastest.iter_mut().zip(each) {
                *fastest = fastest.min(took.as_secs_f64() * 1e9);
            }
        }
        let [draw, label, summary] = fastest;
        let summary = summary / 1e3;
        println!("{arms} arms: a draw {draw:.0} ns, a label {label:.0} ns, a summary {summary:.0} µs");
    }
}
