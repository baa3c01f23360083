// SPDX-License-Identifier: GPL-3.0-or-later
//! The name by which this lamp is known, kept beside its state.

use std::fs;
use std::path::Path;

use log::warn;
use programs::identity;

use crate::state_file;

/// The name, which is kept in the folder of the file `state`. A machine without any network card is known by its host's name.
pub(crate) fn keep(state: &Path) -> String {
    let state = std::path::absolute(state).unwrap_or_else(|_| state.to_owned());
    let Some((identity, is_new)) = identity::find(Path::new("/"), &state) else { return host_name() };
    let file = state.with_file_name(identity::FILE);
    if is_new && let Err(error) = state_file::replace(&file, identity.content().as_bytes()) {
        warn!("cannot keep the name of the lamp in {}: {error:#}; going on without", file.display());
    }
    identity.id().to_owned()
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let id: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    if id.is_empty() { "lamp".into() } else { id }
}
