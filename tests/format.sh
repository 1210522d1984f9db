#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails, with the places, if clang-format would change a source file. `tests/format.sh -i` changes
# them. The version matters: another one lays out other lines.
set -eu
cd "$(dirname "$0")/.."

[ "${1-}" = -i ] && action=-i || action='--dry-run -Werror'
# shellcheck disable=SC2086  # $action may be two words.
find sim model scenarios cli tests bench '(' -name '*.hpp' -o -name '*.cpp' ')' -print0 |
  xargs -0 --no-run-if-empty clang-format-14 $action
