// SPDX-License-Identifier: GPL-3.0-or-later
//! Text from outside, made safe to print: a terminal shows it and does nothing else, and a shell takes it as one word.

/// A word as a shell takes it literally.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A text in which spaces stand for control characters and for those that change the order or width of others.
#[must_use]
pub fn visible(text: &str) -> String {
    let moves = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|letter| if moves(letter) { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::{quoted, visible};

    #[test]
    fn words_reach_the_shell_as_they_are() {
        for word in ["", "plain-1.conf", "two words", "it's", "$HOME", "a;b", "*", "é", "\\"] {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quoted(word))])
                .output();
            assert_eq!(String::from_utf8_lossy(&output.unwrap().stdout), word);
        }
        assert_eq!(quoted("/etc/cron.d/0_fbcp"), "/etc/cron.d/0_fbcp");
    }

    #[test]
    fn a_terminal_gets_nothing_to_do() {
        assert_eq!(visible("a\u{1b}[2Jb\nc\u{202e}d\u{9b}é"), "a [2Jb c d é");
    }
}
