// SPDX-License-Identifier: GPL-3.0-or-later
//! What `lampi doctor --fix` must not do for an attacker: a case for each requirement in docs/security.md.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use test_support::copy_program;

use crate::support::{Lamp, PI, Peers};

/// A secret that only root may read.
const SECRET: &str = "root:$y$secret:20000:0:99999:7:::\n";

/// A lamp with a secret of root's.
fn lamp(peers: &Peers) -> Lamp {
    let lamp = Lamp::new(peers);
    lamp.start();
    let shadow = lamp.path("etc/shadow");
    fs::write(&shadow, SECRET).unwrap();
    fs::set_permissions(shadow, Permissions::from_mode(0o600)).unwrap();
    lamp
}

/// Runs `doctor --fix`. Fails if anything below `paths` changes, or if another file then contains the secret.
#[track_caller]
fn fix_without_touching(lamp: &Lamp, peers: &Peers, paths: &[&str]) -> String {
    let before = lamp.files();
    let told = lamp.fix(peers);
    let after = lamp.files();
    let below = |path: &String| paths.iter().any(|begin| path.starts_with(begin));
    for path in before.keys().chain(after.keys()).filter(|path| below(path)) {
        assert_eq!(before.get(path), after.get(path), "{path} was changed; {told}");
    }
    for path in after.keys().filter(|path| *path != "etc/shadow") {
        let file = lamp.path(path);
        // A hard link to the secret itself is unchanged.
        let metadata = file.symlink_metadata().unwrap();
        let is_readable = metadata.is_file() && (metadata.uid(), metadata.mode() & 0o777) != (0, 0o600);
        assert!(
            !is_readable || fs::read(&file).unwrap() != SECRET.as_bytes(),
            "{path} has the secret; {told}"
        );
    }
    told
}

fn call(lamp: &Lamp, program: &str, options: &str) {
    let conf = lamp.path(&format!("etc/supervisor/conf.d/{program}.conf"));
    let text = fs::read_to_string(&conf).unwrap();
    let text = text.lines().map(|line| {
        let more = if line.starts_with("command=") { format!(" {options}") } else { String::new() };
        format!("{line}{more}\n")
    });
    fs::write(&conf, text.collect::<String>()).unwrap();
    let _ = fs::remove_dir_all(lamp.path("proc/103"));
    let _ = fs::remove_dir_all(lamp.path("proc/104"));
    lamp.start();
}

#[test]
fn does_not_reveal_a_secret_that_the_state_links_to() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let state = lamp.path("var/lib/lampi/state.json");
    fs::remove_file(&state).unwrap();
    symlink(lamp.path("etc/shadow"), &state).unwrap();
    let told = fix_without_touching(&lamp, &peers, &["etc/"]);
    assert!(
        told.contains("done: renamed /var/lib/lampi/state.json to /var/lib/lampi/state.json.bad"),
        "{told}"
    );

    // A hard link to the secret, which the user could create if the kernel does not prevent it.
    let _ = fs::remove_file(&state);
    fs::hard_link(lamp.path("etc/shadow"), &state).unwrap();
    fix_without_touching(&lamp, &peers, &["etc/"]);
}

/// The user swaps the state with a link, and back, as fast as possible, to hit the worst moment.
#[test]
fn does_not_reveal_a_secret_if_the_state_is_swapped() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let directory = lamp.path("var/lib/lampi");
    let state = directory.join("state.json");
    let content = fs::read(&state).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            let (link, file) = (directory.join("link"), directory.join("file"));
            let mut swaps = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                symlink(lamp.path("etc/shadow"), &link).unwrap();
                fs::rename(&link, &state).unwrap();
                // Only root can read it, so that there is something to fix.
                fs::write(&file, &content).unwrap();
                fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
                fs::rename(&file, &state).unwrap();
                swaps += 1;
            }
            swaps
        });
        let shadow = || {
            let metadata = lamp.path("etc/shadow").metadata().unwrap();
            (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777, metadata.len())
        };
        let before = shadow();
        for _ in 0..5 {
            lamp.fix(&peers);
            assert_eq!(shadow(), before);
        }
        stop.store(true, Ordering::Relaxed);
        assert!(swapper.join().unwrap() > 0);
    });
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_symlink() {
            assert_ne!(fs::read(&path).unwrap(), SECRET.as_bytes(), "{}", path.display());
        }
    }
}

#[test]
fn does_not_give_away_a_directory_that_the_user_can_swap() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    call(&lamp, "lamp_service", "--state /home/pi/deep/state.json");
    symlink(lamp.path("etc"), lamp.path("home/pi/deep")).unwrap();
    let told = fix_without_touching(&lamp, &peers, &["etc"]);
    assert!(told.contains("failed: ") && told.contains("/home/pi belongs to the user 1000"), "{told}");
}

#[test]
fn does_not_give_away_a_directory_of_a_package() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let status = lamp.path("var/lib/dpkg/status");
    let text = fs::read_to_string(&status).unwrap();
    let base = "\nPackage: base-files\nStatus: install ok installed\nVersion: 12\nArchitecture: arm64\n\
                Maintainer: nobody\nDescription: base\n";
    fs::write(&status, text + base).unwrap();
    fs::write(lamp.path("var/lib/dpkg/info/base-files.list"), "/.\n/etc\n").unwrap();
    let conf = lamp.path("etc/supervisor/conf.d/lamp_ui.conf");
    let text = fs::read_to_string(&conf).unwrap().replace("HOME=\"/home/pi\"", "HOME=\"/etc\"");
    fs::write(&conf, text).unwrap();
    let told = fix_without_touching(&lamp, &peers, &["etc"]);
    assert!(told.contains("/etc belongs to the package base-files"), "{told}");
}

#[test]
fn does_not_use_a_backup_name_that_is_a_link() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    fs::write(lamp.path("var/lib/lampi/state.json"), "@reboot root sh\n").unwrap();
    symlink(lamp.path("etc/cron.d"), lamp.path("var/lib/lampi/state.json.bad")).unwrap();
    let told = fix_without_touching(&lamp, &peers, &["etc/"]);
    assert!(
        told.contains("done: renamed /var/lib/lampi/state.json to /var/lib/lampi/state.json.bad.1"),
        "{told}"
    );
}

#[test]
fn overwrites_no_backup() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let conf = |name: &str| lamp.path(&format!("etc/supervisor/conf.d/{name}"));
    for _ in 0..2 {
        fs::write(conf("game.conf"), "[program:game]\ncommand=/usr/bin/python3\npriority=last\n").unwrap();
        let fbcp = fs::read_to_string(conf("fbcp.conf")).unwrap();
        fs::write(conf("fbcp.conf"), fbcp.replace("autostart=true", "autostart=false")).unwrap();
        fs::write(lamp.path("var/lib/lampi/state.json"), "{").unwrap();
        lamp.fix(&peers);
    }
    for name in ["game.conf.dpkg-bak", "game.conf.dpkg-bak.1", "fbcp.conf.dpkg-bak"] {
        assert!(conf(name).exists(), "{name}");
    }
    for name in ["state.json.bad", "state.json.bad.1"] {
        assert_eq!(fs::read(lamp.path("var/lib/lampi").join(name)).unwrap(), b"{", "{name}");
    }
}

#[test]
fn does_not_change_a_file_of_a_package() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let status = lamp.path("var/lib/dpkg/status");
    let text = fs::read_to_string(&status).unwrap();
    let game = "\nPackage: game\nStatus: install ok installed\nVersion: 1\nArchitecture: arm64\n\
                Maintainer: nobody\nDescription: game\n";
    fs::write(&status, text + game).unwrap();
    fs::write(lamp.path("var/lib/dpkg/info/game.list"), "/.\n/etc/supervisor/conf.d/game.conf\n").unwrap();
    fs::write(lamp.path("etc/supervisor/conf.d/game.conf"), "[program:game]\ncommand=x\npriority=last\n")
        .unwrap();
    assert_eq!(fix_without_touching(&lamp, &peers, &["etc/"]), "");
    let found = lamp.doctor(&peers);
    assert!(found.complaints.contains("fix: Correct this line"), "{}", found.output);
}

#[test]
fn does_not_block_on_pipes() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    fs::create_dir(lamp.path("etc/lampi")).unwrap();
    for path in ["home/pi/.kivy/config.ini", "var/lib/lampi/state.json", "etc/crontab"] {
        fs::remove_file(lamp.path(path)).unwrap();
        mkfifo(&lamp.path(path), Mode::from_bits_truncate(0o644)).unwrap();
    }
    fs::remove_file(lamp.path("var/log/supervisor/lamp_service.log")).unwrap();
    mkfifo(&lamp.path("var/log/supervisor/lamp_service.log"), Mode::from_bits_truncate(0o644)).unwrap();
    let found = lamp.doctor(&peers);
    assert!(
        found.complaints.contains("config.ini: it is not a regular file; the file is"),
        "{}",
        found.output
    );
    assert!(found.complaints.contains("state.json: not a regular file"), "{}", found.output);
}

#[test]
fn copies_only_a_kivy_configuration_for_the_user() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let config = lamp.path("home/pi/.kivy/config.ini");
    fs::remove_file(&config).unwrap();
    symlink(lamp.path("etc/shadow"), &config).unwrap();
    let told = fix_without_touching(&lamp, &peers, &["etc/", "home/"]);
    assert!(told.contains("does not have the expected content"), "{told}");

    // A file of root's that the user has renamed.
    fs::remove_file(&config).unwrap();
    fs::write(&config, "[Interface]\nPrivateKey = secret\n").unwrap();
    fs::set_permissions(&config, Permissions::from_mode(0o600)).unwrap();
    let told = fix_without_touching(&lamp, &peers, &["etc/", "home/"]);
    assert!(told.contains("does not have the expected content"), "{told}");
}

#[test]
fn empties_a_log_with_the_permissions_of_its_directorys_owner() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let (large, directory) = (lamp.path("var/large"), lamp.path("var/log/theirs"));
    fs::File::create(&large).unwrap().set_len(200 << 20).unwrap();
    fs::set_permissions(&large, Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(&directory).unwrap();
    chown(&directory, Some(PI), Some(PI)).unwrap();
    fs::hard_link(&large, directory.join("theirs.log")).unwrap();
    let told = lamp.fix(&peers);
    assert!(told.contains("failed: cannot empty") && told.contains("Permission denied"), "{told}");
    assert_eq!(large.metadata().unwrap().len(), 200 << 20);
    // A file of that user is emptied.
    fs::remove_file(directory.join("theirs.log")).unwrap();
    fs::File::create(directory.join("theirs.log")).unwrap().set_len(200 << 20).unwrap();
    chown(directory.join("theirs.log"), Some(PI), Some(PI)).unwrap();
    assert_eq!(lamp.fix(&peers), "done: emptied /var/log/theirs/theirs.log\n");
}

#[test]
fn does_not_write_to_a_conf_directory_that_others_can_change() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let directory = lamp.path("etc/supervisor/conf.d");
    fs::set_permissions(lamp.path("etc/supervisor/conf.d/fbcp.conf"), Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
    let told = fix_without_touching(&lamp, &peers, &["etc/"]);
    assert!(told.contains("users other than its owner can write to"), "{told}");
    // The command would follow links.
    let found = lamp.doctor(&peers);
    assert!(found.complaints.contains("fbcp.conf") && !found.output.contains("chmod"), "{}", found.output);
}

#[test]
fn adds_no_second_panel_and_the_lamps_only_once() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let config = lamp.path("boot/firmware/config.txt");
    fs::remove_file(lamp.path("dev/fb1")).unwrap();
    fs::write(&config, "[pi4]\ndtoverlay=piscreen,drm\n").unwrap();
    assert_eq!(fix_without_touching(&lamp, &peers, &["boot/", "etc/"]), "");
    let found = lamp.doctor(&peers);
    assert!(found.complaints.contains("`dtoverlay=piscreen,drm`"), "{}", found.output);

    fs::write(&config, "[pi4]\narm_boost=1\n").unwrap();
    for _ in 0..3 {
        lamp.fix(&peers);
    }
    let text = fs::read_to_string(&config).unwrap();
    let overlay = "[all]\ndtoverlay=pitft28-capacitive,rotate=90,speed=64000000,fps=30\n";
    assert_eq!(text, format!("[pi4]\narm_boost=1\n{overlay}"));
}

#[test]
fn gives_the_user_no_access_to_a_file_that_is_not_a_device() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    call(&lamp, "lamp_ui", "--framebuffer /etc/shadow");
    fix_without_touching(&lamp, &peers, &["etc/shadow"]);
}

#[test]
fn follows_no_link_when_it_runs_programs_of_the_system() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let group = lamp.path("etc/group");
    let outside = lamp.path("var/group");
    let text = fs::read_to_string(&group).unwrap().replace("input:x:105:pi", "input:x:105:");
    fs::write(&outside, text).unwrap();
    fs::remove_file(&group).unwrap();
    symlink(&outside, &group).unwrap();
    let told = fix_without_touching(&lamp, &peers, &["etc/", "var/group"]);
    assert!(told.contains("group is a symbolic link, which lampi does not follow"), "{told}");
}

#[test]
fn escapes_text_of_others_for_terminal_and_shell() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    fs::write(lamp.path("var/lib/lampi/state.json"), "\u{1b}]0;x\u{7}").unwrap();
    let conf = "[program:\u{1b}[2J\u{202e}x]\ncommand=/usr/bin/python3\npriority=\u{1b}[31mlast\n";
    fs::write(lamp.path("etc/supervisor/conf.d/$(reboot) '.conf"), conf).unwrap();
    let found = lamp.doctor(&peers);
    let is_unsafe = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
    assert!(!found.output.contains(is_unsafe), "{:?}", found.output);
    assert!(found.output.contains(r"'/etc/supervisor/conf.d/$(reboot) '\''.conf'"), "{}", found.output);
    let told = lamp.fix(&peers);
    assert!(!told.contains(is_unsafe), "{told:?}");
    assert!(lamp.path("etc/supervisor/conf.d/$(reboot) '.conf.dpkg-bak").exists(), "{told}");
}

/// The doctor's output on a terminal, with these answers.
fn answered(lamp: &Lamp, answers: &str) -> String {
    let call = format!("{} doctor --fix --root {}", env!("CARGO_BIN_EXE_lampi"), lamp.root().display());
    let mut terminal = Command::new("script")
        .args(["--quiet", "--return", "--command", &call, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut terminal.stdin.take().unwrap(), answers.as_bytes()).unwrap();
    String::from_utf8(terminal.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn changes_nothing_without_consent() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let mode = |name: &str| {
        lamp.path(&format!("etc/supervisor/conf.d/{name}.conf")).metadata().unwrap().permissions().mode()
            & 0o777
    };
    for name in ["fbcp", "pigpiod"] {
        let conf = lamp.path(&format!("etc/supervisor/conf.d/{name}.conf"));
        fs::set_permissions(conf, Permissions::from_mode(0o644)).unwrap();
    }
    // Without a terminal nobody can be asked.
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_lampi"));
    doctor.args(["doctor", "--fix", "--root"]).arg(lamp.root()).stdin(Stdio::null());
    let output = doctor.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), mode("fbcp"), mode("pigpiod")), (Some(3), 0o644, 0o644), "{text}");
    assert!(text.ends_with(
        "Nothing was changed: there is no terminal for questions; to apply all fixes, add --yes\n"
    ));

    let text = answered(&lamp, "n\ny\n");
    assert_eq!((mode("fbcp"), mode("pigpiod")), (0o644, 0o600), "{text}");
    assert!(text.contains("Apply this fix? [y/N]") && text.contains("Findings after the fixes:"), "{text}");

    // Other users than root are rejected before anything is done.
    let copy = lamp.path("lampi");
    copy_program(std::path::Path::new(env!("CARGO_BIN_EXE_lampi")), &copy);
    let output = std::os::unix::process::CommandExt::uid(
        Command::new(copy).args(["doctor", "--fix", "--yes"]).current_dir("/"),
        PI,
    )
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "lampi: this needs root; run: sudo lampi doctor --fix\n"
    );
}
