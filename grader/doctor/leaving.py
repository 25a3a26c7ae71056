"""Ways out: sockets of every kind, to the network, to this machine, and through the one pipe there is."""

from __future__ import annotations

from .attack import Attack

_NO_WAY = "PermissionError|ConnectionRefusedError|FileNotFoundError|OSError"


def _leaves(name: str, tries: str, body: str, says: str = _NO_WAY) -> Attack:
    return Attack(name, tries, body=f"import socket\n{body}", says=says)


LEAVING = (
    _leaves("loopback", "Connects to a server on the loopback.", 'socket.create_connection(("127.0.0.1", $port), 1)'),
    _leaves(
        "datagram",
        "Sends a datagram to the loopback, as a question to a name server is.",
        'socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"out", ("127.0.0.1", $port))',
    ),
    _leaves(
        "abstract_socket",
        "Sends to an abstract socket, which no file system guards.",
        'socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"out", "\\0$abstract")',
    ),
    _leaves(
        "named_socket",
        "Sends to a socket in the file system, as to the system's log.",
        'socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"out", "$socket")',
    ),
    _leaves(
        "pair_of_sockets",
        "Sends to the abstract socket from one of a pair, which needs no new socket.",
        'socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"out", "\\0$abstract")',
    ),
    _leaves("names", "Looks a name up.", 'socket.getaddrinfo("example.org", 80)', "gaierror|PermissionError"),
    _leaves(
        "listening",
        "Listens on a port and stays there.",
        'server = socket.create_server(("127.0.0.1", $free)); globals()["kept"] = server',
    ),
    _leaves(
        "virtual_machine_socket", "Opens a socket to the host of a virtual machine.", "socket.socket(socket.AF_VSOCK)"
    ),
    _leaves("kernel_socket", "Opens a socket to the kernel.", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    _leaves(
        "descriptor_through_the_pipe",
        "Passes an open file to the grader through the pipe.",
        """
import gc, os
pipe = next(o for o in gc.get_objects() if type(o).__name__ == "Channel")
socket.send_fds(pipe._socket, [b"\\0"], [os.open(__file__, os.O_RDONLY)])
""",
        "PermissionError",
    ),
)
