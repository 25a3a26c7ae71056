"""Systems of linear equations."""

import numpy as np


def lu(A):
    """L with ones on its diagonal, and U, both triangular, so that L U = A of shape (n, n); no pivots."""
    ### BEGIN SOLUTION numerika
    n = len(A)
    L, U = np.eye(n), A.astype(float)
    for column in range(n - 1):
        for row in range(column + 1, n):
            L[row, column] = U[row, column] / U[column, column]
            U[row, column:] -= L[row, column] * U[column, column:]
    ### END SOLUTION
    return L, U


def scale_rows(A):
    """Divide every row of A by its largest magnitude, in place."""
    ### BEGIN SOLUTION numerika
    largest = np.abs(A).max(axis=1, keepdims=True)
    A /= largest
    ### END SOLUTION
