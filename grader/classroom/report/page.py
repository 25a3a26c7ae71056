"""The page: everything in one file, in each of the course's languages, that needs no script and no network.

What it shows of a submission was written by somebody else; the template escapes every text that it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from checks.core import Assignment

from ...classic import ClassicAssignment
from ...course import Course
from ...text import shown
from ..explained import Explained, mistakes, remarks
from ..status import Standing
from .figures import HEIGHT, WIDTH, Histogram, Part, histogram, parts
from .numbers import CheckShare, Numbers, TaskShare
from .words import Words

GENERATOR = "grader report"
"""What a page says that it was made by."""
NAMED = 12
"""Names that are shown at once; the others fold out."""
EXPLAINED = 10
"""Mistakes that are shown at once."""
_TEMPLATES = Path(__file__).parents[1] / "pages" / "templates" / "report"


@dataclass(frozen=True)
class Own:
    """What the section of one student shows."""

    standing: Standing
    points: dict[str, float]
    """By task, of those that have some."""
    wrong: list[Explained]
    remarks: list[Explained]


def page(
    course: Course,
    assignment: Assignment,
    numbers: Numbers,
    links: Mapping[str, str],
    *,
    student: str = "",
    anonymous: bool = False,
) -> str:
    """The page as HTML.

    Args:
        course: the course.
        assignment: one of its.
        numbers: what is shown.
        links: the address of each student's feedback, of those that have some.
        student: whose section the page begins with; none if empty. As in `numbers`.
        anonymous: whether `numbers` are without names, which the page says.
    """
    languages = course.settings.languages
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": shown, "number": number, "percent": percent}
    text: str = environment.get_template("page.html.j2").render(
        generator=GENERATOR,
        made=f"{datetime.now():%Y-%m-%d %H:%M}",
        each=[Words(course, assignment, language) for language in languages],
        n=numbers,
        links=links,
        anonymous=anonymous,
        inside=isinstance(assignment, ClassicAssignment),
        own=_own(numbers, student) if student else None,
        spread={"automatic": automatic_spread(numbers), "whole": whole_spread(numbers)},
        width=WIDTH,
        height=HEIGHT,
        went=went(numbers),
        bar=task_bar,
        named=NAMED,
        alone=lambda students: [(student, "") for student in students],
        explained_at_once=EXPLAINED,
        percent=percent,
        share=check_bar,
        cost=lambda mistake: parts(known=mistake.lost, rest=numbers.mistakes[0].lost - mistake.lost),
    )
    return text.lstrip()


def automatic_spread(numbers: Numbers) -> Histogram | None:
    """How automatic points are spread."""
    return histogram(numbers.automatic, numbers.most_automatic)


def whole_spread(numbers: Numbers) -> Histogram | None:
    """How all points are spread, of those whose answers are read."""
    return histogram(numbers.whole, numbers.most)


def went(numbers: Numbers) -> tuple[Part, ...]:
    """Of all automatic points that the class could have, where each part went."""
    return parts(earned=sum(numbers.automatic), **numbers.lost)


def task_bar(task: TaskShare) -> tuple[Part, ...]:
    """How many have all points of a task, some, and none."""
    return parts(whole=task.whole, part=task.part, none=task.none)


def check_bar(check: CheckShare) -> tuple[Part, ...]:
    """How many passed a check."""
    return parts(whole=check.passed, none=check.judged - check.passed)


def _own(numbers: Numbers, student: str) -> Own:
    standing = next(one for one in numbers.standings if one.student == student)
    result = standing.record.result if standing.record else None
    points = {cell.cell: cell.points for cell in standing.held if not cell.waits and cell.automatic is not None}
    points |= {cell.cell: cell.points for cell in standing.held if cell.by_hand and not cell.waits}
    return Own(standing, points, mistakes(result) if result else [], remarks(result) if result else [])


def number(value: float) -> str:
    """A number as it is written in code, with two places at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(part: float, whole: float) -> str:
    """A share in whole hundredths; nothing and everything are what they say."""
    if not whole:
        return "-"
    share = 100 * part / whole
    rounded = round(share)
    if rounded in {0, 100} and part not in {0, whole}:
        return "< 1 %" if rounded == 0 else "> 99 %"
    return f"{rounded} %"
