"""The plan of the house: what runs inside the wall, what a configuration may name, and what the page says of both."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from a_course import small_course
from classroom import hand_in
from traitlets.utils.importstring import import_item

from checks import FRAMEWORK
from grader import plugins
from grader.classroom.whole_class import grade_class
from grader.course import CONFIG
from grader.publish.release import release
from grader.sandbox.staging import INSIDE, stage_kit

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES = 400
LISTS = ("mistakes", "variants", "pretenders")
"""Folders of an assignment that hold one entry after another, however many there are."""


def modules_of(folder: str) -> list[Path]:
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts]


@cache
def imported_by(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it, by their whole names."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            found |= {name, *(f"{name}.{alias.name}" for alias in node.names)}
    return found


WORLD = re.compile(
    r"\b(gamma|beta|d(out|x|gamma|beta)_?hat|dout|x_hat|bn_param|ln_param|eps|layers?|variances?|FullyConnectedNet"
    r"|batch_?norm\w*|layer_?norm\w*|normali[sz]ations?)\b|(?<=_)(gamma|beta)\b",
    re.IGNORECASE,
)
"""Words of the assignments in this repository."""
NUMPY = re.compile(r"np\.finfo\(\w+\)\.eps")


def test_what_serves_every_assignment_names_nothing_of_any() -> None:
    rooms = ("grader", *(f"checks/{room}" for room in FRAMEWORK))
    files = [path for room in rooms for path in (ROOT / room).rglob("*") if path.suffix in {".py", ".toml"}]
    files += [path for path in (ROOT / "checks").iterdir() if path.suffix in {".py", ".toml"}]
    assert len(files) > 50
    found = [
        f"{path.relative_to(ROOT)}:{number}: {word[0]}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (word := WORLD.search(NUMPY.sub("", line)))
    ]
    allowed = {"grader/classroom/pages/formulas.py"}  # which knows the Greek letters
    assert [place for place in found if place.partition(":")[0] not in allowed] == []


@pytest.mark.parametrize("folder", ["grader", "checks", "funkcije"])
def test_no_module_is_longer_than_one_reads_in_a_sitting(folder: str) -> None:
    for path in modules_of(folder):
        if not {*LISTS}.intersection(path.relative_to(ROOT).parts):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= MOST_LINES, f"{path.relative_to(ROOT)}: {lines} lines"


def test_few_modules_lie_beside_the_rooms_and_few_files_beside_the_students_own() -> None:
    assert len(list((ROOT / "grader").glob("*.py"))) <= 10
    assert len([path for path in (ROOT / "funkcije").iterdir() if path.is_file()]) <= 14


def test_inside_the_wall_nothing_is_imported_but_the_standard_library_and_what_a_notebook_needs() -> None:
    allowed = {"numpy", "msgpack"}
    shell = {"IPython", "traitlets", "matplotlib", "matplotlib_inline"}
    for folder in INSIDE:
        for path in modules_of(folder):
            roots = {name.partition(".")[0] for name in imported_by(path)} - sys.stdlib_module_names
            own = {name for name in imported_by(path) if name.partition(".")[0] in {"grader", "checks"}}
            assert roots - {"grader", "checks"} <= allowed | (shell if path.stem == "notebook" else set()), path
            inside = tuple(folder.replace("/", ".") for folder in INSIDE)
            assert all(name.startswith(inside) for name in own), path


def test_a_stage_holds_the_two_folders_and_nothing_else_of_the_kit(tmp_path: Path) -> None:
    stage_kit(tmp_path)
    staged = {path.relative_to(tmp_path / "kit").as_posix() for path in tmp_path.rglob("*.py")}
    inside = {path.relative_to(ROOT).as_posix() for folder in INSIDE for path in (ROOT / folder).glob("*.py")}
    assert staged == inside | {"checks/__init__.py", "grader/__init__.py"}
    assert (tmp_path / "kit" / "grader" / "__init__.py").read_text() == ""


def configured() -> set[str]:
    """What the course's own configuration names of the kit."""
    return set(re.findall(r'"(grader\.[\w.]+)"', (ROOT / CONFIG).read_text(encoding="utf-8")))


def test_a_configuration_names_plugins_and_each_is_there() -> None:
    assert configured() == {plugins.name_of(name) for name in dir(plugins)}
    for name in configured():
        assert import_item(name).__name__ == name.rpartition(".")[2]
    with pytest.raises(ImportError):
        import_item("grader.plugins.NoSuchStep")


def test_names_of_the_version_before_lead_to_the_same_classes() -> None:
    for name in dir(plugins):
        now, before = plugins.names_of(name)
        assert import_item(before) is import_item(now)
        assert before.startswith("grader.") and before != now


def test_a_course_configured_for_the_version_before_releases_and_grades_as_it_did(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    text = (course.root / CONFIG).read_text(encoding="utf-8")
    for name in dir(plugins):
        now, before = plugins.names_of(name)
        text = text.replace(f'"{now}"', f'"{before}"')
    assert "grader.plugins" not in text
    (course.root / CONFIG).write_text(text, encoding="utf-8")
    release(course, "scale", execute=False)
    hand_in(course, "ana")
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert (row.problem, row.total) == ("", 4.0)


def rooms_in_order() -> list[str]:
    """The rooms of `grader/` from the top, as the contract of `make lint` has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return [name.strip() for layer in layers for name in layer.split("|")]


PLAN = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_picture_shows_the_rooms_in_the_order_that_lint_holds() -> None:
    picture = "\n".join(line for line in PLAN.splitlines() if line.startswith("    "))
    folders = {path.name for path in (ROOT / "grader").iterdir() if (path / "__init__.py").is_file()}
    places = {}
    for name in rooms_in_order():
        found = re.search(rf"\b{name}\b", picture)
        assert found or name in {"surroundings", "plugins"}, name
        if found and name in folders:
            places[name] = picture[: found.start()].count("\n")
    assert set(places) == folders
    assert list(places.values()) == sorted(places.values())


def ways() -> dict[str, list[str]]:
    """Each way on the page, as its numbered entries."""
    found = {}
    for section in PLAN.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        found[title] = re.split(r"^\d+\. ", text, flags=re.MULTILINE)[1:]
    return found


def test_each_way_passes_from_module_to_module_as_they_import_each_other() -> None:
    assert len(ways()) == 6
    unreached = []
    for title, entries in ways().items():
        seen: set[str] = set()
        for entry in entries:
            named = re.findall(r"`((?:grader|checks|funkcije)/[\w/]+\.py)`", entry)
            assert named, (title, entry)
            for path in named:
                assert (ROOT / path).is_file(), (title, path)
                module = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
                reached = any(module in imported_by(ROOT / other) for other in seen)
                if seen and not reached and not entry.startswith("("):
                    unreached.append(f"{title}: nothing before {path} imports it")
                seen.add(path)
    assert unreached == []


def test_the_ways_pass_through_every_room_but_those_that_are_no_way_for_a_user() -> None:
    """A page that leaves a room out would not be found out by the ways alone."""
    rooms = {name for name in rooms_in_order() if (ROOT / "grader" / name).is_dir()}
    on_the_ways = {path.split("/")[1] for path in re.findall(r"`(grader/\w+/[\w/]+\.py)`", PLAN)}
    assert rooms - on_the_ways == {"doctor", "demo", "mutation"}


def test_threads_never_parse_python_at_once() -> None:
    """`grader.reference.syntax.parse` says why; an assignment's checks are loaded before there are threads."""
    direct = {
        path.relative_to(ROOT).as_posix() for path in modules_of("grader") if "ast.parse(" in path.read_text("utf-8")
    }
    assert direct == {"grader/reference/syntax.py", "grader/translation/cells.py"}  # the second, in releases alone


@pytest.mark.parametrize("script", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda script: script.stem)
def test_what_a_benchmark_imports_of_the_kit_is_there(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)  # another test's course may have a package of the same name
    for name in [*sys.modules]:
        if name.partition(".")[0] == "funkcije":
            monkeypatch.delitem(sys.modules, name)
    imports = [node for node in ast.walk(ast.parse(script.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    kits = [node for node in imports if str(node.module).partition(".")[0] in ("grader", "checks", "funkcije")]
    assert kits
    for node in kits:
        module = importlib.import_module(str(node.module))
        missing = [alias.name for alias in node.names if not hasattr(module, alias.name)]
        assert [name for name in missing if not importlib.util.find_spec(f"{node.module}.{name}")] == []
