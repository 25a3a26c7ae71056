"""The same as data, for programs: `grader report NAME --json FILE`."""

from __future__ import annotations

from typing import Any

from checks.core import Assignment

from ...classic import ClassicAssignment
from ...course import Course
from ...text import shown
from ..explained import mistakes, remarks
from ..status import Standing
from .figures import Histogram
from .numbers import Numbers, TaskShare
from .page import GENERATOR, automatic_spread, whole_spread
from .words import Words


def data_of(
    course: Course, assignment: Assignment, numbers: Numbers, *, student: str = "", anonymous: bool = False
) -> dict[str, Any]:
    """What the page shows, as an object of JSON; its keys are a fixed interface.

    Args:
        course: the course.
        assignment: one of its.
        numbers: what is shown.
        student: whose own part it has; none if empty. As in `numbers`.
        anonymous: whether `numbers` are without names.
    """
    each = [Words(course, assignment, language) for language in course.settings.languages]
    states = ("graded", "stale", "not graded", "not handed in")
    data: dict[str, Any] = {
        "made_by": GENERATOR,
        "assignment": assignment.name,
        "anonymous": anonymous,
        "graded_inside": isinstance(assignment, ClassicAssignment),
        "counts": {
            **{state.replace(" ", "_"): len(numbers.in_state(state)) for state in states},
            "waiting": len(numbers.waiting),
            "to_look_at": len(numbers.to_look_at),
        },
        "automatic_points": _spread(automatic_spread(numbers)),
        "all_points": _spread(whole_spread(numbers)),
        "points_lost": numbers.lost,
        "mistakes": [
            {
                "mistake": one.id,
                "hint": {words.language: words.hint(one.id) for words in each},
                "points_lost": one.lost,
                "checks": list(one.checks),
                "students": [shown(student) for student in one.students],
            }
            for one in numbers.mistakes
        ],
        "tasks": [_task(task, each) for task in numbers.tasks],
        "nobody_passes": [check.id for check in numbers.checks if not check.passed],
        "everybody_passes": [check.id for check in numbers.passed_by_all],
        "to_look_at": [
            {
                "reason": look.note.key,
                "text": {words.language: words.note(look.note) for words in each},
                "students": [{"student": shown(who), "more": shown(more)} for who, more in look.students],
            }
            for look in numbers.look
        ],
        "students": [_student(one) for one in numbers.standings],
    }
    if student:
        data["student"] = _own(next(one for one in numbers.standings if one.student == student))
    return data


def _spread(spread: Histogram | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    return {
        "most": spread.most,
        "mean": spread.mean,
        "median": spread.median,
        "middle_half": list(spread.middle),
        "histogram": [{"from": bar.low, "to": bar.high, "students": bar.count} for bar in spread.bars],
    }


def _task(task: TaskShare, each: list[Words]) -> dict[str, Any]:
    return {
        "task": task.name,
        "title": {words.language: words.title(task.name) for words in each},
        "by_hand": task.by_hand,
        "max_points": task.max_points,
        "judged": len(task.points),
        "all_points": task.whole,
        "some_points": task.part,
        "no_points": task.none,
        "mean": task.mean,
        "waiting": task.waits,
        "checks": [
            {"check": check.id, "max_points": check.max_points, "passed": check.passed, "judged": check.judged}
            for check in task.checks
        ],
    }


def _student(one: Standing) -> dict[str, Any]:
    return {
        "student": shown(one.student),
        "state": one.state.replace(" ", "_"),
        "why": shown(one.why),
        "points": one.points,
        "waiting": one.answers,
        "seconds_late": one.late.seconds,
        "late_penalty": one.late.penalty,
    }


def _own(one: Standing) -> dict[str, Any]:
    result = one.record.result if one.record else None
    said = [*(mistakes(result) if result else ())]
    return {
        **_student(one),
        "tasks": {cell.cell: None if cell.waits else cell.points for cell in one.held},
        "mistakes": [
            {"mistake": found.known or None, "text": shown(found.text), "checks": [check.id for check in found.checks]}
            for found in said
        ],
        "remarks": [shown(found.text) for found in remarks(result)] if result else [],
    }
