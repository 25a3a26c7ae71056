"""The notebook that a reader gets to see: run in the sandbox, bounded, and with nothing in it that runs again."""

import base64
import hashlib
import os
import re
import shutil
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import cache, partial
from pathlib import Path

import machine
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from classroom import (
    WRONG,
    autograde,
    cell_of,
    edit_notebook,
    fingerprint,
    graded_notebook,
    hand_in,
    released_course,
    save_notebook,
    scores,
)
from forms import each, only
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.apps.api import NbGraderAPI
from nbgrader.server_extensions.formgrader import handlers

from grader.classroom.gradebook import course_config
from grader.classroom.pages.html import LONGEST, LONGEST_MARKDOWN, attached_pictures, inert_html, inert_markdown
from grader.classroom.pages.notebook import NotebookBounds, data_cache, notebooks_warmed, run_notebook
from grader.classroom.pages.outputs import MOST_OUTPUTS, CellOutputs
from grader.classroom.results import Note
from grader.classroom.whole_class import grade_class
from grader.course import OWN, Course
from grader.doctor.pages import ACTIVE, BREAKOUT, active
from grader.errors import GraderError
from grader.reference.render import Rendered
from grader.sandbox.choose import NAMES, choose, for_notebooks, warmed
from grader.sandbox.launch import Launcher, PlainLauncher
from grader.sandbox.warm import WarmLauncher
from grader.text import as_on_a_terminal
from grader.worker import wire

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

ROOT = Path(__file__).resolve().parent.parent
BOUNDS = NotebookBounds(seconds=60)
PIXEL = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 1, 1) + b"\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
).decode()
Run = Callable[..., tuple[Note | None, list[list[NotebookNode]]]]


@pytest.fixture(scope="session", params=NAMES)
def sandbox(request: pytest.FixtureRequest) -> Launcher:
    """Each sandbox that this machine gives."""
    return machine.sandbox(request.param)


def run_cells(
    launcher: Launcher,
    folder: Path,
    *sources: str,
    bounds: NotebookBounds = BOUNDS,
    files: dict[str, str] | None = None,
) -> tuple[Note | None, list[list[NotebookNode]]]:
    """Run cells in a folder with some files; return the remark and each cell's outputs."""
    folder.mkdir(exist_ok=True)
    for name, text in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    cells = [new_code_cell(source) for source in sources]
    remark = run_notebook(cells, folder, launcher, bounds)
    return remark, [cell.outputs for cell in cells]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs cells in the best sandbox of this machine."""
    return partial(run_cells, choose(), tmp_path / "beside")


@pytest.fixture(scope="session", params=["fresh", "warm"])
def begun(request: pytest.FixtureRequest, sandbox: Launcher) -> Iterator[Launcher]:
    """Each sandbox, with workers that start afresh and with those of a class run, which are forked."""
    if request.param == "fresh":
        yield sandbox
        return
    with warmed(sandbox) as verdicts, notebooks_warmed(verdicts, BOUNDS, OWN) as launcher:
        assert isinstance(launcher, WarmLauncher)
        yield launcher
        assert launcher.zygotes.forked > 0


def in_words(pair: tuple[str, bool]) -> str:
    name, warm = pair
    return f"{name}-{'warm' if warm else 'fresh'}"


def in_pairs(*short: tuple[str, str]) -> pytest.MarkDecorator:
    """Each sandbox with each way to begin; these pairs in `make test`."""
    every = [(start, name) for start in ("fresh", "warm") for name in NAMES]
    pairs = only(["-".join(pair) for pair in short], every, "-".join)
    return pytest.mark.parametrize(("begun", "sandbox"), pairs, indirect=True)


@pytest.fixture
def run_in_each(begun: Launcher, tmp_path: Path) -> Run:
    """Runs cells in one sandbox after the other."""
    return partial(run_cells, begun, tmp_path / "beside")


def text_of(outputs: Sequence[NotebookNode]) -> str:
    """All that a reader can read of a cell's outputs, without colours."""
    parts = []
    for output in outputs:
        parts.append(output.get("text", ""))
        parts += output.get("traceback", [])
        parts += [value for mime, value in output.get("data", {}).items() if mime.startswith("text/")]
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(parts))


# --- what works -------------------------------------------------------------------------------------------------------


@in_pairs(("fresh", "bwrap"), ("warm", "landlock"))
def test_what_a_notebook_of_the_course_uses_works(run_in_each: Run) -> None:
    remark, outputs = run_in_each(
        "%load_ext autoreload\n%autoreload 2\n%matplotlib inline\nimport matplotlib.pyplot as plt",
        "plt.plot([1, 2])\nplt.title('čćžšđ')\nplt.show()",
        "from IPython.display import HTML, clear_output, display\ndisplay(HTML('<b>bold</b>'))\n40 + 2",
        "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')",
        "from ipywidgets import IntSlider, interact\ninteract(lambda a: plt.plot([a, 2]), a=(0, 3));\nIntSlider(3)",
        "shown = display('before', display_id=True)\nshown.update('after')",
        "print('gone')\nclear_output()\nprint('one\\rtwo')",
        "%config InlineBackend.figure_format = 'svg'\n%matplotlib qt\nplt.plot([1]);",
        "from checks import VALUE\nfrom helper import other\nprint(VALUE, other)",
        "%cd /\nexit",
        "import sys\nprint('careful', file=sys.stderr)",
        files={"checks/__init__.py": "VALUE = 3", "helper.py": "other = 4"},
    )
    assert remark is None
    _, figure, shown, awaited, widget, updated, cleared, drawing, modules, _, warned = outputs
    assert [output.output_type for output in figure] == ["display_data"]
    assert base64.b64decode(figure[0].data["image/png"]).startswith(b"\x89PNG")
    assert shown[0].data["text/html"] == "<b>bold</b>"
    assert (shown[1].output_type, shown[1].data, shown[1].execution_count) == (
        "execute_result",
        {"text/plain": "42"},
        3,
    )
    assert text_of(awaited) == "awaited\n"
    assert "IntSlider(value=3)" in text_of(widget)
    assert any("image/png" in output.get("data", {}) for output in widget)
    assert [output.data["text/plain"] for output in updated] == ["'after'"]
    assert text_of(cleared) == "two\n"
    assert "image/png" in drawing[-1].data
    assert text_of(modules) == "3 4\n"
    assert [(output.output_type, output.name, output.text) for output in warned] == [("stream", "stderr", "careful\n")]


def test_an_error_shows_the_students_lines_and_the_next_cell_runs(run: Run) -> None:
    layers = "import numpy as np\n\n\ndef invert(x):\n    return np.linalg.inv(x)\n"
    remark, (failed, syntax, after) = run(
        "from funkcije.layers import invert\ninvert([[0.0]])",
        "def f(:",
        "print('next')",
        files={"funkcije/__init__.py": "", "funkcije/layers.py": layers},
    )
    assert remark is None
    shown = text_of(failed)
    assert failed[-1].ename == "LinAlgError"
    assert "funkcije/layers.py:5" in shown
    assert "Cell In[1], line 2" in shown
    assert not re.search(r"site-packages|\.venv|/stage|/tmp|worker|interactiveshell|numpy/", shown)
    assert syntax[-1].ename == "SyntaxError"
    assert text_of(after) == "next\n"


def test_input_and_other_programs_end_in_a_clear_error(run: Run) -> None:
    _, (asked, shell, process, after) = run(
        "input('how many? ')", "!ls /", "import subprocess\nsubprocess.run(['ls'])", "print('next')"
    )
    assert "input() gets no answer" in text_of(asked)
    assert "no other program is run" in text_of(shell)
    assert process[-1].ename in {"PermissionError", "OSError", "BlockingIOError"}
    assert text_of(after) == "next\n"


@pytest.mark.full  # in a kernel, it is executed by test_source_notebook
@pytest.mark.parametrize("face", ["solution", "stub"])
def test_the_notebook_of_the_course_runs_to_its_end(face: str, rendered: Rendered, tmp_path: Path) -> None:
    release = ROOT / "release" / "batch_normalization"
    notebook = nbformat.read(release / "batch_normalization.ipynb", as_version=4)
    files = rendered.solution if face == "solution" else rendered.stub
    for name, content in files.items():
        path = tmp_path / "funkcije" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    shutil.copytree(release / "checks", tmp_path / "checks", ignore=shutil.ignore_patterns("__pycache__"))
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cells = [cell for cell in cells if not cell.metadata.get("nbgrader", {}).get("grade")]

    assert run_notebook(cells, tmp_path, choose(), NotebookBounds(seconds=300)) is None
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= (6 if face == "solution" else 2)
    assert "(200, 3, 32, 32)" in text_of(outputs)  # rows of the set, from a cache that cannot be written
    assert "nbgrader" in text_of(outputs)  # the experiments know that they are to be short


# --- what is bounded --------------------------------------------------------------------------------------------------


def test_one_bound_holds_for_the_whole_notebook(run: Run) -> None:
    bounds = NotebookBounds(seconds=4)
    remark, (endless, after) = run("import time\nwhile True:\n    time.sleep(0.01)", "print('after')", bounds=bounds)
    assert remark == Note("stopped", {"seconds": "4"})
    assert "[the run of the notebook ended here]" in text_of(endless)
    assert after == []


def test_cells_that_each_keep_the_bound_do_not_pass_it_together(run: Run) -> None:
    nap = "import time\ntime.sleep(1)"
    remark, (*_, after) = run(*[nap] * 5, "print('after')", bounds=NotebookBounds(seconds=4))
    assert remark == Note("stopped", {"seconds": "4"})
    assert after == []


def test_ignored_signals_do_not_move_the_bound(run: Run) -> None:
    source = (
        "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except OSError: pass\n"
    )
    remark, _ = run(source + "while True: signal.pause()", bounds=NotebookBounds(seconds=4))
    assert remark == Note("stopped", {"seconds": "4"})


def test_endless_output_is_cut_and_costs_no_memory(run: Run) -> None:
    bounds = NotebookBounds(seconds=4, cell=100_000)
    remark, (endless,) = run("while True:\n    print('x' * 1000)", bounds=bounds)
    assert remark == Note("stopped", {"seconds": "4"})
    assert len(text_of(endless)) < 120_000


def test_a_cell_that_says_too_much_leaves_room_for_the_next(run: Run) -> None:
    bounds = NotebookBounds(seconds=60, cell=50_000, total=120_000)
    remark, outputs = run(
        "'x' * 10**7",
        "for n in range(10**4): print('y' * 100, end='')",
        f"for n in range({2 * MOST_OUTPUTS}): display(n)",
        "print('z' * 40_000)",
        "print('w' * 40_000)",
        "print('v' * 40_000)",
        bounds=bounds,
    )
    assert remark is None
    long, many, displays, *rest = map(text_of, outputs)
    assert "too long" in long
    assert "too long" in many
    assert "too long" in displays
    assert len(outputs[2]) <= MOST_OUTPUTS + 1
    assert "too long" in rest[-1]
    assert sum(len(text_of(cell)) for cell in outputs) < 200_000


ENDS = {
    "exit status 3": "import os\nos._exit(3)",
    "signal SIGKILL": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "signal SIGSEGV": "import ctypes\nctypes.string_at(0)",
    "": "import os\nos.closerange(0, 64)",
}
"""Cells that end their process, by what is said of it."""


@pytest.mark.parametrize("problem", only(["exit status 3", "signal SIGKILL", ""], ENDS))
def test_a_process_that_ends_is_noted_where_it_ended(run: Run, problem: str) -> None:
    remark, (before, ended, after) = run("print('before')", ENDS[problem], "print('after')")
    assert remark is not None
    assert remark.key == "kernel_failed"
    assert problem in remark.names["problem"]
    assert text_of(before) == "before\n"
    assert "[the run of the notebook ended here]" in text_of(ended)
    assert after == []


# --- what stays outside -----------------------------------------------------------------------------------------------


def test_nothing_outside_is_read_written_reached_or_left(
    run_in_each: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", "of-the-host")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "gradebook").write_text("kept apart")
    (outside / "gradebook").chmod(0o666)
    outside.chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        canary = str(outside / "gradebook")
        sources = {
            "read": f"print(open({canary!r}).read())",
            "reference": f"print(open({str(ROOT / 'funkcije' / 'layers.py')!r}).read())",
            "answers": f"print(open({str(ROOT / 'checks' / 'batch_normalization' / 'mistakes.py')!r}).read())",
            "write": f"open({canary!r}, 'w').write('changed')",
            "beside": "open('left', 'w').write('x')",
            "list": f"import os\nprint(os.listdir({str(tmp_path)!r}))",
            "network": f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)",
            "names": "import socket\nprint(socket.getaddrinfo('example.org', 80))",
            "fork": "import os\nos.fork()",
            "parent": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
            "grader": f"import os, signal\nos.kill({os.getpid()}, signal.SIGKILL)",
            "memory": "x = bytearray(8 * 2**30)",
        }
        remark, outputs = run_in_each(
            *sources.values(), "import os, sys\nprint(os.environ, sys.argv, sys.modules.keys())"
        )
    assert remark is None
    refused = {name: cell[-1].get("ename", "none") for name, cell in zip(sources, outputs, strict=False)}
    assert set(refused.values()) <= {
        "PermissionError", "FileNotFoundError", "OSError", "MemoryError", "gaierror", "ProcessLookupError",
        "BlockingIOError",
    }, refused  # fmt: skip
    everything = "".join(map(text_of, outputs))
    assert "kept apart" not in everything
    assert "of-the-host" not in everything
    assert "BEGIN SOLUTION" not in everything
    assert (outside / "gradebook").read_text() == "kept apart"
    assert sorted(path.name for path in outside.iterdir()) == ["gradebook"]
    assert not list((tmp_path / "beside").iterdir())


@in_pairs(("warm", "bwrap"), ("warm", "landlock"))  # only there do notebooks have a process in common
def test_what_one_notebook_spoils_the_next_finds_whole(run_in_each: Run) -> None:
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    spoil = "import matplotlib.pyplot as plt, numpy\nplt.plot = numpy.sum = None"
    _, (_, spoilt) = run_in_each(spoil, draw)
    assert spoilt[-1].output_type == "error"
    remark, (drawn, counted) = run_in_each(draw, "import numpy\nprint(numpy.sum([2]))")
    assert remark is None
    assert "image/png" in drawn[-1].data
    assert text_of(counted) == "2\n"


def test_a_link_in_a_submission_leads_nowhere(sandbox: Launcher, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept apart")
    folder = tmp_path / "submission"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "folder").symlink_to(tmp_path)
    cells = [new_code_cell("import os\nprint(sorted(os.listdir('.')))"), new_code_cell("print(open('link').read())")]
    run_notebook(cells, folder, sandbox, BOUNDS)
    assert text_of(cells[0].outputs) == "[]\n"
    assert cells[1].outputs[0].ename == "FileNotFoundError"


# --- what a process may say -------------------------------------------------------------------------------------------

FIND_CHANNEL = "import gc\nchannel = [o for o in gc.get_objects() if type(o).__name__ == 'Channel'][0]\n"


FORGED = (
    "['display', {'application/javascript': 'alert(1)'}, {}, '', False]",
    "['display', {'image/svg+xml': '<svg/>'}, {}, '', False]",
    "['display', {'text/html': b'bytes'}, {}, '', False]",
    "['points', 40.0]",
    "['error', 'E', 'm', [1]]",
    "{'done': 1}",
    "'done'",
    "[['done']]",
)


@pytest.mark.parametrize("forged", FORGED)
def test_a_message_of_another_form_is_refused(forged: str) -> None:
    cell = CellOutputs(most=10_000, sentence="cut")
    with pytest.raises(wire.WireError):
        cell.add(eval(forged))
    assert cell.finish() == []


@pytest.mark.parametrize("forged", each(3, FORGED))
def test_a_message_of_another_form_ends_the_notebook(run: Run, forged: str) -> None:
    remark, (outputs, after) = run(FIND_CHANNEL + f"channel.send({forged})", "print('after')")
    assert remark is not None
    assert remark.key == "kernel_failed"
    assert "[the run of the notebook ended here]" in text_of(outputs)
    assert "alert" not in str(outputs)
    assert after == []


RAW = {
    "too long": "b'\\xff\\xff\\xff\\xff' + b'x' * 10**6",
    "no message": "b'\\x00\\x00\\x00\\x01\\xc1'",
    "a byte too many": "b'\\x00'",  # what comes next is read as the rest of a frame
}


@pytest.mark.parametrize("name", only(["no message", "a byte too many"], RAW))
def test_bytes_that_are_no_message_end_the_notebook(run: Run, name: str) -> None:
    remark, (said, after) = run(FIND_CHANNEL + f"channel._socket.sendall({RAW[name]})", "print('after')")
    assert remark is not None
    assert remark.key == "kernel_failed"
    assert "[the run of the notebook ended here]" in text_of(said)
    assert after == []


def test_a_forged_output_is_made_inert_like_any_other(run: Run) -> None:
    data = {"text/html": "<b onclick=x>a</b><script>alert(1)</script>"}
    forged = ["display", data, {"text/html": {"isolated": True}}, "", False]
    _, (outputs,) = run(FIND_CHANNEL + f"channel.send({forged})")
    assert outputs[0].data == {"text/html": "<b>a</b>"}
    assert outputs[0].metadata == {}


def test_a_reply_before_its_question_puts_nothing_in_a_graded_cell_or_out_of_order(run: Run) -> None:
    remark, (first, second, third) = run(FIND_CHANNEL + "channel.send(['done'])", "print(2)", "print(3)")
    assert remark is None
    assert (text_of(first), text_of(second), text_of(third)) == ("", "", "2\n")


plain_data = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=12) | st.binary(), inner, max_size=4),
    max_leaves=12,
)
messages = plain_data | st.builds(
    lambda kind, rest: [kind, *rest],
    st.sampled_from(["stream", "display", "result", "error", "clear", "cut"]),
    st.lists(plain_data | st.sampled_from(["stdout", "text/html"]), max_size=5),
)


def becomes_a_notebook_or_a_wire_error(said: list[object]) -> None:
    cell = CellOutputs(most=10_000, sentence="cut")
    for message in said:
        with suppress(wire.WireError):
            cell.add(message)
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("1", outputs=cell.finish())])
    nbformat.validate(notebook)


@pytest.mark.parametrize("examples", [100, pytest.param(400, marks=pytest.mark.full)])
def test_whatever_is_said_becomes_a_valid_notebook_or_a_wire_error(examples: int) -> None:
    given(st.lists(messages, max_size=5))(
        settings(max_examples=examples, deadline=None)(becomes_a_notebook_or_a_wire_error)
    )()


def test_no_array_and_no_oversized_frame_comes_over_a_notebooks_pipe() -> None:
    body = wire.encode([np.ones(3)])[4:]
    assert wire.decode(body)
    with pytest.raises(wire.WireError):
        wire.decode(body, wire.NOTEBOOK)
    here, there = socket.socketpair()
    with here, there:
        there.sendall(struct.pack(">I", wire.NOTEBOOK.frame + 1))
        with pytest.raises(wire.WireError, match="bytes"):
            wire.Channel(here, wire.NOTEBOOK).receive(1.0)


def png(width: int, height: int) -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + b"\x08\x06\x00\x00\x00" + b"\0" * 4
    )


def jpeg(width: int, height: int) -> bytes:
    return b"\xff\xd8\xff\xe0\x00\x04JF\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"


@pytest.mark.parametrize(
    ("mime", "data", "kept"),
    [
        ("image/png", png(640, 480), True),
        ("image/png", png(100_000, 100_000), False),
        ("image/png", png(0, 480), False),
        ("image/png", b"<svg onload='alert(1)'/>", False),
        ("image/png", jpeg(640, 480), False),
        ("image/jpeg", jpeg(640, 480), True),
        ("image/jpeg", jpeg(60_000, 60_000), False),
        ("image/jpeg", b"\xff\xd8" + b"\xff\xe0\x00\x00" * 9, False),
    ],
)
def test_a_picture_is_kept_if_it_is_one_that_can_be_drawn(mime: str, data: bytes, kept: bool) -> None:
    cell = CellOutputs(most=10_000, sentence="cut")
    sizes = {mime: {"width": 300, "height": 10**9, "onload": 1}}
    cell.add(["display", {mime: data, "text/plain": "picture"}, sizes, "", False])
    (output,) = cell.finish()
    assert (mime in output.data) is kept
    assert output.metadata == ({mime: {"width": 300}} if kept else {})


@pytest.mark.parametrize(
    ("alt", "kept"),
    [
        ("Dolina, visina: SGD 0.5 – Adam 1e-05.", "Dolina, visina: SGD 0.5 – Adam 1e-05."),
        ('x" onload="alert(1)', "x  onload= alert(1)"),
        ("<b>10 od 10</b>\u202e&#34;\x1b", "b 10 od 10 /b   #34;"),
        ("a" * 5_000, "a" * 2_000),
        (" <> ", None),
        (7, None),
    ],
)
def test_a_pictures_words_are_kept_as_plain_as_an_attribute_has_to_be(alt: object, kept: str | None) -> None:
    cell = CellOutputs(most=10_000, sentence="cut")
    cell.add(["display", {"image/png": png(640, 480)}, {"image/png": {"alt": alt}}, "", False])
    (output,) = cell.finish()
    assert output.metadata == ({"image/png": {"alt": kept}} if kept else {})
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("x", outputs=[output])])
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    [image] = BeautifulSoup(page, "html.parser").select(".output img")
    assert set(image.attrs) == {"alt", "src"}


# --- what reaches a browser -------------------------------------------------------------------------------------------

Pages = tuple[Course, dict[str, str], dict[str, str]]
"""A course, and its students' pages in feedback and in formgrader."""


@cache
def exporter() -> HTMLExporter:
    return HTMLExporter(template_name="basic")


def rendered_html(markdown: str, attachments: dict[str, dict[str, str]] | None = None) -> str:
    """A markdown cell as nbgrader's pages show it."""
    cell = new_markdown_cell(markdown)
    if attachments:
        cell.attachments = attachments
    html: str = exporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
    return html


def test_the_list_of_active_content_is_active_without_us() -> None:
    assert sum(bool(active(rendered_html(text))) for text in ACTIVE) >= 15


@pytest.mark.parametrize("text", ACTIVE)
def test_nothing_active_is_left_of_an_output_or_a_markdown_cell(text: str) -> None:
    assert not active(inert_html(text))
    assert not active(rendered_html(inert_markdown(text)))
    assert not active(rendered_html(inert_markdown(f"text\n\n> - {text}\n\n| a |\n|---|\n| {text} |\n")))


fragments = st.sampled_from(
    [*ACTIVE, "<", ">", "`", "```\n", "$", "$$", "\n\n", "    ", "- ", "> ", "# ", "|", "\\", '"', "'", "<b>", "</b>",
     "<p>", "<img src='", "(", ")", "[", "]", "!", "&lt;", "&#60;", "--", "<!--", "-->", "\\begin{x}", "\\end{x}", "a"]
)  # fmt: skip


def becomes_inert(text: str) -> None:
    assert not active(rendered_html(inert_markdown(text)))
    assert not active(inert_html(text))


@pytest.mark.parametrize("examples", [100, pytest.param(300, marks=pytest.mark.full)])
def test_no_mixture_of_markdown_and_html_becomes_active(examples: int) -> None:
    bounds = settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    given(st.lists(fragments, max_size=12).map("".join))(bounds(becomes_inert))()


def test_markdown_that_people_write_is_left_as_it_is() -> None:
    for path in (ROOT / "release" / "batch_normalization" / "batch_normalization.ipynb",):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                assert inert_markdown(cell.source) == cell.source
    for text in (
        "$a < b$ and $$x<0$$, $\\frac{a}{b}$, `x < y`",
        "# Naslov\n\n1. prvo\n2. drugo\n\n> citat\n\n| a | b |\n|---|:-:|\n| 1 | 2 |",
        "```python\nif x < y:\n    pass\n```",
        "line<br>break, H<sub>2</sub>O, <b>bold</b>, <https://example.org>, [link](https://example.org 'x')",
        "<details><summary>more</summary>\n\n**hidden**\n\n</details>",
        "- [x] done\n- [ ] open",
    ):
        assert inert_markdown(text) == text


def test_a_tag_that_is_none_is_only_moved_apart() -> None:
    assert inert_markdown("$p<q$ and `List<int>`") == "$p< q$ and `List< int>`"


def test_html_of_tables_and_our_own_blocks_keeps_its_look() -> None:
    table = '<table border="1"><tbody><tr style="text-align:right"><td colspan="2">1</td></tr></tbody></table>'
    assert inert_html(table) == table
    assert (
        inert_html('<div style="color:red;position:fixed" class="score" id="x">a</div>')
        == '<div style="color:red">a</div>'
    )


def test_deep_and_long_html_and_markdown_are_shown_otherwise() -> None:
    assert inert_html("x" * (LONGEST + 1)) == ""
    assert inert_markdown("x" * (LONGEST_MARKDOWN + 1)).startswith("~~~~\n")
    for text in ("<div>" * 5_000, "> " * 9_000, "[" * 5_000, "x" * 10**6, "\\begin{a}" * 1_000, "- " * 9_000):
        inert_html(text)
        html = rendered_html(inert_markdown(text))
        assert len(html) < 1_200_000


def test_an_attachment_is_a_picture_or_nothing() -> None:
    breakout = {"image/png": PIXEL, 'image/png" onerror="alert(1)': PIXEL, "text/html": PIXEL, "image/svg+xml": PIXEL}
    assert attached_pictures({"a.png": breakout, "b.png": {"image/png": "<script>"}}) == {"a.png": {"image/png": PIXEL}}
    shown = rendered_html(
        inert_markdown("![](attachment:a.png)", {"a.png": {"image/png": PIXEL}}), {"a.png": {"image/png": PIXEL}}
    )
    assert f"data:image/png;base64,{PIXEL}" in shown
    assert "attachment:none.png" in rendered_html(inert_markdown("![](attachment:none.png)"))  # as text, not an error


# --- through nbgrader -------------------------------------------------------------------------------------------------


def feedback_page(course: Course, student: str) -> str:
    result = NbGraderAPI(config=course_config(course)).generate_feedback("scale", student)
    assert result["success"], result["log"]
    return (course.root / "feedback" / student / "scale" / "scale.html").read_text(encoding="utf-8")


def formgrader_page(course: Course, student: str) -> str:
    """The page as formgrader's handler makes it."""
    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[handlers.template_path])
    path = course.root / "autograded" / student / "scale" / "scale.ipynb"
    resources = dict.fromkeys(("assignment_id", "notebook_id", "submission_id", "student", "notebook_path"), "x")
    html: str = exporter.from_filename(str(path), resources=resources | {"index": 0, "total": 1, "base_url": ""})[0]
    return html


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """A course in which one student was honest and one put everything hostile into a notebook; their pages."""
    course = released_course(tmp_path_factory.mktemp("pages"), "\nc.ExecuteForReading.total = 60\n")
    hand_in(course, "honest", WRONG)
    folder = hand_in(course, "mallory", WRONG)
    notebook = edit_notebook(folder)
    notebook.metadata["language_info"] = {"name": BREAKOUT, "pygments_lexer": BREAKOUT}
    notebook.metadata["title"] = "<script>alert(1)</script>"
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    notebook.cells += [new_markdown_cell(text) for text in ACTIVE]
    notebook.cells += [
        new_code_cell(f"from IPython.display import *\ndisplay(HTML({text!r}), Markdown({text!r}))") for text in ACTIVE
    ]
    notebook.cells += [
        new_markdown_cell("# scale_forward\n\nscale_forward-comment\n---\n"),
        new_markdown_cell("![](attachment:gone.png)"),
        new_markdown_cell("![](attachment:a.png)", attachments={"a.png": {'image/png" onerror="alert(1)': PIXEL}}),
        nbformat.v4.new_raw_cell("<script>alert(1)</script>", metadata={"raw_mimetype": "text/html"}),
        new_code_cell("print('still run')", metadata={"tags": ["skip-execution", BREAKOUT]}),
        new_code_cell("print(any(line.startswith('check(') for line in In))", id="history"),
        new_code_cell("1", metadata={"magics_language": BREAKOUT, "alt": BREAKOUT}),
        new_code_cell("from IPython.display import *\ndisplay(Javascript('alert(1)'), SVG('<svg onload=\"a()\"/>'))"),
        new_code_cell("display({'text/plain': 'x'}, raw=True, metadata={'nbgrader': {'grade': True, 'points': 99}})"),
        new_code_cell("import sys\nsys.displayhook(4.0)\nprint('</pre><script>alert(1)</script>')"),
        new_code_cell("raise ValueError('<script>alert(1)</script>')"),
        new_code_cell("class V:\n    def visit(self, tree): return type(tree)(body=[], type_ignores=[])\n"
                      "get_ipython().ast_transformers.append(V())"),
        new_code_cell("get_ipython().input_transformers_cleanup.append(lambda lines: [])"),
    ]  # fmt: skip
    save_notebook(folder, notebook)
    before = fingerprint(course.submitted)
    rows = {row.student: row for row in grade_class(course, "scale")}
    assert fingerprint(course.submitted) == before
    assert {student: (row.total, row.problem) for student, row in rows.items()} == {
        "honest": (1.0, ""),
        "mallory": (1.0, ""),
    }
    return (
        course,
        {student: feedback_page(course, student) for student in rows},
        {student: formgrader_page(course, student) for student in rows},
    )


def test_a_hostile_notebook_earns_what_its_modules_earn(pages: Pages) -> None:
    course = pages[0]
    assert scores(course) == {"honest": 1.0, "mallory": 1.0}
    notebook = graded_notebook(course, "mallory")
    assert not any(cell.get("attachments") for cell in notebook.cells)
    assert notebook.metadata == graded_notebook(course, "honest").metadata
    (history,) = (cell for cell in notebook.cells if cell.id == "history")
    assert text_of(history.outputs) == "False\n"  # the graded cell was not run
    points = cell_of(notebook, "scale_forward").outputs[-1]
    assert points.data == {"text/plain": "1.0"}


@pytest.mark.parametrize("kind", [1, 2], ids=["feedback", "formgrader"])
def test_a_hostile_notebooks_page_holds_nothing_active_that_an_honest_one_does_not(pages: Pages, kind: int) -> None:
    honest, mallory = (pages[kind][student] for student in ("honest", "mallory"))
    assert active(mallory) == active(honest)
    assert "still run" in mallory


def test_no_heading_takes_the_id_of_a_field_for_points(pages: Pages) -> None:
    for student in ("honest", "mallory"):
        soup = BeautifulSoup(pages[2][student], "html.parser")
        (field,) = soup.find_all(id="scale_forward")
        assert field.name == "input"
        assert len(soup.find_all(id=re.compile("comment"))) == len(soup.find_all("textarea"))


def test_a_graded_cell_shows_the_verdict_and_no_path_of_the_trusted_side(
    pages: Pages,
) -> None:
    course = pages[0]
    for student in ("honest", "mallory"):
        notebook = graded_notebook(course, student)
        page, points = cell_of(notebook, "scale_forward").outputs
        assert "scale_forward" in page.data["text/plain"]
        assert points.output_type == "execute_result"
        text = (course.root / "autograded" / student / "scale" / "scale.ipynb").read_text(encoding="utf-8")
        assert not re.search(rf"{re.escape(str(ROOT))}|grader-[a-z0-9_]{{8}}|/stage", text)


def test_no_answer_of_the_draw_and_no_part_of_the_reference_is_in_what_a_reader_gets(
    pages: Pages,
) -> None:
    course = pages[0]
    for path in (course.root / "autograded").rglob("*"):
        if path.is_file() and path.suffix in {".ipynb", ".html"}:
            text = path.read_text(encoding="utf-8")
            assert "gamma[np.newaxis, :]\n    out = x * factors" not in text
            assert "BEGIN SOLUTION" not in text


def test_whatever_stops_the_notebook_changes_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = released_course(tmp_path, "\nc.ExecuteForReading.total = 5\n")
    ends = {
        "exit": "import os; os._exit(1)",
        "endless": "import threading; threading.Event().wait()",
        "forged": FIND_CHANNEL + "channel.send(1)",
    }
    for student, source in ends.items():
        folder = hand_in(course, student)
        notebook = edit_notebook(folder)
        notebook.cells.insert(1, new_code_cell(source, id="end"))
        save_notebook(folder, notebook)
    rows = {row.student: row for row in grade_class(course, "scale")}
    assert {student: (row.total, row.problem) for student, row in rows.items()} == dict.fromkeys(ends, (4.0, ""))
    for student in ends:
        assert "does not affect the automatic points" in rows[student].look[0]
        assert "does not affect" in graded_notebook(course, student).cells[0].source

    monkeypatch.setenv("GRADER_NOTEBOOK_PYTHON", str(tmp_path / "none"))
    assert autograde(course, "exit") == {"exit": True}
    assert scores(course)["exit"] == 4.0
    assert "grader setup" in graded_notebook(course, "exit").cells[0].source


def test_without_notebooks_the_text_is_inert_all_the_same(tmp_path: Path) -> None:
    course = released_course(tmp_path, "\n")
    folder = hand_in(course, "ana")
    notebook = edit_notebook(folder)
    notebook.cells += [new_markdown_cell("<script>alert(1)</script>"), new_code_cell("print(1)", id="not-run")]
    save_notebook(folder, notebook)
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert row.total == 4.0
    graded = graded_notebook(course, "ana")
    summary, text = [cell.source for cell in graded.cells if "alert" in cell.source]
    assert "&#60;script&#62;" in summary and "<script" not in summary
    assert "< script>" in text
    assert [cell.outputs for cell in graded.cells if cell.get("id") == "not-run"] == [[]]
    assert not [part for part in active(formgrader_page(course, "ana")) if "alert" in part]


# --- the environment --------------------------------------------------------------------------------------------------


def test_the_bounds_of_a_graded_process_and_of_a_notebook_stay_apart(sandbox: Launcher) -> None:
    notebook = for_notebooks(sandbox, 100)
    assert notebook.name == sandbox.name
    assert notebook.worker == "notebook"
    assert sandbox.worker == "main"
    assert notebook.layout.python != sandbox.layout.python  # type: ignore[attr-defined]
    assert notebook.lock.filter and sandbox.lock.filter  # type: ignore[attr-defined]
    with pytest.raises(GraderError, match="no notebook is run"):
        for_notebooks(type("Other", (), {"name": "other"})(), 100)


def test_unsafe_runs_the_notebook_where_the_checks_run(tmp_path: Path) -> None:
    cells = [new_code_cell("print('run')")]
    assert run_notebook(cells, tmp_path, PlainLauncher(), BOUNDS) is None
    assert text_of(cells[0].outputs) == "run\n"


def test_there_is_nothing_to_connect_to_in_the_notebooks_environment(run_in_each: Run) -> None:
    _, outputs = run_in_each("import zmq", "import ipykernel", "import grader", "import nbgrader")
    assert [cell[-1].ename for cell in outputs] == ["ModuleNotFoundError"] * 4


@pytest.mark.parametrize(
    ("sandbox", "warm"),
    only(["bwrap-warm", "landlock-fresh"], [(name, warm) for name in NAMES for warm in (False, True)], in_words),
    indirect=["sandbox"],
)
def test_the_data_set_is_read_from_the_cache_and_the_cache_stays_as_it_is(
    sandbox: Launcher, warm: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept = data_cache() / "set.npy"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"rows")
    digest = hashlib.sha256(kept.read_bytes()).hexdigest()
    with ExitStack() as stack:
        if warm:
            sandbox = stack.enter_context(notebooks_warmed(stack.enter_context(warmed(sandbox)), BOUNDS, OWN))
        remark, (read, written) = run_cells(
            sandbox,
            tmp_path / "beside",
            "import os\nfolder = os.environ['XDG_CACHE_HOME'] + '/funkcije'\n"
            "print(os.listdir(folder), open(folder + '/set.npy').read())",
            "open(folder + '/set.npy', 'w')",
        )
    assert remark is None
    assert text_of(read) == "['set.npy'] rows\n"
    assert written[-1].ename in {"PermissionError", "OSError"}
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == digest


def test_an_empty_cache_is_filled_once_outside_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fill = (
        "import os; from pathlib import Path; import funkcije.layers; folder = Path(os.environ['XDG_CACHE_HOME']); "
        "(folder / 'funkcije').mkdir(parents=True); (folder / 'funkcije' / os.environ['FUNKCIJE_OFFLINE']).touch()"
    )
    course = released_course(tmp_path, f"\nc.ExecuteForReading.prepare = {fill!r}\n")
    for student in ("ana", "bo"):
        folder = hand_in(course, student)
        notebook = edit_notebook(folder)
        listing = "import os\nprint(os.listdir(os.environ['XDG_CACHE_HOME'] + '/funkcije'))"
        notebook.cells.append(new_code_cell(listing, id="listing"))
        save_notebook(folder, notebook)
    grade_class(course, "scale")
    for student in ("ana", "bo"):
        cells = {cell.get("id"): cell for cell in graded_notebook(course, student).cells}
        assert text_of(cells["listing"].outputs) == "['1']\n"


def test_a_line_that_was_wiped_out_leaves_nothing_and_blanks_that_were_printed_stay() -> None:
    assert as_on_a_terminal("\r 10%|# | 1/10\r          \r") == ""
    assert as_on_a_terminal("\r 10%\r100%\nend  ") == "100%\nend  "
