# SPDX-License-Identifier: Apache-2.0
# Keyward. Everything is built below build/. `make help` says what there is.
#
# A folder states its programs in its folder.mk:
#   programs += NAME                 built from FOLDER/main.c and the folder's other files
#   NAME.folder = FOLDER             where its main is
#   NAME.uses = FOLDER ...           folders whose code it may take, in link order
#   NAME.packages = PACKAGE ...      pkg-config names of what it links, and so of what it could do
# and a test in tests/unit/folder.mk:  tests += NAME, NAME.uses, NAME.packages; its file is tests/unit/NAME.c
# and a fuzzer in tests/fuzz/folder.mk: fuzzers += NAME, NAME.uses, NAME.packages; its file is tests/fuzz/NAME.c

comma := ,
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := programs

B := build
SECONDS ?= 60
JOBS ?= $(shell nproc)

programs :=
tests :=
fuzzers :=
helpers :=
include $(sort $(wildcard */folder.mk */*/folder.mk))

warnings := -Wall -Wextra -Werror -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wcast-qual -Wformat=2 -Wvla -Wundef -Wswitch-enum -Wnull-dereference
common := -std=gnu17 -D_GNU_SOURCE -DOPENSSL_API_COMPAT=30000 -I. -g -MMD -MP -pthread -ffile-prefix-map=$(CURDIR)=.
hardening := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
	-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr -fPIE
sanitizing := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fno-var-tracking-assignments
fuzzing := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
linking := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed

# One package list: what building, running and testing need on Debian 12.
packages_file := tests/packages

# $(call build,GOALS): says so when there is something to build
build = $(MAKE) -sq $(1) 2>/dev/null || echo "Building: $(1)"; $(MAKE) -s -j$(JOBS) $(1)

## programs: build the programs of the appliance, its tools and the device's client (default)
.PHONY: programs
programs: $(programs:%=$(B)/bin/%)

## run: make an appliance under build/run or go on with the one there, enrol a demonstration device, serve until Ctrl-C (as root)
.PHONY: run
run: $(B)/packages.stamp
	@$(call build,programs)
	@firmware/host/run $(B)/bin $(B)/run

## check: run every test; ends with a line "N passed, N failed" (as root)
.PHONY: check
check: $(B)/packages.stamp
	@$(call build,programs tests)
	@tests/run $(B)

## bench: measure CPU, memory and start-up against U, the CPU of one ES256 verification, and beside pebble and caddy (as root)
.PHONY: bench
bench: $(B)/packages.stamp
	@$(call build,programs tests)
	@tests/bench/run $(B)
	@tests/bench/servers $(B)

## fuzz: run every fuzzer for SECONDS=60 each; what one finds is kept below build/fuzz-found
.PHONY: fuzz
fuzz: $(B)/packages.stamp
	@$(call build,fuzzers)
	@tests/fuzz/run $(B) $(SECONDS)

## requirements: write build/requirements.md: what the specifications require, and the tests that show it
.PHONY: requirements
requirements:
	@mkdir -p $(B)
	@tests/requirements/check $(B) --print >$(B)/requirements.md
	@sed -n 3p $(B)/requirements.md
	@echo "The table is in $(B)/requirements.md"

## tests: build the tests, the fuzzers and the programs that tests start
.PHONY: tests fuzzers
tests: $(tests:%=$(B)/tests/%) $(helpers:%=$(B)/helpers/%) fuzzers
fuzzers: $(fuzzers:%=$(B)/fuzz/%)

## packages: install the Debian packages that are missing (as root)
.PHONY: packages
packages: $(B)/packages.stamp
$(B)/packages.stamp: $(packages_file)
	@tests/install-packages $<
	@mkdir -p $(@D) && touch $@

## install: put programs, manuals, unit and example below PREFIX=/usr/local and DESTDIR (see firmware/host/keyward.8)
PREFIX ?= /usr/local
DESTDIR ?=
VERSION ?= 0.2
.PHONY: install deb
install: programs
	@firmware/host/install $(B) '$(PREFIX)' '$(DESTDIR)'

## deb: make the Debian packages keyward and keyward-client of VERSION in build/deb
deb: programs
	@firmware/host/deb $(B) '$(VERSION)' $(B)/deb

## clean: remove everything that was built; appliances made by `make run` too
.PHONY: clean
clean:
	rm -rf $(B)

## help: say what there is
.PHONY: help
help:
	@sed -n 's/^## /  make /p' Makefile

# ---- how things are built ----

# $(call sources,FOLDER): its files but main.c
sources = $(filter-out $(1)/main.c,$(sort $(wildcard $(1)/*.c)))
flags = $(if $(1),$(shell pkg-config --cflags $(1)))
libraries = $(if $(1),$(shell pkg-config --libs $(1)))

folders := $(sort $(foreach p,$(programs),$($(p).folder) $($(p).uses)) $(foreach t,$(tests) $(fuzzers) $(helpers),$($(t).uses)))
pkg_cflags = $(shell pkg-config --cflags $(sort $(foreach p,$(programs) $(tests) $(helpers) $(fuzzers),$($(p).packages))) 2>/dev/null)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	gcc $(common) $(warnings) $(hardening) $(pkg_cflags) -c $< -o $@
$(B)/san/%.o: %.c
	@mkdir -p $(@D)
	gcc $(common) $(warnings) -Wno-null-dereference $(sanitizing) $(pkg_cflags) -c $< -o $@
$(B)/fuzzobj/%.o: %.c
	@mkdir -p $(@D)
	clang -fdouble-square-bracket-attributes $(common) -Wall -Wextra -Werror $(fuzzing) $(pkg_cflags) -c $< -o $@

# $(call archive,VARIANT,FOLDER)
archive = $(B)/$(1)/$(2)/folder.a
define archive_rule
$(call archive,$(1),$(2)): $(patsubst %.c,$(B)/$(1)/%.o,$(call sources,$(2)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach v,obj san fuzzobj,$(foreach f,$(folders),$(eval $(call archive_rule,$(v),$(f)))))

# $(call link_rule,TARGET,VARIANT,COMPILER AND FLAGS,MAIN OBJECT,FOLDERS,PACKAGES)
define link_rule
$(1): $(4) $(foreach f,$(5),$(call archive,$(2),$(f)))
	@mkdir -p $$(@D)
	$(3) -pthread $$< -Wl,--start-group $(foreach f,$(5),$(call archive,$(2),$(f))) -Wl,--end-group -Wl,--as-needed $$(call libraries,$(6)) -o $$@
endef
$(foreach p,$(programs),$(eval $(call link_rule,$(B)/bin/$(p),obj,gcc $(linking),$(B)/obj/$($(p).folder)/main.o,$($(p).folder) $($(p).uses),$($(p).packages))))
# Tests under tests/unit are sanitized; helpers are real programs that tests start.
$(foreach t,$(tests),$(eval $(call link_rule,$(B)/tests/$(t),san,gcc -fsanitize=address$(comma)undefined,$(B)/san/tests/unit/$(t).o,$($(t).uses),cmocka $($(t).packages))))
$(foreach t,$(helpers),$(eval $(call link_rule,$(B)/helpers/$(t),obj,gcc $(linking),$(B)/obj/$($(t).file:.c=.o),$($(t).uses),$($(t).packages))))
$(foreach t,$(fuzzers),$(eval $(call link_rule,$(B)/fuzz/$(t),fuzzobj,clang -fsanitize=fuzzer$(comma)address$(comma)undefined,$(B)/fuzzobj/tests/fuzz/$(t).o,$($(t).uses),$($(t).packages))))

-include $(shell find $(B)/obj $(B)/san $(B)/fuzzobj -type f -name '*.d' 2>/dev/null)
