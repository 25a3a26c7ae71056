"""A small class from release to grades, in a disposable copy of the course."""
