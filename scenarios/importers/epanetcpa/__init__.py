"""epanetCPA's `.cpa` files, and the Matlab tables beside them."""
