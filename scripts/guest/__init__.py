# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian kernels in QEMU guests: what scripts/vm, scripts/vm-matrix and the tests share."""
