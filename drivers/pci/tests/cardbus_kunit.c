// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: bus numbers of CardBus bridges
 *
 * The core gives a CardBus bridge a bus number, and keeps three more for a card
 * that has a bridge on it. Where there are no three it keeps none past ff.
 */
#include <linux/pci.h>
#include <kunit/test.h>

#include "fake_host.h"

static void cardbus_numbers(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *cb, *ep;

	cb = fake_pci_add_cardbus(host, PCI_DEVFN(1, 0));
	ep = fake_pci_add_conventional(host, cb, 0);
	fake_pci_scan(host);

	KUNIT_EXPECT_EQ(test, 1, fake_pci_secondary(cb));
	KUNIT_EXPECT_EQ(test, 4, fake_pci_subordinate(cb));
	/* Cards come later, by the driver of the bridge */
	KUNIT_EXPECT_NULL(test, fake_pci_dev(ep));
}

static void cardbus_keeps_none_past_ff(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0xfd, 0xff);
	struct fake_pci_fn *cb;

	cb = fake_pci_add_cardbus(host, PCI_DEVFN(1, 0));
	fake_pci_scan(host);

	KUNIT_EXPECT_EQ(test, 0xfe, fake_pci_secondary(cb));
	KUNIT_EXPECT_EQ(test, 0xff, fake_pci_subordinate(cb));
}

static void cardbus_gets_none_past_ff(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0xfe, 0xff);
	struct fake_pci_fn *cb[2];
	struct pci_dev *bridge;

	cb[0] = fake_pci_add_cardbus(host, PCI_DEVFN(1, 0));
	cb[1] = fake_pci_add_cardbus(host, PCI_DEVFN(2, 0));
	fake_pci_scan(host);

	KUNIT_EXPECT_EQ(test, 0xff, fake_pci_secondary(cb[0]));
	KUNIT_EXPECT_EQ(test, 0xff, fake_pci_subordinate(cb[0]));
	KUNIT_EXPECT_EQ(test, 0, fake_pci_secondary(cb[1]));
	KUNIT_EXPECT_EQ(test, 0, fake_pci_subordinate(cb[1]));

	bridge = fake_pci_dev(cb[1]);
	KUNIT_ASSERT_NOT_NULL(test, bridge);
	KUNIT_EXPECT_NULL(test, bridge->subordinate);
}

static struct kunit_case cardbus_cases[] = {
	KUNIT_CASE(cardbus_numbers),
	KUNIT_CASE(cardbus_keeps_none_past_ff),
	KUNIT_CASE(cardbus_gets_none_past_ff),
	{}
};

static struct kunit_suite cardbus_suite = {
	.name = "pci-cardbus",
	.test_cases = cardbus_cases,
};

kunit_test_suite(cardbus_suite);

MODULE_DESCRIPTION("KUnit tests for bus numbers of CardBus bridges");
MODULE_LICENSE("GPL");
