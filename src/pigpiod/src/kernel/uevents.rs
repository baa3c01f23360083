// SPDX-License-Identifier: GPL-3.0-or-later
//! The kernel's events for added and removed devices.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

/// The netlink group of the kernel's events. Only root can send to it.
const KERNEL: u32 = 1;

/// Buffer size in bytes, larger than any event.
const LARGEST: usize = 8192;

/// The kernel's events about PWM chips.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    /// A PWM chip was added or removed, or events were lost.
    pub is_about_pwm: bool,
    /// Names of the removed PWM chips.
    pub removed: Vec<String>,
}

/// Subscribes to the kernel's events.
pub(super) fn subscribe() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let protocol = SockProtocol::NetlinkKObjectUEvent;
    let events = socket(AddressFamily::Netlink, SockType::Datagram, flags, protocol)?;
    bind(events.as_raw_fd(), &NetlinkAddr::new(0, KERNEL))?;
    Ok(events)
}

/// All events since the last call.
pub(super) fn receive(events: &OwnedFd) -> Received {
    let mut received = Received::default();
    let mut event = [0; LARGEST];
    loop {
        match recv(events.as_raw_fd(), &mut event, MsgFlags::MSG_DONTWAIT) {
            Ok(length) if length > 0 => received.add(&event[..length]),
            Err(Errno::EINTR) => {}
            Err(Errno::ENOBUFS) => received.is_about_pwm = true,
            Ok(_) | Err(_) => return received,
        }
    }
}

impl Received {
    /// Adds an event: a headline and `NAME=VALUE` lines, each terminated by NUL.
    fn add(&mut self, event: &[u8]) {
        let lines: Vec<&[u8]> = event.split(|byte| *byte == 0).collect();
        let value = |name: &str| {
            let of =
                |line: &&[u8]| line.strip_prefix(name.as_bytes())?.strip_prefix(b"=").map(<[u8]>::to_vec);
            lines.iter().find_map(of)
        };
        let action = value("ACTION").unwrap_or_default();
        // Exporting a channel causes a change event of its chip.
        if value("SUBSYSTEM").as_deref() != Some(b"pwm") || !matches!(&action[..], b"add" | b"remove") {
            return;
        }
        self.is_about_pwm = true;
        if action == b"remove" {
            let path = String::from_utf8_lossy(&value("DEVPATH").unwrap_or_default()).into_owned();
            self.removed.push(path.rsplit('/').next().unwrap_or_default().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_added_and_removed_chips_only() {
        let mut received = Received::default();
        let path = "/devices/platform/pwm_gpio@13/pwm/pwmchip3";
        for event in [
            format!("change@{path}\0ACTION=change\0DEVPATH={path}\0SUBSYSTEM=pwm\0EXPORT=pwm0\0"),
            "add@/devices/usb\0ACTION=add\0SUBSYSTEM=usb\0".into(),
            "\0=\0ACTION\0".into(),
        ] {
            received.add(event.as_bytes());
        }
        assert_eq!(received, Received::default());
        received.add(
            format!("remove@{path}\0ACTION=remove\0DEVPATH={path}\0SUBSYSTEM=pwm\0SEQNUM=7\0").as_bytes(),
        );
        assert_eq!(received, Received { is_about_pwm: true, removed: vec!["pwmchip3".into()] });
    }
}
