"""Runs student code and answers for it: with `grader/worker`, all of the kit that lies inside the wall."""
