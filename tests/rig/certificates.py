"""Certificates: the right ones by deploy/pki, as a shop makes them; the wrong ones made here."""

import datetime
import ipaddress
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rig import ROOT

PKI = ROOT / "deploy" / "pki"


class Certificates:
    def __init__(self, directory):
        self.directory = directory
        self._other = None
        self.pki("init", directory)
        self.pki("server", directory, "localhost", "127.0.0.1")
        self.ca, self.crl = directory / "ca.pem", directory / "crl.pem"
        self.server_certificate, self.server_key = directory / "localhost.pem", directory / "localhost.key"

    @staticmethod
    def pki(*words):
        done = subprocess.run([PKI, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ca_pem(self):
        return self.ca.read_bytes()

    def person(self, name):
        """Paths of a person's certificate and key, made when first asked for."""
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        if not certificate.exists():
            self.pki("person", self.directory, name)
        return certificate, key

    def server(self, name, *more):
        """Another certificate of the daemon: paths."""
        self.pki("server", self.directory, name, *more)
        return self.directory / f"{name}.pem", self.directory / f"{name}.key"

    def revoke(self, name):
        self.pki("revoke", self.directory, name)

    def other_ca_pem(self):
        return _pem(self._other_ca()[0])

    def odd(self, name, ca="ours", days=(-1, 30), uris=None, server=False, usage=True, key=None, extra=()):
        """PEM of a certificate that is wrong in one way, and of its key; usage: whether it says what it is for."""
        if ca == "ours":
            issuer = x509.load_pem_x509_certificate(self.ca_pem())
            issuer_key = serialization.load_pem_private_key((self.directory / "ca.key").read_bytes(), None)
        else:
            issuer, issuer_key = self._other_ca()
        uris = [f"radioshop://principal/{name}"] if uris is None else uris
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, issuer.subject, key, days).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), True).add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        names = [*(x509.UniformResourceIdentifier(uri) for uri in uris), *extra]
        if server:
            names += [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return _pem(builder.sign(issuer_key, hashes.SHA256())), _pem_key(key)

    def _other_ca(self):
        if self._other is None:
            key = ec.generate_private_key(ec.SECP256R1())
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "radioshop CA")])
            builder = _builder("radioshop CA", subject, key, (-1, 30)).add_extension(
                x509.BasicConstraints(ca=True, path_length=0), True)
            self._other = builder.sign(key, hashes.SHA256()), key
        return self._other


def _builder(name, issuer, key, days):
    now = datetime.datetime.utcnow()
    return x509.CertificateBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])).issuer_name(issuer).public_key(
            key.public_key()).serial_number(x509.random_serial_number()).not_valid_before(
                now + datetime.timedelta(days=days[0])).not_valid_after(now + datetime.timedelta(days=days[1]))


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_key(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
