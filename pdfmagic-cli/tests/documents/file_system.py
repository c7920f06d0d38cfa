"""Makes file systems."""

import contextlib
import os
import subprocess

import pytest
from command import needed

# The minimum size that each kind requires, in bytes.
SIZE = 400 << 20
PROGRAMS = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


@contextlib.contextmanager
def mounted(kind, folder):
    """Yields a folder on a new file system that lies in a file. The test is skipped where this is not permitted."""
    image, place = folder / "image", folder / "mounted"
    with image.open("wb") as file:
        file.truncate(SIZE)
    place.mkdir()
    try:
        for command in [[f"mkfs.{kind}", "-q", image], ["mount", "-o", "loop", image, place]]:
            subprocess.run(command, check=True, capture_output=True, env=PROGRAMS)
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", None) or str(error).encode()
        if not needed(f"{kind} cannot be mounted: {told.decode()}", False):
            pytest.skip(f"{kind} cannot be mounted: {told.decode()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)
