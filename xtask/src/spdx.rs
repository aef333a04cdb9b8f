//! Licence expressions, as crates write them: SPDX with `OR`, `AND`, `WITH`, parentheses, and the old `/`.

/// Whether a licence expression can be met with licences of the list alone.
///
/// # Errors
/// When the expression cannot be understood; the text says where.
pub(crate) fn is_allowed(expression: &str, allowed: &[&str]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = Parser { words: spaced.split_whitespace().collect(), at: 0, allowed };
    let ok = parser.any()?;
    match parser.words.get(parser.at) {
        None => Ok(ok),
        Some(word) => Err(format!("`{word}` is not expected in `{expression}`")),
    }
}

struct Parser<'a> {
    words: Vec<&'a str>,
    at: usize,
    allowed: &'a [&'a str],
}

impl Parser<'_> {
    /// Terms joined by OR: one that is allowed is enough.
    fn any(&mut self) -> Result<bool, String> {
        let mut ok = self.all()?;
        while self.eat("OR") {
            ok |= self.all()?;
        }
        Ok(ok)
    }

    /// Terms joined by AND: all must be allowed; binds tighter than OR.
    fn all(&mut self) -> Result<bool, String> {
        let mut ok = self.term()?;
        while self.eat("AND") {
            ok &= self.term()?;
        }
        Ok(ok)
    }

    fn term(&mut self) -> Result<bool, String> {
        if self.eat("(") {
            let ok = self.any()?;
            return if self.eat(")") { Ok(ok) } else { Err("a parenthesis is not closed".to_owned()) };
        }
        let mut name = self.name()?.to_owned();
        if self.eat("WITH") {
            name = format!("{name} WITH {}", self.name()?);
        }
        Ok(self.allowed.contains(&name.as_str()))
    }

    fn name(&mut self) -> Result<&str, String> {
        let word = self.words.get(self.at).copied().unwrap_or("");
        if matches!(word, "" | "OR" | "AND" | "WITH" | "(" | ")") {
            return Err(format!("a licence is missing before `{word}`"));
        }
        self.at += 1;
        Ok(word)
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.words.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(expression: &str) -> Result<bool, String> {
        is_allowed(expression, &["MIT", "Apache-2.0", "Unicode-3.0"])
    }

    #[test]
    fn one_of_or_is_enough_and_all_of_and_are_needed() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Zlib OR MIT AND Apache-2.0",
        ] {
            assert_eq!(allowed(good), Ok(true), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "GPL-3.0/AGPL-3.0",
            "MIT AND GPL-3.0",
            "MIT AND (GPL-3.0 OR Zlib)",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(allowed(bad), Ok(false), "{bad}");
        }
        assert_eq!(
            is_allowed("Apache-2.0 WITH LLVM-exception", &["Apache-2.0 WITH LLVM-exception"]),
            Ok(true)
        );
    }

    #[test]
    fn nonsense_is_an_error_and_not_a_licence() {
        for bad in ["", "MIT OR", "(MIT", "MIT)", "MIT Apache-2.0", "AND MIT", "MIT WITH"] {
            assert!(allowed(bad).is_err(), "{bad}");
        }
    }
}
