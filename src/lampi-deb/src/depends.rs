// SPDX-License-Identifier: GPL-3.0-or-later
//! The Debian packages that a program requires, from its ELF file.
//!
//! The result is the same on every build machine, unlike a query of the installed packages. A library that is
//! not in the table is an error: a package without a dependency would install and then not run.
//!
//! The C library is a pre-dependency. The maintainer scripts disable an earlier set-up, and no other package
//! of the system can provide a newer C library. So dpkg must reject the package before any of its scripts
//! runs.

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

/// A required package, and its minimum version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    pub package: &'static str,
    pub version: Option<Version>,
}

/// Libraries with their Debian packages and the prefix of their symbol versions.
const LIBRARIES: [(&str, &str, &str); 7] = [
    ("libc.so.6", "libc6", "GLIBC_"),
    ("libm.so.6", "libc6", "GLIBC_"),
    ("ld-linux-x86-64.so.2", "libc6", "GLIBC_"),
    ("ld-linux-aarch64.so.1", "libc6", "GLIBC_"),
    ("ld-linux-armhf.so.3", "libc6", "GLIBC_"),
    ("libdl.so.2", "libc6", "GLIBC_"),
    ("libgcc_s.so.1", "libgcc-s1", "GCC_"),
];

/// The packages that one ELF file requires.
pub(crate) fn needs(file: &[u8]) -> anyhow::Result<Vec<Need>> {
    let elf = Elf::parse(file).context("it is not an ELF file")?;
    let mut needs = Vec::new();
    for library in &elf.libraries {
        let Some((_, package, _)) = LIBRARIES.iter().find(|(soname, ..)| soname == library) else {
            bail!(
                "it requires {library}, which has no known Debian package; add the \
                 package to src/lampi-deb/src/depends.rs"
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

/// The package for a symbol version such as `GLIBC_2.34` of a library.
fn versioned(library: &str, name: &str) -> anyhow::Result<Need> {
    // glibc 2.36 marks programs with relative relocations in this way. The name is a feature of the loader
    // without a number.
    let number = if name == "GLIBC_ABI_DT_RELR" { "GLIBC_2.36" } else { name };
    LIBRARIES
        .iter()
        .find(|(soname, ..)| *soname == library)
        .and_then(|(_, package, prefix)| {
            let version = Version::parse(number.strip_prefix(prefix)?)?;
            Some(Need { package, version: Some(version) })
        })
        .with_context(|| format!("it requires {name} of {library}, which has no known Debian version"))
}

/// The package that must be new enough before dpkg unpacks anything.
const PRE_DEPENDENCY: &str = "libc6";

impl Need {
    /// The control field for it.
    pub(crate) fn field(&self) -> &'static str {
        if self.package == PRE_DEPENDENCY { "Pre-Depends" } else { "Depends" }
    }
}

/// The entries for all requirements, for each of the two fields.
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

/// The entries for all `needs`: each package once, with the highest version.
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

/// Whether the value of a field satisfies `need`.
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
    fn uses_the_highest_version() {
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
    fn rejects_unknown_libraries_and_versions() {
        for (library, version) in
            [("libpng16.so.16", "PNG16_0"), ("libc.so.6", "GLIBC_PRIVATE"), ("libc.so.6", "")]
        {
            assert!(versioned(library, version).is_err(), "{library} {version}");
        }
        assert!(needs(b"#!/bin/sh").is_err());
    }

    #[test]
    fn a_field_satisfies_older_versions() {
        let depends = "supervisor (>= 4.2), libc6 (>= 2.34), libgcc-s1";
        assert!(satisfied(depends, &need("libc.so.6", "GLIBC_2.34")));
        assert!(!satisfied(depends, &need("libc.so.6", "GLIBC_2.100")));
        assert!(!satisfied(depends, &need("libgcc_s.so.1", "GCC_3.0")));
        assert!(satisfied(depends, &Need { package: "libgcc-s1", version: None }));
    }
}
