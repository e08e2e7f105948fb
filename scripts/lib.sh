# SPDX-License-Identifier: GPL-2.0
# Sourced by the scripts beside it: where things are, one line a step, errors
# that say what to do. Nothing here builds anything.
#
# shellcheck shell=bash disable=SC2034

set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

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

# Where everything is built. The scripts change directories, so a relative BUILD
# becomes an absolute one here, for all that they start as well.
case ${BUILD:-} in
*[[:space:]:]*)
	die "BUILD='$BUILD' has a blank or a colon in it, which kbuild cannot take." \
	    "Name another directory." ;;
esac
build=$(realpath -m -- "${BUILD:-$top/build}")
case $build in
*[[:space:]:]*)
	die "$build has a blank or a colon in its path, which kbuild cannot take." \
	    "Name another directory with BUILD=dir." ;;
esac
export BUILD=$build

jobs=${JOBS:-$(nproc)}
case $jobs in
*[!0-9]* | 0*) die "JOBS='$jobs' is not a number of jobs; leave it out or say JOBS=4." ;;
esac

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

# one_at_a_time: two runs in one build directory would spoil each other, so the
# second waits. What the first one calls in turn finds SIOV_LOCKED set. The lock
# is file descriptor 9: it lasts as long as any process that has it open.
one_at_a_time()
{
	case ${SIOV_LOCKED:-} in
	1 | "$build") return 0 ;;
	esac
	exec 9>>"$build/.lock"
	if ! flock -n 9; then
		printf '  waiting for another make in %s (%s)\n' "$build" \
			"$(tail -n 1 "$build/.lock" 2>/dev/null)" >&2
		flock 9 || die "cannot lock $build/.lock."
	fi
	printf 'process %s: %s\n' $$ "${*:-$(basename "$0")}" >"$build/.lock"
	export SIOV_LOCKED=$build
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

# What the line that matters looks like, the surest first. A name of a file or
# of an option may have "error" in it, so the word alone says nothing.
reasons='(^|[^[:alnum:]_])(fatal )?error: |: Error: |internal compiler error|undefined reference to|multiple definition of|ld: cannot find |ld: .*(not recognized|truncated)
^ERROR: modpost: |^E: |^dpkg: error|^(.*: )?ERROR: |^fatal: |^\*\*\* [^*]
^[A-Za-z_.]*(Error|Exception): |: (command not found|not found|No such file or directory|Permission denied|cannot .*)$
^make(\[[0-9]+\])?: \*\*\* |^FAILED: '
# These say only that there was an error, in a line before.
no_reason='collect2: error: ld returned|ninja: build stopped|subprocess-exited-with-error'

# signal_name RC: of the signal that a shell means by an exit status.
signal_name()
{
	printf 'SIG%s' "$(kill -l $(($1 - 128)) 2>/dev/null || echo " $(($1 - 128))")"
}

# killed_in LOG: the line that says that a compiler or another tool was killed.
killed_in()
{
	grep -aE -m 1 'Killed signal terminated program|(^|: )(Segmentation|Bus) (fault|error)|terminated by signal|^(Killed|Aborted|Terminated)($| )|\*\*\* \[.*\] (Killed|Segmentation fault|Bus error|Aborted|Terminated)|subcommand failed.*signal|\(core dumped\)' "$1"
}

# explain LOG [RC]: the likely reason of a failure, and what to do about it.
explain()
{
	local log=$1 rc=${2:-1} line pattern

	if grep -aq 'No space left on device' "$log"; then
		echo "the disk is full ($(df -Pm "$build" | awk 'NR==2{print $4}') MiB free)." \
		     "Free some space and call again."
		return
	fi
	if grep -aqE 'Temporary failure resolving|Could not (resolve|connect)|Network is unreachable|Connection (timed out|failed)|Failed to fetch' "$log"; then
		echo "no Debian mirror answers. Check the network and" \
		     "/etc/apt/sources.list, or give LINUX=, QEMU= and PCIUTILS= trees."
		return
	fi
	line=$(killed_in "$log")
	if [ -n "$line" ]; then
		echo "a program was killed: $line. Call again; if memory is short," \
		     "with fewer at a time (JOBS=1)."
		return
	fi
	if [ "$rc" -gt 128 ]; then
		echo "killed by $(signal_name "$rc"). Call again."
		return
	fi
	while IFS= read -r pattern; do
		line=$(grep -aE -- "$pattern" "$log" | grep -avE -m 1 -- "$no_reason") && break
	done <<<"$reasons"
	echo "${line:-$(grep -a . "$log" | tail -n 1)}"
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
	[ $step_rc -eq 0 ] || step_failed "$1" "$2"
}

# step_failed NAME TEXT: end, and say why.
step_failed()
{
	die "$2: $(explain "$build/log/$1.log" "$step_rc")" \
	    "(all of it: $build/log/$1.log)"
}

interrupted()
{
	printf '\ninterrupted: the next call carries on from here.\n' >&2
	exit 130
}
