#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# An SDI of the emulated device in a virtual machine, by QEMU's vfio-pci.
#
# What the program of SIOV_GUEST boots (see pci_siov_guest.sh) has a kernel with
# CONFIG_PCI_SDI_GUEST_TEST, and takes these commands as well:
#
# test		prints GUEST_TESTS results in TAP: what the function looks like,
#		and whether the attribute "run" of its driver succeeds with two
#		interrupts, before and after a function level reset
# gone		waits until the function was removed, and prints one result
# reboot

. "$(dirname "$0")"/../kselftest/ktap_helpers.sh
. "$(dirname "$0")"/pci_siov_guest.sh

GUEST_TESTS=6
# What two runs of the guest's driver make the device do: fill 9 KiB, read them,
# write them, and an interrupt after each command
RUNS_BYTES=$((2 * 3 * 9216))
RUNS_MSI=$((2 * 2))

# Indexes of the PF's counters
SDI_DMA=4
SDI_DMA_BYTES=5
SDI_MSI=6
FAULT=10

for pf in /sys/bus/pci/drivers/pci-siov-test/*/siov; do
	[ -d "$pf" ] && break
done
[ -d "$pf" ] || skip_all "no PF of the emulated device"
debugfs=/sys/kernel/debug/pci_siov_test
counters=$debugfs/$(basename "$(dirname "$pf")")/counters

clean_up()
{
	clean_up_guests
	[ ! -e "$pf/sdi0" ] || echo 0 >"$pf/sdi_delete"
}
trap clean_up EXIT

counter()
{
	awk -v n="$1" '$1 == n { print $2 }' "$counters"
}

# boot ARG...: with the SDI below a port of its own
boot()
{
	start guest -device pcie-root-port,id=rp0,chassis=1 "$@"
}

# results PREFIX COUNT: what the guest has said of them
results()
{
	local n line

	for n in $(seq "$2"); do
		line=$(grep -E "^(not )?ok $n " "$dir/guest/said" | tr -d '\r')
		case $line in
		"ok $n "*) ktap_test_pass "$1: ${line#*"ok $n "}" ;;
		?*) ktap_test_fail "$1: ${line#*"ok $n "}" ;;
		*) ktap_test_fail "$1: no result $n of the guest" ;;
		esac
	done
	grep -E '^not ok' "$dir/guest/said" >/dev/null && sed 's/^/# /' "$dir/guest/said"
}

# guest_tests PREFIX: the guest's view, and that of the device
guest_tests()
{
	local bytes msi fault

	bytes=$(counter $SDI_DMA_BYTES)
	msi=$(counter $SDI_MSI)
	fault=$(counter $FAULT)
	ask guest test
	results "$1" $GUEST_TESTS
	bytes=$(($(counter $SDI_DMA_BYTES) - bytes))
	msi=$(($(counter $SDI_MSI) - msi))
	fault=$(($(counter $FAULT) - fault))
	ktap_print_msg "$1: $bytes bytes, $msi interrupts, $fault faults"
	ktap_test_result "$1: the SDI has sent what the driver asked for" \
		test "$bytes:$msi:$fault" = "$RUNS_BYTES:$RUNS_MSI:0"
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

boot -no-reboot -object iommufd,id=iommufd0 \
	-device "vfio-pci,bus=rp0,sysfsdev=$sysfsdev,iommufd=iommufd0"
ktap_test_result "iommufd: the guest boots" booted guest
guest_tests "iommufd"
tell guest reboot
ktap_test_result "iommufd: the guest ends" guest_ends guest
ktap_test_result "iommufd: the SDI is idle afterwards" idle

boot -device "vfio-pci,bus=rp0,sysfsdev=$sysfsdev"
ktap_test_result "container: the guest boots" booted guest
guest_tests "container"
tell guest reboot
ktap_test_result "container: the guest boots again" booted guest
guest_tests "after a reboot"

# The user is asked to let go, and QEMU has the guest remove the function
echo "0" >"$pf/sdi_delete" &
delete=$!
ask guest gone
results "deleted in use" 1
ktap_test_result "deleted in use: it comes to its end" ends "$delete"
ktap_test_result "deleted in use: no SDI is left" \
	test "$(cat "$pf/num_sdis")" -eq 0
ktap_test_result "deleted in use: the guest lives" ask guest test
quit guest
ktap_test_result "the SDI serves the host again" host_dma

ktap_finished
