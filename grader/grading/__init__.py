"""One folder in, one verdict out: no gradebook, no nbgrader."""
