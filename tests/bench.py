"""One bench for all tests that judge a changed reference in this process: what a draw's truth is, is asked once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from checks.engine.judge import judge
from checks.result import Result
from grader.mutation.bench import RECORDED, Bench
from grader.reference.edits import Edit
from grader.reference.versions import whole_student

HELD = 20
"""Draws that the bench keeps; more of them are made and forgotten."""


class Judge:
    """Judges the reference with some edits in it, on a draw by number or on the recording."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.course = bench.course
        self.assignment = bench.assignment

    def __call__(
        self,
        *edits: Edit,
        draw: int = 0,
        recorded: bool = False,
        functions: Sequence[str] | None = None,
        layers: Mapping[str, Any] | None = None,
        replaced: Mapping[str, Mapping[str, Any]] | None = None,
        language: str = "en",
        **options: Any,
    ) -> Result:
        """The verdict.

        Args:
            edits: what is changed in the reference.
            draw: the number of the draw.
            recorded: whether it is judged on the recording, in place of a draw.
            functions: those that are judged; all if None.
            layers: functions in place of those of the module `layers`.
            replaced: the same for any module, by module.
            language: of the messages.
            options: of the assignment, such as `explain`.
        """
        used = replace(self.assignment, **options) if options else self.assignment
        with whole_student(self.course, self.assignment, edits, replaced or {"layers": layers or {}}) as student:
            return judge(
                used, student, self.oracle(RECORDED if recorded else draw), language=language, functions=functions
            )

    def oracle(self, draw: int) -> Any:
        """The answers of a draw."""
        if draw < HELD:
            return self.bench.oracle(draw)
        return self.bench.draw(draw)


def failed(result: Result) -> set[str]:
    """The checks that lost points."""
    return {check.id for check in result.checks if check.status != "passed"}
