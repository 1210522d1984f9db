// SPDX-License-Identifier: Apache-2.0
#include "cli/ranks.hpp"

#ifdef SHOOTDOWN_MPI
#include <mpi.h>

#include <cstdlib>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "sim/check.hpp"

namespace cli {
namespace {

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
  // Who sends to a rank that is gone goes on.
  if (in_use()) MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

Ranks::~Ranks() {
  if (in_use()) MPI_Finalize();
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

namespace {

// So small that it is on its way when MPI_Send() returns: nobody waits for somebody who is gone, or
// reads what one that is gone has not finished. The first byte says whether more follows.
constexpr std::size_t piece_max = 2048;
constexpr int piece_tag = 1;

}  // namespace

void send_to_rank(unsigned rank, const std::string& bytes) {
  for (std::size_t begin = 0; begin == 0 || begin < bytes.size(); begin += piece_max) {
    const bool last = begin + piece_max >= bytes.size();
    const std::string piece = (last ? '.' : '+') + bytes.substr(begin, piece_max);
    MPI_Send(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, static_cast<int>(rank),
             piece_tag, MPI_COMM_WORLD);
  }
}

std::optional<RankMessage> received() {
  static std::map<int, std::string> begun;
  while (in_use()) {
    int there = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, piece_tag, MPI_COMM_WORLD, &there, &status);
    if (there == 0) break;
    int size = 0;
    MPI_Get_count(&status, MPI_BYTE, &size);
    std::string piece(static_cast<std::size_t>(size), ' ');
    MPI_Recv(piece.data(), size, MPI_BYTE, status.MPI_SOURCE, piece_tag, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    std::string& whole = begun[status.MPI_SOURCE];
    whole += piece.substr(1);
    if (piece.front() != '.') continue;
    return RankMessage{.from = static_cast<unsigned>(status.MPI_SOURCE),
                       .bytes = std::exchange(whole, {})};
  }
  return std::nullopt;
}

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
void send_to_rank(unsigned, const std::string&) {}
std::optional<RankMessage> received() { return std::nullopt; }

}  // namespace cli
#endif
