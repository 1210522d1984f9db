// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/share.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>

#include "cli/interrupt.hpp"
#include "cli/ranks.hpp"
#include "cli/sweep/pool.hpp"

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds look_around{1};  // For messages of other ranks,
constexpr milliseconds look_up{100};    // for an interrupt.
constexpr milliseconds before_again{2'000};
constexpr milliseconds before_asking_again{20};

// What ranks say: the first letter, and what follows it. From rank 0:
constexpr char make_this = 'c';  // and its number
constexpr char nothing_now = 'w';
constexpr char go_home = 's';
constexpr char go_alone = 'x';  // Likewise, but MPI would wait for a rank that is gone.
// To rank 0:
constexpr char ask = 'a';
constexpr char result_line = 'r';
constexpr char problem_text = 'p';

class Sharing {
 public:
  Sharing(const Plan& plan, std::vector<std::size_t> todo, Progress& progress, RankLines* lines,
          const Made& made)
      : lines_(lines),
        todo_(todo.begin(), todo.end()),
        open_(todo.size()),
        progress_(progress),
        made_(made),
        pool_(plan, plan.options.jobs) {}

  std::string run() {
    const std::size_t all = open_;
    while (open_ > 0 && problem_.empty() && !interrupted()) {
      while (pool_.hungry()) {
        const auto cell = next_for(0);
        if (!cell) break;
        pool_.give(*cell);
      }
      for (CellResult& result : pool_.take()) note(std::move(result));
      while (lines_ != nullptr) {
        const auto message = lines_->received();
        if (!message) break;
        answer(*message);
      }
      if (progress_.due()) progress_.show(bar(all - open_, all));
      pool_.wait(lines_ != nullptr ? look_around : look_up);
    }
    if (lines_ != nullptr) send_home();
    return problem_;
  }

 private:
  struct Running {
    Clock::time_point since;
    std::vector<unsigned> ranks;
  };

  void send_home() {
    abandon_runs();  // Somebody was faster.
    if (lost_) leave_without_farewell();
    for (unsigned rank = 1; rank < rank_count(); ++rank) {
      lines_->send(rank, std::string(1, lost_ ? go_alone : go_home));
    }
  }

  std::optional<std::size_t> next_for(unsigned rank) {
    if (!todo_.empty()) {
      const std::size_t cell = todo_.front();
      todo_.pop_front();
      running_[cell] = {.since = Clock::now(), .ranks = {rank}};
      return cell;
    }
    // The one that fewest are making, of those that take suspiciously long.
    auto chosen = running_.end();
    for (auto other = running_.begin(); other != running_.end(); ++other) {
      const Running& what = other->second;
      if (Clock::now() - what.since < before_again + 3 * longest_) continue;
      if (std::ranges::count(what.ranks, rank) > 0) continue;
      const bool fewer =
          chosen == running_.end() || what.ranks.size() < chosen->second.ranks.size();
      if (fewer) chosen = other;
    }
    if (chosen == running_.end()) return std::nullopt;
    chosen->second.ranks.push_back(rank);
    return chosen->first;
  }

  void note(CellResult result) {
    const auto found = running_.find(result.cell);
    if (found == running_.end() || result.measured.interrupted) return;  // Somebody was faster.
    longest_ = std::max(longest_, Clock::now() - found->second.since);
    running_.erase(found);
    if (!result.problem.empty()) {
      problem_ = std::move(result.problem);
      return;
    }
    --open_;
    made_(result);
  }

  // What only that rank was making is for others.
  void give_up(unsigned rank) {
    lost_ = true;
    for (auto one = running_.begin(); one != running_.end();) {
      std::erase(one->second.ranks, rank);
      if (one->second.ranks.empty()) {
        todo_.push_front(one->first);
        one = running_.erase(one);
      } else {
        ++one;
      }
    }
  }

  void answer(const RankMessage& message) {
    if (message.bytes.empty()) return give_up(message.from);
    const std::string text = message.bytes.substr(1);
    switch (message.bytes.front()) {
      case ask: {
        const auto cell = next_for(message.from);
        lines_->send(message.from,
                     cell ? fmt::format("{}{}", make_this, *cell) : std::string(1, nothing_now));
        return;
      }
      case result_line:
        if (auto result = result_in(text)) note(std::move(*result));
        return;
      case problem_text:
        problem_ = text;
        return;
      default:
        return;
    }
  }

  static std::string bar(std::size_t done, std::size_t all) {
    constexpr std::size_t width = 30;
    const std::size_t full = width * done / all;
    return fmt::format("[{}{}] {} of {} cells", std::string(full, '#'),
                       std::string(width - full, '.'), done, all);
  }

  RankLines* lines_;  // Or null.
  std::deque<std::size_t> todo_;
  std::size_t open_;
  Progress& progress_;
  const Made& made_;
  bool lost_ = false;  // Some rank.
  std::map<std::size_t, Running> running_;
  Clock::duration longest_{0};
  std::string problem_;
  CellPool pool_;
};

}  // namespace

std::string share_out(const Plan& plan, std::vector<std::size_t> todo, Progress& progress,
                      RankLines* lines, const Made& made) {
  return Sharing(plan, std::move(todo), progress, lines, made).run();
}

std::string refusal(unsigned rank) {
  return fmt::format("{}shootdown: rank {} has another program, or reads another scenario\n",
                     problem_text, rank);
}

void serve_rank_0(const Plan& plan, RankLines& lines) {
  if (!lines.good()) return leave_without_farewell();
  CellPool pool(plan, plan.options.jobs);
  bool asked = false;
  Clock::time_point again = Clock::now();
  while (true) {
    if (!asked && pool.hungry() && Clock::now() >= again) {
      lines.send(0, std::string(1, ask));
      asked = true;
    }
    while (const auto message = lines.received()) {
      const char word = message->bytes.empty() ? go_alone : message->bytes.front();
      if (word == go_alone) leave_without_farewell();
      if (word == go_alone || word == go_home) return abandon_runs();
      asked = false;
      if (word == make_this) pool.give(std::stoull(message->bytes.substr(1)));
      if (word == nothing_now) again = Clock::now() + before_asking_again;
    }
    for (const CellResult& result : pool.take()) {
      if (result.measured.interrupted) continue;
      lines.send(0, result.problem.empty() ? result_line + to_text(json_of(plan, result))
                                           : problem_text + result.problem);
    }
    pool.wait(look_around);
  }
}

}  // namespace cli
