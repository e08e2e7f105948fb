// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests: bus numbers for SDIs
 *
 * SDIs use bus numbers that no bus has. The tests look at the registers of the
 * fake bridges, which is what a real fabric goes by, and at usable_sdis, which
 * has to agree with them.
 */
#include <linux/bitfield.h>
#include <linux/init.h>
#include <linux/pci.h>
#include <linux/prandom.h>
#include <linux/moduleparam.h>
#include <kunit/test.h>

#include "../pci.h"
#include "../sdi/sdi.h"
#include "fake_host.h"

#define NR_RANDOM_TREES		40
#define DEFAULT_LIMIT		8

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the random hierarchies");

static struct fake_pci_fn *add_rp(struct fake_pci_host *host, int slot)
{
	return fake_pci_add_port(host, NULL, PCI_DEVFN(slot, 0),
				 PCI_EXP_TYPE_ROOT_PORT);
}

/* What the registers of the fabric say, one Routing ID at a time */
static u32 count_free_rids(struct fake_pci_fn *fn)
{
	struct pci_dev *pdev = fake_pci_dev(fn);
	u32 n, rid, count = 0;

	for (n = 0; n < pdev->siov->total_sdis; n++) {
		rid = pci_dev_id(pdev) + pdev->siov->offset +
		      n * pdev->siov->stride;
		if (rid > 0xffff)
			break;
		count += fake_pci_rid_is_free(fn, rid);
	}

	return count;
}

static void expect_usable(struct kunit *test, struct fake_pci_fn *fn, u32 want)
{
	struct pci_dev *pdev = fake_pci_dev(fn);

	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_ASSERT_TRUE(test, pci_is_siov_physfn(pdev));
	KUNIT_EXPECT_EQ(test, want, pci_siov_usable_sdis(pdev));
	KUNIT_EXPECT_EQ(test, want, count_free_rids(fn));
}

static void expect_buses(struct kunit *test, struct fake_pci_fn *port,
			 u8 secondary, u8 subordinate)
{
	struct pci_bus *bus = fake_pci_bus(port->host, secondary);

	KUNIT_EXPECT_EQ(test, secondary, fake_pci_secondary(port));
	KUNIT_EXPECT_EQ(test, subordinate, fake_pci_subordinate(port));
	KUNIT_ASSERT_NOT_NULL(test, bus);
	KUNIT_EXPECT_EQ(test, subordinate, bus->busn_res.end);
}

/* Numbers are left out where the kernel gives them, for VFs and SDIs alike */
static void buses_are_reserved(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[2], *ep[2];

	rp[0] = add_rp(host, 1);
	rp[1] = add_rp(host, 2);
	ep[0] = fake_pci_add_endpoint(host, rp[0], 0);
	ep[1] = fake_pci_add_endpoint(host, rp[1], 0);
	fake_pci_add_sdis(ep[0], 600, 1, 1);
	fake_pci_scan(host);

	expect_buses(test, rp[0], 1, 3);
	expect_buses(test, rp[1], 4, 4);
	expect_usable(test, ep[0], 600);
	KUNIT_EXPECT_EQ(test, 0x100 + 600,
			pci_siov_last_rid(fake_pci_dev(ep[0])));
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[1]));
}

static void buses_below_a_switch(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *up, *dp[2], *ep[2];

	rp = add_rp(host, 1);
	up = fake_pci_add_port(host, rp, 0, PCI_EXP_TYPE_UPSTREAM);
	dp[0] = fake_pci_add_port(host, up, PCI_DEVFN(0, 0),
				  PCI_EXP_TYPE_DOWNSTREAM);
	dp[1] = fake_pci_add_port(host, up, PCI_DEVFN(1, 0),
				  PCI_EXP_TYPE_DOWNSTREAM);
	ep[0] = fake_pci_add_endpoint(host, dp[0], 0);
	ep[1] = fake_pci_add_endpoint(host, dp[1], 0);
	fake_pci_add_sdis(ep[0], 600, 1, 1);
	fake_pci_add_sdis(ep[1], 300, 1, 1);
	fake_pci_scan(host);

	expect_buses(test, rp, 1, 7);
	expect_buses(test, up, 2, 7);
	expect_buses(test, dp[0], 3, 5);
	expect_buses(test, dp[1], 6, 7);
	expect_usable(test, ep[0], 600);
	expect_usable(test, ep[1], 300);
}

/* Both progressions start at the PF's Routing ID, so they share buses */
static void buses_are_the_maximum(struct kunit *test)
{
	static const struct {
		u16 vf_offset, sdis;
		u8 last;
	} cases[] = {
		{ 0x100, 900, 4 },	/* VFs up to bus 2, SDIs up to bus 4 */
		{ 0x400, 600, 5 },	/* VFs up to bus 5, SDIs up to bus 3 */
		{ 0x200, 600, 3 },	/* both up to bus 3 */
		{ 0x200, 4, 3 },	/* SDIs on the PF's own bus */
		{ 8, 600, 3 },		/* VFs on the PF's own bus */
	};
	struct fake_pci_host *host;
	struct fake_pci_fn *rp, *ep;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		host = fake_pci_host_create(test, 0, 0xff);
		rp = add_rp(host, 1);
		ep = fake_pci_add_endpoint(host, rp, 0);
		fake_pci_add_vfs(ep, 3, cases[i].vf_offset, 1);
		fake_pci_add_sdis(ep, cases[i].sdis, 16, 1);
		fake_pci_scan(host);
		expect_buses(test, rp, 1, cases[i].last);
		KUNIT_EXPECT_TRUE(test, fake_pci_remove(host));
	}
}

static void buses_of_two_pfs(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *ep[2];

	rp = add_rp(host, 1);
	ep[0] = fake_pci_add_endpoint(host, rp, 0);
	ep[1] = fake_pci_add_endpoint(host, rp, 1);
	fake_pci_add_sdis(ep[0], 400, 8, 1);
	fake_pci_add_sdis(ep[1], 4, 0x380, 1);
	fake_pci_scan(host);

	expect_buses(test, rp, 1, 4);
	expect_usable(test, ep[0], 400);
	expect_usable(test, ep[1], 4);
}

/* Routing IDs that functions have are not for SDIs */
static void buses_with_functions_in_the_way(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *pf, *rp;

	pf = fake_pci_add_rciep(host, PCI_DEVFN(1, 0));
	fake_pci_add_rciep(host, PCI_DEVFN(2, 0));
	fake_pci_add_rciep(host, PCI_DEVFN(3, 0));
	fake_pci_add_rciep(host, PCI_DEVFN(3, 1));
	rp = add_rp(host, 4);
	fake_pci_set_buses(rp, 0, 1, 1);
	fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_sdis(pf, 700, 1, 1);
	fake_pci_scan(host);

	/*
	 * 700 from 00:01.1 to 02:18.4; less three endpoints, the root port,
	 * and bus 1 behind it.
	 */
	KUNIT_ASSERT_NOT_NULL(test, fake_pci_bus(host, 1));
	expect_usable(test, pf, 700 - 4 - 256);
}

/* 65,535 SDIs could use all numbers of a segment; policy says how many */
static void buses_are_limited(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[2], *ep[2];

	rp[0] = add_rp(host, 1);
	rp[1] = add_rp(host, 2);
	ep[0] = fake_pci_add_endpoint(host, rp[0], 0);
	ep[1] = fake_pci_add_endpoint(host, rp[1], 0);
	fake_pci_add_sdis(ep[0], 0xffff, 1, 1);
	fake_pci_scan(host);

	expect_buses(test, rp[0], 1, 1 + DEFAULT_LIMIT);
	expect_usable(test, ep[0], 255 + DEFAULT_LIMIT * 256);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[1]));
}

/* Neither more than the host bridge has, nor so many that others have none */
static void buses_in_a_small_segment(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0x10, 0x14);
	struct fake_pci_fn *rp[3], *ep[3];
	int i;

	for (i = 0; i < 3; i++) {
		rp[i] = add_rp(host, i + 1);
		ep[i] = fake_pci_add_endpoint(host, rp[i], 0);
	}
	fake_pci_add_sdis(ep[0], 0xffff, 1, 1);
	fake_pci_scan(host);

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_NOT_NULL_MSG(test, fake_pci_dev(ep[i]),
					  "function below port %d is lost", i);
		KUNIT_EXPECT_LE(test, fake_pci_subordinate(rp[i]), 0x14);
		KUNIT_EXPECT_GE(test, fake_pci_subordinate(rp[i]),
				fake_pci_secondary(rp[i]));
	}
}

/* There may be more than one bus below a port that gets its number later */
static void buses_left_to_a_switch(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 13);
	struct fake_pci_fn *rp[2], *up, *pf, *dp[4], *ep[4];
	int i;

	rp[0] = add_rp(host, 1);
	rp[1] = add_rp(host, 2);
	pf = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	up = fake_pci_add_port(host, rp[1], 0, PCI_EXP_TYPE_UPSTREAM);
	for (i = 0; i < ARRAY_SIZE(dp); i++) {
		dp[i] = fake_pci_add_port(host, up, PCI_DEVFN(i, 0),
					  PCI_EXP_TYPE_DOWNSTREAM);
		ep[i] = fake_pci_add_endpoint(host, dp[i], 0);
	}
	fake_pci_scan(host);

	/* Half of buses 2 to 13 */
	expect_buses(test, rp[0], 1, 7);
	expect_usable(test, pf, 255 + 6 * 256);
	expect_buses(test, rp[1], 8, 13);
	for (i = 0; i < ARRAY_SIZE(dp); i++)
		KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[i]));
}

/* A switch as above, whose bus numbers firmware knew but which are not right */
static void buses_that_firmware_gave(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 7);
	struct fake_pci_fn *rp[2], *up, *pf, *dp[4], *ep[4];
	int i;

	rp[0] = add_rp(host, 1);
	rp[1] = add_rp(host, 2);
	fake_pci_set_buses(rp[0], 8, 9, 9);
	fake_pci_set_buses(rp[1], 8, 10, 15);
	pf = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	up = fake_pci_add_port(host, rp[1], 0, PCI_EXP_TYPE_UPSTREAM);
	for (i = 0; i < ARRAY_SIZE(dp); i++) {
		dp[i] = fake_pci_add_port(host, up, PCI_DEVFN(i, 0),
					  PCI_EXP_TYPE_DOWNSTREAM);
		ep[i] = fake_pci_add_endpoint(host, dp[i], 0);
	}
	fake_pci_scan(host);

	/* Six of the seven numbers are needed for others */
	expect_buses(test, rp[0], 1, 1);
	expect_usable(test, pf, 255);
	expect_buses(test, rp[1], 2, 7);
	for (i = 0; i < ARRAY_SIZE(dp); i++)
		KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[i]));
}

/* More PFs than a segment has bus numbers for: less for each, none lost */
static void buses_for_many_pfs(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[31], *pf[31];
	int i, extra;

	for (i = 0; i < ARRAY_SIZE(rp); i++) {
		rp[i] = add_rp(host, i + 1);
		pf[i] = fake_pci_add_endpoint(host, rp[i], 0);
		fake_pci_add_sdis(pf[i], 0xffff, 1, 1);
	}
	fake_pci_scan(host);

	for (i = 0; i < ARRAY_SIZE(rp); i++) {
		extra = fake_pci_subordinate(rp[i]) - fake_pci_secondary(rp[i]);
		KUNIT_EXPECT_GE(test, extra, DEFAULT_LIMIT - 1);
		KUNIT_EXPECT_LE(test, extra, DEFAULT_LIMIT);
		expect_usable(test, pf[i], 255 + 256 * extra);
	}
}

/* A PF on the root bus leaves numbers to the root ports beside it */
static void buses_beside_bridges(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 4);
	struct fake_pci_fn *pf, *rp[2], *ep[2];
	int i;

	pf = fake_pci_add_rciep(host, PCI_DEVFN(1, 0));
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	for (i = 0; i < 2; i++) {
		rp[i] = add_rp(host, i + 2);
		ep[i] = fake_pci_add_endpoint(host, rp[i], 0);
	}
	fake_pci_scan(host);

	for (i = 0; i < 2; i++) {
		expect_buses(test, rp[i], 3 + i, 3 + i);
		KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[i]));
	}
	/* Buses 0 to 2, less what is up to 00:01.0, and two root ports */
	expect_usable(test, pf, 3 * 256 - 9 - 2);
}

/*
 * Hot-plug ports share what is left. With less left than was used, the share
 * must be nothing, not four billion.
 */
static void buses_share_of_hotplug(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *up, *dp[2], *pf, *port, *ep;

	rp = add_rp(host, 1);
	fake_pci_set_buses(rp, 0, 1, 0x10);
	up = fake_pci_add_port(host, rp, 0, PCI_EXP_TYPE_UPSTREAM);
	dp[0] = fake_pci_add_port(host, up, PCI_DEVFN(0, 0),
				  PCI_EXP_TYPE_DOWNSTREAM);
	dp[1] = fake_pci_add_port(host, up, PCI_DEVFN(1, 0),
				  PCI_EXP_TYPE_DOWNSTREAM);
	fake_pci_set_hotplug(dp[0]);
	fake_pci_set_hotplug(dp[1]);
	ep = fake_pci_add_endpoint(host, dp[1], 0);

	/* One device: a PF with far-off VFs, and a port with a slot of its own */
	pf = fake_pci_add_endpoint(host, dp[0], 0);
	fake_pci_add_vfs(pf, 1, DEFAULT_LIMIT * 256, 1);
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	port = fake_pci_add_port(host, dp[0], 1, PCI_EXP_TYPE_ROOT_PORT);
	fake_pci_set_hotplug(port);
	fake_pci_scan(host);

	expect_buses(test, port, 0xc, 0xc);
	expect_buses(test, dp[1], 0xd, 0x10);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
	expect_usable(test, pf, 254 + DEFAULT_LIMIT * 256);
}

/* A bridge has eight bits for a bus number: after 0xff comes nothing */
static void buses_do_not_wrap(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0xfe, 0xff);
	struct fake_pci_fn *rp[2], *ep[2];

	rp[0] = add_rp(host, 1);
	rp[1] = add_rp(host, 2);
	ep[0] = fake_pci_add_endpoint(host, rp[0], 0);
	ep[1] = fake_pci_add_endpoint(host, rp[1], 0);
	fake_pci_add_sdis(ep[0], 0xffff, 1, 1);
	fake_pci_scan(host);

	expect_buses(test, rp[0], 0xff, 0xff);
	KUNIT_EXPECT_EQ(test, 0, fake_pci_secondary(rp[1]));
	KUNIT_EXPECT_EQ(test, 0, fake_pci_subordinate(rp[1]));
	KUNIT_EXPECT_NULL(test, fake_pci_bus(host, 0));
}

/* A bridge that comes later must not get a number that SDIs use */
static void buses_not_for_hot_added_bridge(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *pf, *late, *ep;
	struct pci_dev *pdev;

	rp = add_rp(host, 1);
	pf = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_sdis(pf, 600, 1, 1);
	late = add_rp(host, 2);
	ep = fake_pci_add_endpoint(host, late, 0);
	late->absent = true;
	fake_pci_scan(host);
	expect_buses(test, rp, 1, 3);

	late->absent = false;
	pci_lock_rescan_remove();
	pci_scan_slot(fake_pci_root(host), late->devfn);
	pdev = fake_pci_dev(late);
	if (pdev)
		pci_hp_add_bridge(pdev);
	pci_unlock_rescan_remove();
	KUNIT_ASSERT_NOT_NULL(test, pdev);

	KUNIT_EXPECT_EQ(test, 4, fake_pci_secondary(late));
	expect_buses(test, rp, 1, 3);
	expect_usable(test, pf, 600);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
}

/* Add a function to the first bus, as the ACPI hot-plug driver does */
static struct pci_dev *late_function(struct fake_pci_fn *late)
{
	struct pci_dev *pdev;
	int pass, max = 1;

	late->absent = false;
	pci_lock_rescan_remove();
	pci_scan_single_device(fake_pci_bus(late->host, 1), late->devfn);
	pdev = fake_pci_dev(late);
	for (pass = 0; pdev && pass < 2; pass++)
		max = pci_scan_bridge(pdev->bus, pdev, max, pass);
	pci_unlock_rescan_remove();

	return pdev;
}

/*
 * Where SDIs use all numbers a port has, a bridge that comes later gets none,
 * least of all that of a bus behind the next port. And if they use one, then
 * another.
 */
static void buses_not_of_next_port(struct kunit *test)
{
	struct fake_pci_fn *rp[2], *pf, *late, *ep, *lost;
	struct fake_pci_host *host;
	struct pci_sdi sdi = {};
	struct xarray *claims;
	struct pci_dev *pdev;
	int used;

	for (used = 1; used <= 2; used++) {
		host = fake_pci_host_create(test, 0, 0xff);
		rp[0] = add_rp(host, 1);
		rp[1] = add_rp(host, 2);
		fake_pci_set_buses(rp[0], 0, 1, 3);
		fake_pci_set_buses(rp[1], 0, 4, 4);
		pf = fake_pci_add_endpoint(host, rp[0], 0);
		fake_pci_add_sdis(pf, 600, 8, 1);
		late = fake_pci_add_port(host, rp[0], 1, PCI_EXP_TYPE_UPSTREAM);
		lost = fake_pci_add_endpoint(host, late, 0);
		late->absent = true;
		ep = fake_pci_add_endpoint(host, rp[1], 0);
		fake_pci_scan(host);
		expect_usable(test, pf, 600);

		sdi.pf = fake_pci_dev(pf);
		claims = &pci_find_host_bridge(fake_pci_root(host))->rid_claims;
		xa_store(claims, 0x200, &sdi, GFP_KERNEL);
		if (used == 2)
			xa_store(claims, 0x300, &sdi, GFP_KERNEL);
		pdev = late_function(late);
		xa_erase(claims, 0x200);
		xa_erase(claims, 0x300);
		KUNIT_ASSERT_NOT_NULL(test, pdev);

		KUNIT_EXPECT_EQ(test, used == 2, !pdev->subordinate);
		KUNIT_EXPECT_EQ(test, used == 2 ? 0 : 3, fake_pci_secondary(late));
		KUNIT_EXPECT_EQ(test, used == 2, !fake_pci_dev(lost));
		KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
		expect_buses(test, rp[0], 1, 3);
		expect_buses(test, rp[1], 4, 4);
		KUNIT_EXPECT_TRUE(test, fake_pci_remove(host));
	}
}

/* A port with one bus number, and a PF below it that wants more */
static struct fake_pci_fn *add_pf_on_bus_20(struct fake_pci_host *host,
					    u16 total_sdis,
					    struct fake_pci_fn **rp)
{
	struct fake_pci_fn *pf;

	*rp = add_rp(host, 1);
	fake_pci_set_buses(*rp, 0, 0x20, 0x20);
	pf = fake_pci_add_endpoint(host, *rp, 0);
	fake_pci_add_sdis(pf, total_sdis, 1, 1);
	return pf;
}

/*
 * Firmware that knows nothing of SDIs gives the port one bus number, and the
 * kernel keeps it.
 */
static void grow_into_free_numbers(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *pf;
	struct kmsg_dump_iter mark;

	pf = add_pf_on_bus_20(host, 600, &rp);
	fake_kmsg_mark(&mark);
	fake_pci_scan(host);

	expect_buses(test, rp, 0x20, 0x22);
	expect_usable(test, pf, 600);
	KUNIT_EXPECT_EQ(test, 0, fake_kmsg_count(&mark, LOGLEVEL_WARNING,
						 "PCI/SIOV: ", NULL));

	/* A recovery of the port brings back what was saved */
	KUNIT_EXPECT_EQ(test, 0x22,
			FIELD_GET(PCI_SUBORDINATE_BUS_MASK,
				  fake_pci_dev(rp)->saved_config_space[PCI_PRIMARY_BUS / 4]));
}

static int power_users(struct fake_pci_fn *port)
{
	return atomic_read(&fake_pci_dev(port)->dev.power.usage_count);
}

/* A port that has grown may sleep like one that has not */
static void grow_keeps_no_port_awake(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[2];

	add_pf_on_bus_20(host, 600, &rp[0]);
	rp[1] = add_rp(host, 2);
	fake_pci_set_buses(rp[1], 0, 0x40, 0x40);
	fake_pci_add_endpoint(host, rp[1], 0);
	fake_pci_scan(host);
	expect_buses(test, rp[0], 0x20, 0x22);
	expect_buses(test, rp[1], 0x40, 0x40);
	KUNIT_EXPECT_EQ(test, power_users(rp[1]), power_users(rp[0]));
}

/*
 * Firmware has given bus 20 to two ports, so the second one gets no bus. What its
 * registers say is where requests go, all the same.
 */
static void grow_stops_at_port_without_bus(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[2], *pf;

	pf = add_pf_on_bus_20(host, 600, &rp[0]);
	rp[1] = add_rp(host, 2);
	fake_pci_set_buses(rp[1], 0, 0x20, 0x24);
	fake_pci_scan(host);
	KUNIT_ASSERT_NULL(test, fake_pci_dev(rp[1])->subordinate);
	expect_buses(test, rp[0], 0x20, 0x20);
	expect_usable(test, pf, 255);
}

/* Up to the root, and each port on the way */
static void grow_below_a_switch(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *up, *dp, *pf;

	rp = add_rp(host, 1);
	up = fake_pci_add_port(host, rp, 0, PCI_EXP_TYPE_UPSTREAM);
	dp = fake_pci_add_port(host, up, 0, PCI_EXP_TYPE_DOWNSTREAM);
	fake_pci_set_buses(rp, 0, 1, 4);
	fake_pci_set_buses(up, 1, 2, 3);
	fake_pci_set_buses(dp, 2, 3, 3);
	pf = fake_pci_add_endpoint(host, dp, 0);
	fake_pci_add_sdis(pf, 1000, 1, 1);
	fake_pci_scan(host);

	expect_buses(test, rp, 1, 6);
	expect_buses(test, up, 2, 6);
	expect_buses(test, dp, 3, 6);
	expect_usable(test, pf, 1000);
}

/* Numbers of others are not taken, and one message says what is missing */
static void grow_stops_at_sibling(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[2], *pf, *ep;
	struct kmsg_dump_iter mark;

	rp[0] = add_rp(host, 1);
	rp[1] = add_rp(host, 2);
	fake_pci_set_buses(rp[0], 0, 1, 1);
	fake_pci_set_buses(rp[1], 0, 3, 3);
	pf = fake_pci_add_endpoint(host, rp[0], 0);
	ep = fake_pci_add_endpoint(host, rp[1], 0);
	fake_pci_add_sdis(pf, 1000, 1, 1);
	fake_kmsg_mark(&mark);
	fake_pci_scan(host);

	expect_buses(test, rp[0], 1, 2);
	expect_buses(test, rp[1], 3, 3);
	expect_usable(test, pf, 255 + 256);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&mark, LOGLEVEL_INFO,
						 pci_name(fake_pci_dev(pf)),
						 "only 511 of 1000 SDIs"));
}

/* A sibling below the same switch is in the way as well */
static void grow_stops_at_cousin(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *up, *dp[2], *pf, *ep;

	rp = add_rp(host, 1);
	up = fake_pci_add_port(host, rp, 0, PCI_EXP_TYPE_UPSTREAM);
	dp[0] = fake_pci_add_port(host, up, PCI_DEVFN(0, 0),
				  PCI_EXP_TYPE_DOWNSTREAM);
	dp[1] = fake_pci_add_port(host, up, PCI_DEVFN(1, 0),
				  PCI_EXP_TYPE_DOWNSTREAM);
	fake_pci_set_buses(rp, 0, 1, 4);
	fake_pci_set_buses(up, 1, 2, 4);
	fake_pci_set_buses(dp[0], 2, 3, 3);
	fake_pci_set_buses(dp[1], 2, 4, 4);
	pf = fake_pci_add_endpoint(host, dp[0], 0);
	ep = fake_pci_add_endpoint(host, dp[1], 0);
	fake_pci_add_sdis(pf, 1000, 1, 1);
	fake_pci_scan(host);

	expect_buses(test, rp, 1, 4);
	expect_buses(test, dp[0], 3, 3);
	expect_buses(test, dp[1], 4, 4);
	expect_usable(test, pf, 255);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
}

static void grow_stops_at_the_segment(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0x21);
	struct fake_pci_fn *rp, *pf;

	pf = add_pf_on_bus_20(host, 0xffff, &rp);
	fake_pci_scan(host);

	expect_buses(test, rp, 0x20, 0x21);
	expect_usable(test, pf, 255 + 256);
}

/* Other numbers do not help where the host bridge has no more */
static void grow_without_any_left(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0x10, 0x13);
	struct fake_pci_fn *rp[2], *pf[2], *ep;
	struct kmsg_dump_iter mark;

	rp[0] = add_rp(host, 1);
	rp[1] = add_rp(host, 2);
	fake_pci_set_buses(rp[0], 0x10, 0x11, 0x12);
	fake_pci_set_buses(rp[1], 0x10, 0x13, 0x13);
	pf[0] = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_sdis(pf[0], 1000, 1, 1);
	ep = fake_pci_add_endpoint(host, rp[1], 0);
	fake_kmsg_mark(&mark);
	fake_pci_scan(host);
	expect_usable(test, pf[0], 255 + 256);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&mark, LOGLEVEL_INFO,
						 "only 511 of 1000 SDIs",
						 "a host bridge with more"));

	/* And where it has, something else is named */
	host = fake_pci_host_create(test, 0x10, 0x14);
	rp[0] = add_rp(host, 1);
	rp[1] = add_rp(host, 2);
	fake_pci_set_buses(rp[0], 0x10, 0x11, 0x11);
	fake_pci_set_buses(rp[1], 0x10, 0x12, 0x12);
	pf[1] = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_sdis(pf[1], 1000, 1, 1);
	fake_kmsg_mark(&mark);
	fake_pci_scan(host);
	expect_usable(test, pf[1], 255);
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&mark, LOGLEVEL_INFO,
						 "only 255 of 1000 SDIs",
						 "; try "));
	KUNIT_EXPECT_EQ(test, 0, fake_kmsg_count(&mark, LOGLEVEL_INFO,
						 "only 255 of 1000 SDIs",
						 "a host bridge with more"));
}

static void grow_stops_at_the_limit(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *pf;

	pf = add_pf_on_bus_20(host, 0xffff, &rp);
	fake_pci_scan(host);

	expect_buses(test, rp, 0x20, 0x20 + DEFAULT_LIMIT);
	expect_usable(test, pf, 255 + 256 * DEFAULT_LIMIT);
}

/* The device says that its numbers are fixed */
static void grow_leaves_fixed_numbers(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *pf;

	pf = add_pf_on_bus_20(host, 600, &rp);
	fake_pci_fix_buses(rp, 0x20, 0x20);
	fake_pci_scan(host);

	expect_buses(test, rp, 0x20, 0x20);
	expect_usable(test, pf, 255);
}

/* The numbers that follow may be those of a host bridge that is found later */
static void grow_leaves_guessed_numbers(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *pf;
	struct kmsg_dump_iter mark;

	fake_pci_guess_buses(host);
	pf = add_pf_on_bus_20(host, 600, &rp);
	fake_kmsg_mark(&mark);
	fake_pci_scan(host);

	expect_buses(test, rp, 0x20, 0x20);
	expect_usable(test, pf, 255);
	KUNIT_EXPECT_EQ(test, 1, fake_kmsg_count(&mark, LOGLEVEL_INFO,
						 "255 of 600 SDIs usable",
						 "try other firmware settings"));
}

/* VFs of a PF beside the port use the numbers after the port's */
static void grow_stops_at_vfs_above(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *above, *pf;

	above = fake_pci_add_rciep(host, PCI_DEVFN(1, 0));
	fake_pci_add_vfs(above, 3, 0x300, 1);
	rp = add_rp(host, 2);
	fake_pci_set_buses(rp, 0, 1, 1);
	pf = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_sdis(pf, 1000, 1, 1);
	fake_pci_scan(host);

	KUNIT_EXPECT_LT(test, fake_pci_subordinate(rp), 3);
}

/* A card that is plugged in later gets its numbers too */
static void grow_for_hot_added_pf(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp, *pf;

	pf = add_pf_on_bus_20(host, 600, &rp);
	pf->absent = true;
	fake_pci_scan(host);
	expect_buses(test, rp, 0x20, 0x20);

	/* As pciehp does it: it does not look at bus numbers */
	pf->absent = false;
	pci_lock_rescan_remove();
	pci_scan_slot(fake_pci_bus(host, 0x20), 0);
	pci_assign_unassigned_bridge_resources(fake_pci_dev(rp));
	pci_bus_add_devices(fake_pci_bus(host, 0x20));
	pci_unlock_rescan_remove();

	expect_buses(test, rp, 0x20, 0x22);
	expect_usable(test, pf, 600);
}

static void renumber_end(void *unused)
{
	pci_clear_flags(PCI_REASSIGN_ALL_BUS);
}

/* As on machines where the kernel gives out all bus numbers */
static void renumber(struct kunit *test)
{
	pci_add_flags(PCI_REASSIGN_ALL_BUS);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, renumber_end, NULL));
}

/* A card that comes back with fewer SDIs must not move the one beside it */
static void buses_stay_on_rescan(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[2], *pf, *ep;
	struct pci_dev *live;
	u8 before;

	renumber(test);
	rp[0] = add_rp(host, 1);
	rp[1] = add_rp(host, 2);
	pf = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	ep = fake_pci_add_endpoint(host, rp[1], 0);
	fake_pci_scan(host);
	expect_usable(test, pf, 255 + 256 * DEFAULT_LIMIT);

	live = fake_pci_dev(ep);
	before = fake_pci_secondary(rp[1]);
	fake_pci_put16(pf, pf->last_ext + 0x08, 1);
	pci_stop_and_remove_bus_device_locked(fake_pci_dev(pf));
	fake_pci_rescan(host);

	KUNIT_EXPECT_EQ(test, before, fake_pci_secondary(rp[1]));
	KUNIT_EXPECT_PTR_EQ(test, live, fake_pci_dev(ep));
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(pf));
}

/* With five ports of a switch after it, a PF takes no more than the rest */
static void buses_left_to_five_ports(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 13);
	struct fake_pci_fn *rp[2], *up, *pf, *dp[5], *ep[5];
	int i;

	rp[0] = add_rp(host, 1);
	rp[1] = add_rp(host, 2);
	pf = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	up = fake_pci_add_port(host, rp[1], 0, PCI_EXP_TYPE_UPSTREAM);
	for (i = 0; i < ARRAY_SIZE(dp); i++) {
		dp[i] = fake_pci_add_port(host, up, PCI_DEVFN(i, 0),
					  PCI_EXP_TYPE_DOWNSTREAM);
		ep[i] = fake_pci_add_endpoint(host, dp[i], 0);
	}
	fake_pci_scan(host);

	expect_buses(test, rp[0], 1, 6);
	expect_usable(test, pf, 255 + 5 * 256);
	expect_buses(test, rp[1], 7, 13);
	for (i = 0; i < ARRAY_SIZE(dp); i++)
		KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[i]));
}

/* As pciehp does it, but nobody needs the BARs */
static void hot_add(struct fake_pci_fn *port)
{
	struct pci_bus *bus = fake_pci_dev(port)->subordinate;
	struct pci_dev *dev;

	pci_lock_rescan_remove();
	pci_scan_slot(bus, 0);
	for_each_pci_bridge(dev, bus)
		pci_hp_add_bridge(dev);
	pci_bus_add_devices(bus);
	pci_unlock_rescan_remove();
}

/* Firmware, or the user, wants all bus numbers to stay as they are */
static void grow_leaves_preserved_numbers(struct kunit *test)
{
	struct fake_pci_host *host;
	struct fake_pci_fn *rp, *pf;
	int i;

	for (i = 0; i < 2; i++) {
		host = fake_pci_host_create(test, 0, 0xff);
		pf = add_pf_on_bus_20(host, 600, &rp);
		pf->absent = true;
		fake_pci_scan(host);
		pf->absent = false;

		if (i)
			pci_add_flags(PCI_PROBE_ONLY);
		else
			pci_find_host_bridge(fake_pci_root(host))->preserve_config = true;
		hot_add(rp);
		expect_buses(test, rp, 0x20, 0x20);
		expect_usable(test, pf, 255);
		pci_clear_flags(PCI_PROBE_ONLY);
	}
}

/* What is behind a bridge on the same card comes first */
static void buses_of_hot_added_card(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[2], *pf, *up, *dp[3], *ep[3];
	int i;

	for (i = 0; i < 2; i++)
		rp[i] = add_rp(host, i + 1);
	fake_pci_set_hotplug(rp[0]);
	fake_pci_set_buses(rp[0], 0, 5, 0xc);
	fake_pci_set_buses(rp[1], 0, 0xd, 0xd);
	up = fake_pci_add_port(host, rp[0], 0, PCI_EXP_TYPE_UPSTREAM);
	pf = fake_pci_add_endpoint(host, rp[0], 1);
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	for (i = 0; i < ARRAY_SIZE(dp); i++) {
		dp[i] = fake_pci_add_port(host, up, PCI_DEVFN(i, 0),
					  PCI_EXP_TYPE_DOWNSTREAM);
		ep[i] = fake_pci_add_endpoint(host, dp[i], 0);
	}
	pf->absent = true;
	up->absent = true;
	fake_pci_scan(host);

	pf->absent = false;
	up->absent = false;
	hot_add(rp[0]);

	for (i = 0; i < ARRAY_SIZE(dp); i++)
		KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[i]));
	expect_buses(test, up, 9, 0xc);
	/* Bus 5 after the PF, and the three numbers that the switch leaves */
	expect_usable(test, pf, 254 + 3 * 256);
}

/*
 * What the PF in one slot lacks is not kept from the PF in another. A port after it
 * keeps each from growing later.
 */
static void buses_of_two_hot_added_cards(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[2], *up[2], *dp[2], *pf[2], *ep[2];
	int i, j;

	for (i = 0; i < 2; i++) {
		rp[i] = add_rp(host, i + 1);
		fake_pci_set_hotplug(rp[i]);
		up[i] = fake_pci_add_port(host, rp[i], 0, PCI_EXP_TYPE_UPSTREAM);
		for (j = 0; j < 2; j++)
			dp[j] = fake_pci_add_port(host, up[i], PCI_DEVFN(j, 0),
						  PCI_EXP_TYPE_DOWNSTREAM);
		pf[i] = fake_pci_add_endpoint(host, dp[0], 0);
		ep[i] = fake_pci_add_endpoint(host, dp[1], 0);
		up[i]->absent = true;
	}
	fake_pci_set_buses(rp[0], 0, 1, 5);
	fake_pci_set_buses(rp[1], 0, 6, 0xb);
	fake_pci_add_sdis(pf[0], 0xffff, 1, 1);
	fake_pci_add_sdis(pf[1], 255 + 2 * 256, 1, 1);
	fake_pci_scan(host);

	for (i = 0; i < 2; i++)
		up[i]->absent = false;
	fake_pci_rescan(host);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[i]));
	expect_usable(test, pf[0], 255 + 256);
	expect_usable(test, pf[1], 255 + 2 * 256);
}

/*
 * A bridge that comes later gets what is reserved and not used, and all that is
 * behind it is found. What is left goes back to the PF.
 */
static void buses_yield_to_late_switch(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 10);
	struct fake_pci_fn *rp[2], *up, *pf, *dp[4], *ep[4];
	int i;

	for (i = 0; i < 2; i++)
		rp[i] = add_rp(host, i + 1);
	fake_pci_set_buses(rp[0], 0, 1, 1);
	pf = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	up = fake_pci_add_port(host, rp[1], 0, PCI_EXP_TYPE_UPSTREAM);
	for (i = 0; i < ARRAY_SIZE(dp); i++) {
		dp[i] = fake_pci_add_port(host, up, PCI_DEVFN(i, 0),
					  PCI_EXP_TYPE_DOWNSTREAM);
		ep[i] = fake_pci_add_endpoint(host, dp[i], 0);
	}
	rp[1]->absent = true;
	fake_pci_scan(host);
	expect_buses(test, rp[0], 1, 9);

	rp[1]->absent = false;
	fake_pci_rescan(host);
	for (i = 0; i < ARRAY_SIZE(dp); i++)
		KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[i]));
	KUNIT_EXPECT_EQ(test, 1, fake_pci_secondary(rp[0]));
	expect_usable(test, pf, 255 + 256 * (fake_pci_subordinate(rp[0]) - 1));

	/* And stays */
	fake_pci_rescan(host);
	for (i = 0; i < ARRAY_SIZE(dp); i++)
		KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep[i]));
}

/* One card after the other is put into the same slot, which is empty in between */
static void buses_yield_each_time(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 6);
	struct fake_pci_fn *rp[2], *up, *pf, *dp, *ep;
	int i;

	for (i = 0; i < 2; i++)
		rp[i] = add_rp(host, i + 1);
	fake_pci_set_buses(rp[0], 0, 1, 1);
	pf = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	up = fake_pci_add_port(host, rp[1], 0, PCI_EXP_TYPE_UPSTREAM);
	dp = fake_pci_add_port(host, up, 0, PCI_EXP_TYPE_DOWNSTREAM);
	ep = fake_pci_add_endpoint(host, dp, 0);
	rp[1]->absent = true;
	fake_pci_scan(host);

	for (i = 0; i < 3; i++) {
		expect_buses(test, rp[0], 1, 6);
		rp[1]->absent = false;
		fake_pci_rescan(host);
		KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(rp[1]));
		KUNIT_EXPECT_NOT_NULL_MSG(test, fake_pci_dev(ep), "card %d", i);

		pci_stop_and_remove_bus_device_locked(fake_pci_dev(rp[1]));
		rp[1]->absent = true;
		fake_pci_set_buses(rp[1], 0, 0, 0);
		fake_pci_set_buses(up, 0, 0, 0);
		fake_pci_set_buses(dp, 0, 0, 0);
		fake_pci_rescan(host);
	}
}

/* A port that was removed and comes back has grown for SDIs as before, no more */
static void buses_yield_after_removal(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 6);
	struct fake_pci_fn *rp[2], *pf, *ep;
	int i;

	for (i = 0; i < 2; i++)
		rp[i] = add_rp(host, i + 1);
	fake_pci_set_buses(rp[0], 0, 1, 1);
	pf = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	ep = fake_pci_add_endpoint(host, rp[1], 0);
	rp[1]->absent = true;
	fake_pci_scan(host);
	expect_buses(test, rp[0], 1, 6);

	pci_stop_and_remove_bus_device_locked(fake_pci_dev(rp[0]));
	KUNIT_EXPECT_EQ(test, 1, fake_pci_subordinate(rp[0]));
	fake_pci_rescan(host);
	expect_buses(test, rp[0], 1, 6);

	rp[1]->absent = false;
	fake_pci_rescan(host);
	KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(rp[1]));
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
}

/* A new switch gets numbers for SDIs below it, but none that SDIs use already */
static void buses_move_past_no_sdi(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0x1f);
	struct fake_pci_fn *rp, *pf, *up, *dp, *late;
	struct pci_sdi sdi = { };
	struct xarray *claims;

	renumber(test);
	rp = add_rp(host, 1);
	pf = fake_pci_add_endpoint(host, rp, 0);
	fake_pci_add_ari(pf, 1);
	fake_pci_add_sdis(pf, 1, 0x700, 1);
	up = fake_pci_add_port(host, rp, 1, PCI_EXP_TYPE_UPSTREAM);
	dp = fake_pci_add_port(host, up, 0, PCI_EXP_TYPE_DOWNSTREAM);
	late = fake_pci_add_endpoint(host, dp, 0);
	fake_pci_add_sdis(late, 0xffff, 1, 1);
	up->absent = true;
	fake_pci_scan(host);
	KUNIT_ASSERT_GE(test, fake_pci_subordinate(rp), 8);
	sdi.pf = fake_pci_dev(pf);
	claims = &pci_find_host_bridge(fake_pci_root(host))->rid_claims;
	xa_store(claims, 0x800, &sdi, GFP_KERNEL);

	up->absent = false;
	fake_pci_rescan(host);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(late));
	KUNIT_EXPECT_LT(test, fake_pci_subordinate(up), 8);
	KUNIT_EXPECT_NULL(test, fake_pci_bus(host, 8));
	xa_erase(claims, 0x800);
}

/* What the VFs of a PF need is not given away, even if it came with its SDIs */
static void buses_yield_none_of_vfs(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 4);
	struct fake_pci_fn *rp[2], *pf, *ep;
	int i;

	for (i = 0; i < 2; i++)
		rp[i] = add_rp(host, i + 1);
	fake_pci_set_buses(rp[0], 0, 1, 1);
	pf = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_vfs(pf, 4, 0x100, 1);
	fake_pci_add_sdis(pf, 0xffff, 1, 1);
	ep = fake_pci_add_endpoint(host, rp[1], 0);
	rp[1]->absent = true;
	fake_pci_scan(host);
	expect_buses(test, rp[0], 1, 4);

	rp[1]->absent = false;
	fake_pci_rescan(host);
	expect_buses(test, rp[0], 1, 2);
	expect_buses(test, rp[1], 3, 3);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
}

/* Numbers that a bridge had before it was removed are its own when it comes back */
static void buses_yield_to_old_numbers(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[2], *pf, *ep;
	int i;

	for (i = 0; i < 2; i++) {
		rp[i] = add_rp(host, i + 1);
		fake_pci_set_buses(rp[i], 0, i + 1, i + 1);
	}
	pf = fake_pci_add_endpoint(host, rp[0], 0);
	fake_pci_add_sdis(pf, 1000, 1, 1);
	ep = fake_pci_add_endpoint(host, rp[1], 0);
	fake_pci_scan(host);
	expect_buses(test, rp[0], 1, 1);

	pci_stop_and_remove_bus_device_locked(fake_pci_dev(rp[1]));
	pci_lock_rescan_remove();
	pci_rescan_bus(fake_pci_dev(pf)->bus);
	pci_unlock_rescan_remove();
	expect_buses(test, rp[0], 1, 4);

	fake_pci_rescan(host);
	expect_buses(test, rp[0], 1, 1);
	expect_buses(test, rp[1], 2, 2);
	expect_usable(test, pf, 255);
	KUNIT_EXPECT_NOT_NULL(test, fake_pci_dev(ep));
}

/* A PF whose SDIs could not be isolated gets no numbers */
static void buses_not_for_pf_without_sdis(struct kunit *test)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp[3], *pf[3];
	int i;

	for (i = 0; i < 3; i++) {
		rp[i] = add_rp(host, i + 1);
		if (i)
			fake_pci_set_buses(rp[i], 0, i * 0x20, i * 0x20);
		pf[i] = fake_pci_add_endpoint(host, rp[i], 0);
		fake_pci_set_phantom(pf[i]);
		fake_pci_add_sdis(pf[i], 0xffff, 1, 1);
	}
	fake_pci_scan(host);

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, fake_pci_secondary(rp[i]),
				fake_pci_subordinate(rp[i]));
		KUNIT_ASSERT_NOT_NULL(test, fake_pci_dev(pf[i]));
		KUNIT_EXPECT_EQ(test, 0, pci_siov_usable_sdis(fake_pci_dev(pf[i])));
	}
}

struct tree {
	struct fake_pci_host *host;
	struct fake_pci_fn *port[16];
	struct fake_pci_fn *ep[32];
	int nr_ports;
	int nr_eps;
};

static void random_endpoint(struct tree *t, struct rnd_state *rnd,
			    struct fake_pci_fn *parent)
{
	int nr = 1 + prandom_u32_state(rnd) % 2, i;
	struct fake_pci_fn *ep;
	u32 r;

	for (i = 0; i < nr; i++) {
		ep = fake_pci_add_endpoint(t->host, parent, i);
		t->ep[t->nr_eps++] = ep;
		r = prandom_u32_state(rnd);
		if (r & 3)
			fake_pci_add_sdis(ep,
					  r >> 16 & (r & 4 ? 0xffff : 0x3ff),
					  1 + (r >> 8 & 0xff),
					  1 + (r >> 4 & 3));
		if (!(r & 0x3000))
			fake_pci_add_vfs(ep, 2, 0x80 << (r & 3), 1);
	}
}

static struct fake_pci_fn *random_port(struct tree *t,
				       struct fake_pci_fn *parent, u8 devfn,
				       int type)
{
	t->port[t->nr_ports] = fake_pci_add_port(t->host, parent, devfn, type);
	return t->port[t->nr_ports++];
}

static void random_tree(struct kunit *test, struct tree *t,
			struct rnd_state *rnd)
{
	int nr_rps = 1 + prandom_u32_state(rnd) % 3, nr_dps, i, j;
	struct fake_pci_fn *rp, *up, *dp;

	*t = (struct tree) { .host = fake_pci_host_create(test, 0, 0xff) };
	for (i = 0; i < nr_rps; i++) {
		rp = random_port(t, NULL, PCI_DEVFN(i + 1, 0),
				 PCI_EXP_TYPE_ROOT_PORT);
		nr_dps = prandom_u32_state(rnd) % 4;
		if (!nr_dps) {
			random_endpoint(t, rnd, rp);
			continue;
		}
		up = random_port(t, rp, 0, PCI_EXP_TYPE_UPSTREAM);
		for (j = 0; j < nr_dps; j++) {
			dp = random_port(t, up, PCI_DEVFN(j, 0),
					 PCI_EXP_TYPE_DOWNSTREAM);
			if (prandom_u32_state(rnd) & 1)
				fake_pci_set_hotplug(dp);
			random_endpoint(t, rnd, dp);
		}
	}
}

/* Number the ports below @parent as a firmware does that leaves some gaps */
static u8 firmware_numbers(struct tree *t, struct fake_pci_fn *parent,
			   u8 primary, struct rnd_state *rnd)
{
	u8 last = primary, secondary, gap;
	int i;

	for (i = 0; i < t->nr_ports; i++) {
		if (t->port[i]->parent != parent)
			continue;
		secondary = last + 1;
		last = firmware_numbers(t, t->port[i], secondary, rnd);
		gap = prandom_u32_state(rnd) % 3;
		fake_pci_set_buses(t->port[i], primary, secondary, last + gap);
		last += gap + prandom_u32_state(rnd) % 4;
	}

	return last;
}

static void expect_sound_windows(struct kunit *test, struct tree *t)
{
	struct fake_pci_fn *a, *b;
	int i, j;

	for (i = 0; i < t->nr_ports; i++) {
		a = t->port[i];
		KUNIT_EXPECT_LE(test, fake_pci_secondary(a),
				fake_pci_subordinate(a));
		if (a->parent) {
			KUNIT_EXPECT_GT(test, fake_pci_secondary(a),
					fake_pci_secondary(a->parent));
			KUNIT_EXPECT_LE(test, fake_pci_subordinate(a),
					fake_pci_subordinate(a->parent));
		}
		for (j = 0; j < i; j++) {
			b = t->port[j];
			if (a->parent == b->parent)
				KUNIT_EXPECT_TRUE(test,
						  fake_pci_secondary(a) >
						  fake_pci_subordinate(b) ||
						  fake_pci_secondary(b) >
						  fake_pci_subordinate(a));
		}
	}
}

/* Any hierarchy: nobody is lost, windows nest, and usable_sdis is the truth */
static void buses_of_random_trees(struct kunit *test)
{
	struct rnd_state rnd;
	struct pci_dev *pdev;
	struct tree t;
	int i, j;

	prandom_seed_state(&rnd, seed);
	fake_kmsg_quiet(test);
	for (i = 0; i < NR_RANDOM_TREES; i++) {
		random_tree(test, &t, &rnd);
		if (i & 1)
			firmware_numbers(&t, NULL, 0, &rnd);
		fake_pci_scan(t.host);

		expect_sound_windows(test, &t);
		for (j = 0; j < t.nr_eps; j++) {
			pdev = fake_pci_dev(t.ep[j]);
			KUNIT_EXPECT_NOT_NULL(test, pdev);
			if (pdev && pci_is_siov_physfn(pdev))
				KUNIT_EXPECT_EQ(test, count_free_rids(t.ep[j]),
						pci_siov_usable_sdis(pdev));
		}
		KUNIT_EXPECT_TRUE(test, fake_pci_remove(t.host));
		if (test->status == KUNIT_FAILURE)
			KUNIT_FAIL_AND_ABORT(test, "seed %u, hierarchy %d",
					     seed, i);
	}
	fake_kmsg_loud(test);
	kunit_info(test, "seed %u, %d hierarchies", seed, NR_RANDOM_TREES);
}

static struct kunit_case bus_cases[] = {
	KUNIT_CASE(buses_are_reserved),
	KUNIT_CASE(buses_below_a_switch),
	KUNIT_CASE(buses_are_the_maximum),
	KUNIT_CASE(buses_of_two_pfs),
	KUNIT_CASE(buses_with_functions_in_the_way),
	KUNIT_CASE(buses_are_limited),
	KUNIT_CASE(buses_in_a_small_segment),
	KUNIT_CASE(buses_left_to_a_switch),
	KUNIT_CASE(buses_that_firmware_gave),
	KUNIT_CASE(buses_for_many_pfs),
	KUNIT_CASE(buses_beside_bridges),
	KUNIT_CASE(buses_share_of_hotplug),
	KUNIT_CASE(buses_do_not_wrap),
	KUNIT_CASE(buses_not_for_hot_added_bridge),
	KUNIT_CASE(buses_not_of_next_port),
	KUNIT_CASE(grow_into_free_numbers),
	KUNIT_CASE(grow_keeps_no_port_awake),
	KUNIT_CASE(grow_stops_at_port_without_bus),
	KUNIT_CASE(grow_below_a_switch),
	KUNIT_CASE(grow_stops_at_sibling),
	KUNIT_CASE(grow_stops_at_cousin),
	KUNIT_CASE(grow_stops_at_the_segment),
	KUNIT_CASE(grow_without_any_left),
	KUNIT_CASE(grow_stops_at_the_limit),
	KUNIT_CASE(grow_leaves_fixed_numbers),
	KUNIT_CASE(grow_leaves_guessed_numbers),
	KUNIT_CASE(grow_leaves_preserved_numbers),
	KUNIT_CASE(grow_stops_at_vfs_above),
	KUNIT_CASE(grow_for_hot_added_pf),
	KUNIT_CASE(buses_stay_on_rescan),
	KUNIT_CASE(buses_left_to_five_ports),
	KUNIT_CASE(buses_of_hot_added_card),
	KUNIT_CASE(buses_of_two_hot_added_cards),
	KUNIT_CASE(buses_yield_to_late_switch),
	KUNIT_CASE(buses_yield_each_time),
	KUNIT_CASE(buses_yield_after_removal),
	KUNIT_CASE(buses_move_past_no_sdi),
	KUNIT_CASE(buses_yield_none_of_vfs),
	KUNIT_CASE(buses_yield_to_old_numbers),
	KUNIT_CASE(buses_not_for_pf_without_sdis),
	KUNIT_CASE(buses_of_random_trees),
	{}
};

static struct kunit_suite bus_suite = {
	.name = "pci-siov-buses",
	.test_cases = bus_cases,
};

kunit_test_suite(bus_suite);

/* One PF that wants as much as it can get, below the first of two ports */
static void __init expect_limit(struct kunit *test, int limit)
{
	struct fake_pci_host *host = fake_pci_host_create(test, 0, 0xff);
	struct fake_pci_fn *rp = add_rp(host, 1);
	struct fake_pci_fn *ep = fake_pci_add_endpoint(host, rp, 0);

	fake_pci_add_sdis(ep, 0xffff, 1, 1);
	fake_pci_scan(host);
	KUNIT_EXPECT_EQ(test, limit, pci_siov_max_buses());
	expect_buses(test, rp, 1, min(1 + limit, 0xff));
	expect_usable(test, ep, 255 + 256 * min(limit, 0xfe));
	KUNIT_EXPECT_TRUE(test, fake_pci_remove(host));
}

static void __init siovbus_option(struct kunit *test)
{
	char opt[32];
	static const struct {
		const char *opt;
		int ret;
		int limit;
	} cases[] = {
		{ "siovbus=2", 0, 2 },
		{ "siovbus=0", 0, 0 },
		{ "siovbus=0x10", 0, 16 },
		{ "siovbus=255", 0, 255 },
		{ "siovbus=3", 0, 3 },
		/* Nonsense is ours to complain of, and changes nothing */
		{ "siovbus=256", 0, 3 },
		{ "siovbus=-1", 0, 3 },
		{ "siovbus=", 0, 3 },
		{ "siovbus=many", 0, 3 },
		/* And these are for others */
		{ "siovbu", -ENOENT, 3 },
		{ "hpbussize=4", -ENOENT, 3 },
		{ "", -ENOENT, 3 },
	};
	int i;

	KUNIT_EXPECT_EQ(test, DEFAULT_LIMIT, pci_siov_max_buses());
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		strscpy(opt, cases[i].opt);
		KUNIT_EXPECT_EQ(test, cases[i].ret, pci_setup_siov(opt));
		expect_limit(test, cases[i].limit);
	}
}

static unsigned int siovbus_at_boot __initdata;

static int __init siovbus_init(struct kunit *test)
{
	siovbus_at_boot = pci_siov_max_buses();
	return 0;
}

static void __init siovbus_exit(struct kunit *test)
{
	char opt[32];

	snprintf(opt, sizeof(opt), "siovbus=%u", siovbus_at_boot);
	KUNIT_EXPECT_EQ(test, 0, pci_setup_siov(opt));
}

/* The parser of "pci=" is gone after boot, and so is this suite */
static struct kunit_case __refdata siovbus_cases[] = {
	KUNIT_CASE(siovbus_option),
	{}
};

static struct kunit_suite __refdata siovbus_suite = {
	.name = "pci-siov-siovbus",
	.init = siovbus_init,
	.exit = siovbus_exit,
	.test_cases = siovbus_cases,
};

kunit_test_init_section_suite(siovbus_suite);

MODULE_DESCRIPTION("KUnit tests for bus numbers of SDIs");
MODULE_LICENSE("GPL");
