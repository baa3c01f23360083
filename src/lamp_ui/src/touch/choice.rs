// SPDX-License-Identifier: GPL-3.0-or-later
//! Which input device is taken: the first that a line of Kivy's `[input]` names and that is a touch screen.
//!
//! A line whose device is missing, or is none, is passed over. Where all lines fail and one of them names a device by its
//! number in /dev/input, the number is stale: what a look finds is taken in its place, with that line's calibration. A line
//! without a calibration for a device that is there, such as a keyboard, is about that device, and has no stale number.

use std::cmp::Reverse;
use std::io;
use std::path::{Path, PathBuf};

use kivy_conf::input::{Device, Provider, Rule};
use touchscreen::{Protocol, Refusal};

/// A device that can be looked at.
pub(super) trait Candidate {
    /// The name that its driver gives it.
    fn name(&self) -> &str;
    /// How it reports touches, if that is known, or why it is no touch screen.
    fn protocol(&self) -> Result<Option<Protocol>, Refusal>;
}

/// A touch screen to take.
#[derive(Debug)]
pub(super) struct Choice<D> {
    pub path: PathBuf,
    pub device: D,
    pub protocol: Option<Protocol>,
    /// The rule whose calibration counts.
    pub rule: Option<usize>,
    /// How many rules come before it and failed.
    pub failed: usize,
    /// The device with a stale number that it is taken in place of.
    pub in_place_of: Option<PathBuf>,
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Found<D> {
    pub choice: Option<Choice<D>>,
    /// Rules that failed, and why, in whole sentences.
    pub complaints: Vec<(usize, String)>,
    /// A device that may not be opened, and so may be the touch screen.
    pub refused: Option<PathBuf>,
}

/// Looks at the first `limit` of the rules, or at all of them and, where they fail, at what else there is. `nodes` are the
/// devices of the machine, in the order in which they are looked at.
pub(super) fn choose<D: Candidate>(
    rules: &[Rule],
    limit: Option<usize>,
    nodes: &[PathBuf],
    mut open: impl FnMut(&Path) -> io::Result<D>,
) -> Found<D> {
    let mut found = Found { choice: None, complaints: Vec::new(), refused: None };
    let mut stale = Vec::new();
    for (index, rule) in rules.iter().enumerate().take(limit.unwrap_or(rules.len())) {
        let chosen = match &rule.device {
            Device::Path(path) => {
                look_at(path, &mut open, &mut found.refused).map_err(|(complaint, is_missing)| {
                    if is_missing || rule.options > 0 {
                        stale.push(index);
                    }
                    complaint
                })
            }
            device => look_for(nodes, &mut open, &mut found.refused, |name| device.is_named(name))
                .ok_or_else(|| format!("no touch screen is called {}", wanted(device))),
        };
        match chosen {
            Ok((path, device, protocol)) => {
                let rule = Some(index);
                found.choice =
                    Some(Choice { path, device, protocol, rule, failed: index, in_place_of: None });
                return found;
            }
            Err(complaint) => found.complaints.push((index, complaint)),
        }
    }
    let by_number = || rules.iter().any(|rule| matches!(rule.device, Device::Path(_)));
    if limit.is_some() || !rules.is_empty() && !by_number() {
        return found;
    }
    if let Some((path, device, protocol)) = look_for(nodes, &mut open, &mut found.refused, |_| true) {
        let meant = meant(rules, &stale, protocol);
        let in_place_of = meant.map(|(_, path)| path.to_owned());
        let rule = meant.map(|(index, _)| index);
        found.choice = Some(Choice { path, device, protocol, rule, failed: rules.len(), in_place_of });
    }
    found
}

/// The name that a rule wants, for a sentence.
fn wanted(device: &Device) -> String {
    match device {
        Device::Named(name) if name.is_empty() => "anything".to_owned(),
        Device::Named(name) => format!("{name:?}"),
        Device::Fitting(expression) => format!("as {:?} says", expression.as_str()),
        Device::Path(path) => path.display().to_string(),
    }
}

/// The one of the rules `stale` that most likely meant the touch screen when its number was right: that with most options,
/// and among those with as many one whose provider is for such a screen.
fn meant<'a>(rules: &'a [Rule], stale: &[usize], protocol: Option<Protocol>) -> Option<(usize, &'a Path)> {
    let suiting =
        if matches!(protocol, Some(Protocol::Single(_))) { Provider::Hidinput } else { Provider::Mtdev };
    let numbered = stale.iter().filter_map(|index| match &rules[*index].device {
        Device::Path(path) => Some((*index, &rules[*index], path)),
        Device::Named(_) | Device::Fitting(_) => None,
    });
    numbered
        .max_by_key(|(index, rule, _)| (rule.options, rule.provider == suiting, Reverse(*index)))
        .map(|(index, _, path)| (index, path.as_path()))
}

type Opened<D> = (PathBuf, D, Option<Protocol>);

/// Opens the device of a rule, or says what is wrong with it, and whether it is missing.
fn look_at<D: Candidate>(
    path: &Path,
    open: &mut impl FnMut(&Path) -> io::Result<D>,
    refused: &mut Option<PathBuf>,
) -> Result<Opened<D>, (String, bool)> {
    let shown = path.display();
    let device = open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => (format!("{shown} is missing"), true),
        io::ErrorKind::PermissionDenied => {
            *refused = Some(path.to_owned());
            (format!("{shown} may not be opened"), false)
        }
        _ => (format!("{shown} cannot be used: {error}"), false),
    })?;
    match device.protocol() {
        Ok(protocol) => Ok((path.to_owned(), device, protocol)),
        Err(refusal) => Err((format!("{shown} ({}) is no touch screen: {refusal}", device.name()), false)),
    }
}

fn look_for<D: Candidate>(
    nodes: &[PathBuf],
    open: &mut impl FnMut(&Path) -> io::Result<D>,
    refused: &mut Option<PathBuf>,
    is_wanted: impl Fn(&str) -> bool,
) -> Option<Opened<D>> {
    nodes.iter().find_map(|path| match open(path) {
        Ok(device) => {
            let protocol = device.protocol().ok()?;
            is_wanted(device.name()).then(|| (path.clone(), device, protocol))
        }
        Err(error) => {
            if error.kind() == io::ErrorKind::PermissionDenied {
                *refused = Some(path.clone());
            }
            // A device that is gone since the folder was read, or no input device.
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use touchscreen::Capabilities;
    use touchscreen::codes::{
        ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_SLOT, ABS_X, ABS_Y, BTN_TOUCH, INPUT_PROP_DIRECT,
    };

    use super::*;

    #[derive(Debug, Clone)]
    struct Fake(&'static str, Capabilities);

    impl Candidate for Fake {
        fn name(&self) -> &str {
            self.0
        }

        fn protocol(&self) -> Result<Option<Protocol>, Refusal> {
            self.1.protocol().map(Some)
        }
    }

    fn keyboard() -> Fake {
        Fake("keyboard", Capabilities::new(&[], &[1, 2, 3], &[]))
    }

    fn multi_touch(name: &'static str) -> Fake {
        let axes = [ABS_MT_SLOT, ABS_MT_POSITION_X, ABS_MT_POSITION_Y];
        Fake(name, Capabilities::new(&[INPUT_PROP_DIRECT], &[BTN_TOUCH], &axes))
    }

    fn single_touch(name: &'static str) -> Fake {
        Fake(name, Capabilities::new(&[], &[BTN_TOUCH], &[ABS_X, ABS_Y]))
    }

    /// Number of the device, the rule, and all complaints, for lines of `[input]` and devices by their numbers.
    fn look(
        lines: &[&str],
        limit: Option<usize>,
        devices: &[(usize, Fake)],
    ) -> (Option<Choice<Fake>>, Vec<String>) {
        let rules: Vec<Rule> =
            lines.iter().map(|line| Rule::parse("line", line).unwrap().expect("a rule").0).collect();
        let node = |number: usize| PathBuf::from(format!("/dev/input/event{number}"));
        let nodes: Vec<PathBuf> = devices.iter().map(|(number, _)| node(*number)).collect();
        let found = choose(&rules, limit, &nodes, |path| {
            if path == node(9) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            let device = devices.iter().find(|(number, _)| node(*number) == path);
            device.map(|(_, device)| device.clone()).ok_or_else(|| io::ErrorKind::NotFound.into())
        });
        (found.choice, found.complaints.into_iter().map(|(index, what)| format!("{index}: {what}")).collect())
    }

    #[track_caller]
    fn is_chosen(choice: Option<&Choice<Fake>>, number: usize, rule: Option<usize>, failed: usize) {
        let choice = choice.expect("one is chosen");
        assert_eq!(choice.path, PathBuf::from(format!("/dev/input/event{number}")));
        assert_eq!((choice.rule, choice.failed), (rule, failed));
    }

    #[test]
    fn without_lines_the_first_touch_screen_is_taken() {
        let (choice, complaints) = look(&[], None, &[(0, keyboard()), (3, single_touch("ads"))]);
        is_chosen(choice.as_ref(), 3, None, 0);
        assert!(complaints.is_empty(), "{complaints:?}");
        assert!(look(&[], None, &[(0, keyboard())]).0.is_none());
    }

    #[test]
    fn lines_whose_device_is_missing_or_none_are_passed_over() {
        let lines =
            ["hidinput,/dev/input/event0", "mtdev,/dev/input/event5", "probesysfs,match=ft5", "probesysfs"];
        let (choice, complaints) = look(&lines, None, &[(0, keyboard()), (2, multi_touch("gt911"))]);
        is_chosen(choice.as_ref(), 2, Some(3), 3);
        assert_eq!(
            complaints,
            [
                "0: /dev/input/event0 (keyboard) is no touch screen: it reports no positions",
                "1: /dev/input/event5 is missing",
                "2: no touch screen is called \"ft5\"",
            ]
        );
        // When it appears, an earlier line wins.
        let devices = [(0, keyboard()), (2, multi_touch("gt911")), (5, multi_touch("ft5406"))];
        is_chosen(look(&lines, Some(3), &devices).0.as_ref(), 5, Some(1), 1);
        assert!(look(&lines, Some(3), &[(2, multi_touch("gt911"))]).0.is_none(), "later lines do not count");
    }

    #[test]
    fn a_stale_number_falls_back_to_what_a_look_finds() {
        let lines = ["hidinput,/dev/input/event0", "mtdev,/dev/input/event5,rotation=90"];
        let (choice, _) = look(&lines, None, &[(0, keyboard()), (2, multi_touch("ft5406"))]);
        is_chosen(choice.as_ref(), 2, Some(1), 2);
        assert_eq!(choice.unwrap().in_place_of, Some("/dev/input/event5".into()));
        // Without options, the provider decides.
        let lines = ["hidinput,/dev/input/event0", "mtdev,/dev/input/event5"];
        is_chosen(look(&lines, None, &[(2, multi_touch("ft5406"))]).0.as_ref(), 2, Some(1), 2);
        is_chosen(look(&lines, None, &[(2, single_touch("ads7846"))]).0.as_ref(), 2, Some(0), 2);
        // A keyboard's line is about the keyboard, unless it has a touch screen's calibration.
        let devices = [(0, keyboard()), (2, multi_touch("ft5406"))];
        is_chosen(look(&["hidinput,/dev/input/event0"], None, &devices).0.as_ref(), 2, None, 1);
        is_chosen(look(&["mtdev,/dev/input/event0,rotation=90"], None, &devices).0.as_ref(), 2, Some(0), 1);
        // A name is never stale.
        assert!(look(&["probesysfs,match=ft5"], None, &[(2, multi_touch("gt911"))]).0.is_none());
    }

    #[test]
    fn a_device_that_may_not_be_opened_is_told() {
        let (choice, complaints) = look(&["mtdev,/dev/input/event9"], None, &[]);
        assert!(choice.is_none());
        assert_eq!(complaints, ["0: /dev/input/event9 may not be opened"]);
    }
}
