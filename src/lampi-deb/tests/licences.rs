// SPDX-License-Identifier: GPL-3.0-or-later
//! Every crate of the workspace, including test dependencies, has a licence that deny.toml allows.
//!
//! cargo-deny checks this and more before a release. It takes too long to compile for every change.

use std::collections::BTreeSet;
use std::process::Command;

use spdx::{Expression, ParseMode};
use toml::{Table, Value};

/// The strings of a list in deny.toml.
fn listed(deny: &Table, section: &str, key: &str) -> BTreeSet<String> {
    let values = deny[section][key].as_array().unwrap_or_else(|| panic!("deny.toml: {key} is not a list"));
    values.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// Each crate with its licence, as cargo resolves the workspace for a machine.
fn crates(target: &str) -> Vec<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--workspace",
            "--all-features",
            "--target",
            target,
            "--edges",
            "normal,build,dev",
        ])
        .args(["--prefix", "none", "--format", "{p}\t{l}\t"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: BTreeSet<&str> = str::from_utf8(&output.stdout).expect("cargo writes UTF-8").lines().collect();
    let parts = lines.into_iter().filter(|line| !line.is_empty()).map(|line| {
        // A repeated crate has a mark after its licence.
        let [name, licence, ..] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("cargo tree prints {line}")
        };
        (name.to_owned(), licence.to_owned())
    });
    parts.collect()
}

#[test]
fn every_crate_has_an_allowed_licence() {
    let deny = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deny.toml")).unwrap();
    let deny: Table = toml::from_str(&deny).unwrap();
    let allowed = listed(&deny, "licenses", "allow");
    for target in listed(&deny, "graph", "targets") {
        let crates = crates(&target);
        assert!(crates.len() > 100, "{target}: {crates:?}");
        for (name, licence) in crates {
            // Some crates use the older form with a slash.
            let expression = Expression::parse_mode(&licence, ParseMode::LAX).unwrap_or_else(|error| {
                panic!("{name} is under '{licence}', which is not an SPDX expression: {error}")
            });
            let is_allowed = expression.evaluate(|requirement| allowed.contains(&requirement.to_string()));
            assert!(is_allowed, "{name} is under '{licence}', which deny.toml does not allow");
        }
    }
}
