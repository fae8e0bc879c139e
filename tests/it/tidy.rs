//! Reads the sources against the house rules: who may import whom (the tables in ARCHITECTURE.md are the rule, not a copy of it),
//! how long a file may be, how it opens, and what must not be in it.

mod rules;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use rules::{Fences, tables};

/// Longer than this and a file has a seam that nobody looked for.
const MAX_LINES: usize = 800;

/// What may stand at the top of the repository besides dotfiles.
const TOP_LEVEL: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "assets",
    "benches",
    "screenshots",
    "src",
    "target",
    "tests",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files under `folder` with one of the endings, as paths relative to the repository, sorted.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target" && name != "__pycache__") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one)) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rust_files() -> Vec<PathBuf> {
    ["src", "tests", "benches"].iter().flat_map(|folder| files(folder, &["rs"])).collect()
}

fn report(broken: &[String]) {
    assert!(broken.is_empty(), "{} broken house rules:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn rooms_import_only_what_the_table_in_architecture_md_allows() {
    let fences = Fences::read(&read(Path::new("ARCHITECTURE.md")));
    let sources = files("src", &["rs"]);
    assert!(sources.len() > 30, "found {} sources: the search is broken", sources.len());
    let mut broken = Vec::new();
    for path in sources {
        let within = path.strip_prefix("src").unwrap().to_string_lossy().replace('\\', "/");
        broken.extend(fences.check(&within, &read(&path)));
    }
    report(&broken);
}

#[test]
fn every_room_and_every_fenced_crate_is_known() {
    let fences = Fences::read(&read(Path::new("ARCHITECTURE.md")));
    let mut broken = Vec::new();
    for entry in fs::read_dir(root().join("src")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().trim_end_matches(".rs").to_owned();
        if name != "lib" && !fences.rooms.contains_key(&name) {
            broken.push(format!("src/{name} has no line in ARCHITECTURE.md's table of rooms"));
        }
    }
    let manifest = read(Path::new("Cargo.toml"));
    for krate in fences.crates.keys() {
        let listed = manifest
            .lines()
            .any(|line| line.split_once(" = ").is_some_and(|(name, _)| name.trim().replace('-', "_") == *krate));
        if !listed {
            broken.push(format!("ARCHITECTURE.md fences {krate}, which is not in Cargo.toml"));
        }
    }
    report(&broken);
}

#[test]
fn files_open_with_a_sentence_and_stay_short() {
    let broken: Vec<String> = rust_files()
        .iter()
        .flat_map(|path| rules::check_shape(&path.to_string_lossy(), &read(path), MAX_LINES))
        .collect();
    report(&broken);
}

#[test]
fn nothing_is_left_to_do_and_no_path_of_somebodys_machine_is_written_down() {
    let mut paths = rust_files();
    for folder in [".ci", "assets", "benches", "tests"] {
        paths.extend(files(folder, &["md", "py", "sh", "toml", "txt"]));
    }
    paths.extend(
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Cargo.toml", "tests/run", ".ci/run"].map(PathBuf::from),
    );
    let mut broken = Vec::new();
    for path in paths.into_iter().filter(|path| !path.starts_with("tests/it/tidy")) {
        broken.extend(rules::check_words(&path.to_string_lossy(), &read(&path)));
    }
    report(&broken);
}

#[test]
fn every_dependency_says_what_it_is_for() {
    report(&rules::check_dependencies(&read(Path::new("Cargo.toml"))));
}

#[test]
fn the_top_level_holds_nothing_else() {
    let broken: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()))
        .map(|name| format!("{name} does not belong at the top level"))
        .collect();
    report(&broken);
}

#[test]
fn the_tables_are_where_they_are_looked_for() {
    let (rooms, crates) = tables(&read(Path::new("ARCHITECTURE.md")));
    assert!(rooms.len() >= 12, "rooms: {rooms:?}");
    assert!(crates.len() >= 8, "crates: {crates:?}");
}
