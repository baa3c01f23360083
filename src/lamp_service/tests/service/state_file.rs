// SPDX-License-Identifier: GPL-3.0-or-later
//! The state over restarts, and files that are not as they should be.

use std::fs;

use crate::{CHANGED, Lamp, NEW, SET_CONFIG, kept, state};

#[test]
fn the_state_survives_sigkill_and_sigterm() {
    let lamp = Lamp::new();
    let first = state(0.12, 0.8, 0.57, true, "first");
    {
        let (mut service, witness) = lamp.start_and_watch();
        witness.publish(SET_CONFIG, first.clone());
        lamp.await_kept(&first);
        service.kill();
    }
    let last = state(0.29, 0.57, 0.58, false, "last");
    {
        let mut witness = lamp.witness();
        let mut service = lamp.start();
        assert_eq!(witness.next_where(CHANGED, |message| !message.retained).payload, first);
        lamp.await_leds([570, 442, 113]);
        // The first of them is written at once; the last is due only a second later, unless the service ends.
        for brightness in [0.1, 0.2] {
            witness.publish(SET_CONFIG, state(0.5, 0.5, brightness, true, "drag"));
        }
        witness.publish(SET_CONFIG, last.clone());
        witness.next_where(CHANGED, |message| message.payload == last);
        assert_eq!(service.terminate().code(), Some(0));
        assert_eq!(lamp.kept(), Some(kept(&last)));
    }
    // Without the service the LEDs keep their colour.
    lamp.await_leds([0, 0, 0]);
    let mut witness = lamp.witness();
    let _service = lamp.start();
    assert_eq!(witness.next_where(CHANGED, |message| !message.retained).payload, last);
}

#[test]
fn a_start_leaves_leds_that_shine_alone() {
    let lamp = Lamp::new();
    let last = state(0.33, 1.0, 1.0, true, "");
    fs::write(lamp.state_file(), kept(&last)).unwrap();
    {
        let (mut service, _witness) = lamp.start_and_watch();
        lamp.await_leds([20, 1000, 0]);
        service.kill();
    }
    lamp.await_leds([20, 1000, 0]);
    let (service, _witness) = lamp.start_and_watch();
    service.await_log("LEDs are driven", 1);
    lamp.await_leds([20, 1000, 0]);
}

#[test]
fn a_file_that_is_no_state_is_kept_aside() {
    let lamp = Lamp::new();
    let large = format!("{}{}", kept(NEW), " ".repeat(1 << 20));
    for (content, reason) in [
        ("", "it is not a state"),
        ("\0\0\0\0", "it is not a state"),
        (&kept(NEW)[..40], "it is not a state"),
        (r#"{"version": 2, "state": {}}"#, "its version is 2, known is 1"),
        (&kept(&state(1.5, 1.0, 1.0, true, "")), "color.h is 1.5, allowed are numbers from 0.0 to 1.0"),
        (r#"{"version": 1, "state": {"client": "", "on": true}}"#, "color is missing"),
        (&large, "it is larger than any state"),
    ] {
        fs::write(lamp.state_file(), content).unwrap();
        let mut witness = lamp.witness();
        let mut service = lamp.start();
        assert_eq!(witness.next_where(CHANGED, |message| !message.retained).payload, NEW);
        service.await_log(reason, 1);
        let complaints = service.log().iter().filter(|line| line.contains("cannot take the state")).count();
        assert_eq!(complaints, 1, "{:?}", service.log());
        let aside = lamp.folder.path().join("state.json.bad");
        assert_eq!(fs::read_to_string(&aside).unwrap(), content);

        // And the next change makes a good one.
        let next = state(0.5, 0.5, 0.5, true, "next");
        witness.publish(SET_CONFIG, next.clone());
        lamp.await_kept(&next);
        assert!(service.terminate().success());
    }
}

#[test]
fn without_a_place_to_write_it_goes_on_and_recovers() {
    let lamp = Lamp::new();
    let (service, mut witness) = lamp.start_and_watch();
    // Root may write everywhere, so the place is taken away altogether: a file where the folder was.
    lamp.await_kept(NEW);
    let folder = lamp.folder.path();
    fs::remove_dir_all(folder).unwrap();
    fs::write(folder, "").unwrap();
    for brightness in [0.1, 0.2, 0.5] {
        let request = state(0.5, 0.5, brightness, true, "homeless");
        witness.publish(SET_CONFIG, request.clone());
        assert_eq!(witness.next(CHANGED).payload, request);
    }
    lamp.await_leds([250, 500, 500]);
    service.await_log("cannot keep the state in", 1);
    fs::remove_file(folder).unwrap();
    lamp.await_kept(&state(0.5, 0.5, 0.5, true, "homeless"));
    service.await_log("is written again", 1);
    assert_eq!(service.log().iter().filter(|line| line.contains("cannot keep the state in")).count(), 1);
}
