"""A figure as a cell's output, with the same in words: `show` in place of `plt.show`."""

import base64
import io

import matplotlib.pyplot as plt

from .lab.front_end import shell


def show(alt: str) -> None:
    """Show the current figure, with a text for a reader who does not see it.

    Args:
        alt: what the figure shows, in a sentence.
    """
    if shell() is None:
        plt.show()
        return
    from IPython.display import display

    figure, file = plt.gcf(), io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    plt.close(figure)
    data = {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": alt}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)  # type: ignore[no-untyped-call]
