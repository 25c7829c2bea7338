"""The question that comes before anything is fetched: what, from where, how much."""

from collections.abc import Sequence

from PySide6.QtWidgets import QMessageBox, QWidget


class DownloadQuestion(QMessageBox):
    """Asks whether a data set may be downloaded; `accepted` means yes. No is the default."""

    def __init__(
        self, title: str, description: str, hosts: Sequence[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("downloadQuestion")
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle(f"Download {title}?")
        self.setText(f"{title} is not on this computer yet. Download it?")
        source = f"It comes from {' or '.join(hosts)} and is kept for the next time."
        self.setInformativeText(f"{description}\n{source}")
        download = self.addButton("Download and train", QMessageBox.ButtonRole.AcceptRole)
        download.setObjectName("downloadYes")
        self.addButton(QMessageBox.StandardButton.Cancel)
        self.setDefaultButton(QMessageBox.StandardButton.Cancel)
