"""Fetching the official BATADAL files, only when asked; each is checked before it moves in."""

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path

from detector.errors import DataError

BASE_URL = "https://www.batadal.net/data/"

SUMS = {
    "BATADAL_dataset03.csv": "8ca6cb851242254d2605b5a53ba3ba5009e2213a545d65396615f1ce0b426e1b",
    "BATADAL_dataset04.csv": "4746beab2cfcdb5e68c7fa197a7522aecb70189d61dcc3eb1f870d2ce387068b",
    "BATADAL_test_dataset.zip": "27e4a15eca583fca8bf133360866189f50af982899ad18b66dff70fb78d1a6fa",
}
"""The files as published, with their SHA-256."""

INNER = {
    "BATADAL_test_dataset.csv": "184dfc1581df52193b2acb79164f7ce094f2bb00b1bc2e3c2e70050095065fa5"
}
"""What the zip holds, with its SHA-256."""


def fetch(
    to: str | Path,
    base_url: str = BASE_URL,
    sums: dict[str, str] = SUMS,
    inner: dict[str, str] = INNER,
) -> list[Path]:
    """Download the official files, check their sums, and put the CSV files into a folder.

    Everything arrives in a folder beside, and moves only once all of it is verified: an error
    leaves nothing behind.

    Parameters
    ----------
    to
        The folder for the CSV files; made if it is missing.
    base_url
        Where the files lie.
    sums
        The files to download and their SHA-256.
    inner
        The files expected in the zips and their SHA-256.

    Returns
    -------
    list of Path
        The CSV files, in place.

    Raises
    ------
    DataError
        If there is no connection, it is cut, or a file is not the published one.
    """
    target = Path(to)
    if target.exists() and not target.is_dir():
        raise DataError(f"{target}: is a file; name a folder to fetch into.")
    home = target.absolute()
    while not home.exists():
        home = home.parent
    try:
        with tempfile.TemporaryDirectory(dir=home, prefix=".batadal-") as name:
            beside = Path(name)
            for file, known in sums.items():
                _download(base_url, file, known, beside)
            _unpack(beside, inner)
            target.mkdir(parents=True, exist_ok=True)
            return [
                Path(shutil.move(each, target / each.name)) for each in sorted(beside.glob("*.csv"))
            ]
    except OSError as error:
        raise DataError(f"{target}: cannot be written: {error.strerror or error}.") from error


def _download(base_url: str, file: str, known: str, folder: Path) -> None:
    # Imported here: pooch and requests take a quarter of a second that only a fetch should pay.
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    url = base_url.rstrip("/") + "/" + file
    try:
        pooch.retrieve(url, known_hash=f"sha256:{known}", fname=file, path=folder)
    except requests.HTTPError as error:
        raise DataError(f"{url}: the server refused: {error}. Nothing was written.") from error
    except requests.RequestException as error:
        raise DataError(
            f"{url}: no connection, or it was cut ({type(error).__name__}). "
            "Check the network and fetch again; nothing was written."
        ) from error
    except ValueError as error:
        # pooch's own word for a wrong sum.
        raise DataError(
            f"{url}: not the published file, its SHA-256 differs from {known[:12]}…: cut, altered "
            "or replaced. Fetch again; nothing was written."
        ) from error


def _unpack(folder: Path, inner: dict[str, str]) -> None:
    for packed in sorted(folder.glob("*.zip")):
        try:
            with zipfile.ZipFile(packed) as archive:
                content = {Path(each).name: archive.read(each) for each in archive.namelist()}
        except zipfile.BadZipFile as error:
            raise DataError(f"{packed.name}: not a zip file: {error}.") from error
        for name, known in inner.items():
            if hashlib.sha256(content.get(name, b"")).hexdigest() != known:
                raise DataError(f"{packed.name}: does not hold the published {name}.")
            (folder / name).write_bytes(content[name])
