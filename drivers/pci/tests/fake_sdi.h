/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drivers without a device, for KUnit tests of SDIs: one of PFs and one of SDIs
 *
 * The driver of PFs plays the device as well: it knows which SDIs are enabled
 * and which send, and notes when it is called while its function cannot answer.
 * The driver of SDIs notes when it is told something that it must not hear, or
 * in an order that makes no sense. Neither looks at the state that the core keeps.
 */
#ifndef _PCI_TESTS_FAKE_SDI_H
#define _PCI_TESTS_FAKE_SDI_H

#include <linux/pci-siov.h>
#include <linux/pci.h>
#include <kunit/test.h>

#define FAKE_SDIS	64

/**
 * struct fake_sdi_pf - what the driver of PFs knows
 * @silent: the function does not answer; the test says so
 * @wants_reset: its driver answers any error by asking for a reset
 * @leaving: the driver is being unbound, and so hears of each SDI once more
 * @enabled: SDIs that the device has
 * @sending: those that do DMA
 * @wrong: calls that must not have been
 * @first_wrong: what was wrong first
 * @inits: calls of sdi_init, those that failed as well
 * @releases: calls of sdi_release
 * @resets: calls of sdi_reset
 * @masters: calls of sdi_set_master
 * @allows: calls of rid_allow
 * @nr_spans: spans of the last of them
 * @calls: all of them
 * @init_ret: what sdi_init returns
 * @reset_ret: what sdi_reset returns; if not 0 nothing is reset
 * @master_ret: what sdi_set_master returns; if not 0 nothing changes
 * @suspend_ret: what its suspend function returns; if 0 the function is silent until
 *	it is resumed
 * @resume_ret: what its resume function returns; if not 0 the function stays silent
 * @name: the SDI's name when sdi_init was called
 * @in_init: called by sdi_init, if not NULL
 * @in_reset: called by sdi_reset, if not NULL
 * @in_allow: called by rid_allow, if not NULL
 * @in_error: called by the error handlers, if not NULL
 */
struct fake_sdi_pf {
	bool silent;
	bool wants_reset;
	bool leaving;
	DECLARE_BITMAP(enabled, FAKE_SDIS);
	DECLARE_BITMAP(sending, FAKE_SDIS);
	unsigned int wrong;
	const char *first_wrong;
	unsigned int inits;
	unsigned int releases;
	unsigned int resets;
	unsigned int masters;
	unsigned int allows;
	unsigned int nr_spans;
	unsigned int calls;
	int init_ret;
	int reset_ret;
	int master_ret;
	int suspend_ret;
	int resume_ret;
	char name[32];
	void (*in_init)(struct pci_sdi *sdi);
	void (*in_reset)(struct pci_sdi *sdi);
	void (*in_allow)(void);
	void (*in_error)(struct pci_dev *pf);
};

/**
 * struct fake_sdi_user - what the driver of SDIs knows
 * @told: it may be told something; by its own account
 * @start_early: it calls pci_sdi_notify_start() in probe
 * @stop_early: it calls pci_sdi_notify_stop() in remove
 * @master: it turns DMA on in probe and after a reset
 * @paused: SDIs of which reset_prepare has been, and reset_done not yet
 * @wrong: calls that must not have been
 * @prepares: calls of reset_prepare
 * @dones: calls of reset_done
 * @errors: calls of error
 * @errors_first: @errors when the first reset_prepare came
 * @requests: calls of request
 * @probes: calls of probe
 * @removes: calls of remove
 * @shutdowns: calls of shutdown
 * @phases: what it was told of system sleep, a letter each: suspend, resume (u),
 *	freeze, thaw, power off, restore
 * @last_error: what the last reset_done was told
 * @last_state: what the last error was told
 * @in_probe: called by probe before @start_early counts, if not NULL
 * @in_probe_told: called by probe after that, if not NULL
 * @in_remove: called by remove before @stop_early counts, if not NULL
 * @in_remove_stopped: called by remove after that, if not NULL
 * @in_request: called by request, if not NULL
 */
struct fake_sdi_user {
	bool told;
	bool start_early;
	bool stop_early;
	bool master;
	DECLARE_BITMAP(paused, FAKE_SDIS);
	unsigned int wrong;
	unsigned int prepares;
	unsigned int dones;
	unsigned int errors;
	unsigned int errors_first;
	unsigned int requests;
	unsigned int probes;
	unsigned int removes;
	unsigned int shutdowns;
	char phases[16];
	int last_error;
	pci_channel_state_t last_state;
	void (*in_probe)(struct pci_sdi *sdi);
	void (*in_probe_told)(struct pci_sdi *sdi);
	void (*in_remove)(struct pci_sdi *sdi);
	void (*in_remove_stopped)(struct pci_sdi *sdi);
	void (*in_request)(struct pci_sdi *sdi);
};

extern struct fake_sdi_pf fake_sdi_pf;
extern struct fake_sdi_user fake_sdi_user;

/* For params.driver_override */
#define FAKE_SDI_DRIVER	"siov_kunit_user"

int fake_sdi_register(void);
void fake_sdi_unregister(void);
void fake_sdi_restart(void);
void fake_sdi_forget(void);
void fake_sdi_legacy_pm(bool legacy);
void fake_sdi_no_resume(void);

#endif /* _PCI_TESTS_FAKE_SDI_H */
