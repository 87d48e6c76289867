"""deploy/pki: certificates that a strict check takes, revocation, and what it refuses."""

import subprocess

import pytest

from rig import ROOT

PKI = ROOT / "deploy" / "pki"


def pki(*words):
    return subprocess.run([PKI, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def must(*words):
    done = pki(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def verify(directory, certificate, purpose):
    """As the daemon does: strict, with the CRL for the whole chain."""
    done = subprocess.run(["openssl", "verify", "-x509_strict", "-crl_check_all", "-CRLfile", directory / "crl.pem",
                           "-CAfile", directory / "ca.pem", "-purpose", purpose, certificate],
                          capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    directory = tmp_path_factory.mktemp("authority") / "ca dir"
    must("init", directory, "Tri-City CA")
    return directory


def text_of(certificate):
    return subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-text"], capture_output=True, text=True,
                          check=True).stdout


def test_person(authority):
    must("person", authority, "jo@city.example", "--curve", "P-384", "--days", "5")
    certificate, key = authority / "jo@city.example.pem", authority / "jo@city.example.key"
    assert verify(authority, certificate, "sslclient").strip().endswith("OK")
    assert not verify(authority, certificate, "sslserver").strip().endswith("OK")
    text = text_of(certificate)
    assert "URI:radioshop://principal/jo@city.example" in text and "NIST CURVE: P-384" in text
    assert key.stat().st_mode & 0o777 == 0o600 and (authority / "ca.key").stat().st_mode & 0o777 == 0o600


def test_server(authority):
    must("server", authority, "radio.example.org", "127.0.0.1", "--address", "::1")
    certificate = authority / "radio.example.org.pem"
    assert verify(authority, certificate, "sslserver").strip().endswith("OK")
    assert not verify(authority, certificate, "sslclient").strip().endswith("OK")
    assert "DNS:radio.example.org, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1" in text_of(certificate)


def test_revoke_and_make_again(authority):
    must("person", authority, "sam")
    must("person", authority, "kim")
    must("revoke", authority, "sam")
    revoked = next(authority.glob("sam.revoked-*.pem"))
    assert "revoked" in verify(authority, revoked, "sslclient")
    assert verify(authority, authority / "kim.pem", "sslclient").strip().endswith("OK")
    assert not (authority / "sam.key").exists()
    must("person", authority, "sam")
    assert verify(authority, authority / "sam.pem", "sslclient").strip().endswith("OK")
    listed = must("list", authority).splitlines()
    assert listed[0].startswith("CRL until ")
    assert sorted(line.split()[0] for line in listed if line.endswith(" sam")) == ["revoked", "valid"]


def test_a_new_list_of_revoked_ones(authority):
    before = (authority / "crl.pem").read_bytes()
    must("crl", authority, "--days", "3")
    assert (authority / "crl.pem").read_bytes() != before


@pytest.mark.parametrize("words, status, said", [
    (("person", "ada"), 73, "exists already"), (("init",), 73, "exists already"),
    (("person", "../x"), 64, "is no name"), (("person", "ca"), 64, "own files"), (("person",), 64, "one name"),
    (("person", "a\nb"), 64, "one name"), (("server", "bad_host"), 64, "no host name"), (("revoke", "nobody"), 1, "does not exist"),
    (("person", "x", "--days", "many"), 64, "whole number"), (("person", "x", "--curve", "P-192"), 64, "P-256 or P-384"),
    (("person", "x", "--colour"), 64, "no such option")])
def test_refusals(authority, words, status, said):
    if not (authority / "ada.pem").exists():
        must("person", authority, "ada")
    files = sorted(authority.iterdir())
    done = pki(words[0], authority, *words[1:])
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert sorted(authority.iterdir()) == files


def test_no_authority_and_help(tmp_path):
    assert pki("person", tmp_path / "none", "x").returncode == 1
    assert pki("frobnicate").returncode == 64
    assert "pki revoke DIR NAME" in must("--help")
