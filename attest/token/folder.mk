# What verifier and prober share: the tokens of challenges. No program of its own.
