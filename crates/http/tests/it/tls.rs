//! Certificates: only those of a CA that is trusted, for the host asked for, now (C29).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Deadline, Deadlines, Egress, HttpError, Policy, Request, Retry, Roots};
use quell_testkit::net::{Fault, FaultProxy, RawServer, read_head};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::{Names, clock, policy};

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.self_signed(&key).unwrap();
    Authority { pem: certificate.pem(), issuer: Issuer::new(params, key) }
}

/// Serves one answer a connection under a certificate for `host`.
async fn serve(authority: &Authority, host: &str, expired: bool) -> SocketAddr {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    if expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Clients that do not trust the certificate go away; so do their errors.
            answer(&acceptor, stream).await.ok();
        }
    });
    address
}

async fn answer(acceptor: &TlsAcceptor, stream: TcpStream) -> std::io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    read_head(&mut stream).await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await?;
    stream.shutdown().await
}

fn client(roots: Roots) -> Client {
    let egress = Egress::new(vec!["good.example".parse().unwrap()]);
    let names = Names(vec![("good.example", vec!["127.0.0.1".parse().unwrap()])]);
    Client::with_lookup(Policy { egress, roots, ..policy() }, clock(), Arc::new(names)).unwrap()
}

async fn ask(client: &Client, server: SocketAddr) -> Result<Vec<u8>, HttpError> {
    let request = Request::get(&format!("https://good.example:{}/", server.port())).unwrap();
    client.send(&request).await.map(|reply| reply.into_body())
}

#[tokio::test]
async fn only_the_right_certificate_of_a_trusted_ca_is_taken() {
    let (ours, other) = (authority("ours"), authority("other"));
    let good = serve(&ours, "good.example", false).await;
    let only = client(Roots::Only(ours.pem.clone().into_bytes()));
    assert_eq!(ask(&only, good).await.unwrap(), b"ok");
    let both = client(Roots::SystemAnd(ours.pem.clone().into_bytes()));
    assert_eq!(ask(&both, good).await.unwrap(), b"ok");
    for (case, client, server) in [
        ("unknown CA", client(Roots::System), good),
        ("another CA", client(Roots::Only(other.pem.into_bytes())), good),
        ("expired", only.clone(), serve(&ours, "good.example", true).await),
        ("other host", only.clone(), serve(&ours, "evil.example", false).await),
    ] {
        let error = ask(&client, server).await.unwrap_err();
        assert!(matches!(error, HttpError::Certificate { .. }), "{case}: {error}");
        assert!(error.to_string().contains("egress.ca_file"), "{error}");
    }
}

#[tokio::test]
async fn an_old_or_broken_handshake_is_refused() {
    let ours = authority("ours");
    // The head of a ServerHello that chooses TLS 1.0.
    let old = [&[0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
    for hello in [old, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()] {
        let server = RawServer::blurting(hello).await.unwrap();
        let address = server.address();
        let client = client(Roots::Only(ours.pem.clone().into_bytes()));
        let error = ask(&client, address).await.unwrap_err();
        assert!(matches!(error, HttpError::Unreachable { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_go_on_ends_at_the_deadline_of_the_connection() {
    let ours = authority("ours");
    let proxy = FaultProxy::start(serve(&ours, "good.example", false).await).await.unwrap();
    proxy.set(Fault::BlackHole);
    let deadlines = Deadlines { connect: Duration::from_millis(300), ..Deadlines::default() };
    let retry = Retry { attempts: 1, ..policy().retry };
    let egress = Egress::new(vec!["good.example".parse().unwrap()]);
    let names = Names(vec![("good.example", vec!["127.0.0.1".parse().unwrap()])]);
    let policy = Policy { egress, deadlines, retry, ..policy() };
    let client = Client::with_lookup(policy, clock(), Arc::new(names)).unwrap();
    let error = ask(&client, proxy.address()).await.unwrap_err();
    let expected = matches!(error, HttpError::Deadline { deadline: Deadline::Connect, .. });
    assert!(expected, "{error}");
}
