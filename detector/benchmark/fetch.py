"""Fetching the official BATADAL files, only when asked; each is verified before it is moved in."""

import shutil
import tempfile
import zipfile
from pathlib import Path

import pooch
import requests

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

    All files are downloaded into a folder beside it, and moved only once each is verified: an error
    leaves nothing behind.

    Parameters
    ----------
    to
        The folder for the CSV files; created if it is missing.
    base_url
        Where the files lie.
    sums
        The files to download and their SHA-256.
    inner
        The files expected in each zip and their SHA-256.

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
            for unpacked in sorted(beside.glob("*.unzip")):
                _take_inner(unpacked, inner)
            target.mkdir(parents=True, exist_ok=True)
            return [
                Path(shutil.move(each, target / each.name)) for each in sorted(beside.glob("*.csv"))
            ]
    except OSError as error:
        raise DataError(f"{target}: cannot be written: {error.strerror or error}.") from error


def _download(base_url: str, file: str, known: str, folder: Path) -> None:
    """Download a file whose SHA-256 is `known` into a folder; a zip is unpacked beside it."""
    pooch.get_logger().setLevel("WARNING")
    url = base_url.rstrip("/") + "/" + file
    unzip = pooch.Unzip() if file.endswith(".zip") else None
    try:
        pooch.retrieve(url, known_hash=f"sha256:{known}", fname=file, path=folder, processor=unzip)
    except requests.HTTPError as error:
        raise DataError(f"{url}: the server refused: {error}. Nothing was written.") from error
    except requests.RequestException as error:
        raise DataError(
            f"{url}: no connection, or it was cut ({type(error).__name__}). "
            "Check the network and fetch again; nothing was written."
        ) from error
    except zipfile.BadZipFile as error:
        raise DataError(f"{file}: not a zip file: {error}.") from error
    except ValueError as error:
        # pooch raises it for a wrong sum.
        raise DataError(
            f"{url}: not the published file, its SHA-256 differs from {known[:12]}…: cut, altered "
            "or replaced. Fetch again; nothing was written."
        ) from error


def _take_inner(unpacked: Path, inner: dict[str, str]) -> None:
    """Verify the expected files of an unpacked zip, and move them out of its folder."""
    files = {each.name: each for each in unpacked.rglob("*") if each.is_file()}
    for name, known in inner.items():
        if name not in files or pooch.file_hash(str(files[name])) != known:
            raise DataError(f"{unpacked.stem}: does not hold the published {name}.")
        files[name].rename(unpacked.parent / name)
