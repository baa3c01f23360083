// SPDX-License-Identifier: GPL-3.0-or-later
//! Converts arguments to the inputs of each supervisord.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use supervisor_conf::Input;

use crate::Arguments;

/// Maximum size of standard input in bytes, far above any configuration.
const LARGEST: u64 = 4 << 20;

/// The inputs of one supervisord.
#[derive(Debug, Default)]
pub(crate) struct Set {
    pub inputs: Vec<Input>,
    /// Unreadable inputs, with the reason.
    pub unreadable: Vec<(String, String)>,
}

impl Set {
    fn add(&mut self, argument: &Path) {
        let found = if argument == Path::new("-") {
            standard_input().map(|input| vec![input])
        } else if argument.is_dir() {
            of_directory(argument)
        } else {
            Ok(vec![Input::File(argument.to_owned())])
        };
        match found {
            Ok(inputs) => self.inputs.extend(inputs),
            Err(error) => {
                self.unreadable.push((argument.display().to_string(), reason(&error.to_string())));
            }
        }
    }
}

/// The sets of inputs for the arguments.
pub(crate) fn sets(arguments: &Arguments) -> Vec<Set> {
    let mut sets = Vec::new();
    for argument in &arguments.files {
        if arguments.each || sets.is_empty() {
            sets.push(Set::default());
        }
        if let Some(set) = sets.last_mut() {
            set.add(argument);
        }
    }
    sets
}

/// A system error without its number.
pub(crate) fn reason(error: &str) -> String {
    error.split(" (os error").next().unwrap_or(error).to_owned()
}

fn standard_input() -> io::Result<Input> {
    let mut content = Vec::new();
    io::stdin().lock().take(LARGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Input::Text { name: "-".into(), content })
}

/// The files to check in a directory: the main file, otherwise the files that a main file would include.
fn of_directory(directory: &Path) -> io::Result<Vec<Input>> {
    let main = directory.join("supervisord.conf");
    if main.is_file() {
        return Ok(vec![Input::File(main)]);
    }
    let paths: Vec<PathBuf> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    for extension in ["conf", "ini"] {
        // Like a pattern with a star, ignore names that start with a dot.
        let is_meant = |path: &&PathBuf| {
            let is_hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            !is_hidden && path.extension().is_some_and(|end| end == extension) && !path.is_dir()
        };
        let mut meant: Vec<PathBuf> = paths.iter().filter(is_meant).cloned().collect();
        if !meant.is_empty() {
            meant.sort();
            return Ok(meant.into_iter().map(Input::File).collect());
        }
    }
    Ok(Vec::new())
}
