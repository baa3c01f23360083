// SPDX-License-Identifier: GPL-3.0-or-later
//! Framebuffers that come late, go, and come back; signals; a second copier.

use std::fs;

use test_support::{Process, Signal};

use crate::stand_in::{RGB565, StandIn, fbcp, noise, start};

/// A source and a target in a directory of their own; neither file is there yet.
fn pair() -> (tempfile::TempDir, StandIn, StandIn) {
    let directory = tempfile::tempdir().expect("a directory");
    let [source, target] =
        ["source", "target"].map(|name| StandIn::new(directory.path(), name, (16, 12), RGB565));
    (directory, source, target)
}

/// A frame that RGB565 shows as it is.
fn frame(seed: u32) -> Vec<Vec<[u8; 3]>> {
    noise(16, 12, seed).into_iter().map(|row| row.into_iter().map(|rgb| RGB565.seen(rgb)).collect()).collect()
}

#[test]
fn framebuffers_that_come_late_are_waited_for() {
    let (_directory, source, target) = pair();
    let mut copier = start(&source, &target);
    copier.await_log(&format!("waiting: {} is not there", source.path.display()), 1);
    source.create(&frame(1));
    copier.await_log(&format!("found {}", source.path.display()), 1);
    copier.await_log(&format!("waiting: {} is not there", target.path.display()), 1);
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
fn a_source_that_was_replaced_is_opened_again() {
    let (_directory, source, target) = pair();
    source.create(&frame(1));
    target.create_untouched();
    let copier = start(&source, &target);
    target.await_frame(&frame(1));
    source.create(&frame(2));
    copier.await_log("source was deleted; opening it again", 1);
    target.await_frame(&frame(2));
}

#[test]
fn a_side_that_was_cut_short_is_waited_for() {
    let (_directory, source, target) = pair();
    source.create(&frame(1));
    target.create_untouched();
    let copier = start(&source, &target);
    for (times, (side, name)) in [(&source, "source"), (&target, "target")].into_iter().enumerate() {
        target.await_frame(&frame(1));
        fs::write(&side.path, [0; 8]).expect("cut short");
        copier.await_log(&format!("waiting: {} has 8 bytes", side.path.display()), 1);
        assert_eq!(fs::read(&side.path).expect("read"), [0; 8], "{name} is left alone");
        side.create(&frame(1));
        copier.await_log("copying ", times + 2);
    }
    // The target was made anew with the frame in it; a change shows that the copy goes on.
    source.create(&frame(3));
    target.await_frame(&frame(3));
}

#[test]
fn signals_end_it_with_status_0_and_the_frame_stays() {
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
fn the_end_of_its_terminal_ends_it_unless_it_was_started_to_outlive_that() {
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
    immortal.await_log(" looks, ", 1);
    assert_eq!(immortal.terminate().code(), Some(0));
}

#[test]
fn a_target_that_is_to_be_black_at_the_end_is_so_however_the_end_comes() {
    let black = vec![vec![[0; 3]; 16]; 12];
    let blanking = |source: &StandIn, target: &StandIn| {
        Process::start(fbcp(source, target).args(["--at-end", "blank"]), "fbcp")
    };
    // While the source is gone.
    let (_directory, source, target) = pair();
    source.create(&frame(1));
    target.create_untouched();
    let mut copier = blanking(&source, &target);
    target.await_frame(&frame(1));
    fs::remove_file(&source.path).expect("removed");
    copier.await_log("waiting: ", 1);
    assert_eq!(copier.terminate().code(), Some(0));
    target.await_frame(&black);

    // While the target is gone itself, and there is nothing to be made black.
    source.create(&frame(2));
    let mut copier = blanking(&source, &target);
    target.await_frame(&frame(2));
    fs::remove_file(&target.path).expect("removed");
    copier.await_log("waiting: ", 1);
    assert_eq!(copier.terminate().code(), Some(0));
    assert!(!target.path.exists());
    let log = copier.log();
    assert!(log[log.len() - 2].contains("the target is not made black: "), "{log:?}");
}

#[test]
fn a_second_copier_to_the_same_target_is_refused() {
    let (directory, source, target) = pair();
    let other = StandIn::new(directory.path(), "other", (16, 12), RGB565);
    source.create(&frame(1));
    other.create(&frame(2));
    target.create_untouched();
    let mut first = start(&source, &target);
    target.await_frame(&frame(1));

    let second = fbcp(&other, &target).output().expect("fbcp runs");
    assert_eq!(second.status.code(), Some(1));
    let expected = format!(
        "fbcp: {} is already stored to by process {}; stop that one first\n",
        target.path.display(),
        first.pid()
    );
    assert_eq!(String::from_utf8_lossy(&second.stderr), expected);
    target.await_frame(&frame(1));

    first.kill();
    let _third = start(&other, &target);
    target.await_frame(&frame(2));
}
