"""What a submission of the demo's class is: what was handed in, written as edits of the solution.

`checks/NAME/demo.py` lists an assignment's as `CLASS`, and `grader demo` makes them. Instructor-only, as the known
mistakes are: it quotes the solution.
"""

from dataclasses import dataclass

from .mistakes import Edit


@dataclass(frozen=True)
class HandIn:
    """One submission; whatever is not said is as in the solution."""

    name: str
    """Words in the place of a person's name; the student's id follows from it, as with a Moodle export."""
    story: str
    """What was handed in, in a few words of English."""
    wrote: tuple[str, ...] | None = None
    """The graded functions that were written, all others being as handed out; every one if None."""
    mistakes: tuple[str, ...] = ()
    """Known mistakes, by id."""
    changes: tuple[Edit, ...] = ()
    left_out: tuple[str, ...] = ()
    """Files and folders of the release that were not handed in."""
    deleted_cells: tuple[str, ...] = ()
    """Graded cells that were deleted from the notebook, by `grade_id`."""
    answers: tuple[tuple[str, str], ...] = ()
    """Written answers: (`grade_id`, text)."""
    through_moodle: bool = False
    """Handed in as a zip in a Moodle export, and not straight into `submitted/`."""
