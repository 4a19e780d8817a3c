"""How does a figure show itself in a notebook? As a picture, whatever backend is chosen there."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

__all__ = ["ShownFigure"]


class ShownFigure(Figure):
    """A figure of matplotlib's; nothing of it is drawn until it is shown or saved."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=100, metadata={"Software": None})
        return stream.getvalue()
