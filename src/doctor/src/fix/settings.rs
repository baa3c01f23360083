// SPDX-License-Identifier: GPL-3.0-or-later
//! Changes of one line in the settings of `lamp_service`. All other lines stay unchanged.

use std::path::Path;

use system_files::{Access, Place};

use super::KEPT;
use crate::system::System;
use runtime::quoting::quoted;

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Remove a setting, so that the default applies.
    Remove(&'static str),
    /// Set a setting.
    Write { name: &'static str, value: String },
}

impl Setting {
    /// What to do, in the imperative.
    pub(crate) fn sentence(&self, file: &str) -> String {
        let file = quoted(file);
        match self {
            Self::Remove(name) => format!("Remove the setting {name} from {file}"),
            Self::Write { name, value } => format!("Set {name} = {value} in {file}"),
        }
    }

    /// The text with the change.
    fn applied(&self, text: &str) -> String {
        let (Self::Remove(name) | Self::Write { name, .. }) = self;
        let is_set = |line: &&str| line.split_once('=').is_some_and(|(key, _)| key.trim() == *name);
        let mut new: String = text.split_inclusive('\n').filter(|line| !is_set(line)).collect();
        if let Self::Write { value, .. } = self {
            if !new.is_empty() && !new.ends_with('\n') {
                new.push('\n');
            }
            new.extend([name, " = ", value, "\n"]);
        }
        new
    }

    /// Makes the change in the file.
    pub(crate) fn perform(&self, system: &System, file: &str) -> anyhow::Result<String> {
        let (user, group) = system.superuser();
        if let Some(directory) = Path::new(file).parent() {
            let directory = Place::below(system.root(), directory)?;
            if !directory.exists()? {
                directory.make_directory(Access { user, group, mode: 0o755 })?;
            }
        }
        let place = Place::below(system.root(), file)?;
        let shown = quoted(file);
        let Some(found) = place.read()? else {
            place.write_new(self.applied("").as_bytes(), Access { user, group, mode: 0o644 })?;
            return Ok(format!("wrote {shown}"));
        };
        let text = String::from_utf8_lossy(&found.content);
        let kept = place.replace(&found, self.applied(&text).as_bytes(), KEPT)?;
        Ok(format!("changed {shown}; the previous file is kept as {}", system.shown(&kept)))
    }
}

#[cfg(test)]
mod tests {
    use super::Setting;

    #[test]
    fn changes_only_the_intended_line() {
        let remove = Setting::Remove("broker");
        let write = Setting::Write { name: "pigpiod", value: "localhost:8889".into() };
        for (setting, before, after) in [
            (&remove, "# broker\n broker = x\nbroker_x = 1\n", "# broker\nbroker_x = 1\n"),
            (&write, "", "pigpiod = localhost:8889\n"),
            (&write, "a = 1\npigpiod=b\nc = 2", "a = 1\nc = 2\npigpiod = localhost:8889\n"),
        ] {
            assert_eq!(setting.applied(before), after, "{before}");
        }
    }
}
