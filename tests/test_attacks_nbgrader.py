"""Hostile notebooks, archives and pages, and other attacks through nbgrader: one class, graded in one run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import ASSIGNMENT, ROOT

from grader.attacks import ATTACKS, HANDED_IN, HandedIn
from grader.attacks.classroom import run_class
from grader.attacks.world import world
from grader.course import Course
from grader.sandbox.choose import choose

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture(scope="module")
def faults() -> Iterator[dict[str, list[str]]]:
    """What did not hold, by attack, of the whole class."""
    course = Course(ROOT)
    with world(course, course.assignment(ASSIGNMENT), nbgrader=True) as around:
        yield run_class(HANDED_IN, around, choose())


@pytest.mark.parametrize("attack", HANDED_IN, ids=lambda attack: attack.name)
def test_an_attack_through_nbgrader_earns_what_is_honest_in_it_and_changes_nothing_outside(
    faults: dict[str, list[str]], attack: HandedIn
) -> None:
    assert faults[attack.name] == [], attack.tries


def test_attacks_have_names_of_their_own_and_a_sentence_each() -> None:
    names = [attack.name for attack in (*ATTACKS, *HANDED_IN)]
    assert len(set(names)) == len(names)
    assert all(attack.tries.endswith(".") and (attack.says or attack.shows) for attack in HANDED_IN)
