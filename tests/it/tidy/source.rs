//! Just enough of a Rust reader: tokens without comments and strings, and the paths that a file names.

/// A word, or one character of anything else, and the line (from 1) it stands on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

/// A path as written in full (`use` trees expanded, `super` and `self` resolved), with its line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// Tokens of `source`; comments, strings, characters and lifetimes are left out.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let mut out = Vec::new();
    let (mut i, mut line) = (0, 1);
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    while i < chars.len() {
        let c = chars[i];
        if c == '\n' {
            line += 1;
            i += 1;
        } else if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && chars[i] != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                match (at(i), at(i + 1)) {
                    ('/', '*') => (depth, i) = (depth + 1, i + 2),
                    ('*', '/') => (depth, i) = (depth - 1, i + 2),
                    ('\n', _) => (line, i) = (line + 1, i + 1),
                    _ => i += 1,
                }
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if c == '"' {
            i = skip_string(&chars, i, 0, false, &mut line);
        } else if c == '\'' {
            i = skip_quote(&chars, i, &mut line);
        } else if c.is_alphabetic() || c == '_' {
            let start = i;
            while i < chars.len() && (chars[i].is_alphanumeric() || chars[i] == '_') {
                i += 1;
            }
            let word: String = chars[start..i].iter().collect();
            let hashes = chars[i..].iter().take_while(|c| **c == '#').count();
            let prefix = matches!(word.as_str(), "r" | "b" | "br" | "c" | "cr");
            if prefix && at(i + hashes) == '"' && (hashes == 0 || word.contains('r')) {
                i = skip_string(&chars, i + hashes, hashes, word.contains('r'), &mut line);
            } else if word == "b" && at(i) == '\'' {
                i = skip_quote(&chars, i, &mut line);
            } else if word == "r" && at(i) == '#' {
                i += 1; // a raw identifier: the word itself follows
            } else {
                out.push(Token { text: word, line });
            }
        } else {
            if !c.is_whitespace() {
                out.push(Token { text: c.to_string(), line });
            }
            i += 1;
        }
    }
    out
}

/// From the opening quote at `i` to behind the closing one.
fn skip_string(chars: &[char], mut i: usize, hashes: usize, raw: bool, line: &mut usize) -> usize {
    i += 1;
    while i < chars.len() {
        match chars[i] {
            '\n' => *line += 1,
            '\\' if !raw => {
                // The escaped character may be the end of a line.
                *line += usize::from(chars.get(i + 1) == Some(&'\n'));
                i += 1;
            }
            '"' if chars[i + 1..].iter().take_while(|c| **c == '#').count() >= hashes => return i + 1 + hashes,
            _ => {}
        }
        i += 1;
    }
    i
}

/// Behind a character literal, or behind the `'` of a lifetime and its name.
fn skip_quote(chars: &[char], i: usize, line: &mut usize) -> usize {
    if chars.get(i + 1) == Some(&'\\') {
        let mut end = i + 3;
        while end < chars.len() && chars[end] != '\'' {
            end += 1;
        }
        return end + 1;
    }
    if chars.get(i + 2) == Some(&'\'') {
        *line += usize::from(chars.get(i + 1) == Some(&'\n'));
        return i + 3;
    }
    let name = chars[i + 1..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
    i + 1 + name
}

/// The module path of a file below `src`: `gui/pages/mod.rs` → `[gui, pages]`.
pub(super) fn module_of(file: &str) -> Vec<String> {
    let mut module: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

/// Every path of two or more segments, and every `use`, that `source` names; `file` is relative to `src`.
pub(super) fn named_paths(file: &str, source: &str) -> Vec<Named> {
    let tokens = tokens(source);
    let text = |i: usize| tokens.get(i).map_or("", |token| token.text.as_str());
    let is_word = |i: usize| text(i).chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let mut module = module_of(file);
    let mut depth = 0;
    let mut inline: Vec<usize> = Vec::new();
    let mut out = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        match text(i) {
            "mod" if is_word(i + 1) && text(i + 2) == "{" => {
                inline.push(depth);
                module.push(text(i + 1).to_owned());
                depth += 1;
                i += 3;
            }
            "{" => {
                depth += 1;
                i += 1;
            }
            "}" => {
                depth = usize::saturating_sub(depth, 1);
                if inline.last() == Some(&depth) {
                    inline.pop();
                    module.pop();
                }
                i += 1;
            }
            // `use` the item; not `use<'a>`, the capture of an `impl Trait`.
            "use" if text(i + 1) != "<" => {
                let mut tree = Vec::new();
                i = use_tree(&tokens, i + 1, &[], &mut tree);
                out.extend(
                    tree.into_iter().map(|named| Named { path: resolve(&named.path, &module), line: named.line }),
                );
            }
            _ if is_word(i) => {
                let line = tokens[i].line;
                let mut path = vec![text(i).to_owned()];
                let mut end = i + 1;
                while text(end) == ":" && text(end + 1) == ":" && is_word(end + 2) {
                    path.push(text(end + 2).to_owned());
                    end += 3;
                }
                if path.len() > 1 {
                    out.push(Named { path: resolve(&path, &module), line });
                }
                i = end;
            }
            _ => i += 1,
        }
    }
    out.sort();
    out.dedup();
    out
}

/// Reads one tree of a `use` from `i`; answers where it ends.
fn use_tree(tokens: &[Token], mut i: usize, prefix: &[String], out: &mut Vec<Named>) -> usize {
    let text = |i: usize| tokens.get(i).map_or(";", |token| token.text.as_str());
    let mut path = prefix.to_vec();
    let line = tokens.get(i).map_or(0, |token| token.line);
    loop {
        match text(i) {
            ":" => i += 1,
            "{" => {
                i += 1;
                while text(i) != "}" && text(i) != ";" {
                    i = use_tree(tokens, i, &path, out);
                    i += usize::from(text(i) == ",");
                }
                return i + 1;
            }
            "," | "}" | ";" => break,
            "as" => i += 2,
            word => {
                if word != "*" {
                    path.push(word.to_owned());
                }
                i += 1;
            }
        }
    }
    out.push(Named { path, line });
    i
}

/// `super` and `self` put in terms of `crate`.
fn resolve(path: &[String], module: &[String]) -> Vec<String> {
    let mut base = module.to_vec();
    let mut rest = path;
    match path.first().map(String::as_str) {
        Some("self" | "super") => {
            while let Some(first) = rest.first() {
                match first.as_str() {
                    "self" => {}
                    "super" => {
                        base.pop();
                    }
                    _ => break,
                }
                rest = &rest[1..];
            }
            std::iter::once("crate".to_owned()).chain(base).chain(rest.iter().cloned()).collect()
        }
        Some("counterpoise") => std::iter::once("crate".to_owned()).chain(rest[1..].iter().cloned()).collect(),
        _ => path.to_vec(),
    }
}

#[test]
fn tokens_leave_out_what_is_not_code() {
    let source = "a /* sled:: /* b */ */ \"sled::\\\" x\" r#\"sled::\"# 'x' b'\\'' &'static c // sled::\nd";
    let words: Vec<(String, usize)> = tokens(source).into_iter().map(|t| (t.text, t.line)).collect();
    let expected = [("a", 1), ("&", 1), ("c", 1), ("d", 2)].map(|(text, line)| (text.to_owned(), line));
    assert_eq!(words, expected);
}

#[test]
fn use_trees_are_expanded_and_relative_paths_resolved() {
    let source = "use crate::{engine::{self, Engine as E}, store::*};\nuse super::super::ml;\nmod tests { use super::x::Y; fn f() { super::super::a::b() } }\nfn g() { self::c::d() }";
    let named: Vec<(String, usize)> =
        named_paths("gui/pages/data.rs", source).into_iter().map(|n| (n.path.join("::"), n.line)).collect();
    let expected = [
        ("crate::engine::Engine", 1),
        ("crate::engine::self", 1),
        ("crate::gui::ml", 2),
        ("crate::gui::pages::a::b", 3),
        ("crate::gui::pages::data::c::d", 4),
        ("crate::gui::pages::data::x::Y", 3),
        ("crate::store", 1),
    ]
    .map(|(path, line)| (path.to_owned(), line));
    assert_eq!(named, expected);
}
