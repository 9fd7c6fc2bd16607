# what tests/failures/check loads into the programs to set their clock back
tests: $(B)/helpers/clock.so
$(B)/helpers/clock.so: tests/failures/clock.c
	@mkdir -p $(@D)
	gcc -std=gnu17 -D_GNU_SOURCE $(warnings) -O2 -fPIC -shared $< -o $@
