// SPDX-License-Identifier: GPL-3.0-or-later
//! Mapped devices that are removed while they are read or written.
//!
//! After a driver with deferred IO has released its device, an access causes SIGBUS, which would end the
//! program. This handler replaces the page by ordinary memory, so the access succeeds, and marks the mapping
//! as lost. SIGBUS from any other source has its default effect.
//!
//! The handler applies to the whole process. The first mapping of a device installs it, unless the program
//! has called [`keep_sigbus_handler`].

use std::io;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// The maximum number of watched mappings; a program has a source and a target.
const MOST: usize = 8;

static WATCHED: [Watched; MOST] = [const { Watched::unused() }; MOST];
static PAGE: AtomicUsize = AtomicUsize::new(0);

/// Done when the handler is installed or will never be.
static INSTALLED: Once = Once::new();

/// Keeps the program's own SIGBUS handler, if called before the first device is opened. That handler must
/// then deal with devices that are removed while mapped.
pub fn keep_sigbus_handler() {
    INSTALLED.call_once(|| {});
}

/// A mapping as the signal handler sees it. A length of 0 means none.
#[derive(Debug)]
struct Watched {
    taken: AtomicBool,
    start: AtomicUsize,
    length: AtomicUsize,
    lost: AtomicBool,
}

impl Watched {
    const fn unused() -> Self {
        Self {
            taken: AtomicBool::new(false),
            start: AtomicUsize::new(0),
            length: AtomicUsize::new(0),
            lost: AtomicBool::new(false),
        }
    }

    fn contains(&self, address: usize) -> bool {
        let (start, length) = (self.start.load(Ordering::SeqCst), self.length.load(Ordering::SeqCst));
        address >= start && address - start < length
    }
}

/// Watches one mapping until it is dropped, which must happen before the mapping is dropped.
#[derive(Debug)]
pub(crate) struct Watch(&'static Watched);

impl Watch {
    /// Watches the `length` bytes of the mapping at `start`.
    pub(crate) fn over(start: *const u8, length: usize) -> io::Result<Self> {
        INSTALLED.call_once(install);
        let free = |watched: &&Watched| !watched.taken.swap(true, Ordering::SeqCst);
        let watched = WATCHED.iter().find(free).ok_or_else(|| {
            io::Error::other(format!("more than {MOST} devices are mapped at the same time"))
        })?;
        watched.lost.store(false, Ordering::SeqCst);
        watched.start.store(start as usize, Ordering::SeqCst);
        watched.length.store(length, Ordering::SeqCst);
        Ok(Self(watched))
    }

    /// Fails if an access so far reached a removed device.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.0.lost.load(Ordering::SeqCst) {
            return Err(io::Error::other("its driver released it"));
        }
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.length.store(0, Ordering::SeqCst);
        self.0.taken.store(false, Ordering::SeqCst);
    }
}

fn install() {
    // SAFETY: the call takes no pointers.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    PAGE.store(usize::try_from(page).expect("every system has a page size"), Ordering::SeqCst);
    let action = SigAction::new(SigHandler::SigAction(on_fault), SaFlags::SA_SIGINFO, SigSet::empty());
    // SAFETY: the handler uses only atomics, mmap and sigaction, which are allowed in signal handlers.
    let old = unsafe { sigaction(Signal::SIGBUS, &action) };
    old.expect("SIGBUS can be handled");
}

extern "C" fn on_fault(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid structure to a handler with SA_SIGINFO, and sets the address for
    // SIGBUS.
    let address = unsafe { (*info).si_addr() } as usize;
    let page = PAGE.load(Ordering::SeqCst);
    let start = address / page * page;
    if let Some(watched) = WATCHED.iter().find(|watched| watched.contains(address)) {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: the page is inside a watched mapping, which only raw pointers refer to and which does not
        // move.
        let memory = unsafe {
            libc::mmap64(
                ptr::with_exposed_provenance_mut(start),
                page,
                protection,
                flags | libc::MAP_FIXED,
                -1,
                0,
            )
        };
        if memory != libc::MAP_FAILED {
            watched.lost.store(true, Ordering::SeqCst);
            return;
        }
    }
    // Not a watched mapping: the access repeats when this returns, and then ends the program as without a
    // handler.
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action has no requirements.
    let _ = unsafe { sigaction(Signal::SIGBUS, &default) };
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    extern "C" fn own(_: libc::c_int) {}

    #[test]
    #[ignore = "the next test runs it, in a process of its own"]
    fn keeps_its_own_handler() {
        let own = SigAction::new(SigHandler::Handler(own), SaFlags::empty(), SigSet::empty());
        // SAFETY: the handler does nothing.
        unsafe { sigaction(Signal::SIGBUS, &own) }.expect("SIGBUS can be handled");
        keep_sigbus_handler();
        let byte = 0;
        let _watch = Watch::over(&raw const byte, 1).expect("a place is free");
        // SAFETY: as above.
        let now = unsafe { sigaction(Signal::SIGBUS, &own) }.expect("SIGBUS can be handled");
        assert!(matches!(now.handler(), SigHandler::Handler(_)), "{now:?}");
    }

    #[test]
    fn does_not_replace_the_programs_handler() {
        let name = "fault::tests::keeps_its_own_handler";
        let this = std::env::current_exe().expect("a path");
        let child = Command::new(this).args(["--exact", "--ignored", name]).output().expect("a process");
        let text = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && text.contains("1 passed"), "{text}");
    }
}
