//! Progress bars. Drawn on a terminal; anywhere else there are only the lines about what is done.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar with a name in front and room for a message behind.
pub fn bar(name: &str) -> ProgressBar {
    let bar = ProgressBar::new(1);
    // A template that does not parse leaves the plain bar.
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {prefix:<26} {bar:30} {pos:>4}/{len:<4} {msg}") {
        bar.set_style(style.progress_chars("━━ "));
    }
    bar.set_prefix(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
