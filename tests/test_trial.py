"""`grader test`: whether checks tell right from wrong, for an assignment that has no tests."""

from pathlib import Path

import pytest
from a_course import CHECKS, MESSAGES, MISTAKES, small_course, write
from arena import arena
from letters import letters

from checks.engine.recording import FILE
from grader.cli import main
from grader.course import Course
from grader.errors import GraderError
from grader.mutation.bench import Bench
from grader.mutation.page import faults
from grader.mutation.trial import judged
from grader.mutation.workers import Unit, tally, units
from grader.mutation.wrong_students import WRONG, Met, _look, meet
from grader.publish.recordings import record


def bench_of(course: Course, name: str, folder: Path) -> Bench:
    path = folder / FILE
    path.write_bytes(record(course, course.assignment(name))[f"{name}/{FILE}"])
    return Bench(course, course.assignment(name), path)


def test_an_assignment_whose_checks_hold_ends_in_tables_and_status_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = letters(tmp_path)
    assert main(["test", "letters", "--course", str(course.root)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("letters: 1 checks for 2 points, on 3 draws")
    assert "| mistakes killed on every draw | 1 of 1 | 1 of 1 |" in said
    assert "| nothing | returns None | 2 | 0 |  |" in said
    assert said.endswith("All of it holds.\n")


def test_what_does_not_fit_together_is_said_line_by_line_and_nothing_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = small_course(tmp_path)
    write(course.checks / "scale" / "messages.toml", "")
    assert main(["test", "scale", "--course", str(course.root)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("checks/scale/*.toml: ") and line.endswith("Next: write it.") for line in lines)


def test_a_check_that_pays_what_is_not_right_is_named_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = small_course(tmp_path)
    loose = '"out": np.asarray(np.shape(student.scale_forward(x, gamma)) == x.shape)'
    checks = CHECKS.replace('"out": student.scale_forward(x, gamma)', loose, 1).replace(
        "from checks.core", "import numpy as np\n\nfrom checks.core", 1
    )
    write(course.checks / "scale" / "__init__.py", checks)
    write(
        course.checks / "scale" / "mistakes.py", MISTAKES.replace("x * factors", "x * factors[0]").replace("x + f", "f")
    )
    (course.checks / "scale" / "mistakes.py").unlink()
    assert main(["test", "scale", "--course", str(course.root)]) == 1
    said = capsys.readouterr().out
    assert "- nan: passed scale_forward.value (checks/scale/__init__.py, line 18)" in said
    assert "All of it holds." not in said


@pytest.mark.parametrize("made", [letters, arena, small_course])
def test_each_wrong_student_gets_a_verdict_on_every_check_and_no_point(tmp_path: Path, made: object) -> None:
    course: Course = made(tmp_path)  # type: ignore[operator]
    name = course.assignments()[0]
    bench = bench_of(course, name, tmp_path)
    for wrong in WRONG:
        met = meet(bench, wrong)
        assert (met.faults, met.points) == ([], 0), wrong.id
        assert met.checks == len(bench.assignment.checks) * (2 if wrong.ends else 1)
        assert {check.aspect for check in bench.assignment.checks if check.id in met.form} <= {"shapes"}


def test_a_judge_that_raises_is_a_fault_with_the_authors_line(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    bench, met = bench_of(course, "scale", tmp_path), Met(WRONG[0])
    run = bench.assignment.checks[0].run
    _look(bench, met, "", lambda: run(None, x=1, gamma=1))
    assert met.faults == [
        "nothing: the judge raised AttributeError: 'NoneType' object has no attribute 'scale_forward' "
        "(checks/scale/__init__.py, line 19)"
    ]


def test_a_variant_in_any_module_that_is_wrong_is_marked_down(tmp_path: Path) -> None:
    course = letters(tmp_path)
    path = course.checks / "letters" / "variants.py"
    write(path, path.read_text().replace("return text.count(letter) / len(text)", "return 0.0"))
    live, recorded, bench = tally(course, "letters", 2, named_on=1)
    lost = [line for line in faults(live, recorded, bench) if line.startswith("count: lost share.value on draw")]
    assert len(lost) == 2
    assert [line for line in faults(live, recorded, bench) if line not in lost] == []


@pytest.mark.parametrize("mistakes", [0, 1, 2])
def test_pairs_end_where_there_are_no_more(tmp_path: Path, mistakes: int) -> None:
    course = letters(tmp_path)
    text = 'wrong("one_too_many", "value", {"/ len(text)": "/ (len(text) + 1)"}),'
    other = 'wrong("twice", "value", {"found = ": "found = 2 * "}),'
    known = f"MISTAKES = ({''.join([text, other][:mistakes])})\n"
    path = course.checks / "letters" / "mistakes.py"
    write(path, path.read_text().partition("MISTAKES =")[0] + known)
    with (course.checks / "letters" / "messages.toml").open("a", encoding="utf-8") as file:
        file.write('\n[twice]\ncnr = "Jednom."\nen = "Once."\n')
    live, recorded, bench = tally(course, "letters", 2, named_on=1, pairs=50)
    assert live.pairs == recorded.pairs == (1 if mistakes == 2 else 0)
    assert faults(live, recorded, bench) == []
    assert (live.draws, recorded.draws, live.named_on) == (2, 1, 1)
    assert sum(live.killed.values()) == 2 * mistakes


def test_what_was_judged_is_kept_and_not_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = letters(tmp_path)
    first = tally(course, "letters", 2, named_on=1, resume=True)
    monkeypatch.setattr(Bench, "try_named", None)
    monkeypatch.setattr(Bench, "try_right", None)
    again = tally(course, "letters", 2, named_on=1, resume=True)
    assert first[:2] == again[:2]
    with pytest.raises(TypeError):
        tally(course, "letters", 2, named_on=1)


def test_several_processes_come_to_the_same(tmp_path: Path) -> None:
    course = letters(tmp_path)
    assert tally(course, "letters", 2, named_on=1, jobs=2)[:2] == tally(course, "letters", 2, named_on=1)[:2]


def test_the_work_is_in_small_parts_and_nothing_is_left_out(tmp_path: Path) -> None:
    bench = bench_of(letters(tmp_path), "letters", tmp_path)
    work = units(bench, 3, 2, [])
    assert [unit for unit in work if unit.killed] == [Unit(2, right=True, killed=True)]
    assert sorted(unit.draw for unit in work if unit.named) == [-1, 0, 1]
    assert sorted(unit.draw for unit in work if unit.right) == [-1, 0, 1, 2]


def test_no_such_assignment_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = letters(tmp_path)
    assert main(["test", "leters", "--course", str(course.root)]) == 2
    assert "no assignment named 'leters'" in capsys.readouterr().err
    with pytest.raises(GraderError):
        judged(course, "leters", 1)
    assert MESSAGES
