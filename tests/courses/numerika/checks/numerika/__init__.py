"""Bisection, LU and the trapezoid rule."""

import numpy as np

from checks.author import Assignment
from checks.core import Tolerance
from checks.student import Function

ASSIGNMENT = a = Assignment(
    "numerika",
    modules=["roots", "linear", "quadrature"],
    functions={
        "lu": Function("linear", ("A",), ("array", "array")),
        "scale_rows": Function("linear", ("A",), ()),
    },
)


@a.check(
    "bisect.root",
    points=2,
    says={"en": "The half in which f changes its sign is kept."},
    tolerance=Tolerance(1e-6, "fewer steps than were asked for are no matter of this check"),
)
def root(student, rng):
    """A root of a cubic, whichever way it goes."""
    roots = rng.uniform(-0.5, 0.5, 3)
    found = [student.bisect(lambda x, r=r: x**3 + x - r**3 - r, -1.0, 2.0) for r in roots]
    return [*found, student.bisect(lambda x: 0.5 - x, -1.0, 2.0, steps=60)]


@a.check("bisect.steps", points=1, says={"en": "As many halvings as are asked for."})
def steps(student, rng):
    """So early that each halving shows; no more calls than a halving needs."""
    target = rng.uniform(0.1, 0.9)
    return student.bisect(student.callback(lambda x: x - target, at_most=12), 0.0, 1.0, 5)


@a.raises("bisect.same_sign", ValueError, points=0.5, says={"en": "Without a change of sign there is no root to find."})
def same_sign(student):
    """The ends have the same sign."""
    student.bisect(lambda x: x * x + 1, -1.0, 1.0)


@a.check("lu.factors", points=2, says={"en": "L times U is A."}, sizes=[{"n": 5}])
def factors(student, rng, n):
    """A matrix that needs no pivots."""
    L, U = student.lu(rng.normal(size=(n, n)) + n * np.eye(n))
    return {"L": L, "U": U}


@a.check("scale_rows.in_place", points=1, says={"en": "The array itself is changed."}, sizes=[{"n": 4, "m": 3}])
def in_place(student, rng, n, m):
    """What the array holds afterwards."""
    A = student.held(rng.normal(size=(n, m)))
    student.scale_rows(A)
    return A.value


@a.check("trapezoid.value", points=2, says={"en": "The ends count half."}, sizes=[{"n": 9}, {"n": 2}])
def value(student, rng, n):
    """A list of numbers, by keyword."""
    return student.trapezoid(y=rng.normal(size=n).tolist(), h=0.1)
