//! The house rules as functions of text, and proof that each of them can fail.

use std::collections::BTreeMap;

use super::source::named_paths;

/// The two tables of ARCHITECTURE.md: room → what it may use, outside crate → where it may be named.
pub(super) struct Fences {
    pub(super) rooms: BTreeMap<String, Vec<String>>,
    pub(super) crates: BTreeMap<String, Vec<String>>,
}

type Rows = BTreeMap<String, Vec<String>>;

/// What stands between backticks in a table cell.
fn code_spans(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Reads the table that follows the header row beginning with `first`.
fn table(document: &str, first: &str) -> Rows {
    let head = format!("| {first} |");
    let rows = document.lines().skip_while(|line| !line.starts_with(&head)).skip(2);
    let mut out = BTreeMap::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        for name in code_spans(cells[0]) {
            out.insert(name, cells.get(1).map(|cell| code_spans(cell)).unwrap_or_default());
        }
    }
    out
}

/// The tables of rooms and of outside crates.
pub(super) fn tables(document: &str) -> (Rows, Rows) {
    (table(document, "Room"), table(document, "Outside crate"))
}

impl Fences {
    pub(super) fn read(document: &str) -> Self {
        let (rooms, crates) = tables(document);
        Self { rooms, crates }
    }

    /// The rules that one file below `src` breaks.
    pub(super) fn check(&self, file: &str, source: &str) -> Vec<String> {
        if file == "lib.rs" {
            return Vec::new(); // declares the rooms and names nothing else
        }
        let room = file.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        let Some(allowed) = self.rooms.get(room) else {
            return vec![format!("src/{file}: the room {room} has no line in ARCHITECTURE.md")];
        };
        let mut broken = Vec::new();
        for named in named_paths(file, source) {
            let at = format!("src/{file}:{}", named.line);
            let path = named.path.join("::");
            match named.path[0].as_str() {
                "crate" => {
                    let Some(other) = named.path.get(1) else { continue };
                    let within = named.path[1..].join("::");
                    let fits = |allowed: &String| within == *allowed || within.starts_with(&format!("{allowed}::"));
                    let open = other == room || other == "util" || (other == "domain" && room != "util");
                    if self.rooms.contains_key(other) && !open && !allowed.iter().any(fits) {
                        broken.push(format!("{at}: {room} may not use {path}"));
                    }
                }
                outside => {
                    let Some(places) = self.crates.get(outside) else { continue };
                    let here =
                        |place: &String| place == room || place == file || file.starts_with(&format!("{place}/"));
                    if !places.iter().any(here) {
                        broken.push(format!("{at}: {path} belongs in {} only", places.join(", ")));
                    }
                }
            }
        }
        broken
    }
}

/// The opening sentence and the length.
pub(super) fn check_shape(file: &str, source: &str, max_lines: usize) -> Vec<String> {
    let mut broken = Vec::new();
    if !source.starts_with("//! ") {
        broken.push(format!("{file}: does not open with a //! sentence"));
    }
    let lines = source.lines().count();
    if lines > max_lines {
        broken.push(format!("{file}: has {lines} lines, at most {max_lines} are allowed: look for the seam"));
    }
    broken
}

/// Words that mean "not finished", and absolute paths that exist on one machine only.
const WORDS: &[(&str, &str)] = &[
    ("TODO", "finish it or open an issue"),
    ("FIXME", "finish it or open an issue"),
    ("XXX", "finish it or open an issue"),
    ("HACK", "say why instead"),
    ("todo!(", "finish it"),
    ("unimplemented!(", "finish it"),
    ("#[ignore", "a test that does not run proves nothing"),
    ("/root/", "is a path of one machine"),
];

/// Lines with a word that must not be there.
pub(super) fn check_words(file: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (word, why) in WORDS {
            if line.contains(word) {
                broken.push(format!("{file}:{}: {word}: {why}", number + 1));
            }
        }
    }
    broken
}

/// Dependencies without a comment on their line.
pub(super) fn check_dependencies(manifest: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut within = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            within = line.ends_with("dependencies]");
        } else if within && line.contains(" = ") && !line.contains(" # ") {
            broken.push(format!("Cargo.toml: {line}: does not say what it is for"));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "\
text
| Room | may use |
| --- | --- |
| `util` | |
| `domain` | |
| `stats` | |
| `store` | |
| `gui` | `workspace`, `stats::live` |
| `workspace` | `stats` |

| Outside crate | only in |
| --- | --- |
| `sled` | `store/db.rs` |
| `egui`, `eframe` | `gui` |
";

    fn check(file: &str, source: &str) -> Vec<String> {
        Fences::read(DOCUMENT).check(file, source)
    }

    #[test]
    fn a_stranger_is_named_with_its_line() {
        assert_eq!(
            check("gui/app.rs", "//! x\nuse crate::store::Store;"),
            ["src/gui/app.rs:2: gui may not use crate::store::Store"]
        );
        assert_eq!(check("gui/app.rs", "fn f() { crate::store::open() }").len(), 1);
        assert_eq!(check("gui/app.rs", "use crate::{workspace::Snapshot, store::{self, Store}};").len(), 2);
        assert_eq!(check("gui/pages/x.rs", "use super::super::super::store::Store;").len(), 1);
        assert_eq!(check("util/x.rs", "use crate::domain::Name;").len(), 1);
        assert_eq!(check("cellar/x.rs", "").len(), 1);
    }

    #[test]
    fn part_of_a_room_can_be_open() {
        assert!(check("gui/app.rs", "use crate::stats::live::EndpointLive;").is_empty());
        assert_eq!(check("gui/app.rs", "use crate::stats::drift::Report;").len(), 1);
        assert_eq!(check("gui/app.rs", "use crate::stats::live_x::Report;").len(), 1);
    }

    #[test]
    fn what_the_table_allows_is_no_stranger() {
        let source = "use crate::workspace::{Command, Snapshot};\nuse crate::domain::Name;\nuse crate::util::clock::Clock;\nuse super::theme;\nuse crate::gui::route::Route;\n// use crate::store::Store;\nconst A: &str = \"crate::store::Store\";";
        assert_eq!(check("gui/pages/mod.rs", source), Vec::<String>::new());
    }

    #[test]
    fn outside_crates_stay_behind_their_fence() {
        assert_eq!(
            check("store/table.rs", "use sled::Tree;"),
            ["src/store/table.rs:1: sled::Tree belongs in store/db.rs only"]
        );
        assert!(check("store/db.rs", "use sled::Tree;").is_empty());
        assert_eq!(check("store/objects.rs", "fn f() -> sled::Result<()> {}").len(), 1);
        assert_eq!(check("workspace/mod.rs", "use eframe;").len(), 1);
        assert!(check("gui/theme/mod.rs", "use egui::Color32;").is_empty());
    }

    #[test]
    fn shape_words_and_dependencies_can_fail() {
        assert_eq!(check_shape("a.rs", "use x;\n", 800).len(), 1);
        assert_eq!(check_shape("a.rs", &format!("//! A.\n{}", "\n".repeat(800)), 800).len(), 1);
        assert!(check_shape("a.rs", "//! A.\n", 800).is_empty());
        assert_eq!(check_words("a.rs", "fine\n// TODO later\nlet x = \"/root/x\";").len(), 2);
        assert_eq!(check_dependencies("[dependencies]\na = \"1\" # why\nb = \"1\"\n[lints]\nc = \"1\"\n").len(), 1);
    }
}
