//! F-19, F-20: names, proxies and certificates.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::emulated::repository;
use crate::runs::{SMALL, emulator, nowhere, said};

#[test]
fn f19_a_name_that_does_not_resolve_and_a_broken_handshake_end_with_4() {
    let emulator = emulator();
    let mut unknown_name = nowhere();
    unknown_name.env("AWS_ENDPOINT_URL", "http://no-such-host.invalid").args(["--call-timeout", "8"]);
    let output = unknown_name.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("AWS_ENDPOINT_URL") && said(&output).contains("dns"), "{}", said(&output));
    let mut no_tls = nowhere();
    no_tls
        .env("AWS_ENDPOINT_URL", emulator.endpoint().replace("http:", "https:"))
        .args(["--call-timeout", "8"]);
    let output = no_tls.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("AWS_ENDPOINT_URL"), "{}", said(&output));
}

#[test]
fn f20_proxies_are_used_and_the_variable_is_named_when_one_is_wrong() {
    let emulator = emulator();
    // The emulator answers for any host: it can play the proxy.
    let unreachable = "http://192.0.2.1:1";
    let mut proxied = nowhere();
    proxied.env("AWS_ENDPOINT_URL", unreachable).env("HTTP_PROXY", emulator.endpoint());
    let output = proxied.output().unwrap();
    assert!([0, 1].contains(&output.status.code().unwrap()), "{}", said(&output));
    assert!(emulator.requests().contains_key("sts:GetCallerIdentity"));
    emulator.forget_requests();
    proxied.env("NO_PROXY", "192.0.2.1").args(["--call-timeout", "4"]);
    let output = proxied.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("NO_PROXY"), "{}", said(&output));
    assert!(emulator.requests().is_empty());

    let mut down = emulator.program();
    down.env("HTTP_PROXY", "http://127.0.0.1:9").args(SMALL).args(["--call-timeout", "4"]);
    let output = down.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("HTTP_PROXY"), "{}", said(&output));
    assert!(emulator.requests().is_empty());

    let folder = tempfile::tempdir().unwrap();
    let no_certificate = folder.path().join("empty.pem");
    std::fs::write(&no_certificate, "not a certificate").unwrap();
    for (variable, value) in [
        ("HTTPS_PROXY", "htp:/proxy"),
        ("https_proxy", "http://proxy:port"),
        ("AWS_CA_BUNDLE", "/no/such/bundle.pem"),
        ("AWS_CA_BUNDLE", no_certificate.to_str().unwrap()),
        ("SSL_CERT_FILE", "/no/such/bundle.pem"),
    ] {
        let output = emulator.program().env(variable, value).args(SMALL).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{variable}={value}: {}", said(&output));
        assert!(said(&output).contains(variable), "{variable}={value}: {}", said(&output));
    }
    assert!(emulator.requests().is_empty(), "{:?}", emulator.requests());
}

/// A server with a certificate of its own that answers everything with an error of STS; prints its port.
const HTTPS_SERVER: &str = r#"
import datetime, http.server, ipaddress, ssl, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
now = datetime.datetime.now(datetime.UTC)
day = datetime.timedelta(days=1)
def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
def certificate(of, key, by, signer, ca):
    builder = (
        x509.CertificateBuilder().subject_name(name(of)).issuer_name(name(by)).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
    )
    if not ca:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
private = key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
open(sys.argv[1] + "/ca.pem", "wb").write(certificate("test root", root, "test root", root, True))
open(sys.argv[1] + "/both.pem", "wb").write(certificate("test", key, "test root", root, False) + private)
class Refuse(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/both.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

#[test]
fn f20_certificates_of_a_bundle_are_trusted_instead_of_the_systems() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(repository("target/emulator/bin/python"))
        .args(["-c", HTTPS_SERVER])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    let mut stdout = std::io::BufReader::new(server.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut port).unwrap();
    let ask = |bundle: Option<&Path>| {
        let mut program = nowhere();
        program.env("AWS_ENDPOINT_URL", format!("https://127.0.0.1:{}", port.trim()));
        program.args(["--call-timeout", "8"]).envs(bundle.map(|bundle| ("AWS_CA_BUNDLE", bundle)));
        program.output().unwrap()
    };
    let trusted = ask(Some(&folder.path().join("ca.pem")));
    let distrusted = ask(None);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(said(&trusted).contains("InvalidClientTokenId"), "{}", said(&trusted));
    assert_eq!(distrusted.status.code(), Some(4), "{}", said(&distrusted));
    assert!(said(&distrusted).contains("certificate"), "{}", said(&distrusted));
}
