"""The official CIFAR-10 files: reading them without trusting them, and fetching them once.

The archive (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009) holds a folder
`cifar-10-batches-py` with five training batches and a test batch. Each is a pickled dict with `data`, uint8
(rows, 3072), the red, green and blue planes of 32x32 one after another, and `labels`, a list of 0..9.
"""

import os
import pickle
import shutil
import tarfile
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..messages import say

LAYOUT = "cifar-10-batches-py"
TRAINING = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST = "test_batch"
PIXELS = 3 * 32 * 32
CLASSES = 10

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
SECONDS_TO_ANSWER = 6.0


class Rows(NamedTuple):
    """Images with their labels."""

    pixels: NDArray[np.uint8]
    """(N, 3072), 0..255."""
    labels: NDArray[np.int64]
    """(N,), 0..9."""


# --- reading ----------------------------------------------------------------------------------------------------------


def read(folder: Path) -> tuple[Rows, Rows]:
    """The training and the test rows in `folder/cifar-10-batches-py`; a batch may hold any number of rows.

    Raises:
        FileNotFoundError: a batch is missing.
        ValueError: a batch is damaged, or holds anything but numbers.
    """
    batches = [_read_batch(folder / LAYOUT / name) for name in TRAINING]
    training = Rows(np.concatenate([b.pixels for b in batches]), np.concatenate([b.labels for b in batches]))
    return training, _read_batch(folder / LAYOUT / TEST)


def _read_batch(file: Path) -> Rows:
    try:
        with file.open("rb") as stream:
            return _rows(_NumbersOnly(stream, encoding="bytes").load())
    except FileNotFoundError:
        raise FileNotFoundError(say("no_file", file=file, folder=file.parent)) from None
    except Exception as error:  # damaged pickles raise nearly anything
        found = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(say("bad_file", file=file, folder=file.parent, found=found)) from None


def _rows(batch: Any) -> Rows:
    if not isinstance(batch, dict):
        raise ValueError(f"expected a dict, found a {type(batch).__name__}")
    # Python 2 wrote the keys; a copy that was saved again has either kind.
    fields = {key.decode() if isinstance(key, bytes) else key: value for key, value in batch.items()}
    if not isinstance(fields.get("data"), _PickledArray):
        raise ValueError("no array named data")
    pixels, labels = fields["data"].array(), np.asarray(fields.get("labels"))
    if pixels.ndim != 2 or pixels.shape[1] != PIXELS:
        raise ValueError(f"data has shape {pixels.shape}, expected (rows, {PIXELS})")
    if not len(pixels):
        raise ValueError("no rows")
    if labels.shape != (len(pixels),) or labels.dtype.kind != "i":
        raise ValueError(f"expected {len(pixels)} whole numbers as labels, found {labels.dtype} {labels.shape}")
    if not (labels.min() >= 0 and labels.max() < CLASSES):
        raise ValueError(f"labels from {labels.min()} to {labels.max()}, expected 0 to {CLASSES - 1}")
    return Rows(pixels, labels.astype(np.int64))


class _PickledArray:
    """Takes the place of a numpy array in a batch: bytes with a shape, made into an array once they are checked."""

    def __init__(self, *_: object) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def array(self) -> NDArray[np.uint8]:
        _, shape, dtype, fortran_order, raw = self.state
        if not isinstance(dtype, _PickledDtype) or dtype.name not in ("u1", b"u1") or not isinstance(raw, bytes):
            raise ValueError("data is not an array of bytes")
        return np.frombuffer(raw, np.uint8).reshape(shape, order="F" if fortran_order else "C")


class _PickledDtype:
    """Takes the place of a numpy dtype in a batch."""

    def __init__(self, name: object, *_: object) -> None:
        self.name = name

    def __setstate__(self, _: object) -> None:
        """Byte order and alignment say nothing about single bytes."""


def _pickled_bytes(text: str, encoding: str) -> bytes:
    """Takes the place of `_codecs.encode`, by which Python 3 writes bytes in the old protocol."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"refused the encoding {encoding!r}")
    return text.encode("latin1")


class _NumbersOnly(pickle.Unpickler):
    """Reads a batch, and nothing else: unpickling anything more could run code that a file brings along.

    Not even numpy's own functions are called: a few names are answered with the stand-ins above.
    """

    allowed: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy", "ndarray"): _PickledArray,
        ("numpy", "dtype"): _PickledDtype,
        ("numpy.core.multiarray", "_reconstruct"): _PickledArray,
        ("numpy._core.multiarray", "_reconstruct"): _PickledArray,
        ("_codecs", "encode"): _pickled_bytes,
    }

    def find_class(self, module: str, name: str) -> Any:
        """A stand-in, if `module.name` is one of the few that a batch needs.

        Raises:
            pickle.UnpicklingError: it is not.
        """
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"refused {module}.{name}")
        return self.allowed[module, name]


# --- fetching ---------------------------------------------------------------------------------------------------------

_unreachable = False
"""Set by the first try that fails: a notebook that loads the data again does not wait again."""


def cache_folder() -> Path | None:
    """The user's cache for this package, or None where there is none (no home folder)."""
    try:
        import pooch

        folder = Path(pooch.os_cache("funkcije"))
    except ImportError:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "funkcije")  # noqa: PTH111
    return folder if folder.is_absolute() else None


def fetch(folder: Path | None) -> str | None:
    """Download the official archive into `folder` as `cifar-10-batches-py`: whole and with the right checksum, or not.

    Returns:
        None if it is there now, else why not (a key of `messages.MESSAGES`).
    """
    global _unreachable
    if os.environ.get("FUNKCIJE_OFFLINE", "0") not in ("", "0"):
        return "offline"
    if folder is None:
        return "no_cache"
    if _unreachable:
        return "no_network"
    try:
        import pooch
    except ImportError:
        return "no_pooch"
    try:
        download = pooch.HTTPDownloader(progressbar=find_spec("tqdm") is not None, chunk_size=1 << 16, timeout=(3, 10))
        if not _answers(download):
            raise TimeoutError(URL)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            archive = pooch.retrieve(URL, f"sha256:{SHA256}", "archive", scratch, downloader=download)
            extract(Path(archive), Path(scratch) / LAYOUT)
            (Path(scratch) / LAYOUT).replace(folder / LAYOUT)
    except (OSError, ValueError):  # requests' errors are OSErrors; pooch raises ValueError for a wrong checksum
        if (folder / LAYOUT).is_dir():  # another process was faster
            return None
        _unreachable = True
        return "no_network"
    return None


def _answers(download: Any) -> bool:
    """Whether the server answers soon; asked from a thread, as looking up a name has no time limit of its own."""
    answers: list[bool] = []

    def ask() -> None:
        try:
            answers.append(download(URL, None, None, check_only=True))
        except OSError:
            answers.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SECONDS_TO_ANSWER)
    return answers == [True]


def extract(archive: Path, folder: Path) -> None:
    """Write the batches in a `.tar.gz` to `folder`: only these, only regular files, to paths that we name ourselves.

    Raises:
        ValueError: not such an archive.
    """
    folder.mkdir()
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for name in (*TRAINING, TEST):
                member = tar.getmember(f"{LAYOUT}/{name}")
                content: BinaryIO | None = tar.extractfile(member) if member.isfile() else None  # type: ignore[assignment]
                if content is None:
                    raise ValueError(f"{archive}: {member.name} is not a file")
                with content, (folder / name).open("wb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise ValueError(f"{archive}: not the CIFAR-10 archive ({error})") from None
