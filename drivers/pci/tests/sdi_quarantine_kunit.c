// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: SDIs that nobody was able to stop
 *
 * Their Routing IDs stay claimed, over removal, rescan, sleep and a reset that
 * the device did not take, until a reset that it did take.
 */
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"
#include "fake_sdi.h"
#include "sdi_life.h"

/* Nothing but the end of the device stops an SDI that hangs */
static void hang_and_delete(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.reset_ret = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pci_sdi_reset(sdi));
	pci_sdi_put(sdi);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 0));
	fake_sdi_pf.reset_ret = 0;
	KUNIT_ASSERT_TRUE(test, life_rid_is_claimed(0x108));
}

static void find_pf_again(struct kunit *test)
{
	pci_stop_and_remove_bus_device_locked(life->pf);
	fake_pci_rescan(life->host);
	life->pf = fake_pci_dev(life->fn);
	KUNIT_ASSERT_NOT_NULL(test, life->pf);
}

/* SIOV Status says nothing here, so all depends on what the core remembers */
static void quarantine_outlives_removal(struct kunit *test)
{
	hang_and_delete(test);
	find_pf_again(test);
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));
	scoped_guard(rwsem_read, &pci_bus_sem)
		KUNIT_EXPECT_TRUE(test, pci_rid_owned_by(life->pf, 0x108));
	KUNIT_EXPECT_EQ(test, -EBUSY, life_create_and_put(0));
	KUNIT_EXPECT_EQ(test, -EBUSY, life_create_and_put(1));

	/* A reset that the device did not take */
	life_set_status(PCI_SIOV_STATUS_ENABLED);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(life->pf));
	KUNIT_EXPECT_EQ(test, -EBUSY, life_create_and_put(0));

	life_set_status(0);
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(life->pf));
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));
}

/* The driver of the next owner resets the function before it uses it */
static void quarantine_ends_in_probe(struct kunit *test)
{
	hang_and_delete(test);
	find_pf_again(test);
	scoped_guard(device, &life->pf->dev)
		KUNIT_EXPECT_EQ(test, 0, pci_siov_stop_left_over(life->pf));
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));
}

/* Let the function know no other way to be reset */
static void reset_by_method(struct kunit *test, const char *name)
{
	int m;

	for (m = 1; m < PCI_NUM_RESET_METHODS; m++)
		if (!strcmp(pci_reset_fn_methods[m].name, name))
			break;
	KUNIT_ASSERT_LT(test, m, PCI_NUM_RESET_METHODS);
	life->pf->reset_methods[0] = m;
	life->pf->reset_methods[1] = 0;
}

/* A driver whose probe fails, and once more */
static void quarantine_ends_at_second_try(struct kunit *test)
{
	u8 methods[PCI_NUM_RESET_METHODS];

	hang_and_delete(test);
	find_pf_again(test);
	memcpy(methods, life->pf->reset_methods, sizeof(methods));
	reset_by_method(test, "acpi");
	scoped_guard(device, &life->pf->dev)
		KUNIT_EXPECT_EQ(test, -ENOTTY,
				pci_siov_stop_left_over(life->pf));
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));

	memcpy(life->pf->reset_methods, methods, sizeof(methods));
	scoped_guard(device, &life->pf->dev)
		KUNIT_EXPECT_EQ(test, 0, pci_siov_stop_left_over(life->pf));
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
}

/* The reset was before the SDI hung, and what comes after it is none */
static void left_over_outlives_power(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(life->pf));
	hang_and_delete(test);
	life_set_status(PCI_SIOV_STATUS_ENABLED);
	device_release_driver(&life->pf->dev);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(life->pf->siov->left_over));
	life_set_status(0);
	pci_siov_restore_state(life->pf);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(life->pf->siov->left_over));
}

/*
 * The one SDI that was enabled hangs, so SIOV Status reads 0 before any reset as
 * well as after it.
 */
static void quarantine_needs_reset(struct kunit *test)
{
	hang_and_delete(test);

#ifdef CONFIG_SUSPEND
	/* A sleep that is given up, or without loss of power */
	KUNIT_ASSERT_EQ(test, 0, life_suspend_pf());
	pci_siov_restore_state(life->pf);
	KUNIT_ASSERT_EQ(test, 0, life_resume_pf());
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, -EBUSY, life_create_and_put(0));
#endif

	/* User-mode Linux has no ACPI that could do it */
	reset_by_method(test, "acpi");
	KUNIT_EXPECT_EQ(test, -ENOTTY, pci_reset_function(life->pf));
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));

	pci_siov_reset_prepare(life->pf, true);
	pci_siov_reset_done(life->pf, -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, -EBUSY, life_create_and_put(0));
	KUNIT_EXPECT_EQ(test, 2, fake_kmsg_count(&life->mark, LOGLEVEL_WARNING,
						 "the reset has failed", NULL));

	pci_siov_reset_prepare(life->pf, true);
	pci_siov_reset_done(life->pf, 0);
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));
}

/* The hanging SDI goes during a reset, which then fails */
static void quarantine_of_orphan(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.reset_ret = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pci_sdi_reset(sdi));
	pci_sdi_put(sdi);
	fake_sdi_pf.reset_ret = 0;

	pci_siov_reset_prepare(life->pf, true);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 0));
	pci_siov_reset_done(life->pf, -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&life->mark, LOGLEVEL_WARNING,
						 "could not be stopped", NULL));

	pci_siov_reset_prepare(life->pf, true);
	pci_siov_reset_done(life->pf, 0);
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
}

/* An orphan is looked at late, when a sibling falls asleep already */
static void orphan_was_reset(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, NULL);
	struct pci_siov *siov = life->pf->siov;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	pci_siov_reset_prepare(life->pf, true);
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 0));
	KUNIT_EXPECT_EQ(test, PCI_SDI_ORPHAN, to_sdi_core(sdi)->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_THAW_UNSURE,
			pci_sdi_thaw_event(to_sdi_core(sdi)));
	WRITE_ONCE(siov->was_reset, true);
	KUNIT_EXPECT_FALSE(test, siov->quiet);
	KUNIT_EXPECT_EQ(test, PCI_SDI_THAW,
			pci_sdi_thaw_event(to_sdi_core(sdi)));
	pci_siov_reset_done(life->pf, 0);
	pci_sdi_put(sdi);
}

/* Found again, and to wake it up is no reset */
static void quarantine_outlives_power(struct kunit *test)
{
	hang_and_delete(test);
	find_pf_again(test);
	pci_siov_restore_state(life->pf);
	KUNIT_EXPECT_EQ(test, -EBUSY, life_create_and_put(1));
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(life->pf));
	KUNIT_EXPECT_EQ(test, 0x109, life_create_and_put(1));
}

/* A function that knows no other reset: that of the bus needs the bridge */
static void left_over_resets_bus(struct kunit *test)
{
	struct pci_dev *bridge = pci_upstream_bridge(life->pf);
	struct pci_dev *pf = life->pf;

	device_release_driver(&pf->dev);
	reset_by_method(test, "bus");
	WRITE_ONCE(pf->siov->left_over, true);
	life_set_status(PCI_SIOV_STATUS_ENABLED);

	pci_cfg_access_lock(bridge);
	scoped_guard(device, &pf->dev)
		KUNIT_EXPECT_EQ(test, -EAGAIN, pci_siov_stop_left_over(pf));
	pci_cfg_access_unlock(bridge);

	/* The device stays as it is, but nothing is wrong with how it was reset */
	fake_kmsg_mark(&life->mark);
	scoped_guard(device, &pf->dev)
		KUNIT_EXPECT_EQ(test, -EBUSY, pci_siov_stop_left_over(pf));
	KUNIT_EXPECT_EQ(test, 0, fake_kmsg_count(&life->mark, LOGLEVEL_WARNING,
						 "unlocked secondary bus reset",
						 NULL));
	KUNIT_EXPECT_TRUE(test, pci_cfg_access_trylock(bridge));
	pci_cfg_access_unlock(bridge);
}

static void stop_all(struct fake_pci_fn *fn)
{
	life_set_status(0);
}

/* The Command register when the reset was begun, by what was written before it */
static u16 command_in_reset(struct kunit *test)
{
	u16 command = 0xffff, devctl = life->pf->pcie_cap + PCI_EXP_DEVCTL;
	const struct fake_pci_access *log;
	unsigned int i, nr;

	log = fake_pci_log(life->host, &nr);
	for (i = 0; i < nr; i++) {
		if (!log[i].write || log[i].fn != life->fn)
			continue;
		if (log[i].where == devctl && log[i].value & PCI_EXP_DEVCTL_BCR_FLR)
			return command;
		if (log[i].where == PCI_COMMAND)
			command = log[i].value;
	}

	KUNIT_FAIL(test, "no reset");
	return command;
}

/* The function does not send while it is reset, and then is as it was before */
static void left_over_resets_function(struct kunit *test)
{
	struct pci_dev *pf = life->pf;

	device_release_driver(&pf->dev);
	pci_set_master(pf);
	WRITE_ONCE(pf->siov->left_over, true);
	life_set_status(PCI_SIOV_STATUS_ENABLED);
	life->fn->flr = stop_all;
	fake_pci_log_start(life->host);
	scoped_guard(device, &pf->dev)
		KUNIT_EXPECT_EQ(test, 0, pci_siov_stop_left_over(pf));
	fake_pci_log_stop(life->host);
	life->fn->flr = NULL;
	KUNIT_EXPECT_EQ(test, 0, command_in_reset(test) & PCI_COMMAND_MASTER);
	KUNIT_EXPECT_TRUE(test, fake_pci_get16(life->fn, PCI_COMMAND) &
				PCI_COMMAND_MASTER);
}

/* A CXL port that ignores Secondary Bus Reset has reset nothing */
static void quarantine_outlives_masked_reset(struct kunit *test)
{
	u16 pos = fake_pci_add_ext_cap(life->rp, PCI_EXT_CAP_ID_DVSEC, 1, 0x28);
	struct pci_dev *bridge = pci_upstream_bridge(life->pf);

	fake_pci_put32(life->rp, pos + PCI_DVSEC_HEADER1, PCI_VENDOR_ID_CXL);
	fake_pci_put16(life->rp, pos + PCI_DVSEC_HEADER2, PCI_DVSEC_CXL_PORT);
	bridge->is_cxl = true;
	hang_and_delete(test);
	KUNIT_EXPECT_EQ(test, 0, pci_try_reset_bridge(bridge));
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));

	fake_pci_put16(life->rp, pos + PCI_DVSEC_CXL_PORT_CTL,
		       PCI_DVSEC_CXL_PORT_CTL_UNMASK_SBR);
	KUNIT_EXPECT_EQ(test, 0, pci_try_reset_bridge(bridge));
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
}

static void renumber_end(void *unused)
{
	pci_clear_flags(PCI_REASSIGN_ALL_BUS);
}

/* The port above is removed as well, and gets another number where the kernel gives it */
static void quarantine_outlives_a_new_number(struct kunit *test)
{
	hang_and_delete(test);
	pci_add_flags(PCI_REASSIGN_ALL_BUS);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, renumber_end, NULL));
	pci_stop_and_remove_bus_device_locked(fake_pci_dev(life->rp));
	fake_pci_rescan(life->host);
	life->pf = fake_pci_dev(life->fn);
	KUNIT_ASSERT_NOT_NULL(test, life->pf);
	KUNIT_ASSERT_EQ(test, 0x200, pci_dev_id(life->pf));
	KUNIT_EXPECT_EQ(test, -EBUSY, life_create_and_put(0));
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(life->pf));
	KUNIT_EXPECT_EQ(test, 0x208, life_create_and_put(0));
}

static void quarantine_ends_with_device(struct kunit *test)
{
	hang_and_delete(test);
	pci_dev_set_disconnected(life->pf, NULL);
	find_pf_again(test);
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));

	/* Taken out in good order, and something else put in */
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 0));
	hang_and_delete(test);
	pci_stop_and_remove_bus_device_locked(life->pf);
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));
	fake_pci_put32(life->fn, PCI_CFG_SPACE_SIZE, 0);
	fake_pci_rescan(life->host);
	life->pf = fake_pci_dev(life->fn);
	KUNIT_ASSERT_NOT_NULL(test, life->pf);
	KUNIT_ASSERT_FALSE(test, pci_is_siov_physfn(life->pf));
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
}

/* Taken out in good order as well, and the same or another one put in */
static void quarantine_ends_with_power(struct kunit *test)
{
	struct pci_bus *bus = life->pf->bus;
	const u16 pf = pci_dev_id(life->pf);

	hang_and_delete(test);
	pci_stop_and_remove_bus_device_locked(life->pf);
	pci_siov_slot_off(bus, pf + 1, 0xffff);
	pci_siov_slot_off(bus, 0, pf - 1);
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));

	pci_siov_slot_off(bus, pf, pf);
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
	fake_pci_rescan(life->host);
	life->pf = fake_pci_dev(life->fn);
	KUNIT_ASSERT_NOT_NULL(test, life->pf);
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));
}

/* It is there and cannot be made out to be the device it was */
static void quarantine_outlives_a_fault(struct kunit *test)
{
	const u16 places[] = {
		PCI_CFG_SPACE_SIZE, life->pf->siov->pos + PCI_SIOV_TOTAL_SDIS,
	};
	const u32 faults[] = { ~0, 0 };
	u32 was;
	int i;

	hang_and_delete(test);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		was = fake_pci_get32(life->fn, places[i]);
		fake_pci_put32(life->fn, places[i], faults[i]);
		find_pf_again(test);
		KUNIT_EXPECT_FALSE(test, pci_is_siov_physfn(life->pf));
		KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));
		fake_pci_put32(life->fn, places[i], was);
	}

	find_pf_again(test);
	KUNIT_ASSERT_TRUE(test, pci_is_siov_physfn(life->pf));
	KUNIT_EXPECT_EQ(test, -EBUSY, life_create_and_put(0));
}

static struct kunit_case quarantine_cases[] = {
	KUNIT_CASE(quarantine_outlives_removal),
	KUNIT_CASE(quarantine_needs_reset),
	KUNIT_CASE(quarantine_of_orphan),
	KUNIT_CASE(orphan_was_reset),
	KUNIT_CASE(quarantine_outlives_power),
	KUNIT_CASE(quarantine_ends_in_probe),
	KUNIT_CASE(quarantine_ends_at_second_try),
	KUNIT_CASE(left_over_outlives_power),
	KUNIT_CASE(left_over_resets_bus),
	KUNIT_CASE(left_over_resets_function),
	KUNIT_CASE(quarantine_outlives_masked_reset),
	KUNIT_CASE(quarantine_outlives_a_new_number),
	KUNIT_CASE(quarantine_ends_with_device),
	KUNIT_CASE(quarantine_ends_with_power),
	KUNIT_CASE(quarantine_outlives_a_fault),
	{}
};

static struct kunit_suite quarantine_suite = {
	.name = "pci-sdi-quarantine",
	.suite_init = life_suite_init,
	.suite_exit = life_suite_exit,
	.init = life_init,
	.exit = life_exit,
	.test_cases = quarantine_cases,
};

kunit_test_suites(&quarantine_suite);

MODULE_DESCRIPTION("KUnit tests for SDIs that nobody was able to stop");
MODULE_LICENSE("GPL");
