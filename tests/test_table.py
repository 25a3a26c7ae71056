"""What `grader grade` prints at its end: a table that fits a terminal, and the class's known mistakes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from classroom import WRONG, hand_in, released_course
from conftest import ASSIGNMENT, ROOT

from grader import cli
from grader.classroom.rows import WIDTH, Row, known_mistakes, table
from grader.course import Course


@dataclass
class Tasks:
    """As much of an assignment as the table needs."""

    functions: tuple[str, ...]

    def points(self, function: str) -> float:
        return 2.25


def lines_of(count: int, name: str = "a_function_with_a_name", student: str = "prezime-ime-101") -> list[str]:
    tasks = Tasks(tuple(f"{name}_{number}" for number in range(1, count + 1)))
    rows = [Row(student, {f: n + 0.25 for n, f in enumerate(tasks.functions)}), Row("no-score")]
    return table(tasks, rows).splitlines()  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 2, 6, 13, 40, 100])
@pytest.mark.parametrize("student", ["ana", "x" * 200])
def test_no_line_of_the_table_is_longer_than_a_terminal_whatever_the_number_of_tasks(count: int, student: str) -> None:
    lines = lines_of(count, student=student)
    assert max(map(len, lines)) <= WIDTH == 100
    numbers = [word for line in lines for word in line.split() if line.startswith(student[:3])][1:]
    points = [word for word in numbers if word[0].isdigit()]
    assert points[:-1] == [f"{number + 0.25:g}" for number in range(count)]
    assert float(points[-1]) == sum(number + 0.25 for number in range(count))


def test_where_names_fit_they_are_the_heads_and_where_not_numbers_with_a_legend_above() -> None:
    assert lines_of(2)[0].split()[:3] == ["student", "a_function_with_a_name_1", "a_function_with_a_name_2"]
    legend, *_, head = lines_of(6)[:3]
    assert legend.startswith("1 a_function_with_a_name_1, 2 a_function_with_a_name_2")
    assert head.split() == ["student", "1", "2", "3", "4", "5", "6", "total", "needs", "a", "look"]


def test_the_real_assignments_table_fits_the_whole_of_it_in_one_part() -> None:
    assignment = Course(ROOT).assignment(ASSIGNMENT)
    lines = table(assignment, [Row("prezime-ime-101", dict.fromkeys(assignment.functions, 5.0))]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert sum(line.startswith("student") for line in lines) == 1
    assert all(any(function in line for line in lines) for function in assignment.functions)


def test_the_commonest_mistake_of_a_class_comes_first_with_all_who_made_it() -> None:
    assignment = Course(ROOT).assignment(ASSIGNMENT)
    rare, common = {"ln_is_batchnorm": "layernorm_forward.rows"}, {"net_gradients_swapped": "FullyConnectedNet.x"}
    first, second = known_mistakes(assignment, [Row("a", known=rare), Row("b", known=common), Row("c", known=common)])
    assert first == "FullyConnectedNet.x: The gradients of gamma and beta are swapped. (b, c)"
    assert second.startswith("layernorm_forward.rows: ") and second.endswith("(a)")


def test_each_run_ends_with_the_known_mistakes_also_one_that_continues_another(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    course = released_course(tmp_path_factory.mktemp("table"))
    hand_in(course, "bo", WRONG)
    hand_in(course, "ana")
    for _ in range(2):
        assert cli.main(["grade", "scale", "--course", str(course.root)]) == 0
        said = capsys.readouterr().out.splitlines()
        mistake, _, link = said[-3:]
        assert mistake == "scale_forward.value: Columns are multiplied, not added to. (bo)"
        assert link == "The class in one page: grader report scale"
    assert cli.main(["grade", "scale", "--course", str(course.root), "--student", "ana"]) == 0
    assert "nown mistakes" not in capsys.readouterr().out
