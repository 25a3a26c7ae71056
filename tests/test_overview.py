"""`check()` without a name: the whole assignment at a glance."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.reference.edits import Edit

Release = Callable[..., Path]
SHOWN = "from checks import check\nshown = check()\nprint(repr(shown))\nprint(shown._repr_html_() if shown else '')"
WRONG = Edit("layers", "batchnorm_backward", "dbeta = dout.sum(axis=0)", "dbeta = dout.mean(axis=0)")
NOT_WRITTEN = Edit(
    "layers", "layernorm_backward", "dbeta = dout.sum(axis=0)", "raise NotImplementedError('layernorm_backward')"
)


def at_a_glance(folder: Path, language: str = "en", **environment: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", SHOWN],
        cwd=folder,
        env={**os.environ, "FUNKCIJE_LANG": language, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    text, _, html = done.stdout.partition("<div")
    return text, html


def test_each_task_has_its_points_and_its_state_and_the_first_that_is_not_done_comes_next(
    release_like: Release,
) -> None:
    text, html = at_a_glance(release_like(WRONG, NOT_WRITTEN))
    states = {line.split()[1]: line.split()[2:] for line in text.splitlines() if line.strip()[:1] in "✓✗·"}
    assert states["batchnorm_forward"] == ["10/10", "done"]
    assert states["batchnorm_backward"][1:] == ["wrong"]
    assert states["layernorm_backward"] == ["0/4", "not", "written", "yet"]
    points = [float(line[0].partition("/")[0]) for line in states.values()]
    assert text.startswith(f"Total: {sum(points):g} of 40 points\n")
    assert text.rstrip().splitlines()[-1].startswith("Next: fix batchnorm_backward in funkcije/layers.py")
    for word in ("batchnorm_forward", "wrong", "not written yet", "Next: fix batchnorm_backward", 'role="img"'):
        assert word in html


def test_the_stub_is_told_where_to_begin_and_the_solution_how_to_end(release_like: Release) -> None:
    stub, _ = at_a_glance(release_like(stub=True, name="stub"), "cnr")
    assert stub.startswith("Ukupno: 0 od 40 bodova\n  [....................]\n")
    assert "Dalje: napišite batchnorm_forward u funkcije/layers.py" in stub
    full, html = at_a_glance(release_like(name="full"), "cnr")
    assert full.startswith("Ukupno: 40 od 40 bodova\n  [####################]\n")
    assert "hand_in()" in full
    assert re.search(r"width:100\.0%", html)


@pytest.mark.parametrize("variable", [{"NBGRADER_EXECUTION": "autograde"}, {"NBGRADER_VALIDATING": "1"}])
def test_nbgrader_is_shown_nothing_and_stopped_by_nothing(release_like: Release, variable: dict[str, str]) -> None:
    assert at_a_glance(release_like(stub=True), **variable)[0].strip() == "None"
