"""The language of `when`: text parsed once and asked at every instant, by PLCs and attacks."""
