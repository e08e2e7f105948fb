# SPDX-License-Identifier: GPL-2.0
# Sourced by the scripts beside it: where things are, one line a step, errors
# that say what to do. Nothing here builds anything.
#
# shellcheck shell=bash disable=SC2034

set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD:-$top/build}
jobs=${JOBS:-$(nproc)}

# A caller's own settings must not leak into the trees we build.
unset ARCH CROSS_COMPILE KBUILD_OUTPUT MAKEFLAGS MFLAGS MAKELEVEL CDPATH O
export LC_ALL=C.UTF-8 GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0

die()
{
	printf '\nerror: %s\n' "$*" >&2
	exit 1
}

warn()
{
	printf 'warning: %s\n' "$*" >&2
}

# need_build_dir: every script writes below build/ and nowhere else.
need_build_dir()
{
	mkdir -p "$build/log" "$build/key" 2>/dev/null && [ -w "$build" ] &&
		touch "$build/.writable" 2>/dev/null ||
		die "cannot write to $build. Make it writable, or name another" \
		    "directory with BUILD=dir."
}

# need_space MIB: a full disk is better told before a build than after it.
need_space()
{
	local free

	free=$(df -Pm "$build" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] ||
		die "$build has $free MiB free, this step needs about $1 MiB." \
		    "Free some space, or name another directory with BUILD=dir."
}

# one_at_a_time: two runs in one build directory would spoil each other.
one_at_a_time()
{
	[ -z "${SIOV_LOCKED:-}" ] || return 0
	exec 9>"$build/.lock"
	flock -n 9 ||
		die "another make is at work in $build. Wait for it, or name" \
		    "another directory with BUILD=dir."
	export SIOV_LOCKED=1
}

hash_of()
{
	sha256sum | cut -c1-20
}

# have_key NAME KEY FILE...: was NAME built from just these inputs, and is
# what it built still there?
have_key()
{
	local name=$1 key=$2 f

	shift 2
	[ "$(cat "$build/key/$name" 2>/dev/null)" = "$key" ] || return 1
	for f; do
		[ -e "$f" ] || return 1
	done
}

set_key()
{
	printf '%s\n' "$2" >"$build/key/$1.new" &&
		mv "$build/key/$1.new" "$build/key/$1"
}

# explain LOG: the likely reason of a failure, and what to do about it.
explain()
{
	local log=$1 line

	if grep -q 'No space left on device' "$log"; then
		echo "the disk is full ($(df -Pm "$build" | awk 'NR==2{print $4}') MiB free)." \
		     "Free some space and call again."
	elif grep -qE 'Temporary failure resolving|Could not (resolve|connect)|Network is unreachable|Connection (timed out|failed)|Failed to fetch' "$log"; then
		echo "no Debian mirror answers. Check the network and" \
		     "/etc/apt/sources.list, or give LINUX=, QEMU= and PCIUTILS= trees."
	else
		line=$(grep -aE 'error|Error|ERROR|fatal|^E: ' "$log" | head -n 1)
		echo "${line:-$(tail -n 1 "$log")}"
	fi
}

# progress TEXT LOG TOTAL: redraw one line until killed. Ninja counts itself,
# kbuild prints a line an object, and TOTAL says how many to expect.
progress()
{
	local text=$1 log=$2 total=$3 start=$SECONDS done_ n

	while sleep 1; do
		n=$(tail -c 4096 "$log" 2>/dev/null | grep -aoE '^\[[0-9]+/[0-9]+\]' | tail -n 1)
		if [ -n "$n" ]; then
			done_=$n
		elif [ "$total" -gt 0 ]; then
			n=$(grep -acE '^  [A-Z]' "$log" 2>/dev/null)
			[ "$n" -lt "$total" ] || n=$((total - 1))
			done_="$((100 * n / total)) %"
		else
			done_=
		fi
		printf '\r  %-52s %s  %d s ' "$text" "$done_" $((SECONDS - start))
	done
}

# step NAME TEXT TOTAL COMMAND...: run it with its output in build/log/NAME.log
# and leave in step_rc how it went. Call it plainly, never as "if step": in a
# condition the shell would ignore set -e in all that the command does.
step()
{
	# The command sees these, so they are named like nothing of its own.
	local _name=$1 _text=$2 _total=$3 _log=$build/log/$1.log _start=$SECONDS _pid=

	shift 3
	if [ -t 1 ]; then
		: >"$_log"
		progress "$_text" "$_log" "$_total" &
		_pid=$!
		# The progress line must not outlive a Ctrl-C.
		trap 'kill $_pid 2>/dev/null; interrupted' INT TERM
	else
		trap interrupted INT TERM
	fi
	(set -e; "$@") >"$_log" 2>&1 </dev/null
	step_rc=$?
	if [ -n "$_pid" ]; then
		kill "$_pid" 2>/dev/null
		wait "$_pid" 2>/dev/null
		printf '\r\033[K'
	fi
	trap - INT TERM
	[ $step_rc -lt 128 ] || interrupted
	if [ $step_rc -eq 0 ]; then
		printf '  %-52s %d s\n' "$_text" $((SECONDS - _start))
	else
		printf '  %-52s failed\n' "$_text"
	fi
}

# must_step: a step that nothing can go on without.
must_step()
{
	step "$@"
	[ $step_rc -eq 0 ] || die "$2: $(explain "$build/log/$1.log")" \
		"(all of it: $build/log/$1.log)"
}

interrupted()
{
	printf '\ninterrupted: the next call carries on from here.\n' >&2
	exit 130
}
