# SPDX-License-Identifier: GPL-2.0
#
# Virtual machines that have SDIs, for the tests that read this file after ktap_helpers.sh:
# it begins their results. $dir is a directory of the test, and goes with it.
#
# SIOV_GUEST names a program that boots a virtual machine, with a PCI Express root bus
# "pcie.0" and with the arguments for QEMU that are given to it. Console are its stdin and
# stdout. What it runs prints "guest: ready" and then takes commands, one a line. Each
# answer ends with "guest: COMMAND done". This one is for all:
#
# run WORDS	what a shell with the usual tools makes of WORDS, and after that
#		"guest: status NUMBER"

# Seconds; an emulator in an emulator takes them
LIMIT=1800

dir=$(mktemp -d)
guests=

skip_all()
{
	rmdir "$dir"
	ktap_skip_all "$1"
	exit "$KSFT_SKIP"
}

ktap_print_header
[ -n "$SIOV_GUEST" ] || skip_all "SIOV_GUEST names no virtual machine"

# start NAME ARG...: boot it; each SDI that it has needs a port of its own
start()
{
	local at=$dir/$1

	guests="$guests $1"
	rm -rf "$at"
	mkdir "$at"
	mkfifo "$at/in"
	: >"$at/log"
	echo 0 >"$at/seen"
	# Whoever writes to it must not be stopped by a guest that is gone
	sleep 86400 <>"$at/in" &
	echo $! >"$at/holder"
	shift
	"$SIOV_GUEST" "$@" <"$at/in" >"$at/log" 2>&1 &
	echo $! >"$at/pid"
}

pid_of()
{
	cat "$dir/$1/pid"
}

last_words()
{
	ktap_print_msg "$1: $2; its last words:"
	tail -n 20 "$dir/$1/log" | tr -d '\r' | sed 's/^/# /'
}

# await NAME TEXT: until the guest has said it. All since the last time is in NAME/said.
await()
{
	local at=$dir/$1 seen end=$(($(date +%s) + LIMIT))

	read -r seen <"$at/seen"
	while [ "$(date +%s)" -lt "$end" ]; do
		tail -c +$((seen + 1)) "$at/log" >"$at/said"
		if grep -q "^$2" "$at/said"; then
			echo $((seen + $(wc -c <"$at/said"))) >"$at/seen"
			return 0
		fi
		kill -0 "$(pid_of "$1")" 2>/dev/null || break
		sleep 1
	done

	last_words "$1" "no \"$2\""
	return 1
}

booted()
{
	await "$1" "guest: ready"
}

# tell NAME COMMAND...: and wait for nothing
tell()
{
	local name=$1

	shift
	echo "$*" >"$dir/$name/in"
}

ask()
{
	tell "$@"
	await "$1" "guest: $2 done"
}

# in_guest NAME WORDS: whether its shell succeeds
in_guest()
{
	local name=$1

	shift
	ask "$name" run "$@" || return 1
	grep -q "^guest: status 0" "$dir/$name/said" && return 0
	ktap_print_msg "$name: $*"
	tr -d '\r' <"$dir/$name/said" | sed 's/^/# /'
	return 1
}

# answer NAME WORDS: what its shell says, but for the kernel's log
answer()
{
	ask "$1" run "$2" >/dev/null
	tr -d '\r' <"$dir/$1/said" | grep -v -e '^guest: ' -e '^\['
}

# ends PID: whether it does, and with success
ends()
{
	local i

	for i in $(seq "$LIMIT"); do
		kill -0 "$1" 2>/dev/null || break
		sleep 1
	done
	! kill -0 "$1" 2>/dev/null && wait "$1"
}

forget()
{
	kill "$(cat "$dir/$1/holder")"
	rm "$dir/$1/holder" "$dir/$1/pid"
}

# guest_ends NAME: it has been told to
guest_ends()
{
	ends "$(pid_of "$1")" && forget "$1" && return 0
	last_words "$1" "it does not end"
	return 1
}

# quit NAME: the machine is switched off
quit()
{
	local pid

	pid=$(pid_of "$1")
	kill "$pid"
	wait "$pid"
	forget "$1"
}

clean_up_guests()
{
	local g

	for g in $guests; do
		kill "$(pid_of "$g")" "$(cat "$dir/$g/holder")"
	done
	rm -r "$dir"
} 2>/dev/null
