// SPDX-License-Identifier: GPL-3.0-or-later
//! The manual page contains the options and the explanations of all codes. `LAMPI_TEST_RENEW=yes` writes it.

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use supervisor_check::{Cli, explanation};
use supervisor_conf::codes::CODES;

/// Text escaped for troff.
fn literal(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let escaped = line.replace('\\', "\\e").replace('-', "\\-");
        if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}\n") } else { format!("{escaped}\n") }
    });
    lines.collect::<Vec<_>>().concat()
}

fn page() -> String {
    let command = Cli::command();
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).unwrap();
    let mut page = String::from_utf8(page).unwrap();
    page.push_str(".SH CODES\n");
    for code in CODES {
        let text = explanation(code);
        let (heading, body) = text.split_once("\n\n").unwrap();
        for part in [".SS ", &literal(heading), ".nf\n", &literal(body), ".fi\n"] {
            page.push_str(part);
        }
    }
    page
}

#[test]
fn the_manual_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("supervisor-check.1");
    let page = page();
    if std::env::var_os("LAMPI_TEST_RENEW").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "{} is out of date; run the test with LAMPI_TEST_RENEW=yes", path.display());
}
