// SPDX-License-Identifier: GPL-3.0-or-later
//! The pages of the screen, their layout and rotation.

mod rig;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use rig::place::{CORNER, POWER, SLIDERS, STRIP, along};
use rig::{BACKGROUND, Rig, is_near};
use test_support::{MqttObserver, PATIENCE, Pigpiod, Process, QoS, wait_for};

/// The last stored pixel of the association page, black in the controls, and one in the last rule of the
/// status page.
const END_OF_CODE: (usize, usize) = (239, 319);
const RULE: (usize, usize) = (120, 181);

/// The rows of the status page with the broker.
const BROKER_ROWS: std::ops::Range<usize> = 157..179;

/// A black screen, rule or strip.
const BLACK: [u8; 3] = [0; 3];
const GREY: [u8; 3] = [41, 40, 41];

#[test]
fn an_offline_service_disables_the_controls() {
    let mut rig = Rig::start();
    rig.known();
    let service = |rig: &Rig, there: &str| {
        rig.observer.publish_with("lamp/connection/lamp_service/state", QoS::ExactlyOnce, true, there);
    };
    rig.touch.down((along(0.5), SLIDERS[0]));
    rig.touch.await_read();
    service(&rig, "0");
    rig.await_color(STRIP, GREY);
    // Neither the finger that is down nor another one sets anything.
    rig.touch.to((along(0.9), SLIDERS[0]));
    rig.touch.up();
    rig.touch.tap((20, 300));
    rig.touch.await_read();
    rig.publish_state(0.0, 1.0, 1.0, true, "lamp_ui");
    service(&rig, "1");
    rig.await_color(STRIP, [255, 0, 0]);
    rig.touch.tap((20, 300));
    rig.expect_on(false);
}

#[test]
fn shows_the_code_until_the_lamp_is_associated() {
    let mut rig = Rig::start();
    rig.known();
    let associate = |rig: &Rig, payload: &str| {
        rig.observer.publish_with("lamp/associated", QoS::ExactlyOnce, true, payload);
    };
    associate(&rig, r#"{"associated": false, "code": "0123456789abcdef0123456789abcdef"}"#);
    rig.await_color(END_OF_CODE, BACKGROUND);
    let first = std::fs::read(rig.framebuffer()).unwrap();
    // A difference after the sixth character is not visible.
    associate(&rig, r#"{"associated": false, "code": "fedcba9876543210fedcba9876543210"}"#);
    wait_for("another code is shown", PATIENCE, || {
        (std::fs::read(rig.framebuffer()).unwrap() != first).then_some(())
    });
    associate(&rig, r#"{"associated": false, "code": "0123450000000000"}"#);
    wait_for("the first code is shown", PATIENCE, || {
        (std::fs::read(rig.framebuffer()).unwrap() == first).then_some(())
    });
    rig.touch.tap(POWER);
    associate(&rig, r#"{"associated": "yes"}"#);
    rig.ui.await_log("ignored a message on lamp/associated: ", 1);
    rig.touch.await_read();
    associate(&rig, r#"{"associated": true}"#);
    rig.await_color(STRIP, [0, 255, 255]);
    rig.touch.down((along(0.3), SLIDERS[1]));
    assert!(rig.request().contains(r#""s": 0.3"#), "a touch on the association page had an effect");
}

#[test]
fn a_long_press_opens_the_status_page_and_the_next_touch_closes_it() {
    let mut rig = Rig::start();
    rig.known();
    rig.touch.down((20, 300));
    rig.await_color(RULE, GREY);
    rig.touch.up();
    rig.touch.tap((20, 300));
    rig.await_color(RULE, BACKGROUND);
    // Neither of the two has pressed the toggle.
    rig.touch.tap((along(0.3), SLIDERS[1]));
    rig.expect_color(0.5, 0.3);
}

#[test]
fn updates_an_open_status_page() {
    let mut rig = Rig::start();
    rig.known();
    rig.touch.down((20, 300));
    rig.await_color(RULE, GREY);
    rig.touch.up();
    let words = |rig: &Rig| -> Vec<u8> {
        let bytes = std::fs::read(rig.framebuffer()).unwrap();
        BROKER_ROWS.flat_map(|y| bytes[y * rig::WIDTH * 2..][..rig::WIDTH * 2].to_vec()).collect()
    };
    let connected = words(&rig);
    rig.broker.stop();
    wait_for("the broker is shown as disconnected", PATIENCE, || (words(&rig) != connected).then_some(()));
    // The page can be closed and opened again.
    rig.touch.tap((20, 300));
    rig.await_color(RULE, BACKGROUND);
    rig.touch.down((20, 300));
    rig.await_color(RULE, GREY);
    rig.touch.up();
    assert_ne!(words(&rig), connected);
    rig.broker.restart();
    wait_for("the broker is shown as connected", PATIENCE, || (words(&rig) == connected).then_some(()));
}

#[test]
fn the_screen_goes_black_and_comes_back() {
    let mut rig = Rig::start_with(|call| {
        call.args(["--blank-after", "1"]);
    });
    rig.known();
    rig.await_color(STRIP, BLACK);
    rig.touch.tap((20, 300));
    rig.await_color(STRIP, [0, 255, 255]);
    rig.await_color(STRIP, BLACK);
    rig.publish_state(0.0, 1.0, 0.25, true, "other");
    rig.await_color(STRIP, [255, 0, 0]);
    // The touch that lit the screen has not pressed the toggle.
    rig.touch.down((along(0.3), SLIDERS[1]));
    rig.expect_color(0.0, 0.3);
}

#[test]
fn blanks_an_open_status_page_too() {
    let mut rig = Rig::start_with(|call| {
        call.args(["--blank-after", "1"]);
    });
    rig.known();
    rig.touch.down((20, 300));
    rig.await_color(RULE, GREY);
    rig.touch.up();
    rig.await_color(RULE, BLACK);
    rig.await_color(STRIP, BLACK);
    // The touch that lights the screen shows the controls.
    rig.touch.tap((20, 300));
    rig.await_color(STRIP, [0, 255, 255]);
    rig.touch.down((along(0.3), SLIDERS[1]));
    rig.expect_color(0.5, 0.3);
}

#[test]
fn shows_the_status_page_while_the_panels_button_is_pressed() {
    let mut daemon = Pigpiod::start_pressed();
    let mut rig = Rig::start_with(|call| {
        call.args(["--pigpiod", &daemon.address()]);
    });
    rig.await_color(RULE, GREY);
    rig.publish_state(0.5, 1.0, 0.25, true, "other");
    // A touch does not set invisible controls.
    rig.touch.tap((20, 300));
    rig.touch.await_read();
    // Without pigpiod the button counts as released; it works again when pigpiod returns.
    daemon.stop();
    rig.await_color(RULE, BACKGROUND);
    daemon.restart();
    rig.await_color(RULE, GREY);
    daemon.stop();
    rig.await_color(RULE, BACKGROUND);
    rig.touch.down((along(0.3), SLIDERS[1]));
    rig.expect_color(0.5, 0.3);
}

#[test]
fn reads_the_button_after_each_notification() {
    // The simulated registers have no samples, so the real daemon could not report changes.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let pressed = Arc::new(AtomicBool::new(false));
    let (mut rig, mut reports) = {
        let pressed = Arc::clone(&pressed);
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let (mut requests, mut reports) = (listener.accept().unwrap().0, None);
            let mut request = [0; 16];
            while requests.read_exact(&mut request).is_ok() {
                // Read (3) returns the level; other commands succeed without a result. The connection for
                // notifications is opened (99) before they begin (19).
                request[12] = u8::from(request[0] == 3 && !pressed.load(Ordering::SeqCst));
                requests.write_all(&request).unwrap();
                if request[0] == 2 {
                    let mut opened = listener.accept().unwrap().0;
                    opened.read_exact(&mut request).unwrap();
                    opened.write_all(&request).unwrap();
                    reports = Some(opened);
                }
                if request[0] == 19 {
                    sender.send(reports.take().unwrap()).unwrap();
                }
            }
        });
        let rig = Rig::start_with(|call| {
            call.args(["--pigpiod", &address]);
        });
        (rig, receiver.recv().unwrap())
    };
    rig.known();
    for _ in 0..2 {
        pressed.store(true, Ordering::SeqCst);
        reports.write_all(&[0; 12]).unwrap();
        rig.await_color(RULE, GREY);
        pressed.store(false, Ordering::SeqCst);
        reports.write_all(&[0; 12]).unwrap();
        rig.await_color(RULE, BACKGROUND);
    }
    rig.touch.down((along(0.3), SLIDERS[1]));
    assert!(rig.request().contains(r#""s": 0.3"#));
}

/// Writes a Kivy configuration into `directory` and makes the command read it.
fn configure(call: &mut std::process::Command, directory: &Path, text: &str) {
    std::fs::write(directory.join("config.ini"), text).unwrap();
    call.env_remove("KIVY_NO_CONFIG").env("KIVY_HOME", directory);
}

#[test]
fn rotates_frame_and_finger_together() {
    let directory = tempfile::tempdir().unwrap();
    let mut rig = Rig::start_with(|call| {
        configure(call, directory.path(), "[graphics]\nrotation = 180\n");
    });
    let turned = |(x, y): (usize, usize)| (rig::WIDTH - 1 - x, rig::HEIGHT - 1 - y);
    rig.publish_state(0.5, 1.0, 0.25, true, "other");
    rig.await_color(turned(STRIP), [0, 255, 255]);
    rig.await_color(turned(CORNER), BACKGROUND);
    rig.touch.down(turned((along(0.3), SLIDERS[1])));
    assert!(rig.request().contains(r#""s": 0.3"#));
}

#[test]
fn a_quarter_turn_gives_the_wide_layout() {
    let directory = tempfile::tempdir().unwrap();
    let mut rig = Rig::start_with(|call| {
        configure(call, directory.path(), "[graphics]\nrotation = 90\n");
    });
    rig.publish_state(0.5, 1.0, 0.25, true, "other");
    // The frame is 320 by 240, its strip is a column at 213, and its top is at the left of the screen.
    let seen = |(x, y): (usize, usize)| (y, rig::HEIGHT - 1 - x);
    rig.await_color(seen((218, 120)), [0, 255, 255]);
    rig.touch.tap(seen((300, 20)));
    assert!(rig.request().contains(r#""on": false"#));
}

#[test]
fn calibrates_the_touch_screen_like_kivy() {
    let directory = tempfile::tempdir().unwrap();
    let mut rig = Rig::start_with(|call| {
        let fifo = call.get_args().skip_while(|argument| *argument != "--touch").nth(1).unwrap();
        let text = format!(
            "[input]\npanel = mtdev,{},max_position_x=4095,max_position_y=4095,invert_x=1\n",
            fifo.display()
        );
        configure(call, directory.path(), &text);
    });
    rig.known();
    let device = |(x, y): (usize, usize)| (4095 - x * 4096 / 240, y * 4096 / 320);
    rig.touch.down(device((along(0.3) + 1, SLIDERS[1])));
    assert!(rig.request().contains(r#""s": 0.3"#));
}

#[test]
fn ignores_the_touches_that_kivy_ignores() {
    let directory = tempfile::tempdir().unwrap();
    let mut rig = Rig::start_with(|call| {
        let text = "[postproc]\njitter_distance = 200\nignore = [(0.0, 0.0, 1.0, 0.1)]\n";
        configure(call, directory.path(), text);
    });
    rig.known();
    // In the lowest tenth.
    rig.touch.tap((20, 300));
    // A fifth of 240 pixels is 48, or a third of the slider.
    rig.touch.down((along(0.5), SLIDERS[0]));
    rig.touch.to((along(0.7), SLIDERS[0]));
    rig.touch.to((along(0.9), SLIDERS[0]));
    rig.expect_color(0.9, 1.0);
}

#[test]
fn draws_at_most_kivys_maxfps() {
    const FPS: f64 = 4.0;
    let directory = tempfile::tempdir().unwrap();
    let rig = Rig::start_with(|call| {
        configure(call, directory.path(), &format!("[graphics]\nmaxfps = {FPS}\n"));
    });
    rig.known();
    // Bytes written by system calls, as counted by the kernel: the framebuffer is a file, and other writes
    // are much smaller.
    let written = || -> u64 {
        let io = std::fs::read_to_string(format!("/proc/{}/io", rig.ui.pid())).unwrap();
        io.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap().parse().unwrap()
    };
    // When no more bytes are written, a whole frame is stored.
    let settled = || {
        wait_for("the frame is stored", PATIENCE, || {
            let before = written();
            std::thread::sleep(std::time::Duration::from_millis(300));
            (written() == before).then_some(before)
        })
    };
    let before = settled();
    rig.publish_state(0.0, 1.0, 0.25, true, "other");
    rig.await_color(STRIP, [255, 0, 0]);
    let frame = settled() - before;

    let (before, start) = (written(), std::time::Instant::now());
    for step in 0..300 {
        rig.publish_state(if step % 2 == 0 { 0.5 } else { 0.0 }, 1.0, 0.25, true, "other");
    }
    rig.publish_state(0.33, 1.0, 0.25, true, "other");
    rig.await_color(STRIP, [5, 255, 0]);
    let most = start.elapsed().as_secs_f64() * FPS + 2.0;
    let frames = (written() - before) as f64 / frame as f64;
    assert!(frames <= most, "{frames} frames, {most} at most");
}

#[test]
fn uses_kivys_log_level() {
    let (kivy, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let broker = test_support::Mosquitto::start();
    let mut call = rig::command(directory.path(), &broker);
    configure(&mut call, kivy.path(), "[kivy]\nlog_level = warning\n[graphics]\nrotation = 45\n");
    let mut ui = Process::start(&mut call, "lampi");
    ui.await_log("waiting for the framebuffer", 1);
    ui.await_log("Kivy configuration: [graphics] rotation is \"45\"", 1);
    rig::make_framebuffer(&directory.path().join("fb"));
    wait_for("the screen", PATIENCE, || {
        is_near(rig::pixel(&directory.path().join("fb"), CORNER), BACKGROUND).then_some(())
    });
    assert!(ui.terminate().success());
    let count = |text: &str| ui.log().iter().filter(|line| line.contains(text)).count();
    assert_eq!(
        (count("Kivy configuration"), count("showing the lamp"), count("stopped by")),
        (1, 0, 0),
        "{:?}",
        ui.log()
    );
}

#[test]
fn the_slider_changes_the_leds_and_the_lamp_moves_the_slider() {
    let daemon = Pigpiod::start();
    let directory = tempfile::tempdir().unwrap();
    let mut rig = Rig::start();
    // Built beside this program when the whole workspace is built.
    let service = Path::new(env!("CARGO_BIN_EXE_lamp_ui")).with_file_name("lamp_service");
    assert!(service.exists(), "run: cargo build -p lamp_service");
    let _service = Process::start(
        std::process::Command::new(service)
            .args(["--broker", &rig.broker.address(), "--pigpiod", &daemon.address(), "--state"])
            .arg(directory.path().join("state.json")),
        "lampi",
    );
    rig.await_color(STRIP, [255, 0, 0]);
    let duties = |wanted: [u32; 3]| {
        wait_for("the LEDs follow", PATIENCE, || {
            (daemon.duty_cycles(programs::pins::LEDS) == wanted.map(Some)).then_some(())
        });
    };
    // To half brightness in two steps.
    rig.touch.down((along(0.9), SLIDERS[2]));
    rig.touch.to((along(0.5), SLIDERS[2]));
    duties([500, 0, 0]);
    rig.touch.up();
    let web = MqttObserver::connect(rig.broker.port(), &["lamp/changed"]);
    web.publish_with(
        "lamp/set_config",
        QoS::AtLeastOnce,
        false,
        r#"{"client": "web", "color": {"h": 0.5, "s": 1.0}}"#,
    );
    rig.await_color(STRIP, [0, 255, 255]);
    rig.await_color((along(0.5), SLIDERS[0]), [0, 255, 255]);
}
