#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails if the sources have moved away from under one of the mutations that `./run mutations` tries.
set -eu
cd "$(dirname "$0")/.."
failed=0
for mutation in tests/linux/mutations/*.diff; do
  patch -p1 --dry-run --silent --force <"$mutation" || failed=1
done
exit "$failed"
