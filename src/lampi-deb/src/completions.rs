// SPDX-License-Identifier: GPL-3.0-or-later
//! The shell completions of the programs, from the same definition as their help.

use clap_complete::Shell;

/// Shells, with the directories of their completions in Debian.
const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "usr/share/bash-completion/completions"),
    (Shell::Zsh, "usr/share/zsh/vendor-completions"),
    (Shell::Fish, "usr/share/fish/vendor_completions.d"),
];

/// The scripts with their paths in the package.
pub(crate) fn all() -> impl Iterator<Item = (String, Vec<u8>)> {
    programs::commands().flat_map(|(name, command)| {
        SHELLS.map(|(shell, directory)| {
            let file = match shell {
                Shell::Zsh => format!("_{name}"),
                Shell::Fish => format!("{name}.fish"),
                _ => name.to_owned(),
            };
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command.clone(), name, &mut script);
            (format!("{directory}/{file}"), script)
        })
    })
}
