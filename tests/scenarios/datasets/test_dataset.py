import hashlib
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from detector.records.record import read
from scenarios.datasets.make import CARD, SUMS, WEEKS, make
from scenarios.datasets.recipe import read_recipe, recipes
from scenarios.datasets.score import predict, read_predictions, score
from scenarios.definition.schema import load
from scenarios.simulation.run import run
from twin.errors import InputError

BASE = "name: calm\nduration: 1 d\nwarmup: 0 h\ndetector: null\n"
RECIPE = """\
name: tiny
licence: CC0
citation: nobody
base: calm.yaml
seed: 5
frames: [5 min, 1 h]
week: 1 d
begins: [2 h, 4 h]
lasts: [2 h, 8 h]
train: {runs: 1, duration: 1 d}
validation: {normal: 0, attacked: 1}
test: {normal: 1, attacked: 3}
faults: 1
families:
  readings: [{on: "sensor:L_T1", do: {offset: {by: -1.0}}}]
  time: [{on: "link:PLC2->PLC1", do: {drop: {}}}]
benign: [{on: "plant:PU4", do: {wear: {speed: 0.9}}}]
"""


def write_recipe(place, text=RECIPE):
    (place / "calm.yaml").write_text(BASE)
    (place / "tiny.yaml").write_text(text)
    return str(place / "tiny.yaml")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder in which a data set was made twice, from the start both times."""
    place = tmp_path_factory.mktemp("dataset")
    for name in ("one", "two"):
        recipe = read_recipe(write_recipe(place))
        make(recipe, place / name, place / f"{name}.runs", workers=1, progress=False)
    return place


@pytest.fixture(scope="module")
def made(place):
    return place / "one"


def digests(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def test_made_twice_it_has_the_same_bytes(place):
    assert digests(place / "one") == digests(place / "two")


def test_the_checksums_are_of_every_file(made):
    lines = (made / SUMS).read_text().splitlines()
    stated = dict(reversed(line.split("  ")) for line in lines)
    found = digests(made)
    del found[SUMS]
    assert stated == found


def test_parts_share_no_seed_and_families_are_balanced(made):
    weeks = pd.read_csv(made / WEEKS)
    assert list(weeks["seed"]) == list(range(5, 5 + len(weeks)))
    assert list(weeks["part"]) == ["train", "validation", *["test"] * 4, "faults"]
    attacked = weeks[(weeks["part"] == "test") & (weeks["kind"] == "attack")]
    assert list(attacked["family"]) == ["readings", "time", "readings"]
    assert attacked["begin_s"].between(2 * 3600, 4 * 3600).all()


def test_the_shipped_recipes_ask_for_what_they_say():
    assert recipes() == ["ctown-attacks-1"]
    recipe = read_recipe("ctown-attacks-1")
    weeks = pd.DataFrame([vars(week) for week in recipe.weeks()])
    assert weeks["seed"].is_unique
    count = weeks.groupby(["part", "kind"]).size()
    assert count["train", "normal"] == 2
    assert count["validation", "attack"] + count["test", "attack"] == 200
    assert count["test", "normal"] == 50
    assert count["faults", "fault"] == 50
    for part in ("validation", "test"):
        some = weeks[(weeks["part"] == part) & (weeks["kind"] == "attack")]
        by_family = some.groupby("family").size()
        assert len(by_family) == len(recipe.file.families) == 9
        assert by_family.max() - by_family.min() <= 1
    recipe.sweep().check()


def test_formats_hold_the_same_rows(made):
    for part in ("train", "validation", "test", "faults"):
        hourly = pd.read_parquet(made / "parquet" / f"{part}-1h.parquet")
        fine = pd.read_parquet(made / "parquet" / f"{part}-5min.parquet")
        assert len(fine) == 12 * len(hourly)
        shared = fine[fine["time"] % 3600 == 0].reset_index(drop=True)
        tags = [name for name in hourly.columns if name[:2] in ("L_", "F_", "S_", "P_")]
        assert len(tags) == 43
        assert shared[["week", *tags]].equals(hourly[["week", *tags]])
        record = read(made / "batadal" / f"{part}.csv", tags)
        assert np.array_equal(record.table[tags].to_numpy(), hourly[tags].round(2).to_numpy())
        assert np.array_equal(record.flags, hourly["ATT_FLAG"])
    assert not hourly["ATT_FLAG"].any()
    assert hourly["FAULT"].any()


def test_a_file_of_tsb_ad_is_named_by_its_rows(made):
    files = sorted((made / "tsb-ad" / "test-5min").iterdir())
    assert len(files) == 3
    for file in files:
        *_, train, _, first = file.stem.split("_")
        labels = pd.read_csv(file)["Label"]
        assert labels.argmax() == int(first) > int(train) == 24
        assert not labels[: int(train)].any()


def test_the_card_says_what_it_cannot_tell(made):
    card = (made / CARD).read_text()
    for word in ("CC0", "nobody", "Known limits", "wntr", "| test | attack | time | 1 |"):
        assert word in card


def predictions(made, alarm):
    rows = pd.concat(
        pd.read_parquet(made / "parquet" / f"{part}-1h.parquet") for part in ("test", "faults")
    )
    alarms = alarm(rows).astype(int)
    return rows[["week", "time"]].assign(score=alarms.astype(float), alarm=alarms)


def test_what_knows_the_labels_scores_best(made):
    figures = score(made, predictions(made, lambda rows: rows["ATT_FLAG"]))
    assert figures["metrics"]["f1"] == 1.0
    assert figures["metrics"]["S"] == 1.0
    assert figures["families"] == {"readings": 1.0, "time": 1.0}
    assert figures["false_episodes_per_week"] == {"normal": 0.0, "faults": 0.0}


def test_what_never_alarms_finds_nothing_and_what_always_does_pays(made):
    never = score(made, predictions(made, lambda rows: 0 * rows["ATT_FLAG"]))
    assert never["metrics"]["recall"] == 0.0
    assert never["families"] == {"readings": 0.0, "time": 0.0}
    always = score(made, predictions(made, lambda rows: 0 * rows["ATT_FLAG"] + 1))
    assert always["metrics"]["recall"] == 1.0
    assert always["false_episodes_per_week"] == {"normal": 7.0, "faults": 7.0}  # one, in one day


def test_an_attack_without_any_score_is_told(made):
    some = predictions(made, lambda rows: rows["ATT_FLAG"])
    weeks = pd.read_csv(made / WEEKS)
    [week] = weeks.loc[(weeks["part"] == "test") & (weeks["family"] == "time"), "week"]
    some.loc[some["week"] == week, "score"] = np.nan
    judged = score(made, some)["judged"]
    assert judged == {"readings": {"judged": 2, "of": 2}, "time": {"judged": 0, "of": 1}}


def test_a_detector_that_wants_a_shadow_twin_is_scored(made):
    """Its week is scored as the run that it is of was while it went on."""
    found = predict(made, "physics")
    weeks = pd.read_csv(made / WEEKS)
    asked = weeks[weeks["part"].isin(("test", "faults"))]
    assert list(found["week"].unique()) == list(asked["week"])
    [row] = asked[asked["kind"] == "normal"].itertuples()
    base = load(str(made / "calm.yaml"))
    calm = run(replace(base, seed=row.seed, start=pd.Timestamp(row.start), detector="physics"))
    stream = calm.scores["score"].to_numpy()
    mine = found.loc[found["week"] == row.week, "score"].to_numpy()
    assert np.allclose(mine, stream, rtol=0.0, atol=0.01)
    figures = score(made, found)
    assert figures["interval_s"] == 300.0
    assert figures["families"]["readings"] == 1.0


def test_a_detector_that_cannot_be_scored_says_why(made):
    with pytest.raises(InputError, match="no trained ewma for plant ctown"):
        predict(made, "ewma")
    with pytest.raises(InputError, match="Did you mean 'physics'"):
        predict(made, "phisics")


def test_mistakes_in_predictions(made, tmp_path):
    whole = predictions(made, lambda rows: rows["ATT_FLAG"])
    with pytest.raises(InputError, match=r"1 rows of test have no prediction; the first is week 2"):
        score(made, whole.iloc[1:])
    path = tmp_path / "mine.csv"
    whole.rename(columns={"score": "scores"}).to_csv(path, index=False)
    with pytest.raises(InputError, match=r"no column 'score' \(did you mean scores\?\)"):
        read_predictions(path)
    pd.concat([whole, whole.iloc[:1]]).to_csv(path, index=False)
    with pytest.raises(InputError, match="twice"):
        read_predictions(path)
    whole.assign(alarm=2).to_csv(path, index=False)
    with pytest.raises(InputError, match="alarm is 0 or 1"):
        read_predictions(path)
    whole.to_csv(path, index=False)
    assert json.dumps(score(made, read_predictions(path))) == json.dumps(score(made, whole))
    with pytest.raises(InputError, match="is no data set"):
        score(tmp_path, whole)


@pytest.mark.parametrize(
    ("old", "new", "where", "told"),
    [
        ("licence", "license", "2:1", "did you mean licence?"),
        ("calm.yaml", "clam.yaml", "4:1", "calm.yaml"),
        ("begins: [2 h, 4 h]", "begins: [2 h, 20 h]", "9:1", "does not last so long"),
        ("offset: {by", "offset: {bye", "15:", "did you mean by?"),
        ("drop: {}}", "drop: {}}, when: {from: 1 h}", "16:", "are drawn"),
        ("[5 min, 1 h]", "[7 min]", "6:10", "SCADA polls every"),
    ],
)
def test_mistakes_in_a_recipe(tmp_path, old, new, where, told):
    with pytest.raises(InputError) as raised:
        read_recipe(write_recipe(tmp_path, RECIPE.replace(old, new)))
    assert f"tiny.yaml:{where}" in str(raised.value)
    assert told in str(raised.value)


def test_a_folder_that_holds_something_is_refused(place):
    recipe = read_recipe(write_recipe(place))
    with pytest.raises(InputError, match="holds something already"):
        make(recipe, place / "one", place / "one.runs", workers=1, progress=False)
