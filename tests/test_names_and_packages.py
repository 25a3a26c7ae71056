"""Odd names, times and packages: everybody is graded, and `autograded/` shows the modules that were graded."""

from __future__ import annotations

import shutil
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from classroom import fingerprint, graded_notebook, hand_in, released_course, scores

from grader.classroom import carrying, engine
from grader.classroom.converter import existing_timestamp
from grader.classroom.gradebook import write_feedback
from grader.classroom.handin import archives
from grader.classroom.handin.archives import Budget, unpack
from grader.classroom.results import record_path
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.grading import files
from grader.grading import submission as submissions
from grader.grading.submission import NotASubmission, find_package, read_submission
from grader.text import listed

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

NAMES = (
    "n" * 252,
    "d" * 255,
    "ć" * 126,
    "new\nline",
    "esc\x1b[31m",
    "tab\t",
    " spaces ",
    "[a]*?",
    "{x}%s",
    "\u202ertl",
    "\x7f",
)
TWINS = ("Funkcije", "FUNKCIJE", "funkcije ", "funkcije.", "fun\u200bkcije", "ｆｕｎｋｃｉｊｅ", "fun\u043acije",
         "old/funkcije", "funkcije (1)", "funkcije-copy", "a/b/c/Funkcije")  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class of odd names, with a package that has twins, graded."""
    course = released_course(tmp_path_factory.mktemp("names"))
    hand_in(course, "ana")  # whom `[a]*?` would match as a pattern
    for name in NAMES:
        hand_in(course, name)
    folder = hand_in(course, "twins")
    for place in TWINS:
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / "layers.py").write_text("# other code\n")
    for name in (
        "layers.py",
        "Layers.py",
        "layers.py.txt",
        "funkcije/layers.PY",
        "funkcije/layers.py.bak",
        "Funkcije.py",
    ):
        (folder / name).write_text("# other code\n")
    (folder / "funkcije" / "__init__.py").write_text("# changed\n")
    (folder / "funkcije" / "helper.py").write_text("x = 1\n")
    (folder / "slike").mkdir()
    (folder / "slike" / "a.txt").write_text("kept")
    grade_class(course, "scale", run_notebooks=False)
    return course


def test_whatever_somebodys_name_is_the_work_is_graded_and_has_a_page(course: Course) -> None:
    points = scores(course)
    assert {name: points.get(name) for name in NAMES} == dict.fromkeys(NAMES, 4.0)
    assert all(graded_notebook(course, name).cells for name in NAMES)
    assert all(path.is_file() for path in write_feedback(course, "scale", NAMES).values())


def test_a_name_that_leaves_no_room_for_an_ending_gets_a_file_of_its_own(course: Course) -> None:
    long = [record_path(course, "scale", "n" * 252).name, record_path(course, "scale", "n" * 251).name]
    assert len(set(long)) == 2
    assert max(map(len, long)) < 150
    assert record_path(course, "scale", "ana").name == "ana.json"


def test_in_autograded_the_modules_are_those_that_were_graded_byte_for_byte(course: Course) -> None:
    kept = fingerprint(course.root / "autograded" / "twins" / "scale")
    handed_in = fingerprint(course.submitted / "twins" / "scale")
    released = fingerprint(course.release / "scale")
    modules = {name for name in kept if name.endswith(".py") and not name.startswith("checks/")}
    assert modules == {"funkcije/__init__.py", "funkcije/helper.py", "funkcije/layers.py"}
    assert kept["funkcije/layers.py"] == handed_in["funkcije/layers.py"]
    assert kept["funkcije/helper.py"] == handed_in["funkcije/helper.py"]
    assert kept["funkcije/__init__.py"] == released["funkcije/__init__.py"]
    assert "slike/a.txt" in kept


def test_no_other_package_and_no_other_module_stays_under_a_name_that_passes_for_it(course: Course) -> None:
    folder = course.root / "autograded" / "twins" / "scale"
    assert "# other code" not in "".join(
        path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.suffix != ".npz" and path.is_file()
    )
    assert [path.name for path in folder.iterdir() if carrying._seen(path.name).startswith("funk")] == ["funkcije"]


def test_without_setting_twins_aside_other_code_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = released_course(tmp_path)
    folder = hand_in(course, "ana")
    shutil.copytree(folder / "funkcije", folder / "Funkcije")
    (folder / "Funkcije" / "layers.py").write_text("# other code\n")
    monkeypatch.setattr(carrying, "_passes_for_the_package", lambda name, package: False)
    monkeypatch.setattr(carrying, "_passes_for_a_module", lambda last, modules: False)
    grade_class(course, "scale", run_notebooks=False)
    assert (course.root / "autograded" / "ana" / "scale" / "Funkcije" / "layers.py").is_file()


def test_modules_that_change_while_they_are_graded_are_not_passed_off_as_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = released_course(tmp_path)
    folder = hand_in(course, "ana")
    grade_submission = engine.grade_submission

    def grades(*args: object) -> object:
        verdict = grade_submission(*args)  # type: ignore[arg-type]
        (folder / "funkcije" / "layers.py").write_text("# other code\n")
        return verdict

    monkeypatch.setattr(engine, "grade_submission", grades)
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert "was changed while it was graded" in row.problem


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31 23:59:59 -2300",
        "0001-01-01 00:00:00 +2300",
        "1" * 30,
        "1e400",
        "NaN",
        "\0",
        "99999999999-01-01",
        "-" * 900,
    ],
)
def test_a_time_beyond_all_clocks_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "timestamp.txt").write_text(text)
    assert existing_timestamp(str(tmp_path)) is None


def test_a_time_is_read(tmp_path: Path) -> None:
    (tmp_path / "timestamp.txt").write_text("2026-01-02 03:04:05 UTC")
    assert existing_timestamp(str(tmp_path)) == datetime(2026, 1, 2, 3, 4, 5)


def package(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / "funkcije" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name.encode()}\n")
    return folder


def test_the_assignments_own_modules_count_however_many_others_come_before(course: Course, tmp_path: Path) -> None:
    assignment = course.assignment("scale")
    package(tmp_path, "layers.py", *(f"a{number:03}.py" for number in range(150)), "__init__.py")
    found = read_submission(tmp_path, assignment, {"layers.py": b"", "__init__.py": b""})
    assert "layers.py" in found.modules
    assert len(found.modules) == submissions.MOST_MODULES
    assert len(found.left_out) == 51


def test_where_there_is_too_much_to_look_at_the_assignments_own_modules_count_alone(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_ENTRIES", 20)
    package(tmp_path, "layers.py", *(f"a{number:03}.py" for number in range(50)))
    found = read_submission(tmp_path, course.assignment("scale"), {"layers.py": b""})
    assert set(found.modules) == {"layers.py"}
    assert found.left_out == ("*",)
    (tmp_path / "funkcije").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "x").mkdir()
    with pytest.raises(NotASubmission, match="more than 20 other files"):
        find_package(package(tmp_path / "elsewhere" / "x").parent, "funkcije")


def test_a_folder_that_comes_before_a_given_module_is_no_helper_wherever_it_lies(
    course: Course, tmp_path: Path
) -> None:
    given = {"layers.py": b"", "lab/__init__.py": b"", "lab/run.py": b""}
    package(tmp_path, "layers.py", "layers/__init__.py", "lab/run/__init__.py", "lab/run/below/a.py", "own/run/a.py")
    found = read_submission(tmp_path, course.assignment("scale"), given)
    assert set(found.modules) == {"layers.py", "own/run/a.py"}


def test_a_given_module_is_none_of_the_students_however_it_was_changed(course: Course, tmp_path: Path) -> None:
    given = {"layers.py": b"", "__init__.py": b"", "given.py": b"as it was handed out"}
    package(tmp_path, "layers.py", "given.py", "own.py")
    found = read_submission(tmp_path, course.assignment("scale"), given)
    assert set(found.modules) == {"layers.py", "own.py"}
    assert found.not_as_given == ("given.py",)


def test_modules_with_names_that_cannot_be_shown_are_left_out(course: Course, tmp_path: Path) -> None:
    package(tmp_path, "layers.py", "a\nb.py", "c\x1b.py")
    found = read_submission(tmp_path, course.assignment("scale"), {"layers.py": b""})
    assert set(found.modules) == {"layers.py"}
    assert found.left_out == ("a?b.py", "c?.py")


def test_a_remark_names_a_few_and_counts_the_rest() -> None:
    assert listed(["a", "b\n"]) == "a, b?"
    many = listed([f"{number}{'x' * 500}" for number in range(6_000)])
    assert many.endswith(", ... (6000)")
    assert len(many) < 1_200


def test_the_work_itself_is_unpacked_before_what_lies_around_it(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 5)
    lines = [f"lib/numpy/{number}.py" for number in range(9)] + [f"funkcije/a{number}.py" for number in range(9)]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in [*lines, "p.png", "scale.ipynb", "funkcije/layers.py"]:
            archive.writestr(name, "1")
    for wanted in (["layers.py", "scale.ipynb"], []):
        (problem,) = unpack(tmp_path / "a.zip", tmp_path / str(len(wanted)), budget=Budget(wanted))
        assert "more than" in problem
    found = {path.name for path in (tmp_path / "2").rglob("*") if path.is_file()}
    assert found >= {"layers.py", "scale.ipynb"}
    assert len(found) == 5
    without = {path.name for path in (tmp_path / "0").rglob("*") if path.is_file()}
    assert "layers.py" not in without
