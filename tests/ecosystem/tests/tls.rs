//! rustls over gaggle's streams: by the traits of futures-io, and by those of tokio.

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use futures_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto};
use gaggle::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// A certificate for `localhost`, a server that has it and a client that trusts it.
fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await;
    (client.unwrap(), listener.accept().await.unwrap().0)
}

fn name() -> ServerName<'static> {
    "localhost".try_into().unwrap()
}

const MUCH: usize = 1_000_000;

#[gaggle::test(workers = 2)]
async fn rustls_runs_by_the_traits_of_futures() {
    let (server, client) = configs();
    let (near, far) = pair().await;
    let echo = gaggle::go(async move {
        let acceptor = futures_rustls::TlsAcceptor::from(server);
        let stream = acceptor.accept(far).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        futures::io::copy(&mut reader, &mut writer).await.unwrap();
        writer.close().await.unwrap();
    });
    let connector = futures_rustls::TlsConnector::from(client);
    let stream = connector.connect(name(), near).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let writing = gaggle::go(async move {
        writer.write_all(&vec![7; MUCH]).await.unwrap();
        writer.close().await.unwrap();
    });
    let mut back = Vec::new();
    reader.read_to_end(&mut back).await.unwrap();
    assert!(back.len() == MUCH && back.iter().all(|byte| *byte == 7));
    writing.await.unwrap();
    echo.await.unwrap();
}

#[gaggle::test(workers = 2)]
async fn rustls_runs_by_the_traits_of_tokio_without_its_runtime() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (server, client) = configs();
    let (near, far) = pair().await;
    let echo = gaggle::go(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(server);
        let stream = acceptor.accept(far).await.unwrap();
        let (mut reader, mut writer) = tokio::io::split(stream);
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let connector = tokio_rustls::TlsConnector::from(client);
    let stream = connector.connect(name(), near).await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let writing = gaggle::go(async move {
        writer.write_all(&vec![7; MUCH]).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let mut back = Vec::new();
    reader.read_to_end(&mut back).await.unwrap();
    assert!(back.len() == MUCH && back.iter().all(|byte| *byte == 7));
    writing.await.unwrap();
    echo.await.unwrap();
}

#[gaggle::test(workers = 2)]
async fn a_certificate_that_nobody_trusts_is_refused() {
    let (server, _) = configs();
    let (_, stranger) = configs();
    let (near, far) = pair().await;
    let accept = gaggle::go(async move {
        let acceptor = futures_rustls::TlsAcceptor::from(server);
        acceptor.accept(far).await.map(drop)
    });
    let connector = futures_rustls::TlsConnector::from(stranger);
    let refused = connector.connect(name(), near).await;
    assert!(refused.unwrap_err().to_string().contains("certificate"));
    assert!(accept.await.unwrap().is_err());
}
