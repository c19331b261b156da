//! Clients that are not ours: programs that are told lines and say lines.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::poll::until;

/// Longest wait for a foreign program to say something.
const WORD_WAIT: Duration = Duration::from_secs(20);

/// What npm is told besides the commands that a reader pastes: to say nothing among the lines of the program, and to take what
/// `tests/foreign/install` has brought already.
const NPM_QUIETLY: [(&str, &str); 5] = [
    ("npm_config_loglevel", "silent"),
    ("npm_config_audit", "false"),
    ("npm_config_fund", "false"),
    ("npm_config_update_notifier", "false"),
    ("npm_config_prefer_offline", "true"),
];

/// A line that a foreign program said, and when.
#[derive(Clone, Debug)]
pub struct Line {
    /// The line, as JSON.
    pub json: Value,
    /// When it was said.
    pub at: Instant,
}

/// A foreign program that runs until this is dropped.
pub struct Foreign {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Arc<Mutex<Vec<Line>>>,
}

impl Foreign {
    /// Runs a script of `tests/foreign` with the Python that `tests/foreign/install` made.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn python(script: &str) -> anyhow::Result<Self> {
        Self::run(Command::new(folder().join(".venv/bin/python")).arg(folder().join(script)))
    }

    /// Runs a script of `tests/foreign` with node.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn node(script: &str) -> anyhow::Result<Self> {
        Self::run(Command::new("node").arg(folder().join(script)))
    }

    /// Pastes a line into a shell in which `python3` is the Python that `tests/foreign/install` made. Its words are texts, not JSON.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn pasted(line: &str) -> anyhow::Result<Self> {
        let path = format!("{}:{}", folder().join(".venv/bin").display(), std::env::var("PATH").unwrap_or_default());
        Self::run(Command::new("bash").arg("-c").arg(format!("exec {line}")).env("PATH", path))
    }

    /// Runs one of the programs that we show to others, `alerts.py`, `alerts.mjs` or `alerts.rs` of `docs/consumers`, with these credentials, and
    /// a token where it is to answer. `place` is an empty folder. Its words are texts, not JSON.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn example(name: &str, place: &Path, credentials: &Value, token: Option<&str>) -> anyhow::Result<Self> {
        let consumer = place.join("consumer.json");
        std::fs::write(&consumer, credentials.to_string())?;
        let docs = folder().join("../../docs");
        let mut command = match name.rsplit_once('.') {
            Some((_, "py")) => Command::new(folder().join(".venv/bin/python")),
            Some((_, "mjs")) => Command::new("bash"),
            _ => Command::new(crate::program()?.with_file_name("examples").join("alerts")),
        };
        if name.ends_with(".mjs") {
            std::os::unix::fs::symlink(docs.canonicalize()?, place.join("docs"))?;
            let commands = commands_for_node(&std::fs::read_to_string(docs.join("consumers/README.md"))?)?;
            command.args(["-e", "-c", &commands]).current_dir(place).envs(NPM_QUIETLY);
        } else if name.ends_with(".py") {
            command.args([docs.join("consumers").join(name), consumer]);
        } else {
            command.arg(consumer);
        }
        Self::run(command.envs(token.map(|token| ("GRIDWARD_TOKEN", token))))
    }

    fn run(command: &mut Command) -> anyhow::Result<Self> {
        anyhow::ensure!(folder().join(".venv").exists(), "the foreign clients are not there: run tests/foreign/install");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run {command:?}"))?;
        let said: Arc<Mutex<Vec<Line>>> = Arc::default();
        let (heard, out) = (Arc::clone(&said), child.stdout.take().context("no stdout")?);
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let json = serde_json::from_str(&line).unwrap_or(Value::String(line));
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(Line { json, at: Instant::now() });
            }
        });
        let stdin = child.stdin.take();
        Ok(Self { child, stdin, said })
    }

    /// Tells it a line.
    ///
    /// # Errors
    /// When it does not listen any more.
    pub fn tell(&mut self, line: &Value) -> anyhow::Result<()> {
        self.tell_text(&line.to_string())
    }

    /// Tells it a line that is no JSON.
    ///
    /// # Errors
    /// When it does not listen any more.
    pub fn tell_text(&mut self, line: &str) -> anyhow::Result<()> {
        let stdin = self.stdin.as_mut().context("nothing more is told")?;
        writeln!(stdin, "{line}")?;
        Ok(stdin.flush()?)
    }

    /// Everything it said.
    pub fn said(&self) -> Vec<Line> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The line with this number, from 0, once it is said.
    ///
    /// # Panics
    /// When it is not said in time.
    pub async fn line(&self, number: usize) -> Line {
        until(&format!("line {number} of a foreign program"), WORD_WAIT, async || self.said().get(number).cloned()).await
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // it may have ended already
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A subscriber to alerts: nats-py, bound to a durable consumer that `gridward consumer add --json` made.
pub struct Subscriber(Foreign);

impl Subscriber {
    /// Subscribes, and waits until it does.
    ///
    /// # Errors
    /// When it cannot be started.
    ///
    /// # Panics
    /// When it does not say in time that it listens.
    pub async fn start(credentials: &Value) -> anyhow::Result<Self> {
        Self::with("subscribe.py", credentials).await
    }

    /// As [`Subscriber::start`], and it goes on whatever happens to the server: what loses its connection makes another.
    ///
    /// # Errors
    /// As [`Subscriber::start`].
    ///
    /// # Panics
    /// As [`Subscriber::start`].
    pub async fn start_lasting(credentials: &Value) -> anyhow::Result<Self> {
        Self::with("keep.py", credentials).await
    }

    async fn with(script: &str, credentials: &Value) -> anyhow::Result<Self> {
        let mut foreign = Foreign::python(script)?;
        foreign.tell(credentials)?;
        assert_eq!(foreign.line(0).await.json, json!({"ready": true}));
        Ok(Self(foreign))
    }

    /// Tells one that lasts that its server is elsewhere.
    ///
    /// # Errors
    /// When it does not listen any more.
    pub fn goes_on_with(&mut self, credentials: &Value) -> anyhow::Result<()> {
        self.0.tell(credentials)
    }

    /// Every message so far.
    pub fn messages(&self) -> Vec<Message> {
        self.0.said().into_iter().skip(1).map(Message::of).collect()
    }

    /// The message with this number, from 0, once it has come.
    ///
    /// # Panics
    /// When it does not come in time.
    pub async fn message(&self, number: usize) -> Message {
        Message::of(self.0.line(number + 1).await)
    }
}

/// A message as a subscriber got it.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: Value,
    /// Its bytes as text.
    pub body: String,
    /// Its bytes as JSON.
    pub json: Value,
    /// How many more the stream had for this subscriber by then.
    pub pending: u64,
    /// When the subscriber had it.
    pub at: Instant,
}

impl Message {
    fn of(line: Line) -> Self {
        let body = line.json["body"].as_str().unwrap_or_default().to_owned();
        let json = serde_json::from_str(&body).unwrap_or_default();
        Self {
            subject: line.json["subject"].as_str().unwrap_or_default().to_owned(),
            headers: line.json["headers"].clone(),
            body,
            json,
            pending: line.json["pending"].as_u64().unwrap_or_default(),
            at: line.at,
        }
    }

    /// What happened to the alert.
    pub fn action(&self) -> &str {
        self.json["data"]["action"].as_str().unwrap_or_default()
    }

    /// The alert.
    pub fn alert(&self) -> &str {
        self.json["data"]["alert"].as_str().unwrap_or_default()
    }

    /// What tells it from every other message, and from itself when it comes twice.
    pub fn id(&self) -> &str {
        self.json["id"].as_str().unwrap_or_default()
    }

    /// The commit it comes from.
    pub fn sequence(&self) -> u64 {
        self.headers["Gridward-Sequence"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

/// The commands that the README gives for Node, the last of which takes the shell's place.
fn commands_for_node(readme: &str) -> anyhow::Result<String> {
    let section = readme.split("## Node\n").nth(1).context("the README has no section for Node")?;
    let block = section.split("```sh\n").nth(1).and_then(|block| block.split("\n```").next()).context("it gives no commands")?;
    let (before, last) = block.rsplit_once('\n').context("it gives one command")?;
    Ok(format!("{before}\nexec {last}"))
}

/// Where the foreign clients are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign")
}
