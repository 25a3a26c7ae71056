"""A small class from release to grades, in a copy of the course that may be thrown away."""
