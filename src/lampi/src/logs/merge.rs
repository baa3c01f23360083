// SPDX-License-Identifier: GPL-3.0-or-later
//! Merges the lines of several logs by time.

/// The lines of several logs in the order of time, each with the index of its log. A line without a time
/// stays after the line before it.
pub(super) fn in_order(logs: Vec<Vec<Vec<u8>>>) -> Vec<(usize, Vec<u8>)> {
    let mut all = Vec::new();
    for (log, lines) in logs.into_iter().enumerate() {
        let mut time = Vec::new();
        for line in lines {
            if let Some(new) = self::time(&line) {
                time = new.to_vec();
            }
            all.push((time.clone(), log, line));
        }
    }
    all.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    all.into_iter().map(|(_, log, line)| (log, line)).collect()
}

/// The time at the start of a line, such as `2026-01-31T12:00:00Z`. Such times sort as text.
fn time(line: &[u8]) -> Option<&[u8]> {
    let (time, rest) = line.split_at_checked(20)?;
    let fits = time.iter().zip(b"0000-00-00T00:00:00Z").all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == form,
    });
    (fits && rest.starts_with(b" ")).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_lines_by_time() {
        let lines = |lines: &[&str]| lines.iter().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>();
        let merged = in_order(vec![
            lines(&["no time", "2026-01-31T12:00:01Z a: 1", "goes on", "2026-01-31T12:00:03Z a: 2"]),
            lines(&["2026-01-31T12:00:01Z b: 1", "2026-01-31T12:00:02Z b: 2", "2026-01-31T12:00:0xZ b: 3"]),
        ]);
        let merged: Vec<(usize, &str)> =
            merged.iter().map(|(log, line)| (*log, std::str::from_utf8(line).unwrap())).collect();
        assert_eq!(
            merged,
            [
                (0, "no time"),
                (0, "2026-01-31T12:00:01Z a: 1"),
                (0, "goes on"),
                (1, "2026-01-31T12:00:01Z b: 1"),
                (1, "2026-01-31T12:00:02Z b: 2"),
                (1, "2026-01-31T12:00:0xZ b: 3"),
                (0, "2026-01-31T12:00:03Z a: 2"),
            ]
        );
    }
}
