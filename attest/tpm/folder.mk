# What sealer and device's client share of ESYS. No program of its own.
