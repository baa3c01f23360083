// SPDX-License-Identifier: GPL-3.0-or-later
//! The newest entry of debian/changelog: the version and its date.

use anyhow::{Context, bail};
use chrono::DateTime;

use crate::source::Source;

/// Path of the changelog in the checkout.
pub(crate) const PATH: &str = "debian/changelog";

/// The newest entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangelogEntry {
    /// Version of the package.
    pub version: String,
    /// Its date in seconds since 1970.
    pub timestamp: u64,
}

impl ChangelogEntry {
    /// Reads the newest entry, and checks that the programs have the same version.
    pub(crate) fn newest(source: &Source) -> anyhow::Result<Self> {
        let entry = Self::parse(&source.read(PATH)?)?;
        let crates = env!("CARGO_PKG_VERSION");
        if entry.version != crates {
            bail!("{PATH} is at version {}, but Cargo.toml is at {crates}; make them equal", entry.version);
        }
        Ok(entry)
    }

    /// Reads the head line and the first signature line (deb-changelog(5)).
    fn parse(text: &str) -> anyhow::Result<Self> {
        let head = text.lines().next().unwrap_or_default();
        let version = head
            .strip_prefix("lampi (")
            .and_then(|rest| rest.split_once(')'))
            .map(|(version, _)| version.to_owned())
            .with_context(|| format!("{PATH}:1: '{head}' does not begin with 'lampi (VERSION)'"))?;
        let (number, signature) = text
            .lines()
            .enumerate()
            .find(|(_, line)| line.starts_with(" -- "))
            .with_context(|| format!("{PATH}: no entry has the signature ' -- NAME <ADDRESS>  DATE'"))?;
        let date = signature.rsplit_once("  ").map_or("", |(_, date)| date);
        let timestamp = DateTime::parse_from_rfc2822(date)
            .ok()
            .and_then(|date| u64::try_from(date.timestamp()).ok())
            .with_context(|| {
                format!("{PATH}:{}: '{date}' is not a date in the format of `date -R`", number + 1)
            })?;
        Ok(Self { version, timestamp })
    }
}

/// The time stamp of all files: `SOURCE_DATE_EPOCH` if it is set, or else that of the changelog.
pub(crate) fn source_date_epoch(entry: &ChangelogEntry) -> anyhow::Result<u64> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.parse().with_context(|| {
            format!("SOURCE_DATE_EPOCH is '{text}'; it must be a number of seconds since 1970")
        }),
        Err(std::env::VarError::NotPresent) => Ok(entry.timestamp),
        Err(error) => Err(error).context("SOURCE_DATE_EPOCH"),
    }
}

#[cfg(test)]
mod tests {
    use super::ChangelogEntry;

    #[test]
    fn reads_the_first_entry() {
        let text = "lampi (1.2.0) bookworm; urgency=low\n\n  * Second.\n\n -- A <a@b>  Thu, 01 Jan 1970 01:00:10 +0100\n\n\
                    lampi (1.1.0) bookworm; urgency=low\n\n  * First.\n\n -- A <a@b>  Thu, 01 Jan 1970 00:00:05 +0000\n";
        assert_eq!(
            ChangelogEntry::parse(text).unwrap(),
            ChangelogEntry { version: "1.2.0".into(), timestamp: 10 }
        );
    }

    #[test]
    fn errors_name_the_wrong_part() {
        for (text, reason) in [
            ("", "does not begin with"),
            ("lampi (1) x\n", "no entry has the signature"),
            ("lampi (1) x\n -- A <a@b>  yesterday\n", "debian/changelog:2: 'yesterday' is not a date"),
        ] {
            let error = ChangelogEntry::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
