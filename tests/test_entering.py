"""A class that is entered at once: the rows and the files are those of nbgrader's own API, whoever converts."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from classroom import (
    NO_KERNEL,
    SOLVED,
    WRONG,
    autograde,
    cell_of,
    edit_notebook,
    fingerprint,
    gradebook_rows,
    hand_in,
    released_course,
    save_notebook,
    scores,
    whole_class,
)
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from surviving import copy_of

from grader.classroom import batches, conversions
from grader.classroom.compact import Verdicts
from grader.classroom.gradebook import open_gradebook, write_feedback
from grader.classroom.processes import FEWEST, Processes
from grader.classroom.results import read_record, staleness
from grader.classroom.verdicts import grade_submission
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.grading.secret import ensure_secret

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

LATE = NO_KERNEL + "\nc.AssignLatePenalties.plugin_class = 'test_late.PerDay'\n"


class AsksTheDatabase(NbGraderPreprocessor):  # type: ignore[misc]
    """A step as a course writes one, which asks the gradebook what no other step asks."""

    def preprocess(self, nb: Any, resources: Any) -> Any:
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            submissions = gradebook.assignment_submissions(names["assignment"])
        nb.cells[0].source += f"\n\n{len(submissions)} handed in"
        return nb, resources


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Of each kind that makes a difference to what is written, some of them graded before and looked at by a person."""
    course = released_course(tmp_path_factory.mktemp("class"), LATE)
    whole_class(course)
    answered = hand_in(course, "dora")
    notebook = edit_notebook(answered)
    cell_of(notebook, "answer").source = "Zato što se sve skalira."
    save_notebook(answered, notebook)
    elsewhere = hand_in(course, "eva")
    notebook = edit_notebook(elsewhere)
    notebook.cells[0].source += "\n\nOdgovor: zato što se sve skalira, i to po stupcima."
    save_notebook(elsewhere, notebook)
    (hand_in(course, "fran") / "timestamp.txt").write_text("2026-01-12 12:00:00 UTC")
    (hand_in(course, "goga") / "timestamp.txt").write_text("2026-01-12 12:00:00 UTC")
    (hand_in(course, "hana", WRONG) / "timestamp.txt").write_text("2026-01-09 12:00:00 UTC")
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_assignment("scale", duedate="2026-01-10 12:00:00 UTC")
        gradebook.update_or_create_student("dora", first_name="Dora", last_name="Đurić")
    grade_class(course, "scale", ["ana", "dora", "goga", "hana"])
    with open_gradebook(course) as gradebook:
        for student, points in (("ana", 1.5), ("dora", 2.0)):
            grade = gradebook.find_grade("answer", "scale", "scale", student)
            grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.find_grade("scale_forward", "scale", "scale", "hana").extra_credit = 0.5
        gradebook.find_comment("answer", "scale", "scale", "dora").manual_comment = "Dobro, ali kratko."
        gradebook.find_submission("scale", "goga").extension = timedelta(days=5)
        # Taken earlier, before the deadline was put off for her; and points that a person put in place of the checks'.
        gradebook.find_submission_notebook("scale", "scale", "goga").late_submission_penalty = 2.0
        gradebook.find_grade("scale_forward", "scale", "scale", "goga").manual_score = 3.0
        gradebook.db.commit()
    for student in ("ana", "dora"):
        shutil.rmtree(course.submitted / student)
        hand_in(course, student, WRONG)
    return course


def left_by(course: Course) -> dict[str, Any]:
    """Rows, files and verdicts, but for ids, times and the name of the run."""
    records = {}
    for path in (course.store / "results" / "scale").iterdir():
        records[path.name] = json.loads(path.read_text(encoding="utf-8"))
        del records[path.name]["run"], records[path.name]["stamp"], records[path.name]["result"]["seconds"]
    return {**gradebook_rows(course), "files": fingerprint(course.root / "autograded"), "records": records}


@pytest.fixture(scope="module")
def one_by_one(handed_in: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What nbgrader's own API writes, as formgrader's button calls it."""
    course = copy_of(handed_in, tmp_path_factory.mktemp("one by one"))
    students = sorted(path.name for path in course.submitted.iterdir())
    assert all(autograde(course, *students).values())
    left = left_by(course)
    grades = {(student, cell): row for student, cell, *row in left["grades"]}
    assert grades["eva", "answer"] == [None, None, None, 1]  # waits for a person, as do points that were given earlier
    assert grades["ana", "answer"][1:] == [1.5, None, 1]
    assert grades["goga", "scale_forward"][1:] == [3.0, None, 1]
    penalties = {student: penalty for student, _, _, penalty in left["notebooks"]}
    assert (penalties["fran"], penalties["goga"], penalties["hana"]) == (2.0, None, None)
    assert ("ana", "answer", "No response.", None) in left["comments"]
    return left


def test_a_class_entered_at_once_has_the_rows_and_files_that_nbgraders_own_api_writes(
    handed_in: Course, one_by_one: dict[str, Any], tmp_path: Path
) -> None:
    course = copy_of(handed_in, tmp_path)
    assert not [row.problem for row in grade_class(course, "scale") if row.problem]
    left = left_by(course)
    for part, expected in one_by_one.items():
        assert left[part] == expected, part


def test_processes_convert_to_the_same_rows_and_files(
    handed_in: Course, one_by_one: dict[str, Any], tmp_path: Path
) -> None:
    """In a process of its own, since this one has threads."""
    course = copy_of(handed_in, tmp_path)
    assert len(one_by_one["work"]) >= FEWEST
    code = (
        "import os, sys; from grader import cli; from grader.classroom import workshop; here = os.getpid()\n"
        "def elsewhere(self, item, work=workshop.Workshop.__call__):\n"
        "    assert os.getpid() != here\n"
        "    return work(self, item)\n"
        "workshop.Workshop.__call__ = elsewhere\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", code, "grade", "scale", "--jobs", "2", "--course", str(course.root)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert left_by(course) == one_by_one


def test_pages_of_many_are_those_of_one_after_another(
    handed_in: Course, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In processes of their own, as above; and one page that cannot be made stops none of the others."""
    course = copy_of(handed_in, tmp_path_factory.mktemp("pages"))
    grade_class(course, "scale")
    (course.root / "autograded" / "bo wrong" / "scale" / "scale.ipynb").chmod(0o644)
    (course.root / "autograded" / "bo wrong" / "scale" / "scale.ipynb").write_text("no notebook")
    feedback = [sys.executable, "-m", "nbgrader", "generate_feedback", "scale"]
    done = subprocess.run(feedback, cwd=course.root, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "There was an error processing assignment" in done.stderr
    many = fingerprint(course.root / "feedback")
    students = {path.name for path in course.submitted.iterdir()} - {"bo wrong"}
    assert {Path(name).parts[0] for name in many} == students
    shutil.rmtree(course.root / "feedback")
    write_feedback(course, "scale", ["ana", "eva", "fran"])
    assert fingerprint(course.root / "feedback").items() <= many.items()


def test_a_step_that_asks_the_gradebook_for_more_gets_it(tmp_path: Path) -> None:
    asking = "\nc.Autograde.autograde_preprocessors += ['test_entering.AsksTheDatabase']\n"
    course = released_course(tmp_path, NO_KERNEL + asking)
    whole_class(course)
    ensure_secret(course)  # from which the inputs are drawn that a page shows
    other = copy_of(course, tmp_path / "other")
    assert not [row.problem for row in grade_class(course, "scale", jobs=1) if row.problem]
    assert all(autograde(other, *sorted(path.name for path in other.submitted.iterdir())).values())
    assert gradebook_rows(course) == gradebook_rows(other)
    assert fingerprint(course.root / "autograded") == fingerprint(other.root / "autograded")
    assert "5 handed in" in (course.root / "autograded" / "no-package" / "scale" / "scale.ipynb").read_text("utf-8")


def test_scores_are_committed_before_a_verdict_counts_and_a_run_that_ends_between_the_two_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = released_course(tmp_path)
    for student in ("ana", "bo", "ceca"):
        hand_in(course, student, WRONG)
    grade_class(course, "scale")
    for student in ("ana", "bo", "ceca"):
        shutil.rmtree(course.submitted / student)
        hand_in(course, student, SOLVED)
    seen = []

    def killed(self: Any, one: conversions.Converted) -> str:
        seen.append((one.student, scores(course)))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(batches._Batches, "_store", killed)
        with pytest.raises(KeyboardInterrupt):
            grade_class(course, "scale")
    assert seen == [(seen[0][0], dict.fromkeys(("ana", "bo", "ceca"), 4.0))]
    for student in ("ana", "bo", "ceca"):
        record = read_record(course, "scale", student)
        assert record is not None and staleness(course, record)
    assert [(row.kept, row.total) for row in grade_class(course, "scale")] == [(False, 4.0)] * 3


def test_of_a_batch_with_one_that_cannot_be_entered_the_others_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = released_course(tmp_path)
    whole_class(course)
    grade_class(course, "scale", ["ana"])
    with open_gradebook(course) as gradebook:  # as a release leaves it that has one more cell
        gradebook.db.delete(gradebook.find_grade("answer", "scale", "scale", "ana"))
        gradebook.db.commit()
    problems = {row.student: row.problem for row in grade_class(course, "scale") if row.problem}
    assert [*problems] == ["ana"] and "MissingEntry" in problems["ana"]
    assert scores(course) == {"ana": 4.0, "bo wrong": 1.0, "ceca": 0.0, "no-package": 0.0, "no-notebook": 4.0}
    assert not (course.root / "autograded" / "ana" / "scale").exists()


def test_a_verdict_that_waits_takes_some_thousand_bytes_and_is_what_it_was(handed_in: Course) -> None:
    assignment = handed_in.assignment("scale")
    verdicts = Verdicts(assignment)
    whole = {student: grade_submission(handed_in, assignment, student) for student in ("bo wrong", "no-package")}
    for student, verdict in whole.items():
        verdicts.add(student, verdict)
        assert len(verdicts.in_few_bytes(student).data) < 3000
    assert dict(verdicts) == whole
    assert Verdicts(assignment).whole(verdicts.in_few_bytes("bo wrong")) == whole["bo wrong"]


LARGE = """
import json, sys, threading, time
from pathlib import Path
from grader.classroom.pages import reading

def slow(content, handed_out):
    print("begin", flush=True)
    time.sleep(0.2)
    print("end", flush=True)

reading._LARGE, reading._parsed = 0, slow
threads = [threading.Thread(target=reading.read_notebook, args=(Path(sys.argv[1]),)) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_of_large_notebooks_one_is_read_at_a_time_by_all_threads_and_processes(tmp_path: Path) -> None:
    (tmp_path / "large.ipynb").write_text("{}")
    with (tmp_path / "said").open("wb") as said:
        command = [sys.executable, "-c", LARGE, str(tmp_path / "large.ipynb")]
        for process in [subprocess.Popen(command, stdout=said) for _ in range(2)]:
            assert process.wait() == 0
    assert (tmp_path / "said").read_text().split() == ["begin", "end"] * 4


class Squares:
    """Work for processes: the square of a number, and whose it is."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.here = folder, os.getpid()

    def __call__(self, number: int) -> tuple[int, bool]:
        if number == 3 and os.getpid() != self.here:
            os.kill(os.getpid(), signal.SIGKILL)
        return number * number, os.getpid() == self.here

    def close(self) -> None:
        pass


def test_what_a_process_was_at_that_is_killed_is_done_by_the_one_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    some: Processes[int, tuple[int, bool]] = Processes(Squares(tmp_path), 2)
    try:
        found = dict(some.each(range(8)))
    finally:
        some.close()
    assert sorted(found) == [number * number for number in range(8)]
    assert [number for number, here in found.items() if here] == [9]
