// SPDX-License-Identifier: GPL-3.0-or-later
//! `lamp_ui --touch-test` with a FIFO as touch screen and a file as framebuffer.

mod rig;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rig::{Rig, TouchDevice, lamp_ui, make_framebuffer, pixel};
use test_support::{PATIENCE, wait_for};

/// A running test and its output lines.
struct Test {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Test {
    fn start(call: &mut Command) -> Self {
        let mut child = call.arg("--touch-test").stdout(Stdio::piped()).spawn().expect("lamp_ui is built");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("it has not ended").expect("text")
    }

    /// Stops it like Ctrl-C.
    fn end(mut self) {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGINT).expect("it runs");
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn touches_are_printed_raw_and_mapped_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let framebuffer = folder.path().join("fb");
    let fifo = folder.path().join("touch");
    make_framebuffer(&framebuffer);
    let mut touch = TouchDevice::make(&fifo);
    let config = format!(
        "[input]\npanel = mtdev,{},min_position_x=4000,max_position_x=0,max_position_y=3190,rotation=180\n",
        fifo.display()
    );
    std::fs::write(folder.path().join("config.ini"), config).unwrap();
    let mut call = lamp_ui();
    call.env_remove("KIVY_NO_CONFIG").env("KIVY_HOME", folder.path());
    call.arg("--framebuffer").arg(&framebuffer).args(["--geometry", "240x320x16"]);
    call.arg("--touch").arg(&fifo);
    let mut test = Test::start(&mut call);
    assert_eq!(test.line(), format!("touch screen: {} (raw events)", fifo.display()));
    // The tests have it open too.
    assert!(test.line().ends_with("reads touches from it too, so they also act there"));
    touch.down((0, 0));
    assert_eq!(test.line(), "down raw 0 0 screen 0 319");
    // Not the middle, which is between two pixels.
    touch.to((2010, 1000));
    assert_eq!(test.line(), "move raw 2010 1000 screen 120 219");
    let shown = |place, color: [u8; 3]| {
        wait_for(&format!("{color:?} at {place:?}"), PATIENCE, || {
            rig::is_near(pixel(&framebuffer, place), color).then_some(())
        });
    };
    shown((120, 10), [255, 255, 255]);
    shown((10, 219), [255, 255, 255]);
    // A mark in the middle.
    shown((116, 159), [96, 96, 96]);
    touch.up();
    assert_eq!(test.line(), "up");
    shown((120, 10), [0, 0, 0]);
    shown((120, 219), [255, 160, 0]);
    test.end();
    assert!(
        std::fs::read(&framebuffer).unwrap().iter().all(|byte| *byte == 0),
        "the screen is black at the end"
    );
}

#[test]
fn reports_that_lamp_ui_uses_the_devices() {
    let rig = Rig::start();
    let folder = rig.framebuffer().parent().unwrap().to_owned();
    let log = folder.join("log");
    rig.ui.await_log("reading touches from", 1);
    let mut call = lamp_ui();
    call.arg("--framebuffer").arg(rig.framebuffer()).args(["--geometry", "240x320x16"]);
    call.arg("--touch").arg(folder.join("touch")).stderr(std::fs::File::create(&log).unwrap());
    let mut test = Test::start(&mut call);
    test.line();
    // The tests have it open too.
    let others = [test.line(), test.line()].join("\n");
    let process = rig.ui.pid();
    let wanted = format!("lamp_ui (process {process}) reads touches from it too, so they also act there");
    assert!(others.contains(&wanted), "{others}");
    let log = std::fs::read_to_string(log).unwrap();
    let framebuffer = rig.framebuffer();
    let framebuffer = framebuffer.display();
    let wanted =
        format!("process {process} already writes to {framebuffer}; stop it first; on a lamp, run: sudo");
    assert!(log.contains(&wanted), "{log}");
    test.end();
    rig.ui.await_log("connected to MQTT broker", 1);
}
