// SPDX-License-Identifier: GPL-2.0-only
// What a driver does, asked of the module; in driver.c. `note`s say what came of it.
#pragma once

#include "op.h"

long insert(int id, long first, long last);
long insert_two_pass(int id, long first, long last);
long remove_interval(int id);
void note_read_begin(int id);  // The sequence number that a reader would start with.
long read_begin(int id);
long read_retry(int id);
long hmm(long first, long last, int flags);
long migrate(long first, long last, int flags);
long exclusive(long first, long last, int owner);
