"""The Debian package: what is in it runs, and nothing else is needed."""

import gzip
import os
import subprocess
from pathlib import Path

from running import JPEG, is_pdf_of

PROGRAM = Path(os.environ["PDFMAGIC_PROGRAMS"]).absolute() / "pdfmagic-cli"
SCRIPT = Path(__file__).parents[1] / "deb"


def output(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True).stdout


def test_the_package_can_be_installed_and_runs_without_dependencies(tmp_path):
    packages = [tmp_path / "one.deb", tmp_path / "two.deb"]
    for package in packages:
        output(SCRIPT, PROGRAM, "1.2.3", package)
    assert packages[0].read_bytes() == packages[1].read_bytes()
    assert output("dpkg-deb", "--field", packages[0], "Package", "Version", "Depends") == (
        b"Package: pdfmagic\nVersion: 1.2.3\n"
    )
    simulated = output("apt-get", "install", "--simulate", packages[0]).decode().splitlines()
    installed = [line.split()[1:3] for line in simulated if line.startswith("Inst ")]
    assert installed == [["pdfmagic", "(1.2.3"]]
    root = tmp_path / "root"
    output("dpkg-deb", "--extract", packages[0], root)
    (tmp_path / "a.jpg").write_bytes(JPEG)
    output(root / "usr/bin/pdfmagic-cli", tmp_path / "a.jpg", "-o", tmp_path / "a.pdf")
    assert is_pdf_of((tmp_path / "a.pdf").read_bytes())
    manual = gzip.decompress((root / "usr/share/man/man1/pdfmagic-cli.1.gz").read_bytes())
    assert b".TH pdfmagic-cli" in manual
    for completion in ("bash-completion/completions/pdfmagic-cli", "zsh/vendor-completions/_pdfmagic-cli"):
        assert b"pdfmagic-cli" in (root / "usr/share" / completion).read_bytes()
