// SPDX-License-Identifier: GPL-3.0-or-later
//! Sentences about what was found, for `lampi take-over` and the doctor.

use runtime::quoting::quoted;

use crate::{Action, Found, Owner, Reason};

impl Found {
    /// What the file starts, in one sentence.
    #[must_use]
    pub fn what_starts(&self) -> String {
        let (path, programs) = (quoted(&self.path), self.programs());
        if programs.is_empty() {
            return format!(
                "{path} is an exercise of the tutorial: it makes Supervisor run ls, which always fails"
            );
        }
        format!("{path} also starts {}", listed(&programs))
    }

    /// What a file starts that lampi does not change, with the reason and what its owner can do.
    #[must_use]
    pub fn advice(&self) -> String {
        let path = quoted(&self.path);
        let programs = listed(&self.programs());
        match (&self.action, &self.owner) {
            (Action::Name(Reason::Packages), Owner::Package(package)) => {
                format!(
                    "{path} also starts {programs}; lampi does not change it, because it belongs to the \
                     package {package}"
                )
            }
            (Action::Name(Reason::Needed), _) => format!(
                "{path} also starts {programs}, and other files of Supervisor refer to it; remove it from \
                 its groups and files manually"
            ),
            (Action::Name(Reason::Unsafe(why)), _) => format!(
                "{path} also starts {programs}; lampi does not change it, because {why}; remove {} manually",
                self.what_to_remove()
            ),
            _ => format!(
                "{path} also starts {programs}, which would then run twice; remove {} manually",
                self.what_to_remove()
            ),
        }
    }

    /// What to remove from which file, such as "line 3 from it".
    #[must_use]
    pub fn what_to_remove(&self) -> String {
        let mut files: Vec<&str> = self.starts.iter().map(|start| start.file.as_str()).collect();
        files.dedup();
        let parts: Vec<String> = files
            .into_iter()
            .map(|file| {
                let shown = if file == self.path { "it".into() } else { quoted(file) };
                format!("{} from {shown}", self.lines_of(file))
            })
            .collect();
        listed(&parts)
    }

    /// The lines in one of its files that start programs of the lamp, or their names in Supervisor.
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
