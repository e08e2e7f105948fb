/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PF with SDIs, and what happens to it, for KUnit tests
 *
 * A suite that takes life_suite_init() and its kin as its own finds the PF in
 * @life, bound to the driver of fake_sdi.h and with 16 SDIs to be created.
 */
#ifndef _PCI_TESTS_SDI_LIFE_H
#define _PCI_TESTS_SDI_LIFE_H

#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <kunit/test.h>

#include "../sdi/sdi.h"
#include "fake_host.h"

struct sdi_life {
	struct fake_pci_host *host;
	struct fake_pci_fn *rp;
	struct fake_pci_fn *fn;
	struct pci_dev *pf;
	struct kmsg_dump_iter mark;
};

/* What happens to a PF */
enum life_event {
	RESET,			/* by the kernel, and it works */
	RESET_KEEPS,		/* it does not, and SIOV Status tells */
	RESET_CHANGES,		/* other firmware comes up */
	RESET_FAILS,		/* no SDI can be brought back */
	OWN_RESET,		/* by the PF's driver */
	ERROR_RECOVERED,	/* AER, with a reset of the link */
	ERROR_NORMAL,		/* AER, without */
	ERROR_NOT_RECOVERED,	/* AER, and nothing helps */
	SLEEP,			/* suspend to RAM */
	HIBERNATION,		/* what the image knows: the device has lost all */
	NO_HIBERNATION,		/* there is an image, and the device has lost nothing */
	SHUTDOWN,
	NR_LIFE_EVENTS
};

extern struct sdi_life *life;
extern enum life_event life_happening;
extern void (*life_meanwhile)(struct pci_sdi *sdi);
extern struct pci_sdi *life_meanwhile_sdi;

int life_suite_init(struct kunit_suite *suite);
void life_suite_exit(struct kunit_suite *suite);
void life_set_up(struct kunit *test);
int life_init(struct kunit *test);
void life_exit(struct kunit *test);
struct pci_sdi *life_create(u32 index, const char *driver);
int life_create_and_put(u32 index);
bool life_rid_is_claimed(u16 rid);
void life_set_status(u8 status);
void life_reset_device(void);
void life_reset_by_kernel(void);
void life_reset_by_driver(void);
int life_tell_pf(char phase);
void life_tell_sdi(struct pci_sdi *sdi, char phase);
int life_suspend_pf(void);
int life_resume_pf(void);
void life_suspend_sdi(struct pci_sdi *sdi);
void life_resume_sdi(struct pci_sdi *sdi);
void life_sleep(struct pci_sdi *sdi, char begin, char end);
bool life_can_happen(enum life_event event);
void life_call(void (*fn)(struct pci_sdi *sdi), struct pci_sdi *sdi);
void life_goes_on(struct pci_sdi *sdi);
void life_delete(struct pci_sdi *sdi);
void life_bind(struct pci_sdi *sdi);
void life_fail_to_recover(pci_channel_state_t state);
void life_expect_states(struct kunit *test, const struct pci_sdi *sdi,
			enum pci_siov_pf_state pf, enum pci_sdi_state state);

#endif /* _PCI_TESTS_SDI_LIFE_H */
