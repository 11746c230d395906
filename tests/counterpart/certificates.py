"""Certificates for one test: an authority, a second one that nobody trusts,
and clients of either. Made by openssl, in a folder of the test's own."""
import os
import subprocess


def openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (words[0], done.stderr))
    return done.stdout


class Authority:
    """An authority in a folder: ca.pem, and clients by make()."""

    def __init__(self, folder, name):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.certificate = folder + "/ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj", "/CN=" + name, "-keyout", folder + "/ca.key",
                "-out", self.certificate,
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def make(self, name, names=(), purpose="clientAuth"):
        """A certificate with common name `name` and DNS names `names`; the
        paths of (certificate, key)."""
        base = "%s/%s" % (self.folder, "".join(
            c if c.isalnum() else "_" for c in name))
        with open(base + ".ext", "w", encoding="utf-8") as f:
            f.write("basicConstraints=CA:FALSE\nextendedKeyUsage=%s\n"
                    % purpose)
            if names:
                f.write("subjectAltName=" + ",".join(
                    "DNS:" + n for n in names) + "\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
                "-keyout", base + ".key", "-out", base + ".csr")
        openssl("x509", "-req", "-in", base + ".csr", "-CA", self.certificate,
                "-CAkey", self.folder + "/ca.key", "-CAcreateserial",
                "-days", "10", "-out", base + ".pem", "-extfile",
                base + ".ext")
        return base + ".pem", base + ".key"


def fingerprint(certificate):
    """SHA-256 in hex with colons, as openssl prints it."""
    return openssl("x509", "-in", certificate, "-noout", "-fingerprint",
                   "-sha256").strip().partition("=")[2]
