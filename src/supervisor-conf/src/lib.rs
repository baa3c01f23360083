// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks Supervisor's configuration before supervisord reads it.
//!
//! If one file has one wrong value, supervisord starts no program. It ignores a misspelt key and has no
//! option to test a file. This crate reads files like Supervisor 4.2.5 (Debian 12). It reports each setting
//! that supervisord refuses, ignores or reads in an unexpected way.
//!
//! `parser` splits a file into sections, `configuration` merges the sections of all files, `model` derives
//! programs, groups and the names that `expand` can replace, and each of the `rules` searches for one kind of
//! mistake. The tables `schema` and `values` describe Supervisor; [`codes`] describes the findings.

pub mod codes;
mod configuration;
mod directives;
mod expand;
mod finding;
mod host;
mod model;
pub mod pairs;
mod parser;
mod program;
mod rules;
mod schema;
mod section;
mod shlex;
mod template;
mod text;
mod values;

use std::path::PathBuf;

pub use configuration::{Input, Unreadable};
pub use finding::{Finding, Severity};
pub use host::Host;
pub use program::Program;
pub use section::{Section, sections};
pub use values::Autorestart;

use configuration::Configuration;
use model::Model;

/// The result of a check of several files.
#[derive(Debug)]
pub struct Report {
    /// In the order of files and lines.
    pub findings: Vec<Finding>,
    /// The programs with valid values only.
    pub programs: Vec<Program>,
    /// The files that were read, as the caller or `[include]` gave them.
    pub files: Vec<PathBuf>,
    /// The files that could not be read; the check treats them as empty.
    pub unreadable: Vec<Unreadable>,
}

/// Checks files that one supervisord of `host` reads together, in this order.
///
/// If the first file has a `[supervisord]` section, it is the main file, and the check follows its
/// `[include]`.
pub fn check(files: &[PathBuf], host: &Host) -> Result<Report, Unreadable> {
    let inputs: Vec<Input> = files.iter().cloned().map(Input::File).collect();
    let mut report = check_readable(&inputs, host);
    if report.unreadable.is_empty() { Ok(report) } else { Err(report.unreadable.remove(0)) }
}

/// Like [`check`], but continues if a file cannot be read.
#[must_use]
pub fn check_readable(inputs: &[Input], host: &Host) -> Report {
    let configuration = Configuration::read(inputs, host);
    let (findings, programs) = {
        let model = Model::new(&configuration, host);
        (rules::apply(&model), program::programs(&model))
    };
    let Configuration { files, unreadable, .. } = configuration;
    Report { findings, programs, files: files.into_iter().map(|file| file.path).collect(), unreadable }
}
