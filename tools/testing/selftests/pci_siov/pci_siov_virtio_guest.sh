# SPDX-License-Identifier: GPL-2.0
#
# Virtual machines with NICs and disks that are SDIs, for the tests that read this file
# after pci_siov_guest.sh. What SIOV_GUEST boots has drivers of virtio PCI devices and
# need know nothing of SDIs. It adds SIOV_GUEST_APPEND to the arguments of its kernel.

NETWORK=10.0.3
# The NIC of the PF, and the one of SDI $HOST_SDI in a namespace of its own
PF_ADDRESS=$NETWORK.1
SDI_ADDRESS=$NETWORK.2
HOST_SDI=8
# Bytes of a file that goes over the network, and of one that goes to a disk
FILE_SIZE=1048576
# Who connects to this port gets a file
FILE_PORT=5000
PINGS="ping -q -c 5 -W 30"
holder=
server=
guest_append=$SIOV_GUEST_APPEND
# Of QEMU's device vfio-pci, each after a comma
vfio_options=

find_pf()
{
	for pf in /sys/bus/pci/drivers/virtio-pci/*/siov; do
		[ ! -d "$pf" ] || return 0
	done
	return 1
}

find_pf || skip_all "no virtio PF"

delete_sdis()
{
	local sdi

	for sdi in "$pf"/sdi[0-9]*; do
		[ ! -e "$sdi" ] || echo "${sdi##*/sdi}" >"$pf/sdi_delete"
	done
}

clean_up_virtio()
{
	clean_up_guests
	[ -z "$holder" ] || kill "$holder"
	[ -z "$server" ] || kill $server
	delete_sdis
	ip addr flush dev "$pf_nic"
}

# ---- What the host has ----

in_namespace()
{
	nsenter -t "$holder" -n "$@"
}

# The NIC of the PF, with a file to be had by TCP, and an SDI
network_of_the_host()
{
	local nic

	pf_nic=$(basename "${pf%/siov}"/virtio*/net/*)
	ip addr add "$PF_ADDRESS/24" dev "$pf_nic" && ip link set "$pf_nic" up || return
	head -c "$FILE_SIZE" /dev/urandom >"$dir/file"
	nc -ll -p "$FILE_PORT" -e cat "$dir/file" &
	server=$!

	echo "$HOST_SDI" >"$pf/sdi_new" || return
	nic=$(basename "$pf/sdi$HOST_SDI"/virtio*/net/*)
	unshare -n sleep 86400 &
	holder=$!
	until [ "$(readlink "/proc/$holder/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
		sleep 0.2
	done
	ip link set "$nic" netns "$holder" &&
		in_namespace ip addr add "$SDI_ADDRESS/24" dev "$nic" &&
		in_namespace ip link set "$nic" up
}

# give DRIVER INDEX...: to users
give()
{
	local driver=$1 i

	shift
	for i; do
		[ ! -e "$pf/sdi$i" ] || echo "$i" >"$pf/sdi_delete" || return
		echo "$i driver_override=$driver" >"$pf/sdi_new" || return
	done
}

# start_with NAME "INDEX..." KERNEL-ARGUMENTS ARG...: a guest that has these SDIs. It is
# the same machine whichever they are.
start_with()
{
	local name=$1 i n=0 sdis=$2 path

	export SIOV_GUEST_APPEND="$guest_append $3"
	shift 3
	for i in $sdis; do
		n=$((n + 1))
		path=$(readlink -f "$pf/sdi$i")
		set -- "$@" -device "pcie-root-port,id=rp$n,chassis=$n" \
			-device "vfio-pci,id=sdi$n,bus=rp$n$vfio_options,sysfsdev=$path"
	done
	start "$name" -no-reboot "$@"
}

# ---- What the guest has ----

# has_functions GUEST ID...
has_functions()
{
	local name=$1 id

	shift
	for id; do
		in_guest "$name" "grep -qx $id /sys/bus/pci/devices/*/device" || return
	done
}

# drives GUEST NUMBER 0|1: so many virtio devices, all of them without or with
# VIRTIO_F_VERSION_1
drives()
{
	in_guest "$1" "cat /sys/bus/virtio/devices/*/features | grep -c '^.\{32\}$3' | grep -qx $2"
}

# network GUEST HOST-PART: of its address
network()
{
	in_guest "$1" "ip addr add $NETWORK.$2/24 dev eth0 && ip link set eth0 up"
}

# pings GUEST ADDRESS: packets that fit into one buffer, and such that fill a frame. One at
# a time: the next one would be sent by a timer, which a small kernel need not have. So is
# the end of waiting for an answer, hence a process that waits as well.
pings()
{
	local size one

	for size in 56 1472; do
		one="timeout 60 busybox ping -q -c 1 -W 30 -s $size $2"
		in_guest "$1" "$one && $one && $one" || return
	done
}

all_come_back()
{
	"$@" >"$dir/pings"
	grep -q ' 0% packet loss' "$dir/pings" && return 0
	sed 's/^/# /' "$dir/pings"
	return 1
}

# pinged HOST-PART: by the PF's NIC and by the SDI in the host
pinged()
{
	all_come_back $PINGS -s 1472 "$NETWORK.$1" &&
		all_come_back in_namespace $PINGS -s 1472 "$NETWORK.$1"
}

md5_of()
{
	md5sum <"$1" | cut -d ' ' -f 1
}

# gets GUEST ADDRESS: a file by TCP, whose sum is $sum
gets()
{
	in_guest "$1" "timeout 300 busybox nc $2 $FILE_PORT | md5sum | grep $sum"
}

# serves GUEST: a file of random content. Its sum is in $sum afterwards
serves()
{
	local server="nc -ll -p $FILE_PORT -e /bin/busybox cat /file"
	local listens="netstat -ltn | grep -q :$FILE_PORT"

	in_guest "$1" "head -c $FILE_SIZE /dev/urandom >/file" &&
		in_guest "$1" "[ -e /server ] || { $server & echo \$! >/server; }" &&
		in_guest "$1" "until $listens; do sleep 0.2; done" || return
	sum=$(answer "$1" "md5sum </file" | cut -d ' ' -f 1)
	[ ${#sum} -eq 32 ]
}

# got HOST-PART: by the host, from a guest
got()
{
	[ "$(nc "$NETWORK.$1" "$FILE_PORT" </dev/null | md5sum | cut -d ' ' -f 1)" = "$sum" ]
}

# to_the_host GUEST HOST-PART, from_the_host GUEST
to_the_host()
{
	serves "$1" && got "$2"
}

from_the_host()
{
	sum=$(md5_of "$dir/file")
	gets "$1" "$PF_ADDRESS"
}

# writes GUEST: to its disk, and reads it again. The sum is in $disk_sum afterwards
writes()
{
	in_guest "$1" "head -c $FILE_SIZE /dev/urandom >/written" &&
		in_guest "$1" "dd if=/written of=/dev/vda bs=64k conv=fsync 2>&1" || return
	disk_sum=$(answer "$1" "md5sum </written" | cut -d ' ' -f 1)
	[ ${#disk_sum} -eq 32 ] && reads "$1"
}

# reads GUEST: what was written, from the disk itself
reads()
{
	in_guest "$1" "sync && blockdev --flushbufs /dev/vda" &&
		in_guest "$1" "head -c $FILE_SIZE /dev/vda | md5sum | grep $disk_sum"
}

# resets GUEST: takes each function from its driver, resets it, and gives it back
resets()
{
	local one="echo \$f >unbind && echo 1 >/sys/bus/pci/devices/\$f/reset && echo \$f >bind"

	local all="bad=0; for f in 0*; do $one || bad=1; done; [ \$bad = 0 ]"

	in_guest "$1" "(cd /sys/bus/pci/drivers/virtio-pci && $all)"
}

# ends_well GUEST: and the SDIs are the host's again
ends_well()
{
	tell "$1" reboot
	guest_ends "$1"
}

# host_reads INDEX: what a guest has written to this disk
host_reads()
{
	local disk

	give virtio-sdi "$1" || return
	disk=/dev/$(basename "$pf/sdi$1"/virtio*/block/*)
	[ "$(head -c "$FILE_SIZE" "$disk" | md5sum | cut -d ' ' -f 1)" = "$disk_sum" ]
}
