"""Rendering: what a solution region is, what the stub and the solution show, and what is refused."""

import ast
import re
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from checks.core import Assignment, Check, load_assignment
from checks.student import Contract
from grader.course import Course
from grader.errors import GraderError
from grader.reference.regions import find_regions
from grader.reference.render import render_module, render_package

MODULE = dedent(
    '''
    """Layers."""
    import numpy as np


    def scale(x):
        """Double x."""
        ### BEGIN SOLUTION first
        out = 2 * x
        if out is None:
            out = x
        ### END SOLUTION
        return out


    class Net:
        def __init__(self, size):
            self.params = {}
            if size:
                ### BEGIN SOLUTION second
                # a remark that belongs to the solution
                self.params["W"] = np.zeros(size)
                ### END SOLUTION
            else:
                self.params["b"] = 0
    '''
).lstrip()


def assignment(
    name: str = "first", modules: tuple[str, ...] = ("layers.py",), gives: tuple[str, ...] = ()
) -> Assignment:
    check = Check("scale.value", 1, "S-1", lambda rng, n, d: {}, lambda student: {}, sizes=((1, 1),))
    return Assignment(name, modules, gives, (check,), Contract({}), Path(name))


def course(folder: Path, **modules: str) -> Course:
    (folder / "funkcije").mkdir()
    for name, text in modules.items():
        (folder / "funkcije" / f"{name}.py").write_text(text, encoding="utf-8", newline="")
    return Course(folder)


def test_the_stub_names_the_function_and_says_what_to_do_next() -> None:
    stub = render_module(MODULE, "layers.py", assignment(), stub=True)
    assert "2 * x" not in stub
    todo, _, next_step, _, cut = re.search(r"( +# TODO scale:.*)\n(.*)\n(.*)\n(.*)\n(.*)", stub).groups()  # type: ignore[union-attr]
    assert todo == "    # TODO scale: Napišite ovaj dio."
    assert 'check("scale")' in next_step
    assert cut.startswith('    raise NotImplementedError("scale: ')


def test_the_todo_of_each_place_says_its_own_task_in_both_languages(tmp_path: Path) -> None:
    twice = (
        "def scale(x):\n" + 2 * "    ### BEGIN SOLUTION first\n    x = 2 * x\n    ### END SOLUTION\n" + "    return x\n"
    )
    folder = tmp_path / "first"
    folder.mkdir()
    tasks = ['["todo.scale.1"]\ncnr = "Udvostručite x."\nen = "Double x."',
             '["todo.scale.2"]\ncnr = "Pa još jednom."\nen = "And once more."']  # fmt: skip
    (folder / "tasks.toml").write_text("\n".join(tasks), encoding="utf-8")
    stub = render_module(twice, "layers.py", replace(assignment(), folder=folder), stub=True)
    first, second = stub.split("raise NotImplementedError")[:2]
    assert "# TODO scale: Udvostručite x.\n    # (Double x.)\n" in first
    assert "# TODO scale: Pa još jednom.\n    # (And once more.)\n" in second


def test_every_place_that_is_handed_out_has_a_task_of_its_own_in_the_catalogue() -> None:
    kit = Course(Path(__file__).parents[1])
    for name in kit.assignments():
        real = load_assignment(name)
        stub = render_package(kit, real).stub
        for module in real.modules:
            text = stub[module].decode()
            assert "# TODO " in text
            assert "Napišite ovaj dio." not in text
            assert all(len(line) <= 120 for line in text.splitlines()), module


def test_the_stub_of_a_method_carries_its_qualified_name_at_its_own_indentation() -> None:
    stub = render_module(MODULE, "layers.py", assignment("second"), stub=True)
    assert '            raise NotImplementedError("Net.__init__: ' in stub
    assert "np.zeros" not in stub
    assert "a remark that belongs to the solution" not in stub


def test_the_stub_runs_wherever_no_region_is_reached() -> None:
    namespace: dict[str, object] = {}
    exec(compile(render_module(MODULE, "layers.py", assignment("second"), stub=True), "stub", "exec"), namespace)
    net = namespace["Net"]
    assert net(0).params == {"b": 0}  # type: ignore[operator]
    with pytest.raises(NotImplementedError, match=r"^Net\.__init__: "):
        net(3)  # type: ignore[operator]


def test_a_region_of_another_assignment_is_blanked_as_coming_later_in_both_faces() -> None:
    for stub in (True, False):
        face = render_module(MODULE, "layers.py", assignment("first"), stub=stub)
        assert "np.zeros" not in face
        assert 'raise NotImplementedError("Net.__init__: dolazi kasnije (comes later): second")' in face


def test_a_region_that_is_given_stays_in_both_faces_without_its_markers() -> None:
    for stub in (True, False):
        face = render_module(MODULE, "layers.py", assignment("first", gives=("second",)), stub=stub)
        assert 'self.params["W"] = np.zeros(size)' in face
        assert "SOLUTION" not in face


def test_the_solution_is_the_source_without_the_marker_lines() -> None:
    face = render_module(MODULE, "layers.py", assignment("first", gives=("second",)), stub=False)
    assert face == "".join(line for line in MODULE.splitlines(keepends=True) if "SOLUTION" not in line)


def test_a_module_without_regions_is_handed_out_as_it_is() -> None:
    text = "x = 1\n\n\ny = '''\n  kept  \n'''\n"
    assert render_module(text, "optim.py", assignment(), stub=True) == text


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("def f():\n    ### BEGIN SOLUTION first\n    x = 1\n", 2, "expected `### END SOLUTION`"),
        (
            "def f():\n    ### BEGIN SOLUTION first\n    x = 1\n    ### BEGIN SOLUTION first\n    ### END SOLUTION\n",
            4,
            "found another BEGIN of 'first'",
        ),
        ("def f():\n    x = 1\n    ### END SOLUTION\n", 3, "expected a BEGIN before it"),
        ("def f():\n    ### BEGIN SOLUTION\n    x = 1\n    ### END SOLUTION\n", 2, "expected the assignment's name"),
        (
            "def f():\n    ## BEGIN SOLUTION first\n    x = 1\n    ### END SOLUTION\n",
            2,
            "a marker on a line of its own",
        ),
        ("def f():\n    x = 1  ### BEGIN SOLUTION first\n    ### END SOLUTION\n", 2, "a marker on a line of its own"),
        (
            "def f():\n    ### BEGIN SOLUTION first\n    # x\n    ### END SOLUTION\n    return 1\n",
            2,
            "expected statements in the region",
        ),
        ("### BEGIN SOLUTION first\ndef f():\n    pass\n### END SOLUTION\n", 1, "inside one function"),
        ("class A:\n    ### BEGIN SOLUTION first\n    x = 1\n    ### END SOLUTION\n", 2, "inside one function"),
        (
            "def f():\n    pass\n    ### BEGIN SOLUTION first\n    pass\ndef g():\n    pass\n    ### END SOLUTION\n",
            3,
            "expected whole statements",
        ),
        ("def f():\n### BEGIN SOLUTION first\n    x = 1\n### END SOLUTION\n", 2, "expected whole statements"),
        (
            "def f():\n    ### BEGIN SOLUTION first\n    x = (1,\n    ### END SOLUTION\n    2)\n",
            2,
            "expected whole statements",
        ),
        (
            "def f(a):\n    if a:\n        x\n    ### BEGIN SOLUTION g\n    else:\n        a\n    ### END SOLUTION\n",
            4,
            "expected whole statements",
        ),
        ("def f(:\n    ### BEGIN SOLUTION first\n    x = 1\n    ### END SOLUTION\n", 1, "syntax error"),
    ],
)
def test_a_wrong_region_is_refused_with_its_file_and_line(text: str, line: int, expected: str) -> None:
    with pytest.raises(GraderError, match=re.escape(expected)) as refused:
        find_regions(text, "funkcije/layers.py")
    assert str(refused.value).startswith(f"funkcije/layers.py, line {line}: ")
    assert "\n" not in str(refused.value)


def test_a_region_in_a_module_that_the_assignment_does_not_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GraderError, match=r"^funkcije/extra\.py, line 7: a region of 'first' in a module .* not list"):
        render_package(course(tmp_path, layers=MODULE, extra=MODULE), assignment())


def test_a_region_of_another_assignment_may_lie_in_any_module(tmp_path: Path) -> None:
    other = "def f():\n    ### BEGIN SOLUTION third\n    return 41 + 1\n    ### END SOLUTION\n"
    rendered = render_package(course(tmp_path, layers=MODULE, other=other), assignment())
    assert b"41 + 1" not in rendered.stub["other.py"]
    assert b"41 + 1" not in rendered.solution["other.py"]


@pytest.mark.parametrize(
    ("modules", "found"), [(("layers.py", "gone.py"), "no such file"), (("layers.py", "o.py"), "no region")]
)
def test_a_listed_module_must_hold_a_region(tmp_path: Path, modules: tuple[str, ...], found: str) -> None:
    with pytest.raises(
        GraderError, match=rf"^funkcije/{modules[1]}: listed in `modules` of 'first', but found {found}"
    ):
        render_package(course(tmp_path, layers=MODULE, o="x = 1\n"), assignment(modules=modules))


def test_line_endings_and_compiled_files_do_not_reach_the_package(tmp_path: Path) -> None:
    kit = course(tmp_path, layers=MODULE.replace("\n", "\r\n"))
    (kit.package / "__pycache__").mkdir()
    (kit.package / "__pycache__" / "layers.cpython-311.pyc").write_bytes(b"\0")
    rendered = render_package(kit, assignment())
    assert list(rendered.stub) == list(rendered.solution) == ["layers.py"]
    assert b"\r" not in rendered.stub["layers.py"] + rendered.solution["layers.py"]


def test_rendering_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    kit = course(tmp_path, layers=MODULE, b="x = 1\n", a="y = 1\n")
    assert render_package(kit, assignment()) == render_package(kit, assignment())
    assert list(render_package(kit, assignment()).stub) == ["a.py", "b.py", "layers.py"]


def test_every_face_of_every_region_is_python() -> None:
    for name in ("first", "second", "third"):
        for stub in (True, False):
            ast.parse(render_module(MODULE, "layers.py", assignment(name), stub=stub))


def test_what_is_blanked_is_named_with_its_function(tmp_path: Path) -> None:
    rendered = render_package(course(tmp_path, layers=MODULE), assignment())
    assert [(r.assignment, r.function) for r in rendered.blanked["layers.py"]] == [
        ("first", "scale"),
        ("second", "Net.__init__"),
    ]
