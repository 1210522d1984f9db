// SPDX-License-Identifier: Apache-2.0
// Draft: a scenario that is being written, and what its text has declared so far: what the next
// line may name. The parts of the generator write to it one after the other.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/random/draw.hpp"

namespace random_scenarios {

struct Device {
  std::string name;  // A.rnic0
  std::string host;
  std::string kind = "rnic";
  bool has_policy = false;  // Of its own.
};

struct Region {
  std::string name{};
  std::string process{};
  std::string host{};
  std::uint32_t pages = 1;
  bool lazy = false;
  bool xpmem = false;  // Addresses to attach memory at.
};

// A driver's buffer, and the region of app that maps it. Few calls may name these pages.
struct Buffer {
  std::string file{};
  std::string region{};
  std::uint32_t pages = 1;
};

struct Process {
  std::string name{};
  std::string host{};
  std::string parent{};  // Whose regions it has after fork(); empty: it has its own.
};

// What a call gives back, by the name that the scenario gives it.
struct Object {
  enum class Kind : std::uint8_t {
    none,
    mr,
    qp,
    handle,
    attachment,
    fd,
    bond,
    vm,
    segment,
    permit,
  } kind = Kind::none;
  std::string name{};
  std::string owner{};   // The process that made it.
  std::string device{};  // mr, bond: with which it is registered; qp: to which it leads.
  std::string maker{};   // mr, qp: the call that made it.
  std::uint32_t pages = 0;
  std::string region{};  // segment: whose memory it is; permit: likewise.
};

struct Label {
  std::string name{};
  std::string call{};
};

struct Draft {
  explicit Draft(std::uint64_t seed) : draw(seed) {}

  Draw draw;
  std::string text;
  std::string policy;
  std::vector<std::string> hosts;
  std::vector<Device> devices;
  std::vector<Process> processes;
  std::vector<Region> regions;
  std::optional<Buffer> buffer{};      // On the first host.
  std::vector<Object> objects;         // Made by init: everybody may name them.
  std::vector<Label> labels;           // Above the line that is being written.
  std::vector<std::string> registers;  // As conditions name them: app.t0:r1
  std::vector<std::string> params;     // With the values 0 and 1.
  bool cached = false;                 // The process app has a registration cache.
  bool reliable = false;               // Queue pairs are reliable connections.
  bool through_switch = false;         // S1 is between the hosts,
  std::string switched{};              // and this device at one of its links.
  bool timed = false;
  bool forked = false;  // Else the child has no memory yet.
  std::uint32_t names = 0;

  std::string new_name(std::string_view prefix) {
    return std::string(prefix) + std::to_string(names++);
  }
  void line(std::string_view words) { (text += words) += '\n'; }
};

// One text of several. Parts in braces are evaluated from left to right, arguments of a function in
// the order that the compiler likes: what is drawn by lot must stand in braces.
std::string joined(const std::vector<std::string>& parts);

// Some pages of what is so long: "[0]", "[1..2]", or nothing for all of it.
std::string slice(Draw& draw, std::uint32_t pages);

struct Actor {
  enum class Kind : std::uint8_t { process, device, kernel } kind = Kind::process;
  std::string name{};  // app, A.rnic0, A.kernel
  std::string host{};
};

// A call with its arguments, what it makes, and what it may return.
struct Call {
  std::string verb{};
  std::string text{};
  Object makes{};
  std::vector<std::string> results{};
};

// A call that this actor can make; none if it can make none. `own`: objects of its own thread.
std::optional<Call> random_call(Draft& draft, const Actor& actor, const std::vector<Object>& own);

// Calls that only scenarios of records make so far.
bool is_held_against_records(std::string_view call);

// One such call, by its name.
std::optional<Call> call_of(Draft& draft, std::string_view verb, const Actor& actor,
                            const std::vector<Object>& own);

void write_machine(Draft& draft);
void write_init(Draft& draft);
void write_program(Draft& draft);
void write_claims(Draft& draft);

// Lines that say which event must, or must not, be seen; below the call with this label, if any.
void write_emission(Draft& draft);

// A condition of up to three comparisons.
std::string random_condition(Draft& draft);

}  // namespace random_scenarios
