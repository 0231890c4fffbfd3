"""Waiting lines by priority: higher ones first, first come first served within one (docs/semantics.md, section 7)."""

from sim.engines.reference.job import Job


def line_up(queue: list[Job], job: Job) -> None:
    """Take a job into a queue behind all that are no less urgent."""
    place = len(queue)
    while place > 0 and queue[place - 1].priority < job.priority:
        place -= 1
    queue.insert(place, job)


def put_back(queue: list[Job], job: Job) -> None:
    """Take a job into a queue before all that are no more urgent: it has waited already."""
    place = 0
    while place < len(queue) and queue[place].priority > job.priority:
        place += 1
    queue.insert(place, job)
