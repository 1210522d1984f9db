// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/lines.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cli/layout.hpp"
#include "cli/ranks.hpp"

namespace cli {
namespace {

constexpr int connect_ms = 3'000;
constexpr int accept_ms = 60'000;
constexpr std::size_t length_size = 4;

// All IPv4 addresses of this machine; that of the machine itself last.
std::string own_addresses() {
  std::string own;
  std::string loopback;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return "127.0.0.1";
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    sockaddr_in address{};
    std::memcpy(&address, one->ifa_addr, sizeof address);
    const std::uint32_t number = ntohl(address.sin_addr.s_addr);
    std::string& list = number >> 24 == 127 ? loopback : own;
    list += fmt::format("{}.{}.{}.{} ", number >> 24, number >> 16 & 255, number >> 8 & 255,
                        number & 255);
  }
  freeifaddrs(all);
  return own + loopback;
}

std::string make_password() {
  std::uint64_t numbers[2] = {};
  if (getrandom(numbers, sizeof numbers, 0) != sizeof numbers) return "none";
  return fmt::format("{:016x}{:016x}", numbers[0], numbers[1]);
}

bool ready(int socket, short what, int milliseconds) {
  pollfd place{.fd = socket, .events = what, .revents = 0};
  return poll(&place, 1, milliseconds) == 1;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string framed(const std::string& bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  std::string frame;
  for (const unsigned shift : {0U, 8U, 16U, 24U}) frame += static_cast<char>(size >> shift & 255);
  return frame + bytes;
}

// Takes a whole message off the front, if there is one.
std::optional<std::string> unframed(std::string& unread) {
  if (unread.size() < length_size) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = length_size; i-- > 0;) {
    size = size << 8 | static_cast<unsigned char>(unread[i]);
  }
  if (unread.size() < length_size + size) return std::nullopt;
  std::string bytes = unread.substr(length_size, size);
  unread.erase(0, length_size + size);
  return bytes;
}

// Messages are short, and somebody waits for each.
void send_at_once(int socket) {
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

// Where rank 0 listens: the port; its socket goes to `listener`.
std::uint16_t open_listener(int& listener) {
  listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t size = sizeof place;
  const bool open = bind(listener, reinterpret_cast<sockaddr*>(&place), size) == 0 &&
                    listen(listener, SOMAXCONN) == 0 &&
                    getsockname(listener, reinterpret_cast<sockaddr*>(&place), &size) == 0;
  return open ? ntohs(place.sin_port) : std::uint16_t{0};
}

}  // namespace

RankLines::RankLines() {
  const unsigned ranks = rank_count();
  if (ranks == 1) return;
  int listener = -1;
  std::string call;  // "PASSWORD PORT ADDRESS ..."
  if (own_rank() == 0) {
    const std::uint16_t port = open_listener(listener);
    call = fmt::format("{} {} {}", make_password(), port, own_addresses());
  }
  call = as_rank_0_says(call);
  const std::string password = call.substr(0, call.find(' '));
  if (own_rank() == 0) {
    lines_.resize(ranks);
    listen_for(password, listener);
    close(listener);
  } else {
    lines_.resize(1);
    good_ = connect_to(call.substr(password.size() + 1), password);
  }
}

RankLines::~RankLines() {
  for (const Line& line : lines_) {
    if (line.socket >= 0) close(line.socket);
  }
}

// Who does not know the password is nobody of ours; who has not come in time is gone.
void RankLines::listen_for(const std::string& password, int listener) {
  for (std::size_t missing = lines_.size() - 1; missing > 0;) {
    if (!ready(listener, POLLIN, accept_ms)) return;
    Line line{.socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)};
    if (line.socket < 0) return;
    send_at_once(line.socket);
    std::optional<std::string> greeting;
    while (!greeting && ready(line.socket, POLLIN, connect_ms) && read_more(line)) {
      greeting = unframed(line.unread);
    }
    const bool ours = greeting && greeting->starts_with(password + " ");
    const std::size_t rank =
        ours ? std::strtoul(greeting->c_str() + password.size(), nullptr, 10) : lines_.size();
    if (rank == 0 || rank >= lines_.size() || lines_[rank].socket >= 0) {
      close(line.socket);
      continue;
    }
    lines_[rank] = std::move(line);
    --missing;
  }
}

bool RankLines::connect_to(const std::string& addresses, const std::string& password) {
  const std::vector<std::string> words = words_of(addresses);
  for (std::size_t i = 1; i < words.size(); ++i) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(words[0].c_str(), nullptr, 10)));
    inet_pton(AF_INET, words[i].c_str(), &place.sin_addr);
    const int line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    connect(line, reinterpret_cast<sockaddr*>(&place), sizeof place);
    int error = 0;
    socklen_t size = sizeof error;
    const bool there = ready(line, POLLOUT, connect_ms) &&
                       getsockopt(line, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
    if (there && fcntl(line, F_SETFL, 0) == 0 &&
        send_all(line, framed(fmt::format("{} {}", password, own_rank())))) {
      send_at_once(line);
      lines_.front().socket = line;
      return true;
    }
    close(line);
  }
  return false;
}

void RankLines::send(unsigned rank, const std::string& bytes) {
  if (lines_[rank].socket >= 0) send_all(lines_[rank].socket, framed(bytes));
}

// False: the other side is gone.
bool RankLines::read_more(Line& line) {
  char block[65536];
  const ssize_t got = recv(line.socket, block, sizeof block, MSG_DONTWAIT);
  if (got > 0) line.unread.append(block, static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

std::optional<RankMessage> RankLines::received() {
  for (unsigned rank = 0; rank < lines_.size(); ++rank) {
    Line& line = lines_[rank];
    if (line.socket < 0) continue;
    const bool there = read_more(line);
    if (auto bytes = unframed(line.unread)) return RankMessage{rank, std::move(*bytes)};
    if (there) continue;
    close(line.socket);
    line.socket = -1;
    return RankMessage{.from = rank};
  }
  return std::nullopt;
}

}  // namespace cli
