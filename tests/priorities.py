"""Child processes at the priority of whoever starts them.

The program's own trainer is idle where anything else wants the processor: beside tests that keep
all cores busy it would wait for minutes.
"""

from explorer import processes

PRELUDE = "import os\nos.nice = os.sched_setscheduler = lambda *_: 0\n"


def leave_priorities() -> None:
    """From now on trainers and the like start without asking to be idle."""
    processes._PROGRAM = PRELUDE + processes._PROGRAM
