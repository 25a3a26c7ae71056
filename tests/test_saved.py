"""A check judges the files as they are saved, whatever the notebook's kernel holds, and ends in time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from forms import only
from jupyter_client.manager import start_new_kernel

from grader.reference.edits import Edit

Release = Callable[..., Path]
RIGHT = "mu = x.mean(axis=1, keepdims=True)"
FIRST = "from checks import check\nimport funkcije.layers\n"
ENDLESS = "while True:\n        pass\n    "


def put_into_layernorm(line: str) -> Edit:
    """A line before the first one of the solution."""
    return Edit("layers", "layernorm_forward", "x_centered = x -", f"{line}\n    x_centered = x -")


def with_short_calls(folder: Path) -> Path:
    """The same folder, where a call may take 2 seconds and not 10: less of an endless one to wait for."""
    request = folder / "checks" / "apart" / "request.py"
    text = request.read_text()
    assert text.count("\nCALL = 10.0\n") == 1
    request.write_text(text.replace("\nCALL = 10.0\n", "\nCALL = 2.0\n"))
    return folder


def run(folder: Path, code: str, **environment: str) -> str:
    """What code prints in a process that works in this folder as a kernel does."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "FUNKCIJE_LANG": "en", **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def kernel(folder: Path) -> Iterator[Callable[[str], str]]:
    """A real kernel in a folder; runs a cell and gives the text that it shows."""
    manager, client = start_new_kernel(cwd=str(folder), env={**os.environ, "FUNKCIJE_LANG": "en"})
    shown: list[str] = []

    def take(message: dict[str, Any]) -> None:
        content = message["content"]
        shown.append(content.get("data", {}).get("text/plain") or content.get("text") or content.get("evalue") or "")

    def cell(source: str) -> str:
        shown.clear()
        client.execute_interactive(source, output_hook=take, timeout=120)
        return "\n".join(filter(None, shown))

    try:
        yield cell
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def test_a_syntax_error_that_was_just_saved_is_the_verdict_though_the_kernel_holds_right_code(
    release_like: Release,
) -> None:
    folder = release_like()
    layers = folder / "funkcije" / "layers.py"
    with kernel(folder) as cell:
        assert "layernorm_forward: 6 of 6 points" in cell(FIRST + 'check("layernorm_forward")')
        layers.write_text(layers.read_text() + "\ndef half_written(:\n")
        line = len(layers.read_text().splitlines())
        shown = cell('check("layernorm_forward")')
    assert shown.startswith("layernorm_forward: 0 of 6 points\n  layers.py, saved at ")
    assert f"SyntaxError: invalid syntax (layers.py, line {line}: def half_written(:)." in shown
    assert shown.count("SyntaxError") == 1
    assert "The kernel still holds another version of it" in shown


def test_after_an_edit_in_a_live_kernel_the_line_is_that_of_the_file(release_like: Release) -> None:
    folder = release_like()
    layers = folder / "funkcije" / "layers.py"
    with kernel(folder) as cell:
        cell("%load_ext autoreload\n%autoreload 2\n" + FIRST)
        layers.write_text("# a line more\n" + layers.read_text().replace(RIGHT, RIGHT.replace("x.", "X.")))
        cell("funkcije.layers.affine_forward")
        shown = cell('check("layernorm_forward")')
    number, code = next(
        (number, line.strip())
        for number, line in enumerate(layers.read_text().splitlines(), 1)
        if "mu = X.mean" in line
    )
    assert f"NameError: name 'X' is not defined (layers.py, line {number}: {code})" in shown


def test_a_change_of_one_sign_within_the_same_second_is_seen(release_like: Release) -> None:
    folder = release_like()
    code = """
from pathlib import Path
import os
from checks import check
layers = Path("funkcije/layers.py")
text = layers.read_text()
changed = text.replace("x_centered = x -", "x_centered = x +")
assert len(changed) == len(text) and changed != text
os.utime(layers, (1_700_000_000, 1_700_000_000))
import funkcije.layers
print(repr(check("layernorm_forward")).split("\\n")[0])
layers.write_text(changed)
os.utime(layers, (1_700_000_000, 1_700_000_000))
print(repr(check("layernorm_forward")).split("\\n")[0])
"""
    first, second = run(folder, code).splitlines()
    assert first == "layernorm_forward: 6 of 6 points"
    assert second != first


SHOWN = FIRST + 'shown = check("layernorm_forward")\nprint(repr(shown))\nprint(shown._repr_html_())'


def test_a_loop_without_an_end_costs_its_function_and_says_where_it_is(release_like: Release) -> None:
    folder = with_short_calls(release_like(put_into_layernorm(ENDLESS.rstrip())))
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "checks", "--json", "-", "--language", "en"], cwd=folder, capture_output=True, text=True
    )
    assert time.monotonic() - began < 600  # it ends; how fast, depends on the machine
    data = json.loads(done.stdout)
    assert done.returncode == 1
    of_forward = [check for check in data["checks"] if check["function"] == "layernorm_forward"]
    assert {check["status"] for check in of_forward} == {"timeout"}
    assert "2 s) (layers.py, line " in of_forward[0]["message"]
    assert data["score"] == 40 - 6 - 4


def test_code_that_ends_its_process_or_asks_for_input_costs_its_function_alone(release_like: Release) -> None:
    folder = release_like(
        put_into_layernorm("import os; os._exit(3)"),
        Edit("layers", "batchnorm_backward_alt", "N = dout.", "raise SystemExit('enough')\n    N = dout."),
        Edit("fc_net", "FullyConnectedNet.loss", "params = self.", "input('how many? ')\n        params = self."),
    )
    done = subprocess.run(
        [sys.executable, "-m", "checks", "--json", "-", "--language", "en"],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    data = json.loads(done.stdout)
    for function, said in (
        ("layernorm_forward", "exit status 3"),
        ("batchnorm_backward_alt", "SystemExit: enough"),
        ("FullyConnectedNet", "EOFError"),
    ):
        of_it = [check for check in data["checks"] if check["function"] == function]
        assert "error" in {check["status"] for check in of_it} <= {"error", "passed"}
        assert any(said in check["message"] for check in of_it), function
    others = [check for check in data["checks"] if check["function"] in ("batchnorm_forward", "batchnorm_backward")]
    assert {check["status"] for check in others} == {"passed"}


def test_code_that_nothing_interrupts_is_ended_with_its_process(release_like: Release) -> None:
    # Never comes back to Python's own loop.
    folder = with_short_calls(release_like(put_into_layernorm("sum(iter(int, 1))")))
    code = """
from checks.apart import ask
from checks.apart.request import Request
from checks.practice import only_assignment
asked = Request(".", ("batchnorm_forward", "layernorm_forward", "FullyConnectedNet"), "en")
answer = ask.ask(only_assignment(), asked, limit=4)
for function in asked.functions:
    print({check.status for check in answer.checks if check.function == function})
print(answer.checks[-1].message)
"""
    *statuses, last = run(folder, code.replace('"."', repr(str(folder)))).splitlines()
    assert statuses == ["{'passed'}", "{'timeout'}", "{'timeout'}"]
    assert last == "This check was not reached: the time for all checks (4 s) ran out."


def test_what_student_code_prints_comes_after_the_verdict_folded_and_bounded(release_like: Release) -> None:
    folder = release_like(put_into_layernorm("for i in range(2000): print('x' * 100, i)"))
    shown = run(folder, SHOWN)
    assert shown.startswith("layernorm_forward: 6 of 6 points\n")
    assert len(shown) < 20_000
    text, html = shown.split("<div", 1)
    assert "Your code printed (lines: " in text and text.index("✓") < text.index("Your code printed")
    assert "<details" in html and html.index("</table>") < html.index("<details")
    command = [sys.executable, "-m", "checks", "layernorm_forward"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, len(done.stdout) < 20_000) == (0, True)
    assert done.stdout.index("Ukupno: 6 od 6") < done.stdout.index("Vaš kod je ispisao")


def test_what_student_code_prints_cannot_end_its_block_or_move_a_cursor(release_like: Release) -> None:
    shown = run(release_like(put_into_layernorm("print('</pre><script>', chr(27))")), SHOWN)
    assert "</pre><script>" not in shown.partition("<div")[2]
    assert "\x1b" not in shown


def test_a_function_from_a_cell_is_named_and_the_file_is_judged(release_like: Release) -> None:
    folder = release_like(stub=True)
    shown = run(folder, FIRST + "def layernorm_forward(): pass\n" + 'print(repr(check("layernorm_forward")))')
    assert "layernorm_forward is also defined in a cell of this notebook." in shown
    assert "0 of 6 points" in shown and "not written yet" in shown
    assert "another version" not in shown


def test_an_executed_notebook_shows_the_same_twice(release_like: Release) -> None:
    folder = release_like(stub=True)
    first = run(folder, SHOWN)
    os.utime(folder / "funkcije" / "layers.py", (1_700_000_000, 1_700_000_000))
    assert run(folder, SHOWN) == first
    assert "saved" not in first


def test_helpers_are_found_where_the_kernel_finds_them(release_like: Release, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "my_helper.py").write_text("def mean(x):\n    return x.mean(axis=1, keepdims=True)\n")
    folder = release_like(Edit("layers", "layernorm_forward", RIGHT, "import my_helper\n    mu = my_helper.mean(x)"))
    code = f"import sys; sys.path.append({str(tmp_path / 'elsewhere')!r})\n{SHOWN}"
    assert run(folder, code).startswith("layernorm_forward: 6 of 6 points")


WITHOUT_PROCESSES = """
import sys
sys.platform = "emscripten"
import funkcije.layers as held
from checks import check
print(repr(check("layernorm_forward")))
assert sys.modules["funkcije.layers"] is held
held.layernorm_forward = None
import threading
print(threading.active_count())
"""


RAISES, PRINTS = "raise ValueError('no')", "print('a\\\\nb')"


@pytest.mark.parametrize("line", only([RAISES, PRINTS], ["pass", RAISES, PRINTS, "x = x[0]"]))
def test_where_there_are_no_processes_the_verdict_is_the_same(release_like: Release, line: str) -> None:
    folder = release_like(put_into_layernorm(line))
    plain = run(folder, FIRST + 'print(repr(check("layernorm_forward")))')
    assert run(folder, WITHOUT_PROCESSES) == f"{plain}1\n"


def test_no_process_outlives_the_kernel_that_asked(release_like: Release) -> None:
    code = """
from checks.apart import ask
ask.prepare()
print(ask._Process._spare._process.pid)
"""
    number = int(run(release_like(), code))
    with pytest.raises(OSError):  # noqa: PT011
        os.kill(number, 0)


def test_the_spare_process_leaves_an_interrupt_to_the_kernel(release_like: Release) -> None:
    code = """
import os, signal, time
from checks.apart import ask
from checks import check
ask.prepare()
spare = ask._Process._spare
while spare._lines.empty(): time.sleep(0.05)
os.kill(spare._process.pid, signal.SIGINT)
time.sleep(0.3)
print(spare._process.poll(), repr(check("layernorm_forward")).split("\\n")[0])
"""
    assert run(release_like(), code) == "None layernorm_forward: 6 of 6 points\n"
