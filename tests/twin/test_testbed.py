import numpy as np
import pandas as pd
import pytest

from twin.control.plc import Plc
from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.tags import Quality
from twin.testbed import Testbed

HOUR, DAY = 3600.0, 86400.0


def run(hours=48, seed=0, **options):
    plant = options.pop("plant", None) or load_plant("ctown")
    prepare = options.pop("prepare", lambda bed: None)
    with Testbed(plant, seed=seed, **{"warmup": 0.0, **options}) as bed:
        prepare(bed)
        for _ in bed.run(hours * HOUR):
            pass
        return bed


def tables(bed):
    history = bed.historian
    return [t.frame() for t in (history.truth, history.plc, history.scada, history.quality)]


def test_a_run_records_every_step_of_every_tag():
    truth, plc, scada, quality = tables(run())
    assert len(truth) == len(plc) == len(scada) == len(quality) == 48 * 12
    assert list(truth.index[:3]) == [0.0, 300.0, 600.0]
    assert list(scada.columns) == list(load_plant("ctown").tag_names)
    assert "PLC1.L_T1" in plc.columns
    assert not scada.isna().any().any()


def test_without_attack_or_delay_everybody_sees_the_truth():
    truth, plc, scada, quality = tables(run())
    np.testing.assert_array_equal(scada.to_numpy(), truth[scada.columns].to_numpy())
    np.testing.assert_array_equal(plc["PLC1.L_T1"], truth["L_T1"])
    assert (quality == Quality.GOOD).all().all()


def test_a_normal_week_spills_nothing_and_meets_every_demand():
    bed = run(hours=168, warmup=7 * DAY)
    totals = bed.totals()
    assert sum(v for k, v in totals.items() if k.startswith(("overflow", "empty"))) < 0.5
    assert totals["unmet_m3"] == 0.0
    assert not bed.plant.meters.warnings


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run(seed=5, folder=tmp_path / name)
    for path in (tmp_path / "one").glob("*.parquet"):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    assert len(list((tmp_path / "one").glob("*.parquet"))) == 4


def test_another_seed_gives_another_truth():
    one, other = tables(run(seed=1))[0], tables(run(seed=2))[0]
    assert not one.equals(other)


def test_latency_to_scada_shows_the_same_frames_later():
    plant = load_plant("ctown")
    slow = load_plant("ctown", control={"links": {"PLC*->SCADA": {"latency": "2 s"}}})
    now, late = tables(run(plant=plant)), tables(run(plant=slow))
    pd.testing.assert_frame_equal(now[0], late[0])
    pd.testing.assert_frame_equal(now[2], late[2].reindex(now[2].index).ffill(limit=1))


def test_latency_between_plcs_makes_control_late():
    plant = load_plant("ctown")
    slow = load_plant("ctown", control={"links": {"PLC4->PLC3": {"latency": "10 min"}}})
    truth, plc, _, _ = tables(run(plant=slow))
    shifted = truth["L_T3"].shift(2).iloc[2:]
    on_marks = plc["PLC3.L_T3"].iloc[2:]
    assert np.abs(shifted - on_marks).median() < 1e-9
    assert not truth.equals(tables(run(plant=plant))[0])


def test_a_cut_link_goes_stale_and_a_link_never_up_is_bad():
    def cut(bed):
        (link,) = bed.points("link:PLC2->SCADA")
        link.attach(lambda packet: [r for r in packet if r.time < 3600], ["L_T1"])
        (never,) = bed.points("link:PLC4->SCADA")
        never.attach(lambda packet: [], ["L_T3"])

    _, _, scada, quality = tables(run(hours=3, prepare=cut))
    assert (quality.loc[:3300, "L_T1"] == Quality.GOOD).all()
    assert (quality.loc[3600:, "L_T1"] == Quality.STALE).all()
    assert (scada.loc[3600:, "L_T1"] == scada.loc[3300, "L_T1"]).all()
    assert (quality["L_T3"] == Quality.BAD).all()
    assert scada["L_T3"].isna().all()


def test_what_was_recorded_survives_an_interruption(tmp_path):
    with Testbed(load_plant("ctown"), warmup=0.0, folder=tmp_path) as bed:
        steps = bed.run(48 * HOUR)
        for now in steps:
            if now >= 10 * HOUR:
                break
        steps.close()
    assert len(pd.read_parquet(tmp_path / "truth.parquet")) == 120


def test_ports_that_are_not_there_name_those_that_are():
    with Testbed(load_plant("ctown"), warmup=0.0) as bed:
        assert len(bed.points("link:*->SCADA")) == 9
        assert len(bed.points("link:PU1->PLC1")) == 2  # its flow and its status


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("link:PLC2->PLC11", "PLC2 sends to PLC1, SCADA"),
        ("link:PLC2->PLC3", "PLC2 sends to PLC1, SCADA; PLC3 hears J14"),
        ("link:PLC1->PLC2", "the other way, link:PLC2->PLC1"),
        ("link:SCADA->PLC2", "SCADA sends to PLC1, PLC3, PLC5; PLC2 hears T1"),
        ("link:T1->SCADA", "T1 sends to PLC2; SCADA hears PLC1 to PLC9"),
        ("link:HMI->PLC77", "for the sender 'HMI', one of"),
        ("link:PLC2", "did you mean link:PLC2->PLC1 or link:PLC2->SCADA?"),
        ("link:PLC2-PLC1", "did you mean link:PLC2->PLC1?"),
        ("link:plc2 → plc1", "did you mean link:PLC2->PLC1?"),
        ("link:HMI", "a link goes from a sender to a receiver"),
        ("actuator:PU12", "PLCs drive PU1 to PU11, V2; what none"),
        ("actuator:pu3", "did you mean actuator:PU3?"),
        ("sensor:L_T9", "there are sensor:L_T1 to sensor:L_T7"),
        ("sensor:L_T11", "did you mean sensor:L_T1?"),
        ("sensor:T1", "did you mean sensor:L_T1?"),
        ("sensor:PU1", "did you mean sensor:F_PU1 or sensor:S_PU1?"),
        ("sensor:L_T1, L_T2", "an entry has one port"),
        ("plc:PLC10", "there are PLC1 to PLC9"),
    ],
)
def test_a_port_that_is_not_there_names_its_neighbours(name, says):
    with Testbed(load_plant("ctown"), warmup=0.0) as bed, pytest.raises(InputError) as caught:
        bed.points(name)
    assert says in str(caught.value)


def test_a_warmup_of_half_hours_is_refused():
    with pytest.raises(InputError, match="whole hours"):
        Testbed(load_plant("ctown"), warmup=1800.0)


@pytest.mark.parametrize("every", ["40 s", "7 min", "20 min"])
def test_a_plc_scans_as_often_as_it_is_told_and_the_others_as_ever(every, monkeypatch):
    times = {}
    scan = Plc.scan

    def noted(plc, now, t, hour):
        times.setdefault(plc.spec.name, []).append(int(now))
        scan(plc, now, t, hour)

    monkeypatch.setattr(Plc, "scan", noted)
    own = {"PLC1": {"scan": {"every": every}}}
    every_scan = {"scan": {"crossings": "none"}}
    plant = load_plant("ctown", control={**every_scan, "plcs": own})
    run(hours=6, plant=plant)
    assert times["PLC1"] == list(range(0, 6 * 3600, plant.plcs["PLC1"].scan))
    assert times["PLC3"] == times["PLC5"] == list(range(0, 6 * 3600, 900))
