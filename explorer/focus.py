"""Where the keyboard goes when what has it is switched off."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget


def set_enabled(widget: QWidget, enabled: bool) -> None:
    """Switch a widget on or off; off, the keyboard goes to what stands before it.

    Qt gives it to the next widget in the order of Tab, with Tab as the reason: that may be of
    another panel, and do there what it does for those who come to it.
    """
    held = QApplication.focusWidget()
    if not enabled and held is not None and (held is widget or widget.isAncestorOf(held)):
        before = _before(widget)
        if before is None:
            held.clearFocus()
        else:
            before.setFocus(Qt.FocusReason.OtherFocusReason)
    widget.setEnabled(enabled)


def _before(widget: QWidget) -> QWidget | None:
    """The nearest widget before it that Tab could have come from."""
    found = widget.previousInFocusChain()
    while found is not None and found is not widget:
        takes = found.focusPolicy() & Qt.FocusPolicy.TabFocus
        if takes and found.isVisible() and found.isEnabled() and not widget.isAncestorOf(found):
            return found
        found = found.previousInFocusChain()
    return None
