"""Judges a class on the workers of a Dask scheduler, where they run its notebooks, too.

- `questions`: what a worker is asked: bytes of one submission, and nothing else of the class;
- `worker`: what runs there; its sandbox is the one of `grader check`;
- `answers`: what comes back: JSON text, held against a form before any of it counts;
- `crew`: which workers are asked: those where the sandbox holds, with the same kit and course;
- `asking`: questions out, answers in, in any order, whoever dies meanwhile;
- `kept`: what was judged, until the run ends;
- `engine`: all of that, in the place of this machine's cores;
- `connection`: how the client reaches the scheduler, or starts one.

The cluster is one trust domain with the gradebook (`docs/cluster.md`). Only the client writes to the course.
"""
