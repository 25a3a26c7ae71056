"""What a submission tries by how it is packed: links, names that lead elsewhere, things that are no files."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .attack import HandedIn
from .world import World

Files = Mapping[str, bytes]
_LEFT_OUT = "links, devices and names that lead outside were left out"
_NOT_CARRIED = "Not carried over"


def _zip(files: Files, links: Mapping[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, to in (links or {}).items():
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, to)
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _tar(files: Files, more: Iterable[tuple[str, bytes, str]]) -> bytes:
    """A tar archive of some files, and of (name, type, target) what is no file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, kind, target in more:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _zipped(name: str, tries: str, pack: Callable[[Files, World], bytes], **more: Any) -> HandedIn:
    """A submission that is uploaded as one zip."""
    return HandedIn(name, tries, send=lambda files, world: {"work.zip": pack(files, world)}, **more)


def _below(folder: str, files: Files) -> dict[str, bytes]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def _climbing(files: Files, world: World) -> bytes:
    spoilt = b"raise RuntimeError('spoilt')"
    other = Path(world.names["other"]).relative_to(world.course.root).as_posix()
    up = {f"{'../' * height}{other}": spoilt for height in range(1, 8)}
    return _zip(up | {f"/tmp/{world.names['left']}": b"", f"..\\..\\{world.names['left']}": b""} | dict(files))


def _through_a_link(files: Files, world: World) -> bytes:
    folder = Path(world.names["other"]).parent
    return _zip(_below("work", files) | {f"out/{Path(world.names['other']).name}": b"1 / 0"}, {"out": str(folder)})


def _claims_600_megabytes(files: Files, world: World) -> bytes:
    content = bytearray(_zip({"bomb.bin": bytes(1000)} | dict(files)))
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        where = content.index(signature) + at
        content[where : where + 4] = (600_000_000).to_bytes(4, "little")
    return bytes(content)


def _encrypted(files: Files, world: World) -> bytes:
    content = bytearray(_zip({"work/first.py": b"1"}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + at] |= 1
    return bytes(content)


def _without_the_utf8_mark(files: Files, world: World) -> bytes:
    """Names as Windows writes them in Montenegro: in code page 852, with nothing that says so."""
    name = "moj rad čćžšđ"
    stands_for = "q" * len(name)
    return _zip(_below(stands_for, files)).replace(stands_for.encode(), name.encode("cp852"))


def _linked(**links: str) -> Callable[[Path, World], None]:
    """Links in the submission, by a path with dots for slashes."""

    def edit(folder: Path, world: World) -> None:
        for name, to in links.items():
            own = {"NOTEBOOK": f"{world.assignment.name}.ipynb", "PACKAGE": world.course.package.name}
            path = folder.joinpath(*(own.get(part, part) for part in name.split("__")))
            if path.is_dir() and not path.is_symlink():
                path.rename(path.with_name("moved"))
            path.unlink(missing_ok=True)
            path.symlink_to(world.names[to] if to != "package" else world.course.package)

    return edit


def _without_package(folder: Path, world: World) -> None:
    _linked(PACKAGE="package")(folder, world)
    (folder / "moved").rename(folder / "elsewhere")
    for path in (folder / "elsewhere").rglob("*.py"):
        path.unlink()


def _pipes(folder: Path, world: World) -> None:
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / world.course.package.name / "pipe.py")


def _large(folder: Path, world: World) -> None:
    with (folder / "data.bin").open("wb") as file:
        file.truncate(300_000_000)


def _stamped(folder: Path, world: World) -> None:
    (folder / "timestamp.txt").symlink_to(world.names["secret"])


def _modules(folder: Path, world: World) -> None:
    for number in range(6_000):
        (folder / world.course.package.name / f"a{number}.py").touch()


def _twins(folder: Path, world: World) -> None:
    """Other code under names that pass for the package's, and for its modules'."""
    package = world.course.package.name
    for place in (package.capitalize(), f"{package} ", f"{package[:3]}\u200b{package[3:]}", f"old/{package}", "."):
        for name in world.assignment.modules:
            path = folder / place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("# right\n", encoding="utf-8")
    (folder / package / world.assignment.modules[0].upper()).write_text("# right\n", encoding="utf-8")


def _shouted(name: str, world: World) -> str:
    """A file's name with the package's in capital letters."""
    package = world.course.package.name
    return name.replace(f"{package}/", f"{package.upper()}/")


def _dated(folder: Path, world: World) -> None:
    (folder / "timestamp.txt").write_text("9999-12-31 23:59:59 -2300")


PACKAGING = (
    _zipped(
        "climbs_out_of_a_zip",
        "Packs modules under names with `..`, to overwrite another student's.",
        _climbing,
        says=_LEFT_OUT,
    ),
    _zipped(
        "link_in_a_zip",
        "Packs a link to the course secret, in place of a file.",
        lambda files, world: _zip(
            files, {"secret.txt": world.names["secret"], f"{world.course.package.name}/eve.py": world.names["other"]}
        ),
        says=_LEFT_OUT,
    ),
    _zipped(
        "through_a_link",
        "Packs a link to another student's folder, then a file below the link.",
        _through_a_link,
        says=_LEFT_OUT,
    ),
    HandedIn(
        "links_and_devices_in_a_tar",
        "Packs links, hard links, a device and a named pipe into a tar archive.",
        send=lambda files, world: {
            "work.tar.gz": _tar(
                files,
                (
                    ("link", tarfile.SYMTYPE, world.names["secret"]),
                    ("hard", tarfile.LNKTYPE, world.names["gradebook"]),
                    (f"{world.course.package.name}/pipe.py", tarfile.FIFOTYPE, ""),
                    ("device", tarfile.CHRTYPE, ""),
                ),
            )
        },
        says=_LEFT_OUT,
    ),
    _zipped(
        "unpacks_to_too_much",
        "Packs a file that says it unpacks to 600 MB.",
        _claims_600_megabytes,
        says="unpacks to more than",
    ),
    _zipped("encrypted", "Hands in an archive that needs a password.", _encrypted, costs="submission", says="password"),
    _zipped(
        "no_archive",
        "Hands in a zip that is none.",
        lambda files, world: b"PK none",
        costs="submission",
        says="not a zip",
    ),
    _zipped(
        "names_of_windows",
        "Packs names with a space and with č, ć, ž, š and đ as Windows does.",
        _without_the_utf8_mark,
        says="raised ValueError",
    ),
    _zipped(
        "nested_as_an_lms_does",
        "Packs the folder below others, in an archive in an archive.",
        lambda files, world: _zip(
            {"Šesta grupa/Žurić Đ/predaja.zip": _zip(_below("a/b/Predaja (konačna)", files)), "__MACOSX/._x": b"1"}
        ),
        says="raised ValueError",
    ),
    _zipped(
        "wrong_case",
        "Calls the package by its name in capitals, one folder too deep.",
        lambda files, world: _zip({f"Rad/{_shouted(n, world)}": content for n, content in files.items()}),
        says="is not where it belongs",
    ),
    _zipped(
        "timestamp_of_its_own",
        "Packs a time of submission of its own, long before the deadline.",
        lambda files, world: _zip({**files, "timestamp.txt": b"1999-01-01 00:00:00 UTC"}),
        says="raised ValueError",
    ),
    HandedIn(
        "package_is_a_link",
        "Hands in a link to the reference as its package.",
        _without_package,
        costs="everything",
        says=r"no folder \w+/",
    ),
    HandedIn(
        "notebook_is_a_link",
        "Hands in a link to the gradebook as its notebook.",
        _linked(NOTEBOOK="gradebook"),
        says="cannot be read .not a file",
    ),
    HandedIn(
        "links_beside",
        "Hands in links to the secret and to the whole course beside its work.",
        _linked(secret="secret", pictures="course", PACKAGE__other="course"),
        says=f"{_NOT_CARRIED}.*secret",
    ),
    HandedIn("time_is_a_link", "Hands in a link as its time of submission.", _stamped, says="timestamp.txt"),
    HandedIn(
        "hundreds_of_modules",
        "Puts 6,000 modules beside its own, with names that come before theirs.",
        _modules,
        says=r"Left out of .*\(\d+\)",
    ),
    HandedIn(
        "twins_of_the_package",
        "Puts other code beside its package, under names that pass for it.",
        _twins,
        says=r"could be mistaken for the modules that were graded: .*[A-Z]\w+",
    ),
    HandedIn("time_beyond_all_clocks", "Says that it was handed in after all time.", _dated, says="timestamp.txt"),
    _zipped(
        "thousands_of_pictures",
        "Packs 4,000 small pictures into one folder, before its own work.",
        lambda files, world: _zip({f"pictures/{number}.png": b"" for number in range(4_000)} | dict(files)),
        says="unpacks to more than",
    ),
    HandedIn("pipes", "Hands in named pipes, at which a reader hangs.", _pipes, says=f"{_NOT_CARRIED}.*pipe"),
    HandedIn(
        "large_file_beside", "Hands in a file of 300 MB beside its work.", _large, says=f"{_NOT_CARRIED}.*data.bin"
    ),
)
