"""A small course of no arrays: its first function takes a text and returns one number."""

from __future__ import annotations

from pathlib import Path

import nbformat
from a_course import answer, graded, save, small_course, write

from grader.course import Course

NAME = "letters"

COUNTS = '''
"""Counting."""


def share(text, letter):
    """The share of a letter in a text, which is not empty."""
    ### BEGIN SOLUTION letters
    found = sum(one == letter for one in text)
    result = found / len(text)
    ### END SOLUTION
    return result
'''

CHECKS = '''
"""How often a letter stands in a text."""

from pathlib import Path

from checks.core import Assignment, CheckList
from checks.student import Contract, Function

checks = CheckList()


def draw(rng, N, D):
    """A text of N letters out of D, the first of them among it."""
    return {"text": "a" + "".join(rng.choice(list("abcdefgh"[:D]), N - 1))}


@checks.add("share.value", points=2, contract="L-1", draw=draw, sizes=((11, 4), (23, 3)))
def value(student, text):
    """The share of the letter a."""
    return {"share": student.share(text, "a")}


ASSIGNMENT = Assignment(
    name="letters",
    modules=("counts.py",),
    gives=(),
    checks=tuple(checks.checks),
    contract=Contract({"share": Function("counts", ("text", "letter"), ("array",))}),
    folder=Path(__file__).parent,
)
'''

MISTAKES = '''
"""What often goes wrong in counting."""

from checks.mistakes import in_function

wrong = in_function("counts", "share")

MISTAKES = (wrong("one_too_many", "value", {"/ len(text)": "/ (len(text) + 1)"}),)
'''

VARIANTS = '''
"""Other right ways."""

from checks.mistakes import Variant


def share(text, letter):
    return text.count(letter) / len(text)


VARIANTS = (
    Variant("count", {"share": share}),
    Variant("length", module="counts", function="share", replace=(("sum(one == letter for one in text)", "len(text) - "
    "sum(one != letter for one in text)"),)),
)
'''

MESSAGES = """
["share.value"]
cnr = "Koliki dio teksta čini slovo."
en = "What share of the text the letter has."

[one_too_many]
cnr = "Dijeli se brojem slova."
en = "Divide by the number of letters."
"""


def letters(folder: Path) -> Course:
    """Write the course, with the one assignment `letters` of 2 points."""
    course = small_course(folder)
    for left in (course.checks / "scale", course.source / "scale"):
        for path in sorted(left.rglob("*"), reverse=True):
            path.unlink()
        left.rmdir()
    (course.package / "layers.py").unlink()
    write(course.package / "counts.py", COUNTS)
    for name, text in {
        "__init__.py": CHECKS,
        "mistakes.py": MISTAKES,
        "variants.py": VARIANTS,
        "messages.toml": MESSAGES,
    }.items():
        write(course.checks / NAME / name, text)
    cells = [
        nbformat.v4.new_code_cell("from checks import check", id="imports"),
        graded("share", 2),
        answer(),
    ]
    metadata = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    save(course, nbformat.v4.new_notebook(metadata=metadata, cells=cells), NAME)
    return course
