"""The student's process: what it may say, what it may do, and what comes of it when it does something stupid."""

import inspect
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Submit

from checks.core import Assignment
from checks.executor.errors import StudentError
from checks.result import Result
from grader.course import Course
from grader.errors import GraderError
from grader.grading.grade import grade
from grader.grading.secret import draw_seed
from grader.grading.submission import NotASubmission, read_submission
from grader.reference.edits import Edit
from grader.sandbox.launch import PlainLauncher, worker_python
from grader.sandbox.process import StudentProcess, TimeLimits
from grader.sandbox.staging import stage, stage_kit

Grade = Callable[[Path], Result]
QUICK = TimeLimits(call=2.0, total=8.0)


@pytest.fixture
def graded(course: Course, assignment: Assignment) -> Grade:
    def run(folder: Path) -> Result:
        return grade(folder, course, assignment, language="en", limits=QUICK)

    return run


def edit(old: str, new: str, function: str = "batchnorm_backward") -> Edit:
    return Edit("layers", function, old, new)


BACKWARD = "dbeta = dout.sum(axis=0)"


def statuses(result: Result, function: str) -> set[str]:
    return {check.status for check in result.of(function)}


def test_the_solution_scores_full_and_the_stub_nothing_on_every_check(graded: Grade, submit: Submit) -> None:
    assert graded(submit(name="solution")).score == 40
    stub = graded(submit(stub=True, name="stub"))
    assert stub.score == 0
    assert {check.status for check in stub.checks} == {"not_implemented"}


def test_an_exception_shows_the_students_own_line_and_nothing_of_the_kits(graded: Grade, submit: Submit) -> None:
    result = graded(submit(edit("dx_hat = dout * gamma", "dx_hat = dout * gama")))
    check = result.of("batchnorm_backward")[0]
    assert check.status == "error"
    assert check.message.startswith("Your code raised NameError: name 'gama' is not defined (layers.py, line ")
    assert check.message.splitlines()[0].endswith(": dx_hat = dout * gama).")
    assert result.score == 40 - 7


def test_a_syntax_error_names_the_line_and_costs_the_module_and_no_network(graded: Grade, submit: Submit) -> None:
    folder = submit()
    layers = folder / "funkcije" / "layers.py"
    layers.write_text(layers.read_text() + "def broken(:\n")
    result = graded(folder)
    assert result.score == result.function_score("FullyConnectedNet")[0] == 8
    assert "SyntaxError" in result.checks[0].message
    assert "layers.py" in result.checks[0].message


@pytest.mark.parametrize(
    ("attack", "status", "words"),
    [
        ("import os; os._exit(0)", "error", "exit status 0"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "error", "signal SIGKILL"),
        ("raise SystemExit(0)", "error", "SystemExit"),
        ("import os; os.closerange(0, 100)", "error", "ended during this check"),
        ("[os.write(fd, b'\\xff' * 64) for fd in range(3, 20) if _open(fd)]", "error", "far larger"),
        ("return np.zeros(10**8, dtype=complex), 1, 2", "failed", "complex128"),
        ("return None, None, None", "failed", "dx is None"),
        ("return np.zeros(dout.shape).view(_Forged), dout, dout", "failed", "which is wrong"),
    ],
)
def test_an_attack_costs_its_own_checks_and_no_others(
    course: Course, assignment: Assignment, submit: Submit, attack: str, status: str, words: str
) -> None:
    helpers = """

import os


def _open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


class _Forged(np.ndarray):
    def __array_function__(self, *args, **kwargs):
        return True

    def __eq__(self, other):
        return True
"""
    folder = submit(edit(BACKWARD, f"{attack}\n    {BACKWARD}"))
    layers = folder / "funkcije" / "layers.py"
    layers.write_text(layers.read_text() + helpers)
    result = grade(folder, course, assignment, language="en")  # however long it takes to start sixty processes
    assert statuses(result, "batchnorm_backward") == {status}
    assert words in result.of("batchnorm_backward")[0].message
    for function in ("batchnorm_forward", "batchnorm_backward_alt", "layernorm_forward", "layernorm_backward"):
        assert statuses(result, function) == {"passed"}, function


def test_an_endless_loop_ends_at_the_limit_and_the_rest_is_still_graded(graded: Grade, submit: Submit) -> None:
    loop = edit("x_centered = x", "while True: pass\n    x_centered = x", "layernorm_forward")
    result = graded(submit(loop))
    assert result.of("layernorm_forward")[0].status == "timeout"
    assert result.function_score("batchnorm_forward") == (10, 10)
    assert result.function_score("layernorm_forward") == (0, 6)


def test_after_two_checks_that_run_out_of_time_the_others_of_that_function_are_not_run(
    course: Course, assignment: Assignment, submit: Submit
) -> None:
    loop = edit("x_centered = x", "while True: pass\n    x_centered = x", "layernorm_forward")
    limits = TimeLimits(call=1.0, total=60.0)  # enough for every check to run into it
    result = grade(submit(loop), course, assignment, language="en", limits=limits)
    messages = [check.message for check in result.of("layernorm_forward")]
    assert len(messages) > 5
    assert [message.startswith("Not run: in 2 checks") for message in messages] == [
        False,
        False,
        *[True] * (len(messages) - 2),
    ]
    assert statuses(result, "layernorm_forward") == {"timeout"}
    assert result.function_score("FullyConnectedNet") == (8, 8)


def test_a_function_that_runs_out_of_time_in_one_check_keeps_its_others(
    course: Course, assignment: Assignment, submit: Submit
) -> None:
    in_single = "while x.dtype == np.float32 and abs(x).max() < 50: pass\n    x_centered = x"
    loop = edit("x_centered = x", in_single, "layernorm_forward")
    result = grade(submit(loop), course, assignment, language="en", limits=TimeLimits(call=1.0, total=60.0))
    late = {check.id for check in result.checks if check.status == "timeout"}
    assert late == {"layernorm_forward.float32", "layernorm_backward.float32"}
    assert {check.status for check in result.checks if check.id not in late} == {"passed"}


@pytest.mark.parametrize(("module", "left"), [("layers", 8), ("fc_net", 32)])
def test_an_endless_loop_at_import_ends_within_the_total_and_costs_its_module_and_no_other(
    graded: Grade, submit: Submit, module: str, left: float
) -> None:
    folder = submit()
    (folder / "funkcije" / f"{module}.py").write_text("while True: pass\n")
    result = graded(folder)
    assert result.score == left
    assert {check.status for check in result.checks if not check.points} == {"timeout"}


def test_the_processes_that_follow_the_first_start_on_the_submissions_own_time(
    course: Course, assignment: Assignment, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that ends its process in every check would have sixty of them started, for nothing."""
    now = [0.0]
    started: list[float] = []
    start = StudentProcess._start

    def slow_start(process: StudentProcess) -> None:
        start(process)
        started.append(now[0])
        now[0] += 40.0

    monkeypatch.setattr(StudentProcess, "_start", slow_start)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    folder = submit()
    (folder / "funkcije" / "layers.py").write_text("import os; os._exit(0)\n")
    result = grade(folder, course, assignment, language="en")
    assert len(started) == 4
    assert [check.status for check in result.checks[:3]] == ["error"] * 3
    assert result.of("layernorm_backward")[-1].status == "timeout"
    assert result.function_score("FullyConnectedNet") == (8, 8)


def test_what_student_code_prints_reaches_nobody_and_costs_nothing(graded: Grade, submit: Submit) -> None:
    loud = "import sys, os; print('x' * 10**6); print('y' * 10**6, file=sys.stderr); os.write(1, b'z')"
    assert graded(submit(edit(BACKWARD, f"{loud}\n    {BACKWARD}"))).score == 40


def test_a_module_that_is_not_installed_is_a_remark_where_it_is_not_used(graded: Grade, submit: Submit) -> None:
    folder = submit()
    layers = folder / "funkcije" / "layers.py"
    top = "import torch\nimport matplotlib.pyplot as plt\nfrom sklearn.metrics import accuracy_score\n"
    layers.write_text(top + layers.read_text())
    result = graded(folder)
    assert result.score == 40
    assert [warning.split()[2] for warning in result.warnings] == ["matplotlib", "sklearn", "torch"]


def test_a_module_that_is_not_installed_fails_where_it_is_used(graded: Grade, submit: Submit) -> None:
    folder = submit(edit(BACKWARD, "import torch; dbeta = torch.tensor(dout).sum(0)"))
    check = graded(folder).of("batchnorm_backward")[0]
    assert "No module named 'torch'" in check.message


def test_given_modules_are_restored_and_helper_modules_kept(graded: Grade, submit: Submit) -> None:
    folder = submit(
        edit(BACKWARD, "from .helper import total; dbeta = total(dout)"),
        files={
            "funkcije/helper.py": "def total(a):\n    return a.sum(axis=0)\n",
            "funkcije/layer_utils.py": "raise RuntimeError('mine')\n",
            "funkcije/__init__.py": "raise RuntimeError('mine')\n",
            "funkcije/layer_utils/__init__.py": "raise RuntimeError('mine')\n",
            "funkcije/fc_net/__init__.py": "raise RuntimeError('mine')\n",
            "numpy.py": "raise RuntimeError('shadow')\n",
        },
    )
    assert graded(folder).score == 40


def test_a_link_in_a_submission_is_left_out_and_said(graded: Grade, submit: Submit, tmp_path: Path) -> None:
    folder = submit()
    outside = tmp_path / "outside.py"
    outside.write_text("secret = 1\n")
    (folder / "funkcije" / "stolen.py").symlink_to(outside)
    result = graded(folder)
    assert result.score == 40
    assert any("stolen.py" in warning for warning in result.warnings)


def test_a_given_module_that_was_changed_is_restored_and_said(graded: Grade, submit: Submit) -> None:
    given = (ROOT / "funkcije" / "layer_utils.py").read_text(encoding="utf-8")
    assert graded(submit(files={"funkcije/layer_utils.py": given.replace("\n", "\r\n")})).warnings == ()
    result = graded(submit(files={"funkcije/layer_utils.py": f"{given}\ndef mine(): ...\n"}))
    assert result.score == 40
    [warning] = result.warnings
    assert "layer_utils.py" in warning
    assert "layers.py, fc_net.py" in warning


def test_folders_nested_deeper_than_python_can_follow_are_passed_over(
    assignment: Assignment, submit: Submit, course: Course
) -> None:
    folder = submit()
    package = folder / "funkcije"
    given = {path.relative_to(package).as_posix(): b"" for path in package.rglob("*.py")}
    deep = package
    for _ in range(150):
        deep = deep / "d"
        deep.mkdir()
    (deep / "eve.py").touch()
    depth = len(inspect.stack())
    kept = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 60)
    try:
        modules = read_submission(folder, assignment, given).modules
    finally:
        sys.setrecursionlimit(kept)
    assert modules.keys() == set(assignment.modules)


def test_a_submission_without_its_package_is_not_graded_even_with_the_reference_on_the_path(
    course: Course, assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(course.root))
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotASubmission, match="no funkcije/ in it"):
        grade(tmp_path / "empty", course, assignment)


def test_an_empty_package_earns_nothing_with_the_reference_installed_beside_numpy(
    graded: Grade, course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's interpreter finds the reference, and still takes `funkcije` from the submission alone."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    site = next((environment / "lib").glob("python*")) / "site-packages"
    theirs = next((worker_python().parent.parent / "lib").glob("python*")) / "site-packages"
    (site / "all.pth").write_text(f"{theirs}\n{course.root}\n")
    python = environment / "bin" / "python"
    found = subprocess.run([python, "-I", "-c", "import funkcije.layers"], check=False)
    assert found.returncode == 0
    monkeypatch.setenv("GRADER_WORKER_PYTHON", str(python))
    monkeypatch.setenv("PYTHONPATH", str(course.root))
    (tmp_path / "empty" / "funkcije").mkdir(parents=True)
    result = graded(tmp_path / "empty")
    assert result.score == 0
    assert {check.status for check in result.checks} == {"error"}


def test_the_worker_finds_nothing_of_the_hosts_environment(
    graded: Grade, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_SECRET", "not for students")
    peek = "import os; assert not [k for k in os.environ if 'GRADER' in k or 'PYTHONPATH' in k], 'leak'"
    assert graded(submit(edit(BACKWARD, f"{peek}\n    {BACKWARD}"))).score == 40


def test_a_regrade_repeats_its_draw_and_another_student_gets_another(
    course: Course, assignment: Assignment, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_SECRET", "a secret")
    folder = submit(edit(BACKWARD, "dbeta = 2 * dout.sum(axis=0)"))

    def message(student: str) -> str:
        result = grade(folder, course, assignment, student=student, language="en")
        return next(check.message for check in result.checks if check.id == "batchnorm_backward.dbeta")

    assert message("ana") == message("ana") != message("ivo")


def test_a_draw_depends_on_secret_assignment_student_and_submission() -> None:
    drawn_from = (b"a secret", "scale", "ana", "a digest")
    others = [(b"another", "scale", "ana", "a digest"), (b"a secret", "shift", "ana", "a digest")]
    others += [(b"a secret", "scale", "ivo", "a digest"), (b"a secret", "scale", "ana", "another")]
    assert draw_seed(*drawn_from) == draw_seed(*drawn_from)
    assert len({draw_seed(*parts) for parts in (drawn_from, *others)}) == 5


def test_without_an_environment_for_student_code_nothing_is_graded(
    graded: Grade, submit: Submit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRADER_WORKER_PYTHON", str(tmp_path / "none"))
    with pytest.raises(GraderError, match="grader setup"):
        graded(submit())


def test_a_worker_that_cannot_import_numpy_is_the_kits_fault(
    graded: Grade, submit: Submit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    monkeypatch.setenv("GRADER_WORKER_PYTHON", str(bare / "bin" / "python"))
    with pytest.raises(GraderError, match="does not answer"):
        graded(submit())


def test_no_process_outlives_its_submission(assignment: Assignment, submit: Submit, tmp_path: Path) -> None:
    package = submit(stub=True, name="given") / "funkcije"
    given = {path.name: path.read_bytes() for path in package.glob("*.py")}
    fork = "import os; pid = os.fork()\n    if pid == 0:\n        import time; time.sleep(600)"
    submission = read_submission(submit(edit(BACKWARD, f"{fork}\n    {BACKWARD}")), assignment, given)
    stage(submission.modules, assignment, given, tmp_path / "stage")
    stage_kit(tmp_path / "stage")
    with StudentProcess(tmp_path / "stage", PlainLauncher(), QUICK) as process:
        x, ones = np.ones((3, 2)), np.ones(2)
        inputs = [x, ones, ones, {"mode": "train"}]
        forward = process.call("layers", "batchnorm_forward", inputs, {}, ("array", "handle"))
        process.call("layers", "batchnorm_backward", [x, forward.values[1]], {}, ("array", "array", "array"))
        group = process._process.pid if process._process else 0
        assert group
    deadline = time.monotonic() + 120  # it takes a moment
    while _group_alive(group) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _group_alive(group)


def _group_alive(group: int) -> bool:
    """True if a process of the group still runs; one that waits to be reaped does not count."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False


def test_student_errors_read_as_one_line() -> None:
    assert str(StudentError("error", "ValueError", "bad")) == "ValueError: bad"
    assert os.linesep not in str(StudentError("lost", message="exit status 1"))


def test_a_student_error_is_an_exception_like_any_other() -> None:
    error = StudentError.wrong_count("f", 3, "NoneType")
    assert (error.kind, error.message) == ("result", "f: 3 results expected, got NoneType")
    copied = pickle.loads(pickle.dumps(error))
    assert vars(copied) == vars(error)
    assert len({error, copied}) == 2
