//! Colours for code: Python and shell taken apart into the few kinds of word that are worth telling apart.

use egui::text::{LayoutJob, TextFormat};

use crate::gui::theme::{Theme, fonts};

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// Python.
    Python,
    /// A POSIX shell; JSON in its single quotes.
    Shell,
    /// Anything else: one colour.
    Plain,
}

/// A kind of word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Plain,
    Keyword,
    Text,
    Number,
    Comment,
    /// What is called or run.
    Call,
    /// The name of an argument: an option, a keyword argument, a member of JSON.
    Argument,
}

const KEYWORDS: [&str; 13] =
    ["import", "from", "as", "for", "in", "if", "else", "with", "def", "return", "True", "False", "None"];

/// Code laid out for a label.
pub fn job(theme: &Theme, code: &str, syntax: Syntax) -> LayoutJob {
    let mut job = LayoutJob { break_on_newline: true, ..LayoutJob::default() };
    for (text, word) in words(code, syntax) {
        let color = match word {
            Word::Plain => theme.text,
            Word::Keyword => theme.code.keyword,
            Word::Text => theme.code.text,
            Word::Number => theme.code.number,
            Word::Comment => theme.faint,
            Word::Call => theme.code.call,
            Word::Argument => theme.code.argument,
        };
        let format = TextFormat { font_id: fonts::mono(), color, line_height: Some(18.0), ..TextFormat::default() };
        job.append(text, 0.0, format);
    }
    job
}

/// The whole text in pieces, in order, none left out.
fn words(code: &str, syntax: Syntax) -> Vec<(&str, Word)> {
    let mut out = Vec::new();
    match syntax {
        Syntax::Python => python(code, &mut out),
        Syntax::Shell => shell(code, &mut out),
        Syntax::Plain => out.push((code, Word::Plain)),
    }
    out
}

/// How many bytes from the start fulfil the condition.
fn run(text: &str, holds: impl Fn(char) -> bool) -> usize {
    text.find(|c| !holds(c)).unwrap_or(text.len())
}

/// The length of a text in double quotes at the start, with its quotes.
fn double_quoted(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn python<'a>(mut rest: &'a str, out: &mut Vec<(&'a str, Word)>) {
    while let Some(first) = rest.chars().next() {
        let (length, word) = match first {
            '#' => (run(rest, |c| c != '\n'), Word::Comment),
            '"' => (double_quoted(rest), Word::Text),
            c if c.is_ascii_digit() => (run(rest, |c| c == '.' || is_name(c)), Word::Number),
            c if is_name(c) => {
                let length = run(rest, is_name);
                let after = &rest[length..];
                let word = if KEYWORDS.contains(&&rest[..length]) {
                    Word::Keyword
                } else if after.starts_with('(') {
                    Word::Call
                } else if after.starts_with('=') {
                    Word::Argument
                } else {
                    Word::Plain
                };
                (length, word)
            }
            _ => (run(rest, |c| !is_name(c) && c != '#' && c != '"'), Word::Plain),
        };
        let (piece, after) = rest.split_at(length);
        out.push((piece, word));
        rest = after;
    }
}

fn shell<'a>(mut rest: &'a str, out: &mut Vec<(&'a str, Word)>) {
    let space = |c: char| c == ' ' || c == '\n';
    // Where a word is a command: at the start of a line that does not go on from the one before.
    let mut command = true;
    let mut begins = true;
    while let Some(first) = rest.chars().next() {
        let (length, word) = match first {
            '\\' if rest.starts_with("\\\n") => (2, Word::Comment),
            '\\' => (1 + rest[1..].chars().next().map_or(0, char::len_utf8), Word::Text),
            c if space(c) => {
                let length = run(rest, space);
                command |= rest[..length].contains('\n') && out.last().is_none_or(|(text, _)| *text != "\\\n");
                (length, Word::Plain)
            }
            '#' if begins => (run(rest, |c| c != '\n'), Word::Comment),
            '\'' => {
                let length = rest[1..].find('\'').map_or(rest.len(), |end| end + 2);
                let inner = rest[..length].trim_matches('\'');
                if inner.starts_with(['{', '[']) {
                    json(&rest[..length], out);
                    rest = &rest[length..];
                    begins = false;
                    continue;
                }
                (length, Word::Text)
            }
            '"' => (double_quoted(rest), Word::Text),
            _ => {
                let length = run(&rest[first.len_utf8()..], |c| !space(c) && !"'\"\\".contains(c)) + first.len_utf8();
                let word = if begins && command {
                    command = false;
                    Word::Call
                } else if begins && first == '-' {
                    Word::Argument
                } else {
                    Word::Plain
                };
                (length, word)
            }
        };
        let (piece, after) = rest.split_at(length);
        begins = piece.ends_with(space);
        out.push((piece, word));
        rest = after;
    }
}

fn json<'a>(mut rest: &'a str, out: &mut Vec<(&'a str, Word)>) {
    while let Some(first) = rest.chars().next() {
        let (length, word) = match first {
            '"' => {
                let length = double_quoted(rest);
                (length, if rest[length..].starts_with(':') { Word::Argument } else { Word::Text })
            }
            c if c.is_ascii_digit() => (run(rest, |c| c == '.' || is_name(c)), Word::Number),
            _ => (run(rest, |c| c != '"' && !c.is_ascii_digit()), Word::Plain),
        };
        let (piece, after) = rest.split_at(length);
        out.push((piece, word));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str, syntax: Syntax, word: Word) -> Vec<&str> {
        let words = words(code, syntax);
        assert_eq!(words.iter().map(|(text, _)| *text).collect::<String>(), code, "nothing is lost");
        words.into_iter().filter(|(_, kind)| *kind == word).map(|(text, _)| text).collect()
    }

    #[test]
    fn python_is_taken_apart() {
        let code = "import boto3  # é\nx = s3.get(Key=\"a \\\" #b\", N=1.5)\nfor a in x:\n";
        assert_eq!(of(code, Syntax::Python, Word::Keyword), ["import", "for", "in"]);
        assert_eq!(of(code, Syntax::Python, Word::Text), ["\"a \\\" #b\""]);
        assert_eq!(of(code, Syntax::Python, Word::Comment), ["# é"]);
        assert_eq!(of(code, Syntax::Python, Word::Call), ["get"]);
        assert_eq!(of(code, Syntax::Python, Word::Argument), ["Key", "N"]);
        assert_eq!(of(code, Syntax::Python, Word::Number), ["1.5"]);
    }

    #[test]
    fn a_shell_is_taken_apart() {
        let code = "aws s3 cp \\\n  --region us-1 -d '{\"A\": \"b\", \"n\": 2}' \"$X\"\ncurl 'it'\\''s'\n";
        assert_eq!(of(code, Syntax::Shell, Word::Call), ["aws", "curl"]);
        assert_eq!(of(code, Syntax::Shell, Word::Argument), ["--region", "-d", "\"A\"", "\"n\""]);
        assert_eq!(of(code, Syntax::Shell, Word::Text), ["\"b\"", "\"$X\"", "'it'", "\\'", "'s'"]);
        assert_eq!(of(code, Syntax::Shell, Word::Number), ["2"]);
    }

    #[test]
    fn unfinished_code_ends() {
        for code in ["\"", "'", "\\", "'{\"", "é\"é", "#", "-'"] {
            for syntax in [Syntax::Python, Syntax::Shell, Syntax::Plain] {
                of(code, syntax, Word::Plain);
            }
        }
    }
}
