// SPDX-License-Identifier: GPL-3.0-or-later
//! Source text for man(1), in the macros of man(7): short lines, no blank lines, no trailing blanks, as
//! mandoc requires.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

/// mandoc's limit of a line of text, in bytes.
const LONGEST: usize = 80;

/// A man page in the making.
#[derive(Debug, Default)]
pub(super) struct Document {
    text: String,
}

impl Document {
    /// The title line and the section NAME.
    pub(super) fn title(&mut self, name: &str, section: &str, date: &str, purpose: &str) {
        self.macros("TH", &[&name.to_uppercase(), section, date, &source(), "LAMPI"]);
        self.section("Name");
        self.inlines(vec![roman(format!("{name} - {purpose}"))]);
    }

    /// The parts of a command's page from its title to its options and subcommands.
    pub(super) fn command(&mut self, mut command: Command, section: &str, date: &str) {
        let has_subcommands = command.get_subcommands().any(|command| !command.is_hide_set());
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        let purpose = command.get_about().map(ToString::to_string).unwrap_or_default();
        self.title(&name, section, date, &lower_case_first(&purpose));
        // clap_mangen's own synopsis lists all options, and no values.
        let usage = command.render_usage().to_string();
        let man = Man::new(command.override_usage(usage.trim_start_matches("Usage: ").to_owned()));
        let mut text = Vec::new();
        let rendered = man
            .render_synopsis_section(&mut text)
            .and_then(|()| man.render_description_section(&mut text))
            // Every command has at least --help.
            .and_then(|()| man.render_options_section(&mut text))
            .and_then(|()| if has_subcommands { man.render_subcommands_section(&mut text) } else { Ok(()) });
        rendered.expect("a Vec accepts every write");
        self.text.push_str(&String::from_utf8(text).expect("clap_mangen writes UTF-8"));
    }

    /// Begins a section.
    pub(super) fn section(&mut self, heading: &str) {
        self.macros("SH", &[&heading.to_uppercase()]);
    }

    /// Begins a subsection.
    pub(super) fn subsection(&mut self, heading: &str) {
        self.macros("SS", &[heading]);
    }

    /// A paragraph of plain text.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.formatted_paragraph(vec![roman(text)]);
    }

    /// A paragraph with bold parts.
    pub(super) fn formatted_paragraph(&mut self, inlines: Vec<Inline>) {
        self.macros("PP", &[]);
        self.inlines(inlines);
    }

    /// An item of a list with bullets.
    pub(super) fn bullet(&mut self, inlines: Vec<Inline>) {
        self.macros("IP", &["\\(bu", "2"]);
        self.inlines(inlines);
    }

    /// A term and its description.
    pub(super) fn item(&mut self, term: &str, description: Vec<Inline>) {
        self.macros("TP", &[]);
        self.inlines(vec![bold(term)]);
        self.inlines(description);
    }

    /// Terms and their descriptions.
    pub(super) fn list<'a>(&mut self, items: impl Iterator<Item = (&'a str, &'a str)>) {
        for (term, description) in items {
            self.item(term, vec![roman(description)]);
        }
    }

    /// More text for the item before.
    pub(super) fn continuation(&mut self, text: &str) {
        self.macros("IP", &[]);
        self.inlines(vec![roman(text)]);
    }

    /// Lines as they are, indented.
    pub(super) fn literal(&mut self, lines: &str) {
        for name in ["PP", "nf", "RS"] {
            self.macros(name, &[]);
        }
        for line in lines.trim_end().lines() {
            // An empty line ends no-fill mode for mandoc's check.
            if line.is_empty() {
                self.macros("sp", &[]);
            } else {
                self.inlines(vec![roman(line)]);
            }
        }
        for name in ["RE", "fi"] {
            self.macros(name, &[]);
        }
    }

    /// The references, such as `lampi(1)`.
    pub(super) fn see_also(&mut self, pages: &[&str]) {
        self.section("See also");
        let mut pages = pages.to_vec();
        // By section, then by name, as man-pages(7) recommends.
        pages.sort_by_key(|page| {
            page.split_once('(').map(|(name, section)| (section.to_owned(), name.to_owned()))
        });
        for (number, page) in pages.iter().enumerate() {
            let (name, section) = page.split_once('(').unwrap_or((page, ""));
            let end = if number + 1 == pages.len() { "" } else { "," };
            self.macros("BR", &[&name.replace('-', "\\-"), &format!("({section}{end}")]);
        }
    }

    fn macros(&mut self, name: &str, arguments: &[&str]) {
        let mut roff = Roff::new();
        roff.control(name, arguments.iter().copied());
        self.text.push_str(&roff.to_roff());
    }

    fn inlines(&mut self, inlines: Vec<Inline>) {
        let mut roff = Roff::new();
        roff.text(inlines);
        self.text.push_str(&roff.to_roff().replace('\'', "\\(aq"));
    }

    /// The source of the page.
    pub(super) fn finish(self) -> String {
        tidy(&self.text)
    }
}

fn lower_case_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn source() -> String {
    format!("lampi {}", env!("CARGO_PKG_VERSION"))
}

/// Breaks long lines, replaces blank lines with `.sp`, and drops macros without effect and the definition
/// that `clap_mangen` repeats in each part of a page.
fn tidy(text: &str) -> String {
    let mut tidy = String::new();
    let mut before = String::new();
    let mut is_literal = false;
    for line in text.lines() {
        let mut line = line.trim_end().replace("\\*(Aq", "\\(aq");
        // The definition of Aq, which nothing uses now.
        if line.starts_with(".ie \\n(.g .ds Aq") || line.starts_with(".el .ds Aq") {
            continue;
        }
        if line.is_empty() {
            ".sp".clone_into(&mut line);
        }
        let is_heading = before.starts_with(".SH") || before.starts_with(".SS");
        if line == ".br" && before == ".sp" || line == ".PP" && is_heading {
            continue;
        }
        if line == ".sp" && before == ".br" {
            tidy.truncate(tidy.len() - ".br\n".len());
        }
        if line.starts_with('.') || is_literal || before == ".TP" {
            tidy.push_str(&line);
            tidy.push('\n');
        } else {
            wrap(&bold_code(&line), &mut tidy);
        }
        is_literal = line == ".nf" || is_literal && line != ".fi";
        before = line;
    }
    tidy
}

/// Sets the parts between backticks, such as commands, in bold.
fn bold_code(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return line.to_owned();
    }
    let fonts = parts.iter().enumerate().map(|(number, part)| match number % 2 {
        0 => (*part).to_owned(),
        _ => format!("\\fB{part}\\fR"),
    });
    fonts.collect()
}

/// Breaks a line of text at blanks.
fn wrap(line: &str, tidy: &mut String) {
    let mut length = 0;
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        if length > 0 && length + 1 + word.len() > LONGEST {
            tidy.push('\n');
            length = 0;
        }
        if length > 0 {
            tidy.push(' ');
            length += 1;
        } else if word.starts_with(['.', '\'']) {
            tidy.push_str("\\&");
            length += 2;
        }
        tidy.push_str(word);
        length += word.len();
    }
    tidy.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_long_lines_of_text_only() {
        let long = "word ".repeat(20);
        let text = format!(".TP\n{}\n\n{long}\n.nf\n{long}\n.fi\n", long.trim_end());
        let expected = format!(
            ".TP\n{0}\n.sp\n{1}\n{2}\n.nf\n{0}\n.fi\n",
            long.trim_end(),
            "word ".repeat(16).trim_end(),
            "word ".repeat(4).trim_end()
        );
        assert_eq!(tidy(&text), expected);
    }

    #[test]
    fn sets_code_in_bold() {
        assert_eq!(
            tidy("Run `lampi set` or `lampi get`.\n"),
            "Run \\fBlampi set\\fR or \\fBlampi get\\fR.\n"
        );
        assert_eq!(tidy("one ` alone\n"), "one ` alone\n");
    }

    #[test]
    fn a_broken_line_never_begins_a_macro() {
        let text = format!("{} .conf\n", "a".repeat(78));
        assert_eq!(tidy(&text), format!("{}\n\\&.conf\n", "a".repeat(78)));
    }
}
