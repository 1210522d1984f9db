// SPDX-License-Identifier: Apache-2.0
// RankLines: messages between rank 0 and every other rank, over sockets of their own. MPI ends the
// whole job, or waits for ever, when a rank is gone to which it has a connection (Open MPI 4.1 over
// TCP); here that is one more message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cli {

struct RankMessage {
  unsigned from = 0;
  std::string bytes{};  // Empty: that rank is gone, and says nothing any more.
};

class RankLines {
 public:
  // Called by all ranks together; they are connected afterwards. Without mpirun it does nothing.
  RankLines();
  RankLines(const RankLines&) = delete;
  RankLines& operator=(const RankLines&) = delete;
  ~RankLines();

  bool good() const { return good_; }  // False: this rank has no connection to rank 0.
  // Never empty. To who is gone it does nothing.
  void send(unsigned rank, const std::string& bytes);
  std::optional<RankMessage> received();  // What has come, if anything has; does not wait.

 private:
  struct Line {
    int socket = -1;
    std::string unread{};  // Not a whole message yet.
  };

  void listen_for(const std::string& password, int listener);
  bool connect_to(const std::string& addresses, const std::string& password);
  bool read_more(Line& line);

  std::vector<Line> lines_;  // By rank; at others than rank 0, only the first.
  bool good_ = true;
};

}  // namespace cli
