#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# An SDI of the emulated device in a virtual machine, by QEMU's vfio-pci.
#
# SIOV_GUEST names a program that boots the virtual machine, with a PCI Express
# root bus "pcie.0" and with the arguments for QEMU that are given to it. Console
# are its stdin and stdout. Its kernel has CONFIG_PCI_SDI_GUEST_TEST, and what it
# runs prints "guest: ready" and then takes commands, one a line:
#
# test		prints GUEST_TESTS results in TAP: what the function looks like,
#		and whether the attribute "run" of its driver succeeds with two
#		interrupts, before and after a function level reset
# gone		waits until the function was removed, and prints one result
# reboot
#
# Each answer ends with "guest: COMMAND done".

. "$(dirname "$0")"/../kselftest/ktap_helpers.sh

GUEST_TESTS=6
# What two runs of the guest's driver make the device do: fill 9 KiB, read them,
# write them, and an interrupt after each command
RUNS_BYTES=$((2 * 3 * 9216))
RUNS_MSI=$((2 * 2))
# Seconds; an emulator in an emulator takes them
LIMIT=600

# Indexes of the PF's counters
SDI_DMA=4
SDI_DMA_BYTES=5
SDI_MSI=6
FAULT=10

ktap_print_header
if [ -z "$SIOV_GUEST" ]; then
	ktap_skip_all "SIOV_GUEST names no virtual machine"
	exit "$KSFT_SKIP"
fi
for pf in /sys/bus/pci/drivers/pci-siov-test/*/siov; do
	[ -d "$pf" ] && break
done
if [ ! -d "$pf" ]; then
	ktap_skip_all "no PF of the emulated device"
	exit "$KSFT_SKIP"
fi
debugfs=/sys/kernel/debug/pci_siov_test
counters=$debugfs/$(basename "$(dirname "$pf")")/counters
dir=$(mktemp -d)
guest=

clean_up()
{
	[ -z "$guest" ] || kill "$guest"
	[ ! -e "$pf/sdi0" ] || echo 0 >"$pf/sdi_delete"
	rm -r "$dir"
} 2>/dev/null
trap clean_up EXIT
# A guest that is gone is a failed test and not the end of this script
trap '' PIPE

counter()
{
	awk -v n="$1" '$1 == n { print $2 }' "$counters"
}

# start ARG...: boot it, with the SDI below a port of its own
start()
{
	rm -f "$dir/in"
	mkfifo "$dir/in"
	: >"$dir/log"
	seen=0
	"$SIOV_GUEST" -device pcie-root-port,id=rp0,chassis=1 "$@" \
		<"$dir/in" >"$dir/log" 2>&1 &
	guest=$!
	exec 3>"$dir/in"
}

# await TEXT: until the guest has said it. All since the last time is in said.
await()
{
	local i

	for i in $(seq "$LIMIT"); do
		tail -c +$((seen + 1)) "$dir/log" >"$dir/said"
		if grep -q "^$1" "$dir/said"; then
			seen=$((seen + $(wc -c <"$dir/said")))
			return 0
		fi
		kill -0 "$guest" 2>/dev/null || break
		sleep 1
	done

	ktap_print_msg "no \"$1\"; the guest's last words:"
	tail -n 20 "$dir/log" | sed 's/^/# /'
	return 1
}

ask()
{
	echo "$1" >&3
	await "guest: $1 done"
}

booted()
{
	await "guest: ready"
}

# results PREFIX COUNT: what the guest has said of them
results()
{
	local n line

	for n in $(seq "$2"); do
		line=$(grep -E "^(not )?ok $n " "$dir/said" | tr -d '\r')
		case $line in
		"ok $n "*) ktap_test_pass "$1: ${line#*"ok $n "}" ;;
		?*) ktap_test_fail "$1: ${line#*"ok $n "}" ;;
		*) ktap_test_fail "$1: no result $n of the guest" ;;
		esac
	done
	grep -E '^not ok' "$dir/said" >/dev/null && sed 's/^/# /' "$dir/said"
}

# guest_tests PREFIX: the guest's view, and that of the device
guest_tests()
{
	local bytes msi fault

	bytes=$(counter $SDI_DMA_BYTES)
	msi=$(counter $SDI_MSI)
	fault=$(counter $FAULT)
	ask "test"
	results "$1" $GUEST_TESTS
	bytes=$(($(counter $SDI_DMA_BYTES) - bytes))
	msi=$(($(counter $SDI_MSI) - msi))
	fault=$(($(counter $FAULT) - fault))
	ktap_print_msg "$1: $bytes bytes, $msi interrupts, $fault faults"
	ktap_test_result "$1: the SDI has sent what the driver asked for" \
		test "$bytes:$msi:$fault" = "$RUNS_BYTES:$RUNS_MSI:0"
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

# Nobody holds it: the driver can be taken away at once, and be given back
idle()
{
	local before driver=/sys/bus/pci_sdi/drivers/vfio-siov

	before=$(counter $SDI_DMA)
	sleep 1
	[ "$(counter $SDI_DMA)" -eq "$before" ] &&
		timeout 20 sh -c "echo $sdi >$driver/unbind" &&
		echo "$sdi" >$driver/bind
}

host_dma()
{
	echo "0" >"$pf/sdi_new" &&
		echo "map 4096" >"$debugfs/$sdi/command" &&
		echo "0" >"$pf/sdi_delete"
}

ktap_set_plan $((5 + 3 * (GUEST_TESTS + 1) + 5))

if ! echo "0 driver_override=vfio-siov" >"$pf/sdi_new"; then
	ktap_exit_fail_msg "no SDI for the guest"
fi
sdi=$(basename "$(readlink "$pf/sdi0")")
sysfsdev=/sys/bus/pci_sdi/devices/$sdi

start -no-reboot -object iommufd,id=iommufd0 \
	-device "vfio-pci,bus=rp0,sysfsdev=$sysfsdev,iommufd=iommufd0"
ktap_test_result "iommufd: the guest boots" booted
guest_tests "iommufd"
echo "reboot" >&3
ktap_test_result "iommufd: the guest ends" ends "$guest"
guest=
ktap_test_result "iommufd: the SDI is idle afterwards" idle

start -device "vfio-pci,bus=rp0,sysfsdev=$sysfsdev"
ktap_test_result "container: the guest boots" booted
guest_tests "container"
echo "reboot" >&3
ktap_test_result "container: the guest boots again" booted
guest_tests "after a reboot"

# The user is asked to let go, and QEMU has the guest remove the function
echo "0" >"$pf/sdi_delete" &
delete=$!
ask "gone"
results "deleted in use" 1
ktap_test_result "deleted in use: it comes to its end" ends "$delete"
ktap_test_result "deleted in use: no SDI is left" \
	test "$(cat "$pf/num_sdis")" -eq 0
ktap_test_result "deleted in use: the guest lives" ask "test"
kill "$guest"
guest=
ktap_test_result "the SDI serves the host again" host_dma

ktap_finished
