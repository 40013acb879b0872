"""Refuses every connection beyond loopback, in the process that imports it; Python runs it at start where this folder is on the path.

An audit hook sees what libraries do with sockets, whichever way they reach them, and cannot be taken off again.
"""

import sys

HOME = ("", "localhost", "ip6-localhost", "::1", "0.0.0.0", "::", "0:0:0:0:0:0:0:1")
WITH_ADDRESS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
WITH_NAME = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


class BeyondLoopbackError(RuntimeError):
    """A test tried to reach the network."""


def is_home(host: object) -> bool:
    """Whether a host, as sockets take it, lies on this machine."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else host
    return name is None or (isinstance(name, str) and (name in HOME or name.startswith(("127.", "::ffff:127."))))


def refuse_beyond_loopback(event: str, arguments: tuple[object, ...]) -> None:
    """The audit hook; `arguments` are those of the event, as Python documents them."""
    if event in WITH_ADDRESS:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a socket in the file system, None one that is connected
    elif event in WITH_NAME:
        host = arguments[0]
    else:
        return
    if not is_home(host):
        message = f"{event} to {host!r}: tests use no network beyond loopback"
        raise BeyondLoopbackError(message)


sys.addaudithook(refuse_beyond_loopback)
