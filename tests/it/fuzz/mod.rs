//! The fuzz targets of `tests/fuzz`, run briefly: thousands of inputs made from the seeds, the same ones every time. `cargo fuzz run NAME
//! --fuzz-dir tests/fuzz` runs them for as long as one likes.

mod mutate;
#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mutate::Mutator;
use targets::{TARGETS, Target};

/// Inputs that a target gets in the normal test run.
const INPUTS: usize = 10_000;

/// A target stops here even when it has not had all inputs: other tests want the machine too.
const LONGEST: Duration = Duration::from_secs(20);

/// One input may not take longer than this, on a slow and busy machine.
const LONGEST_INPUT: Duration = Duration::from_secs(5);

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(target);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no seed", folder.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Gives the target an input; one that it trips over is told in full.
fn try_one(target: Target, input: &[u8]) {
    let started = Instant::now();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        let words =
            panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        panic!("{}\nwith the input b\"{}\"", words.unwrap_or("it panicked"), input.escape_ascii());
    }
    let took = started.elapsed();
    assert!(took < LONGEST_INPUT, "took {took:?} for the input b\"{}\"", input.escape_ascii());
}

/// Runs one target on its seeds and on inputs made from them.
fn run(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let seeds = seeds(name);
    for seed in &seeds {
        try_one(*target, seed);
    }
    let inputs =
        std::env::var("COUNTERPOISE_FUZZ_INPUTS").ok().and_then(|number| number.parse().ok()).unwrap_or(INPUTS);
    let mut mutator = Mutator::new(name.bytes().map(u64::from).sum());
    let started = Instant::now();
    for done in 0..inputs {
        if inputs == INPUTS && started.elapsed() > LONGEST {
            assert!(done > 200, "only {done} inputs in {LONGEST:?}");
            return;
        }
        try_one(*target, &mutator.input(&seeds));
    }
}

macro_rules! runs {
    ($($name:ident),*) => {
        $(#[test] fn $name() { run(stringify!($name)); })*

        #[test]
        fn every_target_is_run_here_and_has_a_binary_for_cargo_fuzz() {
            let here = [$(stringify!($name)),*];
            let known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(here, known.as_slice());
            for name in here {
                let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fuzz/fuzz_targets/{name}.rs"));
                assert!(fs::read_to_string(&file).unwrap().contains(&format!("targets::{name}(data)")), "{}", file.display());
            }
        }
    };
}

runs!(
    model_check,
    query,
    scope,
    signature,
    s3_chunked,
    s3_xml,
    invocation,
    training_rows,
    recordio,
    model_file,
    archive
);
