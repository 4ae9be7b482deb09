"""Fetching from a server on loopback: whole, altered, cut, refused and absent."""

import hashlib
import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from detector import DataError
from detector.benchmark import fetch

CSV = b"DATETIME,L_T1\n04/01/17 00,1.0\n" * 4000


def pack(name: str, content: bytes) -> bytes:
    blob = io.BytesIO()
    with zipfile.ZipFile(blob, "w") as archive:
        archive.writestr(name, content)
    return blob.getvalue()


FILES = {"BATADAL_dataset03.csv": CSV, "BATADAL_test_dataset.zip": pack("data/inner.csv", CSV)}
SUMS = {name: hashlib.sha256(each).hexdigest() for name, each in FILES.items()}
INNER = {"inner.csv": hashlib.sha256(CSV).hexdigest()}


class Handler(BaseHTTPRequestHandler):
    """Serves FILES, with a fault for the last file when the path says so."""

    def do_GET(self) -> None:
        _, fault, name = self.path.split("/")
        last = name.endswith(".zip")
        if fault == "refused" and last:
            self.send_error(404)
            return
        content = FILES[name]
        if fault == "altered" and last:
            content = content[:-1] + b"\x01"
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if fault == "cut" and last else content)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a proxy of the machine out of the way to loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def everything(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*")}


def test_fetches_verifies_and_unpacks(server: str, tmp_path: Path) -> None:
    found = fetch.fetch(tmp_path / "new" / "data", f"{server}/whole", SUMS, INNER)
    assert [each.name for each in found] == ["BATADAL_dataset03.csv", "inner.csv"]
    assert all(each.read_bytes() == CSV for each in found)
    assert everything(tmp_path) == {
        "new",
        "new/data",
        "new/data/BATADAL_dataset03.csv",
        "new/data/inner.csv",
    }


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("altered", "BATADAL_test_dataset.zip: not the published file"),
        ("cut", "BATADAL_test_dataset.zip: no connection, or it was cut"),
        ("refused", "BATADAL_test_dataset.zip: the server refused: 404"),
    ],
)
def test_a_fault_leaves_nothing_and_old_files_alone(
    server: str, tmp_path: Path, fault: str, words: str
) -> None:
    old = tmp_path / "data" / "BATADAL_dataset03.csv"
    old.parent.mkdir()
    old.write_text("old")
    with pytest.raises(DataError, match=words):
        fetch.fetch(old.parent, f"{server}/{fault}", SUMS, INNER)
    assert everything(tmp_path) == {"data", "data/BATADAL_dataset03.csv"}
    assert old.read_text() == "old"


def test_without_a_server_nothing_is_written(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DataError, match="no connection"):
            fetch.fetch(tmp_path / "data", url, SUMS, INNER)
    assert everything(tmp_path) == set()


def test_a_zip_with_other_content_is_refused(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"does not hold the published inner\.csv"):
        fetch.fetch(tmp_path / "data", f"{server}/whole", SUMS, {"inner.csv": "0" * 64})
    assert everything(tmp_path) == set()


def test_a_file_is_no_folder_to_fetch_into(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(DataError, match="is a file"):
        fetch.fetch(tmp_path / "data")


def test_the_sums_are_those_of_the_files_at_hand(batadal_folder: Path) -> None:
    for name in ("BATADAL_dataset03.csv", "BATADAL_dataset04.csv"):
        content = (batadal_folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == fetch.SUMS[name]
