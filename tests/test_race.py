"""The race of the update rules: a student's own rules on three surfaces, and what a person sees of it."""

import asyncio
import base64
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explorers import WIDGET_VIEW, alt_of, nothing_runs, panel_of, picture_of, plots_drawn_once, text_of, until
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from funkcije import optim
from funkcije.gradient_check import eval_numerical_gradient
from funkcije.lab import explorer as explorers
from funkcije.lab import race, race_explorer
from funkcije.lab.explorer import Explorer
from funkcije.lab.race import STEPS, Race
from funkcije.lab.race_figures import STYLES, RacePicture, RaceShown
from funkcije.lab.surfaces import SURFACES, X, Y
from funkcije.widgets import update_rules_explorer
from grader.classroom.pages.notebook import NotebookBounds, run_notebook
from grader.sandbox.choose import choose

PICTURES = plots_drawn_once(RacePicture)
RULES = ("sgd", "sgd_momentum", "rmsprop", "adam")
START = (-1.6, 1.25)


def raced(rate: float = 0.1, **settings: dict[str, float]) -> Race:
    """A race that is over."""
    configs = {rule: {"learning_rate": rate} | settings.get(rule, {}) for rule in RULES}
    run = Race(configs, START, watched=False)
    while run.advance(60):
        pass
    return run


def put(monkeypatch: pytest.MonkeyPatch, rule: str, does: Callable[..., Any]) -> None:
    monkeypatch.setattr(optim, rule, does)


# Surfaces.


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_a_surface_has_the_gradient_of_its_height_and_is_0_where_it_is_lowest(surface: Any) -> None:
    for point in np.random.default_rng(0).uniform(-2, 2, (5, 2)):
        numerical = eval_numerical_gradient(lambda p: float(surface.height(p)), point.copy(), verbose=False)
        np.testing.assert_allclose(surface.gradient(point), numerical, atol=1e-8)
    lowest = np.array(surface.lowest)
    np.testing.assert_allclose(surface.height(lowest), 0, atol=1e-12)
    grid = np.stack(np.meshgrid(np.linspace(*X, 81), np.linspace(*Y, 61)), axis=-1)
    assert surface.height(grid).min() >= 0


def test_the_saddle_lies_between_its_two_lowest_points_and_a_rule_leaves_it_late() -> None:
    saddle = next(surface for surface in SURFACES if surface.name == "saddle")
    np.testing.assert_allclose(saddle.gradient(np.zeros(2)), 0)
    assert saddle.height(np.zeros(2)) == pytest.approx(0.25)
    run = raced(0.03)
    low = {rule: int(np.argmax(run.heights(rule)[SURFACES.index(saddle)] < 0.1)) for rule in RULES}
    assert low["sgd"] > 90  # and half of that it is near the saddle
    assert all(0 < low[rule] < 80 for rule in RULES[1:])


# The race.


def test_a_rule_is_called_as_the_solver_calls_it_from_step_to_step() -> None:
    run = raced(sgd_momentum={"momentum": 0.5}, rmsprop={"decay_rate": 0.8}, adam={"beta1": 0.8, "beta2": 0.9})
    settings: dict[str, dict[str, float]] = {
        "sgd": {},
        "sgd_momentum": {"momentum": 0.5},
        "rmsprop": {"decay_rate": 0.8},
        "adam": {"beta1": 0.8, "beta2": 0.9},
    }
    for rule, others in settings.items():
        for k, surface in enumerate(SURFACES[:2]):
            w, config = np.array(START), {"learning_rate": 0.1, **others}
            for step in range(STEPS):
                np.testing.assert_allclose(run.points[rule][k, step], w)
                w, config = getattr(optim, rule)(w, surface.gradient(w), config)


def test_noise_is_the_same_for_all_rules_and_in_every_race(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[np.ndarray]] = {rule: [] for rule in RULES}

    def stays(rule: str) -> Callable[..., Any]:
        def note(w: np.ndarray, dw: np.ndarray, config: Any) -> Any:
            seen[rule].append(dw.copy())
            return w, config

        return note

    for rule in RULES:
        put(monkeypatch, rule, stays(rule))
    for _ in range(2):
        raced()
    noisy = {rule: np.array(found[2::3]) for rule, found in seen.items()}
    first = noisy["sgd"][:STEPS]
    for found in noisy.values():
        np.testing.assert_array_equal(found, np.concatenate([first, first]))
    assert np.abs(first.mean(axis=0) - START).max() < 0.3
    assert np.abs(first.std(axis=0) - 1).max() < 0.2
    assert np.ptp(np.array(seen["sgd"][0::3]), axis=0).max() == 0  # the valley has none


def _raises(w: np.ndarray, dw: np.ndarray, config: Any) -> Any:
    raise ZeroDivisionError("of my own")


def _is_blank(w: np.ndarray, dw: np.ndarray, config: Any) -> Any:
    raise NotImplementedError("adam: još nije napisano (not written yet)")


@pytest.mark.parametrize(
    ("does", "line"),
    [
        (_raises, r"Adam: test_race\.py, linija \d+: ZeroDivisionError: of my own"),
        (_is_blank, r"Adam: pravilo još nije napisano i ne učestvuje u trci\."),
        (lambda w, dw, config: None, r"Adam: pravilo vraća NoneType; očekuje se par w, config"),
        (lambda w, dw, config: w, r"Adam: pravilo vraća ndarray; očekuje se par w, config"),
        (
            lambda w, dw, config: (w.sum(), config),
            r"Adam: pravilo vraća w koje je float64 \(\); očekuje se niz brojeva oblika \(2,\)",
        ),
        (
            lambda w, dw, config: (np.nan * w, config),
            r"Adam: tačka više nije konačan broj \(dolina: korak 1, sedlo: korak 1, zdjela sa šumom: korak 1\)\.",
        ),
        (
            lambda w, dw, config: (w + 9, config),
            r"Adam: izvan okvira grafika \(dolina, sedlo, zdjela sa šumom\)\.",
        ),
    ],
)
def test_a_rule_that_cannot_race_is_one_line_and_the_others_race_on(
    does: Callable[..., Any], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = raced()
    put(monkeypatch, "adam", does)
    run = raced()
    [remark] = RaceShown("", run).remarks()
    assert re.fullmatch(line, remark)
    assert run.step == STEPS
    for rule in RULES[:3]:
        np.testing.assert_array_equal(run.points[rule], expected.points[rule])


def test_a_rule_that_spoils_its_gradient_or_its_config_disturbs_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = raced()

    def spoils(w: np.ndarray, dw: np.ndarray, config: Any) -> Any:
        dw[:] = np.nan
        config.clear()
        return w, config

    put(monkeypatch, "sgd", spoils)
    run = raced()
    for rule in RULES[1:]:
        np.testing.assert_array_equal(run.points[rule], expected.points[rule])


def test_with_a_rate_that_is_too_large_the_valley_is_left_and_said_so() -> None:
    run = raced(10.0)
    remarks = RaceShown("", run).remarks()
    [line] = [line for line in remarks if line.startswith("SGD")]
    assert re.fullmatch(r"SGD: tačka više nije konačan broj \(dolina: korak \d+, sedlo: korak \d+\)\.", line)
    for k, step in ((k, step) for (rule, k), step in run.stopped.items() if rule == "sgd"):
        assert np.isfinite(run.points["sgd"][k, :step]).all()
        assert not np.isfinite(run.points["sgd"][k, step:]).any(axis=-1).all()


def test_when_no_rule_is_left_the_race_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    for rule in RULES:
        put(monkeypatch, rule, _raises)
    run = Race({rule: {} for rule in RULES}, START, watched=True)
    assert not run.advance(60)
    assert len(RaceShown("", run).remarks()) == 4


# What a person sees.


@pytest.fixture(autouse=True)
def _plots_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race_explorer, "RacePicture", PICTURES)


@pytest.fixture
def _somebody_is_there(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(explorers, "someone_is_there", lambda: True)
    yield
    Explorer._running = None
    Explorer._in_cells.clear()


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch, _somebody_is_there: None) -> list[Race]:
    """The race of each slice, in their order."""
    seen: list[Race] = []
    advance = Race.advance

    def some_steps(run: Race, seconds: float) -> bool:
        seen.append(run)
        return advance(run, seconds)

    monkeypatch.setattr(Race, "advance", some_steps)
    return seen


@pytest.fixture
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A race that is watched makes two steps in a slice, whatever the clock says."""
    monkeypatch.setattr(race, "SECONDS", 1e9)


@pytest.mark.usefixtures("_unhurried")
def test_a_click_on_a_surface_or_an_arrow_sets_the_point_and_ends_the_race_that_runs(races: list[Race]) -> None:
    async def scenario() -> None:
        explorer = update_rules_explorer()
        panel = panel_of(explorer)
        made = len(races)
        for form in ("wide", "narrow"):
            picture = explorer._picture if form == "wide" else explorer._narrow
            for ax in picture.plots[:3]:
                across, up = ax.transData.transform((-1.8, 1.4)) / ax.figure.bbox.size
                panel.pointed.value = f"funkcije-{form} {across:.4f} {1 - up:.4f} {len(races)}"
                await until(lambda made=made: len(races) >= made + 2)
                x, y = races[-1].start
                assert (x, y) == pytest.approx((-1.8, 1.4))
                old, made = races[-1], len(races)
                panel.pointed.value = f"ArrowRight {len(races)}"
                await until(lambda old=old: races[-1] is not old)
                assert races[-1].start == pytest.approx((x + 0.05, y))
                panel.pointed.value = f"ArrowDown {len(races)}"
                await until(lambda x=x, y=y: races[-1].start == pytest.approx((x + 0.05, y - 0.05)))
                moved = len(races)
                await until(lambda moved=moved: len(races) > moved + 3)
                assert {id(run) for run in races[moved:]} == {id(races[-1])}
                made = len(races)
        assert panel.sliders["start_x"].value == races[-1].start[0]
        explorer.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("words", ["", "funkcije-wide 0.01 0.99 1", "funkcije-wide 0.2 0.8 1", "funkcije-wide 2 2 1"])
def test_a_click_beside_the_surfaces_moves_nothing(words: str, races: list[Race]) -> None:
    async def scenario() -> None:
        explorer = update_rules_explorer()
        made = len(races)
        panel_of(explorer).pointed.value = words
        await nothing_runs()
        assert len(races) == made
        assert panel_of(explorer).sliders["start_x"].value == -1.6

    asyncio.run(scenario())


def test_arrows_stop_at_the_edge_of_the_surfaces(races: list[Race]) -> None:
    async def scenario() -> None:
        explorer = update_rules_explorer()
        panel = panel_of(explorer)
        for press in range(50):
            panel.pointed.value = f"ArrowLeft {press}"
            panel.pointed.value = f"ArrowUp {press}"
        assert (panel.sliders["start_x"].value, panel.sliders["start_y"].value) == (X[0], Y[1])
        explorer.stop()

    asyncio.run(scenario())


def test_sliders_set_the_rate_and_the_decays_of_the_rules_that_have_them(
    races: list[Race], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def note(rule: str) -> Callable[..., Any]:
        return lambda w, dw, config: (seen.update({rule: dict(config)}), (w, config))[1]

    async def scenario() -> None:
        explorer = update_rules_explorer()
        for rule in RULES:
            put(monkeypatch, rule, note(rule))
        sliders = panel_of(explorer).sliders
        sliders["memory"].value, sliders["decay"].value, sliders["learning_rate"].value = 0.5, 0.999, 10**-2.0
        await until(lambda: "adam" in seen)
        explorer.stop()
        assert seen == {
            "sgd": {"learning_rate": 0.01},
            "sgd_momentum": {"learning_rate": 0.01, "momentum": 0.5},
            "rmsprop": {"learning_rate": 0.01, "decay_rate": 0.999},
            "adam": {"learning_rate": 0.01, "beta1": 0.5, "beta2": 0.999},
        }

    asyncio.run(scenario())


@pytest.mark.usefixtures("_unhurried")
def test_the_first_picture_of_a_move_comes_after_a_few_steps_and_each_says_other_numbers(races: list[Race]) -> None:
    async def scenario() -> None:
        explorer = update_rules_explorer()
        seen: list[str] = [alt_of(explorer)]
        panel_of(explorer).play.click()

        def collected() -> bool:
            if alt_of(explorer) != seen[-1]:
                seen.append(alt_of(explorer))
            return len(seen) > 4

        await until(collected)
        explorer.stop()
        assert "korak 200 od 200" in seen[0]
        assert f"korak {race.LEAST} od 200" in seen[1]
        number = r"-?[\d.e+-]+"
        for surface in ("Dolina", "Sedlo", "Zdjela sa šumom"):
            values = rf"{surface}, visina: SGD {number}, momentum {number}, RMSProp {number}, Adam {number}\."
            assert re.search(values, seen[1])

    asyncio.run(scenario())


def test_a_race_runs_to_its_end_and_stop_says_how_far_it_came(races: list[Race]) -> None:
    async def scenario() -> None:
        explorer = update_rules_explorer()
        panel = panel_of(explorer)
        assert text_of(explorer).startswith("Kliknite na neku od površi")
        made = len(races)
        panel.play.click()
        await until(lambda: len(races) >= made + 3)
        assert re.fullmatch(r"Trka traje, od tačke \(-1\.60, 1\.25\)\.", text_of(explorer))
        assert 'aria-label="napredak trke"' in panel._bar.value
        panel.stop.click()
        await until(lambda: panel.stop.disabled)
        assert re.fullmatch(r"Trka je zaustavljena na \d+%\.", text_of(explorer))
        panel.play.click()
        await until(lambda: text_of(explorer) == "Trka je završena.")
        assert "korak 200 od 200" in alt_of(explorer)

    asyncio.run(scenario())


@pytest.mark.usefixtures("_somebody_is_there")
def test_for_a_narrow_panel_the_plots_stand_two_by_two() -> None:
    async def scenario() -> None:
        explorer = update_rules_explorer()
        wide, narrow = (Image.open(io.BytesIO(picture_of(explorer, form))) for form in ("wide", "narrow"))
        assert wide.width > 1000 and narrow.width < 520
        sliders, kept, _ = (piece for piece, _ in explorer.outputs())
        assert WIDGET_VIEW in sliders and "image/png" in kept

    asyncio.run(scenario())


def test_the_lines_of_all_rules_have_contrast_and_differ_without_colour() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    for style in STYLES.values():
        assert 1.05 / (luminance(style["color"]) + 0.05) >= 3
    for look in ("linestyle", "marker"):
        assert len({style[look] for style in STYLES.values()}) == len(RULES)


def test_in_english_nothing_is_left_of_montenegrin(races: list[Race], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNKCIJE_LANG", "en")
    put(monkeypatch, "adam", lambda w, dw, config: None)
    put(monkeypatch, "sgd", lambda w, dw, config: (np.inf * w, config))

    async def scenario() -> None:
        explorer = update_rules_explorer()
        panel = panel_of(explorer)
        panel.play.click()
        await until(lambda: "has finished" in text_of(explorer))
        titles = [ax.get_title() + ax.get_xlabel() + ax.get_ylabel() for ax in explorer._picture.plots]
        words = " ".join(
            [text_of(explorer), alt_of(explorer), panel.play.description, panel.pointed.placeholder, *titles]
            + [slider.description for slider in panel.sliders.values()]
        )
        assert "Saddle, height: momentum" in words
        assert not re.search(r"[čćšžđ]|tačk|korak|dolina|sedlo|visina|trka", words)

    asyncio.run(scenario())


# Nobody is there.


def test_without_a_front_end_the_picture_of_a_whole_race_stays_with_its_words() -> None:
    first, second = update_rules_explorer(), update_rules_explorer()
    [(bundle, about)] = first.outputs()
    assert set(bundle) == {"text/plain", "image/png"}
    assert about["image/png"]["alt"] == bundle["text/plain"] == first.alt
    assert "korak 200 od 200" in first.alt
    assert (first.png, first.alt) == (second.png, second.alt)
    pixels = np.asarray(Image.open(io.BytesIO(first.png)).convert("RGB")).astype(int)
    for style in STYLES.values():
        rgb = [int(style["color"][start : start + 2], 16) for start in (1, 3, 5)]
        assert (np.abs(pixels - rgb).max(axis=2) < 12).sum() > 100


@pytest.mark.full  # the picture itself, test_widgets looks at
def test_the_notebook_that_a_reader_of_a_submission_sees_and_its_page_have_the_picture(
    submit: Callable[..., Path],
) -> None:
    sources = ("from funkcije.widgets import *", "update_rules_explorer()")
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    assert run_notebook(notebook.cells, submit(), choose(), NotebookBounds(seconds=120)) is None
    [output] = notebook.cells[1].outputs
    assert Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).width > 1000
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    assert len(re.findall(r'<img[^>]*alt="[^"]*Trka pravila na tri površi', page, flags=re.DOTALL)) == 1
    page, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)  # which has no place for words
    assert output.data["image/png"].strip() in page


def test_rules_that_are_blank_in_a_release_are_a_line_each_and_the_given_one_races(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for rule in RULES[1:]:
        put(monkeypatch, rule, _is_blank)
    [(bundle, _)] = update_rules_explorer().outputs()
    assert "Dolina, visina: SGD" in bundle["text/plain"]
    assert bundle["text/plain"].count("pravilo još nije napisano") == 3
    assert "image/png" in bundle
