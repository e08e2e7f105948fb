// SPDX-License-Identifier: GPL-2.0
/*
 * Random PCI hierarchies for KUnit tests of bus numbers
 *
 * The trees are small and the ranges of bus numbers narrow, as it is there that
 * numbers run out.
 */
#include <linux/pci.h>
#include <linux/prandom.h>
#include <linux/string.h>
#include <kunit/test.h>

#include "../pci.h"
#include "random_tree.h"

/* Making a tree */

static u32 pick(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

static int add_node(struct rt_tree *t, int parent, u8 type, u8 devfn)
{
	struct rt_node *node;

	if (t->nr == RT_MAX_NODES)
		return -1;

	node = &t->node[t->nr];
	*node = (struct rt_node) {
		.parent = parent, .type = type, .devfn = devfn,
	};

	return t->nr++;
}

static void add_endpoint(struct rt_tree *t, struct rnd_state *rnd, int parent,
			 u8 fn)
{
	int i = add_node(t, parent, PCI_EXP_TYPE_ENDPOINT, fn);
	/* The same numbers are drawn for all nodes, wanted or not */
	u32 kind = pick(rnd, 20), a = pick(rnd, 0x10000), b = pick(rnd, 4);

	if (i < 0)
		return;

	if (kind < 4) {
		t->node[i].vfs = 1 + b;
		t->node[i].vf_offset = 0x80 << (a & 3);
	}
	if (kind & 1) {
		t->node[i].sdis = 1 + (a & (b ? 0x7ff : 0xffff));
		t->node[i].sdi_offset = 1 + (a >> 9);
		t->node[i].sdi_stride = 1 + (a >> 4 & 1);
	}
}

static void add_below(struct rt_tree *t, struct rnd_state *rnd, int port,
		      int depth);

static void add_switch(struct rt_tree *t, struct rnd_state *rnd, int port,
		       int depth)
{
	int up = add_node(t, port, PCI_EXP_TYPE_UPSTREAM, 0), dp, i;
	int ports = 1 + pick(rnd, 4);

	if (!pick(rnd, 4))
		add_endpoint(t, rnd, port, 1);

	for (i = 0; i < ports && up >= 0; i++) {
		dp = add_node(t, up, PCI_EXP_TYPE_DOWNSTREAM, PCI_DEVFN(i, 0));
		if (dp >= 0)
			add_below(t, rnd, dp, depth + 1);
	}
}

static void add_below(struct rt_tree *t, struct rnd_state *rnd, int port,
		      int depth)
{
	u32 kind = pick(rnd, 8);

	t->node[port].hotplug = !pick(rnd, 4);
	if (kind < 2 + depth) {
		if (kind)
			add_endpoint(t, rnd, port, 0);
		if (kind > 2)
			add_endpoint(t, rnd, port, 1);
	} else if (kind < 4 || depth > 1) {
		add_endpoint(t, rnd, port, 0);
	} else {
		add_switch(t, rnd, port, depth);
	}
}

/* Number the ports below @parent as a firmware does that leaves some gaps */
static u32 firmware_numbers(struct rt_tree *t, struct rnd_state *rnd,
			    int parent, u32 primary)
{
	u32 last = primary, secondary, gap;
	int i;

	for (i = 0; i < t->nr; i++) {
		if (t->node[i].parent != parent || !rt_is_port(&t->node[i]))
			continue;
		secondary = last + 1;
		last = firmware_numbers(t, rnd, i, secondary);
		gap = pick(rnd, t->node[i].hotplug ? 6 : 2);
		last += gap;
		if (last <= t->last) {
			t->node[i].secondary = secondary;
			t->node[i].subordinate = last;
		}
		last += pick(rnd, 3) * pick(rnd, 3);
	}

	return last;
}

/* Firmware that ran out of numbers has numbered no port below such a one */
static void forget_numbers(struct rt_tree *t, int port)
{
	int i;

	t->node[port].secondary = 0;
	t->node[port].subordinate = 0;
	for (i = port + 1; i < t->nr; i++)
		if (t->node[i].parent == port)
			forget_numbers(t, i);
}

static void make_numbers(struct rt_tree *t, struct rnd_state *rnd)
{
	int i;

	firmware_numbers(t, rnd, -1, t->first);
	for (i = 0; i < t->nr; i++)
		if (!t->node[i].secondary ||
		    (t->node[i].parent < 0 && t->firmware == 1 && pick(rnd, 2)))
			forget_numbers(t, i);
}

static void make_late(struct rt_tree *t, struct rnd_state *rnd)
{
	int i, parent;

	for (i = 0; i < t->nr; i++) {
		parent = t->node[i].parent;
		if (parent < 0)
			t->node[i].late = !pick(rnd, 8);
		else if (PCI_FUNC(t->node[i].devfn))
			t->node[i].late = t->node[i - 1].parent == parent ?
				t->node[i - 1].late : false;
		else if (t->node[parent].hotplug)
			t->node[i].late = !pick(rnd, 3);
	}
}

/* Ops that 7.3 survives: it moves live buses if a rescan finds something new */
static enum rt_what pick_op(struct rt_tree *t, struct rnd_state *rnd, u8 node,
			    bool careful)
{
	const struct rt_node *n = &t->node[node];
	u32 r = pick(rnd, 6);

	if (n->hotplug && r < 4)
		return r < 3 ? RT_PLUG : RT_UNPLUG;
	if (r == 5 || (careful && t->renumber))
		return RT_RESCAN;

	return r < 3 ? RT_APPEAR : RT_REMOVE;
}

/**
 * rt_make_tree() - Make a tree from a seed
 * @tree: the tree
 * @seed: the seed
 * @careful: only what Linux 7.3 lives through
 */
void rt_make_tree(struct rt_tree *tree, u32 seed, bool careful)
{
	int ports, i, port, buses;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed);
	memset(tree, 0, sizeof(*tree));
	tree->seed = seed;

	buses = min_t(u32, (4 << pick(&rnd, 7)) + pick(&rnd, 4), 256);
	tree->first = buses < 0x80 && !pick(&rnd, 3) ? pick(&rnd, 0x60) : 0;
	tree->last = tree->first + buses - 1;
	tree->firmware = pick(&rnd, 3);
	tree->renumber = !pick(&rnd, 3);

	ports = 1 + pick(&rnd, 4);
	for (i = 0; i < ports; i++) {
		port = add_node(tree, -1, PCI_EXP_TYPE_ROOT_PORT,
				PCI_DEVFN(i + 1, 0));
		if (port >= 0)
			add_below(tree, &rnd, port, 0);
	}

	make_late(tree, &rnd);
	if (tree->firmware)
		make_numbers(tree, &rnd);

	tree->nr_ops = pick(&rnd, RT_MAX_OPS + 1);
	for (i = 0; i < tree->nr_ops; i++) {
		tree->op[i].node = pick(&rnd, tree->nr);
		tree->op[i].what = pick_op(tree, &rnd, tree->op[i].node, careful);
	}
}

/* Running it */

static bool is_dropped(const struct rt_tree *t, int i)
{
	for (; i >= 0; i = t->node[i].parent)
		if (t->node[i].dropped)
			return true;

	return false;
}

/* Is node @i behind @port, or @port itself? */
bool rt_is_below(const struct rt_tree *t, int i, int port)
{
	for (; i >= 0; i = t->node[i].parent)
		if (i == port)
			return true;

	return false;
}

static void build(struct kunit *test, struct rt_run *run,
		  const struct rt_hooks *hooks)
{
	const struct rt_tree *t = run->tree;
	const struct rt_node *n;
	struct fake_pci_fn *parent;
	int i;

	run->host = fake_pci_host_create(test, t->first, t->last);
	for (i = 0; i < t->nr; i++) {
		if (is_dropped(t, i))
			continue;
		n = &t->node[i];
		parent = n->parent < 0 ? NULL : run->fn[n->parent];
		if (rt_is_port(n))
			run->fn[i] = fake_pci_add_port(run->host, parent,
						       n->devfn, n->type);
		else
			run->fn[i] = fake_pci_add_endpoint(run->host, parent,
							   n->devfn);
		if (n->hotplug && n->type != PCI_EXP_TYPE_UPSTREAM)
			fake_pci_set_hotplug(run->fn[i]);
		if (n->secondary && !n->late)
			fake_pci_set_buses(run->fn[i], n->parent < 0 ? t->first :
					   t->node[n->parent].secondary,
					   n->secondary, n->subordinate);
		if (n->vfs)
			fake_pci_add_vfs(run->fn[i], n->vfs, n->vf_offset, 0x40);
		if (hooks && hooks->add_node)
			hooks->add_node(run->fn[i], n);
		run->fn[i]->absent = n->late;
	}
}

static void note_device(struct rt_run *run, struct rt_step *step,
			struct pci_dev *pdev)
{
	struct fake_pci_fn *fn;
	int i;

	fn = fake_pci_route(run->host, pdev->bus->number, pdev->devfn);
	for (i = 0; fn && i < run->tree->nr; i++) {
		if (fn != run->fn[i])
			continue;
		step->found |= BIT(i);
		step->rid[i] = PCI_DEVID(pdev->bus->number, pdev->devfn);
	}
}

static void note_bus(struct rt_run *run, struct rt_step *step,
		     struct pci_bus *bus)
{
	struct pci_dev *pdev;
	struct pci_bus *child;

	list_for_each_entry(pdev, &bus->devices, bus_list)
		note_device(run, step, pdev);
	list_for_each_entry(child, &bus->children, node)
		note_bus(run, step, child);
}

/* The range above node @i, as the registers say */
static void range_above(const struct rt_run *run, const struct rt_step *step,
			int i, u8 *first, u8 *last)
{
	int parent = run->tree->node[i].parent;

	*first = parent < 0 ? run->tree->first : step->secondary[parent];
	*last = parent < 0 ? run->tree->last : step->subordinate[parent];
}

static bool is_sound(const struct rt_run *run, const struct rt_step *step)
{
	const struct rt_tree *t = run->tree;
	u8 first, last;
	int i, j;

	for (i = 0; i < t->nr; i++) {
		if (!step->secondary[i] || !(step->found & BIT(i)))
			continue;
		range_above(run, step, i, &first, &last);
		if (step->secondary[i] <= first || step->subordinate[i] > last ||
		    step->secondary[i] > step->subordinate[i])
			return false;
		for (j = 0; j < i; j++)
			if (t->node[j].parent == t->node[i].parent &&
			    step->secondary[j] && step->found & BIT(j) &&
			    step->secondary[i] <= step->subordinate[j] &&
			    step->secondary[j] <= step->subordinate[i])
				return false;
	}

	return true;
}

static void note_step(struct rt_run *run)
{
	struct rt_step *step = &run->step[run->nr_steps++];
	int i;

	memset(step, 0, sizeof(*step));
	note_bus(run, step, fake_pci_root(run->host));
	for (i = 0; i < run->tree->nr; i++) {
		if (!run->fn[i] || !rt_is_port(&run->tree->node[i]))
			continue;
		step->secondary[i] = fake_pci_secondary(run->fn[i]);
		step->subordinate[i] = fake_pci_subordinate(run->fn[i]);
	}
	step->sound = is_sound(run, step);
}

static struct pci_dev *find_node(struct rt_run *run, int i)
{
	struct rt_step *step = &run->step[run->nr_steps - 1];

	if (!(step->found & BIT(i)))
		return NULL;

	return fake_pci_find(run->host, PCI_BUS_NUM(step->rid[i]),
			     step->rid[i] & 0xff);
}

static void set_absent(struct rt_run *run, int port, bool absent)
{
	int i;

	for (i = 0; i < run->tree->nr; i++) {
		if (!run->fn[i] || !rt_is_below(run->tree, i, port))
			continue;
		if (run->tree->node[i].parent == port)
			run->fn[i]->absent = absent;
		/* A card without power forgets */
		if (absent && i != port && rt_is_port(&run->tree->node[i]))
			fake_pci_set_buses(run->fn[i], 0, 0, 0);
	}
}

/* As pciehp, but nobody needs the BARs */
static void plug(struct rt_run *run, int port)
{
	struct pci_dev *bridge = find_node(run, port), *dev;

	if (!bridge || !bridge->subordinate ||
	    !list_empty(&bridge->subordinate->devices))
		return;

	set_absent(run, port, false);
	pci_lock_rescan_remove();
	if (pci_scan_slot(bridge->subordinate, 0)) {
		for_each_pci_bridge(dev, bridge->subordinate)
			pci_hp_add_bridge(dev);
		pci_bus_add_devices(bridge->subordinate);
	}
	pci_unlock_rescan_remove();
}

static void unplug(struct rt_run *run, int port)
{
	struct pci_dev *bridge = find_node(run, port), *dev, *next;

	if (!bridge || !bridge->subordinate)
		return;

	pci_lock_rescan_remove();
	list_for_each_entry_safe_reverse(dev, next, &bridge->subordinate->devices,
					 bus_list)
		pci_stop_and_remove_bus_device(dev);
	pci_unlock_rescan_remove();
	set_absent(run, port, true);
}

static void rescan(struct rt_run *run)
{
	pci_lock_rescan_remove();
	pci_scan_child_bus(fake_pci_root(run->host));
	pci_bus_add_devices(fake_pci_root(run->host));
	pci_unlock_rescan_remove();
}

/* Return: nodes that need not be where they were */
static u32 do_op(struct rt_run *run, const struct rt_op *op)
{
	struct pci_dev *pdev;
	u32 below = 0;
	int i;

	for (i = 0; i < run->tree->nr; i++)
		if (rt_is_below(run->tree, i, op->node))
			below |= BIT(i);

	switch (op->what) {
	case RT_NOTHING:
		break;
	case RT_RESCAN:
		rescan(run);
		break;
	case RT_PLUG:
		plug(run, op->node);
		break;
	case RT_UNPLUG:
		unplug(run, op->node);
		return below & ~BIT(op->node);
	case RT_APPEAR:
		if (run->fn[op->node]) {
			run->fn[op->node]->absent = false;
			set_absent(run, op->node, false);
		}
		rescan(run);
		break;
	case RT_REMOVE:
		pdev = find_node(run, op->node);
		if (pdev)
			pci_stop_and_remove_bus_device_locked(pdev);
		rescan(run);
		return below;
	}

	return 0;
}

static void check_moved(struct rt_run *run, u32 may_move)
{
	struct rt_step *now = &run->step[run->nr_steps - 1], *before = now - 1;
	int i;

	for (i = 0; i < run->tree->nr; i++) {
		if (may_move & BIT(i) || !(before->found & BIT(i)))
			continue;
		if (!(now->found & BIT(i)) || now->rid[i] != before->rid[i])
			run->moved = true;
	}
}

static void renumber_off(void *unused)
{
	pci_clear_flags(PCI_REASSIGN_ALL_BUS);
}

/**
 * rt_run() - Let the PCI core scan a tree, and do to it what is to be done
 * @test: the test
 * @tree: the tree
 * @hooks: what the test adds, or NULL
 * @run: filled in
 *
 * Return: what the hook said, NULL if nothing.
 */
const char *rt_run(struct kunit *test, const struct rt_tree *tree,
		   const struct rt_hooks *hooks, struct rt_run *run)
{
	const char *said = NULL;
	u32 may_move;
	int i;

	memset(run, 0, sizeof(*run));
	run->tree = tree;
	build(test, run, hooks);
	if (tree->renumber) {
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_action(test, renumber_off, NULL));
		pci_add_flags(PCI_REASSIGN_ALL_BUS);
	}

	fake_pci_scan(run->host);
	note_step(run);
	if (hooks && hooks->scanned)
		said = hooks->scanned(run, 0);

	for (i = 0; i < tree->nr_ops && !said; i++) {
		may_move = do_op(run, &tree->op[i]);
		note_step(run);
		check_moved(run, may_move);
		if (hooks && hooks->scanned)
			said = hooks->scanned(run, i + 1);
	}

	fake_pci_host_free(run->host);
	if (tree->renumber)
		kunit_release_action(test, renumber_off, NULL);

	return said;
}

static const char * const op_names[] = {
	[RT_NOTHING] = "nothing", [RT_RESCAN] = "rescan", [RT_PLUG] = "plug below",
	[RT_UNPLUG] = "unplug below", [RT_APPEAR] = "appear and rescan",
	[RT_REMOVE] = "remove and rescan",
};

static const char *type_name(u8 type)
{
	switch (type) {
	case PCI_EXP_TYPE_ROOT_PORT:	return "root port";
	case PCI_EXP_TYPE_UPSTREAM:	return "upstream port";
	case PCI_EXP_TYPE_DOWNSTREAM:	return "downstream port";
	default:			return "endpoint";
	}
}

/**
 * rt_print() - Print a tree
 * @test: the test
 * @tree: the tree
 * @run: print what has become of it as well, or NULL
 */
void rt_print(struct kunit *test, const struct rt_tree *tree,
	      const struct rt_run *run)
{
	const struct rt_node *n;
	unsigned int s;
	int i;

	kunit_err(test, "seed %u: buses %02x-%02x%s\n", tree->seed, tree->first,
		  tree->last, tree->renumber ? ", all renumbered" : "");
	for (i = 0; i < tree->nr; i++) {
		n = &tree->node[i];
		if (is_dropped(tree, i))
			continue;
		kunit_err(test, "  %d: below %d, %02x.%d %s%s%s [%02x-%02x] %u VFs from %#x, %u SDIs from %u by %u\n",
			  i, n->parent, PCI_SLOT(n->devfn), PCI_FUNC(n->devfn),
			  type_name(n->type), n->hotplug ? ", slot" : "",
			  n->late ? ", late" : "", n->secondary, n->subordinate,
			  n->vfs, n->vf_offset, n->sdis, n->sdi_offset,
			  n->sdi_stride);
	}
	for (i = 0; i < tree->nr_ops; i++)
		kunit_err(test, "  then %s %d\n", op_names[tree->op[i].what],
			  tree->op[i].node);

	for (s = 0; run && s < run->nr_steps; s++) {
		kunit_err(test, "  step %u: found %08x%s\n", s, run->step[s].found,
			  run->step[s].sound ? "" : ", not sound");
		for (i = 0; i < tree->nr; i++)
			if (run->step[s].found & BIT(i))
				kunit_err(test, "    %d at %02x:%02x.%d [%02x-%02x]\n",
					  i, PCI_BUS_NUM(run->step[s].rid[i]),
					  PCI_SLOT(run->step[s].rid[i]),
					  PCI_FUNC(run->step[s].rid[i]),
					  run->step[s].secondary[i],
					  run->step[s].subordinate[i]);
	}
}
