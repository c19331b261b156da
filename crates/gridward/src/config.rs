//! Configuration: defaults < file < `GRIDWARD__SECTION__KEY` < flags. Unknown keys are refused; secrets are files.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::deliveries::Deliveries;

/// Shortest operator's token, in bytes: 128 bits as letters a-p.
const ADMIN_TOKEN_BYTES_MIN: usize = 32;

/// What `gridward up` can be told: where its NATS, its stores and its secrets are follows from the data folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UpConfig {
    /// Where it answers.
    pub(crate) http: Http,
    /// How it logs.
    pub(crate) log: Log,
}

/// Everything a service by itself is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where NATS is.
    pub(crate) nats: Nats,
    /// Where the service answers.
    #[serde(default)]
    pub(crate) http: Http,
    /// Where its store lies.
    pub(crate) store: StoreConfig,
    /// What is true of the deployment.
    pub(crate) deployment: Deployment,
    /// How it logs.
    #[serde(default)]
    pub(crate) log: Log,
    /// What `gridward alerting` is told besides.
    #[serde(default)]
    pub(crate) alerting: AlertingConfig,
}

/// What the service that alerts is told besides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AlertingConfig {
    /// File that says who is told of alerts; nobody when absent.
    pub(crate) deliveries: Option<PathBuf>,
}

/// Where NATS is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nats {
    /// Such as `nats://127.0.0.1:4222`.
    pub(crate) url: String,
    /// This service's user.
    pub(crate) user: String,
    /// File with its password.
    pub(crate) password_file: PathBuf,
    /// The monitoring endpoint, which alone tells whether the server syncs.
    pub(crate) monitor_url: Option<String>,
    /// Certificates that are trusted, PEM.
    pub(crate) root_certificates: Option<PathBuf>,
    /// Serve although a power cut would lose acknowledged records.
    #[serde(default)]
    pub(crate) accept_lost_records_after_power_cut: bool,
    /// Set up the streams when they are missing.
    #[serde(default)]
    pub(crate) provision: bool,
    /// Most bytes of the log; the alarm comes at 80 %.
    pub(crate) log_bytes_max: Option<u64>,
}

/// Where the service answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    /// Address and port.
    pub(crate) listen: SocketAddr,
    /// Certificate and key.
    pub(crate) tls: Option<Tls>,
}

/// Certificate and key, PEM.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// The chain.
    pub(crate) certificate: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
}

/// Where its store lies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreConfig {
    /// Folder of this service's store. It can be deleted while the service is stopped.
    pub(crate) folder: PathBuf,
    /// Cache, in MiB; what is usual for the service when absent.
    pub(crate) cache_mib: Option<u64>,
}

/// What is true of the deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deployment {
    /// File with the deployment's secret, 64 hexadecimal digits.
    pub(crate) key_file: PathBuf,
    /// File with the operator's token, which intake makes known when it starts: the one that every other token is made with.
    pub(crate) admin_token_file: Option<PathBuf>,
    /// Every record is part of an exercise.
    #[serde(default)]
    pub(crate) exercise: bool,
    /// Alerts are published with the names of people too, for consumers of the class full. The same for intake, which makes the stream, and
    /// alerting, which fills it.
    #[serde(default)]
    pub(crate) names_on_topics: bool,
}

/// How it logs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// JSON lines instead of text.
    pub(crate) json: bool,
    /// What is logged, such as `info` or `intake=debug`.
    pub(crate) filter: Option<String>,
}

impl Http {
    /// Certificate and key, if it is to speak TLS.
    pub(crate) fn tls_files(&self) -> Option<web::TlsFiles> {
        self.tls.clone().map(|tls| web::TlsFiles { certificate: tls.certificate, key: tls.key })
    }
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), tls: None }
    }
}

/// Reads a file, if there is one, then the environment over it.
fn load<T: DeserializeOwned>(file: Option<&Path>) -> anyhow::Result<T> {
    let source = config::Config::builder();
    let source = match file {
        Some(file) => source.add_source(config::File::from(file).format(config::FileFormat::Toml)),
        None => source,
    };
    let environment = config::Environment::with_prefix("GRIDWARD").prefix_separator("__").separator("__").try_parsing(true);
    let whence = file.map_or_else(|| "the environment (GRIDWARD__…)".to_owned(), |file| file.display().to_string());
    let source = source.add_source(environment).build().with_context(|| format!("cannot read {whence}"))?;
    source.try_deserialize().with_context(|| format!("{whence} is not a configuration"))
}

impl UpConfig {
    /// Reads a file, if there is one, then the environment over it.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        load(file)
    }
}

impl Config {
    /// Reads a file, then the environment over it.
    pub(crate) fn load(file: &Path) -> anyhow::Result<Self> {
        load(Some(file))
    }

    /// The password of this service's NATS user.
    pub(crate) fn nats_password(&self) -> anyhow::Result<String> {
        let path = &self.nats.password_file;
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read nats.password_file {}", path.display()))?;
        Ok(text.trim().to_owned())
    }

    /// The operator's token, when one is configured.
    pub(crate) fn admin_token(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = &self.deployment.admin_token_file else { return Ok(None) };
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read deployment.admin_token_file {}", path.display()))?;
        let token = text.trim().to_owned();
        anyhow::ensure!(token.len() >= ADMIN_TOKEN_BYTES_MIN, "{} holds no token: it takes at least {ADMIN_TOKEN_BYTES_MIN} random letters", path.display());
        Ok(Some(token))
    }

    /// Who is told of alerts.
    pub(crate) fn deliveries(&self) -> anyhow::Result<Deliveries> {
        self.alerting.deliveries.as_deref().map_or_else(|| Ok(Deliveries::default()), Deliveries::load)
    }

    /// The deployment's secret.
    pub(crate) fn deployment_secret(&self) -> anyhow::Result<[u8; 32]> {
        let path = &self.deployment.key_file;
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read deployment.key_file {}", path.display()))?;
        crate::data::unhex(&text).with_context(|| format!("{} does not hold 64 hexadecimal digits", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "[nats]\nurl='nats://127.0.0.1:4222'\nuser='intake'\npassword_file='p'\n[store]\nfolder='s'\n[deployment]\nkey_file='k'\n";

    fn load_text(text: &str) -> anyhow::Result<Config> {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(file.path())
    }

    #[test]
    fn defaults_fill_what_a_file_leaves_out() {
        let config = load_text(WHOLE).unwrap();
        assert_eq!((config.http.listen.port(), config.store.cache_mib, config.deployment.exercise), (8080, None, false));
    }

    #[test]
    fn what_runs_everything_needs_no_file_and_refuses_what_the_data_folder_says() {
        assert_eq!(UpConfig::load(None).unwrap().http.listen.port(), 8080);
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), WHOLE).unwrap();
        let error = format!("{:#}", UpConfig::load(Some(file.path())).unwrap_err());
        assert!(error.contains("expected `http` or `log`"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = format!("{:#}", load_text(&format!("{WHOLE}\n[http]\nlissen='127.0.0.1:1'\n")).unwrap_err());
        assert!(error.contains("lissen"), "{error}");
    }
}
