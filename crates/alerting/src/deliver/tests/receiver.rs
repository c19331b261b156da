//! A receiver on loopback, as strict as the real ones.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A call that came in, whole.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Call {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What a call is answered: status, more header lines, body. Nothing: never.
pub(super) type Answer = Option<(u16, String, String)>;
type Answering = Box<dyn FnMut(&Call) -> Answer + Send>;

/// A receiver. What it was told stays when it goes away.
pub(super) struct FakeReceiver {
    pub(super) address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    answering: Arc<Mutex<Answering>>,
    task: JoinHandle<()>,
}

impl FakeReceiver {
    pub(super) async fn start(answering: impl FnMut(&Call) -> Answer + Send + 'static) -> Self {
        let calls = Arc::default();
        let answering: Arc<Mutex<Answering>> = Arc::new(Mutex::new(Box::new(answering)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(serve(listener, Arc::clone(&calls), Arc::clone(&answering)));
        Self { address, calls, answering, task }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook?key=top-secret", self.address)
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.calls().iter().map(|call| call.header("webhook-id").unwrap().to_owned()).collect()
    }

    pub(super) fn answer(&self, answering: impl FnMut(&Call) -> Answer + Send + 'static) {
        *self.answering.lock().unwrap() = Box::new(answering);
    }

    /// Goes away: nobody listens any more.
    pub(super) async fn go(&mut self) {
        self.task.abort();
        let _aborted = (&mut self.task).await;
    }

    /// Comes back at the same address.
    pub(super) async fn come_back(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.task = tokio::spawn(serve(listener, Arc::clone(&self.calls), Arc::clone(&self.answering)));
    }
}

pub(super) fn ok(_: &Call) -> Answer {
    Some((200, String::new(), r#"{"errcode":0,"code":0}"#.to_owned()))
}

async fn serve(listener: TcpListener, calls: Arc<Mutex<Vec<Call>>>, answering: Arc<Mutex<Answering>>) {
    // ends with this task
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (calls, answering) = (Arc::clone(&calls), Arc::clone(&answering));
        connections.spawn(async move {
            let Some((mut stream, call)) = read(stream).await else { return };
            calls.lock().unwrap().push(call.clone());
            let answer = (answering.lock().unwrap())(&call);
            let Some((status, headers, body)) = answer else {
                // holds the line and says nothing
                return std::future::pending().await;
            };
            let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len());
            let _gone = stream.write_all(answer.as_bytes()).await;
        });
    }
}

async fn read(mut stream: TcpStream) -> Option<(TcpStream, Call)> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let call = Call { head: String::from_utf8_lossy(&bytes[..end]).into_owned(), body: bytes[end + 4..].to_vec() };
        let length: usize = call.header("content-length").map_or(0, |length| length.parse().unwrap());
        if call.body.len() >= length {
            return Some((stream, call));
        }
    }
}
