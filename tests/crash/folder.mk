# what tests/crash/check starts: it stops a running process at a step of its choice
helpers += crash-tracer
crash-tracer.file = tests/crash/tracer.c
crash-tracer.uses = firmware/boundary
crash-tracer.packages =
