// SPDX-License-Identifier: GPL-3.0-or-later
//! The maintainer's address. debian/package.toml of these sources has a placeholder; the publisher of a package
//! replaces it.

use toml::Value;

use crate::source::{PACKAGE, Source};

/// Top-level and second-level domains without real addresses (RFC 2606).
const RESERVED: [&str; 7] =
    ["invalid", "example", "test", "localhost", "example.com", "example.net", "example.org"];

/// Whether `person`, written as `NAME <ADDRESS>`, has no real address.
pub(crate) fn is_placeholder(person: &str) -> bool {
    let address =
        person.rsplit_once('<').map_or(person, |(_, address)| address.trim_end().trim_end_matches('>'));
    let Some((_, domain)) = address.rsplit_once('@') else { return true };
    let domain = domain.to_ascii_lowercase();
    let is_in = |reserved: &str| domain == reserved || domain.ends_with(&format!(".{reserved}"));
    domain.is_empty() || RESERVED.iter().any(|reserved| is_in(reserved))
}

/// A warning if the address in the sources is a placeholder.
pub(crate) fn warning(source: &Source) -> anyhow::Result<Option<String>> {
    let package = source.package()?;
    let maintainer = package.get("maintainer").and_then(Value::as_str).unwrap_or_default();
    Ok(is_placeholder(maintainer).then(|| {
        format!(
            "{PACKAGE}: the maintainer '{maintainer}' is a placeholder; set your name and \
             address before you publish the package"
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_placeholders_from_addresses() {
        for (person, expected) in [
            ("LAMPI maintainers <maintainers@lampi.invalid>", true),
            ("A <a@INVALID>", true),
            ("A <a@example.org>", true),
            ("A <a@mail.example.org>", true),
            ("A <a@lamp.test>", true),
            ("A", true),
            ("A <a@>", true),
            ("", true),
            ("A <a@debian.org>", false),
            ("A <a@notinvalid.org>", false),
            ("a@myexample.org", false),
        ] {
            assert_eq!(is_placeholder(person), expected, "{person}");
        }
    }
}
