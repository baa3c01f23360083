// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks of the maintainer scripts: valid shell, and a case for every call of dpkg.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use super::report::Problems;
use crate::deb::Deb;

/// First arguments that dpkg passes to each script (Debian Policy 6.5).
const CALLS: [(&str, &[&str]); 4] = [
    ("preinst", &["install", "upgrade", "abort-upgrade"]),
    ("postinst", &["configure", "abort-upgrade", "abort-remove", "abort-deconfigure"]),
    ("prerm", &["remove", "upgrade", "failed-upgrade", "deconfigure"]),
    (
        "postrm",
        &["remove", "purge", "upgrade", "failed-upgrade", "abort-install", "abort-upgrade", "disappear"],
    ),
];

pub(super) fn scripts(deb: &Deb) -> Problems {
    let mut problems = Problems::new();
    for (name, calls) in CALLS {
        let Some(text) = deb.control_file(name) else {
            problems.push(format!("the script {name} is missing"));
            continue;
        };
        if !text.starts_with("#!/bin/sh\n") {
            problems.push(format!("{name} does not begin with #!/bin/sh"));
        }
        if !text.lines().any(|line| line == "set -e") {
            problems.push(format!("{name} does not stop at its first failure (set -e)"));
        }
        match syntax_error(text) {
            Ok(None) => {}
            Ok(Some(complaint)) => problems.push(format!("{name}: {complaint}")),
            Err(error) => problems.push(format!("cannot check {name}, because sh does not run: {error}")),
        }
        let handled = case_labels(text);
        let unhandled = calls.iter().filter(|call| !handled.contains(*call));
        problems.extend(unhandled.map(|call| format!("{name} does not handle the call '{call}'")));
        if !handled.contains("*") {
            problems.push(format!("{name} does not reject an unknown call"));
        }
    }
    problems
}

/// The shell's error for the script, which does not run.
fn syntax_error(text: &str) -> std::io::Result<Option<String>> {
    let mut shell = Command::new("sh").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // The shell stops reading at an error, so a failed write is not a failure of the check.
    let _ = shell.stdin.take().expect("it is piped").write_all(text.as_bytes());
    let output = shell.wait_with_output()?;
    let complaint = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Ok((!output.status.success()).then_some(complaint))
}

/// Patterns of the case statement on `$1`, which is the last of each script.
fn case_labels(text: &str) -> BTreeSet<&str> {
    let body = text.rsplit_once("case \"$1\" in").map_or("", |(_, body)| body);
    body.lines()
        .filter_map(|line| line.split_once(')'))
        .flat_map(|(labels, _)| labels.split('|'))
        .map(str::trim)
        .filter(|label| !label.contains(' '))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_labels() {
        let text = "case \"$x\" in\n  a) ;;\nesac\ncase \"$1\" in\n    b | c-d)\n        f (x)\n        ;;\n    *) ;;\nesac\n";
        assert_eq!(case_labels(text).into_iter().collect::<Vec<_>>(), ["*", "b", "c-d"]);
    }

    #[test]
    fn reports_the_error_of_the_shell() {
        assert_eq!(syntax_error("true\n").unwrap(), None);
        assert!(syntax_error("if true; then\n").unwrap().is_some());
    }
}
