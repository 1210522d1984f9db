# SPDX-License-Identifier: Apache-2.0
# Reads the log of `./run test` and ends it with "N passed, N failed". Counted are the cases of each
# doctest program, the results of KTAP (outermost level), ctest entries that print neither, and as
# one failure each step that failed without naming one, or that has shown no result, or not as many
# as its KTAP plan says.

function add(passes, failures) {
  passed += passes
  failed += failures
  shown_in_step += passes + failures
  failed_in_step += failures
}

# ctest --verbose puts the number of its entry before what that entry prints.
{
  entry = ""
  if (match($0, /^[0-9]+: /)) {
    entry = substr($0, 1, RLENGTH - 2)
    $0 = substr($0, RLENGTH + 1)
  }
}

/^\[doctest\] test cases:/ {
  split($0, part, "|")
  add(part[2] + 0, part[3] + 0)
  counted[entry] = 1
  broken[entry] = part[3] + 0
}

entry == "" && /^1\.\.[0-9]+$/ { planned_in_step += substr($0, 4) + 0 }
entry == "" && /^(not )?ok [0-9]+/ { lines_in_step++ }
/^ok [0-9]+/ && !/# SKIP/ { add(1, 0); counted[entry] = 1 }
/^not ok [0-9]+/ { add(0, 1); counted[entry] = 1; broken[entry]++ }

# 2/6 Test #2: sim ....... Passed 0.01 sec
entry == "" && /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ {
  match($0, /#[0-9]+/)
  name = substr($0, RSTART + 1, RLENGTH - 1)
  if (/ Passed /) {
    if (!(name in counted)) add(1, 0)
  } else if (!broken[name]) {
    add(0, 1)
  }
}

/^# .*: exit status [0-9]+$/ {
  silent = shown_in_step == 0 || lines_in_step < planned_in_step
  if (failed_in_step == 0 && ($NF != 0 || silent)) add(0, 1)
  failed_in_step = shown_in_step = planned_in_step = lines_in_step = 0
}

END {
  printf "%d passed, %d failed\n", passed, failed
  exit failed > 0 || passed == 0
}
