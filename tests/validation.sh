#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/validation.sh VALIDATE SHOOTDOWN: all points that predict are within their tolerance; and
# validate tells when one is not, or when a table cannot be read.
set -eu
cd "$(dirname "$0")/.."
validate=$1
shootdown=$2
"$validate" --program "$shootdown"

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/scenarios" "$copy/bench"
cp -r scenarios/cost "$copy/scenarios"
cp -r bench/validation "$copy/bench"
points=$copy/bench/validation/V1/points.csv
failures=0
expect() {  # WHAT STATUS SED-SCRIPT
  cp bench/validation/V1/points.csv "$points"
  sed -i "$3" "$points"
  status=0
  "$validate" --program "$shootdown" "$copy/bench/validation/V1" >/dev/null 2>&1 || status=$?
  [ "$status" = "$2" ] && return
  echo "$1: expected exit status $2, got $status"
  failures=1
}
expect "tables as they are" 0 ''
expect "a point that predicts and misses" 1 '/631,x,predicts/s/631,/531,/'
expect "one that calibrates and misses" 0 '/220.4,us,calibrates/s/220.4,/120.4,/'
expect "a role that there is not" 2 's/,calibrates,/,calibrate,/'
expect "a run that there is not" 2 's/(cold1 - warm1)/(cold2 - warm1)/'
expect "a line that lacks a column" 2 's/,fig. 3b$//'
exit $failures
