// SPDX-License-Identifier: GPL-3.0-or-later
//! The explanation of a code, for `--explain` and the manual page.

use supervisor_conf::codes::Code;

/// The explanation of a code, wrapped for a terminal.
#[must_use]
pub fn explanation(code: &Code) -> String {
    let Code { name, severity, what, why, example, cure } = code;
    let host = if code.is_of_host() { ", depends on the machine on which supervisord will run" } else { "" };
    format!(
        "{name} ({severity}{host})\n\n{}\n{}\n\nExample:\n\n{}\nUse instead:\n\n{}",
        wrapped(what),
        wrapped(why),
        indented(example),
        indented(cure)
    )
}

/// Maximum length of a line.
const WIDTH: usize = 78;

fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// An indented file, with invisible characters shown.
fn indented(file: &str) -> String {
    let file = file.replace('\u{feff}', "<U+FEFF>").replace('\0', "<NUL>");
    let lines: Vec<String> = file.lines().map(|line| format!("    {line}\n")).collect();
    lines.concat()
}
