"""Roots of a function of one number."""


def bisect(f, a, b, steps=50):
    """A root of f between a and b, where f changes its sign, after so many halvings.

    Raises:
        ValueError: f has the same sign at both ends.
    """
    ### BEGIN SOLUTION numerika
    left = f(a)
    if left * f(b) > 0:
        raise ValueError("the same sign at both ends")
    for _ in range(steps):
        middle = (a + b) / 2
        value = f(middle)
        if left * value <= 0:
            b = middle
        else:
            a, left = middle, value
    root = (a + b) / 2
    ### END SOLUTION
    return root
