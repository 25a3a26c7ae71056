"""Hostile notebooks, archives and pages, and other attacks through nbgrader: one class, graded in one run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from arena import NAME as arena_name
from arena import arena
from conftest import ASSIGNMENT, ROOT
from nbgrader.utils import parse_utc

from grader.course import Course
from grader.doctor import ATTACKS, HANDED_IN, HandedIn
from grader.doctor.classroom import run_class
from grader.doctor.world import world
from grader.sandbox.choose import choose

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


MISSED = {
    "check_cells_deleted": "expected a graded cell",
    "points_changed": "expected a message",
    "bonus_cell": "was not graded",
    "unpacks_to_too_much": "expected a message",
    "markdown_that_runs": "runs in the reader's browser",
    "output_that_runs": "runs in the reader's browser",
    "verdict_over_the_verdict": "runs in the reader's browser",
    "latex_that_runs": "runs in the reader's browser",
    "passes_for_the_summary": "runs in the reader's browser",
    "half_an_emoji": "was not graded",
    "twins_of_the_package": "expected a message",
    "thousands_of_pictures": "expected a message",
    "hundreds_of_modules": "expected a message",
    "time_beyond_all_clocks": "was not graded",
}
"""What is seen of an attack without the protection against it."""
SANDBOXED = ("cell_reads_the_secret", "cell_mends_its_module", "cell_ends_the_process")
"""Of what the sandbox of a notebook keeps away, and its bounds; test_executed_notebook has them one by one."""


def short() -> list[HandedIn]:
    """Those of `make test`: one for each protection, and of the others each third, but for what is done to modules."""
    named = (*MISSED, *SANDBOXED, "module_own_module")
    others = [one for one in HANDED_IN if one.name not in named and not one.name.startswith(("module_", "cell_"))]
    return [one for one in HANDED_IN if one.name in named or one in others[::3]]


def name_of(attack: HandedIn) -> str:
    return attack.name


def faults_of(attacks: Sequence[HandedIn], course: Course, name: str) -> dict[str, list[str]]:
    """What did not hold, by attack, of one class."""
    with world(course, course.assignment(name), nbgrader=True) as around:
        return run_class(attacks, around, choose())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Those of `make test`, on the small assignment: what keeps an attack off knows none."""
    return faults_of(short(), arena(tmp_path_factory.mktemp("arena")), arena_name)


@pytest.fixture(scope="module")
def whole() -> dict[str, list[str]]:
    return faults_of(HANDED_IN, Course(ROOT), ASSIGNMENT)


@pytest.mark.parametrize("attack", short(), ids=name_of)
def test_an_attack_through_nbgrader_earns_what_is_honest_in_it_and_changes_nothing_outside(
    small: dict[str, list[str]], attack: HandedIn
) -> None:
    assert small[attack.name] == [], attack.tries


@pytest.mark.full
@pytest.mark.parametrize("attack", HANDED_IN, ids=name_of)
def test_so_does_each_on_the_real_assignment(whole: dict[str, list[str]], attack: HandedIn) -> None:
    assert whole[attack.name] == [], attack.tries


def test_attacks_have_names_of_their_own_and_a_sentence_each() -> None:
    names = [attack.name for attack in (*ATTACKS, *HANDED_IN)]
    assert len(set(names)) == len(names)
    assert all(attack.tries.endswith(".") and (attack.says or attack.shows) for attack in HANDED_IN)


def time_as_it_is(folder: str) -> datetime | None:
    """What `timestamp.txt` says, whatever it is."""
    path = Path(folder, "timestamp.txt")
    found: datetime | None = parse_utc(path.read_text().strip()) if path.is_file() else None
    return found


@pytest.mark.full
def test_without_a_protection_its_attack_through_nbgrader_is_seen_to_succeed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "grader.classroom.steps.restoring.RestoreCells.preprocess", lambda self, nb, resources: (nb, resources)
    )
    monkeypatch.setattr(
        "grader.classroom.steps.for_reading.MakeInert.preprocess", lambda self, nb, resources: (nb, resources)
    )
    monkeypatch.setattr("grader.classroom.pages.bounded.Inert.html", lambda self, html: html)
    monkeypatch.setattr("grader.classroom.pages.reading._clean", lambda text: (text, False))
    monkeypatch.setattr("grader.classroom.carrying._passes_for_the_package", lambda name, package: False)
    monkeypatch.setattr("grader.classroom.carrying._passes_for_a_module", lambda last, modules: False)
    monkeypatch.setattr("grader.classroom.handin.archives.MAX_FILES", 10**6)
    monkeypatch.setattr("grader.classroom.handin.archives.MAX_BYTES", 10**12)
    monkeypatch.setattr("grader.grading.submission.MOST_MODULES", 10**9)
    monkeypatch.setattr("grader.classroom.converter.existing_timestamp", time_as_it_is)
    chosen = [attack for attack in HANDED_IN if attack.name in MISSED]
    found = faults_of(chosen, arena(tmp_path), arena_name)
    for name, words in MISSED.items():
        assert any(words in fault for fault in found[name]), (name, found[name])
