"""The class in one page: `grader report NAME`."""
