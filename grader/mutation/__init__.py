"""How well checks tell right from wrong: `grader test` on a few draws, `make mutation` on many."""
