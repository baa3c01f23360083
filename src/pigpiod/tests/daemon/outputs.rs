// SPDX-License-Identifier: GPL-3.0-or-later
//! The LEDs on the model of the kernel's PWM: the values written, and when.

use nix::errno::Errno;
use pigpio::protocol::number;
use pigpio::{Client, Command, Error, ErrorCode, Mode};

use crate::model::{Chip, Daemon, Kernels};
use crate::wire::Wire;

/// The commands that `lamp_service` sends at start-up.
fn set_up(client: &mut Client) {
    for pin in programs::pins::LEDS {
        client
            .run(&[
                Command::SetMode(pin, Mode::Output),
                Command::SetFrequency(pin, 1000),
                Command::SetRange(pin, 1000),
            ])
            .unwrap();
    }
}

fn colour([red, green, blue]: [u32; 3]) -> [Command; 3] {
    [Command::SetDutyCycle(19, red), Command::SetDutyCycle(26, green), Command::SetDutyCycle(13, blue)]
}

fn is_refused(result: &Result<[u32; 3], Error>) -> bool {
    matches!(result, Err(Error::Refused(Command::SetDutyCycle(..), ErrorCode::NOT_HPWM_GPIO)))
}

#[test]
fn writes_exact_duty_cycles_and_only_differences() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let mut client = daemon.connect();
    set_up(&mut client);
    assert_eq!(daemon.kernels.take_writes(), [""; 0], "nothing before the first colour");
    client.run(&colour([570, 442, 113])).unwrap();
    for (pin, duty) in [(19, 570_000), (26, 442_000), (13, 113_000)] {
        assert_eq!(daemon.kernels.light(pin), Some((duty, 1_000_000)), "{pin}");
    }
    daemon.kernels.take_writes();
    client.run(&colour([570, 441, 113])).unwrap();
    assert_eq!(daemon.kernels.take_writes(), ["pwmchip2/pwm0/duty_cycle 441000"]);
    client.run(&colour([570, 441, 113])).unwrap();
    assert_eq!(daemon.kernels.take_writes(), [""; 0]);
}

#[test]
fn keeps_the_light_at_another_frequency() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let mut client = daemon.connect();
    set_up(&mut client);
    client.run(&colour([1000, 570, 0])).unwrap();
    for hertz in [200, 8000, 10, 1600, 1000] {
        let pins = programs::pins::LEDS.map(|pin| Command::SetFrequency(pin, hertz));
        assert_eq!(client.run(&pins).unwrap(), [hertz; 3]);
        let period = 1_000_000_000 / u64::from(hertz);
        assert_eq!(daemon.kernels.light(19), Some((period, period)), "{hertz} Hz");
        assert_eq!(daemon.kernels.light(26), Some((period * 570 / 1000, period)), "{hertz} Hz");
        assert_eq!(daemon.kernels.light(13), Some((0, period)), "{hertz} Hz");
    }
    client.run(&[Command::SetRange(26, 100)]).unwrap();
    assert_eq!(daemon.kernels.light(26), Some((570_000, 1_000_000)), "its share of the range");
}

#[test]
fn takes_over_a_lit_lamp_without_a_blink() {
    let kernels = Kernels::default();
    for (name, line, duty) in
        [("pwmchip5", 13, 113_000), ("pwmchip1", 26, 442_000), ("pwmchip9", 19, 570_000)]
    {
        kernels.add(name, Chip::lit(line, duty, 1_000_000));
    }
    let daemon = Daemon::start(&kernels);
    let mut client = daemon.connect();
    assert_eq!(client.run(&[Command::Read(19)]).unwrap(), [1]);
    set_up(&mut client);
    client.run(&colour([570, 442, 113])).unwrap();
    assert_eq!(kernels.take_writes(), [""; 0], "it already has the right values");
    // The LEDs do not change when clients or the daemon stop.
    drop(client);
    drop(daemon);
    let again = Daemon::start(&kernels);
    set_up(&mut again.connect());
    again.connect().run(&colour([570, 442, 113])).unwrap();
    assert_eq!(kernels.take_writes(), [""; 0]);
    assert_eq!(kernels.light(26), Some((442_000, 1_000_000)));
}

#[test]
fn corrects_an_inversed_chip() {
    let kernels = Kernels::with_leds();
    kernels.add("pwmchip3", Chip { is_inversed: true, ..Chip::on(19) });
    let daemon = Daemon::start(&kernels);
    set_up(&mut daemon.connect());
    daemon.connect().run(&colour([570, 442, 113])).unwrap();
    assert!(!kernels.chip(19).is_inversed);
    assert_eq!(kernels.light(19), Some((570_000, 1_000_000)));
}

#[test]
fn a_level_is_a_duty_cycle_of_zero_or_the_period() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let mut wire = Wire::connect(daemon.port);
    assert_eq!(wire.ask([number::WRITE, 13, 1]), 0);
    assert_eq!(daemon.kernels.light(13), Some((1_250_000, 1_250_000)), "pigpio's frequency");
    assert_eq!(wire.ask([number::READ, 13, 0]), 1);
    set_up(&mut daemon.connect());
    daemon.connect().run(&colour([1, 1, 1])).unwrap();
    assert_eq!(wire.ask([number::WRITE, 13, 1]), 0);
    assert_eq!(daemon.kernels.light(13), Some((1_000_000, 1_000_000)), "the period is kept");
    assert_eq!(wire.ask([number::WRITE, 13, 0]), 0);
    assert_eq!(daemon.kernels.light(13), Some((0, 1_000_000)));
    assert_eq!(wire.ask([number::READ, 13, 0]), 0);
    // An input gives no light either.
    assert_eq!(wire.ask([number::MODES, 26, 0]), 0);
    assert_eq!(daemon.kernels.light(26), Some((0, 1_000_000)));
}

#[test]
fn refuses_other_pins_and_other_commands() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let mut wire = Wire::connect(daemon.port);
    for pin in (0..54).filter(|pin| ![13, 17, 19, 26].contains(pin)) {
        for command in [number::MODES, number::MODEG, number::PUD, number::READ, number::WRITE] {
            assert_eq!(wire.ask([command, pin, 0]), ErrorCode::NOT_PERMITTED.0, "{command} of {pin}");
        }
        if pin < 32 {
            for command in [number::PWM, number::PRG, number::PFG, number::PRRG, number::GDC, number::FG] {
                assert_eq!(wire.ask([command, pin, 0]), ErrorCode::NOT_PERMITTED.0, "{command} of {pin}");
            }
        }
    }
    // The button connects its pin to ground, so the pin must never be driven.
    for (request, result) in [
        ([number::MODES, 17, 1], ErrorCode::NOT_PERMITTED.0),
        ([number::WRITE, 17, 1], ErrorCode::NOT_PERMITTED.0),
        ([number::PWM, 17, 1], ErrorCode::NOT_PERMITTED.0),
        ([number::MODES, 17, 0], 0),
    ] {
        assert_eq!(wire.ask(request), result, "{request:?}");
    }
    let known = [0, 1, 2, 3, 4, 5, 6, 7, 10, 16, 17, 19, 20, 21, 22, 23, 24, 26, 83, 97, 98, 99];
    for command in (0..=200).chain([500, 800, 833, u32::MAX]).filter(|command| !known.contains(command)) {
        assert_eq!(wire.ask([command, 13, 0]), ErrorCode::UNKNOWN_COMMAND.0, "{command}");
    }
    assert_eq!(daemon.kernels.take_writes(), [""; 0]);
}

#[test]
fn uses_only_chips_of_the_processors_own_pins() {
    let kernels = Kernels::default();
    kernels.add("pwmchip0", Chip { compatible: "brcm,bcm2835-pwm", ..Chip::on(19) });
    kernels.add("pwmchip1", Chip { controller: 0x77, ..Chip::on(19) });
    kernels.add("pwmchip2", Chip::on(26));
    kernels.add("pwmchip3", Chip::on(13));
    assert_eq!(pigpiod::kernel::missing(&kernels), [19]);
    kernels.add("pwmchip12", Chip::on(19));
    assert_eq!(pigpiod::kernel::missing(&kernels), [0; 0]);
    let daemon = Daemon::start(&kernels);
    set_up(&mut daemon.connect());
    daemon.connect().run(&colour([1, 2, 3])).unwrap();
    let written = kernels.take_writes();
    assert!(
        written.iter().all(|write| !write.starts_with("pwmchip0/") && !write.starts_with("pwmchip1/")),
        "{written:?}"
    );
    assert!(written.contains(&"pwmchip12/pwm0/duty_cycle 1000".to_owned()), "{written:?}");
}

#[test]
fn without_chips_serves_everything_except_light_until_they_appear() {
    let kernels = Kernels::default();
    kernels.add("pwmchip0", Chip::on(13));
    kernels.add("pwmchip2", Chip::on(26));
    let daemon = Daemon::start(&kernels);
    let (mut dark, mut button) = (daemon.connect(), daemon.connect());
    set_up(&mut dark);
    assert!(is_refused(&dark.run(&colour([570, 442, 113]))));
    let mut wire = Wire::connect(daemon.port);
    assert_eq!(wire.ask([number::WRITE, 19, 1]), ErrorCode::NOT_HPWM_GPIO.0);
    assert_eq!(wire.ask([number::GDC, 19, 0]), ErrorCode::NOT_PWM_GPIO.0);
    assert_eq!(wire.ask([number::MODES, 19, 0]), 0);
    assert_eq!(button.run(&[Command::Read(17)]).unwrap(), [1]);
    assert_eq!(kernels.take_writes(), [""; 0], "two of three are not used");

    // An event for another chip than the missing one changes nothing.
    daemon.tell("add", "pwmchip2");
    button.run(&[Command::Version]).unwrap();
    assert!(is_refused(&dark.run(&colour([570, 442, 113]))));

    kernels.add("pwmchip7", Chip::on(19));
    daemon.tell("add", "pwmchip7");
    wire.await_end();
    assert!(
        matches!(dark.run(&[Command::Version]), Err(Error::Lost(..))),
        "a refused client must connect again"
    );
    assert_eq!(button.run(&[Command::Read(17)]).unwrap(), [1], "a client without a refusal stays connected");
    daemon.connect().run(&colour([570, 442, 113])).unwrap();
    assert_eq!(kernels.light(19), Some((570_000, 1_000_000)), "what was set before still counts");
}

#[test]
fn restores_the_light_of_chips_that_reappear() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let mut client = daemon.connect();
    set_up(&mut client);
    client.run(&colour([570, 442, 113])).unwrap();

    // The driver is reloaded: the numbers differ, and the new chips have no state.
    for (old, new, line) in
        [("pwmchip0", "pwmchip4", 13), ("pwmchip2", "pwmchip6", 26), ("pwmchip3", "pwmchip5", 19)]
    {
        daemon.kernels.remove(old);
        daemon.tell("remove", old);
        daemon.kernels.add(new, Chip::on(line));
        daemon.tell("add", new);
    }
    test_support::wait_for("the LEDs are lit", crate::model::PATIENCE, || {
        let lights = programs::pins::LEDS.map(|pin| daemon.kernels.light(pin.into()));
        (lights == [Some((570_000, 1_000_000)), Some((442_000, 1_000_000)), Some((113_000, 1_000_000))])
            .then_some(())
    });
    client.run(&[Command::Version]).unwrap();

    // A removal without an event is detected at the next colour.
    daemon.kernels.remove("pwmchip5");
    assert!(is_refused(&client.run(&colour([1, 2, 3]))));
    assert!(is_refused(&client.run(&colour([1, 2, 3]))));
    // A chip that another program has unexported is exported again.
    daemon.kernels.add("pwmchip5", Chip::on(19));
    daemon.tell("add", "pwmchip5");
    assert!(matches!(client.run(&[Command::Version]), Err(Error::Lost(..))));
    let mut client = daemon.connect();
    client.run(&colour([570, 442, 113])).unwrap();
    daemon.kernels.add("pwmchip5", Chip::lit(19, 570_000, 1_000_000));
    client.run(&colour([571, 442, 113])).unwrap();
    assert_eq!(daemon.kernels.light(19), Some((571_000, 1_000_000)));
}

#[test]
fn refuses_commands_while_files_are_read_only() {
    let kernels = Kernels::with_leds();
    kernels.state().is_read_only = true;
    let daemon = Daemon::start(&kernels);
    let mut client = daemon.connect();
    set_up(&mut client);
    assert!(is_refused(&client.run(&colour([570, 442, 113]))));
    kernels.state().is_read_only = false;
    daemon.tell("add", "pwmchip0");
    assert!(matches!(client.run(&[Command::Version]), Err(Error::Lost(..))));
    let mut client = daemon.connect();
    client.run(&colour([570, 442, 113])).unwrap();
    kernels.state().is_read_only = true;
    assert!(is_refused(&client.run(&colour([1, 2, 3]))));
    // After a failure, the next colour is set.
    kernels.state().is_read_only = false;
    client.run(&colour([1, 2, 3])).unwrap();
    assert_eq!(kernels.light(13), Some((3000, 1_000_000)));
}

#[test]
fn retries_a_button_that_could_not_be_claimed() {
    let daemon = Daemon::start(&Kernels::with_leds());
    let mut wire = Wire::connect(daemon.port);
    for (errno, result) in
        [(Errno::EBUSY, ErrorCode::GPIO_IN_USE.0), (Errno::ENOENT, ErrorCode::NOT_PERMITTED.0)]
    {
        daemon.button.state().error = Some(errno);
        assert_eq!(wire.ask([number::READ, 17, 0]), result, "{errno}");
        assert_eq!(wire.ask([number::BR1, 0, 0]), 0);
    }
    daemon.button.state().error = None;
    assert_eq!(wire.ask([number::READ, 17, 0]), 1);
}
