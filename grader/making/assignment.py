"""A new assignment: checks, notebook and contract of one function, as a skeleton that can be released at once.

What the function takes is read from its source, and what can be drawn for it is found by trying.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..course import Course
from ..errors import GraderError
from ..reference.package import load_package
from ..reference.regions import find_regions
from ..reference.syntax import parse
from ..settings import ASSIGNMENT_NAME, is_assignment_name
from ..text import sentences, shown
from .files import filled, write_new

_DRAWS = {
    "vector": "rng.normal(size=N)",
    "matrix": "rng.normal(size=(N, D))",
    "number": "float(rng.uniform(0.5, 1.5))",
    "integer": "int(rng.integers(1, 4))",
}
_SIZES = {"N": 7, "D": 4}
_ANNOTATED = {"float": ("number",), "int": ("integer",)}
_MOST_TRIED = 256


@dataclass(frozen=True)
class _Written:
    """A function as its source has it."""

    parameters: tuple[tuple[str, str], ...]
    """Those that must be given, each with its annotation."""
    description: str


def new_assignment(course: Course, name: str, module: str, function: str) -> list[str]:
    """Write the checks, the notebook and the contract of a function that the course's package has.

    Args:
        course: the course.
        name: the assignment.
        module: of the package, without `.py`.
        function: what students write.

    Returns:
        The paths of what was written, in the course.

    Raises:
        GraderError: no such function, no region of the assignment in it, nothing that can be drawn for it, or one of
            the files is there already.
    """
    if not is_assignment_name(name):
        raise GraderError(f"{shown(name)}: expected {ASSIGNMENT_NAME}. Next: take another name.")
    written = _read(course, name, module, function)
    drawn = [_DRAWS[draw] for draw in _tried(course, module, function, written)]
    sizes = {size: length for size, length in _SIZES.items() if any(re.search(rf"\b{size}\b", draw) for draw in drawn)}
    parameters = [parameter for parameter, _ in written.parameters]
    task = {"function": function, "package": course.package.name, "module": module}
    says = {language: sentences(language) for language in course.settings.languages}
    files = filled(
        "assignment",
        {
            "name": name,
            "module": module,
            "function": function,
            "contract": function.upper().replace("_", "-"),
            "parameters": ", ".join(parameters),
            "draws": ", ".join(drawn),
            "sizes": ", ".join(f'"{size}": {length}' for size, length in sizes.items()),
            "names": "".join(f", {size}" for size in sizes),
            "says": ", ".join(f'"{language}": "{say("new_expected", **task)}"' for language, say in says.items()),
            "task": "\\n\\n".join(say("new_task", **task) for say in says.values()),
            "description": written.description,
        },
    )
    write_new(course.root, files)
    return [*files]


def _read(course: Course, name: str, module: str, function: str) -> _Written:
    """Read a function's signature.

    Raises:
        GraderError: there is no such function, or no region of the assignment in it.
    """
    where = f"{course.package.name}/{module}.py"
    path = course.package / f"{module}.py"
    if not module.isidentifier() or not path.is_file():
        raise GraderError(
            f"{shown(where)}: no such module in {course.root}. Next: write the function there first, or pass "
            "--function MODULE:FUNCTION with one that there is."
        )
    text = path.read_text(encoding="utf-8")
    regions = find_regions(text, where)
    found = [node for node in parse(text).body if isinstance(node, ast.FunctionDef) and node.name == function]
    if not found:
        raise GraderError(f"{where}: no function {shown(function)} in it. Next: check the spelling, or write it first.")
    if not any(region.assignment == name and region.function == function for region in regions):
        raise GraderError(
            f"{where}: {function} has no region of the assignment {name}. Next: put `### BEGIN SOLUTION {name}` and "
            "`### END SOLUTION` around what students write in it, on lines of their own."
        )
    if path.with_suffix("").joinpath("__init__.py").exists():
        raise GraderError(f"{where}: a folder of the same name would be imported. Next: rename one of them.")
    node = found[-1]
    positional = [*node.args.posonlyargs, *node.args.args]
    needed = positional[: len(positional) - len(node.args.defaults)]
    if not needed or node.args.vararg or any(default is None for default in node.args.kw_defaults):
        raise GraderError(
            f"{where}: {function} takes no arguments by position, or any number, or some by keyword alone, for which "
            "there is no skeleton. Next: write its checks by hand (docs/authoring.md of the kit)."
        )
    described = (ast.get_docstring(node) or "").split("\n\n")[0]
    annotations = [ast.unparse(one.annotation) if one.annotation else "" for one in needed]
    return _Written(tuple(zip((one.arg for one in needed), annotations, strict=True)), described)


def _tried(course: Course, module: str, function: str, written: _Written) -> tuple[str, ...]:
    """What to draw for each parameter: the first that the function takes.

    Raises:
        GraderError: it takes nothing of what can be drawn.
    """
    package = load_package(course.package)
    try:
        called = getattr(package.module(module), function)
        last = "nothing that can be compared came back"
        for draws in itertools.islice(_choices(written), _MOST_TRIED):
            space = {"rng": np.random.default_rng(1), **_SIZES}
            try:
                with np.errstate(all="ignore"):
                    result = called(*(eval(_DRAWS[draw], space) for draw in draws))
            except Exception as error:
                last = f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"
                continue
            results = result if isinstance(result, tuple) else (result,)
            if results and all(map(_can_be_compared, results)):
                return draws
    finally:
        package.unload()
    raise GraderError(
        f"{course.package.name}/{module}.py: {function} takes neither arrays nor numbers as a skeleton draws them "
        f"({shown(last)}). Next: write its checks by hand (docs/authoring.md of the kit)."
    )


def _choices(written: _Written) -> Iterator[tuple[str, ...]]:
    """Ways to draw, the likeliest first."""
    each = [_ANNOTATED.get(annotation, tuple(_DRAWS)) for _, annotation in written.parameters]
    return itertools.product(*each)


def _can_be_compared(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, np.ndarray | np.generic | int | float):
        return False
    array = np.asarray(value)
    return array.dtype.kind in "fiu" and bool(np.isfinite(array).all())
