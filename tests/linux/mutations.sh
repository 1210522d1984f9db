#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the program with one thing of the kernel wrong at a time, as tests/linux/mutations/*.diff
# have it, and holds each against the records. A mutation that no step tells is a failure.
set -eu
cd "$(dirname "$0")/../.."
work=build/mutations
mkdir -p "$work/src"
git ls-files | while read -r file; do  # What is the same keeps its time, and is not built again.
  mkdir -p "$work/src/$(dirname "$file")"
  cmp -s "$file" "$work/src/$file" || cp "$file" "$work/src/$file"
done
git ls-files | LC_ALL=C sort >"$work/tracked"
(cd "$work/src" && find . -type f | sed 's|^\./||' | LC_ALL=C sort) |
  LC_ALL=C comm -13 "$work/tracked" - | (cd "$work/src" && xargs -r rm)
cmake -S "$work/src" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_COMPILER=g++ -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DSHOOTDOWN_TESTS=OFF \
  -DCMAKE_UNITY_BUILD=ON \
  >"$work/log"

# The steps that differ from the records, sorted: "7.3 munmap_part 0". A program that dies says so.
differing() {
  cmake --build "$work/build" --target shootdown >>"$work/log"
  for version in 6.1 6.12 7.3; do
    status=0
    "$work/build/shootdown" conform scenarios/linux \
      --against "tests/linux/linux-$version.jsonl" --json >"$work/told" || status=$?
    [ "$status" -le 1 ] || echo "$version exit status $status"
    sed -n '/"result":"agrees"/d
      s/.*"kernel":"\([^"]*\)","operation":"\([^"]*\)".*"step":\([0-9]*\).*/\1 \2 \3/p' "$work/told"
  done | LC_ALL=C sort
}

differing >"$work/unchanged"
failed=0
for mutation in tests/linux/mutations/*.diff; do
  patch -p1 -s -d "$work/src" <"$mutation"
  differing >"$work/changed"
  patch -p1 -s -R -d "$work/src" <"$mutation"
  told=$(LC_ALL=C comm -13 "$work/unchanged" "$work/changed")
  count=$(printf '%s' "$told" | grep -c . || true)
  [ "$count" -gt 0 ] || failed=$((failed + 1))
  printf '%-22s %3s steps differ, the first is %s\n' "$(basename "$mutation" .diff)" "$count" \
    "$(echo "$told" | head -n 1)"
done
echo "$failed mutations are not told"
[ "$failed" -eq 0 ]
