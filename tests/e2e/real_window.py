"""The window in its own process, as the tests see it: ask it, wait for it, see it end."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from tests.conftest import ROOT
from tests.e2e.screen import Place, Screen, python

if TYPE_CHECKING:
    from explorer.window import MainWindow

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 30.0

# What Qt complained of in the process that hosts the window.
complaints: list[str] = []


@dataclass(frozen=True)
class Question:
    """A function of a test module, called with the window; waits until its value is true."""

    ask: Callable[..., Any]
    arguments: tuple[Any, ...]
    patience_seconds: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What a question gave, or the traceback of what it raised."""

    value: Any
    error: str = ""


class RealWindow:
    """Hands questions (functions of a module, with plain arguments) to the window's process."""

    def __init__(self, line: Connection, process: "subprocess.Popen[bytes]") -> None:
        self._line, self.process = line, process

    def ask(
        self, question: "Callable[Concatenate[MainWindow, P], T]", *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What the function says now."""
        value: T = self._send(Question(question, args))
        return value

    def wait(
        self, question: "Callable[Concatenate[MainWindow, P], T]", *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What the function says once that is true, asked again until then."""
        value: T = self._send(Question(question, args, PATIENCE_SECONDS))
        assert value, f"waited in vain for {question.__name__}{args!r:.200}; {self._about()}"
        return value

    def _send(self, question: Question) -> Any:
        self._line.send(question)
        assert self._line.poll(PATIENCE_SECONDS + 15), "the window does not answer: it hangs"
        try:
            answer: Answer = self._line.recv()
        except (EOFError, ConnectionError):
            raise AssertionError("the window's process is gone") from None
        assert not answer.error, answer.error
        return answer.value

    def _about(self) -> str:
        return str(self._send(Question(about, ())))

    def ended(self) -> int:
        """Wait for the process: its exit status."""
        return self.process.wait(PATIENCE_SECONDS)


def about(window: "MainWindow") -> str:
    """A few words on the window for a message of a failed test."""
    names = [handle.name for handle in window.session.arrangement.handles]
    return f"handles {names}, active {window.session.active_key}, {window.messages.text()!r}"


def ready(window: "MainWindow") -> bool:
    """Whether the model is open and everything is drawn."""
    return (
        window.isActiveWindow()
        and window.session.picture is not None
        and not window.mosaic.busy
        and not window.decoding.waiting
        and len(window.session.strip) == window.session.arrangement.frames
    )


def heard(window: "MainWindow") -> list[str]:
    """What Qt complained of."""
    return complaints


def place_of(window: "MainWindow", name: str) -> Place:
    """The middle of the widget with that object name, on the screen."""
    from PySide6.QtWidgets import QApplication, QWidget

    for top in QApplication.topLevelWidgets():
        for widget in [top, *top.findChildren(QWidget)]:
            if widget.objectName() == name and widget.isVisible():
                at = widget.mapToGlobal(widget.rect().center())
                return at.x(), at.y()
    return 0, 0


def shown(window: "MainWindow", name: str) -> bool:
    """Whether a widget with that object name is on the screen."""
    return place_of(window, name) != (0, 0)


def place_of_handle(window: "MainWindow", name: str) -> Place:
    """Where a handle is on the screen."""
    view = window.map_panel.view
    at = view.mapToGlobal(view.position_of(name))
    return at.x(), at.y()


def place_on_map(window: "MainWindow", across: float, down: float) -> Place:
    """A place of the map's ground (0 to 1 from the left top) on the screen."""
    from PySide6.QtCore import QPointF

    view = window.map_panel.view
    ground = view.ground
    at = view.mapToGlobal(
        QPointF(ground.left() + across * ground.width(), ground.top() + down * ground.height())
    )
    return round(at.x()), round(at.y())


@contextmanager
def real_window(screen: Screen, *files: Path) -> Iterator[RealWindow]:
    """The window on a screen with files opened; at the end it closes well or the test fails."""
    with running(screen, *files) as window:
        window.wait(ready)
        yield window
        assert window.ask(heard) == []


@contextmanager
def running(screen: Screen, *files: Path) -> Iterator[RealWindow]:
    """As `real_window`, without waiting for the model."""
    ours, theirs = Pipe()
    words = ["-m", "tests.e2e.host", str(theirs.fileno()), *map(str, files)]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [*python(), *words],
            cwd=ROOT,
            env=screen.environment,
            stderr=errors,
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        try:
            yield RealWindow(ours, process)
            ours.close()  # the window closes when nobody can ask it any more
            assert process.wait(PATIENCE_SECONDS) == 0
            assert not _said(errors)
        except BaseException as error:  # pytest's failures are none of Exception
            error.add_note(_said(errors))
            raise
        finally:
            ours.close()
            process.kill()
            process.wait()


def _said(errors: IO[bytes]) -> str:
    """What the process wrote to its standard error."""
    errors.seek(0)
    return errors.read().decode(errors="replace")


def children_of(process_id: int) -> Sequence[int]:
    """Process numbers of all that a process has started and that still run."""
    import psutil

    return [child.pid for child in psutil.Process(process_id).children(recursive=True)]
