"""From what is dropped or pasted to files and pictures; everything is read at once."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMimeData, QUrl
from PySide6.QtGui import QImage, QImageWriter

from explorer.encoding import ImageSource

_IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff")
_MOST_FILES = 64


@dataclass(frozen=True)
class Dropped:
    """Local files and folders, pictures without a file, or why there is nothing to take."""

    paths: tuple[Path, ...] = ()
    images: tuple[ImageSource, ...] = ()
    problem: str = ""


def can_take(data: QMimeData) -> bool:
    """Whether anything in it may be of use."""
    return data.hasUrls() or data.hasImage() or any(data.hasFormat(kind) for kind in _IMAGE_TYPES)


def take(data: QMimeData) -> Dropped:
    """Readable local files first, then image bytes, then a bitmap; an address is never fetched."""
    paths = tuple(Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile())
    present = tuple(path for path in paths if path.exists())
    if len(present) > _MOST_FILES:
        return Dropped(problem=f"{len(present)} files are too many; drop at most {_MOST_FILES}")
    if present:
        return Dropped(paths=present)
    image = _image(data)
    if image is not None:
        return Dropped(images=(image,))
    if paths:
        return Dropped(problem=f"{paths[0]}: is not there any more; save it and drop it again")
    if any(_is_address(url) for url in data.urls()):
        return Dropped(
            problem="That is a web address, and nothing is fetched from the web; "
            "save the picture and drop the file, or copy and paste the picture itself"
        )
    return Dropped(problem="There is no picture or file in it; drop an image, a model or a folder")


def _image(data: QMimeData) -> ImageSource | None:
    for kind in _IMAGE_TYPES:
        if data.hasFormat(kind):
            return ImageSource("picture without a file", data=bytes(data.data(kind).data()))
    bitmap = data.imageData() if data.hasImage() else None
    if isinstance(bitmap, QImage) and not bitmap.isNull():
        return ImageSource("picture without a file", data=_png(bitmap))
    return None


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, b"png").write(image)
    return bytes(buffer.data().data())


def _is_address(url: QUrl) -> bool:
    return url.scheme() in ("http", "https")
