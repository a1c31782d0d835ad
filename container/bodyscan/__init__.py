"""One standing photo to body segment lengths in centimetres."""
