//! A connection of the server's side, with TLS or without.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, Stream};
use socket2::SockRef;

pub(super) struct Connection {
    socket: TcpStream,
    tls: Option<ServerConnection>,
    /// Bytes written, without those of TLS.
    sent: Arc<AtomicUsize>,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let tls = tls.map(|config| ServerConnection::new(config).unwrap());
        Ok(Self {
            socket,
            tls,
            sent: Arc::default(),
        })
    }

    /// What is written from now on is counted here.
    pub(super) fn count_into(&mut self, sent: Arc<AtomicUsize>) {
        self.sent = sent;
    }

    /// Instead of an orderly end, the client sees a reset.
    pub(super) fn reset_on_close(&self) -> io::Result<()> {
        SockRef::from(&self.socket).set_linger(Some(Duration::ZERO))
    }

    /// Waits so long, or until the client has closed its side.
    pub(super) fn is_gone_within(&self, time: Duration) -> io::Result<bool> {
        self.socket.set_read_timeout(Some(time))?;
        match self.socket.peek(&mut [0]) {
            Ok(count) => Ok(count == 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Hands every byte on to `server` and back, until both are at their ends.
    pub(super) fn tunnel(mut self, server: SocketAddr) -> io::Result<()> {
        let other = TcpStream::connect(server)?;
        self.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
        let (mut from, mut to) = (self.socket.try_clone()?, other.try_clone()?);
        let (mut back_from, mut back_to) = (other, self.socket);
        let back = std::thread::spawn(move || {
            let copied = io::copy(&mut back_from, &mut back_to);
            let _ = back_to.shutdown(Shutdown::Write);
            copied
        });
        let copied = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
        back.join().unwrap()?;
        copied.map(drop)
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => Stream::new(tls, &mut self.socket).read(buffer),
            None => self.socket.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Before the client can have them: whoever has seen it end has the right count.
        self.sent.fetch_add(bytes.len(), Ordering::SeqCst);
        let written = match &mut self.tls {
            Some(tls) => Stream::new(tls, &mut self.socket).write(bytes),
            None => self.socket.write(bytes),
        };
        let left = bytes.len() - *written.as_ref().unwrap_or(&0);
        self.sent.fetch_sub(left, Ordering::SeqCst);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => Stream::new(tls, &mut self.socket).flush(),
            None => self.socket.flush(),
        }
    }
}
