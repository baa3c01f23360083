// SPDX-License-Identifier: GPL-3.0-or-later
//! The name by which this lamp is known, kept beside its state.

use std::fs;
use std::path::Path;

use log::warn;
use programs::identity::{self, Identity, Preference};

use crate::state_file;

/// The name, which is kept in the folder of the file `state`. A machine without any network card is known by its host's name.
pub(crate) fn keep(state: &Path) -> String {
    let file = state.with_file_name(identity::FILE);
    let kept = identity::read(&file);
    // A state without a name beside it is that of a version that kept none.
    let is_upgrade = kept.is_none() && state.exists();
    let preference = if is_upgrade { Preference::AsBefore } else { Preference::Wired };
    let Some(identity) = Identity::of_machine(Path::new("/"), kept.as_ref(), preference) else {
        return host_name();
    };
    if kept.as_ref() != Some(&identity)
        && let Err(error) = state_file::replace(&file, identity.content().as_bytes())
    {
        warn!("cannot keep the name of the lamp in {}: {error:#}; going on without", file.display());
    }
    identity.id().to_owned()
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let id: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    if id.is_empty() { "lamp".into() } else { id }
}
