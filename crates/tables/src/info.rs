//! table.info: `Type = …`, `SubType = …`, an empty line, then text for people.

use std::path::Path;

/// What a table says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableInfo {
    /// Such as `Measurement Set`; empty where the file is absent.
    pub table_type: String,
    /// A further word; mostly empty.
    pub sub_type: String,
}

impl TableInfo {
    /// A file that is absent or unreadable says nothing; nothing depends on it.
    pub(crate) fn read(table: &Path) -> Self {
        let bytes = std::fs::read(table.join("table.info")).unwrap_or_default();
        Self::parse(&String::from_utf8_lossy(&bytes))
    }

    /// The file's text.
    pub(crate) fn text(&self) -> String {
        format!("Type = {}\nSubType = {}\n\n", self.table_type, self.sub_type)
    }

    fn parse(text: &str) -> Self {
        let value = |line: Option<&str>, key: &str| {
            let rest = line.and_then(|l| l.strip_prefix(key)).and_then(|l| l.trim_start().strip_prefix('='));
            rest.map_or(String::new(), |v| v.trim().to_owned())
        };
        let mut lines = text.lines();
        TableInfo { table_type: value(lines.next(), "Type"), sub_type: value(lines.next(), "SubType") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_and_subtype_of_full_empty_and_odd_files() {
        let info = TableInfo::parse("Type = Measurement Set\nSubType = \n\nThis is a table\n");
        assert_eq!((info.table_type.as_str(), info.sub_type.as_str()), ("Measurement Set", ""));
        assert_eq!(TableInfo::parse(""), TableInfo::default());
        assert_eq!(TableInfo::parse("Typ\nSubType = X").sub_type, "X");
    }
}
