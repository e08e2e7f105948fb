# SPDX-License-Identifier: GPL-2.0-or-later
#
# Devices of the SIOV test machine: see docs/specs/siov-testdev.rst.
# For --without-default-devices --with-devices-x86_64=siov
CONFIG_Q35=y
CONFIG_VTD=y
CONFIG_AMD_IOMMU=y
CONFIG_VIRTIO_IOMMU=y

# Topologies
CONFIG_PCIE_PORT=y
CONFIG_XIO3130=y
CONFIG_PCIE_PCI_BRIDGE=y
CONFIG_PCI_BRIDGE=y
# pxb-pcie links against hw/cxl, which links against the memory device
CONFIG_PXB=y
CONFIG_CXL=y
CONFIG_CXL_MEM_DEVICE=y

# Neighbours; igb links against e1000x_common.c of e1000e
CONFIG_EDU=y
CONFIG_PCI_TESTDEV=y
CONFIG_IGB_PCI_EXPRESS=y
CONFIG_E1000E_PCI_EXPRESS=y
CONFIG_NVME_PCI=y

# What the test guest boots from and reports through
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_9P=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_ISA_DEBUG=y

# What gives an SDI to a guest within the guest
CONFIG_VFIO_PCI=y
CONFIG_IOMMUFD=y

CONFIG_SIOV_TESTDEV=y
