// SPDX-License-Identifier: GPL-3.0-or-later
//! Waiting for descriptors until a deadline.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Waits until one of `descriptors` is readable or closed by its peer, or until the time `until`. Returns for
/// each descriptor whether it is readable; after the time, none is.
///
/// A descriptor that is readable already counts, even if `until` has passed.
pub fn readable(descriptors: &[BorrowedFd<'_>], until: Option<Instant>) -> io::Result<Vec<bool>> {
    let mut polled: Vec<PollFd> =
        descriptors.iter().map(|descriptor| PollFd::new(*descriptor, PollFlags::POLLIN)).collect();
    loop {
        let timeout = until.map_or(PollTimeout::NONE, |until| {
            // Rounded up to milliseconds: a wait that ends early would need another one.
            let left = until.saturating_duration_since(Instant::now()).as_micros().div_ceil(1000);
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut polled, timeout) {
            Ok(0) if until.is_some_and(|until| until > Instant::now()) => {}
            // Every flag counts: a closed descriptor may set POLLHUP or POLLERR only.
            Ok(_) => return Ok(polled.iter().map(|descriptor| descriptor.any() != Some(false)).collect()),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
