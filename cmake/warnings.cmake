# SPDX-License-Identifier: Apache-2.0
# The compiler flags of everything in this repository, and of nothing outside it.

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # False alarms of g++ 12: string concatenation (GCC bug 105651), and variants and optionals under
  # a sanitizer. clang++ checks the same code without these exceptions.
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overread
                      -Wno-array-bounds -Wno-stringop-overflow)
endif()

# A fused multiply-add rounds once where two instructions round twice: results would differ between
# compilers.
add_compile_options(-ffp-contract=off)

if(SHOOTDOWN_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()
if(SHOOTDOWN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
