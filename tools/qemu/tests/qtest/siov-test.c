/*
 * QTest testcase for siov-testdev
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "siov-test.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_device(TYPE_SIOV_TESTDEV)) {
        g_test_skip("siov-testdev is not in this QEMU");
        return 0;
    }
    siov_add_function_tests();
    siov_add_sdi_tests();
    siov_add_rules_tests();
    siov_add_queue_tests();
    siov_add_managed_tests();
    siov_add_vtd_tests();
    return g_test_run();
}
