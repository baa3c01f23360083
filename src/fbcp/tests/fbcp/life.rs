// SPDX-License-Identifier: GPL-3.0-or-later
//! Framebuffers that appear late, disappear and return; signals; a second copier.

use std::fs;

use test_support::{Process, Signal};

use crate::stand_in::{RGB565, StandIn, fbcp, noise, start};

/// A source and a target in their own directory, without files.
fn pair() -> (tempfile::TempDir, StandIn, StandIn) {
    let directory = tempfile::tempdir().expect("a directory");
    let [source, target] =
        ["source", "target"].map(|name| StandIn::new(directory.path(), name, (16, 12), RGB565));
    (directory, source, target)
}

/// A frame that RGB565 shows exactly.
fn frame(seed: u32) -> Vec<Vec<[u8; 3]>> {
    noise(16, 12, seed).into_iter().map(|row| row.into_iter().map(|rgb| RGB565.seen(rgb)).collect()).collect()
}

#[test]
fn waits_for_late_framebuffers() {
    let (_directory, source, target) = pair();
    let mut copier = start(&source, &target);
    copier.await_log(&format!("waiting: {} does not exist", source.path.display()), 1);
    source.create(&frame(1));
    copier.await_log(&format!("found {}", source.path.display()), 1);
    copier.await_log(&format!("waiting: {} does not exist", target.path.display()), 1);
    target.create_untouched();
    copier.await_log(&format!("found {}", target.path.display()), 1);
    target.await_frame(&frame(1));

    assert_eq!(copier.terminate().code(), Some(0));
    let log = copier.log();
    assert_eq!(log.len(), 6, "a line for each event, however long it took: {log:?}");
    assert!(log[4].contains("fbcp: copying /"), "{log:?}");
    assert!(log[5].ends_with("fbcp: stopped"), "{log:?}");
}

#[test]
fn reopens_a_replaced_source() {
    let (_directory, source, target) = pair();
    source.create(&frame(1));
    target.create_untouched();
    let copier = start(&source, &target);
    target.await_frame(&frame(1));
    source.create(&frame(2));
    copier.await_log("source was deleted; reopening it", 1);
    target.await_frame(&frame(2));
}

#[test]
fn waits_for_a_truncated_framebuffer() {
    let (_directory, source, target) = pair();
    source.create(&frame(1));
    target.create_untouched();
    let copier = start(&source, &target);
    for (times, (side, name)) in [(&source, "source"), (&target, "target")].into_iter().enumerate() {
        target.await_frame(&frame(1));
        fs::write(&side.path, [0; 8]).expect("truncated");
        copier.await_log(&format!("waiting: {} has 8 bytes", side.path.display()), 1);
        assert_eq!(fs::read(&side.path).expect("read"), [0; 8], "{name} is unchanged");
        side.create(&frame(1));
        copier.await_log("copying ", times + 2);
    }
    // The target was created with the frame; a change shows that copying continues.
    source.create(&frame(3));
    target.await_frame(&frame(3));
}

#[test]
fn signals_stop_it_with_status_0_and_the_frame_remains() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT] {
        let (_directory, source, target) = pair();
        let mut waiting = start(&source, &target);
        waiting.await_log("waiting", 1);
        waiting.signal(signal);
        assert_eq!(waiting.await_end().code(), Some(0));

        source.create(&frame(1));
        target.create_untouched();
        let mut copier = start(&source, &target);
        target.await_frame(&frame(1));
        copier.signal(signal);
        assert_eq!(copier.await_end().code(), Some(0));
        assert!(copier.log().last().is_some_and(|line| line.ends_with("fbcp: stopped")));
        target.await_frame(&frame(1));
    }
}

#[test]
fn sighup_stops_it_unless_ignored_at_the_start() {
    let (_directory, source, target) = pair();
    let start = |how: &str| {
        let fbcp = fbcp(&source, &target);
        let mut command = std::process::Command::new("env");
        command.arg(how).arg(fbcp.get_program()).args(fbcp.get_args());
        let process = Process::start(&mut command, "coreutils");
        process.await_log("waiting", 1);
        process
    };
    let mut mortal = start("--default-signal=HUP");
    mortal.signal(Signal::SIGHUP);
    assert_eq!(mortal.await_end().code(), Some(0));

    let mut immortal = start("--ignore-signal=HUP");
    immortal.signal(Signal::SIGHUP);
    immortal.signal(Signal::SIGUSR1);
    immortal.await_log(" polls, ", 1);
    assert_eq!(immortal.terminate().code(), Some(0));
}

#[test]
fn blanks_the_target_at_the_end_in_every_state() {
    let black = vec![vec![[0; 3]; 16]; 12];
    let blanking = |source: &StandIn, target: &StandIn| {
        Process::start(fbcp(source, target).args(["--at-end", "blank"]), "fbcp")
    };
    // While the source is lost.
    let (_directory, source, target) = pair();
    source.create(&frame(1));
    target.create_untouched();
    let mut copier = blanking(&source, &target);
    target.await_frame(&frame(1));
    fs::remove_file(&source.path).expect("removed");
    copier.await_log("waiting: ", 1);
    assert_eq!(copier.terminate().code(), Some(0));
    target.await_frame(&black);

    // While the target is lost and cannot be cleared.
    source.create(&frame(2));
    let mut copier = blanking(&source, &target);
    target.await_frame(&frame(2));
    fs::remove_file(&target.path).expect("removed");
    copier.await_log("waiting: ", 1);
    assert_eq!(copier.terminate().code(), Some(0));
    assert!(!target.path.exists());
    let log = copier.log();
    assert!(log[log.len() - 2].contains("cannot clear the target: "), "{log:?}");
}

#[test]
fn rejects_a_second_copier_to_the_same_target() {
    let (directory, source, target) = pair();
    let other = StandIn::new(directory.path(), "other", (16, 12), RGB565);
    source.create(&frame(1));
    other.create(&frame(2));
    target.create_untouched();
    let mut first = start(&source, &target);
    target.await_frame(&frame(1));

    let second = fbcp(&other, &target).output().expect("fbcp runs");
    assert_eq!(second.status.code(), Some(1));
    let expected =
        format!("fbcp: process {} already writes to {}; stop it first\n", first.pid(), target.path.display());
    assert_eq!(String::from_utf8_lossy(&second.stderr), expected);
    target.await_frame(&frame(1));

    first.kill();
    let _third = start(&other, &target);
    target.await_frame(&frame(2));
}
