"""Tests that an exceeded quota is reported, and changes no file."""

import subprocess

from command import CLI, CORPUS
from file_system import PROGRAMS, mounted


def test_an_exceeded_quota_is_reported_and_changes_no_file(tmp_path):
    small = CORPUS / "gray.jpg"
    large = tmp_path / "large.jpg"
    # Data after the image is left out, and data in it is not looked at.
    large.write_bytes(small.read_bytes()[:-2] + bytes(4 << 20) + b"\xff\xd9")
    with mounted("btrfs", tmp_path) as disk:
        folder = disk / "folder"
        for words in ["quota enable .", "subvolume create folder", "qgroup limit 1M folder"]:
            subprocess.run(["btrfs", *words.split()], cwd=disk, check=True, capture_output=True, env=PROGRAMS)
        (folder / "old.pdf").write_bytes(b"older")
        for name in ["old.pdf", "new.pdf"]:
            done = subprocess.run([CLI, large, name], cwd=folder, capture_output=True, text=True, check=False)
            told = f"pdfmagic-cli: {name}: cannot be written: disk quota exceeded\n"
            assert (done.returncode, done.stderr) == (1, told)
            assert [path.name for path in folder.iterdir()] == ["old.pdf"]
            assert (folder / "old.pdf").read_bytes() == b"older"
        done = subprocess.run([CLI, small, "new.pdf"], cwd=folder, check=False)
        assert done.returncode == 0
