//! One service per process, beside a nats-server that somebody started by hand.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use bus::server::{ServerConfig, find_binary};
use serde_json::Value;

use crate::{poll::until, system::program};

/// Longest wait for a server to answer.
const START_WAIT: Duration = Duration::from_secs(60);

/// Where the exports of the services' account begin, in the configuration of [`NatsByHand::start_plain`].
const EXPORTS: &str = "exports: [";

/// An address of this machine that is free now.
///
/// # Errors
/// When there is none.
pub fn any_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// A nats-server that is not gridward's child.
pub struct NatsByHand {
    child: Child,
    file: PathBuf,
    listen: SocketAddr,
    monitor: SocketAddr,
}

/// A nats-server that was stopped and can be started again as it was.
pub struct Stopped {
    file: PathBuf,
    listen: SocketAddr,
    monitor: SocketAddr,
}

impl Stopped {
    /// Starts it again.
    ///
    /// # Errors
    /// When it cannot be started.
    ///
    /// # Panics
    /// When it is not healthy in time.
    pub async fn start(self) -> anyhow::Result<NatsByHand> {
        let child = Command::new(find_binary()?).arg("-c").arg(&self.file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let server = NatsByHand { child, file: self.file, listen: self.listen, monitor: self.monitor };
        let health = format!("{}/healthz", server.monitor_url());
        until("nats-server is healthy", START_WAIT, async || reqwest::get(&health).await.ok().filter(|answer| answer.status().is_success())).await;
        Ok(server)
    }
}

impl NatsByHand {
    /// Starts it on a folder with a configuration, after `edit` has changed its text.
    ///
    /// # Errors
    /// When it cannot be started.
    ///
    /// # Panics
    /// When it is not healthy in time.
    pub async fn start(folder: &Path, config: &ServerConfig, edit: impl FnOnce(String) -> String) -> anyhow::Result<Self> {
        // a second choice of the same provider changes nothing
        let _already = rustls::crypto::ring::default_provider().install_default();
        fs::create_dir_all(folder.join("ports"))?;
        let file = folder.join("server.conf");
        fs::write(&file, edit(config.text(folder)?))?;
        Stopped { file, listen: config.listen, monitor: config.monitor }.start().await
    }

    /// Starts one with a single user that may do everything: `admin`, `p-admin`.
    ///
    /// # Errors
    /// When it cannot be started.
    ///
    /// # Panics
    /// When it is not healthy in time.
    pub async fn start_plain(folder: &Path) -> anyhow::Result<Self> {
        Self::start_plain_on(folder, &folder.join("store"), "always").await
    }

    /// As [`NatsByHand::start_plain`], with its messages in another folder, synced so often.
    ///
    /// # Errors
    /// When it cannot be started.
    ///
    /// # Panics
    /// When it is not healthy in time.
    pub async fn start_plain_on(folder: &Path, store: &Path, sync_interval: &str) -> anyhow::Result<Self> {
        let _already = rustls::crypto::ring::default_provider().install_default();
        let (listen, monitor, file) = (any_address()?, any_address()?, folder.join("plain.conf"));
        let text = format!(
            "listen: \"{listen}\"\nhttp: \"{monitor}\"\njetstream {{ store_dir: {store:?}, sync_interval: {sync_interval} }}\n\
             accounts {{ CORE {{ jetstream: enabled, users: [ {{ user: admin, password: p-admin }} ] }} }}\n"
        );
        fs::write(&file, text)?;
        Stopped { file, listen, monitor }.start().await
    }

    /// Changes its configuration and lets it read that, as an operator does.
    ///
    /// # Errors
    /// When the file cannot be changed, or the server is gone.
    ///
    /// # Panics
    /// When it does not read it in time: it refuses what is wrong.
    pub async fn reload(&self, edit: impl FnOnce(String) -> String) -> anyhow::Result<()> {
        let loaded = async || {
            let told = reqwest::get(format!("{}/varz", self.monitor_url())).await.ok()?.text().await.ok()?;
            serde_json::from_str::<Value>(&told).ok().map(|told| told["config_load_time"].clone())
        };
        let before = loaded().await.context("the server does not answer")?;
        fs::write(&self.file, edit(fs::read_to_string(&self.file)?))?;
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid())?).context("no such process")?;
        rustix::process::kill_process(pid, rustix::process::Signal::HUP)?;
        until("nats-server reads its configuration", START_WAIT, async || loaded().await.filter(|now| *now != before)).await;
        Ok(())
    }

    /// Lets a consumer in: what `gridward consumer add` printed for another server is put into its configuration, as the page for operators
    /// says. For one that [`NatsByHand::start_plain`] started.
    ///
    /// # Errors
    /// As [`NatsByHand::reload`].
    ///
    /// # Panics
    /// As [`NatsByHand::reload`], and when what was printed has not its two parts.
    pub async fn let_in(&self, consumer: &Value) -> anyhow::Result<()> {
        let (exports, account) = consumer["account"].as_str().and_then(|block| block.split_once("# add to the accounts\n")).expect("two parts");
        let add = |text: String| {
            let mut text =
                if text.contains(EXPORTS) { text } else { text.replacen("password: p-admin } ]", &format!("password: p-admin }} ], {EXPORTS}\n]"), 1) };
            for export in exports.lines() {
                // where a subject is exported already, the account is added to its list
                let (begins, rest) = export.split_once("accounts: [").unwrap_or((export, ""));
                text = match begins.contains("stream:").then(|| text.find(begins)).flatten() {
                    Some(place) => format!(
                        "{}{begins}accounts: [{}, {}",
                        &text[..place],
                        rest.split(']').next().unwrap_or_default(),
                        &text[place + begins.len() + "accounts: [".len()..]
                    ),
                    None => text.replacen(EXPORTS, &format!("{EXPORTS}\n{export}"), 1),
                };
            }
            let end = text.rfind('}').expect("accounts");
            format!("{}\n{account}}}\n", &text[..end])
        };
        self.reload(add).await?;
        // a second time, as 2.15 needs it
        self.reload(|text| text + "\n").await
    }

    /// Stops it at once, as a power switch would.
    pub fn stop_for_restart(self) -> Stopped {
        // what is dropped is killed
        Stopped { file: self.file.clone(), listen: self.listen, monitor: self.monitor }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listen
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://{}", self.listen)
    }

    /// Where it is monitored.
    pub fn monitor_url(&self) -> String {
        format!("http://{}", self.monitor)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for NatsByHand {
    fn drop(&mut self) {
        // it may have ended already
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// One service in a process of its own.
pub struct Service {
    role: &'static str,
    config: PathBuf,
    log: PathBuf,
    url: String,
    http: reqwest::Client,
    child: Option<Child>,
}

impl Service {
    /// A service with its configuration; `trusts` is a certificate to accept, PEM. It does not run yet.
    ///
    /// # Errors
    /// When the configuration cannot be written.
    pub fn new(folder: &Path, role: &'static str, url: String, config: &str, trusts: Option<&[u8]>) -> anyhow::Result<Self> {
        let _already = rustls::crypto::ring::default_provider().install_default();
        let file = folder.join(format!("{role}.toml"));
        fs::write(&file, config)?;
        let mut http = reqwest::Client::builder().timeout(Duration::from_secs(10));
        if let Some(pem) = trusts {
            http = http.tls_certs_only([reqwest::Certificate::from_pem(pem)?]);
        }
        Ok(Self { role, config: file, log: folder.join(format!("{role}.log")), url, http: http.build()?, child: None })
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the program is not built.
    pub fn begin(&mut self) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(program()?);
        command.arg(self.role).arg("--config").arg(&self.config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn()?);
        Ok(())
    }

    /// What `/readyz` says, once it answers.
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn readiness(&self) -> (u16, Value) {
        until(&format!("{} answers: {}", self.role, self.said()), START_WAIT, async || {
            let answer = self.http.get(format!("{}/readyz", self.url)).send().await.ok()?;
            Some((answer.status().as_u16(), answer.json().await.ok()?))
        })
        .await
    }

    /// Waits until it is ready.
    ///
    /// # Panics
    /// When it is not in time.
    pub async fn ready(&self) {
        until(&format!("{} is ready", self.role), START_WAIT, async || (self.readiness().await.0 == 200).then_some(())).await;
    }

    /// A request to its API.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn request(&self, token: &str, method: reqwest::Method, path: &str, body: Option<&Value>) -> anyhow::Result<(u16, Value)> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), serde_json::from_str(&answer.text().await?).unwrap_or_default()))
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it logged.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Kills it.
    ///
    /// # Errors
    /// When it is not running.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("not running")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Removes its store: it is a cache.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget_store(&self) -> anyhow::Result<()> {
        Ok(fs::remove_dir_all(self.config.with_file_name(format!("{}-store", self.role)))?)
    }

    /// Waits until it ends by itself: its exit code.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn ended(&mut self) -> Option<i32> {
        let (role, child) = (self.role, self.child.as_mut()?);
        let status = until(&format!("{role} ends"), START_WAIT, async || child.try_wait().ok().flatten()).await;
        status.code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // it may have ended already
            let _ended = child.kill();
            let _reaped = child.wait();
        }
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "a failing test shows what the services said")]
            {
                eprintln!("--- the log of {} ---\n{}", self.role, self.said());
            }
        }
    }
}
