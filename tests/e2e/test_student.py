"""A student's afternoon in a real JupyterLab, from the untouched release to a notebook that is opened again."""

import shutil
import subprocess
from pathlib import Path

from lab import BIN, PATIENCE, Lab, cell, menu, run_cell, shot
from playwright.sync_api import Browser, Page, expect
from watched import WATCH, move_slider

from grader.course import Course

NAME = "batch_normalization"
NOTEBOOK = f"{NAME}.ipynb"
EXPLORERS = {
    "training_explorer(data, kinds": ("stopa učenja", "skala početnih težina", "veličina batch-a", "dubina mreže"),
    "weight_scale_explorer(data)": ("skala početnih težina",),
    "batch_size_explorer(data)": ("veličina batch-a",),
    "training_explorer(data)": ("stopa učenja", "veličina batch-a"),
}


def test_a_student_goes_from_the_stub_to_a_notebook_with_pictures(
    released: Course, browser: Browser, tmp_path: Path
) -> None:
    desk = tmp_path / "desk"
    shutil.copytree(released.release / NAME, desk)
    worked = released.root / "solutions" / NAME / "funkcije"
    with Lab(desk, tmp_path / "home") as lab:
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        page.set_default_timeout(PATIENCE * 1000)
        lab.open(page, NOTEBOOK)
        for source in ("import matplotlib.pyplot", "quick = any(", "def when_written", "data = get_CIFAR10_data("):
            run_cell(page, lab, source)

        # The stub: one friendly line where something is to be written.
        expect(run_cell(page, lab, 'check("batchnorm_forward")')).to_contain_text("0 od 10 bodova")
        stub = run_cell(page, lab, "weight_scale_explorer(data)")
        expect(stub.get_by_role("status")).to_contain_text("koji još nije napisan")
        shot(page, "student-1-stub")

        paste(page, lab, "layers.py", (worked / "layers.py").read_text(encoding="utf-8"))
        paste(page, lab, "fc_net.py", (worked / "fc_net.py").read_text(encoding="utf-8"))
        lab.open(page, NOTEBOOK)
        for name in ("batchnorm_forward", "batchnorm_backward", "layernorm_forward", "FullyConnectedNet"):
            expect(run_cell(page, lab, f'check("{name}")')).to_contain_text("bodova")
        expect(cell(page, 'check("batchnorm_forward")')).to_contain_text("10 od 10 bodova")
        expect(cell(page, 'check("FullyConnectedNet")')).to_contain_text("8 od 8 bodova")
        shot(page, "student-2-checks")
        print_cost(desk)

        page.evaluate(WATCH)
        for number, (source, sliders) in enumerate(EXPLORERS.items(), start=1):
            explorer = run_cell(page, lab, source)
            expect(explorer.get_by_role("img", name="Grafici treniranja").first).to_be_visible()
            for slider in sliders:
                move_slider(page, explorer, slider, f"student-3-explorer-{number}")
        shot(page, "student-4-explorers")

        menu(page, "File", "Save Notebook")
        page.wait_for_timeout(1000)
        validate(page)
        shot(page, "student-5-validated")
        page.locator(".jp-Dialog").get_by_role("button", name="Ok").click()

        menu(page, "File", "Save Notebook")
        page.wait_for_timeout(1500)
        page.close()
        lab.close_kernels()
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        page.set_default_timeout(PATIENCE * 1000)
        lab.open(page, NOTEBOOK)
        for source in EXPLORERS:
            output = cell(page, source).locator(".jp-OutputArea-output")
            cell(page, source).scroll_into_view_if_needed()
            expect(output.locator("img").first).to_be_visible()
            expect(cell(page, source).get_by_text("model not found")).to_be_hidden()
        shot(page, "student-6-reopened")
        page.close()


COST = """
import statistics, sys, time, types
sys.modules["ipykernel"] = types.ModuleType("ipykernel")  # a spare process is started, as in a kernel
from checks import check, run_recorded
from checks.practice import only_assignment
import funkcije.fc_net
assignment, seconds = only_assignment(), {True: [], False: []}
run_recorded(assignment, language="en")
for function in assignment.functions * 3:
    time.sleep(1)  # a person reads, and the spare process gets ready
    for apart in seconds:
        began = time.perf_counter()
        repr(check(function)) if apart else repr(run_recorded(assignment, language="en", functions=[function]))
        seconds[apart].append(time.perf_counter() - began)
apart, here = (statistics.median(seconds[kind]) for kind in (True, False))
print(f"a check of the files on disk takes {apart:.2f} s, one of what is loaded {here:.2f} s (median)")
"""


def print_cost(desk: Path) -> None:
    """Print, and never judge, what it costs that a check judges the files on disk."""
    done = subprocess.run([str(BIN / "python"), "-c", COST], cwd=desk, capture_output=True, text=True, check=True)
    print(f"\n{done.stdout.strip()}", end="")


def paste(page: Page, lab: Lab, module: str, text: str) -> None:
    """Open a module in Lab's editor, replace all of it, and save."""
    page.goto(f"{lab.url}/lab/tree/funkcije/{module}?reset")
    editor = page.locator(".jp-FileEditor .cm-content").first
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    page.keyboard.press("Control+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
    assert (lab.folder / "funkcije" / module).read_text(encoding="utf-8").split() == text.split()


def validate(page: Page) -> None:
    """Press nbgrader's button: all that it misses are the written answers."""
    page.get_by_role("button", name="Validate").first.click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("You did not provide a response.")
    expect(dialog).not_to_contain_text("check(")
