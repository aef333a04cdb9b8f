//! Names of tasks: no two of a graph have the same one, so that a report or an error says which of them it means.

use std::sync::Arc;

use super::Graph;

impl Graph {
    /// The name of the task that is declared next: as it is given, or with a number if an earlier one is called so.
    ///
    /// An earlier task that is called so only by its number gets another number.
    pub(super) fn fresh_name(&mut self, name: &str) -> Arc<str> {
        let given: Arc<str> = format!("{}{name}", self.prefix).into();
        match self.tasks.iter().position(|task| !task.is_internal && task.name == given) {
            None => given,
            Some(i) if self.tasks[i].given != given => {
                let other = self.numbered(&self.tasks[i].given);
                self.tasks[i].name = other;
                given
            }
            Some(_) => self.numbered(&given),
        }
    }

    /// The first name with a number that no task has.
    fn numbered(&self, given: &str) -> Arc<str> {
        let is_taken = |name: &str| self.tasks.iter().any(|task| &*task.name == name);
        let n_so_far = self.tasks.iter().filter(|task| !task.is_internal && &*task.given == given).count();
        let mut n = n_so_far.max(1) + 1;
        while is_taken(&format!("{given} {n}")) {
            n += 1;
        }
        format!("{given} {n}").into()
    }
}

/// Whether a name is another one with a number.
pub(crate) fn is_numbered(name: &str, given: &str) -> bool {
    let number = name.strip_prefix(given).and_then(|rest| rest.strip_prefix(' '));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::is_numbered;

    #[test]
    fn a_number_behind_a_blank_makes_a_name_another() {
        assert!(is_numbered("Add 2", "Add") && is_numbered("Add 2 13", "Add 2"));
        for name in ["Add", "Add ", "Add2", "Add 2b", "Adder 2", "Sub 2"] {
            assert!(!is_numbered(name, "Add"), "{name}");
        }
    }
}
