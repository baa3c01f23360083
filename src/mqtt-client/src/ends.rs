// SPDX-License-Identifier: GPL-3.0-or-later
//! Why the broker closes connections that it has accepted.
//!
//! MQTT 3.1.1 gives no reason for a closing. Two causes can be inferred:
//!
//! - **The broker accepts only small packets** (`max_packet_size` of mosquitto): it closes the connection
//!   when a larger packet arrives, and never acknowledges that packet. When three connections in a row end
//!   while packets on the same topic are the largest that are not acknowledged, the session stops sending
//!   packets of that size or larger. It sends the rest. If a connection then lasts for a second, the log
//!   names the topic once. Once there is such a limit, one closing is enough to lower it. The session forgets
//!   the limit when a connection ends in any other way: a broker that restarts may have another
//!   configuration.
//! - **Another client uses the same client ID**: the broker closes the older connection for the newer one,
//!   whatever was sent, and accepts the next one at once. A broker that restarts, however often, accepts none
//!   for a moment; the first retry is immediate to detect that. The third such closing is logged, and no
//!   other until a connection lasts for a minute.
//!
//! mosquitto with `message_size_limit` acknowledges a message that is too large and drops it. No client of
//! MQTT 3.1.1 can detect that; mosquitto's log names the client.

use std::time::Duration;

/// A connection that lasts this long with a limit shows that the limit was the cause. Another client that
/// closed the connections before reconnects earlier.
pub(crate) const SETTLED: Duration = Duration::from_secs(1);

/// A connection that lasts this long is stable: longer than all waits of two clients that disconnect each
/// other.
pub(crate) const LASTING: Duration = Duration::from_mins(1);

/// Number of ends that are not chance.
const MANY: usize = 3;

/// A packet that the broker has not acknowledged: its topic, and its size in bytes.
pub(crate) type Suspect<'a> = (&'a str, usize);

/// The ends of connections that the broker had accepted.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// Number of ends since the broker last refused a connection or one lasted for [`LASTING`].
    recent: usize,
    /// Those for which another client may be the cause.
    unexplained: usize,
    other_client_is_named: bool,
    /// The topic of the suspect of the last connections, its smallest size, and the number of these
    /// connections.
    suspected: Option<(String, usize, usize)>,
    limit: Option<usize>,
    /// Topics and sizes that are the cause if the next connection lasts.
    probable: Vec<(String, usize)>,
    /// Topics and sizes that were reported and not accepted since.
    named: Vec<(String, usize)>,
    /// The last connection ended because of a topic in `named`.
    is_known: bool,
}

impl Ends {
    /// A connection ended on which the broker had accepted packets of `accepted` bytes. `suspect` is the
    /// largest packet that it had not acknowledged, if that is larger. Returns whether to report another
    /// client as the cause.
    pub(crate) fn ended(
        &mut self,
        is_closed_by_broker: bool,
        accepted: usize,
        suspect: Option<Suspect>,
    ) -> bool {
        self.is_known = false;
        self.recent += 1;
        self.named.retain(|(_, size)| *size > accepted);
        let Some((topic, size)) = suspect.filter(|_| is_closed_by_broker) else {
            self.suspected = None;
            self.limit = None;
            if is_closed_by_broker {
                // A limit that did not help was not the cause of the ends before it.
                self.unexplained = if self.probable.is_empty() { self.unexplained + 1 } else { MANY };
            }
            self.probable.clear();
            let is_news = self.unexplained >= MANY && !self.other_client_is_named;
            self.other_client_is_named |= is_news;
            return is_news;
        };
        let (smallest, count) = match &self.suspected {
            Some((last, smallest, count)) if last == topic => (size.min(*smallest), count + 1),
            _ => (size, 1),
        };
        if self.limit.is_none() && self.named.is_empty() && count < MANY {
            self.suspected = Some((topic.to_owned(), smallest, count));
            return false;
        }
        self.suspected = None;
        self.limit = Some(smallest);
        let is_topic = |(other, _): &(String, usize)| other == topic;
        self.is_known = self.named.iter().any(is_topic);
        if !self.is_known && !self.probable.iter().any(is_topic) {
            self.probable.push((topic.to_owned(), smallest));
        }
        false
    }

    /// A limit must be confirmed by [`Self::settled`].
    pub(crate) fn are_unsettled(&self) -> bool {
        !self.probable.is_empty()
    }

    /// A connection lasted for [`SETTLED`]. Returns the topics and sizes to report.
    pub(crate) fn settled(&mut self) -> Vec<(String, usize)> {
        self.named.extend_from_slice(&self.probable);
        self.failed();
        std::mem::take(&mut self.probable)
    }

    /// A connection lasted for [`LASTING`]. Returns whether the log ends with another client as the cause.
    pub(crate) fn lasted(&mut self) -> bool {
        self.failed();
        std::mem::take(&mut self.other_client_is_named)
    }

    /// The broker did not accept a connection.
    pub(crate) fn failed(&mut self) {
        self.recent = 0;
        self.unexplained = 0;
    }

    /// Packets of this size in bytes, and larger ones, are not sent.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Connections end so often that each needs a wait before it.
    pub(crate) fn are_many(&self) -> bool {
        self.recent >= MANY
    }

    /// The last end and the next connection are not logged: ends are frequent, or the log has the cause
    /// already.
    pub(crate) fn are_quiet(&self) -> bool {
        self.is_known || self.recent >= MANY - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: Suspect = ("large", 1000);
    const SMALL: Suspect = ("small", 100);
    /// Of a packet that the broker accepts.
    const ACCEPTED: usize = 65;

    /// Closes a connection for each of the suspects, and returns whether to report another client.
    fn close<const N: usize>(ends: &mut Ends, suspects: [Option<Suspect>; N]) -> [bool; N] {
        suspects.map(|suspect| ends.ended(true, ACCEPTED, suspect))
    }

    fn reports<const N: usize>(suspects: [Suspect; N]) -> Vec<(String, usize)> {
        suspects.map(|(topic, size)| (topic.to_owned(), size)).into()
    }

    #[test]
    fn names_another_client_once_until_a_connection_lasts() {
        let mut ends = Ends::default();
        assert_eq!(close(&mut ends, [None; 6]), [false, false, true, false, false, false]);
        assert!(ends.are_many() && ends.are_quiet());
        // The broker is absent in between.
        ends.failed();
        assert!(!ends.are_quiet());
        assert_eq!(close(&mut ends, [None; 4]), [false; 4]);
        assert!(ends.lasted());
        assert!(!ends.are_quiet() && !ends.lasted());
        assert_eq!(close(&mut ends, [None; 3]), [false, false, true]);
    }

    #[test]
    fn does_not_name_another_client_for_rare_ends_restarts_and_other_failures() {
        let (mut rare, mut restarts, mut failures) = (Ends::default(), Ends::default(), Ends::default());
        for _ in 0..10 {
            assert!(!rare.lasted());
            assert_eq!(close(&mut rare, [None; 2]), [false; 2]);
            restarts.failed();
            assert_eq!(close(&mut restarts, [None; 2]), [false; 2]);
            assert!(!failures.ended(false, ACCEPTED, Some(LARGE)));
        }
        assert!(failures.are_many(), "a failure that repeats needs waits too");
        assert_eq!(failures.limit(), None);
    }

    #[test]
    fn limits_the_size_after_three_closings_with_the_same_topic() {
        let mut ends = Ends::default();
        let other = Some(("other", 200));
        close(&mut ends, [Some(LARGE), Some(LARGE), other, Some(LARGE), None, Some(LARGE)]);
        assert_eq!(ends.limit(), None);
        // The smallest of its packets counts.
        close(&mut ends, [Some(("large", 900)), Some(LARGE)]);
        assert_eq!(ends.limit(), Some(900));
        // There is a limit now.
        close(&mut ends, [Some(SMALL)]);
        assert_eq!(ends.limit(), Some(100));
        assert!(ends.are_unsettled());
        assert_eq!(ends.settled(), reports([("large", 900), SMALL]));
        assert!(!ends.are_unsettled() && !ends.are_quiet());
        assert_eq!(ends.limit(), Some(100));
    }

    #[test]
    fn forgets_the_limit_and_reports_it_again_after_the_broker_accepted_the_size() {
        let mut ends = Ends::default();
        close(&mut ends, [Some(LARGE); 3]);
        assert_eq!(ends.settled(), reports([LARGE]));
        assert_eq!(close(&mut ends, [None]), [false]);
        ends.failed();
        assert_eq!(ends.limit(), None);
        // Found again at once, and not reported again.
        close(&mut ends, [Some(LARGE)]);
        assert_eq!(ends.limit(), Some(LARGE.1));
        assert!(ends.are_quiet() && !ends.are_unsettled());
        assert!(!ends.ended(true, LARGE.1, None));
        ends.failed();
        close(&mut ends, [Some(LARGE); 2]);
        assert!(!ends.are_unsettled());
        close(&mut ends, [Some(LARGE)]);
        assert_eq!(ends.settled(), reports([LARGE]));
    }

    #[test]
    fn names_another_client_when_a_limit_does_not_help() {
        let mut ends = Ends::default();
        // It closes each connection before the broker has acknowledged anything.
        assert_eq!(
            close(&mut ends, [Some(LARGE), Some(LARGE), Some(LARGE), None]),
            [false, false, false, true]
        );
        assert_eq!((ends.limit(), ends.are_unsettled()), (None, false));
        assert_eq!(close(&mut ends, [Some(LARGE), Some(LARGE), Some(LARGE), None]), [false; 4]);
    }

    #[test]
    fn keeps_both_causes_apart() {
        let mut ends = Ends::default();
        close(&mut ends, [Some(LARGE); 3]);
        assert_eq!(ends.settled(), reports([LARGE]));
        // Another client closes the connection, and each new one is closed because of the large packet.
        let is_news = close(&mut ends, [None, Some(LARGE), None, Some(LARGE), None, Some(LARGE), None]);
        assert_eq!(is_news, [false, false, false, false, true, false, false]);
        assert!(!ends.are_unsettled());
    }
}
