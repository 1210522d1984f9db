#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/count.awk counts each kind of result once, and never takes silence for success.
set -eu
cd "$(dirname "$0")/.."

failures=0
expect() {  # WHAT "N passed, N failed" STATUS; the log on standard input
  status=0
  counted=$(awk -f tests/count.awk) || status=$?
  [ "$counted, exit $status" = "$2, exit $3" ] && return
  echo "$1: expected '$2, exit $3', got '$counted, exit $status'"
  failures=1
}

expect "no test at all" "0 passed, 1 failed" 1 <<'LOG'
# unit tests: exit status 0
LOG
expect "a silent step after one that has passed" "1 passed, 1 failed" 1 <<'LOG'
ok 1 race.sd
# scenarios: exit status 0
# same results: exit status 0
LOG
expect "fewer results than planned" "1 passed, 1 failed" 1 <<'LOG'
1..2
ok 1 race.sd
# scenarios: exit status 0
LOG
expect "a step that stops before its tests" "0 passed, 1 failed" 1 <<'LOG'
error: does not compile
# unit tests: exit status 1
LOG
expect "doctest, and a ctest entry of another kind" "13 passed, 0 failed" 0 <<'LOG'
1: [doctest] test cases: 12 | 12 passed | 0 failed | 0 skipped
1/2 Test #1: sim ......   Passed    0.01 sec
2/2 Test #2: format ...   Passed    0.01 sec
# unit tests: exit status 0
LOG
expect "a failed case, once" "11 passed, 1 failed" 1 <<'LOG'
1: [doctest] test cases: 12 | 11 passed | 1 failed | 0 skipped
1/1 Test #1: sim ......***Failed    0.01 sec
# unit tests: exit status 8
LOG
expect "a program that dies after its last case" "12 passed, 1 failed" 1 <<'LOG'
1: [doctest] test cases: 12 | 12 passed | 0 failed | 0 skipped
1/1 Test #1: sim ......***Failed    0.01 sec
# unit tests: exit status 8
LOG
expect "KTAP without its inner results" "1 passed, 1 failed" 1 <<'LOG'
1..3
    ok 1 inner
ok 1 race.sd
not ok 2 handle.sd
ok 3 slow.sd # SKIP needs more memory
# scenarios: exit status 1
LOG
expect "a step that fails without saying where" "1 passed, 1 failed" 1 <<'LOG'
ok 1 race.sd
# scenarios: exit status 134
LOG
exit $failures
