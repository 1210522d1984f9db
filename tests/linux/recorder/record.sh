#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Records what a stock Debian kernel calls on MMU notifiers: fetches the kernel and its headers,
# builds our module and the program of the guest, boots both twice under emulation, and merges what
# came out. `./run record` installs the packages that this needs, and calls it.
set -eu
start=$PWD
cd "$(dirname "$0")"

usage() {
  cat >&2 <<'TEXT'
usage: record.sh --kernel 6.1|6.12|7.3 [--operations NAME,...] [--output FILE]

  --operations  only these
  --output      where the record goes (default: build/record/linux-KERNEL.jsonl, or, of chosen
                operations, linux-KERNEL-part.jsonl)

RECORD_MIRROR names the Debian mirror for kernels of another release than the installed one
(default: http://deb.debian.org/debian). Others come from where apt gets its packages.
TEXT
  exit 2
}

kernel=
operations=
output=
while [ $# -ge 2 ]; do
  case $1 in
    --kernel) kernel=$2 ;;
    --operations) operations=$2 ;;
    --output) output=$2 ;;
    *) usage ;;
  esac
  shift 2
done
[ $# -eq 0 ] || usage

# Which packages are such kernels, and which release has them, if it is not the installed one.
case $kernel in
  6.1) pattern='^linux-image-6\.1\.0-[0-9]+-amd64$' suite= ;;
  6.12) pattern='^linux-image-6\.12\.[0-9]+\+deb12-amd64$' suite= ;;
  7.3) pattern='^linux-image-7\.3\.[0-9]+\+deb13-amd64$' suite=trixie ;;
  *) usage ;;
esac

here=$PWD
work=$(cd ../../.. && pwd)/build/record
tree=$work/$kernel
output=${output:-$work/linux-$kernel${operations:+-part}.jsonl}
case $output in
  /*) ;;
  *) output=$start/$output ;;
esac
mkdir -p "$tree"

fail() {
  echo "record: $*" >&2
  exit 1
}

# apt with lists of its own for another release; signatures are checked as always.
apt_options=
use_suite() {
  lists=$work/apt-$suite
  mirror=${RECORD_MIRROR:-http://deb.debian.org/debian}
  mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
  : >"$lists/status"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  for each in "$suite" "$suite-backports"; do
    echo "deb [arch=amd64 signed-by=$keyring] $mirror $each main"
  done >"$lists/sources.list"
  apt_options="-o Dir::Etc::SourceList=$lists/sources.list -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists=$lists/lists -o Dir::State::Status=$lists/status
    -o Dir::Cache=$lists/cache"
  # shellcheck disable=SC2086  # Several words.
  apt-get $apt_options -q update >"$work/apt.log" 2>&1 || fail "apt-get update; see $work/apt.log"
}

download() {  # FOLDER PACKAGE...
  mkdir -p "$1/deb"
  (
    cd "$1/deb"
    shift
    # shellcheck disable=SC2086
    apt-get $apt_options -q download "$@"
  ) >"$work/apt.log" 2>&1 || fail "apt-get download; see $work/apt.log"
  for package in "$1"/deb/*.deb; do
    dpkg -x "$package" "$1/unpacked"
  done
}

# What was fetched once is used again; without build/record/KERNEL, the newest is fetched.
fetch() {
  [ ! -f "$tree/image" ] || return 0
  [ -z "$suite" ] || use_suite
  # shellcheck disable=SC2086
  image=$(apt-cache $apt_options pkgnames linux-image- | grep -E "$pattern" | sort -V | tail -n 1)
  [ -n "$image" ] || fail "apt knows no package like $pattern; after apt-get update?"
  echo "fetching $image"
  rm -rf "$tree/deb" "$tree/unpacked" "$tree/runtime"
  headers=linux-headers-${image#linux-image-}
  # shellcheck disable=SC2046,SC2086
  download "$tree" "$image" "$headers" $(apt-cache $apt_options depends "$image" "$headers" |
    sed -n 's/^  Depends: \(linux-\(headers\|kbuild\|base\|binary\|modules\)-.*\)/\1/p' | sort -u)
  [ -z "$suite" ] ||
    download "$tree/runtime" libc6 libelf1t64 zlib1g libzstd1 libssl3t64
  prepare_headers
  echo "$image" >"$tree/image"
}

# Headers expect to lie in /usr/src, and a vmlinux among them makes the build ask for pahole.
prepare_headers() {
  sources=$(echo "$tree"/unpacked/usr/src/linux-headers-*-amd64)
  sed -i "s#/usr/src/linux-headers#$tree/unpacked/usr/src/linux-headers#g" "$sources/Makefile"
  rm -f "$sources/vmlinux"
  [ -z "$suite" ] || wrap_tools
}

# The build tools of another release need its C library: a script in the place of each calls it with
# that. What is only a front for several architectures looks for itself, and is replaced first.
wrap_tools() {
  libraries=$tree/runtime/unpacked/usr/lib/x86_64-linux-gnu
  tools=$(echo "$tree"/unpacked/usr/lib/linux-kbuild-*)
  cp "$tools/tools/objtool/objtool.real-x86" "$tools/tools/objtool/objtool"
  cp "$tools/scripts/mod/modpost.real-lsb-64" "$tools/scripts/mod/modpost"
  find "$tools" -type f -perm -u+x | while read -r tool; do
    [ "$(head -c 4 "$tool" | tail -c 3)" = ELF ] || continue
    mv "$tool" "$tool.elf"
    cat >"$tool" <<TEXT
#!/bin/sh
exec "$libraries/ld-linux-x86-64.so.2" --argv0 "\$0" --library-path "$libraries" "$tool.elf" "\$@"
TEXT
    chmod +x "$tool"
  done
}

# A compiler older than the kernel's does not know this option.
compiler_settings() {
  gcc -fmin-function-alignment=16 -E -x c /dev/null >/dev/null 2>&1 ||
    echo CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=
}

build() {
  echo "building the module and the guest"
  rm -rf "$tree/module"
  cp -r module "$tree/module"
  # shellcheck disable=SC2046
  make -C "$tree"/unpacked/usr/src/linux-headers-*-amd64 M="$tree/module" CC=gcc \
    $(compiler_settings) modules >"$tree/module.log" 2>&1 || fail "see $tree/module.log"
  gcc -O2 -Wall -Wextra -Wno-missing-field-initializers -static -no-pie -fno-pie -pthread \
    -o "$tree/init" guest/*.c
}

# The kernel's own modules that the guest loads, in their order.
needed_modules() {
  modules=$(echo "$tree"/unpacked/lib/modules/* "$tree"/unpacked/usr/lib/modules/* | tr ' ' '\n' |
    grep -v '\*' | head -n 1)
  /sbin/depmod -b "${modules%/lib/modules/*}" "${modules##*/}"
  for name in brd zram ext4; do
    /sbin/modprobe -d "${modules%/lib/modules/*}" -S "${modules##*/}" --show-depends "$name"
  done | sed -n 's/^insmod \([^ ]*\).*/\1/p'
}

make_initramfs() {
  files=$tree/initramfs
  rm -rf "$files"
  mkdir -p "$files/modules"
  cp "$tree/init" "$files/init"
  needed_modules >"$tree/modules"
  while read -r path; do
    name=$(basename "$path")
    case $path in
      *.xz) xz -dc "$path" >"$files/modules/${name%.xz}" ;;
      *) cp "$path" "$files/modules/$name" ;;
    esac
    echo "/modules/${name%.xz}"
  done <"$tree/modules" >"$files/modules/list"
  cp "$tree/module/recorder.ko" "$files/modules/"
  echo /modules/recorder.ko >>"$files/modules/list"
  truncate -s 4M "$files/disk.img"
  /sbin/mkfs.ext2 -q -F "$files/disk.img"
  (cd "$files" && find . | cpio --quiet -o -H newc | gzip -1) >"$tree/initramfs.gz"
}

boot() {  # NUMBER
  echo "booting ($1 of 2)"
  image_file=$(find "$tree/unpacked" -name 'vmlinuz*' | head -n 1)
  rm -f "$tree/record.$1"
  nice timeout 600 qemu-system-x86_64 -accel tcg -cpu max,la57=off -smp 2 -m 1G \
    -object memory-backend-ram,id=memory0,size=512M -numa node,memdev=memory0,cpus=0 \
    -object memory-backend-ram,id=memory1,size=512M -numa node,memdev=memory1,cpus=1 \
    -nic none -display none -monitor none -no-reboot \
    -serial "file:$tree/console.$1" -serial "file:$tree/record.$1" \
    -kernel "$image_file" -initrd "$tree/initramfs.gz" \
    -append "console=ttyS0 loglevel=5 panic=-1 mitigations=off nokaslr \
      ${operations:+recorder=$operations}" ||
    fail "the emulator; see $tree/console.$1"
  grep -a '^recorder: ' "$tree/console.$1" | grep -a -e FAILED -e ': .*: ' >&2 || true
  tail -n 1 "$tree/record.$1" | grep -q '"end":1' || fail "the guest; see $tree/console.$1"
}

main() {
  fetch
  build
  make_initramfs
  boot 1
  boot 2
  python3 "$here/records.py" merge "$tree/record.1" "$tree/record.2" >"$output"
  echo "recorded: $output"
  shipped=$here/../linux-$kernel.jsonl
  [ ! -f "$shipped" ] || python3 "$here/records.py" compare "$shipped" "$output" || true
}

main
