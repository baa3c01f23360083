// SPDX-License-Identifier: GPL-3.0-or-later
//! The Supervisor file that `lampi user` generates. It sorts after those of the programs and repeats the sections of the
//! programs of the lamp's user; of a key that two files set, Supervisor takes the later value (4.2.5 and 4.3.0). It is no
//! conffile: the packaged files stay as they are, so that dpkg never asks about them.

/// Where it is.
pub const PATH: &str = "/etc/supervisor/conf.d/lampi-user.conf";

/// The comment before the name of the user.
const USER: &str = "; user: ";

/// The comment that says that the user does not exist, and the programs are not started.
const PARKED: &str = "; parked";

/// What the comments at its head say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserConf {
    /// The user that the owner of the lamp wants.
    pub user: String,
    /// Whether that user does not exist, so that the file keeps the programs from being started.
    pub is_parked: bool,
}

impl UserConf {
    /// Reads the head of the file; none if it is no such file.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let user = text.lines().find_map(|line| line.strip_prefix(USER))?.trim().to_owned();
        Some(Self { user, is_parked: text.lines().any(|line| line == PARKED) })
    }

    /// The head of the file.
    #[must_use]
    pub fn head(&self) -> String {
        let parked = if self.is_parked { format!("{PARKED}\n") } else { String::new() };
        format!(
            "; Written by lampi user, and written anew when Supervisor starts: do not edit it.\n\
             {USER}{}\n{parked}; lampi-check: disable=duplicate-program\n",
            self.user
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_read_as_it_was_written() {
        for is_parked in [false, true] {
            let conf = UserConf { user: "alice".into(), is_parked };
            assert_eq!(UserConf::parse(&conf.head()), Some(conf));
        }
        assert_eq!(UserConf::parse("[program:lamp_ui]\nuser=pi\n"), None);
    }
}
