#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Counts what an event of the queue and an access of a device cost in instructions, by callgrind,
# and holds it against limits: docs/engine.md. Usage: instructions.sh SHOOTDOWN PEER
set -eu
program=$1
peer=$2
failed=0

count() {  # COMMAND...
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
    sed -n 's/.*Collected : //p'
}

judge() {  # TITLE COUNTED LIMIT
  verdict=ok
  [ "$2" -le "$3" ] || { verdict=FAIL; failed=1; }
  printf '%-34s %6d of at most %d  %s\n' "$1" "$2" "$3" "$verdict"
}

# Of the measured part alone. The last number of what it prints first is bytes.
events() {  # MODEL PENDING EVENTS LIMIT
  done=$("$peer" "$1" "$2" "$3" | cut -d ' ' -f 2)
  counted=$(count --instr-atstart=no "$peer" "$1" "$2" "$3")
  judge "$1 $2" $((counted / done)) "$4"
}

run_accesses() {  # ACCESSES PAGES
  count "$program" run -q bench/instructions/accesses.sd -D "accesses=$1" -D "pages=$2 pages"
}

# The difference of two runs: what comes before the first access is in both.
accesses() {  # TITLE PAGES LIMIT
  few=$(run_accesses 100000 "$2")
  many=$(run_accesses 300000 "$2")
  judge "$1" $(((many - few) / 200000)) "$3"
}

events hold 100 100000 300
events hold 10000 100000 350
events wire 10000 100000 260
events phold 16384 100000 350
events timeout 10000 50000 420
events timeout 100000 50000 450
accesses 'access, in the TLB' 64 175
accesses 'access, in the PFN table' 4096 430
exit $failed
