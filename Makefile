# Thin on purpose: what is done, and why, stands in tools/*.sh.
#
#   make run     install what is missing, build, start beimen with ./data
#   make test    install what is missing for tests too, then run them all
#   make check   the quick part of the tests, with what is installed
#   make lint    every static check, the slow ones too
#   make fuzz    every fuzz target for FUZZ_SECONDS (default 60)
#   make coverage  how much of the core its unit tests run
#   make bench   beside rsyslog and ripgrep; writes doc/performance.md
#   make install DESTDIR= PREFIX=/usr/local
#
# `make run ARGS="--web 127.0.0.1:0"` hands its arguments to `beimen serve`.

PREFIX = /usr/local
DESTDIR =
DATA = data
ARGS =
FUZZ_SECONDS = 60
BEIMEN = build/release/src/proc/beimen

export PREFIX DESTDIR

all: build

run: setup-run
	@tools/build.sh release
	@echo "==> $(BEIMEN) serve --data $(DATA) $(ARGS)"
	@exec $(BEIMEN) serve --data $(DATA) $(ARGS)

build: setup-run
	@tools/build.sh release

test:
	@tools/test.sh all

check:
	@tools/test.sh quick

lint:
	@tools/test.sh lint

fuzz:
	@tools/build.sh fuzz
	@fuzz/run.sh --seconds $(FUZZ_SECONDS)

coverage:
	@tools/coverage.py

bench:
	@tools/build.sh release
	@bench/run.sh

install: build
	@tools/install.sh

setup-run:
	@tools/setup.sh run

clean:
	rm -rf build/release build/asan build/clang build/fuzz build/test-logs \
	    build/counterparts

.PHONY: all run build test check lint fuzz coverage bench install setup-run clean
