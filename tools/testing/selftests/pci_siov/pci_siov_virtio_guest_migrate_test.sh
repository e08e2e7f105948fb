#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A virtual machine with a NIC that is an SDI moves to another QEMU, which has another
# SDI, while it is pinged and while it loads a file.
#
# Needs a virtio PF with device parts, CONFIG_VIRTIO_VFIO_SIOV and SIOV_GUEST (see
# pci_siov_guest.sh and pci_siov_virtio_guest.sh). SDIs that exist are destroyed.

. "$(dirname "$0")"/../kselftest/ktap_helpers.sh
. "$(dirname "$0")"/pci_siov_guest.sh
. "$(dirname "$0")"/pci_siov_virtio_guest.sh

ADDRESS=10
SLOW_PORT=5001

listener=
pinger=
clean_up()
{
	[ -z "$listener" ] || kill $listener
	[ -z "$pinger" ] || kill "$pinger"
	clean_up_virtio
}
trap clean_up EXIT

# QEMU's monitor of GUEST, whose words go to a file. Whoever writes to it must not be
# stopped by a QEMU that is gone.
monitor()
{
	mkfifo "$dir/$1-monitor.in" "$dir/$1-monitor.out"
	cat <>"$dir/$1-monitor.out" 3<>"$dir/$1-monitor.in" >>"$dir/$1-monitor.said" &
	listener="$listener $!"
}

# start_movable GUEST INDEX ARG...
start_movable()
{
	local name=$1 index=$2

	shift 2
	monitor "$name"
	start_with "$name" "$index" "" -chardev "pipe,id=monitor,path=$dir/$name-monitor" \
		-mon chardev=monitor,mode=readline "$@"
}

order()
{
	echo "$2" >"$dir/$1-monitor.in"
}

# Whether a migration ends as it is said to
becomes()
{
	local end=$(($(date +%s) + LIMIT))

	while [ "$(date +%s)" -lt "$end" ]; do
		: >"$dir/$1-monitor.said"
		order "$1" "info migrate"
		sleep 1
		case $(tr -d '\r' <"$dir/$1-monitor.said" | grep -i 'status:' | tail -n 1) in
		*"$2"*) return 0 ;;
		*completed* | *failed* | *cancelled*) break ;;
		esac
	done
	sed 's/^/# /' "$dir/$1-monitor.said"
	last_words "$1" "not \"$2\""
	return 1
}

# QEMU stops the machine for its memory: no IOMMU here tells what a device has written
moves()
{
	order here "migrate_set_parameter downtime-limit 300000"
	order here "migrate_set_parameter max-bandwidth 1g"
	order here "migrate -d unix:$dir/moving"
	becomes here completed
}

# The operator takes back what the guest has left, before the other SDI has its address
leaves()
{
	quit here
	echo 0 >"$pf/sdi_delete"
}

replies()
{
	grep -c 'bytes from' "$dir/pinging"
}

# Replies go on, more than one
pinged_on()
{
	local before end=$(($(date +%s) + 60))

	before=$(replies)
	while [ "$(date +%s)" -lt "$end" ]; do
		[ "$(replies)" -lt $((before + 3)) ] || return 0
		sleep 1
	done
	tail -n 5 "$dir/pinging" | sed 's/^/# /'
	return 1
}

# A file whose second half comes when the guest has moved
slow_file()
{
	{
		echo "#!/bin/sh"
		echo "seq 1 20000"
		echo "until [ -e $dir/moved ]; do sleep 1; done"
		echo "seq 20001 40000"
	} >"$dir/slow"
	chmod +x "$dir/slow"
	nc -ll -p "$SLOW_PORT" -e "$dir/slow" &
	server="$server $!"
}

loads()
{
	in_guest here "{ nc $PF_ADDRESS $SLOW_PORT >/loaded & echo \$! >/loader; }" &&
		in_guest here "until grep -qx 15000 /loaded; do sleep 1; done"
}

has_loaded()
{
	local sum

	: >"$dir/moved"
	sum=$(seq 1 40000 | md5sum | cut -d ' ' -f 1)
	in_guest there "while [ -d /proc/\$(cat /loader) ]; do sleep 1; done" &&
		in_guest there "md5sum </loaded | grep $sum"
}

ktap_set_plan 15
delete_sdis
vfio_options=,enable-migration=on
ktap_test_result "the host has a network" network_of_the_host
ktap_test_result "two SDIs for guests" give virtio-vfio-siov 0 1
slow_file
start_movable here 0
ktap_test_result "the guest boots" booted here
ktap_test_result "it has a network" network here "$ADDRESS"
ktap_test_result "it pings the PF" pings here "$PF_ADDRESS"
ping "$NETWORK.$ADDRESS" >"$dir/pinging" &
pinger=$!
ktap_test_result "it is pinged" pinged_on
ktap_test_result "it loads a file" loads
in_guest here "echo here before >/note"
start_movable there 1 -incoming "unix:$dir/moving"
until [ -S "$dir/moving" ]; do
	sleep 1
done
ktap_test_result "it moves" moves
ktap_test_result "what it has left is taken back" leaves
ktap_test_result "it is the same guest" in_guest there "grep 'here before' /note"
ktap_test_result "it is pinged all the time" pinged_on
ktap_test_result "it pings the PF from there" pings there "$PF_ADDRESS"
ktap_test_result "it pings an SDI of the host from there" pings there "$SDI_ADDRESS"
ktap_test_result "its file is whole" has_loaded
ktap_test_result "TCP to the host" to_the_host there "$ADDRESS"
tail -n 1 "$dir/pinging" | sed 's/^/# the last ping: /'
ktap_finished
