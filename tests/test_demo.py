"""`grader demo`: the whole way from source to grades, beside a real course that must not notice."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from a_course import small_course, write
from classroom import fingerprint, released_course

from grader.classroom.export import export_csv
from grader.classroom.gradebook import automatic_points, open_gradebook, write_feedback
from grader.classroom.results import read_record
from grader.classroom.whole_class import grade_class
from grader.cli import main
from grader.course import CONFIG, Course
from grader.demo.run import MARKER, demo, fresh_copy
from grader.errors import GraderError
from grader.publish.handout import inputs, shipped_checks
from grader.publish.release import release
from grader.settings import FILE as SETTINGS

ROOT = Path(__file__).resolve().parent.parent

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

FUNCTIONS = (
    "batchnorm_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "layernorm_forward",
    "layernorm_backward",
    "FullyConnectedNet",
)

SCORES: dict[str, tuple[float, ...]] = {
    "bez-clana-varijanse": (10, 2.5, 1.5, 6, 4, 8),
    "bez-foldera": (0, 0, 0, 0, 0, 0),
    "bez-gamma-u-testu": (8.5, 7, 5, 6, 4, 8),
    "bez-sveske": (10, 7, 0, 6, 4, 8),
    "po-kolonama": (10, 7, 5, 0.5, 4, 8),
    "prazno": (0, 0, 0, 0, 0, 0),
    "samo-naprijed": (10, 0, 0, 6, 0, 0),
    "sintaksna-greska": (10, 7, 5, 6, 4, 0),
    "sve-rijeseno": (10, 7, 5, 6, 4, 8),
    "tacni-slojevi": (10, 7, 5, 6, 4, 7.25),
    "uz-upozorenja": (10, 7, 5, 6, 4, 8),
}
"""Points by function of everyone in the demo's class of batch normalization."""

BESIDE = {"sve-ispravno": 40.0, "samo-slojevi": 16.0, "adam-bez-popravke": 37.5}
"""Points of those of fully connected nets who are shown beside it."""

CLASS = """
    from checks.demo import HandIn
    from checks.mistakes import Edit

    CLASS = (
        HandIn("Sve", "everything", answers=(("answer", "Nula gasi kolonu."),)),
        HandIn("Ništa", "nothing", wrote=()),
        HandIn("Zbir", "a known mistake", mistakes=("added",), through_moodle=True),
        HandIn("Pad", "an exception", changes=(Edit("layers", "scale_forward", "x * factors", "x * missing"),)),
        HandIn("Bez foldera", "the notebook alone", left_out=("funkcije", "checks")),
        HandIn("Bez sveske", "the modules alone", left_out=("scale.ipynb",)),
    )
"""


@dataclass(frozen=True)
class Shown:
    """A class that the demo shows, and what comes of it."""

    name: str
    solved: str
    """Who solved everything, and whose written answer waits."""
    scores: dict[str, dict[str, float]]
    """Points by student and function."""
    diagnoses: dict[str, set[str]]
    listed: set[str]
    """Who is listed for a look."""
    moodle: set[str]
    page: tuple[str, str]
    """Somebody, and what the page says."""
    named: str
    """A line of the known mistakes below the table."""


REAL = Shown(
    name="batch_normalization",
    solved="sve-rijeseno",
    scores={student: dict(zip(FUNCTIONS, points, strict=True)) for student, points in SCORES.items()},
    diagnoses={
        "bez-clana-varijanse": {"bn_dx_without_variance_term", "alt_dx_without_variance_term"},
        "bez-gamma-u-testu": {"bn_test_without_scale_and_shift"},
        "po-kolonama": {"ln_is_batchnorm"},
        "tacni-slojevi": {"net_gradients_swapped"},
    },
    listed={"bez-foldera", "bez-sveske", "samo-naprijed", "sintaksna-greska"},
    moodle={"bez-clana-varijanse", "tacni-slojevi"},
    page=("bez-gamma-u-testu", "Automatski bodovi: 38.5 od 40"),
    named="FullyConnectedNet.batchnorm_scale_and_shift: The gradients of gamma and beta are swapped. (tacni-slojevi)",
)
SMALL = Shown(
    name="scale",
    solved="sve",
    scores={
        "bez-foldera": {"scale_forward": 0},
        "bez-sveske": {"scale_forward": 4},
        "nista": {"scale_forward": 0},
        "pad": {"scale_forward": 0},
        "sve": {"scale_forward": 4},
        "zbir": {"scale_forward": 1},
    },
    diagnoses={"zbir": {"added"}},
    listed={"bez-foldera", "bez-sveske"},
    moodle={"zbir"},
    page=("zbir", "Automatski bodovi: 1 od 4"),
    named="scale_forward.value: Columns are multiplied, not added to. (zbir)",
)


@dataclass(frozen=True)
class Ran:
    """`grader demo`, run once beside a real course."""

    shown: Shown
    real: Course
    before: dict[str, str]
    """The real course's files by path, before the demo."""
    copy: Course
    exit: int
    out: str
    err: str


def real_course(root: Path) -> Course:
    """The assignment of this repository, in a course of its own."""
    for name in ("source", "funkcije", "checks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    shutil.copy(ROOT / SETTINGS, root / SETTINGS)
    # Running the real course's notebook is not what is tested.
    (root / CONFIG).write_text((ROOT / CONFIG).read_text() + "\nc.ExecuteForReading.enabled = False\n")
    return Course(root)


def test_a_few_hand_ins_of_the_assignment_before_it_are_shown_beside_its_class(ran: Ran) -> None:
    assert ran.out.count("\nstudent ") == (2 if ran.shown is REAL else 1)
    if ran.shown is REAL:
        with open_gradebook(ran.copy) as gradebook:
            points = automatic_points(gradebook, "fully_connected_nets")
        assert {student: sum(float(value or 0) for value in one.values()) for student, one in points.items()} == BESIDE
        assert all(f"\n{student} " in ran.out for student in BESIDE)


@pytest.fixture(scope="module", params=["small", pytest.param("real", marks=pytest.mark.full)])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The demo in a copy of a course that has grades, feedback, a secret and an export of its own.

    With the real assignment it is a process of its own, with the settings as they come; else it runs here, and no
    notebook is run.
    """
    if request.param == "real":
        shown, root = REAL, tmp_path_factory.mktemp("demo") / "a real course"
        root.mkdir()
        real = real_course(root)
        release(real, shown.name, execute=False)
    else:
        shown, real = SMALL, released_course(tmp_path_factory.mktemp("demo"))
        root = real.root
        write(real.checks / "scale" / "demo.py", CLASS)
    folder = real.submitted / shown.solved / shown.name
    shutil.copytree(real.release / shown.name, folder)
    shutil.copy(real.solutions / shown.name / "funkcije" / "layers.py", folder / "funkcije")
    grade_class(real, shown.name)
    write_feedback(real, shown.name)
    export_csv(real, root / "grades.csv")
    if request.param == "real":
        shutil.copy(ROOT / CONFIG, root / CONFIG)

    before = fingerprint(root)
    run = in_a_process if request.param == "real" else in_this_process
    return Ran(shown, real, before, Course(root / "build" / "demo"), *run("demo", "--course", str(root)))


def in_this_process(*words: str) -> tuple[int, str, str]:
    """What the command ends with, and what it says."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([*words])
    return status, out.getvalue(), err.getvalue()


def in_a_process(*words: str) -> tuple[int, str, str]:
    """The same, of the command as it is typed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "FUNKCIJE_LANG")}
    done = subprocess.run(
        [sys.executable, "-m", "grader.cli", *words], capture_output=True, text=True, check=False, env=environment
    )
    return done.returncode, done.stdout, done.stderr


def rows_of(ran: Ran) -> dict[str, dict[str, str]]:
    with (ran.copy.root / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file) if row["assignment"] == ran.shown.name}


def test_the_demo_ends_well_with_everyone_in_the_table(ran: Ran) -> None:
    assert ran.exit == 0, ran.err
    table = ran.out.rpartition("\nstudent ")[2].splitlines()
    scores = ran.shown.scores
    functions = len(scores[ran.shown.solved])
    rows = {line.split()[0]: line.split()[1 : functions + 2] for line in table[2 : 2 + len(scores)]}
    assert {student: [float(cell) for cell in cells] for student, cells in rows.items()} == {
        student: [*points.values(), sum(points.values())] for student, points in scores.items()
    }


def test_the_table_is_followed_by_places_that_exist_and_commands_that_work(
    ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = ran.shown.name
    after = ran.out[ran.out.index("\nClass ") :]
    assert f"build/demo/reports/{name}.html\n" in after
    assert f"build/demo/feedback/STUDENT/{name}/{name}.html" in after
    assert "build/demo/grades.csv" in after
    page = next(line.split()[1] for line in after.splitlines() if line.strip().startswith("open "))
    assert page == f"build/demo/reports/{name}.html"
    shown = (ran.real.root / page).read_text(encoding="utf-8")
    feedback = re.findall(r'href="(\.\./feedback/[^"]*)"', shown)
    assert feedback and all((ran.real.root / page).parent.joinpath(link).is_file() for link in feedback)
    assert all(student in shown for student in ran.shown.diagnoses)
    check = next(line.split()[1:] for line in after.splitlines() if "grader check" in line)
    monkeypatch.chdir(ran.real.root)
    # In a test that root lies in no checkout, so the command finds another course, which knows no such assignment.
    course = [] if ran.real.root == ROOT else ["--course", str(ran.real.root)]
    assert main([*check, *course]) == 1


def test_the_gradebook_holds_each_score(ran: Ran) -> None:
    with open_gradebook(ran.copy) as gradebook:
        assert automatic_points(gradebook, ran.shown.name) == ran.shown.scores


def test_grader_check_gives_the_same_score_as_the_gradebook(
    ran: Ran, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, best = ran.shown.name, sum(ran.shown.scores[ran.shown.solved].values())
    for student, points in ran.shown.scores.items():
        report = tmp_path / f"{student}.json"
        where = [str(ran.copy.submitted / student / name), "--course", str(ran.copy.root), "--assignment", name]
        status = main(["check", *where, "--student", student, "--json", str(report)])
        said = capsys.readouterr().err
        if student == "bez-foldera":
            # A command for one folder says that there is nothing to grade; in a class run that is 0 with a reason.
            assert status == 2
            assert len(said.splitlines()) == 1 and "no funkcije/" in said
            continue
        total = sum(points.values())
        assert status == (0 if total == best else 1), said
        result = json.loads(report.read_text(encoding="utf-8"))
        assert result["score"] == total and result["max_score"] == best
        for function, expected in points.items():
            assert sum(check["points"] for check in result["checks"] if check["function"] == function) == expected


def test_each_known_mistake_of_the_class_is_named(ran: Ran) -> None:
    for student, diagnoses in ran.shown.diagnoses.items():
        record = read_record(ran.copy, ran.shown.name, student)
        assert record is not None
        assert {check.diagnosis.mistake for check in record.result.checks if check.diagnosis} == diagnoses
    assert ran.shown.named in ran.out and str(ran.real.root) not in ran.out


def test_feedback_is_a_page_for_everyone_and_nothing_else(ran: Ran) -> None:
    name = ran.shown.name
    found = {path.relative_to(ran.copy.root / "feedback") for path in (ran.copy.root / "feedback").glob(f"*/{name}/*")}
    assert found == {Path(student, name, f"{name}.html") for student in ran.shown.scores}
    student, words = ran.shown.page
    assert words in (ran.copy.root / "feedback" / student / name / f"{name}.html").read_text(encoding="utf-8")


def test_the_exported_grades_hold_the_points_of_each_check(ran: Ran) -> None:
    rows = rows_of(ran)
    assert rows.keys() == {*ran.shown.scores, *(BESIDE if ran.shown is REAL else ())}
    checks = ran.copy.assignment(ran.shown.name).checks
    for student, points in ran.shown.scores.items():
        assert float(rows[student]["auto_score"]) == sum(points.values())
        assert not rows[student]["stale"]
        for function, expected in points.items():
            ids = [check.id for check in checks if check.function == function]
            assert sum(float(rows[student][id]) for id in ids) == expected
    assert rows[ran.shown.solved]["waits_for"] == "manual grading"


def test_who_handed_in_no_notebook_no_package_fewer_cells_or_what_fails_at_import_is_listed(ran: Ran) -> None:
    rows = rows_of(ran)
    assert {student for student, row in rows.items() if row["notes"]} == ran.shown.listed


def test_what_came_through_moodle_arrived_whole(ran: Ran) -> None:
    name = ran.shown.name
    assert (ran.copy.root / "downloaded" / name / "archive" / "moodle.zip").is_file()
    for student in ran.shown.moodle:
        handed_out = fingerprint(ran.copy.root / "handed_out" / student / name)
        assert fingerprint(ran.copy.submitted / student / name) == handed_out


def test_a_real_course_with_grades_in_it_is_unchanged(ran: Ran) -> None:
    assert any(path.endswith("grades.db") for path in ran.before)
    assert any(path.startswith(".grader/results/") for path in ran.before)
    after = {path: digest for path, digest in fingerprint(ran.real.root).items() if not path.startswith("build/demo/")}
    assert after == ran.before


def course_with_class(folder: Path, text: str = CLASS) -> Course:
    folder.mkdir(exist_ok=True)
    course = small_course(folder)
    write(course.checks / "scale" / "demo.py", text)
    with (folder / CONFIG).open("a", encoding="utf-8") as file:
        file.write("\nc.ExecuteForReading.enabled = False\n")
    return course


def test_a_second_demo_begins_anew(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    copy = fresh_copy(course, tmp_path / "build" / "demo")
    first = fingerprint(copy.root)
    write(copy.submitted / "od-ranije" / "scale" / "funkcije" / "layers.py", "raise SystemExit")
    write(copy.package / "layers.py", "changed")
    fresh_copy(course, copy.root)
    assert fingerprint(copy.root) == first
    assert (copy.package / "layers.py").read_bytes() == (course.package / "layers.py").read_bytes()


def test_what_a_demo_makes_is_out_of_gits_sight(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@localhost"]
    subprocess.run([*git, "init", "-q"], check=True)
    course = small_course(tmp_path)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "A course"], check=True)
    fresh_copy(course, tmp_path / "build" / "demo")
    status = subprocess.run([*git, "status", "--porcelain"], check=True, capture_output=True, text=True).stdout
    assert status == ""


def test_a_folder_that_no_demo_made_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    course = course_with_class(tmp_path / "course")
    write(tmp_path / "thesis" / "chapter.txt", "years of work")
    with pytest.raises(GraderError, match=r"thesis: not made by a demo .* Next: pass --folder"):
        demo(course, tmp_path / "thesis")
    assert fingerprint(tmp_path / "thesis").keys() == {"chapter.txt"}


@pytest.mark.parametrize("part", ["", "release", "submitted/demo", "source"])
def test_no_part_of_the_course_becomes_the_demos_folder(tmp_path: Path, part: str) -> None:
    course = course_with_class(tmp_path / "course")
    before = fingerprint(course.root)
    with pytest.raises(GraderError, match="a part of the course itself"):
        demo(course, course.root / part)
    assert fingerprint(course.root) == before


def test_a_link_is_not_followed_to_what_would_be_deleted(tmp_path: Path) -> None:
    course = course_with_class(tmp_path / "course")
    write(tmp_path / "elsewhere" / MARKER, "")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GraderError, match="found something else"):
        fresh_copy(course, tmp_path / "link")
    copy = fresh_copy(course, tmp_path / "copy")
    write(tmp_path / "kept" / "file.txt", "kept")
    (copy.root / "link").symlink_to(tmp_path / "kept")
    fresh_copy(course, copy.root)
    assert (tmp_path / "kept" / "file.txt").read_text() == "kept"
    assert not (copy.root / "link").exists()


def test_a_gradebook_elsewhere_is_not_the_demos(tmp_path: Path) -> None:
    course = course_with_class(tmp_path / "course")
    with (course.root / CONFIG).open("a", encoding="utf-8") as file:
        file.write(f'\nc.CourseDirectory.db_url = "sqlite:///{tmp_path / "elsewhere.db"}"\n')
    copy = fresh_copy(course, tmp_path / "a copy")
    release(copy, "scale", execute=False)
    assert (copy.root / "grades.db").is_file()
    assert not (tmp_path / "elsewhere.db").exists()


def test_settings_that_lead_out_of_the_course_are_refused(tmp_path: Path) -> None:
    course = course_with_class(tmp_path / "course")
    with (course.root / CONFIG).open("a", encoding="utf-8") as file:
        file.write(f'\nc.CourseDirectory.feedback_directory = "{tmp_path / "feedback"}"\n')
    with pytest.raises(GraderError, match=r"CourseDirectory\.feedback_directory leads out of the course"):
        demo(course)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CLASS = ()", "expected a CLASS of submissions"),
        ('from checks.demo import HandIn\nCLASS = (HandIn("A b", ""), HandIn("a-b", ""))', "its own name"),
        (
            'from checks.demo import HandIn\nCLASS = (HandIn("A", "", mistakes=("none",)),)',
            "'none', which is not a known one",
        ),
        (
            'from checks.demo import HandIn\nCLASS = (HandIn("A", "", deleted_cells=("none",)),)',
            "expected a cell 'none'",
        ),
    ],
)
def test_a_class_that_cannot_be_made_is_named_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    course = course_with_class(tmp_path / "course", text)
    with pytest.raises(GraderError, match=message):
        demo(course)


def test_the_command_says_in_one_line_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small_course(tmp_path)
    assert main(["demo", "--course", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert len(said.err.splitlines()) == 1 and "no assignment has a class for the demo" in said.err


def no_sandbox(course: Course) -> None:
    raise GraderError("no sandbox here, so nothing is graded (bwrap: not installed). Next: install bubblewrap.")


def test_without_a_sandbox_the_kits_own_class_is_shown_all_the_same_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    course = course_with_class(
        tmp_path / "course", 'from checks.demo import HandIn\nCLASS = (HandIn("Ništa", "", wrote=()),)'
    )
    monkeypatch.setattr("grader.commands.demo.choose", no_sandbox)
    monkeypatch.setenv("GRADER_UNSAFE", "")
    monkeypatch.delenv("GRADER_SANDBOX", raising=False)
    assert main(["demo", "--course", str(course.root)]) == 0
    said = capsys.readouterr()
    assert "Sandbox   none" in said.out
    assert "note: no sandbox here" in said.err


def test_a_sandbox_that_was_asked_for_by_name_is_not_done_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    course = course_with_class(tmp_path / "course")
    monkeypatch.setattr("grader.commands.demo.choose", no_sandbox)
    monkeypatch.setenv("GRADER_SANDBOX", "bwrap")
    assert main(["demo", "--course", str(course.root)]) == 2
    assert capsys.readouterr().err.startswith("grader demo: no sandbox here")
    assert not (course.root / "build").exists()


def test_the_class_stays_with_the_instructor_and_ages_no_release(tmp_path: Path) -> None:
    course = course_with_class(tmp_path)
    before = inputs(course, "scale")
    assert not [path for path in shipped_checks(course, course.assignment("scale")) if Path(path).name == "demo.py"]
    write(course.checks / "scale" / "demo.py", CLASS + "\n# changed\n")
    assert inputs(course, "scale") == before


@pytest.mark.parametrize("words", [["scale"], ["--assignment", "scale"]])
def test_the_demo_takes_a_name_as_release_and_grade_do_and_as_it_did_before(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named: list[str | None] = []

    def demo(course: Course, folder: Path | None, name: str | None, tell: object) -> None:
        named.append(name)
        raise GraderError("enough")

    monkeypatch.setattr("grader.commands.demo.demo", demo)
    assert main(["demo", *words]) == 2
    assert named == ["scale"]
