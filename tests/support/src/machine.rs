// SPDX-License-Identifier: GPL-3.0-or-later
//! A directory with the files that the lamp's own GPIO daemon uses to find and drive the kernel's PWM.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, sendto, socket,
};
use tempfile::TempDir;

/// The chips of a lamp and their pins, in arbitrary order.
const LEDS: [(&str, u32); 3] = [("pwmchip0", 13), ("pwmchip1", 26), ("pwmchip4", 19)];

/// The directories of a machine. The channels of its PWM chips are already exported, because files cannot
/// emulate that.
#[derive(Debug)]
pub struct Machine(TempDir);

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// A machine without PWM and with an unknown board.
    #[must_use]
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        for directory in ["sys/class/pwm", "dev", "proc/device-tree", "run", "var/run"] {
            fs::create_dir_all(root.path().join(directory)).expect("a new directory");
        }
        Self(root)
    }

    /// A machine with chips for all LEDs.
    #[must_use]
    pub fn with_leds() -> Self {
        let machine = Self::new();
        machine.add_leds();
        machine
    }

    /// Its root.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Adds chips for all LEDs without an event.
    pub fn add_leds(&self) {
        for (chip, line) in LEDS {
            self.add_chip(chip, line);
        }
    }

    /// Adds a chip like the driver pwm-gpio, without an event.
    pub fn add_chip(&self, chip: &str, line: u32) {
        let device = self.path().join(format!("sys/devices/pwm_gpio@{line:x}"));
        let (node, channel) = (device.join("of_node"), device.join(format!("pwm/{chip}/pwm0")));
        fs::create_dir_all(&node).expect("a new directory");
        fs::create_dir_all(&channel).expect("a new directory");
        let cells: Vec<u8> = [7, line, 0].into_iter().flat_map(u32::to_be_bytes).collect();
        for (file, content) in [
            (node.join("compatible"), b"pwm-gpio\0".to_vec()),
            (node.join("gpios"), cells),
            (channel.join("period"), b"0\n".to_vec()),
            (channel.join("duty_cycle"), b"0\n".to_vec()),
            (channel.join("enable"), b"0\n".to_vec()),
            (channel.join("polarity"), b"normal\n".to_vec()),
        ] {
            fs::write(file, content).expect("a new file");
        }
        symlink(&device, device.join(format!("pwm/{chip}/device"))).expect("a new link");
        let class = self.path().join(format!("sys/class/pwm/{chip}"));
        symlink(device.join(format!("pwm/{chip}")), class).expect("a new link");
    }

    /// The content of a chip's file.
    #[must_use]
    pub fn says(&self, chip: &str, name: &str) -> String {
        let path = self.path().join(format!("sys/class/pwm/{chip}/pwm0/{name}"));
        // The kernel reads one line. In a file, the rest of a longer earlier line remains after it.
        let text = fs::read_to_string(path).expect("the chip is there");
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// Sends an event for a chip, like the kernel, to every program of the test machine. Requires root, like
    /// the daemon.
    pub fn tell(action: &str, chip: &str) {
        let protocol = SockProtocol::NetlinkKObjectUEvent;
        let socket = socket(AddressFamily::Netlink, SockType::Datagram, SockFlag::SOCK_CLOEXEC, protocol)
            .expect("a socket of events");
        let path = format!("/devices/test/pwm/{chip}");
        let event = format!("{action}@{path}\0ACTION={action}\0DEVPATH={path}\0SUBSYSTEM=pwm\0");
        sendto(socket.as_raw_fd(), event.as_bytes(), &NetlinkAddr::new(0, 1), MsgFlags::empty())
            .expect("root may send events, and a program listens");
    }
}
