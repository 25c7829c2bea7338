"""The corner of the menu bar: which model is on the map, in a line."""

from PySide6.QtWidgets import QLabel, QMenuBar

from explorer.opening import summary
from explorer.session import Session


class ModelLabel(QLabel):
    """Name, epoch while it trains, and kind of the model."""

    def __init__(self, session: Session, bar: QMenuBar) -> None:
        super().__init__(bar)
        self._session, self._bar = session, bar
        self.setProperty("role", "muted")
        self.setContentsMargins(0, 6, 14, 6)
        bar.setCornerWidget(self)
        session.model_changed.connect(self._show_model)
        session.weights_changed.connect(self._show_model)

    def _show_model(self) -> None:
        model = self._session.model
        if model is None:
            return
        epoch = "" if model.epoch is None else f"  ·  epoch {model.epoch}"
        text = f"{model.name}{epoch}  ·  {summary(model)}"
        longer = len(text) != len(self.text())
        self.setText(text)
        if longer:
            self._bar.setCornerWidget(self)  # makes room for the new text
