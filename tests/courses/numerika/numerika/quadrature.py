"""Integrals."""


def trapezoid(y, h):
    """The integral of a function with values y at a distance of h, by the trapezoid rule."""
    ### BEGIN SOLUTION numerika
    inner = sum(y[1:-1])
    integral = h * (inner + (y[0] + y[-1]) / 2)
    ### END SOLUTION
    return integral
