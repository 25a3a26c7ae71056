"""Hand-in: what Moodle and Canvas export, and nbgrader's own exchange, arrive as `submitted/STUDENT/NAME/funkcije/`."""

import io
import logging
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from classroom import SOLVED, WRONG, released_course, solve
from nbgrader.apps.api import NbGraderAPI
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory

from grader.classroom.gradebook import course_config
from grader.classroom.handin import archives
from grader.classroom.handin.archives import unpack
from grader.classroom.handin.lms import plan
from grader.classroom.handin.senders import Sender, sender_of
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.grading.people import student_id

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return released_course(tmp_path)


@pytest.fixture
def collect(course: Course, monkeypatch: pytest.MonkeyPatch) -> Iterator["Collect"]:
    monkeypatch.chdir(course.root)
    yield Collect(course)
    ZipCollectApp.clear_instance()


class Collect:
    """`nbgrader zip_collect scale`, and what it said of files that it left."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.archive = course.root / "downloaded" / "scale" / "archive"
        self.archive.mkdir(parents=True)

    def __call__(self, *flags: str) -> list[str]:
        lines: list[str] = []

        class Ours(logging.Handler):
            def emit(self, entry: logging.LogRecord) -> None:
                if entry.getMessage().startswith("Not "):
                    lines.append(entry.getMessage())

        app = ZipCollectApp.instance()
        app.initialize(["scale", "--log-level=WARN", *flags])
        app.log.addHandler(Ours())
        app.start()
        return lines

    def submitted(self) -> set[str]:
        return {
            path.relative_to(self.course.submitted).as_posix()
            for path in self.course.submitted.rglob("*")
            if path.is_file() and path.suffix in {".py", ".ipynb"} and "checks" not in path.parts
        }


def work(course: Course, prefix: str = "scale/", body: str = SOLVED) -> dict[str, bytes]:
    """A finished assignment, by path."""
    release = course.release / "scale"
    files = {f"{prefix}{p.relative_to(release).as_posix()}": p.read_bytes() for p in release.rglob("*") if p.is_file()}
    module = course.root / "layers.py"
    module.write_bytes(files[f"{prefix}funkcije/layers.py"])
    solve(module, body)
    return files | {f"{prefix}funkcije/layers.py": module.read_bytes()}


def zipped(files: dict[str, bytes], year: int = 2026) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 2, 3, 4, 6)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


WHOLE = ("scale/funkcije/__init__.py", "scale/funkcije/layers.py", "scale/scale.ipynb")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Žana Đurić_123456_assignsubmission_file_", Sender("Žana Đurić", "123456", "")),
        ("Žana Đurić_123456_assignsubmission_file", Sender("Žana Đurić", "123456", "")),
        ("Ana Marija Nikčević_7_assignsubmission_file_scale.zip", Sender("Ana Marija Nikčević", "7", "scale.zip")),
        ("Ana_Anić_7_assignsubmission_onlinetext_", Sender("Ana_Anić", "7", "", online_text=True)),
        (
            "aniana_12345_67890_batch_normalization.zip",
            Sender("aniana", "12345", "batch_normalization.zip", system="canvas"),
        ),
        (
            "aniana_LATE_12345_67890_batch_normalization-2.zip",
            Sender("aniana", "12345", "batch_normalization-2.zip", system="canvas", late=True),
        ),
        ("de_la_cruzana_1_2_rad.zip", Sender("de_la_cruzana", "1", "rad.zip", system="canvas")),
        ("LATE_anon_x7Kq2_9_rad.zip", Sender("anon", "x7Kq2", "rad.zip", system="canvas", late=True)),
        ("Default group_assignsubmission_file_", Sender("Default group", "", "")),
        ("Grupa A-Ana Anić_7_assignsubmission_file_", Sender("Grupa A-Ana Anić", "7", "")),
        (
            "ps1_hacker_attempt_2016-01-30-20-30-10_problem1.ipynb",
            Sender("hacker", "hacker", "problem1.ipynb", system="blackboard", time=datetime(2016, 1, 30, 20, 30, 10)),
        ),
        (
            "ps1_hacker_attempt_2016-01-30-20-30-10.txt",
            Sender("hacker", "hacker", "", system="blackboard", time=datetime(2016, 1, 30, 20, 30, 10)),
        ),
        (
            "118732-282931- Jane Doe - Sep 23, 2019 1113 PM",
            Sender("Jane Doe", "118732", "", system="brightspace", time=datetime(2019, 9, 23, 23, 13)),
        ),
        (
            "118732-282931 - Jane Doe - Sep 23, 2019 113 PM - rad.zip",
            Sender("Jane Doe", "118732", "rad.zip", system="brightspace", time=datetime(2019, 9, 23, 13, 13)),
        ),
        ("Ana Anić_7_assignsubmission_file (1)", Sender("Ana Anić", "7", "")),
        ("aniana_12345_text.html", Sender("aniana", "12345", "text.html", online_text=True, system="canvas")),
        (
            "LATE_anon_x7Kq2_text.html",
            Sender("anon", "x7Kq2", "text.html", online_text=True, system="canvas", late=True),
        ),
        (
            "Tarea 1_ana_intento_2026-01-10-12-30-00_rad.zip",
            Sender("ana", "ana", "rad.zip", system="blackboard", time=datetime(2026, 1, 10, 12, 30)),
        ),
        (
            "118732-282931 - Jane O'Neil - 10 January 2026 1313 - rad.zip",
            Sender("Jane O'Neil", "118732", "rad.zip", system="brightspace", time=datetime(2026, 1, 10, 13, 13)),
        ),
        (
            "118732-282931 - Jane Doe - Dec 31, 2026 1:13 PM - rad.zip",
            Sender("Jane Doe", "118732", "rad.zip", system="brightspace", time=datetime(2026, 12, 31, 13, 13)),
        ),
        ("submissions.zip", None),
        ("batch_normalization.ipynb", None),
        ("layers.py", None),
    ],
)
def test_the_names_that_learning_management_systems_write_are_read(name: str, expected: Sender | None) -> None:
    assert sender_of(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Žana Đurić", "zana-djuric"),
        ("Z\u030cana Djuric\u0301", "zana-djuric"),  # as macOS writes it
        ("Ćiro Šćepanović-Čović", "ciro-scepanovic-covic"),
        ("aniana", "aniana"),
        ("Име Презиме", "ime-prezime"),
        ("Łukasz Groß", "lukasz-gross"),
        ("李明", "liming"),
        ("!", ""),
    ],
)
def test_a_persons_name_becomes_a_plain_folder_name(name: str, expected: str) -> None:
    assert student_id(name) == expected


def test_moodles_folders_arrive_with_their_modules(collect: Collect, course: Course) -> None:
    put(
        collect.archive,
        {
            "Žana Đurić_1001_assignsubmission_file_/scale.zip": zipped(work(course)),
            "Ana Anić_1002_assignsubmission_file_/moj rad/predaja.zip": zipped(work(course, "a/b/scale/")),
            "Bo Bić_1003_assignsubmission_file_/funkcije.zip": zipped(
                {name: data for name, data in work(course, "").items() if name.startswith("funkcije")}
            ),
            "Bo Bić_1003_assignsubmission_file_/scale.ipynb": work(course)["scale/scale.ipynb"],
        },
    )
    assert collect() == []
    students = ("zana-djuric", "ana-anic", "bo-bic")
    assert collect.submitted() == {f"{student}/{name}" for student in students for name in WHOLE}
    assert {row.student: row.total for row in grade_class(course, "scale")} == dict.fromkeys(students, 4.0)


def test_the_whole_download_may_stay_one_archive(collect: Collect, course: Course) -> None:
    """As Moodle exports it: one zip, a student's zip in each folder, names in UTF-8."""
    inner = zipped(work(course))
    name = "Šime Žižić_5_assignsubmission_file_/scale.zip"
    put(collect.archive, {"Duboko učenje-Zadatak 3-4711.zip": zipped({name: inner})})
    assert collect() == []
    assert collect.submitted() == {f"sime-zizic/{path}" for path in WHOLE}


def test_canvas_files_arrive_with_their_modules(collect: Collect, course: Course) -> None:
    files = {
        "aniana_12345_67890_scale.zip": zipped(work(course)),
        "bicbo_LATE_22222_67891_scale-1.zip": zipped(work(course, "")),
        "cecac_33333_67892_layers-2.py": work(course)["scale/funkcije/layers.py"],
        "cecac_33333_67893_scale-1.ipynb": work(course)["scale/scale.ipynb"],
    }
    put(collect.archive, {"submissions.zip": zipped(files)})
    assert collect() == []
    assert collect.submitted() == {
        *(f"{student}/{path}" for student in ("aniana", "bicbo") for path in WHOLE),
        "cecac/scale/funkcije/layers.py",
        "cecac/scale/scale.ipynb",
    }
    assert [row.total for row in grade_class(course, "scale")] == [4.0, 4.0, 4.0]


def test_moodle_without_folders_puts_the_name_before_each_file(collect: Collect, course: Course) -> None:
    put(
        collect.archive,
        {
            "Ana Anić_1_assignsubmission_file_scale.zip": zipped(work(course)),
            "Bo Bić_2_assignsubmission_file_layers.py": work(course)["scale/funkcije/layers.py"],
            "Bo Bić_2_assignsubmission_file_scale.ipynb": work(course)["scale/scale.ipynb"],
        },
    )
    assert collect() == []
    assert collect.submitted() == {
        *(f"ana-anic/{path}" for path in WHOLE),
        "bo-bic/scale/funkcije/layers.py",
        "bo-bic/scale/scale.ipynb",
    }


def test_two_people_of_one_name_are_told_apart(collect: Collect, course: Course) -> None:
    for number, body in (("11", SOLVED), ("22", WRONG)):
        put(collect.archive, {f"Ana Anić_{number}_assignsubmission_file_/scale.zip": zipped(work(course, body=body))})
    assert collect() == []
    assert {row.student: row.total for row in grade_class(course, "scale")} == {"ana-anic-11": 4.0, "ana-anic-22": 1.0}


def test_of_two_hand_ins_the_newest_files_count(collect: Collect, course: Course) -> None:
    folder = "Ana Anić_1_assignsubmission_file_"
    put(
        collect.archive,
        {
            f"{folder}/new.zip": zipped(work(course, body=SOLVED), year=2026),
            f"{folder}/old.zip": zipped(work(course, body=WRONG), year=2025),
        },
    )
    lines = collect()
    assert lines
    assert all("old/scale/" in line and "the newest file was taken" in line for line in lines)
    assert [row.total for row in grade_class(course, "scale")] == [4.0]


def test_what_cannot_be_collected_is_named_with_the_reason_and_stops_nothing(collect: Collect, course: Course) -> None:
    encrypted = bytearray(zipped({"scale/x.py": b"1"}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.index(signature) + at] |= 1
    put(
        collect.archive,
        {
            "Ana Anić_1_assignsubmission_file_/scale.zip": zipped(work(course)),
            "Bo Bić_2_assignsubmission_file_/scale.rar": b"Rar!",
            "Ceca Cić_3_assignsubmission_file_/scale.zip": b"PK not really",
            "Dado Dić_4_assignsubmission_file_/scale.zip": bytes(encrypted),
            "Eva Eić_5_assignsubmission_onlinetext_/onlinetext.html": b"<p>Predala sam.</p>",
            "readme.txt": b"",
        },
    )
    lines = "\n".join(collect())
    assert "Bo Bić_2_assignsubmission_file_/scale.rar: expected a zip or tar archive" in lines
    assert "scale.zip: File is not a zip file. Next: ask for it again" in lines
    assert "password required" in lines
    assert "Ceca Cić_3_assignsubmission_file_: holds no file that could be collected" in lines
    assert (course.submitted / "eva-eic" / "scale" / "onlinetext.html").read_text() == "<p>Predala sam.</p>"
    assert "readme.txt: expected a name as Moodle or Canvas writes it" in lines
    assert collect.submitted() == {f"ana-anic/{path}" for path in WHOLE}


def test_litter_and_nbgraders_own_files_stay_behind(collect: Collect, course: Course) -> None:
    litter = ("__MACOSX/scale/._layers.py", "scale/.DS_Store", "scale/funkcije/__pycache__/layers.pyc")
    own = {"scale/timestamp.txt": b"1999-01-01 00:00:00 UTC", "scale/submission_secret.txt": b"x"}
    files = work(course) | dict.fromkeys(litter, b"") | own
    put(collect.archive, {"Ana Anić_1_assignsubmission_file_/scale.zip": zipped(files)})
    assert collect() == []
    names = {path.name for path in (course.submitted / "ana-anic" / "scale").rglob("*")}
    assert not names & {"._layers.py", ".DS_Store", "layers.pyc", "timestamp.txt", "submission_secret.txt"}


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Žižić".encode(), "Žižić"),  # macOS: UTF-8 without the mark that says so
        ("Žižić".encode("cp852"), "Žižić"),  # Windows
    ],
)
def test_names_in_a_zip_without_the_utf8_mark_are_read(tmp_path: Path, raw: bytes, name: str) -> None:
    content = zipped({"x" * len(raw) + ".py": b"1"}).replace(b"x" * len(raw), raw)
    (tmp_path / "a.zip").write_bytes(content)
    assert unpack(tmp_path / "a.zip", tmp_path) == []
    assert [path.name for path in (tmp_path / "a").iterdir()] == [f"{name}.py"]


def test_an_archive_writes_nothing_outside_its_folder_and_no_links(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    link = zipfile.ZipInfo("link.py")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(inside / "a.zip", "w") as archive:
        for name in ("../up.py", "/absolute.py", "a/../../up.py", "C:/drive.py", "..\\back.py", "good.py"):
            archive.writestr(name, "1")
        archive.writestr(link, "/etc/passwd")
    with tarfile.open(inside / "b.tar.gz", "w:gz") as tar:
        for name, kind in (("../up.py", tarfile.REGTYPE), ("link.py", tarfile.SYMTYPE), ("fine.py", tarfile.REGTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            tar.addfile(entry)
    left_out = "links, devices and names that lead outside were left out: "
    assert unpack(inside / "a.zip", inside) == [
        f"a.zip: {left_out}../up.py, a/../../up.py, C:/drive.py, ..\\back.py, link.py"
    ]
    assert unpack(inside / "b.tar.gz", inside) == [f"b.tar.gz: {left_out}../up.py, link.py"]
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"in/a.zip", "in/b.tar.gz", "in/a/absolute.py", "in/a/good.py", "in/b/fine.py"}


def test_an_archive_that_unpacks_to_too_much_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    inner = zipped({"zeros.bin": bytes(2000)})
    (tmp_path / "a.zip").write_bytes(zipped({"small.txt": b"1", "inner.zip": inner}))
    (problem,) = unpack(tmp_path / "a.zip", tmp_path)
    assert problem.startswith("inner.zip: unpacks to more than 1,000 bytes")
    assert not (tmp_path / "a" / "inner" / "zeros.bin").exists()


def test_one_persons_bomb_takes_no_room_from_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 10_000)
    work = {f"{who}_{number}_assignsubmission_file_/scale.zip": zipped({"scale/x.py": bytes(6000)})
            for number, who in enumerate(("Ana", "Bo", "Zoe"))}  # fmt: skip
    bomb = {"Ceca_9_assignsubmission_file_/scale.zip": zipped({f"{n}.bin": bytes(6000) for n in range(9)})}
    (tmp_path / "all.zip").write_bytes(zipped(bomb | work))
    (problem,) = unpack(tmp_path / "all.zip", tmp_path)
    assert problem.startswith("Ceca_9_assignsubmission_file_/scale.zip: unpacks to more than")
    assert len(list(tmp_path.rglob("x.py"))) == 3
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.bin")) < 10_000


def test_a_member_that_is_larger_than_it_says_is_not_unpacked(tmp_path: Path) -> None:
    content = bytearray(zipped({"bomb.bin": bytes(100_000), "good.py": b"1"}))
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        where = content.index(signature) + at
        content[where : where + 4] = (10).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(content)
    (problem,) = unpack(tmp_path / "a.zip", tmp_path)
    assert problem.startswith("a.zip: bomb.bin: ")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["good.py"]


def test_one_bad_member_costs_the_others_nothing(tmp_path: Path) -> None:
    files = {"a": b"a file", "a/b.py": b"below it", "x" * 300: b"too long a name", "good.py": b"1"}
    (tmp_path / "a.zip").write_bytes(zipped(files))
    problems = unpack(tmp_path / "a.zip", tmp_path)
    assert len(problems) == 2
    assert all("Next: ask for it again" in problem for problem in problems)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"a", "good.py"}


def test_of_two_files_of_one_name_in_an_archive_the_last_counts(tmp_path: Path) -> None:
    two = zipped({"layers.py": b"old", "layerz.py": b"new"})
    (tmp_path / "a.zip").write_bytes(two.replace(b"layerz.py", b"layers.py"))
    assert unpack(tmp_path / "a.zip", tmp_path) == []
    assert (tmp_path / "a" / "layers.py").read_text() == "new"


def test_devices_pipes_and_hard_links_in_a_tar_are_left_out(tmp_path: Path) -> None:
    kinds = {"fifo": tarfile.FIFOTYPE, "device": tarfile.CHRTYPE, "disk": tarfile.BLKTYPE, "hard": tarfile.LNKTYPE}
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name, kind in kinds.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.devmajor, entry.devminor = kind, "/etc/passwd", 1, 5
            tar.addfile(entry)
        entry = tarfile.TarInfo("good.py")
        entry.mtime = 10**18  # and a time that no clock shows
        tar.addfile(entry)
    (problem,) = unpack(tmp_path / "a.tar", tmp_path)
    assert problem.endswith("left out: fifo, device, disk, hard")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["good.py"]


@pytest.mark.parametrize("date", [(1980, 0, 0), (2107, 12, 31)])
def test_a_zip_with_an_impossible_date_is_unpacked(tmp_path: Path, date: tuple[int, int, int]) -> None:
    year, month, day = date
    content = bytearray(zipped({"good.py": b"1"}))
    packed = ((year - 1980) << 9 | month << 5 | day).to_bytes(2, "little")
    for signature, at in ((b"PK\x03\x04", 12), (b"PK\x01\x02", 14)):
        where = content.index(signature) + at
        content[where : where + 2] = packed
    (tmp_path / "a.zip").write_bytes(content)
    assert unpack(tmp_path / "a.zip", tmp_path) == []
    assert (tmp_path / "a" / "good.py").read_bytes() == b"1"


def test_an_archive_within_itself_comes_to_an_end(tmp_path: Path) -> None:
    content = b"the core"
    for _ in range(20):
        content = zipped({"next.zip": content})
    (tmp_path / "a.zip").write_bytes(content)
    unpack(tmp_path / "a.zip", tmp_path)
    assert len(list(tmp_path.rglob("next*"))) <= 2 * archives.MAX_DEPTH + 2


def test_links_that_were_unpacked_by_hand_are_not_followed(collect: Collect, course: Course) -> None:
    folder = collect.archive / "Ana Anić_1_assignsubmission_file_"
    put(folder, {f"scale/{name}": data for name, data in work(course, "").items()})
    (folder / "scale" / "funkcije" / "stolen.py").symlink_to(course.package / "layers.py")
    assert collect() == []
    assert collect.submitted() == {f"ana-anic/{path}" for path in WHOLE}


def test_a_helper_folder_inside_the_package_keeps_its_place(tmp_path: Path) -> None:
    entry = tmp_path / "aniana_1_2_scale"
    put(entry, {"scale/funkcije/more/deep.py": b"", "scale/funkcije/layers.py": b"", "scale/pictures/a.png": b""})
    placed = {path.relative_to(entry).as_posix(): place for path, (_, place) in plan(tmp_path, "scale").files.items()}
    assert placed == {name: name.removeprefix("scale/") for name in placed}
    assert len(placed) == 3


def test_the_exchange_carries_the_modules_both_ways(course: Course, tmp_path: Path) -> None:
    """Release, fetch, submit and collect, as instructor and student do on one machine."""
    exchange, home = tmp_path / "exchange", tmp_path / "home"
    exchange.mkdir()
    exchange.chmod(0o777)
    home.mkdir()
    config = course_config(course)
    config.Exchange.root = str(exchange)
    config.Exchange.cache = str(tmp_path / "cache")
    config.Exchange.assignment_dir = str(home)

    api = NbGraderAPI(config=config)
    assert api.release_assignment("scale")["success"]

    student = CourseDirectory(config=config)
    student.assignment_id = "scale"
    factory = ExchangeFactory(config=config)
    factory.FetchAssignment(coursedir=student, authenticator=api.authenticator, config=config).start()
    solve(home / "scale" / "funkcije" / "layers.py")
    factory.Submit(coursedir=student, authenticator=api.authenticator, config=config).start()

    assert api.collect("scale")["success"]
    (folder,) = course.submitted.iterdir()
    assert {f"scale/{path.relative_to(folder / 'scale').as_posix()}" for path in folder.rglob("*.py")} >= set(WHOLE[:2])
    (row,) = grade_class(course, "scale")
    assert (row.student, row.total, row.look) == (folder.name, 4.0, ())
