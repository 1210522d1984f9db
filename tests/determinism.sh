#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: tests/determinism.sh PROGRAM OTHER [FOLDER...]
# Runs the scenarios of the folders (all, if none), twice with one build and once with the other,
# and compares what they print as JSON Lines, to the byte. Prints KTAP.
set -eu
cd "$(dirname "$0")/.."
program=$1
other=$2
shift 2
[ $# -gt 0 ] || set -- scenarios
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# A scenario whose claim fails (1), is not decided (3) or skipped (4) has results all the same.
record() {  # FILE PROGRAM FOLDER...
  file=$1
  built=$2
  shift 2
  status=0
  "$built" test "$@" --format jsonl >"$results/$file" || status=$?
  echo "$status" >"$results/$file.status"
  case $status in 0 | 1 | 3 | 4) ;; *) echo "# $built: exit status $status" ;; esac
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
echo "1..2"
record other "$other" "$@" &
record one "$program" "$@"
record one_again "$program" "$@"
wait
compare one one_again "twice the same results: $program"
compare one other "the same results from both builds"
exit $failures
