// SPDX-License-Identifier: GPL-3.0-or-later
//! The example of every code has exactly that finding, and its corrected form has none.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use supervisor_conf::codes::{CODES, Code, code, nearest_code};
use supervisor_conf::{Finding, Host, Input, check_readable};
use tempfile::TempDir;

/// The machine of the examples, with a user `app`, a program /usr/bin/app and the user's directory /srv/app.
fn machine() -> TempDir {
    let root = TempDir::new().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let directories = ["etc/supervisor/conf.d", "usr/bin", "bin", "srv/app", "var/log", "run", "tmp"];
    for directory in directories {
        fs::create_dir_all(root.path().join(directory)).unwrap();
    }
    for (path, content, mode) in [
        ("usr/bin/app", "", 0o755),
        ("bin/sh", "", 0o755),
        ("srv/app/run", "", 0o644),
        ("etc/passwd", "app:x:1000:1000::/srv/app:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\n", 0o644),
        ("etc/group", "app:x:1000:\nwww-data:x:33:\n", 0o644),
    ] {
        fs::write(root.path().join(path), content).unwrap();
        fs::set_permissions(root.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    root
}

/// The findings in `text` on that machine. For a secret, the file is world-readable.
fn findings(code: &Code, text: &str) -> Vec<Finding> {
    let root = machine();
    if code.name.ends_with("not-writable") && !is_root() {
        // Only root can create an image with the right owners.
        return Vec::new();
    }
    if code.name == "user-without-root" && is_root() {
        std::os::unix::fs::chown(root.path().join("srv/app"), Some(1000), Some(1000)).unwrap();
    }
    let file: PathBuf = root.path().join("etc/supervisor/conf.d/app.conf");
    let bytes = match code.name {
        // In ISO 8859-1 every character is one byte.
        "not-utf8" => text.chars().map(|char| u8::try_from(char).unwrap()).collect(),
        _ => text.as_bytes().to_vec(),
    };
    fs::write(&file, bytes).unwrap();
    let mode = if code.name == "host-readable-secret" { 0o644 } else { 0o600 };
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    // Names can be resolved only on the machine itself.
    let host = match code.name {
        "host-address-unusable" => Host::new("/"),
        _ => Host::new(root.path()),
    };
    let report = check_readable(&[Input::File(file)], &host);
    assert!(report.unreadable.is_empty());
    report.findings
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(machine().path()).unwrap().uid() == 0
}

#[test]
fn every_example_has_its_code_and_no_corrected_form_has_a_finding() {
    let mut complaints = Vec::new();
    for code in CODES {
        let found = findings(code, code.example);
        let skipped = code.name.ends_with("not-writable") && !is_root();
        let fits =
            matches!(found.as_slice(), [one] if one.code == code.name && one.severity == code.severity);
        if !fits && !skipped {
            complaints.push(format!("{}: the example has {found:#?}", code.name));
        }
        let found = findings(code, code.cure);
        if !found.is_empty() {
            complaints.push(format!("{}: the corrected form has {found:#?}", code.name));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Takes the codes from the source of the rules: a code without an explanation would have no test above.
#[test]
fn explains_every_code_of_the_rules() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let mut used = Vec::new();
    for entry in fs::read_dir(rules).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        let quotes = source.match_indices('"').map(|(at, _)| &source[at + 1..]);
        let is_of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let texts = quotes.filter_map(|rest| rest.split_once('"')).map(|(text, _)| text);
        used.extend(
            texts.filter(|text| text.contains('-') && text.bytes().all(is_of_name)).map(str::to_owned),
        );
    }
    // Prefixes and suffixes of codes, and other words.
    let parts = ["host-", "missing-", "-missing", "program-default", "-"];
    used.retain(|name| !parts.contains(&name.as_str()));
    for name in &used {
        assert!(code(name).is_some(), "{name} is not explained");
    }
    for code in CODES {
        assert!(used.iter().any(|name| name == code.name), "nothing finds {}", code.name);
    }
}

#[test]
fn finds_codes_by_name() {
    assert!(CODES.is_sorted_by_key(|code| code.name));
    for one in CODES {
        assert_eq!(code(one.name), Some(one));
        assert!(
            one.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        );
    }
    assert_eq!(code("no-such-code"), None);
    assert_eq!(nearest_code("unknown-kye"), Some("unknown-key"));
}
