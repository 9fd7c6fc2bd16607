# the software device of the tests: keys, certificates, statements and requests with a knob for each defect. It needs libcrypto and tss2-mu.
