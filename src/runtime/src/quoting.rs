// SPDX-License-Identifier: GPL-3.0-or-later
//! Text from outside, made safe to print: without effect on a terminal, and one word for a shell.

/// A word, quoted for a shell if necessary.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A text with spaces in place of control characters and of invisible or direction-changing ones.
#[must_use]
pub fn visible(text: &str) -> String {
    let is_hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(letter, '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|letter| if is_hidden(letter) { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::{quoted, visible};

    #[test]
    fn a_shell_reads_a_quoted_word_unchanged() {
        for word in ["", "plain-1.conf", "two words", "it's", "$HOME", "a;b", "*", "é", "\\"] {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quoted(word))])
                .output();
            assert_eq!(String::from_utf8_lossy(&output.unwrap().stdout), word);
        }
        assert_eq!(quoted("/etc/cron.d/0_fbcp"), "/etc/cron.d/0_fbcp");
    }

    #[test]
    fn replaces_control_and_direction_characters() {
        assert_eq!(visible("a\u{1b}[2Jb\nc\u{202e}d\u{9b}é"), "a [2Jb c d é");
    }
}
