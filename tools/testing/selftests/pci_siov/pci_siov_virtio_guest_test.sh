#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# NICs and a disk that are SDIs, in virtual machines whose kernel knows nothing of SDIs:
# as modern virtio PCI devices, as transitional ones with legacy drivers, and in two
# machines at a time.
#
# Needs a virtio PF, CONFIG_VIRTIO_VFIO_SIOV and SIOV_GUEST (see pci_siov_guest.sh and
# pci_siov_virtio_guest.sh). SIOV_DISK is the index of an SDI that is a disk. SDIs that
# exist are destroyed.

. "$(dirname "$0")"/../kselftest/ktap_helpers.sh
. "$(dirname "$0")"/pci_siov_guest.sh
. "$(dirname "$0")"/pci_siov_virtio_guest.sh

LIFE_TESTS=16
PAIR_TESTS=7

[ -n "$SIOV_DISK" ] || skip_all "SIOV_DISK names no SDI that is a disk"
trap clean_up_virtio EXIT

# What a guest does with its NIC
network_tests()
{
	ktap_test_result "$1: it pings the PF" pings "$1" "$PF_ADDRESS"
	ktap_test_result "$1: it pings an SDI of the host" pings "$1" "$SDI_ADDRESS"
	ktap_test_result "$1: both ping it" pinged "$2"
	ktap_test_result "$1: TCP from the host" from_the_host "$1"
	ktap_test_result "$1: TCP to the host" to_the_host "$1" "$2"
}

# life NAME DRIVER VERSION_1 ID-OF-NIC ID-OF-DISK KERNEL-ARGUMENTS
life()
{
	ktap_test_result "$1: SDIs for the guest" give "$2" 0 "$SIOV_DISK"
	start_with "$1" "0 $SIOV_DISK" "$6"
	ktap_test_result "$1: the guest boots" booted "$1"
	ktap_test_result "$1: it has functions $4 and $5" has_functions "$1" "$4" "$5"
	ktap_test_result "$1: VERSION_1 is $3" drives "$1" 2 "$3"
	ktap_test_result "$1: it has a network" network "$1" 10
	network_tests "$1" 10
	ktap_test_result "$1: it writes to its disk, and reads" writes "$1"
	ktap_test_result "$1: it resets both" resets "$1"
	network "$1" 10
	ktap_test_result "$1: it pings the PF again" pings "$1" "$PF_ADDRESS"
	ktap_test_result "$1: its disk has what was written" reads "$1"
	ktap_test_result "$1: the guest ends" ends_well "$1"
	ktap_test_result "$1: the host reads what the guest has written" host_reads "$SIOV_DISK"
}

from_each_other()
{
	serves left && gets right "$NETWORK.20" && serves right && gets left "$NETWORK.21"
}

# One with a modern driver and one with a legacy driver
pair()
{
	give virtio-vfio-siov 0
	give virtio-vfio-siov-trans 1
	start_with left 0 ""
	start_with right 1 virtio_pci.force_legacy=1
	ktap_test_result "two guests: one boots" booted left
	ktap_test_result "two guests: the other one boots" booted right
	network left 20
	network right 21
	ktap_test_result "two guests: one pings the other" pings left "$NETWORK.21"
	ktap_test_result "two guests: and the other way round" pings right "$NETWORK.20"
	ktap_test_result "two guests: TCP both ways" from_each_other
	quit left
	ktap_test_result "two guests: one is switched off, the other has its network" \
		pings right "$PF_ADDRESS"
	ktap_test_result "two guests: it ends" ends_well right
}

ktap_set_plan $((1 + 2 * LIFE_TESTS + PAIR_TESTS))
delete_sdis
ktap_test_result "the host has a network" network_of_the_host
life modern virtio-vfio-siov 1 0x1041 0x1042 ""
life legacy virtio-vfio-siov-trans 0 0x1000 0x1001 virtio_pci.force_legacy=1
pair
ktap_finished
