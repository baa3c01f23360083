// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi doctor`: everything that has ever gone wrong with a lamp, looked at, with what cures it.

use std::process::ExitCode;

use crate::cli::DoctorOrder;

/// Looks at the lamp under the order's root, and says what it found.
pub fn run(order: &DoctorOrder) -> anyhow::Result<ExitCode> {
    anyhow::bail!("nothing is known about {} yet (JSON: {})", order.root.display(), order.json)
}
