# What the two client programs, keyward-enroll and keyward-control, share: HTTPS, signed requests, files, sentences. No program of its own.
