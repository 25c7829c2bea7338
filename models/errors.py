"""Errors a user can cause: each names the file, what was wrong and what to do."""


class CheckpointError(ValueError):
    """A model file that cannot be opened or written."""


class DataError(ValueError):
    """An image, a folder or an array that cannot be used as data."""


class TrainingError(RuntimeError):
    """Training that cannot go on; what was finished before it is kept."""


class ProcessLostError(TrainingError):
    """Training on several processes, of which one has ended or all were told to: goes on later."""
