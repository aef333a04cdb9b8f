//! One line of a catalogue as named fields.

/// Names of columns, lower case, with their defaults, and how they are separated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Columns {
    names: Vec<(String, Option<String>)>,
    separated_by_commas: bool,
    at_least: usize,
}

/// The columns of lines without a format, in their order.
pub(crate) const PLAIN: [&str; 12] = [
    "name",
    "ra",
    "dec",
    "i",
    "q",
    "u",
    "v",
    "referencefrequency",
    "spectralindex",
    "majoraxis",
    "minoraxis",
    "orientation",
];

/// The fields of a line.
pub(crate) struct Fields<'a> {
    columns: &'a Columns,
    values: Vec<&'a str>,
}

impl Columns {
    /// Blanks between columns in a fixed order, the first four of which must be there.
    pub(crate) fn plain() -> Columns {
        let names = PLAIN.iter().map(|name| ((*name).to_owned(), None)).collect();
        Columns { names, separated_by_commas: false, at_least: 4 }
    }

    /// The columns of `Format = a, b='1'`, `# (a, b) = format`; `None` if the line is none of these.
    pub(crate) fn of_format_line(line: &str) -> Option<Result<Columns, String>> {
        let bare = line.trim().trim_start_matches('#').trim();
        let starts = bare.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("format"));
        let ends = bare.len() >= 6
            && bare.get(bare.len() - 6..).is_some_and(|word| word.eq_ignore_ascii_case("format"));
        let list = if starts {
            bare[6..].trim_start().strip_prefix('=')?
        } else if ends {
            bare[..bare.len() - 6].trim_end().strip_suffix('=')?
        } else {
            return None;
        };
        Some(Self::of_list(list.trim().trim_start_matches('(').trim_end_matches(')')))
    }

    /// Their names, lower case.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| name.as_str())
    }

    fn of_list(list: &str) -> Result<Columns, String> {
        let column = |text: &str| {
            let (name, default) = text.split_once('=').map_or((text, None), |(n, d)| (n, Some(d)));
            let default =
                default.map(|d| d.trim().trim_matches(['\'', '"']).to_owned()).filter(|d| !d.is_empty());
            (name.trim().to_lowercase(), default)
        };
        let names: Vec<_> = split(list)?.into_iter().map(column).collect();
        if names.iter().any(|(name, _)| name.is_empty()) {
            return Err("a column without a name; expected Format = Name, Type, Ra, Dec, I, …".into());
        }
        Ok(Columns { names, separated_by_commas: true, at_least: 1 })
    }

    /// The fields of a line.
    pub(crate) fn fields<'a>(&'a self, line: &'a str) -> Result<Fields<'a>, String> {
        let values = if self.separated_by_commas { split(line)? } else { line.split_whitespace().collect() };
        let (n, most) = (values.len(), self.names.len());
        if !(self.at_least..=most).contains(&n) {
            let names: Vec<&str> = self.names.iter().map(|c| c.0.as_str()).collect();
            return Err(format!("{n} columns; expected {} to {most}: {}", self.at_least, names.join(" ")));
        }
        Ok(Fields { columns: self, values })
    }
}

impl Fields<'_> {
    /// The text of a column, or its default; `None` where there is neither.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let i = self.columns.names.iter().position(|(name, _)| name == key)?;
        let value = self.values.get(i).map(|v| v.trim()).filter(|v| !v.is_empty());
        value.or(self.columns.names[i].1.as_deref())
    }

    /// The number of a column; `None` where it is empty.
    pub(crate) fn number(&self, key: &str) -> Result<Option<f64>, String> {
        self.get(key).map(|text| finite(text, key)).transpose()
    }

    /// The numbers of a column such as `[-0.7, 0.1]` or `-0.7`.
    pub(crate) fn list(&self, key: &str) -> Result<Vec<f64>, String> {
        let text = self.get(key).unwrap_or("").trim().trim_start_matches('[').trim_end_matches(']');
        let numbers = text.split(',').map(str::trim).filter(|t| !t.is_empty());
        numbers.map(|t| finite(t, key)).collect()
    }
}

fn finite(text: &str, key: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|x: &f64| x.is_finite());
    number.ok_or_else(|| format!("{key}: `{text}` is not a number"))
}

/// At commas, but not within brackets or quotes.
fn split(line: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_i32, None);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth -= 1,
            (None, ',') if depth <= 0 => {
                parts.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if depth != 0 || quote.is_some() {
        return Err("a bracket is not closed".into());
    }
    parts.push(&line[start..]);
    Ok(parts)
}
