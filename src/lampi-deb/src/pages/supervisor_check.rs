// SPDX-License-Identifier: GPL-3.0-or-later
//! `supervisor-check(1)`. The page is a file of the sources, because supervisor-check is also used without the package.

use std::path::Path;

use clap::CommandFactory;
use supervisor_check::{Cli, explanation};
use supervisor_conf::codes::CODES;

use super::roff::Document;

/// The page, with the explanations of all codes.
fn page(date: &str) -> String {
    let mut document = Document::default();
    document.command(Cli::command(), "1", date);
    document.section("Codes");
    for code in CODES {
        let text = explanation(code);
        let (heading, body) = text.split_once("\n\n").unwrap();
        let (prose, examples) = body.split_once("\n\nExample:\n\n").unwrap();
        let (wrong, right) = examples.split_once("\nUse instead:\n\n").unwrap();
        document.subsection(heading);
        document.paragraph(&prose.replace('\n', " "));
        document.paragraph("Example:");
        document.literal(wrong);
        document.paragraph("Use instead:");
        document.literal(right);
    }
    document.see_also(&["supervisord(1)", "supervisorctl(1)"]);
    document.finish()
}

/// `LAMPI_TEST_RENEW=yes` writes the page.
#[test]
fn the_page_of_supervisor_check_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supervisor-check/supervisor-check.1");
    let kept = std::fs::read_to_string(&path).unwrap();
    // The date of the last change, which the definition does not have.
    let date = kept.lines().next().and_then(|title| title.split(' ').nth(3)).unwrap_or("2026-11-28");
    let page = page(date);
    if std::env::var_os("LAMPI_TEST_RENEW").is_some() {
        std::fs::write(&path, &page).unwrap();
    } else {
        assert!(kept == page, "supervisor-check.1 is out of date; run this test with LAMPI_TEST_RENEW=yes");
    }
    let output = std::process::Command::new("mandoc").arg("-Tlint").arg(&path).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}
