//! Tables for a terminal.

use std::fmt::Write as _;

/// A table with a rule below its head. Columns of figures are right-aligned, all others left.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let is_figure = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '$' | '–'));
    let figures: Vec<bool> =
        (0..head.len()).map(|column| rows.iter().filter_map(|row| row.get(column)).all(is_figure)).collect();
    let mut out = String::new();
    let mut line = |cells: &[&str]| {
        out.push_str("  ");
        for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            // Writing to a String cannot fail.
            let _ = if figures[column] { write!(out, "{cell:>width$}  ") } else { write!(out, "{cell:<width$}  ") };
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    };
    line(head);
    let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
    line(&rule.iter().map(String::as_str).collect::<Vec<_>>());
    for row in rows {
        line(&row.iter().map(String::as_str).collect::<Vec<_>>());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let text = table(&["a", "name", "n"], &[vec!["xx".into(), "y".into(), "12".into()]]);
        assert_eq!(text, "  a   name   n\n  ──  ────  ──\n  xx  y     12\n");
    }
}
