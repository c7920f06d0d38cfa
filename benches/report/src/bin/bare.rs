//! `bare`: converts each body that it gets, with no more than that takes: a thread per connection, one buffer that all
//! requests of a connection use again, one system call per answer, no limits, no log. What the service spends beyond this
//! is the price of everything else that it does.

use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use clap::Parser;
use pdfmagic_core::{Auto, Document, Options, Page, Piece};

/// Converts each body that it gets, and does nothing else.
#[derive(Debug, Parser)]
struct Arguments {
    /// Address and port to listen on.
    #[arg(long)]
    listen: SocketAddr,
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(Arguments::parse().listen)?;
    loop {
        let (stream, _) = listener.accept()?;
        // The client sees the error of a failed connection.
        thread::spawn(move || drop(serve(stream)));
    }
}

/// Answers the requests of a connection until the client closes it.
fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut filled = 0;
    loop {
        let Some(head) = buffer[..filled].windows(4).position(|w| w == b"\r\n\r\n") else {
            match stream.read(&mut buffer[filled..])? {
                0 => return Ok(()),
                count => filled += count,
            }
            continue;
        };
        let body = head + 4;
        let end = body + content_length(&buffer[..head])?;
        if buffer.len() < end {
            buffer.resize(end, 0);
        }
        if filled < end {
            stream.read_exact(&mut buffer[filled..end])?;
        }
        answer(&mut stream, &buffer[body..end])?;
        // wrk sends a request only after the answer to the one before.
        filled = 0;
    }
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    String::from_utf8_lossy(head)
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse().ok())
        .ok_or_else(|| io::Error::other("no Content-Length"))
}

/// Sends the PDF of a JPEG.
fn answer(stream: &mut TcpStream, jpeg: &[u8]) -> io::Result<()> {
    let page = Page::from_jpeg(jpeg, &Options::default(), &Auto).map_err(io::Error::other)?;
    let mut document = Document::new();
    let pieces = document.push(page);
    let end = document.finish().map_err(io::Error::other)?;
    let size = end.len() as u64 + pieces.iter().map(Piece::size).sum::<u64>();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/pdf\r\ncontent-length: {size}\r\n\r\n"
    );
    let mut slices = vec![IoSlice::new(head.as_bytes())];
    slices.extend(pieces.iter().map(|piece| IoSlice::new(piece.bytes(jpeg))));
    slices.push(IoSlice::new(&end));
    let mut rest = &mut slices[..];
    while !rest.is_empty() {
        let count = stream.write_vectored(rest)?;
        IoSlice::advance_slices(&mut rest, count);
    }
    Ok(())
}
