#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: tests/determinism.sh PROGRAM OTHER
# Runs all scenarios twice with each of two builds, and compares what they print as JSON Lines, to
# the byte. Prints KTAP.
set -eu
cd "$(dirname "$0")/.."
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# A scenario whose claim fails (1), is not decided (3) or skipped (4) has results all the same.
record() {  # PROGRAM FILE
  status=0
  "$1" test scenarios --format jsonl >"$results/$2" || status=$?
  echo "$status" >"$results/$2.status"
  case $status in 0 | 1 | 3 | 4) ;; *) echo "# $1: exit status $status" ;; esac
}

number=0
failures=0
compare() {  # FILE FILE WHAT
  number=$((number + 1))
  if [ -s "$results/$1" ] && cmp -s "$results/$1" "$results/$2" &&
    cmp -s "$results/$1.status" "$results/$2.status" &&
    grep -qx '[0134]' "$results/$1.status"; then
    echo "ok $number $3"
  else
    echo "not ok $number $3"
    diff "$results/$1" "$results/$2" | cut -c 1-300 | head -n 6 | sed 's/^/# /'
    failures=1
  fi
}

echo "KTAP version 1"
echo "1..3"
record "$1" one &
record "$2" other
wait
record "$1" one_again &
record "$2" other_again
wait
compare one one_again "twice the same results: $1"
compare other other_again "twice the same results: $2"
compare one other "the same results from both builds"
exit $failures
