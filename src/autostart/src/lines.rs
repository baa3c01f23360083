// SPDX-License-Identifier: GPL-3.0-or-later
//! Changes lines of files and preserves all other bytes.

/// What ends a line for the program that reads it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// LF alone, as for cron and the shell.
    Lf,
    /// LF, CR LF and CR, as for Python.
    Any,
}

/// The content with `mark` before the non-empty lines that are `wanted`. Lines are counted from 1.
pub(crate) fn marked(content: &[u8], end: End, mark: &str, wanted: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut new = Vec::new();
    let mut rest = content;
    let mut number = 1;
    let ends = |byte: &u8| *byte == b'\n' || end == End::Any && *byte == b'\r';
    while !rest.is_empty() {
        let text = rest.iter().position(ends).unwrap_or(rest.len());
        let end = if rest[text..].starts_with(b"\r\n") { 2 } else { 1 };
        let (line, after) = rest.split_at(rest.len().min(text + end));
        if text > 0 && wanted(number) {
            new.extend_from_slice(mark.as_bytes());
        }
        new.extend_from_slice(line);
        rest = after;
        number += 1;
    }
    new
}

#[cfg(test)]
mod tests {
    use super::{End, marked};

    #[test]
    fn marks_lines() {
        let mark = |content: &str, end| {
            String::from_utf8(marked(content.as_bytes(), end, "# ", |line| line != 2)).unwrap()
        };
        assert_eq!(mark("a\nb\nc", End::Lf), "# a\nb\n# c");
        assert_eq!(mark("a\r\nb\r\nc\r\n", End::Any), "# a\r\nb\r\n# c\r\n");
        assert_eq!(mark("a\rb\r", End::Any), "# a\rb\r");
        assert_eq!(mark("a\rb\nc", End::Lf), "# a\rb\nc");
        assert_eq!(mark("\n\n\n", End::Lf), "\n\n\n");
        assert_eq!(mark("", End::Any), "");
        assert_eq!(marked(b"\xff\n", End::Lf, "# ", |_| true), b"# \xff\n");
    }
}
