"""`grader grades NAME`: from a download of Moodle's and of Canvas', through grading, and back."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from canvas_reader import CanvasCourse
from classroom import SOLVED, WRONG, cell_of, edit_notebook, fingerprint, released_course, save_notebook
from moodle_reader import MoodleAssignment
from test_identity import Download, moodle
from test_nbgrader_handin import work, zipped

from grader import cli
from grader.classroom.feedback import feedback_page
from grader.classroom.results import mark_stale
from grader.classroom.whole_class import grade_class
from grader.course import Course

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

PEOPLE = {301: "Ana Anić", 303: "Čeda Čedić", 304: "Sveta Svetić", 305: "Nova Novak"}
CANVAS = CanvasCourse({12: ("scale", 6.0)}, {502: "Šesti, Šesti", 503: "Sedmi, Sedmi"})


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Of four in Moodle three handed in, of whom one is stale and one's answer waits; one came through Canvas."""
    course = released_course(tmp_path_factory.mktemp("class"))
    download = Download(course)
    files = {
        f"{moodle(PEOPLE[number], number)}/rad.zip": zipped(work(course, body=WRONG if number == 301 else SOLVED))
        for number in (301, 303, 304)
    }
    assert download(files) == []
    assert download({"sestisesti_LATE_502_9002_rad.zip": zipped(work(course, body=SOLVED))}) == []
    folder = course.submitted / "sveta-svetic" / "scale"
    notebook = edit_notebook(folder)
    cell_of(notebook, "answer").source = "Zato."
    save_notebook(folder, notebook)
    grade_class(course, "scale", run_notebooks=False)
    for student in ("ana-anic", "ceda-cedic"):
        page = feedback_page(course, "scale", student)
        page.parent.mkdir(parents=True)
        page.write_text(f"<html><body>{student}</body></html>")
    mark_stale(course, "scale", "ceda-cedic", "for a test")
    return course


@pytest.fixture
def folder(graded: Course, tmp_path: Path) -> Path:
    (tmp_path / "worksheet.csv").write_bytes(MoodleAssignment(people=PEOPLE).worksheet())
    (tmp_path / "gradebook.csv").write_bytes(CANVAS.gradebook())
    return tmp_path


def grades(course: Course, *options: object) -> int:
    return cli.main(["grades", "scale", *map(str, options), "--course", str(course.root)])


def test_moodle_reads_the_grades_of_the_class_and_the_feedback_of_whoever_has_one(
    graded: Course, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, back = folder / "worksheet.csv", folder / "feedback.zip"
    before, course_before = given.read_bytes(), fingerprint(graded.root)
    assert grades(graded, "--moodle", given, "--feedback", back) == 1
    assert (given.read_bytes(), fingerprint(graded.root)) == (before, course_before)
    reader = MoodleAssignment(people=PEOPLE)
    read = reader.read((folder / "worksheet-filled.csv").read_bytes())
    assert {number: grade for number, (what, grade) in read.items() if what == "taken"} == {301: 1.0}
    with zipfile.ZipFile(back) as archive:
        read_back = {reader.read_zip_name(name): archive.read(name) for name in archive.namelist()}
    assert set(read_back) == {(301, "/scale.html")}
    assert read_back[301, "/scale.html"] == (graded.root / "feedback/ana-anic/scale/scale.html").read_bytes()
    out = capsys.readouterr().out
    for said in (
        "stale: for a test",
        "waits for a person: 1 to read",
        "Participant 305  -",
        "not handed in through Moodle",
    ):
        assert said in out


def test_canvas_reads_the_grades_of_the_class(graded: Course, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = folder / "back.csv"
    assert grades(graded, "--canvas", folder / "gradebook.csv", "--to", to) == 1
    read = CANVAS.read(to.read_bytes())
    assert read.grades == {(502, 12): "4"}
    assert (read.students, read.assignments) == ([], [])
    out = capsys.readouterr().out
    assert "502 Šesti, Šesti  sestisesti" in out
    assert "Column: scale (12)" in out


def test_no_file_is_overwritten_unless_it_is_named(
    graded: Course, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = folder / "worksheet.csv"
    assert grades(graded, "--moodle", given) == 1
    first = (folder / "worksheet-filled.csv").read_bytes()
    (folder / "worksheet-filled.csv").write_bytes(b"of a person")
    assert grades(graded, "--moodle", given) == 2
    assert "is there already, and is not overwritten. Next: " in capsys.readouterr().err
    assert (folder / "worksheet-filled.csv").read_bytes() == b"of a person"
    assert grades(graded, "--moodle", given, "--to", given) == 1
    assert given.read_bytes() == first
    (folder / "feedback.zip").touch()
    assert grades(graded, "--moodle", given, "--to", folder / "other.csv", "--feedback", folder / "feedback.zip") == 2
    assert not (folder / "other.csv").exists()


def test_without_a_page_or_with_an_old_one_none_goes_back(
    graded: Course, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Course(tmp_path / "copy")
    shutil.copytree(graded.root, copy.root)
    config = copy.root / "nbgrader_config.py"
    assert str(graded.root) not in config.read_text(encoding="utf-8")
    page = copy.root / "feedback" / "ana-anic" / "scale" / "scale.html"
    back = tmp_path / "feedback.zip"
    for old, why in (
        (True, "the feedback page is from before the work was graded again"),
        (False, "there is no feedback page"),
    ):
        if old:
            page.write_bytes((copy.root / "feedback" / "ceda-cedic" / "scale" / "scale.html").read_bytes())
        else:
            page.unlink()
        assert grades(copy, "--moodle", folder / "worksheet.csv", "--to", tmp_path / "x.csv", "--feedback", back) == 1
        with zipfile.ZipFile(back) as archive:
            assert archive.namelist() == []
        back.unlink()
        out = capsys.readouterr().out
        assert f"ana-anic: no page in feedback.zip: {why}." in out
        assert "Next: nbgrader generate_feedback scale" in out


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--moodle", "worksheet.csv", "--canvas", "gradebook.csv"),
        ("--moodle", "none.csv"),
        ("--moodle", "."),
        ("--moodle", "gradebook.csv"),
        ("--canvas", "worksheet.csv"),
        ("--canvas", "gradebook.csv", "--column", "13"),
        ("--moodle", "worksheet.csv", "--column", "12"),
        ("--canvas", "gradebook.csv", "--feedback", "feedback.zip"),
        ("--moodle", "worksheet.csv", "--to", "none/x.csv"),
        ("--moodle", "worksheet.csv", "--to", "."),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_said_in_one_line_and_nothing_is_written(
    graded: Course, folder: Path, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    before = fingerprint(folder)
    whole = [option if option.startswith("--") or option.isdigit() else folder / option for option in options]
    assert grades(graded, *whole) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Next: " in line
    assert fingerprint(folder) == before
