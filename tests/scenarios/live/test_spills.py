"""Spills as a teacher sees them: since when, how much, and whether they go on."""

from scenarios.live.spills import Spill, Spills


def test_a_spill_begins_grows_and_ends():
    spills = Spills()
    spills.see(0.0, {"T1": 0.0, "T2": 0.0})
    spills.see(300.0, {"T1": 0.0, "T2": 0.0})
    assert spills.all == ()
    spills.see(600.0, {"T1": 2.0, "T2": 0.0})
    spills.see(900.0, {"T1": 5.0, "T2": 1.0})
    assert spills.all == (Spill("T1", 300.0, None, 5.0), Spill("T2", 600.0, None, 1.0))
    spills.see(1200.0, {"T1": 5.0, "T2": 4.0})
    spills.see(1500.0, {"T1": 6.0, "T2": 4.0})
    assert spills.all == (
        Spill("T1", 300.0, 900.0, 5.0),
        Spill("T2", 600.0, 1200.0, 4.0),
        Spill("T1", 1200.0, None, 1.0),
    )
    assert [(e.time, e.what) for e in spills.events()] == [
        (300.0, "T1 begins to spill"),
        (600.0, "T2 begins to spill"),
        (900.0, "T1 spills no more"),
        (1200.0, "T2 spills no more"),
        (1200.0, "T1 begins to spill"),
    ]
