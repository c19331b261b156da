//! A wire to NATS that can be cut, held up, and made to lose exactly the acknowledgement of an append.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// How what goes over the wire is held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Free,
    Slow(Duration),
    Held,
}

/// A wire between clients and one nats-server. Everything goes through unless something else was asked for.
pub struct Wire {
    listen: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    server: SocketAddr,
    /// Counts cuts: a connection of an earlier count is closed.
    cuts: watch::Sender<u64>,
    flow: watch::Sender<Flow>,
    acks_to_lose: AtomicU64,
    acks_lost: AtomicU64,
}

impl Wire {
    /// Lays a wire to a server.
    ///
    /// # Errors
    /// When there is no free address.
    pub async fn to(server: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let state = Arc::new(State {
            server,
            cuts: watch::Sender::new(0),
            flow: watch::Sender::new(Flow::Free),
            acks_to_lose: AtomicU64::new(0),
            acks_lost: AtomicU64::new(0),
        });
        let listen = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { listen, state, task })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.listen
    }

    /// Closes every connection; clients may connect again at once.
    pub fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Loses the next acknowledgements of appends to the log: what they acknowledge is on disk, and nobody is told.
    pub fn lose_acks(&self, count: u64) {
        self.state.acks_to_lose.fetch_add(count, Ordering::SeqCst);
    }

    /// How many acknowledgements were lost.
    pub fn acks_lost(&self) -> u64 {
        self.state.acks_lost.load(Ordering::SeqCst)
    }

    /// Lets nothing through until it is let go.
    pub fn hold(&self) {
        self.state.flow.send_replace(Flow::Held);
    }

    /// Keeps back every piece for a while.
    pub fn slow(&self, by: Duration) {
        self.state.flow.send_replace(Flow::Slow(by));
    }

    /// Lets everything through at once, and loses no further acknowledgement.
    pub fn free(&self) {
        self.state.acks_to_lose.store(0, Ordering::SeqCst);
        self.state.flow.send_replace(Flow::Free);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let mut cuts = state.cuts.subscribe();
            // a server that is not there closes the client's connection, as it would without us
            let Ok(server) = TcpStream::connect(state.server).await else { return };
            let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
            tokio::select! {
                _ = up(&state, from_client, to_server) => {}
                _ = down(&state, from_server, to_client) => {}
                _ = cuts.changed() => {}
            }
        });
    }
}

impl State {
    /// Waits as long as what goes over the wire is held up.
    async fn pass(&self) {
        let mut flow = self.flow.subscribe();
        let now = *flow.borrow_and_update();
        match now {
            Flow::Free => {}
            Flow::Slow(by) => tokio::time::sleep(by).await,
            // an error means that the wire is gone, and this connection with it
            Flow::Held => drop(flow.wait_for(|flow| *flow != Flow::Held).await),
        }
    }

    /// Whether this message is an acknowledgement that is to be lost.
    fn loses(&self, payload: &[u8]) -> bool {
        let text = String::from_utf8_lossy(payload);
        let is_ack = text.contains(r#""stream":"EVENTS""#) && text.contains(r#""seq":"#) && !text.contains(r#""type":"#);
        let lost = is_ack && self.acks_to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        self.acks_lost.fetch_add(u64::from(lost), Ordering::SeqCst);
        lost
    }
}

async fn up(state: &State, mut client: OwnedReadHalf, mut server: OwnedWriteHalf) -> std::io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = client.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        state.pass().await;
        server.write_all(&piece[..length]).await?;
    }
}

/// What the server says, message by message: `MSG subject sid [reply] bytes`, or `HMSG` with headers.
async fn down(state: &State, server: OwnedReadHalf, mut client: OwnedWriteHalf) -> std::io::Result<()> {
    let mut server = BufReader::new(server);
    loop {
        let mut said = Vec::new();
        if server.read_until(b'\n', &mut said).await? == 0 {
            return Ok(());
        }
        let is_message = said.starts_with(b"MSG ") || said.starts_with(b"HMSG ");
        let length = String::from_utf8_lossy(&said).split_whitespace().next_back().and_then(|length| length.parse::<usize>().ok());
        let mut payload = vec![0; length.filter(|_| is_message).map_or(0, |length| length + 2)];
        server.read_exact(&mut payload).await?;
        if is_message && state.loses(&payload) {
            continue;
        }
        state.pass().await;
        said.append(&mut payload);
        client.write_all(&said).await?;
    }
}
