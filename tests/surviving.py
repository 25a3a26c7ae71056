"""What tests of faults share: a grader that can be killed, run without root's rights, and what it leaves."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from ctypes import CDLL
from pathlib import Path
from typing import Any

import machine
import pytest
from classroom import WRONG, ask, fingerprint, hand_in

from grader import cli
from grader.classroom.export import export_csv
from grader.classroom.feedback import feedback_page
from grader.classroom.gradebook import write_feedback
from grader.classroom.results import read_record, staleness
from grader.classroom.whole_class import grade_class
from grader.course import Course


class Killed:
    """`grader grade` in a process that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("killed.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"TMPDIR": str(self.temporary), "OPENBLAS_NUM_THREADS": "1"},
        )
        self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def grade(self, course: Course, event: int | None = None, after: float | None = None) -> dict[str, Any]:
        assert self.process.stdin is not None
        request = {"course": str(course.root), "event": event, "after": after, "url": os.environ.get("GRADEBOOK_URL")}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.answer()


def copy_of(course: Course, folder: Path) -> Course:
    root = folder / "a course"
    shutil.copytree(course.root, root)
    return Course(root)


def state(course: Course) -> dict[str, Any]:
    """All that a run leaves: every row of points and comments, graded folders, verdicts."""
    tables = {
        table: sorted(
            ask(
                course,
                f"SELECT submitted_assignment.student_id, base_cell.name, {columns} FROM {table} "
                f"JOIN base_cell ON base_cell.id = {table}.cell_id "
                f"JOIN submitted_notebook ON submitted_notebook.id = {table}.notebook_id "
                "JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id",
            ),
            key=repr,
        )
        for table, columns in (
            ("grade", "auto_score, manual_score, needs_manual_grade"),
            ("comment", "auto_comment, manual_comment"),
        )
    }
    records = {}
    for path in (course.store / "results" / "scale").iterdir():
        data = json.loads(path.read_text(encoding="utf-8"))
        del data["run"], data["stamp"], data["result"]["seconds"]
        records[path.name] = data
    return {
        **tables,
        "records": records,
        "autograded": fingerprint(course.root / "autograded"),
        "runs": list((course.store / "runs" / "scale").iterdir()),
    }


def run_grader(
    course: Course, *arguments: str, apart: bool = False, poor: bool = False, **environment: str
) -> tuple[int, str, str]:
    """Run `grader grade scale`: its status, and what it says.

    Args:
        course: what is graded.
        arguments: further ones.
        apart: runs it in a process of its own.
        poor: the same, without the rights by which root reads and writes everything.
        environment: further variables, where it runs in this process.
    """
    words = ["grade", "scale", "--course", str(course.root), *arguments]
    if apart or poor:
        command = [sys.executable, "-m", "grader.cli", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=300, check=False, preexec_fn=drop_rights if poor else None
        )
        status, out, err = done.returncode, done.stdout, done.stderr
    else:
        printed, logged = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(logged):
            for name, value in environment.items():
                patch.setenv(name, value)
            status, out, err = cli.main(words), printed.getvalue(), logged.getvalue()
    said = "\n".join(line for line in err.splitlines() if "%|" not in line)
    assert "Traceback" not in said
    return status, out, said


def drop_rights() -> None:
    """Leave root no more than anybody: file permissions hold again."""
    if os.geteuid() == 0:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def graded_class(course: Course) -> None:
    """Two submissions, graded; then one of them handed in anew, better."""
    hand_in(course, "ana")
    hand_in(course, "bo", WRONG)
    grade_class(course, "scale")
    write_feedback(course, "scale")
    shutil.rmtree(course.submitted / "bo")
    hand_in(course, "bo")


def stale_everywhere(course: Course, folder: Path) -> dict[str, bool]:
    """Whether records, export and feedback call each score stale."""
    export_csv(course, folder / "stale.csv")
    with (folder / "stale.csv").open(encoding="utf-8", newline="") as file:
        exported = {row["student_id"]: bool(row["stale"]) for row in csv.DictReader(file)}
    found = {}
    for student, in_export in exported.items():
        record = read_record(course, "scale", student)
        page = feedback_page(course, "scale", student)
        on_page = not page.exists() or "grader-stale" in page.read_text(encoding="utf-8")
        assert record is None or bool(staleness(course, record)) == in_export == on_page, student
        found[student] = in_export
    return found


def one_line(said: str) -> str:
    lines = said.splitlines()
    assert len(lines) == 1, said
    return lines[0]


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A disk of 40 MB; that no file may grow is tested below, where none can be mounted."""
    place.mkdir()
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    mount = [*root, "mount", "-t", "tmpfs", "-o", f"size=40m,uid={os.geteuid()}", "tmpfs", str(place)]
    said = "sudo is not installed" if root and not shutil.which("sudo") else ""
    if not said:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        said = done.stderr.strip() if done.returncode else ""
    if said:
        refused = "the kernel refuses it to root here" if not root else ""
        machine.lacks(f"a small disk can be mounted by root alone: {said}", refused=refused)
    try:
        yield place
    finally:
        subprocess.run([*root, "umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> None:
    with (disk / "filling").open("wb", buffering=0) as file:
        with suppress(OSError):
            while file.write(bytes(2**16)):
                pass
        with suppress(OSError):
            while file.write(b"0"):
                pass
