// SPDX-License-Identifier: GPL-3.0-or-later
//! The lines that lampi adds to config.txt, between two comments.
//!
//! The block includes a line end before the first comment. It ends a last line without a line end, or makes
//! an empty line. So the block can be removed exactly, without further records.

use super::config::OVERLAY;
use super::error::BootConfigError;

// The firmware cuts lines at 98 characters.
const BEGIN: &str = "# lampi: begin of the lines by \"lampi pwm enable\"; \"lampi pwm disable\" removes them";
const END: &str = "# lampi: end";

/// Makes the following lines apply to every model.
const ALL: &str = "[all]";

/// The position of the lines, in bytes, and their pins.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    begin: usize,
    end: usize,
    /// In the order of the lines.
    pub pins: Vec<u8>,
}

/// Finds the lines. Fails if they were changed.
pub fn find(content: &[u8], name: &str) -> Result<Option<Block>, BootConfigError> {
    let mut block: Option<(usize, usize, Vec<String>)> = None;
    let mut found = None;
    let mut at = 0;
    for (number, raw) in (1..).zip(content.split_inclusive(|byte| *byte == b'\n')) {
        let line = String::from_utf8_lossy(raw);
        let line = line.trim_end();
        let after = at + raw.len();
        match (line, &mut block) {
            (BEGIN, None) if found.is_none() => block = Some((at, number, Vec::new())),
            (END, Some((begin, first, lines))) => {
                let Some(pins) = pins(lines) else { return Err(changed(name, *first)) };
                found = Some(Block { begin: *begin, end: after, pins });
                block = None;
            }
            (BEGIN | END, _) => return Err(changed(name, number)),
            (line, Some((_, _, lines))) => lines.push(line.to_owned()),
            _ => {}
        }
        at = after;
    }
    match block {
        Some((_, first, _)) => Err(changed(name, first)),
        None => Ok(found),
    }
}

/// The content with lines for these pins appended.
#[must_use]
pub fn added(content: &[u8], pins: &[u8]) -> Vec<u8> {
    let end_of_line = end_of_line(content);
    let lines = pins.iter().map(|pin| format!("dtoverlay={OVERLAY},gpio={pin}"));
    let lines = [BEGIN.to_owned(), ALL.to_owned()].into_iter().chain(lines).chain([END.to_owned()]);
    let mut added = content.to_vec();
    added.extend(end_of_line.as_bytes());
    for line in lines {
        added.extend(line.as_bytes());
        added.extend(end_of_line.as_bytes());
    }
    added
}

/// The content without the lines.
#[must_use]
pub fn removed(content: &[u8], block: &Block) -> Vec<u8> {
    let (mut before, after) = (&content[..block.begin], &content[block.end..]);
    let own = before.strip_suffix(b"\r\n").or_else(|| before.strip_suffix(b"\n"));
    // Lines that were added afterwards must not be joined to another line.
    if let Some(own) = own
        && (after.is_empty() || own.is_empty() || own.ends_with(b"\n"))
    {
        before = own;
    }
    let mut removed = before.to_vec();
    if counts_for_all(after) && last_section(before).is_some_and(|section| section != ALL) {
        // Lines that were added afterwards must still apply to every model.
        removed.extend(ALL.as_bytes());
        removed.extend(end_of_line(content).as_bytes());
    }
    removed.extend(after);
    removed
}

/// The content with empty lines instead of those for the pins, so that the numbers of all other lines stay
/// the same.
#[must_use]
pub fn blanked(content: &[u8], block: &Block) -> Vec<u8> {
    let mut blanked = content[..block.begin].to_vec();
    for line in content[block.begin..block.end].split_inclusive(|byte| *byte == b'\n') {
        // The line [all] also affects the lines below.
        let is_kept = !line.starts_with(b"dtoverlay=");
        blanked.extend(if is_kept { line } else { b"\n" });
    }
    blanked.extend(&content[block.end..]);
    blanked
}

/// The pins of unchanged lines.
fn pins(lines: &[String]) -> Option<Vec<u8>> {
    let (first, overlays) = lines.split_first()?;
    let start = format!("dtoverlay={OVERLAY},gpio=");
    let pins: Option<Vec<u8>> = overlays.iter().map(|line| line.strip_prefix(&start)?.parse().ok()).collect();
    let is_ours = |pins: &Vec<u8>| {
        let ordered: Vec<u8> = programs::pins::LEDS.into_iter().filter(|pin| pins.contains(pin)).collect();
        first == ALL && !pins.is_empty() && ordered == *pins
    };
    pins.filter(is_ours)
}

fn changed(file: &str, line: usize) -> BootConfigError {
    BootConfigError::Changed { file: file.to_owned(), line }
}

fn end_of_line(content: &[u8]) -> &'static str {
    let first = content.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    if first.ends_with(b"\r\n") { "\r\n" } else { "\n" }
}

fn lines(content: &[u8]) -> impl Iterator<Item = String> {
    content.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).trim().to_owned())
}

/// Whether there are settings before the next section.
fn counts_for_all(content: &[u8]) -> bool {
    let mut lines = lines(content).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| !line.starts_with('['))
}

fn last_section(content: &[u8]) -> Option<String> {
    lines(content).filter(|line| line.starts_with('[')).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_exactly_what_was_added() {
        for before in ["", "\n", "a=1", "a=1\n", "a=1\n\n", "a=1\r\n", "a=1\r\nb=2", "[pi4]\na=1\n", "\r\n"] {
            for pins in [&[19, 26, 13][..], &[26], &[19, 13]] {
                let after = added(before.as_bytes(), pins);
                let block = find(&after, "c").unwrap().unwrap();
                assert_eq!(block.pins, pins);
                assert_eq!(String::from_utf8(removed(&after, &block)).unwrap(), before, "{before:?}");
            }
        }
        assert_eq!(find(b"a=1\n", "c").unwrap(), None);
    }

    #[test]
    fn keeps_lines_that_were_added_below() {
        for (before, below, expected) in [
            ("a=1\n", "b=2\n", "a=1\nb=2\n"),
            ("a=1", "b=2\n", "a=1\nb=2\n"),
            ("[pi4]\na=1\n", "b=2\n", "[pi4]\na=1\n[all]\nb=2\n"),
            ("[pi4]\na=1\n", "# b\n[pi5]\nb=2\n", "[pi4]\na=1\n# b\n[pi5]\nb=2\n"),
            ("[pi4]\n[all]\n", "b=2", "[pi4]\n[all]\nb=2"),
        ] {
            let text = [added(before.as_bytes(), &[19]), below.as_bytes().to_vec()].concat();
            let block = find(&text, "c").unwrap().unwrap();
            assert_eq!(String::from_utf8(removed(&text, &block)).unwrap(), expected);
        }
    }

    #[test]
    fn detects_changed_lines() {
        let text = String::from_utf8(added(b"a=1\n", &[19, 26, 13])).unwrap();
        for (from, to, line) in [
            ("[all]\n", "", 3),
            ("[all]\n", "[pi4]\n", 3),
            ("gpio=26", "gpio=27", 3),
            ("gpio=26", "gpio=19", 3),
            ("gpio=26\n", "gpio=26\nb=2\n", 3),
            (END, "", 3),
            (BEGIN, "", 8),
            (BEGIN, &format!("{BEGIN}\n{BEGIN}"), 4),
        ] {
            let error = find(text.replace(from, to).as_bytes(), "c").unwrap_err().to_string();
            assert!(error.starts_with(&format!("c:{line}: the lines between")), "{from}: {error}");
        }
        assert!(find(text.repeat(2).as_bytes(), "c").is_err());
        assert!(BEGIN.len() <= 98);
    }
}
