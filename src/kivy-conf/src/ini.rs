// SPDX-License-Identifier: GPL-3.0-or-later
//! Files in the format of Python's configparser. An invalid line is ignored, and the rest is read.
//!
//! As in Kivy, keys are not case-sensitive, and `%` has no special meaning.

/// Sections with their keys and values, in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Ini {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    section: String,
    key: String,
    value: String,
}

impl Ini {
    /// Parses a file's text. Returns a warning about the first invalid line, if any.
    pub(crate) fn read(&mut self, text: &str) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut section: Option<String> = None;
        // Whether an indented line continues a value.
        let mut in_value = false;
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let content = line.trim();
            if content.is_empty() || content.starts_with(['#', ';']) {
                continue;
            }
            let indented = line.starts_with([' ', '\t']);
            if indented && in_value {
                if let Some(entry) = self.entries.last_mut() {
                    entry.value.push('\n');
                    entry.value.push_str(content);
                }
                continue;
            }
            in_value = false;
            if let Some(name) = content.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                section = Some(name.0.to_owned());
            } else if let (Some(section), Some((key, value))) = (&section, content.split_once(['=', ':'])) {
                self.set(section, key.trim(), value.trim());
                in_value = true;
            } else if warnings.is_empty() {
                warnings.push(format!(
                    "line {number} is neither a section nor a key with a value; such lines are ignored"
                ));
            }
        }
        warnings
    }

    /// Sets a key, or replaces its value.
    pub(crate) fn set(&mut self, section: &str, key: &str, value: &str) {
        self.entries.retain(|entry| !(entry.section == section && entry.key.eq_ignore_ascii_case(key)));
        self.entries.push(Entry { section: section.into(), key: key.into(), value: value.into() });
    }

    /// Value of a key.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&str> {
        self.section(section).find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    }

    /// Keys and values of a section.
    pub(crate) fn section(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .filter(move |entry| entry.section == name)
            .map(|entry| (entry.key.as_str(), entry.value.as_str()))
    }
}
