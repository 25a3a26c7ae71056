"""The data loader: real rows, a safe reader, one download, and the generated set where there is nothing else."""

import hashlib
import http.server
import inspect
import io
import os
import pickle
import subprocess
import sys
import tarfile
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import machine
import numpy as np
import pytest
from forms import only

from funkcije import data_utils
from funkcije.data import cifar10, generated
from funkcije.data_utils import get_CIFAR10_data
from funkcije.fc_net import FullyConnectedNet
from funkcije.messages import MESSAGES, say
from funkcije.solver import Solver

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data"
BATCHES = (*cifar10.TRAINING, cifar10.TEST)
SPLITS = ("train", "val", "test")


def joined(blocks: list[cifar10.Rows]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and labels of all blocks."""
    return np.concatenate([b.pixels() for b in blocks]), np.concatenate([b.labels for b in blocks])


def write_batches(folder: Path, rows: int = 20, save: Callable[[dict[Any, Any]], bytes] = pickle.dumps) -> Path:
    """A folder in the official layout: six small batches of random pixels."""
    layout = folder / "cifar-10-batches-py"
    layout.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in BATCHES:
        pixels = rng.integers(0, 256, (rows, 3072), dtype=np.uint8)
        (layout / name).write_bytes(save({"data": pixels, "labels": rng.integers(0, 10, rows).tolist()}))
    return folder


@pytest.fixture(autouse=True)
def no_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the user's cache, nor settings, nor the network of the machine that runs the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cifar10, "cache_folder", lambda: tmp_path / "cache" / "funkcije")
    monkeypatch.setattr(data_utils, "cache_folder", lambda: tmp_path / "cache" / "funkcije")
    monkeypatch.setattr(cifar10, "_unreachable", False)
    monkeypatch.setenv("FUNKCIJE_OFFLINE", "1")
    monkeypatch.delenv("FUNKCIJE_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the generated set."""
    cache = tmp_path_factory.mktemp("generated")
    generated.generated(cache)
    return cache


@pytest.fixture
def with_generated(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_utils, "cache_folder", lambda: drawn)


@pytest.fixture
def real() -> Path:
    if not (REAL / "cifar-10-batches-py").is_dir():
        machine.lacks(f"no real CIFAR-10 rows in {REAL}")
    return REAL


# --- the official files -----------------------------------------------------------------------------------------------


def test_called_without_numbers_it_takes_what_there_is_and_validates_on_the_last_training_rows(real: Path) -> None:
    data = get_CIFAR10_data(subtract_mean=False, folder=real)
    whole = get_CIFAR10_data(num_training=5482, num_validation=0, subtract_mean=False, folder=real)
    assert {k: v.shape for k, v in data.items()} == {
        "X_train": (4482, 3, 32, 32),
        "y_train": (4482,),
        "X_val": (1000, 3, 32, 32),
        "y_val": (1000,),
        "X_test": (1000, 3, 32, 32),
        "y_test": (1000,),
    }
    np.testing.assert_array_equal(np.concatenate([data["X_train"], data["X_val"]]), whole["X_train"])
    np.testing.assert_array_equal(np.concatenate([data["y_train"], data["y_val"]]), whole["y_train"])


def test_real_rows_are_what_an_unrestricted_reader_finds(real: Path) -> None:
    with (real / "cifar-10-batches-py" / "data_batch_1").open("rb") as stream:
        official = pickle.load(stream, encoding="bytes")
    data = get_CIFAR10_data(num_training=len(official[b"labels"]), subtract_mean=False, folder=real)
    np.testing.assert_array_equal(data["X_train"].reshape(-1, 3072), official[b"data"])
    assert data["y_train"].tolist() == official[b"labels"]


def test_the_mean_picture_of_the_training_rows_is_subtracted_everywhere(tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "data")
    raw = get_CIFAR10_data(60, 30, 10, subtract_mean=False, folder=folder)
    centred = get_CIFAR10_data(60, 30, 10, folder=folder)
    mean = raw["X_train"].mean(axis=0, dtype=np.float64)
    for split in SPLITS:
        np.testing.assert_allclose(centred[f"X_{split}"], raw[f"X_{split}"] - mean, atol=1e-4)
        np.testing.assert_array_equal(centred[f"y_{split}"], raw[f"y_{split}"])


def test_rows_that_nobody_asked_for_take_no_memory(tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "data", rows=2000)
    get_CIFAR10_data(10, 10, 10, folder=folder)  # what a first call imports and keeps
    tracemalloc.start()
    data = get_CIFAR10_data(100, 100, 100, folder=folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    batch = 2000 * 3072
    assert peak < sum(array.nbytes for array in data.values()) + 3 * batch  # one batch as bytes, and while it is read


def test_pictures_are_float32_and_labels_int64_and_both_can_be_written_to(tmp_path: Path) -> None:
    data = get_CIFAR10_data(folder=write_batches(tmp_path / "data"))
    for split in SPLITS:
        assert (data[f"X_{split}"].dtype, data[f"y_{split}"].dtype) == (np.float32, np.int64)
        assert data[f"X_{split}"].flags.c_contiguous
        assert data[f"X_{split}"].flags.writeable
        assert data[f"y_{split}"].flags.writeable


def test_the_signature_reads_as_the_family_writes_it() -> None:
    defaults = {name: parameter.default for name, parameter in inspect.signature(get_CIFAR10_data).parameters.items()}
    assert repr(defaults) == (
        "{'num_training': 49000, 'num_validation': 1000, 'num_test': 1000, 'subtract_mean': True, 'folder': None}"
    )


@pytest.mark.parametrize("protocol", range(2, 5))
@pytest.mark.parametrize("key", [str, str.encode])
def test_a_batch_is_read_however_it_was_saved(tmp_path: Path, protocol: int, key: Callable[[str], Any]) -> None:
    def save(batch: dict[Any, Any]) -> bytes:
        return pickle.dumps({key(name): value for name, value in batch.items()}, protocol)

    expected = get_CIFAR10_data(folder=write_batches(tmp_path / "plain"))
    found = get_CIFAR10_data(folder=write_batches(tmp_path / "saved", save=save))
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


def test_column_order_is_kept(tmp_path: Path) -> None:
    def save(batch: dict[Any, Any]) -> bytes:
        return pickle.dumps(batch | {"data": np.asfortranarray(batch["data"])})

    expected = get_CIFAR10_data(folder=write_batches(tmp_path / "rows"))
    found = get_CIFAR10_data(folder=write_batches(tmp_path / "columns", save=save))
    np.testing.assert_array_equal(found["X_train"], expected["X_train"])


def test_the_environment_names_the_folder_and_the_argument_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNKCIJE_DATA", str(write_batches(tmp_path / "environment", rows=30)))
    argument = write_batches(tmp_path / "argument", rows=20)
    assert len(get_CIFAR10_data()["y_test"]) == 30
    assert len(get_CIFAR10_data(folder=argument)["y_test"]) == 20


def test_files_in_the_cache_are_used_in_silence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_batches(tmp_path / "cache" / "funkcije")
    assert len(get_CIFAR10_data()["y_test"]) == 20
    assert capsys.readouterr() == ("", "")


# --- numbers of rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "sizes"),
    [
        ({}, (80, 20, 20)),  # of 100 training rows and 20 test rows
        ({"num_training": 30}, (30, 20, 20)),
        ({"num_training": 95}, (95, 5, 20)),
        ({"num_training": 100}, (100, 0, 20)),
        ({"num_validation": 70}, (30, 70, 20)),
        ({"num_validation": 99, "num_test": 0}, (1, 99, 0)),
        ({"num_training": np.int64(60), "num_validation": 40}, (60, 40, 20)),
    ],
)
def test_numbers_that_are_there_are_taken(tmp_path: Path, numbers: dict[str, int], sizes: tuple[int, int, int]) -> None:
    data = get_CIFAR10_data(folder=write_batches(tmp_path / "data"), **numbers)  # type: ignore[arg-type]
    assert tuple(len(data[f"y_{split}"]) for split in SPLITS) == sizes


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ({"num_training": 49_000}, "num_training=49000: u ovom skupu ih ima najviše 100 (num_training=49000: this "),
        ({"num_training": 60, "num_validation": 41}, "num_validation=41: u ovom skupu ih ima najviše 40 "),
        ({"num_validation": 1_000}, "num_validation=1000: u ovom skupu ih ima najviše 99 "),
        ({"num_test": 21}, "num_test=21: u ovom skupu ih ima najviše 20 "),
        ({"num_training": 0}, "num_training=0: očekuje se cio broj, 1 ili veći "),
        ({"num_test": -1}, "num_test=-1: očekuje se cio broj, 0 ili veći "),
        ({"num_test": 10.0}, "num_test=10.0: očekuje se cio broj, 0 ili veći "),
    ],
)
def test_a_number_that_is_not_there_is_an_error_of_one_line(
    tmp_path: Path, numbers: dict[str, int], expected: str
) -> None:
    folder = write_batches(tmp_path / "data")
    with pytest.raises(ValueError, match="=") as error:
        get_CIFAR10_data(folder=folder, **numbers)  # type: ignore[arg-type]
    assert str(error.value).startswith(expected)
    assert "\n" not in str(error.value)


# --- bad folders and files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named_by", ["folder=", "FUNKCIJE_DATA"])
def test_a_named_folder_without_the_files_is_an_error_and_never_replaced(
    tmp_path: Path, named_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNKCIJE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError) as error:
        get_CIFAR10_data(folder=tmp_path if named_by == "folder=" else None)
    assert str(error.value) == say("no_folder", folder=tmp_path, by=named_by)


def test_a_missing_batch_is_named(tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "data")
    missing = folder / "cifar-10-batches-py" / "data_batch_3"
    missing.unlink()
    with pytest.raises(FileNotFoundError, match="data_batch_3") as error:
        get_CIFAR10_data(folder=folder)
    assert str(error.value) == say("no_file", file=missing, folder=missing.parent)


def batch(**changes: Any) -> bytes:
    return pickle.dumps({"data": np.zeros((4, 3072), np.uint8), "labels": [0, 1, 2, 3]} | changes)


class Evil:
    """Unpickling this would make a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


DAMAGED = {
    "empty": (b"", "EOFError: Ran out of input"),
    "text": (b"<html>not found</html>", "UnpicklingError"),
    "cut off": (batch()[:-2000], "UnpicklingError: pickle data was truncated"),
    "not a dict": (pickle.dumps([1, 2]), "expected a dict, found a list"),
    "no data": (pickle.dumps({"labels": [1]}), "no array named data"),
    "no labels": (batch(labels=None), "expected 4 whole numbers as labels"),
    "too few labels": (batch(labels=[1, 2]), "expected 4 whole numbers as labels"),
    "labels that are not whole": (batch(labels=[0.5, 1, 2, 3]), "expected 4 whole numbers as labels"),
    "labels beyond the classes": (batch(labels=[0, 1, 2, 10]), "labels from 0 to 10, expected 0 to 9"),
    "too few pixels": (batch(data=np.zeros((4, 3071), np.uint8)), "data has shape (4, 3071), expected (rows, 3072)"),
    "floats": (batch(data=np.zeros((4, 3072), np.float32)), "data is not an array of bytes"),
    "objects": (batch(data=np.full((4, 3072), None)), "data is not an array of bytes"),
    "an array in a newer form": (pickle.dumps({"data": np.zeros((4, 3072), np.uint8)}, 5), "refused numpy"),
    "no rows": (batch(data=np.zeros((0, 3072), np.uint8), labels=[]), "no rows"),
}


@pytest.mark.parametrize(("content", "found"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_batch_is_named_with_what_was_found(tmp_path: Path, content: bytes, found: str) -> None:
    folder = write_batches(tmp_path / "data")
    file = folder / "cifar-10-batches-py" / "data_batch_2"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="data_batch_2") as error:
        get_CIFAR10_data(folder=folder)
    assert found in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("place", ["data", "labels", "another key"])
def test_a_batch_that_brings_code_is_refused_and_the_code_does_not_run(
    tmp_path: Path, protocol: int, place: str
) -> None:
    folder, made = write_batches(tmp_path / "data"), tmp_path / "made"
    evil = {"data": np.zeros((4, 3072), np.uint8), "labels": [0, 1, 2, 3]} | {place: Evil(made)}
    (folder / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps(evil, protocol))
    with pytest.raises(ValueError, match=r"UnpicklingError: refused (posix|nt)\.mkdir"):
        get_CIFAR10_data(folder=folder)
    assert not made.exists()


@pytest.mark.parametrize(
    "name",
    [
        *(
            "os.system",
            "builtins.eval",
            "builtins.getattr",
            "__builtin__.apply",
            "numpy.load",
            "numpy.core._reconstruct",
        ),
        *("numpy.testing._private.utils.runstring", "numpy._core.multiarray.scalar", "codecs.encode", "pickle.loads"),
    ],
)
def test_no_other_name_is_looked_up(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    harmful = f"c{module}\n{attribute}\n.".encode()
    with pytest.raises(pickle.UnpicklingError, match=f"refused {name}"):
        cifar10._NumbersOnly(io.BytesIO(harmful)).load()


def test_no_other_encoding_is_looked_up() -> None:
    harmful = b"\x80\x02c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13tR."
    with pytest.raises(pickle.UnpicklingError, match="refused the encoding 'rot13'"):
        cifar10._NumbersOnly(io.BytesIO(harmful)).load()


# --- fetching ---------------------------------------------------------------------------------------------------------


def archive_of(members: dict[str, bytes | str]) -> bytes:
    """A `.tar.gz`: files by their content, symbolic links by their target."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def official(tmp_path: Path) -> dict[str, bytes | str]:
    folder = write_batches(tmp_path / "official") / "cifar-10-batches-py"
    return {f"cifar-10-batches-py/{name}": (folder / name).read_bytes() for name in BATCHES}


class Site:
    """A server that hands out one archive, and counts who asks."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.folder = folder
        site = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                site.asked.append(str(args[0]).split()[0])

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/cifar-10-python.tar.gz"

    def offer(self, archive: bytes, monkeypatch: pytest.MonkeyPatch, checksum: str | None = None) -> None:
        (self.folder / "cifar-10-python.tar.gz").write_bytes(archive)
        monkeypatch.setattr(cifar10, "URL", self.url)
        monkeypatch.setattr(cifar10, "SHA256", checksum or hashlib.sha256(archive).hexdigest())


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.delenv("FUNKCIJE_OFFLINE")
    (tmp_path / "site").mkdir()
    site = Site(tmp_path / "site")
    yield site
    site.server.shutdown()
    site.server.server_close()


def test_the_archive_is_downloaded_once_and_nothing_else_is_left(
    site: Site, official: dict[str, bytes | str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.offer(archive_of(official), monkeypatch)
    assert len(get_CIFAR10_data()["y_test"]) == 20
    assert len(get_CIFAR10_data()["y_test"]) == 20
    assert site.asked == ["HEAD", "GET"]
    cache = tmp_path / "cache" / "funkcije"
    assert [path.name for path in cache.iterdir()] == ["cifar-10-batches-py"]
    assert {path.name for path in (cache / "cifar-10-batches-py").iterdir()} == set(BATCHES)


def test_an_archive_with_another_checksum_is_not_used(
    site: Site, official: dict[str, bytes | str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.offer(archive_of(official), monkeypatch, checksum="0" * 64)
    assert cifar10.fetch(tmp_path / "cache") == "no_network"
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_try_that_fails_is_not_repeated(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "URL", site.url)  # where there is no such file
    assert cifar10.fetch(tmp_path / "cache") == "no_network"
    assert cifar10.fetch(tmp_path / "cache") == "no_network"
    assert site.asked.count("HEAD") <= 1


def test_a_server_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.delenv("FUNKCIJE_OFFLINE")
    monkeypatch.setattr(cifar10, "SECONDS_TO_ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(cifar10, "URL", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        assert cifar10.fetch(tmp_path / "cache") == "no_network"


def test_without_pooch_nothing_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FUNKCIJE_OFFLINE")
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert cifar10.fetch(tmp_path / "cache") == "no_pooch"


def test_only_the_batches_leave_the_archive(official: dict[str, bytes | str], tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    intruders: dict[str, bytes | str] = {
        "../outside": b"x",
        str(tmp_path / "absolute"): b"x",
        "cifar-10-batches-py/../../outside": b"x",
        "cifar-10-batches-py/extra": b"x",
    }
    archive.write_bytes(archive_of(intruders | official))
    before = {path.name for path in tmp_path.iterdir()}
    cifar10.extract(archive, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(BATCHES)
    assert {path.name for path in tmp_path.iterdir()} == before | {"out"}


def test_a_link_in_place_of_a_batch_is_refused(official: dict[str, bytes | str], tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    archive = tmp_path / "archive"
    archive.write_bytes(archive_of(official | {"cifar-10-batches-py/data_batch_1": str(tmp_path / "secret")}))
    with pytest.raises(ValueError, match="data_batch_1 is not a file"):
        cifar10.extract(archive, tmp_path / "out")


@pytest.mark.parametrize(
    "content", [b"", b"no archive", archive_of({"other": b"x"})], ids=["empty", "text", "other files"]
)
def test_another_file_is_not_an_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises((ValueError, OSError)):
        cifar10.extract(tmp_path / "archive", tmp_path / "out")


# --- the generated set ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_generated")
@pytest.mark.parametrize("numbers", [(1_000, 100, 100), pytest.param((), marks=pytest.mark.full)])
def test_without_files_and_network_one_line_says_that_the_set_is_generated(
    numbers: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    data = get_CIFAR10_data(*numbers)
    training, validation, test = numbers or (49_000, 1_000, 1_000)
    assert capsys.readouterr().out == f"{say('offline')}. {say('generated')}.\n"
    assert {name: (array.shape, array.dtype) for name, array in data.items()} == {
        "X_train": ((training, 3, 32, 32), np.float32),
        "y_train": ((training,), np.int64),
        "X_val": ((validation, 3, 32, 32), np.float32),
        "y_val": ((validation,), np.int64),
        "X_test": ((test, 3, 32, 32), np.float32),
        "y_test": ((test,), np.int64),
    }


def test_the_generated_set_has_the_official_size_and_as_many_pictures_of_each_class(drawn: Path) -> None:
    for blocks, size in zip(generated.generated(drawn), (50_000, 10_000), strict=True):
        pixels, labels = joined(blocks)
        assert (pixels.shape, pixels.dtype) == ((size, 3072), np.uint8)
        assert np.bincount(labels).tolist() == [size // 10] * 10


def test_the_generated_set_is_the_same_everywhere_as_long_as_its_version_is(drawn: Path) -> None:
    digest = hashlib.sha256()
    for pixels, labels in map(joined, generated.generated(drawn)):
        digest.update(pixels)
        digest.update(labels.astype(np.uint8))
    assert (generated.VERSION, digest.hexdigest()) == (
        1,
        "02005abe4c7e106bc7fb66b1919e945d7ab9f0ec11d952d92e4e83e740263dc4",
    )


@pytest.fixture
def _few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures combine drawn figures and backgrounds; to draw fewer of those takes less time."""
    monkeypatch.setattr(generated, "VARIANTS", 10)
    monkeypatch.setattr(generated, "TEXTURES", 20)


@pytest.mark.usefixtures("_few_figures")
def test_drawing_again_draws_the_same_and_another_seed_another() -> None:
    def draw(seed: int) -> np.ndarray:
        return generated.draw(np.random.Generator(np.random.PCG64(seed)), 700, 100)

    np.testing.assert_array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


def test_no_picture_is_given_twice(drawn: Path) -> None:
    pictures = {row.tobytes() for blocks in generated.generated(drawn) for row in joined(blocks)[0][:, ::8]}
    assert len(pictures) == 60_000


@pytest.mark.usefixtures("_few_figures")
def test_a_cache_that_was_cut_off_is_drawn_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "TRAINING", 100)
    monkeypatch.setattr(generated, "TEST", 20)
    whole, _ = generated.generated(tmp_path)
    drawn = joined(whole)[0]
    (file,) = tmp_path.iterdir()
    for damaged in (file.read_bytes()[:-1], b"", b"no array"):
        file.write_bytes(damaged)
        again, _ = generated.generated(tmp_path)
        np.testing.assert_array_equal(joined(again)[0], drawn)
        assert list(tmp_path.iterdir()) == [file]


@pytest.mark.usefixtures("_few_figures")
def test_a_cache_is_read_and_not_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "TRAINING", 100)
    monkeypatch.setattr(generated, "TEST", 20)
    whole, _ = generated.generated(tmp_path)
    monkeypatch.setattr(generated, "draw", None)
    again, _ = generated.generated(tmp_path)
    np.testing.assert_array_equal(joined(again)[0], joined(whole)[0])


@pytest.mark.usefixtures("_few_figures")
def test_without_a_place_for_a_cache_the_set_is_drawn_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generated, "TRAINING", 100)
    monkeypatch.setattr(generated, "TEST", 20)
    (tmp_path / "file").write_bytes(b"")
    for cache in (None, tmp_path / "file" / "funkcije"):
        training, _ = generated.generated(cache)
        assert [part.shape for part in joined(training)] == [(100, 3072), (100,)]


# --- what the experiments of the course show on it --------------------------------------------------------------------


@pytest.fixture(scope="session")
def small(drawn: Path) -> dict[str, np.ndarray]:
    """1,000 generated rows to train on and 1,000 to validate, as in the notebook."""
    training, _ = generated.generated(drawn)
    pixels, y = joined(training)
    mean = pixels[:49_000].mean(axis=0, dtype=np.float64).astype(np.float32)
    train, val = (
        (pixels[rows].astype(np.float32) - mean).reshape(-1, 3, 32, 32) for rows in (slice(1000), slice(49_000, None))
    )
    return {"X_train": train, "y_train": y[:1000], "X_val": val, "y_val": y[49_000:]}


def trained(data: dict[str, np.ndarray], hidden: list[int], scale: float, norm: str | None, **settings: Any) -> Solver:
    np.random.seed(231)  # noqa: NPY002 (what the nets and the solver draw from)
    rate = settings.pop("rate", 1e-3)
    # In float32 one last bit, which another processor rounds otherwise, grows to tenths of the accuracy.
    model = FullyConnectedNet(hidden, weight_scale=scale, normalization=norm, dtype=np.float64)
    solver = Solver(
        model,
        data,
        **{"num_epochs": 5, "batch_size": 50, "verbose": False} | settings,
        update_rule="adam",
        optim_config={"learning_rate": rate},
    )
    solver.train()
    return solver


@pytest.mark.full
def test_batch_normalization_trains_faster_on_it(small: dict[str, np.ndarray]) -> None:
    with_norm = trained(small, [100] * 5, 2e-2, "batchnorm")
    without = trained(small, [100] * 5, 2e-2, None)
    assert np.mean(with_norm.train_acc_history[1:]) > np.mean(without.train_acc_history[1:]) + 0.08


def test_it_is_neither_noise_nor_solved_by_a_thousand_pictures(small: dict[str, np.ndarray]) -> None:
    solver = trained(small, [100] * 5, 2e-2, "batchnorm", num_epochs=10)
    assert max(solver.train_acc_history) > 0.8
    assert 0.4 < max(solver.val_acc_history) < 0.7


@pytest.mark.full
def test_with_batch_normalization_it_is_learned_over_a_wider_range_of_weight_scales(
    small: dict[str, np.ndarray],
) -> None:
    def accuracy(scale: float, norm: str | None) -> float:
        return max(trained(small, [50] * 7, scale, norm).train_acc_history)

    for scale in (1e-4, 1e-3):
        assert accuracy(scale, "batchnorm") > accuracy(scale, None) + 0.08
    for norm in ("batchnorm", None):
        assert accuracy(5e-2, norm) > 0.4


@pytest.mark.full
def test_small_batches_hurt_batch_normalization_more_than_layer_normalization(small: dict[str, np.ndarray]) -> None:
    def loss_to_small_batches(norm: str) -> float:
        accuracies = [
            trained(small, [100] * 5, 2e-2, norm, num_epochs=3, batch_size=size, rate=10**-3.5).train_acc_history[-1]
            for size in (5, 50)
        ]
        return accuracies[1] - accuracies[0]

    assert loss_to_small_batches("batchnorm") > 0.1
    assert loss_to_small_batches("layernorm") < loss_to_small_batches("batchnorm") - 0.04


# --- memory, imports, words -------------------------------------------------------------------------------------------


def named(case: tuple[str, int]) -> str:
    source, rows = case
    return f"{source}-{rows}"


def run(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.parametrize(
    ("source", "rows"), only(["files-2000"], [("files", 2_000), ("files", 10_000), ("cache", 10_000)], named)
)
def test_the_default_call_on_the_full_set_peaks_below_one_and_a_half_gigabytes(
    tmp_path: Path, drawn: Path, source: str, rows: int
) -> None:
    """Of files with a fifth of the rows, below a fifth of it."""
    if sys.platform != "linux":
        machine.lacks("the peak is read from Linux's /proc")
    environment = {"XDG_CACHE_HOME": str(tmp_path / "home")}
    if source == "files":
        environment["FUNKCIJE_DATA"] = str(write_batches(tmp_path / "full", rows=rows))
    else:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "funkcije").symlink_to(drawn)
    out = run(
        "from pathlib import Path\n"
        "from funkcije.data_utils import get_CIFAR10_data\n"
        "data = get_CIFAR10_data()\n"
        f"assert data['X_train'].shape == ({5 * rows - 1000}, 3, 32, 32)\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(status.split('VmHWM:')[1].split()[0])\n",
        **environment,
    )
    assert int(out.split()[-1]) * 1024 < 1.5e9 * rows / 10_000


def test_importing_it_brings_numpy_and_nothing_more() -> None:
    loaded = run("import sys; import funkcije.data_utils; print(*sys.modules)").split()
    assert "numpy" in loaded
    assert not {"pooch", "tqdm", "requests", "platformdirs"} & set(loaded)


def test_the_cache_is_a_folder_of_the_user_with_and_without_pooch(tmp_path: Path) -> None:
    ask = "from funkcije.data.cifar10 import cache_folder; print(cache_folder())"
    hidden = "import sys; sys.modules['pooch'] = None; "
    if sys.platform == "linux":
        for code in (ask, hidden + ask):
            assert run(code, XDG_CACHE_HOME=str(tmp_path)).strip() == str(tmp_path / "funkcije")
    assert Path(run(ask).strip()).is_absolute()


def test_every_message_says_the_same_facts_in_both_languages_on_one_line() -> None:
    for montenegrin, english in MESSAGES.values():
        assert montenegrin
        assert english
        assert "\n" not in montenegrin + english
