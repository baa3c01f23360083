// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi pwm`: the lines in config.txt that enable the kernel's PWM on the pins of the LEDs.
//!
//! The firmware reads config.txt before the kernel starts, and a machine with a broken file may not boot. So
//! everything is checked first, and the file is replaced atomically.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use nix::unistd::geteuid;
use programs::lampi::{PwmAction, PwmArgs};
use programs::pins;
use runtime::output;

use hardware::boot_config::{Boot, ENABLE, REBOOT, State, block, command, list, without_chip};
use hardware::leds::Driver;

/// Suffix of the previous file.
const KEPT: &str = "lampi-bak";

/// Runs `lampi pwm`.
pub(crate) fn run(args: &PwmArgs) -> anyhow::Result<ExitCode> {
    let root = args.root.as_path();
    // Below another root, the permissions of the files decide.
    if args.action != PwmAction::Status && root == Path::new("/") && !geteuid().is_root() {
        bail!("this needs root; run it again with sudo");
    }
    match args.action {
        PwmAction::Enable => enable(root)?,
        PwmAction::Disable => disable(root)?,
        PwmAction::Status => return status(root),
    }
    Ok(ExitCode::SUCCESS)
}

fn status(root: &Path) -> anyhow::Result<ExitCode> {
    let (text, code) = match Driver::of(root) {
        Driver::Kernel => (State::of(root).sentence(root), ExitCode::SUCCESS),
        Driver::Pigpio(program) => {
            (format!("{program} drives the LEDs, so the kernel's PWM is not needed"), ExitCode::SUCCESS)
        }
        Driver::None(dark) => (dark.sentence(root), ExitCode::FAILURE),
    };
    output::line(&text)?;
    Ok(code)
}

fn enable(root: &Path) -> anyhow::Result<()> {
    let boot = Boot::find(root)?;
    let (path, content) = (boot.path(), &boot.found.content);
    let block = block::find(content, &path)?;
    let without = block.as_ref().map_or_else(|| content.clone(), |block| block::removed(content, block));
    let others = block.as_ref().map_or_else(|| content.clone(), |block| block::blanked(content, block));
    let config = boot.config(&others);
    if let Some(conflict) = config.conflict(&pins::LEDS) {
        bail!("{conflict}, and run: {}", command(ENABLE, root));
    }
    boot.must_have_overlay(&config)?;
    let there = config.driven(&pins::LEDS);
    let needed: Vec<u8> = pins::LEDS.into_iter().filter(|pin| !there.contains(pin)).collect();
    let has = block.map_or_else(Vec::new, |block| block.pins);
    if needed == has {
        output::line(&format!("{path} already has the lines for {}", list(&pins::LEDS)))?;
        return after_reboot(root, !without_chip(root).is_empty());
    }
    let new = if needed.is_empty() { without } else { block::added(&without, &needed) };
    replace(&boot, &new)?;
    if needed.is_empty() {
        output::line(&format!("removed lampi's lines from {path}, which has other lines for the same pins"))?;
    } else {
        output::line(&format!("added the lines for {} to {path}", list(&needed)))?;
    }
    after_reboot(root, true)
}

fn disable(root: &Path) -> anyhow::Result<()> {
    let boot = Boot::find(root)?;
    let (path, content) = (boot.path(), &boot.found.content);
    let Some(block) = block::find(content, &path)? else {
        return Ok(output::line(&format!("{path} has no lines of lampi; nothing was changed"))?);
    };
    replace(&boot, &block::removed(content, &block))?;
    output::line(&format!("removed the lines for {} from {path}", list(&block.pins)))?;
    after_reboot(root, true)
}

/// Replaces the file, and keeps the previous one.
fn replace(boot: &Boot, content: &[u8]) -> anyhow::Result<()> {
    if boot.place.is_read_only()? {
        let directory = boot.place.path().parent().unwrap_or(Path::new("/")).display();
        bail!("{directory} is mounted read-only; run: sudo mount -o remount,rw {directory}");
    }
    let kept = boot.place.replace(&boot.found, content, KEPT)?;
    Ok(output::line(&format!("the previous file is kept as {}", kept.display()))?)
}

/// Reports when the change takes effect.
fn after_reboot(root: &Path, is_needed: bool) -> anyhow::Result<()> {
    match is_needed {
        false => Ok(()),
        true if root == Path::new("/") => {
            Ok(output::line(&format!("the change takes effect after a reboot; run: sudo {REBOOT}"))?)
        }
        true => Ok(output::line("the change takes effect when the machine boots")?),
    }
}
