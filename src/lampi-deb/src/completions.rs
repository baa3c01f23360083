// SPDX-License-Identifier: GPL-3.0-or-later
//! What has shells complete the arguments of our programs, from the same definition as their help.

use clap_complete::Shell;

use programs::PROGRAMS;

/// Shells with the directories in which Debian's packages of them look for completions.
const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "usr/share/bash-completion/completions"),
    (Shell::Zsh, "usr/share/zsh/vendor-completions"),
    (Shell::Fish, "usr/share/fish/vendor_completions.d"),
];

/// The scripts with their paths in the package.
pub(crate) fn all() -> impl Iterator<Item = (String, Vec<u8>)> {
    PROGRAMS.iter().filter(|program| program.is_command()).flat_map(|program| {
        SHELLS.map(|(shell, directory)| {
            let file = match shell {
                Shell::Zsh => format!("_{}", program.name),
                Shell::Fish => format!("{}.fish", program.name),
                _ => program.name.to_owned(),
            };
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut program.command_line(), program.name, &mut script);
            (format!("{directory}/{file}"), script)
        })
    })
}
