//! A weighted draw: nanoseconds with 2 and 10 variants, alone and against another thread, beside a round robin that needs no random number.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and fails by panicking")]

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use counterpoise::serving::router::{Router, Weights};

const ROUNDS: usize = 7;
const DRAWS: u32 = 2_000_000;

/// Nanoseconds a call, the median of some rounds.
fn nanoseconds(mut call: impl FnMut() -> usize) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..DRAWS {
                black_box(call());
            }
            started.elapsed().as_secs_f64() * 1e9 / f64::from(DRAWS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

fn main() {
    let next = AtomicUsize::new(0);
    let baseline = nanoseconds(|| next.fetch_add(1, Ordering::Relaxed) % black_box(2));
    println!("round robin over 2            {baseline:6.1} ns");
    for variants in [2_usize, 10] {
        let weights: Vec<f64> = (1..=variants).map(|w| w as f64).collect();
        let router = Router::new(Weights::new(&weights, 1).unwrap(), (), 7);
        let alone = nanoseconds(|| router.draw().index.unwrap());
        println!("weighted draw, {variants:2} variants     {alone:6.1} ns   ratio {:.1}", alone / baseline);
        let stop = AtomicBool::new(false);
        let shared = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    black_box(router.draw().index.unwrap());
                }
            });
            let shared = nanoseconds(|| router.draw().index.unwrap());
            stop.store(true, Ordering::Relaxed);
            shared
        });
        println!("  while another thread draws  {shared:6.1} ns   ratio {:.1}", shared / baseline);
    }
}
