"""Where is a review reached? On this machine alone, unless its owner says otherwise and how it is protected."""

from __future__ import annotations

import contextlib
import importlib
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from doppelscan.errors import InputError, MissingExtra, Problem
from doppelscan.review.desk import Desk
from doppelscan.review.guard import LARGEST_HEAD, Guard, Keys
from doppelscan.review.voxels import niivue_in

__all__ = ["Address", "Service", "served"]


@dataclass(frozen=True)
class Address:
    """Where to listen: an address of this machine, a port (0: any that is free), and what protects it elsewhere.

    Attributes
    ----------
    names
        Under which names readers reach this machine, where it listens on more than one address.
    certificate, key
        Files in PEM for TLS.
    insecure
        Listen beyond this machine without TLS: whoever is on the network can read along.
    """

    bind: str = "127.0.0.1"
    port: int = 0
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    insecure: bool = False

    def __post_init__(self) -> None:
        if problems := list(self._problems()):
            raise InputError(problems)

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.certificate is not None

    @property
    def loopback(self) -> bool:
        """Whether nothing but this machine reaches it."""
        return self._ip.is_loopback

    @property
    def _ip(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        return ipaddress.ip_address(self.bind)

    def hosts(self, port: int) -> tuple[str, ...]:
        """Our names with the port, as browsers say them; the first is the one to be told."""
        ip, end = self._ip, "" if port == (443 if self.secure else 80) else f":{port}"
        own = () if ip.is_unspecified else (f"[{self.bind}]" if ip.version == 6 else self.bind,)
        return tuple(name + end for name in (*self.names, *own, *(("localhost",) if self.loopback else ())))

    def _problems(self) -> Iterator[Problem]:
        try:
            ip = self._ip
        except ValueError:
            yield Problem(f"{self.bind!r} is no IP address", "--bind", "write 127.0.0.1")
            return
        if (self.certificate is None) != (self.key is None):
            yield Problem("a certificate and a key go together", "--tls-cert, --tls-key")
        for name, path in (("--tls-cert", self.certificate), ("--tls-key", self.key)):
            if path is not None and not path.is_file():
                yield Problem("there is no such file", f"{name} {path}")
        if not ip.is_loopback and not self.secure and not self.insecure:
            cure = "give --tls-cert and --tls-key, or say --insecure"
            yield Problem(
                "images of patients would cross the network in the clear", f"--bind {self.bind}", cure
            )
        if ip.is_unspecified and not self.names:
            yield Problem("stands for every address", f"--bind {self.bind}", "name this machine with --name")


@dataclass(frozen=True)
class Service:
    """A review that can be reached; `urls` by reader. `run` works until it is interrupted."""

    urls: dict[str, str]
    server: Any
    listening: socket.socket

    def run(self) -> None:
        """Answer until interrupted."""
        self.server.run(sockets=[self.listening])


@contextlib.contextmanager
def served(
    desk: Desk, readers: Sequence[str], address: Address | None = None, *, niivue: Path | None = None
) -> Iterator[Service]:
    """A service for these readers, listening already: its URLs can be given out. Each has one of their own.

    `niivue` is a folder in which `npm install @niivue/niivue` was run: volumes can be seen in it, too.

    Raises
    ------
    MissingExtra
        Without the extra `review`.
    InputError
        If the address cannot be listened on, the files for TLS cannot be used, or there is no niivue.
    """
    address = address or Address()
    uvicorn = _extra("uvicorn")
    _extra("fastapi")
    from doppelscan.review.app import application

    module = None if niivue is None else niivue_in(niivue)
    keys = Keys.new(readers)
    with contextlib.closing(_listening(address)) as listening:
        port = listening.getsockname()[1]
        hosts = address.hosts(port)
        cookie = f"doppelscan-review-{port}"  # a browser sends it to every port of this machine
        guard = Guard(
            application(desk, module),
            keys,
            hosts,
            cookie=cookie,
            secure=address.secure,
            drawing=() if module is None else ("/volume",),
        )
        root = f"{'https' if address.secure else 'http'}://{hosts[0]}/"
        urls = {reader: f"{root}?token={keys.token_of(reader)}" for reader in readers}
        yield Service(urls, uvicorn.Server(_configured(uvicorn, guard, address)), listening)


def _extra(package: str) -> ModuleType:
    """The one door of the packages that only a review needs."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingExtra(package, "review", "reviewing") from error


def _listening(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.bind else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address.bind, address.port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        where = f"--bind {address.bind} --port {address.port}"
        raise InputError(Problem(f"cannot listen: {error.strerror}", where)) from error
    return listening


def _configured(uvicorn: ModuleType, guard: Guard, address: Address) -> Any:
    """No log of requests, no proxy believed, nothing said of the software."""
    try:
        config = uvicorn.Config(
            guard,
            log_level="warning",
            access_log=False,
            ws="none",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            http="h11",
            h11_max_incomplete_event_size=LARGEST_HEAD,
            timeout_graceful_shutdown=2,
            ssl_certfile=address.certificate,
            ssl_keyfile=address.key,
        )
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise InputError(Problem(f"cannot be used: {error}", "--tls-cert, --tls-key")) from error
    return config
