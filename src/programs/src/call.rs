// SPDX-License-Identifier: GPL-3.0-or-later
//! Options in the command of a program in Supervisor's file.

/// The value of a long option. The last one takes precedence.
#[must_use]
pub fn option<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    let long = format!("--{name}");
    words.iter().enumerate().rev().find_map(|(place, word)| match word.strip_prefix(&long)? {
        "" => words.get(place + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

#[cfg(test)]
mod tests {
    use super::option;

    #[test]
    fn the_last_value_takes_precedence() {
        let words =
            ["fbcp", "--target", "/dev/fb1", "--targets=3", "--target=/dev/fb2", "--fps"].map(Into::into);
        assert_eq!(option(&words, "target"), Some("/dev/fb2"));
        assert_eq!(option(&words, "source"), None);
        assert_eq!(option(&words, "fps"), None);
    }
}
