"""Runs the window in a process of its own and answers questions about it over a pipe."""

import logging
import sys
import traceback
from multiprocessing.connection import Connection
from time import monotonic

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    QSocketNotifier,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)

from explorer import start
from explorer.application import Interrupts
from explorer.errors import LOG
from explorer.window import MainWindow
from tests.e2e.real_window import Answer, Question, complaints
from tests.priorities import leave_priorities

_LOOK_MS = 5


class Answering(QObject):
    """Answers in the window's own thread: at once, or when the answer has become true."""

    def __init__(self, line: Connection, window: MainWindow) -> None:
        super().__init__(window)
        self._line, self._window = line, window
        self._waiting: tuple[Question, float] | None = None
        self._notifier = QSocketNotifier(line.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_question)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._on_tick)

    def _on_question(self) -> None:
        try:
            question: Question = self._line.recv()
        except EOFError:
            self._notifier.setEnabled(False)
            self._window.close()
            return
        if not question.patience_seconds:
            self._line.send(self._answer(question))
            return
        self._waiting = question, monotonic() + question.patience_seconds
        self._timer.start()
        self._on_tick()

    def _on_tick(self) -> None:
        if self._waiting is None:
            return
        question, deadline = self._waiting
        answer = self._answer(question)
        if answer.value or answer.error or monotonic() > deadline:
            self._waiting = None
            self._timer.stop()
            self._line.send(answer)

    def _answer(self, question: Question) -> Answer:
        try:
            return Answer(question.ask(self._window, *question.arguments))
        except Exception:  # of any kind: the test that asks shows it
            return Answer(None, traceback.format_exc())


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg):
        complaints.append(f"Qt: {text}")


class _Mistakes(logging.Handler):
    """Hears what the exception hook logs: a mistake of the program."""

    def emit(self, record: logging.LogRecord) -> None:
        complaints.append(record.getMessage())


def main() -> int:
    """Open the window with the files of the command line; the first word is the pipe."""
    qInstallMessageHandler(_on_qt_message)
    leave_priorities()
    line = Connection(int(sys.argv[1]))
    interrupts = Interrupts()
    app, window = start(["latent-explorer", *sys.argv[2:]])
    interrupts.watch_for(window)
    LOG.addHandler(_Mistakes(logging.ERROR))
    answering = Answering(line, window)
    answering.setObjectName("answering")
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
