"""In a real JupyterLab: the race of the update rules, and depth with the gradients through the layers."""

import re
import shutil
from pathlib import Path

import nbformat
from lab import PATIENCE, ROOT, Lab, menu, run_cell, shot
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Locator, Page, expect
from watched import WATCH, move, move_slider

RACE = "update_rules_explorer()"
DEPTH = "depth_explorer(data)"
SOURCES = (
    "from funkcije.data_utils import get_CIFAR10_data\nfrom funkcije.widgets import *\n"
    "from funkcije.lab.reloading import load_changes_before_each_cell\nload_changes_before_each_cell()\n"
    "data = get_CIFAR10_data(1000, 200, 100)",
    RACE,
    DEPTH,
)
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
WORDS = {"finished": "Trka je završena", "progress": "napredak trke"}


def click(page: Page, explorer: Locator, across: float, down: float) -> None:
    """Click into the picture, at shares of its width and height, slowly: another takes its place in the meantime."""
    left, top, width, height = explorer.locator(".funkcije-picture").evaluate("""one => {
        const box = [...one.querySelectorAll('img')].find(image => image.offsetWidth).getBoundingClientRect();
        return [box.left, box.top, box.width, box.height];
    }""")
    page.mouse.click(left + across * width, top + down * height, delay=150)


def value_of(explorer: Locator, label: str) -> float:
    handle = explorer.locator(".widget-hslider", has_text=label).locator(".noUi-handle")
    return float(handle.get_attribute("aria-valuetext") or "nan")


def raced(page: Page, explorer: Locator) -> str:
    """Wait for the end of the race; the words of its picture."""
    expect(explorer.get_by_role("status")).to_contain_text(WORDS["finished"])
    expect(explorer.get_by_role("button", name="Zaustavi")).to_be_disabled()
    return explorer.locator("img").first.get_attribute("alt") or ""


def test_rules_race_from_where_somebody_clicks_or_moves_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    shutil.copytree(ROOT / "funkcije", desk / "funkcije", ignore=shutil.ignore_patterns("__pycache__"))
    cells = [new_code_cell(source) for source in SOURCES]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), desk / "trial.ipynb")
    with Lab(desk, tmp_path / "home") as lab:
        page = browser.new_page(viewport={"width": 1300, "height": 1050})
        page.set_default_timeout(PATIENCE * 1000)
        lab.open(page, "trial.ipynb")
        run_cell(page, lab, "get_CIFAR10_data(")
        explorer = run_cell(page, lab, RACE)
        expect(explorer.get_by_role("img", name="Trka pravila na tri površi").first).to_be_visible()
        page.evaluate(WATCH)

        # Sliders, a click into each form of the picture, arrow keys.
        move_slider(page, explorer, "stopa učenja", "race-1-rate", **WORDS)
        move_slider(page, explorer, "momentum", "race-2-momentum", **WORDS)
        clicks = [lambda: click(page, explorer, 0.08, 0.3), lambda: click(page, explorer, 0.88, 0.18)]
        move(page, explorer, "a click", "race-3-click", lambda: None, clicks, **WORDS)
        assert (value_of(explorer, "početna tačka: x"), value_of(explorer, "početna tačka: y")) != (-1.6, 1.25)

        picture = explorer.get_by_role("application", name="Slika trke. Strelice pomjeraju početnu tačku.")
        expect(picture).to_be_focused()
        expect(picture).to_have_css("border-top-color", "rgb(33, 150, 243)")
        before = value_of(explorer, "početna tačka: x")
        arrows = [lambda: page.keyboard.press("ArrowRight"), lambda: page.keyboard.press("ArrowUp")]
        move(page, explorer, "arrow keys", "race-4-arrows", picture.focus, arrows, **WORDS)
        expect(picture).to_be_focused()
        assert abs(value_of(explorer, "početna tačka: x") - before - 0.05) < 1e-9

        # What a screen reader says.
        handle = explorer.locator(".widget-hslider", has_text="početna tačka: y").locator(".noUi-handle")
        expect(handle).to_have_attribute("aria-label", "početna tačka: y")
        before = value_of(explorer, "početna tačka: y")
        handle.focus()
        page.keyboard.press("ArrowLeft")
        expect(handle).to_have_attribute("aria-valuetext", f"{before - 0.05:.2f}")
        assert re.search(r"Dolina, visina: SGD \S+, momentum \S+, RMSProp \S+, Adam \S+\.", raced(page, explorer))

        # A rule that raises is one line, and the others race on; mended, it races again.
        optim = desk / "funkcije" / "optim.py"
        text = optim.read_text(encoding="utf-8")
        broken = text.replace("cache *= decay_rate", "cache *= decay_rte")
        assert broken != text
        optim.write_text(broken, encoding="utf-8")
        explorer.get_by_role("button", name="Pokreni trku").click()
        expect(explorer.get_by_role("status")).to_contain_text("RMSProp: optim.py, linija")
        assert re.search(r"Dolina, visina: SGD \S+, momentum \S+, Adam \S+\.", raced(page, explorer))
        shot(page, "race-5-fault")
        optim.write_text(text, encoding="utf-8")
        explorer.get_by_role("button", name="Pokreni trku").click()
        expect(explorer.get_by_role("status")).not_to_contain_text("linija")
        assert "RMSProp" in raced(page, explorer)

        # Depth, with the gradients through the layers.
        depth = run_cell(page, lab, DEPTH)
        expect(depth.get_by_role("img", name="gradijenata po njima").first).to_be_visible()
        move_slider(page, depth, "dubina mreže", "race-6-depth")

        # 470 pixels, and dark.
        page.set_viewport_size({"width": 905, "height": 1400})
        explorer.scroll_into_view_if_needed()
        expect(explorer.locator(".funkcije-narrow")).to_be_visible()
        expect(explorer.locator(".funkcije-wide")).to_be_hidden()
        clicks = [lambda: click(page, explorer, 0.2, 0.06), lambda: click(page, explorer, 0.3, 0.4)]
        move(page, explorer, "a click, narrow", "race-7-narrow", lambda: None, clicks, **WORDS)
        menu(page, "Settings", "Theme")
        page.locator(".lm-Menu-itemLabel", has_text="JupyterLab Dark").first.click()
        expect(explorer.locator(".funkcije-narrow")).to_have_css("filter", re.compile("invert"))
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        shot(page, "race-8-dark-narrow")
        page.set_viewport_size({"width": 1300, "height": 1050})
        expect(explorer.locator(".funkcije-wide")).to_be_visible()
        explorer.scroll_into_view_if_needed()
        shot(page, "race-9-dark")

        # Without its kernel.
        gone = explorer.get_by_text("Kernel je ugašen ili ponovo pokrenut")
        expect(gone).to_be_hidden()
        menu(page, "Kernel", "Restart Kernel…")
        page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        expect(gone).to_be_visible()
        shot(page, "race-10-kernel-gone")

        menu(page, "File", "Save Notebook")
        page.wait_for_timeout(1500)
        page.close()
        lab.close_kernels()

        # What is handed in, and exported.
        saved = nbformat.read(desk / "trial.ipynb", as_version=4)
        html, _ = HTMLExporter(template_name="classic").from_notebook_node(saved)
        page = browser.new_page(viewport={"width": 1300, "height": 1050})
        page.route("https://**", lambda route: route.abort())
        page.set_content(html, wait_until="domcontentloaded")
        expect(page.get_by_role("img", name="Trka pravila na tri površi").first).to_be_visible()
        page.get_by_role("img", name="Trka pravila na tri površi").first.scroll_into_view_if_needed()
        shot(page, "race-11-exported")
        page.close()
