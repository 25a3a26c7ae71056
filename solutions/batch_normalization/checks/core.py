"""What a check and an assignment are.

A check is two functions: `draw` makes inputs from a random generator and a size and nothing else, `run` calls the
student's functions on them and returns what it observed, by name. A check never computes an answer: the same `run` on
the reference gives the truth, on a known mistake a diagnosis, and on a student a verdict.

    @checks.add("scale_forward.value", points=2, contract="S-1", draw=matrix, sizes=({"N": 7, "D": 4},))
    def value(student, x, factors):
        out, _ = student.scale_forward(x, factors, student.mapping(power=2))
        return {"out": out}

What `run` returns under the name `forward` is not judged: it is the forward pass that a backward pass is judged on. Nor
is what it returns under a name that begins with `computed`: a witness that the results were computed (`computed.Move`).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .released import PACKAGE, SPOKEN
from .student import Contract, Student

Inputs = Mapping[str, Any]
Observed = Mapping[str, Any]
Size = Mapping[str, int]
"""Lengths by name, such as `{"N": 2, "C": 3, "H": 5, "W": 4}`."""
Draw = Callable[..., Inputs]
"""`draw(rng, **size)`."""
Run = Callable[..., Observed]
Change = Callable[[Inputs, float], Inputs | None]
"""Inputs after a step of some length (1e-3, 1e-6); None where nothing has to depend on what it changes, as at N = 1."""
Aspect = Literal["values", "shapes", "names", "dtypes", "holds", "raises"]

Explain = Literal["none", "place", "hint"]

FORWARD = "forward"
WITNESS = "computed"
STAND_INS = "stand_ins.py"


def smallest(size: Size) -> int:
    """The smallest length of a size; 0 of one without any. Where it is 1, many mistakes look alike."""
    return min(size.values(), default=0)


def in_words(size: Size) -> str:
    """`N = 7, D = 4`."""
    return ", ".join(f"{name} = {length}" for name, length in size.items())


def is_judged(name: str) -> bool:
    """Whether a result of this name is judged: neither a forward pass nor a witness is."""
    return name != FORWARD and not name.startswith(WITNESS)


@dataclass(frozen=True)
class Move:
    """A change of the inputs after which results that are computed must differ; for checks that pay for form.

    Zeros, too, have the right shapes, and differences that are zero. So such a check pays only where the results of its
    own calls depend on the inputs as those of a computation do (`computed.not_computed`).
    """

    changes: tuple[Change, ...]
    """Any of them will do. Nothing is asked where the first gives None."""
    results: tuple[str, ...]
    """What `run` returns that must change with the inputs."""
    says: str
    """The key of the sentence for where it does not."""
    at: str = ""
    """The input that is changed in places, if the results must change in the same places and need not elsewhere."""
    everywhere: bool = True
    """Whether the numbers of the results must change all over, and not only some number of each."""


@dataclass(frozen=True)
class Tolerance:
    """A tolerance that a check has of its own, and why: a root is found to so many digits and no more."""

    allowed: float
    """Largest allowed distance, in units of the truth's size."""
    because: str
    """For the next reader of the check."""


@dataclass(frozen=True)
class Check:
    """One thing that a function is asked to do, with its points."""

    id: str
    """`function.name`, as in `scale_forward.value`."""
    points: float
    contract: str
    """The sentence of the contract that it enforces, as in `S-1`."""
    draw: Draw
    run: Run
    sizes: tuple[Size, ...]
    """Every size that inputs are drawn for."""
    aspect: Aspect = "values"
    """Values are compared whatever axes of length one there are; shapes, types, and the names of a network's parameters
    have checks of their own. What must hold (`holds`) and an exception that is asked for (`raises`) have one right
    answer, which says little: it counts where another check of the function is passed, and names no mistake."""
    part: str = ""
    """Which part of the function it is about, where parts are written apart: a branch for one of its options."""
    moves: tuple[Move, ...] = ()
    """What must change with what, for the results to count as computed; nothing where values are judged anyway."""
    after: str = ""
    """The check, by its name in the function, that judges the same result on plainer terms: what is wrong there already
    is no matter of the option, the type or the size that this one is about."""
    tolerance: Tolerance | None = None
    """Its own; that of `engine.compare` if None."""

    @property
    def is_of_form(self) -> bool:
        """Whether it has one right answer, whatever its inputs are."""
        return self.aspect in {"holds", "raises"}

    @property
    def function(self) -> str:
        """The function that is judged."""
        return self.id.partition(".")[0]

    def inputs(self, seed: bytes) -> list[Inputs]:
        """The inputs for every size, drawn from the seed and the check's id and from nothing else."""
        entropy = int.from_bytes(seed + self.id.encode(), "big")
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
        return [self.draw(generator, **size) for size in self.sizes]


@dataclass(frozen=True)
class Probe:
    """A second question, asked where a check fails and nothing explains it: the same calls on plainer inputs.

    Where they give the right results, the message says so: right where N = D only.
    """

    id: str
    """Also the key of its sentence in `checks/NAME/*.toml`."""
    fill: Mapping[str, float] = field(default_factory=dict)
    """Inputs, by name, that are filled with a number; the others stay. Not asked of a check that lacks one of them."""
    sizes: Size = field(default_factory=dict)
    """If there are any, other inputs are drawn, with these lengths, which are all equal. Not asked of a check that
    lacks one of them, nor of one where they are equal in a size of its own."""

    def filled(self, inputs: Inputs) -> Inputs:
        """The inputs, with those that the probe fills."""
        return {
            **inputs,
            **{
                name: np.full_like(inputs[name], number) if isinstance(inputs[name], np.ndarray) else number
                for name, number in self.fill.items()
            },
        }

    def drawn(self, check: Check, seed: bytes) -> Inputs:
        """Inputs of its sizes."""
        size = {**check.sizes[0], **self.sizes}
        return replace(check, sizes=(size,)).inputs(seed + self.id.encode())[0]

    def asks_of_sizes(self, check: Check) -> bool:
        """Whether its sizes are some that the check has and has not equal itself."""
        equal = [len({size[name] for name in self.sizes}) == 1 for size in check.sizes if self.sizes.keys() <= {*size}]
        return len(equal) == len(check.sizes) and not any(equal)


@dataclass(frozen=True)
class Default:
    """A setting that a check leaves out; where saying it makes all results right, the student's default is wrong."""

    id: str
    """Also the key of its sentence in `checks/NAME/*.toml`."""
    says: Mapping[str, float]
    """The setting, with the value that it should have where it is left out."""


@dataclass
class CheckList:
    """Collects checks in the order in which they are written."""

    checks: list[Check] = field(default_factory=list)

    def add(
        self,
        id: str,
        *,
        points: float,
        contract: str,
        draw: Draw,
        sizes: Sequence[Size | Sequence[int]],
        aspect: Aspect = "values",
        part: str = "",
        moves: Sequence[Move] = (),
        after: str = "",
        tolerance: Tolerance | None = None,
    ) -> Callable[[Run], Run]:
        """Decorate a `run` function.

        Sizes are lengths by name, or lengths alone, such as `(7, 4)`: then their names are those of `draw`'s parameters
        after the generator.
        """

        def decorate(run: Run) -> Run:
            self.checks.append(
                Check(
                    id,
                    float(points),
                    contract,
                    draw,
                    run,
                    named(sizes, list(inspect.signature(draw).parameters)[1:]),
                    aspect,
                    part,
                    tuple(moves),
                    after,
                    tolerance,
                )
            )
            return run

        return decorate


def named(sizes: Sequence[Size | Sequence[int]], names: Sequence[str]) -> tuple[Size, ...]:
    """Sizes by name; lengths alone get these names."""
    return tuple(dict(size) if isinstance(size, Mapping) else dict(zip(names, size, strict=True)) for size in sizes)


@dataclass(frozen=True, eq=False)
class Assignment:
    """What is handed out, what stays blank, and what is asked."""

    name: str
    modules: tuple[str, ...]
    """File names in the package that the student edits, such as `scaling.py`."""
    gives: tuple[str, ...]
    """Solution regions of other assignments (by name) that stay in the release; all others are blanked."""
    checks: tuple[Check, ...]
    contract: Contract
    folder: Path
    """`checks/NAME`: the hints, and on the trusted side the known mistakes, lie here."""
    forward_of: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Backward function to the forward function whose cache it is judged on; to several, the last of which gives the
    cache, where that is built on the others: a sequence on a step."""
    over_stand_ins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Functions and models that are judged over stand-ins (`checks/NAME/stand_ins.py`), each with the modules whose
    functions these take the place of: the points of what is built on them do not depend on the student's own."""
    written_inside: tuple[tuple[str, ...], ...] = ()
    """Of what stand-ins take the place of, groups that belong together, such as a function and its backward pass: what
    is judged over stand-ins may write any of these itself and call the others, and is as good."""
    probes: tuple[Probe, ...] = ()
    defaults: tuple[Default, ...] = ()
    sentences: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What is said in the checks themselves, by key and language, beside the `.toml` files."""
    released: Mapping[str, bytes] = field(default_factory=dict)
    """Files that a release has beside the checks, by name: what is read from the reference here."""
    explain: Explain = "hint"
    """How much a failed check says: `none`, that it failed; `place`, also what was expected in words, what came and
    where; `hint`, also what is known or can be proved about the mistake."""
    package: str = PACKAGE
    """The name of the package that students write in; where an assignment is loaded for a course, what that says."""
    languages: tuple[str, ...] = SPOKEN
    """Of what students read, the usual one first; likewise."""

    def __post_init__(self) -> None:
        taken = sorted(
            name for name in self.contract.functions if hasattr(Student, name) or name in Student.__dataclass_fields__
        )
        if taken:
            raise ValueError(
                f"checks/{self.name}: {taken[0]} is what a check calls on `student`. Next: rename the function."
            )

    def forwards_of(self, function: str) -> tuple[str, ...]:
        """The forward functions that a backward function belongs to; none of any other function."""
        known = self.forward_of.get(function, ())
        return (known,) if isinstance(known, str) else known

    @property
    def substituted(self) -> tuple[str, ...]:
        """The modules that stand-ins take the place in."""
        return tuple(dict.fromkeys(module for modules in self.over_stand_ins.values() for module in modules))

    @property
    def stand_ins(self) -> Path:
        """Where the stand-ins are."""
        return self.folder / STAND_INS

    @property
    def functions(self) -> tuple[str, ...]:
        """The graded functions, in the order of their checks: one graded cell each, with this as its `grade_id`."""
        return tuple(dict.fromkeys(check.function for check in self.checks))

    def asked(self, student: Student, function: str) -> Student:
        """The student as the checks of a function ask it: over stand-ins where it is judged over them."""
        if function not in self.over_stand_ins:
            return student
        assert student.over_stand_ins is not None, f"{function} is judged over stand-ins"
        return student.over_stand_ins

    def of(self, function: str) -> tuple[Check, ...]:
        """The checks of one function."""
        return tuple(check for check in self.checks if check.function == function)

    def module_of(self, function: str) -> str:
        """The module that a graded function, or model, lives in."""
        return self.contract.module_of(function)

    def points(self, function: str) -> float:
        """The points of a function's graded cell: the sum over its checks."""
        return sum(check.points for check in self.of(function))


def load_assignment(
    name: str, checks: Path | None = None, *, package: str = PACKAGE, languages: tuple[str, ...] = SPOKEN
) -> Assignment:
    """Load `checks/NAME/__init__.py` and return its `ASSIGNMENT`.

    Args:
        name: the assignment.
        checks: the `checks` folder of a course, whose files are read again when they change; that of this package,
            read once, if None.
        package: the name of the course's package.
        languages: of the course.

    Raises:
        ModuleNotFoundError: no such assignment.
    """
    if checks is None:
        return _assignment_of(importlib.import_module(f"{__package__}.{name}"), package, languages)
    folder = checks.resolve() / name
    init = folder / "__init__.py"
    if not init.is_file():
        raise ModuleNotFoundError(f"no checks in {folder}")
    # Named by content, so that neither two courses in one process nor two versions of one course meet.
    content = b"\0".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    module_name = f"_checks_{hashlib.sha256(str(folder).encode() + content).hexdigest()[:16]}_{name}"
    if module_name not in sys.modules:
        spec = importlib.util.spec_from_file_location(module_name, init, submodule_search_locations=[str(folder)])
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise
    return _assignment_of(sys.modules[module_name], package, languages)


def _assignment_of(module: Any, package: str, languages: tuple[str, ...]) -> Assignment:
    assignment = module.ASSIGNMENT
    if not isinstance(assignment, Assignment):  # written the short way
        assignment = assignment.made(Path(module.__file__).parent)
    assert isinstance(assignment, Assignment)
    return _in_course(assignment, package, languages)


@lru_cache
def _in_course(assignment: Assignment, package: str, languages: tuple[str, ...]) -> Assignment:
    """The assignment as a course has it: one and the same, as long as the course says the same."""
    if (assignment.package, assignment.languages) == (package, languages):
        return assignment
    return replace(assignment, package=package, languages=languages)
