// SPDX-License-Identifier: GPL-3.0-or-later
//! Which Debian packages a program needs, read from the ELF file itself.
//!
//! The answer is the same on every machine that builds, unlike that of a look-up in the installed packages. A library
//! that is not in the table is an error: a package without a needed dependency would install and then not run.
//!
//! The C library is a pre-dependency. The maintainer scripts set aside what ran the lamp before, and no other package that
//! the system could install gives it a newer C library: so dpkg has to refuse the package before any script of it runs.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, bail};
use goblin::elf::Elf;

/// Version as Debian compares plain dotted numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(Vec<u32>);

impl Version {
    /// Reads `2.34`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>().map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.0.iter().map(u32::to_string).collect();
        formatter.write_str(&parts.join("."))
    }
}

/// A package that has to be there, and its lowest version that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    pub package: &'static str,
    pub version: Option<Version>,
}

/// Debian's packages of the libraries that the programs may need, with the beginning of their symbol versions.
const LIBRARIES: [(&str, &str, &str); 7] = [
    ("libc.so.6", "libc6", "GLIBC_"),
    ("libm.so.6", "libc6", "GLIBC_"),
    ("ld-linux-x86-64.so.2", "libc6", "GLIBC_"),
    ("ld-linux-aarch64.so.1", "libc6", "GLIBC_"),
    ("ld-linux-armhf.so.3", "libc6", "GLIBC_"),
    ("libdl.so.2", "libc6", "GLIBC_"),
    ("libgcc_s.so.1", "libgcc-s1", "GCC_"),
];

/// All needs of one ELF file.
pub(crate) fn needs(file: &[u8]) -> anyhow::Result<Vec<Need>> {
    let elf = Elf::parse(file).context("it is not an ELF file")?;
    let mut needs = Vec::new();
    for library in &elf.libraries {
        let Some((_, package, _)) = LIBRARIES.iter().find(|(soname, ..)| soname == library) else {
            bail!(
                "it needs {library}, and no Debian package is known for that; add one to src/lampi-deb/src/depends.rs"
            );
        };
        needs.push(Need { package, version: None });
    }
    for of_library in elf.verneed.iter().flat_map(goblin::elf::VerneedSection::iter) {
        let library = elf.dynstrtab.get_at(of_library.vn_file).unwrap_or_default();
        for version in &of_library {
            let name = elf.dynstrtab.get_at(version.vna_name).unwrap_or_default();
            needs.push(versioned(library, name)?);
        }
    }
    Ok(needs)
}

/// What a symbol version such as `GLIBC_2.34` of a library asks for.
fn versioned(library: &str, name: &str) -> anyhow::Result<Need> {
    // glibc 2.36 marks programs with relative relocations so; it is a feature of the loader, not a number.
    let number = if name == "GLIBC_ABI_DT_RELR" { "GLIBC_2.36" } else { name };
    LIBRARIES
        .iter()
        .find(|(soname, ..)| *soname == library)
        .and_then(|(_, package, prefix)| {
            let version = Version::parse(number.strip_prefix(prefix)?)?;
            Some(Need { package, version: Some(version) })
        })
        .with_context(|| format!("it needs {name} of {library}, and no Debian version is known for that"))
}

/// The package that has to be new enough before anything is unpacked.
const PRE_DEPENDENCY: &str = "libc6";

impl Need {
    /// The field of the control file that has to ask for it.
    pub(crate) fn field(&self) -> &'static str {
        if self.package == PRE_DEPENDENCY { "Pre-Depends" } else { "Depends" }
    }
}

/// The entries that satisfy all needs, for each of the two fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relations {
    pub depends: Vec<String>,
    pub pre_depends: Vec<String>,
}

impl Relations {
    /// Names each package once, with the highest version.
    pub(crate) fn of(needs: impl IntoIterator<Item = Need>) -> Self {
        let (pre_depends, depends): (Vec<_>, Vec<_>) =
            needs.into_iter().partition(|need| need.field() == "Pre-Depends");
        Self { depends: relations(depends), pre_depends: relations(pre_depends) }
    }
}

/// The entries that satisfy all `needs`: each package once, with the highest version.
fn relations(needs: impl IntoIterator<Item = Need>) -> Vec<String> {
    let mut packages: BTreeMap<&str, Option<Version>> = BTreeMap::new();
    for need in needs {
        let version = packages.entry(need.package).or_default();
        *version = version.take().max(need.version);
    }
    packages
        .into_iter()
        .map(|(package, version)| match version {
            Some(version) => format!("{package} (>= {version})"),
            None => package.to_owned(),
        })
        .collect()
}

/// Whether the value of a field asks for everything in `need`.
pub(crate) fn satisfied(depends: &str, need: &Need) -> bool {
    depends.split(',').any(|relation| {
        let (package, version) = match relation.trim().split_once(" (>= ") {
            Some((package, version)) => (package, Version::parse(version.trim_end_matches(')'))),
            None => (relation.trim(), None),
        };
        package == need.package && version >= need.version
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(library: &str, version: &str) -> Need {
        versioned(library, version).unwrap()
    }

    #[test]
    fn the_highest_version_counts_as_a_number() {
        let needs = [
            need("libc.so.6", "GLIBC_2.4"),
            need("libm.so.6", "GLIBC_2.29"),
            need("libc.so.6", "GLIBC_2.3.4"),
            need("libgcc_s.so.1", "GCC_3.0"),
        ];
        let relations = Relations::of(needs);
        assert_eq!(relations.pre_depends, ["libc6 (>= 2.29)"]);
        assert_eq!(relations.depends, ["libgcc-s1 (>= 3.0)"]);
    }

    #[test]
    fn what_is_unknown_is_an_error() {
        for (library, version) in
            [("libpng16.so.16", "PNG16_0"), ("libc.so.6", "GLIBC_PRIVATE"), ("libc.so.6", "")]
        {
            assert!(versioned(library, version).is_err(), "{library} {version}");
        }
        assert!(needs(b"#!/bin/sh").is_err());
    }

    #[test]
    fn a_field_satisfies_older_needs() {
        let depends = "supervisor (>= 4.2), libc6 (>= 2.34), libgcc-s1";
        assert!(satisfied(depends, &need("libc.so.6", "GLIBC_2.34")));
        assert!(!satisfied(depends, &need("libc.so.6", "GLIBC_2.100")));
        assert!(!satisfied(depends, &need("libgcc_s.so.1", "GCC_3.0")));
        assert!(satisfied(depends, &Need { package: "libgcc-s1", version: None }));
    }
}
