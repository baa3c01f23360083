// SPDX-License-Identifier: GPL-3.0-or-later
//! The supported architectures, with their names in Debian, Rust and the GNU tools.

use std::fmt;

use clap::ValueEnum;

/// An architecture by its Debian name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Architecture {
    Amd64,
    Arm64,
    /// Debian's armhf, which is `ARMv7`: a Raspberry Pi 2 or newer.
    Armhf,
}

impl Architecture {
    /// The architecture of this machine, if it is supported.
    pub(crate) fn host() -> Option<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Self::Amd64),
            "aarch64" => Some(Self::Arm64),
            "arm" => Some(Self::Armhf),
            _ => None,
        }
    }

    pub(crate) fn debian(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
            Self::Armhf => "armhf",
        }
    }

    /// Rust's target triple.
    pub(crate) fn rust_target(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::Armhf => "armv7-unknown-linux-gnueabihf",
        }
    }

    /// Prefix of the cross tools and of their Debian packages.
    pub(crate) fn gnu(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-linux-gnu",
            Self::Arm64 => "aarch64-linux-gnu",
            Self::Armhf => "arm-linux-gnueabihf",
        }
    }

    /// `e_machine` of its ELF files (System V ABI, the processor supplements).
    pub(crate) fn elf_machine(self) -> u16 {
        match self {
            Self::Amd64 => goblin::elf::header::EM_X86_64,
            Self::Arm64 => goblin::elf::header::EM_AARCH64,
            Self::Armhf => goblin::elf::header::EM_ARM,
        }
    }

    /// The architecture with this Debian name.
    pub(crate) fn from_debian(name: &str) -> Option<Self> {
        Self::value_variants().iter().copied().find(|architecture| architecture.debian() == name)
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.debian())
    }
}
