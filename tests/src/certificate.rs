//! Certificates for tests.

use std::{path::Path, process::Command};

/// A certificate for `localhost` that nobody signed but itself: `tls.crt` and `tls.key` in a folder.
///
/// # Errors
/// When openssl does not make it.
pub fn self_signed(folder: &Path) -> anyhow::Result<()> {
    let arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -keyout tls.key -out tls.crt";
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
