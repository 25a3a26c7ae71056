"""What does not fit together is refused at `grader release`, in one line with file, check and reason."""

from pathlib import Path

import pytest
from a_course import CHECKS, LAYERS, MESSAGES, MISTAKES, small_course, write
from arena import arena
from conftest import ROOT

from grader.course import Course
from grader.errors import GraderError
from grader.publish.fits import fit, misfits

KIT = Course(ROOT)
HINT = '\n[added]\ncnr = "Kolone se množe, a ne sabiraju."\nen = "Columns are multiplied, not added to."\n'
INIT = "checks/scale/__init__.py"


@pytest.mark.parametrize("name", KIT.assignments())
def test_every_assignment_of_the_course_fits_together(name: str) -> None:
    assert misfits(KIT, KIT.assignment(name)) == []


def test_small_courses_fit_together(tmp_path: Path) -> None:
    for course, name in ((small_course, "scale"), (arena, "arena")):
        (tmp_path / name).mkdir()
        made = course(tmp_path / name)
        assert misfits(made, made.assignment(name)) == []


def refused(course: Course) -> str:
    with pytest.raises(GraderError) as found:
        fit(course, course.assignment("scale"))
    said = str(found.value)
    assert "\n" not in said and " Next: " in said
    return said


WORDS = {
    "a check without its sentence": (
        MESSAGES.replace("scale_forward.shape", "scale_forward.form"),
        "checks/scale/*.toml: the check scale_forward.shape has no sentence in cnr and en",
    ),
    "a hint that is missing": (
        MESSAGES.replace(HINT, ""),
        "the hint of the mistake added has no sentence in cnr and en",
    ),
    "a language that is left out": (
        MESSAGES.replace('en = "Columns are multiplied, not added to."\n', ""),
        'the hint of the mistake added has no sentence in en, under ["added"]',
    ),
    "a sentence that is empty": (
        MESSAGES.replace("Each column is multiplied by its own number.", " "),
        "the check scale_forward.value has no sentence in en",
    ),
    "other names in one language": (
        MESSAGES.replace("ima oblik ulaza", "ima oblik {shape}"),
        'the sentences of ["scale_forward.shape"] name other things in each language',
    ),
}


@pytest.mark.parametrize("what", WORDS)
def test_a_sentence_that_students_would_miss_is_refused(tmp_path: Path, what: str) -> None:
    course = small_course(tmp_path)
    messages, said = WORDS[what]
    assert messages != MESSAGES
    write(course.checks / "scale" / "messages.toml", messages)
    assert said in refused(course)


WRONG_MISTAKES = {
    "a check that nobody knows": (
        MISTAKES.replace("scale_forward.value", "scale_forward.values"),
        "added is to fail 'scale_forward.values', and no check is called so",
    ),
    "a check of another function": (
        MISTAKES.replace('"layers", "scale_forward"', '"layers", "later_forward"'),
        "added is a mistake in 'later_forward' and is to fail 'scale_forward.value', which judges another",
    ),
    "nothing changed": (
        MISTAKES.replace("x + factors", "factors * x"),
        "added changes nothing that scale_forward.value sees (checks/scale/__init__.py, line 16)",
    ),
    "nothing that its check sees": (
        MISTAKES.replace("scale_forward.value", "scale_forward.shape"),
        "added changes nothing that scale_forward.shape sees (checks/scale/__init__.py, line 22)",
    ),
    "text that is not in the reference": (
        MISTAKES.replace("x * factors", "x / factors"),
        "checks/scale/mistakes: added: ",
    ),
    "what is no Python": (MISTAKES.replace("x + factors", "x +"), "checks/scale/mistakes: added: invalid syntax"),
    "a name twice": (
        MISTAKES.replace("MISTAKES = (", "MISTAKES = 2 * ("),
        "checks/scale/mistakes: 2 mistakes are called added",
    ),
}


@pytest.mark.parametrize("what", WRONG_MISTAKES)
def test_a_mistake_that_tests_nothing_is_refused(tmp_path: Path, what: str) -> None:
    course = small_course(tmp_path)
    mistakes, said = WRONG_MISTAKES[what]
    assert mistakes != MISTAKES
    write(course.checks / "scale" / "mistakes.py", mistakes)
    assert said in refused(course)


VALUE = 'return {"out": student.scale_forward(x, gamma)}\n\n\n@'
WRONG_CHECKS = {
    "a draw that raises": (
        '    return {"x": rng',
        '    rng.shape\n    return {"x": rng',
        f"{INIT}, line 17: scale_forward.value: its draw raises AttributeError: 'numpy.random._generator.Generator' "
        f"object has no attribute 'shape' ({INIT}, line 13)",
    ),
    "a run that raises": (
        VALUE,
        f"out = student.scale_forward(x, gamma)\n    out.colour\n    {VALUE}",
        f"{INIT}, line 16: scale_forward.value: asked of the reference, it raises AttributeError: 'numpy.ndarray' "
        f"object has no attribute 'colour' ({INIT}, line 20)",
    ),
    "a reference that raises": (
        VALUE,
        VALUE.replace("x, gamma", "x, x[0, :2]"),
        "asked of the reference, it raises ValueError: operands could not be broadcast together with shapes (5,3) "
        "(1,2) (funkcije/layers.py, line ",
    ),
    "a function that the contract does not know": (
        '"scale_forward.value"',
        '"scale.value"',
        f"{INIT}, line 16: scale.value: the contract knows no 'scale'",
    ),
    "one name for two checks": (
        "scale_forward.shape",
        "scale_forward.value",
        "checks/scale: 2 checks are called scale_forward.value",
    ),
    "a module that nobody edits": (
        'Function("layers"',
        'Function("other"',
        f"{INIT}, line 16: scale_forward.value: judges other.py, which the student does not edit",
    ),
    "an answer without a name": (VALUE, VALUE.replace('{"out": ', "").replace("}", ""), "found ndarray"),
    "nothing that is judged": (VALUE, VALUE.replace('"out"', '"forward"'), "observes nothing that is judged"),
    "what is never true": (
        VALUE,
        VALUE.replace("gamma)}", "gamma).max() > 1e9}"),
        f"{INIT}, line 16: scale_forward.value: on the reference all that it observes is False",
    ),
}


@pytest.mark.parametrize("what", WRONG_CHECKS)
def test_a_check_that_cannot_be_asked_is_refused_with_its_line(tmp_path: Path, what: str) -> None:
    course = small_course(tmp_path)
    old, new, said = WRONG_CHECKS[what]
    assert old in CHECKS
    write(course.checks / "scale" / "__init__.py", CHECKS.replace(old, new, 1))
    assert said in refused(course)


def test_a_task_that_no_check_needs_is_refused_with_its_line(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    given = '    """Given: x + beta."""\n'
    task = "    ### BEGIN SOLUTION scale\n    beta = 1 * beta\n    ### END SOLUTION\n"
    write(course.package / "layers.py", LAYERS.replace(given, given + task))
    line = LAYERS[: LAYERS.index(given)].count("\n") + 2
    said = refused(course)
    assert said.startswith(
        f"funkcije/layers.py, line {line - 1}: no check needs what is written here, in shift_forward"
    )


def test_a_region_that_is_wrong_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    write(course.package / "layers.py", LAYERS.replace("    ### END SOLUTION\n", "", 1))
    said = refused(course)
    assert said.startswith("funkcije/layers.py, line ") and "found the end of the file" in said


def test_what_else_does_not_fit_is_counted(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    write(course.checks / "scale" / "messages.toml", "")
    assert " (2 more like it) Next: write it." in refused(course)
