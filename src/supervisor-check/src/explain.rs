// SPDX-License-Identifier: GPL-3.0-or-later
//! What `--explain` and the manual page say of a code.

use supervisor_conf::codes::Code;

/// A code's explanation, in lines no longer than a terminal.
#[must_use]
pub fn explanation(code: &Code) -> String {
    let Code { name, severity, what, why, example, cure } = code;
    let host = if code.is_of_host() { ", of the machine on which supervisord will run" } else { "" };
    format!(
        "{name} ({severity}{host})\n\n{}\n{}\n\nExample:\n\n{}\nCure:\n\n{}",
        wrapped(what),
        wrapped(why),
        indented(example),
        indented(cure)
    )
}

/// Longest line of a text.
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

/// A file, with what nobody could see made visible.
fn indented(file: &str) -> String {
    let file = file.replace('\u{feff}', "<U+FEFF>").replace('\0', "<NUL>");
    let lines: Vec<String> = file.lines().map(|line| format!("    {line}\n")).collect();
    lines.concat()
}
