// SPDX-License-Identifier: GPL-3.0-or-later
//! How findings are printed: for a person, and for three kinds of programs.

mod github;
mod json;
mod sarif;
mod text;

use crate::Outcome;
use crate::arguments::{Arguments, Format};

/// All that goes to standard output.
pub(crate) fn render(outcome: &Outcome, arguments: &Arguments) -> String {
    match arguments.format {
        Format::Text => text::render(&outcome.findings, text::has_color(arguments.color)),
        Format::Json => json::render(outcome),
        Format::Sarif => sarif::render(outcome),
        Format::Github => github::render(outcome),
    }
}
