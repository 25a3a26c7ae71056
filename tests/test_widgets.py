"""The explorers: what a person sees who moves their sliders, and what stays where nobody does."""

import asyncio
import base64
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explorers import WIDGET_VIEW, alt_of, nothing_runs, panel_of, picture_of, plots_drawn_once, text_of, until
from forms import each
from nbclient import NotebookClient
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from funkcije import layers, widgets
from funkcije.lab import explorer as explorers
from funkcije.lab import net_explorer
from funkcije.lab.explorer import Explorer
from funkcije.lab.figures import STYLES, Axis, NetPicture, Shown
from funkcije.lab.net_explorer import NetExplorer, SlicedRun
from grader.classroom.pages.notebook import NotebookBounds, run_notebook
from grader.sandbox.choose import choose

EXPLORERS: list[Callable[..., NetExplorer]] = [
    widgets.weight_scale_explorer,
    widgets.batch_size_explorer,
    widgets.training_explorer,
    lambda data: widgets.depth_explorer(data, ("batchnorm", None)),
]
DATA = """
import numpy as np
rng = np.random.default_rng(0)
data = {"X_train": rng.standard_normal((100, 3, 4, 4)), "y_train": np.arange(100) % 10,
        "X_val": rng.standard_normal((50, 3, 4, 4)), "y_val": np.arange(50) % 10}
"""


PICTURES = plots_drawn_once(NetPicture)


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    names: dict[str, Any] = {}
    exec(DATA, names)
    return dict(names["data"])


@pytest.fixture(autouse=True)
def _somebody_is_there(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Explorers made in a running event loop take it for a kernel's; what is left of them goes.

    Before the first move they train for a step, not for a second.
    """
    monkeypatch.setattr(explorers, "someone_is_there", lambda: True)
    monkeypatch.setattr(explorers, "BEFORE_THE_FIRST_MOVE", 0.0)
    monkeypatch.setattr(net_explorer, "NetPicture", PICTURES)
    yield
    Explorer._running = None
    Explorer._in_cells.clear()


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> list[SlicedRun[Any]]:
    """The run of each slice of training, in their order; a slice is one step, so that no run is over soon."""
    seen: list[SlicedRun[Any]] = []
    advance = SlicedRun.advance

    def one_step(run: SlicedRun[Any], seconds: float) -> bool:
        seen.append(run)
        return advance(run, 0)

    monkeypatch.setattr(SlicedRun, "advance", one_step)
    return seen


FIRST_TRAINING = explorers.BEFORE_THE_FIRST_MOVE


@pytest.fixture
def first_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first move explorers train as they do for a student: what is drawn is looked at."""
    monkeypatch.setattr(explorers, "BEFORE_THE_FIRST_MOVE", FIRST_TRAINING)


def is_a_drawing(png: bytes) -> bool:
    """A picture with the colours of two nets in its plots."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    pixels = pixels[40:, : pixels.shape[1] // 2]  # the legend, which has them too, is above or to the right

    def has(colour: str) -> bool:
        rgb = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
        return bool((np.abs(pixels - rgb).max(axis=2) < 12).sum() > 4)

    return has(str(STYLES["batchnorm"]["color"])) and has(str(STYLES[None]["color"]))


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("over", [None, Axis("batch_size", 5, 200)], ids=["four plots", "a summary"])
def test_a_picture_without_lines_is_no_drawing(over: Axis | None, narrow: bool) -> None:
    picture = NetPicture([None, "batchnorm"], over, 5, gradients=over is None, narrow=narrow)
    assert not is_a_drawing(picture.draw(Shown("", 10, 100, {}))[0])


# Live: somebody moves sliders.


@pytest.mark.parametrize("explorer_of", EXPLORERS)
def test_a_move_shows_a_picture_after_the_first_slice_of_training(
    explorer_of: Callable[..., NetExplorer], data: dict[str, np.ndarray], slices: list[SlicedRun[Any]]
) -> None:
    async def scenario() -> None:
        explorer = explorer_of(data)
        before, made = picture_of(explorer), len(slices)
        first = next(iter(panel_of(explorer).sliders.values()))
        first.value = 1e-4 if isinstance(first.value, float) else 10
        await until(lambda: picture_of(explorer) != before)
        assert len(slices) == made + 1
        explorer.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("explorer_of", EXPLORERS)
def test_a_slider_begins_on_one_of_its_steps_so_that_no_page_moves_it(
    explorer_of: Callable[..., NetExplorer], data: dict[str, np.ndarray], slices: list[SlicedRun[Any]]
) -> None:
    async def scenario() -> None:
        explorer = explorer_of(data)
        for control in explorer.controls:
            if control.exponents:
                low, _, step = control.exponents
                steps = (np.log10(control.value) - low) / step
                assert steps == pytest.approx(round(steps))
            else:
                assert control.value in control.choices
        trained = len(slices)
        for slider in panel_of(explorer).sliders.values():
            if isinstance(slider.value, float):
                slider.value *= 1 + 1e-12
        await nothing_runs()
        assert len(slices) == trained

    asyncio.run(scenario())


@pytest.mark.usefixtures("first_training")
def test_beside_the_sliders_lies_the_picture_that_stays(data: dict[str, np.ndarray]) -> None:
    async def scenario() -> None:
        sliders, kept, _ = (piece for piece, _ in widgets.training_explorer(data).outputs())
        assert WIDGET_VIEW in sliders and "image/png" not in sliders
        assert is_a_drawing(base64.b64decode(kept["image/png"]))

    asyncio.run(scenario())


@pytest.mark.usefixtures("first_training")
@pytest.mark.parametrize("explorer_of", EXPLORERS)
def test_for_a_narrow_panel_the_plots_stand_two_by_two(
    explorer_of: Callable[..., NetExplorer], data: dict[str, np.ndarray]
) -> None:
    async def scenario() -> None:
        explorer = explorer_of(data)
        wide, narrow = (Image.open(io.BytesIO(picture_of(explorer, form))) for form in ("wide", "narrow"))
        assert wide.width > 1000
        assert narrow.width < 520  # its letters are as large as the wide one's, and hardly shrink in 470 pixels
        assert is_a_drawing(picture_of(explorer, "narrow"))
        before = picture_of(explorer, "narrow")
        panel_of(explorer).play.click()
        await until(lambda: picture_of(explorer, "narrow") != before)
        explorer.stop()

    asyncio.run(scenario())


def test_the_first_training_is_called_so_and_not_stopped_since_nobody_stopped_it(
    data: dict[str, np.ndarray], slices: list[SlicedRun[Any]]
) -> None:
    async def scenario() -> None:
        explorer = widgets.training_explorer(data)
        assert re.search(r"Prvo, kratko treniranje \(\d+%\)\.", alt_of(explorer))
        assert "zaustavljeno" not in alt_of(explorer) + text_of(explorer) + explorer.alt

    asyncio.run(scenario())


def test_a_line_that_says_that_the_kernel_is_gone_waits_in_every_panel(data: dict[str, np.ndarray]) -> None:
    async def scenario() -> None:
        page = panel_of(widgets.training_explorer(data)).widget.children[0].value
        assert 'class="funkcije-gone" role="alert">Kernel je ugašen ili ponovo pokrenut' in page
        assert ".jupyter-widgets-disconnected .funkcije-gone { display: block" in page

    asyncio.run(scenario())


def test_the_latest_of_quick_moves_is_the_only_one_that_trains(
    data: dict[str, np.ndarray], slices: list[SlicedRun[Any]]
) -> None:
    async def scenario() -> None:
        explorer = widgets.weight_scale_explorer(data)
        made = len(slices)
        for exponent in (-3.0, -2.4, -1.0):
            panel_of(explorer).sliders["weight_scale"].value = 10**exponent
        await until(lambda: len(slices) >= made + 5)
        assert {run.curves[None].training.weight_scale for run in slices[made:]} == {0.1}
        explorer.stop()

    asyncio.run(scenario())


def test_a_new_move_ends_the_training_of_the_one_before(
    data: dict[str, np.ndarray], slices: list[SlicedRun[Any]]
) -> None:
    async def scenario() -> None:
        explorer = widgets.batch_size_explorer(data)
        panel_of(explorer).sliders["batch_size"].value = 5
        await until(
            lambda: slices[-1].curves["batchnorm"].training.batch_size == 5 if None in slices[-1].curves else False
        )
        old = slices[-1]
        panel_of(explorer).sliders["batch_size"].value = 10
        moved = len(slices)
        await until(lambda: len(slices) >= moved + 5)
        # One slice may have been on its way.
        assert sum(run is old for run in slices[moved:]) <= 1
        assert slices[-1].curves[None].training.batch_size == 10
        assert next(old._steps, None) is None
        explorer.stop()

    asyncio.run(scenario())


def test_stop_ends_the_training_and_says_how_far_it_came(
    data: dict[str, np.ndarray], slices: list[SlicedRun[Any]]
) -> None:
    async def scenario() -> None:
        explorer = widgets.training_explorer(data)
        panel = panel_of(explorer)
        made = len(slices)
        panel.play.click()
        await until(lambda: len(slices) >= made + 3)
        assert not panel.stop.disabled
        panel.stop.click()
        await until(lambda: panel.stop.disabled)
        assert re.fullmatch(r"Treniranje je zaustavljeno na \d+%\.", text_of(explorer))
        stopped = len(slices)
        await nothing_runs()
        assert len(slices) == stopped

    asyncio.run(scenario())


def test_play_trains_to_the_end_and_the_summary_gets_a_point(data: dict[str, np.ndarray]) -> None:
    async def scenario() -> None:
        explorer = widgets.weight_scale_explorer(data)
        assert len(explorer.tried) <= 1
        panel_of(explorer).sliders["weight_scale"].value = 10**-3.0
        await until(lambda: text_of(explorer).startswith("Treniranje je završeno."))
        assert 10**-3.0 in explorer.tried
        assert "0.001: batch normalizacija" in alt_of(explorer)
        assert 'value="1.000"' in panel_of(explorer)._bar.value
        assert is_a_drawing(picture_of(explorer))

    asyncio.run(scenario())


def test_the_words_for_a_picture_change_with_it(data: dict[str, np.ndarray], slices: list[SlicedRun[Any]]) -> None:
    async def scenario() -> None:
        explorer = widgets.training_explorer(data)
        seen: dict[bytes, str] = {}
        panel_of(explorer).play.click()

        def collected() -> bool:
            seen[picture_of(explorer)] = alt_of(explorer)
            return len(seen) > 4

        await until(collected)
        explorer.stop()
        assert len(set(seen.values())) == len(seen)
        assert all("standardna devijacija aktivacija" in alt for alt in seen.values())

    asyncio.run(scenario())


def test_progress_and_state_have_roles_and_names(data: dict[str, np.ndarray]) -> None:
    async def scenario() -> None:
        explorer = widgets.training_explorer(data)
        panel = panel_of(explorer)
        panel.play.click()
        await until(lambda: "<progress" in panel._bar.value)
        explorer.stop()
        assert 'aria-label="napredak treniranja"' in panel._bar.value
        assert re.search(r"\d+%, još \d+ s", panel._bar.value)
        assert 'role="status"' in panel._line.value
        for name, slider in panel.sliders.items():
            assert slider.description and slider.tooltip, name

    asyncio.run(scenario())


def test_beside_the_activations_stand_their_gradients_of_a_net_without_normalization_too(
    data: dict[str, np.ndarray],
) -> None:
    async def scenario() -> None:
        explorer = widgets.depth_explorer(data)
        assert explorer.kinds == (None,)
        assert len(explorer._picture.plots) == 4
        assert re.search(r"bez normalizacije: .*, gradijenata po njima od \d\.\de[-+]\d+ do \d\.\d", alt_of(explorer))
        panel_of(explorer).sliders["depth"].value = 9
        await until(lambda: text_of(explorer).startswith("Treniranje je završeno."))
        of_first, of_now = (line.get_xydata() for line in explorer._picture._of_training[None][-2:])
        assert of_first.shape == of_now.shape == (8, 2)
        assert of_first[0, 1] < 1e-3 * of_first[-1, 1]  # it vanishes on its way back
        assert [len(ax.get_title()) > 0 for ax in explorer._narrow.plots] == [True] * 4

    asyncio.run(scenario())


def test_a_diverged_net_is_named_in_words(data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        explorer = widgets.weight_scale_explorer(data)

        forward = layers.batchnorm_forward

        def explodes(*args: Any) -> tuple[np.ndarray, Any]:
            out, cache = forward(*args)
            return np.nan * out, cache

        monkeypatch.setattr(layers, "batchnorm_forward", explodes)
        monkeypatch.setattr("funkcije.fc_net.batchnorm_forward", explodes)
        panel_of(explorer).play.click()
        await until(lambda: "Treniranje je završeno" in text_of(explorer))
        sentence = "batch normalizacija: treniranje je divergiralo u koraku 1, gubitak više nije konačan broj."
        assert sentence in text_of(explorer)
        assert sentence in alt_of(explorer)

    asyncio.run(scenario())


def test_what_is_not_written_yet_is_one_line_and_the_next_move_uses_what_is_written(
    data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = layers.batchnorm_forward

    def missing(*_: Any) -> Any:
        raise NotImplementedError("batchnorm_forward: još nije napisano (not written yet)")

    def put(function: Any) -> None:
        monkeypatch.setattr(layers, "batchnorm_forward", function)
        monkeypatch.setattr("funkcije.fc_net.batchnorm_forward", function)

    async def scenario() -> None:
        put(missing)
        explorer = widgets.batch_size_explorer(data)
        assert "koji još nije napisan: " in text_of(explorer)
        [_, (kept, _), _] = explorer.outputs()
        assert set(kept) == {"text/plain"} and "\n" not in kept["text/plain"]
        panel_of(explorer).play.click()
        await until(lambda: panel_of(explorer).stop.disabled)
        put(written)
        panel_of(explorer).play.click()
        await until(lambda: "Treniranje je završeno" in text_of(explorer))
        assert is_a_drawing(picture_of(explorer))

    asyncio.run(scenario())


def test_what_a_layer_raises_is_one_line_with_file_and_number(
    data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("funkcije.fc_net.softmax_loss", lambda x, y: layers.softmax_loss(x.T[:3], y))

    explorer = NetExplorer.__new__(NetExplorer)  # nobody is there: no event loop runs
    explorer.__init__(data, *_of_one_net())  # type: ignore[misc]
    line = explorer.outputs()[0][0]["text/plain"]
    assert re.match(r"layers\.py, linija \d+: \w+Error: ", line)
    assert "\n" not in line


def _of_one_net() -> tuple[Any, ...]:
    from funkcije.experiments import Training
    from funkcije.lab.panel import Control

    return Training(epochs=1), (None,), [Control("batch_size", 50, choices=(10, 50))]


def test_another_explorer_that_trains_and_a_cell_that_runs_again_stop_the_one_before(
    data: dict[str, np.ndarray], slices: list[SlicedRun[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"metadata": {"cellId": "one"}, "header": {"msg_id": "first"}}
    monkeypatch.setattr(explorers, "_request", lambda: request)

    async def scenario() -> None:
        old = widgets.training_explorer(data)
        beside = widgets.batch_size_explorer(data)
        panel_of(old).play.click()
        made = len(slices)
        await until(lambda: len(slices) > made)
        panel_of(beside).play.click()
        await until(lambda: panel_of(old).stop.disabled)
        assert "zaustavljeno" in text_of(old)
        assert not panel_of(beside).stop.disabled

        request["header"] = {"msg_id": "again"}
        again = widgets.training_explorer(data)
        assert old.panel is None and beside.panel is None
        assert again.panel is not None
        stopped = len(slices)
        await nothing_runs()
        assert len(slices) <= stopped + 1

    asyncio.run(scenario())


def test_points_of_a_layer_that_has_changed_leave_the_summary(
    data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        explorer = widgets.weight_scale_explorer(data)
        panel_of(explorer).sliders["weight_scale"].value = 10**-3.0
        await until(lambda: 10**-3.0 in explorer.tried)
        monkeypatch.setattr(net_explorer, "code", lambda rules: "changed")
        panel_of(explorer).sliders["weight_scale"].value = 10**-1.0
        await until(lambda: 10**-1.0 in explorer.tried)
        assert set(explorer.tried) == {10**-1.0}

    asyncio.run(scenario())


def test_a_change_is_noticed_in_every_file_of_the_package() -> None:
    package = Path(layers.__file__).parent
    watched = {Path(file).relative_to(package).as_posix() for file, *_ in explorers._files()}
    assert watched == {file.relative_to(package).as_posix() for file in package.rglob("*.py")}
    assert {"layers.py", "lab/explorer.py", "data/cifar10.py"} <= watched


def test_a_changed_file_is_loaded_at_the_next_move_and_its_fault_said_until_it_changes_again(
    data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    files, told, loads = ["as it was"], ["a fault"], [0]

    def reload() -> str:
        loads[0] += 1
        return told[0]

    monkeypatch.setattr(explorers, "_files", lambda: list(files))
    monkeypatch.setattr(explorers, "_reload", reload)
    monkeypatch.setattr(explorers.Explorer, "_loaded", None)
    monkeypatch.setattr(explorers.Explorer, "_problem", "")

    async def scenario() -> None:
        explorer = widgets.weight_scale_explorer(data)
        moves = iter((-3.0, -1.0, -2.6))

        async def move() -> str:
            value = 10 ** next(moves)
            panel_of(explorer).sliders["weight_scale"].value = value
            await until(lambda: value in explorer.tried)
            return explorer.line

        assert (await move(), loads[0]) == ("a fault", 1)
        assert (await move(), loads[0]) == ("a fault", 1)
        files[0], told[0] = "mended", ""
        assert (await move(), loads[0]) == ("", 2)

    asyncio.run(scenario())


@pytest.mark.parametrize("explorer_of", each(2, EXPLORERS))
def test_in_english_nothing_is_left_of_montenegrin(
    explorer_of: Callable[..., NetExplorer], data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNKCIJE_LANG", "en")

    async def scenario() -> None:
        explorer = explorer_of(data)
        panel = panel_of(explorer)
        words = " ".join(
            [text_of(explorer), alt_of(explorer), panel.play.description, panel.stop.description]
            + [slider.description for slider in panel.sliders.values()]
        )
        assert "batch normalization: loss" in words
        words += re.sub(r"<style>.*</style>", "", panel.widget.children[0].value, flags=re.DOTALL)
        assert not re.search(r"[čćšžđ]|tezina|slojeva|korak ", words)

    asyncio.run(scenario())


def test_every_message_has_both_languages_with_the_same_facts() -> None:
    from funkcije.messages import MESSAGES

    explorers = list(MESSAGES)[list(MESSAGES).index("None") :]
    for key in explorers:
        montenegrin, english = (set(re.findall(r"\{(\w+)", text)) for text in MESSAGES[key])
        assert montenegrin == english, key


# Static: nobody is there.


@pytest.fixture(scope="module")
def alone(data: dict[str, np.ndarray]) -> list[NetExplorer]:
    """Each explorer, made where no event loop runs, which trains all that it shows."""
    return [explorer_of(data) for explorer_of in EXPLORERS]


def test_without_a_front_end_the_picture_stays_and_no_sliders(alone: list[NetExplorer]) -> None:
    for explorer in alone:
        [(bundle, about)] = explorer.outputs()
        assert set(bundle) == {"text/plain", "image/png"}
        assert is_a_drawing(base64.b64decode(bundle["image/png"]))
        assert about["image/png"]["alt"] == bundle["text/plain"]


def test_the_summary_has_several_points_where_nobody_can_make_them(alone: list[NetExplorer]) -> None:
    of_weight_scale, of_batch_size, *_ = alone
    assert sorted(of_weight_scale.tried) == [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert sorted(of_batch_size.tried) == [5, 50, 200]


def test_the_same_training_leaves_the_same_picture(alone: list[NetExplorer], data: dict[str, np.ndarray]) -> None:
    first, second = alone[2], widgets.training_explorer(data)
    assert (first.png, first.alt) == (second.png, second.alt)


def notebook_of(*sources: str) -> NotebookNode:
    return new_notebook(cells=[new_code_cell(source) for source in sources])


def picture_in(cell: NotebookNode) -> bytes:
    [output] = [output for output in cell.outputs if output.output_type != "stream"]
    assert WIDGET_VIEW not in output.data
    return base64.b64decode(output.data["image/png"])


SOURCES = (
    f"{DATA}\nfrom funkcije.widgets import *",
    "training_explorer(data)",
    "display(weight_scale_explorer(data))",
)


def test_nbclient_leaves_a_picture_in_the_cell_by_itself_and_for_nbgrader(submit: Callable[..., Path]) -> None:
    training, weight_scale = SOURCES[1:]
    by = "import os\nos.environ['NBGRADER_{}'] = '1'\nos.environ.pop('NBGRADER_{}', None)".format
    notebook = notebook_of(
        *SOURCES, by("EXECUTION", "VALIDATING"), training, by("VALIDATING", "EXECUTION"), weight_scale
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"OPENBLAS_NUM_THREADS": "1"}
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(submit())}}).execute(env=environment)
    for cell in (notebook.cells[number] for number in (1, 2, 4, 6)):
        assert is_a_drawing(picture_in(cell))
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    assert len(re.findall(r'<img[^>]*alt="[^"]*Grafici treniranja', page, flags=re.DOTALL)) == 4


def test_the_notebook_that_a_reader_of_a_submission_sees_has_the_picture(submit: Callable[..., Path]) -> None:
    notebook = notebook_of(*SOURCES, "update_rules_explorer()")
    assert run_notebook(notebook.cells, submit(), choose(), NotebookBounds(seconds=120)) is None
    *nets, race = (picture_in(cell) for cell in notebook.cells[1:])
    assert len(nets) == 2 and all(map(is_a_drawing, nets))
    assert Image.open(io.BytesIO(race)).width > 1000


@pytest.mark.full  # in a kernel, test_source_notebook runs the explorers of a stub
def test_in_a_stub_an_explorer_is_one_line(submit: Callable[..., Path]) -> None:
    notebook = notebook_of(*SOURCES)
    assert run_notebook(notebook.cells, submit(stub=True), choose(), NotebookBounds(seconds=120)) is None
    for cell in notebook.cells[1:]:
        [output] = cell.outputs
        [line] = output.data["text/plain"].splitlines()
        assert "koji još nije napisan: FullyConnectedNet" in line
        assert set(output.data) == {"text/plain"}


def test_without_ipywidgets_the_picture_stays_and_a_line_says_what_to_install(
    data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)

    async def scenario() -> None:
        [(bundle, _)] = widgets.training_explorer(data).outputs()
        assert set(bundle) == {"text/plain", "image/png"}

    asyncio.run(scenario())
    [line] = capsys.readouterr().out.splitlines()
    assert "pip install ipywidgets" in line


def test_the_package_is_imported_without_ipywidgets_and_pyplot(submit: Callable[..., Path]) -> None:
    code = "import sys, funkcije.widgets; print(sorted({'ipywidgets', 'matplotlib.pyplot'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=submit(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
