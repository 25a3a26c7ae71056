"""A class in nbgrader: verdicts into the gradebook, notebooks for their readers, feedback and grades."""
