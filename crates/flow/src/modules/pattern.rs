//! Frames that a user wrote down as text.

use std::{any::type_name, str::FromStr};

use crate::{BoxError, Source};

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// There is no frame in it.
    #[error("the pattern holds no frame; write one frame per line, its values separated by blanks")]
    Empty,
    /// Something is no value.
    #[error(
        "line {line}: value {position} is `{text}`, which is no {expected}; correct it, or begin a comment with #"
    )]
    Value {
        /// The line, from 1.
        line: usize,
        /// Which value of the line, from 1.
        position: usize,
        /// What stands there.
        text: String,
        /// The type of the values.
        expected: &'static str,
    },
}

/// Gives the frames of a pattern, from the first to the last and over again.
///
/// ```
/// use facette_flow::{Source, modules::Pattern};
///
/// let mut pattern = Pattern::<u8>::parse("0 1 1 0  # first frame\n\n1 1\n")?.rounds(1);
/// assert_eq!(pattern.next()?, Some(vec![0, 1, 1, 0]));
/// assert_eq!(pattern.next()?, Some(vec![1, 1]));
/// assert_eq!(pattern.next()?, None);
/// # Ok::<(), facette_flow::BoxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern<T> {
    frames: Vec<Vec<T>>,
    rounds: Option<u64>,
    given: u64,
}

impl<T> Pattern<T> {
    /// The pattern of some frames.
    ///
    /// # Errors
    /// [`PatternError::Empty`] without a frame.
    pub fn new(frames: Vec<Vec<T>>) -> Result<Self, PatternError> {
        if frames.is_empty() {
            return Err(PatternError::Empty);
        }
        Ok(Pattern { frames, rounds: None, given: 0 })
    }

    /// Ends the stream when the pattern was given so often; otherwise it has no end.
    pub fn rounds(self, rounds: u64) -> Self {
        Pattern { rounds: Some(rounds), ..self }
    }

    fn n_frames(&self) -> Option<u64> {
        Some(self.rounds?.saturating_mul(self.frames.len() as u64))
    }
}

impl<T: FromStr> Pattern<T> {
    /// Reads a pattern: one frame per line, its values separated by blanks; `#` begins a comment, and lines without a
    /// value are skipped.
    ///
    /// # Errors
    /// [`PatternError`] for a value that `T` does not understand, or a text without a frame.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let lines = text.lines().zip(1..).map(|(line, number)| Self::parse_line(line, number));
        let frames: Vec<Vec<T>> = lines.collect::<Result<_, _>>()?;
        Pattern::new(frames.into_iter().filter(|frame| !frame.is_empty()).collect())
    }

    fn parse_line(text: &str, line: usize) -> Result<Vec<T>, PatternError> {
        let values = text.split('#').next().unwrap_or_default().split_whitespace();
        let value = |(value, position): (&str, usize)| {
            let text = || value.to_owned();
            value.parse().map_err(|_| PatternError::Value {
                line,
                position,
                text: text(),
                expected: type_name::<T>(),
            })
        };
        values.zip(1..).map(value).collect()
    }
}

impl<T: Clone + Send + 'static> Source for Pattern<T> {
    type Out = Vec<T>;

    fn next(&mut self) -> Result<Option<Vec<T>>, BoxError> {
        if self.n_frames().is_some_and(|n| self.given >= n) {
            return Ok(None);
        }
        let i = (self.given % self.frames.len() as u64) as usize;
        self.given += 1;
        Ok(Some(self.frames[i].clone()))
    }

    fn n_chunks(&self) -> Option<u64> {
        self.n_frames()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_round() {
        let mut pattern = Pattern::<i32>::parse("# two frames\n1 -2\n   3\n").unwrap();
        let mut next = || pattern.next().unwrap().unwrap();
        assert_eq!([next(), next(), next()], [vec![1, -2], vec![3], vec![1, -2]]);
        let mut twice = Pattern::<f32>::parse("0.5\n1").unwrap().rounds(2);
        assert_eq!(twice.n_chunks(), Some(4));
        assert_eq!(std::iter::from_fn(|| twice.next().unwrap()).count(), 4);
    }

    #[test]
    fn a_wrong_value_is_named() {
        let error = Pattern::<u8>::parse("1 2\n\n0 1 300").unwrap_err();
        let text = "300".to_owned();
        assert_eq!(error, PatternError::Value { line: 3, position: 3, text, expected: "u8" });
        assert!(error.to_string().contains("line 3: value 3 is `300`"), "{error}");
        assert_eq!(Pattern::<u8>::parse("  # nothing\n"), Err(PatternError::Empty));
        assert_eq!(Pattern::<u8>::new(vec![]), Err(PatternError::Empty));
    }
}
