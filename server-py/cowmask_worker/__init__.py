"""The CowMask worker: draws CowMasks and trains Mean Teacher models for a client that speaks gRPC."""

__version__ = "0.1.0"
