"""A class on a cluster of real processes, one of which ends, stops, lies or is another: nothing lost, stored once."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from classroom import (
    NO_KERNEL,
    SOLVED,
    fingerprint,
    gradebook_rows,
    graded_notebook,
    hand_in,
    released_course,
    scores,
    solve,
    whole_class,
)
from clusters import PATIENCE, Cluster, certificates, cluster, require_dask, wait_for

from grader.classroom.results import read_record, staleness
from grader.classroom.whole_class import grade_class
from grader.course import KIT, Course
from grader.grading.secret import ensure_secret

pytestmark = [
    pytest.mark.full,
    # nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers, in whose place others come when they end; given up after 15 seconds without a sign of life."""
    with cluster(tmp_path_factory.mktemp("cluster"), ttl="15s") as found:
        yield found


@pytest.fixture
def two(shared: Cluster) -> Cluster:
    """Those two, and nothing known of what they did before."""
    for path in (*shared.folder.glob("begun-*"), shared.gate):
        path.unlink(missing_ok=True)
    return shared


Class = Callable[..., Course]


@pytest.fixture
def some(tmp_path: Path) -> Class:
    """Makes a class in which everybody is right, no two alike."""

    def make(count: int, word: str = "", settings: str = NO_KERNEL) -> Course:
        course = released_course(tmp_path, settings)
        for number in range(count):
            add(course, f"ana-{number}", word)
        return course

    return make


def add(course: Course, student: str, word: str = "") -> None:
    """Hand in something right, with a word to the gates."""
    folder = hand_in(course, student, None)
    solve(folder / "funkcije" / "layers.py", f"    # {word} {student}\n{SOLVED}")


def require_all_graded(course: Course, but: tuple[str, ...] = ()) -> None:
    """Everybody has points in the gradebook and a verdict that counts, but for some."""
    students = sorted(folder.name for folder in course.submitted.iterdir())
    assert scores(course) == {student: 4.0 for student in students if student not in but}
    for student in students:
        record = read_record(course, "scale", student)
        assert (record is None) == (student in but)
        assert record is None or staleness(course, record) == ""
    assert not (course.store / "judged").exists()


def kept(course: Course) -> int:
    """How many verdicts there are before anything is in the gradebook."""
    return len(list((course.store / "judged" / "scale").glob("*.json")))


def test_one_process_a_pool_and_a_cluster_give_the_same_grades_row_by_row(two: Cluster, tmp_path: Path) -> None:
    first = released_course(tmp_path)
    due = whole_class(first)
    ensure_secret(first)
    courses = {"one": first}
    for name in ("pool", "cluster"):
        shutil.copytree(first.root, tmp_path / name / "a course", symlinks=True)
        courses[name] = Course(tmp_path / name / "a course")
    grade_class(courses["one"], "scale", jobs=1)
    grade_class(courses["pool"], "scale", jobs=2)
    ended = two.grade(courses["cluster"])
    assert (ended.returncode, "left out" in ended.stderr) == (0, False), ended.stdout + ended.stderr
    assert scores(courses["cluster"]) == due
    assert len(two.begun()) == 4, "those with a package"
    assert "judge_modules" not in two.profile(), "Dask watches its workers, and keeps what it saw"
    rows = {name: gradebook_rows(course) for name, course in courses.items()}
    assert rows["one"] == rows["pool"] == rows["cluster"]
    pages = {name: fingerprint(course.root / "autograded") for name, course in courses.items()}
    assert pages["one"] == pages["pool"] == pages["cluster"]
    for student in due:
        records = [read_record(course, "scale", student) for course in courses.values()]
        results = {json.dumps(replace(one.result, seconds=0.0).to_json()) for one in records if one}
        assert len(results) == len({repr((one.notes, one.submission, one.secret)) for one in records if one}) == 1


def test_a_worker_that_is_killed_loses_nobody(two: Cluster, some: Class) -> None:
    course = some(6, "waits")
    with two.grading(course) as grading:
        wait_for(lambda: len({pid for pid, _ in two.begun()}) == 2, "two workers at work")
        os.kill(two.begun()[0][0], signal.SIGKILL)
        two.gate.touch()
        _, said = grading.communicate()
    assert grading.returncode == 0, said
    require_all_graded(course)
    again = [count for count in Counter(digest for _, digest in two.begun()).values() if count > 1]
    assert again and len(again) < 6


def test_a_worker_that_is_stopped_is_given_up_and_loses_nobody(two: Cluster, some: Class) -> None:
    course = some(6, "waits")
    with two.grading(course) as grading:
        wait_for(lambda: len({pid for pid, _ in two.begun()}) == 2, "two workers at work")
        pid, digest = two.begun()[0]
        os.kill(pid, signal.SIGSTOP)
        two.gate.touch()
        _, said = grading.communicate()
    assert grading.returncode == 0, said
    require_all_graded(course)
    assert {one for one, its in two.begun() if its == digest} > {pid}, "another one did it"


def test_a_submission_that_ends_its_workers_is_asked_again_alone_and_listed_and_the_others_are_graded(
    two: Cluster, some: Class
) -> None:
    course = some(5)
    add(course, "eve", "poison")
    ended = two.grade(course)
    assert ended.returncode == 2
    require_all_graded(course, but=("eve",))
    lines = [line for line in ended.stdout.splitlines() if "not graded on the cluster" in line]
    assert len(lines) == 1 and "eve" in lines[0] and "and when it was asked alone" in lines[0], ended.stdout
    assert "Traceback" not in ended.stderr


def test_another_version_of_the_kit_is_left_out_in_a_line_and_gets_no_submission(
    two: Cluster, some: Class, tmp_path: Path
) -> None:
    other = tmp_path / "kit"
    for folder in ("grader", "checks"):
        shutil.copytree(KIT / folder, other / folder, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "grader" / "text.py").open("a", encoding="utf-8") as file:
        file.write("# another version\n")
    several = len(two.workers)
    two.add_worker({"PYTHONPATH": str(other)})
    two.add_worker(threads=2)
    try:
        course = some(6, "waits")
        with two.grading(course) as grading:
            assert grading.stderr is not None
            lines: list[str] = []
            while len(lines) < 2:
                line = grading.stderr.readline()
                assert line, "it ended before the two were left out"
                lines += [line] if "left out: worker tls://" in line else []
            two.gate.touch()
            grading.communicate()
    finally:
        for pid in two.workers[several:]:
            os.killpg(pid, signal.SIGKILL)
    assert grading.returncode == 0
    require_all_graded(course)
    assert len([line for line in lines if "another version of the kit (" in line]) == 1
    assert len([line for line in lines if "it has 2 threads" in line]) == 1
    assert len({pid for pid, _ in two.begun()}) <= 2


def test_a_client_that_is_killed_is_started_again_and_asks_nothing_twice(two: Cluster, some: Class) -> None:
    course = some(4)
    for number in range(4):
        add(course, f"zoe-{number}", "waits")
    with two.grading(course) as grading:
        wait_for(lambda: kept(course) == 4, "what does not wait is judged")
        grading.kill()
        grading.communicate()
    assert scores(course) == {}
    two.gate.touch()
    quick = {digest for _, digest in two.begun()[:4]}
    ended = two.grade(course)
    assert ended.returncode == 0, ended.stderr
    require_all_graded(course)
    counts = Counter(digest for _, digest in two.begun())
    assert len(counts) == 8
    assert sorted(counts.values())[:4] == [1, 1, 1, 1]
    assert len(quick) == 4


def test_who_has_other_certificates_is_told_so_and_nothing_is_touched(
    two: Cluster, some: Class, tmp_path: Path
) -> None:
    course = some(1)
    before = fingerprint(course.root)
    ended = two.grade(course, **certificates(tmp_path / "others"))
    assert ended.returncode == 2
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "no scheduler there that trusts this client" in ended.stderr
    assert ended.stdout == ""
    assert fingerprint(course.root) == before
    assert two.begun() == []


def test_a_scheduler_that_is_lost_ends_the_run_in_a_line_and_the_next_run_does_the_rest(
    some: Class, tmp_path_factory: pytest.TempPathFactory
) -> None:
    course = some(3)
    for number in range(3):
        add(course, f"zoe-{number}", "waits")
    with cluster(tmp_path_factory.mktemp("lost"), workers=1) as one:
        with one.grading(course) as grading:
            wait_for(lambda: kept(course) == 3, "what does not wait is judged")
            os.kill(one.scheduler, signal.SIGKILL)
            said, errors = grading.communicate()
        assert (grading.returncode, said) == (2, "")
        last = errors.strip().splitlines()[-1]
        assert "the scheduler is gone. What was judged is kept. Next: " in last
        assert "Traceback" not in errors
        one.gate.touch()
        before = Counter(digest for _, digest in one.begun())
        one.start(workers=1)
        ended = one.grade(course)
        assert ended.returncode == 0, ended.stderr
        require_all_graded(course)
        after = Counter(digest for _, digest in one.begun())
        assert len(after) == 6 and sum(after.values()) - sum(before.values()) <= 3


def test_a_cluster_that_is_started_here_runs_notebooks_too_and_ends_with_its_client_however_that_ends(
    some: Class, tmp_path: Path
) -> None:
    require_dask()
    course = some(1, settings="")
    ensure_secret(course)
    shutil.copytree(course.root, tmp_path / "pool" / "a course", symlinks=True)
    other = Course(tmp_path / "pool" / "a course")
    grade_class(other, "scale")
    mark = f"MARK={tmp_path}"
    environment = os.environ | {"MARK": str(tmp_path), "PYTHONPATH": str(KIT), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", "grader.cli", "grade", "scale", "--course", str(course.root)]
    command += ["--cluster", "local", "--jobs", "2"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 0, ended.stderr
    require_all_graded(course)
    assert fingerprint(course.root / "autograded") == fingerprint(other.root / "autograded")
    assert gradebook_rows(course) == gradebook_rows(other)
    assert any(cell.get("execution_count") for cell in graded_notebook(course, "ana-0").cells)
    assert marked(mark) == []
    client = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(marked(mark)) >= 3, "a client and two workers")
    client.kill()
    client.wait()
    wait_for(lambda: marked(mark) == [], "the end of what it started")


def marked(mark: str) -> list[int]:
    """The processes that have something in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in place.read_bytes().split(b"\0"):
                found.append(int(place.parent.name))
    return found
