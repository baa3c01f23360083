// SPDX-License-Identifier: GPL-3.0-or-later
//! Mapped devices that go away while they are read or stored to.
//!
//! A driver with deferred IO answers an access with SIGBUS once it has let go of the device, which would end the program. Here
//! the page is replaced by one of ordinary memory instead, in which the access ends, and the mapping is noted as lost.
//! SIGBUS of any other origin does what it always does.
//!
//! The handler is that of the whole process. It is installed when the first device is mapped, unless the program has said by
//! [`keep_sigbus_handler`] that it has one of its own.

use std::io;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// Mappings that can be watched at a time; a program has a source and a target.
const MOST: usize = 8;

static WATCHED: [Watched; MOST] = [const { Watched::unused() }; MOST];
static PAGE: AtomicUsize = AtomicUsize::new(0);

/// Done when the handler is installed, or never will be.
static INSTALLED: Once = Once::new();

/// Leaves SIGBUS to the program's own handler, if it is called before the first device is opened. That handler then has to see
/// to devices that go away while they are mapped.
pub fn keep_sigbus_handler() {
    INSTALLED.call_once(|| {});
}

/// A mapping, as the signal handler sees it: a length of 0 means none.
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

/// Watches one mapping until it is dropped, which must be before the mapping is.
#[derive(Debug)]
pub(crate) struct Watch(&'static Watched);

impl Watch {
    /// Watches the `length` bytes of a mapping that starts at `start`.
    pub(crate) fn over(start: *const u8, length: usize) -> io::Result<Self> {
        INSTALLED.call_once(install);
        let free = |watched: &&Watched| !watched.taken.swap(true, Ordering::SeqCst);
        let watched = WATCHED
            .iter()
            .find(free)
            .ok_or_else(|| io::Error::other(format!("more than {MOST} devices are mapped at a time")))?;
        watched.lost.store(false, Ordering::SeqCst);
        watched.start.store(start as usize, Ordering::SeqCst);
        watched.length.store(length, Ordering::SeqCst);
        Ok(Self(watched))
    }

    /// An error if an access so far met no device any more.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.0.lost.load(Ordering::SeqCst) {
            return Err(io::Error::other("its driver let go of it"));
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
    // SAFETY: a question without arguments that are pointers.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    PAGE.store(usize::try_from(page).expect("every system has a page size"), Ordering::SeqCst);
    let action = SigAction::new(SigHandler::SigAction(on_fault), SaFlags::SA_SIGINFO, SigSet::empty());
    // SAFETY: the handler does only what may be done in one: atomics, mmap and sigaction, which are plain system calls.
    let old = unsafe { sigaction(Signal::SIGBUS, &action) };
    old.expect("SIGBUS may be handled");
}

extern "C" fn on_fault(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel hands a valid structure to a handler with SA_SIGINFO, and for SIGBUS it has an address.
    let address = unsafe { (*info).si_addr() } as usize;
    let page = PAGE.load(Ordering::SeqCst);
    let start = address / page * page;
    if let Some(watched) = WATCHED.iter().find(|watched| watched.contains(address)) {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: the page lies in a mapping of ours, which is reached by raw pointers only and stays as long and where it is.
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
    // Not ours: the access is tried again when this returns, and then ends the program as if there were no handler.
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action needs nothing.
    let _ = unsafe { sigaction(Signal::SIGBUS, &default) };
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    extern "C" fn own(_: libc::c_int) {}

    #[test]
    #[ignore = "the next test runs it, in a process of its own"]
    fn with_a_handler_of_its_own() {
        let own = SigAction::new(SigHandler::Handler(own), SaFlags::empty(), SigSet::empty());
        // SAFETY: the handler does nothing.
        unsafe { sigaction(Signal::SIGBUS, &own) }.expect("SIGBUS may be handled");
        keep_sigbus_handler();
        let byte = 0;
        let _watch = Watch::over(&raw const byte, 1).expect("a place is free");
        // SAFETY: as above.
        let now = unsafe { sigaction(Signal::SIGBUS, &own) }.expect("SIGBUS may be handled");
        assert!(matches!(now.handler(), SigHandler::Handler(_)), "{now:?}");
    }

    #[test]
    fn a_handler_of_the_program_stays() {
        let name = "fault::tests::with_a_handler_of_its_own";
        let this = std::env::current_exe().expect("a path");
        let child = Command::new(this).args(["--exact", "--ignored", name]).output().expect("a process");
        let text = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && text.contains("1 passed"), "{text}");
    }
}
