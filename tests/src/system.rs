//! A real system in a folder of its own: started, killed, started again.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use reqwest::Method;
use serde_json::Value;

use crate::Fault;

/// Longest wait for a system to be ready.
const READY_WAIT: Duration = Duration::from_secs(60);
/// Pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// Longest wait for a whole answer: longer than the service's own, and for the export of a large community on a busy machine.
const ANSWER_WAIT: Duration = Duration::from_secs(40);

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body, when it is JSON.
    pub json: Value,
    /// Its body.
    pub text: String,
}

/// A system of the program under test.
pub struct System {
    /// Where it logs; and its data, unless that was put elsewhere.
    folder: tempfile::TempDir,
    data: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    child: Option<Child>,
    http: reqwest::Client,
}

impl System {
    /// Starts `gridward up` with these arguments on a fresh folder and waits until it is ready.
    ///
    /// # Errors
    /// When the program is not built, or the system does not become ready.
    pub async fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        Self::start_with(arguments, &[]).await
    }

    /// As [`System::start`], with variables of the environment.
    ///
    /// # Errors
    /// As [`System::start`].
    pub async fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut system = Self::new(arguments)?;
        system.environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        system.begin().await?;
        Ok(system)
    }

    /// As [`System::start`], with its data in this folder, which stays when the system goes.
    ///
    /// # Errors
    /// As [`System::start`].
    pub async fn start_in(data: PathBuf, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut system = Self::new(arguments)?;
        system.data = data;
        system.begin().await?;
        Ok(system)
    }

    fn new(arguments: &[&str]) -> anyhow::Result<Self> {
        // a second choice of the same provider changes nothing
        let _already = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir()?;
        Ok(Self {
            data: folder.path().join("data"),
            folder,
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            environment: Vec::new(),
            child: None,
            http: reqwest::Client::builder().timeout(ANSWER_WAIT).build()?,
        })
    }

    /// Starts it again on the same folder, after a kill or a stop.
    ///
    /// # Errors
    /// As [`System::start`].
    pub async fn begin(&mut self) -> anyhow::Result<()> {
        self.launch()?;
        let begun = Instant::now();
        while !self.has_begun().await? {
            anyhow::ensure!(begun.elapsed() < READY_WAIT, "gridward is not ready after {READY_WAIT:?}:\n{}", self.log());
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        Ok(())
    }

    /// Starts it on the same folder, and does not wait until it is ready.
    ///
    /// # Errors
    /// When the program is not built.
    pub fn launch(&mut self) -> anyhow::Result<()> {
        self.launch_under(None)
    }

    /// As [`System::launch`], under a tracer that breaks a system call of any of its processes.
    ///
    /// # Errors
    /// When the program is not built, or there is no strace.
    pub fn launch_broken(&mut self, fault: Fault) -> anyhow::Result<()> {
        self.launch_under(Some(fault))
    }

    fn launch_under(&mut self, fault: Option<Fault>) -> anyhow::Result<()> {
        let run_file = self.data().join("run.json");
        // a killed system leaves its file behind
        if run_file.exists() {
            std::fs::remove_file(&run_file)?;
        }
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log.txt"))?;
        let mut command = match fault {
            None => Command::new(program()?),
            Some(fault) => {
                // what an earlier tracer saw is not of this one
                std::fs::write(self.traced(), "")?;
                fault.around(&program()?, &self.traced())
            }
        };
        command
            .arg("up")
            .arg("--data")
            .arg(self.data())
            .args(["--listen", "127.0.0.1:0"])
            .args(if self.arguments.iter().any(|argument| argument == "--nats") { &[][..] } else { &["--nats-listen", "127.0.0.1:0"] })
            .args(&self.arguments)
            .envs(self.environment.clone());
        self.child = Some(command.stdout(Stdio::null()).stderr(log).stdin(Stdio::null()).spawn()?);
        Ok(())
    }

    /// Where a tracer that it was launched under says what it sees.
    fn traced(&self) -> PathBuf {
        self.folder.path().join("strace.txt")
    }

    /// How often the fault that it was launched with has struck by now.
    pub fn strikes(&self, fault: Fault) -> u64 {
        fault.strikes(&self.traced())
    }

    /// Whether it is ready by now.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn has_begun(&mut self) -> anyhow::Result<bool> {
        let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
        if let Some(status) = ended {
            anyhow::bail!("gridward ended with {status} before it was ready:\n{}", self.log());
        }
        Ok(self.data().join("run.json").exists() && self.is_ready().await)
    }

    /// Starts it again on the same folder, with other arguments from now on.
    ///
    /// # Errors
    /// As [`System::start`].
    pub async fn begin_with(&mut self, arguments: &[&str]) -> anyhow::Result<()> {
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self.begin().await
    }

    async fn is_ready(&self) -> bool {
        let Ok(url) = self.url() else { return false };
        self.http.get(format!("{url}/readyz")).send().await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Whether its program has ended by itself, or because of a fault.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.as_mut().map(Child::try_wait).transpose()?.flatten().is_some())
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// The last of what it logged.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("log.txt")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// All that it logged.
    pub fn whole_log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log.txt")).unwrap_or_default()
    }

    fn run_file(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&std::fs::read(self.data().join("run.json"))?)?)
    }

    /// Address of its pages and API.
    ///
    /// # Errors
    /// When it is not running.
    pub fn url(&self) -> anyhow::Result<String> {
        Ok(self.run_file()?["http"].as_str().context("run.json without http")?.to_owned())
    }

    /// Address of its NATS.
    ///
    /// # Errors
    /// When it is not running.
    pub fn nats(&self) -> anyhow::Result<String> {
        Ok(self.run_file()?["nats"].as_str().context("run.json without nats")?.to_owned())
    }

    /// The operator's token.
    ///
    /// # Errors
    /// When there is none yet.
    pub fn admin_token(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.data().join("admin.token"))?.trim().to_owned())
    }

    /// A request to the API, with the operator's token.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn request(&self, method: Method, path: &str, body: Option<String>) -> anyhow::Result<Answer> {
        self.request_as(&self.admin_token()?, method, path, body).await
    }

    /// A request to the API, with a token.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn request_as(&self, token: &str, method: Method, path: &str, body: Option<String>) -> anyhow::Result<Answer> {
        let response = self.prepare(token, method, path, body)?.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok(Answer { status, json: serde_json::from_str(&text).unwrap_or_default(), text })
    }

    /// A request to the API that is still to be sent: what sends it holds nothing of this system, which may be killed meanwhile.
    ///
    /// # Errors
    /// When it is not running.
    pub fn prepare(&self, token: &str, method: Method, path: &str, body: Option<String>) -> anyhow::Result<reqwest::RequestBuilder> {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.url()?)).bearer_auth(token);
        Ok(match body {
            Some(body) => request.header("content-type", "application/json").body(body),
            None => request,
        })
    }

    /// A request to the API without a wait for its end: for what never ends, and for headers.
    ///
    /// # Errors
    /// When no answer begins.
    pub async fn open(&self, token: &str, method: Method, path: &str, headers: &[(&str, &str)], body: Option<String>) -> anyhow::Result<reqwest::Response> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.url()?)).bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(request.body(body.unwrap_or_default()).send().await?)
    }

    /// A page as a browser shows it to whoever signed in with a token.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn page(&self, token: &str, path: &str) -> anyhow::Result<Answer> {
        let request = self.http.get(format!("{}{path}", self.url()?)).header("cookie", format!("gridward={token}"));
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok(Answer { status, json: Value::Null, text })
    }

    /// Reads a path of the API.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.request(Method::GET, path, None).await
    }

    /// Sends a command with a new id.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn send(&self, community: &str, kind: &str, at: Option<&str>, data: Value) -> anyhow::Result<Answer> {
        let mut command = serde_json::json!({ "id": uuid::Uuid::now_v7(), "type": kind, "data": data });
        if let Some(at) = at {
            command["at"] = at.into();
        }
        self.request(Method::POST, &format!("/communities/{community}/commands"), Some(command.to_string())).await
    }

    /// Sends a command that must be taken.
    ///
    /// # Errors
    /// When it is not.
    pub async fn must(&self, community: &str, kind: &str, at: Option<&str>, data: Value) -> anyhow::Result<Answer> {
        let answer = self.send(community, kind, at, data).await?;
        anyhow::ensure!(answer.status < 300, "{kind} was refused: {} {}", answer.status, answer.text);
        Ok(answer)
    }

    /// Sends a whole command, id and all.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn post(&self, community: &str, command: &Value) -> anyhow::Result<Answer> {
        self.request(Method::POST, &format!("/communities/{community}/commands"), Some(command.to_string())).await
    }

    /// Makes a token: `scope` is `["--community", "u07"]`, `["--town", "dianbu"]` or `["--deployment"]`. Its secret.
    ///
    /// # Errors
    /// When it is refused.
    pub fn token(&self, name: &str, scope: &[&str], role: &str) -> anyhow::Result<String> {
        let made = self.json_of(&[&["token", "add", name, "--role", role], scope].concat())?;
        Ok(made["secret"].as_str().context("a token without a secret")?.to_owned())
    }

    /// Makes an outside consumer of all that is told from the beginning: its credentials, as they are printed.
    ///
    /// # Errors
    /// When it is refused.
    pub fn add_consumer(&self, name: &str, filters: &[&str]) -> anyhow::Result<Value> {
        self.json_of(&[&["consumer", "add", name, "--from", "all", "--filter"], filters].concat())
    }

    /// What a gridward command prints with `--json`.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub fn json_of(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let output = self.command(&[&["--json"], arguments].concat())?;
        anyhow::ensure!(output.status.success(), "gridward {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Runs a gridward command against this system.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        Ok(Command::new(program()?).arg("--data").arg(self.data()).args(arguments).stdin(Stdio::null()).output()?)
    }

    /// Kills the whole program, as a power switch would; its nats-server dies with it.
    ///
    /// # Errors
    /// When it is not running.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("not running")?;
        // under a tracer the program is its child, and would outlive it
        match children_named(child.id(), "gridward").and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)) {
            // it may have ended already; the tracer ends with the last of those it traces
            Some(traced) => drop(rustix::process::kill_process(traced, rustix::process::Signal::KILL)),
            None => child.kill()?,
        }
        crate::fault::end(&mut child);
        Ok(())
    }

    /// Ends the program at once, in the middle of whatever it does: [`System::kill`] is still to be called. Nobody who uses it is held up for that.
    ///
    /// # Errors
    /// When it is not running.
    pub fn strike_down(&self) -> anyhow::Result<()> {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid()?)?).context("no such process")?;
        Ok(rustix::process::kill_process(pid, rustix::process::Signal::KILL)?)
    }

    /// Process of its nats-server.
    ///
    /// # Errors
    /// When there is none.
    pub fn nats_pid(&self) -> anyhow::Result<u32> {
        children_named(self.child.as_ref().context("not running")?.id(), "nats-server").context("no nats-server")
    }

    /// Kills its nats-server only: the program starts another.
    ///
    /// # Errors
    /// When there is none.
    pub fn kill_nats(&self) -> anyhow::Result<()> {
        let pid = self.nats_pid()?;
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid)?).context("no such process")?;
        Ok(rustix::process::kill_process(pid, rustix::process::Signal::KILL)?)
    }

    /// Its process.
    ///
    /// # Errors
    /// When it is not running.
    pub fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.child.as_ref().context("not running")?.id())
    }

    /// Stops it as a supervisor would.
    ///
    /// # Errors
    /// When it does not end well.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("not running")?;
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.id())?).context("no such process")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let status = child.wait()?;
        anyhow::ensure!(status.success(), "gridward ended with {status}:\n{}", self.log());
        Ok(())
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // it may have ended already
            let _ended = child.kill();
            let _reaped = child.wait();
        }
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "a failing test shows what the system said")]
            {
                eprintln!("--- the system's log ---\n{}", self.log());
            }
        }
    }
}

/// The child of a process that runs a program of this name.
fn children_named(parent: u32, name: &str) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    processes.into_iter().find(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        let is_child = after_name.split_whitespace().nth(1) == Some(&parent.to_string());
        is_child && stat.contains(name)
    })
}

/// The program under test, as cargo builds it.
///
/// # Errors
/// When it is not built.
pub fn program() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).context("no target folder")?;
    let program = folder.join("gridward");
    anyhow::ensure!(program.exists(), "{} is not built: run `cargo build -p gridward` first, or `./justw test`", program.display());
    Ok(program)
}
