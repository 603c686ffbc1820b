//! Bytes on a socket, for what no well-behaved client does.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{Answer, Bridge, CANARY, PATIENCE};

/// A request as it stands on the wire.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: bridge\r\n");
    headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// A post with its `Content-Length`, after which the client wants the connection closed.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len().to_string();
    request("POST", path, &[("Content-Length", &length), ("Connection", "close")], body)
}

pub async fn connect(address: SocketAddr) -> TcpStream {
    timeout(PATIENCE, TcpStream::connect(address)).await.expect("in time").expect("a connection")
}

/// What comes until the other side ends the connection, and how it ends it.
pub async fn read_to_end(stream: &mut TcpStream) -> (String, io::Result<()>) {
    let mut bytes = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the connection ends").map(|_| ());
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(!text.contains(CANARY), "a secret in an answer: {text}");
    (text, ended)
}

/// What comes until the text has `end` in it.
pub async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains(end) {
        let count = timeout(PATIENCE, stream.read(&mut buffer)).await.expect("in time").expect("no error");
        assert!(count > 0, "the connection ended after {text:?}");
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    text
}

/// Sends bytes and reads until the bridge ends the connection.
pub async fn exchange(bridge: &Bridge, bytes: &[u8]) -> String {
    let mut stream = connect(bridge.address).await;
    stream.write_all(bytes).await.expect("sent");
    read_to_end(&mut stream).await.0
}

/// A request to any address, with the harness's checks.
pub async fn ask(address: SocketAddr, method: Method, path: &str, body: &str) -> Answer {
    let mut stream = connect(address).await;
    let length = body.len().to_string();
    let headers = [("Content-Length", length.as_str()), ("Connection", "close")];
    stream.write_all(&request(method.as_str(), path, &headers, body)).await.expect("sent");
    let (text, _) = read_to_end(&mut stream).await;
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = StatusCode::from_bytes(&Bytes::copy_from_slice(head.as_bytes())[9..12]).expect("a status");
    Answer { status, headers: HeaderMap::new(), body: body.to_owned() }
}

/// The status codes of the answers in a text, in their order.
pub fn statuses(text: &str) -> Vec<&str> {
    text.match_indices("HTTP/1.").map(|(at, _)| &text[at + 9..at + 12]).collect()
}
