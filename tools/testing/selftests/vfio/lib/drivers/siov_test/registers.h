/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of an SDI of the emulated SIOV device, described in
 * docs/specs/siov-testdev.rst of the QEMU it comes with
 */
#ifndef SELFTESTS_VFIO_LIB_DRIVERS_SIOV_TEST_REGISTERS_H
#define SELFTESTS_VFIO_LIB_DRIVERS_SIOV_TEST_REGISTERS_H

#define SIOV_TEST_VENDOR_ID		0x1234
#define SIOV_TEST_SDI_DEVICE_ID		0x5109

#define SIOV_TEST_ID			0x000
#define  SIOV_TEST_ID_VALUE		0x00494453
#define SIOV_TEST_SRC			0x010
#define SIOV_TEST_DST			0x018
#define SIOV_TEST_LEN			0x020
#define  SIOV_TEST_MAX_LEN		0x100000
#define SIOV_TEST_CMD			0x028
#define  SIOV_TEST_CMD_STOP		0
#define  SIOV_TEST_CMD_COPY		1
#define  SIOV_TEST_CMD_MSI		4
#define SIOV_TEST_RESULT		0x02c
#define  SIOV_TEST_RESULT_CODE		0xff
#define  SIOV_TEST_RESULT_OK		1
#define  SIOV_TEST_RESULT_BUSY		2
#define SIOV_TEST_DELAY			0x040
#define SIOV_TEST_REPEAT		0x044

#endif /* SELFTESTS_VFIO_LIB_DRIVERS_SIOV_TEST_REGISTERS_H */
