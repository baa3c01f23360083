// SPDX-License-Identifier: GPL-3.0-or-later
//! What the machine's owner has told dpkg.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use system_files::{Access, ROOT_ONLY, accounts};

/// Owner, group and mode that a file shall have whatever its package says; `path` is what the lamp calls it.
pub(crate) fn overridden(root: &Path, path: &str) -> Option<(String, String, u32)> {
    let text = ask("dpkg-statoverride", root, "--list", path)?;
    let mut words = text.split_whitespace();
    let (user, group, mode) = (words.next()?, words.next()?, words.next()?);
    Some((user.to_owned(), group.to_owned(), u32::from_str_radix(mode, 8).ok()?))
}

/// Owner, group and mode that a file of the lamp shall get: what the machine's owner wants, else what keeps it to root.
pub(crate) fn access(root: &Path, path: &str) -> anyhow::Result<Access> {
    let Some((user, group, mode)) = overridden(root, path) else { return Ok(ROOT_ONLY) };
    let lacks = |name: &str, list: &str| {
        format!(
            "dpkg-statoverride gives {path} to {name}, whom {list} does not have; correct it by dpkg-statoverride"
        )
    };
    let text = |list: &str| std::fs::read_to_string(system_files::in_root(root, list)).unwrap_or_default();
    let (passwd, groups) = (text("/etc/passwd"), text("/etc/group"));
    let uid = number(&user)
        .or_else(|| accounts::passwd(&passwd).find(|entry| entry.name == user).map(|entry| entry.uid));
    let gid = number(&group)
        .or_else(|| accounts::group(&groups).find(|entry| entry.name == group).map(|entry| entry.gid));
    Ok(Access {
        user: uid.with_context(|| lacks(&user, "/etc/passwd"))?,
        group: gid.with_context(|| lacks(&group, "/etc/group"))?,
        mode,
    })
}

/// The number of a user or group that has no name: dpkg writes it after a `#`.
fn number(name: &str) -> Option<u32> {
    name.strip_prefix('#')?.parse().ok()
}

/// Where dpkg puts the package's file that is called `path`, if the machine's owner has diverted it.
pub(crate) fn diverted(root: &Path, path: &str) -> Option<PathBuf> {
    let name = ask("dpkg-divert", root, "--truename", path)?;
    let name = name.trim_end_matches('\n');
    (name != path).then(|| name.into())
}

/// The answer of one of dpkg's tools; none where there is no such tool, or it has nothing to say.
fn ask(tool: &str, root: &Path, question: &str, path: &str) -> Option<String> {
    let output = Command::new(tool)
        .arg("--root")
        .arg(root)
        .args([question, path])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok().filter(|answer| !answer.is_empty())
}
