/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random PCI hierarchies for KUnit tests of bus numbers
 *
 * A seed gives a tree of ports and endpoints below a fake host bridge, and a few
 * things that happen to it after the first scan.
 */
#ifndef _PCI_RANDOM_TREE_H
#define _PCI_RANDOM_TREE_H

#include <linux/types.h>
#include "fake_host.h"

#define RT_MAX_NODES	28
#define RT_MAX_OPS	3

/**
 * struct rt_node - one function
 * @parent: index of the port above, -1 on the root bus
 * @type: PCI_EXP_TYPE_*
 * @devfn: device and function number
 * @hotplug: port with a slot
 * @late: absent at the first scan
 * @dropped: not there at all, found out to be of no matter while shrinking
 * @secondary: number that firmware gave, 0 if it gave none
 * @subordinate: last number that firmware gave
 * @vfs: TotalVFs, 0 without the capability
 * @vf_offset: First VF Offset
 * @sdis: Total SDIs, 0 without the capability; only if asked for
 * @sdi_offset: First SDI Offset
 * @sdi_stride: SDI Stride
 */
struct rt_node {
	s8 parent;
	u8 type;
	u8 devfn;
	bool hotplug;
	bool late;
	bool dropped;
	u8 secondary;
	u8 subordinate;
	u16 vfs;
	u16 vf_offset;
	u16 sdis;
	u16 sdi_offset;
	u16 sdi_stride;
};

/**
 * enum rt_what - what may happen after the first scan
 * @RT_NOTHING: found out to be of no matter while shrinking
 * @RT_RESCAN: a rescan
 * @RT_PLUG: what is below a slot is plugged in, as pciehp sees it
 * @RT_UNPLUG: and pulled out
 * @RT_APPEAR: a function that was absent, or what is below a port, then a rescan
 * @RT_REMOVE: a function is removed through sysfs and found by a rescan
 */
enum rt_what {
	RT_NOTHING,
	RT_RESCAN,
	RT_PLUG,
	RT_UNPLUG,
	RT_APPEAR,
	RT_REMOVE,
};

struct rt_op {
	enum rt_what what;
	u8 node;
};

/**
 * struct rt_tree - a hierarchy and what happens to it
 * @seed: what it was made from
 * @first: root bus number
 * @last: last bus number that the host bridge forwards
 * @renumber: the kernel numbers all buses, whatever firmware did
 * @firmware: how many of the ports below the root bus firmware has numbered:
 *	0 for none, 1 for some, 2 for all
 * @nr: number of nodes
 * @node: the functions
 * @nr_ops: number of things that happen
 * @op: these
 */
struct rt_tree {
	u32 seed;
	u8 first;
	u8 last;
	bool renumber;
	u8 firmware;
	u8 nr;
	struct rt_node node[RT_MAX_NODES];
	u8 nr_ops;
	struct rt_op op[RT_MAX_OPS];
};

/**
 * struct rt_step - what a scan has led to
 * @found: nodes that have a device at an address that leads to them, a bit each
 * @sound: windows of the bridges nest, and no two of them overlap
 * @rid: addresses of the devices
 * @secondary: what the registers of the ports hold
 * @subordinate: likewise
 */
struct rt_step {
	u32 found;
	bool sound;
	u16 rid[RT_MAX_NODES];
	u8 secondary[RT_MAX_NODES];
	u8 subordinate[RT_MAX_NODES];
};

/**
 * struct rt_run - what has become of a tree
 * @tree: the tree
 * @host: its host bridge
 * @fn: its functions
 * @nr_steps: scans
 * @step: and what they have led to
 * @moved: a device that nobody removed has got another address, or is gone
 */
struct rt_run {
	const struct rt_tree *tree;
	struct fake_pci_host *host;
	struct fake_pci_fn *fn[RT_MAX_NODES];
	unsigned int nr_steps;
	struct rt_step step[RT_MAX_OPS + 1];
	bool moved;
};

/**
 * struct rt_hooks - what a test adds
 * @add_node: called for each function before the first scan
 * @scanned: called after each scan; what it returns is passed on by rt_run()
 */
struct rt_hooks {
	void (*add_node)(struct fake_pci_fn *fn, const struct rt_node *node);
	const char *(*scanned)(struct rt_run *run, unsigned int step);
};

bool rt_is_below(const struct rt_tree *tree, int i, int port);
void rt_make_tree(struct rt_tree *tree, u32 seed, bool careful);
const char *rt_run(struct kunit *test, const struct rt_tree *tree,
		   const struct rt_hooks *hooks, struct rt_run *run);
void rt_print(struct kunit *test, const struct rt_tree *tree,
	      const struct rt_run *run);

static inline bool rt_is_port(const struct rt_node *node)
{
	return node->type != PCI_EXP_TYPE_ENDPOINT;
}

#endif /* _PCI_RANDOM_TREE_H */
