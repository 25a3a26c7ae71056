"""Hands a class of hostile submissions in, collects and grades it through nbgrader, and says what did not hold.

Three of the class are honest; one of them was given points by hand before.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from checks.language import VARIABLE
from checks.result import Result

from ..classroom.gradebook import open_gradebook, write_feedback
from ..classroom.handin.lms import zip_collect
from ..classroom.pages.formgrader import formgrader_page
from ..classroom.results import read_record, staleness
from ..classroom.rows import Row, table
from ..classroom.whole_class import grade_class
from ..course import CONFIG
from ..demo.people import FIRST_NUMBER
from ..sandbox.launch import Launcher
from ..text import sentences
from . import battery
from .attack import Attack, HandedIn
from .battery import Target, hand_in, target_of
from .pages import active
from .world import World, open_to_everybody

FIRST, OTHER, LAST = "ana", "ivo", "zoe"
HONEST = (FIRST, OTHER, LAST)
"""In the order in which they are graded; the attacks' `$other` is the second one's."""
_IDEA = "an idea that nobody else had"
_BY_HAND = (1.5, "dobro")
_UNDONE = Attack("undone", "Leaves one check undone.", body="raise ValueError('left undone')")


def from_battery(attack: Attack, says: str | None = None) -> HandedIn:
    """An attack of the other battery, with its code in a module, on its way through nbgrader."""

    def edit(folder: Path, world: World) -> None:
        hand_in(attack, world, target_of(world.course, world.assignment), folder)

    costs = attack.costs
    assert costs != "perhaps"
    return HandedIn(
        f"module_{attack.name}", attack.tries, edit, costs=costs, says=attack.says if says is None else says
    )


@dataclass(frozen=True)
class _Graded:
    """What there is to look at of one submission."""

    attack: HandedIn
    world: World
    row: Row | None
    result: Result | None
    said: str
    """When it was collected."""


def run_class(attacks: Sequence[HandedIn], world: World, launcher: Launcher) -> dict[str, list[str]]:
    """What did not hold, in words, by the attack's name; of each the list is empty if all did.

    Args:
        attacks: the hostile ones; each is one submission.
        world: a course with its release and its gradebook.
        launcher: the sandbox.
    """
    with _language("en"):
        return _run_class(attacks, world, launcher)


def _run_class(attacks: Sequence[HandedIn], world: World, launcher: Launcher) -> dict[str, list[str]]:
    course, name = world.course, world.assignment.name
    target = target_of(world.course, world.assignment)
    for student in HONEST:
        _write(world, target, course.submitted / student / name, honest=True)
    with Path(world.names["other"]).open("a", encoding="utf-8") as module:
        module.write(f"# {_IDEA}\n")
    grade_class(course, name, [OTHER], launcher=launcher, run_notebooks=False)
    _give_by_hand(world)
    sent = {}
    for attack in attacks:
        folder = course.submitted / attack.student / name
        _write(world, target, folder)
        if attack.edit:
            attack.edit(folder, world)
        if attack.send:
            sent[attack.student] = attack.send(_read(folder), world)
            shutil.rmtree(folder.parent)
    open_to_everybody(world.folder)

    arriving = [course.submitted / student for student in sent]
    world = replace(world, written=(*world.written, course.root / "downloaded", *arriving))
    before = world.state() | _book(world)
    said = _collect(sent, world)
    rows: dict[str, Row] = {}
    honest: list[Row] = []
    try:
        for seconds, run_notebooks in {(attack.seconds, attack.runs) for attack in attacks}:
            group = [attack for attack in attacks if (attack.seconds, attack.runs) == (seconds, run_notebooks)]
            students = [attack.student for attack in group if (course.submitted / attack.student).is_dir()]
            with _bound(world, seconds):
                now = grade_class(
                    course,
                    name,
                    [FIRST, OTHER, *students, LAST],
                    jobs=2,
                    launcher=launcher,
                    run_notebooks=run_notebooks,
                )
            honest += [row for row in now if row.student in HONEST]
            rows |= {row.student: row for row in now}
        shown = [FIRST, *(attack.student for attack in attacks if attack.on_pages and attack.student in rows)]
        feedback = write_feedback(course, name, shown)
    except Exception as error:
        return {attack.name: [f"the grader itself raised {type(error).__name__}: {error}"] for attack in attacks}
    everybody = _outside(world, before, honest)
    honest_pages = _pages(world, FIRST, feedback)
    faults = {}
    for attack in attacks:
        record = read_record(course, name, attack.student)
        lines = "\n".join(line for line in said if re.search(rf"\b{attack.student}\b", line))
        graded = _Graded(attack, world, rows.get(attack.student), record.result if record else None, lines)
        found = [*_verdict(graded, target), *_seen(graded)]
        if attack.student in feedback:
            for page, usual in zip(_pages(world, attack.student, feedback), honest_pages, strict=True):
                found += [f"runs in the reader's browser: {part}" for part in sorted(active(page) - active(usual))]
        faults[attack.name] = found + everybody
    return faults


# --- handing in -------------------------------------------------------------------------------------------------------


def _write(world: World, target: Target, folder: Path, *, honest: bool = False) -> None:
    """Write what every submission begins as."""
    name = world.assignment.name
    shutil.copytree(world.course.release / name, folder, dirs_exist_ok=True)
    shutil.rmtree(folder / world.course.package.name)
    hand_in(replace(_UNDONE, body="") if honest else _UNDONE, world, target, folder)
    path = folder / f"{name}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _collect(sent: Mapping[str, Mapping[str, bytes]], world: World) -> list[str]:
    """Put what was uploaded where a download from Moodle lies, and collect it."""
    archive = world.course.root / "downloaded" / world.assignment.name / "archive"
    for number, (student, files) in enumerate(sent.items(), start=FIRST_NUMBER):
        folder = archive / f"{student.replace('-', ' ')}_{number}_assignsubmission_file_"
        folder.mkdir(parents=True)
        for name, content in files.items():
            # Its own name says whose it is in what is said of it.
            (folder / f"{student}-{name}").write_bytes(content)
    return zip_collect(world.course, world.assignment.name) if sent else []


def _give_by_hand(world: World) -> None:
    """Points and a comment of a person, for a student whose rows nobody else may change."""
    with open_gradebook(world.course) as gradebook:
        submission = gradebook.find_submission(world.assignment.name, OTHER)
        (notebook,) = submission.notebooks
        for grade in notebook.grades:
            grade.extra_credit = _BY_HAND[0]
        for comment in notebook.comments:
            comment.manual_comment = _BY_HAND[1]
        gradebook.db.commit()


@contextmanager
def _bound(world: World, seconds: int | None) -> Iterator[None]:
    """Run notebooks with less time than usual."""
    path = world.course.root / CONFIG
    before, status = path.read_bytes(), path.stat()
    if seconds is not None:
        path.write_bytes(before + f"\nc.ExecuteForReading.total = {seconds}\n".encode())
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@contextmanager
def _language(language: str) -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = language
    try:
        yield
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before


# --- what must hold of each -------------------------------------------------------------------------------------------


def _verdict(graded: _Graded, target: Target) -> list[str]:
    """What of the score and of what is said is not as it must be."""
    attack, row, result = graded.attack, graded.row, graded.result
    if attack.costs == "submission":
        found = ["earns points, and nothing of it can be read"] if result and result.score else []
        return found if re.search(attack.says, graded.said) else [*found, f"said only {graded.said!r}"]
    if row is None or result is None or row.problem:
        return [f"was not graded: {row.problem if row else graded.said or 'it never arrived'}"]
    lost = battery.lost_checks(attack.costs, target, result)
    faults = battery.points_lost_and_kept(lost, result)
    for function, points in row.points.items():
        if points != result.function_score(function)[0]:
            faults.append(f"the gradebook has {points} points for {function}, where the verdict has another number")
    record = read_record(graded.world.course, graded.world.assignment.name, attack.student)
    if record and (stale := staleness(graded.world.course, record)):
        faults.append(f"its verdict passes for stale: {stale}")
    say = sentences("en")
    notes = [say(note.key, **note.names) for note in record.notes] if record else []
    texts = [graded.said, *notes, *result.warnings, *(check.message for check in result.checks if check.id in lost)]
    if attack.says and not any(re.search(attack.says, text) for text in texts):
        faults.append(f"expected a message like {attack.says!r}, found {texts}")
    if not all(line.isprintable() for line in table(graded.world.assignment, [row]).splitlines()):
        faults.append("the table holds characters that would move a terminal's cursor")
    return faults


def _seen(graded: _Graded) -> list[str]:
    """What is wrong with the notebook that the submission's reader gets."""
    world, attack = graded.world, graded.attack
    name = world.assignment.name
    folder = world.course.root / "autograded" / attack.student / name
    faults = []
    secret = Path(world.names["secret"]).read_text(encoding="ascii")
    for path in folder.rglob("*") if folder.is_dir() else ():
        text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
        for what, words in {
            "the secret": secret,
            "the host's environment": "not for students",
            "another's work": _IDEA,
        }.items():
            if words in text:
                faults.append(f"{what} can be read in autograded/{path.relative_to(folder).as_posix()}")
    if graded.row is None or graded.row.problem:
        return faults
    notebook = _notebook(world, attack.student)
    released = nbformat.read(world.course.release / name / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    if _known(notebook) != _known(released):
        faults.append("its graded cells are not those that were handed out")
    if attack.shows and not re.search(attack.shows, _outputs(notebook)):
        faults.append(f"expected an output like {attack.shows!r}, found {_outputs(notebook)[-500:]!r}")
    return faults


def _notebook(world: World, student: str) -> NotebookNode:
    name = world.assignment.name
    path = world.course.root / "autograded" / student / name / f"{name}.ipynb"
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def _known(notebook: NotebookNode) -> list[tuple[str, str, float, bool]]:
    """Id, source (where it is locked), points and kind of the cells that are graded."""
    found = []
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade"):
            source = cell.source if marks["locked"] else ""
            found.append((marks["grade_id"], source, float(marks["points"]), marks["solution"]))
    return sorted(found)


def _outputs(notebook: NotebookNode) -> str:
    """What the cells that are not graded put out."""
    parts: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade"):
            for output in cell.outputs:
                parts += [output.get("text", ""), output.get("ename", ""), output.get("evalue", "")]
                parts += [value for mime, value in output.get("data", {}).items() if mime.startswith("text/")]
    return "\n".join(filter(None, parts))


def _pages(world: World, student: str, feedback: Mapping[str, Path]) -> tuple[str, str]:
    """A submission's page in the feedback, and in formgrader as its handler makes it."""
    return feedback[student].read_text(encoding="utf-8"), formgrader_page(_notebook(world, student))


# --- what must hold of everybody else ---------------------------------------------------------------------------------


def _outside(world: World, before: Mapping[str, object], honest: Sequence[Row]) -> list[str]:
    """What changed that is nobody's own, and what is wrong with the verdicts on the honest ones."""
    after = world.state() | _book(world)
    changed = [name for name in after.keys() | before.keys() if after.get(name) != before.get(name)]
    faults = [f"changed outside: {name}" for name in sorted(changed)]
    most = sum(check.points for check in world.assignment.checks)
    for row in honest:
        if row.problem or row.look or row.total != most:
            faults.append(f"{row.student}, who is honest, got {row}")
    return faults


_OF_STUDENTS = {"submitted_assignment", "submitted_notebook", "grade", "comment", "student"}
_JOINED = """
    JOIN submitted_notebook ON submitted_notebook.id = {}.notebook_id
    JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
    WHERE submitted_assignment.student_id = ? ORDER BY 1, 2
"""
_GRADES = f"""
    SELECT grade.cell_id, grade.id, auto_score, manual_score, extra_credit, needs_manual_grade
    FROM grade {_JOINED.format("grade")}
"""
_COMMENTS = f"SELECT comment.cell_id, comment.id, auto_comment, manual_comment FROM comment {_JOINED.format('comment')}"


def _book(world: World) -> dict[str, object]:
    """Of the gradebook what belongs to the course, and what to the student who was graded by hand."""
    with closing(sqlite3.connect(world.names["gradebook"])) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        found: dict[str, object] = {
            f"the gradebook's table {name}": sorted(database.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in tables - _OF_STUDENTS
        }
        found["another student's points"] = database.execute(_GRADES, (OTHER,)).fetchall()
        found["comments on another student"] = database.execute(_COMMENTS, (OTHER,)).fetchall()
    return found
