// SPDX-License-Identifier: Apache-2.0
#include "cli/ranks.hpp"

#ifdef SHOOTDOWN_MPI
#include <mpi.h>

#include <cstdlib>
#include <limits>
#include <numeric>

#include "sim/check.hpp"

namespace cli {
namespace {

bool farewell = true;

// What Open MPI and MPICH tell the processes that they start. Alone, MPI would only cost time.
bool started_by_mpirun() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMI_SIZE") != nullptr;
}

bool in_use() {
  int initialized = 0;
  MPI_Initialized(&initialized);
  return initialized != 0;
}

}  // namespace

Ranks::Ranks(int& argc, char**& argv) {
  int given = MPI_THREAD_SINGLE;
  if (started_by_mpirun()) MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &given);
}

Ranks::~Ranks() {
  if (in_use() && farewell) MPI_Finalize();
}

bool has_mpi() { return true; }

unsigned rank_count() {
  int count = 1;
  if (in_use()) MPI_Comm_size(MPI_COMM_WORLD, &count);
  return static_cast<unsigned>(count);
}

unsigned own_rank() {
  int rank = 0;
  if (in_use()) MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return static_cast<unsigned>(rank);
}

std::vector<std::string> gather(const std::string& bytes) {
  if (!in_use()) return {bytes};
  const auto own_size = static_cast<int>(bytes.size());
  std::vector<int> sizes(rank_count());
  MPI_Gather(&own_size, 1, MPI_INT, sizes.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  std::vector<int> begins(sizes.size());
  std::exclusive_scan(sizes.begin(), sizes.end(), begins.begin(), 0);
  const std::size_t all_size = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  check(all_size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));  // MPI counts so.
  std::string all(all_size, '\0');
  MPI_Gatherv(bytes.data(), own_size, MPI_BYTE, all.data(), sizes.data(), begins.data(), MPI_BYTE,
              0, MPI_COMM_WORLD);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    parts.push_back(
        all.substr(static_cast<std::size_t>(begins[i]), static_cast<std::size_t>(sizes[i])));
  }
  return parts;
}

bool as_rank_0_says(bool said) {
  int word = said ? 1 : 0;
  if (in_use()) MPI_Bcast(&word, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return word != 0;
}

std::string as_rank_0_says(const std::string& said) {
  if (!in_use()) return said;
  auto size = static_cast<std::uint32_t>(said.size());
  MPI_Bcast(&size, 1, MPI_UINT32_T, 0, MPI_COMM_WORLD);
  std::string text = said;
  text.resize(size);
  MPI_Bcast(text.data(), static_cast<int>(size), MPI_BYTE, 0, MPI_COMM_WORLD);
  return text;
}

void leave_without_farewell() { farewell = false; }

}  // namespace cli

#else

namespace cli {

Ranks::Ranks(int&, char**&) {}
Ranks::~Ranks() = default;

bool has_mpi() { return false; }
unsigned rank_count() { return 1; }
unsigned own_rank() { return 0; }
std::vector<std::string> gather(const std::string& bytes) { return {bytes}; }
bool as_rank_0_says(bool said) { return said; }
std::string as_rank_0_says(const std::string& said) { return said; }
void leave_without_farewell() {}

}  // namespace cli
#endif
