// SPDX-License-Identifier: GPL-3.0-or-later
//! What the screen shows and what is to be published, decided from messages and touches alone.
//!
//! The lamp's service is the one that decides what the lamp shows; this keeps the screen in step with it without
//! pulling a thumb from under a finger, and without letting two clients chase each other.

use std::time::{Duration, Instant};

use lamp::color::Color;
use lamp::set_config::SetConfig;
use lamp::state::LampState;

/// The name under which the screen speaks MQTT, and by which it knows its own changes.
pub(crate) const CLIENT: &str = "lamp_ui";

/// Shortest time between two messages to the lamp.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(10);

/// Why nothing can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// There is no connection to the broker.
    Connecting,
    /// The lamp's service has told, or its Last Will has, that it is not there.
    ServiceAway,
    /// The service has not told its state yet.
    Waiting,
}

impl Notice {
    /// A few words, and a sentence.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Connecting => ("Connecting", "Waiting for the MQTT broker to answer."),
            Self::ServiceAway => ("Lamp service away", "The lamp can be set again when it is back."),
            Self::Waiting => ("Connecting", "Waiting for the lamp to tell its state."),
        }
    }
}

/// The state of the conversation with the lamp.
#[derive(Debug, Default)]
pub(crate) struct Model {
    connected: bool,
    /// Whether the lamp's service is there; `None` until it has told.
    service: Option<bool>,
    /// What the screen shows; `None` until the lamp has told its state, and nothing can be touched until then.
    shown: Option<LampState>,
    /// What another client made of the lamp while the finger is down, to be shown when it is lifted.
    held: Option<LampState>,
    finger_down: bool,
    /// What the user changed and was not published yet.
    unpublished: SetConfig,
    last_published: Option<Instant>,
    /// What was published, until the lamp has told that it took it.
    unanswered: Option<Unanswered>,
    report: Report,
}

/// What the lamp has not confirmed.
#[derive(Debug)]
struct Unanswered {
    /// The last request, whose confirmation is that of all before it, for the lamp takes them in their order.
    last: SetConfig,
    /// All requests since the last confirmation, as one.
    all: SetConfig,
}

/// The state that a service reports when it has come, which may be under our name.
#[derive(Debug, Default)]
enum Report {
    #[default]
    None,
    /// The last state under our name that was taken for an echo of something older than what is shown.
    Ignored(LampState),
    /// The service has come, and its state has not: the next one is taken whoever made it.
    Due,
}

impl Model {
    /// What the screen shows, or why nothing can be set.
    pub(crate) fn shown(&self) -> Result<&LampState, Notice> {
        match &self.shown {
            _ if self.service == Some(false) => Err(Notice::ServiceAway),
            Some(state) => Ok(state),
            None if self.connected => Err(Notice::Waiting),
            None => Err(Notice::Connecting),
        }
    }

    /// The connection was made or lost: what the lamp shows is unknown until it tells.
    pub(crate) fn connection(&mut self, connected: bool) {
        *self = Self {
            connected,
            finger_down: self.finger_down,
            last_published: self.last_published,
            ..Self::default()
        };
    }

    /// The lamp's service came or went. When it went, its next state is taken whoever made it, and what was not sent is
    /// dropped. That state may come before the service is told to be back, which travels another way.
    ///
    /// `retained`: the broker knew it before we subscribed. After a power cut it may know what was true long ago, so what
    /// follows may be unlike it: a service that has come just now has missed the request that was published before, and gets
    /// it again, or reports another state than the broker retained.
    pub(crate) fn service_came(&mut self, there: bool, retained: bool) {
        // One that is just starting can have reported its state already while the broker still knows it as away: that is told
        // in two steps (QoS 2), the state in one.
        if !there && !retained && self.service != Some(false) {
            self.connection(self.connected);
        }
        self.service = Some(there);
        if retained || !there {
            return;
        }
        if let Some(Unanswered { all: mut missed, .. }) = self.unanswered.take() {
            missed.extend(&self.unpublished);
            if let Some(shown) = &mut self.shown {
                missed.clone().apply_to(shown);
            }
            self.unpublished = missed;
        } else {
            // It reports the state that it kept, under our name if we were the last to ask for something.
            match std::mem::take(&mut self.report) {
                Report::Ignored(state) => self.take(state),
                Report::None | Report::Due => self.report = Report::Due,
            }
        }
    }

    /// The lamp told its state.
    pub(crate) fn changed(&mut self, state: LampState) {
        if self.shown.is_none() {
            // Whoever made it: after a start or a restart of the broker this is the first that is known.
            self.shown = Some(state);
        } else if state.client == CLIENT && !matches!(self.report, Report::Due) {
            if self.unanswered.as_ref().is_some_and(|published| published.last.is_met_by(&state)) {
                // The lamp took our last change. What it did not ask for is as others have it.
                self.unanswered = None;
                self.held = None;
                self.take(state);
            } else {
                self.report = Report::Ignored(state);
            }
        } else {
            self.take(state);
        }
    }

    /// Shows a state that is no echo, unless the user did something newer.
    fn take(&mut self, state: LampState) {
        self.report = Report::None;
        if self.finger_down || !self.unpublished.is_empty() {
            // What the user did is newer, also when it is still to be sent.
            self.held = Some(state);
        } else {
            self.shown = Some(state);
        }
    }

    /// A finger went down or was lifted.
    pub(crate) fn finger(&mut self, down: bool) {
        self.finger_down = down;
        if !down && self.unpublished.is_empty() && self.unanswered.is_none() {
            // The other client was the last to write: the lamp had taken all of ours before it told of this.
            if let Some(state) = self.held.take() {
                self.shown = Some(state);
            }
        }
        if down {
            self.held = None;
        }
    }

    /// The user moved a slider or pressed the toggle.
    pub(crate) fn edit(&mut self, color: Color, brightness: f64, on: bool) {
        if self.service == Some(false) {
            return;
        }
        if let Some(shown) = &mut self.shown {
            let is_other_color =
                differ(color.hue, shown.color.hue) || differ(color.saturation, shown.color.saturation);
            let edited = SetConfig {
                client: CLIENT.into(),
                color: is_other_color.then_some(color),
                brightness: differ(brightness, shown.brightness).then_some(brightness),
                on: (on != shown.on).then_some(on),
            };
            self.unpublished.extend(&edited);
            edited.apply_to(shown);
        }
    }

    /// When the next message is due, if there is one to send.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        (!self.unpublished.is_empty())
            .then(|| self.last_published.map_or(now, |last| (last + PUBLISH_INTERVAL).max(now)))
    }

    /// Publishes what the user changed through `publish` when it is due. What could not be sent stays due.
    ///
    /// Only that: the rest is as others have it, or are about to have it. The screen of the original lamp sends all of its
    /// state each time, but no client can tell: each knows the lamp by `lamp/changed`, which is always whole, and a service of
    /// the lamp takes parts of a state from the Bluetooth client anyway.
    pub(crate) fn publish(&mut self, now: Instant, publish: impl FnOnce(&SetConfig) -> bool) {
        if self.due(now).is_none_or(|due| due > now) {
            return;
        }
        self.last_published = Some(now);
        if publish(&self.unpublished) {
            let last = std::mem::take(&mut self.unpublished);
            let mut all = self.unanswered.take().map(|unanswered| unanswered.all).unwrap_or_default();
            all.extend(&last);
            self.unanswered = Some(Unanswered { last, all });
        }
    }
}

/// Whether two numbers are different ones on the wire, which have two decimals there.
fn differ(one: f64, other: f64) -> bool {
    (one - other).abs() > 0.004
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(hue: f64, client: &str) -> LampState {
        LampState { color: Color { hue, saturation: 0.5 }, brightness: 0.25, on: true, client: client.into() }
    }

    /// For the hue alone, with the saturation that the colour has.
    fn request(hue: f64) -> SetConfig {
        let color = Some(Color { hue, saturation: 0.5 });
        SetConfig { client: CLIENT.into(), color, ..SetConfig::default() }
    }

    fn edit(model: &mut Model, hue: f64) {
        model.edit(Color { hue, saturation: 0.5 }, 0.25, true);
    }

    /// What is published at `now`, if anything.
    fn published(model: &mut Model, now: Instant) -> Option<SetConfig> {
        let mut sent = None;
        model.publish(now, |request| {
            sent = Some(request.clone());
            true
        });
        sent
    }

    fn hue(model: &Model) -> f64 {
        model.shown().unwrap().color.hue
    }

    /// A model that knows the lamp's state, and a time to start from.
    fn known() -> (Model, Instant) {
        let mut model = Model::default();
        model.changed(state(0.1, "web"));
        (model, Instant::now())
    }

    #[test]
    fn nothing_is_published_before_the_lamp_has_published_its_state() {
        let mut model = Model::default();
        model.finger(true);
        edit(&mut model, 0.7);
        model.finger(false);
        assert_eq!(model.due(Instant::now()), None);
        assert_eq!(published(&mut model, Instant::now()), None);
        assert!(model.shown().is_err());
    }

    #[test]
    fn the_first_state_is_taken_even_if_it_is_an_echo() {
        let mut model = Model::default();
        model.changed(state(0.3, CLIENT));
        assert_eq!(model.shown(), Ok(&state(0.3, CLIENT)));
        model.changed(state(0.4, CLIENT));
        assert_eq!(model.shown(), Ok(&state(0.3, CLIENT)), "later echoes are not");
        model.connection(true);
        assert!(model.shown().is_err());
        model.changed(state(0.5, CLIENT));
        assert_eq!(model.shown(), Ok(&state(0.5, CLIENT)), "the first after a reconnect is");
    }

    #[test]
    fn at_most_one_message_in_ten_milliseconds_and_it_carries_the_newest_state() {
        let (mut model, start) = known();
        model.finger(true);
        edit(&mut model, 0.2);
        assert_eq!(published(&mut model, start), Some(request(0.2)), "the first goes out at once");
        edit(&mut model, 0.3);
        assert_eq!(model.due(start), Some(start + PUBLISH_INTERVAL));
        assert_eq!(published(&mut model, start + PUBLISH_INTERVAL / 2), None);
        edit(&mut model, 0.4);
        assert_eq!(published(&mut model, start + PUBLISH_INTERVAL), Some(request(0.4)));
        assert_eq!(model.due(start + PUBLISH_INTERVAL), None, "nothing is left to say");
    }

    #[test]
    fn an_edit_that_changes_nothing_is_not_published() {
        let (mut model, start) = known();
        edit(&mut model, 0.1);
        assert_eq!(published(&mut model, start), None);
    }

    #[test]
    fn what_could_not_be_sent_stays_due() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        model.publish(start, |_| false);
        let later = start + PUBLISH_INTERVAL;
        assert_eq!(model.due(start), Some(later));
        assert_eq!(published(&mut model, later), Some(request(0.2)));
    }

    #[test]
    fn a_remote_change_waits_for_the_finger() {
        let (mut model, _) = known();
        model.finger(true);
        model.changed(state(0.9, "web"));
        assert!((hue(&model) - 0.1).abs() < 1e-9, "the thumb stays under the finger");
        model.finger(false);
        assert_eq!(model.shown(), Ok(&state(0.9, "web")), "the finger changed nothing, so the other has won");
    }

    #[test]
    fn the_finger_wins_when_it_writes_last() {
        let (mut model, start) = known();
        model.finger(true);
        model.changed(state(0.9, "web"));
        edit(&mut model, 0.2);
        published(&mut model, start);
        model.finger(false);
        assert!((hue(&model) - 0.2).abs() < 1e-9);
        model.changed(state(0.2, CLIENT));
        assert!((hue(&model) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn the_other_wins_when_it_writes_after_the_finger() {
        let (mut model, start) = known();
        model.finger(true);
        edit(&mut model, 0.2);
        published(&mut model, start);
        model.changed(state(0.2, CLIENT));
        model.changed(state(0.9, "web"));
        assert!((hue(&model) - 0.2).abs() < 1e-9);
        model.finger(false);
        assert!((hue(&model) - 0.9).abs() < 1e-9);
    }

    #[test]
    fn screen_and_lamp_agree_after_writes_that_crossed() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        published(&mut model, start);
        // The lamp took the other's change first, and ours after it.
        model.changed(state(0.9, "web"));
        model.changed(state(0.2, CLIENT));
        assert!((hue(&model) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn late_echoes_of_a_drag_do_not_move_the_thumb_back() {
        let (mut model, start) = known();
        model.finger(true);
        for (step, hue) in [0.2, 0.3, 0.4].into_iter().enumerate() {
            edit(&mut model, hue);
            published(&mut model, start + PUBLISH_INTERVAL * step as u32);
        }
        model.finger(false);
        for echo in [0.2, 0.3, 0.4] {
            model.changed(state(echo, CLIENT));
            assert!((hue(&model) - 0.4).abs() < 1e-9);
        }
    }

    #[test]
    fn an_edit_that_is_about_to_be_sent_is_newer_than_a_remote_change() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        model.changed(state(0.9, "web"));
        assert_eq!(published(&mut model, start), Some(request(0.2)));
        model.changed(state(0.2, CLIENT));
        assert!((hue(&model) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn what_others_change_beside_the_finger_stays_and_is_shown() {
        for lifted_early in [true, false] {
            let (mut model, start) = known();
            model.finger(true);
            model.changed(LampState { brightness: 0.75, ..state(0.1, "web") });
            edit(&mut model, 0.2);
            assert_eq!(published(&mut model, start), Some(request(0.2)), "nothing of the brightness");
            if lifted_early {
                model.finger(false);
            }
            model.changed(LampState { brightness: 0.75, ..state(0.2, CLIENT) });
            model.finger(false);
            assert_eq!(model.shown(), Ok(&LampState { brightness: 0.75, ..state(0.2, CLIENT) }));
            // The next touch knows it.
            model.finger(true);
            model.edit(Color { hue: 0.2, saturation: 0.5 }, 0.75, false);
            let off = SetConfig { client: CLIENT.into(), on: Some(false), ..SetConfig::default() };
            assert_eq!(published(&mut model, start + PUBLISH_INTERVAL), Some(off));
        }
    }

    #[test]
    fn all_that_the_service_missed_is_sent_again() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        published(&mut model, start);
        model.edit(Color { hue: 0.2, saturation: 0.5 }, 0.25, false);
        let later = start + PUBLISH_INTERVAL;
        published(&mut model, later);
        // It kept another state.
        model.changed(LampState { brightness: 0.75, ..state(0.6, "web") });
        model.service_came(true, false);
        let missed = SetConfig { on: Some(false), ..request(0.2) };
        assert_eq!(published(&mut model, later + PUBLISH_INTERVAL), Some(missed));
        assert_eq!(model.shown(), Ok(&LampState { brightness: 0.75, on: false, ..state(0.2, CLIENT) }));
    }

    #[test]
    fn a_confirmation_of_the_last_request_is_one_of_all() {
        let (mut model, start) = known();
        model.edit(Color { hue: 0.1, saturation: 0.5 }, 0.25, false);
        published(&mut model, start);
        model.edit(Color { hue: 0.2, saturation: 0.5 }, 0.25, false);
        assert_eq!(published(&mut model, start + PUBLISH_INTERVAL), Some(request(0.2)));
        model.changed(LampState { on: false, ..state(0.1, CLIENT) });
        // Somebody has switched it on between the two.
        model.changed(state(0.1, "web"));
        model.changed(state(0.2, CLIENT));
        assert_eq!(model.shown(), Ok(&state(0.2, CLIENT)));
        model.service_came(true, false);
        assert_eq!(model.due(start), None, "nothing was missed");
    }

    #[test]
    fn a_lost_connection_drops_what_was_not_sent() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        model.connection(true);
        model.changed(state(0.9, "web"));
        assert_eq!(published(&mut model, start), None);
    }

    #[test]
    fn a_service_that_went_is_shown_and_its_first_state_is_taken_when_it_is_back() {
        let (mut model, start) = known();
        assert_eq!(model.shown(), Ok(&state(0.1, "web")), "a service that has not told may be there");
        edit(&mut model, 0.2);
        model.service_came(false, false);
        assert_eq!(model.shown(), Err(Notice::ServiceAway));
        assert_eq!(published(&mut model, start), None);
        // The state overtakes the news that the service is back.
        model.changed(state(0.5, CLIENT));
        model.service_came(false, false);
        assert_eq!(model.shown(), Err(Notice::ServiceAway));
        model.service_came(true, false);
        assert_eq!(model.shown(), Ok(&state(0.5, CLIENT)));
    }

    /// After a power cut the broker retains what was true at its last orderly end.
    #[test]
    fn the_state_that_the_service_reports_at_its_start_replaces_one_that_the_broker_retained() {
        for report_comes_first in [true, false] {
            let mut model = Model::default();
            model.connection(true);
            model.changed(state(0.1, "web"));
            model.service_came(true, true);
            if report_comes_first {
                model.changed(state(0.6, CLIENT));
                model.service_came(true, false);
            } else {
                model.service_came(true, false);
                model.changed(state(0.6, CLIENT));
            }
            assert_eq!(model.shown(), Ok(&state(0.6, CLIENT)));
            model.changed(state(0.7, CLIENT));
            assert_eq!(model.shown(), Ok(&state(0.6, CLIENT)), "later echoes are ignored");
        }
    }

    #[test]
    fn a_state_counts_that_the_service_reported_before_the_broker_knew_it_to_be_there() {
        for away_comes_first in [true, false] {
            let mut model = Model::default();
            model.connection(true);
            if away_comes_first {
                model.service_came(false, true);
                model.changed(state(0.6, CLIENT));
            } else {
                model.changed(state(0.6, CLIENT));
                model.service_came(false, true);
            }
            assert_eq!(model.shown(), Err(Notice::ServiceAway));
            model.service_came(true, false);
            assert_eq!(model.shown(), Ok(&state(0.6, CLIENT)), "nothing more is reported");
        }
        // What the broker remembers of long ago is replaced by what the service reports when it comes.
        let mut model = Model::default();
        model.connection(true);
        model.changed(state(0.1, CLIENT));
        model.service_came(false, true);
        model.changed(state(0.6, CLIENT));
        model.service_came(true, false);
        assert_eq!(model.shown(), Ok(&state(0.6, CLIENT)));
    }

    #[test]
    fn a_request_that_the_service_missed_is_sent_again_when_it_comes() {
        for client in ["web", CLIENT] {
            let (mut model, start) = known();
            model.service_came(true, true);
            edit(&mut model, 0.2);
            assert_eq!(published(&mut model, start), Some(request(0.2)));
            model.changed(state(0.6, client));
            model.service_came(true, false);
            let later = start + PUBLISH_INTERVAL;
            assert_eq!(published(&mut model, later), Some(request(0.2)), "after a state of {client}");
            model.changed(state(0.2, CLIENT));
            assert_eq!(model.shown(), Ok(&state(0.2, CLIENT)));
            assert_eq!(model.due(later), None);
        }
    }

    #[test]
    fn what_the_user_did_since_a_missed_request_is_sent_instead_of_it() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        published(&mut model, start);
        edit(&mut model, 0.3);
        model.service_came(true, false);
        assert_eq!(published(&mut model, start + PUBLISH_INTERVAL), Some(request(0.3)));
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut model = Model::default();
        assert_eq!(model.shown(), Err(Notice::Connecting));
        model.connection(true);
        assert_eq!(model.shown(), Err(Notice::Waiting));
        model.service_came(true, false);
        assert_eq!(model.shown(), Err(Notice::Waiting));
        model.changed(state(0.1, ""));
        assert_eq!(model.shown(), Ok(&state(0.1, "")));
        model.connection(false);
        assert_eq!(model.shown(), Err(Notice::Connecting));
    }
}
