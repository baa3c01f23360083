// SPDX-License-Identifier: GPL-3.0-or-later
//! The sections as written, for callers that edit files, including sections with invalid values.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::configuration::{Configuration, Input, Unreadable};
use crate::host::Host;
use crate::shlex::split_command;

/// A part of a file from a header to the next one. A section that is defined twice has two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The text between the brackets, such as `program:fbcp`.
    pub header: String,
    /// The file, as the caller gave it.
    pub file: PathBuf,
    /// Its lines, counted from 1, from its header to the next; the last part ends at `usize::MAX`.
    pub lines: Range<usize>,
    /// Values by key in lower case, with `%(here)s` replaced. The last value of a key takes effect.
    pub values: BTreeMap<String, String>,
    /// The words of `command`; empty without a valid command.
    pub command: Vec<String>,
}

/// The sections of files that one supervisord of `host` reads together, in this order; see [`crate::check`].
pub fn sections(files: &[PathBuf], host: &Host) -> Result<Vec<Section>, Unreadable> {
    let files: Vec<Input> = files.iter().cloned().map(Input::File).collect();
    let mut configuration = Configuration::read(&files, host);
    if !configuration.unreadable.is_empty() {
        return Err(configuration.unreadable.remove(0));
    }
    let files = configuration.files.iter();
    Ok(files.flat_map(|file| of_file(&file.path, &file.here, &file.parsed.parts)).collect())
}

fn of_file<'a>(
    path: &'a Path,
    here: &'a str,
    parts: &'a [crate::parser::SectionPart],
) -> impl Iterator<Item = Section> + 'a {
    let ends = parts.iter().skip(1).map(|part| part.at.line).chain([usize::MAX]);
    parts.iter().zip(ends).map(move |(part, end)| {
        let values = part.entries.iter().map(|entry| (&entry.key, entry.value.replaced("%(here)s", here)));
        let command = values.clone().rfind(|(key, _)| *key == "command");
        let words = command.and_then(|(_, command)| split_command(&command).ok()).unwrap_or_default();
        Section {
            header: part.header.clone(),
            file: path.to_owned(),
            lines: part.at.line..end,
            values: values.map(|(key, value)| (key.clone(), value.to_string())).collect(),
            command: words.into_iter().map(|word| word.text).collect(),
        }
    })
}
