// SPDX-License-Identifier: GPL-3.0-or-later
//! The output formats.

mod github;
mod json;
mod sarif;
mod text;

use crate::Outcome;
use crate::arguments::{Arguments, Format};

/// The text for standard output.
pub(crate) fn render(outcome: &Outcome, arguments: &Arguments) -> String {
    match arguments.format {
        Format::Text => text::render(&outcome.findings, text::has_color(arguments.color)),
        Format::Json => json::render(outcome),
        Format::Sarif => sarif::render(outcome),
        Format::Github => github::render(outcome),
    }
}
