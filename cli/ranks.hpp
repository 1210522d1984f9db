// SPDX-License-Identifier: Apache-2.0
// Ranks: the processes that mpirun has started together. They share out the runs of a sample, and
// rank 0 alone speaks. Without mpirun, or in a program built without MPI, there is one.
#pragma once

#include <string>
#include <vector>

namespace cli {

// Lives as long as main(). The functions below may be used without it.
class Ranks {
 public:
  Ranks(int& argc, char**& argv);
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;
  ~Ranks();
};

bool has_mpi();  // Built with it.
unsigned rank_count();
unsigned own_rank();

// Each of these is called by all ranks together.
std::vector<std::string> gather(const std::string& bytes);  // At rank 0: of each rank, in order.
bool as_rank_0_says(bool said);
std::string as_rank_0_says(const std::string& said);

// Some rank is gone: this one ends without waiting for the others.
void leave_without_farewell();

}  // namespace cli
