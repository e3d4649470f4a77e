//! A directory behind HTTP on a loopback port.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The simplest web server there is: `GET` gives a file or 404, and the connection ends. It ends with
/// the value.
#[derive(Debug)]
pub struct FileServer {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
}

impl FileServer {
    /// Serves what is below the directory.
    pub fn start(directory: &Path) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let (directory, flag) = (directory.to_owned(), Arc::clone(&ended));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if flag.load(Ordering::SeqCst) {
                    return;
                }
                let directory = directory.clone();
                // A client that goes away in the middle is no failure of the server.
                std::thread::spawn(move || stream.and_then(|stream| answer(stream, &directory)));
            }
        });
        Ok(Self { address, ended })
    }

    /// `http://127.0.0.1:1234`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes it up.
        drop(TcpStream::connect(self.address));
    }
}

fn answer(mut stream: TcpStream, directory: &Path) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let path = PathBuf::from(path.trim_start_matches('/'));
    let is_below = (path.components()).all(|part| matches!(part, Component::Normal(_)));
    match File::open(directory.join(&path)) {
        Ok(mut file) if is_below && file.metadata()?.is_file() => {
            let length = file.metadata()?.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes())?;
            io::copy(&mut file, &mut stream).map(drop)
        }
        _ => stream
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    }
}
