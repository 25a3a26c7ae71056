"""A network gets stand-ins however it comes by its layers, and the student's own module is not run under it."""

import ast
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from conftest import Submit

from checks.core import Assignment, Observed
from checks.engine.judge import judge
from checks.executor import substituted
from checks.executor.executor import Executor
from checks.executor.substituted import Substituted
from checks.result import Result
from checks.student import Student
from grader.course import Course
from grader.reference.oracle import LiveCase, LiveOracle
from grader.reference.package import load_package
from grader.reference.render import Rendered
from grader.reference.versions import Versions

Judged = Callable[[Path], Result]
FORWARD, BACKWARD = "= batchnorm_forward(h,", "= batchnorm_backward(dh,"


@pytest.fixture(scope="module")
def oracle(course: Course, assignment: Assignment) -> LiveOracle:
    return LiveOracle(Versions(course, assignment), b"substituted")


@pytest.fixture
def judged(assignment: Assignment, oracle: LiveOracle, rendered: Rendered, tmp_path: Path) -> Judged:
    """The verdict on the network of a submission."""

    def run(folder: Path) -> Result:
        handed_out = tmp_path / "layers.py"
        handed_out.write_bytes(rendered.stub["layers.py"])
        package = load_package(folder / "funkcije")
        try:
            over = Student(Substituted(package.name, {"layers": handed_out}, assignment.stand_ins), assignment.contract)
            student = Student(Executor(package.name), assignment.contract, over)
            return judge(assignment, student, oracle, language="en", functions=["FullyConnectedNet"])
        finally:
            package.unload()

    return run


def changed(folder: Path, layers: str, network: dict[str, str]) -> Path:
    """A submission with something after its layers, and with some text of its network replaced."""
    module = folder / "funkcije" / "layers.py"
    module.write_text(module.read_text() + layers)
    module = folder / "funkcije" / "fc_net.py"
    text = module.read_text()
    for old, new in network.items():
        assert old in text
        text = text.replace(old, new)
    module.write_text(text)
    return folder


WAYS = {
    "imported by name": ("", {"from .layers import *": "from .layers import *\nfrom .layers import batchnorm_forward"}),
    "as an attribute of the module": ("", {"from .layers import *": "from .layers import *\nfrom . import layers as L",
                                           FORWARD: "= L.batchnorm_forward(h,"}),
    "imported when it is called": ("", {FORWARD: "= __import__('importlib').import_module('.layers', __package__)"
                                        ".batchnorm_forward(h,"}),
    "as a default argument": ("", {"class FullyConnectedNet": "def step(h, *rest, f=batchnorm_forward):\n"
                                   "    return f(h, *rest)\n\n\nclass FullyConnectedNet", FORWARD: "= step(h,"}),
    "from a table": ("\nNORMS = {'bn': (batchnorm_forward, batchnorm_backward)}\n",
                     {FORWARD: "= NORMS['bn'][0](h,", BACKWARD: "= NORMS['bn'][1](dh,"}),
    "under another name": ("\nbn_forward = batchnorm_forward\n", {FORWARD: "= bn_forward(h,"}),
    "from a lambda": ("\nbn_forward = lambda *given: batchnorm_forward(*given)\n", {FORWARD: "= bn_forward(h,"}),
    "from a class": ("\nclass Norm:\n    forward = staticmethod(batchnorm_forward)\n", {FORWARD: "= Norm.forward(h,"}),
    "from a helper": ("\ndef step(h, *rest, f=batchnorm_forward):\n    return f(h, *rest)\n", {FORWARD: "= step(h,"}),
    "from a helper of a helper": ("\ndef _inner(*given):\n    return batchnorm_forward(*given)\n\n\n"
                                  "def step(*given):\n    return _inner(*given)\n", {FORWARD: "= step(h,"}),
    "from a helper under a condition": ("\nif True:\n    def step(*given):\n        return batchnorm_forward(*given)\n",
                                        {FORWARD: "= step(h,"}),
    "by a hidden name": ("\n_step = batchnorm_forward\n__all__ = [name for name in globals() if name[:2] != '__']\n",
                         {FORWARD: "= _step(h,"}),
    "with a constant and a module beside it": ("\nfrom math import sqrt\nONE = 1.0\n",
                                               {FORWARD: "= batchnorm_forward(ONE * sqrt(1) * h,"}),
}  # fmt: skip


@pytest.mark.parametrize("layers", ["solution", "stub"])
@pytest.mark.parametrize("way", WAYS)
def test_a_right_network_keeps_its_points_however_it_comes_by_its_layers_and_whatever_they_are(
    judged: Judged, submit: Submit, rendered: Rendered, way: str, layers: str
) -> None:
    folder = submit()
    if layers == "stub":
        (folder / "funkcije" / "layers.py").write_bytes(rendered.stub["layers.py"])
    assert judged(changed(folder, *WAYS[way])).score == 8


HOSTILE = {
    "does not end": "x = 1\nwhile True: pass\n",
    "ends the process": "import os\nos._exit(0)\n",
    "is no Python": "def (\n",
    "is no text": "\0\0\0",
    "is empty": "",
    "takes the network's place": "import sys\nfrom . import fc_net\nfc_net.FullyConnectedNet = None\n",
    "fails": "raise ValueError\n",
    "spoils numpy": "import numpy\nnumpy.mean = numpy.maximum = lambda *a, **k: 0\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_right_network_keeps_its_points_over_a_module_of_layers_that(
    judged: Judged, submit: Submit, kind: str
) -> None:
    folder = submit()
    (folder / "funkcije" / "layers.py").write_text(HOSTILE[kind])
    assert judged(folder).score == 8


def test_a_network_without_wiring_has_no_points_over_layers_that_do_it_for_the_network(
    judged: Judged, submit: Submit, rendered: Rendered
) -> None:
    """Layers that work in place, for a network that does not use what they return."""
    in_place = """
_forward = batchnorm_forward


def batchnorm_forward(x, *rest):
    out, cache = _forward(x.copy(), *rest)
    x[...] = out
    return None, cache
"""
    folder = changed(submit(), in_place, {f'h, caches["norm", l] {FORWARD}': f'_, caches["norm", l] {FORWARD}'})
    lost = {check.id.partition(".")[2] for check in judged(folder).checks if not check.points}
    assert {"batchnorm_loss", "batchnorm_gradients", "test_mode", "own_statistics", "regularized_loss"} <= lost


def test_the_modules_of_the_student_are_as_they_were_after_each_call(
    course: Course, assignment: Assignment, rendered: Rendered, tmp_path: Path
) -> None:
    package = load_package(course.package)
    own = package.module("layers")
    handed_out = tmp_path / "layers.py"
    handed_out.write_bytes(rendered.stub["layers.py"])
    over = Substituted(package.name, {"layers": handed_out}, assignment.stand_ins)
    student = Student(over, assignment.contract)
    student.model("FullyConnectedNet", [3], input_dim=2, num_classes=2, normalization="batchnorm")
    assert sys.modules[f"{package.name}.layers"] is own
    assert f"{package.name}.fc_net" not in sys.modules
    assert over.modules[f"{package.name}.layers"] is not own
    package.unload()


@pytest.mark.parametrize(
    ("replaced", "asked"),
    [({}, False), ({"0.5 * self.reg": "0.7 * self.reg"}, True)],
    ids=["a right network", "a wrong one"],
)
def test_another_truth_is_worked_out_only_where_the_first_is_missed(
    replaced: dict[str, str], asked: bool, judged: Judged, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out: list[str] = []
    also = LiveCase.also.func

    def noted(case: LiveCase) -> Sequence[Sequence[Observed]]:
        worked_out.append(case.check.id)
        return also(case)

    monkeypatch.setattr(LiveCase, "also", property(noted))
    result = judged(changed(submit(), "", replaced))
    assert bool(worked_out) == asked == (result.score < result.max_score)


def test_names_in_what_is_imported_send_nobody_through_the_package(
    judged: Judged, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    parse = substituted._parsed

    def noted(path: Path) -> ast.Module:
        parsed.append(path.name)
        return parse(path)

    monkeypatch.setattr(substituted, "_parsed", noted)
    folder = submit()
    assert "import numpy as np" in (folder / "funkcije" / "layers.py").read_text()
    result = judged(folder)
    assert result.score == result.max_score
    assert parsed == []


@pytest.mark.parametrize(
    "line",
    ["from math import sqrt as root", "import math as other, math as root", "from math import sqrt as a, sqrt as root"],
)
def test_a_name_that_is_imported_under_another_is_found_by_that(line: str, judged: Judged, submit: Submit) -> None:
    network = {"class FullyConnectedNet": "if not root:\n    raise NameError\n\n\nclass FullyConnectedNet"}
    result = judged(changed(submit(), f"\n{line}\n", network))
    assert result.score == result.max_score
