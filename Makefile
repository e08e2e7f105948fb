# SPDX-License-Identifier: GPL-2.0
#
# A thin front door. The work is done by scripts/ and tools/testing/siov/.

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:

top := $(CURDIR)
export BUILD ?= $(top)/build
export LINUX QEMU PCIUTILS ARGS T K V JOBS DISCARD PROFILE N SEED FILES
# For run, shell, gdb and modules; tests ask nobody.
export QEMU_ARGS APPEND KCONFIG SHARE GDB M

S := scripts
# One call at a time works in a build directory, the next one waits.
L := scripts/locked
VM := $(L) tools/testing/siov/host/vm

##@ The two commands
.PHONY: run test
run: .ready ## boot the patched kernel with an emulated SIOV PF and show what it sees
	@$(VM) show
test: .ready ## KUnit, then every topology in its own machine (T=name one of them, V=1 all output)
	@$(VM) test

##@ For developers
.PHONY: shell modules gdb kunit list compile_commands.json container kit bench test-debug test-all coverage mutants check series refresh menuconfig
shell: .ready ## an interactive shell in the same machine (leave with "poweroff -f")
	@$(VM) shell
modules: .ready ## build the driver in M=dir for that machine; it finds it in /share
	@$(VM) modules
gdb: .ready ## look into the machine that "make shell GDB=1" runs in another terminal
	@$(S)/gdb
kunit: .ready ## the KUnit suites over a fake host bridge, on user-mode Linux
	@$(VM) test kunit
list: ## every test with a line about it
	@tools/testing/siov/host/vm list
kit: .ready ## build/siov-kit-*.tar.gz: the tests for a machine with a real SIOV device
	@$(L) $(S)/build kit
	@ls $(BUILD)/siov-kit-*.tar.gz
compile_commands.json: .ready ## how each file was compiled, for editors
	@$(L) $(S)/compile-commands
container: ## the same in a Debian container: CMD="make test", by podman or docker
	@$(S)/container $(CMD)
test-debug: .ready ## the test run with KASAN, lockdep, kmemleak and UBSAN in the kernel
	@PROFILE=debug $(VM) test
test-all: .ready ## everything: test, arm64, nested, the debug profile, mutants; hours
	@$(L) $(S)/test-all
bench: .ready ## what SDIs cost, beside VFs: tables and pictures in build/bench/; what got worse fails
	@$(L) tools/testing/siov/host/bench
coverage: .ready ## which lines of our kernel files KUnit and the guests reach: HTML and a table
	@$(L) tools/testing/siov/host/coverage
mutants: .ready ## break our kernel files in N=40 places (SEED=1), one at a time: who notices?
	@$(L) tools/testing/siov/host/mutants
check: .ready ## checkpatch, sparse, kernel-doc, every commit builds, cross builds (slow)
	@$(S)/check
series: .ready ## build/outgoing: the mails that "git am" takes on a pristine tree
	@for n in linux qemu pciutils; do $(L) $(S)/series mails $$n || exit; done
refresh: .ready ## write commits made in build/src/*, branch siov, back to patches/ and files
	@for n in linux qemu pciutils; do \
		[ ! -e "$(BUILD)/src/$$n/.git" ] || $(L) $(S)/series refresh $$n || exit; done
menuconfig: .ready ## choose IOMMU model, debug profile, accelerator, SDIs of the machine
	@$(S)/machine-config menuconfig

##@ Housekeeping
.PHONY: clean distclean help
clean: ## remove what was built, keep the sources
	@$(S)/clean
distclean: ## remove build/
	@$(S)/clean all
help: ## this text
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z_.-]+:.*## / { printf "  make %-21s %s\n", $$1, $$2 }' Makefile
	@printf '%s\n' '' \
		'ARGS=total-sdis=4096,stride=1   properties of the PF, for run and shell; and for these two' \
		'QEMU_ARGS="-device edu" APPEND="dyndbg=..." KCONFIG=file SHARE=dir' \
		'                                more of the machine, its kernel, and a directory for /share' \
		'GDB=1, GDB=wait                 with symbols, for make gdb; run nothing before it is there' \
		'LINUX=dir QEMU=dir PCIUTILS=dir your own trees, read and never written' \
		'BUILD=dir JOBS=n V=1 T=name     where, how many at once, all output, one test' \
		'N=40 SEED=1 FILES=pattern       how many mutants, which sample, of which files'

# make itself may be the first thing a machine got: the rest comes here.
.PHONY: .ready
.ready:
	@$(S)/packages
