// SPDX-License-Identifier: GPL-3.0-or-later
//! What was found, in sentences: the same for the command that takes files out of action and for the doctor.

use runtime::quoting::quoted;

use crate::{Action, Found, Owner, Reason};

impl Found {
    /// What the file starts, in one sentence.
    #[must_use]
    pub fn what_starts(&self) -> String {
        let (path, programs) = (quoted(&self.path), self.programs());
        if programs.is_empty() {
            return format!("{path} is the exercise that has Supervisor run ls, which always fails");
        }
        format!("{path} starts {} too", listed(&programs))
    }

    /// The same of a file that only its owner may change, with what the owner can do.
    #[must_use]
    pub fn advice(&self) -> String {
        let path = quoted(&self.path);
        let programs = listed(&self.programs());
        match (&self.action, &self.owner) {
            (Action::Name(Reason::Packages), Owner::Package(package)) => {
                format!("{path} of the package {package} starts {programs} too; it was left alone")
            }
            (Action::Name(Reason::Needed), _) => format!(
                "{path} starts {programs} too, as part of what Supervisor needs whole; please take it out of its groups and files yourself"
            ),
            (Action::Name(Reason::Unsafe(why)), _) => format!(
                "{path} starts {programs} too, and was left alone, because {why}; please take {} yourself",
                self.what_to_take()
            ),
            _ => format!(
                "{path} starts {programs} too; please take {} yourself, because the two would fight",
                self.what_to_take()
            ),
        }
    }

    /// What is to be taken out of which file, in words such as "line 3 out of it".
    #[must_use]
    pub fn what_to_take(&self) -> String {
        let mut files: Vec<&str> = self.starts.iter().map(|start| start.file.as_str()).collect();
        files.dedup();
        let parts: Vec<String> = files
            .into_iter()
            .map(|file| {
                let shown = if file == self.path { "it".into() } else { quoted(file) };
                format!("{} out of {shown}", self.lines_of(file))
            })
            .collect();
        listed(&parts)
    }

    /// The lines, or Supervisor's names, in one of its files that start programs of the lamp.
    #[must_use]
    pub fn lines_of(&self, file: &str) -> String {
        if !self.groups.is_empty() {
            return listed(&self.groups.iter().map(|name| quoted(name)).collect::<Vec<_>>());
        }
        let mut numbers: Vec<String> = self
            .starts
            .iter()
            .filter(|start| start.file == file)
            .map(|start| start.line.to_string())
            .collect();
        numbers.dedup();
        let noun = if numbers.len() == 1 { "line" } else { "lines" };
        format!("{noun} {}", listed(&numbers))
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
