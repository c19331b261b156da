//! Serving a router, with or without TLS, until told to stop.

use std::{future::Future, io, net::TcpListener, path::PathBuf, time::Duration};

use axum::Router;
use axum_server::{Handle, tls_rustls::RustlsConfig};

use crate::limits::HEADER_BYTES_MAX;

/// How long open requests may finish after a stop.
const DRAIN: Duration = Duration::from_secs(5);

/// Where the certificate and its key lie, both PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Serves until `shutdown` completes, then lets open requests finish for a few seconds.
///
/// # Errors
/// When the certificate cannot be read or the listener fails.
pub async fn serve(listener: TcpListener, router: Router, tls: Option<TlsFiles>, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let handle = Handle::new();
    let stopper = handle.clone();
    tokio::spawn(async move {
        shutdown.await;
        stopper.graceful_shutdown(Some(DRAIN));
    });
    let service = router.into_make_service();
    match tls {
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle);
            server.http_builder().http1().max_buf_size(HEADER_BYTES_MAX.max(8192));
            server.serve(service).await
        }
        Some(files) => {
            let config = RustlsConfig::from_pem_file(files.certificate, files.key).await?;
            let mut server = axum_server::from_tcp_rustls(listener, config)?.handle(handle);
            server.http_builder().http1().max_buf_size(HEADER_BYTES_MAX.max(8192));
            server.serve(service).await
        }
    }
}
