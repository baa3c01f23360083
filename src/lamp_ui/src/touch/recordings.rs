// SPDX-License-Identifier: GPL-3.0-or-later
//! Replays recorded touch screens, from kernel events to pixels of the picture, and compares the results with
//! Kivy's.
//!
//! Each directory of tests/touchscreens is a device. `recording` has its capabilities and events in evemu's
//! text form, recorded or derived from its driver, as its first lines state. `config.ini` is a Kivy
//! configuration, with the size of the screen in a comment. `expected` has the touches in pixels from the
//! upper left of the picture. `kivy` has the same from Kivy itself, written by tests/kivy/oracle; it is empty
//! where Kivy detects no touch.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use framebuffer::Rotation;
use kivy_conf::Kivy;
use touchscreen::codes::{ABS_MT_SLOT, BTN_TOUCH};
use touchscreen::{AxisInfo, Capabilities, Decoder, Event, Protocol, Refusal, Snapshot};

use super::choice::{Candidate, choose};
use super::mapping::Mapping;
use super::{Filter, Pointer};

/// The tolerance for rounded positions, in pixels.
const SAME: f32 = 0.15;

/// A device and its events in evemu's text form.
#[derive(Debug, Clone, Default)]
struct Recording {
    name: String,
    capabilities: Capabilities,
    axes: BTreeMap<u16, AxisInfo>,
    events: Vec<Event>,
}

impl Candidate for Recording {
    fn name(&self) -> &str {
        &self.name
    }

    fn protocol(&self) -> Result<Option<Protocol>, Refusal> {
        self.capabilities.protocol().map(Some)
    }
}

impl Recording {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut recording = Self::default();
        let (mut properties, mut bits) = (Vec::new(), BTreeMap::<u16, Vec<u8>>::new());
        for line in text.lines() {
            let Some((kind, rest)) = line.split_once(": ") else { continue };
            let words: Vec<&str> = rest.split('#').next().unwrap_or_default().split_whitespace().collect();
            let hexadecimal = |word: &str| u16::from_str_radix(word, 16).expect(line);
            let decimal = |word: &str| word.parse::<i32>().expect(line);
            let bytes = |words: &[&str]| words.iter().map(|word| hexadecimal(word) as u8).collect::<Vec<_>>();
            match kind {
                "N" => rest.clone_into(&mut recording.name),
                "P" => properties.extend(bytes(&words)),
                "B" => bits.entry(hexadecimal(words[0])).or_default().extend(bytes(&words[1..])),
                "A" => {
                    let [minimum, maximum, fuzz] = [1, 2, 3].map(|index| decimal(words[index]));
                    let info = AxisInfo { value: 0, minimum, maximum, fuzz };
                    recording.axes.insert(hexadecimal(words[0]), info);
                }
                "E" => {
                    let event = (hexadecimal(words[1]), hexadecimal(words[2]), decimal(words[3]));
                    recording.events.push(event);
                }
                _ => {}
            }
        }
        let of = |kind| bits.get(&kind).cloned().unwrap_or_default();
        recording.capabilities = Capabilities::from_bytes(&properties, &of(1), &of(3));
        recording
    }

    /// The kernel's state before the first event.
    fn snapshot(&self) -> Snapshot {
        let slots = self.axes.get(&ABS_MT_SLOT).map_or(0, |info| info.maximum + 1);
        Snapshot {
            axes: self.axes.clone(),
            slot: 0,
            slots: (0..slots).map(|_| (-1, 0, 0)).collect(),
            keys: BTreeSet::new(),
            has_touch_button: self.capabilities.has_key(BTN_TOUCH),
        }
    }

    /// The touches with a Kivy configuration, or why the device is not a touch screen.
    fn replay(&self, config: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("config.ini"), config).expect("a file in it");
        let kivy = Kivy::load([("KIVY_HOME".into(), folder.path().display().to_string())]);
        assert!(kivy.warnings.is_empty(), "{:?}", kivy.warnings);
        let node = PathBuf::from("/dev/input/event0");
        let found = choose(&kivy.rules, None, std::slice::from_ref(&node), |path| {
            if path == node { Ok(self.clone()) } else { Err(io::ErrorKind::NotFound.into()) }
        });
        let Some(choice) = found.choice else {
            return vec![self.capabilities.protocol().expect_err("a touch screen is chosen").to_string()];
        };
        let rule = &kivy.rules[choice.rule.expect("a rule")];
        let protocol = choice.protocol.expect("a device's protocol is known");
        let snapshot = self.snapshot();
        let mapping = Mapping::new(
            Some(protocol),
            &snapshot.axes,
            rule.calibration,
            kivy.recalibration(rule, "event0"),
        );
        let mut decoder = Decoder::new(protocol, &snapshot);
        let mut filter = Filter::new(kivy.jitter, kivy.ignored.clone());
        let rotation = Rotation::counter_clockwise(kivy.rotation).expect("a quarter turn");
        let size = size(config);
        let turned = rotation.size(size);
        let mut told = Vec::new();
        for (kind, code, value) in &self.events {
            let touches = decoder.event(*kind, *code, *value).into_iter().flatten();
            let pointers = touches.filter_map(|touch| mapping.pointer(touch, size));
            for pointer in pointers.filter_map(|pointer| filter.pass(pointer)) {
                let at = |place| {
                    let (x, y) = super::pixels(rotation.point(place), turned);
                    format!("{:.1} {:.1}", x - 0.5, y - 0.5)
                };
                told.push(match pointer {
                    Pointer::Down(x, y) => format!("down {}", at((x, y))),
                    Pointer::Moved(x, y) => format!("move {}", at((x, y))),
                    Pointer::Up => "up".to_owned(),
                    Pointer::Lost => "lost".to_owned(),
                });
            }
        }
        told
    }
}

/// The screen size in a comment of a configuration.
fn size(config: &str) -> (u32, u32) {
    let size = config.lines().find_map(|line| line.strip_prefix("# screen "));
    let (width, height) = size.and_then(|size| size.split_once('x')).expect("# screen WIDTHxHEIGHT");
    (width.parse().expect("a width"), height.parse().expect("a height"))
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Whether two lines are equal except for rounding.
fn is_same(one: &str, other: &str) -> bool {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (one, other) = (words(one), words(other));
    one.len() == other.len()
        && one.iter().zip(&other).all(|(one, other)| match (one.parse::<f32>(), other.parse::<f32>()) {
            (Ok(one), Ok(other)) => (one - other).abs() < SAME,
            _ => one == other,
        })
}

#[track_caller]
fn assert_same(ours: &[String], kivys: &[&str], what: &str) {
    let same = ours.len() == kivys.len() && ours.iter().zip(kivys).all(|(ours, kivys)| is_same(ours, kivys));
    assert!(same, "{what}\n ours: {ours:?}\nKivy's: {kivys:?}");
}

#[test]
fn recorded_devices_match_the_expected_touches_and_kivy() {
    let mut count = 0;
    for folder in fs::read_dir(tests().join("touchscreens")).expect("the recordings").flatten() {
        let folder = folder.path();
        let config = fs::read_to_string(folder.join("config.ini")).expect("config.ini");
        let recording = Recording::read(&folder.join("recording"));
        let told = recording.replay(&config);
        let expected = folder.join("expected");
        let text = told.join("\n") + "\n";
        if std::env::var("LAMPI_TEST_RENEW").is_ok_and(|renew| renew == "yes") {
            fs::write(&expected, &text).expect("expected");
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(text, wanted, "{}", folder.display());
        let kivy = fs::read_to_string(folder.join("kivy")).expect("kivy, written by tests/kivy/oracle");
        // Kivy accepts touchpads, and detects no touch without a button or slot.
        if recording.capabilities.protocol().is_ok() && !kivy.is_empty() {
            assert_same(&told, &kivy.lines().collect::<Vec<_>>(), &folder.display().to_string());
        }
        count += 1;
    }
    assert!(count > 0, "there are recordings");
}

#[test]
fn rotation_inversion_calibration_and_jitter_match_kivy() {
    let table = fs::read_to_string(tests().join("kivy-table")).expect("the table");
    let mut count = 0;
    for row in table.lines() {
        let (folder, rest) = row.split_once(": ").expect(row);
        let (cells, touches) = rest.rsplit_once(": ").expect(row);
        let recording = Recording::read(&tests().join("touchscreens").join(folder).join("recording"));
        let told = recording.replay(&cells.replace("; ", "\n"));
        assert_same(&told, &touches.split(", ").collect::<Vec<_>>(), cells);
        count += 1;
    }
    assert!(count > 500, "{count} rows");
}
