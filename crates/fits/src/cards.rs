//! Header cards: 80 bytes each, 36 a block.
//!
//! The cards are laid out here and not by CFITSIO's key routines, because what `fitsio` offers safely of them has
//! no HISTORY, adds `EXTNAME = '_PRIMARY'` to every image, and hides errors on closing. One function a kind of
//! value gives a card (FITS standard 4.0, §4.1–4.2); the tests look at the bytes, and CFITSIO and astropy read them.

/// Bytes of a card.
pub(crate) const CARD: usize = 80;
/// Bytes of a block; header and data are padded to whole blocks.
pub(crate) const BLOCK: usize = 2880;
/// Characters of a string value between its quotes.
const STRING: usize = 68;
/// Characters of a HISTORY line.
const HISTORY: usize = 72;

/// Header cards in the order of the file.
#[derive(Default)]
pub(crate) struct Cards(Vec<String>);

impl Cards {
    /// A logical or integer value, right-justified in the fixed format.
    pub(crate) fn fixed(&mut self, key: &str, value: impl std::fmt::Display, comment: &str) {
        self.value(key, &format!("{value:>20}"), comment);
    }

    /// A number, in the shortest form that reads back to the same bits; the caller has checked that it is finite.
    pub(crate) fn float(&mut self, key: &str, value: f64, comment: &str) {
        self.value(key, &format!("{:>20}", float_text(value)), comment);
    }

    /// A text; more than 68 characters are cut off.
    pub(crate) fn text(&mut self, key: &str, value: &str, comment: &str) {
        let quoted = quoted(value);
        self.value(key, &format!("{quoted:<20}"), comment);
    }

    /// A HISTORY record of any length, over as many cards as it needs.
    pub(crate) fn history(&mut self, line: &str) {
        for part in line.lines() {
            let safe: Vec<char> = ascii(part).chars().collect();
            for chunk in safe.chunks(HISTORY) {
                self.push(format!("HISTORY {}", chunk.iter().collect::<String>()));
            }
        }
    }

    /// The header as it stands in the file: END added, padded with blanks to whole blocks.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.push("END".to_owned());
        let mut bytes = self.0.concat().into_bytes();
        bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
        bytes
    }

    fn value(&mut self, key: &str, value: &str, comment: &str) {
        let card = format!("{key:<8}= {value}");
        let commented = format!("{card} / {comment}");
        let fits = !comment.is_empty() && commented.len() <= CARD;
        self.push(if fits { commented } else { card });
    }

    fn push(&mut self, card: String) {
        debug_assert!(card.len() <= CARD && card.is_ascii(), "{card}");
        self.0.push(format!("{card:<CARD$.CARD$}"));
    }
}

/// The shortest decimal text that reads back to the same bits, with the point that FITS wants.
fn float_text(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-4..1e15).contains(&size) {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

/// Quotes doubled and at most 68 characters between the outer ones; never half of a doubled quote.
fn quoted(value: &str) -> String {
    let mut inner = String::new();
    for c in ascii(value).trim_end().chars() {
        let width = if c == '\'' { 2 } else { 1 };
        if inner.len() + width > STRING {
            break;
        }
        inner.push(c);
        if c == '\'' {
            inner.push(c);
        }
    }
    format!("'{inner:<8}'")
}

/// Printable ASCII only, as the standard asks: letters of our own messages by their likeness, the rest as `?`.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => out.push(c),
            '\t' => out.push(' '),
            'µ' | 'μ' => out.push('u'),
            '×' => out.push('x'),
            '°' => out.push_str("deg"),
            '–' | '—' | '−' => out.push('-'),
            '‘' | '’' => out.push('\''),
            '“' | '”' => out.push('"'),
            '…' => out.push_str("..."),
            _ => out.push('?'),
        }
    }
    out
}

/// A parsed header: keywords with their raw values, and the HISTORY lines.
#[derive(Default)]
pub(crate) struct Parsed {
    values: Vec<(String, String)>,
    /// HISTORY, one entry a card, trailing blanks removed.
    pub(crate) history: Vec<String>,
    /// Bytes of the header, padding included.
    pub(crate) n_bytes: u64,
}

impl Parsed {
    /// Takes one card; `false` when it is END.
    pub(crate) fn take(&mut self, card: &[u8]) -> bool {
        let text = String::from_utf8_lossy(card);
        let (key, rest) = text.split_at_checked(8).unwrap_or((&text, ""));
        match key.trim_end() {
            "END" => return false,
            "HISTORY" => self.history.push(rest.trim_end().to_owned()),
            key => {
                if let Some(value) = rest.strip_prefix("= ") {
                    self.values.push((key.to_owned(), value_text(value)));
                }
            }
        }
        true
    }

    /// The value of a keyword as text: quotes and comment removed.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|v| v.0 == key).map(|v| v.1.as_str())
    }

    /// The value of a keyword as a number.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        // FITS allows D for the exponent of a double.
        self.text(key)?.replace(['D', 'd'], "E").parse().ok().filter(|v: &f64| v.is_finite())
    }

    /// The value of a keyword as a count.
    pub(crate) fn count(&self, key: &str) -> Option<usize> {
        self.text(key)?.parse().ok()
    }
}

/// The value part of a card: what stands between quotes, or before the comment.
fn value_text(field: &str) -> String {
    let field = field.trim_start();
    let Some(mut rest) = field.strip_prefix('\'') else {
        return field.split('/').next().unwrap_or_default().trim().to_owned();
    };
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once('\'') {
        out.push_str(before);
        match after.strip_prefix('\'') {
            Some(more) => {
                out.push('\'');
                rest = more;
            }
            None => break,
        }
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(fill: impl Fn(&mut Cards)) -> String {
        let mut cards = Cards::default();
        fill(&mut cards);
        assert!(cards.0.iter().all(|c| c.len() == CARD));
        cards.0[0].clone()
    }

    fn back(card: &str) -> Parsed {
        let mut parsed = Parsed::default();
        assert!(parsed.take(card.as_bytes()));
        parsed
    }

    #[test]
    fn cards_are_laid_out_as_the_standard_asks() {
        assert_eq!(one(|c| c.fixed("SIMPLE", "T", "")).trim_end(), "SIMPLE  =                    T");
        assert_eq!(one(|c| c.float("CRVAL4", 1.4e9, "")).trim_end(), "CRVAL4  =         1400000000.0");
        assert_eq!(one(|c| c.text("BUNIT", "Jy/beam", "x")).trim_end(), "BUNIT   = 'Jy/beam '           / x");
    }

    #[test]
    fn floats_keep_their_bits() {
        for value in [0.0, -0.0, 1.0, -1e-300, 5e-324, f64::MAX, 1e15, 0.1 + 0.2, -1.0 / 3600.0, 57102.2] {
            let card = one(|c| c.float("X", value, "a comment"));
            assert!(card[10..30].contains('.'), "{card}");
            assert_eq!(back(&card).number("X").unwrap().to_bits(), value.to_bits(), "{card}");
        }
    }

    #[test]
    fn texts_survive_quotes_length_and_foreign_letters() {
        for (given, want) in [
            ("O'Brien's", "O'Brien's"),
            ("", ""),
            ("Jansky µJy – “3C 48”", "Jansky uJy - \"3C 48\""),
            ("星\u{7}", "??"),
        ] {
            assert_eq!(back(&one(|c| c.text("OBJECT", given, ""))).text("OBJECT"), Some(want));
        }
        let quotes = back(&one(|c| c.text("OBJECT", &"'".repeat(100), "")));
        assert_eq!(quotes.text("OBJECT").unwrap(), "'".repeat(34));
        let odd = back(&one(|c| c.text("OBJECT", &format!("a{}", "'".repeat(100)), "")));
        assert_eq!(odd.text("OBJECT").unwrap(), format!("a{}", "'".repeat(33)));
    }

    #[test]
    fn history_breaks_over_cards_and_a_header_fills_blocks() {
        let mut cards = Cards::default();
        cards.history(&"é=".repeat(100));
        cards.history("two\nlines");
        let bytes = cards.into_bytes();
        assert_eq!(bytes.len(), BLOCK);
        let mut parsed = Parsed::default();
        let n = bytes.chunks(CARD).take_while(|c| parsed.take(c)).count();
        assert_eq!(n, 5);
        assert_eq!(parsed.history[..3].concat(), "?=".repeat(100));
        assert_eq!(parsed.history[3..], ["two", "lines"]);
    }

    #[test]
    fn garbage_cards_are_passed_over() {
        let mut parsed = Parsed::default();
        for card in [
            &b""[..],
            b"X",
            &[0xff; 80],
            b"KEY     = 'open",
            b"KEY2    =",
            b"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9x= 1",
        ] {
            assert!(parsed.take(card));
        }
        assert_eq!(parsed.number("KEY"), None);
    }
}
