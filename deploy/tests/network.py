"""Network namespaces like those of pods, which show effects that the loopback hides."""

import contextlib
import os
import random
import subprocess

import pytest


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Namespace:
    """A network with the address `address`, which a virtual cable connects with ours."""

    def __init__(self):
        # RFC 2544 reserves 198.18.0.0/15 for tests of networks.
        net = f"198.{random.choice((18, 19))}.{random.randrange(256)}"
        host = 4 * random.randrange(64)
        self.name = f"pdfmagic-{os.getpid()}-{random.randrange(1 << 20)}"
        self.address, ours = f"{net}.{host + 1}", f"{net}.{host + 2}"
        self.cable = cable = f"pm{random.randrange(1 << 32):x}"
        ip("netns", "add", self.name)
        ip("link", "add", cable, "type", "veth", "peer", "eth0", "netns", self.name)
        ip("addr", "add", f"{ours}/30", "dev", cable)
        ip("link", "set", cable, "up")
        ip("-n", self.name, "addr", "add", f"{self.address}/30", "dev", "eth0")
        ip("-n", self.name, "link", "set", "lo", "up")
        ip("-n", self.name, "link", "set", "eth0", "up")

    def within(self, *words):
        """Returns a command that runs in this namespace."""
        return ["ip", "netns", "exec", self.name, *words]

    def delete(self):
        """Removes the cable, and data in transit. A namespace stays as long as the system has something to send."""
        for words in (["link", "delete", self.cable], ["netns", "delete", self.name]):
            subprocess.run(["ip", *words], check=False, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def namespace():
    if os.geteuid() != 0 and os.environ.get("CI") != "true":
        pytest.skip("only root can make network namespaces")
    made = Namespace()
    try:
        yield made
    finally:
        made.delete()
