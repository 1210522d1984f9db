# SPDX-License-Identifier: Apache-2.0
# Run at each build: writes the header OUT from the template IN, if the commit is another one than
# last time.
set(COMMIT unknown)
if(EXISTS ${SOURCE}/.git)
  execute_process(COMMAND git rev-parse --short=12 HEAD WORKING_DIRECTORY ${SOURCE}
                  OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE
                  RESULT_VARIABLE status ERROR_QUIET)
  if(status EQUAL 0)
    set(COMMIT ${answer})
  endif()
endif()
configure_file(${IN} ${OUT} @ONLY)
