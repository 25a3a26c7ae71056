"""A real JupyterLab on loopback and a real browser in front of it, with nothing of the user's own settings.

with Lab(folder, home) as lab:
    page = browser.new_page()
    notebook = lab.open(page, "batch_normalization.ipynb")
"""

import json
import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv" / "bin"
SHOTS = ROOT / "build" / "e2e"
TOKEN = "e2e"
PATIENCE = 180
"""Seconds until something that should have come is given up; no test depends on how fast it comes."""
expect.set_options(timeout=1000 * PATIENCE)

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Lab:
    """JupyterLab in a folder, with its own home.

    Args:
        folder: what it shows.
        home: where it and its kernels keep what they keep.
        environment: variables besides.
    """

    def __init__(self, folder: Path, home: Path, **environment: str) -> None:
        self.folder, self.home, self._more = folder, home, environment
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> "Lab":
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "FUNKCIJE_DATA") if name in os.environ}
        own = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
        environment = {name: str(self.home / name.lower()) for name in own}
        for folder in environment.values():
            Path(folder).mkdir(parents=True, exist_ok=True)
        environment |= kept | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "FUNKCIJE_OFFLINE": "1"} | self._more
        settings = Path(environment["JUPYTER_CONFIG_DIR"]) / "lab" / "user-settings" / "@jupyterlab"
        for name, content in {
            # All cells are in the page, so that a test can look for one.
            "notebook-extension/tracker": {"windowingMode": "none"},
            "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        }.items():
            file = settings / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(content), encoding="utf-8")
        with (self.home / "lab.log").open("w") as log:
            self._process = subprocess.Popen(
                [
                    str(BIN / "python"), "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1",
                    f"--ServerApp.port={self._port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
                    f"--ServerApp.root_dir={self.folder}", *(["--allow-root"] if os.geteuid() == 0 else []),
                ],
                cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._until(lambda: "started" in self.api("status"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def api(self, path: str, method: str = "GET") -> Any:
        """What the server's own interface answers; an empty dict while there is no server."""
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        request.add_header("Authorization", f"token {TOKEN}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                body = answer.read()
                return json.loads(body) if body else {}
        except OSError:
            if self._process.poll() is not None:
                raise RuntimeError((self.home / "lab.log").read_text()) from None
            return {}

    def open(self, page: Page, notebook: str) -> Page:
        """Open a notebook and wait for its kernel."""
        page.goto(f"{self.url}/lab/tree/{notebook}?token={TOKEN}&reset")
        page.wait_for_selector(".jp-Notebook", timeout=PATIENCE * 1000)
        self._until(lambda: [session for session in self.api("sessions") if session["path"] == notebook])
        self.idle(page)
        return page

    def idle(self, page: Page) -> None:
        """Wait until no kernel has anything to do, and the page knows it."""
        self._until(lambda: self._kernels_are_idle())
        page.wait_for_function("!document.body.innerText.includes('| Busy')", timeout=PATIENCE * 1000)
        expect(page.get_by_text("Python 3 (ipykernel) | Idle").first).to_be_visible(timeout=PATIENCE * 1000)

    def close_kernels(self) -> None:
        """Shut every kernel down."""
        for session in self.api("sessions"):
            self.api(f"sessions/{session['id']}", "DELETE")

    def _kernels_are_idle(self) -> bool:
        states = [session["kernel"]["execution_state"] for session in self.api("sessions")]
        return bool(states) and set(states) == {"idle"}

    @staticmethod
    def _until(condition: Any) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("JupyterLab did not come to what was waited for")
            time.sleep(0.1)


def cell(page: Page, source: str) -> Locator:
    """The code cell that holds this text."""
    return page.locator(".jp-CodeCell", has=page.locator(".cm-content", has_text=source)).first


def run_cell(page: Page, lab: Lab, source: str) -> Locator:
    """Run one code cell as a person does: click into it, and press Shift and Enter."""
    found = cell(page, source)
    found.scroll_into_view_if_needed()
    found.locator(".cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    page.wait_for_timeout(300)
    lab.idle(page)
    return found


def menu(page: Page, *names: str) -> None:
    """Choose from the menus at the top."""
    page.locator(".lm-MenuBar-itemLabel", has_text=names[0]).first.click()
    for name in names[1:]:
        page.locator(".lm-Menu-itemLabel", has_text=name).first.click()


def shot(page: Page, name: str) -> None:
    """A screenshot, for a person to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
