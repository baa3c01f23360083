// SPDX-License-Identifier: GPL-3.0-or-later
//! Configuration files and the values read from them.

use rustix::fs::{CWD, mkfifoat};

use super::input::{Calibration, Device, Provider};
use super::*;

/// Reads `text` as the file, with additional environment variables.
fn read_with(text: &[u8], variables: &[(&str, &str)]) -> Kivy {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.ini");
    std::fs::write(&path, text).unwrap();
    let home = [("KIVY_HOME", directory.path().to_str().unwrap())];
    let kivy =
        Kivy::load(home.iter().chain(variables).map(|(name, value)| (name.to_string(), value.to_string())));
    assert_eq!(std::fs::read(&path).unwrap(), text, "the file is not written");
    kivy
}

fn read(text: &str) -> Kivy {
    read_with(text.as_bytes(), &[])
}

/// The rule of a file with this value only, which causes no warning.
fn rule(value: &str) -> Rule {
    let kivy = read(&format!("[input]\n%(name)s = {value}\n"));
    assert_eq!(kivy.warnings, [""; 0], "{value}");
    kivy.rules.into_iter().next().expect(value)
}

/// The position on the screen of a touch at this position on the device, in hundredths.
fn place(calibration: Calibration, (x, y): (f32, f32)) -> (i32, i32) {
    let (x, y) = calibration.place((x, y));
    ((x * 100.0).round() as i32, (y * 100.0).round() as i32)
}

#[test]
fn reads_the_file_of_the_course() {
    let kivy = read(
        "[input]\n%(name)s = probesysfs,provider=mtdev,param=max_position_x=240,param=max_position_y=320\n",
    );
    assert_eq!(kivy.warnings, [""; 0]);
    let position = [(None, Some(240)), (None, Some(320))];
    let calibration = Calibration { position, ..Calibration::default() };
    let [rule] = &kivy.rules[..] else { panic!("{:?}", kivy.rules) };
    assert_eq!((rule.key.as_str(), rule.provider, rule.options), ("%(name)s", Provider::Mtdev, 2));
    assert_eq!((&rule.device, rule.calibration), (&Device::Named(String::new()), calibration));
    assert_eq!(place(calibration, (0.25, 0.75)), (25, 75));
}

#[test]
fn reads_the_file_that_kivy_writes_on_a_lamp() {
    let kivy = read(concat!(
        "[kivy]\nlog_dir = logs\nlog_enable = 1\nlog_level = info\nexit_on_escape = 1\n",
        "keyboard_layout = qwerty\nconfig_version = 14\nlog_name = kivy_%y-%m-%d_%_.txt\n\n",
        "[graphics]\nwidth = 800\nheight = 600\nrotation = 0\nshow_cursor = 1\nmaxfps = 60\n",
        "multisamples = 2\nfullscreen = 0\nposition = auto\n\n",
        "[input]\nmouse = mouse\n",
        "%(name)s = probesysfs,provider=mtdev,param=max_position_x=240,param=max_position_y=320\n\n",
        "[postproc]\ndouble_tap_time = 250\njitter_distance = 0\njitter_ignore_devices = mouse,mactouch,\n",
        "ignore = []\nretain_time = 0\n\n[widgets]\nscroll_timeout = 250\n\n[modules]\n"
    ));
    assert_eq!(kivy.warnings, [""; 0]);
    assert_eq!((kivy.rotation, kivy.max_fps, kivy.hide_cursor), (0, Some(60), false));
    assert_eq!((kivy.log_level, kivy.jitter, kivy.rules.len()), (Some(LevelFilter::Info), 0.0, 1));
    assert!(kivy.ignored.is_empty());
}

#[test]
fn reads_the_newest_file_of_the_course() {
    let kivy = read(concat!(
        "[graphics]\nfullscreen = 0\nwidth = 320\nheight = 240\nrotation = 270\nallow_screensaver = 0\n",
        "[input]\n%(name)s = probesysfs,param=rotation=90,param=invert_x=1\n"
    ));
    assert_eq!(kivy.warnings, [""; 0]);
    assert_eq!(kivy.rotation, 270);
    let calibration = kivy.rules[0].calibration;
    assert_eq!((calibration.rotation, calibration.inverted), (90, [true, false]));
    assert_eq!(place(calibration, (0.25, 0.1)), (90, 25));
}

#[test]
fn applies_rotations_and_inversions() {
    for (rotation, plain, x_inverted, y_inverted, both) in [
        (0, (20, 70), (80, 70), (20, 30), (80, 30)),
        (90, (30, 80), (30, 20), (70, 80), (70, 20)),
        (180, (80, 30), (20, 30), (80, 70), (20, 70)),
        (270, (70, 20), (70, 80), (30, 20), (30, 80)),
    ] {
        for (inversion, expected) in [
            ("", plain),
            (",invert_x=1", x_inverted),
            (",invert_y=1", y_inverted),
            (",invert_x=1,invert_y=1", both),
        ] {
            let value = format!("mtdev,/dev/input/event1,rotation={rotation}{inversion}");
            assert_eq!(place(rule(&value).calibration, (0.2, 0.7)), expected, "{value}");
        }
    }
}

#[test]
fn reads_providers_and_devices() {
    let mtdev = rule("mtdev,/dev/input/event3,min_position_x=-5,max_pressure=9");
    assert_eq!(mtdev.device, Device::Path("/dev/input/event3".into()));
    assert_eq!(mtdev.calibration.position, [(Some(-5), None), (None, None)]);
    assert_eq!(mtdev.calibration.inverted, [false, false]);

    let hidinput = rule("hidinput, /dev/input/event3, min_abs_x=1, max_abs_y=4000");
    assert_eq!(hidinput.calibration.single, [(Some(1), None), (None, Some(4000))]);
    assert_eq!(hidinput.calibration.inverted, [false, true], "as in Kivy");
    assert_eq!(rule("hidinput,/dev/input/event3,invert_y=0").calibration.inverted, [false, false]);
    assert_eq!(rule("probesysfs,provider=hidinput").calibration.inverted, [false, true]);

    for (value, name, fits) in [
        ("probesysfs", "anything", true),
        ("probesysfs,match=touch", "ft6236 touch panel", true),
        ("probesysfs,match=Touch", "ft6236 touch panel", false),
        ("probesysfs,match=ft.*panel,use_regex=1", "FT6236 panel", true),
        ("probesysfs,match=panel,use_regex=1", "FT6236 panel", false),
        ("probesysfs,match=ft.*panel,use_regex=0", "ft6236 panel", false),
        ("probesysfs,select_all=1,use_mouse=1,match=ft", "ft", true),
    ] {
        assert_eq!(rule(value).device.is_named(name), fits, "{value} {name}");
    }
    assert!(!mtdev.device.is_named("ft6236"));
}

#[test]
fn warns_about_and_ignores_invalid_values() {
    for (text, warning) in [
        ("[graphics]\nrotation = 45", "[graphics] rotation is \"45\" but must be 0, 90, 180 or 270"),
        ("[graphics]\nmaxfps = many", "[graphics] maxfps is \"many\" but must be a number from 0 to 1000"),
        ("[graphics]\nshow_cursor = 2", "[graphics] show_cursor is \"2\" but must be 0 or 1"),
        ("[kivy]\nlog_level = loud", "[kivy] log_level is \"loud\" but must be trace, debug"),
        ("[postproc]\njitter_distance = -1", "[postproc] jitter_distance is \"-1\" but must be a number"),
        (
            "[postproc]\nignore = [(0, 0, 1)]",
            "[postproc] ignore is \"[(0, 0, 1)]\" but must be a list such as",
        ),
        ("[input]\na = tuio,0.0.0.0:3333", "[input] a: unknown provider \"tuio\""),
        ("[input]\na = mtdev", "[input] a: mtdev requires a device"),
        (
            "[input]\na = probesysfs,match=(,use_regex=1",
            "[input] a: match is \"(\", which is not a regular expression",
        ),
        ("[nothing", "line 1 is neither a section nor a key with a value"),
    ] {
        let kivy = read(text);
        assert_eq!(kivy.warnings.len(), 1, "{text}: {:?}", kivy.warnings);
        assert!(kivy.warnings[0].contains(warning), "{text}: {}", kivy.warnings[0]);
        assert_eq!(kivy, Kivy { warnings: kivy.warnings.clone(), ..Kivy::default() }, "{text}");
    }
    for (value, warning) in [
        ("mtdev,/dev/input/event0,rotation=45", "rotation is 45 but must be 0, 90, 180 or 270; 0 is used"),
        ("mtdev,/dev/input/event0,invert_z=1", "unknown option \"invert_z\"; it is ignored"),
        ("mtdev,/dev/input/event0,max_abs_x=1", "unknown option \"max_abs_x\"; it is ignored"),
        (
            "mtdev,/dev/input/event0,invert_x=yes",
            "invert_x is \"yes\" but must be a whole number; it is ignored",
        ),
        ("mtdev,/dev/input/event0,fast", "\"fast\" is not OPTION=NUMBER; it is ignored"),
        ("probesysfs,provider=mtdev,speed=1", "unknown option \"speed=1\" of probesysfs; it is ignored"),
    ] {
        let kivy = read(&format!("[input]\na = {value}"));
        assert_eq!(kivy.warnings, [format!("[input] a: {warning}")], "{value}");
        assert_eq!(kivy.rules[0].calibration, Calibration::default(), "{value}");
    }
    let provider = read("[input]\na = probesysfs,provider=ps3eye");
    assert_eq!(provider.warnings, ["[input] a: unknown provider \"ps3eye\"; hidinput is used"]);
    assert_eq!(provider.rules[0].calibration.inverted, [false, true]);
}

#[test]
fn reads_every_supported_key() {
    let kivy = read(concat!(
        "\u{feff}# comment\n[graphics]\r\nMaxFPS: 0\nshow_cursor = No\n",
        "rotation=180\nrotation=90\n; comment\n",
        "[kivy]\nlog_level = warning\n[postproc]\njitter_distance = 4\n",
        "ignore = [(0, 0, 0.5, 0.25),\n  (0.75, 0.5, 1, 1)]\n[unknown]\nkey\n  = value\n"
    ));
    assert_eq!((kivy.rotation, kivy.max_fps, kivy.hide_cursor), (90, None, true));
    assert_eq!((kivy.log_level, kivy.jitter), (Some(LevelFilter::Warn), 0.004));
    assert_eq!(kivy.ignored, [[0.0, 0.0, 0.5, 0.25], [0.75, 0.5, 1.0, 1.0]]);
    assert_eq!(kivy.warnings.len(), 1, "{:?}", kivy.warnings);
}

#[test]
#[expect(clippy::float_cmp, reason = "the same literals")]
fn jitter_distance_is_a_fraction_up_to_1_and_thousandths_above() {
    for (text, jitter) in [("0", 0.0), ("0.02", 0.02), ("1", 1.0), ("20", 0.02), ("1000", 1.0)] {
        assert_eq!(read(&format!("[postproc]\njitter_distance = {text}")).jitter, jitter, "{text}");
    }
}

#[test]
fn recalibrates_by_device_and_by_provider() {
    let kivy = read(concat!(
        "[input]\nleft = mtdev,/dev/input/event1\n%(name)s = probesysfs,provider=hidinput\n",
        "[postproc:calibration]\nleft = xratio=0.5,yoffset=0.25\nevent4 = auto=480x640\n",
        "(hidinput) = xoffset=0.5\nbad = xratio=much\nworse = zoom=2\n"
    ));
    let warnings = [("bad", "xratio=much"), ("worse", "zoom=2")].map(|(key, option)| {
        let reason = "is not a calibration such as xratio=0.5 or auto=1920x1080";
        format!("[postproc:calibration] {key}: {option:?} {reason}")
    });
    assert_eq!(kivy.warnings, warnings);
    let place = |rule: usize, node| {
        let found = kivy.recalibration(&kivy.rules[rule], node).unwrap();
        found.place((0.5, 0.5), (240, 320))
    };
    assert_eq!(place(0, "event1"), Some((0.25, 0.25)));
    assert_eq!(place(1, "event4"), Some((1.0, 1.0)));
    assert_eq!(place(1, "event5"), Some((1.0, 0.5)));
    let covers = kivy.recalibration(&kivy.rules[1], "event4").unwrap();
    assert_eq!(covers.place((0.6, 0.5), (240, 320)), None, "outside the frame");
}

#[test]
fn environment_variables_override_and_disable_the_file() {
    let file = b"[graphics]\nrotation = 90\nmaxfps = 30\n";
    let set =
        [("KCFG_GRAPHICS_ROTATION", "180"), ("KCFG_INPUT_PANEL", "mtdev,/dev/input/event7"), ("KCFG_X", "1")];
    let kivy = read_with(file, &set);
    assert_eq!((kivy.rotation, kivy.max_fps, kivy.rules.len()), (180, Some(30), 1));
    let with = |name| read_with(file, &[set[0], (name, "1")]);
    assert_eq!(with("KIVY_NO_ENV_CONFIG").rotation, 90);
    for switch in ["KIVY_NO_CONFIG", "KIVY_USE_DEFAULTCONFIG"] {
        let kivy = with(switch);
        assert_eq!((kivy.rotation, kivy.max_fps), (180, None), "{switch}");
    }
}

#[test]
fn uses_kivys_path_of_the_file() {
    let look = |variables: &[(&str, &str)]| {
        path(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    };
    let home = ("HOME", "/home/pi");
    assert_eq!(look(&[home]), Some("/home/pi/.kivy/config.ini".into()));
    assert_eq!(look(&[home, ("KIVY_HOME", "/srv/kivy")]), Some("/srv/kivy/config.ini".into()));
    assert_eq!(look(&[home, ("KIVY_HOME", "~/kivy")]), Some("/home/pi/kivy/config.ini".into()));
    assert_eq!(look(&[]), None);
}

#[test]
fn a_file_that_cannot_be_read_causes_a_warning() {
    assert_eq!(Kivy::load([("KIVY_HOME".into(), "/nonexistent".into())]), Kivy::default());
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("config.ini")).unwrap();
    let home = directory.path().to_str().unwrap().to_owned();
    let warnings = Kivy::load([("KIVY_HOME".into(), home)]).warnings;
    assert!(warnings[0].ends_with(": it is not a regular file; the file is ignored"), "{warnings:?}");

    // A pipe without a writer does not block.
    let directory = tempfile::tempdir().unwrap();
    mkfifoat(CWD, directory.path().join("config.ini"), Mode::RUSR | Mode::WUSR).unwrap();
    let home = directory.path().to_str().unwrap().to_owned();
    let warnings = Kivy::load([("KIVY_HOME".into(), home)]).warnings;
    assert!(warnings[0].ends_with(": it is not a regular file; the file is ignored"), "{warnings:?}");

    let mut large = b"[graphics]\nrotation = 90\n".to_vec();
    large.resize(10 << 20, b'#');
    let kivy = read_with(&large, &[]);
    assert_eq!(kivy.rotation, 0);
    assert!(
        kivy.warnings[0].ends_with("config.ini: it is larger than 1 MiB; the file is ignored"),
        "{:?}",
        kivy.warnings
    );

    // Arbitrary bytes, from a generator with a fixed seed.
    let mut number = 1_u32;
    for length in 0..400 {
        let bytes: Vec<u8> = (0..length * 5)
            .map(|_| {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b"[]=:,.%()\n\n  ;#0159aeiourtgpk_\xff\x00input"[(number >> 16) as usize % 37]
            })
            .collect();
        read_with(&bytes, &[]);
        read_with(&[b"[input]\na = probesysfs,use_regex=1,match=", bytes.as_slice()].concat(), &[]);
    }
}
