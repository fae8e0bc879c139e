//! Whether a window can open here, found out before trying: a display, and the system libraries that are loaded at run time.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A shared library and the Debian and Ubuntu package that brings it.
type Library = (&'static str, &'static str);

const X11: &[Library] = &[
    ("libX11.so.6", "libx11-6"),
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libXcursor.so.1", "libxcursor1"),
    ("libXi.so.6", "libxi6"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    ("libGL.so.1", "libgl1"),
];

const WAYLAND: &[Library] = &[
    ("libwayland-client.so.0", "libwayland-client0"),
    ("libwayland-egl.so.1", "libwayland-egl1"),
    ("libxkbcommon.so.0", "libxkbcommon0"),
    ("libEGL.so.1", "libegl1"),
];

/// Why no window can open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoWindow {
    /// Neither X11 nor Wayland.
    NoDisplay,
    /// There is a display, but these packages are missing.
    Missing(Vec<&'static str>),
}

impl std::fmt::Display for NoWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoDisplay => f.write_str("there is no display (DISPLAY and WAYLAND_DISPLAY are not set)"),
            Self::Missing(packages) => {
                write!(f, "system libraries are missing (Debian, Ubuntu: sudo apt install {})", packages.join(" "))
            }
        }
    }
}

/// Whether a window can open, as far as can be told without opening one. Always yes on macOS and Windows.
///
/// # Errors
/// Why not.
pub fn check() -> Result<(), NoWindow> {
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return Ok(());
    }
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let (x11, wayland) = (is_set("DISPLAY"), is_set("WAYLAND_DISPLAY") || is_set("WAYLAND_SOCKET"));
    if !x11 && !wayland {
        return Err(NoWindow::NoDisplay);
    }
    decide(x11, wayland, &libraries())
}

/// One of the displays with all its libraries is enough; otherwise what is missing for the likelier one.
fn decide(x11: bool, wayland: bool, there: &BTreeSet<OsString>) -> Result<(), NoWindow> {
    let missing = |wanted: &[Library]| -> Vec<&'static str> {
        wanted.iter().filter(|(file, _)| !there.contains(&OsString::from(file))).map(|(_, package)| *package).collect()
    };
    let missing: Vec<Vec<&'static str>> = [(wayland, WAYLAND), (x11, X11)]
        .into_iter()
        .filter(|(here, _)| *here)
        .map(|(_, wanted)| missing(wanted))
        .collect();
    if missing.iter().any(Vec::is_empty) {
        return Ok(());
    }
    missing
        .into_iter()
        .min_by_key(Vec::len)
        .map_or(Err(NoWindow::NoDisplay), |packages| Err(NoWindow::Missing(packages)))
}

/// File names of the shared libraries that the loader would find: its cache, `LD_LIBRARY_PATH`, and the usual folders.
fn libraries() -> BTreeSet<OsString> {
    let mut found = BTreeSet::new();
    let cached = ["ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"]
        .iter()
        .find_map(|program| Command::new(program).arg("-p").output().ok().filter(|output| output.status.success()));
    if let Some(output) = cached {
        let text = String::from_utf8_lossy(&output.stdout);
        found.extend(text.lines().filter_map(|line| line.split_whitespace().next()).map(OsString::from));
    }
    let mut folders: Vec<PathBuf> = env::var_os("LD_LIBRARY_PATH").iter().flat_map(env::split_paths).collect();
    let machine = format!("{}-linux-gnu", env::consts::ARCH);
    for base in ["/usr/lib", "/lib", "/usr/local/lib"] {
        folders.extend([PathBuf::from(base).join(&machine), PathBuf::from(format!("{base}64")), PathBuf::from(base)]);
    }
    for entry in folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        found.insert(entry.file_name());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn having(libraries: &[Library]) -> BTreeSet<OsString> {
        libraries.iter().map(|(file, _)| OsString::from(file)).collect()
    }

    #[test]
    fn a_display_with_its_libraries_is_enough() {
        assert_eq!(decide(true, false, &having(X11)), Ok(()));
        assert_eq!(decide(true, true, &having(X11)), Ok(()));
        assert_eq!(decide(false, true, &having(WAYLAND)), Ok(()));
    }

    #[test]
    fn a_missing_library_is_named_by_its_package() {
        let why = decide(true, false, &having(&X11[1..5])).unwrap_err();
        assert_eq!(why, NoWindow::Missing(vec!["libx11-6", "libgl1"]));
        assert!(why.to_string().contains("sudo apt install libx11-6 libgl1"), "{why}");
        assert!(decide(false, true, &having(X11)).is_err());
    }
}
