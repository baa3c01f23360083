// SPDX-License-Identifier: GPL-3.0-or-later
//! The socket to a broker and the protocol on it.
//!
//! [`Link::flush`] sends all pending packets in one write, and has the kernel acknowledge what was received.
//! A broker that uses Nagle's algorithm, as mosquitto does by default, sends no further message until then,
//! and the kernel would wait up to 40 ms.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::TcpStreamExt;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{self, ConnectionOptions, Event, TimerKind, role};
use mqtt_protocol_core::mqtt::packet::v3_1_1::{Connect, Disconnect, Publish, Subscribe};
use mqtt_protocol_core::mqtt::packet::{Packet, Qos, SubEntry, SubOpts};
use mqtt_protocol_core::mqtt::prelude::*;
use mqtt_protocol_core::mqtt::result_code::{ConnectReturnCode, MqttError};
use runtime::address::{self, Address};
use runtime::wait;

use crate::ends::Suspect;
use crate::{Error, Login, Message, QoS};

/// Keep-alive interval of every LAMPI client, in seconds.
const KEEP_ALIVE: u16 = 60;

/// Longest wait until the kernel accepts what is written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest packet accepted from the broker, in bytes. A larger one ends the connection. This is far more than
/// any LAMPI message and far less than the memory of a Raspberry Pi.
const LARGEST_INCOMING: u32 = 4 << 20;

/// Size of a read, in bytes.
const BUFFER: usize = 16 << 10;

/// A connection that the broker has accepted.
pub(crate) struct Link {
    stream: TcpStream,
    protocol: connection::Connection<role::Client>,
    outgoing: Vec<u8>,
    /// When to send PINGREQ, and when the answer to it is overdue.
    ping_due: Option<Instant>,
    answer_due: Option<Instant>,
    unacknowledged: Vec<Sent>,
    /// Size of the largest packet that the broker has accepted, in bytes.
    accepted: usize,
    /// Packets of this size in bytes, and larger ones, are not sent.
    limit: Option<usize>,
}

/// A packet that the broker has not acknowledged.
struct Sent {
    id: u16,
    topic: String,
    size: usize,
}

/// The topic and the payload of a Last Will. It is retained and has QoS 2.
pub(crate) type Will<'a> = (&'a str, &'a str);

/// A packet from the broker.
#[derive(Debug)]
pub(crate) enum Received {
    /// CONNACK: the broker accepts or refuses the client.
    Answer(ConnectReturnCode),
    /// SUBACK.
    Subscribed,
    /// PUBACK.
    Acknowledged,
    /// A message.
    Message(Message),
}

impl Link {
    /// Connects to `broker` as `login`, with a clean session.
    pub(crate) fn open(
        broker: &Address,
        login: Option<&Login>,
        client_id: &str,
        will: Option<Will>,
        until: Instant,
    ) -> Result<Self, Error> {
        let stream = connect(broker, until)?;
        // Otherwise a packet waits for the acknowledgement of the one before it, up to 40 ms.
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let options = ConnectionOptions::new().maximum_packet_size_recv(LARGEST_INCOMING);
        let mut protocol = connection::Connection::with_options(Version::V3_1_1, options);
        protocol.set_auto_pub_response(true);
        protocol.set_pingresp_recv_timeout(u64::from(KEEP_ALIVE) * 1000);
        let mut link = Self {
            stream,
            protocol,
            outgoing: Vec::new(),
            ping_due: None,
            answer_due: None,
            unacknowledged: Vec::new(),
            accepted: 0,
            limit: None,
        };
        let mut connect_packet =
            Connect::builder().client_id(client_id)?.clean_session(true).keep_alive(KEEP_ALIVE);
        if let Some(login) = login {
            connect_packet = connect_packet.user_name(&login.username)?;
            if let Some(password) = &login.password {
                connect_packet = connect_packet.password(password.secret.clone())?;
            }
        }
        if let Some((topic, payload)) = will {
            connect_packet = connect_packet.will_message(topic, payload, Qos::ExactlyOnce, true)?;
        }
        let connect_packet = connect_packet.build()?;
        // The largest of the small packets: it contains the topic and the payload of the Last Will.
        link.accepted = connect_packet.size();
        let events = link.protocol.checked_send(connect_packet);
        link.handle(events, &mut Vec::new())?;
        link.flush()?;
        loop {
            if !wait::readable(&[link.as_fd()], Some(until))?[0] {
                return Err(Error::NoAnswer);
            }
            let received = match link.receive() {
                Err(Error::Closed) => return Err(Error::Unanswered(link.accepted)),
                received => received?,
            };
            // No other packet precedes CONNACK.
            match received.into_iter().next() {
                Some(Received::Answer(ConnectReturnCode::Accepted)) => return Ok(link),
                Some(Received::Answer(
                    ConnectReturnCode::BadUserNameOrPassword | ConnectReturnCode::NotAuthorized,
                )) => return Err(Error::NotAuthorized(login.cloned())),
                Some(Received::Answer(code)) => return Err(Error::Refused(refusal(code))),
                _ => {}
            }
        }
    }

    /// Drops packets of `limit` bytes and more from now on, if any.
    pub(crate) fn set_limit(&mut self, limit: Option<usize>) {
        self.limit = limit;
    }

    /// Publishes a message.
    pub(crate) fn publish(
        &mut self,
        topic: &str,
        qos: QoS,
        retain: bool,
        payload: Vec<u8>,
    ) -> Result<(), Error> {
        let mut packet =
            Publish::builder().topic_name(topic)?.qos(qos.into()).retain(retain).payload(payload);
        let id = if qos == QoS::AtMostOnce { None } else { Some(self.protocol.acquire_packet_id()?) };
        if let Some(id) = id {
            packet = packet.packet_id(id);
        }
        self.send(packet.build()?, id, topic)
    }

    /// Subscribes to `topics`, in this order, in one packet.
    pub(crate) fn subscribe<'a>(
        &mut self,
        topics: impl IntoIterator<Item = (&'a str, QoS)>,
    ) -> Result<(), Error> {
        let mut last = "";
        let entry = |(topic, qos): (&'a str, QoS)| {
            last = topic;
            SubEntry::new(topic, SubOpts::new().set_qos(qos.into()))
        };
        let entries = topics.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let id = self.protocol.acquire_packet_id()?;
        self.send(Subscribe::builder().entries(entries).packet_id(id).build()?, Some(id), last)
    }

    /// Sends a packet, unless it exceeds the limit.
    fn send<P>(&mut self, packet: P, id: Option<u16>, topic: &str) -> Result<(), Error>
    where
        P: GenericPacketTrait + Sendable<role::Client, u16>,
    {
        let size = packet.size();
        let events = if self.limit.is_some_and(|limit| size >= limit) {
            id.map(|id| self.protocol.release_packet_id(id)).unwrap_or_default()
        } else {
            self.unacknowledged.extend(id.map(|id| Sent { id, topic: topic.into(), size }));
            self.protocol.checked_send(packet)
        };
        self.handle(events, &mut Vec::new())
    }

    /// Sends DISCONNECT: the broker does not publish the Last Will.
    pub(crate) fn disconnect(mut self) {
        let events = self.protocol.checked_send(Disconnect::new());
        // The connection ends anyway.
        let _ = self.handle(events, &mut Vec::new());
        let _ = self.flush();
    }

    /// Number of messages and subscriptions that the broker has not acknowledged.
    pub(crate) fn unacknowledged(&self) -> usize {
        self.unacknowledged.len()
    }

    /// Size of the largest packet that the broker has accepted, in bytes.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted
    }

    /// The largest packet that the broker has not acknowledged, if it is larger than all that it has
    /// accepted.
    pub(crate) fn suspect(&self) -> Option<Suspect<'_>> {
        let largest = self.unacknowledged.iter().max_by_key(|sent| sent.size)?;
        (largest.size > self.accepted).then_some((&largest.topic, largest.size))
    }

    /// Reads the acknowledgements that the broker sent before the connection ended.
    pub(crate) fn read_rest(&mut self) {
        while wait::readable(&[self.as_fd()], Some(Instant::now())).is_ok_and(|readable| readable[0])
            && self.receive().is_ok()
        {}
    }

    /// Sends all pending packets, and has the kernel acknowledge what was received. Call it after each
    /// [`Self::receive`].
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let sent = self.stream.write_all(&self.outgoing);
        self.outgoing.clear();
        sent?;
        // Valid until the next packet. It has no effect if what was sent carried the acknowledgement.
        Ok(self.stream.set_quickack(true)?)
    }

    /// When to call [`Self::keep_alive`].
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.ping_due.into_iter().chain(self.answer_due).min()
    }

    /// Sends PINGREQ if it is due, and fails if the answer to the last one is overdue.
    pub(crate) fn keep_alive(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        if self.answer_due.is_some_and(|due| due <= now) {
            return Err(Error::NoAnswer);
        }
        if self.ping_due.take_if(|due| *due <= now).is_some() {
            let events = self.protocol.notify_timer_fired(TimerKind::PingreqSend);
            self.handle(events, &mut Vec::new())?;
            self.flush()?;
        }
        Ok(())
    }

    /// Reads packets; call it when the socket is readable. The answers that the protocol requires are pending
    /// then.
    pub(crate) fn receive(&mut self) -> Result<Vec<Received>, Error> {
        let mut buffer = [0; BUFFER];
        let length = match self.stream.read(&mut buffer) {
            Ok(0) => return Err(Error::Closed),
            Ok(length) => length,
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => 0,
            Err(error) => return Err(error.into()),
        };
        let mut received = Vec::new();
        let mut bytes = Cursor::new(&buffer[..length]);
        while bytes.position() < length as u64 {
            let events = self.protocol.recv(&mut bytes);
            self.handle(events, &mut received)?;
        }
        Ok(received)
    }

    fn handle(&mut self, events: Vec<Event>, received: &mut Vec<Received>) -> Result<(), Error> {
        let mut error = None;
        for event in events {
            match event {
                Event::RequestSendPacket { packet, .. } => {
                    self.outgoing.extend_from_slice(&packet.to_continuous_buffer());
                }
                Event::NotifyPacketReceived(packet) => received.extend(Received::of(packet)),
                Event::NotifyPacketIdReleased(id) => {
                    for sent in self.unacknowledged.extract_if(.., |sent| sent.id == id) {
                        self.accepted = self.accepted.max(sent.size);
                    }
                }
                Event::RequestTimerReset { kind, duration_ms } => {
                    let due = Instant::now() + Duration::from_millis(duration_ms);
                    match kind {
                        // Packets that are sent do not delay it: otherwise a busy lamp would never detect
                        // that its broker is gone.
                        TimerKind::PingreqSend => _ = self.ping_due.get_or_insert(due),
                        TimerKind::PingrespRecv => self.answer_due = Some(due),
                        TimerKind::PingreqRecv => {}
                    }
                }
                Event::RequestTimerCancel(TimerKind::PingrespRecv) => self.answer_due = None,
                Event::RequestTimerCancel(_) => {}
                Event::NotifyError(MqttError::PacketTooLarge) => error = Some(Error::TooLarge),
                Event::NotifyError(reason) => error = Some(reason.into()),
                Event::RequestClose => {
                    error.get_or_insert_with(|| Error::Lost("it violates the MQTT protocol".into()));
                }
            }
        }
        error.map_or(Ok(()), Err)
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Received {
    fn of(packet: Packet) -> Option<Self> {
        match packet {
            Packet::V3_1_1Connack(answer) => Some(Self::Answer(answer.return_code())),
            Packet::V3_1_1Suback(_) => Some(Self::Subscribed),
            Packet::V3_1_1Puback(_) => Some(Self::Acknowledged),
            Packet::V3_1_1Publish(publish) => Some(Self::Message(Message {
                topic: publish.topic_name().to_owned(),
                payload: publish.payload().as_slice().to_vec(),
                retained: publish.retain(),
            })),
            _ => None,
        }
    }
}

/// Tries every address of the broker.
fn connect(broker: &Address, until: Instant) -> Result<TcpStream, Error> {
    let mut last = Error::Lost("its host name has no address".into());
    let addresses = addresses(broker, until)?;
    for (index, address) in addresses.iter().enumerate() {
        // Leaves time for the addresses after it.
        let share = until.saturating_duration_since(Instant::now()) / (addresses.len() - index) as u32;
        if share.is_zero() {
            return Err(Error::NoAnswer);
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == ErrorKind::TimedOut => last = Error::NoAnswer,
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

/// The addresses of the broker. Another thread resolves its host name, because that has no time limit.
fn addresses(broker: &Address, until: Instant) -> Result<Vec<SocketAddr>, Error> {
    let Address { host, port } = broker.clone();
    if let Some(addresses) = address::known(&host, port) {
        return Ok(addresses);
    }
    let (sender, found) = mpsc::channel();
    runtime::thread::start("resolver", move || {
        // It fails if the time is over.
        let _ = sender.send(address::resolve(&host, port));
    })?;
    match found.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(addresses) => Ok(addresses?),
        Err(_) => Err(Error::NoAnswer),
    }
}

/// Why the broker refuses the client.
fn refusal(code: ConnectReturnCode) -> String {
    let reason = match code {
        ConnectReturnCode::IdentifierRejected => "it rejects the client ID",
        ConnectReturnCode::ServerUnavailable => "it is unavailable",
        _ => "it does not support MQTT 3.1.1",
    };
    format!("it refuses the connection: {reason}")
}

impl From<MqttError> for Error {
    fn from(error: MqttError) -> Self {
        Self::Lost(error.to_string())
    }
}
