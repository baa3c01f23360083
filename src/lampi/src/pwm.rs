// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi pwm`: the lines in config.txt by which the kernel has PWM on the pins of the LEDs.
//!
//! The firmware reads config.txt before the kernel starts, and a machine whose file is broken may not start at all. So
//! all that can be found out is found out first, and the file is replaced as a whole.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use nix::unistd::geteuid;
use programs::lampi::{PwmAction, PwmArgs};
use programs::pins;
use runtime::output;

use hardware::boot_config::{Boot, ENABLE, REBOOT, State, block, command, list, without_chip};
use hardware::leds::Driver;

/// What the name of the former file ends in.
const KEPT: &str = "lampi-bak";

/// Does what is ordered.
pub(crate) fn run(args: &PwmArgs) -> anyhow::Result<ExitCode> {
    let root = args.root.as_path();
    // Below another root, whoever may change the files may do so.
    if args.action != PwmAction::Status && root == Path::new("/") && !geteuid().is_root() {
        bail!("this needs root; say it again after sudo");
    }
    match args.action {
        PwmAction::Enable => enable(root)?,
        PwmAction::Disable => disable(root)?,
        PwmAction::Status => return status(root),
    }
    Ok(ExitCode::SUCCESS)
}

fn status(root: &Path) -> anyhow::Result<ExitCode> {
    let (words, code) = match Driver::of(root) {
        Driver::Kernel => (State::of(root).sentence(root), ExitCode::SUCCESS),
        Driver::Pigpio(program) => {
            (format!("{program} drives the LEDs, so the kernel's PWM is not needed"), ExitCode::SUCCESS)
        }
        Driver::None(dark) => (dark.sentence(root), ExitCode::FAILURE),
    };
    output::line(&words)?;
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
        output::line(&format!("{path} has the lines for {} already", list(&pins::LEDS)))?;
        return after_reboot(root, !without_chip(root).is_empty());
    }
    let new = if needed.is_empty() { without } else { block::added(&without, &needed) };
    replace(&boot, &new)?;
    if needed.is_empty() {
        output::line(&format!(
            "the lines of lampi are removed from {path}, which has others for the same pins"
        ))?;
    } else {
        output::line(&format!("the lines for {} are in {path}", list(&needed)))?;
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
    output::line(&format!("the lines for {} are removed from {path}", list(&block.pins)))?;
    after_reboot(root, true)
}

/// Puts new content in the place of the former one, which is kept.
fn replace(boot: &Boot, content: &[u8]) -> anyhow::Result<()> {
    if boot.place.is_read_only()? {
        let folder = boot.place.path().parent().unwrap_or(Path::new("/")).display();
        bail!("{folder} is mounted read-only; say: sudo mount -o remount,rw {folder}");
    }
    let kept = boot.place.replace(&boot.found, content, KEPT)?;
    Ok(output::line(&format!("the former file is kept as {}", kept.display()))?)
}

/// Says when it counts.
fn after_reboot(root: &Path, is_needed: bool) -> anyhow::Result<()> {
    match is_needed {
        false => Ok(()),
        true if root == Path::new("/") => {
            Ok(output::line(&format!("it takes effect after a reboot; run: sudo {REBOOT}"))?)
        }
        true => Ok(output::line("it takes effect when the machine is started")?),
    }
}
