"""Random masks: CowMask and boxes."""
