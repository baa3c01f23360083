// SPDX-License-Identifier: GPL-3.0-or-later
//! Starts programs that end with this process, even if SIGKILL kills it.
//!
//! The kernel can kill a process when its parent dies, but only the process itself can request this. So this
//! program starts itself again, requests the signal and then executes the actual program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::getppid;

/// A command for `program` that ends with this process; arguments can be added. Spawn it from a thread that
/// lasts as long as the process, because the kernel treats the end of that thread as the end of the parent.
pub(crate) fn command(program: &Path) -> Command {
    // This path names the running program even after a rebuild has replaced the file.
    let mut command = Command::new("/proc/self/exe");
    command.arg("die-with-parent").arg(std::process::id().to_string()).arg(program);
    command
}

/// Executes the first word of `command_line` with the others as its arguments. The program ends with the
/// process `parent`. Returns only on failure.
pub(crate) fn exec(parent: u32, command_line: &[OsString]) -> anyhow::Result<()> {
    let [program, arguments @ ..] = command_line else { bail!("no program is given") };
    set_pdeathsig(Signal::SIGKILL).context("cannot set the signal for the parent's end")?;
    // The parent may have ended before the request.
    if getppid().as_raw().cast_unsigned() != parent {
        bail!("process {parent} is not the parent of this process, or has ended");
    }
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("cannot start {}", Path::new(program).display()))
}
