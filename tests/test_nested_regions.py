"""A region of a later assignment inside one of an earlier: normalization inside the loops of a network."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent

import numpy as np
import pytest

from checks.core import Assignment
from checks.mistakes import Mistake
from checks.pretenders import Pretender
from checks.student import Contract, Function
from grader.course import Course
from grader.errors import GraderError
from grader.grading.pretenders import loaded
from grader.publish.leaks import find_leaks
from grader.reference.edits import edits_of
from grader.reference.package import load_package
from grader.reference.regions import find_regions
from grader.reference.render import Rendered, render_module, render_package

NETWORK = dedent(
    '''
    """A network of which the loops come first, and then normalization."""

    import numpy as np


    def loss(x, weights, normalized):
        """The sum of what the last layer gives."""
        ### BEGIN SOLUTION fc
        for w in weights:
            x = x @ w
            if normalized:
                ### BEGIN SOLUTION bn
                # every column around zero
                centre = x.mean(axis=0)
                x = (x - centre) / np.sqrt(x.var(axis=0) + 1e-5)
                ### END SOLUTION
            x = np.maximum(0, x)
        total = float(np.sum(x))
        ### END SOLUTION
        return total
    '''
).lstrip()
X = np.random.default_rng(0).normal(size=(5, 3))
WEIGHTS = [np.random.default_rng(1).normal(size=(3, 3)) for _ in range(2)]


def assignment(name: str, *gives: str) -> Assignment:
    contract = Contract({"loss": Function("net", ("x", "weights", "normalized"), ("array",))})
    return Assignment(name, ("net.py",), gives, (), contract, Path(name))


def rendered(folder: Path, of: Assignment, text: str = NETWORK) -> Rendered:
    (folder / "funkcije").mkdir()
    (folder / "funkcije" / "__init__.py").write_text("")
    (folder / "funkcije" / "net.py").write_text(text, encoding="utf-8")
    return render_package(Course(folder), of)


def run(face: str, normalized: bool) -> float:
    namespace: dict[str, object] = {}
    exec(compile(face, "net", "exec"), namespace)
    return namespace["loss"](X, WEIGHTS, normalized)  # type: ignore[operator,no-any-return]


def face(of: Assignment, *, stub: bool, text: str = NETWORK) -> str:
    return render_module(text, "net.py", of, stub=stub)


def test_in_the_stub_of_the_outer_assignment_both_are_one_task() -> None:
    stub = face(assignment("fc"), stub=True)
    assert stub.count("TODO") == stub.count("raise NotImplementedError") == 1
    assert "later" not in stub and "centre" not in stub and "weights:" not in stub


def test_in_the_solution_of_the_outer_assignment_the_inner_comes_later_and_the_rest_runs() -> None:
    solution = face(assignment("fc"), stub=False)
    assert "This part comes later, in the assignment bn." in solution
    assert "centre" not in solution and "SOLUTION" not in solution
    assert "            # This part comes later, in the assignment bn.\n            pass\n" in solution
    assert run(solution, False) == run(NETWORK, False)
    assert run(solution, True) == run(NETWORK, False)


def test_what_is_given_around_a_task_stays_and_the_task_alone_is_blanked() -> None:
    given = assignment("bn", "fc")
    stub = face(given, stub=True)
    assert "for w in weights:" in stub and "np.maximum" in stub and "centre" not in stub
    assert stub.count("TODO") == 1 and "SOLUTION" not in stub
    assert run(stub, False) == run(NETWORK, False)
    with pytest.raises(NotImplementedError, match=r"^loss: "):
        run(stub, True)
    assert run(face(given, stub=False), True) == run(NETWORK, True)


def test_of_an_assignment_between_the_two_the_outer_runs_without_the_inner() -> None:
    between = replace(assignment("dropout", "fc"), modules=())
    for stub in (True, False):
        assert run(face(between, stub=stub), True) == run(NETWORK, False)


def test_an_assignment_before_both_shows_neither_and_names_the_outer() -> None:
    stub = face(replace(assignment("knn"), modules=()), stub=True)
    assert stub.count("raise NotImplementedError") == 1
    assert "comes later): fc" in stub and "bn" not in stub


def test_where_other_code_is_left_in_the_body_nothing_takes_the_place_of_the_inner_region() -> None:
    beside = NETWORK.replace("        if normalized:\n", "").replace(" " * 12, " " * 8)
    solution = face(assignment("fc"), stub=False, text=beside)
    assert "comes later" in solution and "pass\n" not in solution
    assert run(solution, True) == run(NETWORK, False)


def test_two_inner_regions_that_make_up_a_body_leave_one_pass() -> None:
    code = indent("### BEGIN SOLUTION bn\nx = x - 1\n### END SOLUTION\n", " " * 12)
    other = code.replace("bn", "ln")
    inner = NETWORK[NETWORK.index("            ### BEGIN SOLUTION bn") : NETWORK.index("        x = np.maximum")]
    solution = face(assignment("fc"), stub=False, text=NETWORK.replace(inner, code + other))
    assert solution.count("pass") == 1
    assert run(solution, True) == run(NETWORK, False)


def test_a_region_inside_one_of_its_own_assignment_is_refused_with_file_and_line() -> None:
    text = NETWORK.replace("SOLUTION bn", "SOLUTION fc")
    with pytest.raises(GraderError, match=r"^net\.py, line 12: .*opened in line 8, found another BEGIN of 'fc'"):
        find_regions(text, "net.py")
    around = NETWORK.replace("# every column around zero", "### BEGIN SOLUTION fc").replace(
        "            x = np.maximum", "            ### END SOLUTION\n            x = np.maximum"
    )
    with pytest.raises(GraderError, match=r"^net\.py, line 13: "):
        find_regions(around, "net.py")


def test_a_region_that_crosses_another_is_refused_since_it_holds_no_whole_statements() -> None:
    crossing = NETWORK.replace("            # every column around zero\n", "").replace(
        "    ### BEGIN SOLUTION fc\n", "    ### BEGIN SOLUTION fc\n    ### BEGIN SOLUTION ln\n"
    )
    with pytest.raises(GraderError, match=r"^net\.py, line \d+: expected"):
        find_regions(crossing.replace("    total =", "    ### END SOLUTION\n        total =", 1), "net.py")


def test_a_task_inside_what_the_assignment_does_not_give_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GraderError, match=r"^funkcije/net\.py, line 12: a region of 'bn' inside one of 'fc'") as said:
        rendered(tmp_path, assignment("bn"))
    assert "add 'fc' to `gives`" in str(said.value)


def test_the_leak_proof_knows_both_where_both_are_blanked_and_the_inner_alone_where_the_outer_is_given(
    tmp_path: Path,
) -> None:
    def found(of: Assignment, line: str) -> list[str]:
        folder = tmp_path / of.name / line[:4].strip()
        folder.mkdir(parents=True)
        made = rendered(folder, of)
        release = {f"funkcije/{name}": content for name, content in made.stub.items()} | {"notes.md": line.encode()}
        return find_leaks(release, made.blanked, made.stub)

    inner, outer = "centre = x.mean(axis=0)", "total = float(np.sum(x))"
    assert found(assignment("fc"), inner) and found(assignment("fc"), outer)
    assert found(assignment("bn", "fc"), inner) and not found(assignment("bn", "fc"), outer)
    assert not found(assignment("fc"), "nothing of it")


def test_a_mistake_is_written_as_the_code_reads_without_markers_or_with_them(tmp_path: Path) -> None:
    rendered(tmp_path, assignment("fc"))
    across = "    if normalized:\n{}            # every column around zero\n"
    for middle in ("", "            ### BEGIN SOLUTION bn\n"):
        old = across.format(middle)
        mistake = Mistake("m", "net", "loss", "loss.value", ((old, old.replace("normalized", "not normalized")),))
        package = load_package(tmp_path / "funkcije", edits=edits_of(mistake))
        try:
            assert package.module("net").loss(X, WEIGHTS, True) == run(NETWORK, False)
        finally:
            package.unload()


def test_a_pretender_takes_the_place_of_the_regions_of_its_own_assignment(tmp_path: Path) -> None:
    rendered(tmp_path, assignment("fc"))
    for of, text in ((assignment("fc"), "total = 7.0\n"), (assignment("bn", "fc"), "x = np.full_like(x, 0.1)\n")):
        pretender = Pretender("p", "", regions={"net": [text]})
        with loaded(Course(tmp_path), of, pretender) as student:
            value = float(student.loss(X, WEIGHTS, True))
        assert value == pytest.approx(7.0 if of.name == "fc" else 0.1 * X.size)


def test_an_assignment_cannot_give_what_comes_after_it_in_the_course(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text('assignments = ["fc", "bn"]')
    with pytest.raises(GraderError, match=r"`gives` holds 'bn', which comes after 'fc' in course\.toml.* Next: "):
        rendered(tmp_path, assignment("fc", "bn"))


def test_an_assignment_gives_what_comes_before_it_in_the_course(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text('assignments = ["fc", "bn"]')
    assert "for w in weights:" in rendered(tmp_path, assignment("bn", "fc")).stub["net.py"].decode()
