//! `gridward up` with a certificate: TLS and nothing else, found and trusted from its own machine by its data folder.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use system_tests::{program, self_signed, until};

const WAIT: Duration = Duration::from_secs(60);

/// A running `gridward up`; what is dropped is killed.
struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        // it may have ended already
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn begin(folder: &Path) -> Up {
    let file = folder.join("up.toml");
    let path = |name: &str| folder.join(name).display().to_string();
    fs::write(&file, format!("[http]\nlisten = '127.0.0.1:1'\ntls = {{ certificate = '{}', key = '{}' }}\n", path("tls.crt"), path("tls.key"))).unwrap();
    let mut command = Command::new(program().unwrap());
    command.args(["up", "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"]).arg("--data").arg(folder.join("data")).arg("--config").arg(file);
    Up(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(folder.join("log.txt")).unwrap()).spawn().unwrap())
}

fn gridward(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program().unwrap()).args(arguments).arg("--data").arg(folder.join("data")).output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_speaks_tls_when_it_has_a_certificate() {
    // a second choice of the same provider changes nothing
    let _already = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    self_signed(folder).unwrap();
    let mut up = begin(folder);
    let run: Value = until("gridward up is ready", WAIT, async || {
        assert!(up.0.try_wait().unwrap().is_none(), "{}", fs::read_to_string(folder.join("log.txt")).unwrap());
        serde_json::from_slice(&fs::read(folder.join("data/run.json")).ok()?).ok()
    })
    .await;
    // the flag went before the file
    let address = run["http"].as_str().unwrap().strip_prefix("https://127.0.0.1:").unwrap();
    assert_ne!(address, "1");

    // anybody else, who trusts the certificate for its name
    let pem = fs::read(folder.join("tls.crt")).unwrap();
    let foreign = reqwest::Client::builder().tls_certs_merge([reqwest::Certificate::from_pem(&pem).unwrap()]);
    let foreign = foreign.redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = format!("https://localhost:{address}");
    assert!(foreign.get(format!("{url}/readyz")).send().await.unwrap().status().is_success());
    assert!(reqwest::get(format!("http://localhost:{address}/readyz")).await.is_err(), "it speaks TLS only");
    let token = fs::read_to_string(folder.join("data/admin.token")).unwrap();
    let login = foreign
        .post(format!("{url}/login"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("token={}", token.trim()))
        .send()
        .await
        .unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("Secure"), "{}", cookie.split('=').next().unwrap());

    // our own command line, by the data folder
    let sent = gridward(folder, &["send", "--community", "u07", "community.found", "town=dianbu", "community=u07", "name=七里"]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    // whoever answers there with another certificate is not talked to
    self_signed(folder).unwrap();
    let refused = gridward(folder, &["status"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("not the certificate in the file"), "{refused:?}");
}
