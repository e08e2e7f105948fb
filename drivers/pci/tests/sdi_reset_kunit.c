// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: resets, and drivers that come and go
 *
 * Each meets the other, and SDIs that are created or destroyed meanwhile.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/notifier.h>
#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"
#include "fake_sdi.h"
#include "sdi_life.h"

/* A user may reset what hangs for ever: the log has it once */
static void user_does_not_fill_the_log(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, NULL);
	int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	fake_sdi_pf.reset_ret = -EIO;
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, -EIO, pci_sdi_reset(sdi));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&life->mark, LOGLEVEL_WARNING,
						 "reset failed", NULL));
	fake_sdi_pf.reset_ret = 0;
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_reset(sdi));
	pci_sdi_put(sdi);
}

/* A link that goes down while the capability is read has changed nothing */
static void capability_vanishes(struct kunit *test)
{
	u16 pos = life->pf->siov->pos;
	u32 sdis = fake_pci_get32(life->fn, pos + PCI_SIOV_TOTAL_SDIS);
	u32 rids = fake_pci_get32(life->fn, pos + PCI_SIOV_FIRST_OFFSET);

	pci_sdis_error(life->pf, pci_channel_io_frozen);
	fake_pci_put32(life->fn, pos + PCI_SIOV_FIRST_OFFSET, ~0);
	pci_siov_restore_state(life->pf);
	fake_pci_put32(life->fn, pos + PCI_SIOV_TOTAL_SDIS, ~0);
	pci_siov_restore_state(life->pf);
	KUNIT_EXPECT_FALSE(test, life->pf->siov->changed);
	KUNIT_EXPECT_FALSE(test, life->pf->siov->quiet);

	fake_pci_put32(life->fn, pos + PCI_SIOV_TOTAL_SDIS, sdis);
	fake_pci_put32(life->fn, pos + PCI_SIOV_FIRST_OFFSET, rids);
	pci_siov_restore_state(life->pf);
	KUNIT_EXPECT_TRUE(test, life->pf->siov->quiet);
	pci_sdis_reset_done(life->pf);
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));
}

static struct completion prepared;

static void prepare_reset(struct work_struct *work)
{
	scoped_guard(device, &life->pf->dev)
		pci_sdis_reset_prepare(life->pf);
	complete(&prepared);
}

/*
 * Whoever destroys an SDI that was left frozen has seen that the PF is back, and
 * holds the SDI's lock until the PF's driver has been told.
 */
static void reset_waits_for_destroyer(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, NULL);
	struct pci_sdi_core *core;
	struct work_struct work;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	core = to_sdi_core(sdi);
	life_happening = RESET;
	life_reset_by_kernel();
	KUNIT_ASSERT_EQ(test, PCI_SDI_FROZEN, core->state);

	init_completion(&prepared);
	INIT_WORK_ONSTACK(&work, prepare_reset);
	mutex_lock(&core->lock);
	schedule_work(&work);
	KUNIT_EXPECT_EQ(test, 0,
			wait_for_completion_timeout(&prepared, HZ / 5));
	mutex_unlock(&core->lock);
	flush_work(&work);
	destroy_work_on_stack(&work);

	pci_siov_restore_state(life->pf);
	scoped_guard(device, &life->pf->dev)
		pci_sdis_reset_done(life->pf);
	pci_sdi_put(sdi);
}

static void attach_pf(struct work_struct *work)
{
	if (device_attach(&life->pf->dev) < 0)
		fake_sdi_user.wrong++;
}

/* Recovery work that was begun in probe resets the function: nothing can be read */
static void attach_waits_for_reset(struct kunit *test)
{
	struct pci_siov_pf *spf = pci_siov_pf(life->pf);
	struct work_struct work;
	u16 ctl, before;

	ctl = pci_pcie_cap(life->pf) + PCI_EXP_DEVCTL;
	before = fake_pci_get16(life->fn, ctl);
	device_release_driver(&life->pf->dev);
	INIT_WORK_ONSTACK(&work, attach_pf);
	scoped_guard(mutex, &spf->reset_lock) {
		fake_pci_put16(life->fn, ctl, ~0);
		schedule_work(&work);
		msleep(200);
		fake_pci_put16(life->fn, ctl, before);
	}
	flush_work(&work);
	destroy_work_on_stack(&work);
	KUNIT_EXPECT_NULL(test, spf->refused);
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));
}

static void begin_reset(struct pci_sdi *sdi)
{
	guard(device)(&life->pf->dev);
	pci_sdis_reset_prepare(life->pf);
}

static int reset_while_added(struct notifier_block *nb, unsigned long action,
			     void *dev)
{
	if (action == BUS_NOTIFY_ADD_DEVICE)
		life_call(begin_reset, NULL);
	return 0;
}

/* What the IOMMU has read of the PF, to find a group for the SDI, is not true then */
static void reset_before_it_is_known(struct kunit *test)
{
	struct notifier_block nb = { .notifier_call = reset_while_added };

	KUNIT_ASSERT_EQ(test, 0, bus_register_notifier(&pci_sdi_bus_type, &nb));
	KUNIT_EXPECT_EQ(test, -EAGAIN, life_create_and_put(0));
	bus_unregister_notifier(&pci_sdi_bus_type, &nb);
	KUNIT_EXPECT_EQ(test, 0, life->pf->siov->num_sdis);

	scoped_guard(device, &life->pf->dev) {
		pci_siov_restore_state(life->pf);
		pci_sdis_reset_done(life->pf);
	}
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));
}

static enum pci_sdi_state added_as;

static int hang_while_added(struct notifier_block *nb, unsigned long action,
			    void *data)
{
	if (action == BUS_NOTIFY_ADD_DEVICE)
		WRITE_ONCE(to_sdi_core(to_pci_sdi(data))->state, added_as);
	return NOTIFY_DONE;
}

/* Two resets in one creation, and the first has failed to bring the SDI back */
static void hangs_before_it_is_known(struct kunit *test)
{
	struct notifier_block nb = { .notifier_call = hang_while_added };

	added_as = PCI_SDI_FROZEN_RUNNING;
	KUNIT_ASSERT_EQ(test, 0, bus_register_notifier(&pci_sdi_bus_type, &nb));
	KUNIT_EXPECT_EQ(test, -EAGAIN, life_create_and_put(0));
	bus_unregister_notifier(&pci_sdi_bus_type, &nb);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.releases);
	KUNIT_EXPECT_EQ(test, 0, life->pf->siov->num_sdis);
	KUNIT_EXPECT_EQ(test, 0x108, life_create_and_put(0));
}

/* By then the IOMMU had no group that it could have blocked */
static void stuck_before_it_is_known(struct kunit *test)
{
	struct notifier_block nb = { .notifier_call = hang_while_added };

	added_as = PCI_SDI_STUCK;
	KUNIT_ASSERT_EQ(test, 0, bus_register_notifier(&pci_sdi_bus_type, &nb));
	KUNIT_EXPECT_EQ(test, -EIO, life_create_and_put(0));
	bus_unregister_notifier(&pci_sdi_bus_type, &nb);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.releases);
	KUNIT_EXPECT_EQ(test, 0, life->pf->siov->num_sdis);
}

/* Two who do something at the same time, and the moment at which both are at it */
struct rivals {
	struct work_struct first;
	struct work_struct second;
	struct completion begun;
	struct completion go_on;
	struct completion done;
	struct pci_sdi *sdi;
};

static struct rivals rivals;

static void rivals_init(work_func_t first, work_func_t second)
{
	INIT_WORK(&rivals.first, first);
	INIT_WORK(&rivals.second, second);
	init_completion(&rivals.begun);
	init_completion(&rivals.go_on);
	init_completion(&rivals.done);
}

/* The second one begins while the first one is in the middle, and waits for it */
static void rivals_begin(struct kunit *test)
{
	queue_work(system_dfl_wq, &rivals.first);
	wait_for_completion(&rivals.begun);
	queue_work(system_dfl_wq, &rivals.second);
	msleep(200);
	KUNIT_EXPECT_FALSE(test, completion_done(&rivals.done));
}

static void rivals_end(struct kunit *test)
{
	complete(&rivals.go_on);
	flush_work(&rivals.first);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&rivals.done, 2 * HZ));
}

static void pause_in_allow(void)
{
	fake_sdi_pf.in_allow = NULL;
	complete(&rivals.begun);
	wait_for_completion(&rivals.go_on);
}

static void go_software(struct work_struct *work)
{
	if (pci_siov_set_rid_mode(life->pf, PCI_SIOV_RID_SOFTWARE))
		fake_sdi_user.wrong++;
}

static void unbind_pf(struct work_struct *work)
{
	device_release_driver(&life->pf->dev);
	complete(&rivals.done);
}

/* The driver is unbound while it takes Routing IDs */
static void mode_changes_in_unbinding(struct kunit *test)
{
	rivals_init(go_software, unbind_pf);
	fake_sdi_pf.in_allow = pause_in_allow;
	rivals_begin(test);
	rivals_end(test);

	/* Whoever is left behind must not outlive the test */
	wake_up_all(&pci_siov_pf(life->pf)->idle);
	flush_work(&rivals.second);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_RID_STRIDED, life->pf->siov->rid_mode);
}

static void pause_in_remove(struct pci_sdi *sdi)
{
	complete(&rivals.begun);
	wait_for_completion(&rivals.go_on);
}

static void destroy_first(struct work_struct *work)
{
	pci_sdi_destroy(rivals.sdi);
}

static void destroy_second(struct work_struct *work)
{
	pci_sdi_destroy(rivals.sdi);
	complete(&rivals.done);
}

/* None of those who destroy an SDI waits for the end of a reset of the PF */
static void destroyed_twice_in_reset(struct kunit *test)
{
	rivals_init(destroy_first, destroy_second);
	rivals.sdi = life_create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rivals.sdi));
	fake_sdi_user.in_remove = pause_in_remove;
	rivals_begin(test);
	scoped_guard(device, &life->pf->dev) {
		pci_sdis_reset_prepare(life->pf);
		rivals_end(test);
		KUNIT_EXPECT_EQ(test, PCI_SDI_ORPHAN,
				to_sdi_core(rivals.sdi)->state);
		pci_siov_restore_state(life->pf);
		pci_sdis_reset_done(life->pf);
	}
	flush_work(&rivals.second);
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
	pci_sdi_put(rivals.sdi);
}

/* The administrator has deleted the SDI and created the next one meanwhile */
static void destroyed_after_another_came(struct kunit *test)
{
	struct pci_sdi *old = life_create(0, NULL), *new, *found;

	KUNIT_ASSERT_FALSE(test, IS_ERR(old));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 0));
	new = life_create(0, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(new));
	pci_sdi_destroy(old);
	KUNIT_EXPECT_EQ(test, 1, life->pf->siov->num_sdis);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.releases);
	found = pci_sdi_get_by_index(life->pf, 0);
	KUNIT_EXPECT_PTR_EQ(test, new, found);
	pci_sdi_put(found);
	pci_sdi_put(new);
	pci_sdi_put(old);
}

static void reset_by_own_work(struct work_struct *work)
{
	pci_siov_reset_prepare(life->pf, true);
	complete(&rivals.begun);
	wait_for_completion(&rivals.go_on);
	pci_siov_reset_done(life->pf, 0);
}

/* The driver is unbound in the middle of a reset of its own */
static void unbinding_waits_for_own_reset(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, 0x108, life_create_and_put(0));
	rivals_init(reset_by_own_work, unbind_pf);
	rivals_begin(test);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.releases);
	rivals_end(test);
	flush_work(&rivals.second);
	KUNIT_EXPECT_FALSE(test, life_rid_is_claimed(0x108));
}

/* The PF's driver hears of a reset when it is called for no SDI any more */
static void reset_in_order(struct kunit *test)
{
	struct pci_sdi *sdi;

	fake_sdi_user.master = true;
	sdi = life_create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(life->pf));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);
	life_expect_states(test, sdi, PCI_SIOV_PF_READY, PCI_SDI_RUNNING);
	pci_sdi_put(sdi);
}

static void bind_and_delete(struct pci_sdi *sdi)
{
	life_bind(sdi);
	life_delete(sdi);
}

/* A driver has to wait for an SDI, that goes and leaves its index in quarantine */
static void deferred_and_deleted(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	life_happening = RESET_KEEPS;
	life_meanwhile = bind_and_delete;
	life_meanwhile_sdi = sdi;
	scoped_guard(device, &life->pf->dev)
		life_reset_by_kernel();
	life_meanwhile = NULL;
	flush_work(&pci_siov_pf(life->pf)->probe_work);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.probes);
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));
	pci_sdi_put(sdi);
}

/* After an error the PF's driver goes on without a look at its registers */
static void old_reset_proves_nothing(struct kunit *test)
{
	struct pci_sdi *quiet = life_create(1, NULL);
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(quiet));
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(life->pf));
	KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(quiet)->state);
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_set_master(sdi, true));

	scoped_guard(device, &life->pf->dev) {
		pci_sdis_error(life->pf, pci_channel_io_frozen);
		KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 0));
		pci_sdis_reset_done(life->pf);
	}
	KUNIT_EXPECT_TRUE(test, life_rid_is_claimed(0x108));
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(quiet)->state);
	pci_sdi_put(sdi);
	pci_sdi_put(quiet);
}

/* The recovery work of a driver runs while the core resets the function */
static void resets_overlap(struct kunit *test)
{
	struct pci_siov_pf *spf = pci_siov_pf(life->pf);
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	scoped_guard(device, &life->pf->dev) {
		pci_sdis_reset_prepare(life->pf);
		fake_sdi_pf.silent = true;
		pci_siov_reset_prepare(life->pf, false);
		pci_siov_reset_done(life->pf, 0);
		KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN, spf->state);
		KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN, to_sdi_core(sdi)->state);
		fake_sdi_pf.silent = false;
		pci_siov_restore_state(life->pf);
		pci_sdis_reset_done(life->pf);
	}
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_READY, spf->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);

	/* The core gives up after an error, and the driver does not */
	life_fail_to_recover(pci_channel_io_frozen);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_FROZEN, spf->state);
	pci_siov_reset_prepare(life->pf, false);
	pci_siov_reset_done(life->pf, 0);
	KUNIT_EXPECT_EQ(test, PCI_SIOV_PF_READY, spf->state);
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);
	pci_sdi_put(sdi);
}

/* A driver that does not stop its SDI before a reset that it hears of */
static void core_stops_dma(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_set_master(sdi, true));
	scoped_guard(device, &life->pf->dev) {
		pci_sdis_reset_prepare(life->pf);
		KUNIT_EXPECT_FALSE(test, test_bit(0, fake_sdi_pf.sending));
		KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN,
				to_sdi_core(sdi)->state);
		pci_sdis_reset_done(life->pf);
	}

	/* One that does not stop is taken for what it is */
	KUNIT_ASSERT_EQ(test, 0, pci_sdi_set_master(sdi, true));
	fake_sdi_pf.master_ret = -ETIMEDOUT;
	scoped_guard(device, &life->pf->dev) {
		pci_sdis_reset_prepare(life->pf);
		KUNIT_EXPECT_EQ(test, PCI_SDI_FROZEN_RUNNING,
				to_sdi_core(sdi)->state);
		pci_sdis_reset_done(life->pf);
	}
	pci_sdi_put(sdi);
}

static void send_and_fail(struct pci_sdi *sdi)
{
	if (pci_sdi_set_master(sdi, true))
		fake_sdi_user.wrong++;
	/* What the driver does next in its probe */
	fake_sdi_user.master = true;
	fake_sdi_pf.master_ret = -EIO;
}

/* A driver whose probe fails may have begun something */
static void probe_fails(struct kunit *test)
{
	struct pci_sdi *sdi;

	fake_sdi_user.in_probe = send_and_fail;
	sdi = life_create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.probes);
	KUNIT_EXPECT_NULL(test, sdi->dev.driver);
	KUNIT_EXPECT_FALSE(test, test_bit(0, fake_sdi_pf.sending));
	KUNIT_EXPECT_EQ(test, PCI_SDI_QUIET, to_sdi_core(sdi)->state);
	pci_sdi_put(sdi);
}

static ssize_t write_reset(struct pci_sdi *sdi)
{
	struct attribute **attr;

	for (attr = pci_sdi_dev_groups[0]->attrs; *attr; attr++)
		if (!strcmp((*attr)->name, "reset"))
			return container_of(*attr, struct device_attribute,
					    attr)->store(&sdi->dev, NULL, "1", 1);

	return -ENOENT;
}

static ssize_t wrote_reset;

static void administrator_resets(struct pci_sdi *sdi)
{
	wrote_reset = write_reset(sdi);
}

/* A driver that is coming or going has nobody reset its SDI but itself */
static void reset_by_administrator(struct kunit *test)
{
	struct pci_sdi *sdi;

	fake_sdi_user.in_probe = administrator_resets;
	fake_sdi_user.in_remove = administrator_resets;
	sdi = life_create(0, FAKE_SDI_DRIVER);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, -EBUSY, wrote_reset);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_pf.resets);
	KUNIT_EXPECT_EQ(test, 1, write_reset(sdi));
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_pf.resets);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.dones);

	wrote_reset = 0;
	device_release_driver(&sdi->dev);
	KUNIT_EXPECT_EQ(test, -EBUSY, wrote_reset);
	KUNIT_EXPECT_EQ(test, 1, write_reset(sdi));
	pci_sdi_put(sdi);
}

static unsigned int requests_before_remove;

static void count_requests(struct pci_sdi *sdi)
{
	if (fake_sdi_user.removes == 1)
		requests_before_remove = fake_sdi_user.requests;
}

/* All users are asked before the first of them is waited for */
static void all_are_asked(struct kunit *test)
{
	int i;

	for (i = 0; i < 5; i++)
		pci_sdi_put(life_create(i, FAKE_SDI_DRIVER));
	KUNIT_ASSERT_EQ(test, 5, fake_sdi_user.probes);

	fake_sdi_user.in_remove = count_requests;
	device_release_driver(&life->pf->dev);
	KUNIT_EXPECT_EQ(test, 5, requests_before_remove);
	KUNIT_EXPECT_EQ(test, 5, fake_sdi_user.removes);

	/* A device that is gone is an error */
	KUNIT_ASSERT_GE(test, device_attach(&life->pf->dev), 0);
	pci_sdi_put(life_create(0, FAKE_SDI_DRIVER));
	pci_dev_set_disconnected(life->pf, NULL);
	device_release_driver(&life->pf->dev);
	KUNIT_EXPECT_EQ(test, 5, fake_sdi_user.requests);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_perm_failure,
			fake_sdi_user.last_state);
}

/* Who waits for the end of a reset would wait for ever when the PF's driver goes */
static void unbound_in_reset(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	scoped_guard(device, &life->pf->dev)
		pci_sdis_reset_prepare(life->pf);
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.errors);
	fake_sdi_pf.leaving = true;
	device_release_driver(&life->pf->dev);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.errors);
	KUNIT_EXPECT_EQ(test, pci_channel_io_perm_failure,
			fake_sdi_user.last_state);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.requests);
	pci_sdi_put(sdi);
}

/* When the machine goes down nothing is to write to the next kernel's memory */
static void sdi_is_shut_down(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_set_master(sdi, true));
	scoped_guard(device, &sdi->dev)
		pci_sdi_bus_type.shutdown(&sdi->dev);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.shutdowns);
	KUNIT_EXPECT_FALSE(test, test_bit(0, fake_sdi_pf.sending));

	/* The driver is still bound, and may have freed what its callbacks use */
	KUNIT_EXPECT_EQ(test, 0, pci_reset_function(life->pf));
	KUNIT_EXPECT_EQ(test, 0, fake_sdi_user.prepares);
	pci_sdi_put(sdi);
}

/* After the PF driver's shutdown it may have freed what its operations use */
static void pf_is_shut_down(struct kunit *test)
{
	struct pci_sdi *sdi = life_create(0, FAKE_SDI_DRIVER);
	unsigned int calls;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sdi));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_set_master(sdi, true));
	scoped_guard(device, &life->pf->dev)
		pci_bus_type.shutdown(&life->pf->dev);
	KUNIT_EXPECT_EQ(test, 1, fake_sdi_user.prepares);

	calls = fake_sdi_pf.calls;
	KUNIT_EXPECT_EQ(test, -EAGAIN, pci_sdi_set_master(sdi, true));
	KUNIT_EXPECT_EQ(test, -EAGAIN, pci_sdi_reset(sdi));
	KUNIT_EXPECT_EQ(test, -ENODEV, life_create_and_put(1));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			pci_siov_set_rid_mode(life->pf, PCI_SIOV_RID_SOFTWARE));
	KUNIT_EXPECT_EQ(test, 0, pci_sdi_delete(life->pf, 0));
	KUNIT_EXPECT_EQ(test, calls, fake_sdi_pf.calls);
	pci_sdi_put(sdi);
}

static struct kunit_case reset_cases[] = {
	KUNIT_CASE(user_does_not_fill_the_log),
	KUNIT_CASE(capability_vanishes),
	KUNIT_CASE_SLOW(reset_waits_for_destroyer),
	KUNIT_CASE_SLOW(attach_waits_for_reset),
	KUNIT_CASE(hangs_before_it_is_known),
	KUNIT_CASE(stuck_before_it_is_known),
	KUNIT_CASE(reset_before_it_is_known),
	KUNIT_CASE_SLOW(mode_changes_in_unbinding),
	KUNIT_CASE_SLOW(destroyed_twice_in_reset),
	KUNIT_CASE(destroyed_after_another_came),
	KUNIT_CASE_SLOW(unbinding_waits_for_own_reset),
	KUNIT_CASE(reset_in_order),
	KUNIT_CASE(deferred_and_deleted),
	KUNIT_CASE(old_reset_proves_nothing),
	KUNIT_CASE(resets_overlap),
	KUNIT_CASE(core_stops_dma),
	KUNIT_CASE(probe_fails),
	KUNIT_CASE(reset_by_administrator),
	KUNIT_CASE(all_are_asked),
	KUNIT_CASE(unbound_in_reset),
	KUNIT_CASE(sdi_is_shut_down),
	KUNIT_CASE(pf_is_shut_down),
	{}
};

static struct kunit_suite reset_suite = {
	.name = "pci-sdi-reset",
	.suite_init = life_suite_init,
	.suite_exit = life_suite_exit,
	.init = life_init,
	.exit = life_exit,
	.test_cases = reset_cases,
};

kunit_test_suites(&reset_suite);

MODULE_DESCRIPTION("KUnit tests for resets of SDIs and their PF");
MODULE_LICENSE("GPL");
