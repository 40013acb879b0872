"""Environments for peers, processes in them, and how a failure is told without naming this machine."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALL_SECONDS = 900.0

# Beside these switches a runner refuses every socket beyond loopback, and native code meets a proxy that nobody answers.
SILENT = {
    "ANONYMIZED_TELEMETRY": "False",
    "ORT_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "MEM0_TELEMETRY": "False",
    "OTEL_SDK_DISABLED": "true",
    "POSTHOG_DISABLED": "1",
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9"),
}
KEPT = ("PATH", "LANG", "LC_ALL", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class PeerFailed(Exception):
    """A peer cannot be installed or run; the message says why in a line."""


def environment_python(name: str, requirements: Sequence[str], directory: Path) -> Path:
    """The Python of `directory/name`, made if absent or of other pins, or the running one where nothing is required; raises PeerFailed."""
    if not requirements:
        return Path(sys.executable)
    place = directory / name
    python, marker = place / "bin" / "python", place / "requirements.txt"
    wanted = "\n".join([f"# {sys.version}".replace("\n", " "), *requirements, ""])
    if marker.exists() and marker.read_text(encoding="utf-8") == wanted:
        return python
    shutil.rmtree(place, ignore_errors=True)
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    install = ["-m", "pip", "--python", str(python), "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    for command in (["-m", "venv", "--without-pip", str(place)], [*install, *requirements]):
        code, complaint = run([sys.executable, *command], variables, directory, INSTALL_SECONDS)
        if code != 0:
            raise PeerFailed(f"cannot be installed: {last_line(complaint)}")
    marker.write_text(wanted, encoding="utf-8")
    return python


def runner_variables(place: Path) -> dict[str, str]:
    """The environment of a runner: no credentials, no telemetry, one thread a library unless the caller chose, a home that goes away."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    home = {name: str(place) for name in ("HOME", "TMPDIR", "MEM0_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    return {**threads, **kept, **home, **SILENT, "PYTHONPATH": str(ROOT), "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def run(command: Sequence[str], variables: Mapping[str, str], place: Path, seconds: float) -> tuple[int, str]:
    """Run a command and return its exit code and standard error; after `seconds` it and its children are killed and PeerFailed raised."""
    with subprocess.Popen(
        command,
        cwd=place,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            _, complaint = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as expired:
            os.killpg(process.pid, signal.SIGKILL)
            raise PeerFailed("stopped when its time was up") from expired
    return process.returncode, complaint


def last_line(complaint: str) -> str:
    """The line of an output that says most: pip's last ERROR, else the last there is."""
    lines = [line for line in complaint.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith("ERROR:")]
    return clean((marked or lines or ["nothing was said"])[-1])


def clean(text: str, length: int = 200) -> str:
    """One short line without addresses, host names and paths of this machine."""
    line = " ".join(text.split())
    line = re.sub(r"\b[a-z][a-z0-9+.-]*://\S+", "<address>", line)
    line = re.sub(r"(?<![\w.])(?:/[\w.@+~-]+)+/?", lambda path: Path(path[0]).name, line)
    line = re.sub(r"\b(?:[\w-]+\.)+(?:ai|com|dev|example|internal|invalid|io|lan|local|net|org)\b", "<host>", line)
    line = re.sub(r"(?<![\w.=])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])", "<host>", line)
    line = re.sub(rf"\b{re.escape(socket.gethostname())}\b", "<host>", line)
    return line if len(line) <= length else line[: length - 1] + "…"
