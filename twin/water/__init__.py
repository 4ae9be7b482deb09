"""The physics: EPANET stepped from instant to instant, with tanks, pumps, demands and balance."""
