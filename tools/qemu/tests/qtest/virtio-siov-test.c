/*
 * QTest testcase for virtio-net-siov-pci
 *
 * The drivers are in virtio-siov-driver.c. What is right is read from virtio
 * 1.4 and docs/specs/virtio-net-siov-pci.rst.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "virtio-siov-test.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_device(TYPE_VIRTIO_NET_SIOV_PCI)) {
        g_test_skip("virtio-net-siov-pci is not in this QEMU");
        return 0;
    }
    vsdi_add_register_tests();
    vsdi_add_nic_tests();
    vsdi_add_fault_tests();
    vsdi_add_parts_tests();
    vsdi_add_vf_tests();
    return g_test_run();
}
