"""In a real JupyterLab: an explorer in a narrow notebook, in the dark theme, for a screen reader, without a kernel."""

import re
import shutil
from pathlib import Path

import nbformat
from lab import PATIENCE, ROOT, Lab, cell, menu, run_cell, shot
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, expect

SOURCES = (
    "from funkcije.data_utils import get_CIFAR10_data\nfrom funkcije.widgets import training_explorer\n"
    "from funkcije.experiments import batch_size_experiment\ndata = get_CIFAR10_data(1000, 200, 100)",
    "training_explorer(data)",
    "batch_size_experiment(data, (5, 10), num_train=200, epochs=3, cache=False)\nprint('finished')",
)
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def test_an_explorer_is_usable_in_470_pixels_in_the_dark_and_says_when_its_kernel_is_gone(
    browser: Browser, tmp_path: Path
) -> None:
    desk = tmp_path / "desk"
    shutil.copytree(ROOT / "funkcije", desk / "funkcije", ignore=shutil.ignore_patterns("__pycache__"))
    cells = [new_code_cell(source) for source in SOURCES]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), desk / "trial.ipynb")
    with Lab(desk, tmp_path / "home") as lab:
        page = browser.new_page(viewport={"width": 905, "height": 1000})
        page.set_default_timeout(PATIENCE * 1000)
        lab.open(page, "trial.ipynb")
        for source in ("get_CIFAR10_data(", "training_explorer(data)"):
            run_cell(page, lab, source)
        explorer = cell(page, "training_explorer(data)")

        # 470 pixels: labels above their sliders, the narrow picture.
        picture = explorer.locator(".funkcije-narrow")
        expect(picture).to_be_visible()
        expect(explorer.locator(".funkcije-wide")).to_be_hidden()
        slider = explorer.locator(".widget-hslider").first
        label, track = (slider.locator(part).bounding_box() for part in (".widget-label", ".slider-container"))
        assert label
        assert track
        assert label["y"] + label["height"] <= track["y"]
        assert track["width"] > 200
        shot(page, "explorer-470")

        # What a screen reader says.
        handle = slider.locator(".noUi-handle")
        expect(handle).to_have_attribute("aria-label", "stopa učenja (po koraku)")
        expect(handle).to_have_attribute("aria-valuetext", "1.0e-3")
        handle.focus()
        page.keyboard.press("ArrowRight")
        expect(handle).to_have_attribute("aria-valuetext", "1.8e-3")

        # Dark.
        page.set_viewport_size({"width": 1300, "height": 1000})
        expect(explorer.locator(".funkcije-wide")).to_be_visible()
        menu(page, "Settings", "Theme")
        page.locator(".lm-Menu-itemLabel", has_text="JupyterLab Dark").first.click()
        expect(explorer.locator(".funkcije-wide")).to_have_css("filter", re.compile("invert"))
        shot(page, "explorer-dark")

        # A bar leaves nothing.
        trained = run_cell(page, lab, "batch_size_experiment(data")
        expect(trained).to_contain_text("finished")
        expect(trained.locator("progress")).to_have_count(0)

        # Without its kernel.
        gone = explorer.get_by_text("Kernel je ugašen ili ponovo pokrenut")
        expect(gone).to_be_hidden()
        menu(page, "Kernel", "Restart Kernel…")
        page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        expect(gone).to_be_visible()
        expect(explorer.get_by_role("status")).to_be_hidden()
        shot(page, "explorer-kernel-gone")

        menu(page, "File", "Save Notebook")
        page.wait_for_timeout(1500)
        page.close()
        lab.close_kernels()
    saved = nbformat.read(desk / "trial.ipynb", as_version=4)
    assert "application/vnd.jupyter.widget-view+json" not in str(saved.cells[2].outputs)
