// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: SR-IOV works as it did before the core knew SIOV
 *
 * Every expectation in here was recorded on an unpatched Linux 7.3 and holds
 * on it, except for the last five cases: they fail, hang or crash on 7.3. With
 * KASAN, fake_bus_switch_beside_function_0() fails on it as well. The first suite
 * shows that the core enumerates the fake hierarchy as it does a real one.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/pci.h>
#include <kunit/test.h>

#include "../pci.h"
#include "fake_host.h"

/* VFs 1/8 of a bus away with ARI, on the next bus without */
static const struct fake_pci_sriov three_vfs = {
	.total = 3,
	.offset = { 0x100, 0x20 },
	.stride = { 2, 1 },
};

static void fake_bus_topology(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *up, *dp[2], *ep[2], *rciep;
	struct pci_dev *pdev;

	rciep = fake_pci_add_rciep(host, PCI_DEVFN(1, 0));
	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(2, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	up = fake_pci_add_port(host, rp, 0, PCI_EXP_TYPE_UPSTREAM);
	dp[0] = fake_pci_add_port(host, up, PCI_DEVFN(0, 0),
				  PCI_EXP_TYPE_DOWNSTREAM);
	dp[1] = fake_pci_add_port(host, up, PCI_DEVFN(1, 0),
				  PCI_EXP_TYPE_DOWNSTREAM);
	ep[0] = fake_pci_add_endpoint(host, dp[0], 0);
	ep[1] = fake_pci_add_endpoint(host, dp[1], 0);
	fake_pci_scan(host);

	KUNIT_EXPECT_EQ(test, 1, fake_pci_secondary(rp));
	KUNIT_EXPECT_EQ(test, 4, fake_pci_subordinate(rp));
	KUNIT_EXPECT_EQ(test, 2, fake_pci_secondary(up));
	KUNIT_EXPECT_EQ(test, 4, fake_pci_subordinate(up));
	KUNIT_EXPECT_EQ(test, 3, fake_pci_secondary(dp[0]));
	KUNIT_EXPECT_EQ(test, 4, fake_pci_secondary(dp[1]));

	pdev = fake_pci_dev(rciep);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_EQ(test, PCI_EXP_TYPE_RC_END, pci_pcie_type(pdev));

	pdev = fake_pci_dev(ep[1]);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_EQ(test, PCI_EXP_TYPE_ENDPOINT, pci_pcie_type(pdev));
	KUNIT_EXPECT_PTR_EQ(test, fake_pci_dev(dp[1]),
			    pci_upstream_bridge(pdev));
	KUNIT_EXPECT_EQ(test, SZ_64K, pci_resource_len(pdev, 0));
	KUNIT_EXPECT_NOT_NULL(test, pdev->resource[0].parent);
	KUNIT_EXPECT_EQ(test, PCI_CFG_SPACE_EXP_SIZE, pdev->cfg_size);

	KUNIT_EXPECT_NULL(test, fake_pci_find(host, 3, PCI_DEVFN(0, 1)));
	KUNIT_EXPECT_NULL(test, fake_pci_bus(host, 5));
	KUNIT_EXPECT_TRUE(test, fake_pci_remove(host));
}

static void fake_bus_firmware_numbers(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *ep;

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	ep = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_set_buses(rp, 0, 0x20, 0x2f);
	fake_pci_scan(host);

	KUNIT_EXPECT_EQ(test, 0x20, fake_pci_secondary(rp));
	KUNIT_EXPECT_EQ(test, 0x2f, fake_pci_subordinate(rp));
	KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(ep));
	KUNIT_EXPECT_EQ(test, 0x2000, pci_dev_id(fake_pci_dev(ep)));
}

static void fake_bus_rescan(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *ep;

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	ep = fake_pci_add_endpoint(host, rp, 0);
	ep->absent = true;
	fake_pci_scan(host);
	KUNIT_EXPECT_NULL(test, fake_pci_dev(ep));

	ep->absent = false;
	fake_pci_rescan(host);
	KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(ep));
	KUNIT_EXPECT_EQ(test, 0x100, pci_dev_id(fake_pci_dev(ep)));

	pci_stop_and_remove_bus_device_locked(fake_pci_dev(ep));
	KUNIT_EXPECT_NULL(test, fake_pci_dev(ep));
}

/*
 * Function 0 goes first, and with it the state of the link that the links of the
 * switch lie below. KASAN notices if something still points to that state.
 */
static void fake_bus_switch_beside_function_0(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *up, *dp, *ep;

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	fake_pci_add_endpoint(host, rp, 0);
	up = fake_pci_add_port(host, rp, 1, PCI_EXP_TYPE_UPSTREAM);
	dp = fake_pci_add_port(host, up, 0, PCI_EXP_TYPE_DOWNSTREAM);
	ep = fake_pci_add_endpoint(host, dp, 0);
	fake_pci_scan(host);

	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
	KUNIT_EXPECT_TRUE(test, fake_pci_remove(host));
}

/* The machine needs nothing unusual from the core, so nothing is complained of */
static void fake_bus_is_quiet(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct kmsg_dump_iter mark;
	struct fake_pci_fn *rp, *ep;
	char domain[8];

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	ep = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_ari(ep, 0);
	fake_pci_add_sriov(ep, &three_vfs);

	fake_kmsg_mark(&mark);
	fake_pci_scan(host);
	snprintf(domain, sizeof(domain), "%x:", fake_pci_domain(host));
	KUNIT_EXPECT_EQ(test, 0, fake_kmsg_count(&mark, LOGLEVEL_WARNING,
						 domain, NULL));
	KUNIT_EXPECT_GT(test, fake_kmsg_count(&mark, LOGLEVEL_INFO, domain,
					      NULL), 5);

	pci_warn(fake_pci_dev(ep), "this one counts\n");
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&mark, LOGLEVEL_WARNING,
						 domain, NULL));
}

static struct kunit_case fake_bus_cases[] = {
	KUNIT_CASE(fake_bus_topology),
	KUNIT_CASE(fake_bus_firmware_numbers),
	KUNIT_CASE(fake_bus_rescan),
	KUNIT_CASE(fake_bus_switch_beside_function_0),
	KUNIT_CASE(fake_bus_is_quiet),
	{}
};

static struct kunit_suite fake_bus_suite = {
	.name = "pci-fake-bus",
	.test_cases = fake_bus_cases,
};

static void expect_vfs(struct kunit *test, struct fake_pci_fn *pf, u16 first,
		       u16 stride, int nr)
{
	struct pci_dev *pdev = fake_pci_dev(pf), *vf;
	int i;

	for (i = 0; i < nr; i++) {
		u16 rid = first + i * stride;

		vf = fake_pci_find(pf->host, PCI_BUS_NUM(rid), rid & 0xff);
		KUNIT_ASSERT_NOT_NULL_MSG(test, vf, "no VF at %#x", rid);
		KUNIT_EXPECT_TRUE(test, vf->is_virtfn);
		KUNIT_EXPECT_PTR_EQ(test, pdev, pci_physfn(vf));
		KUNIT_EXPECT_EQ(test, i, pci_iov_vf_id(vf));
	}
}

/* One PF below a root port; VFs on its own bus with ARI, else on the next */
static void sriov_vf_rids(struct kunit *test, bool ari)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *next_rp, *pf;
	struct pci_dev *pdev;

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	next_rp = fake_pci_add_port(host, NULL, PCI_DEVFN(2, 0),
				    PCI_EXP_TYPE_ROOT_PORT);
	pf = fake_pci_add_endpoint(host, rp, 0);
	if (ari)
		fake_pci_add_ari(pf, 0);
	fake_pci_add_sriov(pf, &three_vfs);
	fake_pci_scan(host);

	pdev = fake_pci_dev(pf);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_TRUE(test, pdev->is_physfn);
	KUNIT_ASSERT_EQ(test, 3, pci_sriov_get_totalvfs(pdev));
	KUNIT_EXPECT_EQ(test, ari ? 1 : 2, fake_pci_subordinate(rp));
	KUNIT_EXPECT_EQ(test, ari ? 2 : 3, fake_pci_secondary(next_rp));

	KUNIT_ASSERT_EQ(test, 0, fake_pci_enable_vfs(pdev, 3));
	KUNIT_EXPECT_EQ(test, 3, pci_num_vf(pdev));
	expect_vfs(test, pf, ari ? 0x120 : 0x200, ari ? 1 : 2, 3);
	fake_pci_disable_vfs(pdev);
	KUNIT_EXPECT_NULL(test, fake_pci_find(host, ari ? 1 : 2,
					      ari ? 0x20 : 0));
}

static void sriov_vfs_with_ari(struct kunit *test)
{
	sriov_vf_rids(test, true);
}

static void sriov_vfs_without_ari(struct kunit *test)
{
	sriov_vf_rids(test, false);
}

/* Only the lowest-numbered PF of a device has ARI Capable Hierarchy */
static void sriov_two_pfs_share_ari(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *pf[2];
	struct pci_dev *pdev;

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	pf[0] = fake_pci_add_endpoint(host, rp, 0);
	pf[1] = fake_pci_add_endpoint(host, rp, 1);
	fake_pci_add_ari(pf[0], 1);
	fake_pci_add_ari(pf[1], 0);
	fake_pci_add_sriov(pf[0], &three_vfs);
	fake_pci_add_sriov(pf[1], &three_vfs);
	fake_pci_scan(host);

	KUNIT_EXPECT_EQ(test, PCI_SRIOV_CTRL_ARI,
			fake_pci_get16(pf[0], pf[0]->sriov + PCI_SRIOV_CTRL));
	KUNIT_EXPECT_EQ(test, 0,
			fake_pci_get16(pf[1], pf[1]->sriov + PCI_SRIOV_CTRL));

	pdev = fake_pci_dev(pf[1]);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_PTR_EQ(test, fake_pci_dev(pf[0]), pdev->sriov->dev);
	KUNIT_EXPECT_EQ(test, 0x121, PCI_DEVID(pci_iov_virtfn_bus(pdev, 0),
					       pci_iov_virtfn_devfn(pdev, 0)));
}

static void sriov_window_too_small(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *pf;
	struct pci_dev *pdev;

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	fake_pci_set_buses(rp, 0, 0x20, 0x20);
	pf = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_sriov(pf, &three_vfs);
	fake_pci_scan(host);

	pdev = fake_pci_dev(pf);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_EQ(test, -ENOMEM, fake_pci_enable_vfs(pdev, 1));
	KUNIT_EXPECT_EQ(test, 0x20, fake_pci_subordinate(rp));
}

/*
 * VFs that begin past bus ff cannot be enabled. They cost no bus number, and do
 * not take away those of others.
 */
static void sriov_vfs_past_bus_ff(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0x10, 0xff);
	struct fake_pci_fn *rp[2], *ep[2];
	struct pci_dev *pdev;
	int i;

	for (i = 0; i < 2; i++) {
		rp[i] = fake_pci_add_port(host, NULL, PCI_DEVFN(1 + i, 0),
					  PCI_EXP_TYPE_ROOT_PORT);
		ep[i] = fake_pci_add_endpoint(host, rp[i], 0);
	}
	/* From 11:00.0 to 104:00.0 */
	fake_pci_add_vfs(ep[0], 1, 0xf300, 1);
	fake_pci_scan(host);

	pdev = fake_pci_dev(ep[0]);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_EQ(test, 0x104, pci_iov_virtfn_bus(pdev, 0));
	KUNIT_EXPECT_EQ(test, 0, pci_iov_bus_range(pdev->bus));
	KUNIT_EXPECT_EQ(test, -ENOMEM, fake_pci_enable_vfs(pdev, 1));

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, 0x11 + i, fake_pci_secondary(rp[i]));
		KUNIT_EXPECT_EQ(test, 0x11 + i, fake_pci_subordinate(rp[i]));
		KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[i]));
	}
}

/* Registers that describe VF 65534 at the largest stride fit in 32 bits */
static void sriov_routing_ids_do_not_wrap(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *pf;
	struct pci_dev *pdev;

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	pf = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_vfs(pf, 3, 1, 0xffff);
	fake_pci_scan(host);

	pdev = fake_pci_dev(pf);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_EQ(test, (0x101 + 0xfffe * 0xffffU) >> 8,
			pci_iov_virtfn_bus(pdev, 0xfffe));
	KUNIT_EXPECT_EQ(test, (0x101 + 0xfffe * 0xffffU) & 0xff,
			pci_iov_virtfn_devfn(pdev, 0xfffe));
}

static void sriov_resize_without_sriov(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *ep;
	struct pci_dev *pdev;

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	ep = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_scan(host);

	pdev = fake_pci_dev(ep);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_LT(test, pci_resize_resource(pdev, PCI_IOV_RESOURCES, 0, 0),
			0);
	KUNIT_EXPECT_LT(test, pci_iov_vf_bar_set_size(pdev, PCI_IOV_RESOURCES,
						      0), 0);
}

static int sriov_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static const struct pci_device_id sriov_ids[] = {
	{ PCI_DEVICE(0x1d0f, 0xfa02) },
	{}
};

static pci_ers_result_t sriov_error_detected(struct pci_dev *pdev,
					     pci_channel_state_t state)
{
	return PCI_ERS_RESULT_CAN_RECOVER;
}

static const struct pci_error_handlers sriov_err_handler = {
	.error_detected = sriov_error_detected,
};

static struct pci_driver sriov_driver = {
	.name = "sriov_kunit",
	.id_table = sriov_ids,
	.probe = sriov_probe,
	.sriov_configure = pci_sriov_configure_simple,
	.err_handler = &sriov_err_handler,
};

static void sriov_driver_gone(void *unused)
{
	pci_unregister_driver(&sriov_driver);
}

struct numvfs_writer {
	struct device *dev;
	struct completion done;
	ssize_t ret;
};

static struct device_attribute *numvfs_attr(void)
{
	struct attribute **attr;

	for (attr = sriov_pf_dev_attr_group.attrs; *attr; attr++)
		if (!strcmp((*attr)->name, "sriov_numvfs"))
			return container_of(*attr, struct device_attribute,
					    attr);

	return NULL;
}

static int write_numvfs(void *data)
{
	struct numvfs_writer *writer = data;
	struct device_attribute *attr = numvfs_attr();

	writer->ret = attr->store(writer->dev, attr, "2", 1);
	kthread_complete_and_exit(&writer->done, 0);
}

static bool try_device_lock(struct device *dev)
{
	if (!device_trylock(dev))
		return false;
	device_unlock(dev);
	return true;
}

static bool try_rescan_lock(struct device *dev)
{
	if (!mutex_trylock(&pci_rescan_remove_lock))
		return false;
	pci_unlock_rescan_remove();
	return true;
}

/* Is the other lock free for a moment, while the writer cannot go on? */
static bool comes_free(bool (*try)(struct device *dev), struct device *dev)
{
	int i;

	/* The writer needs a moment to get into whatever it waits for */
	msleep(20);
	for (i = 0; i < 50; i++) {
		if (try(dev))
			return true;
		msleep(20);
	}

	return false;
}

static struct pci_dev *numvfs_pf(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *pf;
	struct pci_dev *pdev;

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	pf = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_sriov(pf, &three_vfs);
	fake_pci_scan(host);
	pdev = fake_pci_dev(pf);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_ASSERT_EQ(test, 0, pci_register_driver(&sriov_driver));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   sriov_driver_gone,
							   NULL));
	KUNIT_ASSERT_PTR_EQ(test, &sriov_driver, pdev->driver);
	KUNIT_ASSERT_NOT_NULL(test, numvfs_attr());
	return pdev;
}

#ifdef CONFIG_PCIEAER
/* VFs on a bus of their own, which has no bridge, have no say in a recovery */
static void sriov_recovery_of_pf(struct kunit *test)
{
	struct pci_dev *pdev = numvfs_pf(test);

	pdev->sriov->drivers_autoprobe = false;
	KUNIT_ASSERT_EQ(test, 0, fake_pci_enable_vfs(pdev, 2));
	KUNIT_EXPECT_EQ(test, PCI_ERS_RESULT_RECOVERED,
			pcie_do_recovery(pdev, pci_channel_io_normal, NULL));
	fake_pci_disable_vfs(pdev);
}
#endif

/* Whoever has the device lock may wait for a user, who has all the time */
static void sriov_numvfs_during_unbinding(struct kunit *test)
{
	struct pci_dev *pdev = numvfs_pf(test);
	struct numvfs_writer writer = { .dev = &pdev->dev };
	struct task_struct *task;

	init_completion(&writer.done);
	device_lock(&pdev->dev);
	task = kthread_run(write_numvfs, &writer, "numvfs");
	if (!IS_ERR(task))
		KUNIT_EXPECT_TRUE(test, comes_free(try_rescan_lock, &pdev->dev));
	device_unlock(&pdev->dev);
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&writer.done);
	KUNIT_EXPECT_EQ(test, -ERESTARTNOINTR, writer.ret);
	fake_pci_disable_vfs(pdev);
}

/*
 * Removal takes the device lock with pci_rescan_remove_lock held. So who writes
 * the number of VFs must not wait for that lock with the device lock held.
 */
static void sriov_numvfs_during_removal(struct kunit *test)
{
	struct pci_dev *pdev = numvfs_pf(test);
	struct numvfs_writer writer = { .dev = &pdev->dev };
	struct task_struct *task;

	init_completion(&writer.done);
	pci_lock_rescan_remove();
	task = kthread_run(write_numvfs, &writer, "numvfs");
	if (!IS_ERR(task))
		KUNIT_EXPECT_TRUE(test, comes_free(try_device_lock, &pdev->dev));
	pci_unlock_rescan_remove();
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));

	/* It is started again when it is back in user space */
	wait_for_completion(&writer.done);
	KUNIT_EXPECT_EQ(test, -ERESTARTNOINTR, writer.ret);
	KUNIT_EXPECT_EQ(test, 0, pci_num_vf(pdev));

	init_completion(&writer.done);
	task = kthread_run(write_numvfs, &writer, "numvfs");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&writer.done);
	KUNIT_EXPECT_EQ(test, 1, writer.ret);
	KUNIT_EXPECT_EQ(test, 2, pci_num_vf(pdev));
	fake_pci_disable_vfs(pdev);
}

struct sriov_write {
	u16 where;
	u8 size;
	u32 value;
};

/*
 * What Linux 7.3 writes into the SR-IOV capability of a PF with three VFs, from
 * its enumeration over pci_enable_sriov(2) and pci_disable_sriov() to a
 * restore. The order is a contract with devices: NumVFs is only written with
 * VF Enable clear, and First VF Offset and VF Stride may change with NumVFs.
 */
static const struct sriov_write linux_7_3_writes[] = {
	{ PCI_SRIOV_CTRL, 2, 0x10 },
	{ PCI_SRIOV_SYS_PGSIZE, 4, 0x1 },
	{ PCI_SRIOV_BAR + 0, 4, 0xffffffff },
	{ PCI_SRIOV_BAR + 0, 4, 0xc },
	{ PCI_SRIOV_BAR + 4, 4, 0xffffffff },
	{ PCI_SRIOV_BAR + 4, 4, 0x0 },
	{ PCI_SRIOV_BAR + 8, 4, 0xffffffff },
	{ PCI_SRIOV_BAR + 8, 4, 0x0 },
	{ PCI_SRIOV_BAR + 12, 4, 0xffffffff },
	{ PCI_SRIOV_BAR + 12, 4, 0x0 },
	{ PCI_SRIOV_BAR + 16, 4, 0xffffffff },
	{ PCI_SRIOV_BAR + 16, 4, 0x0 },
	{ PCI_SRIOV_BAR + 20, 4, 0xffffffff },
	{ PCI_SRIOV_BAR + 20, 4, 0x0 },
	{ PCI_SRIOV_NUM_VF, 2, 0x3 },
	{ PCI_SRIOV_NUM_VF, 2, 0x2 },
	{ PCI_SRIOV_NUM_VF, 2, 0x1 },
	{ PCI_SRIOV_NUM_VF, 2, 0x0 },
	{ PCI_SRIOV_BAR + 0, 4, 0x1000c },
	{ PCI_SRIOV_BAR + 4, 4, 0x40 },
	{ PCI_SRIOV_NUM_VF, 2, 0x2 },
	{ PCI_SRIOV_CTRL, 2, 0x19 },
	{ PCI_SRIOV_CTRL, 2, 0x10 },
	{ PCI_SRIOV_NUM_VF, 2, 0x0 },
	{ PCI_SRIOV_CTRL, 2, 0x10 },
	{ PCI_SRIOV_BAR + 0, 4, 0x1000c },
	{ PCI_SRIOV_BAR + 4, 4, 0x40 },
	{ PCI_SRIOV_SYS_PGSIZE, 4, 0x1 },
	{ PCI_SRIOV_NUM_VF, 2, 0x0 },
	{ PCI_SRIOV_CTRL, 2, 0x10 },
};

static void sriov_write_order(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	const struct fake_pci_access *log;
	struct fake_pci_fn *rp, *pf;
	struct pci_dev *pdev;
	unsigned int i, nr, n = 0;

	rp = fake_pci_add_port(host, NULL, PCI_DEVFN(1, 0),
			       PCI_EXP_TYPE_ROOT_PORT);
	pf = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_ari(pf, 0);
	fake_pci_add_sriov(pf, &three_vfs);

	fake_pci_log_start(host);
	fake_pci_scan(host);
	pdev = fake_pci_dev(pf);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_ASSERT_EQ(test, 0, fake_pci_enable_vfs(pdev, 2));
	fake_pci_disable_vfs(pdev);
	pci_restore_iov_state(pdev);
	KUNIT_EXPECT_TRUE(test, fake_pci_remove(host));
	fake_pci_log_stop(host);

	log = fake_pci_log(host, &nr);
	for (i = 0; i < nr; i++) {
		const struct sriov_write *want = &linux_7_3_writes[n];

		if (log[i].fn != pf || !log[i].write ||
		    log[i].where < pf->sriov ||
		    log[i].where >= pf->sriov + PCI_EXT_CAP_SRIOV_SIZEOF)
			continue;

		if (n < ARRAY_SIZE(linux_7_3_writes)) {
			KUNIT_EXPECT_EQ_MSG(test, want->where,
					    log[i].where - pf->sriov,
					    "write %u", n);
			KUNIT_EXPECT_EQ_MSG(test, want->size, log[i].size,
					    "write %u", n);
			KUNIT_EXPECT_EQ_MSG(test, want->value, log[i].value,
					    "write %u", n);
		}
		n++;
	}
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(linux_7_3_writes), n);
}

static struct kunit_case sriov_cases[] = {
	KUNIT_CASE(sriov_vfs_with_ari),
	KUNIT_CASE(sriov_vfs_without_ari),
	KUNIT_CASE(sriov_two_pfs_share_ari),
	KUNIT_CASE(sriov_window_too_small),
	KUNIT_CASE(sriov_write_order),
#ifdef CONFIG_PCIEAER
	KUNIT_CASE(sriov_recovery_of_pf),
#endif
	KUNIT_CASE(sriov_vfs_past_bus_ff),
	KUNIT_CASE(sriov_routing_ids_do_not_wrap),
	KUNIT_CASE(sriov_resize_without_sriov),
	KUNIT_CASE(sriov_numvfs_during_unbinding),
	KUNIT_CASE(sriov_numvfs_during_removal),
	{}
};

static struct kunit_suite sriov_suite = {
	.name = "pci-sriov",
	.test_cases = sriov_cases,
};

kunit_test_suites(&fake_bus_suite, &sriov_suite);

MODULE_DESCRIPTION("KUnit tests for SR-IOV beside SIOV");
MODULE_LICENSE("GPL");
