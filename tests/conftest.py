"""What the tests share: this repository as a course, its faces rendered, and submissions made of them."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import nbgrader.api
import pytest
from bench import Judge

from checks.core import Assignment
from checks.engine.recording import FILE
from grader.course import Course
from grader.mutation.bench import Bench
from grader.publish.recordings import record
from grader.reference.edits import Edit, apply
from grader.reference.render import Rendered, render_package

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = "batch_normalization"
OTHERS = [name for name in Course(ROOT).assignments() if name != ASSIGNMENT]

Submit = Callable[..., Path]


LONG = (
    "test_attacks",
    "test_empty_implementations",
    "test_warm",
    "test_attacks_nbgrader",
    "test_demo",
    "test_hostile",
    "test_checks",
    "test_postgresql",
    "test_class_of_60",
    "test_wheel",
    "test_nothing_lost",
    "test_executed_notebook",
    "test_source_notebook",
    "test_fully_connected_notebook",
    "test_seed_notebook",
    "test_experiments",
    "test_mutation",
    "test_release",
    "test_translation",
    "test_classic",
)
"""The longest files, begun first: with `--dist loadfile` no core then waits for the other at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(autouse=True, scope="session")
def _plain_environment() -> Iterator[None]:
    """The language and the secret of whoever runs the tests stay out of them."""
    kept = {name: os.environ.pop(name) for name in ("FUNKCIJE_LANG", "GRADER_SECRET") if name in os.environ}
    yield
    os.environ.update(kept)


@pytest.fixture(autouse=True)
def _nothing_of_nbgraders_in_the_environment() -> None:
    """What it leaves there where something raises is no other test's."""
    for name in ("NBGRADER_EXECUTION", "NBGRADER_VALIDATING"):
        os.environ.pop(name, None)


@pytest.fixture(autouse=True, scope="session")
def _version_of_new_gradebooks() -> Iterator[None]:
    """For each new gradebook, nbgrader starts a process that says what version its tables have: once will do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nbgrader.api, "get_alembic_version", cache(nbgrader.api.get_alembic_version))
        yield


@pytest.fixture(scope="session")
def course() -> Course:
    """The repository as a course."""
    return Course(ROOT)


@pytest.fixture(scope="session")
def assignment(course: Course) -> Assignment:
    return course.assignment(ASSIGNMENT)


@pytest.fixture(scope="session")
def rendered(course: Course, assignment: Assignment) -> Rendered:
    return render_package(course, assignment)


@pytest.fixture(scope="session")
def recordings(course: Course, assignment: Assignment) -> dict[str, bytes]:
    return record(course, assignment)


@pytest.fixture(scope="session")
def bench(
    course: Course, assignment: Assignment, recordings: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Bench:
    """The reference, its mistaken versions and some draws, each made once."""
    path = tmp_path_factory.mktemp("recordings") / FILE
    path.write_bytes(recordings[f"{ASSIGNMENT}/{FILE}"])
    return Bench(course, assignment, path)


@pytest.fixture(scope="session")
def judged(bench: Bench) -> Judge:
    return Judge(bench)


@pytest.fixture
def submit(rendered: Rendered, tmp_path: Path) -> Submit:
    """Makes a submission's folder: the solution, or the stub, with some lines replaced and some files added."""

    def make(*edits: Edit, stub: bool = False, files: dict[str, str] | None = None, name: str = ASSIGNMENT) -> Path:
        folder = tmp_path / name
        for path, content in (rendered.stub if stub else rendered.solution).items():
            target = folder / "funkcije" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        for edit in edits:
            target = folder / "funkcije" / f"{edit.module}.py"
            target.write_text(apply(edit, target.read_text(), target))
        for path, text in (files or {}).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return folder

    return make


@pytest.fixture
def release_like(submit: Submit, recordings: dict[str, bytes]) -> Callable[..., Path]:
    """Adds the shipped part of `checks/`, so that `python -m checks` runs in the folder."""

    def make(*edits: Edit, **options: object) -> Path:
        folder = submit(*edits, **options)
        shutil.copytree(
            ROOT / "checks",
            folder / "checks",
            ignore=shutil.ignore_patterns("mistakes*", "variants*", "pretenders*", "__pycache__", *OTHERS),
        )
        for path, content in recordings.items():
            target = folder / "checks" / path
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(content)
        return folder

    return make
