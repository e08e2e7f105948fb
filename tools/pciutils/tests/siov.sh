#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Test how lspci shows Scalable I/O Virtualization, as KTAP.
#
# Usage: tests/siov.sh [lspci]

dir=$(dirname "$0")
lspci=${1:-$dir/../lspci}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
count=0
failed=0

# compare <name>: is $tmp/got what $tmp/want says?
compare()
{
	count=$((count + 1))
	if diff "$tmp/want" "$tmp/got" >"$tmp/diff"; then
		echo "ok $count $1"
	else
		failed=1
		sed 's/^/# /' "$tmp/diff"
		echo "not ok $count $1"
	fi
}

# The name of each function, and its SIOV capability
siov_only()
{
	awk '/^[0-9a-f]+:[0-9a-f]+\.[0-7] /	{ print $1 }
	     /^$|^[0-9a-f]+: /			{ on = 0 }
	     /^\tCapabilities:/			{ on = /\(SIOV\)/ }
	     on'
}

# Dumps carry the text that they shall decode to above their bytes.
test_dump()
{
	siov_only <"$dir/$1" >"$tmp/want"
	"$lspci" -n -F "$dir/$1" -vv 2>&1 | siov_only >"$tmp/got"
	compare "$1"
}

test_terse()
{
	echo "	Capabilities: [110] Scalable I/O Virtualization (SIOV)" >"$tmp/want"
	"$lspci" -n -F "$dir/cap-siov" -s 02:00.0 -v 2>&1 |
		grep -A1 Scalable | sed '/^$/d' >"$tmp/got"
	compare "one line at -v"
}

# A PF as the kernel shows it in sysfs, with the SDIs whose indices are given
make_pf()
{
	pf=$tmp/sys/devices/0000:02:00.0
	rm -rf "$tmp/sys"
	mkdir -p "$pf/siov"
	echo 0x1234 >"$pf/vendor"
	echo 0x5107 >"$pf/device"
	echo 0x00ff00 >"$pf/class"
	echo 0 >"$pf/irq"
	: >"$pf/resource"
	echo $# >"$pf/siov/num_sdis"
	echo 300 >"$pf/siov/total_sdis"
	{ printf '\064\022\007\121'; head -c 60 /dev/zero; } >"$pf/config"
	for i; do
		sdi=$(printf '0000:%02x:%02x.%d' \
		      $((2 + (i + 1) / 256)) $(((i + 1) / 8 % 32)) $(((i + 1) % 8)))
		mkdir "$pf/$sdi"
		ln -s "../../../kernel/iommu_groups/$((i + 40))" "$pf/$sdi/iommu_group"
		ln -s "../../../bus/pci_sdi/drivers/vfio-siov" "$pf/$sdi/driver"
		ln -s "../$sdi" "$pf/siov/sdi$i"
	done
}

show_pf()
{
	"$lspci" -n -A linux-sysfs -O "sysfs.path=$tmp/sys" "$@" 2>&1 |
		grep -A99999 'SDIs in use' | sed '/^$/d' >"$tmp/got"
}

test_sysfs()
{
	make_pf 10 2 300
	rm "$pf/0000:02:00.3/driver" "$pf/0000:03:05.5/iommu_group"
	# None of these is a link to an SDI
	touch "$pf/siov/sdi_new" "$pf/siov/sdi_delete" "$pf/siov/sdi5x" \
	      "$pf/siov/sdi65535" "$pf/siov/total_sdis"
	cat >"$tmp/want" <<-EOF
		SDIs in use: 3
		SDI 2: 0000:02:00.3, IOMMU group 42
		SDI 10: 0000:02:01.3, driver vfio-siov, IOMMU group 50
		SDI 300: 0000:03:05.5, driver vfio-siov
	EOF
	show_pf -vv
	sed -i 's/^	*//' "$tmp/got"
	compare "SDIs of a PF"

	: >"$tmp/want"
	show_pf -v
	compare "no SDIs at -v"

	rm -r "$pf/siov"
	show_pf -vv
	compare "no SDIs on a function without siov/"

	make_pf
	printf '\tSDIs in use: 0\n' >"$tmp/want"
	show_pf -vv
	compare "PF that has none"
}

test_many()
{
	make_pf $(seq 0 39)
	echo 18 >"$tmp/want"
	echo '		(24 more, use -vvv to see them)' >>"$tmp/want"
	show_pf -vv
	{ grep -c . "$tmp/got"; tail -n1 "$tmp/got"; } >"$tmp/short"
	mv "$tmp/short" "$tmp/got"
	compare "16 of 40 at -vv"

	echo 41 >"$tmp/want"
	echo '		SDI 39: 0000:02:05.0, driver vfio-siov, IOMMU group 79' >>"$tmp/want"
	show_pf -vvv
	{ grep -c . "$tmp/got"; tail -n1 "$tmp/got"; } >"$tmp/short"
	mv "$tmp/short" "$tmp/got"
	compare "40 of 40 at -vvv"
}

# The line of the PF in the tree, from its address on
show_tree()
{
	"$lspci" -n -A linux-sysfs -O "sysfs.path=$tmp/sys" "$@" 2>&1 |
		sed -n 's/.*00\.0/00.0/p' >"$tmp/got"
}

test_tree()
{
	make_pf 0 1 299
	echo '00.0  Device 1234:5107  [3 of 300 SDIs]' >"$tmp/want"
	"$lspci" -A linux-sysfs -O "sysfs.path=$tmp/sys" -i /dev/null -tv 2>&1 |
		sed -n 's/.*00\.0/00.0/p' >"$tmp/got"
	compare "the tree counts the SDIs of a PF"

	echo '00.0' >"$tmp/want"
	show_tree -t
	compare "the tree has no SDIs without -v"

	rm "$pf/siov/num_sdis"
	echo '00.0  1234:5107' >"$tmp/want"
	show_tree -tv
	compare "the tree has no SDIs where they are not counted"

	rm -r "$pf/siov"
	show_tree -tv
	compare "the tree has no SDIs for a function without siov/"
}

# A dump is of another machine: nothing of this one's sysfs belongs to it.
test_dump_reads_no_sysfs()
{
	make_pf 1
	: >"$tmp/want"
	"$lspci" -n -F "$dir/cap-siov" -s 02:00.0 -vv -O "sysfs.path=$tmp/sys" 2>&1 |
		grep 'SDIs in use' >"$tmp/got"
	compare "a dump shows no SDIs of the machine"

	"$lspci" -n -F "$dir/cap-siov" -tv -O "sysfs.path=$tmp/sys" 2>&1 |
		grep 'SDIs' >"$tmp/got"
	compare "the tree of a dump shows no SDIs of the machine"
}

echo "TAP version 13"
echo "1..15"
test_dump cap-siov
test_dump cap-siov-broken
test_terse
test_sysfs
test_many
test_tree
test_dump_reads_no_sysfs
exit $failed
