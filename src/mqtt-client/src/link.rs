// SPDX-License-Identifier: GPL-3.0-or-later
//! The socket to a broker and the protocol on it.
//!
//! What is to be sent is gathered until [`Link::flush`], so that all of it is one write. With it goes the acknowledgement of what
//! was received: a broker that uses Nagle's algorithm, as mosquitto does unless it is told otherwise, holds the next message
//! back until then, and the kernel would take up to 40 ms to acknowledge.

use std::io::{self, ErrorKind, Read, Write};
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

use crate::{Error, Login, Message, QoS};

/// Time between signs of life, as in every LAMPI client, in seconds.
const KEEP_ALIVE: u16 = 60;

/// Longest wait for the broker's kernel to take what is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest packet taken from the broker, in bytes. Beyond it the connection is dropped, so it is far above any
/// message that makes sense and far below the memory of a lamp.
const LARGEST_INCOMING: u32 = 4 << 20;

/// Bytes that are read at a time.
const BUFFER: usize = 16 << 10;

/// A connection that the broker has accepted.
pub(crate) struct Link {
    stream: TcpStream,
    protocol: connection::Connection<role::Client>,
    outgoing: Vec<u8>,
    /// When to send a sign of life, and when that of the broker is overdue.
    ping_due: Option<Instant>,
    answer_due: Option<Instant>,
    unacknowledged: usize,
}

/// The topic of a Last Will and its payload: QoS 2, retained.
pub(crate) type Will<'a> = (&'a str, &'a str);

/// What has come from the broker.
#[derive(Debug)]
pub(crate) enum Received {
    /// It accepts the client, or refuses it.
    Answer(ConnectReturnCode),
    /// It has taken a subscription.
    Subscribed,
    /// It has taken a message of QoS 1.
    Acknowledged,
    /// A message.
    Message(Message),
}

impl Link {
    /// Connects to `broker` as `login`, with a new session.
    pub(crate) fn open(
        broker: &Address,
        login: Option<&Login>,
        client_id: &str,
        will: Option<Will>,
        until: Instant,
    ) -> Result<Self, Error> {
        let stream = connect(broker, until)?;
        // Without this an answer waits until the broker's kernel has acknowledged what went before it: 40 ms.
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
            unacknowledged: 0,
        };
        let mut hello = Connect::builder().client_id(client_id)?.clean_session(true).keep_alive(KEEP_ALIVE);
        if let Some(login) = login {
            hello = hello.user_name(&login.username)?;
            if let Some(password) = &login.password {
                hello = hello.password(password.secret.clone())?;
            }
        }
        if let Some((topic, payload)) = will {
            hello = hello.will_message(topic, payload, Qos::ExactlyOnce, true)?;
        }
        let events = link.protocol.checked_send(hello.build()?);
        link.handle(events, &mut Vec::new())?;
        link.flush()?;
        loop {
            if !wait::readable(&[link.as_fd()], Some(until))?[0] {
                return Err(Error::NoAnswer);
            }
            // Nothing else comes before it.
            match link.receive()?.into_iter().next() {
                Some(Received::Answer(ConnectReturnCode::Accepted)) => return Ok(link),
                Some(Received::Answer(
                    ConnectReturnCode::BadUserNameOrPassword | ConnectReturnCode::NotAuthorized,
                )) => return Err(Error::NotAuthorized(login.cloned())),
                Some(Received::Answer(code)) => return Err(Error::Refused(refusal(code))),
                _ => {}
            }
        }
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
        if qos != QoS::AtMostOnce {
            packet = packet.packet_id(self.protocol.acquire_packet_id()?);
            self.unacknowledged += 1;
        }
        let events = self.protocol.checked_send(packet.build()?);
        self.handle(events, &mut Vec::new())
    }

    /// Subscribes to `topics`, in their order, in one request.
    pub(crate) fn subscribe<'a>(
        &mut self,
        topics: impl IntoIterator<Item = (&'a str, QoS)>,
    ) -> Result<(), Error> {
        let entry = |(topic, qos): (&str, QoS)| SubEntry::new(topic, SubOpts::new().set_qos(qos.into()));
        let entries = topics.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let id = self.protocol.acquire_packet_id()?;
        self.unacknowledged += 1;
        let events = self.protocol.checked_send(Subscribe::builder().entries(entries).packet_id(id).build()?);
        self.handle(events, &mut Vec::new())
    }

    /// Leaves politely, without the Last Will.
    pub(crate) fn disconnect(mut self) {
        let events = self.protocol.checked_send(Disconnect::new());
        // The broker closes the connection, or has done so.
        let _ = self.handle(events, &mut Vec::new());
        let _ = self.flush();
    }

    /// How many messages and subscriptions the broker has not acknowledged yet.
    pub(crate) fn unacknowledged(&self) -> usize {
        self.unacknowledged
    }

    /// Sends what was gathered, and has the kernel acknowledge what was received. To be called after each
    /// [`Self::receive`].
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let sent = self.stream.write_all(&self.outgoing);
        self.outgoing.clear();
        sent?;
        // The kernel forgets this with the next packet. It does nothing where the acknowledgement went with what was sent.
        Ok(self.stream.set_quickack(true)?)
    }

    /// When [`Self::keep_alive`] has something to do.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.ping_due.into_iter().chain(self.answer_due).min()
    }

    /// Sends a sign of life if it is time, and fails if the broker has sent none for too long.
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

    /// Takes what has come; to be called when the socket is readable. The answers that the protocol asks for are gathered.
    pub(crate) fn receive(&mut self) -> Result<Vec<Received>, Error> {
        let mut buffer = [0; BUFFER];
        let length = match self.stream.read(&mut buffer) {
            Ok(0) => return Err(Error::Lost("the broker has closed the connection".into())),
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
                Event::NotifyPacketIdReleased(_) => {
                    self.unacknowledged = self.unacknowledged.saturating_sub(1);
                }
                Event::RequestTimerReset { kind, duration_ms } => {
                    let due = Instant::now() + Duration::from_millis(duration_ms);
                    match kind {
                        // Not put off by what is sent meanwhile: else a lamp that is busy would never find out that its
                        // broker is gone.
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
                    error.get_or_insert_with(|| Error::Lost("the broker breaks the protocol".into()));
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
    let mut last = Error::Lost("its name has no address".into());
    let addresses = addresses(broker, until)?;
    for (index, address) in addresses.iter().enumerate() {
        // None may take the time of those after it.
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

/// The addresses of the broker. A name is looked up on a thread of its own, since nothing else ends that in time.
fn addresses(broker: &Address, until: Instant) -> Result<Vec<SocketAddr>, Error> {
    let Address { host, port } = broker.clone();
    if let Some(addresses) = address::known(&host, port) {
        return Ok(addresses);
    }
    let (sender, found) = mpsc::channel();
    runtime::thread::start("resolver", move || {
        // Whoever asked may have given up.
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
        ConnectReturnCode::IdentifierRejected => "the client id is rejected",
        ConnectReturnCode::ServerUnavailable => "it is not available",
        _ => "the version of the protocol is not accepted",
    };
    format!("it refuses the connection: {reason}")
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Lost(error.to_string())
    }
}

impl From<MqttError> for Error {
    fn from(error: MqttError) -> Self {
        Self::Lost(error.to_string())
    }
}
