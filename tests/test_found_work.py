"""Right work under another name or in another place counts where it is certain, and is listed where it is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from classroom import (
    SOLVED,
    WRONG,
    autograde,
    edit_notebook,
    fingerprint,
    hand_in,
    released_course,
    save_notebook,
    scores,
    solve,
)
from nbformat.v4 import new_code_cell

from grader import cli
from grader.classroom.rows import Row
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.grading import work
from grader.grading.submission import read_submission

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

MODULE = "funkcije/layers.py"
PLACES = {
    "layers.py": True,
    "Layers.py": True,
    "funkcije/layers (1).py": True,
    "funkcije/layers-Copy1.py": True,
    "funkcije/LAYERS.PY": True,
    "funkcije/layers.py.txt": True,
    "funkcije/layers.txt": True,
    "funkcije/Kopija od layers.py": True,
    "funkcije/layers - Copy.py": True,
    "funkcije/layers_final.py": True,
    "funkcije (1)/layers.py": True,
    "funkcije/layers": True,
    "funkcije/layers.old": True,
    "funkcije/#layers.py#": True,
    "funkcije\\layers.py": True,
    "scale/funkcije/layers.py": True,
    "layers(2).py": False,
}
"""Where the work lies instead, and whether the untouched module still lies where the work belongs."""


def moved(name: str, keep_stub: bool) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        stub = (folder / MODULE).read_bytes()
        solve(folder / MODULE)
        done = (folder / MODULE).read_bytes()
        (folder / MODULE).write_bytes(stub)
        if not keep_stub:
            (folder / MODULE).unlink()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(done)

    return change


def loose(folder: Path) -> None:
    """Everything beside the notebook, and no package, with a helper that the work imports."""
    solve(folder / MODULE, "    from .pomoc import times\n\n    out = times(x, gamma)\n")
    (folder / MODULE).rename(folder / "layers.py")
    (folder / "pomoc.py").write_text("def times(x, gamma):\n    return x * gamma\n")
    shutil.rmtree(folder / "funkcije")


def utf16(folder: Path) -> None:
    solve(folder / MODULE)
    (folder / MODULE).write_text((folder / MODULE).read_text(encoding="utf-8"), encoding="utf-16")


def utf16_without_a_mark(folder: Path) -> None:
    solve(folder / MODULE)
    (folder / MODULE).write_text((folder / MODULE).read_text(encoding="utf-8"), encoding="utf-16-le")


COUNTED = {
    **{name: moved(name, kept) for name, kept in PLACES.items()},
    **{f"instead {name}": moved(name, keep_stub=False) for name in ("layers.py", "funkcije/layers.py.txt")},
    "loose": loose,
    "utf-16": utf16,
    "utf-16 without a mark": utf16_without_a_mark,
}


def two_versions(folder: Path) -> None:
    moved("layers.py", keep_stub=True)(folder)
    shutil.copy(folder / "layers.py", folder / "layers (1).py")
    with (folder / "layers (1).py").open("a") as file:
        file.write("\n\nx = 1\n")


def in_the_notebook(folder: Path) -> None:
    notebook = edit_notebook(folder)
    notebook.cells.append(new_code_cell("import numpy as np\n\ndef scale_forward(x, gamma):\n    return x * gamma"))
    save_notebook(folder, notebook)


def cell(source: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        notebook = edit_notebook(folder)
        notebook.cells.append(new_code_cell(source))
        save_notebook(folder, notebook)

    return change


def edited(change: Callable[[str], str]) -> Callable[[Path], None]:
    """A module in which something is done after the function was written."""

    def write(folder: Path) -> None:
        solve(folder / MODULE)
        (folder / MODULE).write_text(change((folder / MODULE).read_text(encoding="utf-8")), encoding="utf-8")

    return write


def the_stub_again_below(folder: Path) -> None:
    stub = (folder / MODULE).read_text(encoding="utf-8")
    edited(lambda text: text + stub)(folder)


def in_a_given_module(folder: Path) -> None:
    with (folder / "funkcije" / "__init__.py").open("a") as file:
        file.write("\n\ndef scale_forward(x, gamma):\n    return x * gamma\n")


def behind_a_link(folder: Path) -> None:
    solve(folder / MODULE)
    (folder / MODULE).rename(folder / "pravi.py")
    (folder / MODULE).symlink_to("../pravi.py")


def elsewhere(folder: Path) -> None:
    (folder / "moj_rad.py").write_text("def scale_forward(x, gamma):\n    return x * gamma\n")


LISTED: dict[str, tuple[Callable[[Path], object], str]] = {
    "two versions": (two_versions, "several files could be it"),
    "in the notebook": (in_the_notebook, "scale_forward. Code with that name is in scale.ipynb"),
    "in a file of another name": (elsewhere, "Code with that name is in moj_rad.py"),
    **{
        f"in {name}": (moved(name, keep_stub=True), f"Code with that name is in {name}")
        for name in (
            "funkcije/mylayers.py",
            "funkcije/leyers.py",
            "funkcije/слојеви.py",
            "funkcije/layers.rtf",
            "checks/layers.py",
            "funkcije/.ipynb_checkpoints/layers-checkpoint.py",
        )
    },
    "a lambda in the notebook": (cell("scale_forward = lambda x, gamma: x * gamma"), "is in scale.ipynb"),
    "put in from the notebook": (cell("import funkcije.layers as l\nl.scale_forward = print"), "is in scale.ipynb"),
    "set in": (cell("if True:\n    def scale_forward(x, gamma):\n        return x"), "is in scale.ipynb"),
    "in a given module": (in_a_given_module, "is in funkcije/__init__.py"),
    "an empty file": (lambda folder: (folder / MODULE).write_bytes(b""), "layers.py has no scale_forward"),
    "misspelled": (edited(lambda text: text.replace("scale_forward", "scale_forvard")), "has no scale_forward"),
    "in capitals": (edited(lambda text: text.replace("scale_forward", "Scale_Forward")), "has no scale_forward"),
    "the stub again below": (the_stub_again_below, "has code, and yet raises NotImplementedError"),
    "below the line that raises": (
        edited(lambda text: text.replace("    factors =", "    raise NotImplementedError\n    factors =")),
        "has code, and yet raises NotImplementedError",
    ),
    "bytes of zero": (lambda folder: (folder / MODULE).write_bytes(bytes(100)), "layers.py cannot be imported"),
    "behind a link": (behind_a_link, "it is a link or too large a file: layers.py"),
    "in an archive without a name": (
        lambda folder: (folder / "rad").write_bytes(b"Rar!\x1a\x07"),
        "not unpacked: rad",
    ),
    "in an archive": (lambda folder: (folder / "rad.rar").write_bytes(b"Rar!"), "not unpacked: rad.rar"),
}


def with_a_backup(folder: Path) -> None:
    moved("funkcije/layers_staro.py", keep_stub=True)(folder)
    solve(folder / MODULE, WRONG)


def with_a_handout_inside(folder: Path) -> None:
    shutil.copytree(folder / "funkcije", folder / "preuzeto" / "funkcije")
    solve(folder / MODULE)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, Row]]:
    course = released_course(tmp_path_factory.mktemp("found"))
    changes = {**COUNTED, **{name: change for name, (change, _) in LISTED.items()}}
    changes |= {"backup": with_a_backup, "handout": with_a_handout_inside, "stub": lambda folder: None}
    for name, change in changes.items():
        change(hand_in(course, name.replace("/", "|"), None))
    return course, {row.student.replace("|", "/"): row for row in grade_class(course, "scale", run_notebooks=False)}


@pytest.mark.parametrize("name", COUNTED)
def test_work_that_is_certain_counts_and_a_person_is_told_what_was_graded(
    name: str, graded: tuple[Course, dict[str, Row]]
) -> None:
    course, rows = graded
    assert (rows[name].total, rows[name].problem) == (4.0, "")
    assert any("was graded instead" in line or "as if it were UTF-8" in line for line in rows[name].look)
    copy = course.root / "autograded" / name.replace("/", "|") / "scale" / "funkcije" / "layers.py"
    assert "NotImplementedError" not in copy.read_text(encoding="utf-8").partition("def later_forward")[0]


@pytest.mark.parametrize("name", LISTED)
def test_work_that_is_not_certain_is_listed(name: str, graded: tuple[Course, dict[str, Row]]) -> None:
    _, rows = graded
    assert rows[name].total == 0.0
    assert any(LISTED[name][1] in line for line in rows[name].look), rows[name].look


def test_work_where_it_belongs_is_graded_whatever_lies_beside_it(graded: tuple[Course, dict[str, Row]]) -> None:
    _, rows = graded
    assert rows["backup"].total == 1.0
    assert any("other code for the same module: funkcije/layers_staro.py" in line for line in rows["backup"].look)
    assert rows["handout"].total == 4.0
    assert not any("other code" in line for line in rows["handout"].look)


def test_where_nothing_was_written_there_is_nothing_to_look_at(graded: tuple[Course, dict[str, Row]]) -> None:
    assert (graded[1]["stub"].total, graded[1]["stub"].look) == (0.0, ())


def test_it_counts_by_the_button_and_for_one_folder_alike(
    graded: tuple[Course, dict[str, Row]], capsys: pytest.CaptureFixture[str]
) -> None:
    course, _ = graded
    students = ("loose", "layers.py")
    assert autograde(course, *students) == dict.fromkeys(students, True)
    assert {student: scores(course)[student] for student in students} == dict.fromkeys(students, 4.0)
    folder = course.submitted / "loose" / "scale"
    before = fingerprint(folder)
    assert cli.main(["check", str(folder), "--course", str(course.root), "--language", "en"]) == 0
    assert "layers.py was graded instead" in capsys.readouterr().out
    assert fingerprint(folder) == before


def test_work_is_found_behind_any_number_of_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = released_course(tmp_path)
    folder = hand_in(course, "ana", None)
    moved("layers (1).py", keep_stub=True)(folder)
    (folder / "a").mkdir()
    for number in range(30):
        (folder / "a" / f"{number}.py").write_text("x = 1\n" * 100)
    monkeypatch.setattr(work, "MOST_CODE", 10_000)
    assignment = course.assignment("scale")
    given = {"layers.py": (course.release / "scale" / MODULE).read_bytes()}
    assert read_submission(folder, assignment, given).taken == (folder / "layers (1).py",)


def test_work_that_is_wrong_earns_what_it_is_worth_wherever_it_lies(tmp_path: Path) -> None:
    course = released_course(tmp_path)
    folder = hand_in(course, "ana", None)
    shutil.copy(folder / MODULE, folder / "layers.py")
    solve(folder / "layers.py", WRONG)
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert row.total == 1.0
    assert SOLVED not in (folder / "layers.py").read_text(encoding="utf-8")


def test_what_lies_beside_complete_work_is_not_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = released_course(tmp_path)
    assignment = course.assignment("scale")
    given = {"layers.py": (course.release / "scale" / MODULE).read_bytes()}
    looked_through: list[str] = []
    strip = work._stripped

    def stripped(text: str) -> str:
        looked_through.append(text)
        return strip(text)

    monkeypatch.setattr(work, "_stripped", stripped)
    for student, body, looked in (("ana", SOLVED, False), ("eva", None, True)):
        folder = hand_in(course, student, body)
        (folder / "notes.py").write_text("notes = 'on the way'\n")
        read_submission(folder, assignment, given)
        assert any("on the way" in text for text in looked_through) == looked
