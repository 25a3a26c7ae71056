"""How the client reaches a Dask scheduler, or starts one with its workers on this machine.

Whoever can connect to a scheduler runs code as its workers do. So an address is one with TLS, or of this machine alone,
and what `local` starts has certificates of its own. Certificates are Dask's own setting (`distributed.comm.tls`).
"""

from __future__ import annotations

import ipaddress
import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from ...errors import GraderError
from ...surroundings import SECRETS
from ...text import shown

LOCAL = "local"
SETTINGS = {"distributed.scheduler.worker-ttl": "30s", "distributed.admin.low-level-log-length": 10}
"""After so long without a sign of life a worker is given up, and what it had is done by others: Dask's own five minutes
are long for a class. Of messages sent, which hold submissions, it would keep a thousand to look at."""
_LOUD = ("distributed", "tornado", "asyncio")


def require_safe(address: str) -> None:
    """Refuse an address that somebody else could listen to, or answer from.

    Raises:
        GraderError: it is neither `local`, nor with TLS, nor of this machine.
    """
    if address == LOCAL or _is_tls(address) or is_loopback(address):
        return
    raise GraderError(
        f"--cluster {shown(address)}: expected tls://HOST:PORT, an address of this machine (tcp://127.0.0.1:PORT) or "
        f"{LOCAL}: whoever reaches a scheduler without TLS runs code on it. Next: docs/cluster.md."
    )


def require_private(address: str) -> None:
    """Refuse the address of a worker as `require_safe` does.

    Raises:
        GraderError: it has no TLS, and is not of this machine.
    """
    if not (_is_tls(address) or is_loopback(address)):
        raise GraderError("it listens to other machines without TLS")


def _is_tls(address: str) -> bool:
    return address.startswith("tls://") and bool(_host(address))


def is_loopback(address: str) -> bool:
    """Whether an address, with TCP, is of this machine alone."""
    protocol, between, _ = address.partition("://")
    host = _host(address if between else f"tcp://{address}")
    try:
        return protocol in {"tcp", address} and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def _host(address: str) -> str:
    try:
        parts = urlsplit(address)
        return (parts.hostname or "") if parts.port else ""
    except ValueError:
        return ""


def require_dask() -> Any:
    """Dask's module.

    Raises:
        GraderError: it is not installed.
    """
    try:
        import cryptography  # noqa: F401 - the certificates of `local`
        import distributed
    except ImportError as error:
        raise GraderError(
            f"--cluster needs Dask, which is not installed ({error.name}). Next: make cluster, or "
            "pip install 'funkcije-grader[cluster]'."
        ) from None
    return distributed


@contextmanager
def connected(address: str, workers: int) -> Iterator[Any]:
    """A client of the scheduler at an address, or of one that ends with it.

    Args:
        address: checked by `require_safe`.
        workers: how many processes `local` starts.

    Raises:
        GraderError: there is no scheduler, or none that trusts this client.
    """
    distributed = require_dask()
    import dask

    with _quiet(), dask.config.set(SETTINGS), ExitStack() as stack:
        where: Any = address
        security = distributed.Security.temporary() if address == LOCAL else _security(distributed, address)
        try:
            if address == LOCAL:
                where = stack.enter_context(
                    distributed.LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        security=security,
                        dashboard_address=None,
                        silence_logs=logging.CRITICAL,
                        env=dict.fromkeys(SECRETS, ""),
                    )
                )
            client = stack.enter_context(distributed.Client(where, security=security, set_as_default=False))
        except (OSError, ValueError, RuntimeError, TypeError) as error:
            raise _unreachable(address, error) from None
        yield client


def _security(distributed: Any, address: str) -> Any:
    """What Dask's settings say of certificates.

    Raises:
        GraderError: the address asks for some, and there are none, or none that can be read.
    """
    security = distributed.Security()
    if not _is_tls(address):
        return security
    if not (security.tls_ca_file and security.tls_client_cert):
        raise GraderError(
            f"--cluster {shown(address)}: no certificates. Next: name them in Dask's settings, as "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE and DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and __KEY "
            "(docs/cluster.md)."
        )
    security.require_encryption = True
    try:
        security.get_connection_args("client")
    except (OSError, ValueError) as error:
        named = security.tls_ca_file, security.tls_client_cert, security.tls_client_key
        raise GraderError(
            f"{', '.join(map(str, filter(None, named)))}: expected certificates, found none that can be used "
            f"({error}). Next: correct Dask's settings (docs/cluster.md)."
        ) from None
    return security


def _unreachable(address: str, error: Exception) -> GraderError:
    reasons: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(reasons) < 3:
        reasons.append(f"{type(cause).__name__}: {cause}".split("\n")[0][:200])
        cause = cause.__cause__
    return GraderError(
        f"--cluster {shown(address)}: no scheduler there that trusts this client ({'; '.join(reasons)}). Next: start "
        "it, or correct the address or the certificates (docs/cluster.md)."
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """What Dask reports at length is said in one line, where it matters."""
    # Some of Dask's loggers have levels of their own.
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _LOUD]
    loggers = [logging.getLogger(name) for name in (*_LOUD, *known)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
