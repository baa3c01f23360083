// SPDX-License-Identifier: GPL-3.0-or-later
//! Commands that cure, as they are to be typed.

use super::system::System;

/// One command, or several of which each needs the one before.
#[derive(Debug, Clone, Default)]
pub struct Cure {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Step {
    command: String,
    as_root: bool,
}

impl Cure {
    /// A command that only root may run.
    pub fn root(command: impl Into<String>) -> Self {
        Self { steps: vec![Step { command: command.into(), as_root: true }] }
    }

    /// A command that anybody may run.
    pub fn anybody(command: impl Into<String>) -> Self {
        Self { steps: vec![Step { command: command.into(), as_root: false }] }
    }

    /// Followed by another one.
    pub fn and(mut self, next: Self) -> Self {
        self.steps.extend(next.steps);
        self
    }

    /// Followed by another one, if there is one.
    pub fn and_maybe(self, next: Option<Self>) -> Self {
        match next {
            Some(next) => self.and(next),
            None => self,
        }
    }

    /// As whoever runs us has to type it: with sudo where that is not root, and in the system that was looked at.
    pub fn typed(&self, system: &System) -> String {
        let chroot = if system.is_this() {
            String::new()
        } else {
            format!("chroot {} ", quoted(&system.root().to_string_lossy()))
        };
        let steps = self.steps.iter().map(|step| {
            let needs_root = step.as_root || !chroot.is_empty();
            let sudo = if needs_root && !system.is_root { "sudo " } else { "" };
            format!("{sudo}{chroot}{}", step.command)
        });
        steps.collect::<Vec<_>>().join(" && ")
    }
}

/// A word as a shell takes it literally.
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

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
}
