// SPDX-License-Identifier: GPL-3.0-or-later
//! The files by which the lamp's own GPIO daemon finds and drives the kernel's PWM, in a directory.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, sendto, socket,
};
use tempfile::TempDir;

/// The chips of a lamp, by names whose order means nothing, and their pins.
const LEDS: [(&str, u32); 3] = [("pwmchip0", 13), ("pwmchip1", 26), ("pwmchip4", 19)];

/// The directories of a machine. The channels of its PWM chips are exported already: files cannot do that by themselves.
#[derive(Debug)]
pub struct Machine(TempDir);

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// One without PWM, on which nothing is known of the board.
    #[must_use]
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        for directory in ["sys/class/pwm", "dev", "proc/device-tree", "run", "var/run"] {
            fs::create_dir_all(root.path().join(directory)).expect("a new directory");
        }
        Self(root)
    }

    /// One with chips for all LEDs.
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

    /// Adds chips for all LEDs, and says nothing.
    pub fn add_leds(&self) {
        for (chip, line) in LEDS {
            self.add_chip(chip, line);
        }
    }

    /// Adds a chip, as the driver pwm-gpio does, and says nothing.
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

    /// What a file of a chip says.
    #[must_use]
    pub fn says(&self, chip: &str, name: &str) -> String {
        let path = self.path().join(format!("sys/class/pwm/{chip}/pwm0/{name}"));
        // The kernel takes a line. In a file, the rest of a longer one before it stays behind it.
        let text = fs::read_to_string(path).expect("the chip is there");
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// Tells every program of this machine, the test's own, of a chip as the kernel does. It takes root, as the daemon does.
    pub fn tell(action: &str, chip: &str) {
        let protocol = SockProtocol::NetlinkKObjectUEvent;
        let socket = socket(AddressFamily::Netlink, SockType::Datagram, SockFlag::SOCK_CLOEXEC, protocol)
            .expect("a socket of events");
        let path = format!("/devices/test/pwm/{chip}");
        let event = format!("{action}@{path}\0ACTION={action}\0DEVPATH={path}\0SUBSYSTEM=pwm\0");
        sendto(socket.as_raw_fd(), event.as_bytes(), &NetlinkAddr::new(0, 1), MsgFlags::empty())
            .expect("root may tell of events, and somebody listens");
    }
}
