// SPDX-License-Identifier: GPL-3.0-or-later
//! The text console that draws on a framebuffer: log-in prompts, kernel messages and a blinking cursor.
//!
//! Graphics mode alone does not stop it: when systemd starts a log-in prompt, at boot or after a log-out, it
//! sets the console back to text mode, which draws over the frame. So the kernel's console driver for
//! framebuffers is also unbound.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::libc::{self, c_int, c_ulong, c_ushort};

use crate::{Error, Surface};

/// `struct vt_stat` of `<linux/vt.h>`.
#[repr(C)]
#[derive(Default)]
struct VtState {
    active: c_ushort,
    signal: c_ushort,
    state: c_ushort,
}

/// `struct fb_con2fbmap` of `<linux/fb.h>`.
#[repr(C)]
#[derive(Debug)]
struct ConsoleToFramebuffer {
    console: u32,
    framebuffer: u32,
}

/// `KD_TEXT` and `KD_GRAPHICS` of `<linux/kd.h>`.
const TEXT: c_ulong = 0;
const GRAPHICS: c_ulong = 1;

/// Requests of `<linux/kd.h>`, `<linux/vt.h>` and `<linux/fb.h>`. Their numbers do not encode size and
/// direction.
mod request {
    use super::{ConsoleToFramebuffer, VtState, c_int};

    nix::ioctl_read_bad!(get_mode, 0x4B3B, c_int);
    nix::ioctl_write_int_bad!(set_mode, 0x4B3A);
    nix::ioctl_read_bad!(get_state, 0x5603, VtState);
    nix::ioctl_read_bad!(get_framebuffer, 0x460F, ConsoleToFramebuffer);
    nix::ioctl_write_ptr_bad!(set_framebuffer, 0x4610, ConsoleToFramebuffer);
}

/// The console drivers.
const DRIVERS: &str = "/sys/class/vtconsole";

/// A console that draws nothing until this value is dropped.
#[derive(Debug)]
pub struct Console {
    number: u32,
    /// The framebuffer that it drew on, to restore.
    device: File,
    map: ConsoleToFramebuffer,
}

impl Console {
    /// Stops the visible console from drawing on `surface`. `None` if no console does so: the machine has no
    /// consoles, the visible one is on another framebuffer, or a graphical program uses it.
    pub fn silence(surface: &Surface) -> Result<Option<Self>, Error> {
        let Some((device, framebuffer)) = surface.device() else { return Ok(None) };
        let Ok(visible) = open("/dev/tty0") else { return Ok(None) };
        let mut state = VtState::default();
        // SAFETY: the descriptor is open, and the request writes one structure of the kernel's layout to
        // `state`.
        if unsafe { request::get_state(visible.as_raw_fd(), &raw mut state) }.is_err() {
            return Ok(None);
        }
        let number = u32::from(state.active);
        let mut map = ConsoleToFramebuffer { console: number, framebuffer: u32::MAX };
        // SAFETY: as above, to `map`.
        let answer = unsafe { request::get_framebuffer(device.as_raw_fd(), &raw mut map) };
        if answer.is_err() || u64::from(map.framebuffer) != framebuffer {
            return Ok(None);
        }
        let name = name(number);
        let terminal =
            open(&name).map_err(|error| Error::unusable(format!("cannot open {name}: {error}")))?;
        let mut mode: c_int = 0;
        // SAFETY: as above, to an integer.
        unsafe { request::get_mode(terminal.as_raw_fd(), &raw mut mode) }
            .map_err(|error| refused(&name, error))?;
        if mode as c_ulong != TEXT {
            return Ok(None);
        }
        let device = device.try_clone().map_err(|error| {
            Error::unusable(format!("cannot open {} a second time: {error}", surface.path().display()))
        })?;
        set(&terminal, GRAPHICS, b"\x1b[?25l").map_err(|error| refused(&name, error))?;
        for bind in bound_drivers(Path::new(DRIVERS)) {
            // If this fails, for example in a container, graphics mode must be enough.
            let _ = fs::write(bind, "0");
        }
        Ok(Some(Self { number, device, map }))
    }

    /// The number of the console: 1 for `/dev/tty1`.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // The driver no longer has its framebuffer, so writing to its `bind` file is not enough: assigning
        // the framebuffer binds it again. Nothing can be done about an error here.
        // SAFETY: the descriptor is open, and the request reads one structure of the kernel's layout.
        let _ = unsafe { request::set_framebuffer(self.device.as_raw_fd(), &raw const self.map) };
        // Opened again because systemd hangs up open descriptors when a prompt starts. Graphics mode comes
        // first because only a change of the mode draws the text.
        if let Ok(terminal) = open(&name(self.number)) {
            let _ = set(&terminal, GRAPHICS, b"");
            let _ = set(&terminal, TEXT, b"\x1b[?25h");
        }
    }
}

/// Sets a console's mode and shows or hides its cursor.
fn set(mut terminal: &File, mode: c_ulong, cursor: &[u8]) -> Result<(), Errno> {
    // SAFETY: the descriptor is open, and the request takes a number.
    unsafe { request::set_mode(terminal.as_raw_fd(), mode as c_int) }?;
    // A console that is closing needs no cursor.
    let _ = terminal.write_all(cursor);
    Ok(())
}

/// The path of a console. `/dev/tty0` is always the visible one.
fn name(number: u32) -> String {
    format!("/dev/tty{number}")
}

/// The `bind` files of the framebuffer console drivers in use.
fn bound_drivers(directory: &Path) -> Vec<PathBuf> {
    let reads = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|driver| reads(driver.join("name")).contains("frame buffer device"))
        .map(|driver| driver.join("bind"))
        .filter(|bind| reads(bind.clone()).trim() == "1")
        .collect()
}

fn open(name: &str) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK).open(name)
}

fn refused(name: &str, error: Errno) -> Error {
    Error::unusable(format!("cannot set {name} to graphics mode: {}; run as root", error.desc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unbinds_only_framebuffer_drivers_in_use() {
        let directory = tempfile::tempdir().expect("a directory");
        for (driver, name, bind) in [
            ("vtcon0", "(S) dummy device", "1"),
            ("vtcon1", "(M) frame buffer device", "1"),
            ("vtcon2", "(M) frame buffer device", "0"),
        ] {
            let driver = directory.path().join(driver);
            fs::create_dir(&driver).expect("a directory");
            fs::write(driver.join("name"), format!("{name}\n")).expect("written");
            fs::write(driver.join("bind"), format!("{bind}\n")).expect("written");
        }
        assert_eq!(bound_drivers(directory.path()), [directory.path().join("vtcon1/bind")]);
        assert!(bound_drivers(&directory.path().join("none")).is_empty());
    }
}
