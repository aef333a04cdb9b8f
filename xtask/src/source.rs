//! A Rust file with its comments and literals blanked out, so that rules can look for words of the language.
//!
//! This is no parser: it knows comments, strings, characters and braces, which is all that the rules need.

/// A Rust file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// Path below the root of the repository, with forward slashes.
    pub(crate) path: String,
    /// The file as it is.
    pub(crate) text: String,
    /// The same, same length in characters, with comments as blanks and the inside of literals as `"`.
    pub(crate) code: Vec<char>,
    /// For each line, from 0: whether it stands in a test file or in an item under `#[cfg(test)]`.
    pub(crate) in_test: Vec<bool>,
}

/// A function found by its braces.
#[derive(Debug, PartialEq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Line of the word `fn`, from 0.
    pub(crate) line: usize,
    /// Lines of code between its braces, blank lines and comments left out (as clippy counts them).
    pub(crate) n_lines: usize,
    /// Whether it is marked `expect(clippy::too_many_lines …)`.
    pub(crate) long_expected: bool,
}

impl Source {
    /// Reads a file given as its path and text.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = blank(&text.chars().collect::<Vec<_>>());
        let mut source = Source { path: path.to_owned(), text: text.to_owned(), code, in_test: Vec::new() };
        source.in_test = vec![source.is_test_file(); text.lines().count() + 1];
        source.mark_test_items();
        source
    }

    /// The crate's folder: `types` for `crates/types/src/lib.rs`, `xtask` for xtask.
    pub(crate) fn crate_dir(&self) -> &str {
        let mut parts = self.path.split('/');
        match parts.next() {
            Some("crates") => parts.next().unwrap_or_default(),
            other => other.unwrap_or_default(),
        }
    }

    /// Whether the whole file is a test, a bench or an example: none is part of the program.
    pub(crate) fn is_test_file(&self) -> bool {
        let folder = |name| self.path.contains(name);
        folder("/tests/") || folder("/benches/") || folder("/examples/") || self.path.ends_with("/tests.rs")
    }

    /// The number of a line, from 0, that the character at `at` stands on.
    pub(crate) fn line_of(&self, at: usize) -> usize {
        self.code[..at].iter().filter(|&&c| c == '\n').count()
    }

    /// `path:line` for messages, lines from 1.
    pub(crate) fn place(&self, line: usize) -> String {
        format!("{}:{}", self.path, line + 1)
    }

    /// Positions at which `words` stand in the code one after the other, whatever blanks lie between them.
    ///
    /// A word is an identifier or a single other character: `["static", "mut"]`, `["env", ":", ":", "var"]`.
    pub(crate) fn find(&self, words: &[&str]) -> Vec<usize> {
        (0..self.code.len()).filter(|&at| self.matches(at, words)).collect()
    }

    fn matches(&self, mut at: usize, words: &[&str]) -> bool {
        for (i, word) in words.iter().enumerate() {
            if i > 0 {
                at = self.skip_blanks(at);
            }
            let end = at + word.chars().count();
            let is_name = word.starts_with(is_ident);
            let starts = !is_name || at == 0 || !is_ident(self.code[at - 1]);
            let ends = !is_name || self.code.get(end).is_none_or(|&c| !is_ident(c));
            if !starts || !ends || self.code.get(at..end).is_none_or(|c| !c.iter().copied().eq(word.chars()))
            {
                return false;
            }
            at = end;
        }
        true
    }

    /// Places where a path reaches one of `members`: written out (`env::var`), or in a group (`env::{self, var}`).
    pub(crate) fn find_members(&self, path: &[&str], members: &[&str]) -> Vec<usize> {
        let reach = |last| self.find(&[path, &[":", ":", last]].concat());
        let mut found: Vec<usize> = members.iter().copied().flat_map(reach).collect();
        let named = |at: &usize| members.iter().any(|m| self.group_names(*at, m));
        found.extend(reach("{").into_iter().filter(named));
        found
    }

    /// Whether `name` stands in the first group of braces after `at`.
    fn group_names(&self, at: usize, name: &str) -> bool {
        let Some(open) = self.body_start(at) else { return false };
        (open..self.closing(open)).any(|i| self.matches(i, &[name]))
    }

    /// The identifier at `at` after blanks, empty if something else stands there.
    pub(crate) fn ident_after(&self, at: usize) -> String {
        self.code[self.skip_blanks(at)..].iter().take_while(|c| is_ident(**c)).collect()
    }

    fn skip_blanks(&self, mut at: usize) -> usize {
        while self.code.get(at).is_some_and(|c| c.is_whitespace()) {
            at += 1;
        }
        at
    }

    /// Every function with a body, tests included.
    pub(crate) fn functions(&self) -> Vec<Function> {
        self.find(&["fn"]).into_iter().filter_map(|at| self.function(at)).collect()
    }

    fn function(&self, at: usize) -> Option<Function> {
        let name = self.ident_after(at + 2);
        let open = self.body_start(at).filter(|_| !name.is_empty())?;
        let close = self.closing(open);
        let body: String = self.code[open + 1..close].iter().collect();
        // The lines of the braces themselves do not count unless code shares them.
        let n_lines = body.lines().filter(|l| !l.trim().is_empty()).count();
        Some(Function { name, line: self.line_of(at), n_lines, long_expected: self.is_long_expected(at) })
    }

    /// The `{` that opens the item at `at`; `None` when a `;` ends it first.
    fn body_start(&self, at: usize) -> Option<usize> {
        let mut depth = 0;
        for (i, c) in self.code.iter().enumerate().skip(at) {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                '{' if depth == 0 => return Some(i),
                ';' if depth == 0 => return None,
                _ => {}
            }
        }
        None
    }

    /// The `}` that closes the `{` at `open`, or the end of the file.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0;
        for (i, c) in self.code.iter().enumerate().skip(open) {
            depth += i32::from(*c == '{') - i32::from(*c == '}');
            if depth == 0 {
                return i;
            }
        }
        self.code.len()
    }

    /// Looks at the attributes in front of the item at `at`.
    fn is_long_expected(&self, at: usize) -> bool {
        let start = self.code[..at].iter().rposition(|c| matches!(c, '{' | '}' | ';')).map_or(0, |i| i + 1);
        let before = |words: &[&str]| self.find(words).iter().any(|p| (start..at).contains(p));
        before(&["expect", "("]) && before(&["clippy", ":", ":", "too_many_lines"])
    }

    fn mark_test_items(&mut self) {
        for at in self.find(&["#", "[", "cfg", "(", "test", ")", "]"]) {
            let after = at + self.code[at..].iter().position(|&c| c == ']').map_or(0, |i| i + 1);
            let end = self.body_start(after).map_or(after, |open| self.closing(open));
            let lines = self.line_of(at)..=self.line_of(end.min(self.code.len()));
            self.in_test[lines].fill(true);
        }
    }
}

/// A character of an identifier.
fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Blanks comments and literals; line ends stay where they are.
fn blank(text: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    while out.len() < text.len() {
        let at = out.len();
        let before = at.checked_sub(1).map(|i| text[i]);
        let (len, fill) = match text[at] {
            '/' if text.get(at + 1) == Some(&'/') => (line_comment(&text[at..]), ' '),
            '/' if text.get(at + 1) == Some(&'*') => (block_comment(&text[at..]), ' '),
            '"' => (quoted(&text[at..], '"'), '"'),
            '\'' => (character(&text[at..]), '"'),
            'r' if !before.is_some_and(|c| is_ident(c) && !matches!(c, 'b' | 'c')) => (raw(&text[at..]), '"'),
            _ => (0, ' '),
        };
        if len == 0 {
            out.push(text[at]);
        }
        out.extend(text[at..at + len].iter().map(|&c| if c == '\n' { c } else { fill }));
    }
    out
}

fn line_comment(text: &[char]) -> usize {
    text.iter().position(|&c| c == '\n').unwrap_or(text.len())
}

/// Length of a block comment; they nest.
fn block_comment(text: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at + 1 < text.len() {
        let step = match (text[at], text[at + 1]) {
            ('/', '*') => 1,
            ('*', '/') => -1,
            _ => 0,
        };
        depth += step;
        at += if step == 0 { 1 } else { 2 };
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Length of a literal between two `quote`s with backslash escapes.
fn quoted(text: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Length of a character literal; 0 for a lifetime.
fn character(text: &[char]) -> usize {
    match (text.get(1), text.get(2)) {
        (Some('\\'), _) => quoted(text, '\''),
        (Some(_), Some('\'')) => 3,
        _ => 0,
    }
}

/// Length of a raw string such as `r#"…"#`; 0 for a raw identifier or a plain name.
fn raw(text: &[char]) -> usize {
    let hashes = text[1..].iter().take_while(|&&c| c == '#').count();
    if text.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let ends =
        |at: &usize| text[*at] == '"' && text[at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
    (hashes + 2..text.len()).find(ends).map_or(text.len(), |at| at + 1 + hashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Source::new("crates/x/src/a.rs", text).code.into_iter().collect()
    }

    #[test]
    fn comments_and_literals_are_blanked_and_nothing_else() {
        assert_eq!(code("a // unsafe\nb"), "a          \nb");
        assert_eq!(code("/* x /* y */ z */ a"), "                  a");
        assert_eq!(code(r#"f("a\"b", 'x', '\'')"#), r#"f("""""", """, """")"#);
        assert_eq!(code("r#\"un\"safe\"# + br\"x\""), "\"\"\"\"\"\"\"\"\"\"\"\" + b\"\"\"\"");
        assert_eq!(code("fn f<'a>(x: &'a r#type) {}"), "fn f<'a>(x: &'a r#type) {}");
        assert_eq!(code("for_var\"x\""), "for_var\"\"\"");
    }

    #[test]
    fn words_match_whole_and_across_blanks() {
        let source = Source::new(
            "crates/x/src/a.rs",
            "#![forbid(unsafe_code)]\nstatic  mut A: u8 = 0; std::env :: var",
        );
        assert_eq!(source.find(&["unsafe"]), [0_usize; 0]);
        assert_eq!(source.find(&["static", "mut"]).len(), 1);
        assert_eq!(source.find(&["env", ":", ":", "var"]).len(), 1);
    }

    #[test]
    fn functions_are_measured_without_blank_lines_and_comments() {
        let text = "trait T { fn none(&self); }\n#[expect(clippy::too_many_lines, reason = \"{;\")]\n\
                    fn long<const N: usize>(x: [u8; 3]) -> u8\n{\n    // why\n\n    if true {\n    }\n    1\n}\nlet p: fn(u8);";
        let source = Source::new("crates/x/src/a.rs", text);
        assert_eq!(
            source.functions(),
            [Function { name: "long".into(), line: 2, n_lines: 3, long_expected: true }]
        );
    }

    #[test]
    fn items_under_cfg_test_are_marked() {
        let text = "fn a() {}\n#[cfg(test)]\nuse x;\nfn b() {}\n#[cfg(test)]\nmod tests {\n  fn c() {}\n}\nfn d() {}\n";
        let source = Source::new("crates/x/src/a.rs", text);
        let marked: Vec<usize> = (0..9).filter(|&i| source.in_test[i]).collect();
        assert_eq!(marked, [1, 4, 5, 6, 7]);
        assert!(Source::new("crates/x/tests/a.rs", "fn a() {}").in_test[0]);
        assert_eq!(source.crate_dir(), "x");
    }
}
