// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp's ID, stored beside its state.

use std::fs;
use std::path::Path;

use programs::identity;

use crate::state_file::StateFile;

/// The ID, which is stored beside `file`. A machine without a network interface uses its host name.
pub(crate) fn keep(file: &mut StateFile) -> String {
    let state = std::path::absolute(file.path()).unwrap_or_else(|_| file.path().to_owned());
    let Some((identity, is_new)) = identity::find(Path::new("/"), &state) else { return host_name() };
    if is_new {
        file.keep_beside(identity::FILE, identity.content().as_bytes());
    }
    identity.id().to_owned()
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let id: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    if id.is_empty() { "lamp".into() } else { id }
}
