# SPDX-License-Identifier: GPL-2.0-or-later
#
# Devices of the SIOV test machine: see docs/specs/siov-testdev.rst.
# For --without-default-devices --with-devices-aarch64=siov
CONFIG_ARM_VIRT=y

# Topologies
CONFIG_PCIE_PORT=y
CONFIG_XIO3130=y

# What the test guest gets files from
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_9P=y

# Virtio devices that are SDIs, and beside them
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_BLK=y

CONFIG_SIOV_TESTDEV=y
